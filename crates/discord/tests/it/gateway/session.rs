//! The rules of a session one by one, in virtual time. What many of them do together is in `property`.

use std::time::Duration;

use journeyman_discord::gateway::session::{Frame, Input, Output, Session};
use journeyman_discord::gateway::{
    Down, DownReason, GatewayConfig, GatewayErrorKind, GatewayReason, Heard, StartLimit, Unreachable, Up,
};
use journeyman_model::UserId;
use journeyman_moment::Moment;
use serde_json::{Value, json};

use super::token;

const HELLO: &str = include_str!("../../../../../fixtures/gateway/x_gateway_hello.json");
const READY: &str = include_str!("../../../../../fixtures/gateway/x_ready_min.json");
/// Of the fixture HELLO.
const INTERVAL: Duration = Duration::from_millis(41_250);

/// A session and a hand that feeds it.
struct Hand {
    session: Session,
    now: Moment,
}

impl Hand {
    fn new(config: GatewayConfig) -> Self {
        Self { session: Session::new(config, Moment::ORIGIN), now: Moment::ORIGIN }
    }

    fn fresh() -> Self {
        Self::new(GatewayConfig::new(token()))
    }

    /// Connected, greeted and ready.
    fn up() -> Self {
        let mut hand = Self::fresh();
        hand.identify();
        hand.on(Input::Frame(READY));
        assert!(hand.drain().iter().any(|output| matches!(output, Output::Tell(Heard::Up(_)))));
        hand
    }

    fn on(&mut self, input: Input<'_>) {
        self.session.on(self.now, input);
    }

    fn frame(&mut self, frame: &Value) {
        self.on(Input::Frame(&frame.to_string()));
    }

    fn drain(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.session.poll(self.now)).collect()
    }

    /// The next wake-up, and what is done then.
    fn wake(&mut self) -> (GatewayReason, Vec<Output>) {
        let (at, reason) = self.session.next_wakeup().unwrap();
        self.now = self.now.max(at);
        (reason, self.drain())
    }

    /// Connects, wherever that is.
    fn connect(&mut self) -> String {
        let mut outputs = self.drain();
        for _ in 0..10 {
            let connect = outputs.into_iter().find_map(|output| match output {
                Output::Connect { address } => Some(address.to_string()),
                Output::Send(_) | Output::Close { .. } | Output::Tell(_) => None,
            });
            if let Some(address) = connect {
                return address;
            }
            outputs = self.wake().1;
        }
        panic!("it does not connect: {:?}", self.session);
    }

    /// Connects and greets, and gives the login.
    fn log_in(&mut self) -> Value {
        self.connect();
        self.on(Input::Opened);
        self.on(Input::Frame(HELLO));
        let mut outputs = self.drain();
        for _ in 0..10 {
            if let Some(login) = sent(&outputs).into_iter().find(|frame| frame["op"] != 1) {
                return login;
            }
            outputs = self.wake().1;
        }
        panic!("it does not log in: {:?}", self.session);
    }

    fn identify(&mut self) {
        assert_eq!(self.log_in()["op"], 2);
    }
}

fn sent(outputs: &[Output]) -> Vec<Value> {
    let frames = outputs.iter().filter_map(|output| match output {
        Output::Send(frame) => Some(serde_json::from_str(Frame::text(frame)).unwrap()),
        Output::Connect { .. } | Output::Close { .. } | Output::Tell(_) => None,
    });
    frames.collect()
}

fn down(outputs: &[Output]) -> Down {
    let down = outputs.iter().find_map(|output| match output {
        Output::Tell(Heard::Down(down)) => Some(down.clone()),
        Output::Connect { .. } | Output::Send(_) | Output::Close { .. } | Output::Tell(_) => None,
    });
    down.unwrap_or_else(|| panic!("not down: {outputs:?}"))
}

