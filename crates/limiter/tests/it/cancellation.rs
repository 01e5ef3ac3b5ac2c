//! Cancellation at every stage, and arbitrary inputs in arbitrary order: nothing leaks. It judges no limits.

use std::time::Duration;

use journeyman_limiter::{Answer, Config, End, GlobalLimit, Machine, Moment, Output, Request, Scope, Ticket};
use proptest::prelude::*;

use crate::lines::{Table, bucket, messages};
use crate::windows::runner;

fn small() -> Config {
    let global = Some(GlobalLimit { limit: 2, window: Duration::from_secs(1) });
    Config { global, pace: Some(Duration::from_millis(100)), ..Config::default() }
}

#[test]
fn who_leaves_the_line_gives_way_to_the_next() {
    let mut table = Table::new(Config::default());
    let tickets: Vec<Ticket> = (0..4).map(|_| table.ask(&messages(1))).collect();
    assert_eq!(table.granted(), tickets[..1]);
    table.machine.cancel(table.now, tickets[1]);
    assert_eq!(table.machine.waiting(), 2);
    table.machine.cancel(table.now, tickets[0]);
    assert_eq!(table.granted(), tickets[2..3], "the permit that was not used goes to the next");
}

#[test]
fn a_grant_nobody_has_heard_of_can_be_cancelled() {
    let mut table = Table::new(Config::default());
    let first = table.ask(&messages(1));
    let second = table.ask(&messages(1));
    table.machine.cancel(table.now, first);
    assert_eq!(table.granted(), [second], "and is not reported any more");
}

#[test]
fn cancelled_before_it_departs_it_costs_nothing_and_after_it_a_slot() {
    let mut table = Table::new(Config { lost_margin: Duration::ZERO, ..small() });
    let request = messages(1);
    table.teach(&request, &bucket("b", 10, 9, 10_000));
    table.pass(2_000);
    for _ in 0..5 {
        let ticket = table.ask(&request);
        assert_eq!(table.granted(), [ticket]);
        table.machine.cancel(table.now, ticket);
    }
    for _ in 0..2 {
        let ticket = table.ask(&request);
        assert_eq!(table.granted(), [ticket]);
        table.send(ticket);
        table.machine.cancel(table.now, ticket);
        table.pass(100);
    }
    table.ask(&request);
    assert_eq!(table.granted(), [], "the global limit of two is spent");
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Ask { channel: u64, deadline: Option<u64> },
    Depart(usize),
    End(usize, u8),
    Cancel(usize),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u64..4, proptest::option::weighted(0.2, 0_u64..5_000))
            .prop_map(|(channel, deadline)| Step::Ask { channel, deadline }),
        2 => any::<usize>().prop_map(Step::Depart),
        3 => (any::<usize>(), 0_u8..12).prop_map(|(which, how)| Step::End(which, how)),
        1 => any::<usize>().prop_map(Step::Cancel),
        2 => (0_u64..3_000).prop_map(Step::Pass),
    ]
}

fn answer(how: u8) -> Answer {
    let limited = |scope| Answer {
        status: 429,
        scope: Some(scope),
        retry_after: Some(Duration::from_millis(700)),
        via: true,
        ..Answer::default()
    };
    match how {
        0 => bucket("a", 3, 2, 900),
        1 => bucket("a", 3, 0, 900),
        2 => bucket("b", 1, 0, 2_000),
        3 => bucket("c", 5, 5, 0),
        4 => limited(Scope::User),
        5 => limited(Scope::Shared),
        6 => limited(Scope::Global),
        7 => Answer { status: 502, ..Answer::default() },
        8 => Answer { status: 429, retry_after: Some(Duration::from_secs(3)), ..Answer::default() },
        _ => Answer { status: 200, ..Answer::default() },
    }
}

/// All that is known from outside: who was granted and has not ended, and who waits.
#[derive(Default)]
struct Seen {
    waiting: Vec<Ticket>,
    granted: Vec<Ticket>,
}

impl Seen {
    fn hear(&mut self, machine: &mut Machine, now: Moment) {
        while let Some(output) = machine.poll(now) {
            let (ticket, granted) = match output {
                Output::Granted(ticket) => (ticket, true),
                Output::Refused { ticket, .. } => (ticket, false),
            };
            let place = self.waiting.iter().position(|other| *other == ticket);
            self.waiting.remove(place.expect("only who waits is answered, and only once"));
            if granted {
                self.granted.push(ticket);
            }
        }
        machine.check_invariants();
        assert_eq!((machine.waiting(), machine.in_flight()), (self.waiting.len(), self.granted.len()));
    }
}

#[test]
fn whatever_happens_in_whatever_order_every_ticket_ends_and_nothing_leaks() {
    let steps = proptest::collection::vec(step(), 1..150);
    let outcome = runner(400).run(&steps, |steps| {
        let mut machine = Machine::new(small());
        let mut seen = Seen::default();
        let mut now = Moment::ORIGIN;
        for step in steps {
            take(&mut machine, &mut seen, &mut now, step);
            seen.hear(&mut machine, now);
        }
        finish(&mut machine, &mut seen, now);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

fn take(machine: &mut Machine, seen: &mut Seen, now: &mut Moment, step: Step) {
    let pick = |list: &[Ticket], which: usize| (!list.is_empty()).then(|| which % list.len());
    match step {
        Step::Ask { channel, deadline } => {
            let mut request =
                Request::get(format!("/channels/{}/messages", 100_000_000_000_000_000 + channel));
            request.deadline = deadline.map(|after| *now + Duration::from_millis(after));
            seen.waiting.push(machine.enqueue(*now, &request));
        }
        Step::Depart(which) => {
            if let Some(place) = pick(&seen.granted, which) {
                machine.departed(*now, seen.granted[place]);
            }
        }
        Step::End(which, how) => {
            if let Some(place) = pick(&seen.granted, which) {
                let ticket = seen.granted.remove(place);
                match how {
                    10 => machine.settle(*now, ticket, End::NotSent),
                    11 => machine.settle(*now, ticket, End::MaybeSent),
                    _ => machine.settle(*now, ticket, End::Answered(&answer(how))),
                }
            }
        }
        Step::Cancel(which) => {
            let all = seen.waiting.len() + seen.granted.len();
            if all == 0 {
                return;
            }
            let place = which % all;
            let ticket = if place < seen.waiting.len() {
                seen.waiting.remove(place)
            } else {
                seen.granted.remove(place - seen.waiting.len())
            };
            machine.cancel(*now, ticket);
        }
        Step::Pass(ms) => *now = *now + Duration::from_millis(ms),
    }
}

/// Faults stop: everybody who waits is answered, without anything but time and good answers.
fn finish(machine: &mut Machine, seen: &mut Seen, mut now: Moment) {
    loop {
        seen.hear(machine, now);
        if let Some(ticket) = seen.granted.pop() {
            machine.departed(now, ticket);
            machine.settle(now, ticket, End::Answered(&answer(0)));
            continue;
        }
        if seen.waiting.is_empty() {
            break;
        }
        let (next, _) = machine.next_wakeup().expect("who waits is waited for");
        assert!(next > now, "the machine asks to be woken in the past");
        now = next;
    }
    assert_eq!((machine.waiting(), machine.in_flight()), (0, 0));
}
