//! What goes wrong between a client and the world: which requests, how often, and how.
//!
//! It decides; `world` and the shell carry it out.

use std::time::Duration;

use crate::choice::named;

/// One kind of trouble for some requests.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRule {
    /// `POST`, or `*`.
    pub method: String,
    /// As in Discord's docs, `/channels/{channel.id}/messages`; `*` for any; `/cdn` and `/upload` for files.
    pub route: String,
    /// What happens.
    pub kind: FaultKind,
    /// So many fitting requests pass unharmed first. 0.
    pub after: u64,
    /// So many requests are hit; without bound when absent.
    pub count: Option<u64>,
    /// The chance of each fitting request. 1.
    pub probability: f64,
    /// The status of `status-before` and `status-after`. 502.
    pub status: u16,
    /// The delay of `latency`, in the world's time. 500 ms.
    pub delay: Duration,
}

impl Default for FaultRule {
    fn default() -> Self {
        Self {
            method: "*".to_owned(),
            route: "*".to_owned(),
            kind: FaultKind::StatusBefore,
            after: 0,
            count: None,
            probability: 1.0,
            status: 502,
            delay: Duration::from_millis(500),
        }
    }
}

impl FaultRule {
    /// This kind of trouble, once, for one route.
    pub fn once(kind: FaultKind, method: &str, route: &str) -> Self {
        Self { kind, method: method.to_owned(), route: route.to_owned(), count: Some(1), ..Self::default() }
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A 5xx instead of executing.
    StatusBefore,
    /// Executed, but answered with a 5xx.
    StatusAfter,
    /// Executed; the connection closes without an answer.
    LoseAnswer,
    /// Not executed; the connection is reset.
    ResetBefore,
    /// Executed; the connection is reset without an answer.
    ResetAfter,
    /// As `ResetBefore`, on a connection that has carried a request before.
    ResetReused,
    /// The answer arrives; then the idle connection is reset.
    ResetIdle,
    /// The answer comes later.
    Latency,
}
named!(FaultKind, "fault", [
    "status-before" => FaultKind::StatusBefore,
    "status-after" => FaultKind::StatusAfter,
    "lose-answer" => FaultKind::LoseAnswer,
    "reset-before" => FaultKind::ResetBefore,
    "reset-after" => FaultKind::ResetAfter,
    "reset-reused" => FaultKind::ResetReused,
    "reset-idle" => FaultKind::ResetIdle,
    "latency" => FaultKind::Latency,
]);

/// The rules and how often each has met its requests.
#[derive(Debug)]
pub(crate) struct Faults {
    rules: Vec<(FaultRule, Met)>,
    random: fastrand::Rng,
}

#[derive(Clone, Copy, Debug, Default)]
struct Met {
    seen: u64,
    hit: u64,
}

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) kind: FaultKind,
    pub(crate) status: u16,
    pub(crate) delay: Duration,
}

impl Faults {
    pub(crate) fn new(rules: Vec<FaultRule>, seed: u64) -> Self {
        let rules = rules.into_iter().map(|rule| (rule, Met::default())).collect();
        Self { rules, random: fastrand::Rng::with_seed(seed) }
    }

    /// The first rule that strikes this request.
    pub(crate) fn strike(&mut self, method: &str, route: &str, reused: bool) -> Option<Hit> {
        for (rule, met) in &mut self.rules {
            let fits = (rule.method == "*" || rule.method == method)
                && (rule.route == "*" || rule.route == route)
                && (rule.kind != FaultKind::ResetReused || reused);
            if !fits {
                continue;
            }
            met.seen += 1;
            let spent = rule.count.is_some_and(|count| met.hit >= count);
            if met.seen <= rule.after || spent || self.random.f64() >= rule.probability {
                continue;
            }
            met.hit += 1;
            return Some(Hit { kind: rule.kind, status: rule.status, delay: rule.delay });
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_strikes_its_route_so_often_and_after_so_many() {
        let rule = FaultRule { after: 1, ..FaultRule::once(FaultKind::LoseAnswer, "POST", "/interactions") };
        let mut faults = Faults::new(vec![rule], 1);
        assert_eq!(faults.strike("GET", "/interactions", false), None, "another method");
        assert_eq!(faults.strike("POST", "/interactions", false), None, "the first passes");
        assert_eq!(
            faults.strike("POST", "/interactions", false).map(|hit| hit.kind),
            Some(FaultKind::LoseAnswer)
        );
        assert_eq!(faults.strike("POST", "/interactions", false), None, "only once");
    }

    #[test]
    fn a_reused_connection_is_needed_for_its_reset() {
        let mut faults = Faults::new(vec![FaultRule::once(FaultKind::ResetReused, "*", "*")], 1);
        assert_eq!(faults.strike("GET", "/x", false), None);
        assert!(faults.strike("GET", "/x", true).is_some());
    }

    #[test]
    fn a_chance_strikes_about_as_often_as_it_says_and_the_same_for_a_seed() {
        let strikes = |seed| {
            let mut faults = Faults::new(vec![FaultRule { probability: 0.3, ..FaultRule::default() }], seed);
            (0..1_000).filter(|_| faults.strike("GET", "/x", false).is_some()).count()
        };
        assert!((250..350).contains(&strikes(1)), "{}", strikes(1));
        assert_eq!(strikes(1), strikes(1));
    }
}
