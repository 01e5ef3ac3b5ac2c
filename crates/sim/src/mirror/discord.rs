//! The sources of Discord's side of REST: limits, answers, files, and the faults between.
//!
//! Not every field of an answer is listed; their sources stand beside the code.

use super::{Behaviour, inferred, peer, real};

const DOCS: &str = "Discord's docs";

const fn r(name: &'static str, what: &'static str, from: &'static str) -> Behaviour {
    real("rest", name, what, from)
}

const fn i(name: &'static str, what: &'static str, from: &'static str) -> Behaviour {
    inferred("rest", name, what, from)
}

const fn fault(name: &'static str, what: &'static str, from: &'static str) -> Behaviour {
    real("fault", name, what, from)
}

pub(super) static ALL: &[Behaviour] = &[
    r("interaction-accepted", "204 with an empty body, which promises nothing", "captures"),
    r(
        "ephemeral-unlisted",
        "GET never lists an ephemeral message",
        "yokonsan/midjourney-api#82, Wildric-Auric#55",
    ),
    i("nonce-unlisted", "GET shows no nonce", "only its sender's session is told it"),
    r("outdated-command", "400, code 50035, invalid version", "a capture of 2023"),
    r("unknown-message", "404, code 10008, for a button of a message that is gone", "bulkai"),
    r("message-pages", "100 at most, newest first; after, before and around", DOCS),
    r("global-limit", "50 requests a second of a credential", "Discord's docs; the window's kind is unknown"),
    i("user-limits", "5 interactions in 5 s of a user's token", "no capture shows the number"),
    r("user-headers", "a user's token is shown no limit headers", "discord-api-docs#1808"),
    r("user-429", "a user's 429 speaks of the resource", "Wildric-Auric/MidJourney-Wrapper#82"),
    r("sub-limits", "limits that no header shows", "discord-api-docs#5646, #8330, #1909"),
    r("shared-hash", "two routes with one hash and two counters", "discord-api-docs#1442 and #8073"),
    r("invalid-requests", "10,000 in 10 minutes ban an address", DOCS),
    i("ban-length", "a ban lasts an hour", "reports tell of 1 to 24 hours"),
    r("edge-answers", "a banned address gets HTML, or JSON without a wait", "discord-api-docs#5810"),
    r("session-start-limit", "GET /gateway/bot tells it", DOCS),
    peer("rest", "uploads", "announce, put, refer by its name", "trueai, Mutiny; the refusals are inferred"),
    r(
        "signed-links",
        "links of the CDN expire",
        "novicezk/midjourney-proxy PR#283; the life of 24 h is inferred",
    ),
    peer(
        "rest",
        "refreshed-links",
        "POST /attachments/refresh-urls signs links anew",
        "as clients use it; null for nothing is inferred",
    ),
    peer("rest", "region-frame", "POST /inpaint/api/submit-job", "trueai, Mutiny; the refusals are inferred"),
    fault("status-before", "a 5xx instead of executing", "any outage"),
    fault(
        "status-after",
        "executed, but answered with a 5xx",
        "erictik/midjourney-api#204: a refusal, and the job ran",
    ),
    fault("lose-answer", "executed; the connection closes without an answer", "any network"),
    fault("reset-before", "not executed; the connection is reset", "any network"),
    fault("reset-after", "executed; the connection is reset", "any network"),
    fault("reset-reused", "not executed, on a reused connection", "any network"),
    fault("reset-idle", "answered, then the idle connection is reset", "any network"),
    fault("latency", "the answer comes later", "any network"),
];
