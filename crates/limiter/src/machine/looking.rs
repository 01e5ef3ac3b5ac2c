//! What can be asked of the machine, kept of it, and checked. It lets nobody go.

use std::time::Duration;

use journeyman_moment::Moment;

use super::{Machine, Stage};
use crate::explain::Explanation;
use crate::limit::Room;
use crate::lineup::{Claim, Ticket};
use crate::request::Request;
use crate::saved::{Occasion, Saved, SavedRecord};

/// Keeping what is learnt.
impl Machine {
    /// What is known of limits, to be kept over a restart. `wall` is the wall clock's time since 1970: the
    /// next process can tell by nothing else how long ago this was.
    ///
    /// A request in flight counts as executed.
    pub fn save(&self, now: Moment, wall: Duration, occasion: Occasion) -> Saved {
        let mut record = SavedRecord::new(wall, occasion == Occasion::Stopping);
        let now = self.now.max(now);
        record.edge_us = self.safeguards.edge_left_us(now);
        self.ledger.save(now, &mut record, &self.config);
        Saved { record }
    }

    /// Takes over what an earlier process has saved; call it before the first request.
    ///
    /// What was saved on stopping is all that was used, so that bursts go out as before. Of what was saved
    /// while it ran on, each bucket's first request goes alone, and its answer tells the rest. A wall clock
    /// that was set forward in between lets waits end early; one that was set back counts as no time.
    pub fn load(&mut self, now: Moment, saved: &Saved, wall: Duration) {
        let now = self.advance(now);
        let gap = wall.saturating_sub(Duration::from_millis(saved.record.wall_ms));
        let edge = Duration::from_micros(saved.record.edge_us).saturating_sub(gap);
        self.safeguards.restore_edge(now, edge);
        self.ledger.load(now, &saved.record, gap, &self.config);
    }
}

/// Looking.
impl Machine {
    /// What the limiter knows of a request's route, and when the request could go.
    pub fn explain(&mut self, now: Moment, request: &Request) -> Explanation {
        let now = self.now.max(now);
        let mut explanation = self.ledger.explain(now, request, &self.config);
        self.explain_safeguards(now, request, &mut explanation);
        if let Some(lane) = self.ledger.find(request) {
            explanation.waiting = self.lineup.waiting_for(lane);
            explanation.wait = self.predict(now, lane, request);
        }
        explanation
    }

    fn predict(&self, now: Moment, lane: u32, request: &Request) -> Duration {
        let (account, exempt) = (self.ledger.account_of(lane), self.ledger.is_exempt(lane));
        let claim = Claim { class: request.priority, tenant: request.tenant, since: now };
        let room = self.ledger.peek(now, lane, &self.config).0 == Room::Free;
        let before = self.lineup.before_new(lane, account, room.then_some(exempt), &claim, &self.config);
        self.ledger.earliest(now, lane, before, &self.config).0.since(now)
    }

    /// Checks that every count is what its parts add up to. For tests: it looks at everything.
    ///
    /// # Panics
    /// If something does not add up, with what.
    pub fn check_invariants(&self) {
        let granted = self.entries.iter().filter_map(|(_, entry)| match &entry.stage {
            Stage::Granted(grant) => Some(grant),
            Stage::Waiting { .. } => None,
        });
        self.ledger.check_invariants(granted);
        self.lineup.check_invariants();
        self.safeguards.check_invariants(&self.config);
        for (place, entry) in self.entries.iter() {
            let ticket = Ticket { number: entry.number, place };
            let waits = self.lineup.is_in(entry.lane, ticket);
            assert_eq!(
                waits,
                matches!(entry.stage, Stage::Waiting { .. }),
                "{ticket:?} is in a line just while it waits"
            );
        }
        assert!(self.stale.is_empty(), "credentials are left to be looked at");
        assert!(self.entries.len() >= self.lineup.waiting(), "more wait than there are");
    }
}
