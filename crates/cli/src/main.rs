//! The `journeyman` command: parses, runs one command, and turns its end into an exit code.
//!
//! It decides nothing about images; the library does.

mod args;
mod batch;
mod commands;
mod config;
mod drift;
mod error;
mod exit;
mod log;
mod outcomes;
mod show;

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match args::parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(misunderstood(&error)),
    };
    let environment = config::Environment::of_process();
    log::begin(cli.verbose, environment.get("JOURNEYMAN_LOG"));
    match commands::run(cli, &environment) {
        Ok(()) => ExitCode::from(exit::OK),
        Err(error) => {
            // Nobody is left to tell when stderr is closed.
            let _ = std::io::stderr().write_all(error.text().as_bytes());
            ExitCode::from(error.code())
        }
    }
}

/// Tells what cannot be understood of the command line: people in any case, a program where JSON was asked for.
fn misunderstood(error: &clap::Error) -> u8 {
    let code = error::typed(error);
    if code == exit::USAGE && args::ask_for_json(std::env::args_os()) {
        // Nobody is left to tell when stdout is closed too.
        let _ = show::Lines::failed(&error::Error::of_typed(error), None, None);
    }
    code
}
