//! What the gateway saw, counted.
//!
//! It counts what came and went, not what should have.

use std::collections::BTreeMap;

use serde::Serialize;

use super::socket::Frame;

/// The gateway's part of the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GatewayReport {
    /// Websockets that were opened.
    pub connections: u64,
    /// Websockets that were refused while the gateway was down.
    pub refused: u64,
    /// IDENTIFYs with a valid token.
    pub identifies: u64,
    /// Those of them that came too soon after another and were answered by op 9.
    pub identifies_too_soon: u64,
    /// RESUMEs that were granted.
    pub resumes: u64,
    /// RESUMEs that were answered by op 9 or closed with 4007.
    pub resumes_refused: u64,
    /// Payloads of clients, of any kind.
    pub frames: u64,
    /// Heartbeats of clients.
    pub heartbeats: u64,
    /// Sockets that were closed for missing heartbeats.
    pub late_heartbeats: u64,
    /// Dispatches to connected sessions, READY and RESUMED among them; each once however often it is replayed.
    pub events: u64,
    /// Events that were sent again in a resume.
    pub replayed: u64,
    /// Op 9s.
    pub invalid_sessions: u64,
    /// Sockets that clients closed.
    pub hang_ups: u64,
    /// Sockets that were cut since their client did not read.
    pub slow_readers: u64,
    /// Sockets that the gateway closed, by code; `cut` without one.
    pub closes: BTreeMap<String, u64>,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<String, u64>,
}

/// One session; `GET {control}/sessions` lists these as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionReport {
    /// As in its READY.
    pub session_id: String,
    /// The account.
    pub user_id: String,
    /// Whether it has a socket that is heard; one without can be resumed for a while.
    pub connected: bool,
    /// The number of its latest event.
    pub seq: u64,
    /// How often it was resumed.
    pub resumes: u64,
}

impl GatewayReport {
    pub(super) fn count_close(&mut self, last: &Frame) {
        let code = match last {
            Frame::Text(_) => return,
            Frame::Close { code, .. } => code.to_string(),
            Frame::Cut => "cut".to_owned(),
        };
        *self.closes.entry(code).or_default() += 1;
    }

    pub(super) fn count_fault(&mut self, kind: &str) {
        *self.faults.entry(kind.to_owned()).or_default() += 1;
    }
}
