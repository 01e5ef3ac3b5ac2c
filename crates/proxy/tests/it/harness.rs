//! A proxy that is being served, a raw client, and an upstream that does what it is told. It asserts nothing.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use journeyman_proxy::{Clock, Config, Drained, Hosts, Proxy, Upstream};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A proxy on a port of its own.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Drained>,
}

impl Served {
    pub(crate) async fn start(upstream: &str, change: impl FnOnce(&mut Config)) -> Self {
        Self::on_clock(upstream, Clock::real(), change).await
    }

    pub(crate) async fn on_clock(upstream: &str, clock: Clock, change: impl FnOnce(&mut Config)) -> Self {
        Self::at("127.0.0.1:0", upstream, clock, change).await
    }

    /// On an address of its own, whose port no other test can be given after the proxy has left it.
    pub(crate) async fn apart(upstream: &str, change: impl FnOnce(&mut Config)) -> Self {
        // Linux answers on all of 127/8; elsewhere another test may, rarely, be given the same port.
        let address = if cfg!(target_os = "linux") { "127.84.0.1:0" } else { "127.0.0.1:0" };
        Self::at(address, upstream, Clock::real(), change).await
    }

    async fn at(address: &str, upstream: &str, clock: Clock, change: impl FnOnce(&mut Config)) -> Self {
        let upstream = Upstream::parse(upstream, Hosts::Known).expect("this machine");
        let mut config = Config { upstream, ..Config::default() };
        change(&mut config);
        let proxy = Proxy::new(config, clock).expect("plain http needs no certificates");
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            proxy.serve(listener, stopped).await
        });
        Self { address, stop: Some(stop), serving }
    }

    pub(crate) async fn wire(&self) -> Wire {
        Wire { stream: TcpStream::connect(self.address).await.expect("a connection"), rest: Vec::new() }
    }

    /// A connection of HTTP/2, by prior knowledge, over which requests are sent at once.
    pub(crate) async fn multiplexed(&self) -> Multiplexed {
        let stream = TcpStream::connect(self.address).await.expect("a connection");
        let stream = stream.into_std().expect("a socket");
        let socket = stream.try_clone().expect("a second handle");
        let stream = TcpStream::from_std(stream).expect("a socket");
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
        let connection = tokio::spawn(async move { connection.await.is_ok() });
        Multiplexed { sender, connection, socket }
    }

    /// One request on a connection of its own.
    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        self.wire().await.ask(method, path, headers, body).await.expect("an answer")
    }

    /// The value of a line of `/metrics`; 0 if there is none.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let page = self.ask("GET", "/metrics", "", "").await.text();
        let line =
            page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
        line.map_or(0, |value| value.parse().expect("a count"))
    }

    /// Looks until the line has this value; gives up after so many looks that it never will.
    pub(crate) async fn until(&self, name: &str, value: u64) {
        for _ in 0..20_000 {
            if self.metric(name).await == value {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("{name} never became {value}");
    }

    /// Says that it is to stop.
    pub(crate) fn stop(&mut self) {
        let _ = self.stop.take().expect("stopped once").send(());
    }

    pub(crate) async fn drained(self) -> Drained {
        self.serving.await.expect("it ends")
    }
}

/// One connection of HTTP/2.
pub(crate) struct Multiplexed {
    pub(crate) sender: SendRequest<Full<Bytes>>,
    /// Whether it ended in order.
    pub(crate) connection: JoinHandle<bool>,
    socket: std::net::TcpStream,
}

impl Multiplexed {
    /// Closes the connection under its streams.
    pub(crate) fn cut(&self) {
        self.socket.shutdown(std::net::Shutdown::Both).expect("it was open");
    }

    /// Sends at once; the future is the answer's head.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        body: &str,
    ) -> impl Future<Output = hyper::Result<Response<Incoming>>> + Send + 'static {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://proxy{path}"))
            .header("authorization", "Bot token-of-one")
            .body(Full::new(Bytes::from(body.to_owned())))
            .expect("a request");
        self.sender.clone().send_request(request)
    }
}

/// An answer as it arrived.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn is_proxys_own(&self) -> bool {
        self.header("x-sent-by-proxy") == Some("true")
    }
}

