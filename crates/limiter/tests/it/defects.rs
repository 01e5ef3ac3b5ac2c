//! Defects that others' limiters have, each as a test that ours has not. It names them by file and thread.

use std::time::Duration;

use journeyman_limiter::{
    Answer, Config, End, Knowledge, Method, Moment, Reason, Request, Verdict, WindowKind,
};

use crate::ledger::{Model, Server};
use crate::lines::{Table, bucket, messages};
use crate::world::{Faults, World};

fn delete(channel: u64, message: u64) -> Request {
    let (channel, message) = (100_000_000_000_000_000 + channel, 200_000_000_000_000_000 + message);
    Request::new(Method::Delete, format!("/channels/{channel}/messages/{message}"))
}

fn world(model: Model, limit: u64, window: u64) -> World {
    let server = Server::new((model, limit, window), None);
    World::new(
        Config { global: None, max_wait: Duration::from_hours(10), ..Config::default() },
        server,
        (50_000, 50_000),
        1,
    )
}

/// twilight-http-ratelimiting 0.17 keys what it has learnt by the full path: 77 of 100 deletes hit a 429.
#[test]
fn another_message_id_is_not_another_route() {
    for model in [Model::FirstArrival, Model::Leaky] {
        let mut world = world(model, 5, 1_000_000);
        for message in 0..100 {
            world.ask(0, delete(1, message));
        }
        world.run();
        assert_eq!((world.user_429, world.granted.len()), (0, 100), "{model:?}");
    }
}

/// twilight-http 0.17 reads limits only where there is a scope, which Discord sends with a 429 only.
#[test]
fn a_good_answer_teaches_though_it_has_no_scope() {
    let mut table = Table::new(Config::default());
    let answer = bucket("b", 5, 4, 1_000);
    assert_eq!(answer.scope, None);
    table.teach(&messages(1), &answer);
    let known = table.machine.explain(table.now, &messages(1)).knowledge;
    assert_eq!(known, Knowledge::Bucket { name: "b".into(), limit: 5, free: 4, window: WindowKind::Unknown });
}

/// twilight reads `Retry-After` into sixteen bits; discord-api-docs#8570 saw 82721.
#[test]
fn a_wait_of_a_day_is_read_and_refused_not_slept_through() {
    let answer = Answer::read(429, [("retry-after", "82721"), ("x-ratelimit-scope", "shared")], b"");
    assert_eq!(Verdict::of(&answer).and_then(|verdict| verdict.wait()), Some(Duration::from_secs(82_721)));
    let mut table = Table::new(Config::default());
    table.teach(&messages(1), &answer);
    table.ask(&messages(1));
    assert_eq!(table.refusal().map(|(_, refusal)| refusal.wait), Some(Duration::from_secs(82_721)));
}

/// twilight and others resend at once after a 429, and go on under a global one.
#[test]
fn a_global_429_stops_all_routes_of_the_credential() {
    let mut table = Table::new(Config::default());
    table.teach(&messages(1), &bucket("b", 5, 4, 1_000));
    let body = br#"{"message": "You are being rate limited.", "retry_after": 2.5, "global": true}"#;
    // No bucket header at all: disgo returns before it looks.
    table.teach(&messages(1), &Answer::read(429, [("x-ratelimit-global", "true")], body));
    let (same, other) = (table.ask(&messages(1)), table.ask(&messages(2)));
    table.pass(2_499);
    assert_eq!(table.granted(), []);
    assert_eq!(table.machine.next_wakeup().map(|(_, reason)| reason), Some(Reason::Global));
    table.pass(1);
    assert_eq!(table.granted(), [same, other]);
}

/// serenity lets everybody go at once when a wait is over (serenity#2781).
#[test]
fn when_a_wait_is_over_only_as_many_go_as_there_is_room_for() {
    let mut table = Table::new(Config { global: None, ..Config::default() });
    table.teach(&messages(1), &bucket("b", 3, 0, 1_000));
    let tickets: Vec<_> = (0..1_000).map(|_| table.ask(&messages(1))).collect();
    table.pass(1_001);
    assert_eq!(table.granted(), tickets[..3]);
}

