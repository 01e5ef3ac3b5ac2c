//! The imagine command as a payload. It is discovered by others and sent by others.

use journeyman_model::{ChannelId, Command, CommandIndex, GuildId};
use serde_json::{Value, json};

use crate::application::MIDJOURNEY;

/// Where a command is sent or a button pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The guild; `None` in a DM.
    pub guild: Option<GuildId>,
    /// The channel.
    pub channel: ChannelId,
    /// The gateway session's id, or any text of that shape where there is no session.
    pub session_id: &'a str,
}

/// The imagine command in an index or in a search's answer.
pub fn find_imagine(index: &CommandIndex) -> Option<&Command> {
    index.find(MIDJOURNEY, "imagine")
}

/// The payload of `/imagine` (`POST /interactions`, type 2).
pub fn imagine(command: &Command, place: &Place<'_>, nonce: &str, prompt: &str) -> Value {
    json!({
        "type": 2,
        "application_id": command.application.unwrap_or(MIDJOURNEY),
        "guild_id": place.guild,
        "channel_id": place.channel,
        "session_id": place.session_id,
        "nonce": nonce,
        "data": {
            "version": command.version,
            "id": command.id,
            "name": command.name,
            "type": 1,
            "options": [{ "type": 3, "name": "prompt", "value": prompt }],
            "attachments": [],
        },
    })
}
