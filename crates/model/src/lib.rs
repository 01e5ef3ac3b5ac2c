//! Discord's JSON as lenient Rust: only the fields that are read, unknown fields ignored.
//!
//! It is not a full model of Discord's API, and it does no input or output. A field of the
//! wrong type is read as absent; nothing here fails or panics on any JSON. The caller keeps
//! the raw JSON.

mod command;
mod component;
mod error_body;
mod event;
mod field;
mod id;
mod message;

pub use command::{Command, CommandIndex, CommandOption};
pub use component::{Component, ModalField, SelectOption};
pub use error_body::ErrorBody;
pub use event::{Event, InteractionEvent};
pub use id::{
    ApplicationId, AttachmentId, ChannelId, CommandId, CommandVersion, GuildId, InteractionId, MessageId,
    NotAnId, UserId,
};
pub use message::{Attachment, Author, Embed, Interaction, Message, MessageReference};
