//! One series of the store's histograms, over its hours. It reads no store.

use std::collections::BTreeMap;
use std::time::Duration;

use journeyman_jobs::analytics::largest;
use journeyman_jobs::store::Observed;

/// A plot is at most so wide; more hours share a column.
const WIDEST: i64 = 48;

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What was observed of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Series {
    pub(super) count: u64,
    sum: u64,
    buckets: BTreeMap<u16, u64>,
    /// How many in each hour that has any.
    pub(super) hours: BTreeMap<i64, u64>,
}

/// By name.
pub(super) fn gather(observed: &[Observed]) -> BTreeMap<String, Series> {
    let mut all = BTreeMap::<String, Series>::new();
    for one in observed {
        let series = all.entry(one.series.clone()).or_default();
        series.count += one.count;
        series.sum = series.sum.saturating_add(one.sum);
        *series.buckets.entry(one.bucket).or_default() += one.count;
        *series.hours.entry(one.hour).or_default() += one.count;
    }
    all
}

impl Series {
    /// What so many of a hundred values were within: the end of a bucket, at most a quarter too much.
    pub(super) fn quantile(&self, percent: u64) -> Duration {
        let rank = (self.count.saturating_mul(percent)).div_ceil(100);
        let mut seen = 0;
        for (bucket, count) in &self.buckets {
            seen += count;
            if seen >= rank {
                return Duration::from_micros(largest(*bucket));
            }
        }
        Duration::ZERO
    }

    /// Their mean, exact.
    pub(super) fn mean(&self) -> Duration {
        Duration::from_micros(self.sum.checked_div(self.count).unwrap_or_default())
    }

    /// How many per hour, drawn: a dot for none.
    pub(super) fn plot(&self, from: i64, to: i64) -> String {
        let share = (to - from).div_euclid(WIDEST) + 1;
        let columns: Vec<u64> = (from..=to)
            .step_by(usize::try_from(share).unwrap_or(1))
            .map(|hour| self.hours.range(hour..hour.saturating_add(share)).map(|(_, count)| count).sum())
            .collect();
        let most = columns.iter().max().copied().unwrap_or_default();
        columns.iter().map(|count| level(*count, most)).collect()
    }
}

fn level(count: u64, most: u64) -> char {
    let at = count.saturating_mul(LEVELS.len() as u64).div_ceil(most.max(1));
    let at = usize::try_from(at).unwrap_or_default().checked_sub(1);
    at.and_then(|at| LEVELS.get(at)).copied().unwrap_or('·')
}

#[cfg(test)]
mod tests {
    use journeyman_jobs::analytics::bucket;

    use super::*;

    fn observed(hour: i64, value: u64, count: u64) -> Observed {
        Observed { hour, series: "duration/U1".to_owned(), bucket: bucket(value), count, sum: value * count }
    }

    #[test]
    fn half_and_most_of_the_values_lie_within_what_is_told_and_the_mean_is_exact() {
        let all = gather(&[observed(5, 1_000, 90), observed(6, 60_000, 5), observed(6, 900_000, 5)]);
        let series = &all["duration/U1"];
        for (percent, value) in [(50, 1_000), (90, 1_000), (95, 60_000), (96, 900_000), (100, 900_000)] {
            let told = u64::try_from(series.quantile(percent).as_micros()).expect("it fits");
            assert!((value..=value + value / 4).contains(&told), "{percent}: {told} for {value}");
        }
        assert_eq!(series.mean(), Duration::from_micros(48_900));
        assert_eq!(Series::default().quantile(50), Duration::ZERO);
    }

    #[test]
    fn a_plot_has_a_column_for_each_hour_and_at_most_48() {
        let all = gather(&[observed(10, 1, 1), observed(12, 1, 8)]);
        let series = &all["duration/U1"];
        assert_eq!(series.plot(9, 13), "·▁·█·");
        for hours in [1, 48, 49, 96, 97, 10_000] {
            let width = series.plot(13 - hours, 12).chars().count();
            assert!((1..=48).contains(&width), "{hours}: {width}");
            assert!(series.plot(13 - hours, 12).contains('█'), "{hours}");
        }
    }
}
