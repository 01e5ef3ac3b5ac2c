//! What all routes of one credential have in common: global limit, pause, pace. It knows no route.

use std::time::Duration;

use journeyman_moment::Moment;

use crate::config::{Config, GlobalLimit, Mutation};
use crate::limit::{Blocked, Pace, Room, Slots};
use crate::reason::Reason;

/// One credential's limits over all of its routes.
#[derive(Debug)]
pub(crate) struct Account {
    credential: u64,
    /// How many templates refer to it.
    pub(crate) uses: u32,
    /// Global 429.
    pub(crate) pause: Blocked,
    global: Slots,
    /// The limit that the operator told; without it the configured one holds.
    told: Option<GlobalLimit>,
    /// How many of the global limit's slots a global 429 has taken away, and since when that is so.
    taken: u32,
    since: Moment,
    /// What was left of the limit when the latest burst of global 429s began, and how many it had.
    before: u32,
    burst: u32,
    pace: Pace,
}

/// How long without a global 429 until some of what it took away is given back.
const CALM: Duration = Duration::from_mins(10);

impl Account {
    pub(crate) fn new(credential: u64, told: Option<GlobalLimit>) -> Self {
        Self {
            credential,
            uses: 0,
            pause: Blocked::default(),
            global: Slots::default(),
            told,
            taken: 0,
            since: Moment::ORIGIN,
            before: 0,
            burst: 0,
            pace: Pace::default(),
        }
    }

    pub(crate) fn credential(&self) -> u64 {
        self.credential
    }

    pub(crate) fn room(&self, now: Moment, exempt: bool, config: &Config) -> (Room, Reason) {
        let pace = config.pace.map_or(Room::Free, |span| self.pace.room(now, span));
        if exempt {
            return (pace, Reason::Pace);
        }
        let global = self.pause.room(now).and(self.global_room(now, config));
        let both = pace.and(global);
        (both, if both == global && global != Room::Free { Reason::Global } else { Reason::Pace })
    }

    /// Another global limit is told, or that the configured one holds again: what 429s had taken away from the
    /// one before says nothing about it.
    pub(crate) fn tell(&mut self, now: Moment, told: Option<GlobalLimit>) {
        self.told = told;
        self.taken = 0;
        self.burst = 0;
        self.since = now;
    }

    fn limit(&self, config: &Config) -> Option<GlobalLimit> {
        self.told.or(config.global)
    }

    fn global_room(&self, now: Moment, config: &Config) -> Room {
        let Some(global) = self.limit(config) else { return Room::Free };
        let one_more = u32::from(config.mutation == Mutation::OneMoreGlobal);
        self.global.room(now, most(global).saturating_sub(self.taken) + one_more, (0, now))
    }

    /// A moment before which a request with `ahead` others of the credential before it cannot go.
    pub(crate) fn earliest(
        &self,
        now: Moment,
        exempt: bool,
        ahead: u32,
        config: &Config,
    ) -> (Moment, Reason) {
        let pace = config.pace.map_or(now, |span| self.pace.earliest(now, span) + span.saturating_mul(ahead));
        let global = match self.limit(config).filter(|_| !exempt) {
            Some(global) => {
                let limit = most(global).saturating_sub(self.taken);
                self.global.earliest(now, limit, ahead, global.window)
            }
            None => now,
        };
        if global > pace { (global, Reason::Global) } else { (pace, Reason::Pace) }
    }

    /// A global 429 although the count was right: the limit is lower than was thought, or others use it
    /// too. A burst of them takes a quarter, or as many as it has if those are more: what else of a full
    /// window was accepted is what there is room for.
    pub(crate) fn lower(&mut self, now: Moment, departed: Moment, config: &Config) {
        let Some(global) = self.limit(config) else { return };
        let most = most(global);
        if self.burst == 0 || departed >= self.since {
            (self.before, self.burst) = (most.saturating_sub(self.taken), 0);
            self.since = now;
        }
        self.burst += 1;
        let less = self.before.div_ceil(4).max(self.burst).min(self.before.saturating_sub(1));
        self.taken = self.taken.max(most.saturating_sub(self.before - less));
    }

    /// Gives a twentieth of the limit back after a calm while.
    fn recover(&mut self, now: Moment, config: &Config) {
        if self.taken == 0 || now.since(self.since) < CALM {
            return;
        }
        let step = self.limit(config).map_or(self.taken, |global| most(global).div_ceil(20));
        self.taken = self.taken.saturating_sub(step);
        self.since = now;
    }

    /// What is left of its pause and of the global limit's slots, in microseconds.
    pub(crate) fn left_us(&self, now: Moment, config: &Config) -> (u64, Vec<u64>) {
        let window = self.limit(config).map_or(Duration::ZERO, |global| global.window);
        (self.pause.left_us(now), self.global.left_us(now, window.saturating_add(config.lost_margin)))
    }

    /// How many slots global 429s have taken away, and since when that is so, in microseconds.
    pub(crate) fn lowered(&self, now: Moment) -> (u32, u64) {
        (self.taken, u64::try_from(now.since(self.since).as_micros()).unwrap_or(u64::MAX))
    }

