//! Routes that name one hash: counted together until their answers contradict it. It counts no requests itself.
//!
//! Equal hashes mean one counter by Discord's docs, and yet two routes with one hash were seen to be counted
//! apart (discord-api-docs#1442, #8073). Whoever counts them together loses half; whoever counts them apart
//! although they are one is limited. So the evidence decides, and a doubt never risks more than one request.
//!
//! Of requests whose answers say that they still count now, the one that arrived last must have been told of all
//! others. If no answer of two routes tells of as many as there are, the two cannot share a counter. Three such
//! answers, and the routes get counters of their own beside the common one, which lets one more go than its limit.
//! As soon as more than the limit have been accepted that count at one time, the common one is dropped. A 429, or
//! a use that only the other route explains, joins them again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use journeyman_moment::Moment;

use crate::headers::Answer;
use crate::ledger::lane::Lane;
use crate::ledger::{Grant, Ledger};
use crate::limit::{ServerFed, Shape};
use crate::saved::SplitRecord;
use crate::verdict::Verdict;

/// How many answers must contradict a common counter.
const ENOUGH: u8 = 3;
/// How long two routes that were joined again stay so, whatever their answers say.
const BARRED: Duration = Duration::from_hours(1);
/// How many hashes with a contradiction are remembered; those of further ones stay together.
const MOST_FAMILIES: usize = 1_024;
/// How many answers of a bucket are looked at.
const MOST_MARKS: usize = 64;

/// What is known of two routes of one hash, whatever the resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Family {
    /// The two kinds of routes, the smaller first.
    pair: (u32, u32),
    state: State,
    /// Until when they stay together.
    barred: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// So many answers have contradicted it.
    Together(u8),
    Doubted,
    Apart,
}

/// Hashes with a contradiction, by account.
pub(crate) type Families = BTreeMap<(u32, Arc<str>), Family>;

/// Whose use a bucket counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Group {
    /// Every route that names the hash.
    #[default]
    All,
    /// One kind of routes.
    Of(u32),
}

impl Group {
    /// Distinguishes the bucket from the others of its hash.
    pub(crate) fn write(self, key: &mut String) {
        use std::fmt::Write as _;
        if let Self::Of(kind) = self {
            // Writing to a string does not fail.
            let _never = write!(key, "#{kind}");
        }
    }
}

/// Where nothing is known but the hash.
const COMMON: [Option<Group>; 3] = [None, None, Some(Group::All)];

impl Family {
    fn has(&self, kind: u32) -> bool {
        self.pair.0 == kind || self.pair.1 == kind
    }

    fn partner(&self, kind: u32) -> u32 {
        if self.pair.0 == kind { self.pair.1 } else { self.pair.0 }
    }

    /// The buckets that a route of a kind falls under; the common one is last only where it is the only one. A third route may share the counter of
    /// either, so it counts in both.
    fn groups(&self, kind: u32) -> [Option<Group>; 3] {
        let (a, b) = (Group::Of(self.pair.0), Group::Of(self.pair.1));
        match self.state {
            State::Together(_) => COMMON,
            State::Doubted if self.has(kind) => [None, Some(Group::All), Some(Group::Of(kind))],
            State::Doubted => [Some(Group::All), Some(a), Some(b)],
            State::Apart if self.has(kind) => [None, None, Some(Group::Of(kind))],
            State::Apart => [None, Some(a), Some(b)],
        }
    }
}

/// A good answer of one of several routes of a bucket.
#[derive(Clone, Copy, Debug)]
struct Mark {
    kind: u32,
    limit: u32,
    used: u32,
    /// It counts at least until then: its answer's reset, from the departure.
    until: Moment,
}

/// The latest good answers of a bucket that several routes share.
#[derive(Debug, Default)]
pub(crate) struct Marks(VecDeque<Mark>);

/// What the marks of two kinds of routes show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Evidence {
    Nothing,
    /// No answer tells of as many as there are.
    Contradiction,
    /// More than the limit were accepted at one time.
    Proof,
}

