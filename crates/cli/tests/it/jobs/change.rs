//! `jobs cancel`, `retry`, `resolve`, `pause`, `resume`, `purge`: what they do, and what they say of it.

use journeyman_jobs::change::Change;
use journeyman_jobs::job::{End, JobId, NewJob, State};

use crate::shelf::{Shelf, asked, failed};

fn state(shelf: &mut Shelf, id: u64) -> State {
    shelf.job(id).expect("a job").state
}

#[test]
fn cancel_in_every_state_says_what_was_already_spent() {
    let mut shelf = Shelf::new();
    let (waits, out, finished) = (shelf.add("a fox"), shelf.add("an owl"), shelf.add("a hare"));
    shelf.accept(out);
    shelf.finish(finished, "hare.png");
    let ran = shelf.run(&["jobs", "cancel", "1", "2", "3", "77"]);
    assert_eq!(ran.code, Some(13), "{}", ran.stderr);
    for word in [
        "job 1: cancelled: nothing of it was sent",
        "job 2: its end is asked for, but it is out",
        "likely charged (accepted, no result seen): fast, job remote-2",
        "job 3: is over already: finished",
        "job 77: is not in the store",
    ] {
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    }
    ran.says(&["2 of them were not", "hint:"]);
    assert_eq!(state(&mut shelf, waits), State::Cancelled);
    assert!(shelf.job(out).expect("a job").cancel_asked);
}

#[test]
fn a_batch_is_cancelled_whole_and_what_was_over_is_left_alone() {
    let mut shelf = Shelf::new();
    for _ in 0..3 {
        shelf.add("a fox");
    }
    shelf.finish(1, "fox.png");
    let other = shelf.ask(asked("an owl"));
    let ran = shelf.well(&["jobs", "cancel", "--batch", "foxes"]);
    assert_eq!(ran.stdout, "2 jobs: cancelled: nothing of it was sent\n");
    assert_eq!((state(&mut shelf, 1), state(&mut shelf, other)), (State::Finished, State::WaitingForSlot));
    let ran = shelf.run(&["jobs", "cancel", "--batch", "foxes"]);
    assert_eq!(ran.code, Some(13));
    ran.says(&["none of it is in such a state"]);
    let ran = shelf.run(&["jobs", "cancel"]);
    assert_eq!(ran.code, Some(2));
}

#[test]
fn retry_of_what_may_be_retried_and_dead_letters_with_their_reason() {
    let mut shelf = Shelf::new();
    for prompt in ["a fox", "an owl", "a hare", "an elk", "a wolf"] {
        shelf.add(prompt);
    }
    shelf.end(1, State::Failed, "none", failed("PreModeration", "the word is banned"));
    shelf.end(2, State::Failed, "likely", End { retryable: true, ..failed("JobFailed", "it crashed") });
    shelf.end(
        3,
        State::Failed,
        "certain",
        End { keeps_checkpoint: true, ..failed("Storage", "the disk is full") },
    );
    shelf.end(4, State::Unknown, "undecided", failed("Undecided", "no answer came"));
    shelf.apply(Change::Cancel(JobId(5)));
    let ran = shelf.well(&["jobs", "retry", "--batch", "foxes", "--failed"]);
    for word in [
        "1 job: not retried: PreModeration comes again",
        "1 job: goes on: it is paid, and only its files are fetched",
        "job 2: begins again, and is charged anew",
        "likely charged",
    ] {
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    }
    let states: Vec<_> = (1..=5).map(|id| state(&mut shelf, id)).collect();
    let (waits, failed) = (State::WaitingForSlot, State::Failed);
    assert_eq!(states, [failed, waits, waits, State::Unknown, State::Cancelled]);
    // By its number, it is tried whatever it was.
    let ran = shelf.run(&["jobs", "retry", "1", "4", "--json"]);
    assert_eq!(ran.code, Some(13));
    let lines = ran.json();
    assert_eq!((&lines[0]["event"], &lines[1]["event"]), (&"done".into(), &"not_done".into()));
    assert!(lines[1]["what"].as_str().is_some_and(|what| what.contains("jobs resolve 4")), "{}", ran.stdout);
    assert_eq!(lines[2]["done"], 1);
}

