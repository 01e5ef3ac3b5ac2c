//! Machine and server, driven one operation at a time, with everything checked after each. It draws nothing at random.

use std::collections::BTreeMap;
use std::time::Duration;

use journeyman_limiter::{
    Answer, BreakerConfig, Config, End, GlobalLimit, Machine, Moment, Mutation, Output, Priority, Ticket,
};

use super::op::{Case, Kind, Line, Op};
use super::server::{Counter, Fate, Server, bucket};
use crate::ledger::Model;

const MS: u64 = 1_000;
/// Where a kind is taught, before anything else.
const SCHOOL: u8 = 9;
/// Each way, once faults have stopped.
const WAY: u64 = 30 * MS;

pub(crate) struct World {
    machine: Machine,
    server: Server,
    now: u64,
    /// How much too early the next moment told to the machine is.
    stale: u64,
    /// Everything that has not ended, in the order of asking.
    flights: Vec<Flight>,
    /// What arrives although nobody waits for the answer.
    late: Vec<(u64, Flight)>,
    /// The change of its limit that each counter's answers have told of.
    heard: BTreeMap<Counter, u64>,
    asked: u64,
    departed: u64,
    pub(crate) steps: u64,
    /// All that the machine has said, by microsecond and place in the order of asking.
    pub(crate) trace: Vec<(u64, u64, bool)>,
}

struct Flight {
    ticket: Ticket,
    line: Line,
    /// Its place in the order of asking.
    place: u64,
    stage: Stage,
    deadline: Option<u64>,
    /// Of its counter's changes, the latest that the machine could know when it said "go", and that
    /// there was when the request left.
    known: u64,
    left_after: u64,
    /// When it goes on by itself.
    due: u64,
}

impl Flight {
    fn is_in(&self, other: u8) -> bool {
        bucket(self.line.kind) == Some(usize::from(other))
    }
}

#[derive(Debug)]
enum Stage {
    Waiting,
    Granted,
    Away,
    Back(Answer),
}

impl World {
    pub(crate) fn new(case: &Case, mutation: Mutation) -> Self {
        let global = case.global.map(|law| GlobalLimit {
            limit: u32::try_from(law.most).expect("small"),
            window: Duration::from_micros(law.window),
        });
        // A breaker that never opens: here every limit is to be used as far as it goes.
        let breaker = BreakerConfig { in_a_row: u32::MAX, percent: 101, ..BreakerConfig::default() };
        let config =
            Config { global, breaker, max_wait: Duration::from_hours(100), mutation, ..Config::default() };
        let mut world = Self {
            machine: Machine::new(config),
            server: Server::new(case),
            now: 0,
            stale: 0,
            flights: Vec::new(),
            late: Vec::new(),
            heard: BTreeMap::new(),
            asked: 0,
            departed: 0,
            steps: 0,
            trace: Vec::new(),
        };
        world.teach();
        world
    }

    /// Each kind once, so that nothing is left to be found out: windows.rs has what must be learnt first.
    fn teach(&mut self) {
        for who in 0..2 {
            for kind in [Kind::Message, Kind::Pin, Kind::Unpin, Kind::Callback] {
                self.pass(30_000 * MS);
                // The beginning of a wall-clock window: later ones show what is left of it.
                if let Some((Model::Aligned(ahead), window)) =
                    bucket(kind).map(|bucket| (self.server.law(bucket).model, self.server.law(bucket).window))
                {
                    self.pass(window - (self.now + ahead) % window);
                }
                self.ask(Line { who, kind, channel: SCHOOL, priority: Priority::Normal, tenant: 0 }, None);
                self.hear();
                self.depart(0);
                self.arrive(0);
                self.answer(0);
            }
        }
        self.pass(30_000 * MS);
    }

