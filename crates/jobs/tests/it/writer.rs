//! The store on its threads: groups, answers, errors, the end. It tests no single change.

use std::collections::BTreeMap;
use std::future::Future as _;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use journeyman_jobs::change::{Applied, Change};
use journeyman_jobs::job::{Charge, Job, JobId, NewJob, Note, State};
use journeyman_jobs::store::memory::Memory;
use journeyman_jobs::store::{Class, Filter, Observed, Paused, Store, StoreError};
use journeyman_jobs::time::Timestamp;
use journeyman_jobs::writer::{Pending, StoreHandle, Writer};

use crate::at;

fn add(title: &str) -> Vec<Change> {
    vec![Change::Add(Box::new(NewJob { title: title.to_owned(), ..NewJob::default() }))]
}

fn title(handle: &StoreHandle, job: JobId) -> Option<String> {
    let found = handle.read(move |store| store.job(job)).wait().expect("the store can be read");
    found.map(|job| job.asked.title)
}

/// Runs a future on this thread.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let (mut future, mut context) = (pin!(future), Context::from_waker(&waker));
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::park();
    }
}

/// A store in memory whose transactions wait for a sign, and fail when told to.
struct Slow {
    inside: Memory,
    /// Passed twice by each transaction: when it begins, and before it ends.
    gate: Arc<Barrier>,
    groups: Arc<Mutex<Vec<usize>>>,
    fails: Arc<AtomicUsize>,
}

impl Store for Slow {
    fn apply(&mut self, now: Timestamp, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
        self.groups.lock().expect("a lock").push(changes.len());
        self.gate.wait();
        self.gate.wait();
        if self.fails.load(Ordering::SeqCst) > 0 {
            self.fails.fetch_sub(1, Ordering::SeqCst);
            return Err(StoreError { tried: "write".to_owned(), hint: "make room".to_owned(), source: None });
        }
        self.inside.apply(now, changes)
    }

    fn job(&mut self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.inside.job(id)
    }

    fn list(&mut self, filter: &Filter) -> Result<Vec<Job>, StoreError> {
        self.inside.list(filter)
    }

    fn notes(&mut self, id: JobId) -> Result<Vec<Note>, StoreError> {
        self.inside.notes(id)
    }

    fn charges(&mut self, id: JobId) -> Result<Vec<Charge>, StoreError> {
        self.inside.charges(id)
    }

    fn counts(&mut self) -> Result<BTreeMap<State, u64>, StoreError> {
        self.inside.counts()
    }

    fn classes(&mut self) -> Result<Vec<(Class, u64)>, StoreError> {
        self.inside.classes()
    }

    fn heads(
        &mut self,
        class: &Class,
        account: &str,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<Job>, StoreError> {
        self.inside.heads(class, account, now, most)
    }

    fn next_due(&mut self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.inside.next_due(now)
    }

    fn pauses(&mut self) -> Result<Vec<Paused>, StoreError> {
        self.inside.pauses()
    }

    fn remembered(&mut self, account: &str) -> Result<BTreeMap<String, String>, StoreError> {
        self.inside.remembered(account)
    }

    fn observed(&mut self, prefix: &str, from_hour: i64, to_hour: i64) -> Result<Vec<Observed>, StoreError> {
        self.inside.observed(prefix, from_hour, to_hour)
    }

    fn version(&mut self) -> Result<u64, StoreError> {
        self.inside.version()
    }
}

#[test]
fn an_answer_is_waited_for_by_blocking_or_as_a_future() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = || at(5);
    for writer in [Writer::memory(now), Writer::sqlite(folder.path().join("jobs.db"), now)] {
        let writer = writer.expect("a store");
        let handle = writer.handle();
        assert_eq!(handle.apply(add("one")).wait().expect("a write"), [Applied::Added(JobId(1))]);
        let applied = block_on(handle.apply([add("two"), add("three")].concat())).expect("a write");
        assert_eq!(applied, [Applied::Added(JobId(2)), Applied::Added(JobId(3))]);
        assert_eq!(title(&handle, JobId(3)).as_deref(), Some("three"));
        let job = block_on(handle.read(|store| store.job(JobId(1)))).expect("a read").expect("a job");
        assert_eq!(job.created, at(5), "the time is told by who starts it");
        assert_eq!(handle.apply(Vec::new()).wait().expect("nothing is written"), []);
    }
}

/// A slow store on its threads, with what holds it.
struct Held {
    writer: Writer,
    gate: Arc<Barrier>,
    groups: Arc<Mutex<Vec<usize>>>,
    fails: Arc<AtomicUsize>,
}

type Asked = std::pin::Pin<Box<Pending<Vec<Applied>>>>;

impl Held {
    fn start() -> Self {
        let gate = Arc::new(Barrier::new(2));
        let groups = Arc::new(Mutex::new(Vec::new()));
        let fails = Arc::new(AtomicUsize::new(0));
        let slow = Slow {
            inside: Memory::new(),
            gate: Arc::clone(&gate),
            groups: Arc::clone(&groups),
            fails: Arc::clone(&fails),
        };
        let writer = Writer::start(Box::new(slow), Vec::new(), || at(0)).expect("a thread");
        Self { writer, gate, groups, fails }
    }

