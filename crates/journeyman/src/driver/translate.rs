//! Between what the driver says and what goes over the wire. Pure: it sends nothing.

use journeyman_discord::gateway::{BadGatewayAddress, GatewayError, GatewayErrorKind};
use journeyman_discord::wire::{self, Answer, Request};
use journeyman_discord::{CallError, CallErrorKind, CommandError, DownloadError, DownloadErrorKind};
use journeyman_limiter::{Certainty, Reason};
use journeyman_midjourney::Meaning;
use journeyman_midjourney::generation::Sent;
use journeyman_midjourney::outcome::{Hindrance, NotSent};
use journeyman_midjourney::{classify_dispatch, classify_http, classify_message};
use journeyman_model::{ChannelId, Message, MessageId, UserId};
use serde_json::Value;

use super::core::Heard;
use super::watch::{Page, Side, Wanted};

/// The close code of a token that is not valid (Discord's docs, "Gateway Close Event Codes").
const TOKEN_REFUSED: u16 = 4004;

/// The request for one page of the channel.
pub(crate) fn page_request(channel: ChannelId, wanted: Wanted) -> Request {
    match wanted.side {
        Side::Newest => wire::newest_messages(channel, wanted.limit),
        Side::Before(message) => wire::messages_before(channel, message, wanted.limit),
        Side::After(message) => wire::messages_after(channel, message, wanted.limit),
    }
}

/// What an event of the gateway says of the channel; `None` for one of another channel.
pub(crate) fn heard(name: &str, data: &Value, channel: ChannelId) -> Option<Heard> {
    let of_channel = data.get("channel_id").and_then(ChannelId::from_json);
    // Interactions do not always say where they were made; their nonce tells whose they are.
    if of_channel.is_some_and(|of_channel| of_channel != channel) {
        return None;
    }
    let is_new = name == "MESSAGE_CREATE" && of_channel.is_some();
    let created = if is_new { data.get("id").and_then(MessageId::from_json) } else { None };
    Some(Heard { created, sightings: classify_dispatch(name, data) })
}

/// A page as the driver wants it: every message, classified; `limit` messages were asked for.
pub(crate) fn page(answer: &Answer, channel: ChannelId, limit: u8) -> Result<Page, NotSent> {
    if answer.status != 200 {
        return Err(refused(answer, &format!("read the messages of channel {channel}")));
    }
    let values = wire::read::messages(answer).map_err(|error| unreadable(&error))?;
    let is_last = values.len() < usize::from(limit);
    let messages = values
        .iter()
        .filter_map(|value| Some((Message::from_json(value)?.id?, classify_message(value))))
        .collect();
    Ok(Page { messages, is_last, call: answer.call })
}

/// Who we are.
pub(crate) fn user(answer: &Answer) -> Result<UserId, NotSent> {
    if answer.status != 200 {
        return Err(refused(answer, "ask who the token belongs to"));
    }
    wire::read::user(answer).map_err(|error| unreadable(&error))
}

/// The channel that was asked for.
pub(crate) fn channel(answer: &Answer) -> Result<ChannelId, NotSent> {
    if !answer.is_success() {
        return Err(refused(answer, "find the direct channel with the bot"));
    }
    wire::read::channel(answer).map_err(|error| unreadable(&error))
}

/// Whether a reaction was taken.
pub(crate) fn reacted(answer: &Answer) -> Result<(), NotSent> {
    if answer.is_success() { Ok(()) } else { Err(refused(answer, "react to the message")) }
}

/// What an answer to the interaction means for its generation.
pub(crate) fn sent(answer: &Answer) -> Sent {
    let meaning = classify_http(answer.status, answer.retry_after(), &answer.body).meaning;
    if let Meaning::Failed(failure) = meaning {
        Sent::Refused(failure)
    } else if meaning == Meaning::Accepted {
        Sent::Accepted
    } else {
        Sent::Unsure(format!("Discord answered {} to the request", answer.status))
    }
}

