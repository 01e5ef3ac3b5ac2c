//! The world's gateway from outside: sockets, frames in and frames out.
//!
//! Sessions are in `gateway`; this looks tokens up and composes what READY tells.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::World;
use crate::account::User;
use crate::gateway::{Frame, GatewayFault, Identify, Resume, SessionReport, SocketKey, Wanted};
use crate::message::{APPLICATION_ID, account};

/// The version that Discord's docs call the default when none is asked for is older; here it is the current one.
const VERSION: u64 = 10;

/// Real: Discord's docs; without intents a bot's IDENTIFY is invalid.
const GUILDS: u64 = 1;

impl World {
    /// Opens a websocket at `now`; none while the gateway is down.
    pub fn connect(&mut self, now: Duration) -> Option<SocketKey> {
        self.connect_to(now, "")
    }

    /// Opens a websocket with the query of its address, such as `v=9&encoding=json`.
    pub fn connect_to(&mut self, now: Duration, query: &str) -> Option<SocketKey> {
        self.poll(now);
        let version = query.split('&').find_map(|pair| pair.strip_prefix("v="));
        let version = version.map_or(Ok(VERSION), str::parse::<u64>).unwrap_or_default();
        let key = self.gateway.connect(self.now, version, &mut self.timers)?;
        if !(6..=10).contains(&version) {
            // Real: 4012 (Discord's docs).
            self.gateway.close(self.now, key, 4012);
        }
        Some(key)
    }

    /// Takes a text frame of a client.
    pub fn frame(&mut self, now: Duration, socket: SocketKey, text: &str) {
        self.poll(now);
        match self.gateway.receive(self.now, socket, text) {
            Some(Wanted::Identify(identify)) => self.identify(socket, &identify),
            Some(Wanted::Resume(resume)) => self.resume(socket, &resume),
            Some(Wanted::Heartbeat | Wanted::Other) | None => {}
        }
        self.gateway.expect_expiry(self.now, &mut self.timers);
    }

    /// A client's websocket is gone: with a close code, or without a close frame.
    pub fn hang_up(&mut self, now: Duration, socket: SocketKey, code: Option<u16>) {
        self.poll(now);
        self.gateway.hang_up(self.now, socket, code);
        self.gateway.expect_expiry(self.now, &mut self.timers);
    }

    /// The next frame for a client; [`Frame::Close`] and [`Frame::Cut`] are the last.
    pub fn next_frame(&mut self, socket: SocketKey) -> Option<Frame> {
        self.gateway.next_frame(socket)
    }

    /// Does what a fault does, now: to the session of that id, or to all that are connected. Tells to how many.
    pub fn disturb(&mut self, now: Duration, fault: &GatewayFault, session_id: Option<&str>) -> usize {
        self.poll(now);
        let struck = self.gateway.disturb(self.now, fault, session_id);
        self.gateway.expect_expiry(self.now, &mut self.timers);
        struck
    }

    /// The sessions that are connected or can still be resumed, oldest first.
    pub fn sessions(&self) -> Vec<SessionReport> {
        self.gateway.sessions()
    }

    /// The sockets that have been given something since the last call.
    pub(crate) fn take_loud(&mut self) -> BTreeSet<SocketKey> {
        self.gateway.take_loud()
    }

    /// Whether a socket has its last frame before it, or is gone.
    pub(crate) fn has_ended(&self, socket: SocketKey) -> bool {
        self.gateway.has_ended(socket)
    }

    /// Whether a client is connected.
    pub(crate) fn is_listened_to(&self) -> bool {
        self.gateway.has_sockets()
    }

    /// Hands new events to the sessions.
    pub(super) fn spread_events(&mut self) {
        let emitted = self.discord.emitted();
        let heard = self.gateway.heard();
        if emitted == heard {
            return;
        }
        let new = self.discord.events_after(heard);
        self.gateway.hear(emitted, new, &self.settings.locked_channels, &mut self.timers);
        self.gateway.expect_expiry(self.now, &mut self.timers);
    }

