//! What the limits accepted, and the least time in which anybody could have had as much accepted.
//!
//! It refuses nothing; it is how a client's speed is judged.

use std::collections::BTreeMap;
use std::time::Duration;

use super::window::{Rate, WindowModel};

/// Accepted requests, counted by each limit that they were counted against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acceptance {
    /// How many passed all their limits.
    pub requests: u64,
    /// When the first of them came, in the world's time.
    pub first: Option<Duration>,
    /// When the last of them came.
    pub last: Option<Duration>,
    by_limit: BTreeMap<String, (Rate, u64)>,
}

impl Acceptance {
    pub(super) fn count(&mut self, now: Duration, against: Vec<(String, Rate)>) {
        self.requests += 1;
        self.first.get_or_insert(now);
        self.last = Some(now);
        for (key, rate) in against {
            let (known, count) = self.by_limit.entry(key).or_insert((rate, 0));
            *known = rate;
            *count += 1;
        }
    }

    /// From the first to the last that was accepted.
    pub fn span(&self) -> Duration {
        self.last.unwrap_or_default().saturating_sub(self.first.unwrap_or_default())
    }

    /// The least span in which so many can be accepted, if all of them are there at the start: that of the slowest
    /// limit, each alone. A schedule that meets all limits at once may need longer, and none is shorter.
    pub fn least_span(&self) -> Duration {
        self.by_limit.values().map(|(rate, count)| least(*rate, *count)).max().unwrap_or_default()
    }
}

/// The least span from the first to the last of so many, for one limit that begins full.
fn least(rate: Rate, count: u64) -> Duration {
    let limit = u64::from(rate.limit).max(1);
    let times = |windows: u64| rate.per.saturating_mul(u32::try_from(windows).unwrap_or(u32::MAX));
    match rate.window {
        WindowModel::TokenBucket => rate.per.mul_f64(ratio(count.saturating_sub(limit), limit)),
        WindowModel::FirstArrival | WindowModel::SlidingLog => times(count.div_ceil(limit).saturating_sub(1)),
        // The first window may end at any time after it was met.
        WindowModel::Aligned => times(count.div_ceil(limit).saturating_sub(2)),
    }
}

fn ratio(a: u64, b: u64) -> f64 {
    let float = |count| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    float(a) / float(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_span_is_that_of_the_slowest_limit() {
        let rate = |limit, window| Rate { limit, per: Duration::from_secs(5), window };
        let least = |count, window| least(rate(5, window), count).as_secs();
        assert_eq!(least(5, WindowModel::FirstArrival), 0);
        assert_eq!(least(6, WindowModel::FirstArrival), 5);
        assert_eq!(least(100, WindowModel::SlidingLog), 95);
        assert_eq!(least(100, WindowModel::TokenBucket), 95);
        assert_eq!(least(100, WindowModel::Aligned), 90);

        let mut accepted = Acceptance::default();
        for second in 0..11 {
            let against = vec![
                ("wide".to_owned(), rate(100, WindowModel::FirstArrival)),
                ("narrow".to_owned(), rate(5, WindowModel::FirstArrival)),
            ];
            accepted.count(Duration::from_secs(second * 2), against);
        }
        assert_eq!((accepted.requests, accepted.span()), (11, Duration::from_secs(20)));
        assert_eq!(accepted.least_span(), Duration::from_secs(10));
        assert_eq!(Acceptance::default().least_span(), Duration::ZERO);
    }
}
