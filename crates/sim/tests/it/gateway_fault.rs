//! The gateway's faults on demand, in virtual time.
//!
//! What a session is without them is tested in `gateway`.

use std::time::Duration;

use journeyman_sim::{
    Era, GatewayFault, GatewayFaultKind, GatewayReport, GatewaySettings, Script, Settings, When,
};
use serde_json::json;

use crate::listener::{Listener, identify};
use crate::support::Client;

const SECOND: Duration = Duration::from_secs(1);

fn with_faults(faults: Vec<GatewayFault>) -> Settings {
    let gateway = GatewaySettings { faults, ..GatewaySettings::default() };
    Settings { gateway, ..Settings::for_era(Era::E2026) }
}

fn event(name: &str) -> When {
    When::AfterEvent(name.to_owned())
}

/// A client that resumes whenever it is cut or told to, and identifies when it cannot.
struct Stubborn {
    client: Client,
    listener: Listener,
    token: String,
    answered: usize,
}

impl Stubborn {
    fn new(settings: Settings) -> Self {
        let mut client = Client::new(settings);
        let token = client.ready.token.clone();
        let mut listener = Listener::open(&mut client.world, client.now);
        listener.say(&mut client.world, client.now, &identify(&token));
        Self { client, listener, token, answered: 0 }
    }

    /// Looks every second, and beats every twenty.
    fn run(&mut self, seconds: u64) {
        for second in 0..seconds {
            self.client.wait(SECOND);
            self.listener.hear(&mut self.client.world);
            if self.listener.cut || self.listener.closed.is_some() {
                self.listener.resume(&mut self.client.world, self.client.now, &self.token);
            }
            self.obey();
            if second % 20 == 0 {
                self.listener.beat(&mut self.client.world, self.client.now);
            }
        }
    }

    fn obey(&mut self) {
        while let Some(payload) = self.listener.heard.get(self.answered).cloned() {
            self.answered += 1;
            match (payload["op"].as_u64(), payload["d"].as_bool()) {
                (Some(7), _) => {
                    self.client.world.hang_up(self.client.now, self.listener.socket, Some(4900));
                    self.listener.resume(&mut self.client.world, self.client.now, &self.token);
                }
                (Some(9), Some(true)) => {
                    let d = json!({
                        "token": self.token,
                        "session_id": self.listener.session_id,
                        "seq": self.listener.seq,
                    });
                    self.listener.say(&mut self.client.world, self.client.now, &json!({ "op": 6, "d": d }));
                }
                (Some(9), _) => {
                    self.client.wait(SECOND * 5);
                    self.listener.say(&mut self.client.world, self.client.now, &identify(&self.token));
                }
                _ => {}
            }
        }
    }

    fn report(&self) -> GatewayReport {
        self.client.world.report().gateway
    }

    /// The events of a job that came, without those of the session.
    fn story(&self) -> Vec<&str> {
        let names = self.listener.names().into_iter();
        names.filter(|name| !matches!(*name, "READY" | "RESUMED")).collect()
    }
}

fn job(faults: Vec<GatewayFault>) -> Stubborn {
    let mut stubborn = Stubborn::new(with_faults(faults));
    assert_eq!(stubborn.client.imagine("a red fox").status, 204);
    stubborn.run(100);
    stubborn
}

#[test]
fn a_job_cut_at_every_point_of_its_life_is_heard_whole_after_the_resume() {
    let whole = job(Vec::new());
    let events = whole.story().len();
    assert!(events > 10, "{events}");
    for point in 0..=events {
        for kind in [GatewayFaultKind::Cut, GatewayFaultKind::Reconnect] {
            let fault = GatewayFault::at_event(kind, u64::try_from(point).unwrap());
            let cut = job(vec![fault]);
            assert_eq!(cut.story(), whole.story(), "{kind} at {point}");
            let numbers = cut.listener.numbers();
            assert!(numbers.is_sorted() && numbers.windows(2).all(|two| two[0] < two[1]), "{numbers:?}");
            assert_eq!(cut.report().faults.values().sum::<u64>(), 1, "{kind} at {point}");
            assert_eq!(cut.report().resumes, 1, "{kind} at {point}");
        }
    }
}

