//! The session with Discord's gateway as a pure machine. It opens no socket, reads no clock and waits for nothing.
//!
//! Source of the rules: Discord's docs, "Gateway" (connection lifecycle, heartbeats, resuming, rate limiting).

mod frame;
mod sends;
mod starts;

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use journeyman_limiter::full_jitter;
use journeyman_model::{ChannelId, UserId};
use journeyman_moment::Moment;
use serde_json::Value;

use self::frame::{Envelope, Hello, Read, Ready};
use self::sends::Sends;
use self::starts::{Next, Starts};
use super::close::{self, After};
use super::{
    Damage, Down, DownReason, Event, GatewayAddress, GatewayConfig, GatewayCounts, GatewayError,
    GatewayErrorKind, GatewayReason, GatewayState, Heard, Unreachable, Up,
};

pub use self::frame::Frame;

/// The first wait between two connections is at most this long; each further one may be twice as long.
const BACKOFF: Duration = Duration::from_secs(1);
/// No wait between two connections is longer.
const LONGEST_BACKOFF: Duration = Duration::from_mins(1);
/// The longest wait that a host may ask for; an edge that bans an address names up to an hour.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(24);
/// A session that stood this long begins its waits from the shortest again.
const STEADY: Duration = Duration::from_mins(1);
/// After an invalidated session: 1 to 5 s (Discord's docs, "Gateway", resuming).
const AFTER_INVALIDATION: std::ops::RangeInclusive<u64> = 1_000_000..=5_000_000;
/// So many resumes in a row that never reached RESUMED end the session: what is replayed may be what kills it.
const VAIN_RESUMES: u32 = 5;
/// So many failures at the address for resuming, and the main one is tried for it in turn.
const LOST_ADDRESS: u32 = 2;
/// When HELLO names no interval (capture of 2023: 41,250 ms).
const USUAL_INTERVAL: Duration = Duration::from_millis(41_250);
/// More often would use the send limit up.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
/// More seldom would notice a dead socket too late.
const LONGEST_INTERVAL: Duration = Duration::from_mins(2);

/// One session over any number of connections.
///
/// Feed it what happens with [`on`](Self::on), then take what is to be done with [`poll`](Self::poll) until there
/// is no more, and come back at [`next_wakeup`](Self::next_wakeup). The same inputs at the same moments and the same
/// seed give the same outputs.
///
/// ```
/// use journeyman_discord::Token;
/// use journeyman_discord::gateway::GatewayConfig;
/// use journeyman_discord::gateway::session::{Input, Output, Session};
/// use journeyman_moment::Moment;
///
/// let token = Token::parse("Bot MTAwMDAwMDAwMDAwMDAwMDAw.Gabcde.made-up-signature")?;
/// let now = Moment::ORIGIN;
/// let mut session = Session::new(GatewayConfig::new(token), now);
/// assert!(matches!(session.poll(now), Some(Output::Connect { .. })));
/// session.on(now, Input::Opened);
/// session.on(now, Input::Frame(r#"{"op":10,"d":{"heartbeat_interval":41250}}"#));
/// let Some(Output::Send(identify)) = session.poll(now) else { panic!() };
/// assert_eq!(identify.op(), 2);
/// # Ok::<(), journeyman_discord::MalformedToken>(())
/// ```
#[derive(Debug)]
pub struct Session {
    config: GatewayConfig,
    rng: fastrand::Rng,
    phase: Phase,
    outputs: VecDeque<Output>,
    /// The session that may be resumed.
    resumable: Option<Resumable>,
    sequence: Option<u64>,
    starts: Starts,
    sends: Sends,
    failures: u32,
    up_since: Option<Moment>,
    vain_resumes: u32,
    lost_address: u32,
    state: GatewayState,
    counts: GatewayCounts,
}

/// Something that happened to the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input<'a> {
    /// The websocket stands.
    Opened,
    /// It could not be made.
    Unreachable(Unreachable),
    /// A frame's text came.
    Frame(&'a str),
    /// The connection was closed by the other side with this code, or broke.
    Closed(Option<u16>),
    /// What came cannot be read, so that the connection is of no more use.
    Damaged(Damage),
    /// This program does not want to hear any more.
    Stop,
    /// TLS cannot be set up on this machine.
    NoCertificates,
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Connect there; answer with [`Input::Opened`] or [`Input::Unreachable`].
    Connect {
        /// Where.
        address: GatewayAddress,
    },
    /// Send this.
    Send(Frame),
    /// Close the connection, or give up making it, with this code. Nothing of it may be fed any more.
    Close {
        /// The code.
        code: u16,
    },
    /// Tell the consumer.
    Tell(Heard),
}

