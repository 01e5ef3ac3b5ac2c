//! The bot's commands with their versions, as clients discover them.
//!
//! The lists are captures (bulkai's of 2024, the first article's search); only versions are filled in.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{Caller, query_field};
use crate::error_body;
use crate::http::Reply;
use crate::world::World;

/// Real: imagine's id.
pub(super) const IMAGINE: u64 = 938_956_540_159_881_230;

static INDEX: LazyLock<Value> =
    LazyLock::new(|| read(include_str!("../../data/application_command_index.json")));
static SEARCH: LazyLock<Value> =
    LazyLock::new(|| read(include_str!("../../data/application_commands_search.json")));

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// The version that imagine must be sent with.
pub(super) fn imagine_version(world: &World) -> u64 {
    world.settings.era.imagine_version() + world.command_changes
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

/// The command with this id.
pub(super) fn known(world: &World, id: u64) -> Option<Known> {
    let id_text = id.to_string();
    let commands = INDEX["application_commands"].as_array()?;
    let command = commands.iter().find(|command| command["id"] == *id_text)?;
    let version = if id == IMAGINE { imagine_version(world) } else { super::id_of(&command["version"])? };
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

fn with_version(world: &World, mut answer: Value) -> Value {
    let imagine = IMAGINE.to_string();
    for command in answer["application_commands"].as_array_mut().into_iter().flatten() {
        if command["id"] == *imagine {
            command["version"] = json!(imagine_version(world).to_string());
        }
    }
    answer
}
