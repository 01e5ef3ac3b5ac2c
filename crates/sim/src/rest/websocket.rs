//! The gateway's wire: a websocket on the port of the HTTP shell, plain or as one zlib stream.
//!
//! It understands no payload; the world does.

use std::pin::pin;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};
use futures_util::{SinkExt, StreamExt};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::sync::Notify;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::Wire;
use super::shared::Shared;
use crate::gateway::{Frame, SocketKey};

/// Clients' payloads are small; what is larger than the gateway takes still has to be read to be refused.
const LARGEST_MESSAGE: usize = 64 * 1024;

/// How long a closed socket waits for the client's own close frame, in real time.
const LINGER: Duration = Duration::from_secs(2);

type Stream = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// A connection that goes on as a websocket.
#[derive(Debug)]
pub(super) struct Upgraded {
    io: OnUpgrade,
    socket: SocketKey,
    compressed: bool,
}

/// Whether a request wants to become a websocket, at an address of the gateway.
pub(super) fn is_asked_for(request: &Request<Incoming>) -> bool {
    let asks =
        request.headers().get(UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"));
    asks && request.method() == Method::GET && matches!(request.uri().path(), "/" | "/gateway" | "/gateway/")
}

/// Takes or refuses a websocket.
pub(super) fn upgrade(request: Request<Incoming>, shared: &Shared, wire: &Wire) -> Response<Full<Bytes>> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let field = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    if field("encoding").is_some_and(|encoding| encoding != "json") {
        return refuse(StatusCode::BAD_REQUEST, "this gateway speaks encoding=json alone");
    }
    let compressed = match field("compress") {
        None | Some("") => false,
        Some("zlib-stream") => true,
        Some(_) => {
            return refuse(StatusCode::BAD_REQUEST, "this gateway speaks compress=zlib-stream or none");
        }
    };
    let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY) else {
        return refuse(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing");
    };
    if request.headers().get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return refuse(StatusCode::UPGRADE_REQUIRED, "Sec-WebSocket-Version must be 13");
    }
    let accept = derive_accept_key(key.as_bytes());
    let Some(socket) = shared.with_world(|world, now| world.connect_to(now, &query)) else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "the gateway is down");
    };
    let io = hyper::upgrade::on(request);
    *wire.upgraded.lock().unwrap_or_else(PoisonError::into_inner) = Some(Upgraded { io, socket, compressed });
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

fn refuse(status: StatusCode, why: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(why.as_bytes())));
    *response.status_mut() = status;
    response
}

/// One websocket until either side ends it.
pub(super) async fn converse(upgraded: Upgraded, shared: &Shared, wire: &Wire) {
    let Upgraded { io, socket, compressed } = upgraded;
    let leave = |code| shared.with_world(|world, now| world.hang_up(now, socket, code));
    let Ok(io) = io.await else { return leave(None) };
    let config = WebSocketConfig::default()
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE));
    let mut stream = Stream::from_raw_socket(TokioIo::new(io), Role::Server, Some(config)).await;
    let bell = shared.hang_bell(socket);
    let mut zlib = compressed.then(ZlibStream::default);
    let over = loop {
        if let Some(over) = send_waiting(&mut stream, shared, socket, &bell, zlib.as_mut()).await {
            break over;
        }
        // Both arms are cancel safe: a bell that rang stays rung, and a half-read message stays in the stream.
        tokio::select! {
            () = bell.notified() => {}
            message = stream.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    shared.with_world(|world, now| world.frame(now, socket, &text));
                }
                // Real: binary is for another encoding; it cannot be decoded as JSON's text (inferred: 4002).
                Some(Ok(Message::Binary(_))) => {
                    shared.with_world(|world, now| world.frame(now, socket, ""));
                }
                Some(Ok(Message::Close(frame))) => break Over::Left(frame.map(|frame| frame.code.into())),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(_)) | None => break Over::Left(None),
            },
        }
    };
    shared.take_bell(socket);
    match over {
        Over::Left(code) => {
            leave(code);
            // Answers the close frame, if the client still hears.
            let _ = tokio::time::timeout(LINGER, stream.close(None)).await;
        }
        Over::Closed(close) => {
            let farewell = async {
                // Reading on until the client hangs up keeps a reset from overtaking the close frame.
                if stream.close(Some(close)).await.is_ok() {
                    while let Some(Ok(_)) = stream.next().await {}
                }
            };
            let _ = tokio::time::timeout(LINGER, farewell).await;
        }
        // Without a reset, so that what was sent before the cut still arrives.
        Over::Cut => {}
        Over::Stuck => wire.reset.store(true, Ordering::Relaxed),
    }
}

/// How a websocket ended.
enum Over {
    /// By the client, with its close code.
    Left(Option<u16>),
    /// By the gateway.
    Closed(CloseFrame),
    Cut,
    /// By the gateway, while the client did not read.
    Stuck,
}

/// Sends what waits, unless the socket ends meanwhile.
async fn send_waiting(
    stream: &mut Stream,
    shared: &Shared,
    socket: SocketKey,
    bell: &Notify,
    mut zlib: Option<&mut ZlibStream>,
) -> Option<Over> {
    loop {
        let frame = shared.with_world(|world, _| world.next_frame(socket))?;
        let message = match (frame, &mut zlib) {
            (Frame::Text(text), None) => Message::Text(text.into()),
            (Frame::Text(text), Some(zlib)) => Message::Binary(zlib.pack(text.as_bytes()).into()),
            (Frame::Close { code, reason }, _) => {
                let reason = Utf8Bytes::from_static(reason);
                return Some(Over::Closed(CloseFrame { code: CloseCode::from(code), reason }));
            }
            (Frame::Cut, _) => return Some(Over::Cut),
        };
        let mut sending = pin!(stream.send(message));
        loop {
            tokio::select! {
                sent = &mut sending => match sent {
                    Ok(()) => break,
                    Err(_) => return Some(Over::Left(None)),
                },
                // A client that does not read is cut by the world; then nobody waits for it here.
                () = bell.notified() => {
                    if shared.with_world(|world, _| world.has_ended(socket)) {
                        return Some(Over::Stuck);
                    }
                }
            }
        }
    }
}

/// One deflate stream for a whole connection; each message ends in a flush (real: Discord's docs, `zlib-stream`).
#[derive(Debug)]
struct ZlibStream {
    deflate: Compress,
}

impl Default for ZlibStream {
    fn default() -> Self {
        Self { deflate: Compress::new(Compression::default(), true) }
    }
}

impl ZlibStream {
    fn pack(&mut self, mut text: &[u8]) -> Vec<u8> {
        let mut packed = Vec::with_capacity(text.len() / 2 + 64);
        loop {
            let before = self.deflate.total_in();
            // Deflating into a growing vector fails on nothing that is given here.
            let status = self.deflate.compress_vec(text, &mut packed, FlushCompress::Sync);
            let taken = usize::try_from(self.deflate.total_in() - before).unwrap_or(text.len());
            text = &text[taken.min(text.len())..];
            let room_left = packed.len() < packed.capacity();
            if status.is_err() || (text.is_empty() && room_left) {
                return packed;
            }
            packed.reserve(1_024);
        }
    }
}
