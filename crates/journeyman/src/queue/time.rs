//! The time of stored records: one reading of the wall clock, then the monotonic one. It never goes back.

use journeyman_jobs::time::Timestamp;
use journeyman_moment::{Clock, Moment};

use crate::wall;

/// Where the client's clock stands in Unix time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wall {
    /// Unix time at the clock's origin, microseconds.
    origin: i64,
}

impl Wall {
    /// Reads the wall clock once.
    ///
    /// A scaled clock gets a scaled calendar, the same in every process: a lease that one process writes
    /// means the same to the next.
    pub(super) fn read(clock: Clock) -> Self {
        let since = clock.now().since(Moment::ORIGIN);
        let now = wall::scaled_unix_micros(clock.scale());
        Self { origin: now.saturating_sub(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)) }
    }

    pub(super) fn now(self, clock: Clock) -> Timestamp {
        self.at(clock.now())
    }

    fn at(self, moment: Moment) -> Timestamp {
        Timestamp::from_unix_micros(self.origin).after(moment.since(Moment::ORIGIN))
    }

    /// When that is on the clock.
    pub(super) fn moment(self, at: Timestamp) -> Moment {
        Moment::ORIGIN + at.since(Timestamp::from_unix_micros(self.origin))
    }
}
