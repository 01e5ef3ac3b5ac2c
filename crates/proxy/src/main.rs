//! The `journeyman-proxy` command: reads its arguments, listens, and serves until it is told to stop.
//!
//! It decides nothing about requests; the library does.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use journeyman_proxy::{Clock, Config, Hosts, Proxy, Upstream};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// Keeps Discord's rate limits for any Discord client: point the client's base address here.
///
/// GET /healthz, /metrics and /explain?method=&path= tell how it goes. The variable `JOURNEYMAN_LOG` sets what
/// is logged (`info` unless set). SIGTERM lets open requests end.
#[derive(Debug, Parser)]
#[command(name = "journeyman-proxy", version)]
struct Arguments {
    /// Where to listen; anybody who can reach this address can use the proxy.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where requests go: scheme, host and port.
    #[arg(long, value_name = "URL", default_value = "https://discord.com")]
    upstream: String,
    /// Allow an upstream that is neither discord.com nor on this machine. Your clients' tokens go there.
    #[arg(long)]
    allow_any_upstream: bool,
    /// How long a request may wait for its limits before it is answered with a 429.
    #[arg(long, value_name = "SECONDS", default_value = "8", value_parser = seconds)]
    hold: Duration,
    /// The largest body of a request.
    #[arg(long, value_name = "MIB", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=4095))]
    max_body: u32,
    /// How many connections are served at once; further ones wait to be accepted.
    #[arg(long, value_name = "N", default_value_t = 16_384, value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,
    /// How long open requests may take to end after SIGTERM.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    drain: Duration,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let listen = arguments.listen;
    let proxy = Proxy::new(config(arguments)?, Clock::real()).map_err(|error| with_source(&error))?;
    // Before anything is announced, so that a stop right after it is heard.
    let stop = Stop::listen()?;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|why| format!("listen on {listen}: {why}; choose another address with --listen"))?;
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        tell("note: this proxy asks nobody for a password, and others can reach the address it listens on");
    }
    tell(&format!("listening on http://{address}"));
    let drained = proxy.serve(listener, stop.wait()).await;
    if drained.cut > 0 {
        return Err(format!("{} connections were cut; allow more time with --drain", drained.cut).into());
    }
    Ok(())
}

fn config(arguments: &Arguments) -> Result<Config, Box<dyn std::error::Error>> {
    let hosts = if arguments.allow_any_upstream { Hosts::Any } else { Hosts::Known };
    Ok(Config {
        upstream: Upstream::parse(&arguments.upstream, hosts)?,
        hold: arguments.hold,
        drain: arguments.drain,
        max_body_bytes: usize::try_from(arguments.max_body)?.saturating_mul(1024 * 1024),
        max_connections: usize::try_from(arguments.max_connections)?,
        ..Config::default()
    })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let span = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let span = span.filter(|span| *span <= Duration::from_hours(24));
    span.ok_or_else(|| "give seconds from 0 to 86400, such as 8 or 2.5".to_owned())
}

/// Logs on stderr.
fn log() {
    let filter = EnvFilter::try_from_env("JOURNEYMAN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // Only a second subscriber could fail here, and there is none.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .try_init();
}

fn tell(text: &str) {
    // Nobody is left to tell when stderr is closed.
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

fn with_source(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// What ends the command well: Ctrl-C, or a polite request of the system.
struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    #[cfg(unix)]
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    #[cfg(not(unix))]
    fn listen() -> std::io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for either; dropping the future loses nothing that matters.
    #[cfg(unix)]
    async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn wait(self) {
        // Without a way to hear Ctrl-C, the system's own handling ends the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
