//! Counts by size, as Prometheus wants them. It knows no names and no labels.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many values there were up to each bound, and their sum. Kept without a lock: it is on every request's way.
#[derive(Debug)]
pub(crate) struct Histogram<const N: usize> {
    bounds: &'static [f64; N],
    /// Not yet summed up; the last bound is infinity and has its own.
    counts: [AtomicU64; N],
    beyond: AtomicU64,
    /// In millionths.
    sum: AtomicU64,
}

/// What a histogram showed at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Bound, and how many were not above it.
    pub(crate) buckets: Vec<(f64, u64)>,
    pub(crate) sum: f64,
    pub(crate) count: u64,
}

impl<const N: usize> Histogram<N> {
    pub(crate) fn new(bounds: &'static [f64; N]) -> Self {
        Self {
            bounds,
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            beyond: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }

    /// One more, given in millionths.
    pub(crate) fn observe(&self, millionths: u64) {
        #[expect(clippy::cast_precision_loss, reason = "a bucket needs no more than 53 bits")]
        let value = millionths as f64 / 1e6;
        let at = self.bounds.iter().position(|bound| value <= *bound);
        at.map_or(&self.beyond, |at| &self.counts[at]).fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(millionths, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut count = 0;
        let mut buckets = Vec::with_capacity(N);
        for (bound, single) in self.bounds.iter().zip(&self.counts) {
            count += single.load(Ordering::Relaxed);
            buckets.push((*bound, count));
        }
        count += self.beyond.load(Ordering::Relaxed);
        #[expect(clippy::cast_precision_loss, reason = "a sum of seconds needs no more than 53 bits")]
        let sum = self.sum.load(Ordering::Relaxed) as f64 / 1e6;
        Snapshot { buckets, sum, count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_counts_what_is_not_above_it() {
        let histogram = Histogram::new(&[0.5, 1.0]);
        for millionths in [0, 500_000, 500_001, 1_000_000, 7_000_000] {
            histogram.observe(millionths);
        }
        let Snapshot { buckets, sum, count } = histogram.snapshot();
        assert_eq!(buckets, [(0.5, 2), (1.0, 4)]);
        assert_eq!(count, 5);
        assert!((sum - 9.000_001).abs() < 1e-9, "{sum}");
    }
}