impl Marks {
    fn add(&mut self, now: Moment, mark: Mark) {
        // With another limit it may be another window as well.
        self.0.retain(|other| other.until > now && other.limit == mark.limit);
        if self.0.len() == MOST_MARKS {
            self.0.pop_front();
        }
        self.0.push_back(mark);
    }

    fn of(&self, kind: u32) -> (u32, u32) {
        let mine = self.0.iter().filter(|mark| mark.kind == kind);
        mine.fold((0, 0), |(count, most), mark| (count + 1, most.max(mark.used)))
    }

    /// All marks still count, so the last of them to arrive was told of all that share its counter.
    fn weigh(&self, kind: u32, other: u32, limit: u32) -> Evidence {
        let ((mine, my_most), (others, their_most)) = (self.of(kind), self.of(other));
        // A route that is told of less than it has sent itself shows nothing about another one.
        if mine == 0 || others == 0 || my_most < mine || their_most < others {
            return Evidence::Nothing;
        }
        match mine + others {
            both if both <= my_most.max(their_most) => Evidence::Nothing,
            both if both > limit => Evidence::Proof,
            _ => Evidence::Contradiction,
        }
    }
}

impl Ledger {
    /// What is known of hashes whose routes may be counted apart; routes are named by their places.
    pub(crate) fn save_splits(&self, places: &BTreeMap<u32, usize>) -> Vec<SplitRecord> {
        let known = self.families.iter().filter_map(|((_, name), family)| {
            let apart = match family.state {
                State::Together(_) => return None,
                State::Doubted => false,
                State::Apart => true,
            };
            let routes = (*places.get(&family.pair.0)?, *places.get(&family.pair.1)?);
            Some(SplitRecord { name: name.to_string(), routes, apart })
        });
        known.collect()
    }

    /// Takes over what an earlier process knew; `kinds` are the routes by their places.
    pub(crate) fn load_splits(&mut self, now: Moment, splits: &[SplitRecord], kinds: &[u32]) {
        for split in splits.iter().take(MOST_FAMILIES) {
            let pair = (kinds.get(split.routes.0).copied(), kinds.get(split.routes.1).copied());
            let (Some(a), Some(b)) = pair else { continue };
            let (account, other) = (self.kinds[a].account, self.kinds[b].account);
            if a == b || account != other {
                continue;
            }
            let state = if split.apart { State::Apart } else { State::Doubted };
            let family = Family { pair: (a.min(b), a.max(b)), state, barred: now };
            self.families.entry((account, split.name.as_str().into())).or_insert(family);
        }
    }

    /// The group in which a saved bucket counts: that of one route only where its hash is split.
    pub(crate) fn group_of(&self, kind: Option<u32>, name: &Arc<str>) -> Group {
        let Some(kind) = kind else { return Group::All };
        let family = self.families.get(&(self.kinds[kind].account, name.clone()));
        let is_split = family
            .is_some_and(|family| family.has(kind) && matches!(family.state, State::Apart | State::Doubted));
        if is_split { Group::Of(kind) } else { Group::All }
    }

    /// The groups of the buckets that a route falls under when answers name a hash.
    pub(crate) fn groups(&self, lane: u32, name: &Arc<str>) -> [Option<Group>; 3] {
        let lane = &self.lanes[lane];
        let family =
            (!self.families.is_empty()).then(|| self.families.get(&(lane.account, name.clone()))).flatten();
        family.map_or(COMMON, |family| family.groups(lane.kind))
    }