    /// Takes over that so many slots of the global limit are taken away, for so long already. What is told of a
    /// limit after that begins anew.
    pub(crate) fn restore_lowered(&mut self, now: Moment, taken: u32, calm: Duration) {
        self.taken = taken;
        self.since = now.before(calm);
    }

    /// Takes slots of the global limit until moments to come, and pauses until another.
    pub(crate) fn restore(&mut self, now: Moment, pause: Moment, held: impl Iterator<Item = Moment>) {
        self.pause.extend(pause, Reason::Global);
        for until in held {
            self.global.hold(now, until);
        }
    }

    pub(crate) fn take(&mut self, exempt: bool) {
        self.pace.take();
        if !exempt {
            self.global.take();
        }
    }

    pub(crate) fn depart(&mut self, now: Moment) {
        self.pace.depart(now);
    }

    pub(crate) fn refund(&mut self, exempt: bool, departed: bool) {
        if !departed {
            self.pace.refund();
        }
        if !exempt {
            self.global.refund();
        }
    }

    /// The request counts, from the end of its answer for one whole window.
    pub(crate) fn spend(&mut self, now: Moment, from: Moment, exempt: bool, config: &Config) {
        if exempt {
            return;
        }
        self.recover(now, config);
        let window = self.limit(config).map_or(Duration::ZERO, |global| global.window);
        self.global.settle(now, from + window);
    }

    pub(crate) fn is_idle(&self, now: Moment) -> bool {
        self.uses == 0 && self.pace.pending() == 0 && self.pause.is_over(now) && self.global.is_idle(now)
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.global.in_flight()
    }

    pub(crate) fn pending(&self) -> u32 {
        self.pace.pending()
    }
}

fn most(global: GlobalLimit) -> u32 {
    global.limit.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_micros(seconds * 1_000_000)
    }

    /// How many may be in flight at once.
    fn room(account: &Account, now: Moment, config: &Config) -> u32 {
        let mut account =
            Account { global: account.global.clone(), taken: account.taken, ..Account::new(0, account.told) };
        let mut count = 0;
        while account.global_room(now, config) == Room::Free {
            account.global.take();
            count += 1;
        }
        count
    }

    fn pass(account: &mut Account, now: Moment, config: &Config) {
        account.take(false);
        account.depart(now);
        account.spend(now, now, false, config);
    }

    #[test]
    fn a_global_429_takes_a_quarter_once_and_calm_gives_it_back() {
        let (config, mut account) = (Config::default(), Account::new(0, None));
        assert_eq!(room(&account, at(9), &config), 50);
        account.lower(at(10), at(9), &config);
        assert_eq!(room(&account, at(10), &config), 37);
        account.lower(at(10), at(9), &config);
        assert_eq!(room(&account, at(10), &config), 37, "it had left before the step");
        for _ in 0..11 {
            account.lower(at(10), at(9), &config);
        }
        assert_eq!(room(&account, at(10), &config), 37, "thirteen of a burst are a quarter");
        account.lower(at(12), at(11), &config);
        assert_eq!(room(&account, at(12), &config), 27);
        pass(&mut account, at(600), &config);
        assert_eq!(room(&account, at(602), &config), 27, "not ten minutes yet");
        for calm in 1..=20 {
            pass(&mut account, at(12 + 600 * calm), &config);
        }
        assert_eq!(room(&account, at(20_000), &config), 50, "never more than was configured");
    }

    #[test]
    fn a_burst_leaves_what_was_accepted_of_it() {
        let (config, mut account) = (Config::default(), Account::new(0, None));
        for _ in 0..25 {
            account.lower(at(10), at(9), &config);
        }
        assert_eq!(room(&account, at(10), &config), 25);
    }

    #[test]
    fn a_wait_is_predicted_by_the_limit_that_was_told() {
        let config = Config::default();
        let told = GlobalLimit { limit: 500, ..GlobalLimit::default() };
        let earliest = |told| Account::new(0, told).earliest(at(1), false, 400, &config).0;
        assert!(earliest(None) > at(5));
        assert_eq!(earliest(Some(told)), at(1));
    }

    #[test]
    fn global_429s_never_stop_everything() {
        let (config, mut account) = (Config::default(), Account::new(0, None));
        for second in 1..100 {
            account.lower(at(second), at(second), &config);
        }
        assert_eq!(room(&account, at(100), &config), 1);
    }

    #[test]
    fn what_was_told_holds_at_once_and_is_what_calm_returns_to() {
        let (config, mut account) = (Config::default(), Account::new(0, None));
        let told = GlobalLimit { limit: 200, ..GlobalLimit::default() };
        account.tell(at(1), Some(told));
        assert_eq!(room(&account, at(1), &config), 200);
        account.lower(at(10), at(9), &config);
        assert_eq!(room(&account, at(10), &config), 150);
        for calm in 1..=20 {
            pass(&mut account, at(10 + 600 * calm), &config);
        }
        assert_eq!(room(&account, at(20_000), &config), 200);
        account.tell(at(20_000), None);
        assert_eq!(room(&account, at(20_000), &config), 50);
    }
}
