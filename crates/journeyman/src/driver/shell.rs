//! The driver's shell: one task that feeds the core and does what it says. It decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use journeyman_discord::Recall;
use journeyman_discord::gateway::Heard;
use journeyman_midjourney::Order;
use journeyman_midjourney::generation::{Generation, GenerationRecord, Reason, Report, Sent};
use journeyman_midjourney::outcome::{Hindrance, NotSent, Outcome};
use journeyman_model::{CommandVersion, UserId};
use journeyman_moment::{Clock, Moment};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::core::{Core, Input, JobNumber, Output, Start, WatchedBy};
use super::io::{Errand, Io, Sending};
use super::translate;
use super::watch::Page;
use crate::drift::Drift;
use crate::error::{Error, ErrorKind};
use crate::event::{Event, Finished};
use crate::gateway::Line;
use crate::panel::Panel;
use crate::record::Recorder;
use crate::wall;

/// What callers ask of the driver.
#[derive(Debug)]
pub(crate) enum Command {
    /// Begin a job.
    Start { job: JobNumber, begin: Begin, caller: Caller },
    /// Stop watching a job.
    Cancel { job: JobNumber },
    /// A human acted on what had paused the account.
    Unpause,
}

/// How a job begins.
#[derive(Debug)]
pub(crate) enum Begin {
    /// With an order.
    Order { order: Box<Order>, queued_is_error: bool },
    /// Where a record left off.
    Record(Box<Generation>),
}

/// The ends of a job's channels that the driver holds.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) outcome: Option<oneshot::Sender<Result<Finished, Error>>>,
    pub(crate) status: watch::Sender<Status>,
    /// Where the job's records are made durable; without it, a job lives as long as this process.
    pub(crate) journal: Option<mpsc::UnboundedSender<Entry>>,
}

/// One record to be stored.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) record: GenerationRecord,
    /// What waits until it is durable; dropped, that never happens.
    pub(crate) waits: Option<Waits>,
}

/// What waits for a record to be durable.
#[derive(Debug)]
pub(crate) struct Waits {
    /// Whether it may be charged: a request, not the answer to a form.
    pub(crate) is_request: bool,
    /// Told with the moment after which the request may not leave any more.
    pub(crate) durable: oneshot::Sender<Moment>,
}

/// What is known of a job at this moment.
#[derive(Debug, Default)]
pub(crate) struct Status {
    pub(crate) record: Option<GenerationRecord>,
    pub(crate) reason: Option<Reason>,
    /// What may be pressed on its progress message.
    pub(crate) progress: Option<Panel>,
}

impl Caller {
    /// A reader that is too far behind misses the event; the channel's size is [`crate::job::MOST_EVENTS`].
    fn tell(&self, event: Event) {
        let _ = self.events.try_send(event);
    }
}

/// What a piece of IO came to.
enum Done {
    Identified(Result<UserId, NotSent>),
    Page(Result<Page, NotSent>),
    Sent { job: JobNumber, sending: Sending },
    Saved { job: JobNumber, result: Result<Finished, Error>, late: bool },
    Told,
    Connected(Result<Line, NotSent>),
}

/// The shell.
pub(crate) struct Shell {
    core: Core,
    io: Io,
    clock: Clock,
    commands: mpsc::Receiver<Command>,
    callers: BTreeMap<JobNumber, Caller>,
    tasks: JoinSet<Done>,
    nonces: Nonces,
    /// With which version of the command each job was sent.
    versions: BTreeMap<JobNumber, CommandVersion>,
    /// Jobs whose images are being saved.
    saving: BTreeSet<JobNumber>,
    /// The gateway, once it was asked for.
    line: Option<Line>,
    /// The gateway session's id.
    session: Option<String>,
    watched_by: watch::Sender<WatchedBy>,
    /// By which the requests that are out, or on their way, can still be kept back.
    recalls: BTreeMap<JobNumber, Recall>,
    recorder: Recorder,
    drift: watch::Sender<Drift>,
    /// How many changes of it were told.
    told_changes: u64,
}

impl Shell {
    pub(crate) fn new(
        core: Core,
        io: Io,
        clock: Clock,
        commands: mpsc::Receiver<Command>,
        watched_by: watch::Sender<WatchedBy>,
    ) -> Self {
        Self {
            core,
            io,
            clock,
            commands,
            callers: BTreeMap::new(),
            tasks: JoinSet::new(),
            nonces: Nonces::new(std::process::id(), wall::unix_micros()),
            versions: BTreeMap::new(),
            saving: BTreeSet::new(),
            line: None,
            session: None,
            watched_by,
            recalls: BTreeMap::new(),
            recorder: Recorder::default(),
            drift: watch::Sender::new(Drift::default()),
            told_changes: 0,
        }
    }

