//! Time as it is stored: microseconds of Unix time. It reads no clock.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time, in microseconds since 1970-01-01 UTC.
///
/// Within one process it never goes back: whoever makes them adds elapsed monotonic time to one reading of
/// the wall clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The latest there is; stands for "never".
    pub const MAX: Self = Self(i64::MAX);

    /// From microseconds of Unix time.
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// As microseconds of Unix time.
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// This much later; the latest there is where that overflows.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long ago `earlier` was; zero where it was not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The hour it falls in, in hours of Unix time.
    pub const fn hour(self) -> i64 {
        self.0.div_euclid(3_600_000_000)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0.div_euclid(1_000_000), self.0.rem_euclid(1_000_000))
    }
}
