//! How early an answered request can be shown to have arrived: rule R'. It knows no limits.
//!
//! A slot comes back a window after the answer, for the request arrived before that (rule R). Two things can
//! make that earlier. The server's own clock: `X-RateLimit-Reset` less `-Reset-After` is its time at the answer,
//! and each answer bounds how far that clock is ahead of ours, for it was made between departure and receipt.
//! And the way itself: what comes later needs at least the shortest way up, and what came before needed at least
//! the shortest way down. The first is sure as long as the server has one clock that does not jump; the second
//! as long as no way is shorter than the shortest seen. So both are off unless the settings ask for them.

use std::time::Duration;

use journeyman_moment::Moment;

use crate::config::Config;
use crate::headers::Answer;

/// Both headers have milliseconds, and each may be rounded.
const ROUNDING: i64 = 2_000;
/// Two clocks may drift apart by one part in so many.
const DRIFT: i64 = 10_000;
/// The shortest of fewer round trips than these says little.
const ENOUGH: u32 = 20;

/// What answers have shown of the ways to and fro.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transit {
    shortest: Option<Duration>,
    seen: u32,
    clock: Option<Offset>,
}

/// How far the server's clock is ahead of ours, in microseconds.
#[derive(Clone, Copy, Debug)]
struct Offset {
    least: i64,
    most: i64,
    at: Moment,
    seen: u32,
}

impl Offset {
    /// The bounds at a later moment: they widen as the clocks drift.
    fn later(self, now: Moment) -> Self {
        let drift = micros(now.since(self.at)) / DRIFT;
        Self { least: self.least - drift, most: self.most + drift, at: now, ..self }
    }
}

impl Transit {
    /// From when on the slot of an answered request counts: the receipt, or what the settings allow before it.
    pub(crate) fn counted_from(
        &mut self,
        departed: Moment,
        now: Moment,
        answer: &Answer,
        config: &Config,
    ) -> Moment {
        if config.server_clock.is_none() && config.round_trip_credit == 0 {
            return now;
        }
        let trip = now.since(departed);
        self.seen = self.seen.saturating_add(1);
        self.shortest = Some(self.shortest.map_or(trip, |shortest| shortest.min(trip)));
        let answered = config.server_clock.and_then(|error| self.answered_by(departed, now, answer, error));
        let from = answered.unwrap_or(now).min(now);
        let credit =
            self.credit(answered.is_some()).saturating_mul(u32::from(config.round_trip_credit.min(100)))
                / 100;
        Moment::from_micros(from.as_micros().saturating_sub(u64::try_from(micros(credit)).unwrap_or(0)))
            .max(departed)
    }

    /// The latest moment at which the server can have made the answer, by its own clock.
    fn answered_by(
        &mut self,
        departed: Moment,
        now: Moment,
        answer: &Answer,
        error: Duration,
    ) -> Option<Moment> {
        let server = micros(answer.reset?.checked_sub(answer.reset_after?)?);
        let (least, most) = (server - local(now) - ROUNDING, server - local(departed) + ROUNDING);
        let before = self.clock.map(|clock| clock.later(now));
        // Bounds that contradict each other: one of the clocks has jumped, and what is known is of another time.
        let before = before.filter(|clock| clock.least <= most && least <= clock.most);
        let clock = before.map_or(Offset { least, most, at: now, seen: 1 }, |clock| Offset {
            least: clock.least.max(least),
            most: clock.most.min(most),
            at: now,
            seen: clock.seen.saturating_add(1),
        });
        self.clock = Some(clock);
        let by = server + ROUNDING + micros(error) - clock.least;
        Some(Moment::from_micros(u64::try_from(by).ok()?)).filter(|_| clock.seen >= ENOUGH)
    }

    /// The shortest way down and the shortest way up together: by the clock, else by the shortest round trip.
    fn credit(&self, clocked: bool) -> Duration {
        let by_clock = self.clock.filter(|_| clocked).map(|clock| {
            Duration::from_micros(u64::try_from(clock.most - clock.least - 2 * ROUNDING).unwrap_or(0))
        });
        let shortest = self.shortest.filter(|_| self.seen >= ENOUGH).unwrap_or_default();
        by_clock.map_or(shortest, |by_clock| by_clock.min(shortest))
    }
}

fn local(moment: Moment) -> i64 {
    i64::try_from(moment.as_micros()).unwrap_or(i64::MAX)
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: u64 = 1_800_000_000_000;

    fn at(ms: u64) -> Moment {
        Moment::from_micros(ms * 1_000)
    }

    /// A server whose clock is ahead by `ahead` answers at a moment of ours.
    fn answer(made_ms: u64, ahead: u64) -> Answer {
        let reset = Duration::from_millis(WALL + made_ms + ahead + 1_000);
        Answer { reset: Some(reset), reset_after: Some(Duration::from_secs(1)), ..Answer::default() }
    }

    fn config(server_clock: Option<Duration>, round_trip_credit: u8) -> Config {
        Config { server_clock, round_trip_credit, ..Config::default() }
    }

    /// Each way takes 50 ms, and now and then 300 ms more.
    fn warm(transit: &mut Transit, config: &Config) -> u64 {
        for number in 0..50 {
            let (up, down) = (50 + 300 * (number % 2), 50 + 300 * (number / 2 % 2));
            let left = number * 1_000;
            transit.counted_from(at(left), at(left + up + down), &answer(left + up, 0), config);
        }
        50_000
    }

    #[test]
    fn nothing_counts_before_the_receipt_unless_it_is_asked_for() {
        let (mut transit, config) = (Transit::default(), Config::default());
        let begun = warm(&mut transit, &config);
        let counted = transit.counted_from(at(begun), at(begun + 400), &answer(begun + 50, 0), &config);
        assert_eq!(counted, at(begun + 400));
    }

    #[test]
    fn by_the_servers_clock_a_slow_way_down_costs_no_more_than_the_fastest() {
        let (mut transit, config) = (Transit::default(), config(Some(Duration::ZERO), 0));
        let begun = warm(&mut transit, &config);
        let counted = transit.counted_from(at(begun), at(begun + 400), &answer(begun + 50, 0), &config);
        assert!(counted >= at(begun + 100) && counted < at(begun + 115), "{counted:?}");
    }

    #[test]
    fn the_shortest_round_trip_may_be_taken_off_in_part() {
        let (mut transit, config) = (Transit::default(), config(None, 45));
        assert_eq!(transit.counted_from(at(0), at(100), &answer(50, 0), &config), at(100), "one says little");
        let begun = warm(&mut transit, &config);
        let counted = transit.counted_from(at(begun), at(begun + 400), &answer(begun + 50, 0), &config);
        assert_eq!(counted, at(begun + 355));
    }

    #[test]
    fn a_clock_jump_makes_the_bounds_start_anew() {
        let (mut transit, config) = (Transit::default(), config(Some(Duration::ZERO), 0));
        let begun = warm(&mut transit, &config);
        for ahead in [3_600_000, 0] {
            let counted =
                transit.counted_from(at(begun), at(begun + 400), &answer(begun + 50, ahead), &config);
            assert_eq!(counted, at(begun + 400), "{ahead}");
        }
    }
}
