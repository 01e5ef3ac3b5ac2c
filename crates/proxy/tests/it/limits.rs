//! Limits kept for the clients: nothing avoidable reaches the upstream. Counts and outcomes only.

use std::time::Duration;

use journeyman_proxy::Clock;
use journeyman_sim::{Pictures, Running, ScaledClock, Settings, serve};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::harness::{BOT, MESSAGES, Scripted, Served, answer, one_left, read_head, used_up};

/// 300 requests against 5 per 5 s in each of 10 channels take 25 s; so they take half a second.
const SCALE: f64 = 50.0;

async fn world(clock: Clock) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let settings = Settings { permissive: true, pictures: Pictures::Tiny, ..Settings::default() };
    let clock = ScaledClock { origin: clock.origin(), scale: clock.scale() };
    serve(listener, settings, clock).await.expect("a world")
}

/// Sends 5 messages one after another to a channel, and gives the statuses.
async fn five_messages(served: std::sync::Arc<Served>, channel: u64, token: String) -> Vec<u16> {
    let mut wire = served.wire().await;
    let mut statuses = Vec::new();
    for number in 0..5 {
        let path = format!("/api/v10/channels/{channel}/messages");
        let headers = format!("Authorization: {token}\r\nContent-Type: application/json\r\n");
        let body = format!("{{\"content\":\"{number}\"}}");
        let answer = wire.ask("POST", &path, &headers, &body).await.expect("an answer");
        statuses.push(answer.status);
    }
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn none_of_300_requests_over_10_channels_is_rate_limited_at_the_upstream() {
    let clock = Clock::scaled(SCALE);
    let world = world(clock).await;
    let change = |config: &mut journeyman_proxy::Config| config.hold = Duration::from_mins(10);
    let served = std::sync::Arc::new(Served::on_clock(&world.ready.rest, clock, change).await);
    let mut clients = JoinSet::new();
    for client in 0..60 {
        let channel = 1_001_234_567_890_123_400 + client % 10;
        clients.spawn(five_messages(
            std::sync::Arc::clone(&served),
            channel,
            "Bot some.test.token".to_owned(),
        ));
    }
    let statuses: Vec<u16> = clients.join_all().await.into_iter().flatten().collect();
    assert_eq!(statuses, vec![200; 300]);
    let report = world.report();
    assert_eq!(report.count("POST", "/channels/{channel.id}/messages"), 300);
    assert_eq!(report.rate_limited.total(), 0, "{:?}", report.rate_limited);
    assert_eq!(served.metric("journeyman_rate_limited_unexpected_total").await, 0);
    assert_eq!(
        served.metric("journeyman_requests_total{source=\"upstream\",status_class=\"2xx\"}").await,
        300
    );
    assert!(
        served.metric("journeyman_limiter_wait_seconds_count{reason=\"bucket\"}").await > 0,
        "nothing had to wait"
    );
    world.shutdown().await;
}

#[tokio::test]
async fn what_cannot_go_within_the_hold_is_answered_with_a_429_in_discords_shape() {
    let upstream = Scripted::start(|_| Some(answer(200, &used_up(300), "{}"))).await;
    let served = Served::start(&upstream.origin, |_| {}).await;
    assert_eq!(served.ask("GET", MESSAGES, BOT, "").await.status, 200);

    let refused = served.ask("GET", MESSAGES, BOT, "").await;
    assert_eq!(refused.status, 429);
    assert!(refused.is_proxys_own());
    assert_eq!(refused.header("via"), Some("1.1 journeyman-proxy"));
    assert_eq!(refused.header("x-ratelimit-scope"), Some("user"));
    assert_eq!(refused.header("x-ratelimit-global"), None);
    assert_eq!(refused.header("content-type"), Some("application/json"));
    let body = refused.json();
    assert_eq!(body["global"], false);
    assert!(body["message"].as_str().expect("a message").starts_with("You are being rate limited."));
    let decimal = body["retry_after"].as_f64().expect("seconds");
    assert!(decimal > 8.0 && decimal <= 301.0, "{decimal}");
    let whole: u32 = refused.header("retry-after").expect("a header").parse().expect("whole seconds");
    assert!(f64::from(whole) >= decimal, "{whole} is shorter than {decimal}");

    assert_eq!(upstream.seen().len(), 1, "the refused request was sent");
    assert_eq!(served.metric("journeyman_limiter_refused_total{reason=\"bucket\"}").await, 1);
}

#[tokio::test]
async fn a_global_429_holds_every_route_of_its_token_and_of_no_other() {
    let upstream = Scripted::start(|seen| {
        let headers = "Via: 1.1 google\r\nRetry-After: 300\r\nX-RateLimit-Global: true\r\nX-RateLimit-Scope: global\r\n";
        let body = r#"{"message":"You are being rate limited.","retry_after":300.0,"global":true}"#;
        Some(if seen.head.contains("token-of-one") { answer(429, headers, body) } else { answer(200, "", "{}") })
    })
    .await;
    let served = Served::start(&upstream.origin, |_| {}).await;
    let theirs = served.ask("GET", MESSAGES, BOT, "").await;
    assert_eq!((theirs.status, theirs.is_proxys_own()), (429, false));
    assert_eq!(theirs.json()["retry_after"], 300.0);

    let ours = served.ask("GET", "/api/v10/users/@me", BOT, "").await;
    assert_eq!((ours.status, ours.is_proxys_own()), (429, true));
    assert_eq!(ours.header("x-ratelimit-scope"), Some("global"));
    assert_eq!(ours.json()["global"], true);

    let other = served.ask("GET", MESSAGES, "Authorization: Bot token-of-two\r\n", "").await;
    assert_eq!(other.status, 200);
    assert_eq!(served.metric("journeyman_rate_limited_total{scope=\"global\"}").await, 1);
    assert_eq!(served.metric("journeyman_rate_limited_unexpected_total").await, 1);
}

#[tokio::test]
async fn a_deadline_shortens_the_wait_and_is_not_sent_on() {
    let upstream = Scripted::start(|_| Some(answer(200, &used_up(60), "{}"))).await;
    let served = Served::start(&upstream.origin, |config| config.hold = Duration::from_mins(10)).await;
    let deadline = format!("{BOT}X-Journeyman-Deadline: 5\r\nX-Journeyman-Tenant: a\r\n");
    assert_eq!(served.ask("GET", MESSAGES, &deadline, "").await.status, 200);
    assert!(!upstream.seen()[0].head.to_lowercase().contains("x-journeyman"), "{}", upstream.seen()[0].head);
    let refused = served.ask("GET", MESSAGES, &deadline, "").await;
    assert_eq!((refused.status, refused.is_proxys_own()), (429, true));

    let wrong = served.ask("GET", MESSAGES, &format!("{BOT}X-Journeyman-Deadline: soon\r\n"), "").await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.json()["message"].as_str().expect("a message").contains("\"soon\""));
}