    /// Asks, by one poll.
    fn ask(&self, changes: Vec<Change>) -> Asked {
        let mut pending = Box::pin(self.writer.handle().apply(changes));
        let mut context = Context::from_waker(Waker::noop());
        assert!(pending.as_mut().poll(&mut context).is_pending(), "there is no answer before the commit");
        pending
    }

    /// Asks for one thing, and returns while its transaction goes on: what is asked now comes after it.
    fn hold(&self) -> Asked {
        let first = self.ask(add("first"));
        self.gate.wait();
        first
    }

    fn transaction(&self) {
        self.gate.wait();
        self.gate.wait();
    }
}

#[test]
fn one_writer_thread_with_group_commit() {
    let held = Held::start();
    let first = held.hold();
    let waiting: Vec<_> = (1..=20).map(|n| held.ask([add(&n.to_string()), add("x")].concat())).collect();
    held.gate.wait();
    assert_eq!(block_on(first).expect("a write"), [Applied::Added(JobId(1))]);
    held.transaction();
    for (n, pending) in (0_u64..).zip(waiting) {
        let (one, two) = (JobId(2 * n + 2), JobId(2 * n + 3));
        assert_eq!(block_on(pending).expect("a write"), [Applied::Added(one), Applied::Added(two)]);
    }
    assert_eq!(*held.groups.lock().expect("a lock"), [1, 40], "what waits is one transaction");
}

#[test]
fn an_error_of_the_disk_reaches_everyone_who_waits_and_the_next_write_is_tried() {
    let held = Held::start();
    let first = held.hold();
    let waiting: Vec<_> = (0..5).map(|_| held.ask(add("lost"))).collect();
    held.gate.wait();
    assert!(block_on(first).is_ok());
    held.fails.store(1, Ordering::SeqCst);
    held.transaction();
    for pending in waiting {
        assert_eq!(block_on(pending).expect_err("there is no room").hint, "make room");
    }
    let next = held.ask(add("next"));
    held.transaction();
    assert_eq!(
        block_on(next).expect("there is room"),
        [Applied::Added(JobId(2))],
        "nothing was there of the rest"
    );
}

#[test]
fn whoever_finds_the_queue_full_waits_for_room() {
    let held = Held::start();
    let first = held.hold();
    let mut waiting: Vec<_> = (0..1_024).map(|_| held.ask(add("in the queue"))).collect();
    waiting.extend((0..3).map(|_| held.ask(add("outside"))));
    std::thread::scope(|scope| {
        let blocked = scope.spawn(|| held.writer.handle().apply(add("blocked")).wait());
        let answers = scope.spawn(|| waiting.into_iter().map(block_on).collect::<Result<Vec<_>, _>>());
        held.gate.wait();
        // The queue is one transaction; what found room after it are one or more.
        let mut transactions = 0;
        while !(answers.is_finished() && blocked.is_finished()) {
            held.groups.lock().expect("a lock").get(1 + transactions).copied().map_or_else(
                std::thread::yield_now,
                |_| {
                    transactions += 1;
                    held.transaction();
                },
            );
        }
        assert_eq!(answers.join().expect("a thread").expect("writes").len(), 1_027);
        assert!(blocked.join().expect("a thread").is_ok());
    });
    assert!(block_on(first).is_ok());
    let groups = held.groups.lock().expect("a lock").clone();
    assert_eq!((groups[1], groups.iter().sum::<usize>()), (1_024, 1_029));
}

#[test]
fn its_end_writes_what_waits_and_refuses_what_comes_after() {
    let held = Held::start();
    let handle = held.writer.handle();
    let first = held.hold();
    let waiting: Vec<_> = (0..5).map(|_| held.ask(add("waits"))).collect();
    let Held { writer, gate, .. } = held;
    let end = std::thread::spawn(move || drop(writer));
    gate.wait();
    gate.wait();
    gate.wait();
    end.join().expect("a clean end");
    assert!(block_on(first).is_ok());
    for pending in waiting {
        assert!(block_on(pending).is_ok());
    }
    let late = handle.apply(add("late")).wait().expect_err("it has stopped");
    assert!(late.to_string().contains("it has stopped"), "{late}");
    assert!(block_on(handle.read(|store| store.job(JobId(1)))).is_err());
}

#[test]
fn whoever_waits_for_a_thread_that_panicked_is_told() {
    let writer = Writer::memory(|| at(0)).expect("a thread");
    let handle = writer.handle();
    let told = handle.read(|_| -> Result<(), StoreError> { panic!("a reading that panics") }).wait();
    assert!(told.expect_err("it is gone").to_string().contains("it has stopped"));
    assert!(handle.apply(add("late")).wait().is_err());
}

#[test]
fn many_threads_lose_and_mix_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let writer = Writer::sqlite(folder.path().join("jobs.db"), || at(0)).expect("a store");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let handle = writer.handle();
            scope.spawn(move || {
                for n in 0..50 {
                    let name = format!("{thread}/{n}");
                    let applied = handle.apply(add(&name)).wait().expect("a write");
                    let [Applied::Added(job)] = applied[..] else { panic!("a new job is added") };
                    assert_eq!(title(&handle, job), Some(name), "what is answered is there to read");
                }
            });
        }
    });
    let counts = writer.handle().read(|store| store.counts()).wait().expect("a read");
    assert_eq!(counts[&State::WaitingForSlot], 400);
}