#[derive(Debug)]
struct Resumable {
    session_id: String,
    user: UserId,
    address: GatewayAddress,
}

#[derive(Debug)]
enum Phase {
    Waiting { until: Moment, reason: GatewayReason },
    Connecting { until: Moment },
    Open(Open),
    Over,
}

/// A connection that stands.
#[derive(Debug)]
struct Open {
    hello_by: Moment,
    pulse: Option<Pulse>,
    login: Login,
    /// A heartbeat that was asked for waits for room.
    is_beat_asked: bool,
}

#[derive(Debug)]
struct Pulse {
    interval: Duration,
    next: Moment,
    /// When the oldest heartbeat without an ack was sent.
    unacked_since: Option<Moment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Login {
    /// Neither IDENTIFY nor RESUME was sent.
    Due,
    /// IDENTIFY was; READY must come by then.
    Identified { ready_by: Moment },
    /// RESUME was; RESUMED must come by then.
    Resuming { ready_by: Moment },
    /// The session stands.
    Up,
}

impl Session {
    /// A session that wants to connect at once.
    pub fn new(config: GatewayConfig, now: Moment) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(config.seed),
            phase: Phase::Waiting { until: now, reason: GatewayReason::Backoff },
            outputs: VecDeque::new(),
            resumable: None,
            sequence: None,
            starts: Starts::new(config.start_limit, now),
            sends: Sends::default(),
            failures: 0,
            up_since: None,
            vain_resumes: 0,
            lost_address: 0,
            state: GatewayState::Connecting { since: now },
            counts: GatewayCounts::default(),
            config,
        }
    }

    /// Changes which channels' events are told, as [`GatewayConfig::channels`] describes.
    pub fn listen_to(&mut self, channels: Option<BTreeSet<ChannelId>>) {
        self.config.channels = channels;
    }

    /// How it stands.
    pub fn state(&self) -> &GatewayState {
        &self.state
    }

    /// What it has done.
    pub fn counts(&self) -> GatewayCounts {
        self.counts
    }

    /// Takes in what happened. What belongs to a connection that was closed is ignored.
    pub fn on(&mut self, now: Moment, input: Input<'_>) {
        match (input, &mut self.phase) {
            (_, Phase::Over) => {}
            (Input::Stop, _) => self.stop(),
            (Input::NoCertificates, _) => self.end(now, GatewayErrorKind::NoCertificates),
            (Input::Opened, Phase::Connecting { .. }) => self.open(now),
            (Input::Unreachable(why), Phase::Connecting { .. }) => self.unreachable(now, why),
            (Input::Frame(text), Phase::Open(_)) => self.frame(now, text),
            (Input::Closed(code), Phase::Open(_)) => self.closed(now, code),
            (Input::Damaged(damage), Phase::Open(_)) => self.damaged(now, damage),
            (
                Input::Opened
                | Input::Unreachable(_)
                | Input::Frame(_)
                | Input::Closed(_)
                | Input::Damaged(_),
                _,
            ) => {}
        }
    }

    /// The next thing to be done at this moment; `None` when there is nothing.
    pub fn poll(&mut self, now: Moment) -> Option<Output> {
        if self.outputs.is_empty() {
            self.tick(now);
        }
        self.outputs.pop_front()
    }

    /// When to poll again if nothing happens before, and what is being waited for. `None` when it is over.
    ///
    /// Before, [`poll`](Self::poll) has to have said that there is nothing to do.
    pub fn next_wakeup(&self) -> Option<(Moment, GatewayReason)> {
        match &self.phase {
            Phase::Over => None,
            Phase::Waiting { until, reason } => Some((*until, *reason)),
            Phase::Connecting { until } => Some((*until, GatewayReason::Connect)),
            Phase::Open(open) => self.wakeups(open).into_iter().flatten().min(),
        }
    }

    fn wakeups(&self, open: &Open) -> [Option<(Moment, GatewayReason)>; 3] {
        let Some(pulse) = &open.pulse else {
            return [Some((open.hello_by, GatewayReason::Hello)), None, None];
        };
        let beat = match self.sends.beat_at() {
            at if at > pulse.next => (at, GatewayReason::SendLimit),
            _ => (pulse.next, GatewayReason::Heartbeat),
        };
        let login = match open.login {
            Login::Up => None,
            Login::Identified { ready_by } | Login::Resuming { ready_by } => {
                Some((ready_by, GatewayReason::Ready))
            }
            Login::Due => Some(self.login_at(pulse.next)),
        };
        let asked = open.is_beat_asked.then(|| (self.sends.other_at(), GatewayReason::SendLimit));
        [Some(beat), login, asked]
    }

    /// When IDENTIFY or RESUME may leave, and what it waits for.
    fn login_at(&self, now: Moment) -> (Moment, GatewayReason) {
        let room = (self.sends.other_at(), GatewayReason::SendLimit);
        if self.resumable.is_some() {
            return room;
        }
        match self.starts.next(now) {
            Next::At(at) => room.max((at, GatewayReason::IdentifyGap)),
            Next::Exhausted { .. } => (Moment::ORIGIN, GatewayReason::IdentifyGap),
        }
    }
}

