//! Clients and upstreams that do harm, by ill will or by dying. It asserts on outcomes, never on when.

use std::time::Duration;

use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{BOT, MESSAGES, Scripted, Served, answer, read_head};

const SHORT: Duration = Duration::from_millis(50);

/// A proxy before an upstream that the test plays itself.
async fn before_listener(change: impl FnOnce(&mut journeyman_proxy::Config)) -> (Served, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    (Served::start(&origin, change).await, listener)
}

async fn request(listener: &TcpListener) -> TcpStream {
    let (mut upstream, _) = listener.accept().await.expect("the request comes");
    read_head(&mut upstream, &mut Vec::new()).await.expect("a head");
    upstream
}

/// Whether the connection has ended, in order or not.
async fn ends(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return true,
            Ok(_) => {}
        }
    }
}

#[tokio::test]
async fn an_upstream_that_is_killed_mid_answer_breaks_the_clients_answer_off() {
    for (head, part) in [
        ("Content-Length: 1000\r\n", "half of it".to_owned()),
        ("Transfer-Encoding: chunked\r\n", "a\r\nhalf of it\r\n".to_owned()),
    ] {
        let (served, listener) = before_listener(|_| {}).await;
        let mut wire = served.wire().await;
        wire.send("GET", MESSAGES, BOT, "").await.expect("sent");
        let mut upstream = request(&listener).await;
        let begun = format!("HTTP/1.1 200 OK\r\n{head}\r\n{part}");
        upstream.write_all(begun.as_bytes()).await.expect("answered");
        assert_eq!(wire.read_head().await.expect("a head").0, 200);
        wire.read_body(part.len()).await.expect("what has come");
        drop(upstream);
        // The end of a chunked answer would be bytes, so that no end came is seen as well.
        let mut rest = Vec::new();
        let _ = wire.stream.read_to_end(&mut rest).await;
        assert!(rest.is_empty(), "{:?} looks like an end", String::from_utf8_lossy(&rest));
        assert_eq!(served.metric("journeyman_limiter_in_flight").await, 0);
    }
}

