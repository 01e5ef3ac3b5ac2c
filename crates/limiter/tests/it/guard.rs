//! The guard of the address: who is refused at the door, for how long, and who is not. It draws nothing at random.

use std::time::Duration;

use journeyman_limiter::{
    Answer, Config, Credential, Egress, Event, GuardConfig, Method, Moment, Output, Priority, Reason,
    Request, Scope, Tenant,
};

use crate::lines::{Table, bucket, messages};

fn table() -> Table {
    Table::new(Config { global: None, ..Config::default() })
}

fn alice() -> Credential {
    Credential::of_token("Bot alice")
}

/// An answer of Discord's with an error's body.
fn error(status: u16, code: u64) -> Answer {
    let body = format!("{{\"message\": \"no\", \"code\": {code}}}");
    Answer::read(status, [("via", "1.1 google"), ("content-type", "application/json")], body.as_bytes())
}

fn webhook(token: &str) -> Request {
    Request::post(format!("/webhooks/100000000000000001/{token}?wait=true"))
}

/// What a refusal at the door says, and that there is one.
fn refused(table: &mut Table, request: &Request) -> Reason {
    let ticket = table.ask(request);
    let (whose, refusal) = table.refusal().unwrap_or_else(|| panic!("{request:?} is let in"));
    assert_eq!(whose, ticket);
    refusal.reason
}

fn goes(table: &mut Table, request: &Request) {
    table.teach(request, &bucket("b", 50, 49, 10));
    table.pass(20);
}

#[test]
fn a_401_latches_the_credential_until_a_human_acts_and_what_waits_is_refused_at_once() {
    let mut table = table();
    let mine = messages(1).with_credential(alice());
    let (first, behind) = (table.ask(&mine), table.ask(&mine));
    assert_eq!(table.granted(), [first]);
    table.send(first);
    table.answer(first, &error(401, 0));
    let (ticket, refusal) = table.refusal().expect("the one behind is refused");
    assert_eq!((ticket, refusal.reason, refusal.wait), (behind, Reason::TokenRefused, Duration::MAX));
    assert!(refusal.to_string().contains("unlatch"), "{refusal}");

    table.pass(3_600_000);
    let other = Request::get("/users/@me").with_credential(alice());
    assert_eq!(refused(&mut table, &other), Reason::TokenRefused, "no time heals it");
    assert_eq!(
        table.machine.explain(table.now, &other).to_string(),
        "GET /users/@me: does not go before somebody has acted (token-refused): check the token, set a new one, \
         or unlatch this one; its limit is not known yet"
    );
    assert_eq!(table.machine.event(), Some(Event::TokenRefused { credential: alice() }));
    goes(&mut table, &messages(2).with_credential(Credential::of_token("Bot bob")));
    goes(&mut table, &messages(2));

    assert!(table.machine.is_latched(alice()) && table.machine.unlatch(alice()));
    assert!(!table.machine.unlatch(alice()), "it is unlatched already");
    goes(&mut table, &other);
}

#[test]
fn the_anonymous_credential_is_never_latched() {
    let mut table = table();
    table.teach(&messages(1), &error(401, 0));
    table.pass(2_000);
    goes(&mut table, &messages(1));
}

#[test]
fn a_404_latches_the_webhook_and_no_other() {
    let mut table = table();
    let dead = webhook(&"t".repeat(68));
    table.teach(&dead, &error(404, 10_015));
    assert_eq!(refused(&mut table, &dead), Reason::UnknownWebhook);
    let message = Request::new(Method::Patch, format!("{}/messages/100000000000000002", path(&dead)));
    assert_eq!(refused(&mut table, &message.with_credential(alice())), Reason::UnknownWebhook);
    goes(&mut table, &webhook(&"u".repeat(68)));
    assert!(table.machine.unlatch_webhook(&dead));
    goes(&mut table, &dead);
}

