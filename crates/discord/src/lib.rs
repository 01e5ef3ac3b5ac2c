//! How do we talk to Discord? REST over the limiter, files over https, and a gateway session that hears.
//!
//! It does not know what Midjourney means by its messages, and it follows no jobs.
//!
//! ```no_run
//! use journeyman_discord::{CallErrorKind, Config, Rest, Token, wire};
//! use journeyman_limiter::{Config as Limits, Limiter};
//! use journeyman_model::ChannelId;
//! use journeyman_moment::Clock;
//!
//! # async fn example(text: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let clock = Clock::real();
//! let limiter = Limiter::new(Limits::default(), clock);
//! let rest = Rest::new(Config::new(Token::parse(text)?), limiter, clock)?;
//!
//! let page = rest.read(&wire::newest_messages(ChannelId::new(1), 50), wire::read::messages).await?;
//! println!("{} messages", page.len());
//!
//! // The interesting failure: the token does not work any more.
//! if let Err(error) = rest.me().await
//!     && let CallErrorKind::Unauthorized { .. } = error.kind
//! {
//!     println!("{error}: {}", error.hint().unwrap_or_default());
//! }
//! # Ok(()) }
//! ```

#[cfg(feature = "user-account")]
mod commands;
mod config;
mod date;
mod error;
pub mod gateway;
mod picture;
mod rest;
mod tap;
mod token;
pub mod wire;

#[cfg(feature = "user-account")]
pub use commands::{CommandError, Place, Wanted};
pub use config::{ApiBase, BadApiBase, Config, Timeouts};
pub use date::ServerDate;
pub use error::{CallError, CallErrorKind};
pub use picture::{MOST_UPLOAD_BYTES, Picture, PictureKind, UnusablePicture};
#[cfg(feature = "user-account")]
pub use rest::UploadError;
pub use rest::{CannotStart, DownloadError, DownloadErrorKind, Downloader, Hosts, Recall, Rest};
pub use tap::{Passing, Tap};
pub use token::{MalformedToken, Token};
