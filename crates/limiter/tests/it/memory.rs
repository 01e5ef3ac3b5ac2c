//! What nobody uses is forgotten. It measures entries, not bytes.

use std::time::Duration;

use journeyman_limiter::{
    Answer, Config, Credential, End, Knowledge, Machine, Moment, Mutation, Output, Request, WindowKind,
};

use crate::lines::{Table, bucket, messages};
use crate::windows::cases;

#[test]
fn a_hundred_thousand_channels_are_not_remembered_for_ever() {
    let mut table = Table::new(Config { global: None, ..Config::default() });
    let mut most = 0;
    for channel in 0..u64::from(cases(20_000)) {
        let ticket = table.ask(&messages(channel));
        let _granted = table.machine.poll(table.now);
        table.send(ticket);
        let answer = bucket("b", 5, 4, 1_000);
        table.machine.settle(table.now, ticket, journeyman_limiter::End::Answered(&answer));
        table.pass(10);
        most = most.max(table.machine.remembered());
    }
    table.machine.check_invariants();
    // A minute at a hundred per second, each with a bucket, and the time that a round of sweeping takes.
    assert!(most < 30_000, "{most} entries");
}

#[test]
fn unknown_paths_and_credentials_are_forgotten_too() {
    let mut table = Table::new(Config::default());
    for number in 0..2_000 {
        let credential = Credential::of_token(&format!("token {number}"));
        let ticket = table.ask(&Request::get(format!("/odd/{number}")).with_credential(credential));
        let _granted = table.machine.poll(table.now);
        table.machine.settle(table.now, ticket, journeyman_limiter::End::Answered(&Answer::default()));
    }
    let before = table.machine.remembered();
    table.pass(10 * 3_600_000);
    for round in 0..30_000 {
        table.pass(if round == 15_000 { 3_600_000 } else { 1 });
        table.machine.explain(table.now, &messages(1));
        let ticket = table.ask(&messages(1));
        table.machine.cancel(table.now, ticket);
    }
    let _news = table.outputs();
    assert!(table.machine.remembered() < before / 100, "{} of {before} are left", table.machine.remembered());
}

/// A client of a proxy may make up paths and tokens as fast as it can send.
#[test]
fn made_up_paths_of_made_up_credentials_do_not_fill_the_memory() {
    let mut table = Table::new(Config { idle: Duration::from_secs(1), ..Config::default() });
    for number in 0..60_000 {
        let credential = Credential::of_token(&format!("token {number}"));
        let ticket = table.ask(&Request::get(format!("/odd/{number}")).with_credential(credential));
        let _granted = table.machine.poll(table.now);
        let unknown = Answer { status: 404, via: true, ..Answer::default() };
        table.machine.settle(table.now, ticket, journeyman_limiter::End::Answered(&unknown));
        table.pass(10);
    }
    table.machine.check_invariants();
    assert!(table.machine.remembered() < 50_000, "{} entries", table.machine.remembered());
}

#[test]
fn what_still_counts_is_not_forgotten() {
    let mut table = Table::new(Config { global: None, idle: Duration::ZERO, ..Config::default() });
    table.teach(&messages(1), &bucket("b", 2, 1, 7_200_000));
    table.pass(3_600_000);
    for channel in 2..200 {
        table.teach(&messages(channel), &bucket("b", 2, 1, 1));
        table.pass(2);
    }
    let known = table.machine.explain(table.now, &messages(1)).knowledge;
    assert_eq!(known, Knowledge::Bucket { name: "b".into(), limit: 2, free: 1, window: WindowKind::Unknown });
}

/// Two machines are told the same; in one of them whatever uses nothing is at rest.
#[test]
fn what_is_at_rest_wakes_as_it_was() {
    // Where the present window ends is not kept at rest, so that answers which no server gives, as here, rule
    // out other kinds. That truthful ones do not is a property of `window_kinds`.
    let config = Config { global: None, seed: Some(1), window_kinds: false, ..Config::default() };
    let thrifty = Config { mutation: Mutation::RestsAtOnce, ..config.clone() };
    let mut machines = [Machine::new(config), Machine::new(thrifty)];
    let mut rng = fastrand::Rng::with_seed(7);
    let mut now = Moment::ORIGIN;
    // Much longer, and they differ where a route comes back to a name that it had long ago: a bucket that no
    // route has any more is forgotten earlier by who lets routes rest, and then learnt anew.
    for _ in 0..20_000 {
        now = now + Duration::from_millis(rng.u64(0..40));
        let path = format!("/channels/{}/messages", 100_000_000_000_000_000 + rng.u64(0..60));
        let (request, own) = if rng.bool() { (Request::post(path), "p") } else { (Request::get(path), "g") };
        let (remaining, reset) = (rng.u32(0..5), rng.u64(0..1_500));
        let answer = match rng.u8(0..100) {
            0 => Answer { status: 429, ..bucket(own, 5, 0, reset) },
            1 => bucket("c", 7, remaining, reset),
            2 => bucket(own, 6, remaining, reset),
            _ => bucket(own, 5, remaining, reset),
        };
        let [plain, thrifty] = machines.each_mut().map(|machine| {
            let ticket = machine.enqueue(now, &request);
            let mut news = Vec::new();
            while let Some(output) = machine.poll(now) {
                if let Output::Granted(ticket) = output {
                    machine.departed(now, ticket);
                    machine.settle(now, ticket, End::Answered(&answer));
                }
                news.push(output);
            }
            let explanation = machine.explain(now, &request).to_string();
            // Routes have other numbers, by which they come at one and the same moment.
            news.sort_by_key(|output| format!("{output:?}"));
            let next = machine.next_wakeup().map(|(moment, _)| moment);
            (ticket, news, next, machine.waiting(), explanation)
        });
        assert_eq!(plain, thrifty);
    }
    machines.iter().for_each(Machine::check_invariants);
}
