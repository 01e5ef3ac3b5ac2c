//! The world's Discord: channels, messages, files, and the events that a gateway would send.
//!
//! It does not know the bot, limits or HTTP.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};

use crate::account::User;
use crate::cdn::{File, Links};
use crate::message::{self, Draft, EPHEMERAL, Place};
use crate::snowflake::Snowflakes;
use crate::wall::Wall;

/// How many events are kept for a session that connects late.
const KEPT_EVENTS: usize = 50_000;

/// Something a gateway session would be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When, since the world's origin.
    pub at: Duration,
    /// The only user whose sessions see it; everyone in the channel when absent.
    pub only_for: Option<u64>,
    /// The channel it happened in.
    pub channel_id: u64,
    /// `MESSAGE_CREATE` and so on.
    pub name: &'static str,
    /// The payload's `d`.
    pub data: Value,
}

#[derive(Debug)]
pub(crate) struct Channel {
    /// 0 for a direct channel, which is in no guild.
    pub(crate) guild_id: u64,
    /// Whose direct channel with the bot it is.
    pub(crate) private_to: Option<u64>,
    pub(crate) messages: BTreeMap<u64, Message>,
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// As the gateway shows it, with unsigned links.
    pub(crate) json: Value,
    pub(crate) author_id: u64,
    pub(crate) only_for: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct Discord {
    pub(crate) wall: Wall,
    pub(crate) ids: Snowflakes,
    pub(crate) links: Links,
    pub(crate) channels: BTreeMap<u64, Channel>,
    pub(crate) files: BTreeMap<u64, File>,
    events: VecDeque<Event>,
    emitted: u64,
}

impl Discord {
    pub(crate) fn new(wall: Wall, links: Links) -> Self {
        Self {
            wall,
            ids: Snowflakes::default(),
            links,
            channels: BTreeMap::new(),
            files: BTreeMap::new(),
            events: VecDeque::new(),
            emitted: 0,
        }
    }

    pub(crate) fn add_channel(&mut self, id: u64, guild_id: u64) {
        let make = || Channel { guild_id, private_to: None, messages: BTreeMap::new() };
        self.channels.entry(id).or_insert_with(make);
    }

    /// An account's direct channel with the bot, made when it is first needed.
    pub(crate) fn direct_channel(&mut self, at: Duration, user: u64) -> u64 {
        let mut known = self.channels.iter();
        if let Some((id, _)) = known.find(|(_, channel)| channel.private_to == Some(user)) {
            return *id;
        }
        let id = self.next_id(at);
        let channel = Channel { guild_id: 0, private_to: Some(user), messages: BTreeMap::new() };
        self.channels.insert(id, channel);
        id
    }

    /// Who alone sees what happens in a channel: of an ephemeral message its user, of a direct channel its owner.
    pub(crate) fn audience(&self, channel_id: u64, only_for: Option<&User>) -> Option<u64> {
        let owner = || self.channels.get(&channel_id).and_then(|channel| channel.private_to);
        only_for.map(|user| user.id).or_else(owner)
    }

    pub(crate) fn next_id(&mut self, at: Duration) -> u64 {
        self.ids.next(self.wall.unix_ms(at))
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.iter()
    }

    pub(crate) fn emit(&mut self, event: Event) {
        if self.events.len() == KEPT_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
        self.emitted += 1;
    }

    /// How many events there have been.
    pub(crate) fn emitted(&self) -> u64 {
        self.emitted
    }

    /// The events after the first so many, as far as they are kept.
    pub(crate) fn events_after(&self, count: u64) -> impl Iterator<Item = &Event> {
        let new = usize::try_from(self.emitted.saturating_sub(count)).unwrap_or(usize::MAX);
        self.events.iter().skip(self.events.len().saturating_sub(new))
    }

    /// Posts a message; one that is only for somebody is ephemeral.
    pub(crate) fn post(
        &mut self,
        at: Duration,
        channel_id: u64,
        draft: Draft,
        only_for: Option<&User>,
    ) -> Option<u64> {
        let guild_id = self.channels.get(&channel_id)?.guild_id;
        let id = self.next_id(at);
        let flags = if only_for.is_some() { EPHEMERAL } else { 0 };
        let parent = draft.refers_to;
        let place = Place { id, channel_id, guild_id };
        let mut json = message::to_json(draft, place, &self.wall.timestamp(at), flags);
        // Real: a reply carries its parent, without the parent's own parent (capture of July 2023).
        if let Some(parent) = parent.and_then(|parent| self.channels.get(&channel_id)?.messages.get(&parent))
        {
            json["referenced_message"] = rest_form(&parent.json, false);
            if let Some(fields) = json["referenced_message"].as_object_mut() {
                fields.remove("referenced_message");
            }
        }
        let author_id = json["author"]["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        let audience = self.audience(channel_id, only_for);
        let only_for = only_for.map(|user| user.id);
        let data = self.links.sign(json.clone(), self.wall.unix_seconds(at));
        self.emit(Event { at, only_for: audience, channel_id, name: "MESSAGE_CREATE", data });
        self.channels.get_mut(&channel_id)?.messages.insert(id, Message { json, author_id, only_for });
        Some(id)
    }

    /// Changes a message in place.
    pub(crate) fn edit(&mut self, at: Duration, channel_id: u64, id: u64, change: impl FnOnce(&mut Value)) {
        let stamp = self.wall.timestamp(at);
        let now = self.wall.unix_seconds(at);
        let Some(channel) = self.channels.get_mut(&channel_id) else { return };
        let owner = channel.private_to;
        let Some(message) = channel.messages.get_mut(&id) else { return };
        let text = message.json["content"].clone();
        change(&mut message.json);
        // Real: a button that turned blue does not make its message an edited one (capture of July 2023).
        if message.json["content"] != text {
            message.json["edited_timestamp"] = json!(stamp);
        }
        if let Some(fields) = message.json.as_object_mut() {
            // Only the creation is told to whoever sent the nonce.
            fields.remove("nonce");
        }
        let only_for = message.only_for.or(owner);
        let data = self.links.sign(message.json.clone(), now);
        self.emit(Event { at, only_for, channel_id, name: "MESSAGE_UPDATE", data });
    }

    pub(crate) fn delete(&mut self, at: Duration, channel_id: u64, id: u64) -> bool {
        let Some(channel) = self.channels.get_mut(&channel_id) else { return false };
        let Some(message) = channel.messages.remove(&id) else { return false };
        let mut data = json!({ "id": id.to_string(), "channel_id": channel_id.to_string() });
        if channel.guild_id != 0 {
            data["guild_id"] = json!(channel.guild_id.to_string());
        }
        let only_for = message.only_for.or(channel.private_to);
        self.emit(Event { at, only_for, channel_id, name: "MESSAGE_DELETE", data });
        true
    }

    /// A message that REST shows.
    pub(crate) fn visible(&self, channel_id: u64, id: u64) -> Option<&Message> {
        self.channels.get(&channel_id)?.messages.get(&id).filter(|message| message.only_for.is_none())
    }
}

/// What REST leaves out of a message.
///
/// Real: captures of GET lack `guild_id`; a final has no `referenced_message`. That the nonce is absent is
/// inferred: Discord tells it to its sender's session only.
pub(crate) fn rest_form(message: &Value, keep_nonce: bool) -> Value {
    let mut message = message.clone();
    if let Some(fields) = message.as_object_mut() {
        fields.remove("guild_id");
        if !keep_nonce {
            fields.remove("nonce");
        }
        if fields.get("referenced_message").is_some_and(Value::is_null) {
            fields.remove("referenced_message");
        }
    }
    message
}
