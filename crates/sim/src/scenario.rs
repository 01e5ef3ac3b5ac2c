//! The catalogue of what can happen to a job, by name.
//!
//! It says what the bot does, not when or in which form: `bot` and `message` do.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::choice::UnknownChoice;
use crate::notice::{self, Notice};

/// What a scenario is for, in one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ScenarioInfo {
    /// The name given to `--scenario`.
    pub name: &'static str,
    /// What happens, for a person.
    pub summary: &'static str,
    /// The kind of error that a client should end in when it sees what the bot sends, or none.
    pub error: Option<&'static str>,
    /// Whether the whole signal is a gateway event or silence, so that REST shows nothing even with visible errors.
    pub gateway_only: bool,
    #[serde(skip)]
    pub(crate) course: Course,
}

/// What the bot does with an accepted interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// Waiting, progress, and an ending.
    Render(Ending),
    /// "Job queued" for a while, then a picture.
    Queue,
    /// A notice instead of a job.
    Refuse(&'static Notice),
    /// Discord tells the session that the bot did not answer.
    InteractionFailure,
    /// A captcha frame, which is a gateway event and no message.
    CaptchaFrame,
    /// Nothing at all.
    Silence,
    /// The request itself is refused.
    Reject(Rejection),
}

impl Course {
    /// Once a request was accepted, what would have refused it has no say.
    pub(crate) fn after_acceptance(self) -> Self {
        if matches!(self, Self::Reject(_)) { Self::Render(Ending::Deliver) } else { self }
    }
}

