//! HTTP answers and error bodies by status, and error bodies alone.

use std::time::Duration;

use journeyman_midjourney::{Explanation, Failure, Meaning, classify_any, classify_http, classify_text};
use serde_json::{Value, json};

use crate::fixture;

fn error(status: u16, body: &Value) -> Option<&'static str> {
    Explanation::of(&classify_http(status, None, body.to_string().as_bytes())).error
}

fn failure(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Failure {
    let sighting = classify_http(status, retry_after, body);
    let Meaning::Failed(failure) = sighting.meaning else { panic!("{sighting:?}") };
    failure
}

#[test]
fn a_204_is_a_receipt_and_other_successes_say_nothing_of_a_job() {
    assert_eq!(classify_http(204, None, b"").meaning, Meaning::Accepted);
    assert_eq!(classify_http(200, None, b"[]").meaning, Meaning::NotASighting);
}

#[test]
fn every_status_has_its_error() {
    let body = json!({"message": "words", "code": 0});
    for (status, expected) in [
        (400, "InvalidRequest"),
        (401, "Unauthorized"),
        (403, "Unauthorized"),
        (404, "InvalidRequest"),
        (405, "InvalidRequest"),
        (408, "UpstreamFailed"),
        (413, "InvalidRequest"),
        (429, "RateLimited"),
        (500, "UpstreamFailed"),
        (502, "UpstreamFailed"),
        (504, "UpstreamFailed"),
        (301, "UpstreamFailed"),
    ] {
        assert_eq!(error(status, &body), Some(expected), "{status}");
    }
    assert_eq!(
        error(400, &fixture::named("http400_invalid_command_version_en.json")),
        Some("CommandOutdated")
    );
}

#[test]
fn an_error_body_alone_tells_its_status() {
    for (body, expected) in [
        (json!({"message": "401: Unauthorized", "code": 0}), "Unauthorized"),
        (json!({"message": "404: Not Found", "code": 0}), "InvalidRequest"),
        (json!({"message": "500: Internal Server Error", "code": 0}), "UpstreamFailed"),
        (json!({"message": "Missing Access", "code": 50_001}), "Unauthorized"),
        (json!({"message": "Missing Permissions", "code": 50_013}), "Unauthorized"),
        (json!({"message": "Unknown Message", "code": 10_008}), "InvalidRequest"),
        (json!({"message": "Invalid Form Body", "code": 50_035}), "InvalidRequest"),
        (
            json!({"message": "You are being rate limited.", "retry_after": 0.3, "global": true}),
            "RateLimited",
        ),
    ] {
        assert_eq!(Explanation::of(&classify_any(&body)[0]).error, Some(expected), "{body}");
    }
}

const BAN: &str = "You are being blocked from accessing our API temporarily due to exceeding our rate limits frequently. \
    Please read our docs at https://discord.com/developers/docs/topics/rate-limits to prevent this moving forward.";

#[test]
fn a_ban_at_the_edge_is_a_rate_limit_without_a_wait() {
    let shown = Explanation::of(&classify_any(&json!({"code": 0, "message": BAN}))[0]);
    assert_eq!((shown.kind, shown.error, shown.retry_after), ("rate_limited", Some("RateLimited"), None));
    assert!(shown.meaning.contains("named no wait"), "{}", shown.meaning);
    assert_eq!(shown.notice.and_then(|notice| notice.text).as_deref(), Some(BAN));
}

#[test]
fn an_answer_of_the_edge_is_known_without_json() {
    let explained = |body: &str| classify_text(body.as_bytes()).map(|sighting| Explanation::of(&sighting));
    for body in [
        "error code: 1015",
        "Error code: 1015\n",
        "<!DOCTYPE html><html><head><title>Access denied | discord.com used Cloudflare</title></head></html>",
        "\n<html>error code: 1015</html>",
    ] {
        let shown = explained(body).unwrap_or_else(|| panic!("{body}"));
        assert_eq!((shown.kind, shown.error), ("rate_limited", Some("RateLimited")), "{body}");
        assert!(shown.notice.and_then(|notice| notice.text).is_some_and(|text| text == body.trim()));
    }
    for body in ["error code: 502", "<html><head><title>discord.com | 502: Bad gateway</title></head></html>"]
    {
        assert_eq!(explained(body).and_then(|shown| shown.error), Some("UpstreamFailed"), "{body}");
    }
    for body in ["", "hello", "error code: 1020", "error code: 15020", "the error code: 1015", "<svg>"] {
        assert_eq!(explained(body), None, "{body}");
    }
}

#[test]
fn the_longer_of_two_waits_is_kept() {
    let body = br#"{"message": "limited", "retry_after": 2.06, "global": false}"#;
    assert_eq!(failure(429, None, body).retry_after, Some(Duration::from_millis(2_060)));
    let header = Some(Duration::from_secs(3));
    assert_eq!(failure(429, header, body).retry_after, header);
    assert_eq!(failure(429, header, b"<html>").retry_after, header);
}

#[test]
fn what_was_said_is_kept_even_when_it_is_no_json() {
    let notice = failure(403, None, b"<html>error code: 1020</html>").notice;
    assert_eq!(notice.text.as_deref(), Some("<html>error code: 1020</html>"));
    let long = failure(403, None, "я".repeat(5_000).as_bytes()).notice;
    assert_eq!(long.text.map(|text| text.chars().count()), Some(200));
    let body = fixture::named("http400_invalid_command_version_en.json").to_string();
    let notice = failure(400, None, body.as_bytes()).notice;
    assert_eq!(notice.code.as_deref(), Some("INTERACTION_APPLICATION_COMMAND_INVALID_VERSION"));
    assert_eq!(notice.text.as_deref(), Some("Invalid Form Body"));
}
