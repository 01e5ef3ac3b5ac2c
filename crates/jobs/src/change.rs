//! What can be changed in a store, and what came of it. One change is whole or not at all.

use serde::{Deserialize, Serialize};

use crate::job::{Charge, End, JobId, NewJob, Note, State};
use crate::time::Timestamp;

/// Who may write for an account: whoever leased it last. A write with an older token changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fence {
    /// The account.
    pub account: String,
    /// Grows with every lease.
    pub token: u64,
}

/// What a pause is over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything.
    Queue,
    /// One account: its jobs wait, and go to no other.
    Account(String),
    /// One batch.
    Batch(String),
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A new job, `waiting_for_slot`. → `Added`, `Exists` (its key is known), `NoParent`.
    ///
    /// A step is ready once its parent has finished; then it is bound to the parent's account. It stays waiting,
    /// and not ready, when the parent ends otherwise, so that a retry of the parent is enough.
    Add(Box<NewJob>),
    /// Lease an account to `owner` until a time: granted when it is free, expired, or already the owner's
    /// (then the token stays). → `Leased`, `Held`.
    Lease {
        /// The account.
        account: String,
        /// Who asks; unique among processes.
        owner: String,
        /// Until when.
        until: Timestamp,
    },
    /// Give an account back, so that nobody needs to wait for its lease to end. → `Done`, `Lost`.
    Release(Fence),
    /// Give a waiting job to an account: it stays `waiting_for_slot`, bound to the account, and nobody else
    /// can take it. → `Done`, `Lost` (the fence), `Refused` (not waiting, not ready, cancelled, other account).
    Claim {
        /// The account's.
        fence: Fence,
        /// The job.
        job: JobId,
    },
    /// Write what became of a job that is bound to the account. → `Done`, `Lost`, `Refused` (not in `from`).
    ///
    /// Where it waits again and its owner has asked for its end, it is cancelled instead.
    Move {
        /// The account's.
        fence: Fence,
        /// The job.
        job: JobId,
        /// The states that it may be in.
        from: Vec<State>,
        /// What is written.
        to: Box<Moved>,
    },
    /// Its owner wants it to end: at once where nothing of it was sent, else whoever holds the account is told
    /// by `cancel_asked`. → `Done`, `Refused` (over already).
    Cancel(JobId),
    /// Begin again what failed or was cancelled, without its checkpoint but for an end that keeps it; what is
    /// unknown is resolved. It counts its tries anew. → `Done`, `Refused` (also where what it continues is gone).
    Retry(JobId),
    /// A human decides what is `unknown`: it finished, or it failed. → `Done`, `Refused` (not unknown).
    Resolve {
        /// The job.
        job: JobId,
        /// What it is: `finished`, `failed` or `waiting_for_slot` (send it again).
        to: State,
        /// Why, for people.
        why: String,
    },
    /// Pause; a second pause of the same scope replaces the first one's reason. → `Done`.
    Pause {
        /// What.
        scope: Scope,
        /// The kind of the error that did it, or `Asked`.
        kind: String,
        /// Why, and how to go on, for people.
        why: String,
        /// When it ends by itself; `None` where a human must act.
        until: Option<Timestamp>,
    },
    /// End a pause. → `Done`, `Refused` (none).
    Resume(Scope),
    /// Remember a small value of an account: its slots, its circuit breaker. → `Done`, `Lost`.
    Remember {
        /// The account's.
        fence: Fence,
        /// The name.
        name: String,
        /// JSON.
        value: String,
    },
    /// Count one value in a series: of this hour, in a histogram. → `Done`.
    Observe {
        /// For instance `duration/imagine/fast`.
        series: String,
        /// In the series' unit, mostly microseconds.
        value: u64,
    },
    /// Really remove one job with all that is known of it; it must be over, and so must its steps.
    /// → `Done`, `Refused`.
    Purge(JobId),
}

/// What a [`Change::Move`] writes; `None` leaves what stands there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The new state.
    pub state: Option<State>,
    /// The backend's checkpoint.
    pub checkpoint: Option<String>,
    /// Whether the checkpoint goes.
    pub forget_checkpoint: bool,
    /// Whether this is one more send.
    pub is_send: bool,
    /// What it waits for.
    pub reason: Option<String>,
    /// How it ended.
    pub end: Option<End>,
    /// When it may be tried next.
    pub run_at: Option<Timestamp>,
    /// Whether the account lets go of it: only what was certainly not executed.
    pub unbind: bool,
    /// A line of its history.
    pub note: Option<Note>,
    /// What was charged, or may have been.
    pub charge: Option<Charge>,
}

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Applied {
    /// It is done.
    Done,
    /// The new job's number.
    Added(JobId),
    /// A job with this key is there already.
    Exists(JobId),
    /// The parent is not there, or has failed.
    NoParent,
    /// The lease, with its token.
    Leased(Fence),
    /// Somebody else holds the lease.
    Held {
        /// Who.
        owner: String,
        /// Until when.
        until: Timestamp,
    },
    /// The fence is old: somebody else holds the account now. Stop writing, stop sending.
    Lost,
    /// The job is not where the change needs it to be.
    Refused,
}
