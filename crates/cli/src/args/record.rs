//! `record`: another command, run as it would be with `--record`. It runs nothing.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, FromArgMatches as _, ValueHint};

use super::{Cli, Command, definition};

#[derive(Debug, Args)]
pub(crate) struct Record {
    /// The folder; it is made if it is not there.
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) dir: PathBuf,
    /// A command that speaks to Discord, with its flags, after two hyphens: `-- imagine "a fox"`.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The recording; of one in several files, all of them in their order.
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Print JSON objects, one a line: what happened, and last how it ended and what differs.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is to be run: of `record`, the command after the hyphens.
///
/// # Errors
/// clap's own, of that command too.
pub(super) fn unwrapped(cli: Cli) -> Result<Cli, clap::Error> {
    let Cli { config, verbose, command: Command::Record(Record { dir, command }) } = cli else {
        return Ok(cli);
    };
    let matches =
        definition().try_get_matches_from([OsString::from("journeyman")].into_iter().chain(command))?;
    let inner = Cli::from_arg_matches(&matches)?;
    let command = recorded(inner.command, dir)?;
    Ok(Cli { config: inner.config.or(config), verbose: inner.verbose.saturating_add(verbose), command })
}

fn recorded(mut command: Command, dir: PathBuf) -> Result<Command, clap::Error> {
    let door = match &mut command {
        Command::Imagine(imagine) => &mut imagine.door,
        Command::Order(order) => order.door_mut(),
        Command::Recipe(recipe) => &mut recipe.door,
        Command::Record(_)
        | Command::Replay(_)
        | Command::Batch(_)
        | Command::Sheet(_)
        | Command::Jobs(_)
        | Command::Store(_)
        | Command::Stats(_)
        | Command::Audit(_)
        | Command::Lint(_)
        | Command::Explain(_)
        | Command::Sim(_)
        | Command::Doctor(_)
        | Command::Config(_)
        | Command::Completions { .. }
        | Command::Help { .. } => {
            let why =
                "record a command that makes no job: there is nothing to record; give one such as imagine";
            return Err(definition().error(ErrorKind::InvalidValue, why));
        }
    };
    door.record = Some(dir);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unwrap(args: &[&str]) -> Result<Cli, clap::Error> {
        let matches = definition().try_get_matches_from([&["journeyman"], args].concat())?;
        unwrapped(Cli::from_arg_matches(&matches)?)
    }

    #[test]
    fn a_recorded_command_is_the_command_with_a_folder() {
        let cli =
            unwrap(&["-v", "record", "d", "--", "imagine", "--sim", "--", "--a fox"]).expect("understood");
        let Command::Imagine(imagine) = cli.command else { panic!("{cli:?}") };
        assert_eq!((imagine.door.record, imagine.prompt.as_str()), (Some("d".into()), "--a fox"));
        assert_eq!(cli.verbose, 1);
        let cli = unwrap(&["record", "d", "--", "press", "1", "U1"]).expect("understood");
        assert!(matches!(cli.command, Command::Order(order) if order.door().record.is_some()));
    }

    #[test]
    fn what_speaks_to_nobody_is_not_recorded() {
        for command in [&["lint", "a fox"][..], &["record", "e", "--", "info"], &["doctor"]] {
            let error = unwrap(&[&["record", "d", "--"], command].concat()).expect_err("nothing to record");
            assert!(error.to_string().contains("nothing to record"), "{error}");
        }
        assert!(unwrap(&["record", "d"]).is_err());
    }
}
