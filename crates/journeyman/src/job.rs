//! A job as its caller holds it: await, watch, cancel. The truth about it is the driver's.

use journeyman_midjourney::generation::{GenerationRecord, Reason};
use journeyman_model::MessageId;
use tokio::sync::{mpsc, oneshot, watch};

use crate::client::Client;
use crate::driver::core::JobNumber;
use crate::driver::shell::{Command, Status};
use crate::error::{Error, ErrorKind};
use crate::event::{Event, Finished};
use crate::panel::Panel;

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
    pub(crate) client: Client,
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
        let _ = self.client.commands.send(Command::Cancel { job: self.number }).await;
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

/// What follows from a finished job: each is a job of its own, and its parent stays as it is.
impl Job {
    /// What may be pressed on its result.
    ///
    /// # Errors
    /// `InvalidRequest` when it has not finished.
    pub fn panel(&self) -> Result<Panel, Error> {
        let panel = self.status.borrow().record.as_ref().and_then(Panel::of_record);
        panel.ok_or_else(|| {
            Error::new(ErrorKind::InvalidRequest, "press a button of a job that has no result yet")
                .with_hint("wait for its outcome first")
        })
    }

    /// Presses what `label` means on its result: `U1`, `Vary (Strong)`, `🔄` …
    ///
    /// # Errors
    /// See [`Job::panel`] and [`Client::press`].
    ///
    /// # Cancel safety
    /// Dropping the future before it is ready presses nothing.
    pub async fn press(&self, label: &str) -> Result<Self, Error> {
        self.client.press(&self.panel()?, label).await
    }

    /// Takes one image out of a grid; `image` is 1 to 4.
    ///
    /// # Errors
    /// See [`Job::press`].
    ///
    /// # Cancel safety
    /// See [`Job::press`].
    pub async fn upscale(&self, image: u8) -> Result<Self, Error> {
        self.press(&format!("U{image}")).await
    }

    /// Makes variations of one image of a grid; `image` is 1 to 4.
    ///
    /// # Errors
    /// See [`Job::press`].
    ///
    /// # Cancel safety
    /// See [`Job::press`].
    pub async fn vary(&self, image: u8) -> Result<Self, Error> {
        self.press(&format!("V{image}")).await
    }

    /// Makes strong variations of one image. Of a grid, the image is taken out first.
    ///
    /// # Errors
    /// See [`Job::press`], and those of the upscale.
    ///
    /// # Cancel safety
    /// Dropped late, the image may have been taken out.
    pub async fn vary_strong(&self, image: u8) -> Result<Self, Error> {
        self.press_alone(image, "Vary (Strong)").await
    }

    /// Makes subtle variations of one image. Of a grid, the image is taken out first.
    ///
    /// # Errors
    /// See [`Job::vary_strong`].
    ///
    /// # Cancel safety
    /// See [`Job::vary_strong`].
    pub async fn vary_subtle(&self, image: u8) -> Result<Self, Error> {
        self.press_alone(image, "Vary (Subtle)").await
    }

    /// Makes the same prompt again.
    ///
    /// # Errors
    /// See [`Job::press`].
    ///
    /// # Cancel safety
    /// See [`Job::press`].
    pub async fn reroll(&self) -> Result<Self, Error> {
        self.press("reroll").await
    }

    /// Asks for the seed of its images; see [`Client::seed`].
    ///
    /// # Errors
    /// `InvalidRequest` when it has not finished; those of [`Client::seed`].
    ///
    /// # Cancel safety
    /// See [`Client::seed`].
    pub async fn seed(&self) -> Result<u64, Error> {
        self.client.seed(self.panel()?.message()).await
    }

    /// Presses Cancel Job on its progress message: it stops at Midjourney. [`Job::cancel`] only stops
    /// watching it.
    ///
    /// # Errors
    /// `InvalidRequest` when no such button was seen; see [`Client::press`].
    ///
    /// # Cancel safety
    /// See [`Job::press`].
    pub async fn stop(&self) -> Result<Self, Error> {
        let panel = self.status.borrow().progress.clone();
        let panel = panel.ok_or_else(|| {
            Error::new(ErrorKind::InvalidRequest, "press Cancel Job: no such button was seen")
                .with_hint("only the gateway shows it; wait until the job waits or renders")
        })?;
        self.client.press(&panel, "Cancel Job").await
    }

    async fn press_alone(&self, image: u8, label: &str) -> Result<Self, Error> {
        if self.panel()?.has(label) {
            return self.press(label).await;
        }
        let mut alone = self.upscale(image).await?;
        alone.outcome().await?;
        alone.press(label).await
    }
}

fn told_before() -> Error {
    Error::new(ErrorKind::Internal, "wait for a job whose end was told before, or whose driver is gone")
}
