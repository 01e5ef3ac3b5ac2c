//! Many connections, large bodies and storms: what they leave behind. It measures no time.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::harness::{BOT, MESSAGES, Scripted, Served, answer, read_head};
use crate::process::Running;

const IDLE: u64 = 10_000;
/// What the test needs besides: other tests run in the same process.
const SPARE: u64 = 1_000;

fn ask(stream: &mut TcpStream, path: &str) -> String {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").expect("sent");
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&answer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let read = stream.read(&mut buffer).expect("an answer");
        assert!(read > 0, "it ended early: {text}");
        answer.extend_from_slice(&buffer[..read]);
    }
}

/// How many connections this process may open, which it raises as far as it can.
#[cfg(unix)]
fn connections() -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
    let most = getrlimit(Resource::Nofile).current.map_or(IDLE, |most| most.saturating_sub(SPARE).min(IDLE));
    if most < IDLE {
        // Past the harness, which would hide it: a smaller test must be seen to be one.
        let note = format!("note: only {most} idle connections instead of {IDLE}: raise `ulimit -n`\n");
        std::io::stderr().write_all(note.as_bytes()).expect("told");
    }
    most
}

#[cfg(unix)]
#[test]
fn ten_thousand_idle_connections_are_kept_and_leave_nothing_behind() {
    let most = connections();
    let running = Running::start(&["--upstream", "http://127.0.0.1:1"]);
    let mut one_more = TcpStream::connect(running.address).expect("a connection");
    let mut idle = Vec::new();
    for number in 1..=most {
        idle.push(TcpStream::connect(running.address).expect("a connection"));
        // No faster than they are accepted: what the system queues beyond its bound it makes wait for seconds.
        if number % 100 == 0 {
            until_open(&mut one_more, number + 1);
        }
    }
    until_open(&mut one_more, most + 1);
    // They are served, not only accepted.
    for stream in idle.iter_mut().step_by(100) {
        assert!(ask(stream, "/healthz").starts_with("HTTP/1.1 200"));
    }
    drop(idle);
    until_open(&mut one_more, 1);
}

/// Looks until so many connections are open; gives up after so many looks that it never will.
fn until_open(stream: &mut TcpStream, count: u64) {
    let line = format!("journeyman_connections_open {count}\n");
    let found = (0..20_000).any(|_| ask(stream, "/metrics").contains(&line));
    assert!(found, "there were never {count} open connections");
}

/// The most memory that the process has had, in units of 1024 bytes.
#[cfg(target_os = "linux")]
fn peak_kib(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_of_100_mb_passes_in_constant_memory() {
    const LENGTH: usize = 100 * 1024 * 1024;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let running = Running::start(&["--upstream", &format!("http://{}", listener.local_addr().expect("one"))]);
    let address = running.address;
    let mut first = TcpStream::connect(address).expect("a connection");
    assert!(ask(&mut first, "/healthz").starts_with("HTTP/1.1 200"));
    let before = peak_kib(running.id());

    let client = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        let head = format!("POST {MESSAGES} HTTP/1.1\r\nHost: x\r\nContent-Length: {LENGTH}\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("sent");
        let block = vec![b'x'; 1024 * 1024];
        for _ in 0..LENGTH / block.len() {
            stream.write_all(&block).expect("sent");
        }
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer).into_owned()
    });
    let (mut upstream, _) = listener.accept().await.expect("the request comes");
    let mut rest = Vec::new();
    read_head(&mut upstream, &mut rest).await.expect("a head");
    let mut have = rest.len();
    let mut buffer = vec![0; 64 * 1024];
    while have < LENGTH {
        let read = upstream.read(&mut buffer).await.expect("bytes");
        assert!(read > 0, "it ended after {have} bytes");
        have += read;
    }
    tokio::io::AsyncWriteExt::write_all(&mut upstream, answer(200, "", "").as_bytes())
        .await
        .expect("answered");
    assert_eq!(client.await.expect("it ends"), "HTTP/1.1 200");
    let grown = peak_kib(running.id()).saturating_sub(before);
    assert!(grown < 16 * 1024, "{grown} KiB more than before the upload of {} KiB", LENGTH / 1024);
}

#[tokio::test]
async fn a_storm_of_502_passes_through_and_leaves_nothing_behind() {
    let upstream =
        Scripted::start(|_| Some(answer(502, "Content-Type: text/html\r\n", "<html>bad gateway</html>")))
            .await;
    let served =
        std::sync::Arc::new(Served::start(&upstream.origin, |config| config.limits.global = None).await);
    let mut clients = JoinSet::new();
    for client in 0..50_u64 {
        let served = std::sync::Arc::clone(&served);
        clients.spawn(async move {
            let mut wire = served.wire().await;
            for number in 0..20 {
                // A route of its own for each request, so that none waits for another's limit.
                let path = format!(
                    "/api/v10/channels/{}/messages",
                    1_001_234_567_890_000_000 + client * 100 + number
                );
                let answer = wire.ask("GET", &path, BOT, "").await.expect("an answer");
                if answer.is_proxys_own() {
                    assert!(answer.status >= 429, "{answer:?}");
                    assert!(answer.json()["message"].is_string(), "{answer:?}");
                } else {
                    assert_eq!((answer.status, answer.text().as_str()), (502, "<html>bad gateway</html>"));
                }
            }
        });
    }
    clients.join_all().await;
    assert!(!upstream.seen().is_empty());
    assert_eq!(served.metric("journeyman_limiter_in_flight").await, 0);
    assert_eq!(served.metric("journeyman_limiter_queue_depth").await, 0);
    assert_eq!(served.ask("GET", "/healthz", "", "").await.status, 200);
}
