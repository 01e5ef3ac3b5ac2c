//! The sources of the bot's notices: of their titles, and of their texts where those are known.
//!
//! What is marked inferred stands in `notice` beside the words.

use super::{Behaviour, inferred, peer, real};

const fn p(name: &'static str, what: &'static str, from: &'static str) -> Behaviour {
    peer("notice", name, what, from)
}

const fn r(name: &'static str, what: &'static str, from: &'static str) -> Behaviour {
    real("notice", name, what, from)
}

pub(super) static ALL: &[Behaviour] = &[
    p("banned-detected", "\"Banned prompt detected\"", "bulkai, haojie06, trueai; inferred text"),
    p("banned", "\"Banned prompt\"", "bulkai; inferred text"),
    p("banned-image", "\"Banned image prompt\"", "bulkai#35; inferred text"),
    r(
        "appeal",
        "\"Action needed to continue\" with Appeal",
        "yokonsan/midjourney-api#6, erictik/midjourney-api#225",
    ),
    p("image-denied", "\"Image denied\"", "trueai; inferred text"),
    p("captcha", "\"Action needed to continue\" with a picture", "bulkai, hawkkiller; inferred text"),
    p("captcha-task", "\"Please complete the task\"", "bulkai; inferred text"),
    p("action-required", "\"Action required to continue\"", "bulkai, haojie06; inferred text"),
    r("pending-mod", "\"Pending mod message\"", "trueai PR#104's tests"),
    p("tos", "\"Tos not accepted\"", "trueai; inferred text and custom id"),
    p("blocked", "\"Blocked\"", "trueai, haojie06, kancom; inferred text"),
    p("subscription-required", "\"Subscription required\"", "trueai, kancom; inferred text"),
    p("subscription-paused", "\"Subscription paused\"", "trueai, kancom; inferred text"),
    p("plan-cancelled", "\"Plan Cancelled\"", "trueai; inferred text"),
    p("credits", "\"Credits exhausted\"", "trueai; the text by kancom"),
    r("restricted", "\"Job action restricted\"", "a public log"),
    r("slow-down", "\"Slow Down!\"", "Mutiny-SDK's tests, 2026"),
    r("decline", "\"Sorry, something went wrong\", footer `decline-…`", "Mutiny-SDK's tests, 2026"),
    p("crash", "\"Sorry, something went wrong\"", "Mutiny-SDK"),
    p("could-not", "\"Sorry! Could not complete the job!\"", "haojie06; inferred text"),
    p("internal", "\"Internal error\"", "trueai; inferred text"),
    p("image-filter", "\"Request cancelled due to image filters\"", "haojie06; inferred text"),
    p("output-filter", "\"Request cancelled due to output filters\"", "trueai; inferred text"),
    p("invalid-parameter", "\"Invalid parameter\"", "bulkai, trueai, haojie06; inferred text"),
    p("invalid-link", "\"Invalid link\"", "bulkai; inferred text"),
    p("invalid-link-bang", "\"Invalid link!\"", "novicezk"),
    p("invalid-prompt", "\"Invalid prompt\"", "bulkai; inferred text"),
    p("empty-prompt", "\"Empty prompt\"", "bulkai; inferred text"),
    p("duplicate", "\"Duplicate images detected\"", "erictik"),
    p("unrecognized", "\"Unrecognized parameter(s)\" in an embed", "Mutiny-SDK's text under the older title"),
    p("unrecognized-named", "the same, about the prompt's own", "Mutiny-SDK's text"),
    p(
        "invalid-value",
        "\"Invalid parameter\" about the prompt's own",
        "bulkai, trueai, haojie06; inferred text",
    ),
    p("unrecognized-content", "the same as plain content", "Mutiny-SDK"),
    r("failed", "\"Failed to process your command :c\"", "erictik/midjourney-api#263"),
    p("invalid-request", "\"Invalid request\"", "bulkai PR#36"),
    r("queue-full", "\"Queue full\"", "igolaizola/bulkai#84 and three bots"),
    r("queued", "\"Job queued\"", "four public sources; the colour is inferred"),
    inferred("notice", "unknown", "a title that nobody has seen", "so that a client's last resort is tried"),
];
