//! Who is told what on the gateway: many sessions, many users, bots, and the session of an interaction.
//!
//! What a single session is like is tested in `gateway`.

use std::time::Duration;

use journeyman_sim::Settings;
use serde_json::json;

use crate::listener::{Listener, identify};
use crate::support::{Client, imagine};

/// Sends an imagine from a session.
fn imagine_in(client: &mut Client, session_id: &str, nonce: u64) {
    let version = client.version();
    let mut body = imagine(&client.ready, &version, "a red fox", nonce);
    body["session_id"] = json!(session_id);
    assert_eq!(client.send("POST", "/api/v10/interactions", &body).status, 204);
}

/// Two sessions of the world's account, five seconds apart.
fn two_sessions(client: &mut Client) -> (Listener, Listener) {
    let token = client.ready.token.clone();
    let first = Listener::ready(&mut client.world, client.now, &token);
    client.wait(Duration::from_secs(5));
    let second = Listener::ready(&mut client.world, client.now, &token);
    (first, second)
}

fn say_good_morning(client: &mut Client) {
    let path = format!("/api/v10/channels/{}/messages", client.ready.channel_id);
    assert_eq!(client.send("POST", &path, &json!({ "content": "good morning" })).status, 200);
}

#[test]
fn an_interaction_is_told_to_the_session_that_sent_it_and_messages_to_all() {
    let mut client = Client::new(Settings::default());
    let (mut first, mut second) = two_sessions(&mut client);
    imagine_in(&mut client, &second.session_id, 7);
    client.wait(Duration::from_secs(3));
    first.hear(&mut client.world);
    second.hear(&mut client.world);
    assert_eq!(first.names(), ["READY", "MESSAGE_CREATE"]);
    assert_eq!(second.names(), ["READY", "INTERACTION_CREATE", "INTERACTION_SUCCESS", "MESSAGE_CREATE"]);
    imagine_in(&mut client, "00000000000000000000000000000000", 8);
    client.wait(Duration::from_secs(3));
    first.hear(&mut client.world);
    second.hear(&mut client.world);
    assert_eq!(first.names()[2..], second.names()[4..], "an unknown session is nobody's, so all are told");
    assert!(first.names().contains(&"INTERACTION_CREATE"));
}

#[test]
fn a_frame_of_a_modal_comes_only_to_the_session_named_in_the_interaction() {
    const FRAME: &str = "INTERACTION_IFRAME_MODAL_CREATE";
    let scenario = "captcha-iframe".parse().expect("a scenario");
    let mut client = Client::new(Settings { scenario, ..Settings::default() });
    let (mut first, mut second) = two_sessions(&mut client);
    imagine_in(&mut client, &second.session_id, 7);
    client.wait(Duration::from_secs(3));
    first.hear(&mut client.world);
    second.hear(&mut client.world);
    assert!(!first.names().contains(&FRAME));
    assert!(second.names().contains(&FRAME));
    imagine_in(&mut client, "00000000000000000000000000000000", 8);
    client.wait(Duration::from_secs(3));
    second.hear(&mut client.world);
    let frames = second.names().iter().filter(|name| **name == FRAME).count();
    assert_eq!(frames, 1, "a made-up session id loses the frame");
}

#[test]
fn the_same_gateway_is_served_to_many_sessions_of_many_users_each_with_numbers_of_its_own() {
    let mut client = Client::new(Settings { permissive: true, ..Settings::default() });
    let mut listeners = Vec::new();
    for _ in 0..3 {
        client.wait(Duration::from_secs(5));
        for user in 0..20 {
            listeners.push(Listener::ready(&mut client.world, client.now, &format!("user {user}")));
        }
    }
    say_good_morning(&mut client);
    for listener in &mut listeners {
        listener.hear(&mut client.world);
        assert_eq!(listener.numbers(), [1, 2]);
        assert_eq!(listener.names(), ["READY", "MESSAGE_CREATE"]);
    }
    assert_eq!(client.world.sessions().len(), 60);
}

#[test]
fn a_locked_channel_is_neither_listed_nor_heard() {
    let locked = 1_099_511_627_776_000_000;
    let mut client = Client::new(Settings { locked_channels: vec![locked], ..Settings::default() });
    let listener = Listener::ready(&mut client.world, client.now, &client.ready.token);
    let ready = listener.heard[1]["d"].to_string();
    assert!(ready.contains(&client.ready.channel_id) && !ready.contains(&locked.to_string()));
}

#[test]
fn a_bot_names_its_intents_and_hears_what_they_allow() {
    let mut client = Client::new(Settings { permissive: true, ..Settings::default() });
    let mut bot = |intents: u64| {
        let mut listener = Listener::open(&mut client.world, client.now);
        let d = json!({ "token": format!("b{intents}"), "intents": intents });
        listener.say(&mut client.world, client.now, &json!({ "op": 2, "d": d }));
        listener
    };
    let mut deaf = bot(1);
    let mut blind = bot(1 << 9);
    let mut reader = bot((1 << 9) | (1 << 15));
    assert_eq!(deaf.names(), ["READY", "GUILD_CREATE"]);
    say_good_morning(&mut client);
    for listener in [&mut deaf, &mut blind, &mut reader] {
        listener.hear(&mut client.world);
    }
    assert_eq!(deaf.names().len(), 2);
    assert_eq!(blind.heard.last().expect("a message")["d"]["content"], "");
    assert_eq!(reader.heard.last().expect("a message")["d"]["content"], "good morning");

    // The token is a bot's by now, and a bot without intents is refused.
    let mut none = Listener::open(&mut client.world, client.now);
    none.say(&mut client.world, client.now, &identify("b1"));
    assert_eq!(none.closed, Some(4013));
}