#[test]
fn a_404_for_something_else_under_a_webhook_latches_nothing() {
    let mut table = table();
    let hook = webhook(&"t".repeat(68));
    // An unknown message, and a thread that is not there.
    let message = Request::new(Method::Delete, format!("{}/messages/100000000000000002", path(&hook)));
    table.teach(&message, &error(404, 10_008));
    table.teach(&hook, &error(404, 10_003));
    table.pass(2_000);
    // Nothing said: the message may be missing, and the webhook itself is.
    table.teach(&message, &Answer { status: 404, via: true, ..Answer::default() });
    table.pass(2_000);
    table.teach(&hook, &Answer { status: 404, via: true, ..Answer::default() });
    assert_eq!(refused(&mut table, &message), Reason::UnknownWebhook);
}

/// A follow-up may overtake the first answer to its interaction, and finds no webhook then.
#[test]
fn a_404_for_an_interaction_is_remembered_for_a_second_and_longer_each_time() {
    let mut table = table();
    let early = webhook(&format!("aW50ZXJhY3Rpb246{}", "x".repeat(100)));
    for seconds in [1, 2, 4, 8] {
        table.teach(&early, &error(404, 10_015));
        assert_eq!(refused(&mut table, &early), Reason::UnknownWebhook);
        table.pass(seconds * 1_000 - 1);
        assert_eq!(refused(&mut table, &early), Reason::UnknownWebhook);
        table.pass(1);
    }
    goes(&mut table, &early);
    table.teach(&early, &error(404, 10_015));
    table.pass(1_000);
    goes(&mut table, &early);
}

/// The token in the path is what is refused, whatever token the header carries.
#[test]
fn a_401_for_a_webhooks_own_token_latches_the_webhook_and_not_the_credential() {
    let mut table = table();
    let hook = webhook(&"t".repeat(68)).with_credential(alice());
    table.teach(&hook, &error(401, 50_027));
    assert_eq!(refused(&mut table, &hook), Reason::TokenRefused);
    goes(&mut table, &messages(1).with_credential(alice()));
}

/// Asked by its id alone, a webhook has no token in its path: one client's bad token must not shut it for all.
#[test]
fn a_401_for_a_webhook_asked_by_its_id_latches_the_credential_and_not_the_webhook() {
    let mut table = table();
    let hook = Request::get("/webhooks/100000000000000001");
    table.teach(&hook.clone().with_credential(alice()), &error(401, 0));
    assert!(table.machine.is_latched(alice()));
    goes(&mut table, &hook.clone().with_credential(Credential::of_token("Bot bob")));
    table.teach(&hook.clone().with_credential(Credential::of_token("Bot bob")), &error(404, 10_015));
    assert_eq!(refused(&mut table, &hook), Reason::UnknownWebhook);
}

#[test]
fn a_403_is_remembered_for_a_while_with_its_code_and_longer_each_time() {
    let mut table = table();
    let member = |id: u64| Request::new(Method::Put, format!("/guilds/100000000000000001/members/{id}"));
    let (above, below) = (member(100_000_000_000_000_002), member(100_000_000_000_000_003));
    for seconds in [10, 20, 40, 80, 160, 320, 600, 600] {
        table.teach(&above, &error(403, 50_013));
        table.pass(seconds * 1_000 - 1);
        table.ask(&above);
        let (_, refusal) = table.refusal().expect("it is remembered");
        assert_eq!((refusal.reason, refusal.code), (Reason::Forbidden, Some(50_013)));
        assert_eq!(refusal.wait, Duration::from_millis(1));
        table.pass(1);
    }
    // Another member of the same guild may well be allowed.
    goes(&mut table, &below);
    table.teach(&above, &error(403, 50_013));
    table.pass(1_200_000);
    goes(&mut table, &above);
    table.teach(&above, &error(403, 50_013));
    table.pass(10_000);
    goes(&mut table, &above);
}

#[test]
fn a_403_for_want_of_access_is_remembered_for_the_whole_route_of_the_resource() {
    let mut table = table();
    let message = |id: u64| Request::get(format!("/channels/100000000000000001/messages/{id}"));
    table.teach(&message(100_000_000_000_000_002), &error(403, 50_001));
    assert_eq!(refused(&mut table, &message(100_000_000_000_000_003)), Reason::Forbidden);
    goes(&mut table, &messages(1));
}

