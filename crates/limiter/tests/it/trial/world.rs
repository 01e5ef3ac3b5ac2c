//! Virtual time around a contender that is a plain machine: ways, lost answers, cancellations. It knows no limits.

use std::collections::BTreeMap;

use super::scenario::{Fate, Scenario};
use super::score::Score;
use super::server::{Reply, Server};

/// How a request ended for the one who sent it.
pub(crate) enum Ended<'a> {
    Answered(&'a Reply),
    Lost,
}

/// What a contender has to say of a request, by its number.
pub(crate) enum Word {
    Go(usize),
    Never(usize),
}

pub(crate) trait Machine {
    /// A request wants to go, perhaps after an earlier try of it.
    fn ask(&mut self, now: u64, number: usize, scenario: &Scenario, again: bool);
    fn departed(&mut self, now: u64, number: usize);
    fn ended(&mut self, now: u64, number: usize, ended: &Ended<'_>);
    fn cancel(&mut self, now: u64, number: usize);
    /// The operator tells the global limit.
    fn tell(&mut self, _now: u64, _limit: u32) {}
    fn hear(&mut self, now: u64) -> Vec<Word>;
    fn next_wakeup(&self) -> Option<u64>;
    /// The process ends, and another one begins a little later, perhaps with what was kept.
    fn restart(&mut self, now: u64, begun: u64, kept: bool);
}

/// How long after its departure a request is given up.
pub(crate) const TIMEOUT: u64 = 2_000_000;
/// How long after a server's error a request is tried again.
pub(crate) const AFTER_ERROR: u64 = 1_000_000;

#[derive(Debug)]
enum Event {
    Ask(bool),
    Depart,
    Arrive(Fate),
    /// Of a try.
    Answer(u64, Reply),
    Lost(u64),
    Cancel,
    Restart,
    Tell(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Granted,
    Away,
    Over,
}

struct World<'a, M> {
    scenario: &'a Scenario,
    seed: u64,
    machine: M,
    server: Server,
    score: Score,
    events: BTreeMap<(u64, u64), (usize, Event)>,
    planned: u64,
    stages: Vec<Stage>,
    tries: Vec<u64>,
    left: Vec<u64>,
}

pub(crate) fn run(scenario: &Scenario, seed: u64, machine: impl Machine) -> Score {
    let calls = scenario.calls.len();
    let mut world = World {
        scenario,
        seed,
        machine,
        server: Server::new(scenario),
        score: Score::new(scenario),
        events: BTreeMap::new(),
        planned: 0,
        stages: vec![Stage::Waiting; calls],
        tries: vec![0; calls],
        left: vec![0; calls],
    };
    for (number, call) in scenario.calls.iter().enumerate() {
        world.plan(call.asked, number, Event::Ask(false));
        if let Some(after) = scenario.cancelled_after(seed, number) {
            world.plan(call.asked + after, number, Event::Cancel);
        }
    }
    if let Some((at, limit)) = scenario.told {
        world.plan(at, 0, Event::Tell(limit));
    }
    if let Some(restart) = &scenario.restart {
        world.plan(restart.at, 0, Event::Restart);
    }
    world.run();
    world.score.close(&world.server)
}

impl<M: Machine> World<'_, M> {
    fn run(&mut self) {
        let mut steps = 0_u64;
        while let Some(now) = self.next() {
            while let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= now) {
                let (number, event) = entry.remove();
                self.happen(now, number, event);
            }
            for word in self.machine.hear(now) {
                self.obey(now, &word);
            }
            steps += 1;
            assert!(steps < 4_000_000, "{} does not end", self.scenario.name);
        }
    }

    fn next(&self) -> Option<u64> {
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        [event, self.machine.next_wakeup()].into_iter().flatten().min()
    }

    fn happen(&mut self, now: u64, number: usize, event: Event) {
        match event {
            Event::Ask(again) if self.stages[number] == Stage::Waiting => {
                self.machine.ask(now, number, self.scenario, again);
            }
            Event::Depart if self.stages[number] == Stage::Granted => self.depart(now, number),
            Event::Tell(limit) => self.machine.tell(now, limit),
            Event::Arrive(fate) => self.arrive(now, number, fate),
            Event::Answer(tries, reply) if self.is_away(number, tries) => self.answer(now, number, &reply),
            Event::Lost(tries) if self.is_away(number, tries) => {
                self.machine.ended(now, number, &Ended::Lost);
                self.again(now, number);
            }
            Event::Cancel if self.stages[number] != Stage::Over => {
                self.machine.cancel(now, number);
                self.stages[number] = Stage::Over;
                self.score.cancelled += 1;
            }
            Event::Restart => self.restart(now),
            Event::Ask(_) | Event::Depart | Event::Answer(..) | Event::Lost(_) | Event::Cancel => {}
        }
    }

    fn obey(&mut self, now: u64, word: &Word) {
        match *word {
            Word::Go(number) => {
                self.stages[number] = Stage::Granted;
                self.plan(now, number, Event::Depart);
            }
            Word::Never(number) => {
                self.stages[number] = Stage::Over;
                let asked = self.scenario.calls[number].asked;
                self.score.refused += 1;
                self.score.missed += u64::from(now > asked);
            }
        }
    }

    fn depart(&mut self, now: u64, number: usize) {
        self.stages[number] = Stage::Away;
        self.machine.departed(now, number);
        self.score.departed(now);
        self.left[number] = now;
        let fate = self.scenario.fate(self.seed, number, self.tries[number]);
        self.tries[number] += 1;
        self.plan(now + fate.up, number, Event::Arrive(fate));
        if fate.is_lost() {
            self.plan(now + TIMEOUT, number, Event::Lost(self.tries[number]));
        }
    }

    fn arrive(&mut self, now: u64, number: usize, fate: Fate) {
        if fate.lost_before {
            return;
        }
        let reply = self.server.arrive(now, &self.scenario.calls[number]);
        if !fate.is_lost() {
            self.plan(now + fate.down, number, Event::Answer(self.tries[number], reply));
        }
    }

    fn answer(&mut self, now: u64, number: usize, reply: &Reply) {
        self.machine.ended(now, number, &Ended::Answered(reply));
        let call = &self.scenario.calls[number];
        self.score.answered(now, call, self.left[number] - call.asked, reply);
        match reply.status {
            429 => self.again(now, number),
            500.. => self.again(now + AFTER_ERROR, number),
            _ => self.stages[number] = Stage::Over,
        }
    }

    /// Whether a request is under way in the try that an event is about.
    fn is_away(&self, number: usize, tries: u64) -> bool {
        self.stages[number] == Stage::Away && self.tries[number] == tries
    }

    /// All who were asked for and not served are asked for again by the new process.
    fn restart(&mut self, now: u64) {
        let Some(restart) = &self.scenario.restart else { return };
        let begun = now + restart.pause;
        self.machine.restart(now, begun, restart.kept);
        for number in 0..self.stages.len() {
            let asked = self.scenario.calls[number].asked <= now;
            if asked && self.stages[number] != Stage::Over {
                self.again(begun, number);
            }
        }
    }

    fn again(&mut self, at: u64, number: usize) {
        self.stages[number] = Stage::Waiting;
        self.plan(at, number, Event::Ask(true));
    }

    fn plan(&mut self, at: u64, number: usize, event: Event) {
        self.planned += 1;
        self.events.insert((at, self.planned), (number, event));
    }
}
