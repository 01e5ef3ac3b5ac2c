//! The proxy's settings with their defaults. It reads no arguments; the binary does.

use std::path::PathBuf;
use std::time::Duration;

use journeyman_limiter::{Credential, GlobalLimit};

use crate::{Trust, Upstream};

/// What can be set. Every field has a default.
///
/// ```
/// use journeyman_proxy::Config;
/// use std::time::Duration;
///
/// assert_eq!(Config::default().hold, Duration::from_secs(8));
/// assert_eq!(Config::default().upstream.to_string(), "https://discord.com");
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// Where requests go: `https://discord.com`.
    pub upstream: Upstream,
    /// How long a request may wait for its limits before it is answered with a 429: 8 s, below the 10 to 15 s
    /// after which common clients give up.
    pub hold: Duration,
    /// How long a connection to the upstream may take, in real time: 5 s.
    pub connect: Duration,
    /// How long the upstream may take to begin its answer once it has taken the body, in real time: 60 s.
    pub answer: Duration,
    /// How long a client may take over a request's head, and keep a connection idle, in real time: 60 s.
    pub idle: Duration,
    /// How long an answer may stand still, since its client does not read or the upstream does not write, before
    /// its connection is cut, in real time: 60 s.
    pub stall: Duration,
    /// How long a request's body may stand still, in real time: 30 s.
    pub body: Duration,
    /// How long open requests may take to end once the proxy stops, in real time: 30 s.
    pub drain: Duration,
    /// The largest head of a request in bytes: 64 × 1024.
    pub max_head_bytes: usize,
    /// The largest body of a request in bytes: 128 × 1024 × 1024.
    pub max_body_bytes: usize,
    /// How many connections are served at once; further ones wait to be accepted: 16,384.
    pub max_connections: usize,
    /// How many requests one connection of HTTP/2 may have open at once: 256.
    pub max_streams: u32,
    /// Whose certificates the upstream's may be signed with, besides the system's: nobody's.
    pub trust: Trust,
    /// Global limits of single credentials: none.
    pub globals: Vec<(Credential, GlobalLimit)>,
    /// The file that keeps what was learnt over a restart: none.
    pub state: Option<PathBuf>,
    /// How often it is written while the proxy serves, in real time: every 60 s.
    pub save_every: Duration,
    /// The limiter's own settings; `hold` stands in for its `max_wait`.
    pub limits: journeyman_limiter::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            upstream: Upstream::default(),
            hold: Duration::from_secs(8),
            connect: Duration::from_secs(5),
            answer: Duration::from_mins(1),
            idle: Duration::from_mins(1),
            stall: Duration::from_mins(1),
            body: Duration::from_secs(30),
            drain: Duration::from_secs(30),
            max_head_bytes: 64 * 1024,
            max_body_bytes: 128 * 1024 * 1024,
            max_connections: 16_384,
            max_streams: 256,
            trust: Trust::default(),
            globals: Vec::new(),
            state: None,
            save_every: Duration::from_mins(1),
            limits: journeyman_limiter::Config::default(),
        }
    }
}
