//! `record`: a command that leaves a recording behind, without secrets, however it ends.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use crate::harness::{Place, Sim};

/// The recordings in a folder of a place.
pub(crate) fn recordings(place: &Place, folder: &str) -> Vec<String> {
    place.files_in(folder).iter().map(|file| std::fs::read_to_string(file).expect("a recording")).collect()
}

#[test]
fn record_runs_a_command_and_keeps_what_passes() {
    let sim = Sim::start(&[]);
    let place = sim.place();
    let ran = place.run(&["record", "flights", "--", "imagine", "--json", "--out", "images", "a fox"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.last()["event"], "finished", "the command is the command: {}", ran.stdout);
    let recordings = recordings(&place, "flights");
    let [recording] = &recordings[..] else { panic!("one recording: {recordings:?}") };
    for part in [r#""kind":"begin""#, r#""kind":"answer""#, r#""kind":"event""#, r#""outcome":"finished""#] {
        assert!(recording.contains(part), "{part}: {recording}");
    }
    assert!(recording.ends_with("}\n"), "its end is whole");
}

#[test]
fn a_flag_records_a_simulated_world_too() {
    let place = Place::bare();
    let ran = place.run(&["imagine", "--sim", "--speed", "100", "--record", "flights", "a fox"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(recordings(&place, "flights")[0].contains(r#""outcome":"finished""#));
}

#[test]
fn record_without_a_command_that_makes_a_job_is_a_usage_error() {
    let ran = Place::bare().run(&["record", "flights", "--", "lint", "a fox"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    ran.says(&["nothing to record", "hint: "]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_recording_whole() {
    let sim = Sim::start(&[]);
    let place = sim.place().with("JOURNEYMAN_LOG", "off");
    let mut command = place.command(&["record", "flights", "--", "imagine", "--json", "a fox"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("its stdout"));
    let mut said = String::new();
    while !said.contains("\"accepted\"") {
        assert_ne!(stdout.read_line(&mut said).expect("a line"), 0, "it ended: {said}");
    }
    let asked = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(asked.success());
    stdout.read_to_string(&mut said).expect("the rest");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let recording = &recordings(&place, "flights")[0];
    assert!(recording.ends_with("}\n") && recording.contains(r#""outcome":"cancelled""#), "{recording}");
}

#[test]
fn replay_prints_the_timeline_the_outcome_and_what_differs() {
    let mut place = Place::bare();
    let ran = place.run(&["imagine", "--sim", "--speed", "100", "--record", "flights", "a fox"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let file = place.files_in("flights").remove(0).display().to_string();
    let ran = place.run(&["replay", &file]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    for part in [
        "told  job 0 begins: a fox",
        "waits job 0 for first-sign",
        "job 0: finished (recorded: finished)",
        "nothing differs",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    let ran = place.run(&["replay", "--json", &file]);
    let last = ran.last();
    assert_eq!(
        (&last["is_same"], &last["outcomes"][0]["outcome"]),
        (&true.into(), &"finished".into()),
        "{last}"
    );

    let changed =
        recordings(&place, "flights")[0].replacen(r#""report":"waiting""#, r#""report":"queued""#, 1);
    let changed = place.write("changed.jsonl", &changed).display().to_string();
    let ran = place.run(&["replay", &changed]);
    assert_eq!(ran.code, Some(45), "{}", ran.stderr);
    assert!(ran.stdout.contains("recorded: job 0: queued; now: job 0: waiting"), "{}", ran.stdout);
    ran.says(&["differs in 1 places", "hint: "]);
}

#[test]
fn a_file_that_is_no_recording_is_told_with_its_line_and_the_cure() {
    let mut place = Place::bare();
    let file = place.write("diary.txt", "dear diary\n").display().to_string();
    for (file, says) in
        [(file.as_str(), "line 1: it is no JSON"), ("nowhere.jsonl", "read the recording nowhere.jsonl")]
    {
        let ran = place.run(&["replay", file]);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        ran.says(&[says, "hint: give a file that `journeyman record` has written"]);
    }
}
