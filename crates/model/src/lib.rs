//! Discord's JSON as lenient Rust: only the fields that are read, unknown fields ignored.
//!
//! It is not a full model of Discord's API, and it does no input or output.

mod id;

pub use id::{
    ApplicationId, AttachmentId, ChannelId, CommandId, CommandVersion, GuildId, InteractionId, MessageId,
    NotAnId, UserId,
};
