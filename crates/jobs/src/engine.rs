//! The pure core of the durable queue: inputs in, outputs out. It claims, journals before anything leaves,
//! learns slots, retries what may be retried and pauses accounts. It does no input or output and reads no clock.

mod account;
mod desk;
mod ending;
mod live;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::backend::{How, Told, What, Work};
use crate::change::{Applied, Change, Moved, Scope};
use crate::job::{Charge, End, Job, JobId, Note, State};
use crate::store::{Class, Paused, Store, StoreError};
use crate::time::Timestamp;

use self::account::Account;
use self::desk::{Desk, Purpose};
use self::live::{Live, Phase};

/// What the engine is made with.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Who this process is; unique among processes that share a store.
    pub owner: String,
    /// How long a lease of an account lasts; it is renewed after a third.
    pub lease: Duration,
    /// How often the store is looked at for what others wrote.
    pub look: Duration,
    /// The first delay before a job is tried again; it doubles.
    pub retry_first: Duration,
    /// The longest delay.
    pub retry_most: Duration,
    /// How many times a job may be given to an account without being executed.
    pub most_tries: u32,
    /// For the spread of delays.
    pub seed: u64,
}

impl EngineSettings {
    /// The defaults, for this owner.
    pub fn new(owner: impl Into<String>) -> Self {
        Self {
            owner: owner.into(),
            lease: Duration::from_secs(30),
            look: Duration::from_secs(1),
            retry_first: Duration::from_secs(5),
            retry_most: Duration::from_mins(5),
            most_tries: 6,
            seed: 0,
        }
    }
}

/// What happens.
#[derive(Debug, Clone)]
pub enum Input {
    /// Work with this account, with at most so many jobs at once.
    Manage {
        /// Its name.
        account: String,
        /// The plan's number of slots.
        cap: u32,
    },
    /// The other side says how many jobs the account may run at once.
    Cap {
        /// The account.
        account: String,
        /// The number.
        cap: u32,
    },
    /// Begin nothing more; what is out goes on.
    Drain,
    /// What the store holds, as [`Output::Look`] asked.
    Seen(Box<View>),
    /// The store could not be read.
    Unseen,
    /// What came of [`Output::Write`]; `None` when the store could not be written.
    Written {
        /// The write.
        ticket: u64,
        /// One for each change.
        answer: Option<Vec<Applied>>,
    },
    /// What the backend told.
    Told(Box<Told>),
    /// Something was added or changed: look soon.
    Nudge,
    /// Time passed.
    Tick,
}

/// What is to be done, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Write these, and answer with [`Input::Written`].
    Write {
        /// Names the write.
        ticket: u64,
        /// As one transaction.
        changes: Vec<Change>,
    },
    /// Read with [`view`] for these accounts, and answer with [`Input::Seen`].
    Look(Vec<String>),
    /// Begin a job, or go on with it. The base is to be read from its parent.
    Start(Box<Job>),
    /// See [`crate::backend::Backend::durable`].
    Durable {
        /// The job.
        job: JobId,
        /// The checkpoint.
        sequence: u64,
        /// When the account's lease ends.
        before: Timestamp,
    },
    /// See [`crate::backend::Backend::cancel`].
    Cancel(JobId),
    /// See [`crate::backend::Backend::drop_job`].
    DropJob(JobId),
    /// See [`crate::backend::Backend::resume_account`].
    ResumeAccount(String),
    /// For whoever watches: where a job stands now.
    Moved {
        /// The job.
        job: JobId,
        /// Its state.
        state: State,
        /// More, for people: what it waits for, per cent.
        detail: String,
    },
}

/// What of a store the engine needs to know.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// By account: the first jobs of each class.
    pub lines: BTreeMap<String, Vec<(Class, Vec<Job>)>>,
    /// By account: the jobs that are out.
    pub out: BTreeMap<String, Vec<Job>>,
    /// The pauses in force.
    pub pauses: Vec<Paused>,
    /// By account: what is remembered.
    pub remembered: BTreeMap<String, BTreeMap<String, String>>,
    /// When the next job is due.
    pub next_due: Option<Timestamp>,
}

