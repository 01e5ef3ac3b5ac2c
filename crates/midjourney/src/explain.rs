//! A sighting in words and plain values, for a person or a program. It makes no JSON itself.

use std::time::Duration;

use crate::failure::{Failure, FailureKind, Notice};
use crate::sighting::{Meaning, Sighting};

/// What a sighting means, ready to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// One word for what was seen: `waiting`, `progress`, `refused` …
    pub kind: &'static str,
    /// The error's name, for instance `PreModeration`.
    pub error: Option<&'static str>,
    /// Whether the same request may succeed later without a change by a human.
    pub retryable: bool,
    /// The percentage shown.
    pub percent: Option<u8>,
    /// `fast`, `relaxed` or `turbo`.
    pub mode: Option<&'static str>,
    /// Whether stealth is shown.
    pub stealth: bool,
    /// The kind of work: `imagine`, `upscale` …
    pub action: Option<&'static str>,
    /// Which of the four images.
    pub image: Option<u8>,
    /// The prompt as shown.
    pub prompt: Option<String>,
    /// Midjourney's job id.
    pub job_id: Option<String>,
    /// The labels of the buttons.
    pub buttons: Vec<String>,
    /// A relative wait.
    pub retry_after: Option<Duration>,
    /// An absolute time, Unix seconds.
    pub until: Option<i64>,
    /// What happened, and what to do.
    pub meaning: &'static str,
    /// What the upstream said, raw.
    pub notice: Option<Notice>,
}

impl Explanation {
    /// Explains a sighting.
    pub fn of(sighting: &Sighting) -> Self {
        let failure = failure(&sighting.meaning);
        let (kind, error, meaning) = words(&sighting.meaning);
        Self {
            kind,
            error,
            retryable: is_retryable(&sighting.meaning),
            percent: sighting.percent,
            mode: sighting.mode.map(crate::sighting::Mode::word),
            stealth: sighting.stealth,
            action: sighting.action.map(crate::sighting::Action::word),
            image: sighting.image,
            prompt: sighting.prompt.clone(),
            job_id: sighting.keys.job_id.clone(),
            buttons: sighting.buttons.iter().map(|button| button.label.clone()).collect(),
            retry_after: failure.and_then(|failure| failure.retry_after),
            until: failure.and_then(|failure| failure.until),
            meaning,
            notice: notice(&sighting.meaning).cloned(),
        }
    }
}

fn failure(meaning: &Meaning) -> Option<&Failure> {
    if let Meaning::Failed(failure) = meaning { Some(failure) } else { None }
}

fn notice(meaning: &Meaning) -> Option<&Notice> {
    if let Meaning::UpstreamFailed { notice, .. } = meaning {
        return Some(notice);
    }
    failure(meaning).map(|failure| &failure.notice)
}

fn is_retryable(meaning: &Meaning) -> bool {
    let is_failed = failure(meaning).is_some_and(|failure| failure.kind.is_retryable());
    is_failed || matches!(meaning, Meaning::UpstreamFailed { .. })
}

/// The kind, the error's name, and one sentence.
fn words(meaning: &Meaning) -> (&'static str, Option<&'static str>, &'static str) {
    match meaning {
        Meaning::Waiting => {
            ("waiting", None, "Midjourney took the job and will start it; nothing to do but wait.")
        }
        Meaning::Progress { .. } => {
            ("progress", None, "The job is running; wait for its result, which is a new message.")
        }
        Meaning::Paused => ("paused", None, "Midjourney paused the job; it goes on by itself."),
        Meaning::Queued => (
            "queued",
            // A state; an error only for the caller who asked for it to be one.
            None,
            "All of the account's slots are busy, so the job stands in Midjourney's queue; it starts by itself, wait longer.",
        ),
        Meaning::Finished => ("finished", None, "The job is done; its images are on this message."),
        Meaning::Stopped => (
            "stopped",
            Some(FailureKind::PostModeration.name()),
            "The job began and was stopped, by moderation unless you cancelled it; change the prompt before you try again.",
        ),
        Meaning::Deleted => (
            "deleted",
            None,
            "A message was deleted, which is also how every successful job ends; only a result that does not come within a grace period means moderation.",
        ),
        Meaning::Failed(failure) => (kind_word(failure.kind), Some(failure.kind.name()), advice(failure)),
        Meaning::UpstreamFailed { .. } => (
            "failed",
            Some("UpstreamFailed"),
            "Discord failed on its own side; a request that may have been executed must not be sent again blindly, look for its result first.",
        ),
        Meaning::Accepted | Meaning::Acknowledged => (
            "accepted",
            None,
            "Discord passed the request on; whether Midjourney takes it is seen in a later message.",
        ),
        Meaning::ModalOpened { .. } => (
            "modal_opened",
            None,
            "Midjourney opened a form and waits for its fields; nothing runs until it is submitted.",
        ),
        Meaning::Info => ("info", None, "The answer to /info: plan, mode, hours left and running jobs."),
        Meaning::Describe => ("describe", None, "The answer to /describe: prompts that fit the image."),
        Meaning::Shorten => ("shorten", None, "The answer to /shorten: shorter prompts."),
        Meaning::Settings => {
            ("settings", None, "The answer to /settings: buttons and lists that show what is on.")
        }
        Meaning::Seed { .. } => ("seed", None, "The seed of a job, which can be given to --seed."),
        Meaning::Unknown => {
            ("unknown", None, "From Midjourney, but of no known form; please report it with the raw message.")
        }
        Meaning::NotASighting => (
            "not_a_sighting",
            None,
            "Nothing about a job: a request, a handshake, a list, or somebody else's message.",
        ),
    }
}

