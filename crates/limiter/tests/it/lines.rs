//! Who goes first, who waits for whom, and who is refused. It draws nothing at random.

use std::time::Duration;

use journeyman_limiter::{
    Answer, Config, Credential, End, GlobalLimit, Knowledge, Machine, Method, Moment, Output, Reason,
    Refusal, Request, Ticket, WindowKind,
};

/// A machine with a clock at hand.
pub(crate) struct Table {
    pub(crate) machine: Machine,
    pub(crate) now: Moment,
}

impl Table {
    pub(crate) fn new(config: Config) -> Self {
        Self { machine: Machine::new(config), now: Moment::ORIGIN }
    }

    pub(crate) fn ask(&mut self, request: &Request) -> Ticket {
        self.machine.enqueue(self.now, request)
    }

    /// All that may go now.
    pub(crate) fn granted(&mut self) -> Vec<Ticket> {
        self.outputs()
            .into_iter()
            .filter_map(|output| match output {
                Output::Granted(ticket) => Some(ticket),
                Output::Refused { .. } => None,
            })
            .collect()
    }

    pub(crate) fn outputs(&mut self) -> Vec<Output> {
        let outputs = std::iter::from_fn(|| self.machine.poll(self.now)).collect();
        self.machine.check_invariants();
        outputs
    }

    pub(crate) fn pass(&mut self, ms: u64) {
        self.now = self.now + Duration::from_millis(ms);
    }

    pub(crate) fn send(&mut self, ticket: Ticket) {
        self.machine.departed(self.now, ticket);
    }

    pub(crate) fn answer(&mut self, ticket: Ticket, answer: &Answer) {
        self.machine.settle(self.now, ticket, End::Answered(answer));
        self.machine.check_invariants();
    }

    /// Sends and answers one request at once.
    pub(crate) fn teach(&mut self, request: &Request, answer: &Answer) {
        let ticket = self.ask(request);
        assert_eq!(self.granted(), [ticket], "{request:?} may go");
        self.send(ticket);
        self.answer(ticket, answer);
    }

    pub(crate) fn refusal(&mut self) -> Option<(Ticket, Refusal)> {
        self.outputs().into_iter().find_map(|output| match output {
            Output::Refused { ticket, refusal } => Some((ticket, refusal)),
            Output::Granted(_) => None,
        })
    }
}

pub(crate) fn bucket(name: &str, limit: u32, remaining: u32, reset_after_ms: u64) -> Answer {
    Answer {
        status: 200,
        limit: Some(limit),
        remaining: Some(remaining),
        reset_after: Some(Duration::from_millis(reset_after_ms)),
        bucket: Some(name.into()),
        via: true,
        ..Answer::default()
    }
}

pub(crate) fn messages(channel: u64) -> Request {
    Request::post(format!("/channels/{}/messages", 100_000_000_000_000_000 + channel))
}

fn free() -> Config {
    Config { global: None, ..Config::default() }
}

#[test]
fn an_unknown_route_goes_one_at_a_time_and_a_known_one_as_far_as_it_has_room() {
    let mut table = Table::new(free());
    let tickets: Vec<Ticket> = (0..7).map(|_| table.ask(&messages(1))).collect();
    assert_eq!(table.granted(), tickets[..1]);
    table.send(tickets[0]);
    table.pass(100);
    table.answer(tickets[0], &bucket("b", 5, 4, 1_000));
    assert_eq!(table.granted(), tickets[1..5], "four are left");
    table.pass(950);
    assert_eq!(table.granted(), [], "the first slot is held until its reset");
    table.pass(51);
    assert_eq!(table.granted(), tickets[5..6]);
    let waited = table.machine.waited(tickets[5]);
    let expect =
        [(Reason::Bucket, Duration::from_millis(1_001)), (Reason::Learning, Duration::from_millis(100))];
    assert_eq!(waited, expect);
}

#[test]
fn what_one_resource_has_taught_holds_for_the_next() {
    let mut table = Table::new(free());
    table.teach(&messages(1), &bucket("b", 3, 2, 1_000));
    let tickets: Vec<Ticket> = (0..4).map(|_| table.ask(&messages(2))).collect();
    assert_eq!(table.granted(), tickets[..3], "no serial start");
}

#[test]
fn one_full_bucket_holds_up_no_other() {
    let mut table = Table::new(Config::default());
    table.teach(&messages(1), &bucket("b", 1, 0, 5_000));
    let blocked = table.ask(&messages(1));
    let free = table.ask(&messages(2));
    assert_eq!(table.granted(), [free]);
    table.pass(5_001);
    assert_eq!(table.granted(), [blocked]);
}

