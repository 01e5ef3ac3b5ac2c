//! What guard and breakers refuse, as the proxy's clients see it. Statuses and shapes only.

use journeyman_proxy::Clock;

use crate::harness::{BOT, MESSAGES, Scripted, Served, answer};

const FORBIDDEN: &str = r#"{"message":"Missing Permissions","code":50013}"#;
const DEAD: &str = r#"{"message":"Unknown Webhook","code":10015}"#;
const ERROR: &str = "Via: 1.1 google\r\nContent-Type: application/json\r\n";

async fn served(upstream: &Scripted) -> Served {
    Served::on_clock(&upstream.origin, Clock::real(), |_| {}).await
}

#[tokio::test]
async fn a_token_that_discord_has_refused_is_answered_with_a_401_and_not_sent_again() {
    let upstream = Scripted::start(|seen| {
        let body = r#"{"message":"401: Unauthorized","code":0}"#;
        Some(if seen.head.contains("token-of-one") {
            answer(401, ERROR, body)
        } else {
            answer(200, "", "{}")
        })
    })
    .await;
    let served = served(&upstream).await;
    let theirs = served.ask("GET", MESSAGES, BOT, "").await;
    assert_eq!((theirs.status, theirs.is_proxys_own()), (401, false));
    assert_eq!(theirs.json()["message"], "401: Unauthorized");
    let ours = served.ask("POST", "/api/v10/channels/1001234567890123457/messages", BOT, "{}").await;
    assert_eq!((ours.status, ours.is_proxys_own()), (401, true));
    assert_eq!((&ours.json()["message"], &ours.json()["code"]), (&"401: Unauthorized".into(), &0.into()));
    let other = served.ask("GET", MESSAGES, "Authorization: Bot another.one\r\n", "").await;
    assert_eq!((other.status, upstream.seen().len()), (200, 2));
}

#[tokio::test]
async fn a_403_is_answered_from_memory_with_its_code() {
    let upstream = Scripted::start(|_| Some(answer(403, ERROR, FORBIDDEN))).await;
    let served = served(&upstream).await;
    assert_eq!(served.ask("GET", MESSAGES, BOT, "").await.text(), FORBIDDEN);
    let ours = served.ask("GET", MESSAGES, BOT, "").await;
    assert_eq!((ours.status, ours.is_proxys_own()), (403, true));
    assert_eq!(ours.json()["code"], 50_013);
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_dead_webhook_is_answered_with_a_404_and_not_asked_again() {
    let upstream = Scripted::start(|_| Some(answer(404, ERROR, DEAD))).await;
    let served = served(&upstream).await;
    let path = format!("/api/v10/webhooks/1001234567890123456/{}", "t".repeat(68));
    assert!(!served.ask("POST", &path, "", "{}").await.is_proxys_own());
    let ours = served.ask("POST", &path, "", "{}").await;
    assert_eq!((ours.status, ours.is_proxys_own()), (404, true));
    assert_eq!(ours.json()["code"], 10_015);
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn while_the_upstream_keeps_failing_it_is_answered_with_a_503_and_a_time_to_come_back() {
    let upstream = Scripted::start(|_| Some(answer(502, "Content-Type: text/html\r\n", "<html>"))).await;
    let served =
        Served::start(&upstream.origin, |config| config.hold = std::time::Duration::from_secs(1)).await;
    for channel in 0..3 {
        let path = format!("/api/v10/channels/100123456789012345{channel}/messages");
        assert!(!served.ask("GET", &path, BOT, "").await.is_proxys_own());
    }
    let ours = served.ask("GET", MESSAGES, BOT, "").await;
    assert_eq!((ours.status, ours.is_proxys_own()), (503, true));
    let wait: u64 = ours.header("retry-after").expect("a header").parse().expect("whole seconds");
    assert!((4..=7).contains(&wait), "{wait}");
    assert_eq!(upstream.seen().len(), 3);
    assert_eq!(served.metric("journeyman_limiter_refused_total{reason=\"breaker\"}").await, 1);
}

#[tokio::test]
async fn at_the_guards_hard_stop_it_is_answered_with_a_429_of_global_scope() {
    let upstream = Scripted::start(|_| Some(answer(403, ERROR, "{}"))).await;
    let served = Served::start(&upstream.origin, |config| config.limits.guard.hard = 1).await;
    assert_eq!(served.ask("GET", MESSAGES, BOT, "").await.status, 403);
    let ours = served.ask("GET", "/api/v10/users/@me", BOT, "").await;
    assert_eq!((ours.status, ours.is_proxys_own()), (429, true));
    assert_eq!(ours.header("x-ratelimit-scope"), Some("global"));
    assert_eq!(ours.header("via"), Some("1.1 journeyman-proxy"));
    assert_eq!(upstream.seen().len(), 1);
}
