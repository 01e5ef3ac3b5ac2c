//! Reading, writing and deleting messages of a channel.
//!
//! Ephemeral messages are never found here (real: they exist on one gateway session only).

use std::ops::Bound;

use serde_json::Value;

use super::{Caller, Payload, file, id_of, nonce_of, query_field};
use crate::account::User;
use crate::discord::{Message, rest_form};
use crate::error_body;
use crate::http::Reply;
use crate::message::Draft;
use crate::world::World;

/// Real: Discord's default and bound for a page.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 100;
/// Real: Discord's bound for a message's text.
const LONGEST_TEXT: usize = 2_000;

/// A page, newest first.
///
/// Real: `after` gives those nearest to it, still newest first; `around` gives half before and half after.
pub(super) fn list(world: &World, channel_id: u64, query: &str) -> Reply {
    let page = limit_of(query).and_then(|limit| Ok((limit, anchor_of(query)?)));
    let (limit, anchor) = match page {
        Ok(page) => page,
        Err(refusal) => return *refusal,
    };
    let Some(channel) = world.discord.channels.get(&channel_id) else { return error_body::unknown_channel() };
    let within = |range: (Bound<u64>, Bound<u64>)| {
        channel.messages.range(range).map(|(_, message)| message).filter(|message| message.only_for.is_none())
    };
    let newest = |count: usize, before: Bound<u64>| {
        within((Bound::Unbounded, before)).rev().take(count).collect::<Vec<_>>()
    };
    let page: Vec<&Message> = match anchor {
        Anchor::After(after) => {
            let mut nearest: Vec<_> =
                within((Bound::Excluded(after), Bound::Unbounded)).take(limit).collect();
            nearest.reverse();
            nearest
        }
        Anchor::Around(around) => {
            let mut page: Vec<_> =
                within((Bound::Excluded(around), Bound::Unbounded)).take(limit / 2).collect();
            page.reverse();
            page.extend(newest(limit - page.len(), Bound::Included(around)));
            page
        }
        Anchor::Before(before) => newest(limit, Bound::Excluded(before)),
        Anchor::Newest => newest(limit, Bound::Unbounded),
    };
    let page: Vec<Value> = page.into_iter().map(|message| shown(world, message)).collect();
    Reply::json(200, &Value::Array(page))
}

/// Where a page lies.
enum Anchor {
    After(u64),
    Around(u64),
    Before(u64),
    Newest,
}

fn anchor_of(query: &str) -> Result<Anchor, Box<Reply>> {
    let id = |name: &str| match query_field(query, name).map(|text| (text, text.parse::<u64>())) {
        None => Ok(None),
        Some((_, Ok(id))) => Ok(Some(id)),
        Some((text, Err(_))) => Err(Box::new(error_body::not_a("snowflake", name, text))),
    };
    let (after, around, before) = (id("after")?, id("around")?, id("before")?);
    let anchor = after.map(Anchor::After).or(around.map(Anchor::Around)).or(before.map(Anchor::Before));
    Ok(anchor.unwrap_or(Anchor::Newest))
}

fn limit_of(query: &str) -> Result<usize, Box<Reply>> {
    let Some(text) = query_field(query, "limit") else { return Ok(PAGE) };
    let outside = |code: &str, message: &str| error_body::invalid_form(&["limit"], code, message);
    let refusal = match text.parse::<i128>() {
        Err(_) => error_body::not_a("int", "limit", text),
        Ok(..1) => outside("NUMBER_TYPE_MIN", "int value should be greater than or equal to 1."),
        Ok(limit) => match usize::try_from(limit) {
            Ok(limit) if limit <= LARGEST_PAGE => return Ok(limit),
            Ok(_) | Err(_) => outside("NUMBER_TYPE_MAX", "int value should be less than or equal to 100."),
        },
    };
    Err(Box::new(refusal))
}

pub(super) fn get(world: &World, channel_id: u64, id: u64) -> Reply {
    world
        .discord
        .visible(channel_id, id)
        .map_or_else(error_body::unknown_message, |message| Reply::json(200, &shown(world, message)))
}

fn shown(world: &World, message: &Message) -> Value {
    let json = rest_form(&message.json, world.settings.nonce_in_rest);
    world.discord.links.sign(json, world.discord.wall.unix_seconds(world.now()))
}

pub(super) fn delete(world: &mut World, caller: &Caller, channel_id: u64, id: u64) -> Reply {
    let Some(message) = world.discord.visible(channel_id, id) else { return error_body::unknown_message() };
    if message.author_id != caller.id {
        return error_body::error(403, 50013, "Missing Permissions");
    }
    let at = world.now();
    world.discord.delete(at, channel_id, id);
    Reply::empty(204)
}

pub(super) fn create(world: &mut World, caller: &Caller, channel_id: u64, payload: &Payload<'_>) -> Reply {
    let body = &payload.json;
    // A form may bring files alone.
    if !body.is_object() && payload.files.is_empty() {
        return error_body::invalid_json();
    }
    let content = body["content"].as_str().unwrap_or_default().to_owned();
    if content.chars().count() > LONGEST_TEXT {
        return error_body::invalid_form(
            &["content"],
            "BASE_TYPE_MAX_LENGTH",
            "Must be 2000 or fewer in length.",
        );
    }
    let mut attachments = match file::attach_uploads(world, channel_id, &body["attachments"]) {
        Ok(attachments) => attachments,
        Err(refusal) => return *refusal,
    };
    attachments.extend(file::attach_form(world, channel_id, &payload.files));
    if content.is_empty() && attachments.is_empty() {
        return error_body::empty_message();
    }
    let refers_to = id_of(&body["message_reference"]["message_id"]);
    let draft = Draft {
        kind: if refers_to.is_some() { 19 } else { 0 },
        attachments,
        nonce: nonce_of(body),
        refers_to,
        ..Draft::of_user(caller, content)
    };
    let at = world.now();
    let nobody: Option<&User> = None;
    let created = world.discord.post(at, channel_id, draft, nobody);
    let Some(message) = created.and_then(|id| world.discord.visible(channel_id, id)) else {
        return error_body::unknown_channel();
    };
    let json = world.discord.links.sign(rest_form(&message.json, true), world.discord.wall.unix_seconds(at));
    Reply::json(200, &json)
}
