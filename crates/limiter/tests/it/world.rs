//! A world in virtual time around the machine: latencies, faults and cancellations from one seed. It judges nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use journeyman_limiter::{Answer, Config, End, Machine, Moment, Output, Request, Ticket};

use crate::ledger::{Model, Server};

/// What may go wrong, each in parts per thousand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) lost: u64,
    pub(crate) not_sent: u64,
    pub(crate) cancelled: u64,
}

pub(crate) struct World {
    pub(crate) machine: Machine,
    pub(crate) server: Server,
    pub(crate) faults: Faults,
    /// Shortest and longest way, in microseconds, each direction drawn anew.
    pub(crate) latency: (u64, u64),
    pub(crate) headers: bool,
    /// Whether the machine is checked after each step; that looks at all of it.
    pub(crate) checked: bool,
    rng: fastrand::Rng,
    events: BTreeMap<(u64, u64), Event>,
    number: u64,
    flights: BTreeMap<Ticket, Flight>,
    /// Channels whose answers have told the whole limit: faults begin then, for nobody can know it before.
    known: BTreeSet<String>,
    /// By arrival at the server.
    pub(crate) arrivals: Vec<(u64, Request)>,
    pub(crate) granted: Vec<Ticket>,
    /// By channel, in the order of the grants.
    pub(crate) order: BTreeMap<String, Vec<Ticket>>,
    pub(crate) refused: u64,
    pub(crate) user_429: u64,
    pub(crate) global_429: u64,
    pub(crate) steps: u64,
    pub(crate) last_accepted: u64,
    /// Whether each request asks how long it will wait at least.
    pub(crate) predicts: bool,
    told: BTreeMap<Ticket, (u64, u64)>,
    /// How long each was told that it waits, and how long it did, in microseconds.
    pub(crate) predictions: Vec<(u64, u64)>,
}

struct Flight {
    request: Request,
    departed: bool,
}

enum Event {
    Enqueue(Request),
    Depart(Ticket),
    Arrive(Ticket),
    Answer(Ticket, Answer),
    Close(Ticket, bool),
    Cancel(Ticket),
}

impl World {
    pub(crate) fn new(config: Config, server: Server, latency: (u64, u64), seed: u64) -> Self {
        Self {
            machine: Machine::new(config),
            server,
            faults: Faults::default(),
            latency,
            headers: true,
            checked: true,
            rng: fastrand::Rng::with_seed(seed),
            events: BTreeMap::new(),
            number: 0,
            flights: BTreeMap::new(),
            known: BTreeSet::new(),
            arrivals: Vec::new(),
            granted: Vec::new(),
            order: BTreeMap::new(),
            refused: 0,
            user_429: 0,
            global_429: 0,
            steps: 0,
            last_accepted: 0,
            predicts: false,
            told: BTreeMap::new(),
            predictions: Vec::new(),
        }
    }

    pub(crate) fn ask(&mut self, at: u64, request: Request) {
        self.plan(at, Event::Enqueue(request));
    }

    /// Runs until nothing is left to happen, and checks the machine.
    pub(crate) fn run(&mut self) {
        while let Some(now) = self.next() {
            while self.events.first_key_value().is_some_and(|((at, _), _)| *at <= now) {
                let Some((_, event)) = self.events.pop_first() else { break };
                self.happen(now, event);
                self.steps += 1;
            }
            self.hear(now);
            if self.checked {
                self.machine.check_invariants();
            }
            assert!(self.steps < 4_000_000, "the world does not end");
        }
    }

    fn next(&self) -> Option<u64> {
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        let timer = self.machine.next_wakeup().map(|(moment, _)| moment.as_micros());
        [event, timer].into_iter().flatten().min()
    }

    fn happen(&mut self, now: u64, event: Event) {
        let moment = Moment::from_micros(now);
        match event {
            Event::Enqueue(request) => {
                let told = self.machine.explain(moment, &request).wait;
                let ticket = self.machine.enqueue(moment, &request);
                if self.predicts {
                    let told = u64::try_from(told.as_micros()).unwrap_or(u64::MAX);
                    self.told.insert(ticket, (now, told));
                }
                let faulty = self.is_known(&request) && self.chance(self.faults.cancelled);
                self.flights.insert(ticket, Flight { request, departed: false });
                if faulty {
                    let after = self.rng.u64(0..2_000_000);
                    self.plan(now + after, Event::Cancel(ticket));
                }
            }
            Event::Depart(ticket) => self.depart(now, ticket),
            Event::Arrive(ticket) => self.arrive(now, ticket),
            Event::Answer(ticket, answer) => {
                self.machine.settle(moment, ticket, End::Answered(&answer));
                if let Some(flight) = self.flights.remove(&ticket).filter(|_| self.tells_window(&answer)) {
                    self.known.insert(channel(&flight.request));
                }
            }
            Event::Close(ticket, sent) => {
                self.machine.settle(moment, ticket, if sent { End::MaybeSent } else { End::NotSent });
                self.flights.remove(&ticket);
            }
            Event::Cancel(ticket) => {
                self.machine.cancel(moment, ticket);
                // What has departed arrives all the same.
                if self.flights.get(&ticket).is_some_and(|flight| !flight.departed) {
                    self.flights.remove(&ticket);
                }
            }
        }
    }

