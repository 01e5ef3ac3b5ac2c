//! What bounds the gateway: session starts, kept events, unread frames, and frames that make no sense.
//!
//! All in virtual time.

use std::time::Duration;

use journeyman_sim::{Frame, GatewaySettings, Settings, Traffic};
use serde_json::json;

use crate::listener::{Listener, identify};
use crate::support::Client;

fn with(gateway: GatewaySettings) -> Client {
    Client::new(Settings { gateway, ..Settings::default() })
}

#[test]
fn session_starts_are_counted_and_one_too_many_ends_all_sessions() {
    let mut client = with(GatewaySettings { session_starts: 3, ..GatewaySettings::default() });
    let token = client.ready.token.clone();
    let mut first = Listener::ready(&mut client.world, client.now, &token);
    let limit = client.get("/api/v10/gateway/bot").json().expect("an answer")["session_start_limit"].clone();
    assert_eq!(limit, json!({ "total": 3, "remaining": 2, "reset_after": 86_400_000, "max_concurrency": 1 }));
    for _ in 0..3 {
        client.wait(Duration::from_secs(5));
        let mut more = Listener::open(&mut client.world, client.now);
        more.say(&mut client.world, client.now, &identify(&token));
    }
    first.hear(&mut client.world);
    assert_eq!(first.closed, Some(4004));
    assert_eq!(client.world.sessions().len(), 0);
}

#[test]
fn a_sequence_from_the_future_and_a_forgotten_one_end_the_session() {
    let mut client = with(GatewaySettings { kept_events: 5, ..GatewaySettings::default() });
    let token = client.ready.token.clone();
    let mut listener = Listener::ready(&mut client.world, client.now, &token);
    client.imagine("a red fox");
    client.world.hang_up(client.now, listener.socket, None);
    client.wait(Duration::from_mins(2));
    listener.resume(&mut client.world, client.now, &token);
    assert_eq!(listener.heard.last().expect("op 9")["d"], json!(false), "more was missed than is kept");
    listener.say(&mut client.world, client.now, &identify(&token));
    listener.seq += 1;
    client.world.hang_up(client.now, listener.socket, None);
    listener.resume(&mut client.world, client.now, &token);
    assert_eq!(listener.closed, Some(4007));
    assert_eq!(client.world.report().gateway.resumes_refused, 2);
}

#[test]
fn a_client_that_closes_with_1000_ends_its_session_and_with_another_code_keeps_it() {
    for (code, sessions) in [(Some(1000), 0), (Some(1001), 0), (Some(4900), 1), (None, 1)] {
        let mut client = Client::new(Settings::default());
        let listener = Listener::ready(&mut client.world, client.now, &client.ready.token);
        client.world.hang_up(client.now, listener.socket, code);
        assert_eq!(client.world.sessions().len(), sessions, "{code:?}");
    }
}

#[test]
fn a_client_that_does_not_read_is_cut_and_what_waited_for_it_is_dropped() {
    let traffic = Traffic { messages_per_minute: 600.0, ..Traffic::default() };
    let gateway = GatewaySettings { most_waiting: 100_000, ..GatewaySettings::default() };
    let mut client = Client::new(Settings { traffic, gateway, ..Settings::default() });
    let listener = Listener::ready(&mut client.world, client.now, &client.ready.token);
    for _ in 0..6 {
        client.wait(Duration::from_secs(20));
        client.world.frame(client.now, listener.socket, r#"{"op":1,"d":1}"#);
    }
    assert_eq!(client.world.report().gateway.slow_readers, 1);
    assert_eq!(client.world.next_frame(listener.socket), Some(Frame::Cut));
    assert_eq!(client.world.next_frame(listener.socket), None);
    assert!(!client.world.sessions()[0].connected, "it may resume");
    client.wait(Duration::from_mins(3));
    assert_eq!(client.world.sessions().len(), 0, "but not for ever");
}

/// A frame of a client, damaged.
fn mutated(random: &mut fastrand::Rng, frames: &[String]) -> String {
    let mut bytes = random.choice(frames).expect("frames").clone().into_bytes();
    for _ in 0..random.usize(0..4) {
        let at = random.usize(0..=bytes.len());
        match random.u8(0..5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.u8(..)),
            2 if at < bytes.len() => bytes[at] = random.u8(..),
            3 => {
                let other = random.choice(frames).expect("frames").as_bytes();
                let piece = other.iter().copied().take(random.usize(0..40)).collect::<Vec<_>>();
                bytes.splice(at..at, piece);
            }
            _ => {
                let number = random.u64(..).to_string();
                bytes.splice(at..at, number.into_bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_hundred_thousand_mutated_frames_of_clients_never_panic_and_leave_the_world_bounded() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut client = Client::new(Settings { permissive: true, ..Settings::default() });
    let token = client.ready.token.clone();
    let mut listener = Listener::open(&mut client.world, client.now);
    let mut most_sessions = 0;
    for round in 0..100_000 {
        let resume = json!({ "token": token, "session_id": listener.session_id, "seq": listener.seq });
        let frames = [
            json!({ "op": 1, "d": listener.seq }).to_string(),
            identify(&token).to_string(),
            json!({ "op": 2, "d": { "token": "x", "intents": 512 } }).to_string(),
            json!({ "op": 6, "d": resume }).to_string(),
            json!({ "op": 3, "d": { "status": "idle" } }).to_string(),
        ];
        client.world.frame(client.now, listener.socket, &mutated(&mut random, &frames));
        listener.hear(&mut client.world);
        listener.heard.clear();
        if random.u8(..) == 0 {
            client.world.hang_up(client.now, listener.socket, Some(random.u16(..)));
            listener.cut = true;
        }
        if listener.cut || listener.closed.is_some() {
            (listener.cut, listener.closed) = (false, None);
            listener.socket = client.world.connect(client.now).expect("a socket");
        }
        client.wait(Duration::from_millis(random.u64(0..2_000)));
        if round % 100 == 0 {
            most_sessions = most_sessions.max(client.world.sessions().len());
        }
    }
    let report = client.world.report().gateway;
    assert!(report.frames > 99_000, "{report:?}");
    assert!(report.identifies > 1_000 && report.resumes > 100, "{report:?}");
    // A session lives three minutes without a socket, and an account begins one in five seconds at most.
    assert!(most_sessions < 200, "{most_sessions}");
}
