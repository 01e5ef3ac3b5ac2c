//! Ledger and lineup together: requests in, grants out. It never sleeps, locks or reads a clock.

mod looking;
mod protect;
mod refusing;

use std::collections::VecDeque;
use std::time::Duration;

use journeyman_moment::Moment;

use crate::config::{Config, GlobalLimit, Mutation};
use crate::credential::Credential;
use crate::egress::Egress;
use crate::fields::Fields;
use crate::ledger::{End, Grant, Ledger, Reach};
use crate::limit::Room;
use crate::lineup::{Claim, Lineup, Next, Place, Subject, Ticket};
use crate::machine::protect::wait_of;
use crate::priority::Priority;
use crate::reason::{Reason, Waits};
use crate::request::Request;
use crate::safeguards::{Ending, Passes, Safeguards};
use crate::slab::Slab;

pub use refusing::Refusal;

/// The limiter without any IO: tell it what happens, and ask it who may go.
///
/// Feed it in the order of time, then call [`poll`](Self::poll) until it has
/// nothing more to say, and again at [`next_wakeup`](Self::next_wakeup).
///
/// ```
/// use journeyman_limiter::{Answer, Config, End, Machine, Moment, Output, Request};
///
/// let mut machine = Machine::new(Config::default());
/// let now = Moment::ORIGIN;
/// let first = machine.enqueue(now, &Request::get("/users/@me"));
/// let second = machine.enqueue(now, &Request::get("/users/@me"));
/// assert_eq!(machine.poll(now), Some(Output::Granted(first)));
/// // The route is not known yet, so the second waits for the first one's answer.
/// assert_eq!(machine.poll(now), None);
/// machine.departed(now, first);
/// let headers = [("x-ratelimit-limit", "5"), ("x-ratelimit-remaining", "4"), ("x-ratelimit-reset-after", "1")];
/// machine.settle(now, first, End::Answered(&Answer::read(200, headers, b"")));
/// assert_eq!(machine.poll(now), Some(Output::Granted(second)));
/// ```
#[derive(Debug)]
pub struct Machine {
    config: Config,
    now: Moment,
    ledger: Ledger,
    lineup: Lineup,
    safeguards: Safeguards,
    entries: Slab<Entry>,
    /// Grants that have ended, kept for their memory.
    spare: Vec<Grant>,
    outputs: VecDeque<Output>,
    tickets: u64,
    /// Credentials to look at.
    stale: Vec<u32>,
    lanes: Vec<u32>,
}

/// What the machine has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a grant that nobody hears of is never used and never given back"]
pub enum Output {
    /// The request may go now.
    Granted(Ticket),
    /// The request will not go; its ticket has ended.
    Refused {
        /// Whose.
        ticket: Ticket,
        /// Why, and how long it would have been.
        refusal: Refusal,
    },
}

#[derive(Debug)]
struct Entry {
    number: u64,
    lane: u32,
    fields: Fields,
    stage: Stage,
    waited: Option<Box<Waits>>,
    /// Credential, method and path, as a number.
    path: u64,
    /// Whose, and from where.
    sender: (u64, Egress),
    is_critical: bool,
    passes: Passes,
}

#[derive(Debug)]
enum Stage {
    Waiting { give_up: Moment, timed: bool },
    Granted(Grant),
}

impl Machine {
    /// A machine that knows no routes yet.
    pub fn new(config: Config) -> Self {
        let ledger = Ledger::new(config.priors.clone());
        Self {
            safeguards: Safeguards::new(&config),
            config,
            now: Moment::ORIGIN,
            ledger,
            lineup: Lineup::default(),
            entries: Slab::default(),
            spare: Vec::new(),
            outputs: VecDeque::new(),
            tickets: 0,
            stale: Vec::new(),
            lanes: Vec::new(),
        }
    }