    /// What an answer shows about the routes that share a hash.
    pub(crate) fn compare(&mut self, now: Moment, grant: &Grant, bucket: u32, answer: &Answer) {
        let lane = &self.lanes[grant.lane];
        // Nearly all buckets are one route's, and nothing is known of their hashes.
        if self.families.is_empty()
            && lane.buckets.iter().all(|bound| self.buckets[bound.bucket].lanes.len() <= 1)
        {
            return;
        }
        let (account, kind, name) = (lane.account, lane.kind, self.buckets[bucket].name.clone());
        if self.is_explained_by_the_other(now, grant.lane, bucket, answer) {
            if let Some(family) = self.families.get_mut(&(account, name.clone())) {
                (family.state, family.barred) = (State::Together(0), now + BARRED);
            }
            self.regroup(now, account, &name);
            return;
        }
        let Some((other, evidence)) = self.evidence(now, grant, &name, answer) else { return };
        let pair = (kind.min(other), kind.max(other));
        let crowded = self.families.len() >= MOST_FAMILIES;
        let fresh = Family { pair, state: State::Together(0), barred: now };
        let family = match self.families.get_mut(&(account, name.clone())) {
            Some(family) => family,
            None if crowded => return,
            None => self.families.entry((account, name.clone())).or_insert(fresh),
        };
        if family.barred > now {
            return;
        }
        if family.pair != pair {
            // Those of whom something is known stay; a mere suspicion gives way.
            if matches!(family.state, State::Together(_)) {
                *family = fresh;
            }
            return;
        }
        family.state = match (family.state, evidence) {
            (State::Together(before), _) if before + 1 < ENOUGH => State::Together(before + 1),
            (State::Together(_), _) => State::Doubted,
            (State::Doubted, Evidence::Proof) => State::Apart,
            (state, _) => state,
        };
        if !matches!(family.state, State::Together(_)) {
            self.regroup(now, account, &name);
        }
    }

    /// The marks of the common bucket with a new one, against each other route of it.
    fn evidence(
        &mut self,
        now: Moment,
        grant: &Grant,
        name: &Arc<str>,
        answer: &Answer,
    ) -> Option<(u32, Evidence)> {
        let (limit, remaining, reset) = (answer.limit?, answer.remaining?, answer.reset_after?);
        let lane = &self.lanes[grant.lane];
        let common = lane.buckets.iter().map(|bound| bound.bucket).find(|id| {
            let bucket = &self.buckets[*id];
            bucket.group == Group::All && bucket.lanes.len() > 1 && bucket.name == *name
        })?;
        if !(200..300).contains(&answer.status) {
            return None;
        }
        let (until, used) = (grant.departed? + reset, limit.saturating_sub(remaining));
        let kind = lane.kind;
        let bucket = &mut self.buckets[common];
        let marks = bucket.marks.get_or_insert_default();
        marks.add(now, Mark { kind, limit, used, until });
        let others = bucket.lanes.iter().map(|lane| self.lanes[*lane].kind).filter(|other| *other != kind);
        others.map(|other| (other, marks.weigh(kind, other, limit))).find(|(_, it)| *it != Evidence::Nothing)
    }

    /// Whether an answer contradicts that two routes are counted apart: a 429 of theirs, or a use that is not
    /// the route's own, while the other route has used something.
    fn is_explained_by_the_other(&self, now: Moment, lane: u32, bucket: u32, answer: &Answer) -> bool {
        if self.families.is_empty() {
            return false;
        }
        let (lane, bucket) = (&self.lanes[lane], &self.buckets[bucket]);
        let Some(family) = self.families.get(&(lane.account, bucket.name.clone())) else { return false };
        if matches!(family.state, State::Together(_)) {
            return false;
        }
        let limited = matches!(Verdict::of(answer), Some(Verdict::User { .. } | Verdict::SubLimit { .. }));
        if !family.has(lane.kind) {
            // A third route may share the counter of either.
            return limited;
        }
        let key = bucket.key(Group::Of(family.partner(lane.kind)));
        // No bucket of a group rests.
        let partner = self.bucket_ids.get(&key).and_then(|id| self.buckets.get(id)).map(|it| &it.limit);
        // The slots of who caused a 429 may have come back by the time that it is read.
        partner.is_some_and(|limit| limited || limit.is_in_use(now) && bucket.limit.has_foreign(now))
    }

    /// Puts every route that names a hash under the buckets that are its own from now on.
    fn regroup(&mut self, now: Moment, account: u32, name: &Arc<str>) {
        self.wake_all(account, name);
        let names = |lane: &u32| {
            let lane = &self.lanes[*lane];
            lane.buckets.iter().any(|bound| self.buckets[bound.bucket].name == *name)
        };
        let lanes: Vec<u32> = self.lanes_of(Some(account)).filter(names).collect();
        for lane in lanes {
            self.bind(now, lane, name, false, Shape::new(1));
        }
    }

