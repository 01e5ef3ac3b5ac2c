//! How long to wait before another try: exponential with full jitter. It never looks at what the server said.

use std::time::Duration;

/// A wait between nothing and `min(cap, base · 2^retry)`, evenly drawn ("full jitter").
///
/// Of the usual kinds it needs the fewest calls when many clients fail at once
/// (Amazon's backoff simulator).
///
/// ```
/// use journeyman_limiter::full_jitter;
/// use std::time::Duration;
///
/// let mut rng = fastrand::Rng::with_seed(7);
/// let (base, cap) = (Duration::from_millis(500), Duration::from_secs(30));
/// assert!(full_jitter(base, cap, 0, &mut rng) <= base);
/// // However many tries: never above the cap, never a panic.
/// assert!(full_jitter(base, cap, u32::MAX, &mut rng) <= cap);
/// ```
pub fn full_jitter(base: Duration, cap: Duration, retry: u32, rng: &mut fastrand::Rng) -> Duration {
    let factor = 2_u32.checked_pow(retry).unwrap_or(u32::MAX);
    let most = base.saturating_mul(factor).min(cap);
    let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(rng.u64(0..=micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_fills_the_whole_range_and_the_same_seed_gives_the_same_waits() {
        let (base, cap) = (Duration::from_millis(500), Duration::from_secs(30));
        let draw = |seed| {
            let mut rng = fastrand::Rng::with_seed(seed);
            (0..1_000).map(|_| full_jitter(base, cap, 3, &mut rng)).collect::<Vec<_>>()
        };
        let waits = draw(1);
        assert_eq!(waits, draw(1));
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(4)));
        assert!(waits.iter().any(|wait| *wait < Duration::from_millis(100)), "no short wait");
        assert!(waits.iter().any(|wait| *wait > Duration::from_millis(3_900)), "no long wait");
    }
}
