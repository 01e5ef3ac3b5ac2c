//! How well past outcomes predict refusals: worlds with a hidden rule, a past to learn from, and prompts held out.
//!
//! The rule and the words are drawn from the seed; the model sees prompts and ends only. It sends nothing.

mod world;

use std::fmt::Write as _;
use std::io::Write as _;

use journeyman_midjourney::screen::{Model, Past};
use serde_json::{Value, json};

use crate::findings::Findings;
use world::World;

/// How many worlds, each from its own seed. The model's constants and the share above were chosen on worlds 1 to 20, so these are others.
const WORLDS: u64 = 20;
const FIRST: u64 = 101;
/// How many outcomes each model learns from, and how many are held out.
const PAST: usize = 2_000;
const HELD_OUT: usize = 2_000;
/// The share of the accepted past that the threshold may refuse: a quarter of what is allowed on held-out ones.
const ALLOWED_IN_PAST: f64 = 0.0025;
/// The share of accepted prompts that may be refused on held-out outcomes.
const ALLOWED: f64 = 0.01;

/// What the held-out outcomes of one world say.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    /// Accepted, and would have been refused: the harm.
    false_refusals: u32,
    accepted: u32,
    /// Refused, and would have been refused: the calls saved.
    saved: u32,
    refused: u32,
    /// Refused prompts in the past, and all of it.
    past_refused: u32,
    threshold: f64,
    /// The mean squared error of the probability (Brier), and that of the base rate.
    error: f64,
    base_error: f64,
}

impl Counts {
    fn false_rate(self) -> f64 {
        f64::from(self.false_refusals) / f64::from(self.accepted.max(1))
    }

    fn recall(self) -> f64 {
        f64::from(self.saved) / f64::from(self.refused.max(1))
    }

    fn precision(self) -> f64 {
        f64::from(self.saved) / f64::from((self.saved + self.false_refusals).max(1))
    }

    fn and(self, other: Self) -> Self {
        Self {
            false_refusals: self.false_refusals + other.false_refusals,
            accepted: self.accepted + other.accepted,
            saved: self.saved + other.saved,
            refused: self.refused + other.refused,
            past_refused: self.past_refused + other.past_refused,
            threshold: self.threshold.max(other.threshold),
            error: self.error + other.error,
            base_error: self.base_error + other.base_error,
        }
    }
}

pub(crate) fn measure(findings: &mut Findings) {
    let as_json = std::env::args().any(|arg| arg == "--json");
    let mut text = String::new();
    let mut all = Counts::default();
    let mut worst = 0.0_f64;
    for seed in FIRST..FIRST + WORLDS {
        findings.look();
        let Some(counts) = one(seed) else {
            findings.wrong(format_args!("world {seed}: too few outcomes to learn from"));
            continue;
        };
        if counts.false_rate() > ALLOWED {
            findings.wrong(format_args!(
                "world {seed}: {:.2} % of accepted prompts would have been refused",
                counts.false_rate() * 100.0
            ));
        }
        worst = worst.max(counts.false_rate());
        all = all.and(counts);
        let _ =
            writeln!(text, "{}", if as_json { object(seed, counts).to_string() } else { line(seed, counts) });
    }
    if !as_json {
        let _ = writeln!(text, "{}\nworst world: {:.2} % false refusals", line(0, all), worst * 100.0);
    }
    // Nobody is left to tell when stdout is closed.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// One world: its past is learnt from, the threshold is chosen on that alone, and then the rest is judged.
fn one(seed: u64) -> Option<Counts> {
    let mut world = World::new(seed);
    let past: Vec<Past> = world.by_ref().take(PAST).collect();
    let model = Model::learn(&past)?;
    let threshold = model.threshold(ALLOWED_IN_PAST);
    let past_refused = u32::try_from(past.iter().filter(|past| past.refused).count()).unwrap_or(u32::MAX);
    let mut counts = Counts { past_refused, threshold, ..Counts::default() };
    for held in world.take(HELD_OUT) {
        let opinion = model.judge(&held.prompt);
        let is_stopped = u32::from(opinion.probability >= threshold);
        let truth = f64::from(u8::from(held.refused));
        counts.error += (opinion.probability - truth).powi(2) / 2_000.0;
        counts.base_error += (opinion.base_rate - truth).powi(2) / 2_000.0;
        if held.refused {
            counts.refused += 1;
            counts.saved += is_stopped;
        } else {
            counts.accepted += 1;
            counts.false_refusals += is_stopped;
        }
    }
    Some(counts)
}

fn line(seed: u64, counts: Counts) -> String {
    let name = if seed == 0 { "all".to_owned() } else { format!("world {seed}") };
    format!(
        "{name:<9} false refusals {:>3} of {:>5} ({:.2} %) | precision {:.3} | recall {:.3} | calls saved {:>4} of {:>4}",
        counts.false_refusals,
        counts.accepted,
        counts.false_rate() * 100.0,
        counts.precision(),
        counts.recall(),
        counts.saved,
        counts.refused,
    )
}

fn object(seed: u64, counts: Counts) -> Value {
    json!({
        "seed": seed,
        "false_refusals": counts.false_refusals,
        "accepted": counts.accepted,
        "false_refusal_rate": counts.false_rate(),
        "precision": counts.precision(),
        "recall": counts.recall(),
        "calls_saved": counts.saved,
        "refused": counts.refused,
        "past": PAST,
        "past_refused": counts.past_refused,
        "threshold": counts.threshold,
        "brier": counts.error,
        "brier_of_base_rate": counts.base_error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn false_refusals_are_at_most_1_percent_on_held_out_outcomes_and_more_than_3_in_10_refusals_are_foreseen()
    {
        let mut all = Counts::default();
        for seed in [101, 106, 111] {
            let counts = one(seed).expect("enough to learn from");
            assert!(counts.false_rate() <= ALLOWED, "world {seed}: {counts:?}");
            assert!(counts.error < counts.base_error, "world {seed}: {counts:?}");
            all = all.and(counts);
        }
        assert!(all.recall() > 0.3 && all.precision() > 0.9, "{all:?}");
    }

    #[test]
    fn where_no_rule_is_hidden_next_to_nothing_is_refused() {
        let mut world = World::without_rule(1);
        let past: Vec<Past> = world.by_ref().take(PAST).collect();
        let model = Model::learn(&past).expect("enough to learn from");
        let threshold = model.threshold(ALLOWED_IN_PAST);
        let stopped =
            world.take(HELD_OUT).filter(|held| model.judge(&held.prompt).probability >= threshold).count();
        assert!(stopped <= HELD_OUT / 100, "{stopped}");
    }
}
