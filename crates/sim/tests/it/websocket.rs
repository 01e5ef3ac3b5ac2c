//! The gateway over a real websocket.
//!
//! Outcomes and counts only: no time of a real run is asserted.

use flate2::{Decompress, FlushDecompress};
use futures_util::{SinkExt, StreamExt};
use journeyman_sim::{Running, ScaledClock, Settings, serve};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::listener::identify;

async fn served(settings: Settings) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    serve(listener, settings, ScaledClock::starting_now(1.0)).await.expect("a world")
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
