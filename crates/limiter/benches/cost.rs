//! What one acquire and settle costs, beside twilight-http-ratelimiting and governor in the same run. It proves nothing about limits.
//!
//! `cargo bench -p journeyman-limiter` prints a table, `… -- --json` one JSON object per line.
//! Each limiter has room for every request, so that nobody waits; routes are visited in a scattered order.
//! The handles read the same raw headers for each request, with one and eight tasks, on a runtime of the current
//! thread and on one of two workers; `ratio` is to ours of the same kind.

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
const TASKS: usize = 8;

/// The cost of one acquire and settle, for one limiter at one number of routes.
struct Measure {
    limiter: &'static str,
    routes: u64,
    ns: f64,
    /// To the limiter of ours that does the same.
    ratio: f64,
}

/// What each is called, and the place of ours that does the same.
const LIMITERS: [(&str, usize); 10] = [
    ("journeyman (machine)", 0),
    ("journeyman (handle)", 1),
    ("twilight-http-ratelimiting 0.18", 1),
    ("journeyman (handle, 8 tasks)", 3),
    ("twilight 0.18 (8 tasks)", 3),
    ("journeyman (2 workers)", 5),
    ("twilight 0.18 (2 workers)", 5),
    ("journeyman (2 workers, 8 tasks)", 7),
    ("twilight 0.18 (2 workers, 8 tasks)", 7),
    ("governor 0.10", 0),
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    // Without `--bench` this runs as a test: it must work, and nobody reads the numbers.
    let (rounds, operations) = if has("--bench") { (ROUNDS, 200_000_u32) } else { (1, 100) };
    let (idle, many) = if has("--bench") { (200_000, 1_000_000) } else { (100, 100) };
    // Before all else: what others have freed would hide what is taken.
    let memory = memory(idle, many);
    let mut text = String::new();
    if !has("--json") {
        line(&mut text, format_args!("{:<34} {:>8} {:>10} {:>8}", "limiter", "routes", "ns/op", "ratio"));
    }
    for routes in ROUTES {
        for Measure { limiter, routes, ns, ratio } in measure(routes, rounds, operations) {
            if has("--json") {
                let object =
                    serde_json::json!({"limiter": limiter, "routes": routes, "ns": ns, "ratio": ratio});
                line(&mut text, format_args!("{object}"));
            } else {
                line(&mut text, format_args!("{limiter:<34} {routes:>8} {ns:>10.0} {ratio:>8.2}"));
            }
        }
    }
    if let Some(memory) = memory {
        line(&mut text, format_args!("{}", memory.line(has("--json"))));
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
    let clock = Clock::real();
    let paths: Vec<String> = (0..routes).map(path).collect();
    let order = Arc::new(scattered(paths.len(), operations));
    let mut core = Core::new(&paths);
    let pairs = [runtime(), workers()].map(|runtime| Pair::new(runtime, &paths, clock));
    let governor = Governor::new(&paths);
    let mut samples = [const { Vec::<f64>::new() }; LIMITERS.len()];
    for round in 0..=rounds {
        let mut spans = vec![time(|| core.run(&order))];
        for pair in &pairs {
            spans.extend([1, TASKS].map(|tasks| pair.run(&order, tasks)).into_iter().flatten());
        }
        spans.push(time(|| governor.run(&order)));
        // The first round makes the routes known.
        if round > 0 || rounds == 1 {
            for (samples, span) in samples.iter_mut().zip(spans) {
                samples.push(span.as_secs_f64() * 1e9 / f64::from(operations));
            }
        }
    }
    let medians = samples.map(|mut samples| median(&mut samples));
    let each = LIMITERS.into_iter().zip(medians);
    each.map(|((limiter, ours), ns)| Measure { limiter, routes, ns, ratio: ns / medians[ours] }).collect()
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

/// Both handles on one runtime.
struct Pair {
    runtime: tokio::runtime::Runtime,
    handle: Arc<Handle>,
    twilight: Arc<Twilight>,
}

impl Pair {
    fn new(runtime: tokio::runtime::Runtime, paths: &[String], clock: Clock) -> Self {
        let handle = Arc::new(Handle::new(paths, clock));
        let twilight = Arc::new(runtime.block_on(async { Twilight::new(paths) }));
        Self { runtime, handle, twilight }
    }

    /// How long ours takes, and the other.
    fn run(&self, order: &Arc<Vec<usize>>, tasks: usize) -> [Duration; 2] {
        let Self { runtime, handle, twilight } = self;
        [
            time(|| spawn_all(runtime, tasks, |task| handle.clone().run(order.clone(), task, tasks))),
            time(|| spawn_all(runtime, tasks, |task| twilight.clone().run(order.clone(), task, tasks))),
        ]
    }
}

struct Handle {
    limiter: Limiter,
    requests: Vec<Request>,
}

impl Handle {
    fn new(paths: &[String], clock: Clock) -> Self {
        let limiter = Limiter::new(Config { global: None, ..Config::default() }, clock);
        Self { limiter, requests: paths.iter().map(Request::get).collect() }
    }

    async fn run(self: Arc<Self>, order: Arc<Vec<usize>>, task: usize, tasks: usize) {
        for place in order.iter().skip(task).step_by(tasks) {
            let permit = self.limiter.acquire(&self.requests[*place]).await;
            let Ok(mut permit) = permit else { panic!("there is room for all") };
            permit.departed();
            permit.answered(&answer());
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

    async fn run(self: Arc<Self>, order: Arc<Vec<usize>>, task: usize, tasks: usize) {
        for place in order.iter().skip(task).step_by(tasks) {
            let endpoint =
                twilight::Endpoint { method: twilight::Method::Get, path: self.paths[*place].clone() };
            let permit = self.limiter.acquire(endpoint).await;
            permit.complete(twilight_headers(&HEADERS));
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

/// What both handles read for each request.
const HEADERS: [(&str, &str); 5] = [
    ("x-ratelimit-limit", "60000"),
    ("x-ratelimit-remaining", "59999"),
    ("x-ratelimit-reset-after", "0.001"),
    ("x-ratelimit-bucket", "b0ca"),
    ("via", "1.1 google"),
];

fn answer() -> Answer {
    Answer::read(200, HEADERS, b"")
}

/// The limiter alone reads no raw headers: this is the least that its HTTP client does for it, none being searched for.
fn twilight_headers(headers: &[(&str, &str)]) -> Option<twilight::RateLimitHeaders> {
    let (mut bucket, mut limit, mut remaining, mut reset_after) = (None, None, None, None);
    for (name, value) in headers {
        match *name {
            twilight::RateLimitHeaders::BUCKET => bucket = Some(value.as_bytes().to_vec()),
            twilight::RateLimitHeaders::LIMIT => limit = value.parse().ok(),
            twilight::RateLimitHeaders::REMAINING => remaining = value.parse().ok(),
            twilight::RateLimitHeaders::RESET_AFTER => reset_after = value.parse().ok(),
            _ => {}
        }
    }
    let reset_at = now() + Duration::from_secs_f64(reset_after?);
    Some(twilight::RateLimitHeaders { bucket: bucket?, limit: limit?, remaining: remaining?, reset_at })
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

/// In tasks of their own, as in a program: the future given to `block_on` wakes more slowly.
fn spawn_all<F: Future<Output = ()> + Send + 'static>(
    runtime: &tokio::runtime::Runtime,
    tasks: usize,
    work: impl Fn(usize) -> F,
) {
    runtime.block_on(async {
        let tasks: Vec<_> = (0..tasks).map(|task| tokio::spawn(work(task))).collect();
        for task in tasks {
            task.await.expect("no panic");
        }
    });
}

/// What the machine's memory is.
struct Memory {
    /// Bytes per route that has a bucket and nothing to do.
    idle: f64,
    /// The most MB that a million resources took, a thousand new ones a second.
    million: f64,
    resources: u64,
}

impl Memory {
    fn line(&self, json: bool) -> String {
        let Self { idle, million, resources } = self;
        if json {
            let object = serde_json::json!({
                "bytes_per_idle_bucket": idle, "resources": resources, "most_mb": million,
            });
            return object.to_string();
        }
        format!(
            "{idle:.0} bytes per idle bucket with its route; {resources} resources, 1,000 new ones a second: at most {million:.1} MB"
        )
    }
}

/// From what the process has in memory before and after; none where that cannot be read.
fn memory(idle: u64, many: u64) -> Option<Memory> {
    let before = resident()?;
    let machine = visit(idle, Duration::from_micros(20), |_| ());
    let bytes = resident()?.saturating_sub(before);
    drop(machine);
    let (before, mut most) = (resident()?, 0);
    let machine = visit(many, Duration::from_millis(1), |number| {
        if number % 10_000 == 0 {
            most = most.max(resident().unwrap_or_default().saturating_sub(before));
        }
    });
    drop(machine);
    let ratio = |of: u64, to: u64| f64::from(u32::try_from(of / to).unwrap_or(u32::MAX));
    Some(Memory { idle: ratio(bytes, idle), million: ratio(most, 100_000) / 10.0, resources: many })
}

/// A machine that has met so many channels, one after the other.
fn visit(channels: u64, pause: Duration, mut each: impl FnMut(u64)) -> Machine {
    let mut machine = Machine::new(Config { global: None, ..Config::default() });
    let (mut now, answer) = (Moment::ORIGIN, answer());
    for number in 0..channels {
        now = now + pause;
        let ticket = machine.enqueue(now, &Request::get(path(number)));
        let output = machine.poll(now);
        assert_eq!(output, Some(Output::Granted(ticket)), "there is room for all");
        machine.departed(now, ticket);
        machine.settle(now, ticket, End::Answered(&answer));
        each(number);
    }
    machine
}

/// Bytes of this process in memory.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1_024)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
}

fn workers() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().expect("a runtime")
}
