//! A circuit breaker: stops asking somebody who keeps failing, and finds out with one request when to go on.
//! It knows no request, draws no randomness of its own, and counts no limit.

use std::time::Duration;

use journeyman_moment::Moment;

use crate::limit::Room;

#[cfg(test)]
mod tests;

/// When a breaker opens, and for how long. The defaults fit low rates; each class of routes has its own breaker.
///
/// Failures are: no connection, no answer in time or at all, a 5xx, a page of HTML where JSON belongs. A 429 or
/// another 4xx is none. Failures in a row count once for all that were on their way together, so that a restart
/// of the server under a hundred open requests is one failure, not a hundred.
///
/// ```
/// use journeyman_limiter::{BreakerConfig, Config};
///
/// let breaker = BreakerConfig { in_a_row: 5, ..BreakerConfig::default() };
/// let config = Config { breaker, ..Config::default() };
/// assert_eq!(config.breaker.percent, 50);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerConfig {
    /// Over which time answers are counted: 60 s.
    pub window: Duration,
    /// How many answers the share of failures needs to mean something: 5.
    pub least: u32,
    /// The share of failures that opens it, in per cent: 50.
    pub percent: u32,
    /// How many failures in a row open it, each sent after the one before was heard of: 3.
    pub in_a_row: u32,
    /// How long it stays open at first, and up to a quarter more; it doubles with each failed probe: 5 s.
    pub open: Duration,
    /// The longest that it stays open: 60 s.
    pub longest: Duration,
    /// After a good probe two may be on their way at once, and one more with each good answer; at this many it
    /// is closed again: 32.
    pub ramp: u32,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            window: Duration::from_mins(1),
            least: 5,
            percent: 50,
            in_a_row: 3,
            open: Duration::from_secs(5),
            longest: Duration::from_mins(1),
            ramp: 32,
        }
    }
}

/// One breaker.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    state: State,
    /// How often it has changed sides; results of passes from before do not count.
    generation: u32,
    /// How often it has opened since it was closed for good, by failures that named no time.
    opened: u32,
    tally: Tally,
    row: u32,
    /// When the last failure of the row was heard of.
    heard: Option<Moment>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    #[default]
    Closed,
    /// Nothing goes; from this moment on one may, to see.
    Open { until: Moment },
    /// The one is on its way.
    Probing,
    /// It came back well: so many may be on their way, and so many are.
    Recovering { most: u32, out: u32 },
    /// A human must act.
    Isolated { why: Box<str> },
}

/// What a circuit breaker lets through, for people and dashboards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Circuit {
    /// Everything.
    Closed,
    /// A few, to see whether the other side is well again.
    HalfOpen,
    /// Nothing, for a while.
    Open,
    /// Nothing, before somebody acts.
    Isolated,
}

/// The right to pass a breaker once. It must be given back with [`Breaker::end`], whatever happens.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pass {
    generation: u32,
    at: Moment,
}

/// What a pass has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    Failure,
    /// Nothing about the other side: it was not sent, or nobody waited for the answer.
    Ignored,
}

/// What follows from an ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Nothing,
    Opened,
    /// Another one may go.
    Freed,
    Closed,
}

