//! What is kept over a restart, in text and in a file. Scenario S24 has what it is worth.

use std::error::Error as _;
use std::time::Duration;

use journeyman_limiter::{
    Answer, Clock, Config, Credential, Fields, Hold, Limiter, Machine, Method, Moment, Occasion, Output,
    Reason, Request, Saved, SavedError, store,
};

use crate::lines::{Table, bucket, messages};

const WALL: Duration = Duration::from_millis(1_800_000_000_123);

fn rename() -> Request {
    let token = Credential::of_token("Bot a.secret.token");
    Request::new(Method::Patch, "/channels/100000000000000001")
        .with_credential(token)
        .with_fields(Fields::of(["name"]))
}

/// Two names go, and the third meets a limit that no header shows.
fn taught() -> Table {
    let mut table = Table::new(Config::default());
    for _ in 0..2 {
        table.teach(&rename(), &bucket("edit", 5, 4, 1_000));
        table.pass(1_000);
    }
    let mut refused = bucket("edit", 5, 4, 1_000);
    (refused.status, refused.retry_after) = (429, Some(Duration::from_secs(598)));
    table.teach(&rename(), &refused);
    table
}

fn next(saved: &Saved, later: Duration) -> Machine {
    let mut machine = Machine::new(Config::default());
    machine.load(Moment::ORIGIN, saved, WALL + later);
    machine
}

fn hold(machine: &mut Machine, request: &Request) -> Option<Hold> {
    machine.explain(Moment::ORIGIN, request).hold
}

#[test]
fn learnt_limits_are_kept_over_restarts_in_a_small_file() {
    let table = taught();
    let saved = table.machine.save(table.now, WALL, Occasion::Stopping);
    let text = saved.to_text();
    assert!(text.len() < 4_096, "{} bytes", text.len());
    assert!(!text.contains("secret"), "a token is in the file: {text}");
    let saved = Saved::from_text(&text).expect("what was written is read");
    let mut machine = next(&saved, Duration::from_secs(98));
    let wait = Some(Duration::from_secs(500));
    assert_eq!(hold(&mut machine, &rename()).map(|hold| hold.reason), None, "nobody has asked yet");
    let _waits = machine.enqueue(Moment::ORIGIN, &rename());
    assert_eq!(hold(&mut machine, &rename()), Some(Hold { reason: Reason::SubLimit, wait }));
    let other = rename().with_fields(Fields::of(["position"]));
    assert_eq!(hold(&mut machine, &other), None, "other fields do not wait");
    machine.check_invariants();
}

/// The one took all memory, the other more time than there is.
#[test]
fn a_bucket_without_measure_is_kept_in_a_small_file() {
    let mut table = Table::new(Config::default());
    let mut endless = bucket("b", u32::MAX, 0, 1_000);
    endless.reset_after = Some(Duration::MAX);
    table.teach(&messages(1), &endless);
    let text = table.machine.save(table.now, WALL, Occasion::Stopping).to_text();
    assert!(text.len() < 4_096, "{} bytes", text.len());
    let saved = Saved::from_text(&text).expect("what was written is read");
    let mut again = next(&saved, Duration::ZERO);
    let _waits = again.enqueue(Moment::ORIGIN, &messages(1));
    assert!(again.save(Moment::ORIGIN, WALL, Occasion::Running).to_text().len() < 4_096);
}

#[test]
fn what_is_kept_of_a_bucket_lets_the_first_burst_go_at_once() {
    let mut table = Table::new(Config::default());
    table.teach(&messages(1), &bucket("b", 5, 4, 5_000));
    let saved = table.machine.save(table.now, WALL, Occasion::Stopping);
    let granted = |mut machine: Machine, channel| {
        for _ in 0..6 {
            let _ticket = machine.enqueue(Moment::ORIGIN, &messages(channel));
        }
        let outputs = std::iter::from_fn(|| machine.poll(Moment::ORIGIN));
        outputs.filter(|output| matches!(output, Output::Granted(_))).count()
    };
    assert_eq!(granted(next(&saved, Duration::ZERO), 1), 4, "one slot is still taken");
    assert_eq!(granted(next(&saved, Duration::from_secs(6)), 1), 5, "it has come back meanwhile");
    assert_eq!(granted(next(&saved, Duration::ZERO), 2), 5, "another channel");
    // What was saved while the process went on to send may be too little.
    let running = table.machine.save(table.now, WALL, Occasion::Running);
    assert_eq!(granted(next(&running, Duration::ZERO), 1), 1);
}

fn granted(machine: &mut Machine, requests: impl Iterator<Item = Request>) -> usize {
    for request in requests {
        let _ticket = machine.enqueue(Moment::ORIGIN, &request);
    }
    let outputs = std::iter::from_fn(|| machine.poll(Moment::ORIGIN));
    outputs.filter(|output| matches!(output, Output::Granted(_))).count()
}

#[test]
fn quarter_steps_of_the_global_limit_are_kept_over_a_restart() {
    let mut table = Table::new(Config::default());
    let global = Answer {
        status: 429,
        global: true,
        retry_after: Some(Duration::from_secs(1)),
        via: true,
        ..Answer::default()
    };
    table.teach(&messages(1), &global);
    let saved = table.machine.save(table.now, WALL, Occasion::Stopping);
    let mut machine = next(&saved, Duration::from_mins(1));
    assert_eq!(granted(&mut machine, (100..160).map(messages)), 37, "a quarter less than fifty");
}

fn delete(number: u64) -> Request {
    let (channel, id) = (100_000_000_000_000_001_u64, 200_000_000_000_000_000 + number);
    Request::new(Method::Delete, format!("/channels/{channel}/messages/{id}"))
}

