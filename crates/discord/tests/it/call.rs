//! Calls: what is sent how often, and what the caller is told. No duration is asserted.

use std::time::Duration;

use journeyman_discord::{CallErrorKind, Config, Rest, wire};
use journeyman_limiter::{Certainty, Config as Limits, Limiter, Reason, RetryPolicy};
use journeyman_model::{ChannelId, UserId};
use journeyman_moment::Clock;
use serde_json::json;

use crate::scripted::{Server, Step, answer, answer_with, nobody};
use crate::{rest, rest_with, token};

const CHANNEL: ChannelId = ChannelId::new(1_001_234_567_890_123_456);

/// A request that must not be executed twice.
fn post() -> wire::Request {
    let body = json!({"type": 2, "nonce": "1234", "data": {"name": "imagine"}});
    let mut request = wire::Request::post("/interactions", body, "send imagine to channel 1");
    request.resource = Some(CHANNEL);
    request
}

fn page() -> wire::Request {
    wire::newest_messages(CHANNEL, 50)
}

#[tokio::test]
async fn a_call_carries_the_token_the_agent_and_the_body() {
    let server = Server::start([Step::Answer(answer(204, ""))]).await;
    let answer = rest(server.api_base()).call(&post()).await.unwrap();
    assert_eq!((answer.status, answer.header("via")), (204, Some("1.1 google")));
    let seen = server.seen().pop().unwrap();
    assert_eq!(seen.line, "POST /api/v9/interactions HTTP/1.1");
    assert!(seen.head.contains("\nauthorization: Bot MTAw"), "{}", seen.head);
    assert!(seen.head.contains("\nuser-agent: journeyman/"), "{}", seen.head);
    assert!(seen.head.contains("(+unofficial)\n"), "{}", seen.head);
    assert!(seen.head.contains("\ncontent-type: application/json\n"), "{}", seen.head);
    assert_eq!(seen.body, post().body.unwrap().to_string());
}

