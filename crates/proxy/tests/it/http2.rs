//! HTTP/2 on the port of HTTP/1.1. What passes through is tested with HTTP/1.1.

use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Version};
use journeyman_proxy::Drained;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::harness::{BOT, MESSAGES, Scripted, Served, answer, read_head, used_up};

#[tokio::test]
async fn http_1_1_and_2_are_served_on_one_port() {
    let upstream = Scripted::start(|seen| Some(answer(200, "X-Own: kept\r\n", &seen.body))).await;
    let served = Served::start(&upstream.origin, |_| {}).await;
    let two = served.multiplexed().await;
    let mut answers = JoinSet::new();
    for number in 0..40 {
        let channel = 1_001_234_567_890_123_400_u64 + number;
        let path = format!("/api/v10/channels/{channel}/messages?limit=5");
        let head = two.send("POST", &path, &format!("{{\"a\":{number}}}"));
        answers.spawn(async move {
            let response = head.await.expect("an answer");
            assert_eq!(response.version(), Version::HTTP_2);
            let own = response.headers().get("x-own").is_some_and(|value| value == "kept");
            assert!(own && response.status() == 200, "{response:?}");
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            (number, String::from_utf8_lossy(&body).into_owned())
        });
    }
    for (number, body) in answers.join_all().await {
        assert_eq!(body, format!("{{\"a\":{number}}}"));
    }
    assert_eq!(served.ask("GET", MESSAGES, BOT, "").await.status, 200);
    let seen = upstream.seen();
    assert_eq!(seen.len(), 41);
    // The upstream's own name, and no name of the proxy's.
    let host = format!("host: {}\r\n", upstream.origin.trim_start_matches("http://"));
    for request in seen {
        let head = request.head.to_lowercase();
        assert!(head.contains(&host) && head.contains("authorization: bot token-of-one\r\n"), "{head}");
    }
}

#[tokio::test]
async fn a_stream_whose_client_goes_leaves_the_line_and_the_others_stay() {
    let upstream = Scripted::start(|seen| {
        let headers = if seen.head.contains("/messages") { used_up(300) } else { String::new() };
        Some(answer(200, &headers, "{}"))
    })
    .await;
    let served =
        Served::start(&upstream.origin, |config| config.hold = std::time::Duration::from_mins(10)).await;
    let two = served.multiplexed().await;
    assert_eq!(two.send("POST", MESSAGES, "{}").await.expect("an answer").status(), 200);
    let waiting = tokio::spawn(two.send("POST", MESSAGES, "{}"));
    served.until("journeyman_limiter_queue_depth", 1).await;
    waiting.abort();
    served.until("journeyman_limiter_queue_depth", 0).await;
    assert_eq!(served.metric("journeyman_hung_up_total").await, 1);
    assert_eq!(two.send("GET", "/api/v10/users/@me", "").await.expect("an answer").status(), 200);
    assert_eq!(upstream.seen().len(), 2);
}

#[tokio::test]
async fn a_connection_that_is_gone_takes_all_its_streams_with_it() {
    let upstream = Scripted::start(|_| Some(answer(200, &used_up(300), "{}"))).await;
    // Each waits for all before it.
    let served =
        Served::start(&upstream.origin, |config| config.hold = std::time::Duration::from_hours(1)).await;
    let two = served.multiplexed().await;
    assert_eq!(two.send("POST", MESSAGES, "{}").await.expect("an answer").status(), 200);
    let waiting: Vec<_> = (0..5).map(|_| tokio::spawn(two.send("POST", MESSAGES, "{}"))).collect();
    served.until("journeyman_limiter_queue_depth", 5).await;
    two.cut();
    served.until("journeyman_limiter_queue_depth", 0).await;
    assert_eq!(served.metric("journeyman_hung_up_total").await, 5);
    for stream in waiting {
        assert!(stream.await.expect("it ends").is_err());
    }
}

#[tokio::test]
async fn open_streams_end_before_their_connection_when_the_proxy_stops() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let mut served = Served::apart(&origin, |_| {}).await;
    let two = served.multiplexed().await;
    assert_eq!(two.send("GET", "/healthz", "").await.expect("an answer").status(), 200);
    let open = tokio::spawn(two.send("GET", MESSAGES, ""));
    let (mut upstream, _) = listener.accept().await.expect("the request comes");
    read_head(&mut upstream, &mut Vec::new()).await.expect("a head");

    served.stop();
    upstream.write_all(answer(200, "", "done").as_bytes()).await.expect("answered");
    let response = open.await.expect("it ends").expect("an answer");
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    assert_eq!(&body[..], b"done");
    drop(two.sender);
    assert!(two.connection.await.expect("it ends"), "the connection did not end in order");
    assert_eq!(served.drained().await, Drained { cut: 0 });
}

#[tokio::test]
async fn a_stream_too_many_waits_until_another_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let served = Served::start(&origin, |config| config.max_streams = 2).await;
    let two = served.multiplexed().await;
    // With the first answer the client has the proxy's settings.
    assert_eq!(two.send("GET", "/healthz", "").await.expect("an answer").status(), 200);
    let streams: Vec<_> = (0..3)
        .map(|number| {
            let path = format!("/api/v10/channels/{}/messages", 1_001_234_567_890_123_400_u64 + number);
            tokio::spawn(two.send("GET", &path, ""))
        })
        .collect();
    let mut open = Vec::new();
    for _ in 0..2 {
        let (mut upstream, _) = listener.accept().await.expect("the request comes");
        read_head(&mut upstream, &mut Vec::new()).await.expect("a head");
        open.push(upstream);
    }
    for _ in 0..20 {
        assert_eq!(served.metric("journeyman_limiter_in_flight").await, 2);
        assert_eq!(served.metric("journeyman_limiter_queue_depth").await, 0);
    }
    for mut upstream in open {
        upstream.write_all(answer(200, "Connection: close\r\n", "").as_bytes()).await.expect("answered");
    }
    let (mut upstream, _) = listener.accept().await.expect("the third comes");
    read_head(&mut upstream, &mut Vec::new()).await.expect("a head");
    upstream.write_all(answer(200, "", "").as_bytes()).await.expect("answered");
    for stream in streams {
        assert_eq!(stream.await.expect("it ends").expect("an answer").status(), 200);
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_in_http_2_too() {
    let upstream = Scripted::start(|_| Some(answer(200, "", "{}"))).await;
    let served = Served::start(&upstream.origin, |_| {}).await;
    let two = served.multiplexed().await;
    assert_eq!(two.send("GET", "/healthz", "").await.expect("an answer").status(), 200);
    let long = Request::get(format!("http://proxy{MESSAGES}")).header("x-long", "x".repeat(100_000));
    let long = long.body(Full::default()).expect("a request");
    if let Ok(response) = two.sender.clone().send_request(long).await {
        assert!(response.status().is_client_error(), "{response:?}");
    }
    assert_eq!(upstream.seen().len(), 0);
}
