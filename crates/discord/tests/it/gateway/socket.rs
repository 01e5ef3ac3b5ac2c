//! The gateway over real sockets on loopback, on a fast clock: outcomes and counts, never durations.

use std::time::Duration;

use journeyman_discord::gateway::{
    Damage, Down, DownReason, Gateway, GatewayConfig, GatewayErrorKind, GatewayState, Heard, Unreachable, Up,
};
use journeyman_model::{ChannelId, UserId};
use journeyman_moment::Clock;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::Receiver;

use super::server::{Seen, Server, Step};
use super::token;

/// A heartbeat interval in the time of the fast clock: 2 s of real time.
const INTERVAL: u64 = 100_000;

fn start(server: &Server) -> (Gateway, Receiver<Heard>) {
    start_with(GatewayConfig::new(token()).with_address(server.address()))
}

fn start_with(config: GatewayConfig) -> (Gateway, Receiver<Heard>) {
    Gateway::start(config, Clock::scaled(50.0))
}

fn event(sequence: u64, name: &str, data: &Value) -> Value {
    json!({"op": 0, "s": sequence, "t": name, "d": data})
}

/// READY that names this address for resuming.
fn ready_at(url: &str) -> Value {
    let data = json!({"session_id": "session", "resume_gateway_url": url, "user": {"id": "1001"}});
    event(1, "READY", &data)
}

/// A session begins, and then this happens.
fn begun(then: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let begin = [Step::Hello(INTERVAL), Step::Expect(2), Step::Send(ready_at("nowhere"))];
    begin.into_iter().chain(then).collect()
}

/// A session goes on, and then this happens.
fn resumed(then: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let resume = [Step::Hello(INTERVAL), Step::Expect(6), Step::Send(event(3, "RESUMED", &json!({})))];
    resume.into_iter().chain(then).collect()
}

async fn up(heard: &mut Receiver<Heard>) -> Up {
    loop {
        if let Heard::Up(up) = heard.recv().await.unwrap() {
            return up;
        }
    }
}

async fn down(heard: &mut Receiver<Heard>) -> Down {
    loop {
        if let Heard::Down(down) = heard.recv().await.unwrap() {
            return down;
        }
    }
}

#[tokio::test]
async fn a_session_is_begun_over_a_compressed_socket_and_events_are_heard() {
    let message = json!({"id": "7", "channel_id": "5", "content": "hello"});
    let script = begun([Step::Send(event(2, "MESSAGE_CREATE", &message)), Step::Expect(1)]);
    let server = Server::start([script]).await;
    let (gateway, mut heard) = start(&server);
    let up = up(&mut heard).await;
    assert_eq!((up.session_id.as_str(), up.user, up.resumed), ("session", UserId::new(1001), false));
    let Some(Heard::Event(event)) = heard.recv().await else { panic!("no event") };
    assert_eq!((event.name.as_str(), &event.data), ("MESSAGE_CREATE", &message));
    assert!(matches!(gateway.state(), GatewayState::Connected { .. }));
    server.seen_when(|seen| seen.len() >= 3).await;
    assert_eq!(server.frames(1), [(0, json!(2))], "the heartbeat carries the last sequence");
    gateway.close().await;
    assert_eq!(server.closed(0).await, Some(1000));
    assert_eq!(heard.recv().await, None);
}

#[tokio::test]
async fn dropping_the_gateway_closes_with_1000() {
    let server = Server::start([begun([])]).await;
    let (gateway, mut heard) = start(&server);
    up(&mut heard).await;
    drop(gateway);
    assert_eq!(server.closed(0).await, Some(1000));
    assert_eq!(heard.recv().await, None);
}

#[tokio::test]
async fn dropping_the_receiver_ends_the_session() {
    let server = Server::start([begun([])]).await;
    let (gateway, mut heard) = start(&server);
    up(&mut heard).await;
    drop(heard);
    assert_eq!(server.closed(0).await, Some(1000));
    gateway.watch().wait_for(GatewayState::is_over).await.unwrap();
}

#[tokio::test]
async fn a_broken_connection_is_resumed_at_the_resume_gateway_url() {
    let elsewhere = Server::start([resumed([])]).await;
    let script = vec![
        Step::Hello(INTERVAL),
        Step::Expect(2),
        Step::Send(ready_at(&elsewhere.text())),
        Step::Send(event(2, "MESSAGE_DELETE", &json!({"id": "7"}))),
        Step::Drop,
    ];
    let server = Server::start([script]).await;
    let (_gateway, mut heard) = start(&server);
    assert!(!up(&mut heard).await.resumed);
    assert_eq!(down(&mut heard).await.why, DownReason::Closed { code: None });
    let up = up(&mut heard).await;
    assert_eq!((up.session_id.as_str(), up.resumed), ("session", true));
    let resumes = elsewhere.frames(6);
    assert_eq!((&resumes[0].1["session_id"], &resumes[0].1["seq"]), (&json!("session"), &json!(2)));
    assert_eq!((server.frames(2).len(), elsewhere.frames(2).len()), (1, 0), "one IDENTIFY");
}

