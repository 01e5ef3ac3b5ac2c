//! What is spent: every limit of every request, and what an answer teaches about them. It knows nobody who waits.

mod account;
mod family;
mod forgetting;
mod kind;
mod lane;
mod learning;
mod learnt;
mod lesson;
mod look;
mod recent;
mod resting;
mod saving;
mod settling;
mod transit;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use journeyman_moment::Moment;
use smallvec::SmallVec;

use crate::config::{Config, GlobalLimit, Mutation};
use crate::credential::Credential;
use crate::fields::Fields;
use crate::headers::Answer;
use crate::ids::{Ids, Mark};
use crate::limit::{Room, Seat, ServerFed, Shape};
use crate::priors::Priors;
use crate::reason::Reason;
use crate::request::Request;
use crate::route::{counted_as, write_route};
use crate::slab::Slab;

pub(crate) use look::footprint_of;

use account::Account;
use family::{Families, Group, Marks};
use kind::Kind;
use lane::{CREDENTIAL, Lane, Traits, push_credential};
use learnt::Learnt;
use resting::Resting;
use transit::Transit;

/// All limits of all credentials.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    accounts: Slab<Account>,
    account_ids: HashMap<u64, u32>,
    /// Global limits that were told, by credential: kept until told otherwise, also while it is not in use.
    told: BTreeMap<u64, GlobalLimit>,
    kinds: Slab<Kind>,
    kind_ids: Ids,
    lanes: Slab<Lane>,
    lane_ids: Ids,
    buckets: Slab<Bucket>,
    bucket_ids: Ids,
    resting: Resting,
    learnt: Slab<Learnt>,
    learnt_ids: Ids,
    families: Families,
    /// Until then an earlier process may have used any bucket of which no answer has told.
    doubt_until: Moment,
    /// What 429s of an earlier process have blocked, by the routes that this one has not met yet.
    blocked_before: HashMap<Box<str>, (Moment, Reason)>,
    priors: Priors,
    transit: Transit,
    /// The name of the last route, kept for its memory, and whose it was.
    key: String,
    key_of: Option<Credential>,
    resource: String,
}

/// A limit with the routes that fall under it.
#[derive(Debug)]
struct Bucket {
    /// Its name among all.
    mark: Mark,
    credential: u64,
    name: Arc<str>,
    group: Group,
    resource: Arc<str>,
    limit: ServerFed,
    lanes: SmallVec<[u32; 4]>,
    /// Answers to compare, where several routes share it.
    marks: Option<Box<Marks>>,
}

impl Bucket {
    fn new(
        mark: Mark,
        credential: u64,
        name: Arc<str>,
        group: Group,
        resource: Arc<str>,
        limit: ServerFed,
    ) -> Self {
        Self { mark, credential, name, group, resource, limit, lanes: SmallVec::new(), marks: None }
    }

    /// Its name among all buckets, or that of another group's of the same hash and resource.
    fn key(&self, group: Group) -> String {
        bucket_key(self.credential, &self.name, group, &self.resource)
    }
}

/// What a request that may go has taken.
#[derive(Debug, Default)]
pub(crate) struct Grant {
    pub(crate) lane: u32,
    departed: Option<Moment>,
    /// The only slot of a route whose limit is not known.
    alone: bool,
    seats: Vec<(u32, Option<Seat>)>,
    /// The hidden limits of which it holds a slot.
    learnt: Vec<u32>,
    pub(crate) fields: Fields,
}

impl Grant {
    pub(crate) fn has_departed(&self) -> bool {
        self.departed.is_some()
    }
}

/// How a request that was granted has ended.
#[derive(Clone, Copy, Debug)]
pub enum End<'a> {
    /// No byte can have left; all that it took is given back.
    NotSent,
    /// It may have been executed, and there is no answer; all that it took is spent.
    MaybeSent,
    /// The server answered.
    Answered(&'a Answer),
}

/// What an ending has changed beyond the request's own route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Nothing but the room of its buckets.
    Lane,
    /// A block of the route or its bucket.
    Block,
    /// What is known of hidden limits of the route's method and template: who waits may belong in another line.
    Template,
    /// All routes of the credential.
    Account,
}

