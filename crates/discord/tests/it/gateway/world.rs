//! A naive gateway and one session in virtual time, with a witness that judges what the session does. Nothing here
//! waits, and nothing is taken from the client's own accounts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use journeyman_discord::gateway::session::{Input, Output, Session};
use journeyman_discord::gateway::{GatewayConfig, GatewayReason, Heard, Unreachable, Up};
use journeyman_moment::Moment;
use serde_json::{Value, json};

use super::token;

/// Something that goes wrong, or that Discord does unasked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// The connection breaks without a word.
    Drop,
    /// The connection stands, and nothing comes or arrives any more.
    Zombie,
    /// Opcode 7.
    Reconnect,
    /// Opcode 9.
    Invalid(bool),
    /// Discord closes with this code.
    Close(u16),
    /// Discord asks for so many heartbeats at once.
    AskBeats(u8),
    /// What comes is no JSON.
    Garbage,
    /// The last frame comes again.
    Duplicate,
    /// From here on every frame takes so many milliseconds, but never so long that acks cannot come in time.
    Latency(u16),
    /// Discord forgets the session: what is resumed is answered with opcode 9.
    Forget,
    /// So many connections are refused.
    Refuse(u8),
    /// The next connection is never made.
    Hang,
    /// The next connection is made, and HELLO does not come.
    NoHello,
    /// The next login is not answered.
    NoReady,
    /// So many events at once.
    Events(u8),
}

/// How a run is set up.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) seed: u64,
    /// In HELLO.
    pub(crate) interval_ms: u64,
    /// By how much wake-ups are late.
    pub(crate) lateness_ms: u64,
    /// Between two events of the session.
    pub(crate) traffic: Duration,
}

impl Default for Setup {
    fn default() -> Self {
        Self { seed: 7, interval_ms: 41_250, lateness_ms: 0, traffic: Duration::from_secs(10) }
    }
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) connects: u64,
    pub(crate) identifies: u64,
    pub(crate) resumes: u64,
    pub(crate) resumed: u64,
    pub(crate) beats: u64,
    pub(crate) events: u64,
    pub(crate) downs: u64,
    pub(crate) ended: bool,
    /// The most frames sent in any 60 s.
    pub(crate) most_sent: usize,
    /// A number that differs when anything in the run does.
    pub(crate) trace: u64,
}

#[derive(Debug)]
enum Happening {
    ToClient(u64, Arrival),
    ToServer(u64, Value),
    Fault(Fault),
    Traffic,
}

#[derive(Debug, Clone)]
enum Arrival {
    Opened,
    Unreachable,
    Frame(String),
    Closed(Option<u16>),
}

/// The whole: virtual time, the server, the session and its witness.
pub(crate) struct World {
    now: Moment,
    setup: Setup,
    queue: BTreeMap<(Moment, u64), Happening>,
    ticket: u64,
    session: Session,
    server: Server,
    witness: Witness,
}

impl World {
    pub(crate) fn new(setup: Setup) -> Self {
        let config = GatewayConfig::new(token()).with_seed(setup.seed);
        let mut world = Self {
            now: Moment::ORIGIN,
            queue: BTreeMap::new(),
            ticket: 0,
            session: Session::new(config, Moment::ORIGIN),
            server: Server::default(),
            witness: Witness { lateness: Duration::from_millis(setup.lateness_ms), ..Witness::default() },
            setup,
        };
        world.put(Moment::ORIGIN, Happening::Traffic);
        world.settle();
        world
    }

    /// Lets a fault happen then.
    pub(crate) fn fault_at(&mut self, at: Moment, fault: Fault) {
        self.put(at, Happening::Fault(fault));
    }

    /// Runs until then, or until the session is over.
    pub(crate) fn run_until(&mut self, end: Moment) -> &Tally {
        loop {
            let wakeup = self.session.next_wakeup();
            self.witness.waits(self.now, wakeup);
            let Some((wakeup, _)) = wakeup else { break };
            let wakeup = wakeup.max(self.now) + self.witness.lateness;
            let next = self.queue.first_key_value().map_or(Moment::MAX, |((at, _), _)| *at);
            let at = next.min(wakeup);
            if at > end {
                break;
            }
            self.now = at;
            if next <= wakeup
                && let Some((_, happening)) = self.queue.pop_first()
            {
                self.happen(happening);
            }
            self.settle();
        }
        &self.witness.tally
    }