/// disgo cuts 0.75 s to nothing; JDA, nirn and twilight count whole seconds.
#[test]
fn fractions_of_a_second_count() {
    let mut table = Table::new(Config { global: None, ..Config::default() });
    let headers =
        [("x-ratelimit-limit", "1"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset-after", "0.75")];
    table.teach(&messages(1), &Answer::read(200, headers, b""));
    let next = table.ask(&messages(1));
    table.pass(749);
    assert_eq!(table.granted(), []);
    table.pass(2);
    assert_eq!(table.granted(), [next]);
}

/// discordeno#5274 and twilight#1309: the slot of a request that got no answer is never given back.
#[test]
fn a_request_without_an_answer_does_not_stop_the_line_for_ever() {
    let mut world = world(Model::FirstArrival, 1, 1_000_000);
    world.faults = Faults { lost: 500, ..Faults::default() };
    for message in 0..40 {
        world.ask(0, delete(1, message));
    }
    world.run();
    assert_eq!((world.user_429, world.granted.len()), (0, 40));
}

/// twilight gives the global slot back when a permit is dropped after its request has left.
#[test]
fn a_request_that_has_left_is_spent_whatever_becomes_of_its_permit() {
    let mut table = Table::new(Config { lost_margin: Duration::ZERO, global: None, ..Config::default() });
    table.teach(&messages(1), &bucket("b", 2, 1, 1_000));
    let (first, second) = (table.ask(&messages(1)), table.ask(&messages(1)));
    assert_eq!(table.granted(), [first]);
    table.send(first);
    table.machine.cancel(table.now, first);
    table.pass(999);
    assert_eq!(table.granted(), []);
    table.pass(2);
    assert_eq!(table.granted(), [second]);
}

/// nirn and JDA set their own bucket to nothing on any 429.
#[test]
fn a_shared_limit_and_a_hidden_one_leave_the_bucket_alone() {
    for (scope, reason) in [("shared", Reason::Shared), ("user", Reason::SubLimit)] {
        let mut table = Table::new(Config { global: None, ..Config::default() });
        let put = Request::new(Method::Patch, "/channels/100000000000000001");
        let post = messages(1);
        table.teach(&put, &bucket("b", 10, 9, 1_000));
        table.teach(&post, &bucket("b", 10, 8, 1_000));
        let headers = [
            ("via", "1.1 google"),
            ("x-ratelimit-limit", "10"),
            ("x-ratelimit-remaining", "7"),
            ("x-ratelimit-reset-after", "1"),
            ("x-ratelimit-bucket", "b"),
            ("x-ratelimit-scope", scope),
            ("retry-after", "600"),
        ];
        table.teach(&put, &Answer::read(429, headers, b""));
        let (held, free) = (table.ask(&put), table.ask(&post));
        assert_eq!(table.granted(), [free], "{scope}: another route of the same bucket goes on");
        let wakeup = Some((Moment::from_secs(600), reason));
        assert_eq!(table.machine.next_wakeup(), wakeup, "{scope}");
        table.pass(600_000);
        assert_eq!(table.granted(), [held]);
    }
}

/// discord-api-docs#5646: good answers show a daily limit, and only the 429 shows the one that binds.
#[test]
fn a_limit_that_only_a_429_shows_is_kept_beside_the_one_that_answers_show() {
    let mut table = Table::new(Config { global: None, ..Config::default() });
    let daily = |remaining| bucket("d124", 50_000, remaining, 86_400_000);
    table.teach(&messages(1), &daily(49_999));
    let mut refused = bucket("1d3c", 5, 0, 5_000);
    refused.status = 429;
    refused.scope = Some(journeyman_limiter::Scope::User);
    refused.retry_after = Some(Duration::from_secs(5));
    table.teach(&messages(1), &refused);
    table.pass(5_001);
    let mut went = 0;
    for round in 0..4 {
        let tickets: Vec<_> = (0..8).map(|_| table.ask(&messages(1))).collect();
        let granted = table.granted();
        went += granted.len();
        assert!(granted.len() <= 5, "round {round}: {} at once", granted.len());
        for ticket in granted {
            table.send(ticket);
            table.answer(ticket, &daily(49_000));
        }
        for ticket in tickets {
            table.machine.cancel(table.now, ticket);
        }
        table.pass(5_001);
    }
    assert!(went >= 15, "only {went} went");
}

/// discord-api-docs#1442: one hash does not prove one counter. Counting together is slower, and never wrong.
#[test]
fn two_counters_behind_one_hash_do_no_harm() {
    let mut table = Table::new(Config { global: None, ..Config::default() });
    table.teach(&messages(1), &bucket("b", 5, 4, 5_000));
    table.teach(&delete(1, 1), &bucket("b", 5, 4, 5_000));
    let known = table.machine.explain(table.now, &messages(1)).knowledge;
    assert_eq!(known, Knowledge::Bucket { name: "b".into(), limit: 5, free: 3, window: WindowKind::Unknown });
}

/// A limit that changes while requests are on their way, either way (5 → 3 → 6).
#[test]
fn a_changed_limit_is_followed() {
    let mut table = Table::new(Config { global: None, ..Config::default() });
    table.teach(&messages(1), &bucket("b", 5, 4, 1_000));
    table.teach(&messages(1), &bucket("b", 3, 1, 1_000));
    let tickets: Vec<_> = (0..6).map(|_| table.ask(&messages(1))).collect();
    assert_eq!(table.granted(), tickets[..1], "three, of which two are used");
    table.send(tickets[0]);
    table.answer(tickets[0], &bucket("b", 6, 3, 1_000));
    assert_eq!(table.granted(), tickets[1..4], "six, of which three are used");
}

/// A hash that changes with a deployment: the new one is learnt, the old one stops to bind.
#[test]
fn a_changed_hash_is_followed() {
    let mut table = Table::new(Config { global: None, ..Config::default() });
    table.teach(&messages(1), &bucket("old", 1, 0, 1_000));
    table.pass(1_001);
    table.teach(&messages(1), &bucket("new", 10, 9, 1_000));
    for _ in 0..40 {
        table.pass(2_000);
        table.teach(&messages(1), &bucket("new", 10, 9, 1_000));
    }
    let tickets: Vec<_> = (0..5).map(|_| table.ask(&messages(1))).collect();
    table.pass(1_001);
    assert_eq!(table.granted(), tickets, "no longer one at a time");
}

/// Hash and limit change while requests are on their way: those were let go under the old hash alone, and
/// the server counts them under the new one all the same.
#[test]
fn what_left_under_an_old_hash_takes_its_room_under_the_new_one() {
    let mut table = Table::new(Config { global: None, lost_margin: Duration::ZERO, ..Config::default() });
    table.teach(&messages(1), &bucket("old", 3, 2, 1_000));
    table.pass(1_001);
    let tickets: Vec<_> = (0..4).map(|_| table.ask(&messages(1))).collect();
    assert_eq!(table.granted(), tickets[..3]);
    for ticket in &tickets[..3] {
        table.send(*ticket);
    }
    table.answer(tickets[0], &bucket("new", 2, 1, 9_000));
    table.machine.settle(table.now, tickets[1], End::NotSent);
    assert_eq!(table.granted(), [], "one is counted, and one is on its way");
    table.machine.settle(table.now, tickets[2], End::MaybeSent);
    table.pass(8_999);
    assert_eq!(table.granted(), [], "it may have arrived, so it counts for a window");
    table.pass(2);
    assert_eq!(table.granted(), tickets[3..]);
}

/// As the one before: an answer that comes late says nothing new, also of a hash that was not known when it left.
#[test]
fn an_old_answer_adds_no_room_under_a_new_hash() {
    let mut table = Table::new(Config { global: None, ..Config::default() });
    table.teach(&messages(1), &bucket("old", 3, 2, 1_000));
    table.pass(1_001);
    let tickets: Vec<_> = (0..4).map(|_| table.ask(&messages(1))).collect();
    assert_eq!(table.granted(), tickets[..3]);
    table.send(tickets[0]);
    table.send(tickets[1]);
    table.pass(1);
    table.send(tickets[2]);
    table.answer(tickets[2], &bucket("new", 1, 0, 9_000));
    table.answer(tickets[0], &bucket("new", 3, 2, 500));
    table.machine.settle(table.now, tickets[1], End::NotSent);
    table.pass(2_000);
    assert_eq!(table.granted(), [], "one is left of three, and it is used");
}

/// Answers that overtake each other: an old one never gives room back (hikari compares reset times).
#[test]
fn an_answer_out_of_order_adds_no_room() {
    let mut table = Table::new(Config { global: None, ..Config::default() });
    table.teach(&messages(1), &bucket("b", 10, 9, 60_000));
    let tickets: Vec<_> = (0..2).map(|_| table.ask(&messages(1))).collect();
    assert_eq!(table.granted(), tickets);
    table.send(tickets[0]);
    table.send(tickets[1]);
    // Somebody else with the same token has used five.
    table.answer(tickets[1], &bucket("b", 10, 2, 60_000));
    let free = |table: &mut Table| {
        let knowledge = table.machine.explain(table.now, &messages(1)).knowledge;
        let Knowledge::Bucket { free, .. } = knowledge else { panic!("{knowledge:?}") };
        free
    };
    assert_eq!(free(&mut table), 2);
    table.answer(tickets[0], &bucket("b", 10, 8, 60_000));
    assert_eq!(free(&mut table), 2, "the older answer knows less");
}

/// A bucket that leaks 4 per 4 s loses one a second; of 3 slots it loses one in 1.33 s. What was sent before
/// the change drains at the new pace too, and its own answers told the old one.
#[test]
fn what_is_held_when_a_limit_is_lowered_drains_at_the_new_pace() {
    let mut table = Table::new(Config { global: None, ..Config::default() });
    table.teach(&messages(1), &bucket("b", 4, 3, 1_000));
    table.pass(10_000);
    for (limit, remaining, reset) in [(4, 3, 1_000), (4, 2, 2_000), (3, 0, 4_000)] {
        table.teach(&messages(1), &bucket("b", limit, remaining, reset));
    }
    let next = table.ask(&messages(1));
    table.pass(1_300);
    assert_eq!(table.granted(), [], "there are still more than two in it");
    table.pass(2_800);
    assert_eq!(table.granted(), [next]);
}

/// The edge's ban holds for the address, so for every credential; who cannot wait for the probe is refused.
#[test]
fn a_ban_of_the_edge_stops_everything() {
    let mut table = Table::new(Config { max_wait: Duration::from_secs(50), ..Config::default() });
    let (first, behind) = (table.ask(&messages(1)), table.ask(&messages(1)));
    assert_eq!(table.granted(), [first]);
    table.send(first);
    table.answer(first, &Answer::read(429, [], b"error code: 1015"));
    let (ticket, refusal) = table.refusal().expect("a minute is too long");
    assert_eq!((ticket, refusal.reason), (behind, Reason::EdgeBan));
    assert!((60..=75).contains(&refusal.wait.as_secs()), "{refusal}");
    table.ask(&Request::post("/interactions/100000000000000001/token/callback"));
    assert_eq!(table.refusal().map(|(_, refusal)| refusal.reason), Some(Reason::EdgeBan));
}

/// A clock that is read by two threads in the wrong order must not turn time back.
#[test]
fn an_input_with_an_earlier_time_is_taken_as_now() {
    let mut table = Table::new(Config { global: None, ..Config::default() });
    table.pass(10_000);
    table.teach(&messages(1), &bucket("b", 1, 0, 5_000));
    let next = table.ask(&messages(1));
    table.now = Moment::from_secs(1);
    assert_eq!(table.granted(), []);
    table.now = Moment::from_millis(15_001);
    assert_eq!(table.granted(), [next]);
}

/// A ticket that has ended is ended: a late or doubled report changes nothing.
#[test]
fn a_second_ending_does_nothing() {
    let mut table = Table::new(Config { global: None, ..Config::default() });
    let ticket = table.ask(&messages(1));
    assert_eq!(table.granted(), [ticket]);
    table.machine.settle(table.now, ticket, End::NotSent);
    table.machine.settle(table.now, ticket, End::MaybeSent);
    table.machine.departed(table.now, ticket);
    table.machine.cancel(table.now, ticket);
    table.machine.check_invariants();
    let next = table.ask(&messages(1));
    assert_eq!(table.granted(), [next], "nothing was spent");
}
