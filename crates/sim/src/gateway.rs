//! The gateway: sockets, sessions, and which event reaches whom.
//!
//! It opens no socket and knows no token: `world::gateway` looks tokens up, `rest::websocket` is the wire.

mod fault;
mod payload;
mod report;
mod session;
mod settings;
mod socket;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::account::User;
use crate::caption::fold;
use crate::discord::Event;
use crate::timers::Timers;
use crate::world::Due;

pub use fault::{GatewayFault, GatewayFaultKind, When};
pub use report::{GatewayReport, SessionReport};
pub use settings::GatewaySettings;
pub use socket::{Frame, SocketKey};

pub(crate) use payload::{Identify, Resume, Wanted};

use fault::{EventTrouble, Troubles};
use session::{Session, SessionKey};
use socket::Socket;

/// How many interactions' sessions are remembered; an interaction is over in seconds to minutes.
const KEPT_INTERACTIONS: usize = 10_000;

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
    loud: Vec<SocketKey>,
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
            loud: Vec::new(),
            opened: 0,
            begun: 0,
            holds: 0,
            random: fastrand::Rng::with_seed(fold(seed, "gateway")),
            report: GatewayReport::default(),
            settings,
        }
    }

    /// Sets the alarms of the faults that strike at a time.
    pub(crate) fn expect_faults(&self, timers: &mut Timers<Due>) {
        for (rule, fault) in self.troubles.rules() {
            if let When::At(at) = fault.when {
                timers.set(at, Due::Gateway(Duty::StrikeAll { rule }));
            }
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

    /// A new session, if the account may begin one now.
    pub(crate) fn identify(
        &mut self,
        now: Duration,
        key: SocketKey,
        user: &User,
        intents: Option<u64>,
        timers: &mut Timers<Due>,
    ) -> Option<SessionKey> {
        self.report.identifies += 1;
        let moments = self.identified.entry(user.id).or_default();
        // Real: `max_concurrency` identifies per 5 s, else op 9 (Discord's docs).
        let recent = moments.iter().filter(|at| now < **at + self.settings.identify_every).count();
        if recent >= usize::try_from(self.settings.max_concurrency).unwrap_or(usize::MAX) {
            self.report.identifies_too_soon += 1;
            self.invalidate(key, false);
            return None;
        }
        let day = Duration::from_hours(24);
        while moments.front().is_some_and(|first| *first + day <= now) {
            moments.pop_front();
        }
        if u64::try_from(moments.len()).unwrap_or(u64::MAX) >= self.settings.session_starts {
            self.end_account(now, key, user.id);
            return None;
        }
        moments.push_back(now);
        self.begun += 1;
        let session_key = SessionKey(self.begun);
        let id = format!("{:032x}", self.random.u128(..));
        self.by_id.insert(id.clone(), session_key);
        self.sessions.insert(session_key, Session::new(id, user.clone(), intents, self.settings.kept_events));
        self.attach(now, session_key, key, timers);
        Some(session_key)
    }

    /// Real: beyond the day's session starts all sessions end (Discord's docs; the token's reset is left out).
    fn end_account(&mut self, now: Duration, key: SocketKey, user_id: u64) {
        let theirs = self.sessions.iter().filter(|(_, session)| session.user.id == user_id);
        let sockets: Vec<_> = theirs.filter_map(|(_, session)| session.socket).collect();
        for socket in sockets {
            self.close(now, socket, 4004);
        }
        self.close(now, key, 4004);
    }

    /// How many sessions an account may still begin today, and when the first of them is forgotten.
    pub(crate) fn starts_left(&self, now: Duration, user_id: u64) -> (u64, Duration) {
        let day = Duration::from_hours(24);
        let moments = self.identified.get(&user_id);
        let today: Vec<_> = moments.into_iter().flatten().filter(|at| now < **at + day).collect();
        let used = u64::try_from(today.len()).unwrap_or(u64::MAX);
        let reset = today.first().map_or(Duration::ZERO, |at| (**at + day).saturating_sub(now));
        (self.settings.session_starts.saturating_sub(used), reset)
    }

    fn attach(&mut self, now: Duration, session_key: SessionKey, key: SocketKey, timers: &mut Timers<Due>) {
        let Some(session) = self.sessions.get_mut(&session_key) else { return };
        session.socket = Some(key);
        session.gone_at = None;
        if let Some(socket) = self.sockets.get_mut(&key) {
            socket.session = Some(session_key);
        }
        for (rule, fault) in self.troubles.rules() {
            if let When::Every(span) = fault.when {
                let strike = Duty::Strike { rule, session: session_key, socket: key };
                timers.set(now + span.max(Duration::from_millis(1)), Due::Gateway(strike));
            }
        }
    }

    /// The id of a session, for its READY.
    pub(crate) fn session_id(&self, key: SessionKey) -> &str {
        self.sessions.get(&key).map_or("", |session| session.id.as_str())
    }

    pub(crate) fn version(&self, key: SocketKey) -> u64 {
        self.sockets.get(&key).map_or(10, |socket| socket.version)
    }

    /// Continues a session: what was missed, then RESUMED; else op 9, so that the client identifies.
    pub(crate) fn resume(
        &mut self,
        now: Duration,
        key: SocketKey,
        user: &User,
        resume: &Resume,
        timers: &mut Timers<Due>,
    ) {
        let known = self.by_id.get(&resume.session_id).copied();
        let known = known.filter(|known| self.sessions.get(known).is_some_and(|s| s.user.id == user.id));
        let Some(session_key) = known else {
            self.report.resumes_refused += 1;
            self.invalidate(key, false);
            return;
        };
        let Some(session) = self.sessions.get(&session_key) else { return };
        if resume.seq > session.seq {
            // Real: 4007, "invalid seq", begin anew (Discord's docs).
            self.report.resumes_refused += 1;
            self.close(now, key, 4007);
            self.forget(session_key);
            return;
        }
        let Some(missed) = session.missed(resume.seq) else {
            self.report.resumes_refused += 1;
            self.forget(session_key);
            self.invalidate(key, false);
            return;
        };
        if let Some(old) = session.socket {
            // Inferred: a session has one socket, and the newest wins.
            self.end(now, old, Frame::Cut);
        }
        self.report.resumes += 1;
        self.report.replayed += u64::try_from(missed.len()).unwrap_or_default();
        self.attach(now, session_key, key, timers);
        for text in missed {
            self.send_text(key, text);
        }
        self.pass_on(now, session_key, "RESUMED", &Arc::from("{}"), timers);
    }

    /// Sends an event that is this session's own, such as READY; naming it in a fault can strike it.
    pub(crate) fn tell(
        &mut self,
        now: Duration,
        session_key: SessionKey,
        name: &'static str,
        data: &Value,
        timers: &mut Timers<Due>,
    ) {
        self.pass_on(now, session_key, name, &Arc::from(data.to_string()), timers);
    }

    /// Remembers in which session an interaction was begun.
    pub(crate) fn remember_interaction(&mut self, user_id: u64, nonce: String, session_id: &str) {
        let known = self.by_id.get(session_id).and_then(|key| self.sessions.get(key));
        if known.is_none_or(|session| session.user.id != user_id) {
            return;
        }
        if self.interaction_order.len() == KEPT_INTERACTIONS
            && let Some(oldest) = self.interaction_order.pop_front()
        {
            self.interactions.remove(&oldest);
        }
        let key = (user_id, nonce);
        if self.interactions.insert(key.clone(), session_id.to_owned()).is_none() {
            self.interaction_order.push_back(key);
        }
    }

    /// Hands the world's new events to the sessions that see them.
    pub(crate) fn hear<'a>(
        &mut self,
        emitted: u64,
        new: impl Iterator<Item = &'a Event>,
        closed: &[u64],
        timers: &mut Timers<Due>,
    ) {
        self.heard = emitted;
        if self.sessions.is_empty() {
            return;
        }
        for event in new {
            let Some(seen_by) = self.seen_by(event, closed) else { continue };
            let full: Arc<str> = Arc::from(event.data.to_string());
            for key in seen_by {
                let shown = match self.sessions.get(&key) {
                    Some(session) => session.shown(event, &full),
                    None => continue,
                };
                self.pass_on(event.at, key, event.name, &shown, timers);
            }
        }
    }

    pub(crate) fn heard(&self) -> u64 {
        self.heard
    }

    /// The sessions that are told of an event, if there is any.
    fn seen_by(&self, event: &Event, closed: &[u64]) -> Option<Vec<SessionKey>> {
        if closed.contains(&event.channel_id) {
            return None;
        }
        let own = self.interaction_session(event);
        let only_own = matches!(event.name, "INTERACTION_MODAL_CREATE" | "INTERACTION_IFRAME_MODAL_CREATE");
        let of_interaction = event.name.starts_with("INTERACTION_");
        let seen_by: Vec<_> = match own {
            Some(own) if of_interaction => vec![own],
            // Peer: a modal reaches only the session whose READY's session_id was used (trueai's docs).
            None if only_own => Vec::new(),
            Some(_) | None => {
                self.sessions.iter().filter(|(_, session)| session.sees(event)).map(|(key, _)| *key).collect()
            }
        };
        (!seen_by.is_empty()).then_some(seen_by)
    }

    fn interaction_session(&self, event: &Event) -> Option<SessionKey> {
        let nonce = event.data["nonce"].as_str()?;
        let id = self.interactions.get(&(event.only_for?, nonce.to_owned()))?;
        self.by_id.get(id).copied()
    }

    /// One event on its way to one session, through the faults.
    fn pass_on(
        &mut self,
        now: Duration,
        key: SessionKey,
        name: &'static str,
        data: &Arc<str>,
        timers: &mut Timers<Due>,
    ) {
        if self.sessions.get(&key).is_none_or(|session| session.socket.is_none()) {
            // What is only kept for a resume is no occasion for a fault.
            return self.send_dispatch(key, name, data);
        }
        let hit = self.troubles.meet(name);
        for trouble in &hit.before {
            self.strike(now, *trouble, key, Before::Delivery);
        }
        match hit.event {
            None => self.send_dispatch(key, name, data),
            Some(EventTrouble::Duplicate) => {
                self.report.count_fault("duplicate");
                self.send_dispatch(key, name, data);
                self.send_dispatch(key, name, data);
            }
            Some(EventTrouble::Delay(span) | EventTrouble::Reorder(span)) => {
                let reorder = matches!(hit.event, Some(EventTrouble::Reorder(_)));
                self.report.count_fault(if reorder { "reorder" } else { "delay" });
                self.holds += 1;
                self.held.insert(self.holds, Held { session: key, name, data: Arc::clone(data) });
                timers.set(now + span, Due::Gateway(Duty::Release(self.holds)));
                if reorder && let Some(session) = self.sessions.get_mut(&key) {
                    session.after_next.push(self.holds);
                }
            }
        }
        let overtaken = match (&hit.event, self.sessions.get_mut(&key)) {
            (None | Some(EventTrouble::Duplicate), Some(session)) => std::mem::take(&mut session.after_next),
            (Some(_), _) | (_, None) => Vec::new(),
        };
        for hold in overtaken {
            self.release(hold);
        }
        for trouble in hit.after {
            self.strike(now, trouble, key, Before::Nothing);
        }
    }

    fn release(&mut self, hold: u64) {
        if let Some(held) = self.held.remove(&hold) {
            self.send_dispatch(held.session, held.name, &held.data);
        }
    }

    /// Numbers an event, keeps it for a resume and sends it.
    fn send_dispatch(&mut self, key: SessionKey, name: &'static str, data: &Arc<str>) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let text = session.number(name, data);
        let cut = std::mem::take(&mut session.cut_before_delivery);
        let Some(socket) = session.socket else { return };
        self.report.events += 1;
        match cut {
            None => self.send_text(socket, text),
            Some((at, last)) => self.end(at, socket, last),
        }
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
                let Some(span) = self.troubles.period(rule) else { return };
                if self.sessions.get(&session).is_none_or(|session| session.socket != Some(socket)) {
                    return;
                }
                let strike = Duty::Strike { rule, session, socket };
                timers.set(at + span.max(Duration::from_millis(1)), Due::Gateway(strike));
                if self.troubles.comes(rule) {
                    self.strike(at, rule, session, Before::Nothing);
                }
            }
            Duty::StrikeAll { rule } => {
                if self.troubles.comes(rule)
                    && let Some(fault) = self.troubles.fault(rule)
                {
                    self.disturb(at, &fault, None);
                }
            }
        }
        self.expect_expiry(timers);
    }

    fn strike(&mut self, now: Duration, rule: usize, key: SessionKey, before: Before) {
        let Some(fault) = self.troubles.fault(rule) else { return };
        match before {
            Before::Nothing => self.disturb_session(now, &fault, key),
            Before::Delivery => {
                let last = match fault.kind {
                    GatewayFaultKind::Cut => Frame::Cut,
                    GatewayFaultKind::Close => payload::close(fault.code),
                    GatewayFaultKind::Zombie
                    | GatewayFaultKind::Reconnect
                    | GatewayFaultKind::InvalidSession
                    | GatewayFaultKind::InvalidSessionResumable
                    | GatewayFaultKind::HeartbeatRequest
                    | GatewayFaultKind::Down
                    | GatewayFaultKind::Duplicate
                    | GatewayFaultKind::Delay
                    | GatewayFaultKind::Reorder => return self.disturb_session(now, &fault, key),
                };
                self.report.count_fault(fault.kind.name());
                if let Some(session) = self.sessions.get_mut(&key) {
                    session.cut_before_delivery = Some((now, last));
                }
            }
        }
    }

    /// Does a fault's deed now, to one session or to every socket.
    pub(crate) fn disturb(&mut self, now: Duration, fault: &GatewayFault, session_id: Option<&str>) -> usize {
        if fault.kind == GatewayFaultKind::Down {
            self.report.count_fault(fault.kind.name());
            self.go_down(now, fault.span);
            return self.sockets.len();
        }
        let keys: Vec<_> = match session_id {
            Some(id) => self.by_id.get(id).copied().into_iter().collect(),
            None => self.sessions.keys().copied().collect(),
        };
        let connected = |key: &SessionKey| self.sessions.get(key).is_some_and(|s| s.socket.is_some());
        let keys: Vec<_> = keys.into_iter().filter(connected).collect();
        for key in &keys {
            self.disturb_session(now, fault, *key);
        }
        keys.len()
    }

    fn disturb_session(&mut self, now: Duration, fault: &GatewayFault, key: SessionKey) {
        let Some(socket) = self.sessions.get(&key).and_then(|session| session.socket) else { return };
        self.report.count_fault(fault.kind.name());
        match fault.kind {
            GatewayFaultKind::Cut => self.end(now, socket, Frame::Cut),
            GatewayFaultKind::Close => self.close(now, socket, fault.code),
            GatewayFaultKind::Zombie => {
                self.detach(now, key);
                if let Some(socket) = self.sockets.get_mut(&socket) {
                    socket.silent = true;
                }
            }
            GatewayFaultKind::Reconnect => {
                self.send(socket, json!({ "t": null, "s": null, "op": 7, "d": null }));
            }
            GatewayFaultKind::InvalidSession => {
                self.forget(key);
                self.invalidate(socket, false);
            }
            GatewayFaultKind::InvalidSessionResumable => {
                self.detach(now, key);
                self.invalidate(socket, true);
            }
            GatewayFaultKind::HeartbeatRequest => {
                self.send(socket, json!({ "t": null, "s": null, "op": 1, "d": null }));
            }
            GatewayFaultKind::Down => self.go_down(now, fault.span),
            // These are of events, and there is none.
            GatewayFaultKind::Duplicate | GatewayFaultKind::Delay | GatewayFaultKind::Reorder => {}
        }
    }

    fn go_down(&mut self, now: Duration, span: Duration) {
        self.down_until = self.down_until.max(Some(now + span));
        let open: Vec<_> =
            self.sockets.iter().filter(|(_, socket)| !socket.ended).map(|(key, _)| *key).collect();
        for key in open {
            self.end(now, key, Frame::Cut);
        }
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
        self.loud.push(key);
        if let Some(session) = session {
            self.leave(now, session, key);
        }
    }

    /// The client hung up, by a close frame or without one.
    pub(crate) fn hang_up(&mut self, now: Duration, key: SocketKey, code: Option<u16>) {
        let Some(socket) = self.sockets.remove(&key) else { return };
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

    /// Sets the alarm of sessions that have just lost their socket.
    pub(crate) fn expect_expiry(&mut self, timers: &mut Timers<Due>) {
        for key in std::mem::take(&mut self.newly_gone) {
            if let Some(gone) = self.sessions.get(&key).and_then(|session| session.gone_at) {
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
        self.loud.push(key);
        if !socket.push(text) {
            // Inferred: who does not read is dropped, and may resume.
            self.report.slow_readers += 1;
            self.report.count_close(&Frame::Cut);
        }
    }

    /// The next frame for a socket; after a close or a cut there is none.
    pub(crate) fn next_frame(&mut self, key: SocketKey) -> Option<Frame> {
        let frame = self.sockets.get_mut(&key)?.pop()?;
        if !matches!(frame, Frame::Text(_)) {
            self.sockets.remove(&key);
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
    pub(crate) fn take_loud(&mut self) -> Vec<SocketKey> {
        std::mem::take(&mut self.loud)
    }
}

/// When a fault of an event strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// The event is numbered and kept, but never arrives.
    Delivery,
    Nothing,
}
