//! The one reader of wall time: for stored records, nonces and seeds. Never for a wait.

use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since the Unix epoch; zero for a clock before it.
#[expect(clippy::disallowed_methods, reason = "this is the one reader of wall time")]
pub fn unix_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// A seed from the time.
pub(crate) fn seed() -> u64 {
    unix_micros().unsigned_abs()
}

/// Microseconds since the Unix epoch on a calendar that runs `scale` times as fast, from a point that all
/// processes agree on: 2026-01-01.
pub fn scaled_unix_micros(scale: f64) -> i64 {
    const AGREED: i64 = 1_767_225_600_000_000;
    let since = unix_micros().saturating_sub(AGREED);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "to a microsecond in 285 years"
    )]
    let scaled = (since as f64 * scale) as i64;
    if (scale - 1.0).abs() < f64::EPSILON { unix_micros() } else { AGREED.saturating_add(scaled) }
}
