//! The one clock: the only code of the client that reads the monotonic clock or sleeps.
//!
//! It is not a trait: pure code takes a [`Moment`], and only shells hold a [`Clock`].

use std::time::Duration;

use tokio::time::Instant;

use crate::Moment;

/// Far enough for any wait, near enough that adding it to an `Instant` cannot overflow.
const FAR: Duration = Duration::from_hours(24 * 365 * 30);
/// The scale of real time, in bits.
const REAL: u64 = 1.0_f64.to_bits();

/// Turns the monotonic clock into [`Moment`]s, and sleeps until one.
///
/// A scale above 1 makes its time run faster than real time: at 10, a wait of
/// one second takes 100 ms. Made once, in `Client::new` or `main`, and passed
/// down by copy; copies agree on the origin.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    scale: f64,
}

impl Clock {
    /// A clock in real time whose origin is this call.
    pub fn real() -> Self {
        Self::scaled(1.0)
    }

    /// A clock that runs `scale` times as fast as real time.
    ///
    /// A scale that is not a positive finite number counts as 1.
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the monotonic clock")]
    pub fn scaled(scale: f64) -> Self {
        Self::from_origin(Instant::now().into_std(), scale)
    }

    /// A clock with a given origin, so that another part of the program can share it.
    pub fn from_origin(origin: std::time::Instant, scale: f64) -> Self {
        let scale = if scale.is_finite() && scale > 0.0 { scale } else { 1.0 };
        Self { origin: Instant::from_std(origin), scale }
    }

    /// The origin on the monotonic clock.
    pub fn origin(&self) -> std::time::Instant {
        self.origin.into_std()
    }

    /// How many times faster than real time this clock runs.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The time now.
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the monotonic clock")]
    pub fn now(&self) -> Moment {
        let real = Instant::now().saturating_duration_since(self.origin);
        // Every request reads it several times, and a multiplication takes longer than the reading.
        let span = if self.scale.to_bits() == REAL { real } else { real.mul_f64(self.scale) };
        // Rounded down, so that a read never runs ahead of the clock.
        let whole = span.as_secs().saturating_mul(1_000_000);
        Moment::from_micros(whole.saturating_add(u64::from(span.subsec_micros())))
    }

    /// Waits until `moment`; returns at once when it has passed.
    ///
    /// # Cancel safety
    /// Dropping the future only ends the wait.
    #[expect(clippy::disallowed_methods, reason = "this is the one sleeper")]
    pub async fn sleep_until(&self, moment: Moment) {
        tokio::time::sleep_until(self.instant(moment)).await;
    }

    /// How long a span of this clock's time takes in real time.
    pub fn to_real(&self, span: Duration) -> Duration {
        Duration::try_from_secs_f64(span.as_secs_f64() / self.scale).unwrap_or(Duration::MAX)
    }

    fn instant(&self, moment: Moment) -> Instant {
        // One microsecond more, so that rounding in the division never wakes early.
        let real = self.to_real(moment.since(Moment::ORIGIN)).saturating_add(Duration::from_micros(1));
        self.origin + real.min(FAR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_scaled_clock_sleeps_a_fraction_and_never_wakes_early() {
        let clock = Clock::scaled(10.0);
        let real = Clock::from_origin(clock.origin(), 1.0);
        let until = clock.now() + Duration::from_secs(10);
        let before = real.now();
        clock.sleep_until(until).await;
        assert!(clock.now() >= until, "woke early");
        let took = real.now().since(before);
        assert!(took >= Duration::from_millis(999) && took < Duration::from_millis(1_100), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_past_and_the_end_of_time_do_not_panic() {
        let clock = Clock::real();
        clock.sleep_until(Moment::ORIGIN).await;
        drop(clock.sleep_until(Moment::MAX));
    }

    #[test]
    fn a_senseless_scale_counts_as_one() {
        let scale = Clock::scaled(f64::NAN).scale();
        assert!((scale - 1.0).abs() < f64::EPSILON);
    }
}