    /// Whether the session stands.
    pub(crate) fn is_up(&self) -> bool {
        self.session.state().is_connected()
    }

    fn put(&mut self, at: Moment, happening: Happening) {
        self.ticket += 1;
        self.queue.insert((at, self.ticket), happening);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Traffic => {
                self.put(self.now + self.setup.traffic, Happening::Traffic);
                self.server.emit();
            }
            Happening::Fault(Fault::Latency(latency_ms)) => {
                self.server.latency_ms = u64::from(latency_ms).min(self.setup.interval_ms / 5);
            }
            Happening::Fault(fault) => self.server.suffer(fault),
            Happening::ToServer(link, frame) => {
                self.server.receive(self.now, link, &frame);
            }
            Happening::ToClient(link, arrival) if self.witness.link == Some(link) => {
                self.arrive(&arrival);
            }
            // Of a connection that the client has closed.
            Happening::ToClient(..) => {}
        }
        self.deliver();
    }

    fn arrive(&mut self, arrival: &Arrival) {
        self.witness.arrives(self.now, arrival);
        let input = match arrival {
            Arrival::Opened => Input::Opened,
            Arrival::Unreachable => Input::Unreachable(Unreachable::Refused),
            Arrival::Frame(text) => Input::Frame(text),
            Arrival::Closed(code) => Input::Closed(*code),
        };
        self.session.on(self.now, input);
    }

    /// What the server has sent goes on its way, in order.
    fn deliver(&mut self) {
        while let Some((link, arrival)) = self.server.outbox.pop_front() {
            let at = (self.now + Duration::from_millis(self.server.latency_ms)).max(self.server.delivered);
            self.server.delivered = at;
            self.put(at, Happening::ToClient(link, arrival));
        }
    }

    fn settle(&mut self) {
        let mut outputs = 0;
        while let Some(output) = self.session.poll(self.now) {
            outputs += 1;
            assert!(outputs < 1_000, "it never comes to rest at {:?}", self.now);
            self.witness.sees(self.now, &output, &self.server);
            match output {
                Output::Connect { .. } => {
                    self.witness.link = Some(self.server.connect(self.setup.interval_ms));
                    self.deliver();
                }
                Output::Send(frame) => {
                    let link = self.witness.link.unwrap();
                    let frame = serde_json::from_str(frame.text()).unwrap();
                    let at = self.now + Duration::from_millis(self.server.latency_ms);
                    self.put(at, Happening::ToServer(link, frame));
                }
                Output::Close { .. } => self.witness.link = None,
                Output::Tell(_) => {}
            }
        }
        self.witness.beats_in_time(self.now);
    }
}

/// Discord's side, as naive as can be: it knows one account.
#[derive(Debug, Default)]
struct Server {
    links: u64,
    link: Option<Link>,
    sessions: Vec<Sequence>,
    outbox: VecDeque<(u64, Arrival)>,
    delivered: Moment,
    latency_ms: u64,
    refuse: u8,
    hang: bool,
    no_hello: bool,
    no_ready: bool,
    identified: Option<Moment>,
}

#[derive(Debug)]
struct Link {
    number: u64,
    /// Index of its session.
    session: Option<usize>,
    is_zombie: bool,
    last: Option<String>,
}

/// A session: its frames by sequence, the first at 1.
#[derive(Debug, Default)]
struct Sequence {
    frames: Vec<String>,
    /// Which of them are events for the consumer.
    events: BTreeSet<u64>,
    is_forgotten: bool,
}

