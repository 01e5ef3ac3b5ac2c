//! What an HTTP answer or its error body means. It decides no retry.

use std::time::Duration;

use journeyman_model::ErrorBody;
use serde_json::Value;

use crate::failure::{Failure, FailureKind, Notice};
use crate::sighting::{Meaning, Sighting};

/// The symbol of a command whose version changed (Wildric-Auric/MidJourney-Wrapper#28, #82).
const OUTDATED: &str = "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION";

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
