//! What each kind of 429 means, as a table. It blocks nothing.

use std::time::Duration;

use journeyman_limiter::{Answer, Verdict};

const SCOPE_USER: (&str, &str) = ("x-ratelimit-scope", "user");
const VIA: (&str, &str) = ("via", "1.1 google");

fn check(what: &str, headers: &[(&str, &str)], body: &str, expect: Verdict) {
    let answer = Answer::read(429, headers.iter().copied(), body.as_bytes());
    assert_eq!(Verdict::of(&answer), Some(expect), "{what}");
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn only_a_429_has_a_verdict() {
    for status in [200, 204, 400, 401, 403, 404, 500, 503] {
        assert_eq!(Verdict::of(&Answer::read(status, [("retry-after", "5")], b"")), None);
    }
}

#[test]
fn the_bucket_of_the_route() {
    let used = [VIA, SCOPE_USER, ("x-ratelimit-limit", "5"), ("x-ratelimit-remaining", "0")];
    let with = |more: &[(&'static str, &'static str)]| [&used[..], more].concat();
    let body = r#"{"message": "You are being rate limited.", "retry_after": 0.42, "global": false}"#;
    let headers = with(&[("x-ratelimit-reset-after", "0.420"), ("retry-after", "1")]);
    check("header rounded up", &headers, body, Verdict::User { wait: ms(1_000) });
    let headers = with(&[("x-ratelimit-reset-after", "2.5")]);
    check("Reset-After is longer", &headers, body, Verdict::User { wait: ms(2_500) });
    check("body only", &[VIA, SCOPE_USER], body, Verdict::User { wait: ms(420) });
    check("body only, no scope", &[VIA], body, Verdict::User { wait: ms(420) });
    check("no wait anywhere", &[VIA, SCOPE_USER], "", Verdict::User { wait: ms(1_000) });
    let headers = with(&[("x-ratelimit-reset-after", "5"), ("retry-after", "0")]);
    check("zero", &headers, r#"{"retry_after": 0}"#, Verdict::User { wait: ms(5_000) });
}

#[test]
fn all_routes_of_the_credential() {
    let body = r#"{"message": "You are being rate limited.", "retry_after": 64.57, "global": true}"#;
    let headers = [("retry-after", "65"), ("x-ratelimit-global", "true"), ("x-ratelimit-scope", "global")];
    check("the docs' example, without bucket", &headers, body, Verdict::Global { wait: ms(65_000) });
    check("by body alone", &[VIA], body, Verdict::Global { wait: ms(64_570) });
    check(
        "by header alone",
        &[("x-ratelimit-global", "true"), ("retry-after", "3")],
        "",
        Verdict::Global { wait: ms(3_000) },
    );
    check("by scope alone", &[("x-ratelimit-scope", "global")], "", Verdict::Global { wait: ms(1_000) });
}

#[test]
fn a_resource_used_up_by_others() {
    let headers = [
        VIA,
        ("x-ratelimit-limit", "10"),
        ("x-ratelimit-remaining", "9"),
        ("x-ratelimit-reset-after", "64.57"),
        ("x-ratelimit-scope", "shared"),
        ("retry-after", "1337"),
    ];
    let body =
        r#"{"message": "The resource is being rate limited.", "retry_after": 1336.57, "global": false}"#;
    check("the docs' example", &headers, body, Verdict::Shared { wait: ms(1_337_000) });
    let long = [("x-ratelimit-scope", "shared"), ("retry-after", "82721")];
    check("23 hours, discord-api-docs#8570", &long, "", Verdict::Shared { wait: ms(82_721_000) });
}

#[test]
fn a_limit_that_no_header_shows() {
    let body = r#"{"message": "You are being rate limited.", "retry_after": 540.5, "code": 20028}"#;
    let room = [VIA, SCOPE_USER, ("x-ratelimit-remaining", "3"), ("x-ratelimit-reset-after", "1")];
    check("the bucket has room", &room, body, Verdict::SubLimit { wait: ms(540_500) });
    let none = [VIA, SCOPE_USER, ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset-after", "1")];
    check("far beyond the bucket's reset", &none, body, Verdict::SubLimit { wait: ms(540_500) });
    let near = r#"{"retry_after": 1.0}"#;
    let rounded = [
        VIA,
        SCOPE_USER,
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset-after", "0.2"),
        ("retry-after", "1"),
    ];
    check("only the header's rounding", &rounded, near, Verdict::User { wait: ms(1_000) });
}

#[test]
fn the_edge_with_and_without_a_wait() {
    let json = r#"{"message": "You are being rate limited.", "retry_after": 3.5, "global": false}"#;
    check("a page", &[], "error code: 1015", Verdict::EdgeBan { wait: None });
    check(
        "a page with a wait",
        &[("retry-after", "3600")],
        "<html>",
        Verdict::EdgeBan { wait: Some(ms(3_600_000)) },
    );
    check("JSON that did not come through Discord", &[], json, Verdict::EdgeBan { wait: Some(ms(3_500)) });
    check("through Discord, but nothing said", &[VIA], "{}", Verdict::EdgeBan { wait: None });
    let message = "You are being blocked from accessing our API temporarily due to exceeding our rate limits frequently.";
    let ban = format!(r#"{{"code": 0, "message": "{message}"}}"#);
    check("the static page, discord-api-docs#5810", &[], &ban, Verdict::EdgeBanStatic);
    check("the static page with Via", &[VIA], &ban, Verdict::EdgeBanStatic);
}

#[test]
fn a_body_in_milliseconds_is_seen_by_its_header() {
    let headers = [VIA, SCOPE_USER, ("retry-after", "2")];
    check("old", &headers, r#"{"retry_after": 2000}"#, Verdict::User { wait: ms(2_000) });
    check("new", &headers, r#"{"retry_after": 1.2}"#, Verdict::User { wait: ms(2_000) });
}
