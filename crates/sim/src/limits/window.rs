//! One counter: how many of a kind were accepted, by each of the four models a server may use.
//!
//! It has no slack and no safety margin: it is the server.

use std::collections::VecDeque;
use std::time::Duration;

use crate::choice::named;

/// So many per span, by a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub limit: u32,
    /// In which span.
    pub per: Duration,
    /// How the span is laid.
    pub window: WindowModel,
}

/// How a server lays its window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WindowModel {
    /// Fixed; opens with the first request after the last one closed.
    #[default]
    FirstArrival,
    /// Fixed; aligned to the wall clock.
    Aligned,
    /// Fills up evenly, `limit` at most (what Discord calls sliding since November 2022).
    TokenBucket,
    /// Never more than `limit` within any span.
    SlidingLog,
}
named!(WindowModel, "window model", [
    "first-arrival" => WindowModel::FirstArrival,
    "aligned" => WindowModel::Aligned,
    "token-bucket" => WindowModel::TokenBucket,
    "sliding-log" => WindowModel::SlidingLog,
]);

/// What a counter says after one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) granted: bool,
    pub(crate) remaining: u32,
    /// Until the counter is full again.
    pub(crate) reset_after: Duration,
    /// Until one more is accepted; zero when one is at once.
    pub(crate) retry_after: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct Window {
    rate: Rate,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Fixed {
        opened_micros: Option<i64>,
        used: u32,
    },
    /// One request costs `per` microseconds; each microsecond gives back `limit` of them.
    Level {
        spent: u128,
        at: Duration,
    },
    Log(VecDeque<Duration>),
}

impl Window {
    pub(crate) fn new(rate: Rate) -> Self {
        let state = match rate.window {
            WindowModel::FirstArrival | WindowModel::Aligned => State::Fixed { opened_micros: None, used: 0 },
            WindowModel::TokenBucket => State::Level { spent: 0, at: Duration::ZERO },
            WindowModel::SlidingLog => State::Log(VecDeque::new()),
        };
        Self { rate, state }
    }

    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// Counts one request, if it fits.
    pub(crate) fn take(&mut self, now: Duration, wall_micros: i64) -> Taken {
        self.pass_time(now, wall_micros);
        let granted = self.remaining() > 0;
        if granted {
            self.add(now);
        }
        self.taken(granted, now, wall_micros)
    }

    /// The same without counting.
    pub(crate) fn peek(mut self, now: Duration, wall_micros: i64) -> Taken {
        self.pass_time(now, wall_micros);
        self.taken(true, now, wall_micros)
    }

    fn pass_time(&mut self, now: Duration, wall_micros: i64) {
        let per = micros(self.rate.per);
        match &mut self.state {
            State::Fixed { opened_micros, used } => {
                let start = match self.rate.window {
                    WindowModel::Aligned => wall_micros - wall_micros.rem_euclid(per),
                    WindowModel::FirstArrival | WindowModel::TokenBucket | WindowModel::SlidingLog => {
                        wall_micros
                    }
                };
                if opened_micros.is_none_or(|opened| wall_micros - opened >= per) {
                    *opened_micros = Some(start);
                    *used = 0;
                }
            }
            State::Level { spent, at } => {
                let given_back = now.saturating_sub(*at).as_micros() * u128::from(self.rate.limit);
                *spent = spent.saturating_sub(given_back);
                *at = now;
            }
            State::Log(hits) => {
                while hits.front().is_some_and(|hit| *hit + self.rate.per <= now) {
                    hits.pop_front();
                }
            }
        }
    }

    fn remaining(&self) -> u32 {
        let limit = self.rate.limit;
        match &self.state {
            State::Fixed { used, .. } => limit.saturating_sub(*used),
            State::Level { spent, .. } => {
                let per = self.rate.per.as_micros();
                let free = (per * u128::from(limit)).saturating_sub(*spent);
                u32::try_from(free / per.max(1)).unwrap_or(limit)
            }
            State::Log(hits) => limit.saturating_sub(u32::try_from(hits.len()).unwrap_or(u32::MAX)),
        }
    }

    fn add(&mut self, now: Duration) {
        match &mut self.state {
            State::Fixed { used, .. } => *used += 1,
            State::Level { spent, .. } => *spent += self.rate.per.as_micros(),
            State::Log(hits) => hits.push_back(now),
        }
    }

    fn taken(&self, granted: bool, now: Duration, wall_micros: i64) -> Taken {
        let remaining = self.remaining();
        let reset_after = match &self.state {
            State::Fixed { opened_micros, .. } => {
                let closes = opened_micros.unwrap_or(wall_micros) + micros(self.rate.per);
                Duration::from_micros(u64::try_from(closes - wall_micros).unwrap_or(0))
            }
            State::Level { spent, .. } => self.refill(*spent),
            State::Log(hits) => {
                hits.back().map_or(Duration::ZERO, |hit| (*hit + self.rate.per).saturating_sub(now))
            }
        };
        let retry_after = if remaining > 0 {
            Duration::ZERO
        } else {
            match &self.state {
                State::Fixed { .. } => reset_after,
                State::Level { spent, .. } => {
                    let allowed = self.rate.per.as_micros() * u128::from(self.rate.limit.saturating_sub(1));
                    self.refill(spent.saturating_sub(allowed))
                }
                State::Log(hits) => {
                    hits.front().map_or(Duration::ZERO, |hit| (*hit + self.rate.per).saturating_sub(now))
                }
            }
        };
        Taken { granted, remaining, reset_after, retry_after }
    }

    /// How long so much takes to come back.
    fn refill(&self, spent: u128) -> Duration {
        let span = spent.div_ceil(u128::from(self.rate.limit.max(1)));
        Duration::from_micros(u64::try_from(span).unwrap_or(u64::MAX))
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX).max(1)
}
