//! The gateway in virtual time: sessions, heartbeats, resume, and who is told what.
//!
//! The wire is tested in `websocket`.

use std::time::Duration;

use journeyman_sim::{Era, Frame, GatewayFault, GatewayFaultKind, GatewaySettings, Settings};
use serde_json::{Value, json};

use crate::listener::{Listener, identify};
use crate::support::Client;

const MS: Duration = Duration::from_millis(1);

fn client() -> Client {
    Client::new(Settings::default())
}

/// Runs the client's world for a while, with the listener beating as it must.
fn run(client: &mut Client, listener: &mut Listener, span: Duration) {
    let end = client.now + span;
    while client.now < end {
        client.wait(end.saturating_sub(client.now).min(Duration::from_secs(20)));
        listener.hear(&mut client.world);
        listener.beat(&mut client.world, client.now);
    }
}

#[test]
fn a_socket_is_greeted_and_ready_names_the_session_and_where_to_resume_it() {
    let mut client = client();
    let mut listener = Listener::open(&mut client.world, client.now);
    assert_eq!(listener.heard[0]["op"], 10);
    assert_eq!(listener.heard[0]["d"]["heartbeat_interval"], 41_250);
    listener.say(&mut client.world, client.now, &identify(&client.ready.token));
    let ready = &listener.heard[1];
    assert_eq!((&ready["t"], &ready["s"]), (&json!("READY"), &json!(1)));
    assert_eq!(ready["d"]["session_id"].as_str().map(str::len), Some(32));
    assert_eq!(ready["d"]["resume_gateway_url"], client.ready.gateway);
    assert_eq!(ready["d"]["user"]["id"], client.ready.user_id);
    assert_eq!(ready["d"]["guilds"][0]["channels"][0]["id"], client.ready.channel_id);
    assert_eq!(ready["d"]["session_type"], "normal");
}

#[test]
fn an_imagine_is_heard_from_its_acknowledgement_to_its_final_picture() {
    let mut client = client();
    let mut listener = Listener::ready(&mut client.world, client.now, &client.ready.token);
    assert_eq!(client.imagine("a red fox").status, 204);
    run(&mut client, &mut listener, Duration::from_secs(90));
    let names = listener.names();
    assert_eq!(names[..4], ["READY", "INTERACTION_CREATE", "INTERACTION_SUCCESS", "MESSAGE_CREATE"]);
    assert_eq!(names[names.len() - 2..], ["MESSAGE_DELETE", "MESSAGE_CREATE"]);
    let count = u64::try_from(names.len()).unwrap();
    assert_eq!(listener.numbers(), (1..=count).collect::<Vec<_>>());
    let last = &listener.heard.iter().rfind(|payload| payload["t"] == "MESSAGE_CREATE").unwrap()["d"];
    assert!(last["attachments"][0]["url"].is_string());
    assert_eq!(client.world.report().gateway.events, count);
}

#[test]
fn heartbeats_are_acked_and_enforced() {
    let mut client = client();
    let mut listener = Listener::ready(&mut client.world, client.now, &client.ready.token);
    listener.beat(&mut client.world, client.now);
    assert_eq!(listener.count_op(11), 1);
    client.wait(MS * (41_250 + 20_000 - 1));
    listener.hear(&mut client.world);
    assert_eq!(listener.closed, None, "in time");
    client.wait(MS);
    listener.hear(&mut client.world);
    assert_eq!(listener.closed, Some(4009));
    assert_eq!(client.world.report().gateway.late_heartbeats, 1);
}

#[test]
fn sessions_are_resumable_with_a_replay_from_the_sequence() {
    let mut client = client();
    let mut listener = Listener::ready(&mut client.world, client.now, &client.ready.token);
    client.imagine("a red fox");
    run(&mut client, &mut listener, Duration::from_secs(10));
    let before = listener.seq;
    client.world.hang_up(client.now, listener.socket, None);
    client.wait(Duration::from_mins(1));
    let token = client.ready.token.clone();
    listener.resume(&mut client.world, client.now, &token);
    assert_eq!(listener.names().last(), Some(&"RESUMED"));
    let count = u64::try_from(listener.names().len()).unwrap();
    assert!(count > before + 8, "{count}");
    assert_eq!(listener.numbers(), (1..=count).collect::<Vec<_>>(), "in order, each once");
    let report = client.world.report().gateway;
    assert_eq!((report.identifies, report.resumes, report.hang_ups), (1, 1, 1));
}

