//! The loop around a session: waits for a frame, the consumer or the next wake-up, feeds, drains. It decides nothing.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use journeyman_model::ChannelId;
use journeyman_moment::{Clock, Moment};
use tokio::select;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::outbox::Outbox;
use super::session::{Frame, Input, Output, Session};
use super::socket::{Failure, Incoming, Socket};
use super::{GatewayAddress, GatewayCounts, GatewayState, Heard};
use crate::tap::{self, Passing, Tap};

/// What waits here for room in the consumer's channel. One step of the session tells less than this at once.
const OUTBOX: usize = 16;

pub(super) type Channels = Option<BTreeSet<ChannelId>>;

/// The task that holds a session.
pub(super) struct Shell {
    pub(super) session: Session,
    pub(super) clock: Clock,
    /// The consumer.
    pub(super) heard: mpsc::Sender<Heard>,
    /// The channels of interest; its end is the wish to stop.
    pub(super) channels: watch::Receiver<Channels>,
    pub(super) state: watch::Sender<GatewayState>,
    pub(super) counts: watch::Sender<GatewayCounts>,
    /// For one frame to leave.
    pub(super) send: Duration,
    /// For a goodbye to be answered.
    pub(super) goodbye: Duration,
    /// Hears what passes.
    pub(super) tap: Option<Tap>,
}

enum Link {
    None,
    Connecting(Pin<Box<dyn Future<Output = Result<Box<Socket>, Failure>> + Send>>),
    Open(Box<Socket>),
}

enum Step {
    Stop,
    Channels(Channels),
    Told,
    Connected(Result<Box<Socket>, Failure>),
    Came(Incoming),
    Due,
}

/// What changes while the loop runs.
struct Running {
    shell: Shell,
    link: Link,
    outbox: Outbox,
    /// Connections that are being closed.
    goodbyes: JoinSet<()>,
}

impl Shell {
    /// Runs until the session is over or nobody wants to hear it.
    pub(super) async fn run(self) {
        let outbox = Outbox::new(OUTBOX);
        let mut running = Running { shell: self, link: Link::None, outbox, goodbyes: JoinSet::new() };
        while running.turn().await {}
        running.link = Link::None;
        while running.goodbyes.join_next().await.is_some() {}
    }
}

impl Running {
    /// One turn of the loop; false when it was the last.
    async fn turn(&mut self) -> bool {
        self.drain().await;
        self.publish();
        let is_over = self.shell.session.state().is_over();
        if is_over && self.outbox.is_empty() {
            return false;
        }
        match self.wait().await {
            Step::Stop if is_over => return false,
            Step::Stop => self.feed(Input::Stop),
            Step::Channels(channels) => self.shell.session.listen_to(channels),
            Step::Connected(result) => self.connected(result),
            Step::Came(incoming) => self.came(&incoming),
            Step::Told | Step::Due => {}
        }
        true
    }

    /// Every arm is cancel safe; the consumer comes before the socket, so that room is used before it is needed.
    async fn wait(&mut self) -> Step {
        let Self { shell, link, outbox, .. } = self;
        let wakeup = shell.session.next_wakeup().map_or(Moment::MAX, |(at, _)| at);
        select! {
            biased;
            changed = shell.channels.changed() => match changed {
                Ok(()) => Step::Channels(shell.channels.borrow_and_update().clone()),
                Err(_) => Step::Stop,
            },
            () = shell.heard.closed() => Step::Stop,
            permit = shell.heard.reserve(), if !outbox.is_empty() => {
                match (permit, outbox.pop()) {
                    (Ok(permit), Some(heard)) => permit.send(heard),
                    (Ok(_), None) | (Err(_), _) => {}
                }
                Step::Told
            }
            step = link.next() => step,
            () = shell.clock.sleep_until(wakeup) => Step::Due,
        }
    }

