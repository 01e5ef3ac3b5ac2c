//! The session against the simulator's gateway: its world in virtual time, and its sockets. It follows no job.

use std::time::Duration;

use journeyman_discord::Token;
use journeyman_discord::gateway::session::{Input, Output, Session};
use journeyman_discord::gateway::{Gateway, GatewayConfig, Heard, Unreachable, Up};
use journeyman_moment::Moment;
use journeyman_sim::{
    Frame, GatewayFault, GatewayFaultKind, GatewaySettings, Settings, SocketKey, Traffic, When, World,
};
use tokio::sync::mpsc::Receiver;

use crate::simulated::Visit;

/// The simulator's world and a session of its account.
struct Pair {
    now: Moment,
    world: World,
    session: Session,
    socket: Option<SocketKey>,
    ups: u64,
    resumed: u64,
    events: u64,
}

impl Pair {
    fn new(settings: Settings, seed: u64) -> Self {
        let world = World::new(settings);
        let ready = world.ready();
        let token = Token::parse(&ready.token).unwrap();
        let config = GatewayConfig::new(token).with_address(ready.gateway.parse().unwrap()).with_seed(seed);
        let session = Session::new(config, Moment::ORIGIN);
        Self { now: Moment::ORIGIN, world, session, socket: None, ups: 0, resumed: 0, events: 0 }
    }

    fn run_until(&mut self, end: Moment) {
        loop {
            self.settle();
            let world = self.world.next_wakeup().map_or(Moment::MAX, moment);
            let (session, _) = self.session.next_wakeup().unwrap();
            let next = world.min(session).max(self.now);
            if next > end {
                self.now = end;
                return;
            }
            self.now = next;
            self.world.poll(span(next));
        }
    }

    /// Until nothing more happens at this moment.
    fn settle(&mut self) {
        loop {
            while let Some(output) = self.session.poll(self.now) {
                self.act(output);
            }
            let Some(socket) = self.socket else { return };
            let Some(frame) = self.world.next_frame(socket) else { return };
            match frame {
                Frame::Text(text) => self.session.on(self.now, Input::Frame(&text)),
                Frame::Close { code, .. } => self.gone(Some(code)),
                Frame::Cut => self.gone(None),
            }
        }
    }

    fn gone(&mut self, code: Option<u16>) {
        self.socket = None;
        self.session.on(self.now, Input::Closed(code));
    }

    fn act(&mut self, output: Output) {
        let now = span(self.now);
        match output {
            Output::Connect { address } => {
                self.socket = self.world.connect_to(now, address.url().query().unwrap());
                let opened = self.socket.map_or(Input::Unreachable(Unreachable::Refused), |_| Input::Opened);
                self.session.on(self.now, opened);
            }
            Output::Send(frame) => self.world.frame(now, self.socket.unwrap(), frame.text()),
            Output::Close { code } => {
                if let Some(socket) = self.socket.take() {
                    self.world.hang_up(now, socket, Some(code));
                }
            }
            Output::Tell(Heard::Up(up)) => {
                self.ups += 1;
                self.resumed += u64::from(up.resumed);
            }
            Output::Tell(Heard::Event(_)) => self.events += 1,
            Output::Tell(Heard::Down(_)) => {}
            Output::Tell(heard @ (Heard::Ended(_) | Heard::Gap(_))) => panic!("{heard:?} at {:?}", self.now),
        }
    }
}

fn moment(span: Duration) -> Moment {
    Moment::ORIGIN + span
}

fn span(moment: Moment) -> Duration {
    moment.since(Moment::ORIGIN)
}

