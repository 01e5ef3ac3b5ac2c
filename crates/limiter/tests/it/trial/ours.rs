//! This crate's machine as a contender. It adds nothing to it.

use std::collections::BTreeMap;
use std::time::Duration;

use journeyman_limiter::{
    Answer, Config, Credential, End, GlobalLimit, Moment, Mutation, Occasion, Output, Saved, Ticket,
};

use super::scenario::{Scenario, WALL_MS};
use super::server::Reply;
use super::world::{Ended, Machine, Word};

pub(crate) struct Ours {
    machine: journeyman_limiter::Machine,
    tickets: BTreeMap<usize, Ticket>,
    numbers: BTreeMap<Ticket, usize>,
    /// The ticket of the try before.
    before: BTreeMap<usize, Ticket>,
}

impl Ours {
    pub(crate) fn new(mutation: Mutation) -> Self {
        Self::with(Config { mutation, ..Config::default() })
    }

    /// With other settings, but for the bound: here everybody waits for as long as it takes.
    pub(crate) fn with(config: Config) -> Self {
        let config = Config { max_wait: Duration::from_hours(1_000), ..config };
        Self {
            machine: journeyman_limiter::Machine::new(config),
            tickets: BTreeMap::new(),
            numbers: BTreeMap::new(),
            before: BTreeMap::new(),
        }
    }

    fn forget(&mut self, number: usize) -> Option<Ticket> {
        let ticket = self.tickets.remove(&number)?;
        self.numbers.remove(&ticket);
        self.before.insert(number, ticket);
        Some(ticket)
    }
}

impl Machine for Ours {
    fn ask(&mut self, now: u64, number: usize, scenario: &Scenario, again: bool) {
        let request = scenario.calls[number].request.clone().with_wall_clock(WALL_MS + now / 1_000);
        let now = Moment::from_micros(now);
        let ticket = match self.before.get(&number).filter(|_| again) {
            Some(before) => self.machine.enqueue_again(now, &request, *before),
            None => self.machine.enqueue(now, &request),
        };
        self.tickets.insert(number, ticket);
        self.numbers.insert(ticket, number);
    }

    fn departed(&mut self, now: u64, number: usize) {
        if let Some(ticket) = self.tickets.get(&number) {
            self.machine.departed(Moment::from_micros(now), *ticket);
        }
    }

    fn ended(&mut self, now: u64, number: usize, ended: &Ended<'_>) {
        let (now, Some(ticket)) = (Moment::from_micros(now), self.forget(number)) else { return };
        match ended {
            Ended::Answered(reply) => self.machine.settle(now, ticket, End::Answered(&read(reply))),
            Ended::Lost => self.machine.settle(now, ticket, End::MaybeSent),
        }
    }

    fn cancel(&mut self, now: u64, number: usize) {
        if let Some(ticket) = self.forget(number) {
            self.machine.cancel(Moment::from_micros(now), ticket);
        }
    }

    fn tell(&mut self, now: u64, limit: u32) {
        let limit = GlobalLimit { limit, ..GlobalLimit::default() };
        self.machine.set_global(Moment::from_micros(now), Credential::ANONYMOUS, limit);
    }

    fn hear(&mut self, now: u64) -> Vec<Word> {
        let mut words = Vec::new();
        while let Some(output) = self.machine.poll(Moment::from_micros(now)) {
            match output {
                Output::Granted(ticket) => words.extend(self.numbers.get(&ticket).copied().map(Word::Go)),
                Output::Refused { ticket, .. } => {
                    words.extend(self.numbers.get(&ticket).copied().map(Word::Never));
                }
            }
        }
        words
    }

    fn next_wakeup(&self) -> Option<u64> {
        self.machine.next_wakeup().map(|(moment, _)| moment.as_micros())
    }

    fn restart(&mut self, now: u64, begun: u64, kept: bool) {
        let wall = |at: u64| Duration::from_millis(WALL_MS) + Duration::from_micros(at);
        let text = self.machine.save(Moment::from_micros(now), wall(now), Occasion::Stopping).to_text();
        *self = Self::new(Mutation::None);
        if kept {
            let saved = Saved::from_text(&text).expect("what was written is read");
            self.machine.load(Moment::from_micros(begun), &saved, wall(begun));
        }
    }
}

fn read(reply: &Reply) -> Answer {
    let headers = reply.headers.iter().map(|(name, value)| (*name, value.as_str()));
    Answer::read(reply.status, headers, reply.body.as_bytes())
}
