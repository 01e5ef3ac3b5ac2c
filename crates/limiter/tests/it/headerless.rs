//! Routes that answer without headers, as a user's do (discord-api-docs#1808). It knows no buckets.

use std::time::Duration;

use journeyman_limiter::{Answer, BreakerConfig, Config, Knowledge, Method, Moment, Priors, Reason, Request};

use crate::ledger::{Model, Server};
use crate::lines::{Table, bucket, messages};
use crate::world::World;

fn bare() -> Answer {
    Answer { status: 200, via: true, ..Answer::default() }
}

fn limited(seconds: u64) -> Answer {
    Answer {
        status: 429,
        via: true,
        ..Answer::read(
            429,
            [("via", "x"), ("retry-after", seconds.to_string().as_str())],
            format!("{{\"retry_after\": {seconds}}}").as_bytes(),
        )
    }
}

#[test]
fn after_five_bare_answers_a_route_counts_as_headerless() {
    let mut table = Table::new(Config::default());
    for answered in 0..5 {
        assert_eq!(
            table.machine.explain(table.now, &messages(1)).knowledge,
            Knowledge::Unknown,
            "{answered}"
        );
        table.teach(&messages(1), &bare());
        table.pass(1_000);
    }
    let expect = Knowledge::Headerless { spacing: Duration::from_secs(1) };
    assert_eq!(table.machine.explain(table.now, &messages(1)).knowledge, expect);
    table.teach(&messages(1), &bare());
    let next = table.ask(&messages(1));
    assert_eq!(table.machine.next_wakeup(), Some((table.now + Duration::from_secs(1), Reason::Headerless)));
    table.pass(999);
    assert_eq!(table.granted(), []);
    table.pass(1);
    assert_eq!(table.granted(), [next], "one per second, counted from the answer");
}

#[test]
fn a_429_without_headers_widens_the_distance_for_every_resource() {
    let mut table = Table::new(Config::default());
    table.teach(&messages(1), &limited(4));
    table.pass(4_000);
    table.teach(&messages(1), &bare());
    table.ask(&messages(1));
    let until = table.machine.next_wakeup().map(|(moment, _)| moment);
    assert_eq!(until, Some(Moment::from_secs(4 + 5)), "four seconds and a quarter");
    table.teach(&messages(2), &bare());
    let other = table.ask(&messages(2));
    table.pass(4_999);
    assert_eq!(table.granted(), []);
    table.pass(1);
    assert_eq!(table.granted().last(), Some(&other));
}

#[test]
fn an_absurd_wait_does_not_become_the_distance() {
    let mut table = Table::new(Config { max_wait: Duration::from_hours(48), ..Config::default() });
    table.teach(&messages(1), &limited(82_721));
    table.pass(82_721_000);
    table.teach(&messages(1), &bare());
    table.ask(&messages(1));
    let until = table.machine.next_wakeup().map(|(moment, _)| moment).expect("a distance");
    assert!(until <= table.now + Duration::from_mins(1), "{until:?}");
}

#[test]
fn a_widened_distance_shrinks_again_while_all_is_calm() {
    let mut table = Table::new(Config::default());
    table.teach(&messages(1), &limited(10));
    let mut last = Duration::MAX;
    for _ in 0..300 {
        table.pass(600_000);
        table.teach(&messages(1), &bare());
        let Some(hold) = table.machine.explain(table.now, &messages(1)).hold else {
            panic!("there is a distance")
        };
        let spacing = hold.wait.expect("known");
        assert!(spacing <= last);
        last = spacing;
    }
    assert_eq!(last, Duration::from_secs(1), "back at the default");
}

#[test]
fn a_route_that_shows_headers_late_is_headerless_no_more() {
    let mut table = Table::new(Config { priors: Priors::none(), ..Config::default() });
    for _ in 0..6 {
        table.teach(&messages(1), &bare());
        table.pass(1_000);
    }
    table.teach(&messages(1), &crate::lines::bucket("b", 5, 4, 1_000));
    let tickets: Vec<_> = (0..3).map(|_| table.ask(&messages(1))).collect();
    assert_eq!(table.granted(), tickets);
}

#[test]
fn errors_of_the_server_say_nothing_about_headers() {
    // A breaker that never opens.
    let breaker = BreakerConfig { in_a_row: u32::MAX, percent: 101, ..BreakerConfig::default() };
    let mut table = Table::new(Config { breaker, ..Config::default() });
    for _ in 0..10 {
        table.teach(&messages(1), &Answer { status: 502, ..Answer::default() });
        table.pass(1_000);
    }
    assert_eq!(table.machine.explain(table.now, &messages(1)).knowledge, Knowledge::Unknown);
}

#[test]
fn five_in_five_seconds_are_never_exceeded_without_a_single_header() {
    for model in [Model::FirstArrival, Model::Aligned(1_234_567), Model::Log, Model::Leaky] {
        let server = Server::new((model, 5, 5_000_000), None);
        let config = Config { max_wait: Duration::from_hours(10), ..Config::default() };
        let mut world = World::new(config, server, (20_000, 80_000), 3);
        world.headers = false;
        for number in 0..100 {
            world.ask(number % 3, Request::post("/interactions"));
        }
        world.run();
        assert_eq!((world.user_429, world.granted.len()), (0, 100), "{model:?}");
    }
}

#[test]
fn headerless_mode_starts_from_the_priors_of_the_shipped_table() {
    let mut table = Table::new(Config::default());
    for _ in 0..5 {
        table.teach(&messages(1), &bare());
        table.pass(1_000);
    }
    let six: Vec<_> = (0..6).map(|_| table.ask(&messages(2))).collect();
    assert_eq!(table.granted(), six[..5], "five in five seconds (discord-api-docs#5646), not one in one");
    for ticket in &six[..5] {
        table.send(*ticket);
        table.answer(*ticket, &bare());
    }
    table.pass(4_999);
    assert_eq!(table.granted(), []);
    table.pass(1);
    assert_eq!(table.granted(), six[5..], "a window after the answers");
}

#[test]
fn what_a_user_sends_is_spaced_by_a_second_at_least_as_an_inference() {
    let mut table = Table::new(Config { headerless: Duration::ZERO, ..Config::default() });
    let request = Request::post("/interactions").with_resource("channels/7");
    table.teach(&request, &bare());
    let next = table.ask(&request);
    table.pass(999);
    assert_eq!(table.granted(), []);
    table.pass(1);
    assert_eq!(table.granted(), [next]);
}

#[test]
fn a_prior_for_all_holds_beside_looser_headers_and_tighter_headers_win() {
    let reaction = |number: u64| {
        let id = 100_000_000_000_000_000;
        let path = format!("/channels/{id}/messages/{}/reactions/x/@me", id + number);
        Request::new(Method::Put, path)
    };
    for (shown, wait_ms) in [(bucket("loose", 50, 49, 1), 250), (bucket("tight", 1, 0, 1_000), 1_001)] {
        let mut table = Table::new(Config::default());
        table.teach(&reaction(1), &shown);
        let next = table.ask(&reaction(2));
        table.pass(wait_ms - 1);
        assert_eq!(table.granted(), [], "{wait_ms}");
        table.pass(1);
        assert_eq!(table.granted(), [next], "{wait_ms}");
        table.machine.check_invariants();
    }
}
