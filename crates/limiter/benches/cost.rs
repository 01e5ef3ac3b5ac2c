//! What one acquire and settle costs, beside twilight-http-ratelimiting and governor in the same run. It proves nothing about limits.
//!
//! `cargo bench -p journeyman-limiter` prints a table, `… -- --json` one JSON object per line.
//! Each limiter has room for every request, so that nobody waits; routes are visited in a scattered order.

use std::fmt::Write as _;
use std::io::Write as _;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use governor::{Quota, RateLimiter};
use journeyman_limiter::{Answer, Clock, Config, End, Limiter, Machine, Moment, Output, Request};
use twilight_http_ratelimiting as twilight;

const ROUTES: [u64; 3] = [1, 1_000, 100_000];
const ROUNDS: usize = 5;

/// The cost of one acquire and settle, for one limiter at one number of routes.
struct Measure {
    limiter: &'static str,
    routes: u64,
    ns: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    // Without `--bench` this runs as a test: it must work, and nobody reads the numbers.
    let (rounds, operations) = if has("--bench") { (ROUNDS, 200_000_u32) } else { (1, 100) };
    let mut text = String::new();
    if !has("--json") {
        line(&mut text, format_args!("{:<32} {:>8} {:>10} {:>8}", "limiter", "routes", "ns/op", "ratio"));
    }
    for routes in ROUTES {
        let measures = measure(routes, rounds, operations);
        let ours = measures.first().map_or(1.0, |measure| measure.ns);
        for Measure { limiter, routes, ns } in measures {
            let ratio = ns / ours;
            if has("--json") {
                let object =
                    serde_json::json!({"limiter": limiter, "routes": routes, "ns": ns, "ratio": ratio});
                line(&mut text, format_args!("{object}"));
            } else {
                line(&mut text, format_args!("{limiter:<32} {routes:>8} {ns:>10.0} {ratio:>8.2}"));
            }
        }
    }
    // A reader that has gone away is no failure of the measurement.
    let _gone = std::io::stdout().write_all(text.as_bytes());
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _never = writeln!(text, "{arguments}");
}

/// All limiters take turns in each round, so that a slow moment of the machine meets all.
fn measure(routes: u64, rounds: usize, operations: u32) -> Vec<Measure> {
    let (clock, runtime) = (Clock::real(), runtime());
    let paths: Vec<String> = (0..routes).map(path).collect();
    let order = Arc::new(scattered(paths.len(), operations));
    let mut core = Core::new(&paths);
    let handle = Arc::new(Handle::new(&paths, clock));
    let twilight = Arc::new(runtime.block_on(async { Twilight::new(&paths) }));
    let governor = Governor::new(&paths);
    let names =
        ["journeyman (machine)", "journeyman (handle)", "twilight-http-ratelimiting 0.18", "governor 0.10"];
    let mut samples = [const { Vec::<f64>::new() }; 4];
    for round in 0..=rounds {
        let spans = [
            time(|| core.run(&order)),
            time(|| spawn(&runtime, handle.clone().run(order.clone()))),
            time(|| spawn(&runtime, twilight.clone().run(order.clone()))),
            time(|| governor.run(&order)),
        ];
        // The first round makes the routes known.
        if round > 0 || rounds == 1 {
            for (samples, span) in samples.iter_mut().zip(spans) {
                samples.push(span.as_secs_f64() * 1e9 / f64::from(operations));
            }
        }
    }
    names
        .into_iter()
        .zip(&mut samples)
        .map(|(limiter, samples)| Measure { limiter, routes, ns: median(samples) })
        .collect()
}

struct Core {
    machine: Machine,
    requests: Vec<Request>,
    answer: Answer,
    now: Moment,
}

impl Core {
    fn new(paths: &[String]) -> Self {
        let machine = Machine::new(Config { global: None, ..Config::default() });
        let requests = paths.iter().map(Request::get).collect();
        Self { machine, requests, answer: answer(), now: Moment::ORIGIN }
    }

