//! The JSON of messages, in the superset of fields that the captures of 2023 to 2024 show.
//!
//! It stores nothing and decides nothing; `discord` keeps messages, `bot` writes them.

use serde_json::{Map, Value, json};

use crate::account::User;
use crate::component::{button, row};
use crate::notice::{Footer, Notice};

/// Midjourney's application, which is also its bot user (real: captures).
pub(crate) const APPLICATION_ID: u64 = 936_929_561_302_675_456;

/// A bot that answers commands: Midjourney's own, or niji's, which makes the same from other command ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Application {
    /// Also the id of its bot user.
    pub(crate) id: u64,
    pub(crate) name: &'static str,
}

impl Application {
    pub(crate) const MIDJOURNEY: Self = Self { id: APPLICATION_ID, name: "Midjourney Bot" };

    /// niji's (peer: trueai knows it by this name).
    pub(crate) fn niji(id: u64) -> Self {
        Self { id, name: "niji・journey Bot" }
    }

    pub(crate) fn is_niji(self) -> bool {
        self != Self::MIDJOURNEY
    }

    /// As events about windows name it.
    pub(crate) fn to_json(self) -> Value {
        json!({ "id": self.id.to_string(), "name": self.name })
    }
}

/// The flag of a message that only one session sees (real: capture of July 2023).
pub(crate) const EPHEMERAL: u64 = 64;

/// The flag of an answer that is still being thought of (real: Discord's docs, "Message Flags").
pub(crate) const LOADING: u64 = 128;

/// A message before it has an id.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) kind: u8,
    pub(crate) content: String,
    pub(crate) author: Value,
    /// Of the bot that writes it.
    pub(crate) application: u64,
    pub(crate) mentions: Vec<Value>,
    pub(crate) attachments: Vec<Value>,
    pub(crate) embeds: Vec<Value>,
    pub(crate) components: Vec<Value>,
    pub(crate) nonce: Option<String>,
    pub(crate) interaction: Option<Interaction>,
    pub(crate) from_application: bool,
    /// Real: an answer that is still being thought of (Discord's docs, flag 128).
    pub(crate) loading: bool,
    pub(crate) refers_to: Option<u64>,
}

/// What a reply to an interaction repeats of it.
#[derive(Clone, Debug)]
pub(crate) struct Interaction {
    pub(crate) id: u64,
    pub(crate) user: User,
    pub(crate) name: &'static str,
    /// Since 2024 messages carry `interaction_metadata` beside `interaction` (peer: trueai, Mutiny).
    pub(crate) metadata: bool,
}

impl Draft {
    /// A message of a bot without anything in it.
    pub(crate) fn of_bot(application: Application) -> Self {
        Self {
            kind: 0,
            content: String::new(),
            author: bot_author(application),
            application: application.id,
            mentions: Vec::new(),
            attachments: Vec::new(),
            embeds: Vec::new(),
            components: Vec::new(),
            nonce: None,
            interaction: None,
            from_application: false,
            loading: false,
            refers_to: None,
        }
    }

    /// A plain message of a person.
    pub(crate) fn of_user(user: &User, content: String) -> Self {
        Self { author: person(user), content, ..Self::of_bot(Application::MIDJOURNEY) }
    }
}

/// Where a message stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) id: u64,
    pub(crate) channel_id: u64,
    pub(crate) guild_id: u64,
}

/// The message as the gateway shows it; REST leaves some of it out.
pub(crate) fn to_json(draft: Draft, place: Place, timestamp: &str, flags: u64) -> Value {
    let application = draft.application.to_string();
    let mut message = json!({
        "id": place.id.to_string(),
        "type": draft.kind,
        "content": draft.content,
        "channel_id": place.channel_id.to_string(),
        "guild_id": place.guild_id.to_string(),
        "author": draft.author,
        "attachments": draft.attachments,
        "embeds": draft.embeds,
        "mentions": draft.mentions,
        "mention_roles": [],
        "pinned": false,
        "mention_everyone": false,
        "tts": false,
        "timestamp": timestamp,
        "edited_timestamp": null,
        "flags": if draft.loading { flags | LOADING } else { flags },
        "components": draft.components,
        "referenced_message": null,
    });
    if let Some(fields) = message.as_object_mut() {
        add_origin(fields, draft.nonce, draft.interaction, place.guild_id);
        if draft.from_application {
            fields.insert("application_id".to_owned(), json!(application));
            fields.insert("webhook_id".to_owned(), json!(application));
        }
        if let Some(parent) = draft.refers_to {
            fields.insert(
                "message_reference".to_owned(),
                json!({
                    "channel_id": place.channel_id.to_string(),
                    "guild_id": place.guild_id.to_string(),
                    "message_id": parent.to_string(),
                }),
            );
        }
        // Real: in a direct channel there is no guild (capture of March 2023).
        if place.guild_id == 0 {
            fields.remove("guild_id");
            if let Some(reference) = fields.get_mut("message_reference").and_then(Value::as_object_mut) {
                reference.remove("guild_id");
            }
        }
    }
    message
}

