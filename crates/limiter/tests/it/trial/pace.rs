//! The plain rule: one request each 350 ms, in order. It learns from a 429 only when to try that request again.

use std::collections::BTreeSet;

use super::scenario::Scenario;
use super::server::Reply;
use super::world::{Ended, Machine, Word};

const SPACING: u64 = 350_000;
/// The wait after a 429 that names none.
const UNNAMED: u64 = 60_000_000;

#[derive(Default)]
pub(crate) struct Pace {
    next: u64,
    /// By the moment from which each may go.
    waiting: BTreeSet<(u64, usize)>,
    not_before: Vec<u64>,
}

impl Machine for Pace {
    fn ask(&mut self, now: u64, number: usize, scenario: &Scenario, _again: bool) {
        self.not_before.resize(scenario.calls.len(), 0);
        self.waiting.insert((now.max(self.not_before[number]), number));
    }

    fn departed(&mut self, _now: u64, _number: usize) {}

    fn ended(&mut self, now: u64, number: usize, ended: &Ended<'_>) {
        match ended {
            Ended::Answered(reply) => self.not_before[number] = now + wait(reply),
            Ended::Lost => {}
        }
    }

    fn cancel(&mut self, _now: u64, number: usize) {
        self.waiting.retain(|(_, other)| *other != number);
    }

    fn hear(&mut self, now: u64) -> Vec<Word> {
        let due = self.waiting.first().copied().filter(|(from, _)| (*from).max(self.next) <= now);
        let Some(first) = due else { return Vec::new() };
        self.waiting.remove(&first);
        self.next = now + SPACING;
        vec![Word::Go(first.1)]
    }

    fn next_wakeup(&self) -> Option<u64> {
        self.waiting.first().map(|(from, _)| (*from).max(self.next))
    }

    fn restart(&mut self, _now: u64, begun: u64, _kept: bool) {
        *self = Self { next: begun, ..Self::default() };
    }
}

/// How long a client without a limiter waits before it tries again: as long as the answer asks it to.
pub(crate) fn wait(reply: &Reply) -> u64 {
    if reply.status != 429 {
        return 0;
    }
    let seconds = reply.number("retry-after");
    seconds.map_or(UNNAMED, |seconds| {
        u64::try_from(std::time::Duration::from_secs_f64(seconds).as_micros()).unwrap_or(UNNAMED)
    })
}
