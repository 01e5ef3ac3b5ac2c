//! What is broken: the fixtures, and everything that the simulator tells in its scenarios. It breaks nothing itself.

use std::collections::VecDeque;
use std::path::Path;

use journeyman_midjourney::classify_message;
use journeyman_model::{ChannelId, UserId};
use journeyman_moment::Moment;
use journeyman_sim::{Era, Pictures, Plan, Settings, scenarios};
use serde_json::{Value, json};

use super::super::world::Virtual;
use super::mutate::{self, Ids};
use crate::settings::WatchMode;

/// What is asked for, here and there.
pub(super) const PROMPTS: [&str; 4] =
    ["a lighthouse at dawn --ar 3:2", "a lighthouse at dawn", "a cat in a hat --v 6.1", "one sea for all"];

pub(super) fn nonce(job: u64) -> String {
    format!("14000000000{job:08}")
}

pub(super) fn form_nonce(job: u64) -> String {
    format!("15000000000{job:08}")
}

/// Frames and messages of one channel, and what else may stand in them.
pub(super) struct Corpus {
    pub(super) channel: ChannelId,
    pub(super) user: UserId,
    /// Whole dispatches.
    frames: Vec<Value>,
    /// Those of jobs that end in an image.
    happy: Vec<Value>,
    messages: Vec<Value>,
    /// Everything that may be the body of an answer.
    bodies: Vec<Value>,
    pub(super) ids: Ids,
    /// Of the job that was begun last.
    pub(super) nonces: [String; 2],
    sequence: u64,
    /// The newest message, and some before it.
    newest: u64,
    recent: VecDeque<u64>,
}

impl Corpus {
    pub(super) fn new() -> Self {
        let ready = Virtual::new(settings(Era::E2026)).world.ready();
        let mut corpus = Self {
            channel: ready.channel_id.parse().expect("a channel"),
            user: ready.user_id.parse().expect("a user"),
            frames: Vec::new(),
            happy: Vec::new(),
            messages: Vec::new(),
            bodies: Vec::new(),
            ids: Ids::default(),
            nonces: [nonce(0), form_nonce(0)],
            sequence: 1,
            newest: 1 << 61,
            recent: VecDeque::new(),
        };
        corpus.add_fixtures();
        for era in [Era::E2023, Era::E2026] {
            corpus.add_world(era);
        }
        corpus
    }

    /// A frame: mostly a broken one, now and then a whole one, arbitrary JSON, or no JSON at all.
    pub(super) fn frame(&mut self, rng: &mut fastrand::Rng) -> String {
        let from = if rng.u8(0..4) == 0 { &self.frames } else { &self.happy };
        let mut frame = from[rng.usize(0..from.len())].clone();
        self.sequence += 1;
        frame["s"] = json!(self.sequence);
        self.renew(&mut frame, rng);
        match rng.u8(0..32) {
            0..=3 => {}
            4 => frame = mutate::arbitrary(rng, 4),
            5 => frame["d"] = mutate::arbitrary(rng, 4),
            6 => frame = self.bulk_delete(rng),
            7 => self.mutate(&mut frame, rng),
            _ => {
                let mut data = frame["d"].take();
                self.mutate(&mut data, rng);
                frame["d"] = data;
            }
        }
        let mut text = frame.to_string();
        if rng.u8(0..24) == 0 {
            mutate::scramble(&mut text, rng);
        }
        text
    }

    /// What is told happens now, and to one of the jobs that are waited for, rather than to one of the capture.
    fn renew(&mut self, frame: &mut Value, rng: &mut fastrand::Rng) {
        if rng.u8(0..3) == 0 {
            frame["d"]["nonce"] = json!(self.nonces[rng.usize(0..2)]);
        }
        if rng.u8(0..4) == 0 {
            return;
        }
        let is_new = frame["t"] == "MESSAGE_CREATE";
        if is_new {
            self.newest += 1 << 22;
            self.recent.truncate(7);
            self.recent.push_front(self.newest);
        }
        let known = self.recent.get(if is_new { 0 } else { rng.usize(0..8) });
        if let Some(id) = known {
            frame["d"]["id"] = json!(id.to_string());
        }
    }

    /// A page of messages as bytes, more or less.
    pub(super) fn page(&self, limit: usize, rng: &mut fastrand::Rng) -> Vec<u8> {
        let count = if rng.u8(0..4) == 0 { limit + 3 } else { rng.usize(0..6) };
        let mut page = Vec::new();
        for _ in 0..count {
            let mut message = self.messages[rng.usize(0..self.messages.len())].clone();
            if rng.u8(0..3) != 0 {
                self.mutate(&mut message, rng);
            }
            page.push(message);
        }
        bytes(&Value::from(page), rng)
    }