/// All servers of an application have one route, and lacking access to one says nothing about the next.
#[test]
fn a_403_for_want_of_access_is_about_the_path_where_the_route_has_no_resource() {
    let mut table = table();
    let commands = |guild: u64| {
        Request::new(Method::Put, format!("/applications/100000000000000001/guilds/{guild}/commands"))
    };
    table.teach(&commands(100_000_000_000_000_002), &error(403, 50_001));
    assert_eq!(refused(&mut table, &commands(100_000_000_000_000_002)), Reason::Forbidden);
    table.pass(2_000);
    goes(&mut table, &commands(100_000_000_000_000_003));
}

/// Nobody is refused for a wait that it has time for, only since somebody critical waits behind it.
#[test]
fn at_the_hard_threshold_the_eldest_waits_on_while_the_critical_behind_it_go() {
    let guard = GuardConfig { hard: 1, ..GuardConfig::default() };
    let ageing = Duration::from_secs(1);
    let mut table = Table::new(Config { global: None, guard, ageing, ..Config::default() });
    table.teach(&messages(2), &bucket("b", 50, 49, 10));
    table.teach(&messages(1), &error(403, 0));
    let elder = table.ask(&messages(2));
    table.pass(2_000);
    for _ in 0..20 {
        let urgent = table.ask(&messages(2).with_priority(Priority::Critical));
        assert_eq!(table.outputs(), [Output::Granted(urgent)]);
        table.send(urgent);
        table.answer(urgent, &bucket("b", 50, 49, 10));
    }
    table.now = Moment::from_secs(600);
    assert_eq!(table.granted(), [elder]);
}

#[test]
fn soft_and_hard_thresholds_stop_what_is_not_critical_and_then_everything() {
    let guard = GuardConfig { soft: 2, hard: 3, full_stop: 5, ..GuardConfig::default() };
    let mut table =
        Table::new(Config { global: None, guard, max_wait: Duration::from_secs(1), ..Config::default() });
    let urgent = |channel| messages(channel).with_priority(Priority::Critical);
    for channel in 0..3 {
        table.teach(&messages(channel), &error(403, 0));
        table.pass(1_000);
    }
    let events: Vec<Event> = std::iter::from_fn(|| table.machine.event()).collect();
    assert_eq!(events, [Event::ManyInvalid { count: 2 }, Event::Stopped { count: 3, all: false }]);
    assert_eq!(refused(&mut table, &messages(10)), Reason::Guard);
    let told = table.machine.explain(table.now, &messages(10)).to_string();
    assert!(told.contains("waits 597.0s (guard): find out who sends"), "{told}");
    for channel in 20..22 {
        table.teach(&urgent(channel), &error(403, 0));
        table.pass(1_000);
    }
    assert_eq!(refused(&mut table, &urgent(30)), Reason::Guard);
    assert_eq!(table.machine.event(), Some(Event::Stopped { count: 5, all: true }));

    // The first is ten minutes old: four are left in the window. Later there are two.
    table.now = Moment::from_secs(600);
    goes(&mut table, &urgent(31));
    assert_eq!(refused(&mut table, &messages(10)), Reason::Guard);
    table.now = Moment::from_secs(602);
    goes(&mut table, &messages(10));
}

#[test]
fn whoever_waits_for_the_guard_goes_when_there_are_fewer() {
    let guard = GuardConfig { hard: 1, ..GuardConfig::default() };
    let mut table = Table::new(Config { global: None, guard, ..Config::default() });
    table.teach(&messages(1), &error(403, 0));
    let ticket = table.ask(&messages(2));
    assert_eq!(table.granted(), []);
    assert_eq!(table.machine.next_wakeup(), Some((Moment::from_secs(600), Reason::Guard)));
    table.pass(600_000);
    assert_eq!(table.granted(), [ticket]);
}

