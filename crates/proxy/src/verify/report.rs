//! What the answers say, without anything that could name somebody. It asks nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use journeyman_limiter::Verdict;
use serde_json::{Value, json};

use super::{Halt, Sample};

/// Two moments of the server's that differ by less are the same one.
const SAME: Duration = Duration::from_millis(50);

/// What a run has found. It holds no token, no id and no text.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    json: Value,
    is_stopped: bool,
    is_complete: bool,
    left_behind: usize,
}

impl Report {
    /// The report, as the file to send.
    pub fn to_json(&self) -> String {
        format!("{:#}\n", self.json)
    }

    /// Whether a 429 has stopped the run before its plan was done.
    pub fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Whether the whole plan was done.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// How many messages of the run could not be deleted.
    pub fn left_behind(&self) -> usize {
        self.left_behind
    }

    pub(super) fn of(samples: &[Sample], halt: Option<&Halt>, left_behind: usize) -> Self {
        let mut routes: BTreeMap<&str, Vec<&Sample>> = BTreeMap::new();
        for sample in samples {
            routes.entry(&sample.route).or_default().push(sample);
        }
        let successes = samples.iter().filter(|sample| is_success(sample));
        let json = json!({
            "report": 1,
            "version": env!("CARGO_PKG_VERSION"),
            "requests": samples.len(),
            "scope_on_success": successes.filter(|sample| sample.answer.scope.is_some()).count(),
            "routes": routes.iter().map(|(route, samples)| of_route(route, samples)).collect::<Vec<_>>(),
            "same_bucket": pairs(&routes, samples),
            "stopped_by": halt.map(of_halt),
            "messages_left_behind": left_behind,
        });
        let is_stopped = matches!(halt, Some(Halt::Limited { .. }));
        Self { json, is_stopped, is_complete: halt.is_none(), left_behind }
    }
}

fn is_success(sample: &Sample) -> bool {
    matches!(sample.answer.status, 200..300)
}

fn of_route(route: &str, samples: &[&Sample]) -> Value {
    let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
    for sample in samples {
        *statuses.entry(sample.answer.status.to_string()).or_default() += 1;
    }
    let names: BTreeSet<&str> =
        samples.iter().flat_map(|sample| &sample.header_names).map(String::as_str).collect();
    let buckets: BTreeSet<&str> =
        samples.iter().filter_map(|sample| sample.answer.bucket.as_deref()).collect();
    json!({
        "route": route,
        "statuses": statuses,
        "headers": names,
        "buckets": buckets,
        "via": samples.iter().all(|sample| sample.answer.via),
        "window": window(samples),
        "answers": samples.iter().map(|sample| of_sample(sample)).collect::<Vec<_>>(),
    })
}

fn of_sample(sample: &Sample) -> Value {
    let answer = &sample.answer;
    json!({
        "status": answer.status,
        "limit": answer.limit,
        "remaining": answer.remaining,
        "reset_after": answer.reset_after.map(|span| span.as_secs_f64()),
    })
}

/// Whether `Reset` stays while a bucket is used (fixed) or moves with every request (sliding).
fn window(samples: &[&Sample]) -> &'static str {
    let mut seen = BTreeSet::new();
    for pair in samples.windows(2) {
        let [one, next] = pair else { continue };
        let is_same = one.answer.bucket.is_some() && one.answer.bucket == next.answer.bucket;
        let (Some(before), Some(after)) = (one.answer.reset, next.answer.reset) else { continue };
        let is_later_use = next.answer.remaining < one.answer.remaining;
        if is_same && is_later_use {
            seen.insert(if after.abs_diff(before) <= SAME { "fixed" } else { "sliding" });
        }
    }
    match (seen.first(), seen.len()) {
        (Some(kind), 1) => kind,
        (Some(_), _) => "both were seen",
        (None, _) => "not seen",
    }
}

