//! What passes through unchanged, what is changed on the way, and what is not passed at all.

use crate::harness::{BOT, MESSAGES, Scripted, Served, answer};

#[tokio::test]
async fn every_method_and_an_unknown_route_pass_with_query_headers_and_body() {
    let upstream = Scripted::start(|_| Some(answer(200, "X-Own: kept\r\n", "yes"))).await;
    let served = Served::start(&upstream.origin, |_| {}).await;
    let mut wire = served.wire().await;
    let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    for (at, method) in methods.into_iter().enumerate() {
        let path = format!("/api/v11/invented/1001234567890123456/things{at}?limit=5&after=%20x");
        let headers = format!("{BOT}X-Audit-Log-Reason: %F0%9F%90%9F\r\nConnection: keep-alive\r\n");
        let answer = wire.ask(method, &path, &headers, "{\"a\":1}").await.expect("an answer");
        assert_eq!((answer.status, answer.header("x-own")), (200, Some("kept")), "{method}");
        assert!(!answer.is_proxys_own());
        let seen = upstream.seen().pop().expect("it was sent");
        assert!(seen.head.starts_with(&format!("{method} {path} HTTP/1.1\r\n")), "{}", seen.head);
        assert_eq!(seen.body, "{\"a\":1}");
        let head = seen.head.to_lowercase();
        assert!(head.contains("authorization: bot token-of-one\r\n"), "{head}");
        assert!(head.contains("x-audit-log-reason: %f0%9f%90%9f\r\n"), "{head}");
        assert!(
            head.contains(&format!("host: {}\r\n", upstream.origin.trim_start_matches("http://"))),
            "{head}"
        );
        assert!(!head.contains("host: proxy"), "{head}");
    }
    assert_eq!(upstream.seen().len(), methods.len());
}

#[tokio::test]
async fn errors_of_the_upstream_are_passed_on_as_they_are() {
    let upstream = Scripted::start(|seen| {
        Some(if seen.head.contains("/edge") {
            answer(429, "Content-Type: text/html\r\nRetry-After: 1\r\n", "error code: 1015")
        } else if seen.head.contains("/shared") {
            let headers = "Via: 1.1 google\r\nRetry-After: 2\r\nX-RateLimit-Scope: shared\r\n";
            answer(429, headers, r#"{"message":"shared","retry_after":1.5,"global":false}"#)
        } else {
            answer(502, "Content-Type: text/html\r\n", "<html>bad gateway</html>")
        })
    })
    .await;
    let served = Served::start(&upstream.origin, |_| {}).await;
    let bad = served.ask("GET", "/api/v10/gateway", BOT, "").await;
    assert_eq!((bad.status, bad.text().as_str()), (502, "<html>bad gateway</html>"));
    assert!(!bad.is_proxys_own());

    let shared = served.ask("GET", "/api/v10/channels/1001234567890123457/shared", BOT, "").await;
    assert_eq!((shared.status, shared.header("x-ratelimit-scope")), (429, Some("shared")));
    assert_eq!(shared.json()["retry_after"], 1.5);

    let edge = served.ask("GET", "/api/v10/edge", BOT, "").await;
    assert_eq!((edge.status, edge.text().as_str()), (429, "error code: 1015"));
    // A client that knows a ban at the edge by the missing `Via` must still miss it.
    assert_eq!(edge.header("via"), None);
    assert_eq!(served.metric("journeyman_rate_limited_total{scope=\"shared\"}").await, 1);
    assert_eq!(served.metric("journeyman_rate_limited_total{scope=\"edge\"}").await, 1);
    assert_eq!(served.metric("journeyman_rate_limited_unexpected_total").await, 0);
}

#[tokio::test]
async fn it_is_no_open_proxy() {
    let upstream = Scripted::start(|_| Some(answer(200, "", "{}"))).await;
    let served = Served::start(&upstream.origin, |_| {}).await;
    for (method, target, status) in [
        ("GET", "http://example.com/api/v10/users/@me", 421),
        ("CONNECT", "example.com:443", 404),
        ("TRACE", "/api/v10/users/@me", 405),
        ("BREW", "/api/v10/users/@me", 405),
        ("GET", "/", 404),
        ("GET", "/apiary", 404),
    ] {
        let answer = served.ask(method, target, BOT, "").await;
        assert_eq!((answer.status, answer.is_proxys_own()), (status, true), "{method} {target}");
    }
    assert_eq!(upstream.seen().len(), 0);
    // The same in absolute form is the same request.
    let own = format!("{}/api/v10/users/@me", upstream.origin);
    assert_eq!(served.ask("GET", &own, BOT, "").await.status, 200);
}

#[tokio::test]
async fn a_path_that_climbs_stays_one_request_for_the_same_host() {
    let upstream = Scripted::start(|_| Some(answer(404, "", "{}"))).await;
    let served = Served::start(&upstream.origin, |_| {}).await;
    assert_eq!(served.ask("GET", "/api/../../etc//x", BOT, "").await.status, 404);
    assert!(upstream.seen()[0].head.starts_with("GET /api/../../etc//x HTTP/1.1"));
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_and_sent_nowhere() {
    let upstream = Scripted::start(|_| Some(answer(200, "", "{}"))).await;
    let served = Served::start(&upstream.origin, |_| {}).await;
    let long = format!("X-Long: {}\r\n", "x".repeat(100_000));
    let mut wire = served.wire().await;
    // The proxy may close before all of it was written.
    let _ = wire.send("GET", MESSAGES, &long, "").await;
    if let Ok((status, _)) = wire.read_head().await {
        assert_eq!(status, 431);
    }
    assert_eq!(upstream.seen().len(), 0);
    assert_eq!(served.ask("GET", MESSAGES, BOT, "").await.status, 200);
}
