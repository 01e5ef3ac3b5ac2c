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