/// The time ran from the head's arrival, so that there was none left when the body had come.
#[tokio::test]
async fn who_allows_no_wait_goes_if_there_is_room_and_only_then() {
    let upstream = Scripted::start(|_| Some(answer(200, &used_up(60), "{}"))).await;
    let served = Served::start(&upstream.origin, |_| {}).await;
    let now = format!("{BOT}X-Journeyman-Deadline: 0\r\n");
    assert_eq!(served.ask("POST", MESSAGES, &now, "{}").await.status, 200);
    assert_eq!(served.ask("POST", MESSAGES, &now, "{}").await.status, 429);
    assert_eq!(upstream.seen().len(), 1);
}

/// Which of them the upstream reads nobody here knows.
#[tokio::test]
async fn a_request_with_two_tokens_is_not_sent() {
    let upstream = Scripted::start(|_| Some(answer(200, "", "{}"))).await;
    let served = Served::start(&upstream.origin, |_| {}).await;
    let two = format!("{BOT}Authorization: Bot token-of-two\r\n");
    let refused = served.ask("GET", MESSAGES, &two, "").await;
    assert_eq!((refused.status, refused.is_proxys_own()), (400, true));
    assert_eq!(upstream.seen().len(), 0);
}

#[tokio::test]
async fn a_priority_and_a_tenant_are_used_and_not_sent_on() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let served = Served::start(&origin, |_| {}).await;
    // Until its limit is known, a route's requests go one at a time: so these three wait for the first.
    let mut wires = Vec::new();
    for (number, headers) in [
        "",
        "X-Journeyman-Priority: bulk\r\n",
        "X-Journeyman-Tenant: a\r\n",
        "X-Journeyman-Priority: Critical\r\n",
    ]
    .into_iter()
    .enumerate()
    {
        let mut wire = served.wire().await;
        let path = format!("{MESSAGES}?limit={}", number + 1);
        wire.send("GET", &path, &format!("{BOT}{headers}"), "").await.expect("sent");
        if number > 0 {
            served.until("journeyman_limiter_queue_depth", number as u64).await;
        } else {
            served.until("journeyman_limiter_in_flight", 1).await;
        }
        wires.push(wire);
    }
    let (mut upstream, _) = listener.accept().await.expect("the first comes");
    let mut rest = Vec::new();
    let mut order = Vec::new();
    for _ in 0..4 {
        let head = read_head(&mut upstream, &mut rest).await.expect("a head");
        assert!(!head.to_lowercase().contains("x-journeyman"), "{head}");
        order.push(head.split("limit=").nth(1).and_then(|text| text.chars().next()).expect("a number"));
        // Plenty is left, but only one at a time may go: the rest of the bucket is in use elsewhere.
        upstream.write_all(answer(200, &one_left(), "").as_bytes()).await.expect("answered");
    }
    assert_eq!(order, ['1', '4', '3', '2']);
}

