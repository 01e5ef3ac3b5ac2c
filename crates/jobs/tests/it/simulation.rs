//! Whole runs: processes that crash, stall and share accounts; one seed, one history. No real time.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use journeyman_jobs::change::{Applied, Change, Scope};
use journeyman_jobs::engine::{Engine, EngineSettings, Input, Output, view};
use journeyman_jobs::job::{Job, JobId, NewJob, State};
use journeyman_jobs::store::memory::Memory;
use journeyman_jobs::store::{Filter, Store};
use journeyman_jobs::time::Timestamp;

use crate::remote::Remote;
use crate::scripted::{Faults, Scripted};

const ACCOUNTS: [&str; 3] = ["alpha", "beta", "gamma"];

/// One process: an engine, its backend, and what is on its way between them.
struct Process {
    engine: Engine,
    backend: Scripted,
    /// Writes on their way, with when they are done.
    writes: VecDeque<(Timestamp, u64, Vec<Change>)>,
    /// Stopped until then: it runs on with old knowledge.
    stalled_until: Timestamp,
    number: u64,
}

/// What is the same for a whole run.
#[derive(Debug, Clone, Copy)]
struct Plan {
    seed: u64,
    processes: u64,
    jobs: u64,
    faults: Faults,
    /// Mean seconds between crashes; 0 for none.
    crash_every: u64,
    /// Per cent of writes that fail.
    unwritable: u32,
    resend_undecided: bool,
    refuses: u32,
    blocks: bool,
}

struct World {
    plan: Plan,
    now: Timestamp,
    random: fastrand::Rng,
    store: Memory,
    remote: Rc<RefCell<Remote>>,
    processes: Vec<Process>,
    born: u64,
    crashes: u64,
    /// Everything that happened, for the comparison of two runs; where it is wanted, since it costs time.
    trace: Option<u64>,
}

impl World {
    fn new(plan: Plan) -> Self {
        let random = fastrand::Rng::with_seed(plan.seed);
        let remote = Rc::new(RefCell::new(Remote::new(plan.seed, 3, plan.refuses)));
        let mut world = Self {
            plan,
            now: Timestamp::from_unix_micros(1_800_000_000_000_000),
            random,
            store: Memory::default(),
            remote,
            processes: Vec::new(),
            born: 0,
            crashes: 0,
            trace: None,
        };
        world.add_jobs();
        for _ in 0..plan.processes {
            world.birth();
        }
        world
    }

    fn add_jobs(&mut self) {
        for number in 0..self.plan.jobs {
            let job = NewJob {
                request: format!("request {number}"),
                tenant: format!("tenant {}", number % 3),
                batch: if number % 2 == 0 { "evens".to_owned() } else { String::new() },
                priority: i8::try_from(number % 4).unwrap_or(0),
                resend_undecided: self.plan.resend_undecided,
                ..NewJob::default()
            };
            let added =
                self.store.apply(self.now, &[Change::Add(Box::new(job))]).expect("memory can be written");
            let [Applied::Added(id)] = added[..] else { panic!("a job was not added: {added:?}") };
            if number % 5 == 0 {
                let step = NewJob {
                    request: "step".to_owned(),
                    tenant: format!("tenant {}", number % 3),
                    parent: Some(id),
                    resend_undecided: self.plan.resend_undecided,
                    ..NewJob::default()
                };
                self.store.apply(self.now, &[Change::Add(Box::new(step))]).expect("memory can be written");
            }
        }
    }

    fn birth(&mut self) {
        self.born += 1;
        let mut settings = EngineSettings::new(format!("process {}", self.born));
        settings.seed = self.plan.seed ^ self.born;
        let mut engine = Engine::new(settings);
        for account in ACCOUNTS {
            engine.on(self.now, Input::Manage { account: account.to_owned(), cap: 5 });
        }
        let backend = Scripted::new(self.remote.clone(), self.random.u64(..), self.plan.faults);
        self.processes.push(Process {
            engine,
            backend,
            writes: VecDeque::new(),
            stalled_until: self.now,
            number: self.born,
        });
    }

