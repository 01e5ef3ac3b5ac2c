//! What an HTTP answer or its error body means. It decides no retry.

use std::time::Duration;

use journeyman_model::ErrorBody;
use serde_json::Value;

use crate::failure::{Failure, FailureKind, Notice};
use crate::sighting::{Meaning, Sighting};

/// The symbol of a command whose version changed (Wildric-Auric/MidJourney-Wrapper#28, #82).
const OUTDATED: &str = "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION";

/// The edge's number for "you are being rate limited" (Cloudflare's docs, "1xxx errors").
const BANNED: &str = "1015";

/// How much of a body that is not JSON is kept as what was said.
const LONGEST_EXCERPT: usize = 200;

/// What an answer to a request means; `retry_after` is the header's, where there is one.
///
/// A 204 is Discord's receipt, not the bot's acceptance.
pub fn classify_http(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Sighting {
    let json = serde_json::from_slice::<Value>(body).ok();
    let error = json.as_ref().and_then(ErrorBody::from_json).unwrap_or_default();
    let mut notice = notice(&error);
    if json.is_none() {
        notice.text = excerpt(body);
    }
    let meaning = match (status, kind(status, &error)) {
        (204, _) => Meaning::Accepted,
        (200..300, _) => Meaning::NotASighting,
        (_, Some(kind)) => failed(kind, notice, error.retry_after.max(retry_after)),
        (status, None) => Meaning::UpstreamFailed { status: Some(status), notice },
    };
    Sighting::of(meaning)
}

/// What an error body means without its status; `None` for JSON that is no error body.
pub(crate) fn classify_body(value: &Value) -> Option<Sighting> {
    let error = ErrorBody::from_json(value)?;
    let status = presumed_status(&error);
    let meaning = match kind(status, &error) {
        Some(kind) => failed(kind, notice(&error), error.retry_after),
        None => Meaning::UpstreamFailed { status: None, notice: notice(&error) },
    };
    Some(Sighting::of(meaning))
}

/// What a body that is no JSON means: a page or a line that Discord's edge answers with, in Discord's place.
///
/// `None` for any other text. Both forms are known from bans for too many requests
/// (discord-api-docs#5810); one that names a 5xx tells of a failure behind the edge instead.
pub fn classify_text(body: &[u8]) -> Option<Sighting> {
    let text = String::from_utf8_lossy(body).trim().to_lowercase();
    let is_page = text.starts_with("<!doctype html") || text.starts_with("<html");
    let code = text.strip_prefix("error code:").map(str::trim);
    let status = match code {
        Some(BANNED) => 429,
        Some(code) => server_error(code)?,
        None if is_page => title(&text).and_then(server_error).unwrap_or(429),
        None => return None,
    };
    Some(classify_http(status, None, body))
}

/// The title of a page: "discord.com | 502: Bad gateway".
fn title(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("<title>")?;
    rest.split_once("</title>").map(|(title, _)| title)
}

/// The first number in a text that is the status of a server's failure.
fn server_error(text: &str) -> Option<u16> {
    let numbers = text.split(|letter: char| !letter.is_ascii_digit());
    numbers.filter_map(|number| number.parse().ok()).find(|status| (500..600).contains(status))
}

fn kind(status: u16, error: &ErrorBody) -> Option<FailureKind> {
    match status {
        400 if error.symbols.iter().any(|symbol| symbol == OUTDATED) => Some(FailureKind::CommandOutdated),
        401 | 403 => Some(FailureKind::Unauthorized),
        // A request timeout is Discord's own.
        408 => None,
        429 => Some(FailureKind::RateLimited),
        400..500 => Some(FailureKind::InvalidRequest),
        _ => None,
    }
}

/// Discord's error numbers by the status they come with (Discord's docs, "Opcodes and Status Codes").
fn presumed_status(error: &ErrorBody) -> u16 {
    let message = error.message.as_deref().unwrap_or_default();
    let spoken = message.split(':').next().and_then(|number| number.parse().ok());
    match (error.retry_after, error.code) {
        (Some(_), _) => 429,
        // The edge's ban names no wait (discord-api-docs#5810).
        (None, Some(0) | None) if message.to_lowercase().contains("exceeding our rate limits") => 429,
        (None, Some(0) | None) => spoken.filter(|status| (400..600).contains(status)).unwrap_or(500),
        (None, Some(10_000..20_000)) => 404,
        (None, Some(40_001)) => 401,
        (None, Some(20_000..20_028 | 40_002 | 50_001 | 50_013 | 50_007)) => 403,
        (None, Some(_)) => 400,
    }
}

fn failed(kind: FailureKind, notice: Notice, retry_after: Option<Duration>) -> Meaning {
    Meaning::Failed(Failure { notice, retry_after, ..Failure::new(kind) })
}

fn notice(error: &ErrorBody) -> Notice {
    let code = error.symbols.first().cloned().or_else(|| error.code.map(|code| code.to_string()));
    Notice { text: error.message.clone(), code, ..Notice::default() }
}

fn excerpt(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text: String = text.trim().chars().take(LONGEST_EXCERPT).collect();
    (!text.is_empty()).then_some(text)
}
