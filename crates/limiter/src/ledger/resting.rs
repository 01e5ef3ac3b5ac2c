//! Routes at rest: one that uses nothing takes a few words, and is as it was when it is asked for again.
//! It decides nothing. What it does not keep is where the present window ends, and former buckets of a route's.
//!
//! A large bot has far more channels than it talks to at once. What is known of a route and its only bucket while
//! nothing of them is used is little, and much of it is the same for all of a template: that is kept once.

use std::collections::BTreeMap;
use std::sync::Arc;

use journeyman_moment::Moment;
use smallvec::SmallVec;

use crate::config::{Config, Mutation};
use crate::ids::Mark;
use crate::ledger::family::Group;
use crate::ledger::lane::{Bound, Lane, Traits};
use crate::ledger::recent::Brief;
use crate::ledger::{Bucket, Ledger};
use crate::limit::{Calm, ServerFed, Shape};
use crate::rarely::Rarely;
use crate::slab::Slab;

/// Up to so many routes none is put to rest: they fit the processor's cache as they are.
const FEW: usize = 1_024;
/// How many shapes of a template are compared before another one is noted.
const MOST_SHAPES: usize = 8;
/// What distinguishes the number of a route at rest from that of one that is not.
const AT_REST: u32 = 1 << 31;

/// All routes at rest.
#[derive(Debug, Default)]
pub(crate) struct Resting {
    rests: Slab<Rest>,
    shapes: Slab<Known>,
    /// The latest shapes of each template.
    of_kind: BTreeMap<u32, Vec<u32>>,
}

/// A route and its only bucket, nothing of which is used.
#[derive(Debug)]
struct Rest {
    lane: Mark,
    bucket: Mark,
    resource: Packed,
    used_at: Moment,
    named_at: Moment,
    recent: Brief,
    // What is calm of the bucket; one after the other, since each byte counts here.
    newest_left: Moment,
    steady: Moment,
    accepted: u32,
    kind: u32,
    shape: u32,
    exempt: bool,
    traits: Traits,
}

/// A bucket's name and shape, and how many routes at rest have them.
#[derive(Debug)]
struct Known {
    name: Arc<str>,
    shape: Shape,
    uses: u32,
}

/// A resource whose name is what it is and an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Packed(u64);

const OWNERS: [&str; 4] = ["channels", "guilds", "webhooks", "interactions"];

impl Packed {
    /// None for any name that would not come back as it was.
    fn of(resource: &str) -> Option<Self> {
        let owned = |owner: &str| resource.strip_prefix(owner)?.strip_prefix('/');
        let (place, id) = (0..).zip(OWNERS).find_map(|(place, owner)| Some((place, owned(owner)?)))?;
        // With twenty digits, or a zero before them, it would not come back.
        let is_plain = (1..20).contains(&id.len()) && !id.starts_with('0');
        if !is_plain || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let id = id.bytes().fold(0_u64, |id, byte| id * 10 + u64::from(byte - b'0'));
        // Ids of Discord begin with the time since 2015; the last two bits are used in 2084.
        (id >> 62 == 0).then_some(Self(id << 2 | place))
    }

    fn name(self) -> Arc<str> {
        let owner = OWNERS.get((self.0 & 3) as usize).copied().unwrap_or_default();
        let (mut text, mut at, mut id) = ([0; 20], 20, self.0 >> 2);
        while id > 0 {
            at -= 1;
            text[at] = b"0123456789"[(id % 10) as usize];
            id /= 10;
        }
        let mut name = String::with_capacity(40);
        name.push_str(owner);
        name.push('/');
        // Digits are text; the formatter takes several times as long.
        name.push_str(std::str::from_utf8(&text[at..]).unwrap_or_default());
        name.into()
    }
}

impl Resting {
    /// How many routes and buckets are at rest.
    pub(crate) fn len(&self) -> usize {
        2 * self.rests.len()
    }

    fn shape(&mut self, kind: u32, name: &Arc<str>, shape: Shape) -> u32 {
        let latest = self.of_kind.entry(kind).or_default();
        let shapes = &mut self.shapes;
        let is_it = |known: &Known| known.shape == shape && known.name == *name;
        if let Some(id) = latest.iter().rev().copied().find(|id| shapes.get(*id).is_some_and(is_it)) {
            shapes[id].uses += 1;
            return id;
        }
        let id = shapes.insert(Known { name: name.clone(), shape, uses: 1 });
        if latest.len() == MOST_SHAPES {
            latest.remove(0);
        }
        latest.push(id);
        id
    }

    fn take(&mut self, place: u32) -> Option<(Rest, Arc<str>, Shape)> {
        let rest = self.rests.remove(place)?;
        let known = self.shapes.get_mut(rest.shape)?;
        let (name, shape) = (known.name.clone(), known.shape);
        known.uses -= 1;
        if known.uses == 0 {
            self.shapes.remove(rest.shape);
            if let Some(latest) = self.of_kind.get_mut(&rest.kind) {
                latest.retain(|id| *id != rest.shape);
            }
        }
        Some((rest, name, shape))
    }

    pub(crate) fn forget_kind(&mut self, kind: u32) {
        self.of_kind.remove(&kind);
    }
}

impl Ledger {
    /// Whether so many routes are known that those which use nothing are put to rest.
    pub(crate) fn is_crowded(&self, config: &Config) -> bool {
        self.lanes.len() > FEW || config.mutation == Mutation::RestsAtOnce
    }

