//! What a world's gateway is like.
//!
//! It holds no state.

use std::time::Duration;

use super::fault::GatewayFault;

/// How the gateway behaves. All spans are in the world's time.
#[derive(Clone, Debug, PartialEq)]
pub struct GatewaySettings {
    /// What HELLO asks for. 41.25 s (real: captures).
    ///
    /// It is in the world's time, as `retry_after` is: a client that does not share a scaled clock beats too rarely for
    /// a world that runs faster than it. For such a client multiply this and the grace by the scale.
    pub heartbeat_interval: Duration,
    /// How late a heartbeat may be before the socket is closed with 4009. 20 s (inferred).
    pub heartbeat_grace: Duration,
    /// How long a session without a socket can be resumed. 3 min (inferred; Discord names no span).
    pub resumable_for: Duration,
    /// How many events a session keeps for a resume; one that has missed more must identify. 5,000 (inferred).
    pub kept_events: usize,
    /// How many bytes may wait for a client that does not read; one more cuts its socket. 8 × 1024² (inferred).
    pub most_waiting: usize,
    /// Within this span `max_concurrency` identifies of an account are taken; more are answered by op 9. 5 s (real:
    /// Discord's docs, for bots; inferred for user accounts).
    pub identify_every: Duration,
    /// Identifies per `identify_every`. 1 (real: Discord's docs).
    pub max_concurrency: u64,
    /// Sessions that an account may begin in 24 h; one more ends all of them with 4004. 1,000 (real: Discord's docs, for
    /// bots; inferred for user accounts).
    pub session_starts: u64,
    /// What goes wrong. Nothing.
    pub faults: Vec<GatewayFault>,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            heartbeat_interval: Duration::from_millis(41_250),
            heartbeat_grace: Duration::from_secs(20),
            resumable_for: Duration::from_mins(3),
            kept_events: 5_000,
            most_waiting: 8 * 1024 * 1024,
            identify_every: Duration::from_secs(5),
            max_concurrency: 1,
            session_starts: 1_000,
            faults: Vec::new(),
        }
    }
}