    /// The same, recorded.
    pub(crate) fn recorded(self, recorder: Recorder) -> Self {
        Self { recorder, ..self }
    }

    /// The same, with its alarm told here.
    pub(crate) fn alarming(self, drift: watch::Sender<Drift>) -> Self {
        Self { drift, ..self }
    }

    /// What is seen is known before anybody hears how a job ended.
    fn tell_drift(&mut self) {
        let alarm = self.core.alarm();
        if alarm.changes() != self.told_changes {
            self.told_changes = alarm.changes();
            self.drift.send_replace(alarm.drift().clone());
        }
    }

    /// Tells the core.
    fn feed(&mut self, input: Input) {
        let now = self.clock.now();
        self.recorder.input(now, &input, &self.core);
        self.core.on(now, input);
    }

    /// Runs until the client and all its jobs are dropped; what is under way then is aborted.
    pub(crate) async fn run(mut self) {
        loop {
            self.tell_drift();
            while let Some(output) = self.core.poll() {
                self.recorder.output(self.clock.now(), &output);
                self.perform(output);
            }
            self.forget();
            let wakeup = self.core.next_wakeup().unwrap_or(Moment::MAX);
            // Every arm is cancel safe: receives, a join and a sleep lose nothing when dropped.
            let input = tokio::select! {
                command = self.commands.recv() => match command {
                    Some(command) => Some(self.on_command(command)),
                    None => return,
                },
                Some(done) = self.tasks.join_next() => match done {
                    Ok(done) => self.on_done(done),
                    Err(error) => return self.give_up(&error),
                },
                heard = hear(&mut self.line) => self.on_heard(heard),
                () = self.clock.sleep_until(wakeup) => Some(Input::Tick),
            };
            if let Some(input) = input {
                self.feed(input);
            }
        }
    }

    fn on_command(&mut self, command: Command) -> Input {
        match command {
            Command::Cancel { job } => {
                let is_kept = self.recalls.get(&job).is_some_and(Recall::recall);
                Input::Cancel { job, has_left: !is_kept }
            }
            Command::Unpause => {
                self.io.unlatch();
                Input::Unpause
            }
            Command::Start { job, begin, caller } => {
                self.callers.insert(job, caller);
                match begin {
                    Begin::Record(generation) => Input::Resume { job, generation },
                    Begin::Order { order, queued_is_error } => {
                        let mut nonce = || self.nonces.next(wall::unix_micros());
                        let (nonce, form_nonce) = (nonce(), nonce());
                        let start = Start { order: *order, nonce, form_nonce, queued_is_error };
                        Input::Start { job, start: Box::new(start) }
                    }
                }
            }
        }
    }

    fn on_done(&mut self, done: Done) -> Option<Input> {
        match done {
            Done::Identified(who) => Some(Input::Identified(who)),
            Done::Page(Ok(page)) => Some(Input::Page(page)),
            Done::Page(Err(why)) => Some(Input::PageFailed(why)),
            Done::Sent { job, sending } => {
                if let Some(version) = sending.version {
                    if let Some(command) = &sending.command {
                        self.core.note_version(command, version);
                    }
                    self.versions.insert(job, version);
                }
                Some(Input::Sent { job, sent: sending.sent })
            }
            Done::Saved { job, result, late } => {
                self.saved(job, result, late);
                None
            }
            Done::Told => None,
            Done::Connected(Ok(line)) => {
                self.line = Some(line);
                None
            }
            Done::Connected(Err(why)) => Some(Input::GatewayEnded(why)),
        }
    }

    /// What the gateway tells, for the core; classification happens here, before it.
    fn on_heard(&mut self, heard: Option<Heard>) -> Option<Input> {
        match heard {
            Some(Heard::Up(up)) => {
                self.session = Some(up.session_id);
                Some(Input::GatewayUp { user: up.user, resumed: up.resumed })
            }
            Some(Heard::Event(event)) => {
                self.recorder.event(&event);
                self.io.heard(&event).map(Input::Heard)
            }
            Some(Heard::Gap(gap)) => {
                tracing::warn!(events = gap.dropped, "events were lost; reading the channel");
                Some(Input::GatewayGap)
            }
            Some(Heard::Down(down)) => {
                tracing::warn!(why = %down.why, hint = down.why.hint(), "the gateway is down");
                Some(Input::GatewayDown)
            }
            Some(Heard::Ended(error)) => {
                tracing::error!(%error, hint = error.hint(), "the gateway is gone");
                self.session = None;
                Some(Input::GatewayEnded(translate::gateway_ended(&error)))
            }
            None => {
                self.line = None;
                None
            }
        }
    }

