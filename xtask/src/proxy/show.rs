//! The measures of the proxy as a table for people or as lines of JSON. It measures nothing.

use std::io::Write as _;
use std::time::Duration;

use serde_json::json;

use super::load::Score;
use super::{Measured, median};

/// The medians of one case.
struct Row {
    direct: Middle,
    proxied: Middle,
    cpu_micros: f64,
    peak_mb: f64,
}

struct Middle {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

impl Middle {
    fn of(scores: &[Score]) -> Self {
        let ms =
            |pick: fn(&Score) -> Duration| median(scores.iter().map(|score| pick(score).as_secs_f64() * 1e3));
        Self {
            per_second: median(scores.iter().map(|score| score.per_second)),
            p50_ms: ms(|score| score.p50),
            p99_ms: ms(|score| score.p99),
        }
    }
}

impl Row {
    fn of(measured: &Measured) -> Self {
        let peak = |bytes: &u64| f64::from(u32::try_from(bytes / 1_024).unwrap_or(u32::MAX)) / 1_024.0;
        Self {
            direct: Middle::of(&measured.direct),
            proxied: Middle::of(&measured.proxied),
            cpu_micros: median(measured.cpu_micros.iter().copied()),
            peak_mb: median(measured.peak_bytes.iter().map(peak)),
        }
    }
}

pub(super) fn print(all: &[Measured], as_json: bool) {
    let mut text = String::new();
    if !as_json {
        text += "connections channels | direct req/s p50 ms p99 ms | proxied req/s p50 ms p99 ms | ratio | CPU us/req | peak MB\n";
    }
    for measured in all {
        let row = Row::of(measured);
        text += &if as_json { object(measured, &row) } else { line(measured, &row) };
    }
    // Nobody is left to tell when stdout is closed.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn line(measured: &Measured, row: &Row) -> String {
    format!(
        "{:>11} {:>8} | {:>12.0} {:>6.2} {:>6.2} | {:>13.0} {:>6.2} {:>6.2} | {:>5.2} | {:>10.1} | {:>7.1}\n",
        measured.case.connections,
        measured.case.channels,
        row.direct.per_second,
        row.direct.p50_ms,
        row.direct.p99_ms,
        row.proxied.per_second,
        row.proxied.p50_ms,
        row.proxied.p99_ms,
        row.proxied.per_second / row.direct.per_second,
        row.cpu_micros,
        row.peak_mb,
    )
}

fn object(measured: &Measured, row: &Row) -> String {
    let object = json!({
        "connections": measured.case.connections,
        "channels": measured.case.channels,
        "direct": { "requests_per_s": row.direct.per_second, "p50_ms": row.direct.p50_ms, "p99_ms": row.direct.p99_ms },
        "proxied": { "requests_per_s": row.proxied.per_second, "p50_ms": row.proxied.p50_ms, "p99_ms": row.proxied.p99_ms },
        "requests_ratio": row.proxied.per_second / row.direct.per_second,
        "added_p50_ms": row.proxied.p50_ms - row.direct.p50_ms,
        "added_p99_ms": row.proxied.p99_ms - row.direct.p99_ms,
        "cpu_micros_per_request": row.cpu_micros,
        "peak_mb": row.peak_mb,
    });
    format!("{object}\n")
}
