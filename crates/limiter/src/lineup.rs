//! Who waits, in which order, and when to look again. It knows no limits.

use std::collections::{BTreeSet, VecDeque};

use journeyman_moment::Moment;

use crate::reason::{Reason, Waits};

/// A request's place in the line, and its name until it has ended. Earlier tickets compare less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    pub(crate) number: u64,
    pub(crate) place: u32,
}

/// Something to look at again at a given time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Lane(u32),
    Account(u32),
    Waiter(Ticket),
}

/// All lines and timers.
#[derive(Debug, Default)]
pub(crate) struct Lineup {
    /// By the route's number.
    queues: Vec<Queue>,
    /// By the credential's number.
    halls: Vec<Hall>,
    timers: BTreeSet<(Moment, Subject)>,
    waiting: usize,
}

/// Those who wait for one route.
#[derive(Debug, Default)]
struct Queue {
    /// Ascending.
    tickets: VecDeque<Ticket>,
    state: State,
    wake: Option<Moment>,
    waits: Waits,
}

/// Why nobody of a line has gone yet.
#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Empty,
    /// The route's own limits.
    Blocked { reason: Reason, since: Moment },
    /// What all routes of the credential have in common.
    Ready { first: Ticket, exempt: bool, before: Waits },
}

/// The lines of one credential whose own limits have room.
#[derive(Debug, Default)]
struct Hall {
    ready: [BTreeSet<(Ticket, u32)>; 2],
    closed: Option<(Reason, Moment)>,
    wake: Option<Moment>,
    waits: Waits,
}

impl Lineup {
    pub(crate) fn push(&mut self, lane: u32, ticket: Ticket) {
        let queue = slot(&mut self.queues, lane);
        // Whoever comes back keeps the number, and with it the place.
        let place = queue.tickets.partition_point(|other| *other < ticket);
        queue.tickets.insert(place, ticket);
        self.waiting += 1;
    }

