//! `verify` against a small Discord of the test's own, whose limits are known. It sends nothing to the real one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use journeyman_proxy::{Clock, Config, Hosts, MOST_REQUESTS, Order, Report, Upstream, VerifyError, verify};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Scripted, Seen, answer, read_request};

const CHANNEL: &str = "1001234567890123456";
const SCALE: f64 = 50.0;

/// How the fake counts.
#[derive(Clone, Copy)]
struct Rules {
    /// Whether writing and deleting, which name one bucket, also have one counter.
    is_joint: bool,
    /// After how many requests everything is answered with a 429.
    limited_after: usize,
}

#[derive(Default)]
struct State {
    seen: Vec<String>,
    next: u64,
    messages: Vec<u64>,
    /// Of each counter: when all of it is back, in seconds of the clock, and how much of a fixed one is used.
    used: BTreeMap<String, (f64, u32)>,
}

struct Fake {
    origin: String,
    state: Arc<Mutex<State>>,
}

impl Fake {
    async fn start(clock: Clock, rules: Rules) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, clock, rules, Arc::clone(&shared)));
            }
        });
        Self { origin, state }
    }

    fn seen(&self) -> Vec<String> {
        self.state.lock().expect("no test panicked").seen.clone()
    }

    fn messages(&self) -> usize {
        self.state.lock().expect("no test panicked").messages.len()
    }
}