#[cfg(feature = "user-account")]
#[test]
fn identify_of_a_user_account_is_as_in_the_facts_with_honest_properties() {
    let fixture = include_str!("../../../../../fixtures/gateway/x_gateway_identify_user.json");
    let mut expected: Value = serde_json::from_str(fixture).unwrap();
    let mut identify = Hand::fresh().log_in();
    let properties = identify["d"]["properties"].take();
    assert_eq!((&properties["browser"], &properties["device"]), (&json!("journeyman"), &json!("journeyman")));
    assert!(identify["d"]["token"].take().as_str().unwrap().contains(crate::CANARY));
    (expected["d"]["properties"], expected["d"]["token"]) = (Value::Null, Value::Null);
    assert_eq!(identify, expected, "all but who we are, and there are no intents");
}

#[test]
fn identify_of_a_bot_has_intents_and_no_prefix() {
    let token = journeyman_discord::Token::parse(&format!("Bot {}", "x".repeat(30))).unwrap();
    let identify = Hand::new(GatewayConfig::new(token)).log_in();
    assert_eq!(identify["d"]["token"], "x".repeat(30));
    assert_eq!(identify["d"]["intents"], 37_376);
}

#[test]
fn the_session_id_of_ready_is_told_with_its_user() {
    let mut hand = Hand::fresh();
    hand.identify();
    hand.on(Input::Frame(READY));
    let up = Up {
        session_id: "00000000000000000000000000000000".to_owned(),
        user: UserId::new(100_000_000_000_000_001),
        resumed: false,
        at: hand.now,
    };
    assert_eq!(hand.drain(), [Output::Tell(Heard::Up(up))]);
}

#[test]
fn the_first_heartbeat_is_jittered_over_the_whole_interval_and_carries_null() {
    let firsts: Vec<f64> = (0..300)
        .map(|seed| {
            let mut hand = Hand::new(GatewayConfig::new(token()).with_seed(seed));
            hand.identify();
            let greeted = hand.now;
            let (reason, outputs) = hand.wake();
            assert_eq!(
                (reason, &sent(&outputs)[..]),
                (GatewayReason::Heartbeat, &[json!({"op": 1, "d": null})][..])
            );
            hand.now.since(greeted).as_secs_f64() / INTERVAL.as_secs_f64()
        })
        .collect();
    assert!(firsts.iter().all(|part| (0.0..=1.0).contains(part)));
    for tenth in 0..10 {
        let (from, to) = (f64::from(tenth) / 10.0, f64::from(tenth + 1) / 10.0);
        let count = firsts.iter().filter(|part| (from..to).contains(*part)).count();
        assert!((10..=60).contains(&count), "{count} of 300 in tenth {tenth}");
    }
}

#[test]
fn heartbeats_carry_the_last_sequence_and_a_missing_ack_closes_and_resumes() {
    let mut hand = Hand::up();
    hand.frame(&json!({"op": 0, "s": 24, "t": "MESSAGE_CREATE", "d": {}}));
    hand.drain();
    for _ in 0..3 {
        assert_eq!(sent(&hand.wake().1), [json!({"op": 1, "d": 24})]);
        hand.frame(&json!({"op": 11}));
    }
    assert_eq!(sent(&hand.wake().1).len(), 1);
    let before = hand.now;
    let (reason, outputs) = hand.wake();
    assert_eq!((reason, hand.now), (GatewayReason::Heartbeat, before + INTERVAL));
    assert_eq!(outputs[0], Output::Close { code: 4000 });
    assert_eq!(down(&outputs).why, DownReason::MissingAck);
    let login = hand.log_in();
    assert_eq!((&login["op"], &login["d"]["seq"]), (&json!(6), &json!(24)));
    assert_eq!(login["d"]["session_id"], "00000000000000000000000000000000");
    hand.frame(&json!({"op": 0, "s": 25, "t": "RESUMED", "d": {}}));
    assert!(matches!(&hand.drain()[..], [Output::Tell(Heard::Up(Up { resumed: true, .. }))]));
}