impl Server {
    fn connect(&mut self, interval_ms: u64) -> u64 {
        self.links += 1;
        let number = self.links;
        self.link = None;
        if self.refuse > 0 {
            self.refuse -= 1;
            self.outbox.push_back((number, Arrival::Unreachable));
        } else if !std::mem::take(&mut self.hang) {
            self.link = Some(Link { number, session: None, is_zombie: false, last: None });
            self.outbox.push_back((number, Arrival::Opened));
            if !std::mem::take(&mut self.no_hello) {
                self.send(&json!({"op": 10, "d": {"heartbeat_interval": interval_ms}}));
            }
        }
        number
    }

    fn send(&mut self, frame: &Value) {
        self.send_text(frame.to_string());
    }

    fn send_text(&mut self, text: String) {
        if let Some(link) = self.link.as_mut().filter(|link| !link.is_zombie) {
            link.last = Some(text.clone());
            self.outbox.push_back((link.number, Arrival::Frame(text)));
        }
    }

    fn close(&mut self, code: Option<u16>) {
        if let Some(link) = self.link.take_if(|link| !link.is_zombie) {
            self.outbox.push_back((link.number, Arrival::Closed(code)));
        }
    }

    /// One more event in the session, sent or not.
    fn emit(&mut self) {
        let index = match &self.link {
            Some(Link { session: Some(index), .. }) => *index,
            Some(_) | None => match self.sessions.len().checked_sub(1) {
                Some(last) => last,
                None => return,
            },
        };
        let sequence = self.sessions[index].next();
        self.sessions[index].events.insert(sequence);
        self.dispatch(index, "MESSAGE_CREATE", &json!({"channel_id": "5", "n": sequence}));
    }

    fn dispatch(&mut self, index: usize, name: &str, data: &Value) {
        let session = &mut self.sessions[index];
        let text = json!({"op": 0, "s": session.next(), "t": name, "d": data}).to_string();
        session.frames.push(text.clone());
        if self.link.as_ref().is_some_and(|link| link.session == Some(index)) {
            self.send_text(text);
        }
    }

    fn receive(&mut self, now: Moment, link: u64, frame: &Value) {
        if self.link.as_ref().is_none_or(|open| open.number != link || open.is_zombie) {
            return;
        }
        match frame["op"].as_u64() {
            Some(1) => self.send(&json!({"op": 11})),
            Some(2) => self.identify(now),
            Some(6) => self.resume(&frame["d"]),
            _ => panic!("no such opcode: {frame}"),
        }
    }

    fn identify(&mut self, now: Moment) {
        let is_early = self.identified.is_some_and(|last| now.since(last) < Duration::from_secs(5));
        self.identified = Some(now);
        if is_early {
            return self.send(&json!({"op": 9, "d": false}));
        }
        if std::mem::take(&mut self.no_ready) {
            return;
        }
        let index = self.sessions.len();
        self.sessions.push(Sequence::default());
        if let Some(link) = &mut self.link {
            link.session = Some(index);
        }
        let url = "wss://gateway-us-east1-b.discord.gg";
        let data =
            json!({"session_id": index.to_string(), "resume_gateway_url": url, "user": {"id": "1001"}});
        self.dispatch(index, "READY", &data);
    }

    fn resume(&mut self, data: &Value) {
        if std::mem::take(&mut self.no_ready) {
            return;
        }
        let index: usize = data["session_id"].as_str().unwrap().parse().unwrap();
        let sequence = data["seq"].as_u64().unwrap();
        let session = &self.sessions[index];
        if session.is_forgotten || index + 1 != self.sessions.len() {
            return self.send(&json!({"op": 9, "d": false}));
        }
        let missed = session.frames.iter().skip(usize::try_from(sequence).unwrap()).cloned();
        for text in missed.collect::<Vec<_>>() {
            self.send_text(text);
        }
        if let Some(link) = &mut self.link {
            link.session = Some(index);
        }
        self.dispatch(index, "RESUMED", &json!({}));
    }

