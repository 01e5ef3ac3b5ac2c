//! The crate against a scripted server and the simulator, on loopback. It is no test of Discord.

#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

mod call;
#[cfg(feature = "user-account")]
mod commands;
mod download;
mod gateway;
mod scripted;
mod secret;
#[cfg(feature = "user-account")]
mod simulated;
#[cfg(feature = "user-account")]
mod upload;

use journeyman_discord::{ApiBase, Config, Rest, Token};
use journeyman_limiter::{Config as Limits, Limiter};
use journeyman_moment::Clock;

/// Stands in each token of these tests; found anywhere in an output, it is a leak.
const CANARY: &str = "canary";

/// A client of this server, on a clock that makes a second of waiting take 20 ms.
fn rest(api_base: ApiBase) -> Rest {
    rest_with(api_base, |config| config)
}

fn rest_with(api_base: ApiBase, change: impl FnOnce(Config) -> Config) -> Rest {
    let clock = Clock::scaled(50.0);
    let config = change(Config::new(token()).with_api_base(api_base));
    Rest::new(config, Limiter::new(Limits::default(), clock), clock).unwrap()
}

fn token() -> Token {
    Token::parse(&format!("Bot MTAwMDAwMDAwMDAw.Gabcde.{CANARY}-0123456789")).unwrap()
}