/// How many jobs of one class are looked at.
const HEADS: usize = 8;

/// Reads what an engine needs, for these accounts.
///
/// # Errors
/// When the store cannot be read.
pub fn view<S: Store + ?Sized>(
    store: &mut S,
    accounts: &[String],
    now: Timestamp,
) -> Result<View, StoreError> {
    let mut view = View { pauses: store.pauses()?, ..View::default() };
    let classes = store.classes()?;
    for account in accounts {
        let mut lines = Vec::with_capacity(classes.len());
        for (class, _) in &classes {
            lines.push((class.clone(), store.heads(class, account, now, HEADS)?));
        }
        view.lines.insert(account.clone(), lines);
        let filter = crate::store::Filter {
            states: State::ALL.iter().copied().filter(|state| state.is_out()).collect(),
            account: Some(account.clone()),
            ..crate::store::Filter::default()
        };
        view.out.insert(account.clone(), store.list(&filter)?);
        view.remembered.insert(account.clone(), store.remembered(account)?);
    }
    view.next_due = store.next_due(now)?;
    Ok(view)
}

/// The engine.
#[derive(Debug)]
pub struct Engine {
    settings: EngineSettings,
    accounts: BTreeMap<String, Account>,
    jobs: BTreeMap<JobId, Live>,
    pauses: Vec<Paused>,
    desk: Desk,
    /// Jobs that ended without a result, by their account: a late one may still come.
    late: VecDeque<(JobId, String)>,
    look_at: Timestamp,
    is_looking: bool,
    /// Jobs whose end was written since the store was last looked at: what is seen of them may be older.
    ended_since: BTreeSet<JobId>,
    is_draining: bool,
    random: u64,
    outputs: VecDeque<Output>,
}

impl Engine {
    /// An engine with nothing to do yet.
    pub fn new(settings: EngineSettings) -> Self {
        let random = settings.seed ^ 0x9E37_79B9_7F4A_7C15;
        Self {
            settings,
            accounts: BTreeMap::new(),
            jobs: BTreeMap::new(),
            pauses: Vec::new(),
            desk: Desk::default(),
            late: VecDeque::new(),
            look_at: Timestamp::default(),
            is_looking: false,
            ended_since: BTreeSet::new(),
            is_draining: false,
            random,
            outputs: VecDeque::new(),
        }
    }

    /// Takes one input.
    pub fn on(&mut self, now: Timestamp, input: Input) {
        match input {
            Input::Manage { account, cap } => {
                self.accounts.entry(account).or_insert_with(|| Account::new(cap));
            }
            Input::Cap { account, cap } => {
                if let Some(one) = self.accounts.get_mut(&account) {
                    one.slots.on_cap(cap);
                }
            }
            Input::Drain => self.is_draining = true,
            Input::Seen(view) => self.on_seen(now, *view),
            Input::Unseen => self.is_looking = false,
            Input::Written { ticket, answer } => self.on_written(now, ticket, answer),
            Input::Told(told) => self.on_told(now, *told),
            Input::Nudge => self.look_at = now,
            Input::Tick => {}
        }
        self.settle(now);
    }