#[test]
fn under_the_global_limit_the_eldest_goes_first_whatever_its_route() {
    let global = Some(GlobalLimit { limit: 2, window: Duration::from_secs(1) });
    let mut table = Table::new(Config { global, ..Config::default() });
    let tickets: Vec<Ticket> = (0..6).map(|channel| table.ask(&messages(channel))).collect();
    assert_eq!(table.granted(), tickets[..2]);
    for ticket in &tickets[..2] {
        table.send(*ticket);
        table.answer(*ticket, &bucket("b", 5, 4, 1_000));
    }
    assert_eq!(table.machine.next_wakeup(), Some((Moment::from_secs(1), Reason::Global)));
    table.pass(1_000);
    assert_eq!(table.granted(), tickets[2..4]);
    assert_eq!(table.machine.waited(tickets[2]), [(Reason::Global, Duration::from_secs(1))]);
}

#[test]
fn routes_of_one_bucket_stand_in_one_line() {
    let mut table = Table::new(free());
    let put = |id: u64| {
        Request::new(
            Method::Put,
            format!("/channels/100000000000000001/pins/{}", 100_000_000_000_000_000 + id),
        )
    };
    let delete = |id: u64| {
        Request::new(
            Method::Delete,
            format!("/channels/100000000000000001/pins/{}", 100_000_000_000_000_000 + id),
        )
    };
    table.teach(&put(1), &bucket("b", 2, 1, 1_000));
    table.teach(&delete(1), &bucket("b", 2, 0, 1_000));
    let order: Vec<Ticket> =
        (0..4).map(|id| table.ask(&if id % 2 == 0 { delete(id) } else { put(id) })).collect();
    assert_eq!(table.granted(), [], "the two share one bucket");
    table.pass(1_001);
    assert_eq!(table.granted(), order[..2], "in the order in which they came, not by route");
}

/// One that waited for the other route's request found nobody to wake it, since that route's answers had stopped
/// to name the bucket.
#[test]
fn who_waits_for_a_request_whose_route_leaves_the_bucket_is_woken_all_the_same() {
    let mut table = Table::new(Config { idle: Duration::from_hours(1), ..free() });
    let pin = |method| Request::new(method, "/channels/100000000000000001/pins/100000000000000002");
    let (put, delete) = (pin(Method::Put), pin(Method::Delete));
    table.teach(&put, &bucket("a", 1, 0, 1_000));
    table.pass(2_000);
    table.teach(&delete, &bucket("a", 1, 0, 1_000));
    table.pass(2_000);
    table.teach(&put, &bucket("b", 5, 4, 1_000));
    table.pass(70_000);
    let under_both = table.ask(&put);
    assert_eq!(table.granted(), [under_both]);
    table.send(under_both);
    let waiting = table.ask(&delete);
    assert_eq!(table.granted(), [], "the only slot is on its way");
    table.answer(under_both, &bucket("b", 5, 4, 1_000));
    table.pass(1_100);
    assert_eq!(table.granted(), [waiting]);
}

#[test]
fn answers_to_interactions_pass_by_the_global_limit_but_not_by_the_pace() {
    let bot = Credential::of_token("Bot token");
    let global = Some(GlobalLimit { limit: 1, window: Duration::from_secs(1) });
    let config = Config { global, pace: Some(Duration::from_millis(350)), ..Config::default() };
    let mut table = Table::new(config);
    let first = table.ask(&Request::get("/users/@me").with_credential(bot));
    assert_eq!(table.granted(), [first]);
    let second = table.ask(&Request::get("/gateway").with_credential(bot));
    let callback =
        table.ask(&Request::post("/interactions/100000000000000001/token/callback").with_credential(bot));
    assert_eq!(table.granted(), [], "the pace holds for all");
    table.send(first);
    table.pass(350);
    assert_eq!(table.granted(), [callback]);
    table.send(callback);
    table.answer(first, &bucket("b", 5, 4, 1_000));
    table.pass(1_000);
    assert_eq!(table.granted(), [second]);
}

#[test]
fn the_pace_counts_between_departures_not_between_grants() {
    let pace = Some(Duration::from_millis(350));
    let mut table = Table::new(Config { pace, ..Config::default() });
    let (first, second) = (table.ask(&messages(1)), table.ask(&messages(2)));
    assert_eq!(table.granted(), [first]);
    table.pass(1_000);
    assert_eq!(table.granted(), [], "the first has not left yet");
    table.send(first);
    table.pass(349);
    assert_eq!(table.granted(), []);
    table.pass(1);
    assert_eq!(table.granted(), [second]);
    assert_eq!(table.machine.waited(second), [(Reason::Pace, Duration::from_millis(1_350))]);
}

#[test]
fn two_credentials_do_not_wait_for_each_other() {
    let config = Config { pace: Some(Duration::from_secs(10)), ..Config::default() };
    let mut table = Table::new(config);
    let of = |token| messages(1).with_credential(Credential::of_token(token));
    let (a, b) = (table.ask(&of("a")), table.ask(&of("b")));
    assert_eq!(table.granted(), [a, b]);
}