#[test]
fn a_requested_heartbeat_is_sent_at_once_and_has_time_for_its_ack() {
    let mut hand = Hand::up();
    let (at, _) = hand.session.next_wakeup().unwrap();
    hand.now = at.before(Duration::from_millis(1));
    hand.frame(&json!({"op": 1, "d": null}));
    assert_eq!(sent(&hand.drain()), [json!({"op": 1, "d": 1})]);
    // The one on time is a millisecond later: the ack cannot be there yet.
    assert_eq!(sent(&hand.wake().1), [json!({"op": 1, "d": 1})]);
    assert_eq!(down(&hand.wake().1).why, DownReason::MissingAck);
}

#[test]
fn resume_goes_to_the_resume_gateway_url_and_by_turns_to_the_main_one_when_nobody_answers_there() {
    let mut hand = Hand::up();
    hand.on(Input::Closed(None));
    hand.drain();
    let addresses: Vec<String> = (0..6)
        .map(|_| {
            let address = hand.connect();
            hand.on(Input::Unreachable(Unreachable::Refused));
            hand.drain();
            address
        })
        .collect();
    let (own, main) = ("wss://gateway-us-east1-b.discord.gg", "wss://gateway.discord.gg");
    assert_eq!(addresses, [own, own, own, main, own, main]);
    assert_eq!(hand.log_in()["op"], 6, "it is the same session all the time");
}

#[test]
fn an_invalid_session_is_followed_by_a_fresh_identify_after_1_to_5_s() {
    for seed in 0..50 {
        let mut hand = Hand::new(GatewayConfig::new(token()).with_seed(seed));
        hand.identify();
        hand.on(Input::Frame(READY));
        hand.now = hand.now + Duration::from_secs(30);
        hand.frame(&json!({"op": 11}));
        hand.frame(&json!({"op": 9, "d": false}));
        let down = down(&hand.drain());
        let wait = down.again_at.unwrap().since(hand.now);
        assert!((Duration::from_secs(1)..=Duration::from_secs(5)).contains(&wait), "{wait:?}");
        assert_eq!(hand.session.next_wakeup().unwrap().1, GatewayReason::InvalidSession);
        hand.identify();
    }
}

#[test]
fn an_invalid_session_that_may_be_resumed_is_resumed() {
    let mut hand = Hand::up();
    hand.frame(&json!({"op": 9, "d": true}));
    assert_eq!(down(&hand.drain()).why, DownReason::Invalidated { is_resumable: true });
    assert_eq!(hand.log_in()["op"], 6);
}

#[test]
fn close_codes_that_end_the_session_are_followed_by_a_fresh_identify() {
    for code in [4003, 4007, 4009] {
        let mut hand = Hand::up();
        hand.on(Input::Closed(Some(code)));
        assert_eq!(down(&hand.drain()).why, DownReason::Closed { code: Some(code) });
        hand.identify();
    }
}

#[test]
fn fatal_close_codes_end_it_with_what_a_human_should_do() {
    for code in [4004, 4010, 4011, 4012, 4013, 4014] {
        let mut hand = Hand::up();
        hand.on(Input::Closed(Some(code)));
        let outputs = hand.drain();
        assert_eq!(down(&outputs).again_at, None);
        let Some(Output::Tell(Heard::Ended(error))) = outputs.last() else { panic!("{outputs:?}") };
        assert_eq!(error.kind, GatewayErrorKind::Refused { code });
        assert!(!error.hint().is_empty() && error.to_string().contains(&code.to_string()), "{error}");
        assert_eq!(hand.session.next_wakeup(), None);
        hand.on(Input::Opened);
        assert_eq!(hand.drain(), []);
    }
}

#[test]
fn the_session_start_limit_ends_it_with_a_clear_error_rather_than_a_revoked_token() {
    let start_limit = StartLimit { remaining: 3, reset_after: Duration::from_hours(5), total: 500 };
    let mut hand = Hand::new(GatewayConfig { start_limit, ..GatewayConfig::new(token()) });
    for _ in 0..3 {
        hand.identify();
        hand.frame(&json!({"op": 9, "d": false}));
        hand.drain();
    }
    let (_, outputs) = hand.wake();
    let [Output::Tell(Heard::Ended(error))] = &outputs[..] else { panic!("{outputs:?}") };
    assert!(matches!(error.kind, GatewayErrorKind::StartsExhausted { begun: 3, .. }), "{error:?}");
    assert!(error.to_string().contains("3 fresh sessions"), "{error}");
    assert!(hand.now < Moment::from_secs(60));
}

