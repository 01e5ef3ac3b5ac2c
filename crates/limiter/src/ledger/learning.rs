//! How the ledger learns hidden limits and which lines obey them. Headers and buckets are not its subject.

use std::time::Duration;

use journeyman_moment::Moment;

use crate::fields::Fields;
use crate::headers::Answer;
use crate::ledger::lane::Lane;
use crate::ledger::learnt::{Evidence, LONGEST, Learnt, Measure};
use crate::ledger::recent::Run;
use crate::ledger::{Grant, Ledger, Reach};
use crate::limit::Room;
use crate::reason::Reason;

/// How many limits that were met are remembered although nobody uses them.
const MOST_PINNED: usize = 1_024;

/// A 429 of a limit that the headers do not show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    /// How long it blocks.
    pub(crate) wait: Duration,
    /// The same as exactly as the answer says it.
    pub(crate) rest: Duration,
}

impl Hit {
    pub(crate) fn of(wait: Duration, answer: &Answer) -> Self {
        let body = answer.body.as_ref().and_then(|body| body.retry_after);
        Self { wait, rest: body.map_or(wait, |body| body.min(wait)) }
    }
}

impl Ledger {
    /// The line of a request with these fields, given any line of its route and resource.
    pub(crate) fn home(&mut self, now: Moment, lane: u32, fields: Fields) -> u32 {
        let here = &self.lanes[lane];
        let kind = &self.kinds[here.kind];
        let mask = kind.lessons.mask(fields);
        if mask == here.mask {
            return lane;
        }
        let key = here.key_of(kind, mask);
        let name = self.lane_ids.mark(key.as_str());
        if let Some(id) = self.lane_ids.get_mark(name) {
            return self.awake_lane(id);
        }
        let lane = Lane::like(here, name, mask, now);
        let kind = lane.kind;
        let id = self.lanes.insert(lane);
        self.lane_ids.set(name, id);
        self.kinds[kind].lanes += 1;
        id
    }

    /// Puts a line under every learnt limit that its kind knows and that it does not obey yet.
    pub(crate) fn attend(&mut self, now: Moment, id: u32) {
        let lane = &self.lanes[id];
        let kind = &self.kinds[lane.kind];
        let lessons = &kind.lessons;
        if lane.lessons == lessons.version {
            return;
        }
        // What was met before anything was accepted says nothing about other resources.
        let is_known = |number, measure: Measure| {
            measure.limit > 0 || self.learnt_ids.get(&lane.learnt_key(kind, number)).is_some()
        };
        let wanted: Vec<(u8, Measure)> = lessons
            .of_mask(lane.mask)
            .map(|(number, lesson)| (number, lesson.measure))
            .filter(|(number, measure)| is_known(*number, *measure))
            .collect();
        let version = lessons.version;
        self.drop_learnt(id, |_, learnt| wanted.iter().any(|(number, _)| *number == learnt.lesson));
        for (number, measure) in wanted {
            let learnt = self.learnt_of(now, id, number, measure);
            if !self.lanes[id].learnt.contains(&learnt) {
                self.lanes[id].learnt.push(learnt);
                self.learnt[learnt].lanes.push(id);
            }
        }
        self.lanes[id].lessons = version;
    }

    /// The learnt limit of a line's resource, made from what another resource taught if it has none.
    fn learnt_of(&mut self, now: Moment, id: u32, number: u8, measure: Measure) -> u32 {
        let lane = &self.lanes[id];
        let key = lane.learnt_key(&self.kinds[lane.kind], number);
        if let Some(known) = self.learnt_ids.get(&key) {
            return known;
        }
        let mut learnt = Learnt::new(now, (key.clone(), lane.kind, number), measure);
        self.wake_resource(id);
        let lane = &self.lanes[id];
        let lesson = self.kinds[lane.kind].lessons.get(number);
        for run in self.runs(id, |fields| lesson.is_some_and(|lesson| lesson.covers(fields))) {
            learnt.seed(now, run.to, run.count);
        }
        learnt.trust_own_count(now);
        let id = self.learnt.insert(learnt);
        self.learnt_ids.insert(&key, id);
        id
    }

