//! A served world, met by a raw socket.
//!
//! Outcomes and counts only: no time of a real run is asserted.

use std::io;

use journeyman_sim::{
    Era, FaultKind, FaultRule, Pictures, Running, ScaledClock, Settings, picture_owner, serve,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::imagine;

/// Fast enough that a job is over in a moment.
const SCALE: f64 = 400.0;

async fn served(settings: Settings) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    serve(listener, settings, ScaledClock::starting_now(SCALE)).await.expect("a world")
}

fn tiny() -> Settings {
    Settings {
        pictures: Pictures::Tiny,
        limits: journeyman_sim::Limits::none(),
        ..Settings::for_era(Era::E2023)
    }
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// One connection that is kept alive.
struct Wire {
    stream: TcpStream,
    token: String,
}

impl Wire {
    async fn open(running: &Running) -> Self {
        let address = running.ready.rest.trim_start_matches("http://");
        Self {
            stream: TcpStream::connect(address).await.expect("a connection"),
            token: running.ready.token.clone(),
        }
    }

    async fn ask(&mut self, method: &str, path: &str, body: &Value) -> io::Result<Answer> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\nContent-Type: \
             application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.read_answer().await
    }

    async fn read_answer(&mut self) -> io::Result<Answer> {
        let mut bytes = Vec::new();
        let split = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if self.stream.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let head = String::from_utf8_lossy(&bytes[..split]).to_lowercase();
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        let mut body = bytes.split_off(split);
        while body.len() < length {
            if self.stream.read_buf(&mut body).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        Ok(Answer { status, head, body })
    }

    async fn messages(&mut self, running: &Running) -> Vec<Value> {
        let path = format!("/api/v10/channels/{}/messages", running.ready.channel_id);
        let page = self.ask("GET", &path, &Value::Null).await.expect("an answer").json();
        page.as_array().expect("a page").clone()
    }

    async fn imagine(&mut self, running: &Running, prompt: &str) -> io::Result<Answer> {
        let path = format!("/api/v9/guilds/{}/application-command-index", running.ready.guild_id);
        let index = self.ask("GET", &path, &Value::Null).await?.json();
        let commands = index["application_commands"].as_array().expect("commands");
        let command = commands.iter().find(|command| command["name"] == "imagine").expect("imagine");
        let version = command["version"].as_str().expect("a version");
        let body = imagine(&running.ready, version, prompt, 1_400_000_000_000_000_001);
        self.ask("POST", "/api/v10/interactions", &body).await
    }

    /// Looks until the final message is there.
    async fn finished(&mut self, running: &Running) -> Value {
        loop {
            let page = self.messages(running).await;
            if let Some(message) = page.iter().find(|message| {
                !message["attachments"][0]["width"].is_null()
                    && message["content"].as_str().is_some_and(|content| content.ends_with("> (fast)"))
            }) {
                return message.clone();
            }
        }
    }
}

#[tokio::test]
async fn a_prompt_becomes_a_picture_over_a_real_socket() {
    let running = served(tiny()).await;
    let mut wire = Wire::open(&running).await;
    let accepted = wire.imagine(&running, "a lighthouse at dawn --ar 3:2").await.expect("an answer");
    assert_eq!(accepted.status, 204);
    assert!(accepted.head.contains("via: 1.1 google"), "{}", accepted.head);
    let message = wire.finished(&running).await;
    let attachment = &message["attachments"][0];
    let url = attachment["url"].as_str().expect("a link");
    let path = url.strip_prefix(&running.ready.rest).expect("a link to this world");
    let picture = wire.ask("GET", path, &Value::Null).await.expect("a picture");
    assert_eq!(picture.status, 200);
    assert!(picture.head.contains("content-type: image/png"));
    assert_eq!(attachment["size"], picture.body.len());
    let owner = picture_owner(&picture.body).expect("an owner");
    assert_eq!(owner.prompt, "a lighthouse at dawn --ar 3:2 --v 5.1");

    let report = wire.ask("GET", "/control/report", &Value::Null).await.expect("a report").json();
    assert_eq!(report["jobs"][0]["job_ids"], json!([owner.job_id]));
    assert_eq!(report["jobs"][0]["state"], "finished");
    assert_eq!(report["jobs"][0]["executions"], 1);
    running.shutdown().await;
}

/// The world after its first interaction met a fault, and the same connection's answer to it.
async fn struck(kind: FaultKind) -> (io::Result<Answer>, Running, Wire) {
    let running =
        served(Settings { faults: vec![FaultRule::once(kind, "POST", "/interactions")], ..tiny() }).await;
    let mut wire = Wire::open(&running).await;
    let answer = wire.imagine(&running, "a cat").await;
    (answer, running, wire)
}

fn kind_of(answer: io::Result<Answer>) -> Result<u16, io::ErrorKind> {
    answer.map(|answer| answer.status).map_err(|error| error.kind())
}

#[tokio::test]
async fn a_lost_answer_closes_the_connection_after_executing() {
    let (answer, running, _wire) = struck(FaultKind::LoseAnswer).await;
    assert_eq!(kind_of(answer), Err(io::ErrorKind::UnexpectedEof));
    assert_eq!(running.report().interactions, 1);
}

#[tokio::test]
async fn a_reset_before_executing_is_a_reset() {
    let (answer, running, _wire) = struck(FaultKind::ResetBefore).await;
    assert_eq!(kind_of(answer), Err(io::ErrorKind::ConnectionReset));
    assert_eq!(running.report().interactions, 0);
    assert_eq!(running.report().requests["POST"]["/interactions"]["none"], 1);
}

#[tokio::test]
async fn a_reset_after_executing_is_a_reset() {
    let (answer, running, _wire) = struck(FaultKind::ResetAfter).await;
    assert_eq!(kind_of(answer), Err(io::ErrorKind::ConnectionReset));
    assert_eq!(running.report().interactions, 1);
}

#[tokio::test]
async fn a_reused_connection_is_reset_and_a_fresh_one_is_not() {
    // The connection has carried the command index before.
    let (answer, running, _wire) = struck(FaultKind::ResetReused).await;
    assert_eq!(kind_of(answer), Err(io::ErrorKind::ConnectionReset));
    let mut fresh = Wire::open(&running).await;
    assert_eq!(fresh.imagine(&running, "a cat").await.expect("an answer").status, 204);
    assert_eq!(running.report().interactions, 1);
}

#[tokio::test]
async fn an_idle_connection_is_reset_after_its_answer() {
    let (answer, running, mut wire) = struck(FaultKind::ResetIdle).await;
    assert_eq!(kind_of(answer), Ok(204));
    let error = wire.stream.read_u8().await.expect_err("no more bytes");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(running.report().interactions, 1);
}

#[tokio::test]
async fn a_late_answer_still_arrives() {
    let (answer, running, _wire) = struck(FaultKind::Latency).await;
    assert_eq!(kind_of(answer), Ok(204));
    assert_eq!(running.report().faults["latency"], 1);
}

#[tokio::test]
async fn what_is_too_large_for_discord_is_refused() {
    let running = served(tiny()).await;
    let mut wire = Wire::open(&running).await;
    let path = format!("/api/v10/channels/{}/messages", running.ready.channel_id);
    let body = json!({ "content": "x".repeat(25 * 1024 * 1024) });
    let answer = wire.ask("POST", &path, &body).await.expect("an answer");
    assert_eq!((answer.status, answer.json()["code"].as_u64()), (413, Some(40005)));
}

#[tokio::test]
async fn a_shut_down_world_answers_no_more() {
    // Another test could be given its port afterwards: Linux has more addresses than one.
    let own = if cfg!(target_os = "linux") { "127.84.0.2:0" } else { "127.0.0.1:0" };
    let listener = TcpListener::bind(own).await.expect("a port");
    let running = serve(listener, tiny(), ScaledClock::starting_now(SCALE)).await.expect("a world");
    let mut wire = Wire::open(&running).await;
    assert_eq!(wire.ask("GET", "/api/v10/users/@me", &Value::Null).await.expect("an answer").status, 200);
    let address = running.ready.rest.trim_start_matches("http://").to_owned();
    running.shutdown().await;
    assert!(wire.ask("GET", "/api/v10/users/@me", &Value::Null).await.is_err());
    assert!(TcpStream::connect(address).await.is_err());
}