    /// Its settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A request wants to go. The answer comes from [`poll`](Self::poll), perhaps at once.
    pub fn enqueue(&mut self, now: Moment, request: &Request) -> Ticket {
        self.tickets += 1;
        let newest_first = self.config.mutation == Mutation::NewestFirst;
        let number = if newest_first { u64::MAX - self.tickets } else { self.tickets };
        self.line_up(now, request, number)
    }

    /// As [`enqueue`](Self::enqueue), for another try of a request that has ended: it keeps its place in the order.
    pub fn enqueue_again(&mut self, now: Moment, request: &Request, before: Ticket) -> Ticket {
        self.line_up(now, request, before.number)
    }

    fn line_up(&mut self, now: Moment, request: &Request, number: u64) -> Ticket {
        let now = self.advance(now);
        self.wake(now);
        let (lane, new) = self.ledger.lane(now, request);
        if new || number.is_multiple_of(4) {
            self.ledger.sweep(now, &self.config, |other| other == lane || self.lineup.is_waited_for(other));
        }
        let bound = now + self.config.max_wait;
        let give_up = request.deadline.map_or(bound, |deadline| deadline.min(bound));
        let stage = Stage::Waiting { give_up, timed: false };
        let place = self.entries.insert(Entry {
            number,
            lane,
            fields: request.fields,
            stage,
            waited: None,
            path: protect::path_of(request),
            sender: (request.tenant.number(), request.egress),
            is_critical: request.priority == Priority::Critical || self.ledger.is_exempt(lane),
            passes: Passes::default(),
        });
        let ticket = Ticket { number, place };
        if give_up < now {
            self.turn_away(ticket, Reason::Deadline, Duration::ZERO, Duration::ZERO, None);
            return ticket;
        }
        if let Some(denial) = self.denial(now, ticket) {
            self.turn_away(ticket, denial.reason, wait_of(now, &denial), give_up.since(now), denial.code);
            return ticket;
        }
        if self.may_pass(now, ticket, lane) {
            self.go(ticket, lane);
            return ticket;
        }
        let account = self.ledger.account_of(lane);
        match self.lineup.place(account, request.tenant, &self.config) {
            Place::Free => {}
            Place::InsteadOf(other) => self.shed(now, other),
            Place::None => {
                self.refuse_full(now, ticket, lane, give_up);
                return ticket;
            }
        }
        let claim = Claim { class: request.priority, tenant: request.tenant, since: now };
        self.lineup.push(lane, (account, self.ledger.template_of(lane)), ticket, claim, &self.config);
        self.look_at(now, lane);
        self.pump(now);
        self.wait_or_refuse(now, ticket, lane, give_up);
        ticket
    }

    /// The next output; none when there is nothing to do before the next wake-up.
    pub fn poll(&mut self, now: Moment) -> Option<Output> {
        let now = self.advance(now);
        self.wake(now);
        self.outputs.pop_front()
    }

    /// Looks at everything whose time has come.
    fn wake(&mut self, now: Moment) {
        while let Some(subject) = self.lineup.due(now) {
            match subject {
                Subject::Lane(lane) => self.look_at(now, lane),
                Subject::Account(account) => self.stale.push(account),
                Subject::Waiter(ticket) => self.out_of_time(now, ticket),
            }
        }
        self.pump(now);
    }

    /// Bytes of a granted request may leave from now on: call it right before the first can.
    pub fn departed(&mut self, now: Moment, ticket: Ticket) {
        let now = self.advance(now);
        let Some(Entry { stage: Stage::Granted(grant), lane, .. }) = entry(&mut self.entries, ticket) else {
            return;
        };
        self.ledger.depart(now, grant);
        if self.config.pace.is_none() {
            return;
        }
        self.stale.push(self.ledger.account_of(*lane));
        self.pump(now);
    }

    /// A granted request has ended. The ticket ends with it; a second call does nothing.
    pub fn settle(&mut self, now: Moment, ticket: Ticket, end: End<'_>) {
        let Some(Entry { stage: Stage::Granted(grant), .. }) = entry(&mut self.entries, ticket) else {
            return;
        };
        let ending = Ending::of(end, grant.has_departed());
        self.end(now, ticket, end, ending);
    }

