//! How a limit is told: headers on every answer, and the body and headers of a 429.
//!
//! It counts nothing.

use std::time::Duration;

use serde_json::json;

use super::window::Taken;
use super::{Kind, RouteLimit};
use crate::caption::fold;
use crate::http::{Reply, header};

/// Which limit refused a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    User,
    Global,
    Shared,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket<'a> {
    pub(super) rule: &'a RouteLimit,
    pub(super) taken: Taken,
    pub(super) reset_at_micros: i64,
}

pub(super) fn scope(kind: Kind) -> Scope {
    match kind {
        Kind::Bucket | Kind::Hidden | Kind::Revealed => Scope::User,
        Kind::Shared => Scope::Shared,
    }
}

/// The bucket's hash: of the limit, not of the resource (real: Discord's docs).
pub(super) fn hash(rule: &RouteLimit) -> String {
    rule.hash.clone().unwrap_or_else(|| {
        let text = format!("{} {}", rule.method, rule.template);
        format!("{:016x}{:016x}", fold(1, &text), fold(2, &text))
    })
}

pub(super) fn headers(bucket: Bucket<'_>) -> Vec<(String, String)> {
    let reset_at_ms = bucket.reset_at_micros.div_euclid(1_000);
    vec![
        header("X-RateLimit-Limit", bucket.rule.rate.limit.to_string()),
        header("X-RateLimit-Remaining", bucket.taken.remaining.to_string()),
        header("X-RateLimit-Reset", format!("{}.{:03}", reset_at_ms / 1_000, reset_at_ms % 1_000)),
        header("X-RateLimit-Reset-After", seconds(bucket.taken.reset_after)),
        header("X-RateLimit-Bucket", hash(bucket.rule)),
    ]
}

/// A global 429 has no bucket headers (real: Discord's docs).
pub(super) fn global(taken: Taken, sees_headers: bool) -> Reply {
    let mut reply = body(taken.retry_after, "You are being rate limited.", true);
    if sees_headers {
        reply.headers.push(header("X-RateLimit-Global", "true"));
        reply.headers.push(header("X-RateLimit-Scope", "global"));
    }
    reply
}

/// A route's 429; without `shown` it is a user's, who sees the wait alone.
pub(super) fn refusal(bucket: Bucket<'_>, shown: Option<Vec<(String, String)>>) -> Reply {
    // Real: a user's route 429 speaks of the resource (Wildric-Auric/MidJourney-Wrapper#82).
    let of_resource = shown.is_none() || bucket.rule.kind == Kind::Shared;
    let message =
        if of_resource { "The resource is being rate limited." } else { "You are being rate limited." };
    let mut reply = body(bucket.taken.retry_after, message, false);
    if let Some(shown) = shown {
        reply.headers.extend(shown);
        let scope = match scope(bucket.rule.kind) {
            Scope::Shared => "shared",
            Scope::User | Scope::Global => "user",
        };
        reply.headers.push(header("X-RateLimit-Scope", scope));
    }
    reply
}

fn body(retry_after: Duration, message: &str, global: bool) -> Reply {
    let ms = u32::try_from(retry_after.as_micros().div_ceil(1_000)).unwrap_or(u32::MAX);
    let wait = f64::from(ms) / 1_000.0;
    let mut reply = Reply::json(429, &json!({ "message": message, "retry_after": wait, "global": global }));
    reply.headers.push(header("Retry-After", ms.div_ceil(1_000).max(1).to_string()));
    reply
}

/// Seconds with three decimals, rounded up, so that whoever waits so long is not early.
fn seconds(span: Duration) -> String {
    let ms = span.as_micros().div_ceil(1_000);
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}
