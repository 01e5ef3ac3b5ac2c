//! The one error of the library: what went wrong, whose side, and what to do about it.
//!
//! Moderation and queueing are data inside; only here do they become errors.

use std::fmt;
use std::time::Duration;

use journeyman_midjourney::outcome::{Hindrance, NotSent, Outcome};
use journeyman_midjourney::{Failure, FailureKind, Notice};
use journeyman_model::MessageId;

macro_rules! own_kinds {
    ($($(#[$doc:meta])* $name:ident $retryable:literal)*; $($theirs:ident)*) => {
        /// What went wrong. The seed's six come first; see [`ErrorKind::side`] for whose side it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $(#[doc = concat!("See [`FailureKind::", stringify!($theirs), "`].")] $theirs,)*
            $($(#[$doc])* $name,)*
        }

        impl ErrorKind {
            /// Every kind, in the order of this list.
            pub const ALL: &'static [Self] = &[$(Self::$theirs,)* $(Self::$name,)*];

            /// The kind's name, for instance `PreModeration`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$theirs => stringify!($theirs),)*
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// Whether the same request may succeed later without a change by a human.
            pub const fn is_retryable(self) -> bool {
                match self {
                    $(Self::$theirs => FailureKind::$theirs.is_retryable(),)*
                    $(Self::$name => $retryable,)*
                }
            }
        }

        impl From<FailureKind> for ErrorKind {
            fn from(kind: FailureKind) -> Self {
                match kind {
                    $(FailureKind::$theirs => Self::$theirs,)*
                }
            }
        }
    };
}

own_kinds! {
    /// The configuration is missing something or contradicts itself.
    Configuration false
    /// The prompt was refused before anything was sent.
    InvalidPrompt false
    /// Discord could not be reached; nothing was sent.
    Unreachable true
    /// Discord answered with its own failures until the retries were used up.
    UpstreamFailed true
    /// Something could not be read from or written to the disk.
    Storage false
    /// The request may or may not have been executed, and nothing decided it. It is never resent.
    Undecided false
    /// The caller stopped waiting.
    Cancelled false
    /// A defect of this program.
    Internal false
    ;
    PreModeration PostModeration EphemeralModeration InvalidRequest QueueFull JobQueued
    HumanVerification AccountActionRequired AccountBlocked SubscriptionRequired CreditsExhausted
    PlanRestricted Cooldown JobFailed InteractionFailed NoResponse CommandOutdated RateLimited
    Unauthorized UnknownNotice
}

/// Whose side an error is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// This program, its caller or its machine.
    Ours,
    /// Discord, or the way to it.
    Discord,
    /// Midjourney.
    Midjourney,
}

impl ErrorKind {
    /// Whose side the error is on.
    pub const fn side(self) -> Side {
        match self {
            Self::Configuration
            | Self::InvalidPrompt
            | Self::Storage
            | Self::Undecided
            | Self::Cancelled
            | Self::Internal => Side::Ours,
            Self::Unreachable
            | Self::UpstreamFailed
            | Self::RateLimited
            | Self::Unauthorized
            | Self::InteractionFailed
            | Self::CommandOutdated => Side::Discord,
            Self::PreModeration
            | Self::PostModeration
            | Self::EphemeralModeration
            | Self::InvalidRequest
            | Self::QueueFull
            | Self::JobQueued
            | Self::HumanVerification
            | Self::AccountActionRequired
            | Self::AccountBlocked
            | Self::SubscriptionRequired
            | Self::CreditsExhausted
            | Self::PlanRestricted
            | Self::Cooldown
            | Self::JobFailed
            | Self::NoResponse
            | Self::UnknownNotice => Side::Midjourney,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An error of this library.
///
/// `Display` says what was tried and why it failed, never the source (walk
/// [`std::error::Error::source`] for that) and never a token. [`Error::hint`] says what to do.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
    retry_after: Option<Duration>,
    until: Option<i64>,
    notice: Option<Notice>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind; `message` is a lowercase fragment without a period.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            hint: None,
            retry_after: None,
            until: None,
            notice: None,
            source: None,
        }))
    }

    /// Adds what the reader can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds how long to wait before trying again.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same request may succeed later without a change by a human.
    pub fn is_retryable(&self) -> bool {
        self.0.kind.is_retryable()
    }

    /// How long the other side asked to wait, where it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Until when, where the other side named a time (Unix seconds).
    pub fn until(&self) -> Option<i64> {
        self.0.until
    }

    /// Whose side the error is on.
    pub fn side(&self) -> Side {
        self.0.kind.side()
    }

    /// What the reader can do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// What the other side said, raw.
    pub fn notice(&self) -> Option<&Notice> {
        self.0.notice.as_ref()
    }

    /// The error that a failure of Midjourney's or Discord's becomes.
    pub fn from_failure(failure: &Failure) -> Self {
        let kind = ErrorKind::from(failure.kind);
        let mut error =
            Self::new(kind, crate::words::message(failure)).with_hint(crate::words::hint(failure));
        error.0.retry_after = failure.retry_after;
        error.0.until = failure.until;
        error.0.notice = Some(failure.notice.clone());
        error
    }

    /// The error that an outcome becomes; `None` for a finished one. The ids help to look the
    /// job up in Discord.
    pub(crate) fn from_outcome(
        outcome: &Outcome,
        message: Option<MessageId>,
        job: Option<&str>,
    ) -> Option<Self> {
        match outcome {
            Outcome::Finished(_) => None,
            Outcome::Failed(failure) => Some(Self::from_failure(failure)),
            Outcome::NotSent(not_sent) => Some(Self::from_not_sent(not_sent)),
            Outcome::Undecided { detail } => Some(
                Self::new(
                    ErrorKind::Undecided,
                    format!("send the prompt: {detail}; no sign of the job was seen, it may have been executed and charged"),
                )
                .with_hint("look into the channel in Discord before sending it again"),
            ),
            Outcome::Cancelled { may_be_charged: false } => {
                Some(Self::new(ErrorKind::Cancelled, "stopped before anything was sent; nothing is charged"))
            }
            Outcome::Cancelled { may_be_charged: true } => Some(
                Self::new(
                    ErrorKind::Cancelled,
                    format!("stopped watching; the job goes on at Midjourney and may be charged ({})", place(message, job)),
                )
                .with_hint("its images will be in the Discord channel"),
            ),
        }
    }

    pub(crate) fn from_not_sent(not_sent: &NotSent) -> Self {
        let (kind, hint) = match not_sent.why {
            Hindrance::Unreachable => {
                (ErrorKind::Unreachable, "check the network and the API base; `journeyman doctor` tries both")
            }
            Hindrance::UpstreamFailed => (ErrorKind::UpstreamFailed, "try again in a few minutes"),
            Hindrance::RateLimited => (ErrorKind::RateLimited, "try again after the named wait"),
            Hindrance::TokenRefused | Hindrance::Unauthorized => (
                ErrorKind::Unauthorized,
                "check the token, and that the account may use commands in this channel",
            ),
            Hindrance::ChannelUnknown => (ErrorKind::Configuration, "check the channel id"),
            Hindrance::CommandMissing => (
                ErrorKind::Configuration,
                "check the channel id, and that the Midjourney bot is in that channel",
            ),
            Hindrance::Malformed => (ErrorKind::InvalidRequest, "correct what the message names"),
            Hindrance::Internal => (ErrorKind::Internal, "please report this"),
        };
        Self::new(kind, not_sent.detail.clone()).with_hint(hint).with_retry_after(not_sent.retry_after)
    }
}

/// Where a human finds the job.
fn place(message: Option<MessageId>, job: Option<&str>) -> String {
    match (message, job) {
        (Some(message), Some(job)) => format!("message {message}, job {job}"),
        (Some(message), None) => format!("message {message}, its job id is not known yet"),
        (None, Some(job)) => format!("job {job}"),
        (None, None) => "its message and job id are not known yet".to_owned(),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("hint", &self.0.hint)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_kind_has_an_error_kind_of_the_same_name() {
        for kind in FailureKind::ALL {
            assert_eq!(ErrorKind::from(*kind).name(), kind.name());
        }
    }

    #[test]
    fn display_leaves_the_source_to_the_chain() {
        let error = Error::new(ErrorKind::Storage, "write a.png").with_source("disk full");
        assert_eq!(error.to_string(), "write a.png");
        assert_eq!(std::error::Error::source(&error).map(ToString::to_string).as_deref(), Some("disk full"));
    }
}