/// The word for a failure's kind.
const fn kind_word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::PreModeration => "refused",
        FailureKind::PostModeration => "stopped",
        FailureKind::EphemeralModeration => "deleted",
        FailureKind::InvalidRequest => "invalid",
        FailureKind::QueueFull => "queue_full",
        FailureKind::JobQueued => "queued",
        FailureKind::HumanVerification => "human_verification",
        FailureKind::AccountActionRequired => "account_action_required",
        FailureKind::AccountBlocked => "account_blocked",
        FailureKind::SubscriptionRequired => "subscription_required",
        FailureKind::CreditsExhausted => "credits_exhausted",
        FailureKind::PlanRestricted => "plan_restricted",
        FailureKind::Cooldown => "cooldown",
        FailureKind::JobFailed | FailureKind::NoResponse | FailureKind::Unauthorized => "failed",
        FailureKind::InteractionFailed => "interaction_failed",
        FailureKind::CommandOutdated => "command_outdated",
        FailureKind::RateLimited => "rate_limited",
        FailureKind::UnknownNotice => "unknown",
    }
}

const fn advice(failure: &Failure) -> &'static str {
    match failure.kind {
        FailureKind::PreModeration if failure.appealable => {
            "Midjourney's moderation refused the prompt before a job began; change the prompt, or appeal yourself in Discord."
        }
        FailureKind::PreModeration => {
            "Midjourney's moderation refused the prompt or an image before a job began; change it."
        }
        FailureKind::PostModeration => {
            "Moderation stopped the job after it had begun; change the prompt before you try again."
        }
        FailureKind::EphemeralModeration => {
            "The job's message vanished and no result came, which is how moderation stops a job late; change the prompt."
        }
        FailureKind::InvalidRequest => {
            "Midjourney or Discord refused the request as malformed; correct its parameters or links. An \"Invalid request\" notice can also be moderation."
        }
        FailureKind::QueueFull => {
            "The account's queue is full and the job was not taken; send it again when a job has finished."
        }
        FailureKind::JobQueued => "The job stands in Midjourney's queue; it starts by itself.",
        FailureKind::HumanVerification => {
            "Midjourney wants to see a human; stop using the account and solve the check yourself in Discord."
        }
        FailureKind::AccountActionRequired => {
            "The account has a notice that its owner must read and answer in Discord; nothing works until then."
        }
        FailureKind::AccountBlocked => {
            "Midjourney blocked the account; wait for the end of the block or write to its support."
        }
        FailureKind::SubscriptionRequired => {
            "The account has no active subscription; its owner must renew it."
        }
        FailureKind::CreditsExhausted => {
            "No fast hours are left; use --relax where the plan has it, or buy hours."
        }
        FailureKind::PlanRestricted => {
            "The plan or the mode does not allow this request; drop --repeat or permutations, or change the mode."
        }
        FailureKind::Cooldown => "Too soon for this image; try again at the time that is named.",
        FailureKind::JobFailed => "The job failed on Midjourney's side; try again, once or twice.",
        FailureKind::InteractionFailed => {
            "Midjourney did not answer Discord in time; look for a late result, then try again."
        }
        FailureKind::NoResponse => {
            "Nothing was heard of the request; look in the channel before you send it again."
        }
        FailureKind::CommandOutdated => {
            "Midjourney changed the command; discover its version anew and send once more."
        }
        FailureKind::RateLimited if failure.retry_after.is_none() => {
            "Discord or its edge limited the rate and named no wait, as in a ban of the address; stop sending for a long while, and then send less often."
        }
        FailureKind::RateLimited => "Discord limited the rate; wait as long as it says, and send less often.",
        FailureKind::Unauthorized => {
            "Discord refused the token, or the account may not do this here; check both."
        }
        FailureKind::UnknownNotice => {
            "Midjourney sent a notice with a title that is not known; read it, and please report it."
        }
    }
}
