//! A message with what hangs on it. It knows nothing of Midjourney.

use serde_json::Value;

use crate::component::Component;
use crate::event::nonce;
use crate::field;
use crate::id::{ApplicationId, AttachmentId, ChannelId, GuildId, InteractionId, MessageId, UserId};

/// A message, as REST and the gateway give it; a gateway update may hold only some fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: Option<MessageId>,
    /// Where.
    pub channel: Option<ChannelId>,
    /// In which guild; absent in a DM and in REST answers.
    pub guild: Option<GuildId>,
    /// Who wrote it; absent in some updates.
    pub author: Option<Author>,
    /// The application that wrote it in answer to an interaction.
    pub application: Option<ApplicationId>,
    /// Discord's message type: 0, 19 (reply), 20 (answer to a command) …
    pub kind: Option<u64>,
    /// The flags; 64 is ephemeral.
    pub flags: u64,
    /// The text; empty where there is none.
    pub content: String,
    /// The nonce of the request that caused it (gateway only).
    pub nonce: Option<String>,
    /// The interaction that caused it.
    pub interaction: Option<Interaction>,
    /// The message that it replies to.
    pub reference: Option<MessageReference>,
    /// Embeds, in order.
    pub embeds: Vec<Embed>,
    /// Files, in order.
    pub attachments: Vec<Attachment>,
    /// Buttons and selects, in order.
    pub components: Vec<Component>,
}

impl Message {
    /// Reads a message; `None` for JSON that is no object.
    pub fn from_json(value: &Value) -> Option<Self> {
        value.is_object().then(|| Self {
            id: field::id(value, "id", MessageId::from_json),
            channel: field::id(value, "channel_id", ChannelId::from_json),
            guild: field::id(value, "guild_id", GuildId::from_json),
            author: value.get("author").and_then(Author::from_json),
            application: field::id(value, "application_id", ApplicationId::from_json),
            kind: field::number(value, "type"),
            flags: field::number(value, "flags").unwrap_or_default(),
            content: field::text(value, "content").unwrap_or_default(),
            nonce: nonce(value),
            interaction: Interaction::from_message(value),
            reference: value.get("message_reference").and_then(MessageReference::from_json),
            embeds: field::list(value, "embeds", Embed::from_json),
            attachments: field::list(value, "attachments", Attachment::from_json),
            components: value.get("components").map(Component::list_from_json).unwrap_or_default(),
        })
    }

    /// Whether only the account that caused it can see it. REST never lists such a message.
    pub fn is_ephemeral(&self) -> bool {
        self.flags & 64 != 0
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The account.
    pub id: Option<UserId>,
    /// Whether it is a bot.
    pub bot: bool,
}

impl Author {
    fn from_json(value: &Value) -> Option<Self> {
        let author = Self { id: field::id(value, "id", UserId::from_json), bot: field::flag(value, "bot") };
        value.is_object().then_some(author)
    }
}

/// The interaction that caused a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interaction {
    /// Its id.
    pub id: Option<InteractionId>,
    /// The command's name; absent for buttons.
    pub name: Option<String>,
    /// Who caused it.
    pub user: Option<UserId>,
}

impl Interaction {
    /// `interaction` is deprecated in favour of `interaction_metadata` (Discord's docs, "Message
    /// Object"), and both are seen; what one lacks the other gives.
    fn from_message(message: &Value) -> Option<Self> {
        let old = message.get("interaction").and_then(Self::from_json);
        let new = message.get("interaction_metadata").and_then(Self::from_json);
        match (old, new) {
            (Some(old), Some(new)) => {
                Some(Self { id: old.id.or(new.id), name: old.name.or(new.name), user: old.user.or(new.user) })
            }
            (old, new) => old.or(new),
        }
    }

    fn from_json(value: &Value) -> Option<Self> {
        let user = value.get("user");
        value.is_object().then(|| Self {
            id: field::id(value, "id", InteractionId::from_json),
            name: field::text(value, "name"),
            user: user
                .and_then(|user| field::id(user, "id", UserId::from_json))
                .or_else(|| field::id(value, "user_id", UserId::from_json)),
        })
    }
}

/// The message that another one replies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageReference {
    /// The message.
    pub message: Option<MessageId>,
    /// Its channel.
    pub channel: Option<ChannelId>,
}

impl MessageReference {
    fn from_json(value: &Value) -> Option<Self> {
        value.is_object().then(|| Self {
            message: field::id(value, "message_id", MessageId::from_json),
            channel: field::id(value, "channel_id", ChannelId::from_json),
        })
    }
}

/// A box of text under a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Embed {
    /// Discord's type: `rich` is written by a bot, others are previews of links.
    pub kind: Option<String>,
    /// The title.
    pub title: Option<String>,
    /// The text.
    pub description: Option<String>,
    /// The footer's text.
    pub footer: Option<String>,
    /// The colour of its edge.
    pub colour: Option<u32>,
}

impl Embed {
    /// Reads an embed; `None` for JSON that is no object.
    pub fn from_json(value: &Value) -> Option<Self> {
        value.is_object().then(|| Self {
            kind: field::text(value, "type"),
            title: field::text(value, "title"),
            description: field::text(value, "description"),
            footer: value.get("footer").and_then(|footer| field::text(footer, "text")),
            colour: field::number_as(value, "color"),
        })
    }
}

/// A file on a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Its id.
    pub id: Option<AttachmentId>,
    /// The file name.
    pub filename: String,
    /// Where it can be fetched.
    pub url: String,
    /// The type that Discord names.
    pub content_type: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
}

impl Attachment {
    /// Reads an attachment; `None` without an address, since it could not be fetched.
    fn from_json(value: &Value) -> Option<Self> {
        Some(Self {
            id: field::id(value, "id", AttachmentId::from_json),
            filename: field::text(value, "filename").unwrap_or_default(),
            url: field::text(value, "url")?,
            content_type: field::text(value, "content_type"),
            size: field::number(value, "size"),
            width: field::number_as(value, "width"),
            height: field::number_as(value, "height"),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_of_the_wrong_type_is_absent() {
        let message = Message::from_json(&json!({
            "id": "<Discord original message id>", "content": 7, "flags": "64", "author": [], "embeds": {},
            "attachments": [{"filename": "no address"}, 3], "interaction": null, "type": -1,
        }));
        assert_eq!(message, Some(Message::default()));
        assert_eq!(Message::from_json(&json!("text")), None);
    }

    #[test]
    fn the_metadata_gives_what_the_old_interaction_lacks() {
        let message = json!({
            "interaction": {"id": "5", "user": {"id": "8"}},
            "interaction_metadata": {"id": "6", "name": "imagine", "user": {"id": "9"}},
        });
        let read = Message::from_json(&message).unwrap().interaction.unwrap();
        assert_eq!(read.id, Some(InteractionId::new(5)));
        assert_eq!(read.name.as_deref(), Some("imagine"));
        assert_eq!(read.user, Some(UserId::new(8)));
    }

    #[test]
    fn flag_64_is_ephemeral() {
        let with = |flags: u64| Message::from_json(&json!({"flags": flags})).unwrap().is_ephemeral();
        assert!(with(64) && with(64 | 4) && !with(4));
    }
}
