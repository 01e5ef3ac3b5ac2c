//! `POST /interactions`: what a user's client sends for a slash command or a pressed button.
//!
//! Success is 204 with nothing in it, and tells no more than that the request was well formed.

use serde_json::Value;

use super::run::{self, Command};
use super::{Caller, closed, command, id_of, nonce_of, option};
use crate::bot::{Order, Press, Refusal, Submission};
use crate::error_body;
use crate::http::Reply;
use crate::message::{APPLICATION_ID, Application};
use crate::scenario::{Course, Rejection};
use crate::world::World;

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
    let Some(application) = application_of(world, application) else {
        return error_body::unknown_application();
    };
    if let Some(refusal) = closed(world, channel_id, caller) {
        return refusal;
    }
    if let Some(refusal) = elsewhere(world, channel_id, &body["guild_id"]) {
        return refusal;
    }
    if let (Some(nonce), Some(session_id)) = (nonce_of(body), body["session_id"].as_str()) {
        world.gateway.remember_interaction(caller.id, nonce, session_id);
    }
    match kind {
        2 => run_command(world, application, caller, channel_id, body),
        3 => press(world, application, caller, channel_id, body),
        // Real: what a client sends while somebody types an option (Discord's docs); nothing comes of it.
        4 => accepted(world),
        5 => submit(world, application, caller, channel_id, body),
        _ => error_body::invalid_form(&["type"], "BASE_TYPE_CHOICES", "Value must be one of {2, 3, 4, 5}."),
    }
}