#[tokio::test]
async fn who_the_token_belongs_to_is_read_and_the_servers_date_is_kept() {
    let headers = "Date: Tue, 24 Nov 2026 10:00:00 GMT\r\n";
    let server = Server::start([Step::Answer(answer_with(200, headers, r#"{"id":"42"}"#))]).await;
    let rest = rest(server.api_base());
    assert_eq!(rest.server_date(), None);
    assert_eq!(rest.me().await.unwrap(), UserId::new(42));
    assert_eq!(rest.server_date().unwrap().unix_s, 1_795_514_400);
}

#[tokio::test]
async fn a_post_whose_answer_is_lost_may_have_been_executed_and_is_not_sent_again() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned();
    for step in [Step::Lose, Step::Reset, Step::Break(half)] {
        let server = Server::start([step.clone()]).await;
        let error = rest(server.api_base()).call(&post()).await.unwrap_err();
        assert_eq!(error.kind, CallErrorKind::LostAnswer { is_timeout: false }, "{step:?}");
        assert_eq!((error.certainty, error.attempts), (Certainty::MaybeSent, 1), "{step:?}");
        assert!(!error.is_retryable() && error.hint().unwrap().contains("look in the channel"), "{step:?}");
        assert_eq!(server.lines(), ["POST /api/v9/interactions"], "{step:?}");
    }
}

#[tokio::test]
async fn a_post_whose_answer_does_not_come_in_time_may_have_been_executed() {
    let server = Server::start([Step::Hang]).await;
    let soon = |mut config: Config| {
        config.timeouts.answer = Duration::from_millis(200);
        config
    };
    let error = rest_with(server.api_base(), soon).call(&post()).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::LostAnswer { is_timeout: true });
    assert_eq!((error.certainty, server.lines().len()), (Certainty::MaybeSent, 1));
}

#[tokio::test]
async fn a_get_whose_answer_is_lost_is_sent_again() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned();
    let steps = [Step::Lose, Step::Reset, Step::Break(half), Step::Answer(answer(200, "[]"))];
    let server = Server::start(steps).await;
    let messages = rest(server.api_base()).read(&page(), wire::read::messages).await.unwrap();
    assert_eq!((messages.len(), server.lines().len()), (0, 4));
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent_and_it_is_tried_as_often_as_allowed() {
    for request in [post(), page()] {
        let error = rest(nobody().await).call(&request).await.unwrap_err();
        assert!(matches!(error.kind, CallErrorKind::Unreachable { is_dns: false, .. }), "{error:?}");
        assert_eq!((error.certainty, error.attempts), (Certainty::NotSent, 4));
        let text = error.to_string();
        assert!(text.contains("cannot connect to 127.0.0.1:") && text.contains("4 attempts"), "{text}");
        assert!(error.is_retryable() && error.hint().is_some());
    }
}

#[tokio::test]
async fn a_handshake_that_fails_has_sent_nothing() {
    let server = Server::start([]).await;
    let secure = server.origin().replace("http:", "https:").parse().unwrap();
    let clock = Clock::scaled(50.0);
    let config = Config::new(token()).with_api_base(secure);
    match Rest::new(config, Limiter::new(Limits::default(), clock), clock) {
        Ok(rest) => {
            let error = rest.call(&post()).await.unwrap_err();
            assert!(matches!(error.kind, CallErrorKind::Unreachable { is_dns: false, .. }), "{error:?}");
            assert_eq!((error.certainty, error.attempts), (Certainty::NotSent, 4));
        }
        // A machine without certificates cannot speak TLS at all, and is told so.
        Err(error) => assert!(error.to_string().contains("ca-certificates"), "{error}"),
    }
    assert_eq!(server.lines().len(), 0);
}

#[tokio::test]
async fn the_number_of_tries_can_be_set() {
    let once = |mut config: Config| {
        config.retry = RetryPolicy::never();
        config
    };
    let error = rest_with(nobody().await, once).call(&page()).await.unwrap_err();
    assert_eq!(error.attempts, 1);
}

#[tokio::test]
async fn a_get_is_repeated_after_a_5xx_and_a_post_never_is() {
    let bad = Step::Answer(answer(502, "<html>"));
    let server = Server::start([bad.clone(), Step::Answer(answer(200, "[]"))]).await;
    let rest = rest(server.api_base());
    assert_eq!(rest.call(&page()).await.unwrap().status, 200);
    assert_eq!(server.lines().len(), 2);

    for status in [408, 500, 502, 503, 504, 522] {
        let server = Server::start([Step::Answer(answer(status, "<html>"))]).await;
        let error = crate::rest(server.api_base()).call(&post()).await.unwrap_err();
        assert_eq!(error.kind, CallErrorKind::UpstreamFailed { status });
        assert_eq!((error.certainty, error.is_retryable()), (Certainty::MaybeSent, false), "{status}");
        assert_eq!(server.lines().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn after_all_tries_a_get_tells_the_status_the_tries_and_the_time() {
    let server = Server::start((0..4).map(|_| Step::Answer(answer(503, "")))).await;
    let error = rest(server.api_base()).call(&page()).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::UpstreamFailed { status: 503 });
    assert_eq!((error.certainty, error.attempts, server.lines().len()), (Certainty::Answered, 4, 4));
    let text = error.to_string();
    assert!(text.contains("status 503") && text.contains("(4 attempts in "), "{text}");
}

#[tokio::test]
async fn a_429_is_waited_for_and_the_same_body_is_sent_again() {
    let limited = answer_with(
        429,
        "Retry-After: 1\r\nX-RateLimit-Scope: user\r\n",
        r#"{"message": "You are being rate limited.", "retry_after": 0.75, "global": false}"#,
    );
    let server = Server::start([Step::Answer(limited), Step::Answer(answer(204, ""))]).await;
    assert_eq!(rest(server.api_base()).call(&post()).await.unwrap().status, 204);
    let bodies: Vec<_> = server.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [post().body.unwrap().to_string(), post().body.unwrap().to_string()]);
}

#[tokio::test]
async fn a_wait_that_is_longer_than_allowed_is_told_and_not_waited_for() {
    let headers = "Retry-After: 82721\r\nX-RateLimit-Scope: user\r\n";
    let body = r#"{"message": "You are being rate limited.", "retry_after": 82720.5, "global": false}"#;
    let server = Server::start([Step::Answer(answer_with(429, headers, body))]).await;
    let error = rest(server.api_base()).call(&post()).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::RateLimited { reason: Reason::RetryAfter });
    let wait = error.retry_after.unwrap();
    assert!(wait > Duration::from_secs(82_000) && wait <= Duration::from_secs(82_721), "{wait:?}");
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn limits_that_do_not_end_are_told_after_all_tries() {
    let body = r#"{"message": "You are being rate limited.", "retry_after": 0.3, "global": false}"#;
    let limited = Step::Answer(answer_with(429, "X-RateLimit-Scope: user\r\n", body));
    let server = Server::start(vec![limited; 4]).await;
    let error = rest(server.api_base()).call(&post()).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::RateLimited { reason: Reason::RetryAfter });
    assert_eq!((error.certainty, error.attempts), (Certainty::Answered, 4));
    assert_eq!((error.retry_after, server.lines().len()), (Some(Duration::from_millis(300)), 4));
    assert!(error.is_retryable() && error.answer.unwrap().status == 429);
}

#[tokio::test]
async fn a_ban_by_the_edge_stops_all_calls() {
    let page_of_the_edge =
        "HTTP/1.1 429 X\r\nRetry-After: 3600\r\nContent-Length: 16\r\n\r\nerror code: 1015".to_owned();
    let server = Server::start([Step::Answer(page_of_the_edge)]).await;
    let rest = rest(server.api_base());
    for request in [page(), post(), wire::me()] {
        let error = rest.call(&request).await.unwrap_err();
        assert_eq!(error.kind, CallErrorKind::RateLimited { reason: Reason::EdgeBan }, "{error}");
        assert!(error.retry_after.is_some_and(|wait| wait > Duration::from_mins(15)), "{error}");
    }
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn a_reset_of_an_idle_connection_costs_a_post_nothing() {
    let steps = [Step::AnswerThenReset(answer(200, "[]")), Step::Answer(answer(204, ""))];
    let server = Server::start(steps).await;
    let rest = rest(server.api_base());
    rest.call(&page()).await.unwrap();
    server.reset_idle().await;
    let answer = rest.call(&post()).await.unwrap();
    assert_eq!((answer.status, server.lines().len()), (204, 2));
}

#[tokio::test]
async fn gets_share_a_connection_and_each_post_has_its_own() {
    let page_answer = Step::Answer(answer(200, "[]"));
    let accepted = Step::Answer(answer(204, ""));
    let server = Server::start([page_answer.clone(), page_answer, accepted.clone(), accepted]).await;
    let rest = rest(server.api_base());
    for request in [page(), page(), post(), post()] {
        rest.call(&request).await.unwrap();
    }
    let connections: Vec<_> = server.seen().into_iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 0, 1, 2]);
}

#[tokio::test]
async fn after_a_401_nothing_more_is_sent() {
    let body = r#"{"message": "401: Unauthorized", "code": 0}"#;
    let server = Server::start([Step::Answer(answer(401, body))]).await;
    let rest = rest(server.api_base());
    let first = rest.call(&page()).await.unwrap_err();
    assert_eq!(first.kind, CallErrorKind::Unauthorized { status: 401, code: Some(0) });
    assert!(first.to_string().contains("401: Unauthorized"), "{first}");
    assert!(rest.is_token_refused());

    let second = rest.clone().call(&post()).await.unwrap_err();
    assert_eq!(second.kind, CallErrorKind::Unauthorized { status: 401, code: None });
    assert_eq!((second.certainty, second.attempts), (Certainty::NotSent, 0));
    assert!(second.to_string().contains("not sent"), "{second}");
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn after_somebody_has_seen_to_the_token_it_is_sent_again() {
    let server = Server::start([Step::Answer(answer(401, "")), Step::Answer(answer(200, "[]"))]).await;
    let rest = rest(server.api_base());
    rest.call(&page()).await.unwrap_err();
    assert!(rest.unlatch() && !rest.is_token_refused());
    assert_eq!(rest.call(&page()).await.unwrap().status, 200);
}

#[tokio::test]
async fn while_discord_keeps_failing_a_call_without_time_to_wait_is_told_when_the_next_try_is() {
    let failure = || Step::Answer(answer(502, ""));
    let server = Server::start([failure(), failure(), failure()]).await;
    let rest = rest(server.api_base());
    for _ in 0..3 {
        rest.call(&post()).await.unwrap_err();
    }
    let hasty = wire::Request { deadline: Some(rest.clock().now() + Duration::from_millis(100)), ..post() };
    let error = rest.call(&hasty).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Stopped { reason: Reason::Breaker }, "{error}");
    assert_eq!((error.certainty, error.attempts), (Certainty::NotSent, 0));
    assert!(error.is_retryable() && error.retry_after.is_some(), "{error:?}");
    assert!(error.to_string().contains("not sent (breaker); the next try is in"), "{error}");
    assert_eq!(server.lines().len(), 3);
}

#[tokio::test]
async fn a_403_from_memory_says_so() {
    let body = r#"{"message": "Missing Access", "code": 50001}"#;
    let server = Server::start([Step::Answer(answer(403, body))]).await;
    let rest = rest(server.api_base());
    rest.call(&page()).await.unwrap_err();
    let error = rest.call(&page()).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Unauthorized { status: 403, code: Some(50_001) });
    assert!(error.to_string().contains("discord refused the same a moment ago with status 403"), "{error}");
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn a_401_also_stops_those_that_wait_already() {
    let server = Server::start([Step::Answer(answer(401, ""))]).await;
    let rest = rest(server.api_base());
    // The route is not known yet, so that the second waits for the first.
    let (page, late) = (page(), page());
    let (first, second) = tokio::join!(rest.call(&page), rest.call(&late));
    let (first, second) = (first.unwrap_err(), second.unwrap_err());
    assert_eq!((first.attempts, second.attempts), (1, 0), "{first} {second}");
    assert_eq!(second.kind, CallErrorKind::Unauthorized { status: 401, code: None });
    assert_eq!((second.certainty, server.lines().len()), (Certainty::NotSent, 1));
}

#[tokio::test]
async fn a_403_tells_discords_code_and_lets_other_calls_go() {
    let body = r#"{"message": "Missing Access", "code": 50001}"#;
    let server = Server::start([Step::Answer(answer(403, body)), Step::Answer(answer(200, "[]"))]).await;
    let rest = rest(server.api_base());
    let error = rest.call(&page()).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Unauthorized { status: 403, code: Some(50_001) });
    assert!(error.to_string().contains("code 50001: Missing Access"), "{error}");
    assert_eq!(rest.call(&wire::me()).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_refusal_of_the_request_itself_is_an_answer() {
    for status in [400, 404, 405, 413] {
        let body = r#"{"message": "Unknown Message", "code": 10008}"#;
        let server = Server::start([Step::Answer(answer(status, body))]).await;
        let answer = rest(server.api_base()).call(&post()).await.unwrap();
        assert_eq!((answer.status, answer.error().unwrap().code), (status, Some(10_008)));
        assert_eq!(server.lines().len(), 1);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start([]).await;
    let location = format!("Location: {}/api/v9/users/@me\r\n", elsewhere.origin());
    let server = Server::start([Step::Answer(answer_with(302, &location, ""))]).await;
    let error = rest(server.api_base()).me().await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Unexpected { status: 302 });
    assert_eq!((server.lines().len(), elsewhere.lines().len()), (1, 0));
}

#[tokio::test]
async fn an_answer_that_is_not_what_was_asked_for_is_unexpected() {
    let server = Server::start([Step::Answer(answer(200, "<html>"))]).await;
    let error = rest(server.api_base()).read(&page(), wire::read::messages).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Unexpected { status: 200 });
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("is not a page of messages"), "{source}");
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let long = "x".repeat(17 * 1024 * 1024);
    let server = Server::start([Step::Answer(answer(200, &long))]).await;
    let error = rest(server.api_base()).call(&page()).await.unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::TooLarge { .. }), "{error}");
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn what_is_not_wanted_any_more_is_not_sent() {
    let server = Server::start([]).await;
    let rest = rest(server.api_base());
    let passed = rest.clock().now();
    rest.clock().sleep_until(passed + Duration::from_millis(1)).await;
    let error = rest.call(&post().with_deadline(passed)).await.unwrap_err();
    assert_eq!((error.certainty, error.attempts), (Certainty::NotSent, 0), "{error}");
    assert_eq!(server.lines().len(), 0);
}

#[tokio::test]
async fn a_call_that_is_dropped_in_flight_does_not_block_the_next() {
    let server = Server::start([Step::Hang, Step::Answer(answer(204, ""))]).await;
    let rest = rest(server.api_base());
    let request = post();
    let arrived = async {
        while server.lines().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        result = rest.call(&request) => panic!("nobody answers: {result:?}"),
        () = arrived => {}
    }
    assert_eq!(rest.call(&request).await.unwrap().status, 204);
    assert_eq!(server.lines().len(), 2);
}