    /// Puts a route to rest that uses nothing, if there is no more to know of it than a few words.
    pub(crate) fn lay_down(&mut self, now: Moment, id: u32) {
        let lane = &self.lanes[id];
        let kind = &self.kinds[lane.kind];
        let [bound] = lane.buckets.as_slice() else { return };
        let bucket = &self.buckets[bound.bucket];
        let is_own = bucket.group == Group::All && *bucket.lanes == [id] && bucket.marks.is_none();
        if !is_own || !kind.lessons.is_empty() || !lane.is_plain(now) {
            return;
        }
        let Some(calm) = bucket.limit.calm(now) else { return };
        let Some(resource) = Packed::of(&lane.resource).filter(|_| lane.recent.fits_into_brief()) else {
            return;
        };
        let (id_of_bucket, named_at) = (bound.bucket, bound.named_at);
        let (Some(lane), Some(bucket)) = (self.lanes.remove(id), self.buckets.remove(id_of_bucket)) else {
            return;
        };
        let Calm { newest_left, steady, accepted } = calm;
        let rest = Rest {
            lane: lane.mark,
            bucket: bucket.mark,
            resource,
            used_at: lane.used_at,
            named_at,
            recent: lane.recent.into_brief(),
            newest_left,
            steady,
            accepted,
            kind: lane.kind,
            shape: self.resting.shape(lane.kind, &bucket.name, bucket.limit.shape()),
            exempt: lane.exempt,
            traits: lane.traits,
        };
        let (lane, bucket) = (lane.mark, bucket.mark);
        let place = self.resting.rests.insert(rest) | AT_REST;
        self.lane_ids.set(lane, place);
        self.bucket_ids.set(bucket, place);
    }

    /// The number of a route, which is woken if it rests.
    pub(crate) fn awake_lane(&mut self, id: u32) -> u32 {
        if id & AT_REST == 0 { id } else { self.wake(id).map_or(id, |(lane, _)| lane) }
    }

    /// The number of a bucket, whose route is woken if it rests.
    pub(crate) fn awake_bucket(&mut self, id: u32) -> u32 {
        if id & AT_REST == 0 { id } else { self.wake(id).map_or(id, |(_, bucket)| bucket) }
    }

    pub(crate) fn is_at_rest(id: u32) -> bool {
        id & AT_REST != 0
    }

    fn wake(&mut self, place: u32) -> Option<(u32, u32)> {
        let (rest, name, shape) = self.resting.take(place & !AT_REST)?;
        let (account, resource) = (self.kinds[rest.kind].account, rest.resource.name());
        let Rest { newest_left, steady, accepted, .. } = rest;
        let calm = Calm { newest_left, steady, accepted };
        let bucket = self.buckets.insert(Bucket {
            mark: rest.bucket,
            credential: self.accounts[account].credential(),
            name,
            group: Group::All,
            resource: resource.clone(),
            limit: ServerFed::woken(shape, calm),
            lanes: SmallVec::new(),
            marks: None,
        });
        let lane = self.lanes.insert(Lane {
            account,
            kind: rest.kind,
            mark: rest.lane,
            resource,
            mask: 0,
            exempt: rest.exempt,
            traits: rest.traits,
            alone: Rarely::default(),
            buckets: SmallVec::from_buf([Bound { bucket, named_at: rest.named_at, by_429: false }]),
            blocked: Rarely::default(),
            learnt: Rarely::default(),
            lessons: 0,
            recent: rest.recent.into(),
            in_flight: 0,
            used_at: rest.used_at,
        });
        self.buckets[bucket].lanes.push(lane);
        self.lane_ids.set(rest.lane, lane);
        self.bucket_ids.set(rest.bucket, bucket);
        Some((lane, bucket))
    }

    /// Wakes the routes of a credential that have a bucket of this name.
    pub(crate) fn wake_all(&mut self, account: u32, name: &Arc<str>) {
        let (resting, kinds) = (&self.resting, &self.kinds);
        let is_one = |rest: &Rest| {
            kinds[rest.kind].account == account
                && resting.shapes.get(rest.shape).is_some_and(|it| it.name == *name)
        };
        let places: Vec<u32> =
            resting.rests.iter().filter(|(_, rest)| is_one(rest)).map(|(place, _)| place).collect();
        for place in places {
            self.wake(place);
        }
    }

    /// Forgets one at rest that nobody has asked for for long.
    pub(crate) fn sweep_resting(&mut self, now: Moment, config: &Config) {
        let Some(place) = self.resting.rests.next_of_round() else { return };
        if self.resting.rests[place].used_at + config.idle > now {
            return;
        }
        let Some((rest, ..)) = self.resting.take(place) else { return };
        self.lane_ids.remove_mark(rest.lane);
        self.bucket_ids.remove_mark(rest.bucket);
        self.left_kind(now, rest.kind);
    }

    pub(crate) fn check_resting(&self) {
        for (place, rest) in self.resting.rests.iter() {
            let at = Some(place | AT_REST);
            assert_eq!(self.lane_ids.get_mark(rest.lane), at, "the name of {rest:?}");
            assert_eq!(self.bucket_ids.get_mark(rest.bucket), at, "the bucket's name of {rest:?}");
        }
        let uses: u32 = self.resting.shapes.iter().map(|(_, known)| known.uses).sum();
        assert_eq!(uses as usize, self.resting.rests.len(), "a shape at rest is nobody's");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_comes_back_as_it_was_or_is_not_packed() {
        for name in ["channels/100000000000000001", "guilds/99999999999999999", "webhooks/1"] {
            assert_eq!(Packed::of(name).map(|packed| packed.name().to_string()).as_deref(), Some(name));
        }
        for name in [
            "",
            "channels",
            "channels/",
            "users/100000000000000001",
            "channels/0100000000000000001",
            "channels/+1",
            "webhooks/100000000000000001/0123456789abcdef",
            "channels/18446744073709551615",
        ] {
            assert_eq!(Packed::of(name), None, "{name}");
        }
    }
}
