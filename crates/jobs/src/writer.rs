//! A store on threads of its own: one writer that commits in groups, readers beside it. It decides nothing of jobs.

mod answer;
mod lane;

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use self::answer::{Answer, Promise};
use self::lane::Lane;
use crate::change::{Applied, Change};
use crate::store::memory::Memory;
use crate::store::sqlite::Sqlite;
use crate::store::{Store, StoreError};
use crate::time::Timestamp;

/// How many requests wait at most; whoever has one more waits for room.
const MOST_WAITING: usize = 1_024;

/// From so many changes on, a transaction takes no more requests.
const MOST_CHANGES: usize = 8_192;

type Written = Result<Vec<Applied>, StoreError>;
type Reading = Box<dyn FnOnce(&mut dyn Store) + Send>;

/// What a thread is asked.
enum Request {
    Write(Vec<Change>, Promise<Written>),
    Read(Reading),
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(changes, _) => write!(f, "Write({} changes)", changes.len()),
            Self::Read(_) => f.write_str("Read"),
        }
    }
}

impl Request {
    fn weight(&self) -> usize {
        match self {
            Self::Write(changes, _) => changes.len(),
            Self::Read(_) => 1,
        }
    }
}

/// The owner of a store's threads. Dropped, it writes what waits, and ends them.
#[derive(Debug)]
pub struct Writer {
    handle: StoreHandle,
    threads: Vec<JoinHandle<()>>,
}

/// Asks a store that runs on its own threads. Clones ask the same one.
#[derive(Debug, Clone)]
pub struct StoreHandle {
    writes: Arc<Lane<Request>>,
    reads: Arc<Lane<Request>>,
}

impl Writer {
    /// Starts the threads of a store. Without readers, the writer reads too, between its transactions.
    ///
    /// `now` tells the time of a transaction; this crate reads no clock.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(
        store: Box<dyn Store>,
        readers: Vec<Box<dyn Store>>,
        now: impl Fn() -> Timestamp + Send + 'static,
    ) -> Result<Self, StoreError> {
        let writes = Arc::new(Lane::new(MOST_WAITING));
        let has_readers = !readers.is_empty();
        let reads = if has_readers { Arc::new(Lane::new(MOST_WAITING)) } else { Arc::clone(&writes) };
        let handle = StoreHandle { writes, reads };
        // Whole from the start, so that its drop ends the threads that were started before one could not be.
        let mut whole = Self { handle: handle.clone(), threads: Vec::new() };
        let lane = Arc::clone(&handle.writes);
        whole.threads.push(spawn("jobs-writer", move || write(&lane, store, &now))?);
        for reader in readers {
            let lane = Arc::clone(&handle.reads);
            whole.threads.push(spawn("jobs-reader", move || read(&lane, reader))?);
        }
        Ok(whole)
    }

    /// A file of SQLite's, with a connection for reading.
    ///
    /// # Errors
    /// As for [`Sqlite::open`], and when a thread cannot be started.
    pub fn sqlite(
        path: impl Into<PathBuf>,
        now: impl Fn() -> Timestamp + Send + 'static,
    ) -> Result<Self, StoreError> {
        let store = Sqlite::open(path)?;
        let reader = store.reader()?;
        Self::start(Box::new(store), vec![Box::new(reader)], now)
    }

    /// An empty store in memory.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn memory(now: impl Fn() -> Timestamp + Send + 'static) -> Result<Self, StoreError> {
        Self::start(Box::new(Memory::new()), Vec::new(), now)
    }

    /// What asks it.
    pub fn handle(&self) -> StoreHandle {
        self.handle.clone()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.handle.writes.close();
        self.handle.reads.close();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store had panicked");
            }
        }
    }
}