#[tokio::test]
async fn a_priority_that_is_none_is_a_400_that_names_the_header_and_its_values() {
    let served = Served::start("http://127.0.0.1:1", |_| {}).await;
    let headers = format!("{BOT}X-Journeyman-Priority: urgent\r\n");
    let wrong = served.ask("GET", MESSAGES, &headers, "").await;
    assert_eq!((wrong.status, wrong.is_proxys_own()), (400, true));
    let told = wrong.json()["message"].as_str().expect("a message").to_owned();
    for word in ["X-Journeyman-Priority", "\"urgent\"", "critical", "interactive", "normal", "bulk"] {
        assert!(told.contains(word), "{told}");
    }
}

#[tokio::test]
async fn a_hidden_limit_on_some_fields_of_a_body_holds_only_bodies_with_those_fields() {
    let upstream = Scripted::start(|seen| {
        let bucket = "Via: 1.1 google\r\nX-RateLimit-Limit: 5\r\nX-RateLimit-Remaining: 4\r\nX-RateLimit-Reset: \
                      1700000000.0\r\nX-RateLimit-Reset-After: 0.1\r\nX-RateLimit-Bucket: abcd\r\n";
        Some(if seen.body.contains("name") {
            let headers = format!("{bucket}X-RateLimit-Scope: user\r\nRetry-After: 500\r\n");
            answer(429, &headers, r#"{"message":"x","retry_after":500.0,"global":false}"#)
        } else {
            answer(200, bucket, "{}")
        })
    })
    .await;
    let served = Served::start(&upstream.origin, |_| {}).await;
    let json = format!("{BOT}Content-Type: application/json\r\n");
    let path = "/api/v10/channels/1001234567890123456";
    let theirs = served.ask("PATCH", path, &json, "{\"name\":\"a\"}").await;
    assert_eq!((theirs.status, theirs.is_proxys_own()), (429, false));
    let ours = served.ask("PATCH", path, &json, "{\"name\":\"b\"}").await;
    assert_eq!((ours.status, ours.is_proxys_own()), (429, true));
    assert_eq!(served.ask("PATCH", path, &json, "{\"nsfw\":true}").await.status, 200);
    assert_eq!(upstream.seen().len(), 2);
}

/// A second client waits for a bucket, and hangs up.
async fn hang_up(request: &str) {
    let upstream = Scripted::start(|_| Some(answer(200, &used_up(300), "{}"))).await;
    let served = Served::start(&upstream.origin, |config| config.hold = Duration::from_mins(10)).await;
    assert_eq!(served.ask("POST", MESSAGES, BOT, "{}").await.status, 200);
    let mut waiting = served.wire().await;
    waiting.stream.write_all(request.as_bytes()).await.expect("sent");
    served.until("journeyman_limiter_queue_depth", 1).await;
    drop(waiting);
    served.until("journeyman_limiter_queue_depth", 0).await;
    assert_eq!(served.metric("journeyman_hung_up_total").await, 1);
    assert_eq!(served.metric("journeyman_limiter_in_flight").await, 0);
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_the_line() {
    hang_up(&format!("POST {MESSAGES} HTTP/1.1\r\nHost: x\r\n{BOT}Content-Length: 0\r\n\r\n")).await;
}

#[tokio::test]
async fn a_client_that_hangs_up_after_sending_a_body_leaves_the_line() {
    // In parts: while one of them is unread, the server does not see the end of the connection.
    let body = "3\r\nabc\r\n4\r\ndefg\r\n5\r\nhijkl\r\n0\r\n\r\n";
    let head = format!("POST {MESSAGES} HTTP/1.1\r\nHost: x\r\n{BOT}Transfer-Encoding: chunked\r\n\r\n");
    hang_up(&format!("{head}{body}")).await;
}