    fn end(&mut self, now: Moment, ticket: Ticket, end: End<'_>, ending: Ending<'_>) {
        let now = self.advance(now);
        let Some(Entry { stage: Stage::Granted(_), .. }) = entry(&mut self.entries, ticket) else { return };
        let Some(entry) = self.entries.remove(ticket.place) else { return };
        let Entry { stage: Stage::Granted(mut grant), lane, path, sender, passes, .. } = entry else {
            return;
        };
        let reach = self.ledger.settle(now, &mut grant, end, &self.config);
        let has_left = self.ledger.has_left(&grant);
        self.spare.push(grant);
        self.protect(now, lane, (path, sender), passes, ending);
        self.look_around(now, lane, reach);
        if has_left {
            self.look_at_all_of(now, self.ledger.account_of(lane));
        }
        self.pump(now);
    }

    /// Nobody waits for the ticket any more. One that was granted is given back if it has not departed,
    /// and counts as [`End::MaybeSent`] if it has.
    pub fn cancel(&mut self, now: Moment, ticket: Ticket) {
        let now = self.advance(now);
        let Some(entry) = entry(&mut self.entries, ticket) else { return };
        match &entry.stage {
            Stage::Granted(_) if self.config.mutation == Mutation::KeepsCancelled => {}
            Stage::Granted(grant) => {
                let end = if grant.has_departed() { End::MaybeSent } else { End::NotSent };
                self.outputs.retain(|output| *output != Output::Granted(ticket));
                self.end(now, ticket, end, Ending::Unheard);
            }
            Stage::Waiting { .. } => {
                self.leave(now, ticket);
                self.pump(now);
            }
        }
    }

    /// Tells the global limit of a credential, which no header shows before it is exceeded
    /// (discord-api-docs#5144): Discord raises it for large bots on request. It holds at once, in place of
    /// the configured one, and is kept until another is told or [`unset_global`](Self::unset_global).
    pub fn set_global(&mut self, now: Moment, credential: Credential, limit: GlobalLimit) {
        self.tell_global(now, credential, Some(limit));
    }

    /// Forgets what [`set_global`](Self::set_global) told: the configured global limit holds again.
    pub fn unset_global(&mut self, now: Moment, credential: Credential) {
        self.tell_global(now, credential, None);
    }

    fn tell_global(&mut self, now: Moment, credential: Credential, limit: Option<GlobalLimit>) {
        let now = self.advance(now);
        let Some(account) = self.ledger.tell_global(now, credential, limit) else { return };
        self.stale.push(account);
        self.refuse_late_of(now, Some(account));
        self.pump(now);
    }

    /// When to call [`poll`](Self::poll) again if nothing happens before, and what is waited for.
    pub fn next_wakeup(&self) -> Option<(Moment, Reason)> {
        let (moment, subject) = self.lineup.next_timer()?;
        let reason = match subject {
            Subject::Lane(lane) => self.lineup.reason(lane, self.ledger.account_of(lane)),
            Subject::Account(account) => self.lineup.closed(account),
            Subject::Waiter(ticket) => self
                .entries
                .get(ticket.place)
                .and_then(|entry| self.lineup.reason(entry.lane, self.ledger.account_of(entry.lane))),
        };
        Some((moment, reason.unwrap_or(Reason::Bucket)))
    }

    /// What a granted ticket has waited for, and how long.
    pub fn waited(&self, ticket: Ticket) -> Vec<(Reason, Duration)> {
        let entry = self.entries.get(ticket.place).filter(|entry| entry.number == ticket.number);
        entry.and_then(|entry| entry.waited.as_deref()).map_or_else(Vec::new, |waits| waits.to_vec())
    }

    /// How many requests wait.
    pub fn waiting(&self) -> usize {
        self.lineup.waiting()
    }

    /// How many requests are granted and have not ended.
    pub fn in_flight(&self) -> usize {
        self.entries.len() - self.lineup.waiting()
    }

