//! Answers that the proxy makes itself, in Discord's shape. What the upstream said is passed on elsewhere.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, VIA};
use hyper::{Response, StatusCode};
use journeyman_limiter::{Reason, Refused};
use serde_json::{Value, json};

/// The body of an answer: ours, or the upstream's as it arrives.
pub(crate) type Body = Either<Full<Bytes>, Incoming>;

/// Tells an answer of the proxy from one of Discord's.
const SENT_BY_PROXY: HeaderName = HeaderName::from_static("x-sent-by-proxy");
const SCOPE: HeaderName = HeaderName::from_static("x-ratelimit-scope");
const GLOBAL: HeaderName = HeaderName::from_static("x-ratelimit-global");

/// The limiter does not let the request go: too long a wait, or what was refused before would be refused again.
pub(crate) fn refused(refused: &Refused) -> Response<Body> {
    let reason = refused.reason();
    if reason == Reason::TokenRefused {
        return plain(StatusCode::UNAUTHORIZED, "401: Unauthorized");
    }
    if reason == Reason::Forbidden {
        let message = "Forbidden: Discord refused this a moment ago (journeyman-proxy: forbidden)";
        let code = refused.refusal.code.unwrap_or(0);
        return error(StatusCode::FORBIDDEN, &json!({ "message": message, "code": code }));
    }
    if reason == Reason::UnknownWebhook {
        return error(StatusCode::NOT_FOUND, &json!({ "message": "Unknown Webhook", "code": 10015 }));
    }
    if matches!(reason, Reason::Breaker | Reason::Isolated) {
        return unavailable(refused);
    }
    too_long(refused)
}

/// The upstream keeps failing, or somebody has stopped everything.
fn unavailable(refused: &Refused) -> Response<Body> {
    let mut response = plain(
        StatusCode::SERVICE_UNAVAILABLE,
        &format!("Nothing was sent (journeyman-proxy: {})", refused.reason()),
    );
    // Without an end that is known, a minute is as good as any.
    let wait = Some(refused.wait()).filter(|wait| *wait < Duration::MAX).unwrap_or(Duration::from_mins(1));
    response.headers_mut().insert(RETRY_AFTER, whole_seconds(wait).into());
    response
}

/// The request would have waited longer than it may.
fn too_long(refused: &Refused) -> Response<Body> {
    let scope = scope(refused.reason());
    let wait = refused.wait();
    let body = json!({
        "message": format!("You are being rate limited. (journeyman-proxy: {})", refused.reason()),
        "retry_after": wait.as_secs_f64().max(0.001),
        "global": scope == "global",
    });
    let mut response = error(StatusCode::TOO_MANY_REQUESTS, &body);
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, whole_seconds(wait).into());
    headers.insert(SCOPE, HeaderValue::from_static(scope));
    if scope == "global" {
        headers.insert(GLOBAL, HeaderValue::from_static("true"));
    }
    response
}

/// The upstream could not be asked, or did not answer.
pub(crate) fn no_answer(status: StatusCode, message: &str) -> Response<Body> {
    plain(status, message)
}

/// The request is larger than the proxy takes; code and words as Discord's.
pub(crate) fn too_large() -> Response<Body> {
    error(StatusCode::PAYLOAD_TOO_LARGE, &json!({ "message": "Request entity too large", "code": 40005 }))
}

/// Anything else that is wrong, with Discord's general code.
pub(crate) fn plain(status: StatusCode, message: &str) -> Response<Body> {
    error(status, &json!({ "message": message, "code": 0 }))
}

/// A page of the proxy's own.
pub(crate) fn page(content_type: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(Bytes::from(text))));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn error(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = page("application/json", body.to_string());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // discord.py takes a 429 without `Via` for a ban at the edge.
    headers.insert(VIA, HeaderValue::from_static("1.1 journeyman-proxy"));
    headers.insert(SENT_BY_PROXY, HeaderValue::from_static("true"));
    response
}

/// Whose limit it is, in Discord's words. A ban of the address concerns every request, as a global limit does.
fn scope(reason: Reason) -> &'static str {
    if matches!(reason, Reason::Global | Reason::EdgeBan | Reason::Guard) {
        "global"
    } else if reason == Reason::Shared {
        "shared"
    } else {
        "user"
    }
}

/// The header counts whole seconds; rounded up, so that nobody comes back too early.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_never_rounded_down() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_secs(2)), 2);
        assert_eq!(whole_seconds(Duration::from_micros(2_000_001)), 3);
        assert_eq!(whole_seconds(Duration::MAX), u64::MAX);
    }
}