fn add_origin(
    fields: &mut Map<String, Value>,
    nonce: Option<String>,
    from: Option<Interaction>,
    guild_id: u64,
) {
    if let Some(nonce) = nonce {
        fields.insert("nonce".to_owned(), json!(nonce));
    }
    let Some(from) = from else { return };
    let user = mention(&from.user);
    let base = json!({ "id": from.id.to_string(), "type": 2, "name": from.name, "user": user });
    if from.metadata {
        let mut metadata = base.clone();
        metadata["authorizing_integration_owners"] = json!({ "0": guild_id.to_string() });
        fields.insert("interaction_metadata".to_owned(), metadata);
    }
    fields.insert("interaction".to_owned(), base);
}

/// Real: the union of the captures' author objects.
pub(crate) fn bot_author(application: Application) -> Value {
    json!({
        "id": application.id.to_string(),
        "username": application.name,
        "avatar": "f6ce562a6b4979c4b1cbc5b436d3be76",
        "discriminator": "9282",
        "public_flags": 589_824,
        "flags": 589_824,
        "bot": true,
        "banner": null,
        "accent_color": null,
        "global_name": null,
        "avatar_decoration": null,
        "display_name": null,
        "banner_color": null,
    })
}

/// A user object as in `mentions`.
pub(crate) fn mention(user: &User) -> Value {
    json!({
        "id": user.id.to_string(),
        "username": user.name,
        "avatar": null,
        "discriminator": "0",
        "public_flags": 0,
        "flags": 0,
        "banner": null,
        "accent_color": null,
        "global_name": user.name,
        "avatar_decoration": null,
        "display_name": user.name,
        "banner_color": null,
    })
}

/// A user's own object, as only its owner is shown it. Real: it has the address (Discord's docs, "User Structure").
pub(crate) fn account(user: &User) -> Value {
    let mut own = person(user);
    if !user.bot {
        own["email"] = json!(format!("{}@mail.example", user.name));
    }
    own
}

/// A user object as in `author`.
pub(crate) fn person(user: &User) -> Value {
    let mut author = mention(user);
    if user.bot {
        author["bot"] = json!(true);
    }
    author
}

/// What fills a notice's blanks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blanks<'a> {
    pub(crate) prompt: &'a str,
    /// What stands for `{detail}`.
    pub(crate) detail: &'a str,
    pub(crate) unix_seconds: i64,
    pub(crate) id: &'a str,
    pub(crate) origin: &'a str,
}

/// Writes a notice into a draft.
pub(crate) fn put_notice(draft: &mut Draft, notice: &Notice, blanks: Blanks<'_>) {
    let until = (blanks.unix_seconds + notice.until_s).to_string();
    let text = notice.text.replace("{until}", &until).replace("{detail}", blanks.detail);
    if let Some(title) = notice.title {
        draft.embeds = vec![embed(title, &text, notice, blanks)];
        draft.content.clear();
    } else {
        draft.content = text;
    }
    draft.components = if notice.buttons.is_empty() {
        Vec::new()
    } else {
        let buttons: Vec<_> = notice
            .buttons
            .iter()
            .map(|(label, style, id)| button(label, *style, &id.replace("{id}", blanks.id)))
            .collect();
        vec![row(&buttons)]
    };
}

fn embed(title: &str, text: &str, notice: &Notice, blanks: Blanks<'_>) -> Value {
    let mut embed = json!({ "type": "rich", "title": title, "description": text });
    if let Some(color) = notice.color {
        embed["color"] = json!(color);
    }
    match notice.footer {
        Footer::None => {}
        Footer::Prompt => embed["footer"] = json!({ "text": format!("/imagine {}", blanks.prompt) }),
        Footer::Text(text) => embed["footer"] = json!({ "text": text }),
    }
    if notice.image {
        let url = format!("{}/cdn/ephemeral-attachments/1/{}/captcha.png", blanks.origin, blanks.id);
        embed["image"] = json!({ "url": url, "width": 512, "height": 512 });
    }
    embed
}
