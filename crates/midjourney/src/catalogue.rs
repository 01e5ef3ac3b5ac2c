//! What Midjourney's notices mean: one table, by title, footer, buttons and text.
//!
//! Captions (progress, results, `(Stopped)`, `(paused)`) are `caption`'s, HTTP statuses are
//! `answer`'s, and silence is a generation's. Colours decide nothing here: they differ between
//! years for the same title, and some errors have none.

use self::Clue::{Anywhere, Content, CustomId, Description, Event, Footer, IframePath, Title};
use self::Text::{Begins, Has, Is};
use crate::failure::FailureKind as Kind;

/// One kind of notice: all clues must be there.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The row's name.
    pub name: &'static str,
    /// How it is recognised.
    pub clues: &'static [Clue],
    /// What it means.
    pub reading: Reading,
    /// Who saw it.
    pub source: &'static str,
}

/// Something that is recognised, in small letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clue {
    /// An embed's or a modal's title, without punctuation around it.
    Title(Text),
    /// An embed's text.
    Description(Text),
    /// An embed's footer.
    Footer(Text),
    /// A message's text, where it is no caption.
    Content(Text),
    /// Any of title, description and content.
    Anywhere(Text),
    /// A button's custom id.
    CustomId(Text),
    /// The gateway event's name.
    Event(&'static str),
    /// The path of an embedded page.
    IframePath(Text),
}

/// How a text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// All of it.
    Is(&'static str),
    /// Its beginning.
    Begins(&'static str),
    /// Some of it.
    Has(&'static str),
}

/// What a row means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// A failure.
    Failure(Kind),
    /// Midjourney's queue.
    Queued,
    /// A start.
    Waiting,
    /// The answer to `/info`.
    Info,
    /// The answer to `/shorten`.
    Shorten,
    /// The answer to `/describe`.
    Describe,
    /// The answer to `/settings`.
    Settings,
}

/// What a notice shows, in small letters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Evidence {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) footer: String,
    pub(crate) content: String,
    pub(crate) custom_ids: Vec<String>,
    pub(crate) event: String,
    pub(crate) iframe_path: String,
}

/// Small letters, straight apostrophes.
pub(crate) fn plain(text: &str) -> String {
    text.to_lowercase().replace('’', "'")
}

/// A title without punctuation or pictures around it, in small letters.
pub(crate) fn plain_title(title: &str) -> String {
    plain(title).trim_matches(|edge: char| !edge.is_alphanumeric()).to_owned()
}

impl Text {
    fn fits(self, text: &str) -> bool {
        match self {
            Self::Is(whole) => text == whole,
            Self::Begins(begin) => text.starts_with(begin),
            Self::Has(part) => text.contains(part),
        }
    }
}

impl Clue {
    fn is_in(self, evidence: &Evidence) -> bool {
        match self {
            Self::Title(text) => text.fits(&evidence.title),
            Self::Description(text) => text.fits(&evidence.description),
            Self::Footer(text) => text.fits(&evidence.footer),
            Self::Content(text) => text.fits(&evidence.content),
            Self::Anywhere(text) => {
                let places = [&evidence.title, &evidence.description, &evidence.content];
                places.into_iter().any(|place| text.fits(place))
            }
            Self::CustomId(text) => evidence.custom_ids.iter().any(|custom_id| text.fits(custom_id)),
            Self::Event(name) => evidence.event == name,
            Self::IframePath(text) => text.fits(&evidence.iframe_path),
        }
    }
}

/// The first row, in the order of the table, that fits any of the notices.
pub(crate) fn find(notices: &[Evidence]) -> Option<(&'static Row, usize)> {
    CATALOGUE.iter().find_map(|row| {
        let fits = |notice: &Evidence| row.clues.iter().all(|clue| clue.is_in(notice));
        notices.iter().position(fits).map(|index| (row, index))
    })
}

const fn row(name: &'static str, clues: &'static [Clue], kind: Kind, source: &'static str) -> Row {
    Row { name, clues, reading: Reading::Failure(kind), source }
}

const fn other(name: &'static str, clues: &'static [Clue], reading: Reading, source: &'static str) -> Row {
    Row { name, clues, reading, source }
}

const IFRAME: &str = "INTERACTION_IFRAME_MODAL_CREATE";