#[tokio::test]
async fn a_token_is_never_sent_to_a_resume_gateway_url_outside_of_discord() {
    let first = vec![
        Step::Hello(INTERVAL),
        Step::Expect(2),
        Step::Send(ready_at("wss://gateway.example.com")),
        Step::Drop,
    ];
    let server = Server::start([first, resumed([])]).await;
    let (_gateway, mut heard) = start(&server);
    up(&mut heard).await;
    assert!(up(&mut heard).await.resumed);
    assert_eq!(server.frames(6).len(), 1, "it was resumed where it was begun");
}

#[tokio::test]
async fn a_silent_socket_is_found_by_missing_acks_and_the_session_resumed() {
    let zombie = vec![
        // Half a second of real time.
        Step::Hello(25_000),
        Step::Expect(2),
        Step::Send(ready_at("nowhere")),
        Step::Silence,
    ];
    let server = Server::start([zombie, resumed([])]).await;
    let (_gateway, mut heard) = start(&server);
    up(&mut heard).await;
    assert_eq!(down(&mut heard).await.why, DownReason::MissingAck);
    assert!(up(&mut heard).await.resumed);
    assert_eq!(server.closed(0).await, Some(4000), "closed so that it can be resumed");
}

#[tokio::test]
async fn reconnect_and_invalid_session_are_followed_both_ways() {
    let invalid = |resumable: bool| Step::Send(json!({"op": 9, "d": resumable}));
    let scripts = [
        begun([Step::Send(json!({"op": 7, "d": null})), Step::Silence]),
        resumed([invalid(true), Step::Silence]),
        resumed([invalid(false), Step::Silence]),
        begun([]),
    ];
    let server = Server::start(scripts).await;
    let (gateway, mut heard) = start(&server);
    assert!(!up(&mut heard).await.resumed);
    assert_eq!(down(&mut heard).await.why, DownReason::ReconnectAsked);
    assert!(up(&mut heard).await.resumed);
    assert_eq!(down(&mut heard).await.why, DownReason::Invalidated { is_resumable: true });
    assert!(up(&mut heard).await.resumed);
    assert_eq!(down(&mut heard).await.why, DownReason::Invalidated { is_resumable: false });
    assert!(!up(&mut heard).await.resumed);
    let connections =
        |op| server.frames(op).into_iter().map(|(connection, _)| connection).collect::<Vec<_>>();
    assert_eq!((connections(2), connections(6)), (vec![0, 3], vec![1, 2]));
    let counts = gateway.counts();
    assert_eq!((counts.connects, counts.identifies, counts.resumes, counts.losses), (4, 2, 2, 3));
}

#[tokio::test]
async fn a_fatal_close_code_ends_the_session_with_what_a_human_should_do() {
    let server = Server::start([vec![Step::Hello(INTERVAL), Step::Expect(2), Step::Close(4004)]]).await;
    let (gateway, mut heard) = start(&server);
    let last = down(&mut heard).await;
    assert_eq!((last.why, last.again_at), (DownReason::Closed { code: Some(4004) }, None));
    let Some(Heard::Ended(error)) = heard.recv().await else { panic!("not ended") };
    assert_eq!(error.kind, GatewayErrorKind::Refused { code: 4004 });
    assert!(error.hint().contains("JOURNEYMAN_TOKEN"), "{}", error.hint());
    assert_eq!(heard.recv().await, None);
    assert!(gateway.state().is_over());
    server.seen_when(|seen| seen.iter().filter(|seen| seen.1 == Seen::Connected).count() == 1).await;
}

#[tokio::test]
async fn a_close_code_that_is_not_fatal_is_resumed() {
    let server = Server::start([begun([Step::Close(4008)]), resumed([])]).await;
    let (_gateway, mut heard) = start(&server);
    up(&mut heard).await;
    assert_eq!(down(&mut heard).await.why, DownReason::Closed { code: Some(4008) });
    assert!(up(&mut heard).await.resumed);
}

