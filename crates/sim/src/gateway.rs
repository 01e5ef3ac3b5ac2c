//! The gateway: sockets, sessions, and which event reaches whom.
//!
//! It opens no socket and knows no token: `world::gateway` looks tokens up, `rest::websocket` is the wire.

mod begin;
mod fault;
mod payload;
mod report;
mod session;
mod settings;
mod socket;
mod spread;
mod trouble;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::caption::fold;
use crate::timers::Timers;
use crate::world::Due;

pub use fault::{GatewayFault, GatewayFaultKind, When};
pub use report::{GatewayReport, SessionReport};
pub use settings::GatewaySettings;
pub use socket::{Frame, SocketKey};

pub(crate) use payload::{Identify, Resume, Wanted};

use fault::Troubles;
use session::{Session, SessionKey};
use socket::Socket;

/// Something of the gateway's that is due later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    /// A heartbeat must have come.
    Beat(SocketKey),
    /// A session that nobody resumed is over.
    Expire(SessionKey),
    /// A held event goes out.
    Release(u64),
    /// A fault that strikes a session every so often.
    Strike { rule: usize, session: SessionKey, socket: SocketKey },
    /// A fault that strikes at a time.
    StrikeAll { rule: usize },
}

/// An event that comes late or after the next one.
#[derive(Debug)]
struct Held {
    session: SessionKey,
    name: &'static str,
    data: Arc<str>,
}

/// Sockets and sessions of a world.
pub(crate) struct Gateway {
    pub(crate) settings: GatewaySettings,
    sockets: BTreeMap<SocketKey, Socket>,
    sessions: BTreeMap<SessionKey, Session>,
    by_id: BTreeMap<String, SessionKey>,
    /// When each account identified, as far as the limits look back.
    identified: BTreeMap<u64, VecDeque<Duration>>,
    /// Which session a nonce belongs to.
    interactions: BTreeMap<(u64, String), String>,
    interaction_order: VecDeque<(u64, String)>,
    held: BTreeMap<u64, Held>,
    troubles: Troubles,
    down_until: Option<Duration>,
    /// Sessions that have lost their socket, and whose end has no alarm yet.
    newly_gone: Vec<SessionKey>,
    /// How many of the world's events have been handed on.
    heard: u64,
    /// Sockets with something new to send.
    loud: BTreeSet<SocketKey>,
    opened: u64,
    begun: u64,
    holds: u64,
    random: fastrand::Rng,
    report: GatewayReport,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Gateway")
            .field("sockets", &self.sockets.len())
            .field("sessions", &self.sessions.len())
            .finish_non_exhaustive()
    }
}

impl Gateway {
    pub(crate) fn new(settings: GatewaySettings, seed: u64) -> Self {
        Self {
            sockets: BTreeMap::new(),
            sessions: BTreeMap::new(),
            by_id: BTreeMap::new(),
            identified: BTreeMap::new(),
            interactions: BTreeMap::new(),
            interaction_order: VecDeque::new(),
            held: BTreeMap::new(),
            troubles: Troubles::new(settings.faults.clone(), fold(seed, "gateway faults")),
            down_until: None,
            newly_gone: Vec::new(),
            heard: 0,
            loud: BTreeSet::new(),
            opened: 0,
            begun: 0,
            holds: 0,
            random: fastrand::Rng::with_seed(fold(seed, "gateway")),
            report: GatewayReport::default(),
            settings,
        }
    }

    pub(crate) fn report(&self) -> GatewayReport {
        self.report.clone()
    }

    pub(crate) fn sessions(&self) -> Vec<SessionReport> {
        self.sessions.values().map(Session::report).collect()
    }