    fn identify(&mut self, socket: SocketKey, identify: &Identify) {
        let Some(user) = self.identified_user(identify) else {
            // Real: 4004 (Discord's docs).
            return self.gateway.close(self.now, socket, 4004);
        };
        if user.bot && identify.intents.is_none() {
            return self.gateway.close(self.now, socket, 4013);
        }
        let begun = self.gateway.identify(self.now, socket, &user, identify.intents, &mut self.timers);
        let Some(session) = begun else { return };
        let version = self.gateway.version(socket);
        let id = self.gateway.session_id(session).to_owned();
        let ready = self.ready_data(&user, version, &id);
        self.gateway.tell(self.now, session, "READY", &ready, &mut self.timers);
        if user.bot && identify.intents.is_some_and(|intents| intents & GUILDS != 0) {
            // Real: a bot's guilds come one by one (Discord's docs).
            let guild = self.guild_data();
            self.gateway.tell(self.now, session, "GUILD_CREATE", &guild, &mut self.timers);
        }
    }

    /// Real: the gateway takes a bot's token without the `Bot ` of the header (Discord's docs).
    fn identified_user(&mut self, identify: &Identify) -> Option<User> {
        let as_bot = format!("Bot {}", identify.token);
        if let Some(user) = self.accounts.of(&identify.token).or_else(|| self.accounts.of(&as_bot)) {
            return Some(user.clone());
        }
        // A stranger with intents is a bot: user accounts send none.
        let header = if identify.intents.is_some() { &as_bot } else { &identify.token };
        self.user_of(header)
    }

    fn resume(&mut self, socket: SocketKey, resume: &Resume) {
        let as_bot = format!("Bot {}", resume.token);
        let user = self.accounts.of(&resume.token).or_else(|| self.accounts.of(&as_bot)).cloned();
        match user {
            Some(user) => self.gateway.resume(self.now, socket, &user, resume, &mut self.timers),
            None => self.gateway.close(self.now, socket, 4004),
        }
    }

    /// Real: the fields of a capture of 2023, without those that nobody reads; the guild's are inferred.
    fn ready_data(&self, user: &User, version: u64, session_id: &str) -> Value {
        let guild_id = &self.ready.guild_id;
        let guilds = if user.bot {
            json!([{ "id": guild_id, "unavailable": true }])
        } else {
            json!([self.guild_data()])
        };
        let mut ready = json!({
            "v": version,
            "user": account(user),
            "user_settings": {},
            "session_id": session_id,
            "resume_gateway_url": self.ready.gateway,
            "session_type": "normal",
            "guilds": guilds,
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "country_code": "DE",
        });
        if user.bot {
            ready["application"] = json!({ "id": user.id.to_string(), "flags": 0 });
            ready["shard"] = json!([0, 1]);
        }
        ready
    }

    fn guild_data(&self) -> Value {
        let guild_id = &self.ready.guild_id;
        let channels = self.discord.channels.keys().filter(|id| !self.settings.locked_channels.contains(id));
        let channels: Vec<_> =
            channels.map(|id| json!({ "id": id.to_string(), "type": 0, "name": "pictures" })).collect();
        json!({
            "id": guild_id,
            "name": "pictures",
            "owner_id": self.ready.user_id,
            "unavailable": false,
            "large": false,
            "member_count": 2,
            "channels": channels,
            "threads": [],
            "members": [],
            "roles": [{ "id": guild_id, "name": "@everyone" }],
            "emojis": [],
            "application_command_counts": { "1": 1 },
            "bot_id": APPLICATION_ID.to_string(),
        })
    }
}

/// The gateway's address beside an origin of REST.
pub(super) fn url(origin: &str) -> String {
    format!("{}/gateway", origin.replacen("http", "ws", 1))
}
