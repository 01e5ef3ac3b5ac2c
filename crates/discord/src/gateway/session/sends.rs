//! 120 sends in 60 s: a sliding log, with room kept for heartbeats. It sends nothing.

use std::collections::VecDeque;
use std::time::Duration;

use journeyman_moment::Moment;

/// Discord closes with 4008 on more (Discord's docs, "Gateway", rate limiting).
pub(crate) const MOST: usize = 120;
/// Discord counts arrivals, which delays can push together: one second more than its 60.
pub(crate) const WINDOW: Duration = Duration::from_secs(61);
/// What identifying, resuming and requested heartbeats may use of it. The rest is for heartbeats on time, of which
/// there are at most 61 in the window: the shortest interval is one second.
pub(crate) const FOR_OTHERS: usize = 40;

/// When frames were sent, over all connections of the session.
#[derive(Debug, Default)]
pub(crate) struct Sends {
    all: VecDeque<Moment>,
    others: VecDeque<Moment>,
}

impl Sends {
    /// Notes a heartbeat on time.
    pub(crate) fn beat(&mut self, now: Moment) {
        note(&mut self.all, now);
    }

    /// Notes anything else.
    pub(crate) fn other(&mut self, now: Moment) {
        note(&mut self.all, now);
        note(&mut self.others, now);
    }

    /// When a heartbeat may leave.
    pub(crate) fn beat_at(&self) -> Moment {
        free_at(&self.all, MOST)
    }

    /// When anything else may leave.
    pub(crate) fn other_at(&self) -> Moment {
        free_at(&self.others, FOR_OTHERS).max(self.beat_at())
    }
}

fn note(log: &mut VecDeque<Moment>, now: Moment) {
    while log.front().is_some_and(|first| now >= *first + WINDOW) {
        log.pop_front();
    }
    log.push_back(now);
}

/// The moment from which at most `most - 1` of the log are within the window.
fn free_at(log: &VecDeque<Moment>, most: usize) -> Moment {
    match log.len().checked_sub(most) {
        Some(index) => log[index] + WINDOW,
        None => Moment::ORIGIN,
    }
}
