//! 429s, time, waits and fairness of four contenders over the scenarios, in virtual time. It asserts nothing.
//!
//! `cargo bench -p journeyman-limiter --bench limits` prints a table, `… -- --json` one object per scenario
//! and contender; `--beyond` adds rule R'; further words are beginnings of the names of scenarios to keep. `least` is the bound on the
//! time (each limit alone, and every cut), `safe` that and a longest round trip per window, for not knowing
//! the server's phase; each η is one of them against the time taken, and says something only where there is
//! no 429. `oracle` counts the 429s of who knows everything: what is above it was avoidable by knowledge.
//! A run reproduces bit for bit, but for twilight, which draws from randomness of its own.

#[path = "../tests/it/trial/mod.rs"]
mod trial;

use std::fmt::Write as _;
use std::io::Write as _;

use trial::Contender;
use trial::scenario::{Scenario, all};
use trial::score::Score;

const SEED: u64 = 1;
const CONTENDERS: [Contender; 4] =
    [Contender::Journeyman, Contender::Twilight, Contender::Pace, Contender::Oracle];

/// The machine with settings that rest on more than the answers.
const BEYOND: [Contender; 4] =
    [Contender::Unrecognised, Contender::Clock, Contender::Credit, Contender::Both];

/// Those in which the ways of a window's answers matter.
const JITTERED: [&str; 6] = ["S1 ", "S2 ", "S3 ", "S5 ", "S23 ", "S25 "];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let mut text = String::new();
    if !has("--json") {
        line(&mut text, format_args!("{HEAD}"));
    }
    // Without `--bench` this runs as a test: it must work, and nobody reads the numbers.
    let mut scenarios = if has("--bench") { all() } else { all().into_iter().take(1).collect() };
    let names: Vec<&String> =
        arguments.iter().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    scenarios
        .retain(|scenario| names.is_empty() || names.iter().any(|name| scenario.name.starts_with(*name)));
    if has("--beyond") {
        let fixed =
            scenarios.iter().filter(|scenario| JITTERED.iter().any(|name| scenario.name.starts_with(name)));
        let more: Vec<_> = fixed.map(|scenario| scenario.with_jitter(300)).collect();
        scenarios.extend(more);
    }
    for scenario in &scenarios {
        let contenders = CONTENDERS.iter().chain(if has("--beyond") { &BEYOND[..] } else { &[] });
        let scores: Vec<_> =
            contenders.map(|contender| (*contender, contender.run(scenario, SEED))).collect();
        let oracle = scores
            .iter()
            .find(|(who, _)| *who == Contender::Oracle)
            .map_or(0, |(_, oracle)| oracle.limited());
        for (contender, score) in &scores {
            if has("--json") {
                line(&mut text, format_args!("{}", object(scenario, *contender, score, oracle)));
            } else {
                line(&mut text, format_args!("{}", row(scenario, *contender, score, oracle)));
            }
        }
    }
    // A reader that has gone away is no failure of the measurement.
    let _gone = std::io::stdout().write_all(text.as_bytes());
}

const HEAD: &str = "scenario                         contender      served  user global shared hidden  edge invalid failed oracle   span s  least s   safe s     η  η safe  per s    p50 s    p99 s  crit s  Jain";

fn row(scenario: &Scenario, contender: Contender, score: &Score, oracle: u64) -> String {
    let Score { served, user, global, shared, hidden, edge, invalid, failed, .. } = score;
    let [span, least, safe] = [score.span, score.bound.least, score.safe()].map(seconds);
    let [efficiency, of_safe] = [score.efficiency(), score.safe_efficiency()];
    let [goodput, p50, p99] = [score.goodput(), score.wait(50), score.wait(99)];
    format!(
        "{:<32} {:<13} {served:>7} {user:>5} {global:>6} {shared:>6} {hidden:>6} {edge:>5} {invalid:>7} {failed:>6} {oracle:>6} \
         {span:>8.2} {least:>8.2} {safe:>8.2} {efficiency:>5.2} {of_safe:>7.2} {goodput:>6.2} {p50:>8.2} {p99:>8.2} {:>7.2} {:>5.2}",
        scenario.name,
        contender.name(),
        score.critical_wait(99),
        score.fairness()
    )
}

fn object(scenario: &Scenario, contender: Contender, score: &Score, oracle: u64) -> serde_json::Value {
    serde_json::json!({
        "scenario": scenario.name, "contender": contender.name(), "seed": SEED,
        "asked": score.asked, "served": score.served, "cancelled": score.cancelled, "refused": score.refused,
        "missed": score.missed, "late": score.late, "critical_p99_s": score.critical_wait(99),
        "user_429": score.user, "global_429": score.global, "shared_429": score.shared,
        "hidden_429": score.hidden, "hidden_limits": score.found, "edge_429": score.edge,
        "invalid": score.invalid, "failed": score.failed,
        "oracle_429": oracle,
        "span_s": seconds(score.span), "least_alone_s": seconds(score.bound.alone),
        "least_s": seconds(score.bound.least), "windows": score.bound.windows, "safe_s": seconds(score.safe()),
        "efficiency": score.efficiency(), "safe_efficiency": score.safe_efficiency(),
        "goodput_per_s": score.goodput(), "wait_p50_s": score.wait(50), "wait_p99_s": score.wait(99),
        "jain": score.fairness(),
    })
}

fn seconds(micros: u64) -> f64 {
    std::time::Duration::from_micros(micros).as_secs_f64()
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _never = writeln!(text, "{arguments}");
}
