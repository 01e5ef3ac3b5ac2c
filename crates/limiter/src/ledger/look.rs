//! What the ledger can be asked without changing it.

use std::collections::BTreeMap;
use std::time::Duration;

use journeyman_moment::Moment;

use crate::class::Class;
use crate::config::Config;
use crate::egress::Egress;
use crate::explain::{Explanation, Hold, Knowledge};
use crate::guard::{Footprint, mix};
use crate::ledger::lane::{CREDENTIAL, Traits, push_credential, push_mask};
use crate::ledger::{Grant, Ledger};
use crate::limit::Room;
use crate::reason::Reason;
use crate::request::Request;
use crate::route::{Route, counted_as, write_route};

impl Ledger {
    pub(crate) fn account_of(&self, lane: u32) -> u32 {
        self.lanes[lane].account
    }

    /// The number of a route's method and template.
    pub(crate) fn template_of(&self, lane: u32) -> u32 {
        self.lanes[lane].kind
    }

    pub(crate) fn is_exempt(&self, lane: u32) -> bool {
        self.lanes[lane].exempt
    }

    pub(crate) fn class_of(&self, lane: u32) -> Class {
        self.lanes[lane].traits.class
    }

    /// What the guard needs to know of a request of a route.
    pub(crate) fn footprint(&self, lane: u32, path: u64, (tenant, egress): (u64, Egress)) -> Footprint {
        let lane = &self.lanes[lane];
        let route = lane.key_of(&self.kinds[lane.kind], 0);
        Footprint {
            credential: self.accounts[lane.account].credential(),
            tenant,
            egress,
            route: mix(0, route.as_bytes()),
            path,
            resource: mix(0, lane.resource.as_bytes()),
            has_resource: !lane.resource.is_empty(),
            webhook: lane.traits.webhook,
        }
    }

    /// The routes of a credential, or all.
    pub(crate) fn lanes_of(&self, account: Option<u32>) -> impl Iterator<Item = u32> {
        let wanted = move |of: u32| account.is_none_or(|account| account == of);
        self.lanes.iter().filter(move |(_, lane)| wanted(lane.account)).map(|(id, _)| id)
    }

    /// The route of a request, if it was met before.
    pub(crate) fn find(&mut self, request: &Request) -> Option<u32> {
        let mut key = route_key(request);
        let kind = self.kind_ids.get(key.split_once(' ')?.0)?;
        push_mask(&mut key, self.kinds[kind].lessons.mask(request.fields));
        let id = self.lane_ids.get(key.as_str())?;
        Some(self.awake_lane(id))
    }

    /// A moment before which a request of the route cannot go, so many others of the route and of the
    /// credential's other routes being before it.
    pub(crate) fn earliest(
        &self,
        now: Moment,
        id: u32,
        before: (usize, usize),
        config: &Config,
    ) -> (Moment, Reason) {
        let lane = &self.lanes[id];
        let moment = |(room, reason)| match room {
            Room::Until(until) => (until, reason),
            Room::Free | Room::Settling => (now, reason),
        };
        let gate = moment(self.gate(now, lane.account, lane.exempt, config));
        let own = match self.peek(now, id, config) {
            // A slot in flight may come back before those that are held.
            (Room::Until(_), Reason::Bucket) => (now, Reason::Bucket),
            room => moment(room),
        };
        let ahead = u32::try_from(before.0).unwrap_or(u32::MAX);
        let all_ahead = u32::try_from(before.0.saturating_add(before.1)).unwrap_or(u32::MAX);
        let queue = lane.buckets.iter().map(|bound| self.buckets[bound.bucket].limit.earliest(now, ahead));
        let queue = (queue.max().unwrap_or_else(|| self.alone_earliest(now, id, ahead, config)), own.1);
        let common = self.accounts[lane.account].earliest(now, lane.exempt, all_ahead, config);
        let learnt = lane.learnt.iter().map(|learnt| self.learnt[*learnt].earliest(now, ahead)).max();
        let learnt = (learnt.unwrap_or(now), Reason::SubLimit);
        [gate, own, common, learnt]
            .into_iter()
            .fold(queue, |latest, other| if other.0 > latest.0 { other } else { latest })
    }

