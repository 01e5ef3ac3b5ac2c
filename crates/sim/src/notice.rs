//! The bot's notices: titles, descriptions, colours, footers and buttons, word for word where known.
//!
//! It does not say when one is sent, nor to whom.

/// A notice of the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// The embed's title; a notice without one has its text as plain content.
    pub(crate) title: Option<&'static str>,
    /// `{until}` stands for a time in Unix seconds, `{detail}` for what the refused request says.
    pub(crate) text: &'static str,
    pub(crate) color: Option<u32>,
    pub(crate) footer: Footer,
    /// Label, style and custom id; `{id}` stands for a token of the bot's.
    pub(crate) buttons: &'static [(&'static str, u8, &'static str)],
    /// How long `{until}` is away.
    pub(crate) until_s: i64,
    pub(crate) image: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Footer {
    None,
    /// `/imagine <prompt>` (peer: bulkai reads the prompt from there).
    Prompt,
    Text(&'static str),
}

/// 0xFF0000 (peer: erictik, trueai).
const RED: Option<u32> = Some(16_711_680);
/// 16776960, a warning (peer: erictik, trueai).
const YELLOW: Option<u32> = Some(16_776_960);
/// 0xED4245 (peer: Mutiny, 2026).
const RED_2026: Option<u32> = Some(15_548_997);

const fn embed(title: &'static str, text: &'static str, color: Option<u32>) -> Notice {
    Notice { title: Some(title), text, color, footer: Footer::Prompt, buttons: &[], until_s: 0, image: false }
}

const fn red(title: &'static str, text: &'static str) -> Notice {
    embed(title, text, RED)
}

const fn with_buttons(notice: Notice, buttons: &'static [(&'static str, u8, &'static str)]) -> Notice {
    Notice { buttons, ..notice }
}

const fn with_footer(notice: Notice, footer: Footer) -> Notice {
    Notice { footer, ..notice }
}

// Titles are real or a peer's; a description marked "inferred" is the usual wording, not a quotation.

/// Peer: bulkai, haojie06, trueai; the description is inferred.
pub(crate) static BANNED_DETECTED: Notice = red(
    "Banned prompt detected",
    "The word `xxx` is banned. Circumventing this filter to violate our rules may result in your access being revoked.",
);
/// Peer: bulkai; inferred description.
pub(crate) static BANNED: Notice = red("Banned prompt", "The word `xxx` is banned.");
/// Peer: bulkai#35; inferred description.
pub(crate) static BANNED_IMAGE: Notice =
    red("Banned image prompt", "An image in your prompt is not allowed.");
/// Real: yokonsan/midjourney-api#6, erictik/midjourney-api#225; the button's style is inferred.
pub(crate) static APPEAL: Notice = with_buttons(
    red(
        "Action needed to continue",
        "Sorry! Our AI moderators feel your prompt might be against our community standards.\n\nIf you think this is a \
         mistake, please press the \"Appeal\" button below and we will send it to a more sophisticated AI to \
         double-check the result.",
    ),
    &[("Appeal", 1, "MJ::Prompts::Appeal::{id}")],
);
/// Peer: trueai ("denied" in a title); inferred description.
pub(crate) static IMAGE_DENIED: Notice = red("Image denied", "This image was denied by our filters.");
/// Peer: bulkai and hawkkiller; no colour; inferred description.
pub(crate) static CAPTCHA: Notice = Notice {
    buttons: &[
        ("1", 2, "MJ::Captcha::{id}::1"),
        ("2", 2, "MJ::Captcha::{id}::2"),
        ("3", 2, "MJ::Captcha::{id}::3"),
        ("4", 2, "MJ::Captcha::{id}::4"),
    ],
    image: true,
    ..embed("Action needed to continue", "Please verify you're human by choosing what the image shows.", None)
};
/// Peer: bulkai; inferred description.
pub(crate) static CAPTCHA_TASK: Notice = Notice {
    buttons: &[("1", 2, "MJ::Captcha::{id}::1"), ("2", 2, "MJ::Captcha::{id}::2")],
    image: true,
    ..embed("Please complete the task", "Please verify you're human.", None)
};
/// Peer: bulkai (fatal there), haojie06; inferred description.
pub(crate) static ACTION_REQUIRED: Notice =
    embed("Action required to continue", "Please verify you're human before using Midjourney further.", None);
/// Real: the description from trueai-org/midjourney-proxy PR#104's tests.
pub(crate) static PENDING_MOD: Notice = with_buttons(
    red(
        "Pending mod message",
        "You have a pending moderation message. Please acknowledge it before using Midjourney further.\nAfter reviewing \
         your gallery, you have been blocked from accessing Midjourney for 1 hour for generating content that violates \
         our Community Guidelines. You can read them here: https://docs.midjourney.com/docs/community-guidelines..\n\n\
         *Please review the Midjourney [Community Guidelines](https://docs.midjourney.com/docs/community-guidelines).*",
    ),
    &[
        ("Acknowledge", 3, "MJ::Moderation::Acknowledge::{id}"),
        ("Resubmit", 2, "MJ::Moderation::Resubmit::{id}"),
    ],
);
/// Peer: trueai (title and label); inferred description and custom id.
pub(crate) static TOS: Notice = with_buttons(
    red("Tos not accepted", "You must accept the Terms of Service."),
    &[("Accept ToS", 3, "MJ::TOS::Accept")],
);
/// Peer: trueai, haojie06; kancom reads ` ban ` and `<t:UNIX>`; inferred description.
pub(crate) static BLOCKED: Notice = Notice {
    until_s: 86_400,
    ..red("Blocked", "You have been blocked from accessing Midjourney. Your ban ends <t:{until}>.")
};
/// Peer: trueai; inferred description.
pub(crate) static SUBSCRIPTION_REQUIRED: Notice =
    red("Subscription required", "You can get access by subscribing: use /subscribe.");
/// Peer: trueai, kancom; inferred description.
pub(crate) static SUBSCRIPTION_PAUSED: Notice =
    red("Subscription paused", "Subscription is paused. Resume it in your billing page.");
/// Peer: trueai; inferred description.
pub(crate) static PLAN_CANCELLED: Notice =
    red("Plan Cancelled", "Your plan was cancelled. See your billing page.");
/// Peer: trueai (title), kancom ("run out of hours").
pub(crate) static CREDITS: Notice = red("Credits exhausted", "You have run out of hours!");
/// Real: a public log (title and description).
pub(crate) static RESTRICTED: Notice =
    red("Job action restricted", "You can not submit batch jobs in relax mode.");
/// Real: Mutiny-SDK's tests, 2026; a reply without a nonce and without a colour.
pub(crate) static SLOW_DOWN: Notice = Notice {
    until_s: 60,
    ..embed("Slow Down!", "You can request another upscale for this image <t:{until}:R>", None)
};
/// Real: Mutiny-SDK's tests, 2026: only the footer tells a moderation decline from a crash.
pub(crate) static DECLINE: Notice = with_footer(SORRY, Footer::Text("decline-revise-frolic"));
const SORRY: Notice = embed(
    "Sorry, something went wrong",
    "The job encountered an error. Our team has been notified.",
    RED_2026,
);
/// Peer: Mutiny-SDK.
pub(crate) static CRASH: Notice = with_footer(SORRY, Footer::None);
/// Peer: haojie06; inferred description.
pub(crate) static COULD_NOT: Notice =
    red("Sorry! Could not complete the job!", "Please try again in a moment.");
/// Peer: trueai; inferred description.
pub(crate) static INTERNAL: Notice = red("Internal error", "Something broke on our side.");
/// Peer: haojie06, seen in an update; inferred description.
pub(crate) static IMAGE_FILTER: Notice =
    red("Request cancelled due to image filters", "The image filters stopped this request.");
/// Peer: trueai; inferred description.
pub(crate) static OUTPUT_FILTER: Notice =
    red("Request cancelled due to output filters", "The output filters stopped this request.");
/// Peer: bulkai, trueai, haojie06; inferred description.
pub(crate) static INVALID_PARAMETER: Notice =
    red("Invalid parameter", "Invalid value provided for argument `--ar`\n`99:1` is not a valid value.");
/// Peer: bulkai; inferred description.
pub(crate) static INVALID_LINK: Notice =
    red("Invalid link", "Could not fetch image. Received status code 404");
/// Peer: novicezk, which notes another colour than its errors'.
pub(crate) static INVALID_LINK_BANG: Notice =
    embed("Invalid link!", "Could not fetch image. Received status code 404", Some(16_239_475));
/// Peer: bulkai; inferred description.
pub(crate) static INVALID_PROMPT: Notice = red("Invalid prompt", "The prompt could not be understood.");
/// Peer: bulkai; inferred description.
pub(crate) static EMPTY_PROMPT: Notice = red("Empty prompt", "Please give a prompt.");
/// Peer: erictik, on create and on update.
pub(crate) static DUPLICATE: Notice = red("Duplicate images detected", "");
/// Peer: Mutiny-SDK's text under the older title.
pub(crate) static UNRECOGNIZED: Notice = red("Invalid parameter", "Unrecognized parameter(s): `use_raw`");
/// The same about the parameters of the prompt.
pub(crate) static UNRECOGNIZED_NAMED: Notice =
    red("Invalid parameter", "Unrecognized parameter(s): `{detail}`");
/// Peer: the title by bulkai, trueai and haojie06; the text is inferred.
pub(crate) static INVALID_VALUE: Notice = red("Invalid parameter", "{detail}");
/// Peer: Mutiny-SDK: the same as plain content of a reply.
pub(crate) static UNRECOGNIZED_CONTENT: Notice =
    Notice { text: "Unrecognized parameter(s): `use_raw`", ..PLAIN };
/// Real: erictik/midjourney-api#263: plain content.
pub(crate) static FAILED: Notice = Notice { text: "Failed to process your command :c", ..PLAIN };
const PLAIN: Notice = Notice {
    title: None,
    text: "",
    color: None,
    footer: Footer::None,
    buttons: &[],
    until_s: 0,
    image: false,
};
/// Peer: bulkai PR#36, seen when the AI moderation blocks.
pub(crate) static INVALID_REQUEST: Notice = red("Invalid request", "");
/// Real: igolaizola/bulkai#84 and three bots.
pub(crate) static QUEUE_FULL: Notice = red(
    "Queue full",
    "Your job queue is full. Please wait for a job to finish first, then resubmit this one.",
);
/// Real: four public sources; the colour is inferred.
pub(crate) static QUEUED: Notice = embed(
    "Job queued",
    "You have reached the maximum allowed number of concurrent jobs. Don't worry, this job will start as soon as another \
     one finishes!",
    YELLOW,
);
/// Inferred: something new, so that a client's last resort is tried.
pub(crate) static UNKNOWN: Notice = red("The stars are not aligned", "Please look up and try again.");
