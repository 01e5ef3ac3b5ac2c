//! The gateway: its session in virtual time, and its socket against a scripted server. It is no test of Discord.

mod fuzz;
#[cfg(feature = "user-account")]
mod mirror;
mod property;
mod secret;
mod server;
mod session;
mod socket;
mod tls;
mod world;

use journeyman_discord::Token;

use crate::CANARY;

/// A user's token, where this build speaks as one.
fn token() -> Token {
    let bot = if cfg!(feature = "user-account") { "" } else { "Bot " };
    Token::parse(&format!("{bot}MTAwMDAwMDAwMDAw.Gabcde.{CANARY}-0123456789")).unwrap()
}
