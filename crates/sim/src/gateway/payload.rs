//! Reading what clients send, and the close codes in Discord's words.
//!
//! It decides nothing about sessions.

use serde_json::Value;

use super::socket::Frame;

/// The longest payload of a client (real: 15 kibibytes, Discord's docs).
const LONGEST: usize = 15 * 1024;

/// What a client's payload asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Heartbeat,
    Identify(Identify),
    Resume(Resume),
    /// Something that the world takes and that changes nothing in it, such as a presence.
    Other,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identify {
    pub(crate) token: String,
    pub(crate) intents: Option<u64>,
}

impl std::fmt::Debug for Identify {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Identify").field("intents", &self.intents).finish_non_exhaustive()
    }
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Resume {
    pub(crate) token: String,
    pub(crate) session_id: String,
    pub(crate) seq: u64,
}

impl std::fmt::Debug for Resume {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { token: _, session_id, seq } = self;
        out.debug_struct("Resume").field("session_id", session_id).field("seq", seq).finish_non_exhaustive()
    }
}

/// Reads a payload, or says with which code the socket closes.
///
/// Real: 4002 for what cannot be decoded, 4001 for an unknown opcode (Discord's docs). Which opcodes a user account may
/// send beyond the documented ones is inferred: 12 to 43 are in use by Discord's own apps (reverse-engineered lists).
pub(super) fn parse(text: &str) -> Result<Wanted, u16> {
    if text.len() > LONGEST {
        return Err(4002);
    }
    let payload: Value = serde_json::from_str(text).map_err(|_| 4002_u16)?;
    let op = payload.get("op").and_then(Value::as_u64).ok_or(4002_u16)?;
    let data = &payload["d"];
    match op {
        1 => Ok(Wanted::Heartbeat),
        2 => {
            let token = data["token"].as_str().ok_or(4002_u16)?.to_owned();
            Ok(Wanted::Identify(Identify { token, intents: data["intents"].as_u64() }))
        }
        6 => Ok(Wanted::Resume(Resume {
            token: data["token"].as_str().ok_or(4002_u16)?.to_owned(),
            session_id: data["session_id"].as_str().ok_or(4002_u16)?.to_owned(),
            seq: data["seq"].as_u64().ok_or(4002_u16)?,
        })),
        3 | 4 | 5 | 8 | 12..=43 => Ok(Wanted::Other),
        _ => Err(4001),
    }
}

/// A close frame with Discord's reason.
pub(super) fn close(code: u16) -> Frame {
    // Real: the table "Gateway Close Event Codes" of Discord's docs.
    let reason = match code {
        4000 => "Unknown error.",
        4001 => "Unknown opcode.",
        4002 => "Error while decoding payload.",
        4003 => "Not authenticated.",
        4004 => "Authentication failed.",
        4005 => "Already authenticated.",
        4007 => "Invalid sequence.",
        4008 => "Rate limited.",
        4009 => "Session timed out.",
        4010 => "Invalid shard.",
        4011 => "Sharding required.",
        4012 => "Invalid API version.",
        4013 => "Invalid intent(s).",
        4014 => "Disallowed intent(s).",
        _ => "",
    };
    Frame::Close { code, reason }
}

/// Whether a close by the gateway ends the session too: the fatal codes, and those after which the docs ask for a new
/// session; 1000 and 1001 likewise.
pub(super) fn ends_session(code: u16) -> bool {
    matches!(code, 1000 | 1001 | 4004 | 4007 | 4009..=4014)
}
