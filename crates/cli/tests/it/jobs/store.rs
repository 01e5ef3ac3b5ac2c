//! `store`: the file itself, and what is said where it cannot be used.

use std::fs;

use journeyman_jobs::job::State;
use serde_json::Value;

use crate::shelf::{Shelf, failed};

#[test]
fn backup_integrity_check_pruning_by_age_and_size_and_export_as_jsonl() {
    let mut shelf = Shelf::new();
    shelf.add("a red fox");
    shelf.finish(1, "fox.png");
    shelf.add("an owl");
    let ran = shelf.well(&["store", "check"]);
    assert!(ran.stdout.contains("jobs.db: all is well"), "{}", ran.stdout);
    shelf.well(&["store", "backup", "copy.db"]);
    let ran = shelf.run(&["store", "backup", "copy.db"]);
    assert_eq!(ran.code, Some(7));
    ran.says(&["copy.db", "hint: name a file that is not there yet"]);
    shelf.well(&["store", "export", "jobs.jsonl"]);
    let exported = fs::read_to_string(shelf.place.path("jobs.jsonl")).expect("a file");
    assert_eq!(shelf.well(&["store", "export"]).stdout, exported);
    let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[0]["job"]["state"], lines[0]["charges"].as_array().map(Vec::len)),
        (&"finished".into(), Some(3))
    );
    assert_eq!(shelf.run(&["store", "export", "jobs.jsonl"]).code, Some(7), "nothing is written over");
    let ran = shelf.well(&["store", "prune", "--older-than", "1h", "--json"]);
    assert_eq!(ran.last()["jobs"], 1);
    let ran = shelf.well(&["store", "prune", "--keep-bytes", "1k"]);
    assert!(ran.stdout.starts_with("0 jobs pruned"), "{}", ran.stdout);
    ran.says(&["not as small as asked for"]);
    assert_eq!(shelf.run(&["store", "prune"]).code, Some(2));
    // The copy is as it was.
    let ran = shelf.place.run(&["jobs", "show", "1", "--store", "copy.db"]);
    assert!(ran.stdout.contains("a red fox"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(shelf.well(&["store", "path"]).stdout, "jobs.db\n");
    let configured = shelf.place.with("JOURNEYMAN_STORE", "copy.db");
    assert_eq!(configured.run(&["store", "path"]).stdout, "copy.db\n");
    assert!(configured.run(&["jobs", "list"]).stdout.starts_with("2 jobs: "));
}

#[test]
fn what_is_no_store_is_told_with_a_cure_and_left_alone() {
    let mut shelf = Shelf::new();
    shelf.place.write("text.db", &"no database at all. ".repeat(500));
    let every = [
        &["jobs", "list"][..],
        &["jobs", "show", "1"],
        &["jobs", "cancel", "1"],
        &["jobs", "pause"],
        &["store", "check"],
        &["store", "backup", "b.db"],
        &["store", "export"],
        &["stats"],
        &["audit"],
    ];
    for args in every {
        for (file, word) in [("gone.db", "there is no such file"), ("text.db", "text.db")] {
            let ran = shelf.place.run(&[args, &["--store", file]].concat());
            assert_eq!(ran.code, Some(7), "{args:?} {file}: {}{}", ran.stdout, ran.stderr);
            ran.says(&[word, "hint:", "--store"]);
        }
    }
    assert!(!shelf.place.path("gone.db").exists() && !shelf.place.path("b.db").exists());
    let text = fs::read_to_string(shelf.place.path("text.db")).expect("the file");
    assert_eq!(text, "no database at all. ".repeat(500));
}

#[test]
fn a_newer_file_and_a_broken_file_are_told_apart() {
    let mut shelf = Shelf::new();
    for number in 0..200 {
        shelf.add(&format!("a fox of the number {number}"));
    }
    shelf.well(&["store", "backup", "newer.db"]);
    let mut bytes = fs::read(shelf.place.path("newer.db")).expect("a file");
    // The file's header has the user version at 60 (sqlite.org/fileformat2.html).
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(shelf.place.path("newer.db"), &bytes).expect("a file");
    let ran = shelf.place.run(&["jobs", "list", "--store", "newer.db"]);
    assert_eq!(ran.code, Some(7));
    ran.says(&["a newer journeyman wrote it (version 99", "hint: use the newer journeyman"]);
    shelf.well(&["store", "backup", "broken.db"]);
    let mut bytes = fs::read(shelf.place.path("broken.db")).expect("a file");
    let most = bytes.len();
    bytes[8_192..most.min(40_000)].fill(0x5A);
    fs::write(shelf.place.path("broken.db"), &bytes).expect("a file");
    let ran = shelf.place.run(&["store", "check", "--store", "broken.db"]);
    assert_eq!(ran.code, Some(7), "{}", ran.stdout);
    ran.says(&["broken.db", "hint:", "backup"]);
}

#[test]
fn a_job_that_is_not_there_is_told_with_a_cure() {
    let mut shelf = Shelf::new();
    shelf.add("a fox");
    shelf.end(1, State::Failed, "none", failed("JobFailed", "it crashed"));
    let ran = shelf.run(&["jobs", "show", "9", "--json"]);
    assert_eq!(ran.code, Some(13));
    ran.says(&["job 9: it is not in the store", "hint: `journeyman jobs list`"]);
    let ran = shelf.place.run(&["jobs", "list", "--store", "memory"]);
    assert_eq!(ran.code, Some(2));
    ran.says(&["the store in memory", "--store"]);
}