#[test]
fn a_cut_before_an_event_keeps_it_for_the_resume() {
    let when = When::BeforeEvent("MESSAGE_DELETE".to_owned());
    let fault = GatewayFault { count: Some(1), ..GatewayFault::new(GatewayFaultKind::Cut, when) };
    let cut = job(vec![fault]);
    assert_eq!(cut.story().iter().filter(|name| **name == "MESSAGE_DELETE").count(), 1);
    let report = cut.report();
    assert_eq!((report.resumes, report.closes.get("cut")), (1, Some(&1)));
    assert!(report.replayed >= 1);
}

#[test]
fn a_zombie_stays_open_and_acks_nothing_and_its_session_can_be_resumed() {
    let fault = GatewayFault::at_event(GatewayFaultKind::Zombie, 2);
    let mut client = Client::new(with_faults(vec![fault]));
    let token = client.ready.token.clone();
    let mut listener = Listener::ready(&mut client.world, client.now, &token);
    client.imagine("a red fox");
    client.wait(SECOND * 30);
    listener.hear(&mut client.world);
    assert_eq!(listener.names().len(), 3, "READY and two events");
    listener.beat(&mut client.world, client.now);
    client.wait(SECOND * 100);
    listener.hear(&mut client.world);
    assert_eq!((listener.count_op(11), listener.closed, listener.cut), (0, None, false));
    listener.resume(&mut client.world, client.now, &token);
    assert_eq!(listener.names().last(), Some(&"RESUMED"));
    assert!(listener.names().len() > 12);
}

#[test]
fn op_9_ends_the_session_or_lets_it_be_resumed() {
    let over = job(vec![GatewayFault::at_event(GatewayFaultKind::InvalidSession, 4)]);
    let report = over.report();
    assert_eq!((report.identifies, report.resumes, report.invalid_sessions), (2, 0, 1));
    let goes_on = job(vec![GatewayFault::at_event(GatewayFaultKind::InvalidSessionResumable, 4)]);
    let report = goes_on.report();
    assert_eq!((report.identifies, report.resumes, report.invalid_sessions), (1, 1, 1));
    assert_eq!(goes_on.story(), job(Vec::new()).story());
}

#[test]
fn any_close_code_comes_on_demand_and_the_fatal_ones_end_the_session() {
    for code in
        [1000, 1001, 4000, 4001, 4002, 4003, 4004, 4005, 4007, 4008, 4009, 4010, 4011, 4012, 4013, 4014]
    {
        let fault = GatewayFault { code, ..GatewayFault::at_event(GatewayFaultKind::Close, 1) };
        let mut client = Client::new(with_faults(vec![fault]));
        let token = client.ready.token.clone();
        let mut listener = Listener::ready(&mut client.world, client.now, &token);
        client.imagine("a red fox");
        client.wait(SECOND);
        listener.hear(&mut client.world);
        assert_eq!(listener.closed, Some(code));
        let resumable = matches!(code, 4000..=4003 | 4005 | 4008);
        assert_eq!(client.world.sessions().len(), usize::from(resumable), "{code}");
    }
}

#[test]
fn events_are_doubled_delayed_and_reordered_by_chance_and_numbered_as_they_go() {
    for kind in [GatewayFaultKind::Duplicate, GatewayFaultKind::Delay, GatewayFaultKind::Reorder] {
        let fault = || GatewayFault { probability: 0.3, ..GatewayFault::new(kind, event("*")) };
        let disturbed = job(vec![fault()]);
        let whole = job(Vec::new());
        let struck = usize::try_from(disturbed.report().faults[kind.name()]).unwrap();
        assert!(struck > 0, "{kind}");
        let extra = if kind == GatewayFaultKind::Duplicate { struck } else { 0 };
        assert_eq!(disturbed.story().len(), whole.story().len() + extra, "{kind}");
        assert_ne!(disturbed.listener.heard, whole.listener.heard, "{kind}");
        assert_eq!(disturbed.listener.heard, job(vec![fault()]).listener.heard, "the same for a seed");
        let numbers = disturbed.listener.numbers();
        assert_eq!(numbers, (1..=u64::try_from(numbers.len()).unwrap()).collect::<Vec<_>>(), "{kind}");
    }
}

