//! Backup, check, pruning, purging and export. It tests no single change.

use std::path::Path;

use journeyman_jobs::change::{Applied, Change, Fence, Moved};
use journeyman_jobs::export::export;
use journeyman_jobs::job::{Charge, End, JobId, NewJob, Note, State};
use journeyman_jobs::store::sqlite::{Keep, Sqlite};
use journeyman_jobs::store::{Filter, Store};

use crate::{at, lease, open};

fn add(store: &mut Sqlite, asked: NewJob) -> JobId {
    let applied = store.apply(at(0), &[Change::Add(Box::new(asked))]).expect("a write");
    let [Applied::Added(id)] = applied[..] else { panic!("a new job is added, not {applied:?}") };
    id
}

/// A job that ended at a time, in a state.
fn ended(store: &mut Sqlite, fence: &Fence, asked: NewJob, seconds: i64, state: State) -> JobId {
    let text = format!("the end of {}", asked.title);
    let job = add(store, asked);
    let to = Moved {
        state: Some(state),
        checkpoint: Some(format!("checkpoint of {text}")),
        end: Some(End { text: text.clone(), ..End::default() }),
        note: Some(Note { at: at(seconds), what: "over".to_owned(), detail: text.clone() }),
        charge: Some(Charge { nonce: text, ..Charge::default() }),
        ..Moved::default()
    };
    let to = Change::Move { fence: fence.clone(), job, from: vec![State::WaitingForSlot], to: Box::new(to) };
    let changes = [Change::Claim { fence: fence.clone(), job }, to];
    assert_eq!(store.apply(at(seconds), &changes).expect("a write"), [Applied::Done, Applied::Done]);
    job
}

fn titled(title: &str) -> NewJob {
    NewJob { title: title.to_owned(), request: format!("imagine {title}"), ..NewJob::default() }
}

fn ids(store: &mut Sqlite) -> Vec<u64> {
    store.list(&Filter::default()).expect("a list").into_iter().map(|job| job.id.0).collect()
}

#[test]
fn a_backup_is_whole_and_overwrites_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(&folder.path().join("jobs.db"));
    let fence = lease(&mut store, "a");
    for n in 0..50 {
        ended(&mut store, &fence, titled(&format!("boat {n}")), 5, State::Finished);
    }
    let to = folder.path().join("copy.db");
    store.backup(&to).expect("a backup");
    add(&mut store, titled("after"));
    let mut copy = open(&to);
    assert_eq!(ids(&mut copy), (1..=50).collect::<Vec<_>>());
    assert_eq!(copy.check().expect("a check"), [] as [&str; 0]);
    assert_eq!(copy.counts().expect("counts")[&State::Finished], 50);
    assert_eq!(add(&mut copy, titled("on")), JobId(51), "it goes on as a store");
    let before = std::fs::read(&to).expect("its bytes");
    let refused = store.backup(&to).expect_err("it is there already");
    assert!(refused.to_string().contains("copy.db") && refused.hint.contains("not there yet"), "{refused:?}");
    assert_eq!(std::fs::read(&to).expect("its bytes"), before);
    assert!(store.backup(&folder.path().join("no/such/copy.db")).is_err());
    assert!(store.reader().expect("a reader").backup(&folder.path().join("other.db")).is_ok());
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_a_backup() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder.path().join("jobs.db"));
    let to = folder.path().join("copy.db");
    store.backup(&to).expect("a backup");
    assert_eq!(std::fs::metadata(&to).expect("a file").permissions().mode() & 0o777, 0o600);
}

#[test]
fn an_integrity_check_finds_wrong_counts_and_wrong_pages() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs.db");
    let mut store = open(&path);
    for n in 0..200 {
        add(&mut store, titled(&format!("boat {n}")));
    }
    assert_eq!(store.check().expect("a check"), [] as [&str; 0]);
    drop(store);
    let other = rusqlite::Connection::open(&path).expect("the file");
    other
        .execute_batch("UPDATE state_count SET jobs = jobs + 1; UPDATE class_count SET jobs = 7")
        .expect("a write");
    drop(other);
    let wrong = open(&path).check().expect("a check");
    let expected = [
        "200 jobs are waiting_for_slot, and 201 are counted",
        "the waiting jobs of a class are counted wrong",
    ];
    assert_eq!(wrong, expected);
    let mut bytes = std::fs::read(&path).expect("its bytes");
    let end = bytes.len();
    bytes[end - 3 * 4_096..end - 2 * 4_096].fill(0xA5);
    std::fs::write(&path, bytes).expect("a write");
    let told = Sqlite::open(&path).and_then(|store| store.check());
    assert!(told.is_err() || told.is_ok_and(|wrong| wrong.len() > 2), "a page is garbage");
}