#[test]
fn what_is_unknown_is_resolved_with_the_evidence_in_view_and_a_reason() {
    let mut shelf = Shelf::new();
    for id in 1..=3 {
        shelf.add("a fox");
        shelf.end(id, State::Unknown, "undecided", failed("Undecided", "no answer came"));
    }
    let ran = shelf.run(&["jobs", "resolve", "1", "--as", "failed"]);
    assert_eq!(ran.code, Some(2));
    for word in ["undecided (sent, no answer seen)", "nonce nonce-1", "no answer came", "sending: send 1"] {
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    }
    ran.says(&["--why is missing", "nothing was decided"]);
    assert_eq!(state(&mut shelf, 1), State::Unknown);
    let why = ["--why", "it is not in the channel"];
    for (id, to, state_then) in [
        ("1", "failed", State::Failed),
        ("2", "finished", State::Finished),
        ("3", "send-again", State::WaitingForSlot),
    ] {
        shelf.well(&[&["jobs", "resolve", id, "--as", to], &why[..]].concat());
        assert_eq!(state(&mut shelf, id.parse().expect("a number")), state_then);
    }
    let ran = shelf.well(&["jobs", "show", "1"]);
    assert!(ran.stdout.contains("resolved: failed: it is not in the channel"), "{}", ran.stdout);
    let ran = shelf.run(&[&["jobs", "resolve", "1", "--as", "failed"], &why[..]].concat());
    assert_eq!(ran.code, Some(13));
    ran.says(&["it is not unknown, but failed"]);
}

#[test]
fn pause_and_resume_a_queue_an_account_a_batch() {
    let mut shelf = Shelf::new();
    shelf.add("a fox");
    shelf.accept(1);
    shelf.add("an owl");
    for (scope, word) in [
        (&[][..], "the whole queue"),
        (&["--account", "main"], "account main"),
        (&["--batch", "foxes"], "batch foxes"),
    ] {
        let ran = shelf.well(&[&["jobs", "pause", "--why", "I am away"], scope].concat());
        for said in [word, "I am away", "1 job is out"] {
            assert!(ran.stdout.contains(said), "{said}: {}", ran.stdout);
        }
        let list = shelf.well(&["jobs", "list", "--state", "waiting_for_slot"]).stdout;
        assert_eq!(list.contains("paused: I am away"), scope != ["--account", "main"], "{list}");
        assert!(list.contains(&format!("paused: {word}")), "{list}");
        shelf.well(&[&["jobs", "resume"], scope].concat());
        let ran = shelf.run(&[&["jobs", "resume"], scope].concat());
        assert_eq!(ran.code, Some(13));
        ran.says(&[&format!("resume {word}: it is not paused")]);
    }
}

#[test]
fn an_errors_pause_keeps_its_reason_until_it_is_resumed() {
    let mut shelf = Shelf::new();
    shelf.pause_account();
    let ran = shelf.well(&["jobs", "pause", "--account", "main"]);
    assert!(ran.stdout.contains("paused already") && ran.stdout.contains("captcha"), "{}", ran.stdout);
    let ran = shelf.well(&["jobs", "resume", "--account", "main", "--json"]);
    assert_eq!(ran.last()["kind"], "HumanVerification");
}

#[test]
fn a_purge_by_job_or_by_age_really_removes() {
    let mut shelf = Shelf::new();
    let holds = |shelf: &Shelf, word: &str| {
        ["jobs.db", "jobs.db-wal"].iter().any(|name| {
            let bytes = std::fs::read(shelf.place.path(name)).unwrap_or_default();
            bytes.windows(word.len()).any(|window| window == word.as_bytes())
        })
    };
    for prompt in ["a vermilion fox", "a turquoise owl", "a magenta hare", "an ochre elk"] {
        shelf.add(prompt);
    }
    let image = shelf.finish(1, "fox.png");
    shelf.ask(NewJob { parent: Some(JobId(2)), step: "U1".to_owned(), ..asked("a turquoise owl") });
    shelf.finish(2, "owl.png");
    shelf.end(3, State::Unknown, "undecided", failed("Undecided", "no answer came"));
    assert!(holds(&shelf, "vermilion"));
    let ran = shelf.run(&["jobs", "purge", "1", "2", "4"]);
    assert_eq!(ran.code, Some(13));
    for word in [
        "job 1: purged",
        "its file on disk stays",
        "job 2: not purged: a step",
        "job 4: not purged: it is not over",
    ] {
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    }
    assert!(!holds(&shelf, "vermilion"), "its prompt is in the file still");
    assert!(image.is_file() && shelf.job(1).is_none());
    shelf.apply(Change::Cancel(JobId(5)));
    let ran = shelf.well(&["jobs", "purge", "--older-than", "1h"]);
    assert!(ran.stdout.starts_with("2 jobs purged"), "{}", ran.stdout);
    assert!(!holds(&shelf, "turquoise") && holds(&shelf, "magenta") && holds(&shelf, "ochre"));
}