async fn converse(mut stream: TcpStream, clock: Clock, rules: Rules, state: Arc<Mutex<State>>) {
    let mut rest = Vec::new();
    while let Ok(request) = read_request(&mut stream, &mut rest).await {
        let now = Duration::from_micros(clock.now().as_micros()).as_secs_f64();
        let answer = state.lock().expect("no test panicked").handle(&request, now, rules);
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

impl State {
    fn handle(&mut self, request: &Seen, now: f64, rules: Rules) -> String {
        let mut line = request.head.lines().next().unwrap_or_default().split(' ');
        let (method, path) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
        self.seen.push(format!("{method} {path}"));
        let via = "Via: 1.1 google\r\n";
        if !request.head.contains("authorization: Bot canary") {
            return answer(401, via, r#"{"message":"401: Unauthorized","code":0}"#);
        }
        if self.seen.len() > rules.limited_after {
            let headers = format!("{via}Retry-After: 1\r\nX-RateLimit-Scope: user\r\n");
            return answer(429, &headers, r#"{"message":"x","retry_after":1.0,"global":false}"#);
        }
        let path = path.trim_start_matches("/api/v10");
        if !path.starts_with("/users") && !path.starts_with("/gateway") && !path.contains(CHANNEL) {
            return answer(404, via, r#"{"message":"Unknown Channel","code":10003}"#);
        }
        let is_writing = matches!(method, "POST" | "DELETE") && !path.contains("/reactions");
        let headers = match (is_writing, path.contains("/reactions")) {
            // Sliding: what is used comes back evenly.
            (true, _) => {
                let counter = if rules.is_joint { "write".to_owned() } else { method.to_owned() };
                self.bucket(&counter, "shared-name", 5, 5.0, true, now)
            }
            // Fixed: all at once.
            (_, true) => self.bucket("reactions", "reactions", 10, 10.0, false, now),
            _ if path.starts_with("/gateway") => via.to_owned(),
            _ => self.bucket(&format!("{method} {path}"), "reading", 5, 1.0, true, now),
        };
        let body = self.act(method, path);
        answer(if method == "PUT" || method == "DELETE" { 204 } else { 200 }, &headers, &body)
    }

    fn act(&mut self, method: &str, path: &str) -> String {
        match method {
            "POST" => {
                self.next += 1;
                let id = 2_001_234_567_890_123_000 + self.next;
                self.messages.push(id);
                format!("{{\"id\":\"{id}\"}}")
            }
            "DELETE" if !path.contains("/reactions") => {
                self.messages.retain(|id| !path.ends_with(&id.to_string()));
                String::new()
            }
            "PUT" | "DELETE" => String::new(),
            _ => "{}".to_owned(),
        }
    }

    fn bucket(
        &mut self,
        counter: &str,
        name: &str,
        limit: u32,
        window: f64,
        is_sliding: bool,
        now: f64,
    ) -> String {
        let (end, taken) = self.used.entry(counter.to_owned()).or_default();
        let drip = window / f64::from(limit);
        if *end <= now {
            (*end, *taken) = (if is_sliding { now } else { now + window }, 0);
        }
        *taken += 1;
        if is_sliding {
            *end += drip;
        }
        let left =
            if is_sliding { (window - (*end - now)) / drip } else { f64::from(limit) - f64::from(*taken) };
        // The edge of a whole number is one.
        let left = (0..limit).rev().find(|whole| f64::from(*whole) <= left + 1e-6).unwrap_or(0);
        let full = *end;
        format!(
            "Via: 1.1 google\r\nX-RateLimit-Limit: {limit}\r\nX-RateLimit-Remaining: {left}\r\nX-RateLimit-Reset: {full:.3}\r\n\
             X-RateLimit-Reset-After: {:.3}\r\nX-RateLimit-Bucket: {name}\r\n",
            full - now,
        )
    }
}

async fn run(rules: Rules, channel: &str, token: &str) -> (Result<Report, VerifyError>, Fake) {
    let clock = Clock::scaled(SCALE);
    let fake = Fake::start(clock, rules).await;
    let upstream = Upstream::parse(&fake.origin, Hosts::Known).expect("this machine");
    let config = Config { upstream, ..Config::default() };
    let order = Order { token: token.to_owned(), channel: channel.to_owned() };
    let report = verify(&config, clock, &order, |_| std::future::ready(())).await;
    (report, fake)
}

const TRUTHFUL: Rules = Rules { is_joint: true, limited_after: usize::MAX };

fn json(report: &Report) -> serde_json::Value {
    serde_json::from_str(&report.to_json()).expect("JSON")
}

fn route<'a>(report: &'a serde_json::Value, name: &str) -> &'a serde_json::Value {
    let routes = report["routes"].as_array().expect("routes");
    routes
        .iter()
        .find(|route| route["route"] == name)
        .unwrap_or_else(|| panic!("{name} is not in {report:#}"))
}

#[tokio::test]
async fn it_tells_which_windows_are_fixed_and_which_slide_and_cleans_up() {
    let (report, fake) = run(TRUTHFUL, CHANNEL, "canary").await;
    let report = report.expect("a report");
    let told = json(&report);
    assert_eq!(told["stopped_by"], serde_json::Value::Null, "{told:#}");
    assert!(report.is_complete());
    assert_eq!(told["scope_on_success"], 0);
    let posted = route(&told, "POST /channels/:id/messages");
    assert_eq!((&posted["window"], &posted["buckets"][0]), (&"sliding".into(), &"shared-name".into()));
    let reacted = told["routes"].as_array().expect("routes").iter();
    let reacted = reacted.filter(|route| route["buckets"][0] == "reactions").collect::<Vec<_>>();
    assert!(!reacted.is_empty() && reacted.iter().all(|route| route["window"] != "sliding"), "{told:#}");
    let gateway = route(&told, "GET /gateway/bot");
    assert_eq!((&gateway["window"], &gateway["via"]), (&"not seen".into(), &true.into()));
    assert!(!gateway["headers"].to_string().contains("x-ratelimit"), "{gateway}");
    assert_eq!((report.left_behind(), fake.messages()), (0, 0));
    assert!(fake.seen().len() <= MOST_REQUESTS);
}

#[tokio::test]
async fn it_tells_whether_routes_with_one_bucket_share_a_counter() {
    for (is_joint, counter) in [(true, "joint"), (false, "independent")] {
        let (report, _fake) = run(Rules { is_joint, ..TRUTHFUL }, CHANNEL, "canary").await;
        let told = json(&report.expect("a report"));
        let pairs = told["same_bucket"].as_array().expect("pairs");
        let pair = pairs.iter().find(|pair| pair["routes"].to_string().contains("POST")).expect("one");
        assert_eq!(pair["counter"], counter, "{told:#}");
    }
}

#[tokio::test]
async fn it_stops_at_the_first_429_and_the_report_says_where() {
    let (report, fake) = run(Rules { limited_after: 14, ..TRUTHFUL }, CHANNEL, "canary").await;
    let report = report.expect("a report");
    let told = json(&report);
    assert!(report.is_stopped());
    assert_eq!((&told["stopped_by"]["what"], &told["stopped_by"]["kind"]), (&"429".into(), &"user".into()));
    // What it had written it still tries to delete, once.
    let after: Vec<String> = fake.seen().split_off(15);
    assert!(after.iter().all(|asked| asked.starts_with("DELETE")), "{after:?}");
    assert_eq!(report.left_behind(), fake.messages());
    assert!(report.left_behind() > 0 && after.len() == report.left_behind());
}

#[tokio::test]
async fn a_run_that_gets_no_answer_ends_and_is_not_taken_for_a_whole_one() {
    let upstream = Scripted::start(|seen| {
        let is_knock = seen.head.starts_with(&format!("GET /api/v10/channels/{CHANNEL} "));
        is_knock.then(|| answer(200, "Via: 1.1 google\r\n", "{}"))
    })
    .await;
    let parsed = Upstream::parse(&upstream.origin, Hosts::Known).expect("this machine");
    let config = Config { upstream: parsed, ..Config::default() };
    let order = Order { token: "canary".to_owned(), channel: CHANNEL.to_owned() };
    let report = verify(&config, Clock::scaled(SCALE), &order, |_| std::future::ready(())).await;
    let report = report.expect("a report");
    assert_eq!(json(&report)["stopped_by"]["what"], "no answer");
    assert!(!report.is_complete() && !report.is_stopped());
    assert_eq!(upstream.seen().len(), 2);
}

#[tokio::test]
async fn the_report_holds_no_token_no_id_and_no_text() {
    let (report, fake) = run(TRUTHFUL, CHANNEL, "canary").await;
    let text = report.expect("a report").to_json();
    assert!(fake.seen().iter().any(|asked| asked.contains(CHANNEL)), "nothing was asked");
    for secret in ["canary", CHANNEL, "2001234567890123", "deleted soon"] {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }
}

#[tokio::test]
async fn without_access_it_asks_once_and_says_what_to_do() {
    for (channel, token, word, requests) in [
        (CHANNEL, "wrong", "JOURNEYMAN_BOT_TOKEN", 1),
        ("1001234567890000000", "canary", "invite the bot", 1),
        ("general", "canary", "developer mode", 0),
    ] {
        let (report, fake) = run(TRUTHFUL, channel, token).await;
        let told = report.expect_err("no report").to_string();
        assert!(told.contains(word) && !told.contains("canary"), "{told}");
        assert_eq!(fake.seen().len(), requests, "{told}");
    }
}
