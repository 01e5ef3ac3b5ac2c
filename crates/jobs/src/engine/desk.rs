//! What the engine wants written: one write at a time, in order, again until it is written. It writes nothing.

use std::collections::VecDeque;
use std::time::Duration;

use crate::change::Change;
use crate::job::JobId;
use crate::time::Timestamp;

/// How long after a failed write the next is tried.
const AGAIN: Duration = Duration::from_secs(2);

/// How many changes one write has at most.
const MOST_CHANGES: usize = 256;

/// What a change is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To hold an account.
    Lease(String),
    /// To begin a job.
    Claim(JobId),
    /// To have a checkpoint durable.
    Checkpoint(JobId, u64),
    /// To end a job here.
    End(JobId),
    /// Whatever comes of it is no matter, but for a lost lease.
    Aside(String),
}

/// The writes, in order.
#[derive(Debug, Default)]
pub(super) struct Desk {
    waiting: VecDeque<(Change, Purpose)>,
    /// What is being written now, and under which ticket.
    out: Option<(u64, Vec<(Change, Purpose)>)>,
    tickets: u64,
    /// After a failure: not before this.
    again_at: Option<Timestamp>,
}

impl Desk {
    pub(super) fn put(&mut self, change: Change, purpose: Purpose) {
        self.waiting.push_back((change, purpose));
    }

    /// The next write, when its time has come.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<(u64, Vec<Change>)> {
        if self.out.is_some() || self.waiting.is_empty() || self.again_at.is_some_and(|at| now < at) {
            return None;
        }
        let count = self.waiting.len().min(MOST_CHANGES);
        let batch: Vec<_> = self.waiting.drain(..count).collect();
        self.tickets += 1;
        let changes = batch.iter().map(|(change, _)| change.clone()).collect();
        self.out = Some((self.tickets, batch));
        Some((self.tickets, changes))
    }

    /// A write is done, or has failed: then nothing of it is there, and it is written again.
    pub(super) fn answered(&mut self, now: Timestamp, ticket: u64, is_done: bool) -> Option<Vec<Purpose>> {
        let (_, batch) = self.out.take_if(|(out, _)| *out == ticket)?;
        if is_done {
            self.again_at = None;
            return Some(batch.into_iter().map(|(_, purpose)| purpose).collect());
        }
        batch.into_iter().rev().for_each(|one| self.waiting.push_front(one));
        self.again_at = Some(now.after(AGAIN));
        None
    }

    /// When the next write is due that waits for its time.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.again_at.filter(|_| self.out.is_none() && !self.waiting.is_empty())
    }

    /// Whether the last write failed.
    pub(super) fn is_stuck(&self) -> bool {
        self.again_at.is_some()
    }

    /// Whether nothing waits to be written.
    pub(super) fn is_clear(&self) -> bool {
        self.out.is_none() && self.waiting.is_empty()
    }
}