    /// As `earliest`, for a route that is known to answer without headers; of any other the next answer may
    /// say that there is room for all.
    fn alone_earliest(&self, now: Moment, id: u32, ahead: u32, config: &Config) -> Moment {
        let lane = &self.lanes[id];
        let kind = &self.kinds[lane.kind];
        if !kind.is_headerless() {
            return now;
        }
        let (limit, window) = kind.allowance(config);
        lane.alone.earliest(now, limit, ahead, window)
    }

    /// How many of a route with room can go now, as far as its own limits go; at least one.
    pub(crate) fn free(&self, now: Moment, id: u32) -> usize {
        let buckets = self.lanes[id].buckets.iter();
        buckets.map(|bound| self.buckets[bound.bucket].limit.free(now)).min().unwrap_or(1).max(1) as usize
    }

    /// How long the limits of a route take at least for all who wait under them, in microseconds and whole
    /// windows: those who fit into one window are no work.
    pub(crate) fn work(&self, id: u32, waiting: impl Fn(u32) -> usize, config: &Config) -> u64 {
        let lane = &self.lanes[id];
        let windows = |span: Duration, windows: usize| {
            let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
            micros.saturating_mul(windows as u64)
        };
        let each = lane.buckets.iter().map(|bound| {
            let bucket = &self.buckets[bound.bucket];
            let all: usize = bucket.lanes.iter().map(|lane| waiting(*lane)).sum();
            let shape = bucket.limit.shape();
            windows(shape.longest, all.saturating_sub(1) / shape.limit as usize)
        });
        let alone = || {
            let (limit, window) = self.kinds[lane.kind].allowance(config);
            windows(window, waiting(id).saturating_sub(1) / limit as usize)
        };
        each.max().unwrap_or_else(alone)
    }

    pub(crate) fn explain(&mut self, now: Moment, request: &Request, config: &Config) -> Explanation {
        let route = Route::of(request);
        let Some(id) = self.find(request) else {
            let knowledge = Knowledge::Unknown;
            return Explanation {
                route,
                knowledge,
                learnt: Vec::new(),
                hold: None,
                wait: Duration::ZERO,
                waiting: 0,
                in_flight: 0,
            };
        };
        let lane = &self.lanes[id];
        let own = self.peek(now, id, config);
        let gate = self.gate(now, lane.account, lane.exempt, config);
        let both = own.0.and(gate.0);
        let reason = if both == own.0 { own.1 } else { gate.1 };
        Explanation {
            route,
            knowledge: self.knowledge(now, id, config),
            learnt: lane.learnt.iter().map(|learnt| self.learnt[*learnt].explain(now)).collect(),
            hold: hold(now, both, reason),
            wait: Duration::ZERO,
            waiting: 0,
            in_flight: lane.in_flight,
        }
    }

    fn knowledge(&self, now: Moment, id: u32, config: &Config) -> Knowledge {
        let lane = &self.lanes[id];
        let kind = &self.kinds[lane.kind];
        match lane.buckets.last() {
            Some(bound) => {
                let bucket = &self.buckets[bound.bucket];
                Knowledge::Bucket {
                    name: bucket.name.to_string(),
                    limit: bucket.limit.shape().limit,
                    free: bucket.limit.free(now),
                    window: bucket.limit.kind(),
                }
            }
            None if kind.is_headerless() => Knowledge::Headerless { spacing: kind.spacing(config) },
            None => Knowledge::Unknown,
        }
    }

    /// How many routes, buckets, templates and credentials are remembered.
    pub(crate) fn size(&self) -> usize {
        let awake = self.lanes.len() + self.buckets.len();
        awake + self.resting.len() + self.kinds.len() + self.accounts.len() + self.learnt.len()
    }

