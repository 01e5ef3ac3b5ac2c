//! How one generation ended, and whether it may have been paid. It is data; errors are made elsewhere.

use std::time::Duration;

use journeyman_model::{ApplicationId, MessageId};

use crate::failure::Failure;
use crate::reply::Reply;
use crate::sighting::{Button, File, Mode};

/// How a generation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The images, or the answer, are there.
    Finished(Finished),
    /// Midjourney or Discord ended it, or silence did.
    Failed(Failure),
    /// Nothing left this machine, or nothing was executed for certain.
    NotSent(NotSent),
    /// The request may have been executed, and no sign decided it.
    Undecided {
        /// What happened to the request.
        detail: String,
    },
    /// The caller stopped waiting.
    Cancelled {
        /// Whether the request had left: then the job goes on and may be charged.
        may_be_charged: bool,
    },
}

/// A finished generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The message with the images.
    pub message: Option<MessageId>,
    /// Midjourney's job id.
    pub job_id: Option<String>,
    /// The images, as found on the message.
    pub files: Vec<File>,
    /// The prompt as Midjourney shows it.
    pub prompt: Option<String>,
    /// The mode, where shown.
    pub mode: Option<Mode>,
    /// The buttons found on the message.
    pub buttons: Vec<Button>,
    /// Who wrote it.
    pub application: Option<ApplicationId>,
    /// The message's flags; a press must echo them.
    pub flags: u64,
    /// What the bot answered, of a command or a press that makes no images.
    pub reply: Option<Reply>,
    /// Whether it came after the generation had been given up.
    pub late: bool,
}

/// Why a request was certainly not executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSent {
    /// The reason.
    pub why: Hindrance,
    /// What was tried and what happened.
    pub detail: String,
    /// A wait that was asked for.
    pub retry_after: Option<Duration>,
}

/// What kept a request from being executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hindrance {
    /// Discord could not be reached.
    Unreachable,
    /// Discord answered with its own failures.
    UpstreamFailed,
    /// The limiter would have had to wait longer than allowed.
    RateLimited,
    /// The token is not valid: nothing will be answered any more.
    TokenRefused,
    /// The account may not do this here.
    Unauthorized,
    /// The channel does not exist, or the account cannot see it.
    ChannelUnknown,
    /// The imagine command was not found in this channel.
    CommandMissing,
    /// What was asked does not fit the command or the form.
    Malformed,
    /// A defect.
    Internal,
}

impl Hindrance {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Unreachable,
        Self::UpstreamFailed,
        Self::RateLimited,
        Self::TokenRefused,
        Self::Unauthorized,
        Self::ChannelUnknown,
        Self::CommandMissing,
        Self::Malformed,
        Self::Internal,
    ];

    /// One word, for records.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::UpstreamFailed => "upstream_failed",
            Self::RateLimited => "rate_limited",
            Self::TokenRefused => "token_refused",
            Self::Unauthorized => "unauthorized",
            Self::ChannelUnknown => "channel_unknown",
            Self::CommandMissing => "command_missing",
            Self::Malformed => "malformed",
            Self::Internal => "internal",
        }
    }

    /// The one with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }
}
