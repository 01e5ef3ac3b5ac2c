//! A number of slots, each taken until a moment: the counter under every window. It knows no headers.

use std::time::Duration;

use journeyman_moment::Moment;
use smallvec::SmallVec;

use crate::rarely::Blank;

/// So few held slots are tidied up at each call; more of them only when half are over, so that it stays cheap.
const FEW: usize = 32;

/// Whether a limit has room for one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// Yes.
    Free,
    /// Not before this moment.
    Until(Moment),
    /// Not before a request in flight has ended.
    Settling,
}

impl Room {
    /// The later of two.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Free, room) | (room, Self::Free) => room,
            (Self::Settling, _) | (_, Self::Settling) => Self::Settling,
            (Self::Until(a), Self::Until(b)) => Self::Until(a.max(b)),
        }
    }
}

/// Slots in flight, and slots held until a moment.
///
/// Who holds each slot until the *answer* plus one window never lets more than
/// the limit arrive in any window, wherever the server's windows begin: if too
/// many arrived in one, the last of them to be sent would have found all the
/// others still in flight or held.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    in_flight: u32,
    /// Ascending.
    held: SmallVec<[Moment; 2]>,
}

impl Blank for Slots {
    const BLANK: &'static Self = &Self { in_flight: 0, held: SmallVec::new_const() };
}

impl Slots {
    pub(crate) fn take(&mut self) {
        self.in_flight += 1;
    }

    /// Gives back a slot whose request never left.
    pub(crate) fn refund(&mut self) {
        self.in_flight -= 1;
    }

    /// Turns a slot in flight into one held until a moment.
    pub(crate) fn settle(&mut self, now: Moment, until: Moment) {
        self.in_flight -= 1;
        self.hold(now, until);
    }

    /// Holds one more slot, which was not in flight here.
    pub(crate) fn hold(&mut self, now: Moment, until: Moment) {
        let over = self.held.partition_point(|moment| *moment <= now);
        if over * 2 >= self.held.len() || self.held.len() <= FEW {
            self.held.drain(..over);
        }
        if until <= now {
            return;
        }
        let place = self.held.partition_point(|moment| *moment <= until);
        self.held.insert(place, until);
    }

    /// Holds what is held at least until a moment; what has come back stays so.
    pub(crate) fn hold_all_until(&mut self, now: Moment, until: Moment) {
        self.held.retain(|moment| *moment > now);
        self.held.iter_mut().for_each(|moment| *moment = until.max(*moment));
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// In flight or held.
    pub(crate) fn used(&self, now: Moment) -> u32 {
        self.in_flight.saturating_add(count(self.lasting(now).len()))
    }

    pub(crate) fn is_idle(&self, now: Moment) -> bool {
        self.in_flight == 0 && self.held.last().is_none_or(|moment| *moment <= now)
    }

    /// Whether one of `limit` slots is free, `more` others being taken until a moment.
    pub(crate) fn room(&self, now: Moment, limit: u32, more: (u32, Moment)) -> Room {
        let (more, until) = if more.1 <= now { (0, now) } else { more };
        let used = self.used(now).saturating_add(more);
        if used < limit {
            return Room::Free;
        }
        let needed = used - limit + 1;
        self.nth_return(now, needed, more, until).map_or(Room::Settling, Room::Until)
    }

    /// When the `needed`-th slot comes back without any request in flight ending.
    fn nth_return(&self, now: Moment, needed: u32, more: u32, until: Moment) -> Option<Moment> {
        let lasting = self.lasting(now);
        let early = lasting.before(until);
        if needed <= early {
            return lasting.nth(needed - 1);
        }
        if needed - early <= more {
            return Some(until);
        }
        lasting.nth(needed - more - 1)
    }

    /// A moment before which a request with `ahead` others before it cannot go, each holding its slot for
    /// at least a span from its grant.
    pub(crate) fn earliest(&self, now: Moment, limit: u32, ahead: u32, span: Duration) -> Moment {
        let limit = limit.max(1);
        let (rounds, place) = (ahead / limit, ahead % limit);
        let first = match self.used(now).saturating_add(place + 1).checked_sub(limit) {
            None | Some(0) => now,
            // Who is in flight holds its slot for the span after its answer.
            Some(needed) => self.lasting(now).nth(needed - 1).unwrap_or(now + span),
        };
        first + span.saturating_mul(rounds)
    }

    /// The slots held beyond `now`.
    fn lasting(&self, now: Moment) -> Lasting<'_> {
        Lasting { held: &self.held, skip: self.held.partition_point(|moment| *moment <= now) }
    }

    /// When the `needed`-th of the slots that are held comes back, or the last if there are fewer.
    pub(crate) fn nth_held(&self, now: Moment, needed: u32) -> Option<Moment> {
        let lasting = self.lasting(now);
        let last = count(lasting.len());
        needed.min(last).checked_sub(1).and_then(|place| lasting.nth(place))
    }

    /// How long each slot is taken yet, in microseconds, one in flight for a whole window.
    pub(crate) fn left_us(&self, now: Moment, window: Duration) -> Vec<u64> {
        let held = self.returns().filter(|until| *until > now).map(|until| until.since(now));
        let flying = std::iter::repeat_n(window, self.in_flight as usize);
        held.chain(flying).map(|left| u64::try_from(left.as_micros()).unwrap_or(u64::MAX)).collect()
    }

    /// When the last of the held slots comes back, if any is held.
    pub(crate) fn last(&self) -> Option<Moment> {
        self.held.last().copied()
    }

    /// The moments at which held slots come back.
    pub(crate) fn returns(&self) -> impl Iterator<Item = Moment> {
        self.held.iter().copied()
    }
}

struct Lasting<'a> {
    held: &'a [Moment],
    skip: usize,
}

impl Lasting<'_> {
    fn len(&self) -> usize {
        self.held.len() - self.skip
    }

    fn nth(&self, n: u32) -> Option<Moment> {
        self.held.get(self.skip + n as usize).copied()
    }

    fn before(&self, until: Moment) -> u32 {
        count(self.held.partition_point(|moment| *moment < until).saturating_sub(self.skip))
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