/// How a running job ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Deliver,
    /// Paused at a percentage for a while, then goes on.
    PauseThenDeliver,
    /// The text turns to `(Stopped)` and the message stays.
    Stop,
    /// The progress message is deleted at 93 % and nothing follows.
    Vanish,
    /// A notice refers to the progress message, which is then deleted.
    Reply(&'static Notice),
    /// As `Reply`, before any progress.
    ReplyAtOnce(&'static Notice),
    /// The notice replaces the progress message's content.
    Replace(&'static Notice),
}

/// Refusals of the HTTP request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// The command's version changed once; the new one works.
    OutdatedOnce,
    /// Every version is outdated.
    OutdatedAlways,
    /// The token stopped working.
    Unauthorized,
    /// The account lost its access to the channel.
    MissingAccess,
}

const fn row(
    name: &'static str,
    error: Option<&'static str>,
    course: Course,
    summary: &'static str,
) -> ScenarioInfo {
    let gateway_only = matches!(course, Course::InteractionFailure | Course::CaptchaFrame | Course::Silence);
    ScenarioInfo { name, summary, error, gateway_only, course }
}

const PRE: Option<&str> = Some("PreModeration");
const POST: Option<&str> = Some("PostModeration");
const INVALID: Option<&str> = Some("InvalidRequest");
const HUMAN: Option<&str> = Some("HumanVerification");
const ACTION: Option<&str> = Some("AccountActionRequired");
const SUBSCRIPTION: Option<&str> = Some("SubscriptionRequired");
const FAILED: Option<&str> = Some("JobFailed");

/// Every scenario, the seven of the guide first.
static CATALOGUE: &[ScenarioInfo] = &[
    row("happy", None, Course::Render(Ending::Deliver), "waits, renders, delivers a grid"),
    row(
        "pre-moderation",
        PRE,
        Course::Refuse(&notice::BANNED_DETECTED),
        "the word filter refuses the prompt",
    ),
    row("post-moderation", POST, Course::Render(Ending::Stop), "stopped while rendering"),
    row(
        "ephemeral-moderation",
        Some("EphemeralModeration"),
        Course::Render(Ending::Vanish),
        "the progress message vanishes at 93 % and no picture follows",
    ),
    row("invalid-request", INVALID, Course::Refuse(&notice::INVALID_REQUEST), "\"Invalid request\""),
    row("job-queued", None, Course::Queue, "told that it is queued, starts a little later, delivers"),
    row(
        "queue-full",
        Some("QueueFull"),
        Course::Refuse(&notice::QUEUE_FULL),
        "the queue is full and never frees",
    ),
    // The further catalogue.
    row("banned-prompt", PRE, Course::Refuse(&notice::BANNED), "\"Banned prompt\""),
    row("banned-image-prompt", PRE, Course::Refuse(&notice::BANNED_IMAGE), "\"Banned image prompt\""),
    row(
        "action-needed-appeal",
        PRE,
        Course::Refuse(&notice::APPEAL),
        "the AI moderator refuses; a person may appeal",
    ),
    row("image-denied", PRE, Course::Refuse(&notice::IMAGE_DENIED), "the image in the prompt is refused"),
    row("captcha-2023", HUMAN, Course::Refuse(&notice::CAPTCHA), "a picture puzzle for a person"),
    row("captcha-task", HUMAN, Course::Refuse(&notice::CAPTCHA_TASK), "\"Please complete the task\""),
    row("captcha-embed", HUMAN, Course::Refuse(&notice::ACTION_REQUIRED), "\"Action required to continue\""),
    row("captcha-iframe", HUMAN, Course::CaptchaFrame, "a captcha frame opens in the gateway session"),
    row(
        "pending-mod-message",
        ACTION,
        Course::Refuse(&notice::PENDING_MOD),
        "a moderator's message waits for a person",
    ),
    row("tos-not-accepted", ACTION, Course::Refuse(&notice::TOS), "the terms were not accepted"),
    row(
        "blocked",
        Some("AccountBlocked"),
        Course::Refuse(&notice::BLOCKED),
        "the account is banned until a date",
    ),
    row("subscription-required", SUBSCRIPTION, Course::Refuse(&notice::SUBSCRIPTION_REQUIRED), "no plan"),
    row(
        "subscription-paused",
        SUBSCRIPTION,
        Course::Refuse(&notice::SUBSCRIPTION_PAUSED),
        "the plan is paused",
    ),
    row("plan-cancelled", SUBSCRIPTION, Course::Refuse(&notice::PLAN_CANCELLED), "the plan was cancelled"),
    row(
        "credits-exhausted",
        Some("CreditsExhausted"),
        Course::Refuse(&notice::CREDITS),
        "no fast hours left",
    ),
    row(
        "job-action-restricted",
        Some("PlanRestricted"),
        Course::Refuse(&notice::RESTRICTED),
        "batch jobs are refused in relax mode",
    ),
    row(
        "slow-down",
        Some("Cooldown"),
        Course::Render(Ending::ReplyAtOnce(&notice::SLOW_DOWN)),
        "not before a time",
    ),
    row(
        "sorry-decline",
        POST,
        Course::Render(Ending::Reply(&notice::DECLINE)),
        "looks like a crash, but the footer tells a moderation decline",
    ),
    row(
        "sorry-crash",
        FAILED,
        Course::Render(Ending::Reply(&notice::CRASH)),
        "their failure while rendering",
    ),
    row(
        "could-not-complete",
        FAILED,
        Course::Render(Ending::Reply(&notice::COULD_NOT)),
        "their failure at the end",
    ),
    row("failed-to-process", FAILED, Course::Refuse(&notice::FAILED), "\"Failed to process your command\""),
    row("internal-error", FAILED, Course::Refuse(&notice::INTERNAL), "\"Internal error\""),
    row(
        "image-filter-cancelled",
        POST,
        Course::Render(Ending::Replace(&notice::IMAGE_FILTER)),
        "cancelled by filters",
    ),
    row(
        "output-filter-cancelled",
        POST,
        Course::Render(Ending::Reply(&notice::OUTPUT_FILTER)),
        "the finished picture was filtered",
    ),
    row(
        "invalid-parameter",
        INVALID,
        Course::Refuse(&notice::INVALID_PARAMETER),
        "a parameter's value is wrong",
    ),
    row("invalid-link", INVALID, Course::Refuse(&notice::INVALID_LINK), "an image link cannot be fetched"),
    row(
        "invalid-link-bang",
        INVALID,
        Course::Refuse(&notice::INVALID_LINK_BANG),
        "as above, under \"Invalid link!\"",
    ),
    row("invalid-prompt", INVALID, Course::Refuse(&notice::INVALID_PROMPT), "\"Invalid prompt\""),
    row("empty-prompt", INVALID, Course::Refuse(&notice::EMPTY_PROMPT), "\"Empty prompt\""),
    row("duplicate-images", INVALID, Course::Refuse(&notice::DUPLICATE), "the same image twice"),
    row(
        "duplicate-images-update",
        INVALID,
        Course::Render(Ending::Replace(&notice::DUPLICATE)),
        "the same image twice, told in an update",
    ),
    row(
        "unrecognized-parameter",
        INVALID,
        Course::Refuse(&notice::UNRECOGNIZED),
        "an unknown flag, in an embed",
    ),
    row(
        "unrecognized-parameter-content",
        INVALID,
        Course::Render(Ending::ReplyAtOnce(&notice::UNRECOGNIZED_CONTENT)),
        "an unknown flag, in a reply's plain text",
    ),
    row(
        "interaction-failure",
        Some("InteractionFailed"),
        Course::InteractionFailure,
        "the bot did not answer in time",
    ),
    row("no-response", Some("NoResponse"), Course::Silence, "accepted with 204, and nothing ever follows"),
    row("paused", None, Course::Render(Ending::PauseThenDeliver), "paused half-way, then delivers"),
    row(
        "unknown-title",
        Some("UnknownNotice"),
        Course::Refuse(&notice::UNKNOWN),
        "a notice nobody has seen before",
    ),
    row(
        "command-updated",
        None,
        Course::Reject(Rejection::OutdatedOnce),
        "the command's version changed once",
    ),
    row(
        "command-outdated",
        Some("CommandOutdated"),
        Course::Reject(Rejection::OutdatedAlways),
        "every version of the command is refused",
    ),
    row(
        "unauthorized",
        Some("Unauthorized"),
        Course::Reject(Rejection::Unauthorized),
        "the token stopped working",
    ),
    row(
        "missing-access",
        Some("Unauthorized"),
        Course::Reject(Rejection::MissingAccess),
        "no access to the channel, neither to send nor to read",
    ),
];

/// The whole catalogue.
pub fn scenarios() -> &'static [ScenarioInfo] {
    CATALOGUE
}

