//! What becomes of headers on their way through. It knows nothing of limits.

use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, EXPECT, HOST, HeaderName, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use journeyman_limiter::{Credential, Priority, Tenant};

/// How many seconds a request may wait for its limits.
const DEADLINE: &str = "x-journeyman-deadline";
/// How urgent the request is: one of `Priority`'s words.
const PRIORITY: &str = "x-journeyman-priority";
/// Who of those that share the credential asks.
const TENANT: &str = "x-journeyman-tenant";
/// Headers with this prefix are meant for the proxy, and go no further.
const OURS: &str = "x-journeyman-";

/// Headers that concern one connection only (RFC 9110, 7.6.1).
const ONE_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Whose limits the request uses.
pub(crate) fn credential(headers: &HeaderMap) -> Credential {
    match headers.get(AUTHORIZATION) {
        Some(value) => Credential::of_token(&String::from_utf8_lossy(value.as_bytes())),
        None => Credential::ANONYMOUS,
    }
}

/// Whether it cannot be told whose limits the request uses: the upstream may read another one than we do.
pub(crate) fn names_two_credentials(headers: &HeaderMap) -> bool {
    headers.get_all(AUTHORIZATION).iter().count() > 1
}

/// How long the client lets the request wait, if it says so; an error is what it said instead.
pub(crate) fn allowed_wait(headers: &HeaderMap) -> Result<Option<Duration>, String> {
    let Some(value) = headers.get(DEADLINE) else { return Ok(None) };
    let text = String::from_utf8_lossy(value.as_bytes());
    let seconds = text.trim().parse::<f64>().ok();
    let span = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    span.map(Some).ok_or_else(|| text.chars().take(32).collect())
}

/// How urgent the client says that it is; an error is what it said instead.
pub(crate) fn priority(headers: &HeaderMap) -> Result<Priority, String> {
    let Some(value) = headers.get(PRIORITY) else { return Ok(Priority::default()) };
    let text = String::from_utf8_lossy(value.as_bytes());
    text.trim().parse().map_err(|_| text.chars().take(32).collect())
}

/// Who the client says that it is.
pub(crate) fn tenant(headers: &HeaderMap) -> Tenant {
    let text = headers.get(TENANT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    text.filter(|text| !text.trim().is_empty()).map_or(Tenant::NONE, |text| Tenant::named(text.trim()))
}

/// Whether the body is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

/// Leaves what goes on to the upstream.
pub(crate) fn towards_upstream(headers: &mut HeaderMap) {
    one_hop(headers);
    // The upstream's own name is put in its place; and the proxy has said "continue" itself.
    headers.remove(HOST);
    headers.remove(EXPECT);
    let ours: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with(OURS)).cloned().collect();
    for name in ours {
        headers.remove(name);
    }
}

/// Leaves what goes back to the client.
///
/// No `Via` is added: without one, an answer of Discord's edge would look like one of Discord's.
pub(crate) fn towards_client(headers: &mut HeaderMap) {
    one_hop(headers);
}

/// What the limiter reads.
pub(crate) fn texts(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
}

fn one_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in ONE_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn what_concerns_one_connection_or_the_proxy_goes_no_further() {
        let mut headers = map(&[
            ("authorization", "Bot x"),
            ("x-audit-log-reason", "spam"),
            ("host", "127.0.0.1"),
            ("connection", "keep-alive, X-Secret-Hop"),
            ("x-secret-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("expect", "100-continue"),
            ("x-journeyman-deadline", "2"),
            ("x-journeyman-tenant", "a"),
        ]);
        towards_upstream(&mut headers);
        assert_eq!(headers, map(&[("authorization", "Bot x"), ("x-audit-log-reason", "spam")]));
    }

    #[test]
    fn a_deadline_is_seconds_and_nonsense_is_an_error() {
        let check = |text, expect: Result<Option<u64>, &str>| {
            let wait = allowed_wait(&map(&[("x-journeyman-deadline", text)]));
            let expect = expect.map(|some| some.map(Duration::from_millis)).map_err(str::to_owned);
            assert_eq!(wait, expect, "{text:?}");
        };
        check("2", Ok(Some(2_000)));
        check(" 0.25", Ok(Some(250)));
        check("0", Ok(Some(0)));
        check("-1", Err("-1"));
        check("soon", Err("soon"));
        check("NaN", Err("NaN"));
        check("1e300", Err("1e300"));
        assert_eq!(allowed_wait(&HeaderMap::new()), Ok(None));
    }

    #[test]
    fn a_body_is_json_if_its_content_type_says_so() {
        for (kind, expect) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("multipart/form-data; boundary=application/json", false),
            ("", false),
        ] {
            assert_eq!(is_json(&map(&[("content-type", kind)])), expect, "{kind:?}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn two_tokens_are_two_credentials_and_none_is_the_address() {
        let credential = |value| credential(&map(&[("authorization", value)]));
        assert_ne!(credential("Bot a"), credential("Bot b"));
        assert_ne!(credential("Bot a"), credential("Bearer a"));
        assert_eq!(super::credential(&HeaderMap::new()), Credential::ANONYMOUS);
    }
}
