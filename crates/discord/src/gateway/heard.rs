//! What a gateway session tells its consumer. It interprets no event.

use journeyman_model::UserId;
use journeyman_moment::Moment;
use serde_json::Value;

use super::{DownReason, GatewayError};

/// Something heard.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A session stands: from here on events are live.
    Up(Up),
    /// An event. Those that a resumed session had missed come before its [`Up`].
    Event(Event),
    /// The connection was lost, or one more could not be made. What happens now may be missed.
    Down(Down),
    /// Events were dropped, since the consumer was too slow: read back from `since`.
    Gap(Gap),
    /// The session has ended for good. Nothing comes after it.
    Ended(GatewayError),
}

/// A session that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Up {
    /// The session's id, as interactions name it.
    pub session_id: String,
    /// Whose session it is.
    pub user: UserId,
    /// Whether it is the session from before, with all that was missed replayed. If not, what happened since the
    /// last `Down` is lost here.
    pub resumed: bool,
    /// When that was heard.
    pub at: Moment,
}

/// An event, not interpreted.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its name, such as `MESSAGE_CREATE`.
    pub name: String,
    /// Its data.
    pub data: Value,
    /// When it was received.
    pub received: Moment,
}

/// A connection that was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    /// Why.
    pub why: DownReason,
    /// When it was lost.
    pub at: Moment,
    /// When the next connection is tried. `None` when the session ends instead.
    pub again_at: Option<Moment>,
}

/// Events that were dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// When the first of them was received.
    pub since: Moment,
    /// When the last of them was received.
    pub until: Moment,
    /// How many.
    pub dropped: u64,
}
