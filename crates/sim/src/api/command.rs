//! The bot's commands with their versions, as clients discover them.
//!
//! The lists are captures (bulkai's of 2024, the first article's search); only versions are filled in.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{Caller, query_field};
use crate::error_body;
use crate::http::Reply;
use crate::message::{Application, bot_author};
use crate::world::World;

/// Real: imagine's id.
const IMAGINE: u64 = 938_956_540_159_881_230;

static INDEX: LazyLock<Value> =
    LazyLock::new(|| read(include_str!("../../data/application_command_index.json")));
static SEARCH: LazyLock<Value> =
    LazyLock::new(|| read(include_str!("../../data/application_commands_search.json")));

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// niji's command ids are Midjourney's with this added; so imagine's is its real one, the others are inferred.
const NIJI_IDS: u64 = 84_097_600_420_175_869;
/// Real: the version of niji's imagine in 2023.
const NIJI_IMAGINE: u64 = 1_121_575_453_916_942_378;

/// The version that imagine must be sent with.
pub(super) fn imagine_version(world: &World, application: Application) -> u64 {
    let first = if application.is_niji() { NIJI_IMAGINE } else { world.settings.era.imagine_version() };
    first + world.command_changes
}

/// A command of the index.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) name: &'static str,
    /// The version it must be sent with.
    pub(super) version: u64,
    /// As it is discovered.
    pub(super) command: &'static Value,
}

/// An application's command with this id.
pub(super) fn known(world: &World, application: Application, id: u64) -> Option<Known> {
    let id = if application.is_niji() { id.checked_sub(NIJI_IDS)? } else { id };
    let id_text = id.to_string();
    let commands = INDEX["application_commands"].as_array()?;
    let command = commands.iter().find(|command| command["id"] == *id_text)?;
    let is_imagine = id == IMAGINE;
    let version =
        if is_imagine { imagine_version(world, application) } else { super::id_of(&command["version"])? };
    Some(Known { name: command["name"].as_str()?, version, command })
}

pub(super) fn guild_index(world: &World, caller: &Caller, guild_id: u64) -> Reply {
    if !world.settings.permissive && guild_id != world.guild_id() {
        return error_body::unknown_guild();
    }
    user_index(world, caller)
}

pub(super) fn user_index(world: &World, caller: &Caller) -> Reply {
    if caller.bot {
        return error_body::bots_cannot();
    }
    Reply::json(200, &with_version(world, INDEX.clone()))
}

pub(super) fn search(world: &World, caller: &Caller, query: &str) -> Reply {
    if caller.bot {
        return error_body::bots_cannot();
    }
    let wanted = query_field(query, "query").unwrap_or_default();
    let mut answer = SEARCH.clone();
    if wanted != "imagine" {
        let commands = INDEX["application_commands"].as_array().into_iter().flatten();
        let fits = |command: &&Value| {
            command["type"] == 1 && command["name"].as_str().is_some_and(|name| name.starts_with(wanted))
        };
        answer["application_commands"] = commands.filter(fits).cloned().collect();
    }
    Reply::json(200, &with_version(world, answer))
}

/// The list with imagine's true version, and with niji's commands behind if its bot is there.
fn with_version(world: &World, mut answer: Value) -> Value {
    let imagine = IMAGINE.to_string();
    let niji = world.settings.niji.map(Application::niji);
    let mut more = Vec::new();
    for command in answer["application_commands"].as_array_mut().into_iter().flatten() {
        let is_imagine = command["id"] == *imagine;
        if let Some(niji) = niji {
            more.push(of_niji(world, niji, command, is_imagine));
        }
        if is_imagine {
            command["version"] = json!(imagine_version(world, Application::MIDJOURNEY).to_string());
        }
    }
    if let Some(commands) = answer["application_commands"].as_array_mut() {
        commands.extend(more);
    }
    if let (Some(niji), Some(applications)) = (niji, answer["applications"].as_array_mut()) {
        let bot = bot_author(niji);
        applications
            .push(json!({ "id": niji.id.to_string(), "name": niji.name, "description": "", "bot": bot }));
    }
    answer
}

fn of_niji(world: &World, niji: Application, command: &Value, is_imagine: bool) -> Value {
    let mut command = command.clone();
    let id = super::id_of(&command["id"]).unwrap_or_default() + NIJI_IDS;
    command["id"] = json!(id.to_string());
    command["application_id"] = json!(niji.id.to_string());
    if is_imagine {
        command["version"] = json!(imagine_version(world, niji).to_string());
    }
    command
}