    /// Wakes the line of a route and resource that may rest: the one of all requests.
    fn wake_resource(&mut self, id: u32) {
        let lane = &self.lanes[id];
        let key = lane.key_of(&self.kinds[lane.kind], 0);
        if let Some(first) = self.lane_ids.get(&key) {
            self.awake_lane(first);
        }
    }

    /// All lines of a route and resource; none of them rests.
    fn resource_lanes(&self, id: u32) -> Vec<u32> {
        let lane = &self.lanes[id];
        let kind = &self.kinds[lane.kind];
        (0..=u8::MAX >> 4).filter_map(|mask| self.lane_ids.get(&lane.key_of(kind, mask))).collect()
    }

    /// Takes a line out of the learnt limits that it no longer falls under.
    pub(crate) fn drop_learnt(&mut self, id: u32, keep: impl Fn(u32, &Learnt) -> bool) {
        if self.lanes[id].learnt.is_empty() {
            return;
        }
        let learnt = std::mem::take(&mut *self.lanes[id].learnt);
        for learnt in learnt {
            if keep(learnt, &self.learnt[learnt]) {
                self.lanes[id].learnt.push(learnt);
                continue;
            }
            self.learnt[learnt].lanes.retain(|lane| *lane != id);
            self.forget_learnt(learnt);
        }
    }

    /// Forgets a learnt limit that no line obeys.
    pub(crate) fn forget_learnt(&mut self, id: u32) {
        let learnt = &self.learnt[id];
        if !learnt.lanes.is_empty() || learnt.in_flight() > 0 {
            return;
        }
        let Some(learnt) = self.learnt.remove(id) else { return };
        self.learnt_ids.remove(&learnt.key);
        if learnt.evidence != Evidence::Sibling {
            self.kinds[learnt.kind].lessons.forgotten(learnt.lesson);
        }
    }

    /// Whether the learnt limits of a line have room.
    pub(crate) fn learnt_room(&self, now: Moment, id: u32) -> (Room, Reason) {
        let mut all = (Room::Free, Reason::SubLimit);
        for learnt in self.lanes[id].learnt.iter() {
            let (room, reason) = self.learnt[*learnt].room(now);
            let both = all.0.and(room);
            all = (both, if both == all.0 { all.1 } else { reason });
        }
        all
    }

    pub(crate) fn take_learnt(&mut self, id: u32, grant: &mut Grant) {
        grant.learnt.clear();
        for learnt in self.lanes[id].learnt.iter() {
            self.learnt[*learnt].take();
            grant.learnt.push(*learnt);
        }
    }

    pub(crate) fn refund_learnt(&mut self, grant: &Grant) {
        for learnt in &grant.learnt {
            self.learnt[*learnt].refund();
            self.forget_learnt(*learnt);
        }
    }

    pub(crate) fn lose_learnt(&mut self, now: Moment, grant: &Grant, margin: Duration) {
        for learnt in &grant.learnt {
            self.learnt[*learnt].lost(now, margin);
            self.forget_learnt(*learnt);
        }
    }

    /// A request was accepted: its slots come back in a window, and it is remembered in case that a limit shows.
    pub(crate) fn accept_learnt(&mut self, now: Moment, grant: &Grant) {
        self.lanes[grant.lane].recent.accepted(now, grant.fields);
        if self.kinds[self.lanes[grant.lane].kind].lessons.is_empty() {
            return;
        }
        for learnt in &grant.learnt {
            self.learnt[*learnt].accepted(now);
            self.forget_learnt(*learnt);
        }
        let home = self.home(now, grant.lane, grant.fields);
        for place in 0..self.lanes[home].learnt.len() {
            let id = self.lanes[home].learnt[place];
            if !grant.learnt.contains(&id) {
                self.learnt[id].adopt(now);
            }
        }
        self.forget_disproved(home);
    }

    fn forget_disproved(&mut self, lane: u32) {
        let learnt = &self.learnt;
        let disproved = self.lanes[lane].learnt.iter().copied().find(|id| learnt[*id].is_disproved());
        let Some(disproved) = disproved.filter(|id| learnt[*id].in_flight() == 0) else { return };
        for lane in self.learnt[disproved].lanes.clone() {
            self.drop_learnt(lane, |id, _| id != disproved);
        }
    }

