//! A store for tests, filled through the changes that the engine makes. It starts no process.

use std::fmt::Write as _;
use std::path::PathBuf;

use journeyman_jobs::change::{Applied, Change, Fence, Moved, Scope};
use journeyman_jobs::job::{Charge, End, Job, JobId, NewJob, Note, SavedFile, State};
use journeyman_jobs::store::Store as _;
use journeyman_jobs::store::sqlite::Sqlite;
use journeyman_jobs::time::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::harness::{Place, Ran};

/// A store in a place, and the time that it is written at.
pub(crate) struct Shelf {
    pub(crate) place: Place,
    now: i64,
    fence: Fence,
}

impl Shelf {
    /// An empty store whose first change is two hours ago.
    pub(crate) fn new() -> Self {
        let place = Place::with_token();
        let mut store = Sqlite::open(place.path("jobs.db")).expect("a store");
        let now = journeyman::unix_micros() - 2 * 3_600_000_000;
        let lease = Change::Lease {
            account: "main".to_owned(),
            owner: "test".to_owned(),
            until: Timestamp::from_unix_micros(now + 60_000_000),
        };
        let leased = store.apply(Timestamp::from_unix_micros(now), &[lease]).expect("a write");
        let [Applied::Leased(fence)] = leased.as_slice() else { panic!("{leased:?}") };
        let fence = fence.clone();
        Self { place, now, fence }
    }

    /// Runs the binary on it.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.place.run(&[args, &["--store", "jobs.db"]].concat())
    }

    /// Runs it, and fails where that did not end well.
    pub(crate) fn well(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(0), "{args:?}: {}{}", ran.stdout, ran.stderr);
        ran
    }

    /// Time passes.
    pub(crate) fn later(&mut self, millis: i64) {
        self.now += millis * 1_000;
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.now)
    }

    pub(crate) fn apply(&mut self, change: Change) -> Applied {
        let applied = self.open().apply(self.at(), &[change]).expect("a write");
        applied.first().cloned().expect("an answer")
    }

    /// Opened for each use: the search for the token reads the file, and with it this process would lose SQLite's
    /// locks (sqlite.org/howtocorrupt.html, 2.2).
    fn open(&self) -> Sqlite {
        Sqlite::open(self.place.path("jobs.db")).expect("a store")
    }

    pub(crate) fn job(&mut self, id: u64) -> Option<Job> {
        self.open().job(JobId(id)).expect("a read")
    }

    /// A job with this prompt.
    pub(crate) fn add(&mut self, prompt: &str) -> u64 {
        self.ask(NewJob { batch: "foxes".to_owned(), ..asked(prompt) })
    }

    pub(crate) fn ask(&mut self, asked: NewJob) -> u64 {
        let applied = self.apply(Change::Add(Box::new(asked)));
        let Applied::Added(id) = applied else { panic!("{applied:?}") };
        id.0
    }

    /// Sends it: from here on it is out.
    pub(crate) fn send(&mut self, id: u64) {
        let claim = Change::Claim { fence: self.fence.clone(), job: JobId(id) };
        assert_eq!(self.apply(claim), Applied::Done);
        self.later(100);
        let moved = Moved { is_send: true, charge: Some(charge(id, "undecided")), ..Moved::default() };
        self.go(id, State::Sending, moved, "send 1");
        self.later(1_000);
    }

    /// Midjourney took it.
    pub(crate) fn accept(&mut self, id: u64) {
        self.send(id);
        let moved = Moved { charge: Some(charge(id, "likely")), ..Moved::default() };
        self.go(id, State::Accepted, moved, "1077");
        self.later(40_000);
    }

    /// It has finished, with this file.
    pub(crate) fn finish(&mut self, id: u64, name: &str) -> PathBuf {
        self.accept(id);
        let bytes = format!("the image {name}");
        let path = self.place.write(name, &bytes);
        let file = SavedFile {
            path: path.display().to_string(),
            sha256: hexadecimal(&Sha256::digest(&bytes)),
            bytes: bytes.len() as u64,
            url: "https://cdn.discordapp.com/attachments/1/2/fox.png".to_owned(),
        };
        let end = End {
            kind: "Finished".to_owned(),
            text: "1 file".to_owned(),
            result: "{}".to_owned(),
            files: vec![file],
            ..End::default()
        };
        let moved = Moved { end: Some(end), charge: Some(charge(id, "certain")), ..Moved::default() };
        self.go(id, State::Finished, moved, "1 file");
        path
    }

    /// It ended otherwise.
    pub(crate) fn end(&mut self, id: u64, state: State, certainty: &str, end: End) {
        self.accept(id);
        let text = end.text.clone();
        let moved = Moved { end: Some(end), charge: Some(charge(id, certainty)), ..Moved::default() };
        self.go(id, state, moved, &text);
    }

    fn go(&mut self, id: u64, state: State, moved: Moved, detail: &str) {
        let note = Note { at: self.at(), what: state.name().to_owned(), detail: detail.to_owned() };
        let to = Box::new(Moved { state: Some(state), note: Some(note), ..moved });
        let from = State::ALL.to_vec();
        let change = Change::Move { fence: self.fence.clone(), job: JobId(id), from, to };
        assert_eq!(self.apply(change), Applied::Done);
    }

    /// The account is paused, as an error of it does it.
    pub(crate) fn pause_account(&mut self) {
        self.apply(Change::Pause {
            scope: Scope::Account("main".to_owned()),
            kind: "HumanVerification".to_owned(),
            why: "solve the captcha in Discord, then resume".to_owned(),
            until: None,
        });
    }
}

pub(crate) fn asked(prompt: &str) -> NewJob {
    NewJob {
        request: format!(r#"{{"version":1,"prompt":"{prompt}"}}"#),
        title: prompt.to_owned(),
        step: "imagine".to_owned(),
        ..NewJob::default()
    }
}

fn charge(id: u64, certainty: &str) -> Charge {
    Charge {
        certainty: certainty.to_owned(),
        nonce: format!("nonce-{id}"),
        interaction: format!("90{id}"),
        remote_job: if certainty == "undecided" { String::new() } else { format!("remote-{id}") },
        mode: "fast".to_owned(),
        ..Charge::default()
    }
}

pub(crate) fn failed(kind: &str, text: &str) -> End {
    End {
        kind: kind.to_owned(),
        text: text.to_owned(),
        hint: format!("what helps against {kind}"),
        ..End::default()
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