    /// How many routes, buckets, templates and credentials are remembered.
    pub fn remembered(&self) -> usize {
        self.ledger.size()
    }

    fn advance(&mut self, now: Moment) -> Moment {
        // Two readers of one clock may call in the wrong order; time does not go back.
        self.now = self.now.max(now);
        self.now
    }

    /// Looks again at the routes that an ending may have changed.
    fn look_around(&mut self, now: Moment, lane: u32, reach: Reach) {
        if self.lineup.waiting() == 0 {
            return;
        }
        let account = self.ledger.account_of(lane);
        let mut lanes = std::mem::take(&mut self.lanes);
        lanes.clear();
        lanes.extend(self.ledger.neighbours(lane));
        for lane in lanes.iter().copied() {
            if self.lineup.is_waited_for(lane) {
                self.look_at(now, lane);
            }
        }
        self.stale.push(account);
        match reach {
            Reach::Lane => {}
            Reach::Template => self.line_up_again(now, self.ledger.template_of(lane)),
            Reach::Block => lanes.iter().for_each(|lane| self.refuse_late(now, *lane)),
            Reach::Account => self.refuse_late_of(now, Some(account)),
        }
        self.lanes = lanes;
    }
}

/// What is known of hidden limits has changed.
impl Machine {
    /// Moves those who wait for a template's routes into the lines in which they belong, and refuses who would be
    /// too late there.
    fn line_up_again(&mut self, now: Moment, template: u32) {
        for lane in self.lineup.lines_of(template) {
            for (_, ticket) in self.lineup.each(lane) {
                let Some(fields) = entry(&mut self.entries, ticket).map(|entry| entry.fields) else {
                    continue;
                };
                let home = self.ledger.home(now, lane, fields);
                if home != lane {
                    self.move_to(now, ticket, home);
                }
            }
            self.look_at(now, lane);
        }
        for lane in self.lineup.lines_of(template) {
            self.refuse_late(now, lane);
        }
    }

    fn move_to(&mut self, now: Moment, ticket: Ticket, lane: u32) {
        let Some(entry) = entry(&mut self.entries, ticket) else { return };
        let before = std::mem::replace(&mut entry.lane, lane);
        let account = self.ledger.account_of(lane);
        if let Some(since) = entry.waited.as_mut() {
            // What it has waited for so far stays counted.
            let so_far = self.lineup.waits(now, before, account).since(since);
            **since = self.lineup.waits(now, lane, account).since(&so_far);
        }
        let claim = self.lineup.remove(before, account, ticket);
        self.look_at(now, before);
        if let Some(claim) = claim {
            self.lineup.push(lane, (account, self.ledger.template_of(lane)), ticket, claim, &self.config);
        }
        self.look_at(now, lane);
    }
}

/// Granting.
impl Machine {
    /// Asks the limits of a route again whether the first of its line may go.
    fn look_at(&mut self, now: Moment, lane: u32) {
        let (account, exempt) = (self.ledger.account_of(lane), self.ledger.is_exempt(lane));
        if !self.lineup.is_waited_for(lane) {
            self.lineup.empty(now, lane, account);
            return;
        }
        match self.room(now, lane, None) {
            (Room::Free, _) => {
                let work = self.ledger.work(lane, |lane| self.lineup.waiting_for(lane), &self.config);
                let room = self.ledger.free(now, lane);
                self.lineup.ready(now, lane, account, exempt, (work, room), &self.config);
                self.stale.push(account);
            }
            (Room::Until(until), reason) => {
                let until = Some(until).filter(|_| self.config.mutation != Mutation::NeverWakes);
                self.lineup.blocked(now, lane, account, reason, until);
            }
            (Room::Settling, reason) => self.lineup.blocked(now, lane, account, reason, None),
        }
    }

    /// As `look_at`, for all routes of a credential that somebody waits for.
    fn look_at_all_of(&mut self, now: Moment, account: u32) {
        let lanes = self.ledger.lanes_of(Some(account)).filter(|lane| self.lineup.is_waited_for(*lane));
        let lanes: Vec<u32> = lanes.collect();
        for lane in lanes {
            self.look_at(now, lane);
        }
    }

