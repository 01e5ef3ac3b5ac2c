//! Discord's rate limits kept for any client: the limiter as an HTTP proxy. It speaks for nobody itself.
//!
//! A client points its base address at the proxy; each request waits there until the limits of its
//! credential let it go, and its answer comes back as Discord gave it. The binary `journeyman-proxy` is
//! this with arguments.
//!
//! ```no_run
//! use journeyman_proxy::{Clock, Config, Proxy};
//! use tokio::net::TcpListener;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let proxy = Proxy::new(Config::default(), Clock::real())?;
//! let listener = TcpListener::bind("127.0.0.1:8080").await?;
//! let stop = std::future::pending();
//! proxy.serve(listener, stop).await;
//! # Ok(()) }
//! ```

mod answer;
mod config;
mod conversation;
mod door;
mod forward;
mod headers;
mod metrics;
mod serve;
mod settings;
mod state;
mod trust;
mod upload;
mod upstream;
mod verify;
mod wall;

pub use config::Config;
pub use forward::CannotStart;
pub use journeyman_moment::Clock;
pub use serve::{Drained, Proxy};
pub use settings::{CredentialSettings, NotSeconds, Seconds, Settings, SettingsError};
pub use state::StateError;
pub use trust::{Trust, TrustError};
pub use upstream::{Hosts, Upstream, UpstreamError};
pub use verify::{MOST_REQUESTS, Order, Report, VerifyError, verify};