/// The bot with this id, if the world has it.
fn application_of(world: &World, id: u64) -> Option<Application> {
    if id == APPLICATION_ID {
        return Some(Application::MIDJOURNEY);
    }
    world.settings.niji.filter(|niji| *niji == id).map(Application::niji)
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

fn run_command(
    world: &mut World,
    application: Application,
    caller: &Caller,
    channel_id: u64,
    body: &Value,
) -> Reply {
    let data = &body["data"];
    let Some(id) = id_of(&data["id"]) else { return error_body::required(&["data", "id"]) };
    let Some(version) = id_of(&data["version"]) else { return error_body::required(&["data", "version"]) };
    let Some(known) = command::known(world, application, id) else { return error_body::unknown_command() };
    let chosen = match option::choose(known.command, data) {
        Ok(chosen) => chosen,
        Err(refusal) => return *refusal,
    };
    let prompt = chosen.text("prompt").unwrap_or_default().to_owned();
    let is_imagine = known.name == "imagine";
    let course = if is_imagine { world.course_of(&prompt) } else { world.scenario_course() };
    if let Course::Reject(rejection) = course
        && let Some(refusal) = reject(world, rejection)
    {
        return refusal;
    }
    // A rejection may have changed it.
    let wanted = if is_imagine { command::imagine_version(world, application) } else { known.version };
    if version != wanted {
        return error_body::command_outdated();
    }
    let nonce = nonce_of(body);
    if !is_imagine {
        let command = Command { application, caller, channel_id, nonce, name: known.name, data, chosen };
        return match run::run(world, &command) {
            Ok(()) => accepted(world),
            Err(refusal) => *refusal,
        };
    }
    let order = Order {
        application,
        nonce,
        ..Order::imagine(caller.clone(), channel_id, prompt, course.after_acceptance())
    };
    let at = world.now();
    let (bot, mut stage) = world.bot();
    bot.imagine(&mut stage, at, order);
    accepted(world)
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

fn press(
    world: &mut World,
    application: Application,
    caller: &Caller,
    channel_id: u64,
    body: &Value,
) -> Reply {
    let Some(message_id) = id_of(&body["message_id"]) else { return error_body::required(&["message_id"]) };
    let Some(custom_id) = body["data"]["custom_id"].as_str() else {
        return error_body::required(&["data", "custom_id"]);
    };
    if !matches!(body["data"]["component_type"].as_u64(), Some(2 | 3)) {
        return error_body::required(&["data", "component_type"]);
    }
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
        application,
        user: caller.clone(),
        channel_id,
        message_id,
        message_flags: body["message_flags"].as_u64().unwrap_or_default(),
        nonce: nonce_of(body),
        custom_id: custom_id.to_owned(),
        values: texts(&body["data"]["values"]),
        // What a button starts is not told from its prompt, but by the scenario alone.
        course: world.scenario_course(),
    };
    let at = world.now();
    let (bot, mut stage) = world.bot();
    bot.press(&mut stage, at, &press);
    accepted(world)
}

fn texts(values: &Value) -> Vec<String> {
    let values = values.as_array().into_iter().flatten();
    values.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// A modal's answer (real: the form, capture of August 2023; inferred: the refusals).
fn submit(
    world: &mut World,
    application: Application,
    caller: &Caller,
    channel_id: u64,
    body: &Value,
) -> Reply {
    let data = &body["data"];
    let Some(modal_id) = id_of(&data["id"]) else { return error_body::required(&["data", "id"]) };
    let Some(custom_id) = data["custom_id"].as_str() else {
        return error_body::required(&["data", "custom_id"]);
    };
    let rows = data["components"].as_array().into_iter().flatten();
    let inputs = rows.filter_map(|row| row["components"].as_array()).flatten();
    let submission = Submission {
        application,
        user: caller.clone(),
        channel_id,
        nonce: nonce_of(body),
        modal_id,
        custom_id: custom_id.to_owned(),
        fields: inputs
            .filter_map(|input| {
                Some((input["custom_id"].as_str()?.to_owned(), input["value"].as_str()?.to_owned()))
            })
            .collect(),
    };
    let at = world.now();
    let value = match world.bot().0.submitted(at, &submission) {
        Ok(value) => value,
        Err(refusal) => return refused(refusal),
    };
    let course = world.course_of(&value).after_acceptance();
    let (bot, mut stage) = world.bot();
    bot.submit(&mut stage, at, &submission, &value, course);
    accepted(world)
}

fn refused(refusal: Refusal) -> Reply {
    let field = ["data", "components", "0", "components", "0", "value"];
    match refusal {
        Refusal::Unknown => error_body::unknown_interaction(),
        Refusal::WrongCustomId => error_body::invalid_form(
            &["data", "custom_id"],
            "BASE_TYPE_CHOICES",
            "This is not the window's custom id.",
        ),
        Refusal::NoValue => error_body::required(&field),
        Refusal::TooLong => {
            error_body::invalid_form(&field, "BASE_TYPE_MAX_LENGTH", "Must be 4000 or fewer in length.")
        }
    }
}

/// The frame of Vary (Region) sends its mask off to the application's own site, not to Discord's API.
///
/// Peer: the path and the fields (trueai, Mutiny). Inferred: the refusals.
pub(super) fn submit_region(world: &mut World, body: &Value) -> Reply {
    let refuse = |message: &str| Reply::json(400, &serde_json::json!({ "error": message }));
    let Some(token) = body["customId"].as_str() else { return refuse("customId is missing") };
    let Some(mask) = body["mask"].as_str().and_then(base64) else { return refuse("mask is not base64") };
    if !(mask.starts_with(b"\x89PNG\r\n\x1a\n") || mask.starts_with(b"RIFF")) {
        return refuse("mask is not a PNG or WebP picture");
    }
    let owner = world.bot().0.frame_owner(token).and_then(|user| world.accounts.user(user).cloned());
    let Some(owner) = owner else { return refuse("unknown or expired customId") };
    let prompt = body["prompt"].as_str().unwrap_or_default();
    let course = world.course_of(prompt).after_acceptance();
    let at = world.now();
    let (bot, mut stage) = world.bot();
    match bot.submit_region(&mut stage, at, token, &owner, prompt, course) {
        Ok(()) => Reply::json(200, &serde_json::json!({})),
        Err(_) => refuse("unknown or expired customId"),
    }
}

/// Base64 with or without its padding; nothing if it is something else.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for letter in text.trim_end_matches('=').bytes() {
        let digit = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(digit)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}
