//! The wait for a batch's steps: what moves is told, what ended is written down, Ctrl-C is heard. It adds no job.

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use journeyman::queue::{Moved, Queue};
use journeyman::{Clock, Moment};
use journeyman_jobs::change::Scope;
use journeyman_jobs::job::{JobId, State};
use journeyman_jobs::store::Paused;
use tokio::sync::broadcast::error::RecvError;

use super::ledger::Ledger;
use crate::error::Error;
use crate::show::Steps;

/// How often the store is looked at for what was not heard: what another process did, and pauses.
const LOOK: Duration = Duration::from_secs(10);

/// A manifest that took long to write is written seldom: at most this part of the time goes into it.
const SHARE: u32 = 20;

/// How the wait ended.
pub(super) enum Waited {
    /// Nothing more happens by itself.
    Over,
    /// Somebody has to act on the account, or has paused it.
    Paused(Paused),
    /// Ctrl-C; whether all that was out has come in.
    Stopped {
        /// Whether it was asked for once, and what was out has ended.
        is_drained: bool,
    },
}

/// What the wait is for.
pub(super) struct Wait<'a, 'b> {
    pub(super) queue: &'a Queue,
    pub(super) account: &'a str,
    pub(super) ledger: &'a mut Ledger<'b>,
    pub(super) steps: Steps,
    pub(super) manifest: &'a Path,
    pub(super) clock: Clock,
    /// When the manifest may be written next.
    pub(super) next: Moment,
}

impl Wait<'_, '_> {
    /// Waits until every step is over, or is stopped.
    pub(super) async fn run(&mut self) -> Result<Waited, Error> {
        let mut moved = self.queue.watch();
        let mut interrupt = Box::pin(tokio::signal::ctrl_c());
        let mut drained = pin!(drained(self.queue.clone()));
        let mut is_stopping = false;
        let (mut look, mut first_open) = (self.clock.now(), 0);
        loop {
            if self.clock.now() >= look {
                look = self.clock.now();
                if let Some(pause) = self.look().await?.filter(|_| !is_stopping) {
                    return Ok(Waited::Paused(pause));
                }
                let after = self.clock.now();
                look = after + LOOK.max(after.since(look).saturating_mul(SHARE));
            }
            // What is over stays so but for rare cases, so that they are not all looked at each time.
            let first = self.ledger.open_from(first_open).next().or_else(|| self.ledger.open_from(0).next());
            match first {
                Some(first) => first_open = first,
                None => return Ok(Waited::Over),
            }
            tokio::select! {
                // What is dropped is looked for in the store; a signal is kept by its future.
                heard = moved.recv() => match heard {
                    Ok(moved) => self.on(&moved).await?,
                    Err(RecvError::Lagged(_)) => look = self.clock.now(),
                    Err(RecvError::Closed) => return Ok(Waited::Stopped { is_drained: true }),
                },
                () = self.clock.sleep_until(look) => {}
                () = &mut drained, if is_stopping => {
                    self.look().await?;
                    let is_drained = true;
                    return Ok(Waited::Stopped { is_drained });
                }
                Ok(()) = &mut interrupt => {
                    if is_stopping {
                        self.look().await?;
                        return Ok(Waited::Stopped { is_drained: false });
                    }
                    is_stopping = true;
                    interrupt = Box::pin(tokio::signal::ctrl_c());
                    let out = self.ledger.count(|step| step.state.is_out());
                    self.steps.tell(&format!(
                        "stopping: nothing more is begun; waiting for what is out: {out}. Ctrl-C again stops at once, and nothing is lost"
                    ));
                }
            }
        }
    }

    /// A step moved.
    async fn on(&mut self, moved: &Moved) -> Result<(), Error> {
        let Some(index) = self.ledger.step_of(moved.job) else { return Ok(()) };
        if moved.state.is_over() {
            return self.ended(index, moved.job).await;
        }
        self.ledger.moved(index, moved.state);
        let step = &self.ledger.steps[index];
        self.steps.moved(&self.ledger.named(index), moved, step.item.number, &step.planned)
    }

    /// A step is over: its files get their names, and the manifest tells of it.
    async fn ended(&mut self, index: usize, id: JobId) -> Result<(), Error> {
        let read = self.queue.store().read(move |store| Ok((store.job(id)?, store.charges(id)?))).await?;
        let (Some(job), charges) = read else { return Ok(()) };
        // It may have been begun again meanwhile; and what was told already is told once.
        let is_told = self.ledger.steps[index].state == job.state;
        if !job.state.is_over() || is_told {
            return Ok(());
        }
        self.ledger.settle(index, &job, &charges);
        self.steps.ended(&self.ledger.named(index), id, &self.ledger.manifest.steps[index])?;
        let now = self.clock.now();
        if now >= self.next {
            self.ledger.manifest.write(self.manifest)?;
            let after = self.clock.now();
            self.next = after + after.since(now).saturating_mul(SHARE);
        }
        Ok(())
    }

    /// Looks at the store; a pause that keeps all that is left from beginning is given back.
    async fn look(&mut self) -> Result<Option<Paused>, Error> {
        let open: Vec<(usize, JobId)> = self
            .ledger
            .open_from(0)
            .filter_map(|index| Some((index, self.ledger.steps[index].job?)))
            .collect();
        for chunk in open.chunks(500) {
            let ids: Vec<JobId> = chunk.iter().map(|(_, id)| *id).collect();
            let states = move |store: &mut dyn journeyman_jobs::store::Store| {
                ids.iter().map(|id| Ok(store.job(*id)?.map(|job| job.state))).collect::<Result<Vec<_>, _>>()
            };
            let states = self.queue.store().read(states).await?;
            for ((index, id), state) in chunk.iter().zip(states) {
                match state {
                    Some(state) if state.is_over() => self.ended(*index, *id).await?,
                    Some(state) => self.ledger.moved(*index, state),
                    // Somebody purged it: nothing more is known of it.
                    None => self.ledger.moved(*index, State::Cancelled),
                }
            }
        }
        if self.ledger.count(|step| step.state.is_out()) > 0 {
            return Ok(None);
        }
        let pauses = self.queue.store().read(|store| store.pauses()).await?;
        let batch = &self.ledger.manifest.head.batch;
        Ok(pauses.into_iter().filter(|pause| pause.until.is_none()).find(|pause| match &pause.scope {
            Scope::Queue => true,
            Scope::Account(account) => account == self.account,
            Scope::Batch(name) => name == batch,
        }))
    }
}

/// Begins draining when it is first asked.
async fn drained(queue: Queue) {
    queue.drain().await;
}
