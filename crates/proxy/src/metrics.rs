//! What has happened, counted, as Prometheus text. It holds no name of a client.

mod histogram;
mod page;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use journeyman_limiter::{Answer, Circuit, Class, Method, Reason, Verdict};

use histogram::Histogram;
use page::Page;

/// Seconds that an HTTP request takes, bounded as the conventions for HTTP clients are.
const REQUEST: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Seconds that a request waits for its limits.
const WAIT: [f64; 12] = [0.05, 0.35, 0.7, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0];
/// Parts of a whole.
const RATIO: [f64; 6] = [0.0, 0.1, 0.25, 0.5, 0.75, 1.0];

const METHODS: [Method; 5] = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];
const SOURCES: [&str; 2] = ["upstream", "proxy"];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The counters of one proxy.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// Answers by who gave them and the status's class.
    requests: [[AtomicU64; CLASSES.len()]; SOURCES.len()],
    durations: [Histogram<{ REQUEST.len() }>; METHODS.len()],
    remaining: [Histogram<{ RATIO.len() }>; METHODS.len()],
    connections: AtomicU64,
    hung_up: AtomicU64,
    stalled: AtomicU64,
    rare: Mutex<Rare>,
}

/// What does not happen with every request.
#[derive(Debug, Default)]
struct Rare {
    waits: BTreeMap<Reason, Histogram<{ WAIT.len() }>>,
    refused: BTreeMap<Reason, u64>,
    rate_limited: BTreeMap<&'static str, u64>,
    unexpected: u64,
}

/// What only others know at the moment of rendering.
#[derive(Clone, Debug, Default)]
pub(crate) struct Present {
    pub(crate) waiting: usize,
    pub(crate) in_flight: usize,
    pub(crate) invalid: usize,
    pub(crate) breakers: Vec<(Option<Class>, Circuit)>,
}

impl Default for Metrics {
    fn default() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            requests: std::array::from_fn(|_| std::array::from_fn(|_| zero())),
            durations: std::array::from_fn(|_| Histogram::new(&REQUEST)),
            remaining: std::array::from_fn(|_| Histogram::new(&RATIO)),
            connections: zero(),
            hung_up: zero(),
            stalled: zero(),
            rare: Mutex::default(),
        }
    }
}

impl Metrics {
    /// An answer of the upstream, passed on.
    pub(crate) fn passed_on(&self, status: StatusCode) {
        self.requests[0][class(status)].fetch_add(1, Ordering::Relaxed);
    }

