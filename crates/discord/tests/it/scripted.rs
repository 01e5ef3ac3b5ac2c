//! A server that does what it is told, request by request, down to the socket. It knows nothing of HTTP but its frame.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use journeyman_discord::ApiBase;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What to do with one request, after it was read to its last byte.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Answer it and keep the connection.
    Answer(String),
    /// Answer it, and reset the idle connection when [`Server::reset_idle`] says so.
    AnswerThenReset(String),
    /// Send this and close: half an answer.
    Break(String),
    /// Close the connection without a word.
    Lose,
    /// Reset the connection.
    Reset,
    /// Keep the connection and say nothing.
    Hang,
}

/// An answer with `Via`, as everything from behind Discord's edge has it.
pub(crate) fn answer(status: u16, body: &str) -> String {
    answer_with(status, "", body)
}

/// The same with more headers, each ending in `\r\n`.
pub(crate) fn answer_with(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nVia: 1.1 google\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Which connection it came on, counted from 0.
    pub(crate) connection: usize,
    /// `POST /api/v9/interactions HTTP/1.1`.
    pub(crate) line: String,
    /// Line and headers, in lower case except for their values.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: String,
}

/// The server; it ends when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

struct State {
    steps: Mutex<std::vec::IntoIter<Step>>,
    seen: Mutex<Vec<Seen>>,
    idle: Notify,
    reset: Notify,
}

impl Server {
    /// Serves these steps in the order in which requests arrive; a request beyond them is answered 418.
    pub(crate) async fn start(steps: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let steps = steps.into_iter().collect::<Vec<_>>().into_iter();
        let state = Arc::new(State {
            steps: Mutex::new(steps),
            seen: Mutex::default(),
            idle: Notify::new(),
            reset: Notify::new(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { address, state, accepting }
    }

    pub(crate) fn api_base(&self) -> ApiBase {
        self.origin().parse().unwrap()
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Resets the connection that was told to be, and returns when that is done.
    pub(crate) async fn reset_idle(&self) {
        self.state.idle.notify_one();
        self.state.reset.notified().await;
    }

    /// All requests that arrived, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// The request lines that arrived, without the version.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line.replace(" HTTP/1.1", "")).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The API base of a port on which nobody listens.
pub(crate) async fn nobody() -> ApiBase {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap()).parse().unwrap()
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    // Owned here, so that all connections end with the server.
    let mut serving = tokio::task::JoinSet::new();
    for connection in 0.. {
        let Ok((stream, _)) = listener.accept().await else { return };
        serving.spawn(serve(stream, connection, Arc::clone(&state)));
    }
}

/// Ends with an error when the client goes away, which is no failure.
async fn serve(mut stream: TcpStream, connection: usize, state: Arc<State>) -> io::Result<()> {
    loop {
        let seen = read(&mut stream, connection).await?;
        let step = {
            let step = state.steps.lock().unwrap().next();
            state.seen.lock().unwrap().push(seen);
            step.unwrap_or_else(|| Step::Answer(answer(418, "the script is over")))
        };
        match step {
            Step::Answer(text) => stream.write_all(text.as_bytes()).await?,
            Step::Break(text) => return stream.write_all(text.as_bytes()).await,
            Step::Lose => return Ok(()),
            Step::Reset => return stream.set_zero_linger(),
            Step::Hang => std::future::pending().await,
            Step::AnswerThenReset(text) => {
                stream.write_all(text.as_bytes()).await?;
                // A reset takes an answer along that was not read yet, so it waits for the word.
                state.idle.notified().await;
                stream.set_zero_linger()?;
                drop(stream);
                state.reset.notify_one();
                return Ok(());
            }
        }
    }
}

async fn read(stream: &mut TcpStream, connection: usize) -> io::Result<Seen> {
    let mut bytes = Vec::new();
    loop {
        // What is no text is no HTTP, such as the greeting of TLS; the connection ends.
        let text = std::str::from_utf8(&bytes).map_err(|_| io::ErrorKind::InvalidData)?;
        if let Some(seen) = whole(text, connection) {
            return Ok(seen);
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn whole(text: &str, connection: usize) -> Option<Seen> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let line = head.lines().next()?.to_owned();
    let head: String = head.lines().map(|line| lower_name(line) + "\n").collect();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    (body.len() >= length).then(|| Seen { connection, line, head, body: body.to_owned() })
}

fn lower_name(line: &str) -> String {
    match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}", name.to_lowercase()),
        None => line.to_owned(),
    }
}