    fn pass<'a>(&self, passing: impl FnOnce(Moment) -> Passing<'a>) {
        if let Some(tap) = &self.shell.tap {
            tap.pass(passing(self.shell.clock.now()));
        }
    }

    fn feed(&mut self, input: Input<'_>) {
        let now = self.shell.clock.now();
        self.shell.session.on(now, input);
    }

    fn connected(&mut self, result: Result<Box<Socket>, Failure>) {
        let (link, input) = match result {
            Ok(socket) => (Link::Open(socket), Input::Opened),
            Err(Failure::Unreachable(why)) => (Link::None, Input::Unreachable(why)),
            Err(Failure::NoCertificates) => (Link::None, Input::NoCertificates),
        };
        self.link = link;
        let is_open = matches!(self.link, Link::Open(_));
        self.pass(|at| {
            if is_open { Passing::GatewayOpened { at } } else { Passing::GatewayClosed { at, code: None } }
        });
        self.feed(input);
    }

    fn came(&mut self, incoming: &Incoming) {
        match incoming {
            Incoming::Text(text) => {
                if self.shell.tap.is_some()
                    && let Some(frame) = tap::of_connection(text)
                {
                    self.pass(|at| Passing::Frame { at, frame: &frame });
                }
                self.feed(Input::Frame(text));
            }
            Incoming::Closed(code) => {
                self.link = Link::None;
                self.pass(|at| Passing::GatewayClosed { at, code: *code });
                self.feed(Input::Closed(*code));
            }
            Incoming::Damaged(damage) => self.feed(Input::Damaged(*damage)),
        }
    }

    async fn drain(&mut self) {
        while let Some(output) = self.shell.session.poll(self.shell.clock.now()) {
            match output {
                Output::Connect { address } => self.link = Link::connect(address),
                Output::Send(frame) => self.send(&frame).await,
                Output::Close { code } => self.close(code),
                Output::Tell(heard) => {
                    log(&heard);
                    self.outbox.push(heard);
                }
            }
        }
    }

    async fn send(&mut self, frame: &Frame) {
        let Link::Open(socket) = &mut self.link else { return };
        let clock = self.shell.clock;
        let limit = clock.now() + self.shell.send;
        let is_sent = select! {
            is_sent = socket.send(frame.text()) => is_sent,
            () = clock.sleep_until(limit) => false,
        };
        if is_sent {
            self.pass(|at| Passing::FrameSent { at, op: frame.op() });
        } else {
            self.link = Link::None;
            self.feed(Input::Closed(None));
        }
    }

    /// Says goodbye beside the loop: a dead socket must not keep the next connection waiting.
    fn close(&mut self, code: u16) {
        while self.goodbyes.try_join_next().is_some() {}
        let Link::Open(socket) = std::mem::replace(&mut self.link, Link::None) else { return };
        let clock = self.shell.clock;
        let limit = clock.now() + self.shell.goodbye;
        self.goodbyes.spawn(async move {
            select! {
                () = socket.close(code) => {}
                () = clock.sleep_until(limit) => {}
            }
        });
    }

    fn publish(&self) {
        publish(&self.shell.state, self.shell.session.state());
        publish(&self.shell.counts, &self.shell.session.counts());
    }
}

impl Link {
    fn connect(address: GatewayAddress) -> Self {
        Self::Connecting(Box::pin(async move { Socket::connect(&address).await.map(Box::new) }))
    }

    async fn next(&mut self) -> Step {
        match self {
            Self::None => std::future::pending().await,
            Self::Connecting(connecting) => Step::Connected(connecting.as_mut().await),
            Self::Open(socket) => Step::Came(socket.next().await),
        }
    }
}

fn publish<T: Clone + PartialEq>(to: &watch::Sender<T>, value: &T) {
    to.send_if_modified(|published| {
        let is_new = published != value;
        if is_new {
            published.clone_from(value);
        }
        is_new
    });
}

fn log(heard: &Heard) {
    match heard {
        Heard::Up(up) => tracing::info!(resumed = up.resumed, "the gateway is connected"),
        Heard::Down(down) => tracing::debug!(why = %down.why, "the gateway is not connected"),
        Heard::Ended(error) => tracing::warn!(%error, hint = error.hint(), "the gateway session has ended"),
        Heard::Event(event) => tracing::trace!(name = event.name, "heard"),
        Heard::Gap(gap) => tracing::warn!(dropped = gap.dropped, "events were dropped"),
    }
}
