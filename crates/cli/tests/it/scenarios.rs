//! Each scenario from a prompt to its end: the right error, the right exit code. The simulator is a second process.

use serde_json::Value;

use crate::harness::{Place, Ran, Sim};

/// The scenarios of the issue, by name.
pub(crate) const SEVEN: [&str; 7] = [
    "happy",
    "pre-moderation",
    "post-moderation",
    "ephemeral-moderation",
    "job-queued",
    "queue-full",
    "invalid-request",
];

const VISIBLE: [&str; 4] = ["--errors", "visible", "--progress", "visible"];

/// Runs one imagine against a world of its own; returns what was written and what arrived there.
fn imagine(world: &[&str], scenario: &str, flags: &[&str]) -> (Ran, Value) {
    let sim = Sim::start(&[world, &["--scenario", scenario]].concat());
    let place = sim.place().with("JOURNEYMAN_PROGRESS", "visible");
    let ran = place.run(&[&["imagine", "--json", "--out", "images", "a lighthouse at dawn"], flags].concat());
    let report = sim.report();
    assert_eq!(report["invalid_requests"], 0, "{report}");
    let is_finished = ran.last()["event"] == "finished";
    assert_eq!(!place.files_in("images").is_empty(), is_finished, "images and event disagree");
    (ran, report)
}

fn fails(world: &[&str], scenario: &str, flags: &[&str], error: &str, code: i32, retryable: bool) -> Value {
    let (ran, _) = imagine(world, scenario, flags);
    let last = ran.last();
    assert_eq!(last["event"], "failed", "{scenario}: {last}");
    assert_eq!(last["error"], error, "{scenario}: {last}");
    assert_eq!(last["retryable"], retryable, "{scenario}: {last}");
    assert_eq!(last["exit_code"], code, "{scenario}: {last}");
    assert!(last["message"].as_str().is_some_and(|text| !text.is_empty()), "{scenario}: {last}");
    assert!(last["hint"].as_str().is_some_and(|text| !text.is_empty()), "{scenario}: {last}");
    assert_eq!(ran.code, Some(code), "{scenario}");
    last
}

fn finishes(world: &[&str], scenario: &str) -> Ran {
    let (ran, report) = imagine(world, scenario, &["--split"]);
    let last = ran.last();
    assert_eq!(last["event"], "finished", "{scenario}: {last}");
    assert_eq!(ran.code, Some(0), "{scenario}");
    // A grid and its four quarters.
    let files = last["files"].as_array().expect("files");
    assert_eq!(files.len(), 5, "{last}");
    let jobs = report["jobs"].as_array().expect("jobs");
    assert_eq!(jobs.len(), 1, "{report}");
    assert_eq!(jobs[0]["executions"], 1, "{report}");
    ran
}

#[test]
fn the_happy_path_ends_in_files() {
    let ran = finishes(&VISIBLE, "happy");
    assert!(ran.json().iter().any(|line| line["event"] == "progress"), "{}", ran.stdout);
}

#[test]
fn a_queued_job_is_told_and_finishes() {
    let ran = finishes(&VISIBLE, "job-queued");
    assert!(ran.json().iter().any(|line| line["event"] == "queued"), "{}", ran.stdout);
}

#[test]
fn a_queued_job_is_an_error_when_asked_for() {
    fails(&VISIBLE, "job-queued", &["--fail-if-queued"], "JobQueued", 15, true);
}

#[test]
fn a_prompt_that_is_refused_is_pre_moderation() {
    fails(&VISIBLE, "pre-moderation", &[], "PreModeration", 10, false);
}

#[test]
fn a_job_that_is_stopped_is_post_moderation() {
    fails(&VISIBLE, "post-moderation", &[], "PostModeration", 11, false);
}

#[test]
fn a_message_that_vanishes_without_a_result_is_ephemeral_moderation() {
    fails(&VISIBLE, "ephemeral-moderation", &[], "EphemeralModeration", 12, false);
}

#[test]
fn a_full_queue_is_an_error_that_can_be_tried_again() {
    fails(&VISIBLE, "queue-full", &[], "QueueFull", 14, true);
}

#[test]
fn an_invalid_request_is_an_error_of_its_own() {
    fails(&VISIBLE, "invalid-request", &[], "InvalidRequest", 13, false);
}

#[test]
fn by_default_the_happy_path_and_a_queued_job_finish() {
    finishes(&[], "happy");
    finishes(&[], "job-queued");
}

#[test]
fn without_the_gateway_refusals_cannot_be_seen_and_the_error_says_so() {
    for scenario in ["pre-moderation", "invalid-request", "queue-full"] {
        let last = fails(&[], scenario, &["--watch", "poll"], "NoResponse", 18, false);
        let hint = last["hint"].as_str().unwrap_or_default();
        assert!(hint.contains("gateway") && hint.contains("moderation"), "{scenario}: {last}");
    }
}

#[test]
fn by_the_gateway_each_of_the_seven_is_known_in_both_eras() {
    for era in ["2023", "2026"] {
        let world = ["--era", era];
        let ran = finishes(&world, "happy");
        assert!(ran.json().iter().any(|line| line["event"] == "progress"), "{era}: {}", ran.stdout);
        let ran = finishes(&world, "job-queued");
        assert!(ran.json().iter().any(|line| line["event"] == "queued"), "{era}: {}", ran.stdout);
        fails(&world, "pre-moderation", &[], "PreModeration", 10, false);
        fails(&world, "post-moderation", &[], "PostModeration", 11, false);
        fails(&world, "ephemeral-moderation", &[], "EphemeralModeration", 12, false);
        fails(&world, "invalid-request", &[], "InvalidRequest", 13, false);
        fails(&world, "queue-full", &[], "QueueFull", 14, true);
    }
}

#[test]
fn the_simulator_within_the_process_needs_no_configuration() {
    let place = Place::bare();
    let ran = place.run(&["imagine", "--sim", "--speed", "50", "a lighthouse at dawn --ar 3:2"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let files = place.files_in("journeyman-images");
    let printed: Vec<String> = ran.stdout.lines().map(str::to_owned).collect();
    assert_eq!(printed.len(), 1, "{}", ran.stdout);
    assert_eq!(files, [place.path(&printed[0])]);
    assert!(image::open(&files[0]).is_ok_and(|picture| picture.width() > picture.height()), "3:2 is wide");
}

#[test]
fn the_world_within_the_process_knows_the_same_scenarios() {
    let args = [
        &["imagine", "--sim", "--speed", "50", "--json", "--scenario", "queue-full"][..],
        &VISIBLE,
        &["a fox"],
    ];
    let ran = Place::bare().run(&args.concat());
    assert_eq!(ran.code, Some(14), "{}", ran.stderr);
    assert_eq!(ran.last()["error"], "QueueFull");
    ran.says(&["note: ", "never seen in a capture"]);
}

#[test]
fn a_prompt_of_6_000_characters_passes() {
    let ran = Place::bare().run(&["imagine", "--sim", "--speed", "50", "--json", &"é".repeat(6_000)]);
    assert_eq!(ran.last()["event"], "finished", "{}", ran.last());
}
