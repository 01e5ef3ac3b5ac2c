//! Direct messages and reactions: how an account asks the bot for a job's seed.
//!
//! What the bot then says is the bot's business.

use serde_json::{Value, json};

use super::{Caller, id_of};
use crate::account::User;
use crate::discord::Event;
use crate::error_body;
use crate::http::Reply;
use crate::message::{APPLICATION_ID, Application, bot_author};
use crate::world::World;

/// The envelope, with or without the sign that makes it colourful (peer: zenghr0820 reacts with it).
const ENVELOPES: [&str; 2] = ["✉️", "✉"];

/// `POST /users/@me/channels`: the account's direct channel with the bot, which is the only other user to talk to.
pub(super) fn open(world: &mut World, caller: &Caller, body: &Value) -> Reply {
    let Some(recipient) = id_of(&body["recipient_id"]) else {
        return error_body::required(&["recipient_id"]);
    };
    if recipient != APPLICATION_ID {
        return error_body::error(400, 50033, "Invalid Recipient(s)");
    }
    let at = world.now();
    let id = world.discord.direct_channel(at, caller.id);
    Reply::json(
        200,
        &json!({ "id": id.to_string(), "type": 1, "recipients": [bot_author(Application::MIDJOURNEY)] }),
    )
}

/// `PUT …/reactions/{emoji}/@me`: the message has a reaction; an envelope on a result asks for its seed.
pub(super) fn react(
    world: &mut World,
    caller: &Caller,
    channel_id: u64,
    message_id: u64,
    emoji: &str,
) -> Reply {
    let Some(message) = world.discord.visible(channel_id, message_id) else {
        return error_body::unknown_message();
    };
    let Some(emoji) = decoded(emoji) else { return error_body::error(400, 10014, "Unknown Emoji") };
    let message = message.json.clone();
    let at = world.now();
    let data = json!({
        "user_id": caller.id.to_string(),
        "channel_id": channel_id.to_string(),
        "message_id": message_id.to_string(),
        "emoji": { "id": null, "name": emoji },
    });
    let nobody: Option<&User> = None;
    world.discord.emit(Event {
        at,
        only_for: world.discord.audience(channel_id, nobody),
        channel_id,
        name: "MESSAGE_REACTION_ADD",
        data,
    });
    if ENVELOPES.contains(&emoji.as_str()) {
        let (bot, mut stage) = world.bot();
        bot.tell_seed(&mut stage, at, caller, &message);
    }
    Reply::empty(204)
}

/// A path's segment with its percent signs resolved.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