#[test]
fn a_reordered_event_comes_after_the_next_one() {
    let fault = GatewayFault {
        count: Some(1),
        ..GatewayFault::new(GatewayFaultKind::Reorder, event("INTERACTION_SUCCESS"))
    };
    let reordered = job(vec![fault]);
    assert_eq!(reordered.story()[..3], ["INTERACTION_CREATE", "MESSAGE_CREATE", "INTERACTION_SUCCESS"]);
}

#[test]
fn while_the_gateway_is_down_connections_are_refused() {
    let fault = GatewayFault {
        span: SECOND * 30,
        ..GatewayFault::new(GatewayFaultKind::Down, When::At(SECOND * 10))
    };
    let mut client = Client::new(with_faults(vec![fault]));
    let token = client.ready.token.clone();
    let mut listener = Listener::ready(&mut client.world, client.now, &token);
    client.wait(SECOND * 10);
    listener.hear(&mut client.world);
    assert!(listener.cut);
    assert_eq!(client.world.connect(SECOND * 39), None);
    client.now = SECOND * 40;
    listener.resume(&mut client.world, client.now, &token);
    assert_eq!(listener.names(), ["READY", "RESUMED"]);
    assert_eq!(client.world.report().gateway.refused, 1);
}

#[test]
fn a_session_is_dropped_every_so_often_by_a_script() {
    let script = "[[gateway_fault]]\nkind = \"cut\"\nevery_ms = 60000\n";
    let script = Some(Script::from_toml(script).expect("a script"));
    let mut stubborn = Stubborn::new(Settings { script, ..Settings::default() });
    stubborn.run(600);
    let report = stubborn.report();
    assert_eq!((report.identifies, report.resumes, report.closes["cut"]), (1, 10, 10));
}

#[test]
fn a_heartbeat_that_the_gateway_asks_for_is_acked_as_any_other() {
    let mut client = Client::new(Settings::default());
    let mut listener = Listener::ready(&mut client.world, client.now, &client.ready.token);
    let fault = GatewayFault { kind: GatewayFaultKind::HeartbeatRequest, ..GatewayFault::default() };
    assert_eq!(client.world.disturb(client.now, &fault, None), 1);
    listener.hear(&mut client.world);
    assert_eq!(listener.count_op(1), 1);
    listener.beat(&mut client.world, client.now);
    assert_eq!(listener.count_op(11), 1);
}

#[test]
fn a_person_disturbs_sessions_by_control_while_the_world_runs() {
    let mut client = Client::new(Settings::default());
    let mut listener = Listener::ready(&mut client.world, client.now, &client.ready.token);
    let sessions = client.get("/control/sessions").json().expect("a list");
    assert_eq!(sessions[0]["session_id"], listener.session_id.as_str());
    assert_eq!((&sessions[0]["connected"], &sessions[0]["seq"]), (&json!(true), &json!(1)));

    let answer = client.send("POST", "/control/gateway", &json!({ "kind": "reconnect" }));
    assert_eq!((answer.status, answer.json()), (200, Some(json!({ "kind": "reconnect", "struck": 1 }))));
    let body = json!({ "kind": "close", "code": 4008, "session_id": listener.session_id });
    assert_eq!(client.send("POST", "/control/gateway", &body).status, 200);
    listener.hear(&mut client.world);
    assert_eq!((listener.count_op(7), listener.closed), (1, Some(4008)));

    for (body, words) in [
        (json!({}), "one of: cut, close, zombie"),
        (json!({ "kind": "nap" }), "unknown kind `nap`"),
        (json!({ "kind": "delay" }), "for scripts"),
        (json!({ "kind": "close", "code": 7 }), "1000 to 4999"),
        (json!({ "kind": "cut", "session_id": "x" }), "GET sessions"),
    ] {
        let answer = client.send("POST", "/control/gateway", &body);
        assert_eq!(answer.status, 400);
        let error = answer.json().expect("an error")["error"].as_str().expect("words").to_owned();
        assert!(error.contains(words), "{error}");
    }
}