    /// A process dies: what was on its way to the store is there, or is not.
    fn crash(&mut self, index: usize) {
        let process = self.processes.swap_remove(index);
        self.crashes += 1;
        for (_, _, changes) in process.writes {
            if self.random.bool() {
                break;
            }
            self.store.apply(self.now, &changes).expect("memory can be written");
        }
        self.birth();
    }

    /// Runs until every job is over, or for so long.
    fn run(&mut self, most: Duration) {
        let end = self.now.after(most);
        let mut next_crash = self.next_crash();
        while self.now < end && !self.is_over() {
            if self.now >= next_crash {
                let index = self.random.usize(0..self.processes.len());
                if self.random.u32(0..4) == 0 {
                    // Longer than a lease, at times: then somebody else has its accounts when it wakes up.
                    self.processes[index].stalled_until =
                        self.now.after(Duration::from_secs(self.random.u64(1..60)));
                } else {
                    self.crash(index);
                }
                next_crash = self.next_crash();
            }
            for index in 0..self.processes.len() {
                self.turn(index);
            }
            if self.plan.blocks {
                self.block_and_resume();
            }
            let wakeup = self.processes.iter().filter_map(Process::next_wakeup).min();
            let next = wakeup.unwrap_or(end).min(next_crash);
            self.now = next.max(self.now.after(Duration::from_millis(1)));
        }
    }

    fn next_crash(&mut self) -> Timestamp {
        match self.plan.crash_every {
            0 => Timestamp::MAX,
            every => self.now.after(Duration::from_secs(self.random.u64(1..=every * 2))),
        }
    }

    /// Midjourney blocks an account at times; a human acts a while later.
    fn block_and_resume(&mut self) {
        if self.random.u32(0..2_000) == 0 {
            let account = ACCOUNTS[self.random.usize(0..ACCOUNTS.len())];
            self.remote.borrow_mut().blocked.insert(account.to_owned(), true);
        }
        if self.random.u32(0..500) == 0 {
            self.remote.borrow_mut().blocked.clear();
            let pauses = self.store.pauses().expect("memory can be read");
            let resumed: Vec<Change> = pauses.into_iter().map(|pause| Change::Resume(pause.scope)).collect();
            self.store.apply(self.now, &resumed).expect("memory can be written");
        }
    }

    fn turn(&mut self, index: usize) {
        let now = self.now;
        let Some(process) = self.processes.get_mut(index) else { return };
        if now < process.stalled_until {
            return;
        }
        while let Some((at, _, _)) = process.writes.front()
            && *at <= now
        {
            let Some((_, ticket, changes)) = process.writes.pop_front() else { break };
            let is_written = self.random.u32(0..100) >= self.plan.unwritable;
            let answer = is_written.then(|| self.store.apply(now, &changes).expect("memory can be written"));
            self.trace =
                self.trace.map(|hash| mix(hash, &format!("{} {changes:?} {answer:?}", process.number)));
            process.engine.on(now, Input::Written { ticket, answer });
        }
        process.backend.advance(now);
        while let Some(told) = process.backend.told() {
            self.trace = self.trace.map(|hash| mix(hash, &format!("{told:?}")));
            process.engine.on(now, Input::Told(Box::new(told)));
        }
        process.engine.on(now, Input::Tick);
        while let Some(output) = process.engine.poll() {
            match output {
                Output::Write { ticket, changes } => {
                    let done = now.after(Duration::from_micros(self.random.u64(500..20_000)));
                    process.writes.push_back((done, ticket, changes));
                }
                Output::Look(accounts) => {
                    let seen = view(&mut self.store, &accounts, now).expect("memory can be read");
                    process.engine.on(now, Input::Seen(Box::new(seen)));
                }
                Output::Start(job) => {
                    let work = Engine::work(&mut self.store, *job).expect("memory can be read");
                    process.backend.start(&work);
                }
                Output::Durable { job, sequence, before } => {
                    process.backend.durable(now, job, sequence, before);
                }
                Output::Cancel(job) => process.backend.cancel(job),
                Output::DropJob(job) => process.backend.drop_job(job),
                Output::ResumeAccount(_) | Output::Moved { .. } => {}
            }
        }
    }

    fn all(&mut self) -> Vec<Job> {
        self.store.list(&Filter { most: 100_000, ..Filter::default() }).expect("memory can be read")
    }

