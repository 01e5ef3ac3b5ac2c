//! One job: what was asked, where it stands, what became of it. It decides nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A job's number, given by the store, from 1 in the order of their coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub u64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident $text:literal)*) => {
        /// Where a job stands.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum State { $($(#[$doc])* $name,)* }

        impl State {
            /// Every state, in the order of a job's life.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As stored and shown.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

states! {
    /// Nothing of it was sent, or what was sent was certainly not executed.
    WaitingForSlot "waiting_for_slot"
    /// It is about to be sent, or was: from here on only evidence decides.
    Sending "sending"
    /// The other side took it.
    Accepted "accepted"
    /// The other side works on it.
    Rendering "rendering"
    /// Its results are on disk.
    Finished "finished"
    /// It ended without a result; see [`End`].
    Failed "failed"
    /// Its owner ended it.
    Cancelled "cancelled"
    /// It may have been executed, and nothing decides it: a human may, with the evidence.
    Unknown "unknown"
}

impl State {
    /// By its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.name() == name)
    }

    /// Whether nothing more happens to it by itself. A late result may still turn `failed` or `unknown`
    /// into `finished`.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Cancelled | Self::Unknown)
    }

    /// Whether an account works on it, or may.
    pub const fn is_out(self) -> bool {
        matches!(self, Self::Sending | Self::Accepted | Self::Rendering)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewJob {
    /// What the backend is to do; only the backend reads it.
    pub request: String,
    /// The same for people, for instance the prompt.
    pub title: String,
    /// Whose it is; shares are fair between tenants. Empty where there is only one.
    pub tenant: String,
    /// The batch that it belongs to. Empty for none.
    pub batch: String,
    /// Its place in the batch, from 0.
    pub index: u32,
    /// The step it is of its item, for people: `imagine`, `U1` …
    pub step: String,
    /// Higher goes first.
    pub priority: i8,
    /// Not before this.
    pub run_at: Timestamp,
    /// Not to be sent after this; `None` for no end.
    pub deadline: Option<Timestamp>,
    /// The account that must do it; `None` for any. A step goes to its parent's account.
    pub account: Option<String>,
    /// The job whose result it continues; it waits until that has finished.
    pub parent: Option<JobId>,
    /// A second job with the same key is not added; the first one's number is told.
    pub key: Option<String>,
    /// How many times it may be sent where it was certainly, or allowed to be taken as, not executed.
    pub most_sends: Option<u32>,
    /// Whether a send that nothing decides may be sent again. It may then be paid twice.
    pub resend_undecided: bool,
}

/// A job, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What was asked.
    pub asked: NewJob,
    /// Where it stands.
    pub state: State,
    /// The account that it was given to. It stays the job's as long as anything of it may have been sent.
    pub account: Option<String>,
    /// How many times it was sent.
    pub sends: u32,
    /// How many times it was given to an account, whatever came of it; delays grow with it.
    pub tries: u32,
    /// What the backend needs to go on after a crash; only the backend reads it.
    pub checkpoint: Option<String>,
    /// What it waits for, in one word, for people.
    pub reason: String,
    /// How it ended.
    pub end: Option<End>,
    /// Whether its owner asked to end it.
    pub cancel_asked: bool,
    /// Whether its parent, if it has one, has finished.
    pub ready: bool,
    /// When it came.
    pub created: Timestamp,
    /// When it was last written.
    pub updated: Timestamp,
    /// When it may be tried next.
    pub run_at: Timestamp,
}

impl Job {
    /// A job as it comes, waiting, without a parent.
    pub fn new(id: JobId, asked: NewJob, now: Timestamp) -> Self {
        Self {
            id,
            state: State::WaitingForSlot,
            account: asked.account.clone(),
            sends: 0,
            tries: 0,
            checkpoint: None,
            reason: String::new(),
            end: None,
            cancel_asked: false,
            ready: asked.parent.is_none(),
            created: now,
            updated: now,
            run_at: asked.run_at,
            asked,
        }
    }

    /// Since when it could have been done: ageing counts from here.
    pub fn waiting_since(&self) -> Timestamp {
        self.created.max(self.asked.run_at)
    }
}

/// How a job ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct End {
    /// The kind, for programs: `Finished`, an error's name, `Cancelled`, `Undecided`.
    pub kind: String,
    /// What happened, for people.
    pub text: String,
    /// What to do about it, for people.
    pub hint: String,
    /// Whether it may be asked for again without a human's change.
    pub retryable: bool,
    /// What the backend found, for its own reading: the result that a step continues.
    pub result: String,
    /// The files on disk.
    pub files: Vec<SavedFile>,
    /// Whether a retry goes on from the checkpoint instead of sending anew: it is paid, and only its files are
    /// missing here.
    pub keeps_checkpoint: bool,
}

/// One file of a result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedFile {
    /// Where it is.
    pub path: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Where it came from; signed links expire.
    pub url: String,
}

/// One line of a job's history. It is only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// What happened, in one word: `added`, `sending`, `accepted`, `queued`, `progress`, `finished` …
    pub what: String,
    /// More of it, for people.
    pub detail: String,
}

/// One charge, or what may be one, with its evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Charge {
    /// How sure it is: `certain`, `likely` (accepted, no result seen), `undecided`, `none` (proven so).
    pub certainty: String,
    /// What the send carried.
    pub nonce: String,
    /// The other side's number of the request.
    pub interaction: String,
    /// The other side's number of the job.
    pub remote_job: String,
    /// `fast`, `relax`, `turbo`; empty where unknown.
    pub mode: String,
    /// Thousandths of a GPU minute, where known.
    pub milliminutes: Option<u64>,
    /// SHA-256 of the first file.
    pub sha256: String,
}
