//! The breaker against a model that keeps every result and looks through all of them. It knows no machine.

use std::collections::BTreeMap;
use std::time::Duration;

use journeyman_moment::Moment;
use proptest::prelude::*;

use super::{Breaker, BreakerConfig, Outcome, Pass, State};
use crate::limit::Room;

#[derive(Clone, Copy, Debug)]
enum Step {
    Pass(u64),
    Ask,
    /// Ends one of those that are out.
    End(usize, Outcome),
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        2 => Just(Outcome::Success),
        3 => Just(Outcome::Failure),
        1 => Just(Outcome::Ignored)
    ];
    prop_oneof![
        1 => (0_u64..20_000).prop_map(Step::Pass),
        3 => Just(Step::Ask),
        3 => (any::<usize>(), outcome).prop_map(|(which, outcome)| Step::End(which, outcome)),
    ]
}

/// The rules, as naively as they can be said. A result is its part of the window, whether it is bad, and whether
/// it was sent after the failure before it was heard of.
#[derive(Default)]
struct Model {
    phase: Phase,
    era: u64,
    results: Vec<(u64, bool, bool)>,
    last_failure: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Phase {
    #[default]
    Closed,
    Open,
    Probing,
    Recovering(u32, u32),
}

impl Model {
    fn enter(&mut self, phase: Phase) {
        (self.phase, self.era) = (phase, self.era + 1);
        self.results.clear();
        self.last_failure = None;
    }

    fn end(&mut self, now: u64, (era, sent): (u64, u64), outcome: Outcome) {
        if era != self.era {
            return;
        }
        match (self.phase, outcome) {
            (Phase::Closed, Outcome::Ignored) | (Phase::Open, _) => {}
            (Phase::Closed, outcome) => {
                let bad = outcome == Outcome::Failure;
                let new = bad && self.last_failure.is_none_or(|heard| sent >= heard);
                if new {
                    self.last_failure = Some(now);
                }
                self.results.push((now / 5_000, bad, new));
                if bad && self.trips(now / 5_000) {
                    self.enter(Phase::Open);
                }
            }
            (Phase::Probing, Outcome::Success) => self.phase = Phase::Recovering(2, 0),
            (Phase::Probing, Outcome::Ignored) => self.phase = Phase::Open,
            (_, Outcome::Failure) => self.enter(Phase::Open),
            (Phase::Recovering(most, out), Outcome::Ignored) => self.phase = Phase::Recovering(most, out - 1),
            (Phase::Recovering(31, _), Outcome::Success) => self.phase = Phase::Closed,
            (Phase::Recovering(most, out), Outcome::Success) => {
                self.phase = Phase::Recovering(most + 1, out - 1);
            }
        }
    }

    fn trips(&self, part: u64) -> bool {
        let row = self.results.iter().rev().take_while(|(_, bad, _)| *bad);
        let window: Vec<_> = self.results.iter().filter(|(at, ..)| at + 12 > part).collect();
        let bad = window.iter().filter(|(_, bad, _)| *bad).count();
        let rounds = window.iter().filter(|(.., new)| *new).count();
        row.filter(|(.., new)| *new).count() >= 3
            || (window.len() >= 5 && 2 * bad >= window.len() && rounds >= 2)
    }
}

fn phase(breaker: &Breaker) -> Phase {
    match *breaker.state() {
        State::Closed => Phase::Closed,
        State::Open { .. } => Phase::Open,
        State::Probing => Phase::Probing,
        State::Recovering { most, out } => Phase::Recovering(most, out),
        State::Isolated { .. } => unreachable!("nobody isolates it"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Late results change nothing, at most one probe is out, and none is lost: whoever is out can be ended, and
    /// then the breaker lets somebody go, at the latest when it says.
    #[test]
    fn a_breaker_does_what_the_naive_model_says(
        steps in proptest::collection::vec(step(), 1..300),
        seed in any::<u64>(),
    ) {
        let (config, mut rng) = (BreakerConfig::default(), fastrand::Rng::with_seed(seed));
        let (mut breaker, mut model) = (Breaker::default(), Model::default());
        let mut out: BTreeMap<u64, (Pass, (u64, u64))> = BTreeMap::new();
        let (mut now, mut number) = (0, 0);
        for step in steps {
            match step {
                Step::Pass(span) => now += span,
                Step::Ask => {
                    let moment = Moment::from_millis(now);
                    if breaker.room(moment) != Some(Room::Free) {
                        prop_assert_ne!(model.phase, Phase::Closed);
                        continue;
                    }
                    let pass = breaker.take(moment);
                    match &mut model.phase {
                        Phase::Open => model.phase = Phase::Probing,
                        Phase::Recovering(most, out) => {
                            prop_assert!(*out < *most);
                            *out += 1;
                        }
                        Phase::Probing => prop_assert!(false, "a second probe"),
                        Phase::Closed => {}
                    }
                    number += 1;
                    out.insert(number, (pass, (model.era, now)));
                }
                Step::End(which, outcome) if !out.is_empty() => {
                    let key = *out.keys().nth(which % out.len()).expect("one is out");
                    let (pass, own) = out.remove(&key).expect("it is out");
                    let _change = breaker.end(Moment::from_millis(now), pass, outcome, &config, &mut rng);
                    model.end(now, own, outcome);
                }
                Step::End(..) => {}
            }
            prop_assert_eq!(phase(&breaker), model.phase, "at {} ms", now);
        }
        for (pass, _) in std::mem::take(&mut out).into_values() {
            let _change = breaker.end(Moment::from_millis(now), pass, Outcome::Ignored, &config, &mut rng);
        }
        let longest = Duration::from_secs(75);
        prop_assert_eq!(breaker.room(Moment::from_millis(now) + longest), Some(Room::Free));
    }
}

#[test]
fn an_open_time_doubles_up_to_its_longest_with_up_to_a_quarter_of_jitter() {
    let (config, mut rng) = (BreakerConfig::default(), fastrand::Rng::with_seed(7));
    let mut breaker = Breaker::default();
    for seconds in [5, 10, 20, 40, 60, 60] {
        breaker.open(Moment::ORIGIN, None, &config, &mut rng);
        let State::Open { until } = *breaker.state() else { panic!("it is open") };
        let (span, least) = (until.since(Moment::ORIGIN), Duration::from_secs(seconds));
        assert!(span >= least && span <= least + least / 4, "{span:?} for {seconds} s");
    }
    breaker.reset();
    breaker.open(Moment::ORIGIN, None, &config, &mut rng);
    assert!(breaker.room(Moment::from_millis(6_250)) == Some(Room::Free), "a reset starts anew");
}

#[test]
fn a_time_that_is_named_late_counts_and_never_shortens() {
    let (config, mut rng) = (BreakerConfig::default(), fastrand::Rng::with_seed(7));
    let mut breaker = Breaker::default();
    breaker.open(Moment::ORIGIN, None, &config, &mut rng);
    breaker.block(Moment::ORIGIN, Duration::from_secs(100));
    breaker.block(Moment::ORIGIN, Duration::from_secs(50));
    assert_eq!(breaker.room(Moment::from_secs(99)), Some(Room::Until(Moment::from_secs(100))));
}
