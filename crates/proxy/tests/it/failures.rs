//! An upstream that is not there, breaks off or says nothing; a proxy that is told to stop.

use std::time::Duration;

use journeyman_proxy::Drained;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{BOT, MESSAGES, Scripted, Served, answer, read_head};

#[tokio::test]
async fn an_upstream_that_cannot_be_reached_is_a_502_in_discords_shape() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let nobody = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let served = Served::start(&nobody, |_| {}).await;
    // More than one, for a request that was not sent must give back what it took.
    for _ in 0..3 {
        let answer = served.ask("POST", MESSAGES, BOT, "{}").await;
        assert_eq!((answer.status, answer.is_proxys_own()), (502, true));
        assert_eq!(answer.json()["code"], 0);
        assert!(answer.json()["message"].as_str().expect("a message").contains("nothing was sent"));
    }
    assert_eq!(served.metric("journeyman_limiter_in_flight").await, 0);
}

#[tokio::test]
async fn an_answer_that_is_lost_is_a_502_that_says_so_and_the_request_is_not_repeated() {
    let upstream = Scripted::start(|_| None).await;
    let served = Served::start(&upstream.origin, |_| {}).await;
    let answer = served.ask("GET", MESSAGES, BOT, "").await;
    assert_eq!((answer.status, answer.is_proxys_own()), (502, true));
    assert!(answer.json()["message"].as_str().expect("a message").contains("may have been executed"));
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn an_upstream_that_says_nothing_is_a_504_after_a_while() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let silent = format!("http://{}", listener.local_addr().expect("an address"));
    let served = Served::start(&silent, |config| config.answer = Duration::from_millis(50)).await;
    let answer = served.ask("GET", MESSAGES, BOT, "").await;
    assert_eq!((answer.status, answer.is_proxys_own()), (504, true));
    drop(listener);
}

#[tokio::test]
async fn a_body_over_the_limit_is_a_413_whether_its_length_was_told_or_not() {
    let upstream = Scripted::start(|_| Some(answer(200, "", "{}"))).await;
    let served = Served::start(&upstream.origin, |config| config.max_body_bytes = 1_000).await;
    let told = served.ask("POST", MESSAGES, BOT, &"x".repeat(1_001)).await;
    assert_eq!((told.status, told.json()["code"].as_u64()), (413, Some(40005)));

    let mut wire = served.wire().await;
    let body = format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1_001));
    let request = format!("POST {MESSAGES} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    wire.stream.write_all(request.as_bytes()).await.expect("sent");
    let chunked = wire.read_answer().await.expect("an answer");
    assert_eq!((chunked.status, chunked.json()["code"].as_u64()), (413, Some(40005)));
    assert_eq!(upstream.seen().len(), 0);

    assert_eq!(served.ask("POST", MESSAGES, BOT, &"x".repeat(1_000)).await.status, 200);
}

#[tokio::test]
async fn a_proxy_that_stops_lets_an_open_request_end_and_takes_no_other() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let mut served = Served::apart(&origin, |_| {}).await;
    let mut wire = served.wire().await;
    let mut idle = served.wire().await;
    assert_eq!(idle.ask("GET", "/healthz", "", "").await.expect("an answer").status, 200);
    wire.send("GET", MESSAGES, BOT, "").await.expect("sent");
    let (mut upstream, _) = listener.accept().await.expect("the request comes");
    read_head(&mut upstream, &mut Vec::new()).await.expect("a head");

    served.stop();
    // The idle connection is closed at once: by then it is stopping.
    assert_eq!(idle.stream.read(&mut [0; 1]).await.expect("an orderly end"), 0);
    assert!(TcpStream::connect(served.address).await.is_err());
    upstream.write_all(answer(200, "", "done").as_bytes()).await.expect("answered");
    let answer = wire.read_answer().await.expect("an answer");
    assert_eq!((answer.status, answer.text().as_str()), (200, "done"));
    assert_eq!(served.drained().await, Drained { cut: 0 });
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_when_the_time_to_drain_is_over() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let mut served = Served::start(&origin, |config| config.drain = Duration::from_millis(20)).await;
    let mut wire = served.wire().await;
    wire.send("GET", MESSAGES, BOT, "").await.expect("sent");
    let (upstream, _) = listener.accept().await.expect("the request comes");
    served.stop();
    assert_eq!(served.drained().await, Drained { cut: 1 });
    assert!(wire.read_answer().await.is_err());
    drop(upstream);
}

#[tokio::test]
async fn a_connection_too_many_waits_until_another_ends() {
    let served = Served::start("http://127.0.0.1:1", |config| config.max_connections = 1).await;
    let mut first = served.wire().await;
    assert_eq!(first.ask("GET", "/healthz", "", "").await.expect("an answer").status, 200);
    let mut second = served.wire().await;
    second.send("GET", "/healthz", "", "").await.expect("sent");
    for _ in 0..20 {
        assert_eq!(first.ask("GET", "/healthz", "", "").await.expect("an answer").status, 200);
    }
    let early = second.stream.try_read(&mut [0; 1]).expect_err("no answer yet");
    assert_eq!(early.kind(), std::io::ErrorKind::WouldBlock);
    drop(first);
    assert_eq!(second.read_answer().await.expect("an answer").status, 200);
}
