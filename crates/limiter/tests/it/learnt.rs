//! Limits that no header shows: how they are learnt, obeyed, doubted and forgotten. The scenarios S8, S9, S22 have what that is worth.

use std::time::Duration;

use journeyman_limiter::{Answer, Config, Evidence, Fields, Method, Reason, Request, Scope};

use crate::lines::{Table, bucket};

fn change(channel: u64, field: &str) -> Request {
    let path = format!("/channels/{}", 100_000_000_000_000_000 + channel);
    Request::new(Method::Patch, path).with_fields(Fields::of([field]))
}

fn good() -> Answer {
    bucket("edit", 50, 49, 1_000)
}

/// A 429 while the bucket has room.
fn hidden(wait_s: u64) -> Answer {
    let retry_after = Some(Duration::from_secs(wait_s));
    Answer { status: 429, retry_after, scope: Some(Scope::User), ..good() }
}

fn table() -> Table {
    Table::new(Config { max_wait: Duration::from_hours(1_000), ..Config::default() })
}

/// Two names in the first second, and the third is refused.
fn refused_twice(table: &mut Table, channel: u64) {
    for _ in 0..2 {
        table.teach(&change(channel, "name"), &good());
    }
    table.teach(&change(channel, "name"), &hidden(600));
}

/// The reason and wait of a request that would come now.
fn wait(table: &mut Table, request: &Request) -> Option<(Reason, u64)> {
    let hold = table.machine.explain(table.now, request).hold?;
    Some((hold.reason, hold.wait.unwrap_or_default().as_secs()))
}

/// How many of so many that ask at once and are answered well go within a time.
fn go(table: &mut Table, request: &Request, asked: usize, seconds: u64) -> usize {
    let tickets: Vec<_> = (0..asked).map(|_| table.ask(request)).collect();
    let mut went = 0;
    for _ in 0..seconds * 10 {
        for ticket in table.granted() {
            table.send(ticket);
            table.answer(ticket, &good());
            went += 1;
        }
        table.pass(100);
    }
    for ticket in tickets {
        table.machine.cancel(table.now, ticket);
    }
    table.machine.check_invariants();
    went
}

#[test]
fn learnt_sub_limits_are_remembered_by_route_resource_and_body_field_set() {
    let mut table = table();
    refused_twice(&mut table, 1);
    assert_eq!(wait(&mut table, &change(1, "name")), Some((Reason::SubLimit, 600)));
    assert_eq!(wait(&mut table, &change(1, "position")), None, "another field");
    assert_eq!(wait(&mut table, &change(2, "name")), None, "another resource: it has a count, and no block");
    let get = Request::get("/channels/100000000000000001");
    assert_eq!(wait(&mut table, &get), None, "another route");
    let both = change(1, "name").with_fields(Fields::of(["name", "nsfw"]));
    assert_eq!(wait(&mut table, &both), Some((Reason::SubLimit, 600)), "the field is among others");
    table.pass(600_000);
    assert_eq!(go(&mut table, &change(1, "name"), 5, 590), 2);
}

#[test]
fn a_2xx_that_describes_a_looser_limit_never_hides_a_tighter_one_learnt_from_a_429() {
    let mut table = table();
    refused_twice(&mut table, 1);
    for _ in 0..20 {
        table.teach(&change(1, "position"), &good());
        table.pass(1_000);
    }
    assert_eq!(wait(&mut table, &change(1, "name")), Some((Reason::SubLimit, 580)));
}

#[test]
fn learnt_limits_of_one_resource_are_priors_for_its_siblings() {
    let mut table = table();
    refused_twice(&mut table, 1);
    let sibling = change(2, "name");
    assert_eq!(go(&mut table, &sibling, 5, 500), 2, "two, as in the channel that met the limit");
    let learnt = table.machine.explain(table.now, &sibling).learnt;
    let known: Vec<_> = learnt.iter().map(|limit| (limit.limit, limit.evidence)).collect();
    assert_eq!(known, [(2, Evidence::Sibling)]);
}