    /// Opens a socket and greets it; none while the gateway is down.
    pub(crate) fn connect(
        &mut self,
        now: Duration,
        version: u64,
        timers: &mut Timers<Due>,
    ) -> Option<SocketKey> {
        if self.down_until.is_some_and(|until| now < until) {
            self.report.refused += 1;
            return None;
        }
        self.opened += 1;
        self.report.connections += 1;
        let key = SocketKey(self.opened);
        let beat_by = now + self.settings.heartbeat_interval + self.settings.heartbeat_grace;
        self.sockets.insert(key, Socket::new(version, beat_by));
        timers.set(beat_by, Due::Gateway(Duty::Beat(key)));
        let interval = u64::try_from(self.settings.heartbeat_interval.as_millis()).unwrap_or(u64::MAX);
        // Real: 41,250 ms (captures); the trace is of no use to a client and is left out.
        self.send(key, json!({ "t": null, "s": null, "op": 10, "d": { "heartbeat_interval": interval } }));
        Some(key)
    }

    /// Takes a client's text; what needs a token looked up is handed back.
    pub(crate) fn receive(&mut self, now: Duration, key: SocketKey, text: &str) -> Option<Wanted> {
        let socket = self.sockets.get_mut(&key).filter(|socket| socket.hears())?;
        self.report.frames += 1;
        if !socket.may_receive(now) {
            self.close(now, key, 4008);
            return None;
        }
        let bound = socket.session.is_some();
        match payload::parse(text) {
            Err(code) => self.close(now, key, code),
            Ok(Wanted::Heartbeat) => self.beat(now, key),
            Ok(Wanted::Identify(_) | Wanted::Resume(_)) if bound => self.close(now, key, 4005),
            Ok(wanted @ (Wanted::Identify(_) | Wanted::Resume(_))) => return Some(wanted),
            // Real: 4003 for a payload before identifying (Discord's docs).
            Ok(Wanted::Other) if !bound => self.close(now, key, 4003),
            Ok(Wanted::Other) => {}
        }
        None
    }

    fn beat(&mut self, now: Duration, key: SocketKey) {
        self.report.heartbeats += 1;
        let Some(socket) = self.sockets.get_mut(&key) else { return };
        socket.beat_by = now + self.settings.heartbeat_interval + self.settings.heartbeat_grace;
        self.send(key, json!({ "t": null, "s": null, "op": 11, "d": null }));
    }

    /// The id of a session, for its READY.
    pub(crate) fn session_id(&self, key: SessionKey) -> &str {
        self.sessions.get(&key).map_or("", |session| session.id.as_str())
    }

    pub(crate) fn version(&self, key: SocketKey) -> u64 {
        self.sockets.get(&key).map_or(10, |socket| socket.version)
    }

    /// Does what is due.
    pub(crate) fn happen(&mut self, at: Duration, duty: Duty, timers: &mut Timers<Due>) {
        match duty {
            Duty::Beat(key) => {
                let Some(socket) = self.sockets.get(&key).filter(|socket| socket.hears()) else { return };
                if socket.beat_by > at {
                    timers.set(socket.beat_by, Due::Gateway(Duty::Beat(key)));
                } else {
                    // Inferred: the code for a client that does not beat; the docs name 4009 "session timed out".
                    self.report.late_heartbeats += 1;
                    self.close(at, key, 4009);
                }
            }
            Duty::Expire(key) => {
                let window = self.settings.resumable_for;
                let over = self.sessions.get(&key).and_then(|session| session.gone_at);
                if over.is_some_and(|gone| gone + window <= at) {
                    self.forget(key);
                }
            }
            Duty::Release(hold) => self.release(hold),
            Duty::Strike { rule, session, socket } => {
                self.strike_again(at, rule, session, socket, timers);
            }
            Duty::StrikeAll { rule } => self.strike_all(at, rule),
        }
        self.expect_expiry(at, timers);
    }

    /// Real: op 9 with `d` whether the session can be resumed (Discord's docs).
    fn invalidate(&mut self, key: SocketKey, resumable: bool) {
        self.report.invalid_sessions += 1;
        if let Some(socket) = self.sockets.get_mut(&key) {
            socket.session = None;
        }
        self.send(key, json!({ "t": null, "s": null, "op": 9, "d": resumable }));
    }

