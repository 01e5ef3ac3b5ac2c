//! Logs on stderr, off unless asked for. Progress and errors are not logs.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Starts logging: by the filter in the environment, or by how many times `-v` was given.
pub(crate) fn begin(verbose: u8, filter: Option<&str>) {
    let filter = match (filter, verbose) {
        (Some(filter), _) => EnvFilter::new(filter),
        (None, 0) => EnvFilter::new("off"),
        (None, 1) => EnvFilter::new("journeyman=debug"),
        (None, _) => EnvFilter::new("journeyman=trace"),
    };
    let colour =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|text| text.is_empty());
    // Only a second subscriber could fail here, and there is none.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colour)
        .with_writer(std::io::stderr)
        .try_init();
}