impl Ledger {
    pub(crate) fn new(priors: Priors) -> Self {
        Self { priors, ..Self::default() }
    }

    /// The route of a request, and whether it was not met before or was at rest.
    pub(crate) fn lane(&mut self, now: Moment, request: &Request) -> (u32, bool) {
        let (mut key, mut resource) = (std::mem::take(&mut self.key), std::mem::take(&mut self.resource));
        resource.clear();
        // Mostly one credential asks again and again, and its digits are there already.
        if self.key_of == Some(request.credential) {
            key.truncate(CREDENTIAL);
        } else {
            key.clear();
            push_credential(&mut key, request.credential.fingerprint());
            self.key_of = Some(request.credential);
        }
        key.push_str(counted_as(request).as_str());
        key.push('/');
        let exempt = write_route(request, &mut key, &mut resource);
        let template = key.len();
        // No template contains a space.
        key.push(' ');
        key.push_str(&resource);
        let mark = self.lane_ids.mark(key.as_str());
        let known = self.lane_ids.get_mark(mark);
        let is_new = known.is_none_or(Self::is_at_rest);
        let id = match known {
            Some(known) => self.awake_lane(known),
            None => self.new_lane(now, request, (mark, &key, template), &resource, exempt),
        };
        self.lanes[id].used_at = now;
        (self.key, self.resource) = (key, resource);
        if self.kinds[self.lanes[id].kind].lessons.is_empty() {
            return (id, is_new);
        }
        let home = self.home(now, id, request.fields);
        self.lanes[home].used_at = now;
        (home, is_new)
    }

    fn new_lane(
        &mut self,
        now: Moment,
        request: &Request,
        (mark, key, template): (Mark, &str, usize),
        resource: &str,
        exempt: bool,
    ) -> u32 {
        let account = self.account(request.credential.fingerprint());
        let kind = self.kind(account, &key[..template]);
        let traits = Traits::of(request, &key[CREDENTIAL..template]);
        let mut lane = Lane::new((account, kind), mark, resource.into(), exempt, traits, now);
        let used_until = self.kinds[kind].used_until;
        if used_until > now {
            lane.alone.hold(now, used_until);
        }
        if let Some((until, reason)) = self.blocked_before.remove(key) {
            lane.blocked.extend(until, reason);
        }
        let id = self.lanes.insert(lane);
        self.lane_ids.set(mark, id);
        self.kinds[kind].lanes += 1;
        id
    }

    fn account(&mut self, credential: u64) -> u32 {
        let (accounts, told) = (&mut self.accounts, self.told.get(&credential).copied());
        *self.account_ids.entry(credential).or_insert_with(|| accounts.insert(Account::new(credential, told)))
    }

    fn kind(&mut self, account: u32, key: &str) -> u32 {
        if let Some(id) = self.kind_ids.get(key) {
            return id;
        }
        let start = key.get(CREDENTIAL..).and_then(|route| self.priors.of(route));
        let id = self.kinds.insert(Kind::new(account, key, start));
        self.accounts[account].uses += 1;
        self.kind_ids.insert(key, id);
        id
    }

    /// Sets or forgets the global limit that was told for a credential; gives back its account if it has one.
    pub(crate) fn tell_global(
        &mut self,
        now: Moment,
        credential: Credential,
        told: Option<GlobalLimit>,
    ) -> Option<u32> {
        match told {
            Some(told) => self.told.insert(credential.fingerprint(), told),
            None => self.told.remove(&credential.fingerprint()),
        };
        let id = self.account_ids.get(&credential.fingerprint()).copied()?;
        self.accounts[id].tell(now, told);
        Some(id)
    }

    /// Whether the limits of the route itself have room.
    pub(crate) fn room(&mut self, now: Moment, id: u32, config: &Config) -> (Room, Reason) {
        self.apply_prior(now, id);
        self.attend(now, id);
        self.peek(now, id, config)
    }