    /// Puts a route under the buckets of a hash, and gives back its own. What it has used in others of the
    /// hash counts there too.
    pub(crate) fn bind(&mut self, now: Moment, id: u32, name: &Arc<str>, limited: bool, shape: Shape) -> u32 {
        let mut before: Vec<u32> = self.lanes[id].buckets.iter().map(|bound| bound.bucket).collect();
        before.retain(|bucket| self.buckets[*bucket].name == *name);
        let shape = before.last().map_or(shape, |bucket| self.buckets[*bucket].limit.shape());
        let seeds: Vec<ServerFed> = before.iter().map(|id| self.buckets[*id].limit.clone()).collect();
        let mut own = 0;
        for group in self.groups(id, name).into_iter().flatten() {
            let bucket = self.bucket(id, name, group, shape);
            own = bucket;
            if let Some(place) = before.iter().position(|other| *other == bucket) {
                before.swap_remove(place);
            } else {
                let limit = &mut self.buckets[bucket].limit;
                for seed in &seeds {
                    limit.absorb(now, seed);
                }
            }
            self.join(now, id, bucket, limited);
        }
        self.lanes[id].buckets.retain(|bound| !before.contains(&bound.bucket));
        for left in before {
            self.buckets[left].lanes.retain(|lane| *lane != id);
        }
        own
    }

    /// Whether the common counter of a hash lets one more of a route go, since it is doubted.
    pub(crate) fn is_doubted(&self, lane: &Lane, name: &Arc<str>) -> bool {
        let family = self.families.get(&(lane.account, name.clone()));
        family.is_some_and(|family| family.state == State::Doubted && family.has(lane.kind))
    }

    /// Forgets what was known of a kind of routes.
    pub(crate) fn forget_family(&mut self, kind: u32) {
        self.families.retain(|_, family| !family.has(kind));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(all: &[(u32, u32)]) -> Marks {
        let mut marks = Marks::default();
        for (kind, used) in all {
            marks.add(
                Moment::ORIGIN,
                Mark { kind: *kind, limit: 3, used: *used, until: Moment::from_secs(1) },
            );
        }
        marks
    }

    #[test]
    fn a_joint_counter_tells_the_last_of_all_whatever_the_order_of_the_answers() {
        for order in [[(1, 1), (2, 2), (1, 3)], [(1, 3), (2, 2), (1, 1)], [(2, 2), (1, 3), (1, 1)]] {
            assert_eq!(marks(&order).weigh(1, 2, 3), Evidence::Nothing);
        }
    }

    #[test]
    fn two_counters_tell_of_fewer_than_there_are() {
        assert_eq!(marks(&[(1, 1)]).weigh(1, 2, 3), Evidence::Nothing);
        assert_eq!(marks(&[(1, 1), (2, 1)]).weigh(1, 2, 3), Evidence::Contradiction);
        assert_eq!(marks(&[(1, 1), (2, 1), (1, 2), (2, 2)]).weigh(1, 2, 3), Evidence::Proof);
    }

    #[test]
    fn a_route_whose_own_count_is_wrong_shows_nothing() {
        assert_eq!(marks(&[(1, 1), (1, 1), (2, 1)]).weigh(1, 2, 3), Evidence::Nothing);
    }

    #[test]
    fn what_may_no_longer_count_and_another_limit_are_no_evidence() {
        let mut marks = marks(&[(1, 1), (1, 2)]);
        let mark = Mark { kind: 2, limit: 3, used: 1, until: Moment::from_secs(9) };
        marks.add(Moment::from_secs(1), mark);
        assert_eq!(marks.weigh(1, 2, 3), Evidence::Nothing);
        marks.add(Moment::from_secs(1), Mark { kind: 1, limit: 4, ..mark });
        assert_eq!(marks.weigh(1, 2, 4), Evidence::Nothing);
    }
}