#[tokio::test]
async fn a_broken_stream_and_a_bomb_cost_a_connection_and_nothing_more() {
    // A block of the type 3, which deflate does not have.
    let broken = vec![0x06, 0x00, 0x00, 0x00, 0xff, 0xff];
    let scripts = [
        begun([Step::Raw(broken), Step::Silence]),
        resumed([Step::Bomb(100 << 20), Step::Silence]),
        resumed([]),
    ];
    let server = Server::start(scripts).await;
    let (_gateway, mut heard) = start(&server);
    up(&mut heard).await;
    assert_eq!(down(&mut heard).await.why, DownReason::Damaged(Damage::Compression));
    up(&mut heard).await;
    assert_eq!(down(&mut heard).await.why, DownReason::Damaged(Damage::TooLarge));
    assert!(up(&mut heard).await.resumed);
}

#[tokio::test]
async fn where_nobody_listens_it_says_so_and_tries_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ws://{}", listener.local_addr().unwrap());
    drop(listener);
    let config = GatewayConfig::new(token()).with_address(address.parse().unwrap());
    let (gateway, mut heard) = start_with(config);
    for _ in 0..3 {
        let down = down(&mut heard).await;
        assert!(
            matches!(&down.why, DownReason::Unreachable { why: Unreachable::Refused, .. }),
            "{:?}",
            down.why
        );
        assert!(down.again_at.is_some());
    }
    assert!(matches!(gateway.state(), GatewayState::Reconnecting { .. }));
}

#[tokio::test]
async fn a_429_on_the_upgrade_tells_how_long_it_asks_to_wait() {
    let refusal = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\nContent-Length: 2\r\n\r\n{}";
    let server = Server::start([vec![Step::Refuse(refusal)], begun([])]).await;
    let (_gateway, mut heard) = start(&server);
    let refused = down(&mut heard).await;
    let retry_after = Some(Duration::from_secs(2));
    assert!(
        matches!(&refused.why, DownReason::Unreachable { why, .. }
            if *why == Unreachable::Status { status: 429, retry_after }),
        "{refused:?}"
    );
    assert!(refused.again_at.unwrap() >= refused.at + Duration::from_secs(2), "{refused:?}");
    up(&mut heard).await;
}

#[tokio::test]
async fn heartbeats_go_on_while_the_consumer_is_slow_and_a_gap_is_reported() {
    let events = (2..102).map(|sequence| {
        Step::Send(event(sequence, "MESSAGE_CREATE", &json!({"id": sequence.to_string(), "channel_id": "5"})))
    });
    let script = begun(events.chain([Step::Expect(1), Step::Expect(1)]));
    let server = Server::start([script]).await;
    let config = GatewayConfig { room: 2, ..GatewayConfig::new(token()).with_address(server.address()) };
    let (gateway, mut heard) = start_with(config);
    // The consumer reads nothing until two heartbeats were sent.
    server.seen_when(|seen| seen.len() >= 4).await;
    assert_eq!(server.frames(1).len(), 2);
    assert_eq!(server.frames(1)[1].1, 101);
    let mut told = 0;
    let gap = loop {
        match heard.recv().await.unwrap() {
            Heard::Event(_) => told += 1,
            Heard::Gap(gap) => break gap,
            Heard::Up(_) => {}
            other @ (Heard::Down(_) | Heard::Ended(_)) => panic!("{other:?}"),
        }
    };
    assert_eq!(told + gap.dropped, 100);
    assert!(gap.dropped >= 80, "{gap:?}");
    assert_eq!(gateway.counts().events, 100);
}

#[tokio::test]
async fn events_outside_the_channels_of_interest_are_dropped_first() {
    let create = |sequence, channel: &str| event(sequence, "MESSAGE_CREATE", &json!({"channel_id": channel}));
    let script = begun([
        Step::Send(create(2, "5")),
        Step::Send(create(3, "6")),
        Step::Send(event(4, "PRESENCE_UPDATE", &json!({}))),
        Step::Send(event(5, "INTERACTION_SUCCESS", &json!({"id": "1", "nonce": "2"}))),
        Step::Send(create(6, "5")),
    ]);
    let server = Server::start([script]).await;
    let config =
        GatewayConfig::new(token()).with_address(server.address()).with_channels([ChannelId::new(5)]);
    let (gateway, mut heard) = start_with(config);
    up(&mut heard).await;
    let mut names = Vec::new();
    for _ in 0..3 {
        let Some(Heard::Event(event)) = heard.recv().await else { panic!("no event") };
        names.push(event.name);
    }
    assert_eq!(names, ["MESSAGE_CREATE", "INTERACTION_SUCCESS", "MESSAGE_CREATE"]);
    assert_eq!(gateway.counts().filtered, 2);
}
