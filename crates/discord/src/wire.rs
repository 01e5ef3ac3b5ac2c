//! Requests and answers as plain values, so that they can be simulated and recorded. Nothing is sent here.
//!
//! ```
//! use journeyman_discord::wire;
//! use journeyman_model::{ChannelId, MessageId};
//!
//! let request = wire::messages_after(ChannelId::new(1), MessageId::new(2), 50);
//! assert_eq!(request.target(), "/api/v9/channels/1/messages?after=2&limit=50");
//!
//! let answer = wire::Answer::new(200, [("Date", "…")], r#"[{"id":"3"}]"#);
//! assert_eq!(wire::read::messages(&answer)?.len(), 1);
//!
//! // The interesting failure: an answer that is not a page of messages.
//! let odd = wire::Answer::new(200, [("Date", "…")], "<html>");
//! assert!(wire::read::messages(&odd).is_err());
//! # Ok::<(), wire::Unreadable>(())
//! ```

mod answer;
pub mod link;
pub mod read;
mod request;
pub mod upload;

pub use answer::Answer;
pub use read::Unreadable;
pub use request::{
    Request, direct_channel, gateway_address, me, message, messages_after, messages_around, messages_before,
    newest_messages, react,
};
#[cfg(feature = "user-account")]
pub use request::{command_index, command_search, post_interaction, private_command_index};