#[test]
fn a_deadline_that_cannot_be_met_is_refused_at_once() {
    let mut table = Table::new(free());
    table.teach(&messages(1), &bucket("b", 1, 0, 5_000));
    let late = table.ask(&messages(1).with_deadline(Moment::from_secs(4)));
    let (ticket, refusal) = table.refusal().expect("refused");
    assert_eq!(ticket, late);
    let expect = Refusal {
        reason: Reason::Bucket,
        wait: Duration::from_millis(5_001),
        allowed: Duration::from_secs(4),
        code: None,
    };
    assert_eq!(refusal, expect);
    assert_eq!(refusal.to_string(), "the wait of 5.0s (bucket) is longer than the 4.0s allowed");
    let in_time = table.ask(&messages(1).with_deadline(Moment::from_secs(6)));
    table.pass(5_001);
    assert_eq!(table.granted(), [in_time]);
}

#[test]
fn a_long_queue_counts_when_a_deadline_is_judged() {
    let mut table = Table::new(free());
    table.teach(&messages(1), &bucket("b", 5, 4, 10_000));
    for _ in 0..40 {
        table.ask(&messages(1));
    }
    table.ask(&messages(1).with_deadline(Moment::from_secs(30)));
    let (_, refusal) = table.refusal().expect("forty are before it, five go in ten seconds");
    assert_eq!((refusal.reason, refusal.wait), (Reason::Bucket, Duration::from_secs(70)));
}

#[test]
fn a_deadline_that_passes_while_waiting_ends_the_wait() {
    let mut table = Table::new(free());
    let first = table.ask(&messages(1));
    let second = table.ask(&messages(1).with_deadline(Moment::from_secs(3)));
    assert_eq!(table.granted(), [first]);
    assert_eq!(table.machine.next_wakeup(), Some((Moment::from_secs(3), Reason::Learning)));
    table.pass(3_000);
    let (ticket, refusal) = table.refusal().expect("refused");
    assert_eq!((ticket, refusal.reason), (second, Reason::Learning));
}

#[test]
fn a_huge_wait_refuses_those_behind_it_and_nobody_else() {
    let mut table = Table::new(free());
    let (first, second, other) = (table.ask(&messages(1)), table.ask(&messages(1)), table.ask(&messages(2)));
    assert_eq!(table.granted(), [first, other]);
    let headers = [("retry-after", "82721"), ("via", "1.1 google"), ("x-ratelimit-scope", "shared")];
    table.answer(first, &Answer::read(429, headers, b""));
    let (ticket, refusal) = table.refusal().expect("refused");
    assert_eq!((ticket, refusal.reason, refusal.wait.as_secs()), (second, Reason::Shared, 82_721));
    table.ask(&messages(1));
    assert_eq!(
        table.refusal().map(|(_, refusal)| refusal.reason),
        Some(Reason::Shared),
        "and who comes later too"
    );
    table.answer(other, &bucket("b", 5, 4, 1_000));
    let next = table.ask(&messages(2));
    assert_eq!(table.granted(), [next]);
}

#[test]
fn a_wait_without_end_is_refused_and_breaks_nothing() {
    let mut table = Table::new(free());
    let headers = [("retry-after", "1e300"), ("via", "1.1 google"), ("x-ratelimit-scope", "user")];
    table.teach(&messages(1), &Answer::read(429, headers, b""));
    table.ask(&messages(1));
    let (_, refusal) = table.refusal().expect("nobody has so much time");
    assert_eq!(refusal.reason, Reason::RetryAfter);
    table.teach(&messages(2), &bucket("b", 5, 4, 1_000));
}

#[test]
fn the_line_is_bounded() {
    let mut table = Table::new(Config { max_waiting: 2, ..free() });
    for _ in 0..3 {
        table.ask(&messages(1));
    }
    assert_eq!(table.refusal(), None);
    let fourth = table.ask(&messages(1));
    let (ticket, refusal) = table.refusal().expect("refused");
    assert_eq!((ticket, refusal.reason), (fourth, Reason::Full));
}

#[test]
fn another_try_keeps_its_place() {
    let mut table = Table::new(free());
    let first = table.ask(&messages(1));
    let second = table.ask(&messages(1));
    assert_eq!(table.granted(), [first]);
    let headers = [("retry-after", "1"), ("via", "1.1 google"), ("x-ratelimit-scope", "user")];
    table.answer(first, &Answer::read(429, headers, br#"{"retry_after": 0.5}"#));
    let again = table.machine.enqueue_again(table.now, &messages(1), first);
    assert!(again < second);
    table.pass(1_000);
    assert_eq!(table.granted(), [again]);
}

#[test]
fn an_explanation_names_what_holds_and_what_is_known() {
    let mut table = Table::new(free());
    table.teach(&messages(1), &bucket("b", 1, 0, 5_000));
    let explanation = table.machine.explain(table.now, &messages(1));
    let expect = Knowledge::Bucket { name: "b".into(), limit: 1, free: 0, window: WindowKind::Unknown };
    assert_eq!(explanation.knowledge, expect);
    let text = explanation.to_string();
    let expect = "POST /channels/:id/messages (channels/100000000000000001): waits 5.0s (bucket); 0 of 1 left in bucket b";
    assert_eq!(text, expect);
}