impl StoreHandle {
    /// Applies changes, in one transaction with whatever else waits. The answer comes after they are durable.
    ///
    /// Nothing is asked before the answer is waited for or polled. Where the store cannot be written, everyone whose
    /// changes were in the transaction is told, none of them is there, and the next ones are tried again.
    ///
    /// # Cancel safety
    /// Dropped, the changes may have been applied or not: ask the store.
    pub fn apply(&self, changes: Vec<Change>) -> Pending<Vec<Applied>> {
        let (promise, answer) = answer::pair();
        Pending { lane: Arc::clone(&self.writes), request: Some(Request::Write(changes, promise)), answer }
    }

    /// Reads, with everything in view whose answer came before.
    ///
    /// # Cancel safety
    /// Dropped, nothing is lost.
    pub fn read<T: Send + 'static>(
        &self,
        reading: impl FnOnce(&mut dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Pending<T> {
        let (promise, answer) = answer::pair();
        let request = Request::Read(Box::new(move |store| promise.tell(reading(store))));
        Pending { lane: Arc::clone(&self.reads), request: Some(request), answer }
    }
}

/// An answer to come: wait for it by blocking, or as a future of any runtime.
#[derive(Debug)]
#[must_use = "nothing is asked before its answer is waited for"]
pub struct Pending<T> {
    lane: Arc<Lane<Request>>,
    /// Until it found room.
    request: Option<Request>,
    answer: Answer<Result<T, StoreError>>,
}

impl<T> Pending<T> {
    /// Blocks until the answer is there.
    ///
    /// # Errors
    /// When the store could not do it, or has stopped.
    pub fn wait(self) -> Result<T, StoreError> {
        if let Some(request) = self.request {
            self.lane.push(request).map_err(|_closed| stopped())?;
        }
        self.answer.wait().unwrap_or_else(|| Err(stopped()))
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { lane, request, answer } = &mut *self;
        if request.is_some() {
            match lane.poll_push(context, request) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_closed)) => return Poll::Ready(Err(stopped())),
                Poll::Ready(Ok(())) => {}
            }
        }
        Pin::new(answer).poll(context).map(|answer| answer.unwrap_or_else(|| Err(stopped())))
    }
}

fn stopped() -> StoreError {
    StoreError {
        tried: "ask the store: it has stopped".to_owned(),
        hint: "what was asked may have been written: look after the next start".to_owned(),
        source: None,
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|why| StoreError {
        tried: "start a thread for the store".to_owned(),
        hint: "the machine allows no more threads, or has no memory left".to_owned(),
        source: Some(Arc::new(why)),
    })
}

/// Whoever waits for a thread that is gone must not wait for ever.
struct Gone<'a>(&'a Lane<Request>);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

fn write(lane: &Lane<Request>, mut store: Box<dyn Store>, now: &impl Fn() -> Timestamp) {
    let _gone = Gone(lane);
    while let Some(requests) = lane.take(MOST_CHANGES, Request::weight) {
        let (mut changes, mut writers, mut readings) = (Vec::new(), Vec::new(), Vec::new());
        for request in requests {
            match request {
                Request::Write(wanted, promise) => {
                    writers.push((wanted.len(), promise));
                    changes.extend(wanted);
                }
                Request::Read(reading) => readings.push(reading),
            }
        }
        if !writers.is_empty() {
            answer(store.apply(now(), &changes), writers);
        }
        for reading in readings {
            reading(&mut *store);
        }
    }
}

/// To each its own part of the answers.
fn answer(written: Written, writers: Vec<(usize, Promise<Written>)>) {
    match written {
        Ok(applied) => {
            let mut applied = applied.into_iter();
            for (count, promise) in writers {
                promise.tell(Ok(applied.by_ref().take(count).collect()));
            }
        }
        Err(error) => writers.into_iter().for_each(|(_, promise)| promise.tell(Err(error.clone()))),
    }
}

fn read(lane: &Lane<Request>, mut store: Box<dyn Store>) {
    let _gone = Gone(lane);
    while let Some(requests) = lane.take(1, Request::weight) {
        for request in requests {
            match request {
                Request::Read(reading) => reading(&mut *store),
                // Never sent here; its promise tells whoever waits that there is no answer.
                Request::Write(_, promise) => drop(promise),
            }
        }
    }
}