    pub(crate) fn check_invariants<'a>(&self, granted: impl Iterator<Item = &'a Grant>) {
        let mut lanes = BTreeMap::<u32, u32>::new();
        let mut alone = BTreeMap::<u32, u32>::new();
        let mut buckets = BTreeMap::<u32, u32>::new();
        let mut global = BTreeMap::<u32, u32>::new();
        let mut pending = BTreeMap::<u32, u32>::new();
        let mut learnt = BTreeMap::<u32, u32>::new();
        for grant in granted {
            let lane = &self.lanes[grant.lane];
            *lanes.entry(grant.lane).or_default() += 1;
            *alone.entry(grant.lane).or_default() += u32::from(grant.alone);
            *global.entry(lane.account).or_default() += u32::from(!lane.exempt);
            *pending.entry(lane.account).or_default() += u32::from(grant.departed.is_none());
            for (bucket, _) in &grant.seats {
                *buckets.entry(*bucket).or_default() += 1;
            }
            for limit in &grant.learnt {
                *learnt.entry(*limit).or_default() += 1;
            }
        }
        let of = |counts: &BTreeMap<u32, u32>, id| counts.get(&id).copied().unwrap_or(0);
        for (id, lane) in self.lanes.iter() {
            assert_eq!(lane.in_flight, of(&lanes, id), "requests in flight of {lane:?}");
            assert_eq!(lane.alone.in_flight(), of(&alone, id), "requests alone in flight of {lane:?}");
            assert_eq!(
                self.lane_ids.get(&lane.key_of(&self.kinds[lane.kind], lane.mask)),
                Some(id),
                "the name of {lane:?}"
            );
            for bound in &lane.buckets {
                assert!(self.buckets[bound.bucket].lanes.contains(&id), "{lane:?} is unknown to its bucket");
            }
        }
        for (id, bucket) in self.buckets.iter() {
            assert_eq!(bucket.limit.in_flight(), of(&buckets, id), "requests in flight of {bucket:?}");
            bucket.limit.check_invariants();
        }
        for (id, limit) in self.learnt.iter() {
            assert_eq!(limit.in_flight(), of(&learnt, id), "requests in flight of {limit:?}");
            assert_eq!(self.learnt_ids.get(&limit.key), Some(id), "the name of {limit:?}");
            let attends = |lane: &u32| self.lanes[*lane].learnt.contains(&id);
            assert!(limit.lanes.iter().all(attends), "a line does not know of {limit:?}");
        }
        for (id, account) in self.accounts.iter() {
            assert_eq!(account.in_flight(), of(&global, id), "requests in flight of {account:?}");
            assert_eq!(account.pending(), of(&pending, id), "requests yet to depart of {account:?}");
        }
        self.check_resting();
        let at_rest = self.resting.len() / 2;
        assert_eq!(self.lanes.len() + at_rest, self.lane_ids.len(), "a route has no name or two");
        assert_eq!(self.buckets.len() + at_rest, self.bucket_ids.len(), "a bucket has no name or two");
    }
}

/// What the guard needs to know of a request that may be of a route not met before.
pub(crate) fn footprint_of(request: &Request, path: u64) -> Footprint {
    let key = route_key(request);
    let (template, resource) = key.split_once(' ').unwrap_or((&key, ""));
    Footprint {
        credential: request.credential.fingerprint(),
        tenant: request.tenant.number(),
        egress: request.egress,
        route: mix(0, key.as_bytes()),
        path,
        resource: mix(0, resource.as_bytes()),
        has_resource: !resource.is_empty(),
        webhook: Traits::of(request, template.get(CREDENTIAL..).unwrap_or_default()).webhook,
    }
}

/// The name of a request's route.
fn route_key(request: &Request) -> String {
    let (mut key, mut resource) = (String::new(), String::new());
    push_credential(&mut key, request.credential.fingerprint());
    key.push_str(counted_as(request).as_str());
    key.push('/');
    write_route(request, &mut key, &mut resource);
    key.push(' ');
    key.push_str(&resource);
    key
}

fn hold(now: Moment, room: Room, reason: Reason) -> Option<Hold> {
    match room {
        Room::Free => None,
        Room::Until(until) => Some(Hold { reason, wait: Some(until.since(now)) }),
        Room::Settling => Some(Hold { reason, wait: None }),
    }
}
