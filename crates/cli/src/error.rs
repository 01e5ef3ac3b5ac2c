//! What a command ends with when it does not end well, and the one printer of error chains.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io::Write as _;

use crate::exit::{self, Unscored};

/// What to do about a command line that cannot be understood.
const HINT: &str = "`journeyman help` lists the commands, `journeyman help COMMAND` its flags";

/// Why a command did not end well.
#[derive(Debug)]
pub(crate) enum Error {
    /// The command line or its input cannot be understood.
    Usage {
        /// What was tried and what was found, a lowercase fragment.
        message: String,
        /// What to do.
        hint: String,
    },
    /// A client under test gave no score.
    Unscored {
        /// Why.
        why: Unscored,
        /// What was tried and what was found, a lowercase fragment.
        message: String,
        /// What to do.
        hint: String,
    },
    /// A recording that is not replayed as it was recorded.
    Differs {
        /// What differs, a lowercase fragment.
        message: String,
        /// What to do.
        hint: &'static str,
    },
    /// An error with a kind.
    Client(journeyman::Error),
}

impl Error {
    /// A usage error.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: hint.into() }
    }

    /// A command that gave no score.
    pub(crate) fn unscored(why: Unscored, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Unscored { why, message: message.into(), hint: hint.into() }
    }

    /// A replay that differs.
    pub(crate) fn differs(message: String, hint: &'static str) -> Self {
        Self::Differs { message, hint }
    }

    /// What clap says of a command line that cannot be understood, without its usage lines.
    pub(crate) fn of_typed(error: &clap::Error) -> Self {
        let said = error.render().to_string();
        let lines = said.lines().map(str::trim).take_while(|line| !line.is_empty());
        let message = lines.collect::<Vec<_>>().join(" ");
        Self::usage(message.strip_prefix("error: ").unwrap_or(&message), HINT)
    }

    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Usage { .. } => exit::USAGE,
            Self::Unscored { why, .. } => why.code(),
            Self::Differs { .. } => exit::DIFFERS,
            Self::Client(error) => exit::code(error.kind()),
        }
    }

    /// The message with its causes, on one line.
    pub(crate) fn brief(&self) -> String {
        match self {
            Self::Usage { message, .. } | Self::Unscored { message, .. } | Self::Differs { message, .. } => {
                message.clone()
            }
            Self::Client(error) => chain(error),
        }
    }

    /// What people read: the message with its causes, then the hint.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        match self {
            Self::Usage { message, hint } | Self::Unscored { message, hint, .. } => {
                let _ = write!(text, "error: {message}\nhint: {hint}\n");
            }
            Self::Differs { message, hint } => {
                let _ = write!(text, "error: {message}\nhint: {hint}\n");
            }
            Self::Client(error) => {
                let _ = writeln!(text, "error: {}", chain(error));
                if let Some(wait) = error.retry_after() {
                    let _ = writeln!(text, "retry after: {:.1} s", wait.as_secs_f64());
                }
                if let Some(hint) = error.hint() {
                    let _ = writeln!(text, "hint: {hint}");
                }
            }
        }
        text
    }
}

/// An error and its causes on one line; a cause that the line before already tells is left out.
pub(crate) fn chain(error: &journeyman::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            let _ = write!(text, ": {said}");
        }
        cause = error.source();
    }
    text
}

/// Prints what clap says of a command line: help and version are data, all else is an error with a hint.
pub(crate) fn typed(error: &clap::Error) -> u8 {
    // Nobody is left to tell when the terminal is gone.
    let _ = error.print();
    if !error.use_stderr() {
        return exit::OK;
    }
    let _ = writeln!(std::io::stderr(), "hint: {HINT}");
    exit::USAGE
}

impl From<journeyman::Error> for Error {
    fn from(error: journeyman::Error) -> Self {
        Self::Client(error)
    }
}