    /// Takes a ticket out of its line, wherever it stands.
    pub(crate) fn remove(&mut self, lane: u32, ticket: Ticket) {
        let queue = slot(&mut self.queues, lane);
        if let Ok(place) = queue.tickets.binary_search(&ticket) {
            queue.tickets.remove(place);
            self.waiting -= 1;
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    pub(crate) fn tickets(&self, lane: u32) -> impl ExactSizeIterator<Item = Ticket> {
        self.queues.get(lane as usize).map(|queue| queue.tickets.iter().copied()).unwrap_or_default()
    }

    pub(crate) fn first(&self, lane: u32) -> Option<Ticket> {
        self.queues.get(lane as usize)?.tickets.front().copied()
    }

    pub(crate) fn is_waited_for(&self, lane: u32) -> bool {
        // Mostly nobody waits at all, and looking at each line costs memory that is not in the cache.
        self.waiting > 0 && self.first(lane).is_some()
    }

    /// The route's own limits have room for the first of its line.
    pub(crate) fn ready(&mut self, now: Moment, lane: u32, account: u32, exempt: bool) {
        let Some(first) = self.first(lane) else { return };
        let queue = slot(&mut self.queues, lane);
        if matches!(queue.state, State::Ready { first: same, .. } if same == first) {
            return;
        }
        self.leave(now, lane, account);
        let hall = slot(&mut self.halls, account);
        hall.ready[usize::from(exempt)].insert((first, lane));
        slot(&mut self.queues, lane).state = State::Ready { first, exempt, before: hall.waits_at(now) };
    }

    /// The route's own limits have no room before a moment, if one is known.
    pub(crate) fn blocked(
        &mut self,
        now: Moment,
        lane: u32,
        account: u32,
        reason: Reason,
        until: Option<Moment>,
    ) {
        self.leave(now, lane, account);
        slot(&mut self.queues, lane).state = State::Blocked { reason, since: now };
        self.wake_lane(lane, until);
    }

    /// Nobody waits for the route.
    pub(crate) fn empty(&mut self, now: Moment, lane: u32, account: u32) {
        self.leave(now, lane, account);
    }

    /// Ends the present state of a line, and counts the time spent in it.
    fn leave(&mut self, now: Moment, lane: u32, account: u32) {
        self.wake_lane(lane, None);
        let queue = slot(&mut self.queues, lane);
        let state = std::mem::take(&mut queue.state);
        if let State::Ready { first, exempt, .. } = state {
            slot(&mut self.halls, account).ready[usize::from(exempt)].remove(&(first, lane));
        }
        let spent = self.spent(now, state, account);
        let queue = slot(&mut self.queues, lane);
        queue.waits = queue.waits.plus(&spent);
    }

    fn spent(&self, now: Moment, state: State, account: u32) -> Waits {
        let mut spent = Waits::default();
        match state {
            State::Empty => {}
            State::Blocked { reason, since } => spent.add(reason, since, now),
            State::Ready { before, .. } => {
                if let Some(hall) = self.halls.get(account as usize) {
                    spent = hall.waits_at(now).since(&before);
                }
            }
        }
        spent
    }

    /// The running total of a line's waits.
    pub(crate) fn waits(&self, now: Moment, lane: u32, account: u32) -> Waits {
        let Some(queue) = self.queues.get(lane as usize) else { return Waits::default() };
        queue.waits.plus(&self.spent(now, queue.state, account))
    }

    /// Why the line waits at present.
    pub(crate) fn reason(&self, lane: u32, account: u32) -> Option<Reason> {
        match self.queues.get(lane as usize)?.state {
            State::Empty => None,
            State::Blocked { reason, .. } => Some(reason),
            State::Ready { .. } => self.halls.get(account as usize)?.closed.map(|(reason, _)| reason),
        }
    }

    /// What closes all routes of a credential at present.
    pub(crate) fn closed(&self, account: u32) -> Option<Reason> {
        self.halls.get(account as usize)?.closed.map(|(reason, _)| reason)
    }

    pub(crate) fn check_invariants(&self) {
        let waiting: usize = self.queues.iter().map(|queue| queue.tickets.len()).sum();
        assert_eq!(waiting, self.waiting, "the number of those who wait");
        for queue in &self.queues {
            assert!(queue.tickets.iter().is_sorted(), "a line is out of order: {queue:?}");
            assert!(
                queue.tickets.is_empty() == matches!(queue.state, State::Empty),
                "a line nobody looks after: {queue:?}"
            );
        }
        let wakes = self.queues.iter().filter(|queue| queue.wake.is_some()).count();
        let halls = self.halls.iter().filter(|hall| hall.wake.is_some()).count();
        let waiters = self.timers.iter().filter(|(_, subject)| matches!(subject, Subject::Waiter(_))).count();
        assert_eq!(self.timers.len(), wakes + halls + waiters, "a timer belongs to nobody");
        assert_eq!(waiters, self.waiting, "not everybody who waits has a bound");
    }

    /// The earliest ticket of a credential whose route has room.
    pub(crate) fn first_ready(&self, account: u32, exempt: bool) -> Option<(Ticket, u32)> {
        self.halls.get(account as usize)?.ready[usize::from(exempt)].first().copied()
    }

    /// What all routes have in common has no room before a moment, if one is known; or it has.
    pub(crate) fn close(&mut self, now: Moment, account: u32, closed: Option<Reason>, until: Option<Moment>) {
        let hall = slot(&mut self.halls, account);
        if hall.closed.is_none() && closed.is_none() {
            return;
        }
        if hall.closed.map(|(reason, _)| reason) != closed {
            hall.waits = hall.waits_at(now);
            hall.closed = closed.map(|reason| (reason, now));
        }
        let old = std::mem::replace(&mut hall.wake, until);
        self.set_timer(Subject::Account(account), old, until);
    }

    fn wake_lane(&mut self, lane: u32, until: Option<Moment>) {
        let old = std::mem::replace(&mut slot(&mut self.queues, lane).wake, until);
        self.set_timer(Subject::Lane(lane), old, until);
    }

    pub(crate) fn set_timer(&mut self, subject: Subject, old: Option<Moment>, new: Option<Moment>) {
        if old == new {
            return;
        }
        if let Some(old) = old {
            self.timers.remove(&(old, subject));
        }
        if let Some(new) = new {
            self.timers.insert((new, subject));
        }
    }

    /// The next timer that is due.
    pub(crate) fn due(&mut self, now: Moment) -> Option<Subject> {
        let (moment, subject) = *self.timers.first()?;
        if moment > now {
            return None;
        }
        self.timers.pop_first();
        match subject {
            Subject::Lane(lane) => slot(&mut self.queues, lane).wake = None,
            Subject::Account(account) => slot(&mut self.halls, account).wake = None,
            Subject::Waiter(_) => {}
        }
        Some(subject)
    }

    pub(crate) fn next_timer(&self) -> Option<(Moment, Subject)> {
        self.timers.first().copied()
    }
}

impl Hall {
    fn waits_at(&self, now: Moment) -> Waits {
        let mut waits = self.waits;
        if let Some((reason, since)) = self.closed {
            waits.add(reason, since, now);
        }
        waits
    }
}

fn slot<T: Default>(list: &mut Vec<T>, place: u32) -> &mut T {
    let place = place as usize;
    if list.len() <= place {
        list.resize_with(place + 1, T::default);
    }
    &mut list[place]
}
