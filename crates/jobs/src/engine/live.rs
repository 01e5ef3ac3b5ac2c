//! A job that is under way here. It decides nothing.

use crate::job::{Job, JobId, State};
use crate::time::Timestamp;

/// How far it is in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its claim is being written.
    Claiming,
    /// The backend has it.
    Out,
    /// Its end is being written.
    Ending,
}

/// What the engine knows of a job that is under way.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) id: JobId,
    pub(super) account: String,
    pub(super) phase: Phase,
    pub(super) state: State,
    /// The job itself, until the backend has it.
    pub(super) work: Option<Box<Job>>,
    pub(super) sends: u32,
    pub(super) tries: u32,
    pub(super) most_sends: Option<u32>,
    pub(super) resend_undecided: bool,
    /// Whether another account may do it.
    pub(super) is_free: bool,
    /// Whether the other side has put it into its own queue.
    pub(super) is_queued: bool,
    /// Whether it ever was.
    pub(super) was_queued: bool,
    pub(super) cancel_told: bool,
    pub(super) step: String,
    pub(super) waited_since: Timestamp,
    pub(super) begun: Timestamp,
}

impl Live {
    pub(super) fn of(job: &Job, account: &str, now: Timestamp) -> Self {
        Self {
            id: job.id,
            account: account.to_owned(),
            phase: Phase::Claiming,
            state: job.state,
            work: None,
            sends: job.sends,
            tries: job.tries + u32::from(job.state == State::WaitingForSlot),
            most_sends: job.asked.most_sends,
            resend_undecided: job.asked.resend_undecided,
            is_free: job.asked.parent.is_none() && job.asked.account.is_none(),
            is_queued: false,
            was_queued: false,
            cancel_told: false,
            step: job.asked.step.clone(),
            waited_since: job.waiting_since(),
            begun: now,
        }
    }

    /// The states that the store may have it in: writes are in order, so only those before the next.
    pub(super) fn stored(&self) -> Vec<State> {
        vec![self.state]
    }

    /// Whether it uses one of the account's slots.
    pub(super) fn holds_slot(&self) -> bool {
        self.phase != Phase::Ending
    }

    /// Whether the other side works on it, as far as is known.
    pub(super) fn runs(&self) -> bool {
        self.holds_slot() && !self.is_queued && matches!(self.state, State::Accepted | State::Rendering)
    }
}
