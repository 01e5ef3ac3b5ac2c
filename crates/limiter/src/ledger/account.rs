//! What all routes of one credential have in common: global limit, pause, pace. It knows no route.

use std::time::Duration;

use journeyman_moment::Moment;

use crate::config::{Config, Mutation};
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
    pace: Pace,
}

impl Account {
    pub(crate) fn new(credential: u64) -> Self {
        Self {
            credential,
            uses: 0,
            pause: Blocked::default(),
            global: Slots::default(),
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

    fn global_room(&self, now: Moment, config: &Config) -> Room {
        let Some(global) = config.global else { return Room::Free };
        let one_more = u32::from(config.mutation == Mutation::OneMoreGlobal);
        self.global.room(now, global.limit.max(1) + one_more, (0, now))
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
        let window = config.global.map_or(Duration::ZERO, |global| global.window);
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
