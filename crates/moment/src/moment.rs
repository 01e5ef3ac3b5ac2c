//! A point in time as a count of microseconds. It reads no clock.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A point in time: microseconds since the process's one origin.
///
/// All arithmetic saturates, so a far deadline is simply the end of time
/// ([`Moment::MAX`]) and never a panic.
///
/// ```
/// use journeyman_moment::Moment;
/// use std::time::Duration;
///
/// let start = Moment::ORIGIN;
/// let later = start + Duration::from_millis(350);
/// assert_eq!(later.since(start), Duration::from_millis(350));
/// // The interesting failure: asking backwards is zero, not a panic.
/// assert_eq!(start.since(later), Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(u64);

impl Moment {
    /// The process's one origin.
    pub const ORIGIN: Self = Self(0);
    /// The end of time; a deadline that never comes.
    pub const MAX: Self = Self(u64::MAX);

    /// The moment `micros` microseconds after the origin.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The moment `millis` milliseconds after the origin.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// The moment `secs` seconds after the origin.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// Microseconds since the origin.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The time that passed since `earlier`; zero when `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// The moment `span` before this one; the origin at the earliest.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(micros(span)))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros(span)))
    }
}

impl Sub for Moment {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}s", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// Rounds up to whole microseconds: a server's wait is never shortened.
fn micros(span: Duration) -> u64 {
    let whole = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    if span.subsec_nanos().is_multiple_of(1_000) { whole } else { whole.saturating_add(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up_never_down() {
        assert_eq!((Moment::ORIGIN + Duration::from_nanos(1)).as_micros(), 1);
        assert_eq!((Moment::ORIGIN + Duration::from_micros(1)).as_micros(), 1);
        assert_eq!((Moment::ORIGIN + Duration::from_nanos(1_001)).as_micros(), 2);
    }

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(Moment::MAX + Duration::MAX, Moment::MAX);
        assert_eq!(Moment::ORIGIN.before(Duration::from_secs(1)), Moment::ORIGIN);
    }
}
