//! `stats`: what the store's histograms tell of the last hours. It measures nothing.

mod series;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use journeyman_jobs::job::State;
use journeyman_jobs::store::Store as _;
use serde_json::json;

use self::series::{Series, gather};
use super::jobs::before;
use super::kept::{Finding, storage};
use crate::args;
use crate::error::Error;
use crate::show::{self, plain, span};

/// The width of the longest bar.
const WIDEST: u64 = 20;

/// Tells them in tables, or as JSON.
pub(super) fn run(args: &args::Stats, finding: Finding<'_>) -> Result<(), Error> {
    let mut shelf = finding.open(&args.telling.kept)?;
    let now = shelf.now();
    let (from, to) = (before(now, args.since).hour(), now.hour());
    let observed = shelf.store.observed("", from, to).map_err(|error| storage(&error))?;
    let counts = shelf.store.counts().map_err(|error| storage(&error))?;
    let all = gather(&observed);
    if args.telling.json {
        return in_json(&all, &counts, from, to);
    }
    show::print(&in_words(&all, &counts, from, to))
}

fn in_words(all: &BTreeMap<String, Series>, counts: &BTreeMap<State, u64>, from: i64, to: i64) -> String {
    let mut text = format!("the last {} hours; each plot goes from then to now\n", to - from + 1);
    let (timed, counted): (Vec<_>, Vec<_>) = all.iter().partition(|(name, _)| is_time(name));
    if all.is_empty() {
        text.push_str("no job ended in them\n");
    }
    if !timed.is_empty() {
        let rows: Vec<_> = timed
            .iter()
            .map(|(name, series)| {
                let at = |part| span(series.quantile(part));
                [
                    plain(name),
                    series.count.to_string(),
                    at(50),
                    at(95),
                    span(series.mean()),
                    series.plot(from, to),
                ]
            })
            .collect();
        text.push('\n');
        text.push_str(&show::table(
            ["time", "jobs", "half within", "95 % within", "mean", "per hour"],
            &rows,
        ));
    }
    if !counted.is_empty() {
        let most = counted.iter().map(|(_, series)| series.count).max().unwrap_or_default();
        let rows: Vec<_> = counted
            .iter()
            .map(|(name, series)| {
                [plain(name), series.count.to_string(), bar(series.count, most), series.plot(from, to)]
            })
            .collect();
        text.push('\n');
        text.push_str(&show::table(["count", "jobs", "", "per hour"], &rows));
    }
    let most = counts.values().max().copied().unwrap_or_default();
    let rows: Vec<_> = counts
        .iter()
        .map(|(state, count)| [state.name().replace('_', " "), count.to_string(), bar(*count, most)])
        .collect();
    if !rows.is_empty() {
        let _ = write!(text, "\n{}", show::table(["all jobs by state", "jobs", ""], &rows));
    }
    text
}

fn in_json(
    all: &BTreeMap<String, Series>,
    counts: &BTreeMap<State, u64>,
    from: i64,
    to: i64,
) -> Result<(), Error> {
    let mut text = String::new();
    for (name, series) in all {
        let micros = |part| u64::try_from(series.quantile(part).as_micros()).unwrap_or(u64::MAX);
        let hours: Vec<_> =
            series.hours.iter().map(|(hour, count)| json!({"hour": hour, "count": count})).collect();
        let mut object = json!({"event": "series", "series": name, "count": series.count, "hours": hours});
        if is_time(name) {
            object["p50_us"] = json!(micros(50));
            object["p95_us"] = json!(micros(95));
            object["mean_us"] = json!(u64::try_from(series.mean().as_micros()).unwrap_or(u64::MAX));
        }
        let _ = writeln!(text, "{object}");
    }
    let states: BTreeMap<&str, u64> = counts.iter().map(|(state, count)| (state.name(), *count)).collect();
    let _ =
        writeln!(text, "{}", json!({"event": "stats", "from_hour": from, "to_hour": to, "states": states}));
    show::print(&text)
}

/// Whether a series counts microseconds.
fn is_time(name: &str) -> bool {
    name.starts_with("duration/") || name.starts_with("wait/")
}

/// At least one block for what is there at all.
fn bar(count: u64, most: u64) -> String {
    let blocks = (count.saturating_mul(WIDEST)).div_ceil(most.max(1)).min(WIDEST);
    "█".repeat(usize::try_from(blocks).unwrap_or_default())
}