#[test]
fn other_fields_that_meet_a_429_while_the_limit_is_used_up_share_it_and_too_many_make_it_the_routes() {
    let mut table = table();
    refused_twice(&mut table, 1);
    table.teach(&change(1, "topic"), &hidden(600));
    assert_eq!(wait(&mut table, &change(1, "topic")), Some((Reason::SubLimit, 600)));
    assert_eq!(wait(&mut table, &change(1, "position")), None);
    table.pass(600_000);
    let (name, topic) = (change(1, "name"), change(1, "topic"));
    assert_eq!((go(&mut table, &name, 1, 1), go(&mut table, &topic, 5, 590)), (1, 1), "two together");
    table.teach(&change(1, "position"), &hidden(600));
    table.teach(&change(1, "nsfw"), &hidden(600));
    assert_eq!(wait(&mut table, &change(1, "bitrate")), Some((Reason::SubLimit, 600)), "the whole route's");
}

#[test]
fn a_header_less_429_on_a_route_whose_answers_carry_headers_is_a_hidden_limits() {
    let mut table = table();
    table.teach(&change(1, "name"), &good());
    let bare = Answer { limit: None, remaining: None, reset_after: None, bucket: None, ..hidden(600) };
    table.teach(&change(1, "name"), &bare);
    assert_eq!(wait(&mut table, &change(1, "name")), Some((Reason::SubLimit, 600)));
    assert_eq!(wait(&mut table, &change(1, "position")), None);
}

/// What was taken for a limit and is none: windows that are used up without a 429 let one more go, and one
/// more, until nothing is left of it.
#[test]
fn learnt_limits_are_forgotten_when_disproved() {
    let mut table = table();
    table.teach(&change(1, "name"), &good());
    table.teach(&change(1, "name"), &hidden(1));
    table.pass(1_000);
    assert!(!table.machine.explain(table.now, &change(1, "name")).learnt.is_empty());
    let went = go(&mut table, &change(1, "name"), 2_000, 120);
    assert!(went > 120, "{went}");
    assert_eq!(table.machine.explain(table.now, &change(1, "name")).learnt, []);
}

#[test]
fn learnt_limits_are_dropped_when_they_are_unused_for_long() {
    let mut table = table();
    refused_twice(&mut table, 1);
    let before = table.machine.remembered();
    table.pass(23 * 3_600_000);
    for _ in 0..100 {
        table.teach(&Request::get("/users/@me"), &bucket("me", 50, 49, 1_000));
        table.pass(1_000);
    }
    assert!(!table.machine.explain(table.now, &change(1, "name")).learnt.is_empty(), "a day is not over");
    table.pass(3_600_000);
    for _ in 0..200 {
        table.teach(&Request::get("/users/@me"), &bucket("me", 50, 49, 1_000));
        table.pass(60_000);
    }
    assert!(table.machine.remembered() <= before);
    assert_eq!(wait(&mut table, &change(1, "name")), None);
    table.teach(&change(1, "name"), &good());
    assert_eq!(table.machine.explain(table.now, &change(1, "name")).learnt, []);
}

#[test]
fn many_resources_that_meet_a_limit_are_bounded_in_memory() {
    let mut table = table();
    for channel in 0..u64::from(crate::windows::cases(2_500)) {
        table.teach(&change(channel, "name"), &hidden(1));
        table.pass(2_000);
    }
    table.machine.check_invariants();
    // A thousand are remembered for a day, each with two lines and a bucket; of the others the latest.
    assert!(table.machine.remembered() < 8_000, "{}", table.machine.remembered());
}

#[test]
fn explain_shows_what_is_learnt_since_when_and_from_what() {
    let mut table = table();
    refused_twice(&mut table, 1);
    table.pass(60_000);
    let text = table.machine.explain(table.now, &change(1, "name")).to_string();
    assert!(text.contains("waits 540.0s (sub-limit)"), "{text}");
    assert!(text.contains("0 of 2 per 600.0s left, learnt 60.0s ago from a 429"), "{text}");
}