#[test]
fn a_tenant_that_uses_up_its_budget_is_refused_and_no_other() {
    let guard = GuardConfig { tenant: 2, ..GuardConfig::default() };
    let mut table = Table::new(Config { global: None, guard, ..Config::default() });
    let noisy = |channel| messages(channel).with_tenant(Tenant::named("noisy"));
    for channel in 0..2 {
        table.teach(&noisy(channel), &error(403, 0));
        table.pass(1_000);
    }
    assert_eq!(refused(&mut table, &noisy(5)), Reason::Guard);
    goes(&mut table, &messages(5).with_tenant(Tenant::named("quiet")));
    goes(&mut table, &messages(5));
    table.now = Moment::from_secs(600);
    goes(&mut table, &noisy(5));
}

#[test]
fn a_shared_429_and_the_answers_of_a_proxy_itself_do_not_count() {
    let mut table = table();
    let limited = |scope| {
        let headers = [("via", "1.1 google"), ("retry-after", "1"), ("x-ratelimit-scope", scope)];
        Answer::read(429, headers, br#"{"retry_after": 1.0}"#)
    };
    table.teach(&messages(1), &limited("shared"));
    assert_eq!(table.machine.invalid_requests(table.now), 0);
    table.teach(&messages(2), &limited("user"));
    assert_eq!(table.machine.invalid_requests(table.now), 1);
    for status in [401, 403, 429] {
        let own = [("via", "1.1 journeyman-proxy"), ("x-sent-by-proxy", "true"), ("retry-after", "1")];
        let mine = messages(u64::from(status)).with_credential(alice());
        table.teach(&mine, &Answer::read(status, own, br#"{"code": 0, "retry_after": 1.0}"#));
    }
    assert_eq!(table.machine.invalid_requests(table.now), 1);
    table.pass(2_000);
    goes(&mut table, &messages(3).with_credential(alice()));
}

#[test]
fn a_page_of_the_edge_latches_no_token() {
    let mut table = table();
    let page = Answer::read(401, [("content-type", "text/html; charset=UTF-8")], b"<html>");
    table.teach(&messages(1).with_credential(alice()), &page);
    assert!(!table.machine.is_latched(alice()));
}

fn path(request: &Request) -> &str {
    request.path.split('?').next().unwrap_or_default()
}

/// Below its thresholds the guard denies nothing, and yet it counts: that is no contradiction.
#[test]
fn invalid_requests_of_nobody_in_particular_are_counted_without_a_contradiction() {
    let mut table = Table::new(Config { global: None, ..Config::default() });
    let limited = Answer {
        status: 429,
        scope: Some(Scope::User),
        retry_after: Some(Duration::from_secs(1)),
        via: true,
        ..Answer::default()
    };
    for number in 0..800 {
        table.teach(&messages(number), &limited);
        table.pass(10);
    }
    assert_eq!(table.machine.invalid_requests(table.now), 800);
}

/// Discord counts per address, and a token that is refused is refused from everywhere.
#[test]
fn each_egress_address_has_an_invalid_request_guard_of_its_own() {
    let guard = GuardConfig { hard: 5, ..GuardConfig::default() };
    let mut table = Table::new(Config { global: None, guard, ..Config::default() });
    let (first, second) = (Egress::DEFAULT, Egress::numbered(1));
    for number in 0..5 {
        let path = format!("/channels/{}/messages", 100_000_000_000_000_000_u64 + number);
        table.teach(&Request::post(path).with_egress(second), &error(403, 50_013));
    }
    let from = |egress| table.machine.invalid_requests_from(table.now, egress);
    assert_eq!((from(first), from(second)), (0, 5));
    let mut held = |egress| table.machine.explain(table.now, &messages(90).with_egress(egress)).hold;
    assert_eq!(held(second).map(|hold| hold.reason), Some(Reason::Guard));
    assert_eq!(held(first), None);
    let waits = table.ask(&messages(90).with_egress(second));
    assert_eq!(table.granted(), [], "nothing goes from there");
    goes(&mut table, &messages(91).with_egress(first));
    table.pass(600_000);
    assert_eq!(table.granted(), [waits]);
    let token = |egress| Request::get("/users/@me").with_credential(alice()).with_egress(egress);
    table.teach(&token(first), &error(401, 0));
    assert_eq!(refused(&mut table, &token(second)), Reason::TokenRefused, "the token is no good anywhere");
}
