//! The client: one account, one channel, any number of jobs.

mod links;
mod orders;
mod seed;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use journeyman_midjourney::Order;
use journeyman_midjourney::generation::{Generation, GenerationRecord};
use journeyman_midjourney::prompt::Prompt;
use journeyman_moment::Clock;
use tokio::sync::{mpsc, oneshot, watch};

use crate::archive::Archive;
use crate::drift::Drift;
use crate::driver::core::{Core, CoreSettings, JobNumber, WatchedBy};
use crate::driver::io::Io;
use crate::driver::shell::{Begin, Caller, Command, Entry, Shell, Status};
use crate::error::{Error, ErrorKind};
use crate::job::{Job, MOST_EVENTS};
use crate::judge::Judge;
use crate::record::Recorder;
use crate::settings::Settings;
use crate::wall;

/// How many commands may wait for the driver; a caller beyond that waits.
const MOST_COMMANDS: usize = 64;

/// Makes images with one account in one channel. Cheap to clone.
///
/// All its requests go through one limiter, and one poll of the channel serves all its jobs.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) commands: mpsc::Sender<Command>,
    numbers: Arc<AtomicU64>,
    clock: Clock,
    watched_by: watch::Receiver<WatchedBy>,
    judge: Arc<Judge>,
    io: Io,
    recorder: Recorder,
    drift: watch::Receiver<Drift>,
}

/// What may differ from one imagine to the next.
#[derive(Debug, Clone, Default)]
pub struct ImagineOptions {
    /// Whether being queued by Midjourney is an error (`JobQueued`). Default: no, it is a state.
    pub queued_is_error: bool,
    /// Whether the prompt is sent without being linted and screened first. Default: no.
    pub unjudged: bool,
}

impl Client {
    /// A client with these settings. Sends nothing yet.
    ///
    /// Call it inside a tokio runtime: it starts one task, which ends when the client and all
    /// its jobs are dropped.
    ///
    /// # Errors
    /// `Storage` when the folder cannot be written, `Configuration` when the HTTP client cannot
    /// be made.
    pub fn new(settings: &Settings, clock: Clock) -> Result<Self, Error> {
        let archive = Archive::open(&settings.out, settings.split)?;
        let recorder = Recorder::begin(settings)?;
        let io = Io::new(settings, archive, clock, recorder.tap())?;
        let core = Core::new(CoreSettings {
            deadlines: settings.deadlines,
            poll: settings.poll,
            progress: settings.progress,
            watch: settings.watch,
            gateway_patience: settings.gateway_patience,
            seed: settings.seed,
        });
        let (commands, receiver) = mpsc::channel(MOST_COMMANDS);
        let (watched_by_in, watched_by) = watch::channel(WatchedBy::Nothing);
        let shell = Shell::new(core, io.clone(), clock, receiver, watched_by_in);
        let (drift_in, drift) = watch::channel(Drift::default());
        tokio::spawn(shell.recorded(recorder.clone()).alarming(drift_in).run());
        let (numbers, judge) = (Arc::new(AtomicU64::new(0)), Arc::new(Judge::new(settings)));
        Ok(Self { commands, numbers, clock, watched_by, judge, io, recorder, drift })
    }

    /// Makes an image of `prompt`.
    ///
    /// # Errors
    /// `InvalidPrompt` when it is empty, longer than Discord takes, or would make several jobs, when the
    /// bot is known to refuse it ([`Settings::lint`]), or when the operator does ([`Settings::screen`]);
    /// nothing is sent then. How the job ends is told by [`Job::outcome`].
    ///
    /// # Cancel safety
    /// Dropping the future before it is ready begins no job.
    pub async fn imagine(&self, prompt: &str) -> Result<Job, Error> {
        self.imagine_with(prompt, ImagineOptions::default()).await
    }