    /// Whether a newcomer finds room and nobody before it.
    fn may_pass(&mut self, now: Moment, ticket: Ticket, lane: u32) -> bool {
        let (account, exempt) = (self.ledger.account_of(lane), self.ledger.is_exempt(lane));
        !self.lineup.is_waited_for(lane)
            && !self.lineup.is_any_ready(account, exempt)
            && self.room(now, lane, Some(ticket)).0 == Room::Free
            && self.ledger.gate(now, account, exempt, &self.config).0 == Room::Free
    }

    fn pump(&mut self, now: Moment) {
        while let Some(account) = self.stale.pop() {
            while let Some(Next { ticket, lane, .. }) = self.next_of(now, account) {
                let (room, reason) = self.room(now, lane, Some(ticket));
                if room == Room::Free {
                    self.grant(now, ticket, lane);
                } else if reason == Reason::Guard
                    && let Some(urgent) = self.lineup.first_of(lane)
                    && self.room(now, lane, Some(urgent)).0 == Room::Free
                {
                    // It is the eldest's turn, which the guard stops; somebody critical behind it may go.
                    self.grant(now, urgent, lane);
                }
                self.look_at(now, lane);
            }
        }
    }

    /// Whose turn it is of those of a credential whom nothing holds back; notes what does.
    fn next_of(&mut self, now: Moment, account: u32) -> Option<Next> {
        let mut first: Option<Next> = None;
        let mut closed: Option<(Reason, Option<Moment>)> = None;
        for exempt in [true, false] {
            let Some(next) = self.lineup.next(now, account, exempt, &self.config) else { continue };
            let until = match self.ledger.gate(now, account, exempt, &self.config) {
                (Room::Free, _) => {
                    first = Some(first.map_or(next, |other| next.min(other)));
                    continue;
                }
                (Room::Until(until), reason) => (reason, Some(until)),
                (Room::Settling, reason) => (reason, None),
            };
            // The timer is for whichever can go first; one without a time is woken by an ending.
            closed = Some(match closed {
                Some(other) if other.1.is_some_and(|at| until.1.is_none_or(|until| at <= until)) => other,
                _ => until,
            });
        }
        if first.is_none() {
            self.lineup.close(
                now,
                account,
                closed.map(|(reason, _)| reason),
                closed.and_then(|(_, until)| until),
            );
        }
        first
    }

    fn grant(&mut self, now: Moment, ticket: Ticket, lane: u32) {
        let account = self.ledger.account_of(lane);
        let waits = self.lineup.waits(now, lane, account);
        self.lineup.spend(lane, account, ticket, &self.config);
        self.lineup.remove(lane, account, ticket);
        if let Some(before) = entry(&mut self.entries, ticket).and_then(|entry| entry.waited.as_mut()) {
            **before = waits.since(before);
        }
        self.go(ticket, lane);
    }

    /// Lets a ticket go that stands in no line.
    fn go(&mut self, ticket: Ticket, lane: u32) {
        let mut grant = self.spare.pop().unwrap_or_default();
        self.ledger.take(lane, &mut grant);
        let passes = self.safeguards.take(self.now, self.ledger.class_of(lane));
        let Some(entry) = entry(&mut self.entries, ticket) else { return };
        grant.fields = entry.fields;
        entry.passes = passes;
        let stage = std::mem::replace(&mut entry.stage, Stage::Granted(grant));
        if let Stage::Waiting { give_up, timed: true } = stage {
            self.lineup.set_timer(Subject::Waiter(ticket), Some(give_up), None);
        }
        self.outputs.push_back(Output::Granted(ticket));
    }
}

fn entry(entries: &mut Slab<Entry>, ticket: Ticket) -> Option<&mut Entry> {
    entries.get_mut(ticket.place).filter(|entry| entry.number == ticket.number)
}
