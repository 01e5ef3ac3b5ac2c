//! The circuit breakers at work in the machine: who is stopped, who tries, who goes on. It draws nothing at random.

use std::time::Duration;

use journeyman_limiter::{
    Answer, BreakerConfig, Config, End, Event, Knowledge, Method, Moment, Reason, Request, Ticket,
};

use crate::lines::{Table, bucket, messages};

fn table() -> Table {
    Table::new(Config { global: None, ..Config::default() })
}

fn bad() -> Answer {
    Answer { status: 502, ..Answer::default() }
}

fn good() -> Answer {
    bucket("b", 50, 49, 10)
}

/// Opens the breaker of what changes channels, by three failures in a row.
fn opened() -> Table {
    let mut table = table();
    for channel in 0..3 {
        table.teach(&messages(channel), &bad());
        table.pass(100);
    }
    table
}

fn until_probe(table: &mut Table) -> Duration {
    let hold = table.machine.explain(table.now, &messages(9)).hold.expect("it is held");
    assert_eq!(hold.reason, Reason::Breaker);
    hold.wait.expect("the time of the probe is known")
}

fn wait_for_probe(table: &mut Table) {
    let wait = until_probe(table);
    table.now = table.now + wait;
}

#[test]
fn three_failures_in_a_row_open_the_breaker_of_their_class_and_of_no_other() {
    let mut table = opened();
    let wait = until_probe(&mut table);
    assert!(wait >= Duration::from_millis(4_900) && wait <= Duration::from_millis(6_250), "{wait:?}");
    assert!(matches!(table.machine.event(), Some(Event::Opened { class: Some(_), .. })));
    // The same paths are read, and other things are changed.
    table.teach(&Request::get("/channels/100000000000000001/messages"), &good());
    table.teach(&Request::new(Method::Patch, "/users/@me"), &good());
}

#[test]
fn with_an_open_breaker_those_whose_deadline_allows_wait_for_the_probe_and_others_are_refused_with_its_time()
{
    let mut table = opened();
    let wait = until_probe(&mut table);
    let hasty = table.ask(&messages(5).with_deadline(table.now + Duration::from_secs(2)));
    let (ticket, refusal) = table.refusal().expect("refused at once");
    assert_eq!((ticket, refusal.reason, refusal.wait), (hasty, Reason::Breaker, wait));
    let patient = table.ask(&messages(5).with_deadline(table.now + Duration::from_mins(1)));
    assert_eq!(table.granted(), []);
    wait_for_probe(&mut table);
    assert_eq!(table.granted(), [patient]);
}

#[test]
fn what_waits_when_the_breaker_opens_is_refused_if_its_deadline_comes_first() {
    let mut table = table();
    let fail = |table: &mut Table, ticket| {
        table.send(ticket);
        table.answer(ticket, &bad());
        table.pass(100);
    };
    table.teach(&messages(0), &bad());
    table.pass(100);
    table.teach(&messages(1), &bad());
    table.pass(100);
    let third = table.ask(&messages(2));
    assert_eq!(table.granted(), [third]);
    let hasty = table.ask(&messages(2).with_deadline(table.now + Duration::from_secs(3)));
    assert_eq!(table.outputs(), []);
    fail(&mut table, third);
    let (ticket, refusal) = table.refusal().expect("it cannot go in time");
    assert_eq!((ticket, refusal.reason), (hasty, Reason::Breaker));
}

#[test]
fn half_open_exactly_one_probe_goes_however_many_wait() {
    let mut table = opened();
    let waiting: Vec<Ticket> = (10..40).map(|channel| table.ask(&messages(channel))).collect();
    wait_for_probe(&mut table);
    assert_eq!(table.granted(), waiting[..1]);
    table.send(waiting[0]);
    table.pass(30_000);
    assert_eq!(table.granted(), [], "its answer is not there yet");
    // It fails: the next one goes after twice as long.
    table.answer(waiting[0], &bad());
    let wait = until_probe(&mut table);
    assert!(wait >= Duration::from_secs(10) && wait <= Duration::from_millis(12_500), "{wait:?}");
    wait_for_probe(&mut table);
    assert_eq!(table.granted(), waiting[1..2]);
}

#[test]
fn after_a_good_probe_there_is_no_herd() {
    let mut table = opened();
    let waiting: Vec<Ticket> = (10..110).map(|channel| table.ask(&messages(channel))).collect();
    wait_for_probe(&mut table);
    let mut out = table.granted();
    let mut most = Vec::new();
    while !out.is_empty() {
        most.push(out.len());
        for ticket in out {
            table.send(ticket);
            table.answer(ticket, &good());
        }
        table.pass(100);
        out = table.granted();
    }
    assert_eq!(most[..5], [1, 2, 4, 8, 16], "{most:?}");
    assert_eq!(most.iter().sum::<usize>(), waiting.len());
    assert_eq!(table.machine.event().into_iter().count(), 1, "opened");
    assert!(matches!(table.machine.event(), Some(Event::Closed { class: Some(_) })));
}