/// Two routes name one hash; each answer tells of its own route's use alone, until it is clear that they are apart.
fn split() -> Table {
    let mut table = Table::new(Config::default());
    table.teach(&messages(1), &bucket("b", 5, 4, 10));
    table.teach(&delete(9), &bucket("b", 5, 4, 10));
    table.pass(20);
    for left in [4, 3, 2] {
        table.teach(&messages(1), &bucket("b", 5, left, 60_000));
        table.teach(&delete(u64::from(left)), &bucket("b", 5, left, 60_000));
    }
    table
}

#[test]
fn hash_splits_are_kept_over_a_restart() {
    let table = split();
    let text = table.machine.save(table.now, WALL, Occasion::Stopping).to_text();
    let saved = Saved::from_text(&text).expect("what was written is read");
    let asked = || (0..6).map(|_| messages(1)).chain((10..16).map(delete));
    assert_eq!(granted(&mut next(&saved, Duration::ZERO), asked()), 0, "each has its own, and it is used up");
    let mut machine = next(&saved, Duration::from_mins(2));
    assert_eq!(granted(&mut machine, asked()), 10, "each has its own five");
    machine.check_invariants();
    let again = machine.save(Moment::ORIGIN, WALL, Occasion::Stopping);
    assert_eq!(granted(&mut next(&again, Duration::from_mins(10)), asked()), 10, "and still apart");
}

/// What an earlier version wrote has none of what was added since.
#[test]
fn files_of_before_splits_and_steps_were_kept_are_still_read() {
    let table = split();
    let text = table.machine.save(table.now, WALL, Occasion::Stopping).to_text();
    let mut file: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let top = file.as_object_mut().expect("an object");
    assert!(top.remove("splits").is_some());
    for (list, keys) in [("accounts", &["taken", "calm_us"][..]), ("buckets", &["of"])] {
        for record in top[list].as_array_mut().expect("a list") {
            for key in keys {
                assert!(record.as_object_mut().expect("an object").remove(*key).is_some(), "{key}");
            }
        }
    }
    let saved = Saved::from_text(&file.to_string()).expect("it is read");
    let mut machine = next(&saved, Duration::from_mins(2));
    let asked = (0..6).map(|_| messages(1)).chain((10..16).map(delete));
    assert_eq!(granted(&mut machine, asked), 5, "counted together until answers say otherwise");
    machine.check_invariants();
}

#[test]
fn a_ban_of_the_edge_is_kept_over_a_restart() {
    let mut table = Table::new(Config::default());
    table.teach(&messages(1), &Answer::read(429, [("retry-after", "3600")], b"error code: 1015"));
    let saved = table.machine.save(table.now, WALL, Occasion::Stopping);
    let mut machine = next(&saved, Duration::from_mins(10));
    let _refused = machine.enqueue(Moment::ORIGIN, &messages(7));
    let Some(Output::Refused { refusal, .. }) = machine.poll(Moment::ORIGIN) else { panic!("it is held") };
    assert_eq!((refusal.reason, refusal.wait), (Reason::EdgeBan, Duration::from_mins(50)));
}

#[test]
fn a_damaged_or_unknown_text_is_an_error_that_says_so_and_nothing_panics() {
    let text = taught().machine.save(Moment::from_secs(10), WALL, Occasion::Stopping).to_text();
    for end in 0..text.len() - 1 {
        let error = text.get(..end).map(Saved::from_text);
        assert!(matches!(error, Some(Err(SavedError::Damaged { .. }))), "cut at {end}");
    }
    let newer = text.replacen("\"version\": 1", "\"version\": 7", 1);
    assert_eq!(Saved::from_text(&newer), Err(SavedError::UnknownVersion { found: 7 }));
    // Numbers that no limiter writes.
    let odd = text.replace("_us\": ", "_us\": 1844674407370955").replace("\"route\": 0", "\"route\": 99");
    if let Ok(saved) = Saved::from_text(&odd) {
        next(&saved, Duration::ZERO).check_invariants();
    }
}

#[tokio::test]
async fn a_file_is_written_whole_and_a_damaged_one_names_itself_and_the_cure() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("limits.json");
    assert!(store::read(&path).expect("no file is no error").is_none());
    let limiter = Limiter::new(Config::default(), Clock::real());
    let mut permit = limiter.acquire(&messages(1)).await.expect("nothing is known yet");
    permit.departed();
    permit.answered(&bucket("b", 5, 4, 60_000));
    let saved = limiter.save(WALL, Occasion::Stopping);
    store::write(&path, &saved).expect("it is written");
    store::write(&path, &saved).expect("and again");
    let read = store::read(&path).expect("it is read").expect("it is there");
    assert_eq!(read, saved);
    let again = Limiter::new(Config::default(), Clock::real());
    again.restore(&read, WALL);
    let _permit = again.acquire(&messages(1)).await.expect("there is room");
    assert!(again.explain(&messages(1)).to_string().contains("of 5 left in bucket b"));
    std::fs::write(&path, "{\"version\": 1, ").expect("it is damaged");
    let error = store::read(&path).expect_err("it is damaged");
    assert!(error.to_string().contains("limits.json"), "{error}");
    assert!(error.to_string().contains("move the file away"), "{error}");
    assert!(error.source().expect("a cause").to_string().contains("damaged"));
    let nowhere = store::write(&directory.path().join("no/limits.json"), &saved).expect_err("no directory");
    assert!(nowhere.to_string().contains("its directory exists"), "{nowhere}");
}
