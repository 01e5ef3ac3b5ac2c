//! What passes between us and Discord, for one who records it. It keeps nothing, and no token passes it.

use std::fmt;
use std::sync::Arc;

use journeyman_moment::Moment;
use serde_json::{Value, json};

use crate::wire::{Answer, Request};

/// One thing that passed.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Passing<'a> {
    /// An attempt of a request leaves.
    Request {
        /// The call's number; its attempts share it.
        call: u64,
        /// When.
        at: Moment,
        /// What leaves; it holds no token.
        request: &'a Request,
    },
    /// An attempt was answered.
    Answer {
        /// The call's number.
        call: u64,
        /// When the answer had been read.
        at: Moment,
        /// The answer; its body is empty where it could not be read.
        answer: &'a Answer,
    },
    /// An attempt came to nothing.
    NoAnswer {
        /// The call's number.
        call: u64,
        /// When.
        at: Moment,
        /// Whether the request may have been executed.
        may_have_left: bool,
    },
    /// The gateway's websocket stands.
    GatewayOpened {
        /// When.
        at: Moment,
    },
    /// The gateway's websocket was closed, or could not be had.
    GatewayClosed {
        /// When.
        at: Moment,
        /// The close code, if one was given.
        code: Option<u16>,
    },
    /// A frame of the connection itself was sent. Its data, which may be the token, does not pass.
    FrameSent {
        /// When.
        at: Moment,
        /// Its opcode.
        op: u64,
    },
    /// A frame of the connection itself came. READY is cut to what a session needs, and to the names by which the
    /// account can be found in other texts: the rest is about all of its friends and servers. Other events do not pass here, but as
    /// [`Heard`](crate::gateway::Heard), once it is known that they are wanted.
    Frame {
        /// When.
        at: Moment,
        /// The frame.
        frame: &'a Value,
    },
}

/// A listener. It is called where things happen, so that it must be quick and must never wait.
#[derive(Clone)]
pub struct Tap(Arc<dyn Fn(Passing<'_>) + Send + Sync>);

impl Tap {
    /// A tap that calls this.
    pub fn new(listener: impl Fn(Passing<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    pub(crate) fn pass(&self, passing: Passing<'_>) {
        (self.0)(passing);
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

/// What may pass of a frame that came; `None` for events, which pass when they are told.
pub(crate) fn of_connection(text: &str) -> Option<Value> {
    /// More than any frame of the connection has, READY aside.
    const LONGEST: usize = 4_096;
    let begins = text.get(..text.len().min(200)).unwrap_or_default();
    let is_ready = ["\"READY\"", "\"RESUMED\""].iter().any(|name| begins.contains(name));
    if text.len() > LONGEST && !is_ready {
        return None;
    }
    let frame: Value = serde_json::from_str(text).ok()?;
    match (frame["op"].as_u64(), frame["t"].as_str()) {
        (Some(0), Some("READY")) => Some(json!({
            "op": 0, "t": "READY", "s": frame["s"],
            "d": {
                "v": frame["d"]["v"],
                "session_id": frame["d"]["session_id"],
                "user": {
                    "id": frame["d"]["user"]["id"],
                    "username": frame["d"]["user"]["username"],
                    "global_name": frame["d"]["user"]["global_name"],
                },
            },
        })),
        (Some(0), Some("RESUMED")) => Some(json!({ "op": 0, "t": "RESUMED", "s": frame["s"] })),
        (Some(0) | None, _) => None,
        (Some(_), _) => Some(frame),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_ready_only_the_session_passes() {
        let ready = r#"{"op":0,"t":"READY","s":1,"d":{"v":9,"session_id":"a","user":{"id":"7","email":"a@b.c"},
            "guilds":[{"name":"secret"}],"auth_session_id_hash":"x"}}"#;
        let passed = of_connection(ready).unwrap().to_string();
        assert!(passed.contains("\"session_id\":\"a\"") && passed.contains("\"id\":\"7\""), "{passed}");
        assert!(
            !passed.contains("a@b.c") && !passed.contains("secret") && !passed.contains("hash"),
            "{passed}"
        );
    }

    #[test]
    fn events_do_not_pass_here_and_the_connections_frames_do() {
        assert_eq!(of_connection(r#"{"op":0,"t":"MESSAGE_CREATE","s":1,"d":{}}"#), None);
        assert_eq!(of_connection("no json"), None);
        assert!(of_connection(r#"{"op":10,"d":{"heartbeat_interval":41250}}"#).is_some());
        assert!(of_connection(r#"{"op":9,"d":false}"#).is_some());
    }
}