    fn run(&mut self, order: &[usize]) {
        for place in order {
            self.now = self.now + Duration::from_micros(20);
            let ticket = self.machine.enqueue(self.now, &self.requests[*place]);
            let output = self.machine.poll(self.now);
            assert_eq!(output, Some(Output::Granted(ticket)), "there is room for all");
            self.machine.departed(self.now, ticket);
            self.machine.settle(self.now, ticket, End::Answered(&self.answer));
        }
    }
}

struct Handle {
    limiter: Limiter,
    requests: Vec<Request>,
    answer: Answer,
}

impl Handle {
    fn new(paths: &[String], clock: Clock) -> Self {
        let limiter = Limiter::new(Config { global: None, ..Config::default() }, clock);
        Self { limiter, requests: paths.iter().map(Request::get).collect(), answer: answer() }
    }

    async fn run(self: Arc<Self>, order: Arc<Vec<usize>>) {
        for place in order.iter() {
            let permit = self.limiter.acquire(&self.requests[*place]).await;
            let Ok(mut permit) = permit else { panic!("there is room for all") };
            permit.departed();
            permit.answered(&self.answer);
        }
    }
}

struct Twilight {
    limiter: twilight::RateLimiter,
    paths: Vec<String>,
}

impl Twilight {
    fn new(paths: &[String]) -> Self {
        // Its global limit is at most 65,535 per second, which would be waited for; webhooks are exempt from it.
        let paths = paths.iter().map(|path| path.replace("/channels", "webhooks")).collect();
        Self { limiter: twilight::RateLimiter::new(u16::MAX), paths }
    }

    async fn run(self: Arc<Self>, order: Arc<Vec<usize>>) {
        for place in order.iter() {
            let endpoint =
                twilight::Endpoint { method: twilight::Method::Get, path: self.paths[*place].clone() };
            let permit = self.limiter.acquire(endpoint).await;
            let reset_at = now() + Duration::from_secs(1);
            let headers = twilight::RateLimitHeaders {
                bucket: b"b0ca".to_vec(),
                limit: 60_000,
                remaining: 59_999,
                reset_at,
            };
            permit.complete(Some(headers));
        }
    }
}

/// It has no feedback from answers and no waiting line: the cost of counting alone.
struct Governor {
    limiter: governor::DefaultKeyedRateLimiter<String>,
    paths: Vec<String>,
}

impl Governor {
    fn new(paths: &[String]) -> Self {
        let most = NonZeroU32::MAX;
        Self { limiter: RateLimiter::keyed(Quota::per_second(most)), paths: paths.to_vec() }
    }

    fn run(&self, order: &[usize]) {
        for place in order {
            assert!(self.limiter.check_key(&self.paths[*place]).is_ok(), "there is room for all");
        }
    }
}

fn answer() -> Answer {
    let headers = [
        ("x-ratelimit-limit", "60000"),
        ("x-ratelimit-remaining", "59999"),
        ("x-ratelimit-reset-after", "0.001"),
        ("x-ratelimit-bucket", "b0ca"),
        ("via", "1.1 google"),
    ];
    Answer::read(200, headers, b"")
}

fn path(number: u64) -> String {
    format!("/channels/{}/messages", 100_000_000_000_000_000 + number)
}

fn scattered(routes: usize, operations: u32) -> Vec<usize> {
    let mut rng = fastrand::Rng::with_seed(1);
    (0..operations).map(|_| rng.usize(0..routes)).collect()
}

fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}

fn time(what: impl FnOnce()) -> Duration {
    let begun = now();
    what();
    now().duration_since(begun)
}

#[expect(clippy::disallowed_methods, reason = "a measurement needs the real clock")]
fn now() -> Instant {
    Instant::now()
}

/// In a task of its own, as in a program: the future given to `block_on` wakes more slowly.
fn spawn(runtime: &tokio::runtime::Runtime, work: impl Future<Output = ()> + Send + 'static) {
    runtime.block_on(async { tokio::spawn(work).await.expect("no panic") });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
}
