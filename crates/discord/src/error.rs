//! Why a call failed, and whether the request may have been executed. It holds no token and no URL.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use journeyman_limiter::{Certainty, Reason};

use crate::wire::{Answer, Unreadable};

type Source = Box<dyn StdError + Send + Sync>;

/// A call that did not end in an answer to work with.
///
/// `Display` tells what was tried and why it failed, never its sources and never a token.
#[derive(Debug)]
#[non_exhaustive]
pub struct CallError {
    /// What it was for: `send imagine to channel 1`.
    pub purpose: String,
    /// What went wrong.
    pub kind: CallErrorKind,
    /// Whether the request may have been executed. Only [`Certainty::NotSent`] and a refusal
    /// ([`Certainty::Answered`]) allow a caller to do it again without looking first.
    pub certainty: Certainty,
    /// How often the request left, or tried to.
    pub attempts: u32,
    /// From the call to its failure.
    pub elapsed: Duration,
    /// How long to wait before it makes sense again, where that is known.
    pub retry_after: Option<Duration>,
    /// The last answer, where there was one.
    pub answer: Option<Box<Answer>>,
    /// Whether doing it twice does no more than doing it once.
    pub is_repeatable: bool,
    pub(crate) source: Option<Source>,
}

/// What went wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallErrorKind {
    /// No connection could be made: nothing was sent.
    Unreachable {
        /// The host that was tried.
        host: String,
        /// Whether its name could not be resolved.
        is_dns: bool,
    },
    /// The request left, and no answer came: a timeout, a reset, half an answer.
    LostAnswer {
        /// Whether the time ran out, rather than the connection breaking.
        is_timeout: bool,
    },
    /// Discord failed, 5xx, also after the tries that were allowed.
    UpstreamFailed {
        /// The last status.
        status: u16,
    },
    /// The wait is longer than was allowed, or the tries that were allowed are used up.
    RateLimited {
        /// What is being waited for.
        reason: Reason,
    },
    /// Not sent: too much has failed or was refused lately, or somebody has stopped everything.
    Stopped {
        /// What has stopped it.
        reason: Reason,
    },
    /// 401 or 403: the token is not accepted, or may not do this.
    Unauthorized {
        /// 401 or 403.
        status: u16,
        /// Discord's own code, such as 50001.
        code: Option<u64>,
    },
    /// Not sent, because the deadline had passed or would have.
    TooLate,
    /// Not sent, because its caller recalled it first.
    Recalled,
    /// An answer that makes no sense: a redirect, or a body that is not what was asked for.
    Unexpected {
        /// The status.
        status: u16,
    },
    /// The answer is larger than any answer of the API.
    TooLarge {
        /// The most that is read.
        most_bytes: usize,
    },
}

impl CallError {
    /// Whether the same call can succeed later without anybody changing anything. Never for a request that
    /// may have been executed and must not be twice: that one is to be looked for first.
    pub fn is_retryable(&self) -> bool {
        !self.may_have_run()
            && match self.kind {
                CallErrorKind::Stopped { reason } => reason != Reason::Isolated,
                CallErrorKind::Unreachable { .. }
                | CallErrorKind::LostAnswer { .. }
                | CallErrorKind::UpstreamFailed { .. }
                | CallErrorKind::RateLimited { .. } => true,
                CallErrorKind::Unauthorized { .. }
                | CallErrorKind::TooLate
                | CallErrorKind::Recalled
                | CallErrorKind::Unexpected { .. }
                | CallErrorKind::TooLarge { .. } => false,
            }
    }

