//! Who waits, in which order, and when to look again. It knows no limits.

mod crowd;
mod hall;
mod line;
mod turns;

use std::collections::{BTreeMap, BTreeSet};

use journeyman_moment::Moment;

use crate::config::Config;
use crate::priority::Priority;
use crate::reason::{Reason, Waits};
use crate::tenant::Tenant;

use crowd::Crowd;
use hall::Hall;
use line::{Line, State, is_elders_turn};

pub(crate) use crowd::Place;
pub(crate) use line::Claim;

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

/// Whose turn it is among the lines of a credential. The more urgent compares less, then the elder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Next {
    class: Priority,
    pub(crate) ticket: Ticket,
    pub(crate) lane: u32,
}

/// All lines and timers.
#[derive(Debug, Default)]
pub(crate) struct Lineup {
    /// By the route's number; only where somebody waits.
    lines: BTreeMap<u32, Line>,
    /// By the credential's number; only where a route with room waits.
    halls: BTreeMap<u32, Hall>,
    /// Where somebody waits: the template's number, and the route's.
    templates: BTreeSet<(u32, u32)>,
    timers: BTreeSet<(Moment, Subject)>,
    crowd: Crowd,
}

impl Lineup {
    /// A ticket waits for a route, which is of a credential and a template.
    pub(crate) fn push(
        &mut self,
        lane: u32,
        (account, template): (u32, u32),
        ticket: Ticket,
        claim: Claim,
        config: &Config,
    ) {
        let queue = self.lines.entry(lane).or_default();
        if queue.is_empty() {
            queue.template = template;
            self.templates.insert((template, lane));
        }
        queue.push(ticket, claim, config);
        self.crowd.enter(account, ticket, &claim);
    }

    /// Takes a ticket out of its line, wherever it stands.
    pub(crate) fn remove(&mut self, lane: u32, account: u32, ticket: Ticket) -> Option<Claim> {
        let queue = self.lines.get_mut(&lane)?;
        let claim = queue.remove(ticket)?;
        if queue.is_empty() {
            self.templates.remove(&(queue.template, lane));
        }
        self.crowd.leave(account, ticket, &claim);
        Some(claim)
    }

