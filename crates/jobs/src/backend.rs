//! What does the work, as the engine sees it: told what to do, it tells what became of it. It knows no store.

use std::task::{Context, Poll};
use std::time::Duration;

use crate::job::{Charge, End, Job, JobId};
use crate::time::Timestamp;

/// Whatever makes what was asked for: a program that speaks with Discord, a script in a test.
///
/// No call blocks. Everything that happens is told by [`Backend::poll_told`], in the order of its happening.
pub trait Backend: Send {
    /// Begins a job, or goes on with one that has a checkpoint. One that was given up may be begun again: then
    /// a late result of the first time is told as well.
    fn start(&mut self, work: Work);

    /// A checkpoint is durable: what waited for it may leave, but not after `before`, when somebody else may
    /// have the account. What could not leave until then is told as [`How::NotExecuted`].
    fn durable(&mut self, job: JobId, sequence: u64, before: Timestamp);

    /// The job's owner wants it to end. Answered by [`What::Ended`], also where it cannot be ended.
    fn cancel(&mut self, job: JobId);

    /// Somebody else has the job now, or its checkpoint could not be written: nothing of it may leave any
    /// more, and nothing more is told of it.
    fn drop_job(&mut self, job: JobId);

    /// A human acted on what had paused the account.
    fn resume_account(&mut self, account: &str);

    /// The next thing that happened; `Ready(None)` when nothing more can.
    fn poll_told(&mut self, context: &mut Context<'_>) -> Poll<Option<Told>>;
}

/// One job to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Work {
    /// The job, with its request, its checkpoint and its account.
    pub job: Job,
    /// What its parent found, where it has one; only the backend reads it.
    pub base: Option<String>,
}

/// What happened to a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The job.
    pub job: JobId,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Where it stands, to go on from after a crash.
    Checkpoint {
        /// For [`Backend::durable`].
        sequence: u64,
        /// The checkpoint.
        text: String,
        /// Whether the request leaves as soon as this is durable: what may be charged.
        sends: Option<Charge>,
    },
    /// The other side took it.
    Accepted {
        /// The evidence.
        charge: Charge,
    },
    /// It stands in the other side's own queue.
    Queued,
    /// It is worked on.
    Progress {
        /// Per cent, where it is told.
        percent: Option<u8>,
    },
    /// What it waits for, in one word.
    Waits(String),
    /// How it ended, for now.
    Ended {
        /// How.
        how: How,
        /// For people, with the result.
        end: End,
        /// What was charged, as far as is known.
        charge: Option<Charge>,
    },
}

/// How a job ended at the backend, in terms of what may be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Its results are on disk.
    Finished,
    /// Certainly not executed: it may be sent again, after this long at the earliest.
    NotExecuted {
        /// A wait that was asked for.
        after: Option<Duration>,
    },
    /// No place in the other side's queue; not executed.
    QueueFull,
    /// It was refused or it failed; the same again would not be better.
    Failed,
    /// The account as a whole must wait; the job was not executed.
    AccountPaused {
        /// When that ends by itself; `None` where a human must act.
        until: Option<Timestamp>,
    },
    /// It may have been executed, and nothing decides it. [`End::text`] holds the evidence.
    Undecided,
    /// Ended as its owner asked; [`End::text`] says what was spent.
    Cancelled,
}
