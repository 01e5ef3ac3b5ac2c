//! A job as its caller holds it: await, watch, cancel. The truth about it is the driver's.

use journeyman_midjourney::generation::{GenerationRecord, Reason};
use journeyman_model::MessageId;
use tokio::sync::{mpsc, oneshot, watch};

use crate::driver::core::JobNumber;
use crate::driver::shell::{Command, Status};
use crate::error::{Error, ErrorKind};
use crate::event::{Event, Finished};

/// How many events may wait for a reader. One that is further behind misses progress,
/// never the outcome.
pub(crate) const MOST_EVENTS: usize = 256;

/// One generation, from the prompt to its images.
///
/// Dropping a job does not stop it: the driver goes on while the client or another job lives.
#[derive(Debug)]
#[must_use = "a job that nobody waits for goes on, and nobody hears how it ended"]
pub struct Job {
    pub(crate) number: JobNumber,
    pub(crate) events: mpsc::Receiver<Event>,
    /// Gone once it was told.
    pub(crate) outcome: Option<oneshot::Receiver<Result<Finished, Error>>>,
    pub(crate) status: watch::Receiver<Status>,
    pub(crate) commands: mpsc::Sender<Command>,
}

impl Job {
    /// The next event; `None` when no more can come.
    ///
    /// # Cancel safety
    /// Dropping the future loses no event.
    pub async fn next_event(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// See [`ErrorKind`]. A job that ended in `NoResponse`, `EphemeralModeration` or `Undecided`
    /// may still finish; then [`Job::next_event`] brings [`Event::FinishedLate`].
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing; call it again. After it returned once, it returns
    /// an error of kind `Internal`.
    pub async fn outcome(&mut self) -> Result<Finished, Error> {
        let Some(outcome) = &mut self.outcome else { return Err(told_before()) };
        let ended = outcome.await;
        self.outcome = None;
        ended.unwrap_or_else(|_| Err(told_before()))
    }

    /// Waits for the end, and tells each event on the way.
    ///
    /// # Errors
    /// See [`Job::outcome`].
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing, and loses no event; call it again, or [`Job::cancel`].
    pub async fn watch(&mut self, mut tell: impl FnMut(&Event)) -> Result<Finished, Error> {
        let Self { events, outcome, .. } = self;
        let Some(ending) = outcome else { return Err(told_before()) };
        loop {
            tokio::select! {
                // Events first: what happened before the end is told before it. Both arms may be
                // dropped, as receivers lose nothing.
                biased;
                Some(event) = events.recv() => tell(&event),
                ended = &mut *ending => {
                    *outcome = None;
                    return ended.unwrap_or_else(|_| Err(told_before()));
                }
            }
        }
    }

    /// Stops watching. A request that has left goes on at Midjourney and may be charged; the
    /// outcome is an error of kind `Cancelled` that says so.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the job running.
    pub async fn cancel(&self) {
        // A driver that is gone has ended every job.
        let _ = self.commands.send(Command::Cancel { job: self.number }).await;
    }

    /// The record as it was stored last: enough to [resume](crate::Client::resume) the job later.
    pub fn record(&self) -> Option<GenerationRecord> {
        self.status.borrow().record.clone()
    }

    /// What the job waits for, as of its last step; `None` before the first and after the end.
    pub fn waits_for(&self) -> Option<Reason> {
        self.status.borrow().reason
    }

    /// The message to look at in Discord, where one is known.
    pub fn message_id(&self) -> Option<MessageId> {
        self.status.borrow().record.as_ref().and_then(|record| record.message)
    }

    /// Midjourney's job id, where it is known.
    pub fn job_id(&self) -> Option<String> {
        self.status.borrow().record.as_ref().and_then(|record| record.job_id.clone())
    }
}

fn told_before() -> Error {
    Error::new(ErrorKind::Internal, "wait for a job whose end was told before, or whose driver is gone")
}