/// The table. The first row that fits decides, so what is more telling comes first: a footer
/// code, then titles with a second clue, titles, and texts.
pub static CATALOGUE: &[Row] = &[
    row("decline-footer", &[Footer(Begins("decline-"))], Kind::PostModeration, "Mutiny-SDK's tests, 2026"),
    row(
        "captcha-verify-human",
        &[Title(Is("action needed to continue")), Description(Has("verify you're human"))],
        Kind::HumanVerification,
        "bulkai checkAction, novicezk/midjourney-proxy#87",
    ),
    row(
        "captcha-buttons",
        &[Title(Is("action needed to continue")), CustomId(Begins("mj::captcha"))],
        Kind::HumanVerification,
        "bulkai checkAction, midjourney_client",
    ),
    row(
        "captcha-complete-the-task",
        &[Anywhere(Has("please complete the task"))],
        Kind::HumanVerification,
        "bulkai checkAction, novicezk/midjourney-proxy#87",
    ),
    row(
        "captcha-iframe",
        &[Event(IFRAME), IframePath(Begins("/captcha/"))],
        Kind::HumanVerification,
        "novicezk/midjourney-proxy CaptchaEmbeddedHandler",
    ),
    row(
        "action-required",
        &[Title(Is("action required to continue"))],
        Kind::HumanVerification,
        "bulkai, midjourney-http, trueai/midjourney-proxy",
    ),
    row(
        "action-needed",
        &[Title(Is("action needed to continue"))],
        Kind::PreModeration,
        "yokonsan/midjourney-api#6, erictik/midjourney-api#225, novicezk/midjourney-proxy#115",
    ),
    row(
        "banned-prompt-detected",
        &[Title(Is("banned prompt detected"))],
        Kind::PreModeration,
        "bulkai, midjourney-http, trueai/midjourney-proxy",
    ),
    row("banned-prompt", &[Title(Is("banned prompt"))], Kind::PreModeration, "bulkai"),
    row("banned-image-prompt", &[Title(Is("banned image prompt"))], Kind::PreModeration, "bulkai#35"),
    row(
        "filtered",
        &[Title(Begins("request cancelled due to"))],
        Kind::PostModeration,
        "midjourney-http (image filters), trueai/midjourney-proxy (output filters)",
    ),
    row(
        "pending-mod-message",
        &[Title(Is("pending mod message"))],
        Kind::AccountActionRequired,
        "trueai/midjourney-proxy PR#104, erictik/midjourney-api#154, imagineapi#14",
    ),
    row("tos", &[Title(Is("tos not accepted"))], Kind::AccountActionRequired, "trueai/midjourney-proxy"),
    row("blocked", &[Title(Is("blocked"))], Kind::AccountBlocked, "trueai/midjourney-proxy, midjourney-http"),
    row(
        "ban-until",
        &[Description(Has(" ban ")), Description(Has("<t:"))],
        Kind::AccountBlocked,
        "kancom/midjourney-api",
    ),
    row(
        "plan-cancelled",
        &[Title(Is("plan cancelled"))],
        Kind::SubscriptionRequired,
        "trueai/midjourney-proxy",
    ),
    row(
        "subscription-required",
        &[Title(Is("subscription required"))],
        Kind::SubscriptionRequired,
        "trueai/midjourney-proxy",
    ),
    row(
        "subscription-paused",
        &[Title(Is("subscription paused"))],
        Kind::SubscriptionRequired,
        "trueai/midjourney-proxy",
    ),
    row(
        "credits-exhausted",
        &[Title(Is("credits exhausted"))],
        Kind::CreditsExhausted,
        "trueai/midjourney-proxy",
    ),
    row(
        "job-action-restricted",
        &[Title(Is("job action restricted"))],
        Kind::PlanRestricted,
        "bulkai, midjourney-http",
    ),
    row("slow-down", &[Title(Is("slow down"))], Kind::Cooldown, "Mutiny-SDK's tests, 2026"),
    other("job-queued", &[Title(Is("job queued"))], Reading::Queued, "bulkai, trueai/midjourney-proxy"),
    other(
        "will-start-shortly",
        &[Title(Is("your job will start shortly"))],
        Reading::Queued,
        "Midjourney's FAQ",
    ),
    row("queue-full", &[Title(Is("queue full"))], Kind::QueueFull, "bulkai#84, trueai/midjourney-proxy"),
    row(
        "invalid-parameter",
        &[Title(Is("invalid parameter"))],
        Kind::InvalidRequest,
        "bulkai, midjourney-http, trueai/midjourney-proxy",
    ),
    row(
        "invalid-link",
        &[Title(Is("invalid link"))],
        Kind::InvalidRequest,
        "bulkai, novicezk/midjourney-proxy PR#283",
    ),
    row("invalid-prompt", &[Title(Is("invalid prompt"))], Kind::InvalidRequest, "bulkai"),
    row("invalid-request", &[Title(Is("invalid request"))], Kind::InvalidRequest, "bulkai PR#36"),
    row("empty-prompt", &[Title(Is("empty prompt"))], Kind::InvalidRequest, "bulkai"),
    row(
        "duplicate-images",
        &[Title(Is("duplicate images detected"))],
        Kind::InvalidRequest,
        "erictik/midjourney-api",
    ),
    row(
        "sorry-something-went-wrong",
        &[Title(Is("sorry, something went wrong"))],
        Kind::JobFailed,
        "Mutiny-SDK's tests, 2026",
    ),
    row(
        "could-not-complete",
        &[Anywhere(Has("could not complete the job"))],
        Kind::JobFailed,
        "midjourney-http",
    ),
    row("internal-error", &[Title(Is("internal error"))], Kind::JobFailed, "trueai/midjourney-proxy"),
    other("info", &[Title(Has("your info"))], Reading::Info, "trueai/midjourney-proxy"),
    other(
        "info-text",
        &[Description(Has("**fast time remaining**"))],
        Reading::Info,
        "erictik/midjourney-api example/info.ts",
    ),
    other(
        "shorten",
        &[Footer(Has("click on a button to imagine one of the shortened prompts"))],
        Reading::Shorten,
        "trueai/midjourney-proxy",
    ),
    other(
        "describe",
        &[CustomId(Begins("mj::job::picreader"))],
        Reading::Describe,
        "webman-php/midjourney-proxy, trueai/midjourney-proxy",
    ),
    other(
        "settings",
        &[CustomId(Begins("mj::settings"))],
        Reading::Settings,
        "trueai/midjourney-proxy (MJ::Settings::VersionSelector)",
    ),
    other("describe-retry", &[CustomId(Begins("mj::picread"))], Reading::Describe, "trueai/midjourney-proxy"),
    row("denied", &[Title(Has("denied"))], Kind::PreModeration, "trueai/midjourney-proxy TaskInfo"),
    row("error-title", &[Title(Has("error"))], Kind::JobFailed, "novicezk/midjourney-proxy"),
    row(
        "unrecognized-parameter",
        &[Anywhere(Has("unrecognized parameter"))],
        Kind::InvalidRequest,
        "Mutiny-SDK's tests",
    ),
    row(
        "invalid-parameter-text",
        &[Content(Begins("invalid parameter"))],
        Kind::InvalidRequest,
        "Mutiny-SDK's tests",
    ),
    row(
        "run-out-of-hours",
        &[Anywhere(Has("run out of hours"))],
        Kind::CreditsExhausted,
        "kancom/midjourney-api",
    ),
    row(
        "subscription-is-paused",
        &[Anywhere(Has("subscription is paused"))],
        Kind::SubscriptionRequired,
        "kancom/midjourney-api",
    ),
    row("billing", &[Anywhere(Has("billing"))], Kind::SubscriptionRequired, "kancom/midjourney-api"),
    row("subscribing", &[Anywhere(Has("subscribing"))], Kind::SubscriptionRequired, "kancom/midjourney-api"),
    row(
        "failed-text",
        &[Content(Begins("failed"))],
        Kind::JobFailed,
        "novicezk/midjourney-proxy, erictik/midjourney-api#263",
    ),
    other("displaying", &[Content(Begins("displaying..."))], Reading::Waiting, "trueai/midjourney-proxy"),
    other("animating", &[Content(Begins("animating..."))], Reading::Waiting, "trueai/midjourney-proxy"),
    row(
        "interaction-failure",
        &[Event("INTERACTION_FAILURE")],
        Kind::InteractionFailed,
        "webman-php/midjourney-proxy InteractionFailure.php",
    ),
];
