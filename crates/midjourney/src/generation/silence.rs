//! When silence and absence are an answer, and how long they are borne. It looks at nothing itself.

use std::time::Duration;

use journeyman_moment::Moment;

use super::{Events, Generation, Look, Output, Report, State, Tracked, Vanished};
use crate::failure::{Failure, FailureKind};
use crate::outcome::Outcome;

/// A possible cause of a silence.
const MISSED: &str = "the gateway session broke meanwhile and could not be resumed, so that an answer which only the \
                      account is shown, such as a refusal, may have been missed";

impl Generation {
    pub(super) fn on_looked(&mut self, now: Moment, look: Look) {
        self.catch_up(now);
        self.last_look = now;
        if !matches!(self.state, State::Watching { .. }) {
            return;
        }
        if look.held_up && !self.seen.sign {
            self.deadline = self.deadline.max(now + self.plan.deadlines.first_sign);
        }
        match look.tracked {
            Tracked::Absent => self.on_absent(now, look.began),
            Tracked::Present => self.on_present(),
            Tracked::Unknown => {}
        }
        self.decide_silence(look);
    }

    /// Time in which nothing could be seen does not count.
    pub(super) fn catch_up(&mut self, now: Moment) {
        let Some(since) = self.blind_since.take() else { return };
        let blind = now.since(since);
        self.deadline = self.deadline + blind;
        if let State::Watching { vanished: Some(vanished), .. } = &mut self.state {
            vanished.since = vanished.since + blind;
        }
    }

    pub(super) fn on_absent(&mut self, now: Moment, began: Moment) {
        let State::Watching { vanished, .. } = &mut self.state else { return };
        match vanished {
            Some(vanished) if began > vanished.since => vanished.looks = vanished.looks.saturating_add(1),
            Some(_) => {}
            None => {
                *vanished = Some(Vanished { since: now, looks: 0 });
                self.outputs.push_back(Output::Journal);
                self.outputs.push_back(Output::Report(Report::Vanished));
            }
        }
    }

    pub(super) fn on_present(&mut self) {
        if let State::Watching { vanished, .. } = &mut self.state {
            *vanished = None;
        }
    }

    pub(super) fn decide_silence(&mut self, Look { began, events, .. }: Look) {
        if events == Events::Pending {
            return;
        }
        let State::Watching { unsure, vanished } = &self.state else { return };
        let deadlines = &self.plan.deadlines;
        if let Some(vanished) = vanished {
            let is_sure = events == Events::Told || vanished.looks >= deadlines.grace_looks;
            if is_sure && began >= vanished.since + deadlines.grace {
                let mut failure = Failure::new(FailureKind::EphemeralModeration);
                failure.notice.text = self.seen.missed.then(|| MISSED.to_owned());
                self.end(Outcome::Failed(failure));
            }
        } else if began >= self.deadline {
            let outcome = match unsure {
                Some(detail) if !self.seen.sign => Outcome::Undecided { detail: detail.clone() },
                _ => Outcome::Failed(self.no_response()),
            };
            self.end(outcome);
        }
    }

    /// Silence, with the last that was seen.
    pub(super) fn no_response(&self) -> Failure {
        let mut failure = Failure::new(FailureKind::NoResponse);
        let last = match self.seen.percent {
            Some(percent) => Some(format!("it was last seen at {percent} %")),
            None if self.seen.sign => Some("it was last seen waiting to start".to_owned()),
            None if self.seen.queued => Some("it was last seen in the queue".to_owned()),
            None => None,
        };
        let missed = self.seen.missed.then(|| MISSED.to_owned());
        let said: Vec<String> = last.into_iter().chain(missed).collect();
        failure.notice.text = (!said.is_empty()).then(|| said.join("; "));
        failure
    }

    /// How long silence is borne from here on.
    pub(super) fn patience(&self) -> Duration {
        let (deadlines, seen) = (&self.plan.deadlines, &self.seen);
        if self.awaits_form() {
            return deadlines.form;
        }
        if self.expect.images().is_none() {
            return deadlines.first_sign;
        }
        let is_slow =
            !self.plan.progress_visible || if seen.sign { seen.paused || seen.relaxed } else { seen.queued };
        match (is_slow, seen.sign) {
            (true, _) => deadlines.slow,
            (false, false) => deadlines.first_sign,
            (false, true) => deadlines.progress,
        }
    }
}
