//! The least time between two departures. It is the caller's wish, not a limit of Discord's.

use std::time::Duration;

use journeyman_moment::Moment;

use crate::limit::Room;

/// Lets one request depart at a time, each a given span after the one before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    last: Option<Moment>,
    /// Granted, not yet departed.
    pending: u32,
}

impl Pace {
    pub(crate) fn room(&self, now: Moment, span: Duration) -> Room {
        if self.pending > 0 {
            return Room::Settling;
        }
        match self.last {
            Some(last) if last + span > now => Room::Until(last + span),
            _ => Room::Free,
        }
    }

    /// A moment before which the next cannot depart.
    pub(crate) fn earliest(&self, now: Moment, span: Duration) -> Moment {
        if self.pending > 0 { now + span } else { self.last.map_or(now, |last| (last + span).max(now)) }
    }

    pub(crate) fn take(&mut self) {
        self.pending += 1;
    }

    pub(crate) fn depart(&mut self, now: Moment) {
        self.pending -= 1;
        self.last = Some(now);
    }

    /// A granted request did not depart.
    pub(crate) fn refund(&mut self) {
        self.pending -= 1;
    }

    pub(crate) fn pending(&self) -> u32 {
        self.pending
    }
}
