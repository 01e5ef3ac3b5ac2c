//! The gateway over a real websocket.
//!
//! Outcomes and counts only: no time of a real run is asserted.

use flate2::{Decompress, FlushDecompress};
use futures_util::{SinkExt, StreamExt};
use journeyman_sim::{
    GatewayFault, GatewayFaultKind, GatewaySettings, HttpRequest, Running, ScaledClock, Settings, serve,
};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::listener::identify;
use crate::support::imagine;

async fn served(settings: Settings) -> Running {
    served_at(settings, 1.0).await
}

async fn served_at(settings: Settings, scale: f64) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    serve(listener, settings, ScaledClock::starting_now(scale)).await.expect("a world")
}

/// A REST request without a socket, between two others.
fn ask(running: &Running, method: &str, path: &str, body: &Value) -> Value {
    let request = HttpRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: vec![
            ("Authorization".to_owned(), running.ready.token.clone()),
            ("Content-Type".to_owned(), "application/json".to_owned()),
        ],
        body: body.to_string().into_bytes(),
    };
    // The world takes no time before the latest one it has seen.
    let answer = running.with_world(|world| world.handle(std::time::Duration::ZERO, request));
    assert!(answer.status < 300, "{method} {path}: {answer:?}");
    answer.json().unwrap_or_default()
}

async fn connect(running: &Running, path: &str) -> WebSocketStream<TcpStream> {
    let address = running.ready.rest.trim_start_matches("http://").to_owned();
    let stream = TcpStream::connect(&address).await.expect("a connection");
    client_async(format!("ws://{address}{path}"), stream).await.expect("a websocket").0
}

async fn payload(stream: &mut WebSocketStream<TcpStream>) -> Value {
    let message = stream.next().await.expect("a message").expect("a message");
    serde_json::from_str(message.to_text().expect("text")).expect("JSON")
}

#[tokio::test]
async fn the_gateway_answers_on_the_port_of_rest_at_both_of_its_addresses() {
    let running = served(Settings::default()).await;
    for path in ["/?v=9", "/gateway/?v=10&encoding=json", "/gateway?v=10"] {
        let mut stream = connect(&running, path).await;
        assert_eq!(payload(&mut stream).await["op"], 10, "{path}");
    }
    assert_eq!(running.report().gateway.connections, 3);
    running.shutdown().await;
}

#[tokio::test]
async fn a_compressed_connection_is_one_zlib_stream() {
    let running = served(Settings::default()).await;
    let mut stream = connect(&running, "/gateway/?v=10&encoding=json&compress=zlib-stream").await;
    stream.send(Message::text(identify(&running.ready.token).to_string())).await.expect("sent");
    for _ in 0..20 {
        stream.send(Message::text(json!({ "op": 1, "d": 1 }).to_string())).await.expect("sent");
    }
    let mut inflate = Decompress::new(true);
    let mut ops = Vec::new();
    while ops.len() < 22 {
        let packed = stream.next().await.expect("a message").expect("a message").into_data();
        assert!(packed.ends_with(&[0x00, 0x00, 0xff, 0xff]));
        let mut text = Vec::with_capacity(64 * 1024);
        inflate.decompress_vec(&packed, &mut text, FlushDecompress::Sync).expect("the same stream");
        let payload: Value = serde_json::from_slice(&text).expect("JSON");
        ops.push(payload["op"].as_u64().expect("an opcode"));
    }
    assert_eq!(ops[..2], [10, 0]);
    assert!(ops[2..].iter().all(|op| *op == 11));
    running.shutdown().await;
}

#[tokio::test]
async fn a_close_of_the_gateway_arrives_with_its_code() {
    let running = served(Settings::default()).await;
    let mut stream = connect(&running, "/").await;
    assert_eq!(payload(&mut stream).await["op"], 10);
    stream.send(Message::text(identify("nobody's").to_string())).await.expect("sent");
    let Some(Ok(Message::Close(Some(close)))) = stream.next().await else { panic!("a close frame") };
    assert_eq!(u16::from(close.code), 4004);
    assert_eq!(close.reason.as_str(), "Authentication failed.");
    running.shutdown().await;
}