/// What becomes due.
impl Session {
    fn tick(&mut self, now: Moment) {
        match &self.phase {
            Phase::Waiting { until, .. } if now >= *until => self.connect(now),
            Phase::Connecting { until } if now >= *until => {
                self.close(close::TO_RESUME);
                self.unreachable(now, Unreachable::TimedOut);
            }
            Phase::Open(_) => self.tick_open(now),
            Phase::Waiting { .. } | Phase::Connecting { .. } | Phase::Over => {}
        }
    }

    fn tick_open(&mut self, now: Moment) {
        let Phase::Open(open) = &mut self.phase else { return };
        let Some(pulse) = &mut open.pulse else {
            if now >= open.hello_by {
                self.abandon(now, DownReason::NoHello);
            }
            return;
        };
        if now >= pulse.next {
            // A heartbeat that was asked for a moment ago has time for its ack until the next one.
            if pulse.unacked_since.is_some_and(|since| now.since(since) >= pulse.interval / 2) {
                return self.abandon(now, DownReason::MissingAck);
            }
            if now >= self.sends.beat_at() {
                let next = pulse.next + pulse.interval;
                pulse.next = if next > now { next } else { now + pulse.interval };
                self.sends.beat(now);
                self.beat(now);
            }
        }
        self.tick_login(now);
        self.tick_asked(now);
    }

    fn tick_login(&mut self, now: Moment) {
        let Phase::Open(open) = &self.phase else { return };
        match open.login {
            Login::Due if now >= self.login_at(now).0 => self.log_in(now),
            Login::Identified { ready_by } | Login::Resuming { ready_by } if now >= ready_by => {
                self.abandon(now, DownReason::NotReady);
            }
            Login::Due | Login::Identified { .. } | Login::Resuming { .. } | Login::Up => {}
        }
    }

    fn tick_asked(&mut self, now: Moment) {
        let Phase::Open(open) = &mut self.phase else { return };
        if open.is_beat_asked && now >= self.sends.other_at() {
            open.is_beat_asked = false;
            self.sends.other(now);
            self.beat(now);
        }
    }

    fn beat(&mut self, now: Moment) {
        if let Phase::Open(Open { pulse: Some(pulse), .. }) = &mut self.phase {
            pulse.unacked_since.get_or_insert(now);
        }
        self.counts.heartbeats += 1;
        self.outputs.push_back(Output::Send(Frame::heartbeat(self.sequence)));
    }

    fn connect(&mut self, now: Moment) {
        if self.resumable.is_none()
            && let Next::Exhausted { begun, again_at } = self.starts.next(now)
        {
            return self.exhausted(now, begun, again_at);
        }
        self.counts.connects += 1;
        self.phase = Phase::Connecting { until: now + self.config.timeouts.connect };
        self.outputs.push_back(Output::Connect { address: self.address().clone() });
    }

    /// Where to connect. A resumable session is at its own address, as long as somebody answers there.
    fn address(&self) -> &GatewayAddress {
        match &self.resumable {
            Some(resumable) if self.lost_address < LOST_ADDRESS || self.lost_address.is_multiple_of(2) => {
                &resumable.address
            }
            _ => &self.config.address,
        }
    }

    fn log_in(&mut self, now: Moment) {
        let ready_by = now + self.config.timeouts.ready;
        let (frame, login) = if let Some(resumable) = &self.resumable {
            self.counts.resumes += 1;
            let frame = Frame::resume(&self.config.token, &resumable.session_id, self.sequence);
            (frame, Login::Resuming { ready_by })
        } else if let Next::Exhausted { begun, again_at } = self.starts.next(now) {
            self.close(close::NORMAL);
            return self.exhausted(now, begun, again_at);
        } else {
            self.starts.begin(now);
            self.counts.identifies += 1;
            self.sequence = None;
            (Frame::identify(&self.config.token), Login::Identified { ready_by })
        };
        self.sends.other(now);
        self.outputs.push_back(Output::Send(frame));
        self.set_login(login);
    }

