//! The rounds as lines for people or as JSON. It measures nothing.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::Measured;
use super::round::Round;

/// The medians of the rounds of one case.
struct Row {
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    /// How many events each round had at least.
    events: usize,
    messages_per_second: f64,
    micros: f64,
    micros_working: f64,
    requests_per_image: f64,
}

impl Row {
    fn of(rounds: &[Round]) -> Self {
        let median_of = |pick: &dyn Fn(&Round) -> f64| median(rounds.iter().map(pick));
        let lag = |part: usize| median_of(&|round| at(&round.lags, part).as_secs_f64() * 1e3);
        Self {
            p50_ms: lag(50),
            p99_ms: lag(99),
            max_ms: lag(100),
            events: rounds.iter().map(|round| round.lags.len()).min().unwrap_or(0),
            messages_per_second: median_of(&|round| round.messages_per_second),
            micros: median_of(&|round| round.micros_per_message),
            micros_working: median_of(&|round| round.micros_per_message_working),
            requests_per_image: median_of(&|round| float(round.requests) / float(round.images)),
        }
    }
}

pub(super) fn print(all: &[Measured], load: &[String; 2], as_json: bool) {
    let mut text = String::new();
    if !as_json {
        let _ = writeln!(
            text,
            "event to caller, medians of {} rounds; load average {} before, {} after\n\
             era  | messages/s | events p50 ms p99 ms max ms | CPU us/message: listening, working | requests/image",
            all.iter().map(|measured| measured.rounds.len()).max().unwrap_or(0),
            load[0],
            load[1],
        );
    }
    for measured in all.iter().filter(|measured| !measured.rounds.is_empty()) {
        let row = Row::of(&measured.rounds);
        text += &if as_json { object(measured, &row, load).to_string() } else { line(measured.name, &row) };
        text.push('\n');
    }
    // Nobody is left to tell when stdout is closed.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn line(name: &str, row: &Row) -> String {
    format!(
        "{name} | {:>10.0} | {:>6} {:>6.2} {:>6.2} {:>6.2} | {:>25.1} {:>8.1} | {:>14.2}",
        row.messages_per_second,
        row.events,
        row.p50_ms,
        row.p99_ms,
        row.max_ms,
        row.micros,
        row.micros_working,
        row.requests_per_image,
    )
}

fn object(measured: &Measured, row: &Row, load: &[String; 2]) -> Value {
    json!({
        "era": measured.name,
        "rounds": measured.rounds.len(),
        "messages_per_s": row.messages_per_second,
        "events": row.events,
        "p50_ms": row.p50_ms,
        "p99_ms": row.p99_ms,
        "max_ms": row.max_ms,
        "p99_ms_of_each_round":
            measured.rounds.iter().map(|round| at(&round.lags, 99).as_secs_f64() * 1e3).collect::<Vec<_>>(),
        "cpu_micros_per_message": row.micros,
        "cpu_micros_per_message_working": row.micros_working,
        "requests_per_image": row.requests_per_image,
        "load_average": load,
    })
}

/// The value below which so many of a hundred are, of sorted ones.
fn at(sorted: &[Duration], percent: usize) -> Duration {
    let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(index).copied().unwrap_or_default()
}

/// The one in the middle.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let lags: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        let ms = |percent| at(&lags, percent).as_millis();
        assert_eq!((ms(50), ms(99), ms(100)), (100, 198, 200));
        assert_eq!(at(&[], 99), Duration::ZERO);
    }
}
