//! The `journeyman-proxy` command: reads its arguments, listens, and serves until it is told to stop.
//!
//! It decides nothing about requests; the library does.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use journeyman_proxy::{Clock, Config, Order, Proxy, Settings, SettingsError, VerifyError};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// Keeps Discord's rate limits for any Discord client: point the client's base address here.
///
/// GET /healthz, /metrics and /explain?method=&path= tell how it goes. The variable `JOURNEYMAN_LOG` sets what
/// is logged (`info` unless set). SIGTERM lets open requests end. Exit codes: 0 it ended well, 1 it could not
/// run, 2 an argument or the file cannot be used, 3 connections were cut at the end; of `verify`, 4 a 429 has
/// stopped it, 5 messages were left behind.
#[derive(Debug, Parser)]
#[command(name = "journeyman-proxy", version)]
struct Arguments {
    /// A file of settings in TOML; its keys are the flags' names with `_` for `-`. Flags win over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the settings that hold, as a file could say them, and end.
    #[arg(long)]
    print_config: bool,
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Task>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Ask Discord, with your bot in your own test server, what its documentation leaves open.
    ///
    /// The bot's token is read from `JOURNEYMAN_BOT_TOKEN`. It reads, writes, changes, reacts to and deletes a few
    /// messages, 300 requests at the most, one at a time and within the limits, and stops at the first 429. The report holds
    /// no token, no id and no text.
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// The id of a text channel where nothing else of the bot goes on.
    #[arg(long, value_name = "ID")]
    channel: String,
    /// Where to write the report; without it, to stdout.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Yes, this is my own test server, and the bot may write there.
    #[arg(long)]
    yes: bool,
}

/// How the command ended, other than well.
enum Ending {
    CannotRun(String),
    Usage(String),
    Cut(usize),
    Stopped,
    LeftBehind(usize),
}

impl Ending {
    fn code(&self) -> u8 {
        match self {
            Self::CannotRun(_) => 1,
            Self::Usage(_) => 2,
            Self::Cut(_) => 3,
            Self::Stopped => 4,
            Self::LeftBehind(_) => 5,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::CannotRun(text) | Self::Usage(text) => text.clone(),
            Self::Stopped => "a 429 has stopped the run; the report says which".to_owned(),
            Self::LeftBehind(count) => format!("{count} messages could not be deleted; delete them by hand"),
            Self::Cut(count) => format!("{count} connections were cut; allow more time with --drain"),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(ending) => {
            tell(&format!("error: {}", ending.text()));
            ExitCode::from(ending.code())
        }
    }
}

#[tokio::main]
async fn run(arguments: &Arguments) -> Result<(), Ending> {
    let settings = settings(arguments).map_err(|error| Ending::Usage(error.to_string()))?;
    let variable = |name: &str| std::env::var(name).ok();
    let config = settings.config(variable).map_err(|error| Ending::Usage(error.to_string()))?;
    if arguments.print_config {
        return print(&settings.to_toml());
    }
    if let Some(Task::Verify(task)) = &arguments.command {
        return verify(task, &config).await;
    }
    serve(settings.listen.unwrap_or(Settings::LISTEN), config).await
}

/// Flags over file over defaults.
fn settings(arguments: &Arguments) -> Result<Settings, SettingsError> {
    let file = arguments.config.as_deref().map(Settings::of_file).transpose()?.unwrap_or_default();
    arguments.settings.or(&file)?.or(&Settings::defaults())
}

async fn serve(listen: SocketAddr, config: Config) -> Result<(), Ending> {
    let note = raise_open_files(config.max_connections);
    let cannot = Ending::CannotRun;
    let proxy = Proxy::new(config, Clock::real()).map_err(|error| cannot(with_source(&error)))?;
    // Before anything is announced, so that a stop right after it is heard.
    let stop = Stop::listen().map_err(|why| cannot(format!("listen for signals: {why}")))?;
    let told = |why| cannot(format!("listen on {listen}: {why}; choose another address with --listen"));
    let listener = TcpListener::bind(listen).await.map_err(told)?;
    let address = listener.local_addr().map_err(told)?;
    if !address.ip().is_loopback() {
        tell("note: this proxy asks nobody for a password, and others can reach the address it listens on");
    }
    tell(&format!("listening on http://{address}"));
    if let Some(note) = note {
        tell(&note);
    }
    let drained = proxy.serve(listener, stop.wait()).await;
    if drained.cut > 0 { Err(Ending::Cut(drained.cut)) } else { Ok(()) }
}

async fn verify(task: &Verify, config: &Config) -> Result<(), Ending> {
    let usage = |text: &str| Ending::Usage(text.to_owned());
    let Some(token) = std::env::var("JOURNEYMAN_BOT_TOKEN").ok().filter(|token| !token.trim().is_empty())
    else {
        return Err(usage("JOURNEYMAN_BOT_TOKEN is not set; put the token of a bot of your own there"));
    };
    if !task.yes {
        return Err(usage(
            "this writes, changes and deletes a few messages in that channel, with at most 300 requests to the \
             upstream; if it is in a test server of your own, run it again with --yes",
        ));
    }
    // Found out before anything is asked, not when the report is lost.
    let file = task.report.as_deref().map(open).transpose()?;
    let order = Order { token, channel: task.channel.clone() };
    let say = |text: String| {
        tell(&text);
        std::future::ready(())
    };
    let report = journeyman_proxy::verify(config, Clock::real(), &order, say).await;
    let report = report.map_err(|error| {
        let is_usage = matches!(error, VerifyError::NoChannel { .. });
        if is_usage { Ending::Usage(error.to_string()) } else { Ending::CannotRun(with_source(&error)) }
    })?;
    match (file, &task.report) {
        (Some(mut file), Some(path)) => {
            let written = file.set_len(0).and_then(|()| file.write_all(report.to_json().as_bytes()));
            written.map_err(|why| cannot_write(path, &why))?;
        }
        _ => print(&report.to_json())?,
    }
    match report.left_behind() {
        _ if report.is_stopped() => Err(Ending::Stopped),
        0 if report.is_complete() => Ok(()),
        0 => Err(Ending::CannotRun("the run ended before its plan; the report says where".to_owned())),
        left => Err(Ending::LeftBehind(left)),
    }
}

/// A file for the report; what it holds is replaced when there is one.
fn open(path: &Path) -> Result<std::fs::File, Ending> {
    let opened = std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(path);
    opened.map_err(|why| cannot_write(path, &why))
}

fn cannot_write(path: &Path, why: &std::io::Error) -> Ending {
    Ending::CannotRun(format!("write the report to {}: {why}", path.display()))
}

/// Asks the system for as many open files as it allows: two for each connection, one to each side. What it
/// gives may be less than that.
#[cfg(unix)]
fn raise_open_files(max_connections: usize) -> Option<String> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If it refuses, the old limit is what there is.
    let _ = setrlimit(Resource::Nofile, limit);
    let needed = u64::try_from(max_connections).unwrap_or(u64::MAX).saturating_mul(2);
    let most = getrlimit(Resource::Nofile).current.filter(|most| *most < needed)?;
    Some(format!(
        "note: the system allows {most} open files, and {max_connections} connections may need {needed}; raise \
         `ulimit -n` or lower --max-connections"
    ))
}

#[cfg(not(unix))]
fn raise_open_files(_: usize) -> Option<String> {
    None
}

fn print(text: &str) -> Result<(), Ending> {
    let written = std::io::stdout().write_all(text.as_bytes());
    written.map_err(|why| Ending::CannotRun(format!("write to stdout: {why}")))
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
