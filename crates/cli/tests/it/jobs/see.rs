//! `jobs list`, `show`, `watch`, and `stats`: what is seen of a store.

use journeyman_jobs::change::Change;
use journeyman_jobs::job::{JobId, NewJob, State};
use serde_json::Value;

use crate::shelf::{Shelf, asked, failed};

/// One job of each kind that people meet: finished, failed, unknown, out, waiting for a job, waiting.
fn all_kinds() -> Shelf {
    let mut shelf = Shelf::new();
    let fox = shelf.add("a red fox");
    shelf.later(4_200);
    shelf.finish(fox, "fox.png");
    let owl = shelf.add("an owl");
    shelf.end(owl, State::Failed, "none", failed("PreModeration", "the word is banned"));
    let hare = shelf.add("a hare");
    shelf.end(hare, State::Unknown, "undecided", failed("Undecided", "no answer came"));
    let elk = shelf.add("an elk");
    shelf.accept(elk);
    shelf.ask(NewJob { parent: Some(JobId(elk)), step: "U1".to_owned(), ..asked("an elk") });
    shelf.add("a wolf\u{1b}[31m");
    shelf
}

/// Times and folders differ from run to run.
fn still(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if name.ends_with("_us") && field.as_i64() != Some(0) || name == "path" {
                    *field = Value::from("…");
                }
                still(field);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(still),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn shape(mut objects: Vec<Value>) -> String {
    objects.iter_mut().for_each(still);
    lines(objects.iter().map(|one| format!("{one:#}")))
}

fn lines(each: impl Iterator<Item = String>) -> String {
    each.collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn jobs_are_listed_with_their_counts_and_what_they_wait_for() {
    let mut shelf = all_kinds();
    shelf.pause_account();
    let ran = shelf.well(&["jobs", "list"]);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines[0], "6 jobs: 2 waiting for slot, 1 accepted, 1 finished, 1 failed, 1 unknown");
    assert!(lines[1].contains("account main") && lines[1].contains("solve the captcha"), "{}", ran.stdout);
    let row = |title: &str| lines.iter().find(|line| line.contains(title)).copied().unwrap_or_default();
    assert!(row("a red fox").ends_with("1 file"), "{}", ran.stdout);
    assert!(row("an owl").ends_with("PreModeration: the word is banned"), "{}", ran.stdout);
    assert!(row("U1").ends_with("job 4"), "{}", ran.stdout);
    assert!(row("a wolf·[31m").ends_with("a slot"), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\u{1b}'), "a title moves the cursor");
}

#[test]
fn jobs_list_has_filters_by_state_batch_account_text_and_number() {
    let shelf = all_kinds();
    let ids = |args: &[&str]| {
        let ran = shelf.well(&[&["jobs", "list", "--json"], args].concat());
        let jobs = ran.json().into_iter().filter(|one| one["event"] == "job");
        jobs.filter_map(|one| one["id"].as_u64()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&[]), [1, 2, 3, 4, 5, 6]);
    assert_eq!(ids(&["--state", "failed", "--state", "unknown"]), [2, 3]);
    assert_eq!(ids(&["--batch", "foxes"]), [1, 2, 3, 4, 6]);
    assert_eq!(ids(&["--account", "main"]), [1, 2, 3, 4]);
    assert_eq!(ids(&["--text", "RED"]), [1]);
    assert_eq!(ids(&["--last", "2"]), [5, 6]);
    let ran = shelf.run(&["jobs", "list", "--state", "queued"]);
    assert_eq!(ran.code, Some(2));
    ran.says(&["waiting_for_slot"]);
}

#[test]
fn the_json_of_list_show_and_stats_has_this_shape() {
    let mut shelf = all_kinds();
    shelf.apply(Change::Observe { series: "duration/imagine".to_owned(), value: 41_000_000 });
    shelf.apply(Change::Observe { series: "outcome/Finished".to_owned(), value: 1 });
    let list = shelf.well(&["jobs", "list", "--last", "1", "--json"]).json();
    let show = shelf.well(&["jobs", "show", "1", "--json"]).json();
    let mut stats = shelf.well(&["stats", "--json"]).json();
    for one in &mut stats {
        for name in ["hours", "from_hour", "to_hour"] {
            if let Some(field) = one.get_mut(name) {
                *field = Value::from("…");
            }
        }
    }
    insta::assert_snapshot!(
        shape([list, show].concat()) + &lines(stats.iter().map(|one| format!("{one:#}")))
    );
}

#[test]
fn show_draws_the_jobs_timeline_with_its_waits_and_their_reasons() {
    let shelf = all_kinds();
    let ran = shelf.well(&["jobs", "show", "1"]);
    let (before, drawn) = ran.stdout.split_once("timeline (UTC):\n").expect("a drawing");
    for word in
        ["job 1 (imagine): a red fox", "state: finished", "fox.png", "sha256", "certainly charged", "nonce-1"]
    {
        assert!(before.contains(word), "{word}: {before}");
    }
    // What differs from run to run is the date and the seconds.
    let cut = |line: &str| if line.contains('█') { line } else { &line[line.len().min(25)..] }.to_owned();
    let drawn = lines(drawn.lines().map(cut));
    insta::assert_snapshot!(drawn);
    let ran = shelf.well(&["jobs", "show", "5"]);
    assert!(ran.stdout.contains("until now: waits for job 4"), "{}", ran.stdout);
}

#[test]
fn watch_ends_in_the_exit_code_of_the_jobs_end_whoever_works_on_it() {
    let mut shelf = all_kinds();
    shelf.well(&["jobs", "watch", "1"]);
    for (id, code, word) in [("2", 10, "the word is banned"), ("3", 8, "no answer came")] {
        let ran = shelf.run(&["jobs", "watch", id]);
        assert_eq!(ran.code, Some(code), "{}", ran.stderr);
        ran.says(&[word, "hint: what helps"]);
    }
    // Another process, this one, moves the job that it watches.
    let mut command = shelf.place.command(&["jobs", "watch", "6", "--json", "--store", "jobs.db"]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    let mut lines =
        std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("its stdout")));
    let first = lines.next().expect("a line").expect("text");
    assert!(first.contains("waiting_for_slot"), "{first}");
    shelf.apply(Change::Cancel(JobId(6)));
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let last = lines.last().expect("a line").expect("text");
    assert!(last.contains("cancelled"), "{last}");
}

#[test]
fn stats_shows_tables_and_small_plots_in_the_terminal() {
    let mut shelf = all_kinds();
    for seconds in [40, 41, 42, 90] {
        shelf.apply(Change::Observe { series: "duration/imagine".to_owned(), value: seconds * 1_000_000 });
    }
    shelf.apply(Change::Observe { series: "outcome/PreModeration".to_owned(), value: 1 });
    let ran = shelf.well(&["stats", "--since", "3h"]);
    let row = ran.stdout.lines().find(|line| line.starts_with("duration/imagine")).expect("a row");
    // The ends of their buckets: at most a quarter more.
    for word in ["  4  ", "41.9 s", "1 min 40 s", "53.2 s", "█"] {
        assert!(row.contains(word), "{word}: {}", ran.stdout);
    }
    for word in ["the last 4 hours", "outcome/PreModeration", "waiting for slot"] {
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    }
    assert!(shelf.well(&["stats", "--since", "1s"]).stdout.contains("no job ended"));
}
