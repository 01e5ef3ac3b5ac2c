//! The proxy's one reader of wall time: a message's age decides which limit its deletion has. Never for a wait.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch; zero for a clock before it.
#[expect(clippy::disallowed_methods, reason = "this is the proxy's one reader of wall time")]
pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