    /// How many answers of the upstream there were.
    pub(crate) fn passed_on_so_far(&self) -> u64 {
        self.requests[0].iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// An answer of the proxy itself.
    pub(crate) fn answered(&self, status: StatusCode) {
        self.requests[1][class(status)].fetch_add(1, Ordering::Relaxed);
    }

    /// What the upstream said of a request's limit, and how long it took for that.
    pub(crate) fn heard(&self, method: Method, took: Duration, answer: &Answer) {
        let Some(at) = METHODS.iter().position(|known| *known == method) else { return };
        self.durations[at].observe(micros(took));
        if let (Some(limit @ 1..), Some(remaining)) = (answer.limit, answer.remaining) {
            self.remaining[at].observe(u64::from(remaining.min(limit)) * 1_000_000 / u64::from(limit));
        }
    }

    /// What a request has waited for before it went.
    pub(crate) fn waited(&self, waits: &[(Reason, Duration)]) {
        if waits.is_empty() {
            return;
        }
        let mut rare = self.rare();
        for (reason, span) in waits {
            rare.waits.entry(*reason).or_insert_with(|| Histogram::new(&WAIT)).observe(micros(*span));
        }
    }

    /// A request that would have waited too long.
    pub(crate) fn refused(&self, reason: Reason) {
        *self.rare().refused.entry(reason).or_default() += 1;
    }

    /// A 429 of the upstream.
    pub(crate) fn limited(&self, verdict: Verdict) {
        let (scope, is_unexpected) = match verdict {
            Verdict::User { .. } => ("user", true),
            Verdict::Global { .. } => ("global", true),
            Verdict::Shared { .. } => ("shared", false),
            Verdict::SubLimit { .. } => ("sub-limit", false),
            Verdict::EdgeBan { .. } | Verdict::EdgeBanStatic => ("edge", false),
        };
        let mut rare = self.rare();
        *rare.rate_limited.entry(scope).or_default() += 1;
        rare.unexpected += u64::from(is_unexpected);
    }

    /// A client that went before it had its answer.
    pub(crate) fn hung_up(&self) {
        self.hung_up.fetch_add(1, Ordering::Relaxed);
    }

    /// A connection that was cut since an answer on it did not go on.
    pub(crate) fn stalled(&self) {
        self.stalled.fetch_add(1, Ordering::Relaxed);
    }

    /// How many connections are open.
    pub(crate) fn connections(&self, open: usize) {
        self.connections.store(open as u64, Ordering::Relaxed);
    }

    /// All of it, in the text format of Prometheus.
    pub(crate) fn render(&self, present: &Present) -> String {
        let mut page = Page::default();
        self.render_requests(&mut page);
        self.render_limits(&mut page, present);
        render_safeguards(&mut page, present);
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        page.gauge("connections_open", "Connections of clients that are open.")
            .sample("", &load(&self.connections));
        page.counter("hung_up_total", "Clients that went before they had an answer.")
            .sample("", &load(&self.hung_up));
        page.counter("stalled_total", "Connections cut since an answer on them did not go on.")
            .sample("", &load(&self.stalled));
        page.gauge("build_info", "Which version this is; always 1.")
            .sample(concat!("version=\"", env!("CARGO_PKG_VERSION"), "\""), &1);
        page.into_text()
    }

    fn render_requests(&self, page: &mut Page) {
        let help = "Answers given, by who made them and the class of the status.";
        let mut family = page.counter("requests_total", help);
        for (source, counts) in SOURCES.iter().zip(&self.requests) {
            for (class, count) in CLASSES.iter().zip(counts) {
                let labels = format!("source=\"{source}\",status_class=\"{class}\"");
                family.sample(&labels, &count.load(Ordering::Relaxed));
            }
        }
        let help = "Seconds from a request's departure to the head of the upstream's answer.";
        let mut family = page.histogram("http_client_request_duration_seconds", help);
        for (method, durations) in METHODS.iter().zip(&self.durations) {
            family.distribution(&format!("method=\"{method}\""), &durations.snapshot());
        }
    }

    fn render_limits(&self, page: &mut Page, present: &Present) {
        let rare = self.rare();
        let by_reason = |reason: &Reason| format!("reason=\"{reason}\"");
        let mut family =
            page.histogram("limiter_wait_seconds", "Seconds that requests have waited, by reason.");
        for (reason, waits) in &rare.waits {
            family.distribution(&by_reason(reason), &waits.snapshot());
        }
        let help = "Requests that would have waited longer than they may, by reason.";
        let mut family = page.counter("limiter_refused_total", help);
        for (reason, count) in &rare.refused {
            family.sample(&by_reason(reason), count);
        }
        page.gauge("limiter_queue_depth", "Requests that wait.").sample("", &present.waiting);
        page.gauge("limiter_in_flight", "Requests that may go or are on their way.")
            .sample("", &present.in_flight);
        let help = "What was left of a request's bucket after it, as part of its limit.";
        let mut family = page.histogram("limiter_bucket_remaining_ratio", help);
        for (method, remaining) in METHODS.iter().zip(&self.remaining) {
            family.distribution(&format!("method=\"{method}\""), &remaining.snapshot());
        }
        let help = "Answers of the upstream with 429, by what they are about.";
        let mut family = page.counter("rate_limited_total", help);
        for (scope, count) in &rare.rate_limited {
            family.sample(&format!("scope=\"{scope}\""), count);
        }
        let help = "Answers of the upstream with 429 about a limit that the proxy keeps: user and global.";
        page.counter("rate_limited_unexpected_total", help).sample("", &rare.unexpected);
    }

    fn rare(&self) -> MutexGuard<'_, Rare> {
        // Counters stay useful whatever happened elsewhere.
        self.rare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn render_safeguards(page: &mut Page, present: &Present) {
    let help = "Answers with 401, 403 or 429 in the guard's window; Discord bans the address at 10,000.";
    page.gauge("guard_invalid_requests", help).sample("", &present.invalid);
    let help = "Circuit breakers by class of routes: 0 closed, 1 half-open, 2 open, 3 until somebody acts.";
    let mut family = page.gauge("breaker_state", help);
    for (class, circuit) in &present.breakers {
        let state = match circuit {
            Circuit::Closed => 0,
            Circuit::HalfOpen => 1,
            Circuit::Open => 2,
            Circuit::Isolated => 3,
        };
        // The edge's stands before all routes.
        let class = class.map_or_else(|| "edge".to_owned(), |class| class.to_string());
        family.sample(&format!("class=\"{class}\""), &state);
    }
}

fn class(status: StatusCode) -> usize {
    usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_proxy_exists_to_avoid_is_unexpected_and_what_nobody_can_foresee_is_not() {
        let metrics = Metrics::default();
        let wait = Duration::from_secs(1);
        for verdict in [
            Verdict::User { wait },
            Verdict::Global { wait },
            Verdict::Shared { wait },
            Verdict::SubLimit { wait },
            Verdict::EdgeBanStatic,
        ] {
            metrics.limited(verdict);
        }
        let page = metrics.render(&Present { waiting: 3, in_flight: 2, ..Present::default() });
        for line in [
            "journeyman_rate_limited_total{scope=\"shared\"} 1",
            "journeyman_rate_limited_unexpected_total 2",
            "journeyman_limiter_queue_depth 3",
            "journeyman_limiter_in_flight 2",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
        }
    }

    #[test]
    fn waits_are_counted_and_summed_by_reason() {
        let metrics = Metrics::default();
        metrics.waited(&[(Reason::Bucket, Duration::from_millis(1_500))]);
        metrics.waited(&[(Reason::Bucket, Duration::from_secs(1)), (Reason::Global, Duration::from_secs(2))]);
        let page = metrics.render(&Present::default());
        for line in [
            "journeyman_limiter_wait_seconds_count{reason=\"bucket\"} 2",
            "journeyman_limiter_wait_seconds_sum{reason=\"bucket\"} 2.5",
            "journeyman_limiter_wait_seconds_bucket{reason=\"bucket\",le=\"1\"} 1",
            "journeyman_limiter_wait_seconds_bucket{reason=\"bucket\",le=\"+Inf\"} 2",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
        }
    }
}
