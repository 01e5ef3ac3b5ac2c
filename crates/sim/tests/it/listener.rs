//! A naive gateway client of a world in virtual time: it does what it is told, and remembers what came.
//!
//! It beats when asked to, and never by itself.

use std::time::Duration;

use journeyman_sim::{Frame, SocketKey, World};
use serde_json::{Value, json};

pub(crate) struct Listener {
    pub(crate) socket: SocketKey,
    pub(crate) seq: u64,
    pub(crate) session_id: String,
    /// Every payload, as it came.
    pub(crate) heard: Vec<Value>,
    /// The code of the gateway's close frame.
    pub(crate) closed: Option<u16>,
    /// The connection broke without one.
    pub(crate) cut: bool,
}

impl Listener {
    /// Connects without identifying.
    pub(crate) fn open(world: &mut World, now: Duration) -> Self {
        let socket = world.connect(now).expect("the gateway is up");
        let mut listener =
            Self { socket, seq: 0, session_id: String::new(), heard: Vec::new(), closed: None, cut: false };
        listener.hear(world);
        listener
    }

    /// Connects and identifies.
    pub(crate) fn ready(world: &mut World, now: Duration, token: &str) -> Self {
        let mut listener = Self::open(world, now);
        listener.say(world, now, &identify(token));
        assert_eq!(listener.names(), ["READY"], "{:?} {:?}", listener.heard, listener.closed);
        listener
    }

    pub(crate) fn say(&mut self, world: &mut World, now: Duration, payload: &Value) {
        world.frame(now, self.socket, &payload.to_string());
        self.hear(world);
    }

    pub(crate) fn beat(&mut self, world: &mut World, now: Duration) {
        let seq = self.seq;
        self.say(world, now, &json!({ "op": 1, "d": seq }));
    }

    /// Takes what has come.
    pub(crate) fn hear(&mut self, world: &mut World) {
        while let Some(frame) = world.next_frame(self.socket) {
            match frame {
                Frame::Text(text) => {
                    let payload: Value = serde_json::from_str(&text).expect("JSON");
                    self.seq = payload["s"].as_u64().unwrap_or(self.seq);
                    if payload["t"] == "READY" {
                        let id = payload["d"]["session_id"].as_str();
                        self.session_id = id.expect("an id").into();
                    }
                    self.heard.push(payload);
                }
                Frame::Close { code, .. } => self.closed = Some(code),
                Frame::Cut => self.cut = true,
            }
        }
    }

    /// Connects anew and resumes after the last number that came.
    pub(crate) fn resume(&mut self, world: &mut World, now: Duration, token: &str) {
        self.socket = world.connect(now).expect("the gateway is up");
        (self.closed, self.cut) = (None, false);
        let d = json!({ "token": token, "session_id": self.session_id, "seq": self.seq });
        self.say(world, now, &json!({ "op": 6, "d": d }));
    }

    /// The names of the events that came, in order.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.heard.iter().filter_map(|payload| payload["t"].as_str()).collect()
    }

    /// The numbers of the events that came, in order.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.heard.iter().filter_map(|payload| payload["s"].as_u64()).collect()
    }

    /// How often an opcode came.
    pub(crate) fn count_op(&self, op: u64) -> usize {
        self.heard.iter().filter(|payload| payload["op"] == op).count()
    }
}

pub(crate) fn identify(token: &str) -> Value {
    json!({ "op": 2, "d": { "token": token, "capabilities": 16_381, "properties": { "os": "Linux" } } })
}