#[test]
fn pruning_by_age_takes_whole_families_that_are_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(&folder.path().join("jobs.db"));
    let fence = lease(&mut store, "a");
    let step = |parent: JobId| NewJob { parent: Some(parent), ..titled("step") };
    let old = ended(&mut store, &fence, titled("old"), 10, State::Finished);
    ended(&mut store, &fence, step(old), 11, State::Failed);
    let young_step = ended(&mut store, &fence, titled("old, with a young step"), 10, State::Finished);
    ended(&mut store, &fence, step(young_step), 900, State::Finished);
    let going = ended(&mut store, &fence, titled("old, with a step that waits"), 10, State::Finished);
    add(&mut store, step(going));
    ended(&mut store, &fence, titled("undecided"), 10, State::Unknown);
    add(&mut store, titled("waits"));
    ended(&mut store, &fence, titled("young"), 800, State::Finished);
    let last = ended(&mut store, &fence, titled("old too"), 20, State::Cancelled);
    assert_eq!(ids(&mut store), (1..=10).collect::<Vec<_>>());
    let keep = Keep { since: Some(at(100)), bytes: None };
    let pruned = store.prune(at(1_000), &keep).expect("pruning");
    assert_eq!(pruned.jobs, 3);
    assert_eq!(ids(&mut store), [3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(last, JobId(10));
    assert_eq!(store.prune(at(1_000), &keep).expect("pruning").jobs, 0);
    assert_eq!(store.prune(at(1_000), &Keep::default()).expect("pruning").jobs, 0, "all is kept");
    assert_eq!(store.check().expect("a check"), [] as [&str; 0]);
}

#[test]
fn pruning_by_size_takes_the_oldest_until_the_file_is_small_enough() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(&folder.path().join("jobs.db"));
    let fence = lease(&mut store, "a");
    for n in 0..300 {
        ended(&mut store, &fence, titled(&format!("{n} {}", "x".repeat(3_000))), n, State::Finished);
    }
    let before = store.bytes().expect("a size");
    let keep = Keep { since: None, bytes: Some(before / 2) };
    let pruned = store.prune(at(1_000), &keep).expect("pruning");
    assert!(pruned.bytes <= before / 2 && pruned.bytes > before / 3, "{pruned:?} of {before}");
    let left = ids(&mut store);
    assert_eq!(left.first(), Some(&(pruned.jobs + 1)), "the oldest went");
    assert_eq!(left.len() as u64, 300 - pruned.jobs);
    let file = std::fs::metadata(store.path()).expect("a file").len();
    assert!(file < before * 2 / 3, "the disk has its room back: {file} of {before}");
}

/// Where a text stands in the file or in its log.
fn found(path: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for end in ["", "-wal", "-journal"] {
        let file = format!("{}{end}", path.display());
        let bytes = std::fs::read(&file).unwrap_or_default();
        let places = bytes.windows(text.len()).enumerate().filter(|(_, window)| *window == text.as_bytes());
        found.extend(places.map(|(place, _)| format!("{end}@{place}")));
    }
    found
}

#[test]
fn a_purge_by_job_or_by_age_really_removes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jobs.db");
    let mut store = open(&path);
    let fence = lease(&mut store, "a");
    let mut random = fastrand::Rng::with_seed(7);
    // Texts of every length, written and rewritten, so that pages split and rows move and overflow.
    let secret = |n: i64| if n % 3 == 0 { "KEPTWORD" } else { "SECRETWORD" };
    for n in 0..900 {
        let word = secret(n);
        let length = if n % 10 == 0 { 9_000 } else { 900 };
        let text = format!("{word} {n} {} {word}", "y".repeat(random.usize(0..length)));
        let asked =
            NewJob { key: Some(format!("{word} {n}")), batch: format!("{word} {}", n % 20), ..titled(&text) };
        let seconds = if n % 3 == 0 { 500 } else { 5 };
        let job = ended(&mut store, &fence, asked, seconds, State::Failed);
        if n % 4 == 1 {
            store.apply(at(seconds), &[Change::Retry(job), Change::Cancel(job)]).expect("a write");
        }
    }
    assert!(!found(&path, "SECRETWORD").is_empty(), "the test would see it");
    let one = store.apply(at(600), &[Change::Purge(JobId(2))]).expect("a write");
    assert_eq!(one, [Applied::Done]);
    assert_eq!(found(&path, "SECRETWORD 1 "), [] as [&str; 0], "one job is really gone");
    store.prune(at(600), &Keep { since: Some(at(100)), bytes: None }).expect("pruning");
    assert_eq!(ids(&mut store).len(), 300);
    assert_eq!(found(&path, "SECRETWORD"), [] as [&str; 0], "all are really gone");
    assert!(!found(&path, "KEPTWORD").is_empty(), "what is kept is there");
    assert_eq!(store.check().expect("a check"), [] as [&str; 0]);
}

#[test]
fn an_export_has_a_line_for_each_job_with_its_history() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(&folder.path().join("jobs.db"));
    let fence = lease(&mut store, "a");
    for n in 0..1_200 {
        add(&mut store, titled(&format!("boat\n{n}")));
    }
    ended(&mut store, &fence, titled("\"last\""), 5, State::Finished);
    let mut out = Vec::new();
    let count = export(&mut store, &Filter { most: 3, ..Filter::default() }, &mut out).expect("an export");
    let text = String::from_utf8(out).expect("text");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    assert_eq!((count, lines.len()), (1_201, 1_201));
    let last = &lines[1_200];
    assert_eq!(last["version"], 1);
    assert_eq!((&last["job"]["state"], &last["job"]["id"]), (&"finished".into(), &1_201.into()));
    assert_eq!(last["job"]["asked"]["title"], "\"last\"");
    let notes: Vec<_> = last["notes"].as_array().expect("notes").iter().map(|note| &note["what"]).collect();
    assert_eq!(notes, ["added", "claimed", "over"]);
    assert_eq!(last["charges"][0]["nonce"], "the end of \"last\"");
    let only = Filter { states: vec![State::Finished], ..Filter::default() };
    assert_eq!(export(&mut store, &only, &mut Vec::new()).expect("an export"), 1);
}