    /// The next output, in order, until `None`.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Tick`] is due at the latest. Earlier ticks are harmless.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        let leases = self.accounts.values().filter_map(Account::next_lease);
        let looks = (!self.is_looking && self.holds_any()).then_some(self.look_at);
        let pauses = self.pauses.iter().filter_map(|pause| pause.until);
        leases.chain(looks).chain(self.desk.due()).chain(pauses).min()
    }

    /// Whether it drains, and nothing is left to do.
    pub fn is_drained(&self) -> bool {
        self.is_draining && self.jobs.is_empty() && self.desk.is_clear() && !self.holds_any()
    }

    /// Whether an account is this engine's now.
    pub fn holds(&self, account: &str) -> bool {
        self.accounts.get(account).is_some_and(|one| one.fence.is_some())
    }

    /// How many jobs an account may run at once now.
    pub fn slots(&self, account: &str) -> Option<u32> {
        self.accounts.get(account).map(|one| one.slots.limit())
    }

    fn holds_any(&self) -> bool {
        self.accounts.values().any(|account| account.fence.is_some())
    }

    /// Everything that follows from what is known.
    fn settle(&mut self, now: Timestamp) {
        self.lease(now);
        self.end_pauses(now);
        self.look(now);
        if let Some((ticket, changes)) = self.desk.next(now) {
            self.outputs.push_back(Output::Write { ticket, changes });
        }
    }

    fn look(&mut self, now: Timestamp) {
        if self.is_looking || now < self.look_at || !self.holds_any() {
            return;
        }
        self.is_looking = true;
        self.ended_since.clear();
        self.look_at = now.after(self.settings.look);
        let held = self.accounts.iter().filter(|(_, account)| account.fence.is_some());
        self.outputs.push_back(Output::Look(held.map(|(name, _)| name.clone()).collect()));
    }

    fn on_seen(&mut self, now: Timestamp, view: View) {
        self.is_looking = false;
        self.note_pauses(now, &view.pauses);
        for (name, remembered) in &view.remembered {
            self.recall(name, remembered);
        }
        for (account, jobs) in view.out {
            for job in jobs {
                self.on_out(now, &account, job);
            }
        }
        if let Some(due) = view.next_due {
            self.look_at = self.look_at.min(due.max(now.after(Duration::from_millis(1))));
        }
        if !self.is_draining && !self.desk.is_stuck() {
            self.claim(now, view.lines);
        }
    }

    /// A job that the store says is out: one of a process that is gone, or one whose end was asked for.
    fn on_out(&mut self, now: Timestamp, account: &str, job: Job) {
        if !self.holds(account) || self.ended_since.contains(&job.id) {
            return;
        }
        if let Some(live) = self.jobs.get_mut(&job.id) {
            if job.cancel_asked && !live.cancel_told && live.phase == Phase::Out {
                live.cancel_told = true;
                self.outputs.push_back(Output::Cancel(job.id));
            }
            return;
        }
        let (id, is_cancelled) = (job.id, job.cancel_asked);
        let mut live = Live::of(&job, account, now);
        live.phase = Phase::Out;
        live.cancel_told = is_cancelled;
        self.jobs.insert(id, live);
        self.outputs.push_back(Output::Start(Box::new(job)));
        if is_cancelled {
            self.outputs.push_back(Output::Cancel(id));
        }
    }

    /// Gives waiting jobs to accounts with free slots, one account after the other.
    fn claim(&mut self, now: Timestamp, lines: BTreeMap<String, Vec<(Class, Vec<Job>)>>) {
        let mut taken: BTreeSet<JobId> = self.jobs.keys().chain(&self.ended_since).copied().collect();
        let mut turns: Vec<String> = Vec::new();
        for (name, lines) in lines {
            if let Some(account) = self.accounts.get_mut(&name) {
                let fresh = |job: &Job| !taken.contains(&job.id);
                let lines = lines.into_iter().map(|(class, jobs)| {
                    (class, jobs.into_iter().filter(|job| fresh(job)).collect::<Vec<_>>())
                });
                account.queue.refresh(lines);
                turns.push(name);
            }
        }
        let mut changes = Vec::new();
        // One turn each, until nobody takes one: an account alone does not take what others could do at once.
        loop {
            let before = changes.len();
            for name in &turns {
                if let Some(job) = self.take(now, name, &taken) {
                    taken.insert(job.id);
                    let fence = self.accounts.get(name).and_then(|account| account.fence.clone());
                    let Some(fence) = fence else { continue };
                    changes.push((Change::Claim { fence, job: job.id }, Purpose::Claim(job.id)));
                    let mut live = Live::of(&job, name, now);
                    live.work = Some(Box::new(job));
                    self.jobs.insert(live.id, live);
                }
            }
            if changes.len() == before {
                break;
            }
        }
        for (change, purpose) in changes {
            self.desk.put(change, purpose);
        }
    }

    fn take(&mut self, now: Timestamp, name: &str, taken: &BTreeSet<JobId>) -> Option<Job> {
        let busy = self.busy(name);
        let Self { accounts, pauses, .. } = self;
        let account = accounts.get_mut(name)?;
        if account.fence.is_none() || busy >= account.slots.limit() || account.is_full(now) {
            return None;
        }
        let paused = |scope: &Scope| pauses.iter().any(|pause| pause.scope == *scope);
        if paused(&Scope::Queue) || paused(&Scope::Account(name.to_owned())) {
            return None;
        }
        let may_go = |class: &Class| !paused(&Scope::Batch(class.batch.clone()));
        while let Some((_, job)) = account.queue.take(now, may_go) {
            if !taken.contains(&job.id) {
                return Some(job);
            }
        }
        None
    }

    /// How many slots of an account are in use.
    fn busy(&self, account: &str) -> u32 {
        let busy = self.jobs.values().filter(|live| live.account == account && live.holds_slot()).count();
        u32::try_from(busy).unwrap_or(u32::MAX)
    }

    fn on_written(&mut self, now: Timestamp, ticket: u64, answer: Option<Vec<Applied>>) {
        let Some(purposes) = self.desk.answered(now, ticket, answer.is_some()) else { return };
        for (purpose, applied) in purposes.into_iter().zip(answer.unwrap_or_default()) {
            self.on_applied(now, purpose, applied);
        }
    }

    fn on_applied(&mut self, now: Timestamp, purpose: Purpose, applied: Applied) {
        match (purpose, applied) {
            (Purpose::Lease(account), applied) => self.on_lease(now, &account, applied),
            (Purpose::Claim(job), Applied::Done) => self.on_claimed(now, job),
            (Purpose::Claim(job), Applied::Lost) => self.on_lost_by(now, job),
            (Purpose::Claim(job), _) => {
                self.jobs.remove(&job);
                self.look_at = now;
            }
            (Purpose::Checkpoint(job, sequence), Applied::Done) => {
                let account = self.jobs.get(&job).and_then(|live| self.accounts.get(&live.account));
                if let Some(before) = account.map(|account| account.until) {
                    self.outputs.push_back(Output::Durable { job, sequence, before });
                }
            }
            // Nothing of it may leave: whoever reads the store would not know of it.
            (Purpose::Checkpoint(job, _), Applied::Refused) => self.drop_job(job),
            (Purpose::End(job), Applied::Done | Applied::Refused) => self.on_ended(now, job),
            (Purpose::Checkpoint(job, _) | Purpose::End(job), _) => self.on_lost_by(now, job),
            (Purpose::Aside(account), Applied::Lost) => self.on_lost(now, &account),
            (Purpose::Aside(_), _) => {}
        }
    }

    fn on_claimed(&mut self, now: Timestamp, job: JobId) {
        let Some(live) = self.jobs.get_mut(&job) else { return };
        live.phase = Phase::Out;
        let Some(mut work) = live.work.take() else { return };
        if work.asked.deadline.is_some_and(|deadline| deadline < now) {
            let end = End {
                kind: "DeadlinePassed".to_owned(),
                text: "its deadline passed while it waited; nothing was sent".to_owned(),
                hint: "retry it with a later deadline".to_owned(),
                ..End::default()
            };
            return self.end(now, job, &How::Failed, end, None);
        }
        work.account = Some(live.account.clone());
        self.outputs.push_back(Output::Start(work));
    }

    fn on_lost_by(&mut self, now: Timestamp, job: JobId) {
        if let Some(account) = self.jobs.get(&job).map(|live| live.account.clone()) {
            self.on_lost(now, &account);
        }
    }

    fn drop_job(&mut self, job: JobId) {
        if self.jobs.remove(&job).is_some() {
            self.outputs.push_back(Output::DropJob(job));
        }
    }

    fn on_told(&mut self, now: Timestamp, told: Told) {
        let Told { job, what } = told;
        match what {
            What::Checkpoint { sequence, text, sends } => self.checkpoint(now, job, sequence, text, sends),
            What::Accepted { charge } => self.on_accepted(now, job, charge),
            What::Queued => self.on_queued(now, job),
            What::Progress { percent } => self.on_progress(now, job, percent),
            What::Waits(reason) => self.tell(job, &reason),
            What::Ended { how, end, charge } => self.end(now, job, &how, end, charge),
        }
    }

    fn checkpoint(&mut self, now: Timestamp, job: JobId, sequence: u64, text: String, sends: Option<Charge>) {
        let Some(live) = self.jobs.get_mut(&job) else { return };
        let (is_send, from) = (sends.is_some(), live.stored());
        let mut moved = Moved { checkpoint: Some(text), is_send, charge: sends, ..Moved::default() };
        if is_send {
            live.sends += 1;
            live.state = State::Sending;
            moved.state = Some(State::Sending);
            moved.note = Some(note(now, "sending", &format!("send {}", live.sends)));
        }
        let state = live.state;
        if is_send {
            self.outputs.push_back(Output::Moved { job, state, detail: String::new() });
        }
        self.move_job(job, from, moved, Purpose::Checkpoint(job, sequence));
    }

    fn on_accepted(&mut self, now: Timestamp, job: JobId, charge: Charge) {
        let Some(live) = self.jobs.get_mut(&job) else { return };
        let from = live.stored();
        live.state = State::Accepted;
        let account = live.account.clone();
        let evidence = if charge.remote_job.is_empty() { &charge.interaction } else { &charge.remote_job };
        let moved = Moved {
            state: Some(State::Accepted),
            note: Some(note(now, "accepted", evidence)),
            charge: Some(charge),
            ..Moved::default()
        };
        self.tell(job, "");
        self.move_job(job, from, moved, Purpose::Aside(account));
    }

    fn on_queued(&mut self, now: Timestamp, job: JobId) {
        let Some(live) = self.jobs.get_mut(&job) else { return };
        if live.is_queued {
            return;
        }
        live.is_queued = true;
        live.was_queued = true;
        let (account, from) = (live.account.clone(), live.stored());
        let running = self.jobs.values().filter(|one| one.account == account && one.runs()).count();
        if let Some(one) = self.accounts.get_mut(&account) {
            one.slots.on_queued(u32::try_from(running).unwrap_or(u32::MAX));
        }
        self.remember_slots(&account);
        let moved = Moved { note: Some(note(now, "queued", "")), ..Moved::default() };
        self.tell(job, "queued");
        self.move_job(job, from, moved, Purpose::Aside(account));
    }

    fn on_progress(&mut self, now: Timestamp, job: JobId, percent: Option<u8>) {
        let Some(live) = self.jobs.get_mut(&job) else { return };
        live.is_queued = false;
        let from = live.stored();
        let was = std::mem::replace(&mut live.state, State::Rendering);
        let account = live.account.clone();
        if was != State::Rendering {
            let moved = Moved {
                state: Some(State::Rendering),
                note: Some(note(now, "rendering", "")),
                ..Moved::default()
            };
            self.move_job(job, from, moved, Purpose::Aside(account));
        }
        self.tell(job, &percent.map(|percent| format!("{percent} %")).unwrap_or_default());
    }

    fn tell(&mut self, job: JobId, detail: &str) {
        if let Some(live) = self.jobs.get(&job) {
            self.outputs.push_back(Output::Moved { job, state: live.state, detail: detail.to_owned() });
        }
    }

    fn move_job(&mut self, job: JobId, from: Vec<State>, to: Moved, purpose: Purpose) {
        let fence = self.jobs.get(&job).and_then(|live| self.accounts.get(&live.account)?.fence.clone());
        let Some(fence) = fence else { return self.drop_job(job) };
        self.desk.put(Change::Move { fence, job, from, to: Box::new(to) }, purpose);
    }

    /// The work for a backend, with what its parent found.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn work<S: Store + ?Sized>(store: &mut S, job: Job) -> Result<Work, StoreError> {
        let base = match job.asked.parent {
            Some(parent) => store.job(parent)?.and_then(|parent| parent.end).map(|end| end.result),
            None => None,
        };
        Ok(Work { job, base })
    }
}

fn note(at: Timestamp, what: &str, detail: &str) -> Note {
    Note { at, what: what.to_owned(), detail: detail.to_owned() }
}
