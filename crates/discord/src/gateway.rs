//! Discord's gateway: a session that hears events as they happen. It reads nothing back, and follows no jobs.
//!
//! [`session::Session`] holds the rules and is pure; [`Gateway`] is the task with the socket around it.
//!
//! ```no_run
//! use journeyman_discord::Token;
//! use journeyman_discord::gateway::{Gateway, GatewayConfig, Heard};
//! use journeyman_moment::Clock;
//!
//! # async fn example(text: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let config = GatewayConfig::new(Token::parse(text)?).with_seed(7);
//! let (gateway, mut heard) = Gateway::start(config, Clock::real());
//! while let Some(heard) = heard.recv().await {
//!     match heard {
//!         Heard::Up(up) => println!("session {}, resumed: {}", up.session_id, up.resumed),
//!         Heard::Event(event) => println!("{}", event.name),
//!         Heard::Down(down) => println!("not connected, since {}", down.why),
//!         // The interesting failure: nothing comes after it, and the hint says what to do.
//!         Heard::Ended(error) => println!("{error}; {}", error.hint()),
//!         Heard::Gap(gap) => println!("{} events were dropped", gap.dropped),
//!     }
//! }
//! gateway.close().await;
//! # Ok(()) }
//! ```

mod address;
mod close;
mod config;
mod error;
mod head;
mod heard;
mod inflate;
mod outbox;
mod reason;
pub mod session;
mod shell;
mod socket;
mod state;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use journeyman_model::ChannelId;
use journeyman_moment::Clock;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

pub use address::{BadGatewayAddress, GatewayAddress};
pub use config::{GatewayConfig, GatewayTimeouts, StartLimit};
pub use error::{Damage, DownReason, GatewayError, GatewayErrorKind, Unreachable};
pub use heard::{Down, Event, Gap, Heard, Up};
pub use reason::GatewayReason;
pub use state::{GatewayCounts, GatewayState};

use self::session::Session;
use self::shell::Shell;

/// A fast clock shortens no time-out below this in real time: sockets do not run faster with it.
const FLOOR: Duration = Duration::from_secs(5);
/// For the other side to answer a goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// A gateway session that runs as a task. Dropped, it says goodbye and ends.
///
/// What it hears goes into a bounded channel, and heartbeats never wait for the consumer. When the channel is full,
/// events are dropped and counted; as soon as there is room, one [`Heard::Gap`] tells that the channels must be
/// read back, followed by the newest [`Heard::Up`], [`Heard::Down`] or [`Heard::Ended`] if there was any. To need
/// less room, [`GatewayConfig::channels`] drops events of other channels before they are read.
pub struct Gateway {
    /// Its end tells the task to stop.
    channels: watch::Sender<Option<BTreeSet<ChannelId>>>,
    state: watch::Receiver<GatewayState>,
    counts: watch::Receiver<GatewayCounts>,
    task: JoinHandle<()>,
}

impl Gateway {
    /// Starts a session: it connects at once, and again whenever the connection is lost.
    ///
    /// The receiver ends after [`Heard::Ended`], or when the gateway was dropped. When the receiver is dropped, the
    /// session ends too.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(config: GatewayConfig, clock: Clock) -> (Self, mpsc::Receiver<Heard>) {
        let config = GatewayConfig { timeouts: floored(config.timeouts, clock), ..config };
        let (send, tap) = (config.timeouts.send, config.tap.clone());
        let (heard, receiver) = mpsc::channel(config.room.max(1));
        let (channels, wanted) = watch::channel(config.channels.clone());
        let session = Session::new(config, clock.now());
        let (state, watched) = watch::channel(session.state().clone());
        let (counts, counted) = watch::channel(session.counts());
        let goodbye = floor(GOODBYE, clock);
        let shell = Shell { session, clock, heard, channels: wanted, state, counts, send, goodbye, tap };
        let task = tokio::spawn(shell.run());
        (Self { channels, state: watched, counts: counted, task }, receiver)
    }

    /// How it stands at this moment.
    pub fn state(&self) -> GatewayState {
        self.state.borrow().clone()
    }

    /// How it stands, to be waited on for changes.
    pub fn watch(&self) -> watch::Receiver<GatewayState> {
        self.state.clone()
    }

    /// What it has done.
    pub fn counts(&self) -> GatewayCounts {
        *self.counts.borrow()
    }

    /// Changes which channels' events are told, as [`GatewayConfig::channels`] describes; it holds for what is read
    /// from the socket after it.
    pub fn listen_to(&self, channels: Option<BTreeSet<ChannelId>>) {
        self.channels.send_replace(channels);
    }

    /// Says goodbye and waits until the session has ended: at most a few seconds.
    ///
    /// # Cancel safety
    /// When the future is dropped, the session ends all the same.
    pub async fn close(self) {
        let Self { channels, task, .. } = self;
        drop(channels);
        // The task has no way to fail; a runtime that shuts down has ended it.
        let _ = task.await;
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("state", &self.state.borrow()).finish_non_exhaustive()
    }
}

fn floored(timeouts: GatewayTimeouts, clock: Clock) -> GatewayTimeouts {
    GatewayTimeouts {
        connect: floor(timeouts.connect, clock),
        hello: floor(timeouts.hello, clock),
        ready: floor(timeouts.ready, clock),
        send: floor(timeouts.send, clock),
    }
}

fn floor(span: Duration, clock: Clock) -> Duration {
    let real = Duration::try_from_secs_f64(FLOOR.min(span).as_secs_f64() * clock.scale());
    span.max(real.unwrap_or(span))
}