/// What a call without a usable answer means for a request that costs.
pub(crate) fn unsent(error: &CallError) -> Sent {
    match (error.certainty, &error.answer) {
        (Certainty::MaybeSent, _) => Sent::Unsure(error.to_string()),
        // A redirect is not followed, and nobody behind it has seen the request.
        (Certainty::Answered, Some(answer)) if (400..500).contains(&answer.status) => sent(answer),
        (Certainty::Answered | Certainty::NotSent, _) => Sent::NotSent(hindrance(error)),
    }
}

/// What a call without a usable answer means for those that wait for it.
pub(crate) fn hindrance(error: &CallError) -> NotSent {
    let why = match &error.kind {
        CallErrorKind::Unreachable { .. } | CallErrorKind::LostAnswer { .. } => Hindrance::Unreachable,
        CallErrorKind::RateLimited { .. } | CallErrorKind::TooLate | CallErrorKind::Recalled => {
            Hindrance::RateLimited
        }
        CallErrorKind::Stopped { reason: Reason::Guard } => Hindrance::RateLimited,
        CallErrorKind::Unauthorized { status: 401, .. } => Hindrance::TokenRefused,
        CallErrorKind::Unauthorized { .. } => Hindrance::Unauthorized,
        CallErrorKind::UpstreamFailed { .. }
        | CallErrorKind::Stopped { .. }
        | CallErrorKind::Unexpected { .. }
        | CallErrorKind::TooLarge { .. }
        | _ => Hindrance::UpstreamFailed,
    };
    NotSent { why, detail: chain(error), retry_after: error.retry_after }
}

/// A gateway's address that cannot be used.
pub(crate) fn bad_gateway(error: &BadGatewayAddress) -> NotSent {
    NotSent { why: Hindrance::UpstreamFailed, detail: chain(error), retry_after: None }
}

/// A gateway session that has ended for good.
pub(crate) fn gateway_ended(error: &GatewayError) -> NotSent {
    let is_refused = matches!(error.kind, GatewayErrorKind::Refused { code: TOKEN_REFUSED });
    let why = if is_refused { Hindrance::TokenRefused } else { Hindrance::Unreachable };
    NotSent { why, detail: format!("{error}; {}", error.hint()), retry_after: None }
}

/// Values that do not fit the command or the form.
pub(crate) fn wrong_command(why: &(dyn std::error::Error + 'static)) -> NotSent {
    NotSent { why: Hindrance::Malformed, detail: chain(why), retry_after: None }
}

/// What an embedded page that gave no usable answer means.
pub(crate) fn page_unsent(error: &DownloadError) -> Sent {
    if matches!(error.kind, DownloadErrorKind::Broken { .. }) {
        return Sent::Unsure(error.to_string());
    }
    Sent::NotSent(NotSent { why: Hindrance::UpstreamFailed, detail: chain(error), retry_after: None })
}

/// A command that is not there.
pub(crate) fn command_missing(error: &CommandError) -> NotSent {
    NotSent { why: Hindrance::CommandMissing, detail: chain(error), retry_after: None }
}

fn refused(answer: &Answer, purpose: &str) -> NotSent {
    let why = match answer.status {
        401 => Hindrance::TokenRefused,
        403 => Hindrance::Unauthorized,
        404 => Hindrance::ChannelUnknown,
        429 => Hindrance::RateLimited,
        _ => Hindrance::UpstreamFailed,
    };
    let said =
        answer.error().and_then(|error| error.message).map(|said| format!(": {said}")).unwrap_or_default();
    NotSent {
        why,
        detail: format!("{purpose}: Discord answered {}{said}", answer.status),
        retry_after: answer.retry_after(),
    }
}

fn unreadable(error: &wire::Unreadable) -> NotSent {
    NotSent { why: Hindrance::UpstreamFailed, detail: chain(error), retry_after: None }
}

/// The error and its causes on one line: a hindrance is stored as text.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    line
}
