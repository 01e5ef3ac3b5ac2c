//! Bodies pass as they come, both ways. It asserts on what has arrived, never on when.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{MESSAGES, Served, read_head};

const MIB: usize = 1024 * 1024;
const LARGE: usize = 32 * MIB;

/// Reads until this much has come.
async fn read_at_least(stream: &mut TcpStream, mut have: usize, want: usize) -> usize {
    let mut buffer = vec![0; 64 * 1024];
    while have < want {
        let read = stream.read(&mut buffer).await.expect("bytes");
        assert!(read > 0, "it ended after {have} of {want} bytes");
        assert!(buffer[..read].iter().all(|byte| *byte == b'x'));
        have += read;
    }
    have
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_is_with_the_upstream_before_the_client_has_sent_it_all_and_so_is_the_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let served = Served::start(&origin, |_| {}).await;
    let mut wire = served.wire().await;
    let block = vec![b'x'; MIB];
    let head = format!("POST {MESSAGES} HTTP/1.1\r\nHost: x\r\nContent-Length: {LARGE}\r\n\r\n");
    wire.stream.write_all(head.as_bytes()).await.expect("sent");
    wire.stream.write_all(&block).await.expect("sent");

    let (mut upstream, _) = listener.accept().await.expect("the request comes");
    let mut rest = Vec::new();
    let head = read_head(&mut upstream, &mut rest).await.expect("a head").to_lowercase();
    assert!(head.contains(&format!("content-length: {LARGE}\r\n")), "{head}");
    // The first block is through although the others are not yet written.
    let have = read_at_least(&mut upstream, rest.len(), MIB).await;
    let reading = tokio::spawn(async move {
        let all = read_at_least(&mut upstream, have, LARGE).await;
        (upstream, all)
    });
    for _ in 1..LARGE / MIB {
        wire.stream.write_all(&block).await.expect("sent");
    }
    let (mut upstream, all) = reading.await.expect("it reads");
    assert_eq!(all, LARGE);

    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n");
    upstream.write_all(head.as_bytes()).await.expect("answered");
    upstream.write_all(&block).await.expect("answered");
    let (status, _) = wire.read_head().await.expect("a head");
    assert_eq!(status, 200);
    assert_eq!(wire.read_body(MIB).await.expect("the first block"), block);
    // Settled when the headers came, so that a slow reader holds nobody up.
    assert_eq!(served.metric("journeyman_limiter_in_flight").await, 0);
    let writing = tokio::spawn(async move {
        for _ in 1..LARGE / MIB {
            upstream.write_all(&block).await.expect("answered");
        }
    });
    let rest = wire.read_body(LARGE - MIB).await.expect("the rest");
    assert!(rest.iter().all(|byte| *byte == b'x'));
    writing.await.expect("it writes");
}

#[tokio::test]
async fn a_chunked_body_stays_chunked_and_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let served = Served::start(&origin, |_| {}).await;
    let mut wire = served.wire().await;
    let head = format!("POST {MESSAGES} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    wire.stream
        .write_all(format!("{head}3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n").as_bytes())
        .await
        .expect("sent");
    let (mut upstream, _) = listener.accept().await.expect("the request comes");
    let mut rest = Vec::new();
    let head = read_head(&mut upstream, &mut rest).await.expect("a head").to_lowercase();
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    while !rest.ends_with(b"0\r\n\r\n") {
        assert!(upstream.read_buf(&mut rest).await.expect("bytes") > 0, "it ended early");
    }
    assert_eq!(rest, b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
}

#[tokio::test]
async fn an_upload_that_breaks_off_on_the_way_ends_the_upstreams_request_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let served = Served::start(&origin, |_| {}).await;
    let mut wire = served.wire().await;
    let head = format!("POST {MESSAGES} HTTP/1.1\r\nHost: x\r\nContent-Length: {LARGE}\r\n\r\n");
    wire.stream.write_all(head.as_bytes()).await.expect("sent");
    wire.stream.write_all(&vec![b'x'; MIB]).await.expect("sent");
    let (mut upstream, _) = listener.accept().await.expect("the request comes");
    let mut rest = Vec::new();
    read_head(&mut upstream, &mut rest).await.expect("a head");
    drop(wire);
    let mut buffer = vec![0; 64 * 1024];
    // It ends, in order or by a reset, without the promised length.
    let mut have = rest.len();
    while let Ok(read @ 1..) = upstream.read(&mut buffer).await {
        have += read;
    }
    assert!(have < LARGE);
    served.until("journeyman_limiter_in_flight", 0).await;
}
