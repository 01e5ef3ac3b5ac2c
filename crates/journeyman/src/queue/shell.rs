//! The queue's shell: one task that feeds the engine and does what it says. It decides nothing.

use std::collections::BTreeMap;
use std::future::poll_fn;

use journeyman_jobs::backend::{Backend as _, Told, Work};
use journeyman_jobs::change::Applied;
use journeyman_jobs::engine::{Engine, EngineSettings, Input, Output, View, view};
use journeyman_jobs::job::JobId;
use journeyman_moment::{Clock, Moment};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinSet;

use super::Moved;
use super::backend::Discord;
use super::store::QueueStore;
use super::time::Wall;
use crate::error::Error;

/// What callers ask of the shell.
#[derive(Debug)]
pub(super) enum Command {
    /// Something was added or changed.
    Nudge,
    /// Begin nothing more, and tell when all is done.
    Drain(oneshot::Sender<()>),
}

/// What a piece of IO came to.
enum Done {
    Written { ticket: u64, answer: Option<Vec<Applied>> },
    Seen(Option<Box<View>>),
    Work(Box<Work>),
}

/// What came for a job while it was read from the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Early {
    Nothing,
    Cancel,
    Drop,
}

/// How long after a failed read the next is tried.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(1);

/// The shell.
pub(super) struct Shell {
    /// Jobs that are being read, to be begun.
    starting: BTreeMap<JobId, Early>,
    engine: Engine,
    backend: Discord,
    store: QueueStore,
    moved: broadcast::Sender<Moved>,
    commands: mpsc::Receiver<Command>,
    tasks: JoinSet<Done>,
    drained: Option<oneshot::Sender<()>>,
    clock: Clock,
    wall: Wall,
}

impl Shell {
    #[expect(clippy::too_many_arguments, reason = "they are all different, and there is one caller")]
    pub(super) fn new(
        settings: EngineSettings,
        accounts: BTreeMap<String, u32>,
        backend: Discord,
        store: QueueStore,
        moved: broadcast::Sender<Moved>,
        commands: mpsc::Receiver<Command>,
        clock: Clock,
        wall: Wall,
    ) -> Self {
        let mut engine = Engine::new(settings);
        for (account, cap) in accounts {
            engine.on(wall.now(clock), Input::Manage { account, cap });
        }
        let tasks = JoinSet::new();
        Self {
            starting: BTreeMap::new(),
            engine,
            backend,
            store,
            moved,
            commands,
            tasks,
            drained: None,
            clock,
            wall,
        }
    }

    /// Runs until the last queue is dropped, or it is drained.
    pub(super) async fn run(mut self) {
        loop {
            while let Some(output) = self.engine.poll() {
                self.perform(output);
            }
            if self.engine.is_drained()
                && let Some(drained) = self.drained.take()
            {
                // A caller that is gone does not want to know.
                let _ = drained.send(());
                return;
            }
            let wakeup = self.engine.next_wakeup().map_or(Moment::MAX, |at| self.wall.moment(at));
            let Self { commands, tasks, backend, clock, .. } = &mut self;
            // Every arm is cancel safe: receives, a join and a sleep lose nothing when dropped.
            let input = tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Nudge) => Some(Input::Nudge),
                    Some(Command::Drain(done)) => {
                        self.drained = Some(done);
                        Some(Input::Drain)
                    }
                    None => return,
                },
                Some(done) = tasks.join_next() => self.on_done(done),
                Some(told) = poll_fn(|context| backend.poll_told(context)) => Some(heard(told)),
                () = clock.sleep_until(wakeup) => Some(Input::Tick),
            };
            if let Some(input) = input {
                self.engine.on(self.wall.now(self.clock), input);
            }
        }
    }

    fn on_done(&mut self, done: Result<Done, tokio::task::JoinError>) -> Option<Input> {
        match done {
            Ok(Done::Written { ticket, answer }) => Some(Input::Written { ticket, answer }),
            Ok(Done::Seen(Some(view))) => Some(Input::Seen(view)),
            Ok(Done::Seen(None)) => Some(Input::Unseen),
            Ok(Done::Work(work)) => {
                self.start(*work);
                None
            }
            Err(error) => {
                tracing::error!(%error, "a task of the queue failed");
                None
            }
        }
    }

    /// Begins a job, unless it was dropped while it was read.
    fn start(&mut self, work: Work) {
        let job = work.job.id;
        let early = self.starting.remove(&job).unwrap_or(Early::Nothing);
        if early != Early::Drop {
            self.backend.start(work);
        }
        if early == Early::Cancel {
            self.backend.cancel(job);
        }
    }

    fn perform(&mut self, output: Output) {
        let store = self.store.clone();
        let now = self.wall.now(self.clock);
        match output {
            Output::Write { ticket, changes } => {
                self.tasks.spawn(async move {
                    let answer = store.apply(changes).await;
                    Done::Written { ticket, answer: told(answer, "write the store") }
                });
            }
            Output::Look(accounts) => {
                self.tasks.spawn(async move {
                    let seen = store.read(move |from| view(from, &accounts, now)).await;
                    Done::Seen(told(seen, "read the store").map(Box::new))
                });
            }
            Output::Start(job) => {
                self.starting.insert(job.id, Early::Nothing);
                let clock = self.clock;
                self.tasks.spawn(async move {
                    loop {
                        let (store, job) = (store.clone(), job.clone());
                        let work = store.read(move |from| Engine::work(from, *job)).await;
                        if let Some(work) = told(work, "read a job") {
                            return Done::Work(Box::new(work));
                        }
                        clock.sleep_until(clock.now() + AGAIN).await;
                    }
                });
            }
            Output::Durable { job, sequence, before } => self.backend.durable(job, sequence, before),
            Output::Cancel(job) => match self.starting.get_mut(&job) {
                Some(early) => *early = Early::Cancel,
                None => self.backend.cancel(job),
            },
            Output::DropJob(job) => match self.starting.get_mut(&job) {
                Some(early) => *early = Early::Drop,
                None => self.backend.drop_job(job),
            },
            Output::ResumeAccount(account) => self.backend.resume_account(&account),
            Output::Moved { job, state, detail } => {
                // Nobody may be watching.
                let _ = self.moved.send(Moved { job, state, detail });
            }
        }
    }
}

fn heard(told: Told) -> Input {
    Input::Told(Box::new(told))
}

/// What went well; what did not is logged, and the engine tries again.
fn told<T>(result: Result<T, Error>, tried: &str) -> Option<T> {
    result.inspect_err(|error| tracing::error!(%error, hint = error.hint(), "{tried}; trying again")).ok()
}
