//! Frames: what is sent, and the few fields of a received one that decide what happens to it. It keeps no state.

use std::fmt;

use journeyman_model::UserId;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::Token;
use crate::gateway::Damage;

/// A frame to send. `Debug` shows its opcode only: it may hold the token.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    op: u64,
    text: String,
}

impl Frame {
    /// Its opcode, such as 1 for a heartbeat.
    pub const fn op(&self) -> u64 {
        self.op
    }

    /// The JSON text, as it goes over the wire. It holds the token of IDENTIFY and RESUME: never log it.
    pub fn text(&self) -> &str {
        &self.text
    }

    fn new(op: u64, data: &Value) -> Self {
        Self { op, text: json!({ "op": op, "d": data }).to_string() }
    }

    /// Opcode 1, with the last sequence number, or null before the first.
    pub(crate) fn heartbeat(sequence: Option<u64>) -> Self {
        Self::new(1, &json!(sequence))
    }

    /// Opcode 6.
    pub(crate) fn resume(token: &Token, session_id: &str, sequence: Option<u64>) -> Self {
        let sequence = sequence.unwrap_or(0);
        Self::new(6, &json!({ "token": token.secret(), "session_id": session_id, "seq": sequence }))
    }

    /// Opcode 2: of a user's account as its own clients send it, of a bot as Discord's docs describe it.
    pub(crate) fn identify(token: &Token) -> Self {
        #[cfg(feature = "user-account")]
        if !token.is_bot() {
            return Self::new(2, &user(token));
        }
        Self::new(2, &bot(token))
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame").field("op", &self.op).finish_non_exhaustive()
    }
}

/// Who we say we are: by our own name, never as a browser.
fn properties() -> Value {
    json!({ "os": std::env::consts::OS, "browser": "journeyman", "device": "journeyman" })
}

/// The fields that clients of user accounts send; there are no intents (as other clients for Midjourney send it in
/// 2026). Each value of `client_state` says that nothing is known from before.
#[cfg(feature = "user-account")]
fn user(token: &Token) -> Value {
    json!({
        "token": token.secret(),
        "capabilities": 16_381,
        "properties": properties(),
        "presence": { "status": "online", "since": 0, "activities": [], "afk": false },
        // The stream as a whole is compressed instead.
        "compress": false,
        "client_state": {
            "api_code_version": 0,
            "guild_versions": {},
            "highest_last_message_id": "0",
            "private_channels_version": "0",
            "read_state_version": 0,
            "user_guild_settings_version": -1,
            "user_settings_version": -1,
        },
    })
}

/// Messages in guilds and direct messages, with what they say (Discord's docs, "Gateway", list of intents).
fn bot(token: &Token) -> Value {
    const MESSAGES: u64 = 1 << 9 | 1 << 12 | 1 << 15;
    json!({
        "token": token.secret(),
        "intents": MESSAGES,
        "properties": properties(),
        "compress": false,
    })
}

/// A received frame, with its data unread.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope<'a> {
    pub(crate) op: Option<u64>,
    pub(crate) s: Option<u64>,
    pub(crate) t: Option<String>,
    #[serde(borrow)]
    pub(crate) d: Option<&'a RawValue>,
}

/// What a text is.
#[derive(Debug)]
pub(crate) enum Read<'a> {
    /// A frame.
    Frame(Envelope<'a>),
    /// JSON, and no frame.
    Strange,
    /// Not JSON.
    Damaged,
}

impl<'a> Read<'a> {
    /// Reads the envelope; a field of a wrong type makes it strange.
    pub(crate) fn of(text: &'a str) -> Self {
        match serde_json::from_str::<Envelope<'a>>(text) {
            Ok(envelope) => Self::Frame(envelope),
            Err(error) if error.is_data() => Self::Strange,
            Err(_) => Self::Damaged,
        }
    }
}

impl Envelope<'_> {
    /// The data, as far as it can be read as this.
    pub(crate) fn data<'de, T: Deserialize<'de>>(&'de self) -> Option<T> {
        serde_json::from_str(self.d?.get()).ok()
    }

    /// The channel that the data names, without reading the rest of it.
    pub(crate) fn channel(&self) -> Option<Value> {
        self.data::<Located>()?.channel_id
    }
}

#[derive(Deserialize)]
struct Located {
    channel_id: Option<Value>,
}

/// HELLO's data.
#[derive(Deserialize)]
pub(crate) struct Hello {
    heartbeat_interval: Option<Value>,
}

impl Hello {
    /// The interval in milliseconds, where it is one.
    pub(crate) fn interval_ms(&self) -> Option<u64> {
        self.heartbeat_interval.as_ref()?.as_u64()
    }
}

/// What is taken from READY, which can have many megabytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) session_id: String,
    pub(crate) resume_gateway_url: Option<String>,
    pub(crate) user: UserId,
}

impl Ready {
    pub(crate) fn of(envelope: &Envelope<'_>) -> Result<Self, Damage> {
        #[derive(Deserialize)]
        struct Fields {
            session_id: Option<Value>,
            resume_gateway_url: Option<Value>,
            user: Option<Value>,
        }
        let fields: Fields = envelope.data().ok_or(Damage::Ready)?;
        let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
        Ok(Self {
            session_id: text(fields.session_id).filter(|id| !id.is_empty()).ok_or(Damage::Ready)?,
            resume_gateway_url: text(fields.resume_gateway_url),
            user: fields.user.and_then(|user| UserId::from_json(&user["id"])).ok_or(Damage::Ready)?,
        })
    }
}