#[test]
fn every_step_of_a_connection_has_a_bound_and_a_reason() {
    let mut hand = Hand::fresh();
    hand.drain();
    let (reason, outputs) = hand.wake();
    assert_eq!((reason, hand.now), (GatewayReason::Connect, Moment::from_secs(15)));
    let why = DownReason::Unreachable { host: "gateway.discord.gg".to_owned(), why: Unreachable::TimedOut };
    assert_eq!(down(&outputs).why, why);

    assert_eq!(hand.session.next_wakeup().unwrap().1, GatewayReason::Backoff);
    hand.connect();
    hand.on(Input::Opened);
    let (reason, outputs) = hand.wake();
    assert_eq!((reason, down(&outputs).why), (GatewayReason::Hello, DownReason::NoHello));

    hand.identify();
    let identified = hand.now;
    // Acks alone keep it open for five minutes: READY may be large.
    let outputs = loop {
        let (reason, outputs) = hand.wake();
        if reason == GatewayReason::Ready {
            break outputs;
        }
        hand.frame(&json!({"op": 11}));
    };
    assert_eq!(down(&outputs).why, DownReason::NotReady);
    assert_eq!(hand.now, identified + Duration::from_mins(5));
}

#[test]
fn a_429_on_the_upgrade_is_waited_out_with_a_reason_of_its_own() {
    let refused = |seconds: Option<u64>| {
        let mut hand = Hand::fresh();
        hand.drain();
        let retry_after = seconds.map(Duration::from_secs);
        hand.on(Input::Unreachable(Unreachable::Status { status: 429, retry_after }));
        let told = down(&hand.drain()).why.to_string();
        let (at, reason) = hand.session.next_wakeup().unwrap();
        (at.since(hand.now).as_secs(), reason, told)
    };
    let (wait, reason, told) = refused(Some(90));
    assert!((90..=91).contains(&wait) && reason == GatewayReason::RetryAfter, "{wait} {reason}");
    assert!(told.ends_with("status 429 instead of a websocket, and asks to wait 90 s"), "{told}");
    let (wait, reason, _) = refused(Some(10_000_000));
    assert!((86_400..=86_401).contains(&wait) && reason == GatewayReason::RetryAfter, "bounded: {wait}");
    let (wait, reason, told) = refused(None);
    assert!(wait <= 1 && reason == GatewayReason::Backoff && told.ends_with("of a websocket"), "{told}");
}

#[test]
fn five_resumes_in_vain_are_followed_by_a_fresh_identify() {
    let mut hand = Hand::up();
    hand.on(Input::Closed(None));
    hand.drain();
    for _ in 0..5 {
        assert_eq!(hand.log_in()["op"], 6);
        // What is replayed cannot be read.
        hand.on(Input::Frame("{"));
        hand.drain();
    }
    hand.identify();
}

#[test]
fn waits_between_connections_are_jittered_grow_and_are_bounded() {
    let mut hand = Hand::fresh();
    let mut waits = Vec::new();
    for _ in 0..200 {
        hand.connect();
        hand.on(Input::Unreachable(Unreachable::Refused));
        waits.push(down(&hand.drain()).again_at.unwrap().since(hand.now));
    }
    assert!(waits[0] <= Duration::from_secs(1));
    assert!(waits.iter().all(|wait| *wait <= Duration::from_mins(1)));
    assert!(waits[20..].iter().any(|wait| *wait > Duration::from_secs(50)), "they grow");
    assert!(waits[20..].iter().any(|wait| *wait < Duration::from_secs(10)), "with full jitter");
}

#[test]
fn stopping_closes_with_1000_and_says_nothing_more() {
    let mut hand = Hand::up();
    hand.on(Input::Stop);
    assert_eq!(hand.drain(), [Output::Close { code: 1000 }]);
    assert_eq!(hand.session.next_wakeup(), None);
}