    pub(crate) fn take(&mut self, op: Op) {
        match op {
            Op::Ask { line, times, deadline } => {
                let deadline = deadline.map(|ms| self.now + u64::from(ms) * MS);
                for _ in 0..times {
                    self.ask(line, deadline);
                }
            }
            Op::Depart(which) => {
                self.pick(which, |stage| matches!(stage, Stage::Granted))
                    .into_iter()
                    .for_each(|at| self.depart(at));
            }
            Op::Arrive(which) => {
                self.pick(which, |stage| matches!(stage, Stage::Away))
                    .into_iter()
                    .for_each(|at| self.arrive(at));
            }
            Op::Answer(which) => {
                self.pick(which, |stage| matches!(stage, Stage::Back(_)))
                    .into_iter()
                    .for_each(|at| self.answer(at));
            }
            Op::Lose { which, late } => self.lose(which, late),
            Op::NotSent(which) => {
                if let Some(at) = self.pick(which, |stage| matches!(stage, Stage::Granted | Stage::Away)) {
                    let flight = self.flights.remove(at);
                    let now = self.moment();
                    self.machine.settle(now, flight.ticket, End::NotSent);
                }
            }
            Op::Cancel { which, late } => self.cancel(which, late),
            Op::Pass(ms) => self.pass(u64::from(ms) * MS),
            // What is left of a window looks like a shorter one: under a new hash its length must be learnt
            // anew, and until then nobody knows how long a lost request counts.
            Op::Rotate { .. } if !matches!(self.server.law(0).model, Model::Log | Model::Leaky) => {}
            // Nor while something is on its way of which no answer will speak: what that costs nobody can know.
            Op::Resize { bucket, .. } if self.late.iter().any(|(_, flight)| flight.is_in(bucket)) => {}
            Op::Resize { bucket, most } => self.server.resize(usize::from(bucket), u64::from(most)),
            Op::Rotate { anew } => self.server.rotate(anew),
            Op::Jump(seconds) => self.server.jump(i64::from(seconds)),
            Op::Stale(ms) => self.stale = u64::from(ms) * MS,
        }
        self.hear();
    }

    /// Faults stop: whatever is granted goes and comes back at once, until nobody waits any more.
    pub(crate) fn finish(&mut self, case: &Case) {
        let (begun, bound) = (self.now, self.bound(case));
        for flight in &mut self.flights {
            flight.due = begun;
        }
        while !self.flights.is_empty() {
            let own = |flight: &Flight| (!matches!(flight.stage, Stage::Waiting)).then_some(flight.due);
            let due = self.flights.iter().filter_map(own).min();
            let next = [due, self.wakeup()].into_iter().flatten().min();
            let next = next.expect("somebody waits, and nothing will ever happen");
            assert!(next <= begun + bound, "somebody waits for longer than it takes: {bound} µs");
            self.pass(next.saturating_sub(self.now));
            while let Some(at) =
                self.flights.iter().position(|flight| own(flight).is_some_and(|due| due <= self.now))
            {
                self.go_on(at);
                self.hear();
            }
        }
        self.pass(2_000 * MS);
    }

    fn go_on(&mut self, at: usize) {
        self.flights[at].due = self.now + WAY;
        match self.flights[at].stage {
            Stage::Waiting => {}
            Stage::Granted => self.depart(at),
            Stage::Away => self.arrive(at),
            Stage::Back(_) => self.answer(at),
        }
    }

    /// The longest that `finish` may take for those who are there now: every limit at its tightest, each
    /// window followed by a round trip, and three windows to find out how things are.
    fn bound(&self, case: &Case) -> u64 {
        let rtt = 2 * WAY;
        let mut counts: BTreeMap<(u8, Kind, u8), u64> = BTreeMap::new();
        for flight in &self.flights {
            *counts.entry((flight.line.who, flight.line.kind, flight.line.channel)).or_default() += 1;
        }
        let sizes = |bucket: usize| {
            let size = move |op: &Op| {
                let Op::Resize { bucket: other, most } = *op else { return None };
                (usize::from(other) == bucket).then_some(u64::from(most))
            };
            case.ops.iter().filter_map(size).chain([case.buckets[bucket].most])
        };
        let tightest = |bucket| sizes(bucket).min().unwrap_or(1);
        // Under a new hash or limit a lost one counts as long as if the bucket leaked, a window for each slot; and
        // so does, before it, what was on its way under the old hash.
        let changed =
            |bucket: usize| self.server.changes[bucket] > 0 || (bucket == 0 && self.server.renamed > 0);
        let unsure = |bucket| if changed(bucket) { 2 * sizes(bucket).max().unwrap_or(0) } else { 0 };
        let one = |((_, kind, _), count): (&(u8, Kind, u8), &u64)| match bucket(*kind) {
            // The pins of a channel share a bucket; both may be as many.
            Some(bucket) => {
                (2 * count.div_ceil(tightest(bucket)) + 3 + unsure(bucket))
                    * (case.buckets[bucket].window + rtt)
            }
            None => (count + 1) * (1_000 * MS + rtt),
        };
        let buckets = counts.iter().map(one).max().unwrap_or(0);
        let all = self.flights.len() as u64;
        let global = case.global.map_or(0, |law| (all.div_ceil(law.most) + 3) * (law.window + rtt));
        // Lost ones are held for a second more, and waits are told in whole milliseconds.
        buckets + global + 1_000 * MS + all * MS
    }

