//! Arbitrary and mutated frames: no panic, and no more kept than the session needs. It judges no meaning.

use std::time::Duration;

use journeyman_discord::gateway::GatewayConfig;
use journeyman_discord::gateway::session::{Input, Output, Session};
use journeyman_moment::Moment;

use super::token;

const SEEDS: [&str; 12] = [
    include_str!("../../../../../fixtures/gateway/x_gateway_hello.json"),
    include_str!("../../../../../fixtures/gateway/x_ready_min.json"),
    r#"{"op":0,"s":2,"t":"MESSAGE_CREATE","d":{"id":"7","channel_id":"5","content":"**a cat** - <@1> (31%)"}}"#,
    r#"{"op":0,"s":3,"t":"INTERACTION_SUCCESS","d":{"id":"1","nonce":"2"}}"#,
    r#"{"op":0,"s":4,"t":"RESUMED","d":{"_trace":[]}}"#,
    r#"{"op":1,"d":null}"#,
    r#"{"op":7,"d":null}"#,
    r#"{"op":9,"d":false}"#,
    r#"{"op":9,"d":true}"#,
    r#"{"op":11}"#,
    r#"{"op":18446744073709551615,"s":18446744073709551615,"t":"\ud83d\ude00","d":[1e308,-0.0,{"a":[[[]]]}]}"#,
    "null",
];

/// What is put into frames, beside arbitrary bytes.
const PIECES: [&str; 16] = [
    "\"op\":0",
    "\"op\":9",
    "\"s\":-1",
    "\"s\":1e999",
    "\"t\":\"READY\"",
    "\"d\":{}",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\u0000",
    "99999999999999999999",
    "null",
    "true",
    ",",
];

fn mutated(rng: &mut fastrand::Rng) -> String {
    let mut bytes = SEEDS[rng.usize(0..SEEDS.len())].as_bytes().to_vec();
    for _ in 0..rng.usize(0..6) {
        let at = rng.usize(0..=bytes.len());
        match rng.u8(0..5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, rng.u8(..)),
            2 => drop(bytes.splice(at..at, PIECES[rng.usize(0..PIECES.len())].bytes())),
            3 => drop(bytes.drain(at..(at + rng.usize(0..8)).min(bytes.len()))),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = rng.u8(..);
                }
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn arbitrary(rng: &mut fastrand::Rng) -> String {
    let length = rng.usize(0..200);
    String::from_utf8_lossy(&std::iter::repeat_with(|| rng.u8(..)).take(length).collect::<Vec<_>>())
        .into_owned()
}

/// Puts all that is asked for aside, as a shell would do it, and gives whether a login was sent.
fn drain(session: &mut Session, now: Moment, told: &mut u64) {
    let mut outputs = 0;
    while let Some(output) = session.poll(now) {
        outputs += 1;
        assert!(outputs < 100, "it never comes to rest");
        match output {
            Output::Connect { .. } => session.on(now, Input::Opened),
            Output::Tell(_) => *told += 1,
            Output::Send(_) | Output::Close { .. } => {}
        }
    }
}

#[test]
fn a_million_arbitrary_and_mutated_frames_without_panic_and_with_bounded_memory() {
    let frames = if std::env::var_os("JOURNEYMAN_LONG").is_some() { 1_000_000 } else { 20_000 };
    let mut rng = fastrand::Rng::with_seed(20_261_124);
    let mut told = 0;
    let mut frame = 0;
    while frame < frames {
        // A session ends when it has begun too many fresh ones; then there is another.
        let mut session = Session::new(GatewayConfig::new(token()), Moment::ORIGIN);
        let mut now = Moment::ORIGIN;
        while frame < frames && session.next_wakeup().is_some() {
            frame += 1;
            now = now + Duration::from_millis(rng.u64(0..20_000));
            let text = if rng.u8(0..4) == 0 { arbitrary(&mut rng) } else { mutated(&mut rng) };
            session.on(now, Input::Frame(&text));
            drain(&mut session, now, &mut told);
            let counts = session.counts();
            assert!(counts.identifies <= 500 * (1 + now.as_micros() / 86_400_000_000));
        }
        // What is kept: nothing that grows with what came.
        let kept = format!("{session:?}").len();
        assert!(kept < 100_000, "{kept} bytes to print it");
    }
    assert!(told > frames / 10, "only {told} of {frames} did something");
}
