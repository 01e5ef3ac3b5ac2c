//! The durable queue as callers hold it: jobs go in, and none is lost or paid twice. The truth is the store's.

mod backend;
mod ending;
mod request;
mod shell;
mod store;
mod time;

use std::collections::BTreeMap;

use journeyman_jobs::change::{Applied, Change};
use journeyman_jobs::engine::EngineSettings;
use journeyman_jobs::job::{Job, JobId, NewJob, State};
use journeyman_jobs::time::Timestamp;
use journeyman_moment::Clock;
use tokio::sync::{broadcast, mpsc};

pub use request::Request;
pub use store::QueueStore;

use self::backend::Discord;
use self::shell::{Command, Shell};
use self::time::Wall;
use crate::client::Client;
use crate::error::{Error, ErrorKind};

/// How many movements a slow watcher may be behind before it misses some; the store has them all.
const MOST_MOVED: usize = 4_096;

/// One account of a queue.
#[derive(Debug, Clone)]
pub struct QueueAccount {
    /// Its name in the store. It is no secret and no token.
    pub name: String,
    /// What works for it.
    pub client: Client,
    /// How many jobs its plan runs at once.
    pub slots: u32,
}

/// Where a job of the queue stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The job.
    pub job: JobId,
    /// Its state.
    pub state: State,
    /// What it waits for, or how far it is; for people.
    pub detail: String,
}

/// A durable queue over one store. Cheap to clone; the work ends when the last clone is dropped, and goes on
/// when the store is opened again.
#[derive(Debug, Clone)]
pub struct Queue {
    store: QueueStore,
    commands: mpsc::Sender<Command>,
    moved: broadcast::Sender<Moved>,
    clock: Clock,
    wall: Wall,
}

impl Queue {
    /// Works with these accounts on what is in the store. What a process before left is gone on with.
    ///
    /// Call it inside a tokio runtime: it starts one task.
    pub fn open(
        store: QueueStore,
        accounts: Vec<QueueAccount>,
        settings: EngineSettings,
        clock: Clock,
    ) -> Self {
        let wall = Wall::read(clock);
        let (commands, receiver) = mpsc::channel(64);
        let (moved, _) = broadcast::channel(MOST_MOVED);
        let slots = accounts.iter().map(|account| (account.name.clone(), account.slots)).collect();
        let clients: BTreeMap<String, Client> =
            accounts.into_iter().map(|account| (account.name, account.client)).collect();
        let backend = Discord::new(clients, clock, wall);
        let shell = Shell::new(settings, slots, backend, store.clone(), moved.clone(), receiver, clock, wall);
        tokio::spawn(shell.run());
        Self { store, commands, moved, clock, wall }
    }

    /// Adds jobs; each is durable when this returns. One whose key is known is not added again: its number
    /// is told.
    ///
    /// # Errors
    /// `Storage` when the store cannot be written: then none is there. `InvalidRequest` when a parent is missing.
    ///
    /// # Cancel safety
    /// Dropped late, the jobs may have been added.
    pub async fn add(&self, jobs: Vec<NewJob>) -> Result<Vec<JobId>, Error> {
        let changes = jobs.into_iter().map(|job| Change::Add(Box::new(job))).collect();
        let applied = self.change(changes).await?;
        let number = |applied| match applied {
            Applied::Added(id) | Applied::Exists(id) => Ok(id),
            Applied::NoParent => {
                Err(Error::new(ErrorKind::InvalidRequest, "add a step whose job before is not in the store")
                    .with_hint("add the job before it first"))
            }
            Applied::Done | Applied::Leased(_) | Applied::Held { .. } | Applied::Lost | Applied::Refused => {
                Err(Error::new(ErrorKind::Internal, "add a job: the store answered something else"))
            }
        };
        applied.into_iter().map(number).collect()
    }

    /// Applies changes to the store, and has the engine look at them soon.
    ///
    /// # Errors
    /// `Storage` when the store cannot be written.
    ///
    /// # Cancel safety
    /// Dropped late, they may have been applied.
    pub async fn change(&self, changes: Vec<Change>) -> Result<Vec<Applied>, Error> {
        let applied = self.store.apply(changes).await?;
        // An engine that is gone looks at nothing.
        let _ = self.commands.send(Command::Nudge).await;
        Ok(applied)
    }

    /// A job as the store has it.
    ///
    /// # Errors
    /// `Storage` when the store cannot be read.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn job(&self, id: JobId) -> Result<Option<Job>, Error> {
        self.store.read(move |from| from.job(id)).await
    }

    /// Waits until a job is over, and gives it.
    ///
    /// # Errors
    /// `Storage` when the store cannot be read, `InvalidRequest` for a job that is not there.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn ended(&self, id: JobId) -> Result<Job, Error> {
        let mut moved = self.watch();
        loop {
            let job = self.job(id).await?.ok_or_else(|| {
                Error::new(ErrorKind::InvalidRequest, format!("wait for job {id}: it is not in the store"))
            })?;
            if job.state.is_over() {
                return Ok(job);
            }
            // Another process may move it too: look at times, whatever is heard.
            let later = self.clock.now() + std::time::Duration::from_secs(1);
            tokio::select! {
                _ = moved.recv() => {}
                () = self.clock.sleep_until(later) => {}
            }
        }
    }

    /// What moves from here on.
    pub fn watch(&self) -> broadcast::Receiver<Moved> {
        self.moved.subscribe()
    }

    /// Begins nothing more, waits for what is out, and gives the accounts back.
    ///
    /// # Cancel safety
    /// Dropping the future goes on draining.
    pub async fn drain(&self) {
        let (done, drained) = tokio::sync::oneshot::channel();
        if self.commands.send(Command::Drain(done)).await.is_ok() {
            let _ = drained.await;
        }
    }

    /// The time of stored records.
    pub fn now(&self) -> Timestamp {
        self.wall.now(self.clock)
    }

    /// The store.
    pub fn store(&self) -> &QueueStore {
        &self.store
    }
}
