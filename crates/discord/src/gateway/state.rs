//! How a session stands, for people and for metrics. It decides nothing.

use journeyman_moment::Moment;

use super::{DownReason, GatewayError};

/// How a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayState {
    /// The first connection is being made.
    Connecting {
        /// Since when.
        since: Moment,
    },
    /// Events are live.
    Connected {
        /// Since when.
        since: Moment,
    },
    /// The connection was lost, and is being made again.
    Reconnecting {
        /// Since when nothing is heard.
        since: Moment,
        /// Why the last connection was lost or could not be made.
        why: DownReason,
        /// When the next one is tried, or was.
        again_at: Moment,
    },
    /// It has ended, until somebody acts.
    Ended {
        /// Since when.
        since: Moment,
        /// Why.
        why: GatewayError,
    },
    /// It was closed by this program.
    Closed,
}

impl GatewayState {
    /// Whether events are live.
    pub const fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }

    /// Whether nothing will be heard any more.
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::Closed)
    }
}

/// What a session has done since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GatewayCounts {
    /// Connections that were tried.
    pub connects: u64,
    /// Fresh sessions that were asked for.
    pub identifies: u64,
    /// Sessions that were asked to go on.
    pub resumes: u64,
    /// Heartbeats sent.
    pub heartbeats: u64,
    /// Connections that were lost or could not be made.
    pub losses: u64,
    /// Events told.
    pub events: u64,
    /// Events of other channels, dropped unread.
    pub filtered: u64,
    /// Frames that make no sense, passed over.
    pub strange: u64,
}
