//! The sentences that failures become: what happened, and what to do. It decides nothing.

use journeyman_midjourney::{Failure, FailureKind};

/// What happened, as a lowercase fragment; the upstream's own words follow where there are any.
pub(crate) fn message(failure: &Failure) -> String {
    let said = said(failure);
    let base = match failure.kind {
        FailureKind::PreModeration => "Midjourney refused the prompt before the job began (moderation)",
        FailureKind::PostModeration => "Midjourney stopped the job while it was running (moderation)",
        FailureKind::EphemeralModeration => {
            "the job's message vanished and no image followed (soft moderation is likely)"
        }
        FailureKind::InvalidRequest => {
            "Midjourney refused the request as invalid (a malformed prompt or link; sometimes moderation in disguise)"
        }
        FailureKind::QueueFull => "Midjourney's queue for this account is full, the job was not accepted",
        FailureKind::JobQueued => "Midjourney queued the job and starts it when a running one ends",
        FailureKind::HumanVerification => "Midjourney wants proof that a human is there (captcha)",
        FailureKind::AccountActionRequired => "Midjourney has a notice that a human must acknowledge",
        FailureKind::AccountBlocked => "Midjourney has blocked the account",
        FailureKind::SubscriptionRequired => "the account has no active Midjourney subscription",
        FailureKind::CreditsExhausted => "the account's fast hours are used up",
        FailureKind::PlanRestricted => "the account's plan or mode does not allow this request",
        FailureKind::Cooldown => "Midjourney asks to slow down for this image",
        FailureKind::JobFailed => "the job failed at Midjourney",
        FailureKind::InteractionFailed => "the Midjourney bot did not answer Discord in time",
        FailureKind::NoResponse => "nothing was heard of the job within its deadline",
        FailureKind::CommandOutdated => {
            "Discord says that the command's version is outdated, even after a new discovery"
        }
        FailureKind::RateLimited => "Discord limits the rate and asks for a longer wait than allowed",
        FailureKind::Unauthorized => "Discord refused the token or the account's access to the channel",
        FailureKind::UnknownNotice => "Midjourney sent a notice that this version does not know",
    };
    if said.is_empty() { base.to_owned() } else { format!("{base}: {said}") }
}

/// What the reader can do about it.
pub(crate) fn hint(failure: &Failure) -> &'static str {
    match failure.kind {
        FailureKind::PreModeration if failure.appealable => {
            "change the prompt; if you think it is a mistake, press Appeal in Discord yourself"
        }
        FailureKind::PreModeration | FailureKind::PostModeration | FailureKind::EphemeralModeration => {
            "change the prompt; sending the same one again will not help"
        }
        FailureKind::InvalidRequest => {
            "check the prompt's parameters and links; if they are right, change the wording"
        }
        FailureKind::QueueFull => "wait until a running job ends, then send it again",
        FailureKind::JobQueued => "wait, or leave out --fail-if-queued",
        FailureKind::HumanVerification => "open Discord, solve it yourself, then try again",
        FailureKind::AccountActionRequired => {
            "open Discord, read the notice and answer it yourself, then try again"
        }
        FailureKind::AccountBlocked => "wait until the block ends, and read Midjourney's message in Discord",
        FailureKind::SubscriptionRequired => "renew the subscription, then try again",
        FailureKind::CreditsExhausted => "add --relax to the prompt, or buy fast hours",
        FailureKind::PlanRestricted => "remove --repeat and {a, b} permutations, or change the mode",
        FailureKind::Cooldown => "try again after the named time",
        FailureKind::JobFailed | FailureKind::InteractionFailed => "try again once or twice",
        FailureKind::NoResponse => {
            "look into the channel in Discord; without the gateway (watch poll, or while it is down) refusals such as moderation, invalid parameters or a full queue cannot be seen"
        }
        FailureKind::CommandOutdated => "try again in a few minutes",
        FailureKind::RateLimited => "try again after the named wait",
        FailureKind::Unauthorized => "check the token, and that the account may use commands in this channel",
        FailureKind::UnknownNotice => "read the notice; `journeyman explain` shows how it was understood",
    }
}

/// The upstream's own words on one line.
fn said(failure: &Failure) -> String {
    let notice = &failure.notice;
    let parts = [notice.title.as_deref(), notice.text.as_deref()];
    let mut said = String::new();
    for part in parts.into_iter().flatten() {
        let line = part.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            continue;
        }
        if !said.is_empty() {
            said.push_str(" - ");
        }
        said.push_str(line.trim_end_matches('.'));
    }
    said
}
