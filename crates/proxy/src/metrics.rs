//! What has happened, counted, as Prometheus text. It holds no name of a client.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use journeyman_limiter::{Reason, Verdict};

/// The counters of one proxy.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Answers by who gave them and the status's class.
    requests: BTreeMap<(&'static str, &'static str), u64>,
    /// How often, and how long in all.
    waits: BTreeMap<Reason, (u64, Duration)>,
    refused: BTreeMap<Reason, u64>,
    rate_limited: BTreeMap<&'static str, u64>,
    unexpected: u64,
    hung_up: u64,
    stalled: u64,
}

impl Metrics {
    /// An answer of the upstream, passed on.
    pub(crate) fn passed_on(&self, status: StatusCode) {
        self.count_answer("upstream", status);
    }

    /// An answer of the proxy itself.
    pub(crate) fn answered(&self, status: StatusCode) {
        self.count_answer("proxy", status);
    }

    /// What a request has waited for before it went.
    pub(crate) fn waited(&self, waits: &[(Reason, Duration)]) {
        if waits.is_empty() {
            return;
        }
        let mut counts = self.counts();
        for (reason, span) in waits {
            let (count, total) = counts.waits.entry(*reason).or_default();
            *count += 1;
            *total = total.saturating_add(*span);
        }
    }

    /// A request that would have waited too long.
    pub(crate) fn refused(&self, reason: Reason) {
        *self.counts().refused.entry(reason).or_default() += 1;
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
        let mut counts = self.counts();
        *counts.rate_limited.entry(scope).or_default() += 1;
        counts.unexpected += u64::from(is_unexpected);
    }

    /// A client that went before it had its answer.
    pub(crate) fn hung_up(&self) {
        self.counts().hung_up += 1;
    }

    /// A connection that was cut since an answer on it did not go on.
    pub(crate) fn stalled(&self) {
        self.counts().stalled += 1;
    }

    /// All of it, in the text format of Prometheus.
    pub(crate) fn render(&self, waiting: usize, in_flight: usize) -> String {
        let counts = self.counts();
        let mut page = Page::default();
        page.family(
            "requests_total",
            "counter",
            "Answers given, by who made them and the class of the status.",
        );
        for ((source, class), count) in &counts.requests {
            page.line("requests_total", &format!("source=\"{source}\",class=\"{class}\""), count);
        }
        page.family("waits_total", "counter", "Requests that have waited before they went, by reason.");
        for (reason, (count, _)) in &counts.waits {
            page.line("waits_total", &format!("reason=\"{reason}\""), count);
        }
        page.family(
            "wait_seconds_total",
            "counter",
            "Seconds that requests have waited before they went, by reason.",
        );
        for (reason, (_, total)) in &counts.waits {
            page.line("wait_seconds_total", &format!("reason=\"{reason}\""), &total.as_secs_f64());
        }
        page.family(
            "refused_total",
            "counter",
            "Requests that would have waited longer than they may, by reason.",
        );
        for (reason, count) in &counts.refused {
            page.line("refused_total", &format!("reason=\"{reason}\""), count);
        }
        page.family(
            "rate_limited_total",
            "counter",
            "Answers of the upstream with 429, by what they are about.",
        );
        for (scope, count) in &counts.rate_limited {
            page.line("rate_limited_total", &format!("scope=\"{scope}\""), count);
        }
        page.family(
            "unexpected_rate_limited_total",
            "counter",
            "Answers of the upstream with 429 about a limit that the proxy keeps: user and global.",
        );
        page.line("unexpected_rate_limited_total", "", &counts.unexpected);
        page.family("hung_up_total", "counter", "Clients that went before they had an answer.");
        page.line("hung_up_total", "", &counts.hung_up);
        page.family("stalled_total", "counter", "Connections cut since an answer on them did not go on.");
        page.line("stalled_total", "", &counts.stalled);
        page.family("queue_depth", "gauge", "Requests that wait now.");
        page.line("queue_depth", "", &waiting);
        page.family("in_flight", "gauge", "Requests that may go or are on their way now.");
        page.line("in_flight", "", &in_flight);
        page.0
    }

    fn count_answer(&self, source: &'static str, status: StatusCode) {
        *self.counts().requests.entry((source, class(status))).or_default() += 1;
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // Counters stay useful whatever happened elsewhere.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ =
            writeln!(self.0, "# HELP journeyman_proxy_{name} {help}\n# TYPE journeyman_proxy_{name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: &dyn std::fmt::Display) {
        let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(self.0, "journeyman_proxy_{name}{labels} {value}");
    }
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
        let page = metrics.render(3, 2);
        for line in [
            "journeyman_proxy_rate_limited_total{scope=\"shared\"} 1",
            "journeyman_proxy_unexpected_rate_limited_total 2",
            "journeyman_proxy_queue_depth 3",
            "journeyman_proxy_in_flight 2",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
        }
    }

    #[test]
    fn waits_are_counted_and_summed_by_reason() {
        let metrics = Metrics::default();
        metrics.waited(&[(Reason::Bucket, Duration::from_millis(1_500))]);
        metrics.waited(&[(Reason::Bucket, Duration::from_secs(1)), (Reason::Global, Duration::from_secs(2))]);
        let page = metrics.render(0, 0);
        assert!(page.contains("journeyman_proxy_waits_total{reason=\"bucket\"} 2\n"), "{page}");
        assert!(page.contains("journeyman_proxy_wait_seconds_total{reason=\"bucket\"} 2.5\n"), "{page}");
    }
}