/// Routes with one bucket's name: does the use of one show in the other's counter?
fn pairs(routes: &BTreeMap<&str, Vec<&Sample>>, samples: &[Sample]) -> Vec<Value> {
    let mut found = Vec::new();
    let names: Vec<&str> = routes.keys().copied().collect();
    for (at, one) in names.iter().enumerate() {
        for other in &names[at + 1..] {
            let verdicts = verdicts(one, other, samples);
            if let Some((joint, apart)) = verdicts {
                let counter = match (joint > 0, apart > 0) {
                    (true, false) => "joint",
                    (false, true) => "independent",
                    _ => "not clear",
                };
                found.push(json!({ "routes": [one, other], "counter": counter, "joint": joint, "independent": apart }));
            }
        }
    }
    found
}

/// How often one route's use between two of the other's showed in these, and how often not; none if they were never
/// used by turns under one bucket's name.
fn verdicts(one: &str, other: &str, samples: &[Sample]) -> Option<(usize, usize)> {
    let (mut joint, mut apart, mut is_tried) = (0, 0, false);
    for three in samples.windows(3) {
        let [first, between, last] = three else { continue };
        let routes = (first.route.as_str(), between.route.as_str());
        let is_turn = (routes == (one, other) || routes == (other, one)) && last.route == first.route;
        let bucket = first.answer.bucket.as_deref();
        let is_same = bucket.is_some()
            && [between, last].iter().all(|sample| sample.answer.bucket.as_deref() == bucket);
        if !is_turn || !is_same {
            continue;
        }
        is_tried = true;
        // Its own use takes one; a second one is the other's.
        match steps(first, last, drip(&first.route, bucket, samples)) {
            Some(1) => apart += 1,
            Some(2..) => joint += 1,
            Some(0) | None => {}
        }
    }
    is_tried.then_some((joint, apart))
}

/// How much of their bucket was used from the first to the last of two answers; none if it cannot be told.
fn steps(first: &Sample, last: &Sample, drip: Option<Duration>) -> Option<u32> {
    let (before, after) = (first.answer.reset?, last.answer.reset?);
    let server_now = after.saturating_sub(last.answer.reset_after?);
    if before <= server_now {
        // The bucket was full in between, so what is counted began anew.
        return None;
    }
    if after.abs_diff(before) <= SAME {
        return first.answer.remaining?.checked_sub(last.answer.remaining?);
    }
    // What comes back in the meantime does not move the moment when all is back; each use does, by one drip.
    let drips = after.checked_sub(before)?.as_secs_f64() / drip.filter(|drip| !drip.is_zero())?.as_secs_f64();
    (1..=20).find(|count| (drips - f64::from(*count)).abs() < 0.3)
}

/// How long one use of a sliding bucket takes to come back: exact where it was full before, else too short.
fn drip(route: &str, bucket: Option<&str>, samples: &[Sample]) -> Option<Duration> {
    let its =
        samples.iter().filter(|sample| sample.route == route && sample.answer.bucket.as_deref() == bucket);
    let estimate = |sample: &Sample| {
        let used = sample.answer.limit?.checked_sub(sample.answer.remaining?)?;
        sample.answer.reset_after?.checked_div(used)
    };
    its.filter_map(estimate).max()
}

fn of_halt(halt: &Halt) -> Value {
    match halt {
        Halt::Limited { route, verdict } => {
            let kind = match verdict {
                Some(Verdict::User { .. }) => "user",
                Some(Verdict::Global { .. }) => "global",
                Some(Verdict::Shared { .. }) => "shared",
                Some(Verdict::SubLimit { .. }) => "sub-limit",
                Some(Verdict::EdgeBan { .. } | Verdict::EdgeBanStatic) => "edge",
                None => "unknown",
            };
            json!({ "what": "429", "route": route, "kind": kind })
        }
        Halt::Spent => json!({ "what": "as many requests as one run may send" }),
        // Why, the operator is told; an error's text may name what it was about.
        Halt::Failed { route, .. } => json!({ "what": "no answer", "route": route }),
    }
}