    fn suffer(&mut self, fault: Fault) {
        match fault {
            Fault::Drop => self.close(None),
            Fault::Close(code) => self.close(Some(code)),
            Fault::Reconnect => self.send(&json!({"op": 7, "d": null})),
            Fault::Invalid(is_resumable) => {
                if !is_resumable && let Some(last) = self.sessions.last_mut() {
                    last.is_forgotten = true;
                }
                self.send(&json!({"op": 9, "d": is_resumable}));
            }
            Fault::Zombie => {
                if let Some(link) = &mut self.link {
                    link.is_zombie = true;
                }
            }
            Fault::AskBeats(count) => (0..count).for_each(|_| self.send(&json!({"op": 1, "d": null}))),
            Fault::Garbage => self.send_text("{\"op\":".to_owned()),
            Fault::Duplicate => {
                if let Some(last) = self.link.as_ref().and_then(|link| link.last.clone()) {
                    self.send_text(last);
                }
            }
            Fault::Forget => {
                if let Some(last) = self.sessions.last_mut() {
                    last.is_forgotten = true;
                }
            }
            Fault::Latency(_) => {}
            Fault::Refuse(count) => self.refuse = count,
            Fault::Hang => self.hang = true,
            Fault::NoHello => self.no_hello = true,
            Fault::NoReady => self.no_ready = true,
            Fault::Events(count) => (0..count).for_each(|_| self.emit()),
        }
    }
}

impl Sequence {
    fn next(&self) -> u64 {
        self.frames.len() as u64 + 1
    }
}

/// Judges by what goes in and out, and by Discord's docs.
#[derive(Debug, Default)]
struct Witness {
    lateness: Duration,
    tally: Tally,
    /// The connection that the client believes to have.
    link: Option<u64>,
    /// When HELLO arrived on it or the last heartbeat left, and the interval.
    pulse: Option<(Moment, Duration)>,
    login: Option<u64>,
    identified: Option<Moment>,
    sent: VecDeque<Moment>,
    /// The session that may be resumed, and the highest sequence that arrived in it.
    resumable: Option<(String, u64)>,
    vain: u32,
    told: BTreeSet<u64>,
}