    fn set_login(&mut self, login: Login) {
        if let Phase::Open(open) = &mut self.phase {
            open.login = login;
        }
    }
}

/// What comes in.
impl Session {
    fn open(&mut self, now: Moment) {
        self.phase = Phase::Open(Open {
            hello_by: now + self.config.timeouts.hello,
            pulse: None,
            login: Login::Due,
            is_beat_asked: false,
        });
    }

    fn frame(&mut self, now: Moment, text: &str) {
        let envelope = match Read::of(text) {
            Read::Frame(envelope) => envelope,
            Read::Strange => return self.counts.strange += 1,
            Read::Damaged => return self.damaged(now, Damage::NotJson),
        };
        match envelope.op {
            Some(0) => self.dispatch(now, &envelope),
            Some(1) => self.beat_asked(),
            Some(7) => self.abandon(now, DownReason::ReconnectAsked),
            Some(9) => self.invalidated(now, envelope.data() == Some(true)),
            Some(10) => self.hello(now, &envelope),
            Some(11) => self.acked(),
            _ => self.counts.strange += 1,
        }
    }

    fn hello(&mut self, now: Moment, envelope: &Envelope<'_>) {
        let Phase::Open(open) = &mut self.phase else { return };
        if open.pulse.is_some() {
            return;
        }
        let interval_ms = envelope.data::<Hello>().and_then(|hello| hello.interval_ms());
        let interval = interval_ms.map_or(USUAL_INTERVAL, Duration::from_millis);
        let interval = interval.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL);
        // The first one at a random part of the interval, so that not all clients beat at once.
        let next = now + interval.mul_f64(self.rng.f64());
        open.pulse = Some(Pulse { interval, next, unacked_since: None });
    }

    fn beat_asked(&mut self) {
        if let Phase::Open(open) = &mut self.phase {
            open.is_beat_asked = open.pulse.is_some();
        }
    }

    fn acked(&mut self) {
        if let Phase::Open(Open { pulse: Some(pulse), .. }) = &mut self.phase {
            pulse.unacked_since = None;
        }
    }

    fn dispatch(&mut self, now: Moment, envelope: &Envelope<'_>) {
        let Phase::Open(Open { login, .. }) = &self.phase else { return };
        let login = *login;
        if login == Login::Due {
            return self.counts.strange += 1;
        }
        // The highest so far: what arrives out of order must not make Discord replay what was heard.
        self.sequence = self.sequence.max(envelope.s);
        match (envelope.t.as_deref(), login) {
            (Some("READY"), Login::Identified { .. } | Login::Resuming { .. }) => self.ready(now, envelope),
            (Some("RESUMED"), Login::Resuming { .. }) => self.resumed(now),
            (Some("READY" | "RESUMED") | None, _) => self.counts.strange += 1,
            (Some(name), _) => self.event(now, name, envelope),
        }
    }

    fn ready(&mut self, now: Moment, envelope: &Envelope<'_>) {
        let ready = match Ready::of(envelope) {
            Ok(ready) => ready,
            Err(damage) => {
                self.resumable = None;
                return self.damaged(now, damage);
            }
        };
        let address = ready.resume_gateway_url.and_then(|url| url.parse::<GatewayAddress>().ok());
        let address = address.filter(|address| self.config.address.may_move_to(address));
        self.resumable = Some(Resumable {
            session_id: ready.session_id,
            user: ready.user,
            address: address.unwrap_or_else(|| self.config.address.clone()),
        });
        self.sequence = envelope.s;
        self.up(now, false);
    }

    fn resumed(&mut self, now: Moment) {
        self.up(now, true);
    }

    fn up(&mut self, now: Moment, resumed: bool) {
        let Some(resumable) = &self.resumable else { return };
        let (session_id, user) = (resumable.session_id.clone(), resumable.user);
        self.tell(Heard::Up(Up { session_id, user, resumed, at: now }));
        self.set_login(Login::Up);
        (self.vain_resumes, self.lost_address) = (0, 0);
        self.up_since = Some(now);
        self.state = GatewayState::Connected { since: now };
    }

    fn event(&mut self, now: Moment, name: &str, envelope: &Envelope<'_>) {
        if !self.is_wanted(name, envelope) {
            return self.counts.filtered += 1;
        }
        let data = match envelope.d {
            None => Some(Value::Null),
            Some(_) => envelope.data(),
        };
        let Some(data) = data else { return self.counts.strange += 1 };
        self.counts.events += 1;
        self.tell(Heard::Event(Event { name: name.to_owned(), data, received: now }));
    }

    /// By the channel alone, before the data is read: of a busy account most is of other channels.
    fn is_wanted(&self, name: &str, envelope: &Envelope<'_>) -> bool {
        let Some(channels) = &self.config.channels else { return true };
        match envelope.channel().and_then(|id| ChannelId::from_json(&id)) {
            Some(id) => channels.contains(&id),
            None => name.starts_with("INTERACTION_"),
        }
    }

    fn tell(&mut self, heard: Heard) {
        self.outputs.push_back(Output::Tell(heard));
    }
}