impl Breaker {
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    pub(crate) fn circuit(&self) -> Circuit {
        match self.state {
            State::Closed => Circuit::Closed,
            State::Open { .. } => Circuit::Open,
            State::Probing | State::Recovering { .. } => Circuit::HalfOpen,
            State::Isolated { .. } => Circuit::Isolated,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Whether one more may go; `None` if not before a human acts.
    pub(crate) fn room(&self, now: Moment) -> Option<Room> {
        match self.state {
            State::Open { until } if until > now => Some(Room::Until(until)),
            State::Closed | State::Open { .. } => Some(Room::Free),
            State::Recovering { most, out } if out < most => Some(Room::Free),
            State::Probing | State::Recovering { .. } => Some(Room::Settling),
            State::Isolated { .. } => None,
        }
    }

    /// Whether a pass is from since the breaker has changed sides last.
    pub(crate) fn is_current(&self, pass: Pass) -> bool {
        pass.generation == self.generation
    }

    /// Lets one go for which there was room.
    pub(crate) fn take(&mut self, now: Moment) -> Pass {
        match &mut self.state {
            State::Open { .. } => self.state = State::Probing,
            State::Recovering { out, .. } => *out += 1,
            State::Closed | State::Probing | State::Isolated { .. } => {}
        }
        Pass { generation: self.generation, at: now }
    }

    /// Ends a pass.
    pub(crate) fn end(
        &mut self,
        now: Moment,
        pass: Pass,
        outcome: Outcome,
        config: &BreakerConfig,
        rng: &mut fastrand::Rng,
    ) -> Change {
        if pass.generation != self.generation {
            return Change::Nothing;
        }
        match (&mut self.state, outcome) {
            (State::Closed, Outcome::Success) => {
                self.tally.count(now, config).good += 1;
                self.row = 0;
                Change::Nothing
            }
            (State::Closed, Outcome::Failure) => self.failed(now, pass, config, rng),
            (State::Probing, Outcome::Success) => {
                self.state = State::Recovering { most: 2, out: 0 };
                self.close_if_recovered(config)
            }
            (State::Recovering { most, out }, Outcome::Success) => {
                *out = out.saturating_sub(1);
                *most += 1;
                self.close_if_recovered(config)
            }
            (State::Probing | State::Recovering { .. }, Outcome::Failure) => {
                self.open(now, None, config, rng);
                Change::Opened
            }
            // The probe is given back: the next one may go at once.
            (State::Probing, Outcome::Ignored) => {
                self.state = State::Open { until: now };
                Change::Freed
            }
            (State::Recovering { out, .. }, Outcome::Ignored) => {
                *out = out.saturating_sub(1);
                Change::Freed
            }
            (State::Closed, Outcome::Ignored) | (State::Open { .. } | State::Isolated { .. }, _) => {
                Change::Nothing
            }
        }
    }

    fn failed(&mut self, now: Moment, pass: Pass, config: &BreakerConfig, rng: &mut fastrand::Rng) -> Change {
        // What was on its way when the last failure was heard of says nothing new.
        let is_new = self.heard.is_none_or(|heard| pass.at >= heard);
        if is_new {
            self.heard = Some(now);
            self.row += 1;
        }
        let count = self.tally.count(now, config);
        count.bad += 1;
        count.rounds += u32::from(is_new);
        let Count { good, bad, rounds } = self.tally.sum();
        let is_often = u64::from(bad) * 100 >= u64::from(config.percent) * u64::from(good + bad);
        // Two rounds at least, since one is a restart.
        let trips = self.row >= config.in_a_row || (good + bad >= config.least && is_often && rounds >= 2);
        if !trips {
            return Change::Nothing;
        }
        self.open(now, None, config, rng);
        Change::Opened
    }

    /// Opens it, for as long as is named, or else longer each time.
    pub(crate) fn open(
        &mut self,
        now: Moment,
        named: Option<Duration>,
        config: &BreakerConfig,
        rng: &mut fastrand::Rng,
    ) {
        let span = named.unwrap_or_else(|| {
            let factor = 2_u32.checked_pow(self.opened).unwrap_or(u32::MAX);
            let span = config.open.saturating_mul(factor).min(config.longest.max(config.open));
            self.opened = self.opened.saturating_add(1);
            let quarter = u64::try_from(span.as_micros() / 4).unwrap_or(u64::MAX);
            span.saturating_add(Duration::from_micros(rng.u64(0..=quarter)))
        });
        self.change(State::Open { until: now + span });
    }

    /// The other side has named a time for which it refuses all: that counts whenever it is heard.
    pub(crate) fn block(&mut self, now: Moment, named: Duration) {
        let until = now + named;
        match &mut self.state {
            State::Open { until: known } => *known = until.max(*known),
            State::Isolated { .. } => {}
            State::Closed | State::Probing | State::Recovering { .. } => self.change(State::Open { until }),
        }
    }

    /// Lets nothing pass before [`reset`](Self::reset), and never tries.
    pub(crate) fn isolate(&mut self, why: &str) {
        self.change(State::Isolated { why: why.into() });
    }

    /// Closes it, as if nothing had happened.
    pub(crate) fn reset(&mut self) {
        self.opened = 0;
        self.change(State::Closed);
    }

    fn close_if_recovered(&mut self, config: &BreakerConfig) -> Change {
        let State::Recovering { most, .. } = self.state else { return Change::Nothing };
        if most < config.ramp {
            return Change::Freed;
        }
        // The passes that are out count on.
        self.state = State::Closed;
        self.opened = 0;
        Change::Closed
    }

    fn change(&mut self, state: State) {
        self.state = state;
        self.generation = self.generation.wrapping_add(1);
        self.tally = Tally::default();
        self.row = 0;
        self.heard = None;
    }
}

/// In how many parts the window moves on.
const PARTS: usize = 12;

/// Answers of the last while.
#[derive(Clone, Debug, Default)]
struct Tally {
    parts: [Count; PARTS],
    newest: u64,
    /// When the newest part ends: before that nothing is to be worked out.
    until: Moment,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    good: u32,
    bad: u32,
    /// Failures without those that were on their way together with an earlier one.
    rounds: u32,
}

impl Tally {
    fn count(&mut self, now: Moment, config: &BreakerConfig) -> &mut Count {
        if now < self.until {
            return &mut self.parts[place(self.newest)];
        }
        let part = part(now, config);
        self.until = Moment::from_micros((part + 1).saturating_mul(length(config)));
        for stale in (self.newest + 1..=part).take(PARTS) {
            self.parts[place(stale)] = Count::default();
        }
        self.newest = self.newest.max(part);
        &mut self.parts[place(part)]
    }

    fn sum(&self) -> Count {
        self.parts.iter().fold(Count::default(), |sum, count| Count {
            good: sum.good + count.good,
            bad: sum.bad + count.bad,
            rounds: sum.rounds + count.rounds,
        })
    }
}

/// The number of the part of the window that a moment is in.
fn part(now: Moment, config: &BreakerConfig) -> u64 {
    now.as_micros() / length(config)
}

/// How long a part is, in microseconds.
fn length(config: &BreakerConfig) -> u64 {
    let micros = u64::try_from(config.window.as_micros()).unwrap_or(u64::MAX);
    (micros / PARTS as u64).max(1)
}

fn place(part: u64) -> usize {
    usize::try_from(part % PARTS as u64).unwrap_or_default()
}