    fn perform(&mut self, output: Output) {
        let io = self.io.clone();
        match output {
            Output::Identify => {
                self.tasks.spawn(async move { Done::Identified(io.identify().await) });
            }
            Output::Connect => {
                self.tasks.spawn(async move { Done::Connected(io.connect().await) });
            }
            Output::WatchedBy(by) => self.show_watched_by(by),
            Output::Read(wanted) => {
                self.tasks.spawn(async move { Done::Page(io.read(wanted).await) });
            }
            Output::Send { job, order, nonce, rediscover, deadline } => {
                let stale = self.versions.remove(&job).filter(|_| rediscover);
                let recall = Recall::default();
                self.recalls.insert(job, recall.clone());
                let session = self.session.clone();
                let mut errand = Errand { order: *order, nonce, stale, deadline, session, recall };
                let durable = self.durable(job, true);
                self.tasks.spawn(async move {
                    let sending = match wait_for(durable).await {
                        Ok(before) => {
                            errand.deadline = deadline.min(before);
                            io.send(errand).await
                        }
                        Err(why) => Sending { sent: Sent::NotSent(why), version: stale, command: None },
                    };
                    Done::Sent { job, sending }
                });
            }
            Output::Answer { job, answered, nonce, deadline } => {
                let session = self.session.clone();
                let durable = self.durable(job, false);
                self.tasks.spawn(async move {
                    let sent = match wait_for(durable).await {
                        Ok(before) => io.answer(answered, &nonce, session, deadline.min(before)).await,
                        Err(why) => Sent::NotSent(why),
                    };
                    Done::Sent { job, sending: Sending { sent, version: None, command: None } }
                });
            }
            Output::Withdraw { job } => {
                if self.recalls.get(&job).is_some_and(Recall::recall) {
                    self.feed(Input::Withdrawn { job });
                }
            }
            Output::Journal { job } => self.journal(job),
            Output::Report { job, report } => self.tell(job, event(report)),
            Output::Ended { job, outcome } => self.on_ended(job, outcome),
        }
    }

    fn show_watched_by(&self, by: WatchedBy) {
        self.watched_by.send_replace(by);
        self.callers.values().for_each(|caller| caller.tell(Event::WatchedBy(by)));
    }

    /// Lets go of jobs of which nothing more can come; their event channels close.
    fn forget(&mut self) {
        let Self { core, callers, versions, saving, recalls, .. } = self;
        core.forget(self.clock.now());
        callers.retain(|job, caller| core.knows(*job) || saving.contains(job) || caller.outcome.is_some());
        versions.retain(|job, _| core.knows(*job));
        recalls.retain(|job, _| core.knows(*job));
    }

    fn journal(&mut self, job: JobNumber) {
        let record = self.core.record(job, self.clock.now(), wall::unix_micros());
        if let (Some(record), Some(caller)) = (record, self.callers.get(&job)) {
            if let Some(journal) = &caller.journal {
                // A journal that is gone keeps requests from leaving; nothing else waits for it.
                let _ = journal.send(Entry { record: record.clone(), waits: None });
            }
            caller.status.send_replace(Status {
                record: Some(record),
                reason: self.core.reason(job),
                progress: self.core.progress_panel(job),
            });
        }
    }

    /// What tells that the job's record is durable; `None` for a job without a journal.
    fn durable(&self, job: JobNumber, is_request: bool) -> Option<oneshot::Receiver<Moment>> {
        let journal = self.callers.get(&job)?.journal.as_ref()?;
        let (durable, waits) = oneshot::channel();
        // Without a record, or with a journal that is gone, it is dropped here: then nothing leaves.
        if let Some(record) = self.core.record(job, self.clock.now(), wall::unix_micros()) {
            let _ = journal.send(Entry { record, waits: Some(Waits { is_request, durable }) });
        }
        Some(waits)
    }

    fn tell(&self, job: JobNumber, event: Event) {
        if let Some(caller) = self.callers.get(&job) {
            caller.tell(event);
        }
    }

    fn on_ended(&mut self, job: JobNumber, outcome: Outcome) {
        if let Outcome::Finished(finished) = outcome {
            if !finished.files.is_empty() {
                self.tell(job, Event::Downloading);
            }
            self.saving.insert(job);
            let io = self.io.clone();
            let prompt = self.prompt(job);
            let events = self.callers.get(&job).map(|caller| caller.events.clone());
            self.tasks.spawn(async move {
                let late = finished.late;
                Done::Saved { job, result: io.save(finished, prompt, events).await, late }
            });
            return;
        }
        let (message, job_id) = self.core.ids(job);
        if let Some(error) = Error::from_outcome(&outcome, message, job_id.as_deref()) {
            self.resolve(job, Err(error));
        }
    }

    fn prompt(&self, job: JobNumber) -> String {
        let record = self.core.record(job, self.clock.now(), wall::unix_micros());
        record.map(|record| record.prompt).unwrap_or_default()
    }

