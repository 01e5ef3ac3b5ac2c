//! The sources of the bot's doings: jobs, commands and buttons.
//!
//! Its notices and scenarios have tables of their own.

use super::{Behaviour, inferred, peer, real};

const INDEX: &str = "the command index captured in 2024; what it answers is inferred";

const fn command(name: &'static str, what: &'static str, from: &'static str) -> Behaviour {
    real("command", name, what, from)
}

/// A command whose answer says nothing of use.
const fn told(name: &'static str) -> Behaviour {
    inferred("command", name, "a text that is ours", INDEX)
}

const fn button(name: &'static str, what: &'static str, from: &'static str) -> Behaviour {
    peer("button", name, what, from)
}

const fn captured(name: &'static str, what: &'static str, from: &'static str) -> Behaviour {
    real("button", name, what, from)
}

pub(super) static ALL: &[Behaviour] = &[
    real("bot", "cadence", "0 % after 11.5 s, then 15, 31, 46, 62, 78, 93 every 6.5 s", "novicezk#175, #262"),
    real(
        "bot",
        "final",
        "a new message without nonce or interaction, after the progress message was deleted",
        "captures of 2023",
    ),
    real(
        "bot",
        "job-id",
        "in the Cancel Job button, the file's name and the final buttons",
        "captures of July 2023",
    ),
    real("bot", "errors-ephemeral", "refusals are ephemeral", "flags 64 since 2023: novicezk, yokonsan"),
    real(
        "bot",
        "progress-ephemeral",
        "in the era 2026 progress is ephemeral",
        "erictik/midjourney-api#263, bulkai#84",
    ),
    real(
        "bot",
        "rewriting",
        "spaces, dashes, links, the version's place",
        "captures; novicezk PR#270, #262, #293",
    ),
    peer("bot", "concurrency", "3 jobs at once, 12 with Pro", "useapi.net, trueai"),
    peer("bot", "queue", "10 jobs wait per account", "an old FAQ; not verified per plan"),
    inferred(
        "bot",
        "charge",
        "what is rendered is paid, whatever becomes of it",
        "the price per kind is ours as well",
    ),
    real(
        "bot",
        "batches",
        "permutations and --repeat make several jobs of one interaction",
        "their order is inferred",
    ),
    real(
        "bot",
        "deaf-button",
        "a wrong id or flag is answered with 204, and nothing happens",
        "yokonsan/midjourney-api#36",
    ),
    real(
        "bot",
        "used-button",
        "a used button turns blue, and its message is not edited for it",
        "captures of 2023",
    ),
    real("bot", "modal", "its event's id is what the answer must name", "a capture of August 2023"),
    inferred("bot", "modal-silence", "a window brings no INTERACTION_SUCCESS", "nobody shows one"),
    peer("bot", "region-frame", "a frame in which a region is painted", "trueai, Mutiny, pxz2016"),
    command("imagine", "waits, renders, delivers a grid", "captures of 2023"),
    command("blend", "two to five pictures, whose short links are the prompt", "a peer's collected line"),
    peer(
        "command",
        "describe",
        "four prompts for a file or a link",
        "webman, trueai and ihmily for the form",
    ),
    peer(
        "command",
        "shorten",
        "weighted words and five prompts",
        "trueai, erictik; the weights are inferred",
    ),
    command(
        "info",
        "plan, mode, minutes, jobs",
        "the text captured in May 2023; what stands there while jobs run is inferred",
    ),
    peer(
        "command",
        "settings",
        "buttons for the account's settings",
        "erictik, trueai; some custom ids are inferred",
    ),
    command(
        "show",
        "a job of one's own again",
        "the index captured in 2024; that others' jobs are not shown is inferred",
    ),
    command(
        "prefer",
        "remix, variability, suffix, options",
        "the index captured in 2024; its words are inferred",
    ),
    command("fast", "jobs to come are fast", INDEX),
    command("relax", "jobs to come are relaxed", INDEX),
    command("turbo", "jobs to come are turbo", INDEX),
    command("stealth", "jobs to come are stealthy", INDEX),
    command("public", "jobs to come are public", INDEX),
    command("Cancel Job", "a message command that cancels", INDEX),
    command("userid", "the account's id", INDEX),
    told("DM Results"),
    told("help"),
    told("ask"),
    told("invite"),
    told("subscribe"),
    told("feedback"),
    told("tune"),
    told("list_tuners"),
    told("list_personalize_codes"),
    captured(
        "upscale-1-to-4",
        "a picture by itself, without waiting or progress",
        "a peer's collected lines",
    ),
    captured("variation-1-to-4", "four pictures in reply to the grid", "a capture of July 2023"),
    captured("reroll", "four new pictures", "captures of 2023; its text is inferred"),
    captured("vary-strong-and-subtle", "four pictures", "a capture of July 2023"),
    captured("zoom-out", "2x and 1.5x", "a capture of July 2023"),
    captured("pan", "left, right, up, down", "a capture of July 2023"),
    captured("bookmark", "the heart", "a capture of July 2023; that it is pressed in and out is inferred"),
    captured("cancel-job", "ends a job with \"(Stopped)\"", "a capture of July 2023"),
    button("custom-zoom", "a window that wants --zoom", "trueai, Mutiny"),
    button("make-square", "a zoom to a square", "trueai; its place is inferred"),
    button("vary-region", "a frame, a mask, four pictures", "trueai, Mutiny"),
    button("upscale-subtle-creative-2x-4x", "one larger picture", "trueai, Mutiny: which version has which"),
    button("animate", "a video, and its extension", "trueai"),
    button("settings", "version, remix, mode and variability", "erictik, trueai"),
    button("picreader", "a described prompt, first edited in a window; all at once without", "trueai"),
    button("prompt-analyzer", "a shortened prompt, first edited in a window", "trueai"),
    captured("remix", "a window for the prompt", "a capture of August 2023"),
];
