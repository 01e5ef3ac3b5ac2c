//! Discord's endpoints: one function each, from a parsed request to an answer.
//!
//! Who may ask and how often is settled before.

mod command;
mod direct;
mod file;
mod form;
mod interaction;
mod message;
mod option;
mod run;

use serde_json::{Value, json};

use crate::account::User;
use crate::error_body;
use crate::http::Reply;
use crate::message::account;
use crate::route::{Endpoint, Route};
use crate::world::World;

pub(crate) use file::{Uploads, file, file_template};
pub(crate) use form::{Payload, payload};

/// Who asks.
pub(crate) type Caller = User;

/// Answers a request that passed the limits.
pub(crate) fn dispatch(
    world: &mut World,
    route: &Route,
    query: &str,
    payload: &Payload<'_>,
    caller: Option<Caller>,
) -> Reply {
    let Some(caller) = caller else { return gateway(world) };
    let channel_id = route.first_id();
    match route.endpoint {
        Endpoint::Gateway => gateway(world),
        Endpoint::GatewayBot => gateway_bot(world, &caller),
        Endpoint::Me => me(&caller),
        Endpoint::Interact => interaction::interact(world, &caller, &payload.json),
        Endpoint::GuildCommands => command::guild_index(world, &caller, channel_id),
        Endpoint::UserCommands => command::user_index(world, &caller),
        Endpoint::OpenDirect => direct::open(world, &caller, &payload.json),
        Endpoint::RefreshLinks => file::refresh_links(world, &payload.json),
        Endpoint::ListMessages
        | Endpoint::CreateMessage
        | Endpoint::GetMessage
        | Endpoint::React
        | Endpoint::DeleteMessage
        | Endpoint::GetChannel
        | Endpoint::RenameChannel
        | Endpoint::ChannelCommands
        | Endpoint::SearchCommands
        | Endpoint::RequestUpload => {
            if let Some(refusal) = closed(world, channel_id, &caller) {
                return refusal;
            }
            if is_message(route.endpoint) && world.access_is_lost() {
                return error_body::missing_access();
            }
            in_channel(world, route, query, payload, &caller)
        }
    }
}

fn in_channel(
    world: &mut World,
    route: &Route,
    query: &str,
    payload: &Payload<'_>,
    caller: &Caller,
) -> Reply {
    let body = &payload.json;
    let (channel_id, message_id) = (route.first_id(), route.second_id());
    match route.endpoint {
        Endpoint::ListMessages => message::list(world, channel_id, query),
        Endpoint::CreateMessage => message::create(world, caller, channel_id, payload),
        Endpoint::GetMessage => message::get(world, channel_id, message_id),
        Endpoint::React => direct::react(world, caller, channel_id, message_id, &route.emoji),
        Endpoint::DeleteMessage => message::delete(world, caller, channel_id, message_id),
        Endpoint::GetChannel | Endpoint::RenameChannel => channel(world, channel_id, body),
        Endpoint::ChannelCommands => command::user_index(world, caller),
        Endpoint::SearchCommands => command::search(world, caller, query),
        Endpoint::RequestUpload => file::request_upload(world, body),
        Endpoint::Interact
        | Endpoint::GuildCommands
        | Endpoint::UserCommands
        | Endpoint::RefreshLinks
        | Endpoint::OpenDirect
        | Endpoint::Me
        | Endpoint::Gateway
        | Endpoint::GatewayBot => error_body::not_found(),
    }
}

/// Whether an endpoint reads or writes messages; the commands stay known without access, so that one can be tried.
fn is_message(endpoint: Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::ListMessages
            | Endpoint::GetMessage
            | Endpoint::CreateMessage
            | Endpoint::DeleteMessage
            | Endpoint::React
    )
}

/// Why a channel cannot be used, if it cannot.
fn closed(world: &mut World, channel_id: u64, caller: &Caller) -> Option<Reply> {
    let owner = world.discord.audience(channel_id, None);
    // Inferred: somebody else's direct channel is not there.
    if !world.has_channel(channel_id) || owner.is_some_and(|owner| owner != caller.id) {
        return Some(error_body::unknown_channel());
    }
    world.settings.locked_channels.contains(&channel_id).then(error_body::missing_access)
}

fn channel(world: &World, channel_id: u64, body: &Value) -> Reply {
    if world.discord.audience(channel_id, None).is_some() {
        return Reply::json(200, &json!({ "id": channel_id.to_string(), "type": 1 }));
    }
    let name = body["name"].as_str().unwrap_or("pictures");
    let guild_id = world.guild_id().to_string();
    Reply::json(200, &json!({ "id": channel_id.to_string(), "type": 0, "guild_id": guild_id, "name": name }))
}

fn me(caller: &Caller) -> Reply {
    let mut user = account(caller);
    user["bot"] = json!(caller.bot);
    Reply::json(200, &user)
}

/// The address stays on this machine.
fn gateway(world: &World) -> Reply {
    Reply::json(200, &json!({ "url": world.ready().gateway }))
}

/// Real: the limit is part of the answer (Discord's docs).
fn gateway_bot(world: &World, caller: &Caller) -> Reply {
    let (remaining, reset_after) = world.gateway.starts_left(world.now(), caller.id);
    let limit = json!({
        "total": world.settings.gateway.session_starts,
        "remaining": remaining,
        "reset_after": u64::try_from(reset_after.as_millis()).unwrap_or(u64::MAX),
        "max_concurrency": world.settings.gateway.max_concurrency,
    });
    Reply::json(200, &json!({ "url": world.ready().gateway, "shards": 1, "session_start_limit": limit }))
}

/// An id in a body: Discord takes strings and numbers.
pub(crate) fn id_of(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// The channel of an interaction.
pub(crate) fn channel_of(body: &Value) -> u64 {
    id_of(&body["channel_id"]).unwrap_or_default()
}

/// A nonce: a string or a number (real: captures have strings).
fn nonce_of(body: &Value) -> Option<String> {
    body["nonce"]
        .as_str()
        .map(str::to_owned)
        .or_else(|| body["nonce"].as_u64().map(|nonce| nonce.to_string()))
}

/// A field of a query string, as it stands.
fn query_field<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}
