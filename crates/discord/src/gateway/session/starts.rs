//! When a fresh session may be begun: 5 s apart, and within the account's limit. It begins none.

use std::collections::VecDeque;
use std::time::Duration;

use journeyman_moment::Moment;

use crate::gateway::StartLimit;

/// Discord allows `max_concurrency` in 5 s, which is 1 for a user and for a small bot; a client with one
/// connection never needs more. Half a second is for delays, which can push two together.
pub(crate) const GAP: Duration = Duration::from_millis(5_500);
const DAY: Duration = Duration::from_hours(24);

/// When fresh sessions were begun.
#[derive(Debug)]
pub(crate) struct Starts {
    limit: StartLimit,
    resets_at: Moment,
    /// Those of the last 24 hours.
    log: VecDeque<Moment>,
    /// Those since the beginning, until `resets_at`.
    begun: u32,
}

/// When the next may be begun.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Then, or at once if that has passed.
    At(Moment),
    /// Not before then, which is too long to wait for without telling.
    Exhausted { begun: u32, again_at: Moment },
}

impl Starts {
    pub(crate) fn new(limit: StartLimit, now: Moment) -> Self {
        Self { limit, resets_at: now + limit.reset_after, log: VecDeque::new(), begun: 0 }
    }

    pub(crate) fn next(&self, now: Moment) -> Next {
        let recent = self.log.iter().filter(|at| now < **at + DAY).count();
        let recent = u32::try_from(recent).unwrap_or(u32::MAX);
        if now < self.resets_at && self.begun >= self.limit.remaining {
            return Next::Exhausted { begun: self.begun, again_at: self.resets_at };
        }
        if recent >= self.limit.total {
            let again_at = self.log.iter().find(|at| now < **at + DAY).map_or(Moment::MAX, |at| *at + DAY);
            return Next::Exhausted { begun: recent, again_at };
        }
        Next::At(self.log.back().map_or(Moment::ORIGIN, |last| *last + GAP))
    }

    pub(crate) fn begin(&mut self, now: Moment) {
        while self.log.front().is_some_and(|first| now >= *first + DAY) {
            self.log.pop_front();
        }
        self.log.push_back(now);
        self.begun = self.begun.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(starts: &mut Starts, now: Moment) {
        assert!(matches!(starts.next(now), Next::At(at) if at <= now), "{starts:?}");
        starts.begin(now);
    }

    #[test]
    fn a_known_session_start_limit_is_honoured_until_it_resets() {
        let limit = StartLimit { remaining: 2, reset_after: Duration::from_secs(100), total: 4 };
        let mut starts = Starts::new(limit, Moment::ORIGIN);
        begin(&mut starts, Moment::ORIGIN);
        begin(&mut starts, Moment::from_secs(10));
        let exhausted = Next::Exhausted { begun: 2, again_at: Moment::from_secs(100) };
        assert_eq!(starts.next(Moment::from_secs(99)), exhausted);
        begin(&mut starts, Moment::from_secs(100));
        begin(&mut starts, Moment::from_secs(106));
        let day = Duration::from_hours(24);
        let exhausted = Next::Exhausted { begun: 4, again_at: Moment::ORIGIN + day };
        assert_eq!(starts.next(Moment::from_secs(112)), exhausted);
        begin(&mut starts, Moment::ORIGIN + day);
    }
}