#[test]
fn a_simulated_day_of_faults_of_the_mirror_is_survived_by_resuming() {
    use GatewayFaultKind as Kind;
    let kinds = [
        Kind::Cut,
        Kind::Close,
        Kind::Zombie,
        Kind::Reconnect,
        Kind::InvalidSession,
        Kind::InvalidSessionResumable,
        Kind::HeartbeatRequest,
        Kind::Down,
    ];
    let traffic = Traffic { messages_per_minute: 6.0, ..Traffic::default() };
    let mut pair = Pair::new(Settings { traffic, ..Settings::default() }, 7);
    let mut rng = fastrand::Rng::with_seed(7);
    let mut at = Moment::from_secs(60);
    pair.run_until(at);
    let mut begun = 1;
    while at < Moment::from_secs(86_400) {
        let kind = kinds[rng.usize(0..kinds.len())];
        let code = [4000, 4001, 4002, 4005, 4008][rng.usize(0..5)];
        let now = When::At(Duration::ZERO);
        begun += u64::from(kind == Kind::InvalidSession && pair.session.state().is_connected());
        pair.world.disturb(span(at), &GatewayFault { code, ..GatewayFault::new(kind, now) }, None);
        at = at + Duration::from_secs(rng.u64(150..900));
        pair.run_until(at);
        assert!(pair.session.state().is_connected(), "not up again at {at:?} after {kind:?}");
    }
    let report = pair.world.report().gateway;
    assert_eq!(report.identifies, begun, "one IDENTIFY for each session that was ended: {report:?}");
    assert_eq!((report.identifies_too_soon, report.late_heartbeats, report.resumes_refused), (0, 0, 0));
    assert!(report.resumes > 50 && report.resumes == pair.resumed, "{report:?}");
    assert_eq!(pair.ups, report.identifies + report.resumes);
    assert!(pair.events > 5_000 && report.heartbeats > 2_000, "{report:?}");
}

async fn up(heard: &mut Receiver<Heard>) -> Up {
    loop {
        if let Heard::Up(up) = heard.recv().await.unwrap() {
            return up;
        }
    }
}

/// An imagine with this gateway; gives what was heard until its grid, and the visit.
async fn imagined(faults: Vec<GatewayFault>) -> (Vec<Heard>, Visit) {
    let heartbeat_grace = Duration::from_hours(1);
    let gateway = GatewaySettings { faults, heartbeat_grace, ..GatewaySettings::default() };
    let visit = Visit::start_in(Settings { gateway, ..Settings::default() }).await;
    let ready = &visit.world.ready;
    let config =
        GatewayConfig::new(Token::parse(&ready.token).unwrap()).with_address(ready.gateway.parse().unwrap());
    let (gateway, mut heard) = Gateway::start(config.with_channels([visit.place.channel]), visit.clock);
    let session_id = up(&mut heard).await.session_id;
    assert_eq!(visit.imagine_as(&session_id, visit.version().await).await.unwrap().status, 204);
    let mut all = Vec::new();
    loop {
        let next = heard.recv().await.unwrap();
        let is_grid = matches!(&next, Heard::Event(event) if event.name == "MESSAGE_CREATE"
            && event.data["components"].to_string().contains("upsample"));
        all.push(next);
        if is_grid {
            gateway.close().await;
            return (all, visit);
        }
    }
}

fn names(heard: &[Heard]) -> Vec<&str> {
    let names = heard.iter().filter_map(|heard| match heard {
        Heard::Event(event) => Some(event.name.as_str()),
        Heard::Up(_) | Heard::Down(_) | Heard::Gap(_) | Heard::Ended(_) => None,
    });
    names.collect()
}

#[tokio::test]
async fn an_imagine_is_heard_from_its_interaction_to_its_grid_over_the_mirrors_socket() {
    let (heard, visit) = imagined(Vec::new()).await;
    let names = names(&heard);
    for expected in ["INTERACTION_CREATE", "INTERACTION_SUCCESS", "MESSAGE_CREATE", "MESSAGE_UPDATE"] {
        assert!(names.contains(&expected), "no {expected} in {names:?}");
    }
    let nonce = heard
        .iter()
        .any(|heard| matches!(heard, Heard::Event(event) if event.data["nonce"] == "1083788668470304788"));
    assert!(nonce, "the nonce of the request comes back");
    let report = visit.world.report();
    assert_eq!((report.gateway.identifies, report.gateway.resumes), (1, 0));
}

#[tokio::test]
async fn whatever_happens_to_the_mirrors_socket_in_the_middle_of_a_job_its_grid_is_heard() {
    use GatewayFaultKind as Kind;
    let (whole, _) = imagined(Vec::new()).await;
    for kind in [Kind::Cut, Kind::Close, Kind::Zombie, Kind::Reconnect, Kind::InvalidSessionResumable] {
        let (heard, visit) = imagined(vec![GatewayFault::at_event(kind, 2)]).await;
        assert_eq!(names(&heard), names(&whole), "{kind:?}");
        let report = visit.world.report().gateway;
        assert_eq!((report.identifies, report.resumes, report.resumes_refused), (1, 1, 0), "{kind:?}");
    }
}
