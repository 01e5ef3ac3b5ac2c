//! Settings of a gateway session, with documented defaults. It reads no environment.

use std::collections::BTreeSet;
use std::time::Duration;

use journeyman_model::ChannelId;

use super::GatewayAddress;
use crate::{Tap, Token};

/// How a session is held. The defaults are [`GatewayConfig::new`]'s.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// Where the gateway is; default `wss://gateway.discord.gg`. `GET /gateway` tells the same
    /// ([`wire::gateway_address`](crate::wire::gateway_address)). It is reached directly: an HTTP proxy in the
    /// environment, which REST follows, is not used.
    pub address: GatewayAddress,
    /// Who speaks.
    pub token: Token,
    /// For the jitter of the first heartbeat and of the waits between connections; default 0. Two clients
    /// that run at once should have different ones.
    pub seed: u64,
    /// Which channels' events are wanted; default `None`, all. With a set, events of other channels are dropped
    /// before their data is read, and so is every event of no channel whose name does not begin with
    /// `INTERACTION_`. It can be changed while the session runs.
    pub channels: Option<BTreeSet<ChannelId>>,
    /// How long the steps of a connection may take.
    pub timeouts: GatewayTimeouts,
    /// What is known of the account's limit of fresh sessions; default [`StartLimit::default`].
    pub start_limit: StartLimit,
    /// How many things heard may wait for a slow consumer; default 1,024.
    pub room: usize,
    /// Hears what passes; default `None`.
    pub tap: Option<Tap>,
}

impl GatewayConfig {
    /// The defaults for this token.
    pub fn new(token: Token) -> Self {
        Self {
            address: GatewayAddress::default(),
            token,
            seed: 0,
            channels: None,
            timeouts: GatewayTimeouts::default(),
            start_limit: StartLimit::default(),
            room: 1_024,
            tap: None,
        }
    }

    /// The same with another address.
    #[must_use]
    pub fn with_address(self, address: GatewayAddress) -> Self {
        Self { address, ..self }
    }

    /// The same, heard by this tap.
    #[must_use]
    pub fn with_tap(self, tap: Option<Tap>) -> Self {
        Self { tap, ..self }
    }

    /// The same with another seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The same, for these channels only.
    #[must_use]
    pub fn with_channels(self, channels: impl IntoIterator<Item = ChannelId>) -> Self {
        Self { channels: Some(channels.into_iter().collect()), ..self }
    }
}

/// How long the steps of a connection may take, on the clock that the gateway was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayTimeouts {
    /// From the first try to reach the host until the websocket stands; default 15 s.
    pub connect: Duration,
    /// From there until HELLO; default 15 s.
    pub hello: Duration,
    /// From IDENTIFY or RESUME until READY or RESUMED; default 5 min. READY of an account in many guilds is
    /// large and slow, and giving up would cost a fresh session: acks show meanwhile that the socket lives.
    pub ready: Duration,
    /// For one frame to leave; default 10 s.
    pub send: Duration,
}

impl Default for GatewayTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            hello: Duration::from_secs(15),
            ready: Duration::from_mins(5),
            send: Duration::from_secs(10),
        }
    }
}

/// How many fresh sessions (IDENTIFY) the account may begin. A resumed session does not count.
///
/// Discord allows 1,000 in 24 hours and revokes the token of who exceeds it (Discord's docs, "Gateway", session
/// start limit). Only bots can ask where they stand (`GET /gateway/bot`), so that the default is half of it: the
/// other half is for the account's other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartLimit {
    /// How many are left until `reset_after`.
    pub remaining: u32,
    /// From the start of the session machine until `remaining` becomes `total` again.
    pub reset_after: Duration,
    /// How many may be begun in any 24 hours.
    pub total: u32,
}

impl Default for StartLimit {
    fn default() -> Self {
        Self { remaining: 500, reset_after: Duration::ZERO, total: 500 }
    }
}
