//! `explain` from outside: one object per message, and what is not JSON is told.

use std::io::Write as _;
use std::process::Stdio;

use crate::harness::{Place, Ran};

const QUEUE_FULL: &str = r#"{
  "id": "1100000000000000000", "channel_id": "1", "author": {"id": "936929561302675456", "bot": true}, "content": "",
  "embeds": [{"title": "Queue full", "description": "Your job queue is full. Please wait for a job to finish first, then resubmit this one.", "color": 16711680}]
}"#;

const KEYS: [&str; 13] = [
    "kind",
    "error",
    "retryable",
    "percent",
    "mode",
    "stealth",
    "action",
    "image",
    "prompt",
    "job_id",
    "buttons",
    "retry_after",
    "until",
];

fn explain(text: &str, flags: &[&str]) -> Ran {
    let mut place = Place::bare();
    place.write("seen.json", text);
    place.run(&[&["explain", "seen.json"], flags].concat())
}

#[test]
fn a_notice_is_one_object_with_every_key() {
    let ran = explain(QUEUE_FULL, &["--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let [object] = &ran.json()[..] else { panic!("one line: {}", ran.stdout) };
    for key in KEYS {
        assert!(object.get(key).is_some(), "no {key}: {object}");
    }
    assert_eq!((object["kind"].as_str(), object["error"].as_str()), (Some("queue_full"), Some("QueueFull")));
    assert_eq!(object["retryable"], true);
}

#[test]
fn a_page_is_one_object_per_message() {
    let ran = explain(&format!("[{QUEUE_FULL}, {QUEUE_FULL}]"), &["--json"]);
    assert_eq!(ran.json().len(), 2, "{}", ran.stdout);
}

#[test]
fn words_for_people_name_kind_and_error() {
    let ran = explain(QUEUE_FULL, &[]);
    assert!(ran.stdout.starts_with("queue_full (QueueFull): "), "{}", ran.stdout);
}

#[test]
fn an_answer_of_the_edge_is_a_rate_limit_with_json_or_without() {
    let json = r#"{"code": 0, "message": "You are being blocked from accessing our API temporarily due to exceeding our rate limits frequently."}"#;
    for body in
        [json, "error code: 1015", "<!DOCTYPE html>\n<html><body>You are being rate limited</body></html>"]
    {
        let ran = explain(body, &["--json"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let [object] = &ran.json()[..] else { panic!("one line: {}", ran.stdout) };
        let found = (object["kind"].as_str(), object["error"].as_str());
        assert_eq!(found, (Some("rate_limited"), Some("RateLimited")), "{body}");
        assert_eq!(object["retryable"], true, "{body}");
    }
}

#[test]
fn standard_input_is_read() {
    let place = Place::bare();
    let mut command = place.command(&["explain", "--json", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("its stdin").write_all(QUEUE_FULL.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(String::from_utf8_lossy(&output.stdout).contains("queue_full"));
}

#[test]
fn what_is_not_json_or_not_there_is_a_usage_error() {
    for (text, says) in [("{", "not JSON"), ("", "empty"), ("<svg>", "not JSON"), ("not a body", "not JSON")]
    {
        let ran = explain(text, &[]);
        assert_eq!(ran.code, Some(2), "{text}");
        ran.says(&["seen.json", says, "hint: "]);
    }
    let ran = Place::bare().run(&["explain", "nowhere.json"]);
    assert_eq!(ran.code, Some(2));
    ran.says(&["nowhere.json", "hint: "]);
}

#[test]
fn every_fixture_is_explained_without_a_panic() {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let mut explained = 0;
    for file in json_below(&fixtures) {
        let ran = Place::bare().run(&["explain", "--json", &file.to_string_lossy()]);
        assert_eq!(ran.code, Some(0), "{}: {}", file.display(), ran.stderr);
        assert!(!ran.json().is_empty(), "{}", file.display());
        explained += 1;
    }
    assert!(explained > 40, "only {explained} fixtures were found");
}

fn json_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(json_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found
}
