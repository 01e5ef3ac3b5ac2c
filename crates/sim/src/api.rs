//! Discord's endpoints: one function each, from a parsed request to an answer.
//!
//! Who may ask and how often is settled before.

mod command;
mod file;
mod interaction;
mod message;

use serde_json::{Value, json};

use crate::account::User;
use crate::error_body;
use crate::http::{HttpRequest, Reply};
use crate::message::mention;
use crate::route::{Endpoint, Route};
use crate::world::World;

pub(crate) use file::{Uploads, file, file_template};

/// Who asks.
pub(crate) type Caller = User;

/// Answers a request that passed the limits.
pub(crate) fn dispatch(
    world: &mut World,
    route: &Route,
    query: &str,
    body: &Value,
    caller: Option<Caller>,
) -> Reply {
    let Some(caller) = caller else { return gateway(world) };
    let channel_id = route.first_id();
    match route.endpoint {
        Endpoint::Gateway => gateway(world),
        Endpoint::GatewayBot => gateway_bot(world),
        Endpoint::Me => me(&caller),
        Endpoint::Interact => interaction::interact(world, &caller, body),
        Endpoint::GuildCommands => command::guild_index(world, &caller, channel_id),
        Endpoint::UserCommands => command::user_index(world, &caller),
        Endpoint::ListMessages
        | Endpoint::CreateMessage
        | Endpoint::GetMessage
        | Endpoint::DeleteMessage
        | Endpoint::GetChannel
        | Endpoint::RenameChannel
        | Endpoint::ChannelCommands
        | Endpoint::SearchCommands
        | Endpoint::RequestUpload => {
            if let Some(refusal) = closed(world, channel_id) {
                return refusal;
            }
            if is_message(route.endpoint) && world.access_is_lost() {
                return error_body::missing_access();
            }
            in_channel(world, route, query, body, &caller)
        }
    }
}

fn in_channel(world: &mut World, route: &Route, query: &str, body: &Value, caller: &Caller) -> Reply {
    let (channel_id, message_id) = (route.first_id(), route.second_id());
    match route.endpoint {
        Endpoint::ListMessages => message::list(world, channel_id, query),
        Endpoint::CreateMessage => message::create(world, caller, channel_id, body),
        Endpoint::GetMessage => message::get(world, channel_id, message_id),
        Endpoint::DeleteMessage => message::delete(world, caller, channel_id, message_id),
        Endpoint::GetChannel | Endpoint::RenameChannel => channel(world, channel_id, body),
        Endpoint::ChannelCommands => command::user_index(world, caller),
        Endpoint::SearchCommands => command::search(world, caller, query),
        Endpoint::RequestUpload => file::request_upload(world, body),
        Endpoint::Interact
        | Endpoint::GuildCommands
        | Endpoint::UserCommands
        | Endpoint::Me
        | Endpoint::Gateway
        | Endpoint::GatewayBot => error_body::not_found(),
    }
}

/// Whether an endpoint reads or writes messages; the commands stay known without access, so that one can be tried.
fn is_message(endpoint: Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::ListMessages | Endpoint::GetMessage | Endpoint::CreateMessage | Endpoint::DeleteMessage
    )
}

/// Why a channel cannot be used, if it cannot.
fn closed(world: &mut World, channel_id: u64) -> Option<Reply> {
    if !world.has_channel(channel_id) {
        return Some(error_body::unknown_channel());
    }
    world.settings.locked_channels.contains(&channel_id).then(error_body::missing_access)
}

fn channel(world: &World, channel_id: u64, body: &Value) -> Reply {
    let name = body["name"].as_str().unwrap_or("pictures");
    let guild_id = world.guild_id().to_string();
    Reply::json(200, &json!({ "id": channel_id.to_string(), "type": 0, "guild_id": guild_id, "name": name }))
}

fn me(caller: &Caller) -> Reply {
    let mut user = mention(caller);
    user["bot"] = json!(caller.bot);
    Reply::json(200, &user)
}

/// The address stays on this machine.
fn gateway(world: &World) -> Reply {
    Reply::json(200, &json!({ "url": gateway_url(world) }))
}

fn gateway_bot(world: &World) -> Reply {
    let limit = json!({ "total": 1_000, "remaining": 1_000, "reset_after": 0, "max_concurrency": 1 });
    Reply::json(200, &json!({ "url": gateway_url(world), "shards": 1, "session_start_limit": limit }))
}

fn gateway_url(world: &World) -> String {
    format!("{}/gateway", world.settings.origin.replacen("http", "ws", 1))
}

/// A request's JSON, also from the `payload_json` of a form (real: the web client sends that); null if none.
pub(crate) fn payload(request: &HttpRequest) -> Value {
    let boundary = request.header("content-type").and_then(|kind| {
        let (_, boundary) = kind.strip_prefix("multipart/form-data")?.split_once("boundary=")?;
        Some(boundary.trim_matches('"'))
    });
    let json = match boundary {
        Some(boundary) => form_field(&request.body, boundary, "payload_json").unwrap_or_default(),
        None => &request.body,
    };
    serde_json::from_slice(json).unwrap_or_default()
}

fn form_field<'a>(body: &'a [u8], boundary: &str, name: &str) -> Option<&'a [u8]> {
    let fence = format!("--{boundary}");
    let wanted = format!("name=\"{name}\"");
    let mut rest = body;
    while let Some(at) = find(rest, fence.as_bytes()) {
        rest = &rest[at + fence.len()..];
        let end = find(rest, fence.as_bytes()).unwrap_or(rest.len());
        let part = &rest[..end];
        if let Some(gap) = find(part, b"\r\n\r\n")
            && String::from_utf8_lossy(&part[..gap]).contains(&wanted)
        {
            return part[gap + 4..].strip_suffix(b"\r\n");
        }
    }
    None
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_of_a_form_is_the_same_as_plain_json() {
        let form = "--xyz\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n{}\r\n--xyz\r\nContent-Disposition: \
                    form-data; name=\"payload_json\"\r\n\r\n{\"type\":2}\r\n--xyz--\r\n";
        let request = HttpRequest {
            headers: vec![("Content-Type".to_owned(), "multipart/form-data; boundary=xyz".to_owned())],
            body: form.as_bytes().to_vec(),
            ..HttpRequest::default()
        };
        assert_eq!(payload(&request)["type"], 2);
        let plain = HttpRequest { body: b"{\"type\":2}".to_vec(), ..HttpRequest::default() };
        assert_eq!(payload(&plain), payload(&request));
        assert_eq!(payload(&HttpRequest { body: b"{".to_vec(), ..plain }), Value::Null);
    }
}
