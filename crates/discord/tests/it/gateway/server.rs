//! A gateway that does what it is told, connection by connection. It shares no code with the client but Discord's docs.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use futures_util::{SinkExt, StreamExt};
use journeyman_discord::gateway::GatewayAddress;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// One step of a connection.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// HELLO with this interval.
    Hello(u64),
    /// Wait for a frame with this opcode. Heartbeats are answered meanwhile, and at the end of the script.
    Expect(u64),
    /// Send this, compressed.
    Send(Value),
    /// Send this in one binary message, as it is.
    Raw(Vec<u8>),
    /// Send so many zeros, compressed.
    Bomb(usize),
    /// Close with this code.
    Close(u16),
    /// Instead of a websocket, answer this to the upgrade.
    Refuse(&'static str),
    /// Drop the connection.
    Drop,
    /// Read, and say nothing more.
    Silence,
}

/// What the client did.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Seen {
    /// It connected.
    Connected,
    /// It sent this.
    Frame(Value),
    /// It closed with this code.
    Closed(Option<u16>),
}

/// The server; it ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    seen: watch::Receiver<Vec<(usize, Seen)>>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Serves a script per connection, in order; a connection beyond them is dropped.
    pub(crate) async fn start(scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (noting, seen) = watch::channel(Vec::new());
        let scripts = scripts.into_iter().collect::<Vec<_>>();
        let accepting = tokio::spawn(accept(listener, scripts, Arc::new(Mutex::new(noting))));
        Self { address, seen, accepting }
    }

    pub(crate) fn address(&self) -> GatewayAddress {
        self.text().parse().unwrap()
    }

    pub(crate) fn text(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// What was seen, as soon as this holds of it.
    pub(crate) async fn seen_when(&self, holds: impl Fn(&[(usize, Seen)]) -> bool) -> Vec<(usize, Seen)> {
        self.seen.clone().wait_for(|seen| holds(seen)).await.unwrap().clone()
    }

    /// The code with which the client closes this connection.
    pub(crate) async fn closed(&self, connection: usize) -> Option<u16> {
        let is_it = |seen: &(usize, Seen)| seen.0 == connection && matches!(seen.1, Seen::Closed(_));
        let seen = self.seen_when(|seen| seen.iter().any(is_it)).await;
        match seen.into_iter().find(is_it) {
            Some((_, Seen::Closed(code))) => code,
            _ => None,
        }
    }

    /// The data of the frames with this opcode, each with its connection.
    pub(crate) fn frames(&self, op: u64) -> Vec<(usize, Value)> {
        let seen = self.seen.borrow().clone();
        let frames = seen.into_iter().filter_map(|(connection, seen)| match seen {
            Seen::Frame(frame) if frame["op"] == op => Some((connection, frame["d"].clone())),
            Seen::Connected | Seen::Frame(_) | Seen::Closed(_) => None,
        });
        frames.collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

type Noting = Arc<Mutex<watch::Sender<Vec<(usize, Seen)>>>>;

fn note(noting: &Noting, connection: usize, seen: Seen) {
    noting.lock().unwrap().send_modify(|list| list.push((connection, seen)));
}

async fn accept(listener: TcpListener, scripts: Vec<Vec<Step>>, noting: Noting) {
    let mut serving = JoinSet::new();
    let mut scripts = scripts.into_iter();
    for connection in 0.. {
        let Ok((stream, _)) = listener.accept().await else { return };
        if let Some(script) = scripts.next() {
            serving.spawn(serve(stream, connection, script, Arc::clone(&noting)));
        }
    }
}

struct Connection {
    socket: WebSocketStream<TcpStream>,
    zlib: ZlibEncoder<Vec<u8>>,
    number: usize,
    noting: Noting,
}

/// Ends when the client goes away, which is no failure.
async fn serve(mut stream: TcpStream, number: usize, script: Vec<Step>, noting: Noting) -> Option<()> {
    if let Some(Step::Refuse(answer)) = script.first() {
        // The whole request first: a connection that is closed with data unread is reset.
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.ok()?);
        }
        return stream.write_all(answer.as_bytes()).await.ok();
    }
    let socket = tokio_tungstenite::accept_async(stream).await.ok()?;
    note(&noting, number, Seen::Connected);
    let zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    let mut connection = Connection { socket, zlib, number, noting };
    for step in script {
        match step {
            Step::Hello(interval) => {
                connection.send(&json!({"op": 10, "d": {"heartbeat_interval": interval}})).await?;
            }
            Step::Expect(op) => while connection.next(true).await?["op"] != op {},
            Step::Send(frame) => connection.send(&frame).await?,
            Step::Raw(bytes) => connection.socket.send(Message::binary(bytes)).await.ok()?,
            Step::Bomb(length) => connection.send_text(&vec![b'0'; length]).await?,
            Step::Close(code) => {
                let frame = CloseFrame { code: code.into(), reason: "".into() };
                connection.socket.close(Some(frame)).await.ok()?;
                while connection.socket.next().await.is_some() {}
                return Some(());
            }
            Step::Drop | Step::Refuse(_) => return Some(()),
            Step::Silence => while connection.next(false).await.is_some() {},
        }
    }
    while connection.next(true).await.is_some() {}
    Some(())
}

impl Connection {
    async fn send(&mut self, frame: &Value) -> Option<()> {
        self.send_text(frame.to_string().as_bytes()).await
    }

    async fn send_text(&mut self, text: &[u8]) -> Option<()> {
        self.zlib.write_all(text).unwrap();
        self.zlib.flush().unwrap();
        let bytes = std::mem::take(self.zlib.get_mut());
        self.socket.send(Message::binary(bytes)).await.ok()
    }

    /// The next frame of the client.
    async fn next(&mut self, acks: bool) -> Option<Value> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    note(&self.noting, self.number, Seen::Frame(frame.clone()));
                    if acks && frame["op"] == 1 {
                        self.send(&json!({"op": 11})).await?;
                    }
                    return Some(frame);
                }
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map(|frame| frame.code.into());
                    note(&self.noting, self.number, Seen::Closed(code));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => {
                    // A connection that breaks without a goodbye.
                    note(&self.noting, self.number, Seen::Closed(None));
                    return None;
                }
            }
        }
    }
}