    /// Makes an image of `prompt`, with options.
    ///
    /// # Errors
    /// See [`Client::imagine`].
    ///
    /// # Cancel safety
    /// See [`Client::imagine`].
    pub async fn imagine_with(&self, prompt: &str, options: ImagineOptions) -> Result<Job, Error> {
        let typed = prompt;
        let prompt = Prompt::try_new(typed).map_err(|error| {
            Error::new(ErrorKind::InvalidPrompt, error.to_string()).with_hint(error.hint())
        })?;
        if prompt.makes_several_jobs() {
            return Err(Error::new(
                ErrorKind::InvalidPrompt,
                "the prompt makes several jobs (a permutation {a, b}, or --repeat), and a job here is one",
            )
            .with_hint("send each of them by itself; write \\{ and \\} for braces that are text"));
        }
        if !options.unjudged {
            self.judge.judge(typed)?;
        }
        self.submit(Order::imagine(prompt.to_string()), options).await
    }

    /// Goes on with a job where its record left off: watches for its end, and never sends it again
    /// when its request may have left. One whose record has an end tells it again; the images of a
    /// finished one are fetched and saved anew.
    ///
    /// # Errors
    /// `Storage` when the record was written by another version of this program.
    ///
    /// # Cancel safety
    /// See [`Client::imagine`].
    pub async fn resume(&self, record: &GenerationRecord) -> Result<Job, Error> {
        self.resume_with(record, None).await
    }

    pub(crate) async fn resume_with(
        &self,
        record: &GenerationRecord,
        journal: Option<mpsc::UnboundedSender<Entry>>,
    ) -> Result<Job, Error> {
        let generation =
            Generation::from_record(record, self.clock.now(), wall::unix_micros()).map_err(|error| {
                Error::new(ErrorKind::Storage, "read the record of a job")
                    .with_hint("use the version of this program that wrote it")
                    .with_source(error)
            })?;
        self.start(Begin::Record(Box::new(generation)), journal).await
    }

    /// Ends the account's pause, after a human acted in Discord on what had caused it: a captcha, a
    /// notice, a block, a lapsed subscription. Until then every job of this client ends in that error
    /// without sending anything.
    ///
    /// # Errors
    /// `Internal` when the driver is gone.
    ///
    /// # Cancel safety
    /// Dropping the future before it is ready leaves the account paused.
    pub async fn unpause(&self) -> Result<(), Error> {
        let sent = self.commands.send(Command::Unpause).await;
        sent.map_err(|_| Error::new(ErrorKind::Internal, "end the pause: the driver is gone"))
    }

    /// By what the channel is followed at this moment; nothing is followed before the first job.
    pub fn watched_by(&self) -> WatchedBy {
        *self.watched_by.borrow()
    }

    /// What was seen that this version does not know: signs that Midjourney may have changed.
    pub fn drift(&self) -> Drift {
        self.drift.borrow().clone()
    }

    /// Ends the recording that [`Settings::record`] asked for: its lines are on disk when this returns, or it has
    /// waited 2 s for a disk that is slower. Dropping the last of the client and its jobs does the same, where the
    /// program lives long enough. Without a recording it does nothing.
    ///
    /// # Cancel safety
    /// The recording ends in any case.
    pub async fn end_recording(&self) {
        let recorder = self.recorder.clone();
        // Only a runtime that ends already does not run it; then dropping the client ends the recording.
        let _ = tokio::task::spawn_blocking(move || recorder.end()).await;
    }

    pub(crate) async fn start(
        &self,
        begin: Begin,
        journal: Option<mpsc::UnboundedSender<Entry>>,
    ) -> Result<Job, Error> {
        let number = JobNumber(self.numbers.fetch_add(1, Ordering::Relaxed));
        let (events_in, events) = mpsc::channel(MOST_EVENTS);
        let (outcome_in, outcome) = oneshot::channel();
        let (status_in, status) = watch::channel(Status::default());
        let caller = Caller { events: events_in, outcome: Some(outcome_in), status: status_in, journal };
        let command = Command::Start { job: number, begin, caller };
        self.commands
            .send(command)
            .await
            .map_err(|_| Error::new(ErrorKind::Internal, "start a job: the driver is gone"))?;
        Ok(Job { number, events, outcome: Some(outcome), status, client: self.clone() })
    }
}