    fn depart(&mut self, now: u64, ticket: Ticket) {
        let Some(flight) = self.flights.get_mut(&ticket) else { return };
        flight.departed = true;
        let known = self.known.contains(&channel(&flight.request));
        self.machine.departed(Moment::from_micros(now), ticket);
        let after = self.way();
        let fails = known && self.chance(self.faults.not_sent);
        self.plan(now + after, if fails { Event::Close(ticket, false) } else { Event::Arrive(ticket) });
    }

    fn arrive(&mut self, now: u64, ticket: Ticket) {
        let Some(request) = self.flights.get(&ticket).map(|flight| flight.request.clone()) else { return };
        self.arrivals.push((now, request.clone()));
        let answer = self.answer(now, &request);
        let after = self.way();
        let lost = self.is_known(&request) && self.chance(self.faults.lost);
        self.plan(now + after, if lost { Event::Close(ticket, true) } else { Event::Answer(ticket, answer) });
    }

    /// One answer tells all, except where windows follow a wall clock: there it tells what is left of one.
    fn tells_window(&self, answer: &Answer) -> bool {
        let told = answer.reset_after.unwrap_or_default() + Duration::from_millis(10);
        !matches!(self.server.model, Model::Aligned(_)) || told >= Duration::from_micros(self.server.window)
    }

    fn is_known(&self, request: &Request) -> bool {
        self.known.contains(&channel(request))
    }

    fn answer(&mut self, now: u64, request: &Request) -> Answer {
        let seconds = |micros: u64| Duration::from_millis(micros.div_ceil(1_000));
        let via = true;
        match self.server.arrive(now, request) {
            Err(said) => {
                self.global_429 += 1;
                let retry_after = Some(seconds(said.retry_after));
                Answer { status: 429, global: true, retry_after, via, ..Answer::default() }
            }
            Ok(said) => {
                let retry_after = (!said.accepted).then(|| seconds(said.retry_after));
                let mut answer = Answer { status: 200, retry_after, via, ..Answer::default() };
                if said.accepted {
                    self.last_accepted = now;
                } else {
                    self.user_429 += 1;
                    answer.status = 429;
                    answer.scope = Some(journeyman_limiter::Scope::User);
                }
                if self.headers {
                    answer.limit = u32::try_from(self.server.most).ok();
                    answer.remaining = u32::try_from(said.remaining).ok();
                    // Rounded down to milliseconds, as a server may.
                    answer.reset_after = Some(Duration::from_millis(said.reset_after / 1_000));
                    answer.bucket = Some("b0ca".into());
                }
                answer
            }
        }
    }

    fn hear(&mut self, now: u64) {
        let mut news = VecDeque::new();
        while let Some(output) = self.machine.poll(Moment::from_micros(now)) {
            news.push_back(output);
        }
        for output in news {
            match output {
                Output::Granted(ticket) => {
                    self.granted.push(ticket);
                    if let Some((asked, told)) = self.told.remove(&ticket) {
                        self.predictions.push((told, now - asked));
                    }
                    if let Some(flight) = self.flights.get(&ticket) {
                        self.order.entry(channel(&flight.request)).or_default().push(ticket);
                    }
                    let after = self.rng.u64(0..2_000);
                    self.plan(now + after, Event::Depart(ticket));
                }
                Output::Refused { ticket, .. } => {
                    self.refused += 1;
                    self.flights.remove(&ticket);
                }
            }
        }
    }

    fn plan(&mut self, at: u64, event: Event) {
        self.number += 1;
        self.events.insert((at, self.number), event);
    }

    fn way(&mut self) -> u64 {
        self.rng.u64(self.latency.0..=self.latency.1)
    }

    fn chance(&mut self, per_thousand: u64) -> bool {
        self.rng.u64(0..1_000) < per_thousand
    }
}

fn channel(request: &Request) -> String {
    request.path.split('/').nth(2).unwrap_or_default().to_owned()
}