    /// As `room`, without applying what is known of the route's kind.
    pub(crate) fn peek(&self, now: Moment, id: u32, config: &Config) -> (Room, Reason) {
        let lane = &self.lanes[id];
        if let Some((until, reason)) = lane.blocked.state(now) {
            return (Room::Until(until), reason);
        }
        let learnt = self.learnt_room(now, id);
        if lane.buckets.is_empty() {
            let alone = self.alone_room(now, lane, config);
            let both = alone.and(learnt.0);
            return (both, if both == alone { self.kinds[lane.kind].reason() } else { learnt.1 });
        }
        let one_more = u32::from(config.mutation == Mutation::OneMoreInBucket);
        let mut all = if learnt.0 == Room::Free { (Room::Free, Reason::Bucket) } else { learnt };
        let alone = lane.buckets.iter().all(|bound| self.buckets[bound.bucket].limit.is_loose());
        for bound in &lane.buckets {
            let bucket = &self.buckets[bound.bucket];
            let doubted = !self.families.is_empty()
                && bucket.group == Group::All
                && self.is_doubted(lane, &bucket.name);
            let (room, reason) =
                match bucket.limit.room(now, one_more + u32::from(doubted), self.unseated(bucket)) {
                    (Room::Free, _) if alone && bucket.limit.starts_slowly() => {
                        (Room::Settling, Reason::Learning)
                    }
                    room => room,
                };
            let both = all.0.and(room);
            all = (both, if both == all.0 { all.1 } else { reason });
        }
        if self.kinds[lane.kind].is_always_limited() {
            let both = all.0.and(self.alone_room(now, lane, config));
            all = (both, if both == all.0 { all.1 } else { Reason::SubLimit });
        }
        all
    }

    /// How many are on their way to a bucket's routes that were let go before the bucket was known there: the
    /// server counts them in it all the same.
    fn unseated(&self, bucket: &Bucket) -> u32 {
        let away = bucket.lanes.iter().map(|lane| self.lanes[*lane].in_flight).sum::<u32>();
        away.saturating_sub(bucket.limit.in_flight())
    }

    /// Whether there is room by what is known without headers. Until it is known that there are none, one goes
    /// at a time.
    fn alone_room(&self, now: Moment, lane: &Lane, config: &Config) -> Room {
        let kind = &self.kinds[lane.kind];
        if lane.buckets.is_empty() && !kind.is_headerless() {
            return match (lane.alone.in_flight(), lane.alone.last()) {
                (0, Some(last)) if kind.free_at(last) > now => Room::Until(kind.free_at(last)),
                (0, _) => Room::Free,
                _ => Room::Settling,
            };
        }
        lane.alone.room(now, kind.allowance(config).0, (0, now))
    }

    /// Whether what all routes of a credential have in common has room.
    pub(crate) fn gate(&self, now: Moment, account: u32, exempt: bool, config: &Config) -> (Room, Reason) {
        self.accounts[account].room(now, exempt, config)
    }

    /// A new resource of a kind whose limit is known starts with that limit, not with one at a time.
    fn apply_prior(&mut self, now: Moment, id: u32) {
        let lane = &self.lanes[id];
        if !lane.buckets.is_empty() || lane.alone.in_flight() > 0 {
            return;
        }
        let kind = &self.kinds[lane.kind];
        let known = [(kind.prior.clone(), false), (kind.revealed.clone(), true)];
        for (prior, by_429) in known {
            let Some((hash, shape)) = prior else { continue };
            let groups = self.groups(id, &hash);
            for group in groups.into_iter().flatten() {
                let bucket = self.bucket(id, &hash, group, shape);
                self.join(now, id, bucket, by_429);
                if now < self.doubt_until {
                    self.buckets[bucket].limit.go_alone_first();
                }
            }
        }
    }

    /// Takes a slot of every limit of the route.
    pub(crate) fn take(&mut self, id: u32, grant: &mut Grant) {
        let lane = &mut self.lanes[id];
        lane.in_flight += 1;
        grant.lane = id;
        grant.departed = None;
        grant.seats.clear();
        grant.alone = lane.buckets.is_empty() || self.kinds[lane.kind].is_always_limited();
        if grant.alone {
            lane.alone.take();
        }
        for bound in &lane.buckets {
            self.buckets[bound.bucket].limit.take();
            grant.seats.push((bound.bucket, None));
        }
        self.accounts[lane.account].take(lane.exempt);
        self.take_learnt(id, grant);
    }