#[test]
fn a_failure_while_it_recovers_opens_it_again_at_once() {
    let mut table = opened();
    wait_for_probe(&mut table);
    table.teach(&messages(10), &good());
    table.teach(&messages(11), &bad());
    assert!(until_probe(&mut table) >= Duration::from_secs(10));
}

#[test]
fn no_probe_is_lost_whoever_is_cancelled() {
    let mut table = opened();
    let waiting: Vec<Ticket> = (10..14).map(|channel| table.ask(&messages(channel))).collect();
    wait_for_probe(&mut table);
    // In line, permitted, on its way, and taken back: each leaves the probe to the next.
    assert_eq!(table.granted(), waiting[..1]);
    table.machine.cancel(table.now, waiting[0]);
    assert_eq!(table.granted(), waiting[1..2]);
    table.send(waiting[1]);
    table.machine.cancel(table.now, waiting[1]);
    assert_eq!(table.granted(), waiting[2..3]);
    table.machine.settle(table.now, waiting[2], End::NotSent);
    assert_eq!(table.granted(), waiting[3..]);
    table.send(waiting[3]);
    table.answer(waiting[3], &good());
    table.teach(&messages(20), &good());
}

#[test]
fn results_from_before_it_opened_do_not_count() {
    let mut table = table();
    let early: Vec<Ticket> = (50..54).map(|channel| table.ask(&messages(channel))).collect();
    assert_eq!(table.granted(), early);
    for ticket in &early {
        table.send(*ticket);
    }
    table.pass(1);
    for channel in 0..3 {
        table.teach(&messages(channel), &bad());
        table.pass(1);
    }
    wait_for_probe(&mut table);
    let probe = table.ask(&messages(5));
    assert_eq!(table.granted(), [probe]);
    table.send(probe);
    // Late answers, good and bad, decide nothing for the probe.
    table.answer(early[0], &good());
    table.answer(early[1], &bad());
    let behind = table.ask(&messages(6));
    assert_eq!(table.granted(), []);
    table.answer(probe, &good());
    assert_eq!(table.granted(), [behind]);
    table.answer(early[2], &bad());
    table.teach(&messages(7), &good());
}

/// A server that restarts breaks all that is on its way at once; that is one failure in a row, not a hundred.
#[test]
fn one_restart_under_many_open_requests_opens_nothing() {
    let mut table = table();
    let all: Vec<Ticket> = (0..100).map(|channel| table.ask(&messages(channel))).collect();
    assert_eq!(table.granted(), all);
    for ticket in &all {
        table.send(*ticket);
    }
    table.pass(100);
    for ticket in all {
        table.machine.settle(table.now, ticket, End::MaybeSent);
        table.pass(1);
    }
    table.pass(2_000);
    table.teach(&messages(200), &good());
}

#[test]
fn half_of_five_or_more_failing_opens_it() {
    let mut table = table();
    // Never more than one in a row.
    for (number, is_good) in [true, false, true, false, true, false].into_iter().enumerate() {
        assert_eq!(table.machine.explain(table.now, &messages(90)).hold, None, "after {number}");
        table.teach(&messages(number as u64), &if is_good { good() } else { bad() });
        table.pass(1_000);
    }
    until_probe(&mut table);
}