    fn saved(&mut self, job: JobNumber, result: Result<Finished, Error>, late: bool) {
        self.saving.remove(&job);
        match result {
            result if !self.is_waiting(job) && late => {
                let event = match result {
                    Ok(finished) => Event::FinishedLate(Box::new(finished)),
                    Err(error) => Event::LateNotSaved { message: error.to_string() },
                };
                self.tell_for_certain(job, event);
            }
            result => self.resolve(job, result),
        }
    }

    /// Whether the job's outcome has not been told.
    fn is_waiting(&self, job: JobNumber) -> bool {
        self.callers.get(&job).is_some_and(|caller| caller.outcome.is_some())
    }

    /// An event that no reader may miss, however far behind: it waits for its place.
    fn tell_for_certain(&mut self, job: JobNumber, event: Event) {
        let Some(events) = self.callers.get(&job).map(|caller| caller.events.clone()) else { return };
        self.tasks.spawn(async move {
            // A reader that is gone does not want to know.
            let _ = events.send(event).await;
            Done::Told
        });
    }

    fn resolve(&mut self, job: JobNumber, result: Result<Finished, Error>) {
        if let Some(sender) = self.callers.get_mut(&job).and_then(|caller| caller.outcome.take()) {
            // A caller that is gone does not want to know.
            let _ = sender.send(result);
        }
    }

    /// A task that panicked is a defect; every waiting caller is told rather than left waiting.
    fn give_up(&mut self, error: &tokio::task::JoinError) {
        tracing::error!(%error, "a task of the driver failed");
        for caller in self.callers.values_mut() {
            if let Some(sender) = caller.outcome.take() {
                let told = Error::new(ErrorKind::Internal, "run the driver: one of its tasks failed")
                    .with_hint("please report this; jobs that were out go on at Midjourney");
                let _ = sender.send(Err(told));
            }
        }
    }
}

/// Waits until what must be durable before a request leaves is so; gives the moment until which it may.
async fn wait_for(durable: Option<oneshot::Receiver<Moment>>) -> Result<Moment, NotSent> {
    let Some(durable) = durable else { return Ok(Moment::MAX) };
    durable.await.map_err(|_| NotSent {
        why: Hindrance::Internal,
        detail: "write the job's record before sending it: it could not be, so nothing was sent".to_owned(),
        retry_after: None,
    })
}

/// The next thing that the gateway tells, if there is one.
async fn hear(line: &mut Option<Line>) -> Option<Heard> {
    match line {
        Some((_, heard)) => heard.recv().await,
        None => std::future::pending().await,
    }
}

fn event(report: Report) -> Event {
    match report {
        Report::Submitted => Event::Submitted,
        Report::Accepted => Event::Accepted,
        Report::FormOpened { title } => Event::FormOpened { title },
        Report::Unsure => Event::Unsure,
        Report::Waiting => Event::Waiting,
        Report::Queued => Event::Queued,
        Report::Progress { percent, preview } => Event::Progress { percent, preview },
        Report::Paused => Event::Paused,
        Report::Vanished => Event::Vanished,
    }
}

/// Nonces as Discord's own client makes them: snowflakes of the client's wall clock.
#[derive(Debug)]
struct Nonces {
    last: u64,
    /// What Discord fills with worker, process and count: here what tells two programs apart that
    /// send in the same millisecond with one account.
    low: u64,
}

impl Nonces {
    fn new(process: u32, unix_us: i64) -> Self {
        const LOW: u64 = (1 << 22) - 1;
        let mixed = (u64::from(process) << 12) ^ unix_us.unsigned_abs();
        Self { last: 0, low: mixed & LOW }
    }

    /// Never the same twice, whatever the wall clock does.
    fn next(&mut self, unix_us: i64) -> String {
        /// 2015-01-01 in Unix milliseconds, the origin of Discord's snowflakes.
        const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;
        let millis = (unix_us / 1_000).saturating_sub(DISCORD_EPOCH_MS).max(0).unsigned_abs();
        self.last = (millis << 22 | self.low).max(self.last.saturating_add(1));
        self.last.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_are_snowflakes_and_never_repeat_though_the_clock_goes_back() {
        let mut nonces = Nonces::new(7, 0);
        let first = nonces.next(1_700_000_000_000_000);
        let second = nonces.next(1_700_000_000_000_000);
        let third = nonces.next(1_600_000_000_000_000);
        assert_eq!(first.len(), 19);
        let parse = |nonce: &str| nonce.parse::<u64>().unwrap();
        assert!(parse(&first) < parse(&second) && parse(&second) < parse(&third));
        let other = Nonces::new(8, 0).next(1_700_000_000_000_000);
        assert_ne!(first, other, "another program in the same millisecond");
    }
}