    fn is_over(&mut self) -> bool {
        let counts = self.store.counts().expect("memory can be read");
        let open: u64 = counts.iter().filter(|(state, _)| !state.is_over()).map(|(_, count)| count).sum();
        if open == 0 {
            return true;
        }
        // Steps whose parent ended without a result wait for a human.
        let jobs = self.all();
        let stuck = |job: &Job| {
            !job.state.is_over() && job.state == State::WaitingForSlot && !job.ready && {
                let parent = jobs.iter().find(|one| Some(one.id) == job.asked.parent);
                parent.is_some_and(|parent| parent.state.is_over() && parent.state != State::Finished)
            }
        };
        jobs.iter().filter(|job| !job.state.is_over()).all(stuck)
    }

    /// The judge.
    fn check(&mut self) {
        let seed = self.plan.seed;
        let is_over = self.is_over();
        let jobs = self.all();
        for job in &jobs {
            let paid = self.remote.borrow().paid(job.id);
            let notes = self.store.notes(job.id).expect("memory can be read");
            let resends = notes.iter().filter(|note| note.what == "resent_undecided").count();
            assert!(
                paid <= 1 + resends,
                "seed {seed}: {} was paid {paid} times, resent {resends}: {notes:?}",
                job.id
            );
            if job.state == State::Finished {
                assert!(paid >= 1, "seed {seed}: {} finished and was never executed", job.id);
            }
            if matches!(job.state, State::Failed | State::Cancelled) {
                assert_eq!(paid, 0, "seed {seed}: {} was paid and is {}: {notes:?}", job.id, job.state);
            }
            if job.state == State::Unknown {
                let end = job.end.as_ref().expect("what is unknown says why");
                assert!(!end.text.is_empty(), "seed {seed}: {} is unknown without evidence", job.id);
                // What the channel shows decides: unknown is only what it does not show.
                assert_eq!(paid, 0, "seed {seed}: {} was executed and seen by nobody: {notes:?}", job.id);
            }
        }
        assert!(is_over, "seed {seed}: not every job ended: {:?}", self.store.counts());
    }
}

impl Process {
    fn next_wakeup(&self) -> Option<Timestamp> {
        let writes = self.writes.front().map(|(at, _, _)| *at);
        let due = [self.engine.next_wakeup(), self.backend.next_wakeup(), writes];
        due.into_iter().flatten().min().map(|at| at.max(self.stalled_until))
    }
}