    /// Bytes may leave from now on.
    pub(crate) fn depart(&mut self, now: Moment, grant: &mut Grant) {
        if grant.departed.is_some() {
            return;
        }
        grant.departed = Some(now);
        for (bucket, seat) in &mut grant.seats {
            *seat = Some(self.buckets[*bucket].limit.depart(now));
        }
        let lane = &self.lanes[grant.lane];
        self.accounts[lane.account].depart(now);
    }

    /// The bucket that an answer names, joined to the route.
    fn named(&mut self, now: Moment, id: u32, answer: &Answer) -> u32 {
        let lane = &self.lanes[id];
        // A limit without a name is the route's own.
        let name = answer.bucket.as_deref().unwrap_or_else(|| self.kinds[lane.kind].template());
        let latest = lane.buckets.last().map(|bound| bound.bucket);
        let limited = answer.status == 429;
        let is_common = |bucket: &Bucket| *bucket.name == *name && bucket.group == Group::All;
        if let Some(bucket) = latest.filter(|bucket| is_common(&self.buckets[*bucket])) {
            self.join(now, id, bucket, limited);
            return bucket;
        }
        let name = Arc::from(name);
        self.bind(now, id, &name, limited, Shape::new(answer.limit.unwrap_or(1)))
    }

    /// The bucket of a name for the resource of a route, made if it was not met before.
    fn bucket(&mut self, lane: u32, name: &Arc<str>, group: Group, shape: Shape) -> u32 {
        let lane = &self.lanes[lane];
        let credential = self.accounts[lane.account].credential();
        let key = bucket_key(credential, name, group, &lane.resource);
        let mark = self.bucket_ids.mark(&key);
        if let Some(id) = self.bucket_ids.get_mark(mark) {
            return self.awake_bucket(id);
        }
        let limit = ServerFed::new(shape);
        self.insert_bucket(Bucket::new(mark, credential, name.clone(), group, lane.resource.clone(), limit))
    }

    fn insert_bucket(&mut self, bucket: Bucket) -> u32 {
        let mark = bucket.mark;
        let id = self.buckets.insert(bucket);
        self.bucket_ids.set(mark, id);
        id
    }

    /// Puts a route under a bucket, as the one named last.
    fn join(&mut self, now: Moment, id: u32, bucket: u32, limited: bool) {
        let lane = &mut self.lanes[id];
        if !lane.name(now, bucket, limited) {
            let limit = &mut self.buckets[bucket].limit;
            // Also what has come back: it was held for a spacing, and the window now known may be longer.
            for until in lane.alone.returns() {
                limit.hold_until(now, self.kinds[lane.kind].free_at(until));
            }
            self.buckets[bucket].lanes.push(id);
        }
        for left in lane.drop_stale(now, |bucket| self.buckets[bucket].limit.shape().longest) {
            self.buckets[left].lanes.retain(|lane| *lane != id);
        }
    }

    /// Whether a request that has ended had taken of a limit that its route does not fall under any more: others
    /// than the route's neighbours may have waited for it.
    pub(crate) fn has_left(&self, grant: &Grant) -> bool {
        let lane = &self.lanes[grant.lane];
        let is_bound = |bucket: &u32| lane.buckets.iter().any(|bound| bound.bucket == *bucket);
        !grant.seats.iter().all(|(bucket, _)| is_bound(bucket))
            || !grant.learnt.iter().all(|learnt| lane.learnt.contains(learnt))
    }

    /// All routes whose room may have changed with this one's.
    pub(crate) fn neighbours(&self, id: u32) -> impl Iterator<Item = u32> {
        let buckets = &self.lanes[id].buckets;
        let others = buckets.iter().flat_map(|bound| &self.buckets[bound.bucket].lanes);
        let learnt = self.lanes[id].learnt.iter().flat_map(|learnt| &self.learnt[*learnt].lanes);
        std::iter::once(id).chain(others.chain(learnt).copied().filter(move |other| *other != id))
    }
}

/// The name of a bucket among all.
fn bucket_key(credential: u64, name: &str, group: Group, resource: &str) -> String {
    let mut key = String::with_capacity(64);
    push_credential(&mut key, credential);
    key.push_str(name);
    group.write(&mut key);
    key.push(' ');
    key.push_str(resource);
    key
}