    /// Any other body.
    pub(super) fn body(&self, rng: &mut fastrand::Rng) -> Vec<u8> {
        let mut body = self.bodies[rng.usize(0..self.bodies.len())].clone();
        match rng.u8(0..4) {
            0 => {}
            1 => body = mutate::arbitrary(rng, 4),
            _ => self.mutate(&mut body, rng),
        }
        bytes(&body, rng)
    }

    /// What the other side says to IDENTIFY, RESUME and a heartbeat.
    pub(super) fn greeting(&mut self, op: u64) -> String {
        self.sequence += 1;
        let dispatch = |name: &str, data: Value| json!({ "op": 0, "s": self.sequence, "t": name, "d": data });
        let answer = match op {
            2 => {
                let ready = json!({ "v": 10, "session_id": "5e55", "user": { "id": self.user.to_string() } });
                dispatch("READY", ready)
            }
            6 => dispatch("RESUMED", json!({})),
            _ => json!({ "op": 11 }),
        };
        answer.to_string()
    }

    fn mutate(&self, value: &mut Value, rng: &mut fastrand::Rng) {
        for _ in 0..rng.u8(1..4) {
            let other = &self.bodies[rng.usize(0..self.bodies.len())];
            mutate::once(value, other, &self.ids, rng);
        }
    }

    /// A whole final message of a job, and the job's id.
    pub(super) fn a_final(&self) -> (Value, String) {
        let is_it = |frame: &&Value| {
            let data = &frame["d"];
            frame["t"] == "MESSAGE_CREATE" && !data["attachments"].as_array().is_none_or(Vec::is_empty)
        };
        let data = self.happy.iter().find(is_it).expect("an image")["d"].clone();
        let job_id = classify_message(&data).keys.job_id.expect("a job id");
        (data, job_id)
    }

    fn bulk_delete(&self, rng: &mut fastrand::Rng) -> Value {
        let ids: Vec<String> = (0..rng.usize(0..200)).map(|_| rng.u64(..).to_string()).collect();
        let data = json!({ "ids": ids, "channel_id": self.channel.to_string() });
        json!({ "op": 0, "s": self.sequence, "t": "MESSAGE_DELETE_BULK", "d": data })
    }

    fn add_fixtures(&mut self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
        let mut folders = VecDeque::from([folder]);
        while let Some(folder) = folders.pop_front() {
            let entries = std::fs::read_dir(folder).expect("the fixtures are there");
            let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
            paths.sort();
            for path in paths {
                if path.is_dir() {
                    folders.push_back(path);
                } else if path.extension().is_some_and(|extension| extension == "json") {
                    let text = std::fs::read_to_string(&path).expect("a fixture is readable");
                    self.add_fixture(serde_json::from_str(&text).expect("a fixture is JSON"));
                }
            }
        }
    }

    fn add_fixture(&mut self, mut value: Value) {
        move_to(&mut value, &self.channel.to_string());
        match value.get("t").and_then(Value::as_str) {
            Some(_) if value.get("op").is_some() => self.frames.push(value.clone()),
            _ if value.get("content").is_some() => {
                self.add_event("MESSAGE_CREATE", &value);
                self.add_event("MESSAGE_UPDATE", &value);
            }
            _ => {}
        }
        self.bodies.push(value);
    }

    /// Every scenario with some prompts, as the account's own sessions and other people's see it.
    fn add_world(&mut self, era: Era) {
        for info in scenarios() {
            let scenario = info.name.parse().expect("a scenario");
            let mut world =
                Virtual::new(Settings { scenario, ..settings(era) }).with_gateway(WatchMode::Auto);
            for (number, prompt) in (0..).zip(PROMPTS) {
                world.start_at(Moment::from_secs(number), number, prompt);
            }
            world.run_until(Moment::from_secs(200));
            for event in world.world.events() {
                self.add_event(event.name, &event.data);
                if info.error.is_none() {
                    self.happy.extend(self.frames.last().cloned());
                }
            }
        }
    }

    fn add_event(&mut self, name: &str, data: &Value) {
        if data.get("content").is_some() {
            self.messages.push(data.clone());
        }
        self.ids.learn_all(data);
        self.bodies.push(data.clone());
        self.frames.push(json!({ "op": 0, "s": 1, "t": name, "d": data }));
    }
}

fn settings(era: Era) -> Settings {
    Settings { seed: 1, plan: Plan::Pro, pictures: Pictures::Tiny, ..Settings::for_era(era) }
}

/// Everything happens in one channel.
fn move_to(value: &mut Value, channel: &str) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|one| move_to(one, channel)),
        Value::Object(fields) => {
            for (name, one) in fields.iter_mut() {
                if name == "channel_id" {
                    *one = json!(channel);
                } else {
                    move_to(one, channel);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn bytes(value: &Value, rng: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = value.to_string().into_bytes();
    if rng.u8(0..16) == 0 {
        mutate::garble(&mut bytes, rng);
    }
    bytes
}
