//! The HTTP clients and their settings. Nothing is sent from here.

use std::time::Duration;

use journeyman_moment::Clock;
use reqwest::ClientBuilder;
use thiserror::Error;

use crate::config::USER_AGENT;
use crate::{Config, Timeouts};

/// A fast clock shortens no timeout below this in real time: sockets do not run faster with it.
const FLOOR: Duration = Duration::from_secs(5);

/// The HTTP client could not be set up.
#[derive(Debug, Error)]
#[error(
    "set up TLS: the system's certificates cannot be used; install its CA certificates (`ca-certificates`)"
)]
pub struct CannotStart {
    #[source]
    source: reqwest::Error,
}

/// For requests that may be repeated: a reset on a reused connection costs one more try.
pub(super) fn pooled(config: &Config, clock: &Clock) -> Result<reqwest::Client, CannotStart> {
    build(api(config, clock))
}

/// For requests that must not be repeated: each leaves on a connection of its own.
///
/// A server may close an idle connection at the very moment at which a request leaves on it. That reset
/// looks the same as one after the request was executed, so that it would have to count as "maybe sent".
/// On a fresh connection the question does not arise.
pub(super) fn fresh(config: &Config, clock: &Clock) -> Result<reqwest::Client, CannotStart> {
    build(api(config, clock).pool_max_idle_per_host(0).http1_only())
}

/// For downloads and uploads: no token, no redirect, and the time for a large file.
pub(super) fn transfer(
    timeouts: Timeouts,
    clock: &Clock,
    roots: Roots,
) -> Result<reqwest::Client, CannotStart> {
    build(
        base(timeouts, clock, roots)
            .timeout(real(clock, timeouts.transfer))
            .read_timeout(real(clock, timeouts.stall)),
    )
}

/// Which certificates an HTTP client trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Roots {
    /// The system's.
    System,
    /// None, since it speaks plain http to this machine; so it starts on a machine without certificates.
    None,
}

fn api(config: &Config, clock: &Clock) -> ClientBuilder {
    let roots = if config.api_base.is_plain() { Roots::None } else { Roots::System };
    base(config.timeouts, clock, roots).timeout(real(clock, config.timeouts.answer))
}

fn base(timeouts: Timeouts, clock: &Clock, roots: Roots) -> ClientBuilder {
    // The process's one TLS implementation; an application that has chosen another keeps it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        // A hidden resend would pass by the limiter, and would do a thing twice.
        .retry(reqwest::retry::never())
        // The token must not follow a redirect to another host.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(real(clock, timeouts.connect));
    match roots {
        Roots::System => builder,
        Roots::None => builder.no_proxy().tls_certs_only([]),
    }
}

fn build(builder: ClientBuilder) -> Result<reqwest::Client, CannotStart> {
    builder.build().map_err(|source| CannotStart { source })
}

fn real(clock: &Clock, span: Duration) -> Duration {
    clock.to_real(span).max(FLOOR.min(span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_fast_clock_does_not_cut_real_answers_off() {
        let span = Duration::from_secs(30);
        assert_eq!(real(&Clock::scaled(1_000.0), span), FLOOR);
        assert_eq!(real(&Clock::scaled(2.0), span), Duration::from_secs(15));
        assert_eq!(real(&Clock::real(), span), span);
        let short = Duration::from_millis(300);
        assert_eq!(real(&Clock::scaled(1_000.0), short), short);
    }
}
