//! What each scenario shows, to REST and to a gateway session, in virtual time.
//!
//! Contents and orders; that the JSON has the captures' form is tested in `capture`.

use journeyman_sim::{Settings, Visibility};
use serde_json::{Value, json};

use crate::support::Client;

fn client(scenario: &str) -> Client {
    Client::new(Settings {
        scenario: scenario.parse().expect("a scenario"),
        pictures: journeyman_sim::Pictures::Tiny,
        ..Settings::default()
    })
}

fn visible(scenario: &str) -> Client {
    Client::new(Settings {
        scenario: scenario.parse().expect("a scenario"),
        errors: Visibility::Visible,
        pictures: journeyman_sim::Pictures::Tiny,
        ..Settings::default()
    })
}

fn contents(page: &[Value]) -> Vec<&str> {
    page.iter().map(|message| message["content"].as_str().expect("a text")).collect()
}

/// Sends one imagine and looks at the channel every half a second until nothing happens any more.
fn watch(client: &mut Client, prompt: &str) -> Vec<String> {
    assert_eq!(client.imagine(prompt).status, 204);
    let mut seen: Vec<String> = Vec::new();
    while client.world.next_wakeup().is_some() {
        client.wait_ms(1_000);
        let shown = contents(&client.page()).join(" | ");
        if seen.last() != Some(&shown) {
            seen.push(shown);
        }
    }
    seen
}

#[test]
fn the_happy_path_shows_the_captured_steps() {
    let mut client = client("happy");
    let user = client.ready.user_id.clone();
    let seen = watch(&mut client, "fly horse");
    let line = |end: &str| format!("**fly horse --v 5.1** - <@{user}> {end}");
    let expected =
        ["(Waiting to start)", "(0%) (fast)", "(15%) (fast)", "(31%) (fast)", "(46%) (fast)", "(62%) (fast)"];
    let expected: Vec<_> =
        expected.into_iter().chain(["(78%) (fast)", "(93%) (fast)", "(fast)"]).map(line).collect();
    let seen: Vec<_> = seen.into_iter().filter(|shown| !shown.is_empty()).collect();
    assert_eq!(seen, expected);
    let report = client.world.report();
    assert_eq!(report.jobs.len(), 1);
    assert_eq!((report.jobs[0].state, report.jobs[0].charged, report.jobs[0].executions), ("finished", 1, 1));
}

#[test]
fn the_final_message_is_new_and_comes_after_the_progress_message_is_deleted() {
    let mut client = client("happy");
    client.imagine("fly horse");
    client.wait_until_quiet();
    let events = client.events();
    let names: Vec<_> = events.iter().map(|(name, _)| *name).collect();
    let mut expected = vec!["INTERACTION_CREATE", "INTERACTION_SUCCESS", "MESSAGE_CREATE"];
    expected.extend(["MESSAGE_UPDATE"; 7]);
    expected.extend(["MESSAGE_DELETE", "MESSAGE_CREATE"]);
    assert_eq!(names, expected);
    let (waiting, deleted, last) = (&events[2].1, &events[10].1, &events[11].1);
    assert_eq!(waiting["nonce"], json!("1400000000000000001"));
    assert_eq!(waiting["interaction"]["id"], events[0].1["id"]);
    assert_eq!(deleted["id"], waiting["id"]);
    for absent in ["nonce", "interaction", "message_reference"] {
        assert_eq!(last.get(absent), None, "{absent}");
    }
}

#[test]
fn ephemeral_refusals_are_not_in_the_channel_but_on_the_gateway() {
    let mut client = client("pre-moderation");
    client.imagine("fly horse");
    client.wait_until_quiet();
    assert!(client.page().is_empty());
    let events = client.events();
    let (name, notice) = events.last().expect("an event");
    assert_eq!(*name, "MESSAGE_CREATE");
    assert_eq!(notice["flags"], 64);
    assert_eq!(notice["embeds"][0]["title"], "Banned prompt detected");
    assert_eq!(notice["embeds"][0]["footer"]["text"], "/imagine fly horse --v 5.1");
}

#[test]
fn visible_refusals_are_in_the_channel() {
    let mut client = visible("queue-full");
    client.imagine("fly horse");
    client.wait_until_quiet();
    let page = client.page();
    assert_eq!(page[0]["embeds"][0]["title"], "Queue full");
    assert_eq!(page[0]["flags"], 0);
    assert_eq!(client.world.report().jobs[0].state, "refused");
}
