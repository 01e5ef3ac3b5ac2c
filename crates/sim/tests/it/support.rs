//! A naive client of a world in virtual time.
//!
//! It knows nothing of Midjourney's meaning: it sends, waits and looks.

use std::time::Duration;

use journeyman_sim::{HttpAnswer, HttpRequest, Ready, Settings, World};
use serde_json::{Value, json};

pub(crate) const MIDJOURNEY: &str = "936929561302675456";

/// The world's own account in its own channel.
pub(crate) struct Client {
    pub(crate) world: World,
    pub(crate) ready: Ready,
    pub(crate) now: Duration,
    nonce: u64,
}

impl Client {
    pub(crate) fn new(settings: Settings) -> Self {
        let world = World::new(settings);
        let ready = world.ready();
        Self { world, ready, now: Duration::ZERO, nonce: 1_400_000_000_000_000_000 }
    }

    pub(crate) fn wait(&mut self, span: Duration) {
        self.now += span;
        self.world.poll(self.now);
    }

    pub(crate) fn wait_ms(&mut self, ms: u64) {
        self.wait(Duration::from_millis(ms));
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, body: &Value) -> HttpAnswer {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = HttpRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: vec![
                ("Authorization".to_owned(), self.ready.token.clone()),
                ("Content-Type".to_owned(), "application/json".to_owned()),
            ],
            body,
        };
        self.world.handle(self.now, request)
    }

    pub(crate) fn get(&mut self, path: &str) -> HttpAnswer {
        self.send("GET", path, &Value::Null)
    }

    /// Sends an imagine as a client would: with the version that was just discovered, and a new nonce.
    pub(crate) fn imagine(&mut self, prompt: &str) -> HttpAnswer {
        self.nonce += 1;
        let nonce = self.nonce;
        self.imagine_with_nonce(prompt, nonce)
    }

    pub(crate) fn imagine_with_nonce(&mut self, prompt: &str, nonce: u64) -> HttpAnswer {
        let version = self.version();
        let body = imagine(&self.ready, &version, prompt, nonce);
        self.send("POST", "/api/v10/interactions", &body)
    }

    /// Presses the first button of a message whose id begins so.
    pub(crate) fn press(&mut self, message: &Value, begins: &str) -> HttpAnswer {
        let rows = message["components"].as_array().expect("rows").iter();
        let ids = rows.flat_map(|row| row["components"].as_array().expect("buttons"));
        let custom_id =
            ids.filter_map(|button| button["custom_id"].as_str()).find(|id| id.starts_with(begins));
        self.nonce += 1;
        let body = json!({
            "type": 3,
            "application_id": MIDJOURNEY,
            "guild_id": self.ready.guild_id,
            "channel_id": self.ready.channel_id,
            "session_id": "00000000000000000000000000000000",
            "message_flags": message["flags"],
            "message_id": message["id"],
            "nonce": self.nonce.to_string(),
            "data": { "component_type": 2, "custom_id": custom_id.expect("such a button") },
        });
        self.send("POST", "/api/v10/interactions", &body)
    }

    pub(crate) fn version(&mut self) -> String {
        let channel = self.ready.channel_id.clone();
        let path = format!("/api/v10/channels/{channel}/application-commands/search?type=1&query=imagine");
        let answer = self.get(&path).json().expect("a command list");
        answer["application_commands"][0]["version"].as_str().expect("a version").to_owned()
    }

    /// The newest page of the channel, newest first.
    pub(crate) fn page(&mut self) -> Vec<Value> {
        let channel = self.ready.channel_id.clone();
        let answer = self.get(&format!("/api/v10/channels/{channel}/messages?limit=100"));
        assert_eq!(answer.status, 200, "{:?}", answer.json());
        answer.json().expect("a page").as_array().expect("a list").clone()
    }

    /// What the gateway session was sent so far: name and payload.
    pub(crate) fn events(&self) -> Vec<(&'static str, Value)> {
        self.world.events().map(|event| (event.name, event.data.clone())).collect()
    }

    /// Runs until nothing happens by itself any more.
    pub(crate) fn wait_until_quiet(&mut self) {
        while let Some(at) = self.world.next_wakeup() {
            self.now = self.now.max(at);
            self.world.poll(self.now);
        }
    }
}

pub(crate) fn imagine(ready: &Ready, version: &str, prompt: &str, nonce: u64) -> Value {
    json!({
        "type": 2,
        "application_id": MIDJOURNEY,
        "guild_id": ready.guild_id,
        "channel_id": ready.channel_id,
        "session_id": "00000000000000000000000000000000",
        "nonce": nonce.to_string(),
        "data": {
            "version": version,
            "id": "938956540159881230",
            "name": "imagine",
            "type": 1,
            "options": [{ "type": 3, "name": "prompt", "value": prompt }],
            "attachments": [],
        },
    })
}