    /// Closes a socket; some codes end the session with it.
    pub(crate) fn close(&mut self, now: Duration, key: SocketKey, code: u16) {
        let session = self.sockets.get(&key).and_then(|socket| socket.session);
        self.end(now, key, payload::close(code));
        if let Some(session) = session
            && payload::ends_session(code)
        {
            self.forget(session);
        }
    }

    fn end(&mut self, now: Duration, key: SocketKey, last: Frame) {
        let Some(socket) = self.sockets.get_mut(&key).filter(|socket| !socket.ended) else { return };
        self.report.count_close(&last);
        socket.end(last);
        let session = socket.session.take();
        self.loud.insert(key);
        if let Some(session) = session {
            self.leave(now, session, key);
        }
    }

    /// The client hung up, by a close frame or without one.
    pub(crate) fn hang_up(&mut self, now: Duration, key: SocketKey, code: Option<u16>) {
        let Some(socket) = self.sockets.remove(&key) else { return };
        self.loud.remove(&key);
        if !socket.ended {
            self.report.hang_ups += 1;
        }
        let Some(session) = socket.session else { return };
        self.leave(now, session, key);
        // Real: 1000 and 1001 end the session (Discord's docs).
        if matches!(code, Some(1000 | 1001)) {
            self.forget(session);
        }
    }

    /// A session loses its socket, unless it has another already.
    fn leave(&mut self, now: Duration, session: SessionKey, key: SocketKey) {
        if self.sessions.get(&session).is_some_and(|session| session.socket == Some(key)) {
            self.detach(now, session);
        }
    }

    fn detach(&mut self, now: Duration, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        session.gone_at = Some(now);
        self.newly_gone.push(key);
        if let Some(socket) = session.socket.take().and_then(|socket| self.sockets.get_mut(&socket)) {
            socket.session = None;
        }
    }

    /// Sets the alarm of sessions that have lost their socket by `now`.
    pub(crate) fn expect_expiry(&mut self, now: Duration, timers: &mut Timers<Due>) {
        for key in std::mem::take(&mut self.newly_gone) {
            if let Some(session) = self.sessions.get_mut(&key).filter(|session| session.socket.is_none()) {
                let gone = *session.gone_at.get_or_insert(now);
                timers.set(gone + self.settings.resumable_for, Due::Gateway(Duty::Expire(key)));
            }
        }
    }

    fn forget(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.remove(&key) else { return };
        self.by_id.remove(&session.id);
        self.held.retain(|_, held| held.session != key);
        if let Some(socket) = session.socket.and_then(|socket| self.sockets.get_mut(&socket)) {
            socket.session = None;
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers make the frame for this")]
    fn send(&mut self, key: SocketKey, frame: Value) {
        self.send_text(key, frame.to_string());
    }

    fn send_text(&mut self, key: SocketKey, text: String) {
        let Some(socket) = self.sockets.get_mut(&key).filter(|socket| socket.hears()) else { return };
        self.loud.insert(key);
        if !socket.push(text, self.settings.most_waiting) {
            // Inferred: who does not read is dropped, and may resume.
            self.report.slow_readers += 1;
            self.report.count_close(&Frame::Cut);
            let session = socket.session.take();
            if let Some((key, session)) = session.and_then(|key| Some((key, self.sessions.get_mut(&key)?))) {
                session.socket = None;
                self.newly_gone.push(key);
            }
        }
    }

    /// The next frame for a socket; after a close or a cut there is none.
    pub(crate) fn next_frame(&mut self, key: SocketKey) -> Option<Frame> {
        let frame = self.sockets.get_mut(&key)?.pop()?;
        if !matches!(frame, Frame::Text(_)) {
            self.sockets.remove(&key);
            self.loud.remove(&key);
        }
        Some(frame)
    }

    pub(crate) fn has_ended(&self, key: SocketKey) -> bool {
        self.sockets.get(&key).is_none_or(|socket| socket.ended)
    }

    pub(crate) fn has_sockets(&self) -> bool {
        !self.sockets.is_empty()
    }

    /// The sockets that have been given something since the last call.
    pub(crate) fn take_loud(&mut self) -> BTreeSet<SocketKey> {
        std::mem::take(&mut self.loud)
    }
}