#[tokio::test]
async fn an_image_is_heard_to_its_end_while_nobody_asks_rest() {
    let running = served_at(Settings::default(), 400.0).await;
    let mut stream = connect(&running, "/gateway/?v=10&encoding=json").await;
    stream.send(Message::text(identify(&running.ready.token).to_string())).await.expect("sent");
    assert_eq!(payload(&mut stream).await["op"], 10);
    assert_eq!(payload(&mut stream).await["t"], "READY");
    let channel = &running.ready.channel_id;
    let search = format!("/api/v10/channels/{channel}/application-commands/search?type=1&query=imagine");
    let found = ask(&running, "GET", &search, &Value::Null);
    let version = found["application_commands"][0]["version"].as_str().expect("a version");
    let order = imagine(&running.ready, version, "a red fox", 7);
    ask(&running, "POST", "/api/v10/interactions", &order);
    let mut names = Vec::new();
    loop {
        let heard = payload(&mut stream).await;
        names.push(heard["t"].as_str().expect("an event").to_owned());
        let done = heard["d"]["components"].to_string().contains("MJ::JOB::upsample");
        if done {
            break;
        }
    }
    assert_eq!(names[0], "INTERACTION_CREATE");
    assert_eq!(names[names.len() - 2..], ["MESSAGE_DELETE", "MESSAGE_CREATE"]);
    assert_eq!(running.report().requests["GET"].len(), 1, "the command alone was asked for");
    running.shutdown().await;
}

#[tokio::test]
async fn a_cut_ends_the_stream_without_a_close_frame_and_a_gateway_that_is_down_refuses() {
    let running = served(Settings::default()).await;
    let mut stream = connect(&running, "/").await;
    stream.send(Message::text(identify(&running.ready.token).to_string())).await.expect("sent");
    assert_eq!(payload(&mut stream).await["op"], 10);
    assert_eq!(payload(&mut stream).await["t"], "READY");
    let struck = ask(&running, "POST", "/control/gateway", &json!({ "kind": "cut" }));
    assert_eq!(struck["struck"], 1);
    assert!(matches!(stream.next().await, Some(Err(_)) | None), "no close frame");

    let down = GatewayFault { kind: GatewayFaultKind::Down, ..GatewayFault::default() };
    running.with_world(|world| world.disturb(std::time::Duration::ZERO, &down, None));
    assert_eq!(refused(&running, "/").await, 503);
    assert_eq!(refused(&running, "/?encoding=etf").await, 400);
    assert_eq!(refused(&running, "/?compress=zstd-stream").await, 400);
    let report = running.report().gateway;
    assert_eq!((report.refused, report.closes["cut"]), (1, 1));
    running.shutdown().await;
}

/// The status with which a websocket is refused.
async fn refused(running: &Running, path: &str) -> u16 {
    let address = running.ready.rest.trim_start_matches("http://").to_owned();
    let stream = TcpStream::connect(&address).await.expect("a connection");
    match client_async(format!("ws://{address}{path}"), stream).await {
        Err(Error::Http(answer)) => answer.status().as_u16(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("a websocket"),
    }
}

#[tokio::test]
async fn a_client_that_stops_reading_is_cut_and_costs_no_more_memory() {
    let gateway = GatewaySettings { most_waiting: 50_000, ..GatewaySettings::default() };
    let limits = journeyman_sim::Limits::none();
    let running = served(Settings { gateway, limits, ..Settings::default() }).await;
    let mut stream = connect(&running, "/").await;
    stream.send(Message::text(identify(&running.ready.token).to_string())).await.expect("sent");
    assert_eq!(payload(&mut stream).await["op"], 10);
    let path = format!("/api/v10/channels/{}/messages", running.ready.channel_id);
    let long = json!({ "content": "x".repeat(2_000) });
    let mut sent = 0;
    while running.report().gateway.slow_readers == 0 {
        for _ in 0..50 {
            ask(&running, "POST", &path, &long);
        }
        sent += 50;
        assert!(sent < 50_000, "what the system buffers is bounded too");
        // Lets the socket's task send.
        tokio::task::yield_now().await;
    }
    drop(stream);
    let sessions = running.with_world(|world| world.sessions());
    assert!(!sessions[0].connected);
    running.shutdown().await;
}