    /// Counts that a ticket goes, before it is removed.
    pub(crate) fn spend(&mut self, lane: u32, account: u32, ticket: Ticket, config: &Config) {
        let Some(queue) = self.lines.get_mut(&lane) else { return };
        let (Some(claim), State::Ready { exempt, .. }) = (queue.spend(ticket, config), &queue.state) else {
            return;
        };
        if let Some(hall) = self.halls.get_mut(&account) {
            let contested = hall.closed.is_some();
            hall.ready[usize::from(*exempt)].spend(ticket, &claim, contested, config);
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.crowd.waiting()
    }

    /// Whether there is a place for one more of a tenant.
    pub(crate) fn place(&self, account: u32, tenant: Tenant, config: &Config) -> Place {
        self.crowd.place(account, tenant, config)
    }

    /// The routes of a template for which somebody waits.
    pub(crate) fn lines_of(&self, template: u32) -> Vec<u32> {
        self.templates.range((template, 0)..=(template, u32::MAX)).map(|(_, lane)| *lane).collect()
    }

    /// How many wait for a route.
    pub(crate) fn waiting_for(&self, lane: u32) -> usize {
        self.lines.get(&lane).map_or(0, Line::len)
    }

    /// All who wait for a route, each with how many of them go before it at least.
    pub(crate) fn each(&self, lane: u32) -> Vec<(usize, Ticket)> {
        self.lines.get(&lane).map_or_else(Vec::new, Line::each)
    }

    /// Whose turn it is of those who wait for a route, if it is not the eldest's.
    pub(crate) fn first_of(&self, lane: u32) -> Option<Ticket> {
        self.lines.get(&lane).and_then(Line::first)
    }

    /// Whether anybody of a class waits for a route.
    pub(crate) fn is_waited_for_by(&self, lane: u32, class: Priority) -> bool {
        self.lines.get(&lane).is_some_and(|line| line.has(class))
    }

    pub(crate) fn is_waited_for(&self, lane: u32) -> bool {
        // Mostly nobody waits at all, and looking for a line costs memory that is not in the cache.
        self.waiting() > 0 && self.waiting_for(lane) > 0
    }

    /// The route's own limits have room for one of its line.
    pub(crate) fn ready(
        &mut self,
        now: Moment,
        lane: u32,
        account: u32,
        exempt: bool,
        (work, room): (u64, usize),
        config: &Config,
    ) {
        let Some(queue) = self.lines.get(&lane) else { return };
        let Some(offer) = queue.offer(work, room) else { return };
        if matches!(&queue.state, State::Ready { offer: same, .. } if *same == offer) {
            return;
        }
        self.leave(now, lane, account);
        let hall = self.halls.entry(account).or_default();
        hall.ready[usize::from(exempt)].insert(lane, &offer, config);
        let before = hall.waits_at(now);
        if let Some(queue) = self.lines.get_mut(&lane) {
            queue.state = State::Ready { offer, exempt, before };
        }
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
        if let Some(queue) = self.lines.get_mut(&lane) {
            queue.state = State::Blocked { reason, since: now };
        }
        self.wake_lane(lane, until);
    }

    /// Nobody waits for the route.
    pub(crate) fn empty(&mut self, now: Moment, lane: u32, account: u32) {
        self.leave(now, lane, account);
        self.lines.remove(&lane);
        if self.halls.get(&account).is_some_and(Hall::is_unused) {
            self.halls.remove(&account);
        }
    }

    /// Ends the present state of a line, and counts the time spent in it.
    fn leave(&mut self, now: Moment, lane: u32, account: u32) {
        self.wake_lane(lane, None);
        let Some(queue) = self.lines.get_mut(&lane) else { return };
        let state = std::mem::take(&mut queue.state);
        let spent = self.spent(now, &state, account);
        if let State::Ready { offer, exempt, .. } = state
            && let Some(hall) = self.halls.get_mut(&account)
        {
            hall.ready[usize::from(exempt)].remove(lane, &offer);
        }
        if let Some(queue) = self.lines.get_mut(&lane) {
            queue.waits = queue.waits.plus(&spent);
        }
    }

    fn spent(&self, now: Moment, state: &State, account: u32) -> Waits {
        let mut spent = Waits::default();
        match state {
            State::Empty => {}
            State::Blocked { reason, since } => spent.add(*reason, *since, now),
            State::Ready { before, .. } => {
                if let Some(hall) = self.halls.get(&account) {
                    spent = hall.waits_at(now).since(before);
                }
            }
        }
        spent
    }

    /// The running total of a line's waits.
    pub(crate) fn waits(&self, now: Moment, lane: u32, account: u32) -> Waits {
        let Some(queue) = self.lines.get(&lane) else { return Waits::default() };
        queue.waits.plus(&self.spent(now, &queue.state, account))
    }

    /// Why the line waits at present.
    pub(crate) fn reason(&self, lane: u32, account: u32) -> Option<Reason> {
        match self.lines.get(&lane)?.state {
            State::Empty => None,
            State::Blocked { reason, .. } => Some(reason),
            State::Ready { .. } => self.closed(account),
        }
    }

    /// What closes all routes of a credential at present.
    pub(crate) fn closed(&self, account: u32) -> Option<Reason> {
        self.halls.get(&account)?.closed.map(|(reason, _)| reason)
    }

    /// Whether a route of a credential has room and waits all the same.
    pub(crate) fn is_any_ready(&self, account: u32, exempt: bool) -> bool {
        self.waiting() > 0
            && self.halls.get(&account).is_some_and(|hall| !hall.ready[usize::from(exempt)].is_empty())
    }

    /// Who goes next of those whose route has room: the most urgent class; in it tenants in turn; of a
    /// tenant the bucket with the most work, then the eldest. One in eight is the eldest of all, once it
    /// has waited long: of the lines, and of the line whose turn it is.
    ///
    /// While what the routes have in common has room for all, there is no contest between them: tenants
    /// then take turns in each line of its own, and nobody pays there for what it has had elsewhere.
    pub(crate) fn next(&self, now: Moment, account: u32, exempt: bool, config: &Config) -> Option<Next> {
        let hall = self.halls.get(&account)?;
        let (ready, contested) = (&hall.ready[usize::from(exempt)], hall.closed.is_some());
        let (ticket, lane) = ready.eldest()?;
        let claim = self.lines.get(&lane)?.claim(ticket)?;
        if is_elders_turn(ready.passed, claim, now, config) {
            return Some(Next { class: Priority::Critical, ticket, lane });
        }
        let (class, first, lane) = ready.first()?;
        let queue = self.lines.get(&lane)?;
        let turn = if contested { Some(first) } else { queue.first() };
        Some(Next { class, ticket: queue.overdue(now, config).or(turn)?, lane })
    }

    /// How many go before a ticket at least, if nobody leaves: of its own route, and of others that have
    /// room now. Those are known only for the `newest`, before whom all others came.
    pub(crate) fn before(
        &self,
        lane: u32,
        account: u32,
        ticket: Ticket,
        newest: bool,
        config: &Config,
    ) -> (usize, usize) {
        let Some(queue) = self.lines.get(&lane) else { return (0, 0) };
        let State::Ready { offer, exempt, .. } = &queue.state else {
            return (queue.before(ticket, !self.is_contested(account)), 0);
        };
        let own = queue.before(ticket, false);
        let (Some(hall), Some(claim)) = (self.halls.get(&account).filter(|_| newest), queue.claim(ticket))
        else {
            return (own, 0);
        };
        let ready = &hall.ready[usize::from(*exempt)];
        (own, ready.before_new(claim, queue.own(claim).saturating_sub(1), Some(offer), config))
    }

    /// As `before`, for one that comes now to a route with room (`exempt` or not) or without.
    pub(crate) fn before_new(
        &self,
        lane: u32,
        account: u32,
        room: Option<bool>,
        claim: &Claim,
        config: &Config,
    ) -> (usize, usize) {
        let queue = self.lines.get(&lane);
        let with_turns = !self.is_contested(account);
        let own = queue.map_or(0, |queue| queue.before_new(claim, with_turns, config));
        let (Some(hall), Some(exempt)) = (self.halls.get(&account), room) else { return (own, 0) };
        let offer = queue.and_then(|queue| match &queue.state {
            State::Ready { offer, .. } => Some(offer),
            State::Empty | State::Blocked { .. } => None,
        });
        let own_waiting = queue.map_or(0, |queue| queue.own(claim));
        (own, hall.ready[usize::from(exempt)].before_new(claim, own_waiting, offer, config))
    }

    /// Whether the routes of a credential wait for what they have in common: then tenants take turns over all
    /// of them, and in one line it may be another's turn.
    fn is_contested(&self, account: u32) -> bool {
        self.halls.get(&account).is_some_and(|hall| hall.closed.is_some())
    }

    /// What all routes have in common has no room before a moment, if one is known; or it has.
    pub(crate) fn close(&mut self, now: Moment, account: u32, closed: Option<Reason>, until: Option<Moment>) {
        if closed.is_none() && !self.halls.contains_key(&account) {
            return;
        }
        let hall = self.halls.entry(account).or_default();
        if hall.closed.map(|(reason, _)| reason) != closed {
            hall.waits = hall.waits_at(now);
            hall.closed = closed.map(|reason| (reason, now));
        }
        let old = std::mem::replace(&mut hall.wake, until);
        let unused = hall.is_unused();
        self.set_timer(Subject::Account(account), old, until);
        if unused {
            self.halls.remove(&account);
        }
    }

    fn wake_lane(&mut self, lane: u32, until: Option<Moment>) {
        let Some(queue) = self.lines.get_mut(&lane) else { return };
        let old = std::mem::replace(&mut queue.wake, until);
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
            Subject::Lane(lane) => {
                if let Some(queue) = self.lines.get_mut(&lane) {
                    queue.wake = None;
                }
            }
            Subject::Account(account) => {
                if let Some(hall) = self.halls.get_mut(&account) {
                    hall.wake = None;
                }
            }
            Subject::Waiter(_) => {}
        }
        Some(subject)
    }

