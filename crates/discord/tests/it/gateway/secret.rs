//! The token is nowhere but in IDENTIFY and RESUME: not in what is heard, in no error, no `Debug` and no log.

use std::fmt::Write;
use std::io;
use std::sync::{Arc, Mutex};

use journeyman_discord::gateway::session::{Input, Session};
use journeyman_discord::gateway::{Gateway, GatewayConfig, Heard};
use journeyman_moment::{Clock, Moment};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::server::{Server, Step};
use super::token;
use crate::CANARY;
use crate::secret::everything;

/// All that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn nothing_heard_logged_or_printed_of_a_gateway_session_shows_the_token() {
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let ready = json!({"op": 0, "s": 1, "t": "READY", "d": {"session_id": "a", "user": {"id": "1"}}});
    let resumed = json!({"op": 0, "s": 2, "t": "RESUMED", "d": {}});
    let resume = |then| vec![Step::Hello(100_000), Step::Expect(6), Step::Send(resumed.clone()), then];
    let scripts = [
        vec![Step::Hello(100_000), Step::Expect(2), Step::Send(ready), Step::Drop],
        resume(Step::Raw(b"nonsense\0\0\xff\xff".to_vec())),
        resume(Step::Send(json!({"op": 9, "d": true}))),
        resume(Step::Close(4004)),
    ];
    let server = Server::start(scripts).await;
    let config = GatewayConfig::new(token()).with_address(server.address());
    let mut told = format!("{config:?} {config:#?}");
    let (gateway, mut heard) = Gateway::start(config, Clock::scaled(50.0));
    while let Some(heard) = heard.recv().await {
        write!(told, "{heard:?} {heard:#?} {gateway:?} {:?}", gateway.state()).unwrap();
        match &heard {
            Heard::Ended(error) => write!(told, "{}", everything(error)).unwrap(),
            Heard::Down(down) => write!(told, "{} {}", everything(&down.why), down.why.hint()).unwrap(),
            Heard::Up(_) | Heard::Event(_) | Heard::Gap(_) => {}
        }
    }
    assert!(told.contains("Ended") && told.contains("Damaged") && !told.contains(CANARY), "{told}");
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("the gateway session has ended") && !logged.contains(CANARY), "{logged}");
    // The test means something only if the token was there to be told.
    let logins = [server.frames(2), server.frames(6)].concat();
    assert_eq!(logins.len(), 4);
    assert!(logins.iter().all(|(_, data)| data["token"].as_str().unwrap().contains(CANARY)));
}

#[test]
fn no_debug_form_of_the_session_and_its_frames_shows_the_token() {
    let now = Moment::ORIGIN;
    let mut session = Session::new(GatewayConfig::new(token()), now);
    let mut told = String::new();
    let mut sent = String::new();
    session.poll(now);
    session.on(now, Input::Opened);
    session.on(now, Input::Frame(r#"{"op":10,"d":{}}"#));
    write!(told, "{session:?}").unwrap();
    while let Some(output) = session.poll(now) {
        write!(told, "{output:?} {output:#?} {session:#?}").unwrap();
        if let journeyman_discord::gateway::session::Output::Send(frame) = output {
            sent.push_str(frame.text());
        }
    }
    assert!(!told.contains(CANARY), "{told}");
    assert!(sent.contains(CANARY), "the token was there to be told");
}
