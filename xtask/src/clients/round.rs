//! One round: worlds and a proxy are started, three clients run side by side, and what arrived is read. It judges
//! what the proxy promises, and nothing else.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use journeyman_sim as sim;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::install::{Client, Installed};
use super::limits::{CHANNELS, HOT, PER_CHANNEL, REQUESTS, bound, limits};
use crate::findings::Findings;
use crate::proxied::Proxy;

/// What is tried.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) name: &'static str,
    pub(super) way: Way,
    pub(super) tokens: Tokens,
}

impl Round {
    /// Whether its speed is the limits': a short hold makes clients wait by their own rules.
    pub(super) fn is_timed(&self) -> bool {
        matches!(self.way, Way::Proxy { hold: Some(_) })
    }
}

/// How the clients reach the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Each in a world of its own, so that its 429s are known for its own.
    Direct,
    /// All through one proxy to one world.
    Proxy {
        /// The hold in seconds; the proxy's default unless given.
        hold: Option<u32>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tokens {
    OneEach,
    Shared,
}

/// What came of a round.
#[derive(Debug)]
pub(super) struct Scored {
    pub(super) round: &'static Round,
    pub(super) clients: Vec<ClientScore>,
    /// The least possible time.
    pub(super) bound: Duration,
    /// What the world refused, of all clients together; of a direct round, each client has its own.
    pub(super) limited: sim::RateLimited,
    /// Answers that the proxy made itself, by its own count.
    pub(super) made_by_proxy: u64,
}

/// What a client says of itself.
#[derive(Debug)]
pub(super) struct ClientScore {
    pub(super) name: &'static str,
    pub(super) ok: u64,
    pub(super) failed: u64,
    /// 429s that it saw; unknown for a client that repeats them in silence.
    pub(super) got_429: Option<u64>,
    pub(super) seconds: f64,
    pub(super) errors: Vec<String>,
    /// What its own world refused, in a direct round.
    pub(super) limited: Option<sim::RateLimited>,
}

impl Scored {
    /// What share of the least time's rate was reached, by all clients together.
    pub(super) fn goodput(&self) -> f64 {
        let slowest = self.clients.iter().map(|client| client.seconds).fold(0.0, f64::max);
        let ok: u64 = self.clients.iter().map(|client| client.ok).sum();
        share(ok, self.clients.len()) * self.bound.as_secs_f64() / slowest
    }

    pub(super) fn goodput_of(&self, client: &ClientScore) -> f64 {
        share(client.ok, 1) * self.bound.as_secs_f64() / client.seconds
    }
}

fn share(ok: u64, clients: usize) -> f64 {
    let float = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    float(ok) / float(u64::from(REQUESTS) * u64::try_from(clients).unwrap_or(u64::MAX))
}

/// A client or proxy that hangs must not hang the check.
const PATIENCE: Duration = Duration::from_secs(150);

pub(super) fn run(round: &'static Round, installed: &Installed, runtime: &Runtime) -> Result<Scored, String> {
    let serve = || runtime.block_on(serve()).map_err(|why| format!("serve a world: {why}"));
    let worlds = match round.way {
        Way::Direct => installed.clients.iter().map(|_| serve()).collect::<Result<Vec<_>, _>>()?,
        Way::Proxy { .. } => vec![serve()?],
    };
    let proxy = match (round.way, worlds.first()) {
        (Way::Proxy { hold }, Some(world)) => {
            let hold: Vec<String> =
                hold.into_iter().flat_map(|hold| ["--hold".to_owned(), hold.to_string()]).collect();
            Some(Proxy::start(&installed.proxy, &world.ready.rest, &hold)?)
        }
        (Way::Direct | Way::Proxy { .. }, _) => None,
    };
    let mut started = Vec::new();
    for (number, client) in installed.clients.iter().enumerate() {
        let origin = match (&proxy, worlds.get(number)) {
            (Some(proxy), _) => proxy.origin(),
            (None, Some(world)) => &world.ready.rest,
            (None, None) => return Err("each client has a world".to_owned()),
        };
        let token = match round.tokens {
            Tokens::OneEach => format!("token-of-client-{number}"),
            Tokens::Shared => "token-of-all".to_owned(),
        };
        started.push(Started::start(client, origin, &token, round.way)?);
    }
    for client in &mut started {
        client.begin()?;
    }
    let late = Instant::now() + PATIENCE;
    let mut clients = started.into_iter().map(|client| client.finish(late)).collect::<Result<Vec<_>, _>>()?;
    let made_by_proxy =
        proxy.as_ref().map_or(Ok(0), |proxy| proxy.counter("requests_total", "source=\"proxy\""))?;
    let mut limited = sim::RateLimited::default();
    for (number, world) in worlds.into_iter().enumerate() {
        let seen = world.report().rate_limited;
        limited.user += seen.user;
        limited.global += seen.global;
        limited.shared += seen.shared;
        limited.edge += seen.edge;
        if let (Way::Direct, Some(client)) = (round.way, clients.get_mut(number)) {
            client.limited = Some(seen);
            client.got_429 = client.got_429.or(Some(seen.total()));
        }
        runtime.block_on(world.shutdown());
    }
    let sharing = if round.tokens == Tokens::Shared { 3 } else { 1 };
    Ok(Scored { round, clients, bound: bound(sharing), limited, made_by_proxy })
}

async fn serve() -> std::io::Result<sim::Running> {
    let settings =
        sim::Settings { permissive: true, limits: limits(), ..sim::Settings::default().starting_now() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    sim::serve(listener, settings, sim::ScaledClock::starting_now(1.0)).await
}

/// A client's process; it is killed with this.
struct Started {
    name: &'static str,
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Started {
    fn start(client: &Client, origin: &str, token: &str, way: Way) -> Result<Self, String> {
        let failed = |why: &dyn std::fmt::Display| format!("start {}: {why}", client.name);
        let (program, first) = client.command.split_first().ok_or_else(|| failed(&"no program"))?;
        let mut command = Command::new(program);
        command.args(first).arg(origin).args([CHANNELS, PER_CHANNEL, HOT].map(|count| count.to_string()));
        if let Way::Proxy { hold: Some(hold) } = way {
            // A client that gives up before the hold would ask again.
            command.arg((hold + 5).to_string());
        }
        command.env("CLIENT_TOKEN", token).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|why| failed(&why))?;
        let stdout = child.stdout.take().ok_or_else(|| failed(&"no output"))?;
        let mut started = Self { name: client.name, child, stdout: BufReader::new(stdout) };
        let mut line = String::new();
        started.stdout.read_line(&mut line).map_err(|why| failed(&why))?;
        if line.trim() == "ready" { Ok(started) } else { Err(failed(&format!("it says {line:?}"))) }
    }

    fn begin(&mut self) -> Result<(), String> {
        let stdin = self.child.stdin.as_mut().ok_or("no input")?;
        stdin.write_all(b"go\n").map_err(|why| format!("{}: {why}", self.name))
    }

    fn finish(mut self, late: Instant) -> Result<ClientScore, String> {
        let mut ended = false;
        while !ended && Instant::now() < late {
            ended = self.child.try_wait().map_err(|why| format!("{}: {why}", self.name))?.is_some();
            if !ended {
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        if !ended {
            return Err(format!("{} did not end within {PATIENCE:?}", self.name));
        }
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).map_err(|why| format!("{}: {why}", self.name))?;
        let said: Value =
            serde_json::from_str(&said).map_err(|why| format!("{}: {why}: {said:?}", self.name))?;
        let count = |key: &str| said[key].as_u64().unwrap_or_default();
        let errors = said["errors"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Ok(ClientScore {
            name: self.name,
            ok: count("ok"),
            failed: count("failed"),
            got_429: said["got_429"].as_u64(),
            seconds: said["seconds"].as_f64().unwrap_or(f64::INFINITY),
            errors: errors.map(str::to_owned).collect(),
            limited: None,
        })
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the proxy promises: no 429 of the world, and with a long hold hardly an answer of its own.
pub(super) fn judge(scored: &Scored, findings: &mut Findings) {
    let Way::Proxy { hold } = scored.round.way else { return };
    let name = scored.round.name;
    if scored.limited.total() > 0 {
        findings.wrong(format_args!("{name}: the simulator refused {:?}", scored.limited));
    }
    if hold.is_none() {
        return;
    }
    let requests = u64::from(REQUESTS) * u64::try_from(scored.clients.len()).unwrap_or(u64::MAX);
    if scored.made_by_proxy * 100 > requests {
        findings
            .wrong(format_args!("{name}: the proxy answered {} of {requests} itself", scored.made_by_proxy));
    }
    for client in scored.clients.iter().filter(|client| client.failed > 0) {
        findings.wrong(format_args!("{name}: {} failed {}: {:?}", client.name, client.failed, client.errors));
    }
}