    pub(crate) fn next_timer(&self) -> Option<(Moment, Subject)> {
        self.timers.first().copied()
    }

    pub(crate) fn is_in(&self, lane: u32, ticket: Ticket) -> bool {
        self.lines.get(&lane).is_some_and(|queue| queue.claim(ticket).is_some())
    }

    pub(crate) fn check_invariants(&self) {
        let waiting: usize = self.lines.values().map(Line::len).sum();
        assert_eq!(waiting, self.waiting(), "the number of those who wait");
        self.crowd.check_invariants();
        let waited = self.lines.iter().filter(|(_, line)| !line.is_empty());
        let templates: BTreeSet<(u32, u32)> = waited.map(|(lane, line)| (line.template, *lane)).collect();
        assert_eq!(templates, self.templates, "the lines of each template");
        self.lines.values().for_each(Line::check_invariants);
        let offered = self.lines.values().filter(|queue| matches!(queue.state, State::Ready { .. })).count();
        let ready = self.halls.values().flat_map(|hall| &hall.ready);
        assert_eq!(offered, ready.clone().map(hall::Ready::len).sum::<usize>(), "the lines with room");
        ready.for_each(hall::Ready::check_invariants);
        let wakes = self.lines.values().filter(|queue| queue.wake.is_some()).count();
        let halls = self.halls.values().filter(|hall| hall.wake.is_some()).count();
        let waiters = self.timers.iter().filter(|(_, subject)| matches!(subject, Subject::Waiter(_))).count();
        assert_eq!(self.timers.len(), wakes + halls + waiters, "a timer belongs to nobody");
        assert_eq!(waiters, self.waiting(), "not everybody who waits has a bound");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Whoever looks at the lines of one template looks at no others, however many there are.
    #[test]
    fn the_lines_of_a_template_are_those_in_which_somebody_waits_for_it() {
        let (mut lineup, config) = (Lineup::default(), Config::default());
        let claim = Claim { class: Priority::Normal, tenant: Tenant::NONE, since: Moment::ORIGIN };
        let ticket = |number| Ticket { number, place: 0 };
        for lane in 0..10_000 {
            lineup.push(lane, (1, lane % 1_000), ticket(u64::from(lane)), claim, &config);
        }
        lineup.push(7, (1, 7), ticket(10_000), claim, &config);
        assert_eq!(lineup.lines_of(7), (0..10).map(|row| row * 1_000 + 7).collect::<Vec<_>>());
        for number in [7, 10_000, 1_007] {
            lineup.remove(if number == 1_007 { 1_007 } else { 7 }, 1, ticket(number));
        }
        lineup.empty(Moment::ORIGIN + Duration::from_secs(1), 7, 1);
        assert_eq!(lineup.lines_of(7), (2..10).map(|row| row * 1_000 + 7).collect::<Vec<_>>());
    }
}
