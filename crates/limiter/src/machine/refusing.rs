//! Who is refused, because it would be too late or too many wait, and what a refusal says. It grants nothing.

use std::fmt;
use std::time::Duration;

use journeyman_moment::Moment;

use super::{Entry, Machine, Output, Stage, entry};
use crate::lineup::{Subject, Ticket};
use crate::reason::Reason;

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What it would have waited for.
    pub reason: Reason,
    /// The wait, from the moment of the refusal; it may turn out longer. [`Duration::MAX`] if waiting is no use
    /// before a human has acted.
    pub wait: Duration,
    /// How much longer it was allowed to wait.
    pub allowed: Duration,
    /// Discord's code of the answer for which it is refused, such as 50013, where one is remembered.
    pub code: Option<u64>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, wait, allowed, code } = self;
        if *reason == Reason::Full {
            return f.write_str("too many requests wait already (full)");
        }
        if *reason == Reason::Deadline {
            return f.write_str("its deadline had passed before it was asked for (deadline)");
        }
        if *wait == Duration::MAX {
            write!(f, "it is not sent before somebody has acted ({reason})")?;
        } else {
            write!(f, "the wait of {wait:.1?} ({reason}) is longer than the {allowed:.1?} allowed")?;
        }
        if let Some(code) = code {
            write!(f, ", as Discord answered with code {code} before")?;
        }
        reason.cure().map_or(Ok(()), |cure| write!(f, "; {cure}"))
    }
}

impl Machine {
    /// What cannot go at once starts to wait, or is refused if it is already clear that it would be too late.
    pub(super) fn wait_or_refuse(&mut self, now: Moment, ticket: Ticket, lane: u32, give_up: Moment) {
        let waits = self.lineup.waits(now, lane, self.ledger.account_of(lane));
        let Some(entry) = entry(&mut self.entries, ticket) else { return };
        if !matches!(entry.stage, Stage::Waiting { .. }) {
            return;
        }
        entry.waited = Some(Box::new(waits));
        entry.stage = Stage::Waiting { give_up, timed: true };
        self.lineup.set_timer(Subject::Waiter(ticket), None, Some(give_up));
        let (account, newest) = (self.ledger.account_of(lane), ticket.number == self.tickets);
        let before = self.lineup.before(lane, account, ticket, newest, &self.config);
        self.refuse_if_late(now, ticket, lane, before);
        self.pump(now);
    }

    /// Refuses one who would be too late even if all before it leave, and says whether it was.
    pub(super) fn refuse_if_late(
        &mut self,
        now: Moment,
        ticket: Ticket,
        lane: u32,
        before: (usize, usize),
    ) -> bool {
        let Some(Entry { stage: Stage::Waiting { give_up, .. }, .. }) = entry(&mut self.entries, ticket)
        else {
            return false;
        };
        let give_up = *give_up;
        let (earliest, reason) = self.earliest(now, lane, ticket, before);
        if earliest > give_up {
            self.refuse(now, ticket, reason, earliest.since(now), give_up.since(now));
        }
        earliest > give_up
    }

    /// Refuses those of a line who would be too late.
    pub(super) fn refuse_late(&mut self, now: Moment, lane: u32) {
        let mut refused = 0;
        for (before, ticket) in self.lineup.each(lane) {
            // Who is refused here goes before nobody.
            let before = before.saturating_sub(refused);
            refused += usize::from(self.refuse_if_late(now, ticket, lane, (before, 0)));
        }
    }

    /// As `refuse_late`, for all routes of a credential, or of all.
    pub(super) fn refuse_late_of(&mut self, now: Moment, account: Option<u32>) {
        let lanes: Vec<u32> =
            self.ledger.lanes_of(account).filter(|lane| self.lineup.is_waited_for(*lane)).collect();
        for lane in lanes {
            self.refuse_late(now, lane);
            self.stale.push(self.ledger.account_of(lane));
        }
    }

    pub(super) fn out_of_time(&mut self, now: Moment, ticket: Ticket) {
        let Some(lane) = entry(&mut self.entries, ticket).map(|entry| entry.lane) else { return };
        let account = self.ledger.account_of(lane);
        let reason = self.lineup.reason(lane, account).unwrap_or(Reason::Bucket);
        let (earliest, _) = self.earliest(now, lane, ticket, (0, 0));
        self.refuse(now, ticket, reason, earliest.since(now), Duration::ZERO);
    }

    pub(super) fn refuse_full(&mut self, now: Moment, ticket: Ticket, lane: u32, give_up: Moment) {
        let before = (self.lineup.waiting_for(lane), 0);
        let (earliest, _) = self.earliest(now, lane, ticket, before);
        self.turn_away(ticket, Reason::Full, earliest.since(now), give_up.since(now), None);
    }

    /// Refuses one that stands in no line yet.
    pub(super) fn turn_away(
        &mut self,
        ticket: Ticket,
        reason: Reason,
        wait: Duration,
        allowed: Duration,
        code: Option<u64>,
    ) {
        self.entries.remove(ticket.place);
        let refusal = Refusal { reason, wait, allowed, code };
        self.outputs.push_back(Output::Refused { ticket, refusal });
    }

    /// Refuses one who waits, so that another may wait in its place.
    pub(super) fn shed(&mut self, now: Moment, ticket: Ticket) {
        let Some(Entry { lane, stage: Stage::Waiting { give_up, .. }, .. }) =
            entry(&mut self.entries, ticket)
        else {
            return;
        };
        let (lane, allowed) = (*lane, give_up.since(now));
        let (account, newest) = (self.ledger.account_of(lane), ticket.number == self.tickets);
        let before = self.lineup.before(lane, account, ticket, newest, &self.config);
        let (earliest, _) = self.earliest(now, lane, ticket, before);
        self.refuse(now, ticket, Reason::Full, earliest.since(now), allowed);
    }

    pub(super) fn refuse(
        &mut self,
        now: Moment,
        ticket: Ticket,
        reason: Reason,
        wait: Duration,
        allowed: Duration,
    ) {
        self.leave(now, ticket);
        let refusal = Refusal { reason, wait, allowed, code: None };
        self.outputs.push_back(Output::Refused { ticket, refusal });
    }

    /// Takes a waiting ticket out.
    pub(super) fn leave(&mut self, now: Moment, ticket: Ticket) {
        let Some(entry) = self.entries.remove(ticket.place) else { return };
        if let Stage::Waiting { give_up, timed: true } = entry.stage {
            self.lineup.set_timer(Subject::Waiter(ticket), Some(give_up), None);
        }
        self.lineup.remove(entry.lane, self.ledger.account_of(entry.lane), ticket);
        self.look_at(now, entry.lane);
    }
}