#[test]
fn a_429_or_another_4xx_is_no_failure_and_a_page_of_html_is_one() {
    let mut table = table();
    for status in [400, 403, 404, 409, 400, 400] {
        table.teach(&messages(u64::from(status)), &Answer { status, via: true, ..Answer::default() });
        table.pass(11_000);
    }
    for channel in 1..5 {
        let headers = [("via", "1.1 google"), ("retry-after", "1"), ("x-ratelimit-scope", "user")];
        table.teach(&messages(channel), &Answer::read(429, headers, br#"{"retry_after": 1.0}"#));
        table.pass(2_000);
    }
    let page = Answer::read(403, [("content-type", "text/html")], b"<html>");
    for channel in 10..13 {
        table.teach(&messages(channel), &page);
        table.pass(10);
    }
    until_probe(&mut table);
}

#[test]
fn connections_that_fail_are_failures_and_what_was_taken_back_before_it_left_is_none() {
    let mut table = table();
    let mut end = |departs: bool| {
        let ticket = table.ask(&messages(1));
        assert_eq!(table.granted(), [ticket]);
        if departs {
            table.send(ticket);
        }
        table.machine.settle(table.now, ticket, End::NotSent);
        table.pass(10);
        table.machine.explain(table.now, &messages(1)).hold.is_some()
    };
    assert!((0..10).all(|_| !end(false)));
    assert_eq!([end(true), end(true), end(true)], [false, false, true]);
}

#[test]
fn an_edge_ban_that_names_its_time_holds_everything_for_it_and_then_one_tries() {
    let mut table = Table::new(Config { max_wait: Duration::from_hours(3), ..Config::default() });
    table.teach(&messages(1), &Answer::read(429, [("retry-after", "3600")], b"error code: 1015"));
    let waiting = [table.ask(&messages(2)), table.ask(&Request::get("/users/@me"))];
    assert_eq!(table.machine.next_wakeup(), Some((Moment::from_secs(3_600), Reason::EdgeBan)));
    table.now = Moment::from_secs(3_600);
    assert_eq!(table.granted(), waiting[..1]);
    table.send(waiting[0]);
    table.answer(waiting[0], &good());
    assert_eq!(table.granted(), waiting[1..]);
}

#[test]
fn an_edge_ban_that_names_no_time_is_tried_after_1_2_4_minutes_and_so_on_up_to_an_hour_by_one_request_each() {
    let mut table = Table::new(Config { max_wait: Duration::from_hours(30), ..Config::default() });
    let ban = Answer::read(429, [], b"error code: 1015");
    table.teach(&messages(0), &ban);
    let waiting: Vec<Ticket> = (1..10).map(|channel| table.ask(&messages(channel))).collect();
    for (ticket, minutes) in waiting.iter().zip([1, 2, 4, 8, 16, 32, 60, 60]) {
        let (at, reason) = table.machine.next_wakeup().expect("a probe is planned");
        let wait = at.since(table.now);
        let least = Duration::from_mins(minutes);
        assert!(wait >= least && wait <= least + least / 4, "{minutes} min: {wait:?}");
        assert_eq!(reason, Reason::EdgeBan);
        table.now = at;
        assert_eq!(table.granted(), [*ticket]);
        table.send(*ticket);
        table.answer(*ticket, &ban);
    }
}

#[test]
fn bans_heard_of_by_those_already_on_their_way_make_it_no_longer() {
    let mut table = Table::new(Config { global: None, ..Config::default() });
    let all: Vec<Ticket> = (0..20).map(|channel| table.ask(&messages(channel))).collect();
    assert_eq!(table.granted(), all);
    for ticket in &all {
        table.send(*ticket);
    }
    for ticket in &all {
        table.answer(*ticket, &Answer::read(429, [], b"error code: 1015"));
    }
    let hold = table.machine.explain(table.now, &messages(50)).hold.expect("banned");
    assert!(hold.wait.is_some_and(|wait| wait <= Duration::from_secs(75)), "{hold:?}");
}

#[test]
fn what_a_human_has_stopped_is_never_tried_before_a_human_starts_it() {
    let mut table = table();
    let (first, behind) = (table.ask(&messages(1)), table.ask(&messages(1)));
    assert_eq!(table.granted(), [first]);
    table.machine.isolate(table.now, "the account is being looked into");
    let (ticket, refusal) = table.refusal().expect("what waits is refused");
    assert_eq!((ticket, refusal.reason, refusal.wait), (behind, Reason::Isolated, Duration::MAX));
    table.send(first);
    table.answer(first, &good());
    table.pass(100 * 3_600_000);
    table.ask(&Request::get("/users/@me"));
    assert_eq!(table.refusal().map(|(_, refusal)| refusal.reason), Some(Reason::Isolated));
    assert_eq!(table.machine.isolation(), Some("the account is being looked into"));
    table.machine.resume(table.now);
    table.teach(&messages(1), &good());
    assert_eq!(table.machine.isolation(), None);
}

#[test]
fn a_deadline_that_has_passed_already_is_refused_although_there_is_room() {
    let mut table = table();
    table.teach(&messages(1), &good());
    table.pass(1_000);
    let late = table.ask(&messages(1).with_deadline(Moment::from_millis(999)));
    let (ticket, refusal) = table.refusal().expect("it is too late");
    assert_eq!((ticket, refusal.reason), (late, Reason::Deadline));
    assert_eq!(refusal.to_string(), "its deadline had passed before it was asked for (deadline)");
    let just = table.ask(&messages(1).with_deadline(Moment::from_millis(1_000)));
    assert_eq!(table.granted(), [just]);
}

/// Deadline, breaker, limiter: the earlier stage answers, and a later one is not touched.
#[test]
fn the_order_is_deadline_before_breaker_before_limiter() {
    let mut table = opened();
    let past = messages(1).with_deadline(Moment::ORIGIN);
    let waits = |table: &mut Table, request: &Request| {
        let ticket = table.ask(request);
        table.refusal().filter(|(whose, _)| *whose == ticket).map(|(_, refusal)| refusal.reason)
    };
    // All three are against it.
    assert_eq!(waits(&mut table, &past), Some(Reason::Deadline));
    let soon = messages(1).with_deadline(table.now + Duration::from_millis(10));
    assert_eq!(waits(&mut table, &soon), Some(Reason::Breaker));
    // No slot of a limit was taken by what the breaker kept back.
    let explanation = table.machine.explain(table.now, &soon);
    assert_eq!((explanation.in_flight, explanation.knowledge), (0, Knowledge::Unknown));
    let breaker = BreakerConfig { in_a_row: u32::MAX, percent: 101, ..BreakerConfig::default() };
    let mut free = Table::new(Config { breaker, ..Config::default() });
    free.teach(&messages(1), &bucket("b", 1, 0, 60_000));
    assert_eq!(waits(&mut free, &soon), Some(Reason::Bucket));
}