/// One connection to the proxy, kept alive.
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    rest: Vec<u8>,
}

impl Wire {
    /// Headers each end in `\r\n`.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> io::Result<()> {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: proxy\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await
    }

    pub(crate) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> io::Result<Answer> {
        self.send(method, path, headers, body).await?;
        let is_bodiless = method == "HEAD";
        let (status, head) = self.read_head().await?;
        let mut answer = Answer { status, head, body: Vec::new() };
        let length = answer.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        if !is_bodiless {
            answer.body = self.read_body(length).await?;
        }
        Ok(answer)
    }

    pub(crate) async fn read_answer(&mut self) -> io::Result<Answer> {
        let (status, head) = self.read_head().await?;
        let mut answer = Answer { status, head, body: Vec::new() };
        let length = answer.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        answer.body = self.read_body(length).await?;
        Ok(answer)
    }

    pub(crate) async fn read_head(&mut self) -> io::Result<(u16, String)> {
        let head = read_head(&mut self.stream, &mut self.rest).await?;
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        Ok((status, head))
    }

    pub(crate) async fn read_body(&mut self, length: usize) -> io::Result<Vec<u8>> {
        read_body(&mut self.stream, &mut self.rest, length).await
    }
}

async fn more(stream: &mut TcpStream, into: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(into).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// Up to and with the empty line; what came after it stays in `rest`.
pub(crate) async fn read_head(stream: &mut TcpStream, rest: &mut Vec<u8>) -> io::Result<String> {
    loop {
        if let Some(at) = rest.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = rest.split_off(at + 4);
            let head = std::mem::replace(rest, body);
            return Ok(String::from_utf8_lossy(&head).into_owned());
        }
        more(stream, rest).await?;
    }
}

async fn read_body(stream: &mut TcpStream, rest: &mut Vec<u8>, length: usize) -> io::Result<Vec<u8>> {
    while rest.len() < length {
        more(stream, rest).await?;
    }
    let after = rest.split_off(length);
    Ok(std::mem::replace(rest, after))
}

/// A request as the upstream saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Answers every request by a function of it; no answer closes the connection.
pub(crate) struct Scripted {
    pub(crate) origin: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    accepting: JoinHandle<()>,
}

impl Scripted {
    pub(crate) async fn start(answer: fn(&Seen) -> Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, answer, Arc::clone(&log)));
            }
        });
        Self { origin, seen, accepting }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no test panicked").clone()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One whole request; its body may only have a told length.
pub(crate) async fn read_request(stream: &mut TcpStream, rest: &mut Vec<u8>) -> io::Result<Seen> {
    let head = read_head(stream, rest).await?;
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    let body = read_body(stream, rest, length).await?;
    Ok(Seen { head, body: String::from_utf8_lossy(&body).into_owned() })
}

async fn converse(mut stream: TcpStream, answer: fn(&Seen) -> Option<String>, log: Arc<Mutex<Vec<Seen>>>) {
    let mut rest = Vec::new();
    while let Ok(seen) = read_request(&mut stream, &mut rest).await {
        log.lock().expect("no test panicked").push(seen.clone());
        let Some(answer) = answer(&seen) else { return };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// An answer with a length, and with headers that each end in `\r\n`.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}

/// The headers of a bucket of one that is empty for `seconds`.
pub(crate) fn used_up(seconds: u32) -> String {
    format!(
        "Via: 1.1 google\r\nX-RateLimit-Limit: 1\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: \
         1700000000.0\r\nX-RateLimit-Reset-After: {seconds}\r\nX-RateLimit-Bucket: abcd\r\n"
    )
}

/// The headers of a bucket of which all but one is in use elsewhere, for the next 5 minutes.
pub(crate) fn one_left() -> String {
    "Via: 1.1 google\r\nX-RateLimit-Limit: 5\r\nX-RateLimit-Remaining: 1\r\nX-RateLimit-Reset: \
     1700000000.0\r\nX-RateLimit-Reset-After: 300\r\nX-RateLimit-Bucket: abcd\r\n"
        .to_owned()
}

pub(crate) const MESSAGES: &str = "/api/v10/channels/1001234567890123456/messages";
pub(crate) const BOT: &str = "Authorization: Bot token-of-one\r\n";