impl Witness {
    fn note(&mut self, number: u64) {
        self.tally.trace = self.tally.trace.rotate_left(7) ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn arrives(&mut self, now: Moment, arrival: &Arrival) {
        match arrival {
            Arrival::Opened => {}
            Arrival::Unreachable => self.lost(),
            Arrival::Closed(code) => {
                self.lost();
                // Not authenticated, invalid sequence, session timed out: Discord's docs say to begin a fresh one.
                if matches!(code, Some(4003 | 4007 | 4009)) {
                    (self.resumable, self.vain) = (None, 0);
                }
            }
            Arrival::Frame(text) => {
                let Ok(frame) = serde_json::from_str::<Value>(text) else { return };
                self.frame_arrives(now, &frame);
            }
        }
    }

    fn frame_arrives(&mut self, now: Moment, frame: &Value) {
        match frame["op"].as_u64() {
            Some(10) => {
                let interval = Duration::from_millis(frame["d"]["heartbeat_interval"].as_u64().unwrap());
                self.pulse = Some((now, interval));
            }
            Some(9) if frame["d"] != true => (self.resumable, self.vain) = (None, 0),
            Some(0) => {
                let sequence = frame["s"].as_u64().unwrap();
                if frame["t"] == "READY" && self.resumable.is_none() {
                    let id = frame["d"]["session_id"].as_str().unwrap().to_owned();
                    self.resumable = Some((id, sequence));
                    self.told.clear();
                    self.vain = 0;
                } else if frame["t"] == "RESUMED" {
                    self.vain = 0;
                }
                if matches!(frame["t"].as_str(), Some("READY" | "RESUMED")) && self.login == Some(6) {
                    self.login = Some(0);
                }
                if let Some((_, highest)) = &mut self.resumable {
                    *highest = sequence.max(*highest);
                }
            }
            _ => {}
        }
    }

    /// The connection is gone, from whichever side.
    fn lost(&mut self) {
        if self.login == Some(6) {
            self.vain += 1;
            if self.vain >= 5 {
                (self.resumable, self.vain) = (None, 0);
            }
        }
        (self.link, self.pulse, self.login) = (None, None, None);
    }

    fn sees(&mut self, now: Moment, output: &Output, server: &Server) {
        self.note(now.as_micros());
        match output {
            Output::Connect { .. } => {
                self.tally.connects += 1;
                assert_eq!(self.link, None, "two connections at once at {now:?}");
            }
            Output::Send(frame) => {
                let frame: Value = serde_json::from_str(frame.text()).unwrap();
                self.note(frame["op"].as_u64().unwrap());
                self.sent(now, &frame);
            }
            Output::Close { code } => {
                assert!(![1000, 1001].contains(code), "{code} would end the session at {now:?}");
                self.lost();
            }
            Output::Tell(heard) => self.told(now, heard, server),
        }
    }

    fn sent(&mut self, now: Moment, frame: &Value) {
        let interval = self.pulse.unwrap_or_else(|| panic!("sent before HELLO: {frame}")).1;
        let minute = Duration::from_mins(1);
        self.sent.push_back(now);
        while self.sent.front().is_some_and(|first| now.since(*first) >= minute) {
            self.sent.pop_front();
        }
        self.tally.most_sent = self.tally.most_sent.max(self.sent.len());
        assert!(self.sent.len() <= 120, "more than 120 sends in 60 s at {now:?}");
        match frame["op"].as_u64() {
            Some(1) => {
                self.tally.beats += 1;
                self.pulse = Some((now, interval));
            }
            Some(2) => self.identifies(now),
            Some(6) => self.resumes(now, &frame["d"]),
            _ => panic!("sent {frame}"),
        }
    }

    fn identifies(&mut self, now: Moment) {
        self.tally.identifies += 1;
        assert_eq!(self.login.replace(2), None, "two logins on one connection at {now:?}");
        assert_eq!(self.resumable, None, "identifies where it may resume at {now:?}");
        if let Some(last) = self.identified.replace(now) {
            assert!(now.since(last) >= Duration::from_secs(5), "identifies twice in 5 s at {now:?}");
        }
    }

    fn resumes(&mut self, now: Moment, data: &Value) {
        self.tally.resumes += 1;
        assert_eq!(self.login.replace(6), None, "two logins on one connection at {now:?}");
        let resumed = (data["session_id"].as_str().unwrap().to_owned(), data["seq"].as_u64().unwrap());
        assert_eq!(Some(resumed), self.resumable, "resumes what it may not at {now:?}");
    }

    fn told(&mut self, now: Moment, heard: &Heard, server: &Server) {
        match heard {
            Heard::Up(Up { session_id, resumed, .. }) => {
                self.tally.resumed += u64::from(*resumed);
                let (id, highest) = self.resumable.clone().unwrap();
                assert_eq!(*session_id, id);
                // Whatever was sent in the session up to here has been told.
                let events = &server.sessions[id.parse::<usize>().unwrap()].events;
                let missed: Vec<_> = events.range(..=highest).filter(|n| !self.told.contains(n)).collect();
                assert!(missed.is_empty(), "lost {missed:?} at {now:?}");
            }
            Heard::Event(event) => {
                self.tally.events += 1;
                self.told.insert(event.data["n"].as_u64().unwrap());
            }
            Heard::Down(down) => {
                self.tally.downs += 1;
                let wait = down.again_at.map_or(Duration::ZERO, |at| at.since(down.at));
                assert!(wait <= Duration::from_mins(1), "waits {wait:?} at {now:?}");
            }
            Heard::Ended(_) => self.tally.ended = true,
            Heard::Gap(_) => panic!("the session itself drops nothing"),
        }
    }

    /// Never later than the interval after HELLO or after the last one, as long as the connection stands.
    fn beats_in_time(&self, now: Moment) {
        if let (Some(_), Some((last, interval))) = (self.link, self.pulse) {
            assert!(now <= last + interval + self.lateness, "no heartbeat since {last:?} at {now:?}");
        }
    }

    /// Every wait has a reason and a bound.
    fn waits(&self, now: Moment, wakeup: Option<(Moment, GatewayReason)>) {
        match wakeup {
            None => assert!(self.tally.ended, "waits for nothing at {now:?}"),
            Some((at, reason)) => {
                assert!(at.since(now) <= Duration::from_mins(5), "waits for {reason} until {at:?}");
            }
        }
    }
}