#[tokio::test]
async fn an_upstream_that_is_killed_mid_answer_resets_the_stream_of_http_2() {
    let (served, listener) = before_listener(|_| {}).await;
    let two = served.multiplexed().await;
    let head = tokio::spawn(two.send("GET", MESSAGES, ""));
    let mut upstream = request(&listener).await;
    let begun = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhalf of it\r\n";
    upstream.write_all(begun.as_bytes()).await.expect("answered");
    let response = head.await.expect("it ends").expect("a head");
    drop(upstream);
    assert!(response.into_body().collect().await.is_err(), "it looks like an end");
    // Only the stream: the connection serves on.
    assert_eq!(two.send("GET", "/healthz", "").await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn a_slow_loris_loses_its_connection() {
    let served = Served::start("http://127.0.0.1:1", |config| config.idle = SHORT).await;
    for begun in [
        "",
        "P",
        "GET /healthz HTTP/1.1\r\nX-Slow: 1\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        // A frame of headers of which the rest is missing.
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x40\x01\0\0\0\0\x01\x40",
    ] {
        let mut wire = served.wire().await;
        wire.stream.write_all(begun.as_bytes()).await.expect("sent");
        assert!(ends(&mut wire.stream).await);
    }
    // One that trickles is not kept by trickling.
    let mut wire = served.wire().await;
    wire.stream.write_all(b"GET /healthz HTTP/1.1\r\n").await.expect("sent");
    while wire.stream.write_all(b"X-Slow: 1\r\n").await.is_ok() {
        tokio::task::yield_now().await;
        let mut byte = [0; 1];
        // What it answers to a head that is too large is an end as well.
        if wire.stream.try_read(&mut byte).is_ok() {
            break;
        }
    }
    assert_eq!(served.ask("GET", "/healthz", "", "").await.status, 200);
}

#[tokio::test]
async fn a_slow_small_body_is_a_408_and_holds_no_place() {
    let upstream = Scripted::start(|_| Some(answer(200, "", "{}"))).await;
    let served = Served::start(&upstream.origin, |config| config.body = SHORT).await;
    let mut wire = served.wire().await;
    let head = format!("POST {MESSAGES} HTTP/1.1\r\nHost: x\r\n{BOT}Content-Length: 10\r\n\r\nabc");
    wire.stream.write_all(head.as_bytes()).await.expect("sent");
    let answer = wire.read_answer().await.expect("an answer");
    assert_eq!((answer.status, answer.is_proxys_own()), (408, true));
    assert_eq!(served.metric("journeyman_limiter_in_flight").await, 0);
    assert_eq!(upstream.seen().len(), 0);
}

#[tokio::test]
async fn a_slow_large_body_is_a_408_and_ends_the_upstreams_request() {
    let (served, listener) = before_listener(|config| config.body = SHORT).await;
    let mut wire = served.wire().await;
    let head = format!("POST {MESSAGES} HTTP/1.1\r\nHost: x\r\n{BOT}Content-Length: 1000000\r\n\r\nabc");
    wire.stream.write_all(head.as_bytes()).await.expect("sent");
    let mut upstream = request(&listener).await;
    let answer = wire.read_answer().await.expect("an answer");
    assert_eq!((answer.status, answer.is_proxys_own()), (408, true));
    assert!(ends(&mut upstream).await);
    assert_eq!(served.metric("journeyman_limiter_in_flight").await, 0);
}

/// Three in a row opened the circuit breaker of the upstream, and everybody's requests were refused.
#[tokio::test]
async fn clients_whose_bodies_stand_still_or_are_too_large_shut_no_route_for_others() {
    let upstream = Scripted::start(|_| Some(answer(200, "", "{}"))).await;
    let served = Served::start(&upstream.origin, |config| {
        (config.body, config.hold) = (SHORT, Duration::from_secs(1));
        config.max_body_bytes = 100_000;
    })
    .await;
    let chunk = format!("30000\r\n{}\r\n0\r\n\r\n", "x".repeat(0x3_0000));
    for (number, (framing, body, status)) in
        [("Content-Length: 90000", "abc", 408), ("Transfer-Encoding: chunked", chunk.as_str(), 413)]
            .into_iter()
            .cycle()
            .take(8)
            .enumerate()
    {
        let mut wire = served.wire().await;
        let path = format!("/api/v10/channels/{}/messages", 1_001_234_567_890_123_400_u64 + number as u64);
        let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\n{BOT}{framing}\r\n\r\n");
        wire.stream.write_all(head.as_bytes()).await.expect("sent");
        // It may be answered before all of it is read.
        let _ = wire.stream.write_all(body.as_bytes()).await;
        assert_eq!(wire.read_answer().await.expect("an answer").status, status);
    }
    assert_eq!(served.ask("POST", MESSAGES, BOT, "{}").await.status, 200);
}

/// Writes until the proxy hangs up.
async fn endless(mut upstream: TcpStream) {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n";
    upstream.write_all(head.as_bytes()).await.expect("answered");
    let block = vec![b'x'; 64 * 1024];
    while upstream.write_all(&block).await.is_ok() {}
}

#[tokio::test]
async fn a_client_that_never_reads_is_cut() {
    let (served, listener) = before_listener(|config| config.stall = SHORT).await;
    let mut wire = served.wire().await;
    wire.send("GET", MESSAGES, BOT, "").await.expect("sent");
    endless(request(&listener).await).await;
    served.until("journeyman_stalled_total", 1).await;
    assert_eq!(served.metric("journeyman_limiter_in_flight").await, 0);

    let two = served.multiplexed().await;
    let head = tokio::spawn(two.send("GET", MESSAGES, ""));
    let upstream = request(&listener).await;
    endless(upstream).await;
    served.until("journeyman_stalled_total", 2).await;
    let body = head.await.expect("it ends").expect("a head").into_body();
    assert!(body.collect().await.is_err());
}

#[tokio::test]
async fn an_upstream_that_stops_in_the_middle_of_an_answer_is_cut_too() {
    let (served, listener) = before_listener(|config| config.stall = SHORT).await;
    let mut wire = served.wire().await;
    wire.send("GET", MESSAGES, BOT, "").await.expect("sent");
    let mut upstream = request(&listener).await;
    upstream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc").await.expect("answered");
    wire.read_head().await.expect("a head");
    wire.read_body(3).await.expect("what has come");
    assert!(ends(&mut wire.stream).await);
    assert!(ends(&mut upstream).await);
}
