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
        let custom_id = custom_ids(message).into_iter().find(|id| id.starts_with(begins));
        self.component(
            message,
            json!({ "component_type": 2, "custom_id": custom_id.expect("such a button") }),
        )
    }

    /// Sends a component interaction with this data.
    pub(crate) fn component(&mut self, message: &Value, data: Value) -> HttpAnswer {
        let mut body = self.interaction(3);
        body["message_flags"] = message["flags"].clone();
        body["message_id"] = message["id"].clone();
        body["data"] = data;
        self.send("POST", "/api/v10/interactions", &body)
    }

    /// An interaction of a kind, with a new nonce and no data.
    pub(crate) fn interaction(&mut self, kind: u8) -> Value {
        self.nonce += 1;
        json!({
            "type": kind,
            "application_id": MIDJOURNEY,
            "guild_id": self.ready.guild_id,
            "channel_id": self.ready.channel_id,
            "session_id": "00000000000000000000000000000000",
            "nonce": self.nonce.to_string(),
        })
    }

    /// Sends a command by its name, as discovered, with these options and attachments.
    #[expect(clippy::needless_pass_by_value, reason = "a call with literals reads better")]
    pub(crate) fn command(&mut self, name: &str, options: Value, attachments: Value) -> HttpAnswer {
        let guild = self.ready.guild_id.clone();
        let index = self.get(&format!("/api/v10/guilds/{guild}/application-command-index"));
        let index = index.json().expect("a command index");
        let mut commands = index["application_commands"].as_array().expect("commands").iter();
        let known = commands.find(|command| command["name"] == name).expect("a known command");
        let mut body = self.interaction(2);
        body["data"] = json!({
            "version": known["version"],
            "id": known["id"],
            "name": name,
            "type": known["type"],
            "options": options,
            "attachments": attachments,
        });
        self.send("POST", "/api/v10/interactions", &body)
    }

    /// Runs a command without options to its end, and returns the message it left.
    pub(crate) fn ask(&mut self, name: &str, options: Value) -> Value {
        assert_eq!(self.command(name, options, json!([])).status, 204);
        self.wait_until_quiet();
        self.latest()
    }

    /// Answers the latest modal with this value.
    pub(crate) fn submit(&mut self, modal: &Value, value: &str) -> HttpAnswer {
        let mut body = self.interaction(5);
        let field = &modal["components"][0]["components"][0]["custom_id"];
        body["data"] = json!({
            "id": modal["id"],
            "custom_id": modal["custom_id"],
            "components": [{ "type": 1, "components": [{ "type": 4, "custom_id": field, "value": value }] }],
        });
        self.send("POST", "/api/v10/interactions", &body)
    }

    /// The latest event of a name.
    pub(crate) fn event(&self, name: &str) -> Value {
        let events = self.events();
        let found = events.into_iter().rev().find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("no {name}")).1
    }

    /// The message of the latest creation or update, as a session sees it.
    pub(crate) fn latest(&self) -> Value {
        let events = self.events();
        let of_message = |(name, _): &(&str, Value)| matches!(*name, "MESSAGE_CREATE" | "MESSAGE_UPDATE");
        events.into_iter().rev().find(of_message).expect("a message").1
    }

    /// The latest message with an embed of such a title.
    pub(crate) fn latest_answer(&self, title: &str) -> Value {
        let events = self.events().into_iter().rev();
        let mut found = events.filter(|(_, data)| {
            data["embeds"][0]["title"].as_str().is_some_and(|known| known.starts_with(title))
        });
        found.next().expect("such an embed").1
    }

    /// Makes a grid and returns its message.
    pub(crate) fn grid(&mut self, prompt: &str) -> Value {
        assert_eq!(self.imagine(prompt).status, 204);
        self.wait_until_quiet();
        self.event("MESSAGE_CREATE")
    }

    /// Makes a grid, takes its first picture out, and returns that message.
    pub(crate) fn upscaled(&mut self, prompt: &str) -> Value {
        let grid = self.grid(prompt);
        self.press(&grid, "MJ::JOB::upsample::1");
        self.wait_until_quiet();
        self.event("MESSAGE_CREATE")
    }

    /// The account's job of this kind in the report.
    pub(crate) fn job(&self, kind: &str) -> journeyman_sim::JobReport {
        let jobs = self.world.report().jobs;
        jobs.iter()
            .rev()
            .find(|job| job.kind == kind)
            .unwrap_or_else(|| panic!("no {kind}: {jobs:?}"))
            .clone()
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

/// The custom ids of a message's buttons and selects.
pub(crate) fn custom_ids(message: &Value) -> Vec<String> {
    let rows = message["components"].as_array().expect("rows").iter();
    let all = rows.flat_map(|row| row["components"].as_array().expect("buttons"));
    all.filter_map(|button| button["custom_id"].as_str().map(str::to_owned)).collect()
}

/// The style of a message's button.
pub(crate) fn style(message: &Value, begins: &str) -> u64 {
    let rows = message["components"].as_array().expect("rows").iter();
    let mut all = rows.flat_map(|row| row["components"].as_array().expect("buttons"));
    let button = all.find(|button| button["custom_id"].as_str().is_some_and(|id| id.starts_with(begins)));
    button.expect("such a button")["style"].as_u64().expect("a style")
}
