//! The flags as they are typed. What they mean together with file and environment is `config`'s subject.

mod batch;
mod jobs;
mod order;
#[cfg(test)]
mod pages;
mod record;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueHint};
use journeyman_sim as sim;

pub(crate) use batch::{Batch, Sheet};
pub(crate) use jobs::{Audit, Chosen, Jobs, Kept, List, One, Scoped, Stats, Store, Telling};
pub(crate) use order::{Door, Order, Prefer, Press, Recipe, Settings};
pub(crate) use record::Replay;

/// Makes images with Midjourney through Discord.
///
/// Unofficial, and not affiliated with Midjourney or Discord. Driving a user account by program
/// breaks their terms and can cost the account. `imagine --sim` needs no account.
#[derive(Debug, Parser)]
#[command(name = "journeyman", version, disable_help_subcommand = true, propagate_version = true)]
pub(crate) struct Cli {
    /// Read this configuration file instead of the usual one.
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Log more to stderr; twice for each request. `JOURNEYMAN_LOG` sets a filter instead.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The definition of all flags.
pub(crate) fn definition() -> clap::Command {
    // `sim` takes the same flags without a condition, so that they cannot carry it themselves.
    let of_a_world = ["scenario", "era", "errors", "progress", "plan", "seed", "script"];
    order::NAMES.into_iter().fold(Cli::command(), |cli, name| {
        cli.mut_subcommand(name, |command| {
            of_a_world
                .into_iter()
                .fold(command, |command, name| command.mut_arg(name, |arg| arg.requires("sim")))
        })
    })
}

/// What was typed.
///
/// # Errors
/// clap's own: a request for help or the version among them.
pub(crate) fn parse() -> Result<Cli, clap::Error> {
    let matches = definition().try_get_matches()?;
    record::unwrapped(Cli::from_arg_matches(&matches)?)
}

/// Whether JSON was asked for, on a command line that cannot be understood otherwise.
pub(crate) fn ask_for_json(mut typed: impl Iterator<Item = OsString>) -> bool {
    // What follows two hyphens alone is a prompt or a file, and after `record` a command.
    let mut before: Vec<OsString> = typed.by_ref().take_while(|arg| arg != "--").collect();
    if before.iter().any(|arg| arg == "record") {
        before.extend(typed.take_while(|arg| arg != "--"));
    }
    before.iter().any(|arg| arg == "--json")
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make images from a prompt, and save them.
    Imagine(Imagine),
    #[command(flatten)]
    Order(Order),
    /// Make images from prompts, and press buttons of what came, step by step.
    Recipe(Recipe),
    /// Make what a file of prompts asks for, as TXT, CSV or JSON lines, through a queue that loses nothing.
    ///
    /// Every step is kept in a store before it is sent, so that whatever ends the command, `--resume` goes on: nothing is
    /// lost, and nothing paid twice. What else waits in the store is done as well. Files go where `--output` says, with a
    /// manifest and a contact sheet. Ctrl-C begins nothing more and waits for what is out; a second one stops at once.
    Batch(Box<Batch>),
    /// Make a contact sheet of a batch, as one page of HTML, and sum it up; from its manifest.
    Sheet(Sheet),
    /// Look after the jobs of the store: list, show, cancel, retry, decide, pause, purge.
    #[command(subcommand)]
    Jobs(Jobs),
    /// Look after the store's file: check, back up, export, prune.
    #[command(subcommand)]
    Store(Store),
    /// Tell how long jobs took and waited, and how they ended, from the store's histograms.
    Stats(Stats),
    /// Tell what was charged, with how much certainty, and what was paid and is missing here.
    ///
    /// It reads the store and the files on disk. It does not ask Midjourney: compare with `journeyman info`.
    Audit(Audit),
    /// Run a command, and record what passes between it and Discord, without secrets.
    ///
    /// Each recording is a file of JSON lines in the folder. Tokens are struck, names, ids and addresses have others in
    /// their place; prompts are kept unless `record_prompts` is false. `journeyman replay` reads it.
    Record(record::Record),
    /// Feed a recording to the machines that made it, and tell what happened, how it ended, and what differs.
    ///
    /// Nothing is sent. Ends in 0 where the same was said as when it was recorded, and in 45 where not. A recording that
    /// was cut off is replayed as far as it goes.
    Replay(record::Replay),
    /// Judge prompts before they cost: errors, warnings, how many jobs, and an estimate of the cost.
    ///
    /// An error is what the bot is known to refuse, and ends in exit code 4; what nobody verified only warns. Nothing
    /// is sent. `imagine` judges its prompt in the same way.
    Lint(Lint),
    /// Tell what a message, a page of messages, a gateway frame or an error body means.
    Explain(Explain),
    /// Serve a simulated Discord with the Midjourney bot, until stopped.
    Sim(Sim),
    /// Check configuration, token shape, reachability and clock.
    Doctor(Connection),
    /// Show the configuration.
    #[command(subcommand)]
    Config(Config),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print help for a command, or a topic: exit-codes, scenarios, scripts.
    Help {
        /// A command or a topic.
        topic: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Imagine {
    /// The prompt, with Midjourney's parameters, as one argument.
    pub(crate) prompt: String,
    /// Share this file in the channel, and put its link before the prompt; may be given several times.
    #[arg(long = "image", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) images: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) door: order::Door,
    /// End with the error `JobQueued` when Midjourney queues the job.
    #[arg(long)]
    pub(crate) fail_if_queued: bool,
    /// Do not draw the picture in the terminal.
    #[arg(long)]
    pub(crate) no_picture: bool,
    /// Send the prompt even if Midjourney is known to refuse it, and warn of nothing.
    #[arg(long)]
    pub(crate) no_lint: bool,
    #[command(flatten)]
    pub(crate) screening: Screening,
}

#[derive(Debug, Args)]
pub(crate) struct Lint {
    /// Prompts, each as one argument; - reads them from standard input, one a line.
    #[arg(value_name = "PROMPT", required_unless_present = "file")]
    pub(crate) prompts: Vec<String>,
    /// Read prompts from this file too, one a line.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
    /// Print one JSON object per prompt.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the prompts with their typography repaired (dashes, quotes, spaces; never meaning), findings on stderr.
    #[arg(long)]
    pub(crate) fix: bool,
    /// The account's default version, such as 7 or "niji 6"; a prompt's own goes before.
    #[arg(long, value_name = "VERSION")]
    pub(crate) default_version: Option<String>,
    /// The account's default speed: fast, relax or turbo; a prompt's own goes before.
    #[arg(long, value_name = "MODE")]
    pub(crate) default_mode: Option<String>,
    #[command(flatten)]
    pub(crate) screening: Screening,
}

/// Screening by the operator's own lists and past outcomes. None is shipped, and no prompt is ever changed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Screening")]
pub(crate) struct Screening {
    /// Refuse prompts with a word or phrase of this file, one a line, # for comments; may be given several times.
    #[arg(long = "screen-list", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) lists: Vec<PathBuf>,
    /// Advise by the outcomes in this file; `imagine` appends each job's (not with --sim).
    #[arg(long = "screen-outcomes", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) outcomes: Option<PathBuf>,
    /// Refuse prompts that past outcomes give at least this probability of a refusal, from 0 to 1. Default: only advise.
    #[arg(long = "screen-refuse-above", value_name = "P")]
    pub(crate) refuse_above: Option<f64>,
}

/// Where and as whom to speak. A token is never an argument: other users of the machine could read it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// Read the token from this file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) token_file: Option<PathBuf>,
    /// The channel's id.
    #[arg(long, value_name = "ID")]
    pub(crate) channel: Option<String>,
    /// The guild's id; none for a direct message.
    #[arg(long, value_name = "ID")]
    pub(crate) guild: Option<String>,
    /// Discord's origin; /api/vN is appended. Plain http for this machine only.
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) api_base: Option<String>,
    /// How to follow the channel: by the gateway, by reading it, or the second while the first is down. Only the
    /// gateway shows ephemeral messages, which most refusals are.
    #[arg(long, value_name = "HOW", value_parser = PossibleValuesParser::new(["auto", "gateway", "poll"]))]
    pub(crate) watch: Option<String>,
    /// The gateway's address; by default Discord's own, or the one that an API base on this machine names.
    #[arg(long, value_name = "URL")]
    pub(crate) gateway: Option<String>,
}

/// The world of `imagine --sim`.
#[derive(Debug, Args)]
#[command(next_help_heading = "With --sim")]
pub(crate) struct ImagineWorld {
    #[command(flatten)]
    pub(crate) world: World,
    /// How many times faster than real time everything runs, waits and limits included.
    #[arg(long, value_name = "X", default_value_t = 10.0, value_parser = factor, requires = "sim")]
    pub(crate) speed: f64,
}

/// What a simulated world is like.
#[derive(Debug, Args)]
pub(crate) struct World {
    /// What happens to the job; `journeyman help scenarios` lists them.
    #[arg(long, value_name = "NAME")]
    pub(crate) scenario: Option<String>,
    /// Which bot: 2023 shows progress in the channel, 2026 does not.
    #[arg(long, value_parser = PossibleValuesParser::new(sim::Era::NAMES))]
    pub(crate) era: Option<String>,
    /// Who sees refusals. Visible is an assumption that was never captured.
    #[arg(long, value_parser = PossibleValuesParser::new(sim::Visibility::NAMES))]
    pub(crate) errors: Option<String>,
    /// Who sees progress.
    #[arg(long, value_parser = PossibleValuesParser::new(sim::Visibility::NAMES))]
    pub(crate) progress: Option<String>,
    /// The account's plan: how many jobs run at once.
    #[arg(long, value_parser = PossibleValuesParser::new(sim::Plan::NAMES))]
    pub(crate) plan: Option<String>,
    /// Seed of every random choice; the same seed gives the same run.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Outcomes per prompt, faults and timings, as TOML; `journeyman help scripts` shows every key.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) script: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Sim {
    #[command(subcommand)]
    pub(crate) command: Option<SimCommand>,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", value_parser = address)]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) world: World,
    /// How many times faster the bot works; limits and clock stay real.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = factor)]
    pub(crate) speed: f64,
    /// How many times faster the whole world runs; give the client `JOURNEYMAN_TIME_SCALE` to match.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = factor)]
    pub(crate) time_scale: f64,
    /// Accept any token, each as its own account, and make any channel on first use.
    #[arg(long)]
    pub(crate) permissive: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SimCommand {
    /// Run a client of Discord's in worlds that limit it, and score what arrives: 429s, speed, bans.
    ///
    /// The command finds the simulator's origin in `JOURNEYMAN_SIM_URL`, with `/api` in `DISCORD_API_URL` and with
    /// `/api/v10` in `DISCORD_API_BASE`; a token in `JOURNEYMAN_SIM_TOKEN` and `DISCORD_TOKEN` (without `Bot`), a
    /// channel in `JOURNEYMAN_SIM_CHANNEL`, and the scenario's name in `JOURNEYMAN_SIM_SCENARIO`. Any other token and
    /// channel works too. It runs once for each scenario, in real time; what it has to send, it should send at once.
    Score(Score),
}

#[derive(Debug, Args)]
pub(crate) struct Score {
    /// Try this scenario alone; may be given several times. All of them unless given.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(limit_scenarios()))]
    pub(crate) scenario: Vec<String>,
    /// How long the command may take in each scenario.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// Print one JSON object for each scenario.
    #[arg(long)]
    pub(crate) json: bool,
    /// The command, after two hyphens.
    #[arg(last = true, required = true, value_hint = ValueHint::CommandWithArguments)]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A JSON file, or - for standard input.
    #[arg(default_value = "-", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Print one JSON object per message.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Print every setting and where it comes from; a token prints as `…`.
    Show {
        #[command(flatten)]
        connection: Connection,
    },
}

/// An address and a port. `localhost` is this machine (RFC 6761); other names are not looked up.
fn address(text: &str) -> Result<SocketAddr, String> {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    let is_local = host.eq_ignore_ascii_case("localhost");
    let local =
        port.parse().ok().filter(|_| is_local).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let wanted = || "expected an address and a port, such as 127.0.0.1:8080 or localhost:0".to_owned();
    text.parse().ok().or(local).ok_or_else(wanted)
}

/// The names of the worlds that limit.
fn limit_scenarios() -> impl Iterator<Item = clap::builder::PossibleValue> {
    sim::limit_scenarios()
        .iter()
        .map(|scenario| clap::builder::PossibleValue::new(scenario.name).help(scenario.summary))
}

/// A span of time.
fn seconds(text: &str) -> Result<Duration, String> {
    let span = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let span = span.filter(|span| !span.is_zero() && *span <= Duration::from_hours(24));
    span.ok_or_else(|| "expected seconds, more than 0 and at most 86400".to_owned())
}

/// A factor by which time runs faster.
fn factor(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if (0.01..=1_000.0).contains(&factor) => Ok(factor),
        _ => Err("expected a number from 0.01 to 1000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_contradict_nothing() {
        definition().debug_assert();
    }

    #[test]
    fn a_scenario_without_the_simulator_is_a_usage_error() {
        let understood =
            |args: &[&str]| definition().try_get_matches_from([&["journeyman"], args].concat()).is_ok();
        assert!(!understood(&["imagine", "--scenario", "happy", "a fox"]));
        assert!(!understood(&["imagine", "--speed", "5", "a fox"]));
        assert!(understood(&["imagine", "a fox"]));
        assert!(understood(&["imagine", "--sim", "--scenario", "happy", "--speed", "5", "a fox"]));
        assert!(understood(&["sim", "--scenario", "happy"]));
    }

    #[test]
    fn json_is_asked_for_by_a_flag_and_not_by_a_prompt() {
        let asks = |args: &[&str]| ask_for_json(args.iter().map(OsString::from));
        assert!(asks(&["imagine", "--colour", "--json", "a fox"]));
        assert!(!asks(&["imagine", "--colour", "a fox --json"]));
        assert!(!asks(&["imagine", "--colour", "--", "--json"]));
        assert!(asks(&["record", "d", "--", "imagine", "--colour", "--json"]));
        assert!(!asks(&["record", "d", "--", "imagine", "--colour", "--", "--json"]));
    }

    #[test]
    fn localhost_is_an_address_of_this_machine_and_other_names_are_not_looked_up() {
        for (text, expected) in
            [("localhost:0", "127.0.0.1:0"), ("LocalHost:8080", "127.0.0.1:8080"), ("[::1]:7", "[::1]:7")]
        {
            assert_eq!(address(text), Ok(expected.parse().expect("an address")), "{text}");
        }
        for bad in ["localhost", "localhost:", "localhost:99999", "discord.invalid:80", ":80", ""] {
            assert!(address(bad).is_err_and(|why| why.contains("127.0.0.1")), "{bad}");
        }
    }

    #[test]
    fn a_factor_is_a_positive_number() {
        for bad in ["0", "-1", "nan", "inf", "fast"] {
            assert!(factor(bad).is_err(), "{bad}");
        }
    }
}