/// One scenario of the catalogue.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scenario(&'static ScenarioInfo);

impl Scenario {
    /// Its row in the catalogue.
    pub fn info(self) -> &'static ScenarioInfo {
        self.0
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    pub(crate) fn course(self) -> Course {
        self.0.course
    }
}

impl Default for Scenario {
    fn default() -> Self {
        Self(&CATALOGUE[0])
    }
}

impl FromStr for Scenario {
    type Err = UnknownChoice;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        CATALOGUE.iter().find(|info| info.name == given).map(Self).ok_or_else(|| UnknownChoice {
            what: "scenario",
            given: given.to_owned(),
            allowed: CATALOGUE.iter().map(|info| info.name).collect::<Vec<_>>().join(", "),
        })
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Scenario({})", self.name())
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for Scenario {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_its_own() {
        let names: BTreeSet<_> = scenarios().iter().map(|info| info.name).collect();
        assert_eq!(names.len(), scenarios().len());
    }

    #[test]
    fn the_default_is_the_happy_path() {
        assert_eq!(Scenario::default().name(), "happy");
    }

    #[test]
    fn an_unknown_scenario_lists_the_known_ones() {
        let error = "sad".parse::<Scenario>().expect_err("no such scenario").to_string();
        assert!(error.contains("`sad`") && error.contains("queue-full"), "{error}");
    }
}