/// What ends a connection.
impl Session {
    fn invalidated(&mut self, now: Moment, is_resumable: bool) {
        self.close(close::TO_RESUME);
        let after = if is_resumable { After::Resume } else { After::Fresh };
        self.lose(now, DownReason::Invalidated { is_resumable }, after);
    }

    fn closed(&mut self, now: Moment, code: Option<u16>) {
        let (why, after) = (DownReason::Closed { code }, close::after(code));
        match (after, code) {
            (After::Stop, Some(code)) => {
                self.tell(Heard::Down(Down { why, at: now, again_at: None }));
                self.end(now, GatewayErrorKind::Refused { code });
            }
            _ => self.lose(now, why, after),
        }
    }

    fn damaged(&mut self, now: Moment, damage: Damage) {
        self.abandon(now, DownReason::Damaged(damage));
    }

    fn unreachable(&mut self, now: Moment, why: Unreachable) {
        let host = self.address().host();
        self.lost_address = self.lost_address.saturating_add(u32::from(self.resumable.is_some()));
        self.lose(now, DownReason::Unreachable { host, why }, After::Resume);
    }

    /// Closes the connection so that the session can be resumed.
    fn abandon(&mut self, now: Moment, why: DownReason) {
        self.close(close::TO_RESUME);
        self.lose(now, why, After::Resume);
    }

    fn close(&mut self, code: u16) {
        self.outputs.push_back(Output::Close { code });
    }

    /// The connection is gone; the next one is tried after a wait.
    fn lose(&mut self, now: Moment, why: DownReason, after: After) {
        if let Phase::Open(Open { login: Login::Resuming { .. }, .. }) = self.phase {
            self.vain_resumes += 1;
        }
        if after == After::Fresh || self.vain_resumes >= VAIN_RESUMES {
            (self.resumable, self.sequence, self.vain_resumes) = (None, None, 0);
        }
        let up_since = self.up_since.take();
        if up_since.is_some_and(|since| now.since(since) >= STEADY) {
            self.failures = 0;
        }
        let mut wait = full_jitter(BACKOFF, LONGEST_BACKOFF, self.failures, &mut self.rng);
        let mut reason = GatewayReason::Backoff;
        if why == (DownReason::Invalidated { is_resumable: false }) {
            wait = wait.max(Duration::from_micros(self.rng.u64(AFTER_INVALIDATION)));
            reason = GatewayReason::InvalidSession;
        }
        if let DownReason::Unreachable { why: Unreachable::Status { retry_after: Some(asked), .. }, .. } = why
            && asked >= wait
        {
            // The jitter on top, so that not all who were refused come back at once.
            wait = asked.min(LONGEST_RETRY_AFTER) + wait;
            reason = GatewayReason::RetryAfter;
        }
        self.failures = self.failures.saturating_add(1);
        self.counts.losses += 1;
        let again_at = now + wait;
        self.phase = Phase::Waiting { until: again_at, reason };
        self.set_lost(now, why.clone(), again_at);
        self.tell(Heard::Down(Down { why, at: now, again_at: Some(again_at) }));
    }

    fn set_lost(&mut self, now: Moment, why: DownReason, again_at: Moment) {
        let since = match self.state {
            GatewayState::Connecting { since } | GatewayState::Reconnecting { since, .. } => since,
            GatewayState::Connected { .. } | GatewayState::Ended { .. } | GatewayState::Closed => now,
        };
        self.state = GatewayState::Reconnecting { since, why, again_at };
    }

    fn exhausted(&mut self, now: Moment, begun: u32, again_at: Moment) {
        let again_after = again_at.since(now);
        self.end(now, GatewayErrorKind::StartsExhausted { begun, again_at, again_after });
    }

    fn end(&mut self, now: Moment, kind: GatewayErrorKind) {
        let error = GatewayError { kind };
        self.phase = Phase::Over;
        self.state = GatewayState::Ended { since: now, why: error.clone() };
        self.tell(Heard::Ended(error));
    }

    fn stop(&mut self) {
        if matches!(self.phase, Phase::Open(_) | Phase::Connecting { .. }) {
            self.close(close::NORMAL);
        }
        self.phase = Phase::Over;
        self.state = GatewayState::Closed;
    }
}
