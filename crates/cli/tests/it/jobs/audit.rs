//! `audit`: what was paid, how sure that is, what is missing, and what brings it.

use std::fs;

use journeyman_jobs::job::{End, State};

use crate::shelf::{Shelf, failed};

/// One in order, one whose file is gone, one with other bytes, and one of each kind that needs somebody.
fn shelf() -> Shelf {
    let mut shelf = Shelf::new();
    for prompt in ["a fox", "an owl", "a hare", "an elk", "a wolf", "a bear", "a newt"] {
        shelf.add(prompt);
    }
    shelf.finish(1, "fox.png");
    let gone = shelf.finish(2, "owl.png");
    fs::remove_file(gone).expect("it was there");
    let other = shelf.finish(3, "hare.png");
    fs::write(other, "the image HARE.PNG").expect("a file");
    shelf.end(
        4,
        State::Failed,
        "certain",
        End { keeps_checkpoint: true, ..failed("Storage", "the disk is full") },
    );
    shelf.end(5, State::Cancelled, "likely", failed("Cancelled", "it was asked for"));
    shelf.end(6, State::Unknown, "undecided", failed("Undecided", "no answer came"));
    shelf
}

#[test]
fn audit_lists_each_charge_with_its_evidence_and_what_was_paid_and_is_missing_to_be_recovered() {
    let shelf = shelf();
    let ran = shelf.well(&["audit"]);
    for word in [
        "certain    4\n",
        "likely     1\n",
        "undecided  1\n",
        "5 jobs are not in order",
        "owl.png is missing",
        "journeyman show remote-2",
        "hare.png has other bytes than those that were saved",
        "journeyman jobs retry 4",
        "job 5 (imagine: a wolf): it is likely paid, and has no file here",
        "journeyman show remote-5",
        "journeyman jobs resolve 6",
    ] {
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("fox.png"), "{}", ran.stdout);
    let kinds: Vec<_> = shelf.well(&["audit", "--json"]).json();
    let event = |at: usize| kinds[at]["event"].as_str().unwrap_or_default().to_owned();
    let events: Vec<_> = (0..kinds.len()).map(event).collect();
    assert_eq!(events, ["missing_file", "missing_file", "no_file", "no_file", "undecided", "audited"]);
    assert_eq!(kinds[0]["charges"][0]["nonce"], "nonce-2");
    assert_eq!(kinds[5]["charges"]["certain"]["charges"], 4);
}

#[test]
fn where_nothing_is_missing_the_audit_says_so() {
    let mut shelf = Shelf::new();
    shelf.add("a fox");
    shelf.finish(1, "fox.png");
    shelf.add("an owl");
    let ran = shelf.well(&["audit"]);
    assert!(ran.stdout.contains("nothing that was paid is missing; 1 files are here"), "{}", ran.stdout);
}