    /// Nothing is left of anybody, and of the routes only what there was to remember.
    pub(crate) fn check_end(&mut self) {
        assert_eq!((self.machine.waiting(), self.machine.in_flight()), (0, 0), "waiting, in flight");
        // For each credential: 4 kinds in 4 channels, their buckets under each of their names, and itself.
        let names = 1 + self.server.renamed;
        let most = 2 * (4 * 4 + 4 * 4 * usize::try_from(names).expect("small") + 4 + 1);
        assert!(self.machine.remembered() <= most, "{} entries are remembered", self.machine.remembered());
    }

    fn ask(&mut self, line: Line, deadline: Option<u64>) {
        let (request, place) = (line.request(self.asked), self.asked);
        let request = match deadline {
            Some(deadline) => request.with_deadline(Moment::from_micros(deadline)),
            None => request,
        };
        let now = self.moment();
        let ticket = self.machine.enqueue(now, &request);
        self.asked += 1;
        self.flights.push(Flight {
            ticket,
            line,
            place,
            stage: Stage::Waiting,
            deadline,
            known: 0,
            left_after: 0,
            due: self.now,
        });
    }

    fn depart(&mut self, at: usize) {
        let moment = self.moment();
        self.departed += 1;
        let flight = &mut self.flights[at];
        flight.stage = Stage::Away;
        flight.left_after = bucket(flight.line.kind).map_or(0, |bucket| self.server.changes[bucket]);
        self.machine.departed(moment, flight.ticket);
    }

    fn arrive(&mut self, at: usize) {
        let flight = &mut self.flights[at];
        let (answer, fate) = self.server.arrive(self.now, flight.line);
        flight.stage = Stage::Back(answer);
        judge(&self.flights[at], fate, &self.server);
    }

    fn answer(&mut self, at: usize) {
        let flight = self.flights.remove(at);
        let Stage::Back(answer) = &flight.stage else { return };
        let now = self.moment();
        self.machine.settle(now, flight.ticket, End::Answered(answer));
        if let Some(counter) = counter(&flight) {
            let heard = self.heard.entry(counter).or_default();
            *heard = flight.left_after.max(*heard);
        }
    }

    fn lose(&mut self, which: u16, late: Option<u16>) {
        let Some(at) = self.pick(which, |stage| matches!(stage, Stage::Away | Stage::Back(_))) else {
            return;
        };
        if self.is_unheard_of(at) {
            return;
        }
        let flight = self.flights.remove(at);
        let now = self.moment();
        self.machine.settle(now, flight.ticket, End::MaybeSent);
        if let (Stage::Away, Some(late)) = (&flight.stage, late) {
            self.late.push((self.now + u64::from(late) * MS, flight));
        }
    }

    fn cancel(&mut self, which: u16, late: u16) {
        let Some(at) = self.pick(which, |_| true) else { return };
        if matches!(self.flights[at].stage, Stage::Away | Stage::Back(_)) && self.is_unheard_of(at) {
            return;
        }
        let flight = self.flights.remove(at);
        let now = self.moment();
        self.machine.cancel(now, flight.ticket);
        if matches!(flight.stage, Stage::Away) {
            self.late.push((self.now + u64::from(late) * MS, flight));
        }
    }

