//! The catalogue, row by row: a row without a case fails, and a case that another row decides fails.

use std::collections::BTreeSet;

use journeyman_midjourney::catalogue::CATALOGUE;
use journeyman_midjourney::classify::deciding_row;
use journeyman_midjourney::{Explanation, classify_any};
use serde_json::{Value, json};

use crate::fixture;

/// What shows a row's notice.
enum Case {
    Fixture(&'static str),
    Title(&'static str),
    Notice { title: &'static str, text: &'static str, custom_id: &'static str },
    Text(&'static str),
    Content(&'static str),
}

use Case::{Content, Fixture, Notice, Text, Title};

/// Row, case, kind, error.
const CASES: &[(&str, Case, &str, &str)] = &[
    ("decline-footer", Fixture("x_sorry_decline.json"), "stopped", "PostModeration"),
    (
        "captcha-verify-human",
        Notice {
            title: "Action needed to continue",
            text: "Please verify you’re human to continue.",
            custom_id: "MJ::Other",
        },
        "human_verification",
        "HumanVerification",
    ),
    (
        "captcha-buttons",
        Notice { title: "Action needed to continue", text: "", custom_id: "MJ::Captcha::1" },
        "human_verification",
        "HumanVerification",
    ),
    (
        "captcha-complete-the-task",
        Text("Please complete the task."),
        "human_verification",
        "HumanVerification",
    ),
    ("captcha-iframe", Fixture("x_captcha_iframe_modal.json"), "human_verification", "HumanVerification"),
    ("action-required", Title("Action required to continue"), "human_verification", "HumanVerification"),
    ("action-needed", Fixture("x_action_needed_ai_moderator.json"), "refused", "PreModeration"),
    (
        "action-needed",
        Fixture("gw_action_needed_ai_moderator_appeal_2023_05_PARTIAL.json"),
        "refused",
        "PreModeration",
    ),
    ("banned-prompt-detected", Fixture("x_banned_prompt_detected.json"), "refused", "PreModeration"),
    ("banned-prompt", Title("Banned prompt"), "refused", "PreModeration"),
    ("banned-image-prompt", Title("Banned image prompt"), "refused", "PreModeration"),
    ("filtered", Title("Request cancelled due to image filters"), "stopped", "PostModeration"),
    ("filtered", Title("Request cancelled due to output filters"), "stopped", "PostModeration"),
    (
        "pending-mod-message",
        Fixture("x_pending_mod_message.json"),
        "account_action_required",
        "AccountActionRequired",
    ),
    ("tos", Fixture("x_tos_not_accepted.json"), "account_action_required", "AccountActionRequired"),
    ("blocked", Fixture("x_blocked.json"), "account_blocked", "AccountBlocked"),
    ("ban-until", Text("You got a ban until <t:1715321361>."), "account_blocked", "AccountBlocked"),
    ("plan-cancelled", Title("Plan Cancelled"), "subscription_required", "SubscriptionRequired"),
    (
        "subscription-required",
        Title("Subscription required"),
        "subscription_required",
        "SubscriptionRequired",
    ),
    ("subscription-paused", Title("Subscription paused"), "subscription_required", "SubscriptionRequired"),
    ("credits-exhausted", Fixture("x_credits_exhausted.json"), "credits_exhausted", "CreditsExhausted"),
    ("job-action-restricted", Fixture("x_job_action_restricted.json"), "plan_restricted", "PlanRestricted"),
    ("slow-down", Fixture("x_slow_down.json"), "cooldown", "Cooldown"),
    ("job-queued", Fixture("x_job_queued.json"), "queued", ""),
    ("will-start-shortly", Title("Your job will start shortly"), "queued", ""),
    ("queue-full", Fixture("x_queue_full.json"), "queue_full", "QueueFull"),
    ("invalid-parameter", Fixture("x_invalid_parameter_embed.json"), "invalid", "InvalidRequest"),
    ("invalid-link", Fixture("x_invalid_link.json"), "invalid", "InvalidRequest"),
    ("invalid-link", Title("Invalid link!"), "invalid", "InvalidRequest"),
    ("invalid-prompt", Title("Invalid prompt"), "invalid", "InvalidRequest"),
    ("invalid-request", Fixture("x_invalid_request.json"), "invalid", "InvalidRequest"),
    ("empty-prompt", Title("Empty prompt"), "invalid", "InvalidRequest"),
    ("duplicate-images", Fixture("x_duplicate_images.json"), "invalid", "InvalidRequest"),
    ("sorry-something-went-wrong", Title("Sorry, something went wrong"), "failed", "JobFailed"),
    ("could-not-complete", Title("Sorry! Could not complete the job!"), "failed", "JobFailed"),
    ("internal-error", Title("Internal error"), "failed", "JobFailed"),
    ("info", Fixture("info_embed_description_pro_2023_05.json"), "info", ""),
    ("info-text", Text("**Fast Time Remaining**: 29.57/30.0 hours"), "info", ""),
    ("shorten", Fixture("x_shorten_answer.json"), "shorten", ""),
    ("describe", Fixture("x_describe_answer.json"), "describe", ""),
    ("describe-retry", Notice { title: "", text: "1️⃣ one", custom_id: "MJ::Picread::Retry" }, "describe", ""),
    ("settings", Notice { title: "", text: "", custom_id: "MJ::Settings::VersionSelector" }, "settings", ""),
    ("denied", Title("Image denied"), "refused", "PreModeration"),
    ("error-title", Title("Unexpected Error"), "failed", "JobFailed"),
    ("unrecognized-parameter", Text("Unrecognized parameter(s): `use_raw`"), "invalid", "InvalidRequest"),
    ("unrecognized-parameter", Content("Unrecognized parameter(s): `use_raw`"), "invalid", "InvalidRequest"),
    ("invalid-parameter-text", Content("Invalid parameter: --ar"), "invalid", "InvalidRequest"),
    ("run-out-of-hours", Content("You have run out of hours"), "credits_exhausted", "CreditsExhausted"),
    (
        "subscription-is-paused",
        Content("Subscription is paused"),
        "subscription_required",
        "SubscriptionRequired",
    ),
    ("billing", Text("See your billing page."), "subscription_required", "SubscriptionRequired"),
    ("subscribing", Text("Please consider subscribing."), "subscription_required", "SubscriptionRequired"),
    ("failed-text", Content("Failed to process your command :c"), "failed", "JobFailed"),
    ("displaying", Content("Displaying..."), "waiting", ""),
    ("animating", Content("Animating..."), "waiting", ""),
    ("interaction-failure", Fixture("x_interaction_failure.json"), "interaction_failed", "InteractionFailed"),
];

fn message(case: &Case) -> Value {
    let by_the_bot = |embeds: Value, components: Value, content: &str| {
        json!({
            "id": "1400000000000000003", "content": content, "author": {"id": "936929561302675456", "bot": true},
            "embeds": embeds, "components": components,
        })
    };
    match case {
        Fixture(name) => fixture::named(name),
        Title(title) => by_the_bot(json!([{ "title": title }]), json!([]), ""),
        Text(text) => by_the_bot(json!([{ "title": null, "description": text }]), json!([]), ""),
        Content(content) => by_the_bot(json!([]), json!([]), content),
        Notice { title, text, custom_id } => by_the_bot(
            json!([{ "title": title, "description": text }]),
            json!([{ "type": 1, "components": [{ "type": 2, "custom_id": custom_id }] }]),
            "",
        ),
    }
}

#[test]
fn every_row_has_a_case() {
    let rows: BTreeSet<_> = CATALOGUE.iter().map(|row| row.name).collect();
    let cases: BTreeSet<_> = CASES.iter().map(|(row, ..)| *row).collect();
    assert_eq!(rows.len(), CATALOGUE.len(), "two rows have one name");
    assert_eq!(rows.symmetric_difference(&cases).collect::<Vec<_>>(), Vec::<&&str>::new());
    assert!(CATALOGUE.iter().all(|row| !row.source.is_empty() && !row.clues.is_empty()));
}

#[test]
fn every_case_is_decided_by_its_row_with_its_kind_and_error() {
    for (row, case, kind, error) in CASES {
        let message = message(case);
        assert_eq!(deciding_row(&message).map(|row| row.name), Some(*row));
        let sightings = classify_any(&message);
        let shown = Explanation::of(&sightings[0]);
        assert_eq!((shown.kind, shown.error.unwrap_or_default()), (*kind, *error), "{row}");
    }
}

#[test]
fn colour_and_case_and_punctuation_decide_nothing() {
    for title in ["Banned prompt", "BANNED PROMPT", "Banned prompt!", "  banned prompt… ", "⛔ Banned prompt"]
    {
        for colour in
            [json!(null), json!(16_711_680), json!(16_776_960), json!(16_239_475), json!(15_548_997)]
        {
            let notice = json!({
                "author": {"id": "936929561302675456"}, "embeds": [{ "title": title, "color": colour }],
            });
            assert_eq!(Explanation::of(&classify_any(&notice)[0]).error, Some("PreModeration"), "{title}");
        }
    }
}

#[test]
fn an_unknown_notice_keeps_its_words_and_an_embed_without_alarm_is_just_unknown() {
    let of_embed = |embed: Value| {
        let message = json!({ "author": {"id": "936929561302675456"}, "embeds": [embed] });
        Explanation::of(&classify_any(&message)[0])
    };
    let shown = of_embed(json!({
        "title": "A new thing", "description": "words", "footer": {"text": "/imagine a cat"}, "color": 7,
    }));
    assert_eq!((shown.kind, shown.error), ("unknown", Some("UnknownNotice")));
    assert_eq!(shown.prompt.as_deref(), Some("a cat"));
    let notice = shown.notice.unwrap();
    assert_eq!((notice.title.as_deref(), notice.text.as_deref()), (Some("A new thing"), Some("words")));
    assert_eq!((notice.footer.as_deref(), notice.colour), (Some("/imagine a cat"), Some(7)));
    // Colour comes last: it only tells an alarm without a title from other embeds.
    assert_eq!(of_embed(json!({ "description": "words", "color": 15_548_997 })).error, Some("UnknownNotice"));
    assert_eq!(of_embed(json!({ "description": "words", "color": 7 })).error, None);
}