fn mix(hash: u64, text: &str) -> u64 {
    text.bytes().fold(hash ^ 0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

fn plan(seed: u64) -> Plan {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut some = |most: u32| if random.bool() { random.u32(0..most) } else { 0 };
    Plan {
        seed,
        faults: Faults { unreachable: some(20), answer_lost: some(20), request_lost: some(10) },
        unwritable: some(20),
        refuses: some(20),
        processes: 1 + u64::from(some(3)),
        jobs: 10 + u64::from(some(60)),
        crash_every: u64::from(some(40)),
        resend_undecided: some(2) == 1,
        blocks: some(2) == 1,
    }
}

/// One process, and nothing goes wrong.
fn calm(seed: u64, jobs: u64) -> Plan {
    Plan {
        seed,
        processes: 1,
        jobs,
        faults: Faults::default(),
        crash_every: 0,
        unwritable: 0,
        resend_undecided: false,
        refuses: 0,
        blocks: false,
    }
}

fn seeds() -> std::ops::Range<u64> {
    let count = if std::env::var_os("JOURNEYMAN_LONG").is_some() { 10_000 } else { 150 };
    0..count
}

/// Runs every seed from this one on, by steps; tells the ends and how many processes died.
fn judged(first: u64, step: usize) -> (BTreeMap<State, u64>, u64) {
    let mut ends: BTreeMap<State, u64> = BTreeMap::new();
    let mut crashes = 0;
    for seed in seeds().skip(usize::try_from(first).unwrap_or(0)).step_by(step) {
        let mut world = World::new(plan(seed));
        world.run(Duration::from_hours(24));
        world.check();
        crashes += world.crashes;
        for (state, count) in world.store.counts().expect("memory can be read") {
            *ends.entry(state).or_default() += count;
        }
    }
    (ends, crashes)
}

#[test]
fn no_job_is_lost_and_none_is_paid_twice_whatever_crashes() {
    let mut ends: BTreeMap<State, u64> = BTreeMap::new();
    let mut crashes = 0;
    std::thread::scope(|scope| {
        let halves = [0, 1].map(|first| scope.spawn(move || judged(first, 2)));
        for half in halves {
            let (some, died) = half.join().expect("its seed is in the message above");
            crashes += died;
            for (state, count) in some {
                *ends.entry(state).or_default() += count;
            }
        }
    });
    // The worlds are hard enough to mean something.
    assert!(crashes > 100, "{crashes} crashes");
    assert!(ends.get(&State::Finished).copied().unwrap_or_default() > 1_000, "{ends:?}");
    assert!(ends.contains_key(&State::Unknown) && ends.contains_key(&State::Failed), "{ends:?}");
}

#[test]
fn a_seed_reproduces_its_run_bit_for_bit() {
    for seed in 0..20 {
        let trace = || {
            let mut world = World::new(plan(seed));
            world.trace = Some(0);
            world.run(Duration::from_hours(24));
            (world.trace, world.now, world.crashes)
        };
        assert_eq!(trace(), trace(), "seed {seed}");
    }
}

#[test]
fn without_faults_every_job_finishes_once_and_slots_are_learnt() {
    let mut world = World::new(calm(1, 60));
    world.run(Duration::from_hours(24));
    world.check();
    let jobs = world.all();
    assert!(jobs.iter().all(|job| job.state == State::Finished));
    assert!(jobs.iter().all(|job| world.remote.borrow().paid(job.id) == 1));
    for account in ACCOUNTS {
        let slots = world.processes[0].engine.slots(account);
        assert!(slots.is_some_and(|slots| (3..=4).contains(&slots)), "{account}: {slots:?} of 3 real ones");
    }
}

#[test]
fn a_blocked_account_pauses_and_its_jobs_wait_for_it_and_go_to_no_other() {
    let mut world = World::new(calm(2, 30));
    world.remote.borrow_mut().blocked.insert("beta".to_owned(), true);
    world.run(Duration::from_hours(2));
    // Those that were on their way when the first answer came, and none after.
    let asked = world.remote.borrow().asked_while_blocked;
    assert!(asked <= 5, "a blocked account was asked {asked} times");
    let pauses = world.store.pauses().unwrap();
    assert_eq!(pauses.len(), 1);
    assert_eq!(
        (&pauses[0].scope, pauses[0].kind.as_str()),
        (&Scope::Account("beta".to_owned()), "AccountBlocked")
    );
    let waiting: Vec<Job> =
        world.all().into_iter().filter(|job| job.state == State::WaitingForSlot && job.ready).collect();
    assert!(!waiting.is_empty() && waiting.iter().all(|job| job.account.as_deref() == Some("beta")));
    // A human acts.
    world.remote.borrow_mut().blocked.clear();
    world.store.apply(world.now, &[Change::Resume(Scope::Account("beta".to_owned()))]).unwrap();
    world.run(Duration::from_hours(2));
    world.check();
    assert!(world.all().iter().all(|job| job.state == State::Finished));
}

#[test]
fn a_job_that_is_cancelled_is_over_and_says_what_was_spent() {
    let mut world = World::new(calm(3, 20));
    world.run(Duration::from_secs(5));
    let out: Vec<JobId> = world.all().iter().filter(|job| job.state.is_out()).map(|job| job.id).collect();
    let waiting: Vec<JobId> =
        world.all().iter().filter(|job| job.state == State::WaitingForSlot).map(|job| job.id).collect();
    let changes: Vec<Change> = out.iter().chain(&waiting).copied().map(Change::Cancel).collect();
    assert!(!out.is_empty() && !waiting.is_empty());
    world.store.apply(world.now, &changes).unwrap();
    world.run(Duration::from_secs(10));
    for job in world.all() {
        assert_eq!(job.state, State::Cancelled);
        let says = job.end.map(|end| end.text).unwrap_or_default();
        assert!(says.contains("charged") || says.starts_with("nothing"), "{says:?}");
    }
}
