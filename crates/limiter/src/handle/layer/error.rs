//! Why a request through the layer has no answer. It decides nothing.

use std::error::Error;
use std::fmt;
use std::io;

use super::BoxError;
use crate::handle::{Refused, RetryError};
use crate::request::UnknownMethod;
use crate::retry::{Certainty, Stop};

/// Why a request through [`LimitLayer`](crate::LimitLayer) or [`RetryLayer`](crate::RetryLayer) has no answer.
///
/// An answer of any status, a 429 too, is no error.
#[derive(Debug)]
#[non_exhaustive]
pub enum LimitError {
    /// Discord's API does not have the method. Nothing was sent.
    Method(UnknownMethod),
    /// The limiter refused the first try or a further one: its wait would have been too long.
    Refused {
        /// Why, and for how long.
        refused: Refused,
        /// How many tries were made before; after none, nothing was sent.
        tries: u32,
        /// What the last of them failed with, unless it was answered.
        source: Option<BoxError>,
    },
    /// The client below failed, and there was no further try.
    Failed {
        /// Its last error.
        source: BoxError,
        /// Whether the last try can have been executed.
        certainty: Certainty,
        /// How many tries were made.
        tries: u32,
        /// Why there was no further one; without retries, none is told.
        why: Option<Stop>,
    },
}

/// How one try failed.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) source: BoxError,
    pub(super) certainty: Certainty,
}

impl From<Refused> for LimitError {
    fn from(refused: Refused) -> Self {
        Self::Refused { refused, tries: 0, source: None }
    }
}

impl From<Fault> for LimitError {
    fn from(Fault { source, certainty }: Fault) -> Self {
        Self::Failed { source, certainty, tries: 1, why: None }
    }
}

impl From<RetryError<Fault>> for LimitError {
    fn from(error: RetryError<Fault>) -> Self {
        match error {
            RetryError::Refused { refused, tries, source } => {
                Self::Refused { refused, tries, source: source.map(|fault| fault.source) }
            }
            RetryError::Failed { source: Fault { source, certainty }, why, tries, .. } => {
                Self::Failed { source, certainty, tries, why: Some(why) }
            }
        }
    }
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Method(unknown) => unknown.fmt(f),
            Self::Refused { refused, tries: 0, .. } => refused.fmt(f),
            Self::Refused { refused, tries, .. } => write!(f, "{refused} (after {})", Tries(*tries)),
            Self::Failed { certainty, tries, why, .. } => {
                let fate = match certainty {
                    Certainty::NotSent => "nothing was sent",
                    Certainty::MaybeSent => "the request may have been executed",
                    Certainty::Answered => "the answer could not be used",
                };
                write!(f, "no answer after {}; {fate}", Tries(*tries))?;
                why.map_or(Ok(()), |why| write!(f, "; {why}"))
            }
        }
    }
}

impl Error for LimitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Method(_) => None,
            Self::Refused { source, .. } => source.as_ref().map(|source| &**source as _),
            Self::Failed { source, .. } => Some(&**source),
        }
    }
}

struct Tries(u32);

impl fmt::Display for Tries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "try" } else { "tries" })
    }
}

/// Whether the system refused to connect: somewhere below the error lies one that only connecting gives.
pub(super) fn is_without_connection(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(is_of_connecting) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Only these: "unreachable" can also end a connection on which the request has left.
fn is_of_connecting(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::AddrNotAvailable)
}
