//! `POST /interactions`: what a user's client sends for a slash command or a pressed button.
//!
//! Success is 204 with nothing in it, and tells no more than that the request was well formed.

use serde_json::Value;

use super::{Caller, closed, command, id_of, nonce_of};
use crate::bot::{Order, Origin, Press};
use crate::error_body;
use crate::http::Reply;
use crate::message::APPLICATION_ID;
use crate::scenario::{Course, Rejection};
use crate::world::World;

/// Real: the longest string option.
const LONGEST_PROMPT: usize = 6_000;

pub(super) fn interact(world: &mut World, caller: &Caller, body: &Value) -> Reply {
    if caller.bot {
        return error_body::bots_cannot();
    }
    if !body.is_object() {
        return error_body::invalid_json();
    }
    let Some(kind) = body["type"].as_u64() else { return error_body::required(&["type"]) };
    let Some(application) = id_of(&body["application_id"]) else {
        return error_body::required(&["application_id"]);
    };
    let Some(channel_id) = id_of(&body["channel_id"]) else { return error_body::required(&["channel_id"]) };
    if application != APPLICATION_ID {
        return error_body::unknown_application();
    }
    if let Some(refusal) = closed(world, channel_id) {
        return refusal;
    }
    if let Some(refusal) = elsewhere(world, channel_id, &body["guild_id"]) {
        return refusal;
    }
    if let (Some(nonce), Some(session_id)) = (nonce_of(body), body["session_id"].as_str()) {
        world.gateway.remember_interaction(caller.id, nonce, session_id);
    }
    match kind {
        2 => run_command(world, caller, channel_id, body),
        3 => press(world, caller, channel_id, body),
        // A modal's answer goes nowhere.
        5 => accepted(world),
        _ => error_body::invalid_form(&["type"], "BASE_TYPE_CHOICES", "Value must be one of {2, 3, 4, 5}."),
    }
}

/// Why the named guild is not the channel's, if it is not; a permissive world has one guild of any name.
fn elsewhere(world: &World, channel_id: u64, guild: &Value) -> Option<Reply> {
    if guild.is_null() || world.settings.permissive {
        return None;
    }
    let Some(guild_id) = id_of(guild) else {
        let text = guild.as_str().map_or_else(|| guild.to_string(), str::to_owned);
        return Some(error_body::not_a("snowflake", "guild_id", &text));
    };
    let channel = world.discord.channels.get(&channel_id)?;
    (channel.guild_id != guild_id).then(error_body::unknown_guild)
}

fn accepted(world: &mut World) -> Reply {
    world.count_interaction();
    Reply::empty(204)
}

fn run_command(world: &mut World, caller: &Caller, channel_id: u64, body: &Value) -> Reply {
    let data = &body["data"];
    let Some(id) = id_of(&data["id"]) else { return error_body::required(&["data", "id"]) };
    let Some(version) = id_of(&data["version"]) else { return error_body::required(&["data", "version"]) };
    let Some((_, wanted)) = command::known(world, id) else { return error_body::unknown_command() };
    if id != command::IMAGINE {
        // Other commands are accepted, and the bot stays silent.
        return if version == wanted { accepted(world) } else { error_body::command_outdated() };
    }
    let prompt = match prompt_of(data) {
        Ok(prompt) => prompt.to_owned(),
        Err(refusal) => return *refusal,
    };
    let course = world.course_of(&prompt);
    if let Course::Reject(rejection) = course
        && let Some(refusal) = reject(world, rejection)
    {
        return refusal;
    }
    if version != command::imagine_version(world) {
        return error_body::command_outdated();
    }
    let course = course.after_acceptance();
    let order = Order {
        user: caller.clone(),
        channel_id,
        nonce: nonce_of(body),
        prompt,
        origin: Origin::Imagine,
        course,
        stranger: false,
    };
    let at = world.now();
    let (bot, mut stage) = world.bot();
    bot.imagine(&mut stage, at, order);
    accepted(world)
}

fn prompt_of(data: &Value) -> Result<&str, Box<Reply>> {
    let options = data["options"].as_array().into_iter().flatten();
    let prompt = options
        .into_iter()
        .find(|option| option["name"] == "prompt")
        .and_then(|option| option["value"].as_str());
    let field = ["data", "options", "0", "value"];
    match prompt {
        None | Some("") => Err(Box::new(error_body::required(&field))),
        Some(prompt) if prompt.chars().count() > LONGEST_PROMPT => Err(Box::new(error_body::invalid_form(
            &field,
            "BASE_TYPE_MAX_LENGTH",
            "Must be 6000 or fewer in length.",
        ))),
        Some(prompt) => Ok(prompt),
    }
}

fn reject(world: &mut World, rejection: Rejection) -> Option<Reply> {
    match rejection {
        Rejection::OutdatedOnce if world.command_changes > 0 => None,
        Rejection::OutdatedOnce | Rejection::OutdatedAlways => {
            world.command_changes += 1;
            Some(error_body::command_outdated())
        }
        Rejection::Unauthorized => Some(error_body::unauthorized()),
        Rejection::MissingAccess => Some(error_body::missing_access()),
    }
}

fn press(world: &mut World, caller: &Caller, channel_id: u64, body: &Value) -> Reply {
    let Some(message_id) = id_of(&body["message_id"]) else { return error_body::required(&["message_id"]) };
    let Some(custom_id) = body["data"]["custom_id"].as_str() else {
        return error_body::required(&["data", "custom_id"]);
    };
    // Real: 404 with code 10008 when the clicked message is gone (bulkai).
    let exists = world
        .discord
        .channels
        .get(&channel_id)
        .is_some_and(|channel| channel.messages.contains_key(&message_id));
    if !exists {
        return error_body::unknown_message();
    }
    let press = Press {
        user: caller.clone(),
        channel_id,
        message_id,
        message_flags: body["message_flags"].as_u64().unwrap_or_default(),
        nonce: nonce_of(body),
        custom_id: custom_id.to_owned(),
        // What a button starts is not told from its prompt, but by the scenario alone.
        course: world.scenario_course(),
    };
    let at = world.now();
    let (bot, mut stage) = world.bot();
    bot.press(&mut stage, at, &press);
    accepted(world)
}
