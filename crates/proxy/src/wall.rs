//! The proxy's one reader of wall time: a message's age decides which limit its deletion has, and
//! what is kept over a restart has an age. Never for a wait.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time since the Unix epoch; zero for a clock before it.
#[expect(clippy::disallowed_methods, reason = "this is the proxy's one reader of wall time")]
pub(crate) fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The same in milliseconds.
pub(crate) fn unix_ms() -> u64 {
    u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX)
}
