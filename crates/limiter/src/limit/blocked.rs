//! A time before which nothing may go. It counts nothing.

use journeyman_moment::Moment;

use crate::Reason;
use crate::limit::Room;
use crate::rarely::Blank;

/// Closed until a moment, for a reason; open if that moment has passed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Blocked {
    until: Moment,
    reason: Option<Reason>,
}

impl Blank for Blocked {
    const BLANK: &'static Self = &Self { until: Moment::ORIGIN, reason: None };
}

impl Blocked {
    /// Closes; a shorter block never replaces a longer one.
    pub(crate) fn extend(&mut self, until: Moment, reason: Reason) {
        if until > self.until {
            *self = Self { until, reason: Some(reason) };
        }
    }

    pub(crate) fn is_over(&self, now: Moment) -> bool {
        self.until <= now
    }

    /// How long it lasts yet, in microseconds.
    pub(crate) fn left_us(&self, now: Moment) -> u64 {
        if self.is_over(now) {
            0
        } else {
            u64::try_from(self.until.since(now).as_micros()).unwrap_or(u64::MAX)
        }
    }

    /// The reason and end of a block that still lasts.
    pub(crate) fn state(&self, now: Moment) -> Option<(Moment, Reason)> {
        self.reason.filter(|_| !self.is_over(now)).map(|reason| (self.until, reason))
    }

    pub(crate) fn room(&self, now: Moment) -> Room {
        if self.is_over(now) { Room::Free } else { Room::Until(self.until) }
    }
}
