//! What a session waits for, as one word each. It knows no limits and no jobs.

use std::fmt;

/// What a session waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum GatewayReason {
    /// The connection is being made; at this moment it is given up.
    Connect,
    /// HELLO has not come; at this moment the connection is given up.
    Hello,
    /// READY or RESUMED has not come; at this moment the connection is given up.
    Ready,
    /// The next heartbeat is due, or the ack of the last one is missed.
    Heartbeat,
    /// The wait before the next connection, after one that failed.
    Backoff,
    /// The host refused the connection and named how long to wait before the next.
    RetryAfter,
    /// Discord has ended the session, and asks for 1 to 5 s before a fresh one.
    InvalidSession,
    /// Two fresh sessions must be 5 s apart.
    IdentifyGap,
    /// 120 sends in 60 s are allowed, and heartbeats come first.
    SendLimit,
}

impl GatewayReason {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Hello => "hello",
            Self::Ready => "ready",
            Self::Heartbeat => "heartbeat",
            Self::Backoff => "backoff",
            Self::RetryAfter => "retry-after",
            Self::InvalidSession => "invalid-session",
            Self::IdentifyGap => "identify-gap",
            Self::SendLimit => "send-limit",
        }
    }
}

impl fmt::Display for GatewayReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
