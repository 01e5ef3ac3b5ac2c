//! The words of `explain`, all in one snapshot, so that a change of one is seen.

use std::time::Duration;

use journeyman_midjourney::{Explanation, Failure, FailureKind, Meaning, Modal, Notice, Sighting};
use journeyman_model::InteractionEvent;

fn meanings() -> Vec<Meaning> {
    let plain = [
        Meaning::Waiting,
        Meaning::Progress { percent: 31 },
        Meaning::Paused,
        Meaning::Queued,
        Meaning::Finished,
        Meaning::Stopped,
        Meaning::Deleted,
        Meaning::Accepted,
        Meaning::ModalOpened(Modal::of(&InteractionEvent::default())),
        Meaning::Info,
        Meaning::Describe,
        Meaning::Shorten,
        Meaning::Settings,
        Meaning::Seed { seed: 7 },
        Meaning::Unknown,
        Meaning::NotASighting,
        Meaning::UpstreamFailed { status: Some(502), notice: Notice::default() },
    ];
    let failed = FailureKind::ALL.iter().map(|kind| Meaning::Failed(Failure::new(*kind)));
    let appealable = Failure { appealable: true, ..Failure::new(FailureKind::PreModeration) };
    let limited =
        Failure { retry_after: Some(Duration::from_secs(2)), ..Failure::new(FailureKind::RateLimited) };
    plain.into_iter().chain(failed).chain([Meaning::Failed(appealable), Meaning::Failed(limited)]).collect()
}

#[test]
fn every_meaning_has_its_words() {
    let lines: Vec<_> = meanings()
        .into_iter()
        .map(|meaning| {
            let shown = Explanation::of(&Sighting::of(meaning));
            let again = if shown.retryable { "again" } else { "-" };
            format!("{} | {} | {again} | {}", shown.kind, shown.error.unwrap_or("-"), shown.meaning)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_queued_job_is_a_state_and_no_error() {
    let shown = Explanation::of(&Sighting::of(Meaning::Queued));
    assert_eq!((shown.kind, shown.error, shown.retryable), ("queued", None, false));
}

#[test]
fn every_kind_is_one_of_the_documented_words() {
    let documented = "waiting, progress, paused, queued, finished, stopped, refused, invalid, queue_full, deleted, \
        failed, human_verification, account_action_required, account_blocked, subscription_required, \
        credits_exhausted, plan_restricted, cooldown, command_outdated, rate_limited, accepted, \
        interaction_failed, modal_opened, info, describe, shorten, settings, seed, unknown, not_a_sighting";
    let seen: std::collections::BTreeSet<_> =
        meanings().into_iter().map(|meaning| Explanation::of(&Sighting::of(meaning)).kind).collect();
    assert_eq!(seen, documented.split(", ").collect());
}