    /// Whether its limit has changed and no answer has told so: what it costs without an answer of its own
    /// cannot be known.
    fn is_unheard_of(&self, at: usize) -> bool {
        let Some(counter) = counter(&self.flights[at]) else { return false };
        self.heard.get(&counter).copied().unwrap_or(0) < self.server.changes[counter.1]
    }

    /// Lets time pass, and wakes the machine whenever it asks to be woken.
    fn pass(&mut self, micros: u64) {
        let end = self.now + micros;
        self.hear();
        loop {
            let late = self.late.iter().map(|(at, _)| *at).min();
            let Some(next) = [late, self.wakeup()].into_iter().flatten().min().filter(|next| *next <= end)
            else {
                break;
            };
            self.now = self.now.max(next);
            while let Some(place) = self.late.iter().position(|(at, _)| *at <= self.now) {
                let (_, flight) = self.late.remove(place);
                let (_, fate) = self.server.arrive(self.now, flight.line);
                judge(&flight, fate, &self.server);
            }
            self.hear();
            assert!(self.wakeup().is_none_or(|next| next > self.now), "it asks to be woken in the past");
        }
        self.now = end;
        self.hear();
    }

    fn wakeup(&self) -> Option<u64> {
        self.machine.next_wakeup().map(|(moment, _)| moment.as_micros())
    }

    fn hear(&mut self) {
        self.steps += 1;
        while let Some(output) = self.machine.poll(Moment::from_micros(self.now)) {
            let (ticket, granted) = match output {
                Output::Granted(ticket) => (ticket, true),
                Output::Refused { ticket, .. } => (ticket, false),
            };
            let at = self.flights.iter().position(|flight| flight.ticket == ticket);
            let at = at.expect("only who is there is answered");
            assert!(matches!(self.flights[at].stage, Stage::Waiting), "only who waits is answered, and once");
            self.trace.push((self.now, self.flights[at].place, granted));
            if granted { self.granted(at) } else { self.refused(at) }
        }
        self.machine.check_invariants();
        let waiting = self.flights.iter().filter(|flight| matches!(flight.stage, Stage::Waiting)).count();
        let seen = (waiting, self.flights.len() - waiting);
        assert_eq!((self.machine.waiting(), self.machine.in_flight()), seen, "waiting, in flight");
    }

    fn granted(&mut self, at: usize) {
        let heard = counter(&self.flights[at]).and_then(|counter| self.heard.get(&counter)).copied();
        let flight = &mut self.flights[at];
        flight.stage = Stage::Granted;
        flight.known = heard.unwrap_or_default();
        let flight = &self.flights[at];
        assert!(flight.deadline.is_none_or(|deadline| deadline >= self.now), "granted after its deadline");
        let before = self.flights[..at].iter().filter(|other| matches!(other.stage, Stage::Waiting));
        let passed = before.filter(|other| other.line == flight.line).count();
        assert_eq!(passed, 0, "who asked first goes first, in one line");
    }

    fn refused(&mut self, at: usize) {
        let flight = self.flights.remove(at);
        assert!(flight.deadline.is_some(), "nobody is refused who has the time to wait");
    }

    /// The moment as the next call is told it.
    fn moment(&mut self) -> Moment {
        Moment::from_micros(self.now.saturating_sub(std::mem::take(&mut self.stale)))
    }

    fn pick(&self, which: u16, fits: impl Fn(&Stage) -> bool) -> Option<usize> {
        let fitting: Vec<usize> =
            (0..self.flights.len()).filter(|at| fits(&self.flights[*at].stage)).collect();
        (!fitting.is_empty()).then(|| fitting[usize::from(which) % fitting.len()])
    }
}

/// No limit is ever exceeded, but by those who were told to go before anybody could know that it had changed.
fn judge(flight: &Flight, fate: Fate, server: &Server) {
    let news = bucket(flight.line.kind).is_some_and(|bucket| flight.known < server.changes[bucket]);
    match fate {
        Fate::Accepted => {}
        Fate::OverBucket => assert!(news, "a 429 of its bucket: {:?}", flight.line),
        Fate::OverGlobal => panic!("a 429 of the global limit"),
    }
}

fn counter(flight: &Flight) -> Option<Counter> {
    Some((flight.line.who, bucket(flight.line.kind)?, flight.line.channel))
}