    /// A 429 of a limit that no good answer shows: the request's limit is learnt, or known better from now on.
    pub(crate) fn learn(&mut self, now: Moment, grant: &Grant, hit: Hit) -> Reach {
        if hit.rest > LONGEST {
            self.lanes[grant.lane].blocked.extend(now + hit.wait, Reason::SubLimit);
            return Reach::Block;
        }
        self.wake_resource(grant.lane);
        let home = self.home(now, grant.lane, grant.fields);
        self.attend(now, home);
        let known = self.lanes[home].learnt.iter().copied();
        let blamed = known.min_by_key(|id| self.learnt[*id].free(now));
        match blamed {
            Some(learnt) => self.confirm(now, learnt, grant, grant.departed, hit),
            None => self.discover(now, home, grant, hit),
        }
        for lane in self.resource_lanes(grant.lane) {
            self.attend(now, lane);
        }
        Reach::Template
    }

    fn confirm(&mut self, now: Moment, id: u32, grant: &Grant, obeyed_at: Option<Moment>, hit: Hit) {
        let (kind, number) = (self.learnt[id].kind, self.learnt[id].lesson);
        let Some(lesson) = self.kinds[kind].lessons.get(number) else { return };
        let runs = self.runs(grant.lane, |fields| lesson.covers(fields));
        let pinned = self.learnt.len() <= MOST_PINNED;
        let learnt = &mut self.learnt[id];
        let first = learnt.evidence == Evidence::Sibling;
        learnt.hit(now, obeyed_at, (hit.wait, hit.rest), |from| count(&runs, from));
        learnt.pinned |= pinned;
        self.kinds[kind].lessons.met(number, learnt.lesson_measure(), first);
    }

    /// No limit is known that the request falls under: it shares one that is used up just now, or it is a new one.
    fn discover(&mut self, now: Moment, home: u32, grant: &Grant, hit: Hit) {
        let kind = self.lanes[home].kind;
        if let Some((number, learnt)) = self.used_up(now, home) {
            self.kinds[kind].lessons.widen(number, grant.fields);
            // It did not obey the limit, so that this says nothing against its size.
            self.confirm(now, learnt, grant, None, hit);
            return;
        }
        let runs = self.runs(home, |fields| fields.contain(grant.fields));
        let measure = Measure::of_hit(now, hit.rest, |from| count(&runs, from));
        let number = self.kinds[kind].lessons.add(grant.fields, measure);
        let home = self.home(now, grant.lane, grant.fields);
        let id = self.learnt_of(now, home, number, measure);
        self.attend(now, home);
        let pinned = self.learnt.len() <= MOST_PINNED;
        let learnt = &mut self.learnt[id];
        learnt.first_hit(now, hit.wait);
        learnt.pinned = pinned;
        self.kinds[kind].lessons.met(number, learnt.lesson_measure(), true);
    }

    /// What was accepted lately of a line's route and resource.
    fn runs(&self, lane: u32, covers: impl Fn(Fields) -> bool) -> Vec<Run> {
        let lanes = self.resource_lanes(lane);
        lanes.into_iter().flat_map(|lane| self.lanes[lane].recent.runs(&covers)).collect()
    }

    /// A learnt limit of the same resource, for other fields, that has no room: the likely one.
    fn used_up(&self, now: Moment, home: u32) -> Option<(u8, u32)> {
        let lane = &self.lanes[home];
        let kind = &self.kinds[lane.kind];
        let numbers = kind.lessons.iter().map(|(number, _)| number);
        let known = numbers.filter_map(|number| {
            let id = self.learnt_ids.get(&lane.learnt_key(kind, number))?;
            Some((number, id))
        });
        known.into_iter().find(|(_, id)| self.learnt[*id].is_exhausted(now))
    }
}

/// How many of these were answered at or after a moment.
fn count(runs: &[Run], from: Moment) -> u32 {
    runs.iter().map(|run| run.since(from)).fold(0, u32::saturating_add)
}
