//! `sim score`: runs a client of Discord's in worlds that limit it, and scores what arrived there. It sends nothing.

use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use journeyman::{Clock, ErrorKind};
use journeyman_sim as sim;
use tokio::net::TcpListener;
use tokio::process::Command;

use super::sim::Stop;
use crate::args::Score;
use crate::error::Error;
use crate::exit::Unscored;
use crate::show;

/// A channel for a client that needs one; any other works as well.
const CHANNEL: &str = "900000000000000001";
/// A token for a client that needs one, in the shape of a bot's; any other works as well.
const TOKEN: &str = "OTAwMDAwMDAwMDAwMDAwMDAw.GsimAA.no-secret-at-all-only-the-simulator-takes-it";

/// What arrived in one world, and how the command ended.
#[derive(Debug)]
pub(crate) struct Scored {
    pub(crate) scenario: &'static sim::LimitScenario,
    pub(crate) report: sim::Report,
    pub(crate) accepted: sim::Acceptance,
    pub(crate) ended: Ended,
}

/// How the command ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ended {
    By(ExitStatus),
    OutOfTime,
}

impl Scored {
    /// How many requests arrived.
    pub(crate) fn requests(&self) -> u64 {
        self.report
            .requests
            .values()
            .flat_map(|templates| templates.values())
            .flat_map(|by| by.values())
            .sum()
    }

    /// The least possible span against the one that it took; none where the limits did not bind.
    pub(crate) fn efficiency(&self) -> Option<f64> {
        let (least, took) = (self.accepted.least_span().as_secs_f64(), self.accepted.span().as_secs_f64());
        (least > 0.0 && took > 0.0).then(|| least / took)
    }

    /// Accepted requests per second, from the first to the last.
    pub(crate) fn goodput(&self) -> Option<f64> {
        let took = self.accepted.span().as_secs_f64();
        let accepted = f64::from(u32::try_from(self.accepted.requests).unwrap_or(u32::MAX));
        (took > 0.0).then(|| accepted / took)
    }

    /// Why it is no score, if it is none.
    fn trouble(&self, timeout: Duration) -> Option<Error> {
        let name = self.scenario.name;
        let (why, message, hint) = match self.ended {
            Ended::OutOfTime => (
                Unscored::OutOfTime,
                format!("in `{name}` the command did not end within {timeout:?}"),
                "allow it more with --timeout, or let it send less",
            ),
            Ended::By(status) if !status.success() => (
                Unscored::CommandFailed,
                format!("in `{name}` the command ended with {status}"),
                "what it said stands above; a client that gives up on a 429 can exit with 0 to be scored",
            ),
            Ended::By(_) if self.requests() == 0 => (
                Unscored::NothingSent,
                format!("in `{name}` the command sent nothing to the simulator"),
                "let it take its base address from JOURNEYMAN_SIM_URL, DISCORD_API_URL or DISCORD_API_BASE",
            ),
            Ended::By(_) => return None,
        };
        Some(Error::unscored(why, message, hint))
    }
}

pub(super) async fn run(args: &Score) -> Result<(), Error> {
    let mut stop = std::pin::pin!(Stop::listen()?.wait());
    let mut first_trouble = None;
    let all = sim::limit_scenarios().iter();
    let wanted = |name: &str| args.scenario.is_empty() || args.scenario.iter().any(|wanted| wanted == name);
    for scenario in all.filter(|scenario| wanted(scenario.name)) {
        let scored = tokio::select! {
            scored = score(scenario, args) => scored?,
            // Dropped, the run takes its processes with it.
            () = &mut stop => {
                return Err(journeyman::Error::new(ErrorKind::Cancelled, "score a client").into());
            }
        };
        show::score(&scored, args.json)?;
        first_trouble = first_trouble.or_else(|| scored.trouble(args.timeout));
    }
    first_trouble.map_or(Ok(()), Err)
}

/// Runs the command once, in a world of its own.
async fn score(scenario: &'static sim::LimitScenario, args: &Score) -> Result<Scored, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|why| {
        journeyman::Error::new(ErrorKind::Configuration, "listen on 127.0.0.1")
            .with_hint("check that this machine has a loopback interface")
            .with_source(why)
    })?;
    let clock = Clock::real();
    let world = super::sim::serve(clock, listener, scenario.settings().starting_now()).await?;
    let mut group = Group::start(&args.command, scenario.name, &world.ready.rest)?;
    let ended = tokio::select! {
        status = group.child.wait() => Ended::By(status.map_err(|why| {
            journeyman::Error::new(ErrorKind::Internal, "wait for the command").with_source(why)
        })?),
        () = clock.sleep_until(clock.now() + args.timeout) => Ended::OutOfTime,
    };
    drop(group);
    let (report, accepted) = (world.report(), world.with_world(|world| world.acceptance()));
    world.shutdown().await;
    Ok(Scored { scenario, report, accepted, ended })
}

/// The command with all that it started, which ends with this.
struct Group {
    child: tokio::process::Child,
    id: Option<u32>,
}

impl Group {
    fn start(words: &[OsString], scenario: &str, origin: &str) -> Result<Self, Error> {
        let Some((program, arguments)) = words.split_first() else {
            return Err(Error::usage(
                "no command to run",
                "write it after two hyphens: sim score -- COMMAND",
            ));
        };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(to_stderr()).kill_on_drop(true);
        command.env("JOURNEYMAN_SIM_URL", origin).env("JOURNEYMAN_SIM_SCENARIO", scenario);
        command.env("JOURNEYMAN_SIM_TOKEN", TOKEN).env("JOURNEYMAN_SIM_CHANNEL", CHANNEL);
        command.env("DISCORD_API_URL", format!("{origin}/api"));
        command.env("DISCORD_API_BASE", format!("{origin}/api/v10")).env("DISCORD_TOKEN", TOKEN);
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn().map_err(|why| {
            Error::unscored(
                Unscored::CommandNotStarted,
                format!("start {}: {why}", program.display()),
                "check the command after the two hyphens, and that it can be executed",
            )
        })?;
        Ok(Self { id: child.id(), child })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // What the command left behind would go on sending; the command itself is killed by its own drop.
        #[cfg(unix)]
        if let Some(id) = self.id {
            // Nobody may be left in the group, and then this fails.
            let _ = std::process::Command::new("sh")
                .args(["-c", "kill -s KILL -- \"-$1\"", "sh", &id.to_string()])
                .stderr(Stdio::null())
                .status();
        }
    }
}

/// Where what the command says goes: standard output is for scores.
fn to_stderr() -> Stdio {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;
        std::io::stderr().as_fd().try_clone_to_owned().map_or_else(|_| Stdio::null(), Stdio::from)
    }
    #[cfg(not(unix))]
    Stdio::null()
}
