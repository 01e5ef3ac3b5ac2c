//! The HTTP shell: sockets around a world, and the faults that only a socket can have.
//!
//! It understands no request; the world does.

mod shared;
mod websocket;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::error_body;
use crate::http::{Connection, Fault, HttpAnswer, HttpRequest};
use crate::report::Report;
use crate::settings::Settings;
use crate::world::{LARGEST_BODY, Ready, World};
use shared::Shared;

/// The clock of a served world: real time since an origin, scaled.
#[derive(Clone, Copy, Debug)]
pub struct ScaledClock {
    /// Where the world's time begins; share it with a client that shares the scale.
    pub origin: Instant,
    /// How many times faster than real time it runs; what is not a positive number counts as 1.
    pub scale: f64,
}

impl ScaledClock {
    /// A clock that begins now.
    pub fn starting_now(scale: f64) -> Self {
        Self { origin: Instant::now(), scale }
    }

    fn scale(self) -> f64 {
        if self.scale.is_finite() && self.scale > 0.0 { self.scale } else { 1.0 }
    }

    fn now(self) -> Duration {
        self.origin.elapsed().mul_f64(self.scale())
    }

    fn to_real(self, span: Duration) -> Duration {
        span.div_f64(self.scale())
    }
}

/// A world that is being served.
#[derive(Debug)]
pub struct Running {
    /// Where it is and how to get in.
    pub ready: Ready,
    /// What a person should know before trusting a result in it.
    pub notes: Vec<String>,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    keeping_time: JoinHandle<()>,
}

impl Running {
    /// What has arrived and happened so far.
    pub fn report(&self) -> Report {
        self.with_world(|world| world.report())
    }

    /// Does something with the world between two requests, at its present time.
    pub fn with_world<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        self.shared.with_world(|world, now| {
            world.poll(now);
            act(world)
        })
    }

    /// Stops listening and closes every connection.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the world stopping.
    pub async fn shutdown(self) {
        // The receiver lives in the task; if that is gone, there is nothing to stop.
        let _ = self.stop.send(true);
        let _ = self.accepting.await;
        let _ = self.keeping_time.await;
    }
}

/// Serves a world on a listener until `Running::shutdown`, or until the `Running` is dropped.
///
/// # Errors
/// When the listener has no local address.
///
/// # Cancel safety
/// Nothing is served before the future has finished.
pub async fn serve(listener: TcpListener, mut settings: Settings, clock: ScaledClock) -> io::Result<Running> {
    settings.origin = format!("http://{}", reachable(listener.local_addr()?));
    let world = World::new(settings);
    let (ready, notes) = (world.ready(), world.notes());
    let shared = Arc::new(Shared::new(world, clock));
    let (stop, stopping) = watch::channel(false);
    let keeping_time = tokio::spawn(shared::keep_time(Arc::clone(&shared), stopping.clone()));
    let accepting = tokio::spawn(accept(listener, Arc::clone(&shared), stopping));
    Ok(Running { ready, notes, shared, stop, accepting, keeping_time })
}

/// Links cannot lead to "any address", so they lead to this machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            Ipv4Addr::LOCALHOST.into()
        } else {
            Ipv6Addr::LOCALHOST.into()
        });
    }
    address
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stopping: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        // Each arm is cancel safe; a connection that was accepted is always spawned.
        tokio::select! {
            _ = stopping.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(converse(stream, peer, Arc::clone(&shared)));
                }
                // Out of file handles, for one: a later attempt may do better.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    }
    connections.shutdown().await;
}

/// One connection, request after request.
async fn converse(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    // Small answers must not wait for more to send; without this they are only slower.
    let _ = stream.set_nodelay(true);
    let wire = Arc::new(Wire::default());
    let socket = Socket { stream, wire: Arc::clone(&wire) };
    let service = service_fn(|request| answer(request, peer, Arc::clone(&shared), Arc::clone(&wire)));
    // An error is a closed connection, ours or the client's.
    let _ = hyper::server::conn::http1::Builder::new()
        .half_close(true)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades()
        .await;
    let upgraded = wire.upgraded.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(upgraded) = upgraded {
        websocket::converse(upgraded, &shared, &wire).await;
    }
}

/// What a connection and its requests share.
#[derive(Debug, Default)]
struct Wire {
    served: AtomicU64,
    /// Reset instead of closing.
    reset: AtomicBool,
    /// Close once the answer has been written.
    hang_up: AtomicBool,
    /// What the connection goes on as.
    upgraded: Mutex<Option<websocket::Upgraded>>,
}

/// The request was taken, and its connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection ends without an answer")]
struct NoAnswer;

async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    shared: Arc<Shared>,
    wire: Arc<Wire>,
) -> Result<Response<Full<Bytes>>, NoAnswer> {
    let served = wire.served.fetch_add(1, Ordering::Relaxed);
    if websocket::is_asked_for(&request) {
        return Ok(websocket::upgrade(request, &shared, &wire));
    }
    let connection = Connection { peer: peer.ip().to_string(), served };
    let reply = match read(request).await {
        Some(request) => shared.with_world(|world, now| world.respond(now, &request, &connection)),
        None => error_body::entity_too_large(),
    };
    let answer = if reply.is_ready() {
        reply.finish()
    } else {
        // A picture takes a while, and nobody else should wait for it.
        tokio::task::spawn_blocking(|| reply.finish()).await.map_err(|_| NoAnswer)?
    };
    match answer.fault {
        Some(Fault::LoseAnswer) => return Err(NoAnswer),
        Some(Fault::ResetBefore | Fault::ResetAfter) => {
            wire.reset.store(true, Ordering::Relaxed);
            return Err(NoAnswer);
        }
        Some(Fault::ResetIdle) => {
            wire.reset.store(true, Ordering::Relaxed);
            wire.hang_up.store(true, Ordering::Relaxed);
        }
        Some(Fault::Delay(span)) => tokio::time::sleep(shared.clock.to_real(span)).await,
        None => {}
    }
    Ok(response(answer))
}

/// The whole request, unless it is larger than anything Discord takes.
async fn read(request: Request<Incoming>) -> Option<HttpRequest> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, 2 * LARGEST_BODY).collect().await.ok()?.to_bytes();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Some(HttpRequest {
        method: head.method.to_string(),
        path: head.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: body.to_vec(),
    })
}

fn response(answer: HttpAnswer) -> Response<Full<Bytes>> {
    let mut builder = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        builder = builder.header(name, value);
    }
    // The world's headers are all plain text, so this cannot fail but for a mistake in it.
    builder.body(Full::new(Bytes::from(answer.body))).unwrap_or_default()
}

/// A stream that can be reset, and that can hang up after an answer.
#[derive(Debug)]
struct Socket {
    stream: TcpStream,
    wire: Arc<Wire>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.wire.reset.load(Ordering::Relaxed) {
            // Without lingering, closing sends a reset; should this fail, it closes in the ordinary way.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.wire.hang_up.load(Ordering::Relaxed) {
            // As if the client had gone: the server drops the connection when its answer is out.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.wire.reset.load(Ordering::Relaxed) {
            // An orderly end would come before the reset.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
