//! One file per command; here each gets what it needs. What they do is theirs.

mod account;
mod audit;
mod batch;
mod completions;
mod config;
mod doctor;
mod explain;
mod help;
mod imagine;
mod jobs;
mod kept;
mod lint;
mod order;
mod recipe;
mod replay;
mod score;
mod screen;
mod sheet;
mod sim;
mod stats;
mod store;
mod store_place;
mod watching;
mod world;

use std::path::Path;

use journeyman::ErrorKind;

pub(crate) use score::{Ended, Scored};

use crate::args::{Cli, Command, Config, Connection, Door, SimCommand};
use crate::config::{Configuration, Environment, Flag, strays};
use crate::error::Error;
use crate::show::{Terminal, tell};

/// Runs the command to its end.
pub(crate) fn run(cli: Cli, environment: &Environment) -> Result<(), Error> {
    let file = cli.config.as_deref();
    match cli.command {
        Command::Imagine(args) => {
            let terminal = Terminal::of(environment);
            in_runtime(imagine::run(&args, || gather(&args, environment, file), terminal, environment))
        }
        Command::Order(order) => {
            let terminal = Terminal::of(environment);
            in_runtime(order::run(&order, || through(order.door(), environment, file), terminal))
        }
        Command::Recipe(args) => {
            in_runtime(recipe::run(&args, || through(&args.door, environment, file), environment))
        }
        Command::Batch(args) => {
            warn(environment);
            let mut flags = of_door(&args.door)?;
            flags.extend(lint::defaults(args.default_version.as_ref(), args.default_mode.as_ref()));
            flags.extend(screen::flags(&args.screening)?);
            flags.extend(store_place::flag(args.store.as_deref())?);
            batch::run(&args, &Configuration::gather(flags, environment, file)?, environment)
        }
        Command::Sheet(args) => sheet::run(&args),
        Command::Jobs(command) => jobs::run(&command, kept::Finding { environment, file }),
        Command::Store(command) => store::run(&command, kept::Finding { environment, file }),
        Command::Stats(args) => stats::run(&args, kept::Finding { environment, file }),
        Command::Audit(args) => audit::run(&args, kept::Finding { environment, file }),
        // Parsing has put the command in its place already.
        Command::Record(_) => Err(Error::usage("record: no command is given", "write it after two hyphens")),
        Command::Replay(args) => replay::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Lint(args) => {
            warn(environment);
            let mut flags = lint::defaults(args.default_version.as_ref(), args.default_mode.as_ref());
            flags.extend(screen::flags(&args.screening)?);
            lint::run(&args, &Configuration::gather(flags, environment, file)?, environment)
        }
        Command::Sim(args) => match &args.command {
            Some(SimCommand::Score(args)) => in_runtime(score::run(args)),
            None => in_runtime(sim::run(&args)),
        },
        Command::Doctor(connection) => in_runtime(doctor::run(configuration(&connection, environment, file))),
        Command::Config(Config::Show { connection }) => {
            warn(environment);
            let (configuration, wrong) = Configuration::survey(flags(&connection)?, environment, file);
            config::show(&configuration, wrong)
        }
        Command::Completions { shell } => completions::run(shell),
        Command::Help { topic } => help::run(topic.as_deref()),
    }
}

fn gather(
    args: &crate::args::Imagine,
    environment: &Environment,
    file: Option<&Path>,
) -> Result<Configuration, journeyman::Error> {
    warn(environment);
    let mut flags = of_door(&args.door)?;
    flags.extend(screen::flags(&args.screening)?);
    Configuration::gather(flags, environment, file)
}

fn through(
    door: &Door,
    environment: &Environment,
    file: Option<&Path>,
) -> Result<Configuration, journeyman::Error> {
    warn(environment);
    Configuration::gather(of_door(door)?, environment, file)
}

fn of_door(door: &Door) -> Result<Vec<Flag>, journeyman::Error> {
    let out = door.out.as_deref().map(text).transpose()?.map(|out| ("out", "--out", out));
    let split = door.split.then(|| ("split", "--split", "true".to_owned()));
    let record = door.record.as_deref().map(text).transpose()?.map(|folder| ("record", "--record", folder));
    let seed = door.world.world.seed.map(|seed| ("seed", "--seed", seed.to_string()));
    Ok(flags(&door.connection)?.into_iter().chain(out).chain(split).chain(record).chain(seed).collect())
}

fn configuration(
    connection: &Connection,
    environment: &Environment,
    file: Option<&Path>,
) -> Result<Configuration, journeyman::Error> {
    warn(environment);
    Configuration::gather(flags(connection)?, environment, file)
}

/// A setting that nobody reads is a slip, and a silent one is looked for a long time.
fn warn(environment: &Environment) {
    for stray in strays(environment) {
        tell(&format!("warning: {stray}"));
    }
}

fn flags(connection: &Connection) -> Result<Vec<Flag>, journeyman::Error> {
    let token_file = connection.token_file.as_deref().map(text).transpose()?;
    let typed = [
        ("token_file", "--token-file", token_file),
        ("channel", "--channel", connection.channel.clone()),
        ("guild", "--guild", connection.guild.clone()),
        ("api_base", "--api-base", connection.api_base.clone()),
        ("watch", "--watch", connection.watch.clone()),
        ("gateway", "--gateway", connection.gateway.clone()),
    ];
    Ok(typed.into_iter().filter_map(|(name, flag, text)| Some((name, flag, text?))).collect())
}

/// A path as text: a setting is one, and half a path would be another folder.
fn text(path: &Path) -> Result<String, journeyman::Error> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        journeyman::Error::new(
            ErrorKind::Configuration,
            format!("read the path {}: it is not UTF-8", path.display()),
        )
        .with_hint("give a path whose name is plain text")
    })
}

/// Runs an async command. Two threads: the simulator and the client do not wait for each other's work.
fn in_runtime(command: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime
        .map_err(|why| journeyman::Error::new(ErrorKind::Internal, "start the runtime").with_source(why))?;
    let ended = runtime.block_on(command);
    // A look-up of a name may still hang in a blocking thread; nobody waits for it any more.
    runtime.shutdown_background();
    ended
}