#[test]
fn a_session_that_nobody_resumes_in_time_is_over() {
    let mut client = client();
    let token = client.ready.token.clone();
    let mut listener = Listener::ready(&mut client.world, client.now, &token);
    client.world.hang_up(client.now, listener.socket, None);
    client.wait(Duration::from_mins(3));
    assert!(client.world.sessions().is_empty());
    listener.resume(&mut client.world, client.now, &token);
    let last = listener.heard.last().expect("an answer");
    assert_eq!((&last["op"], &last["d"]), (&json!(9), &json!(false)));
    assert_eq!(listener.closed, None, "it may identify on the same socket");
    listener.say(&mut client.world, client.now, &identify(&token));
    assert_eq!(listener.names(), ["READY", "READY"]);
}

#[test]
fn ephemeral_messages_reach_only_the_invoking_users_sessions() {
    let mut client = Client::new(Settings {
        permissive: true,
        scenario: "pre-moderation".parse().unwrap(),
        ..Settings::for_era(Era::E2026)
    });
    let token = client.ready.token.clone();
    let mut own = Listener::ready(&mut client.world, client.now, &token);
    client.wait(Duration::from_secs(5));
    let mut second = Listener::ready(&mut client.world, client.now, &token);
    let mut other = Listener::ready(&mut client.world, client.now, "somebody else");
    client.imagine("a red fox");
    client.wait(Duration::from_secs(5));
    for listener in [&mut own, &mut second, &mut other] {
        listener.hear(&mut client.world);
    }
    assert_eq!(own.names().last(), Some(&"MESSAGE_CREATE"));
    assert_eq!(own.names()[1..], second.names()[1..]);
    assert_eq!(other.names(), ["READY"]);
}

fn closes_with(payload: &Value) -> Option<u16> {
    let mut client = client();
    let mut listener = Listener::open(&mut client.world, client.now);
    listener.say(&mut client.world, client.now, payload);
    listener.closed
}

#[test]
fn what_a_client_does_wrong_closes_its_socket_with_the_documented_code() {
    assert_eq!(closes_with(&json!({ "op": 99, "d": null })), Some(4001));
    assert_eq!(closes_with(&json!("hello")), Some(4002));
    assert_eq!(closes_with(&json!({ "op": 3, "d": {} })), Some(4003));
    assert_eq!(closes_with(&identify("nobody's")), Some(4004));
    assert_eq!(closes_with(&json!({ "op": 1, "d": null })), None);
    let mut client = client();
    let token = client.ready.token.clone();
    let mut listener = Listener::ready(&mut client.world, client.now, &token);
    listener.say(&mut client.world, client.now, &identify(&token));
    assert_eq!(listener.closed, Some(4005));
}

#[test]
fn more_than_120_frames_in_a_minute_close_the_socket() {
    let mut client = client();
    let mut listener = Listener::ready(&mut client.world, client.now, &client.ready.token);
    for _ in 0..119 {
        listener.beat(&mut client.world, client.now);
    }
    assert_eq!(listener.closed, None);
    client.now += MS * 59_999;
    listener.beat(&mut client.world, client.now);
    assert_eq!(listener.closed, Some(4008));
}

#[test]
fn a_second_identify_within_five_seconds_is_answered_by_op_9() {
    let mut client = client();
    let token = client.ready.token.clone();
    Listener::ready(&mut client.world, client.now, &token);
    client.now += MS * 4_999;
    let mut second = Listener::open(&mut client.world, client.now);
    second.say(&mut client.world, client.now, &identify(&token));
    assert_eq!(second.heard[1]["op"], 9);
    client.now += MS;
    second.say(&mut client.world, client.now, &identify(&token));
    assert_eq!(second.names(), ["READY"]);
    assert_eq!(client.world.report().gateway.identifies_too_soon, 1);
}

/// Everything that a session is sent while a job runs, as text.
fn frames_of_a_disturbed_job(seed: u64) -> Vec<Frame> {
    let chance = |kind| GatewayFault { probability: 0.3, ..GatewayFault { kind, ..GatewayFault::default() } };
    let kinds = [GatewayFaultKind::Duplicate, GatewayFaultKind::Delay, GatewayFaultKind::Reorder];
    let gateway = GatewaySettings { faults: kinds.map(chance).to_vec(), ..GatewaySettings::default() };
    let mut client = Client::new(Settings { seed, gateway, ..Settings::default() });
    let socket = client.world.connect(client.now).expect("a socket");
    client.world.frame(client.now, socket, &identify(&client.ready.token).to_string());
    client.imagine("a red fox");
    client.wait(Duration::from_mins(1));
    std::iter::from_fn(|| client.world.next_frame(socket)).collect()
}

#[test]
fn the_same_seed_gives_the_same_frames_bit_for_bit() {
    let frames = frames_of_a_disturbed_job(1);
    assert!(frames.len() > 15, "{}", frames.len());
    assert_eq!(frames, frames_of_a_disturbed_job(1));
    assert_ne!(frames, frames_of_a_disturbed_job(2));
}
