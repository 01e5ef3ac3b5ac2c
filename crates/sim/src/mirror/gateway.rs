//! The sources of the gateway's behaviours and of its faults.
//!
//! Where the docs speak of bots and a user account is meant, that is inferred and said so.

use super::{Behaviour, inferred, peer, real};

const DOCS: &str = "Discord's docs";

const fn r(name: &'static str, what: &'static str, from: &'static str) -> Behaviour {
    real("gateway", name, what, from)
}

const fn i(name: &'static str, what: &'static str, from: &'static str) -> Behaviour {
    inferred("gateway", name, what, from)
}

const fn fault(name: &'static str, what: &'static str, from: &'static str) -> Behaviour {
    real("gateway fault", name, what, from)
}

pub(super) static ALL: &[Behaviour] = &[
    r("hello", "op 10 with an interval of 41,250 ms", "captures"),
    r(
        "ready",
        "session_id, resume_gateway_url, user, guilds",
        "a capture of 2023; the guild's fields are inferred",
    ),
    r("bot-guilds", "a bot's guilds come one by one as GUILD_CREATE", DOCS),
    r("heartbeat", "op 1 is answered by op 11", DOCS),
    i(
        "late-heartbeat",
        "20 s after a missing heartbeat the socket closes with 4009",
        "the code and the grace are ours",
    ),
    r("resume", "what was missed in order, then RESUMED", DOCS),
    i(
        "resume-window",
        "a session without a socket can be resumed for three minutes",
        "Discord names no span",
    ),
    i("resume-kept", "a session keeps 5,000 events; who missed more gets op 9", "Discord names no number"),
    r("invalid-session", "op 9 with d: false when a session cannot be resumed", DOCS),
    r("invalid-seq", "4007 for a sequence that was never sent", DOCS),
    i("one-socket", "a resumed session leaves its old socket, which is cut", "nobody describes it"),
    r("client-close", "1000 and 1001 end the session, other codes keep it", DOCS),
    r("fatal-closes", "4004 and 4010 to 4014 end the session; 4007 and 4009 as well", DOCS),
    r("decode-error", "4002 for what is no JSON object with an op, or longer than 15 kibibytes", DOCS),
    r("unknown-opcode", "4001", DOCS),
    i("user-opcodes", "the opcodes 12 to 43 are taken and change nothing", "lists of Discord's own apps"),
    r("not-authenticated", "4003 for a payload before IDENTIFY", DOCS),
    r("authentication-failed", "4004 for a token that is nobody's", DOCS),
    r("already-authenticated", "4005 for a second IDENTIFY or RESUME", DOCS),
    r("rate-limited", "4008 for more than 120 payloads in 60 s", DOCS),
    i(
        "identify-limit",
        "a second IDENTIFY within 5 s gets op 9",
        "Discord's docs, for bots; for users it is ours",
    ),
    i(
        "session-starts",
        "1,000 IDENTIFYs in 24 h; one more ends all sessions with 4004",
        "Discord's docs, for bots; for users it is ours, and no token is reset here",
    ),
    r("api-version", "4012 for another version than 6 to 10", DOCS),
    r("intents", "4013 for a bot without intents; a message's content only with its intent", DOCS),
    r("compression", "compress=zlib-stream is one zlib stream with a flush after each message", DOCS),
    r(
        "ephemeral",
        "ephemeral messages come to the sessions of the invoking user alone",
        "yokonsan/midjourney-api#82",
    ),
    i(
        "interaction-session",
        "INTERACTION_CREATE, SUCCESS and FAILURE come to the session named in the interaction, if it exists",
        "else to all of the user's",
    ),
    peer(
        "gateway",
        "modal-session",
        "modals and frames come only to the session named in the interaction",
        "trueai's docs",
    ),
    i("slow-reader", "a client that leaves 8 MiB unread is cut", "ours"),
    fault("cut", "the connection breaks without a close frame", "any network"),
    fault("close", "the gateway closes with a code", DOCS),
    fault("zombie", "the socket stays open, and nothing comes", "Discord's docs, \"zombied connection\""),
    fault("reconnect", "op 7", DOCS),
    fault("invalid-session", "op 9 with d: false", DOCS),
    fault("invalid-session-resumable", "op 9 with d: true", DOCS),
    fault("heartbeat-request", "op 1 by the gateway", DOCS),
    fault("down", "connections break and are refused", "Discord's outages; the refusal's 503 is inferred"),
    inferred(
        "gateway fault",
        "duplicate",
        "an event comes twice, with a number each",
        "the number of the second is ours",
    ),
    inferred("gateway fault", "delay", "an event comes late", "the docs promise no order between events"),
    inferred(
        "gateway fault",
        "reorder",
        "an event comes after the next one",
        "the docs promise no order between events",
    ),
];
