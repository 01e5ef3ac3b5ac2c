//! Scenarios in virtual time: a server with true limits, contenders that ask it, and their scores. It asserts nothing.
//!
//! The server knows everything and is written naively; a contender sees answers only. All see the same network:
//! the delays of a request's n-th try depend on the seed, the request and n, not on who sends it.

pub(crate) mod bound;
pub(crate) mod limit;
pub(crate) mod oracle;
pub(crate) mod ours;
pub(crate) mod pace;
pub(crate) mod scenario;
pub(crate) mod score;
pub(crate) mod server;
pub(crate) mod twilight;
pub(crate) mod world;

use std::time::Duration;

use journeyman_limiter::{Config, Mutation};

use scenario::Scenario;
use score::Score;

/// Who decides when a request may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contender {
    /// This crate's machine.
    Journeyman,
    /// The current twilight-http-ratelimiting, fed with the headers of every answer.
    Twilight,
    /// One request each 350 ms.
    Pace,
    /// Who knows every limit and every delay beforehand.
    Oracle,
    /// This crate's machine with rule R': by the server's clock, with 45 per cent of the shortest round trip
    /// taken off, and with both and 90 per cent.
    Clock,
    Credit,
    Both,
    /// This crate's machine as if every window could be of any kind.
    Unrecognised,
}

impl Contender {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Journeyman => "journeyman",
            Self::Twilight => "twilight 0.18",
            Self::Pace => "350 ms",
            Self::Oracle => "oracle",
            Self::Clock => "R' clock",
            Self::Credit => "R' 45 %",
            Self::Both => "R' both 90 %",
            Self::Unrecognised => "unrecognised",
        }
    }

    /// Runs a scenario to its end.
    pub(crate) fn run(self, scenario: &Scenario, seed: u64) -> Score {
        match self {
            Self::Journeyman => world::run(scenario, seed, ours::Ours::new(Mutation::None)),
            Self::Twilight => twilight::run(scenario, seed),
            Self::Pace => world::run(scenario, seed, pace::Pace::default()),
            Self::Oracle => oracle::run(scenario, seed),
            Self::Clock => beyond(scenario, seed, Some(Duration::ZERO), 0),
            Self::Credit => beyond(scenario, seed, None, 45),
            Self::Both => beyond(scenario, seed, Some(Duration::ZERO), 90),
            Self::Unrecognised => {
                let config = Config { window_kinds: false, ..Config::default() };
                world::run(scenario, seed, ours::Ours::with(config))
            }
        }
    }
}

fn beyond(scenario: &Scenario, seed: u64, server_clock: Option<Duration>, round_trip_credit: u8) -> Score {
    let config = Config { server_clock, round_trip_credit, ..Config::default() };
    world::run(scenario, seed, ours::Ours::with(config))
}
