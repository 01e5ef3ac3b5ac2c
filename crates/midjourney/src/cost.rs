//! What a prompt will cost, as a range of GPU minutes. An estimate: Midjourney tells the truth afterwards.

use crate::sighting::Mode;

/// A range of GPU minutes of the subscription.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// The least, for all jobs together.
    pub low: f64,
    /// The most, for all jobs together.
    pub high: f64,
    /// What it rests on, a fragment for each factor.
    pub because: Vec<&'static str>,
}

/// What the cost depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// How many jobs.
    pub jobs: u64,
    /// The speed, where it is known.
    pub mode: Option<Mode>,
    /// Whether it is a draft.
    pub is_draft: bool,
    /// The value of `--q`; 1 where none is given.
    pub quality: f64,
    /// The value of `--stop`, as a part of 1.
    pub stop: f64,
    /// Whether the image is not a square.
    pub is_wide_or_tall: bool,
    /// Whether there is an omni reference.
    pub has_omni_reference: bool,
    /// Whether it is a video.
    pub is_video: bool,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            jobs: 1,
            mode: None,
            is_draft: false,
            quality: 1.0,
            stop: 1.0,
            is_wide_or_tall: false,
            has_omni_reference: false,
            is_video: false,
        }
    }
}

/// One job of the usual kind: "about one minute" (Midjourney's documentation), a third more or less.
const USUAL: (f64, f64) = (0.7, 1.3);

impl Cost {
    /// The estimate.
    pub fn of(order: &Order) -> Self {
        if order.mode == Some(Mode::Relaxed) {
            return Self {
                low: 0.0,
                high: 0.0,
                because: vec!["relaxed jobs cost no GPU minutes (Midjourney's documentation)"],
            };
        }
        let mut cost = Self {
            low: USUAL.0,
            high: USUAL.1,
            because: vec!["a job takes about one minute (Midjourney's documentation)"],
        };
        let quality = if order.quality.is_finite() { order.quality.clamp(0.25, 4.0) } else { 1.0 };
        if (quality - 1.0).abs() > f64::EPSILON {
            cost.times(
                quality.min(1.0),
                quality.max(1.0),
                "by its --q (direction: Midjourney's documentation)",
            );
        }
        let stop = if order.stop.is_finite() { order.stop.clamp(0.1, 1.0) } else { 1.0 };
        if stop < 1.0 {
            cost.times(stop, 1.0, "less by its --stop (Midjourney's documentation)");
        }
        if order.is_wide_or_tall {
            cost.times(
                1.0,
                1.5,
                "more where it is no square (Midjourney's documentation; how much is a guess)",
            );
        }
        if order.is_draft {
            cost.times(0.5, 0.5, "half for a draft (a reseller's guide)");
        }
        if order.has_omni_reference {
            cost.times(2.0, 2.0, "double with an omni reference (a reseller's guide)");
        }
        if order.is_video {
            cost.times(4.0, 10.0, "about eight times for a video (people's reports)");
        }
        match order.mode {
            Some(Mode::Turbo) => cost.times(2.0, 2.0, "double in turbo (Midjourney's documentation)"),
            // Were the account in relax, it would be free; in turbo, twice as much.
            None => cost.because.push("if the account is in fast mode"),
            Some(Mode::Fast | Mode::Relaxed) => {}
        }
        // More jobs than this are nobody's; the estimate need not be exact there.
        let jobs = f64::from(u32::try_from(order.jobs).unwrap_or(u32::MAX));
        cost.low *= jobs;
        cost.high *= jobs;
        cost
    }

    fn times(&mut self, low: f64, high: f64, because: &'static str) {
        self.low *= low;
        self.high *= high;
        self.because.push(because);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(order: &Order) -> (f64, f64) {
        let cost = Cost::of(order);
        (cost.low, cost.high)
    }

    #[test]
    fn the_estimate_is_a_range_that_follows_jobs_mode_and_draft() {
        let one = range(&Order::default());
        assert!(one.0 <= 1.0 && 1.0 <= one.1, "about one minute: {one:?}");
        let turbo = range(&Order { jobs: 3, mode: Some(Mode::Turbo), ..Order::default() });
        assert!((turbo.1 - one.1 * 6.0).abs() < 1e-9);
        let draft = range(&Order { is_draft: true, ..Order::default() });
        assert!((draft.0 * 2.0 - one.0).abs() < 1e-9);
        assert_eq!(range(&Order { jobs: 9, mode: Some(Mode::Relaxed), ..Order::default() }), (0.0, 0.0));
    }

    #[test]
    fn no_value_makes_it_endless_or_negative() {
        for value in [f64::NAN, f64::INFINITY, -5.0, 1e300] {
            let (low, high) =
                range(&Order { quality: value, stop: value, jobs: u64::MAX, ..Order::default() });
            assert!(
                low.is_finite() && high.is_finite() && 0.0 < low && low <= high,
                "{value}: {low} to {high}"
            );
        }
    }
}