    /// What a person can do about it, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        if self.may_have_run() {
            return Some("it may have been executed: look in the channel before sending it again");
        }
        match self.kind {
            CallErrorKind::Stopped { reason } => reason.cure(),
            CallErrorKind::Unreachable { is_dns: true, .. } => {
                Some("the name does not resolve: check the network, and the API base for a typing mistake")
            }
            CallErrorKind::Unreachable { is_dns: false, .. } => {
                Some("check the network, a proxy or firewall between, and the API base")
            }
            CallErrorKind::LostAnswer { .. } | CallErrorKind::UpstreamFailed { .. } => {
                Some("this is on Discord's side or between; try again later (https://discordstatus.com)")
            }
            CallErrorKind::RateLimited { .. } => Some("wait as long as it says before trying again"),
            CallErrorKind::Unauthorized { status: 401, .. } => {
                Some("the token is not valid any more: check JOURNEYMAN_TOKEN")
            }
            CallErrorKind::Unauthorized { .. } => {
                Some("check that the account can see the channel and may use commands there")
            }
            CallErrorKind::Unexpected { .. } => Some("check that the API base is Discord's or a simulator's"),
            CallErrorKind::TooLate | CallErrorKind::Recalled | CallErrorKind::TooLarge { .. } => None,
        }
    }

    fn may_have_run(&self) -> bool {
        self.certainty == Certainty::MaybeSent && !self.is_repeatable
    }

    pub(crate) fn from_unreadable(purpose: &str, answer: Answer, unreadable: Unreadable) -> Self {
        Self {
            purpose: purpose.to_owned(),
            kind: CallErrorKind::Unexpected { status: answer.status },
            certainty: Certainty::Answered,
            attempts: 1,
            elapsed: Duration::ZERO,
            retry_after: None,
            answer: Some(Box::new(answer)),
            is_repeatable: true,
            source: Some(Box::new(unreadable)),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.purpose)?;
        self.write_kind(f)?;
        match self.attempts {
            0 => Ok(()),
            1 => write!(f, " (1 attempt in {})", Seconds(self.elapsed)),
            attempts => write!(f, " ({attempts} attempts in {})", Seconds(self.elapsed)),
        }
    }
}

impl CallError {
    fn write_kind(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            CallErrorKind::Unreachable { host, is_dns: true } => write!(f, "cannot find the host {host}"),
            CallErrorKind::Unreachable { host, is_dns: false } => write!(f, "cannot connect to {host}"),
            CallErrorKind::LostAnswer { is_timeout: true } => write!(f, "no answer came in time"),
            CallErrorKind::LostAnswer { is_timeout: false } => {
                write!(f, "the connection broke before the answer was read")
            }
            CallErrorKind::UpstreamFailed { status } => write!(f, "discord failed with status {status}"),
            CallErrorKind::RateLimited { reason } => match self.retry_after {
                Some(wait) => write!(f, "rate limited ({reason}) for another {}", Seconds(wait)),
                None => write!(f, "rate limited ({reason})"),
            },
            CallErrorKind::Stopped { reason } => match self.retry_after {
                Some(wait) => write!(f, "not sent ({reason}); the next try is in {}", Seconds(wait)),
                None => write!(f, "not sent ({reason})"),
            },
            CallErrorKind::Unauthorized { status: 401, .. } if self.attempts == 0 => {
                write!(f, "not sent, since discord refused the token before with status 401")
            }
            CallErrorKind::Unauthorized { status, .. } if self.attempts == 0 => {
                write!(f, "not sent, since discord refused the same a moment ago with status {status}")
            }
            CallErrorKind::Unauthorized { status, .. } => {
                write!(f, "discord refused it with status {status}")?;
                self.write_words(f)
            }
            CallErrorKind::TooLate => write!(f, "not sent, since its deadline would have passed"),
            CallErrorKind::Recalled => write!(f, "not sent, since its caller recalled it"),
            CallErrorKind::Unexpected { status } => {
                write!(f, "an answer with status {status} that makes no sense")
            }
            CallErrorKind::TooLarge { most_bytes } => {
                write!(f, "the answer is larger than {most_bytes} bytes")
            }
        }
    }

    /// Discord's own code and words, which say more than a status.
    fn write_words(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(error) = self.answer.as_ref().and_then(|answer| answer.error()) else { return Ok(()) };
        match (error.code, error.message) {
            (Some(code), Some(message)) => write!(f, ", code {code}: {message}"),
            (Some(code), None) => write!(f, ", code {code}"),
            (None, Some(message)) => write!(f, ": {message}"),
            (None, None) => Ok(()),
        }
    }
}

impl StdError for CallError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// A span as people read it: `0.3 s`, `12 s`.
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        if seconds < 10.0 { write!(f, "{seconds:.1} s") } else { write!(f, "{seconds:.0} s") }
    }
}
