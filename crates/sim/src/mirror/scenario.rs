//! The sources of the catalogue's scenarios. What each does stands in the catalogue.

use super::{Behaviour, Source};
use crate::scenario::scenarios;

use Source::{Inferred, Peer, Real};

/// The signal's source; what it means for a job is read off the peers' handling of it.
static SOURCES: &[(&str, Source, &str)] = &[
    ("happy", Real, "captures of March 2023; cadence by novicezk/midjourney-proxy#175 and #262"),
    ("pre-moderation", Peer, "bulkai, haojie06, trueai"),
    ("post-moderation", Peer, "content ends in \"(Stopped)\": novicezk, trueai"),
    ("ephemeral-moderation", Real, "yokonsan/midjourney-api#68: deleted at 93 %"),
    ("invalid-request", Peer, "bulkai PR#36; the empty description is inferred"),
    (
        "job-queued",
        Real,
        "title and description in five public sources; that it starts after 20 s is inferred",
    ),
    ("queue-full", Real, "igolaizola/bulkai#84 and three bots"),
    ("banned-prompt", Peer, "bulkai"),
    ("banned-image-prompt", Peer, "bulkai#35"),
    ("action-needed-appeal", Real, "yokonsan/midjourney-api#6, erictik/midjourney-api#225"),
    ("image-denied", Peer, "trueai: \"denied\" in a title"),
    ("captcha-2023", Peer, "bulkai, hawkkiller; novicezk/midjourney-proxy#87"),
    ("captcha-task", Peer, "bulkai"),
    ("captcha-embed", Peer, "bulkai, haojie06"),
    ("captcha-iframe", Peer, "novicezk, trueai: the event's fields"),
    ("pending-mod-message", Real, "trueai PR#104's tests, erictik/midjourney-api#154"),
    ("tos-not-accepted", Peer, "trueai"),
    ("blocked", Peer, "trueai, haojie06, kancom"),
    ("subscription-required", Peer, "trueai, kancom"),
    ("subscription-paused", Peer, "trueai, kancom"),
    ("plan-cancelled", Peer, "trueai"),
    ("credits-exhausted", Peer, "trueai, kancom"),
    ("job-action-restricted", Real, "a public log: title and description"),
    ("slow-down", Real, "Mutiny-SDK's tests, 2026; that an imagine meets it is inferred"),
    ("sorry-decline", Real, "Mutiny-SDK's tests, 2026: the footer alone tells a decline"),
    ("sorry-crash", Peer, "Mutiny-SDK"),
    ("could-not-complete", Peer, "haojie06"),
    ("failed-to-process", Real, "erictik/midjourney-api#263"),
    ("internal-error", Peer, "trueai"),
    ("image-filter-cancelled", Peer, "haojie06, in an update"),
    ("output-filter-cancelled", Peer, "trueai"),
    ("invalid-parameter", Peer, "bulkai, trueai, haojie06; the description is inferred"),
    ("invalid-link", Peer, "bulkai"),
    ("invalid-link-bang", Peer, "novicezk"),
    ("invalid-prompt", Peer, "bulkai"),
    ("empty-prompt", Peer, "bulkai"),
    ("duplicate-images", Peer, "erictik"),
    ("duplicate-images-update", Peer, "erictik, in an update"),
    ("unrecognized-parameter", Peer, "Mutiny-SDK's text under the older title"),
    ("unrecognized-parameter-content", Peer, "Mutiny-SDK: plain content of a reply"),
    ("interaction-failure", Peer, "webman: INTERACTION_FAILURE; Discord waits three seconds by its docs"),
    ("no-response", Real, "yokonsan/midjourney-api#36: 204, and nothing follows"),
    ("paused", Peer, "UrielCh's tests: \"(paused)\" in the content; when and for how long is inferred"),
    ("unknown-title", Inferred, "something new, so that a client's last resort is tried"),
    (
        "command-updated",
        Real,
        "400 with an invalid version; clients broke so in February, June and October 2023",
    ),
    ("command-outdated", Inferred, "the same answer for ever, so that a client gives up"),
    ("unauthorized", Real, "Discord's docs: 401"),
    ("missing-access", Real, "Discord's docs: 403, code 50001"),
];

pub(super) fn all() -> impl Iterator<Item = Behaviour> {
    SOURCES.iter().map(|&(name, source, from)| {
        let what = scenarios().iter().find(|info| info.name == name).map_or("", |info| info.summary);
        Behaviour { part: "scenario", name, what, source, from }
    })
}
