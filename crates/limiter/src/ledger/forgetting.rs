//! Forgetting what nobody uses, a little at each call. It forgets nothing that still counts.

use std::time::Duration;

use journeyman_moment::Moment;

use crate::config::Config;
use crate::ledger::{Ledger, lane};

/// How long the limits of a template are remembered after its last resource is forgotten.
const KIND_IDLE: Duration = Duration::from_hours(1);
/// With more templates than these, unused ones are forgotten at once: somebody makes up paths or tokens.
const MOST_UNUSED_KINDS: usize = 20_000;

impl Ledger {
    /// Forgets a little of what nobody uses: each call looks at a few places, so that many calls see all.
    pub(crate) fn sweep(&mut self, now: Moment, config: &Config, waits: impl Fn(u32) -> bool) {
        // A request may have made two lines: its route's, and that of a hidden limit.
        for _ in 0..4 {
            if let Some(id) = self.lanes.next_of_round() {
                self.forget_lane(now, id, config, &waits);
            }
        }
        for _ in 0..2 {
            self.sweep_resting(now, config);
        }
        if let Some(id) = self.buckets.next_of_round() {
            self.forget_bucket(now, id);
        }
        if let Some(id) = self.kinds.next_of_round() {
            self.forget_kind(now, id);
        }
        if let Some(id) = self.accounts.next_of_round() {
            self.forget_account(now, id);
        }
        if let Some(id) = self.learnt.next_of_round().filter(|id| self.learnt[*id].is_idle(now)) {
            self.forget_learnt(id);
        }
    }

    pub(super) fn forget_lane(
        &mut self,
        now: Moment,
        id: u32,
        config: &Config,
        waits: &impl Fn(u32) -> bool,
    ) {
        let full = |bound: &lane::Bound| self.buckets[bound.bucket].limit.is_idle(now);
        let lane = &self.lanes[id];
        let is_idle = lane.is_idle(now, config.idle);
        if !is_idle && !self.is_crowded(config) {
            return;
        }
        if !lane.uses_nothing(now) || !lane.buckets.iter().all(full) || waits(id) {
            return;
        }
        if !is_idle {
            self.lay_down(now, id);
            return;
        }
        if !lane.learnt.iter().all(|learnt| self.learnt[*learnt].is_idle(now)) {
            return;
        }
        self.drop_learnt(id, |_, _| false);
        let Some(lane) = self.lanes.remove(id) else { return };
        self.lane_ids.remove_mark(lane.mark);
        for bound in &lane.buckets {
            self.buckets[bound.bucket].lanes.retain(|other| *other != id);
            self.forget_bucket(now, bound.bucket);
        }
        self.left_kind(now, lane.kind);
    }

    /// A route of a template is forgotten.
    pub(crate) fn left_kind(&mut self, now: Moment, kind: u32) {
        self.kinds[kind].lanes -= 1;
        self.kinds[kind].used_at = now;
        if self.kinds.len() > MOST_UNUSED_KINDS {
            self.forget_kind(now, kind);
        }
    }

    pub(super) fn forget_bucket(&mut self, now: Moment, id: u32) {
        let bucket = &self.buckets[id];
        if !bucket.lanes.is_empty() || !bucket.limit.is_idle(now) {
            return;
        }
        if let Some(bucket) = self.buckets.remove(id) {
            self.bucket_ids.remove_mark(bucket.mark);
        }
    }

    pub(super) fn forget_kind(&mut self, now: Moment, id: u32) {
        let kind = &self.kinds[id];
        if kind.lanes > 0 || now.since(kind.used_at) < self.kind_idle() || kind.lessons.are_taught() {
            return;
        }
        if let Some(kind) = self.kinds.remove(id) {
            self.accounts[kind.account].uses -= 1;
            self.kind_ids.remove(&kind.key);
            self.resting.forget_kind(id);
            self.forget_family(id);
            self.forget_account(now, kind.account);
        }
    }

    pub(super) fn kind_idle(&self) -> Duration {
        if self.kinds.len() > MOST_UNUSED_KINDS { Duration::ZERO } else { KIND_IDLE }
    }

    pub(super) fn forget_account(&mut self, now: Moment, id: u32) {
        if !self.accounts[id].is_idle(now) {
            return;
        }
        if let Some(account) = self.accounts.remove(id) {
            self.account_ids.remove(&account.credential());
        }
    }
}
