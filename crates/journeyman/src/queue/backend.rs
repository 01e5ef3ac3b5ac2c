//! The queue's way through Discord: one client per account does the jobs. It decides nothing about a job.

use std::collections::BTreeMap;
use std::task::{Context, Poll};
use std::time::Duration;

use journeyman_jobs::backend::{Backend, How, Told, What, Work};
use journeyman_jobs::job::{End, JobId};
use journeyman_jobs::time::Timestamp;
use journeyman_midjourney::generation::GenerationRecord;
use journeyman_moment::{Clock, Moment};
use tokio::sync::{mpsc, oneshot};

use super::ending;
use super::request::Request;
use super::time::Wall;
use crate::client::{Client, ImagineOptions};
use crate::driver::shell::{Begin, Entry};
use crate::error::{Error, ErrorKind};
use crate::event::{Event, Finished};
use crate::job::Job;

/// The first wait before images that could not be saved are fetched again; it doubles.
const SAVE_AGAIN: Duration = Duration::from_secs(5);

/// How many times images are fetched before a human is asked.
const MOST_SAVES: u32 = 8;

/// Midjourney through Discord.
#[derive(Debug)]
pub(super) struct Discord {
    accounts: BTreeMap<String, Client>,
    under_way: BTreeMap<JobId, mpsc::UnboundedSender<Order>>,
    /// Jobs that were given up and begun again: the late result of the first time still counts.
    given_up: Vec<(JobId, mpsc::UnboundedSender<Order>)>,
    clock: Clock,
    wall: Wall,
    tell: mpsc::UnboundedSender<Told>,
    told: mpsc::UnboundedReceiver<Told>,
}

/// What the engine says to a job that is under way.
#[derive(Debug, Clone, Copy)]
enum Order {
    Durable(u64, Moment),
    Cancel,
    Drop,
}

impl Discord {
    pub(super) fn new(accounts: BTreeMap<String, Client>, clock: Clock, wall: Wall) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        Self { accounts, under_way: BTreeMap::new(), given_up: Vec::new(), clock, wall, tell, told }
    }

    fn order(&mut self, job: JobId, order: Order) {
        self.under_way.retain(|_, one| !one.is_closed());
        if let Some(one) = self.under_way.get(&job) {
            // One that ended a moment ago has told so.
            let _ = one.send(order);
        }
    }
}

impl Backend for Discord {
    fn start(&mut self, work: Work) {
        let id = work.job.id;
        let client = work.job.account.as_ref().and_then(|account| self.accounts.get(account)).cloned();
        let tell = self.tell.clone();
        let Some(client) = client else {
            let account = work.job.account.clone().unwrap_or_default();
            let end = End {
                kind: ErrorKind::Configuration.name().to_owned(),
                text: format!("begin job {id}: the account {account:?} is not one of this process"),
                hint: "add it to the configuration, or ask for another account".to_owned(),
                ..End::default()
            };
            let what = What::Ended { how: How::NotExecuted { after: None }, end, charge: None };
            let _ = tell.send(Told { job: id, what });
            return;
        };
        let (orders_in, orders) = mpsc::unbounded_channel();
        self.given_up.retain(|(_, one)| !one.is_closed());
        if let Some(before) = self.under_way.insert(id, orders_in) {
            self.given_up.push((id, before));
        }
        let errand = Errand { id, client, clock: self.clock, wall: self.wall, tell, orders, last: None };
        tokio::spawn(errand.run(work));
    }

    fn durable(&mut self, job: JobId, sequence: u64, before: Timestamp) {
        self.order(job, Order::Durable(sequence, self.wall.moment(before)));
    }

    fn cancel(&mut self, job: JobId) {
        self.order(job, Order::Cancel);
    }

    fn drop_job(&mut self, job: JobId) {
        // What waits to be durable never is.
        self.order(job, Order::Drop);
        self.under_way.remove(&job);
        self.given_up.retain(|(one, _)| *one != job);
    }

    fn resume_account(&mut self, account: &str) {
        if let Some(client) = self.accounts.get(account).cloned() {
            tokio::spawn(async move {
                // A driver that is gone pauses nothing.
                let _ = client.unpause().await;
            });
        }
    }

    fn poll_told(&mut self, context: &mut Context<'_>) -> Poll<Option<Told>> {
        self.told.poll_recv(context)
    }
}

/// One job under way.
struct Errand {
    id: JobId,
    client: Client,
    clock: Clock,
    wall: Wall,
    tell: mpsc::UnboundedSender<Told>,
    orders: mpsc::UnboundedReceiver<Order>,
    /// The newest record.
    last: Option<GenerationRecord>,
}

/// How watching a job went on.
enum Watched {
    /// It ended.
    Ended(Result<Box<Finished>, Error>),
    /// The engine let go of it.
    Dropped,
}

impl Errand {
    async fn run(mut self, work: Work) {
        let mut wait = SAVE_AGAIN;
        let (entries_in, mut entries) = mpsc::unbounded_channel();
        let mut begun = self.begin(work, &entries_in).await;
        for attempt in 1.. {
            let ended = match begun {
                Err(error) => Err(error),
                Ok(mut job) => match self.watch(&mut job, &mut entries).await {
                    Watched::Dropped => return,
                    Watched::Ended(result) => {
                        if result.as_ref().is_err_and(|error| may_come_late(error.kind())) {
                            self.tell_end(result).await;
                            return self.wait_for_late(job, entries).await;
                        }
                        result
                    }
                },
            };
            let (Err(error), Some(record)) = (&ended, self.paid()) else { return self.tell_end(ended).await };
            if error.kind() != ErrorKind::Storage || attempt >= MOST_SAVES {
                return self.tell_end(ended).await;
            }
            // The image is finished and paid: only its bytes are missing here.
            tracing::warn!(job = self.id.0, %error, "saving again later");
            self.say(What::Waits(format!("storage: {error}")));
            self.clock.sleep_until(self.clock.now() + wait).await;
            wait = wait.saturating_mul(2);
            begun = self.client.resume_with(&record, Some(entries_in.clone())).await;
        }
    }

    /// The record of a job that finished, whatever became of its images.
    fn paid(&self) -> Option<GenerationRecord> {
        let is_finished = |record: &&GenerationRecord| {
            record.outcome.as_ref().is_some_and(|outcome| outcome.kind == "finished")
        };
        self.last.as_ref().filter(is_finished).cloned()
    }

    async fn begin(&mut self, work: Work, journal: &mpsc::UnboundedSender<Entry>) -> Result<Job, Error> {
        let journal = Some(journal.clone());
        if let Some(text) = &work.job.checkpoint {
            let record: GenerationRecord = serde_json::from_str(text).map_err(|error| {
                Error::new(ErrorKind::Undecided, format!("read the checkpoint of job {}: {error}", self.id))
                    .with_hint("use the version of this program that wrote it")
            })?;
            self.last = Some(record.clone());
            return self.client.resume_with(&record, journal).await;
        }
        let order = Request::from_text(&work.job.asked.request)?.order(work.base.as_deref())?;
        let ImagineOptions { queued_is_error, .. } = ImagineOptions::default();
        self.client.start(Begin::Order { order: Box::new(order), queued_is_error }, journal).await
    }

    async fn watch(&mut self, job: &mut Job, entries: &mut mpsc::UnboundedReceiver<Entry>) -> Watched {
        let mut sequence = 0_u64;
        let mut waiting: BTreeMap<u64, oneshot::Sender<Moment>> = BTreeMap::new();
        loop {
            let Some(outcome) = &mut job.outcome else { return Watched::Dropped };
            tokio::select! {
                // Records before events before the end: what happened first is told first. All arms lose
                // nothing when dropped.
                biased;
                order = self.orders.recv() => match order {
                    Some(Order::Durable(sequence, before)) => {
                        if let Some(waits) = waiting.remove(&sequence) {
                            // A request that gave up meanwhile is not sent.
                            let _ = waits.send(before);
                        }
                    }
                    Some(Order::Cancel) => job.cancel().await,
                    Some(Order::Drop) => {
                        // Should the job come back, its images are for who has it then.
                        job.cancel().await;
                        return Watched::Dropped;
                    }
                    None => return Watched::Dropped,
                },
                Some(entry) = entries.recv() => {
                    sequence += 1;
                    if let Some(waits) = self.checkpoint(sequence, entry) {
                        waiting.insert(sequence, waits);
                    }
                }
                Some(event) = job.events.recv() => self.on_event(&event),
                ended = &mut *outcome => {
                    job.outcome = None;
                    while let Ok(entry) = entries.try_recv() {
                        self.last = Some(entry.record);
                    }
                    return Watched::Ended(match ended {
                        Ok(result) => result.map(Box::new),
                        Err(_) => Err(Error::new(ErrorKind::Undecided, "watch the job: its driver is gone")),
                    });
                }
            }
        }
    }

    /// Tells a record; gives what waits for it to be durable.
    fn checkpoint(&mut self, sequence: u64, entry: Entry) -> Option<oneshot::Sender<Moment>> {
        let Entry { record, waits } = entry;
        // It comes again at once, with the request that waits for it.
        let comes_again = record.state == "sending" && waits.is_none();
        let text = serde_json::to_string(&record);
        self.last = Some(record.clone());
        if comes_again {
            return None;
        }
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(%error, "a record cannot be written");
                return None;
            }
        };
        let is_request = waits.as_ref().is_some_and(|waits| waits.is_request);
        let sends = is_request.then(|| ending::charge(&record, "undecided"));
        self.say(What::Checkpoint { sequence, text, sends });
        waits.map(|waits| waits.durable)
    }

    fn on_event(&self, event: &Event) {
        match event {
            Event::Accepted | Event::Waiting => self.say(What::Accepted { charge: self.charge("likely") }),
            Event::Queued => self.say(What::Queued),
            Event::Progress { percent, .. } => self.say(What::Progress { percent: Some(*percent) }),
            Event::Vanished => self.say(What::Waits("grace".to_owned())),
            Event::Paused => self.say(What::Waits("paused".to_owned())),
            Event::Downloading => self.say(What::Waits("download".to_owned())),
            Event::Unsure => self.say(What::Waits("sign".to_owned())),
            Event::WatchedBy(_)
            | Event::Submitted
            | Event::FormOpened { .. }
            | Event::Saved { .. }
            | Event::FinishedLate(_)
            | Event::LateNotSaved { .. } => {}
        }
    }

    fn charge(&self, certainty: &str) -> journeyman_jobs::job::Charge {
        self.last.as_ref().map(|record| ending::charge(record, certainty)).unwrap_or_default()
    }

    /// Whether the request may have been executed.
    fn has_left(&self) -> bool {
        self.last.as_ref().is_some_and(|record| {
            record.attempts > 0 && record.outcome.as_ref().is_none_or(|outcome| outcome.kind != "not_sent")
        })
    }

    async fn tell_end(&self, ended: Result<Box<Finished>, Error>) {
        let hashed = match ended {
            Ok(finished) => ending::finished(&finished, self.last.as_ref()).await,
            Err(error) => Err(error),
        };
        let (how, end, certainty) = match hashed {
            Ok(end) => (How::Finished, end, Some("certain")),
            Err(error) => {
                let now = self.now();
                let how = ending::how(&error, self.has_left(), now);
                let mut end = ending::failed(&error);
                end.keeps_checkpoint = self.paid().is_some();
                let certainty = match &how {
                    How::Undecided => Some("undecided"),
                    How::Failed if end.keeps_checkpoint => Some("certain"),
                    How::Cancelled if self.has_left() => Some("likely"),
                    How::NotExecuted { .. } | How::QueueFull | How::AccountPaused { .. } => Some("none"),
                    How::Finished | How::Failed | How::Cancelled => None,
                };
                (how, end, certainty.filter(|_| self.last.as_ref().is_some_and(|one| one.attempts > 0)))
            }
        };
        let mut charge = certainty.map(|certainty| self.charge(certainty));
        if let (Some(charge), Some(file)) = (&mut charge, end.files.first()) {
            charge.sha256.clone_from(&file.sha256);
        }
        self.say(What::Ended { how, end, charge });
    }

    /// What was given up may still finish: its images are saved, and that is told.
    async fn wait_for_late(mut self, mut job: Job, mut entries: mpsc::UnboundedReceiver<Entry>) {
        loop {
            tokio::select! {
                order = self.orders.recv() => match order {
                    // Nothing more leaves, and it has ended.
                    Some(Order::Durable(..) | Order::Cancel) => {}
                    Some(Order::Drop) | None => return,
                },
                Some(entry) = entries.recv() => self.last = Some(entry.record),
                event = job.events.recv() => match event {
                    Some(Event::FinishedLate(finished)) => {
                        while let Ok(entry) = entries.try_recv() {
                            self.last = Some(entry.record);
                        }
                        return self.tell_end(Ok(finished)).await;
                    }
                    Some(_) => {}
                    None => return,
                },
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.wall.now(self.clock)
    }

    fn say(&self, what: What) {
        // A queue that is gone wants to know nothing; the store has the last checkpoint.
        let _ = self.tell.send(Told { job: self.id, what });
    }
}

/// Whether a result may still come after this end.
fn may_come_late(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NoResponse | ErrorKind::EphemeralModeration | ErrorKind::Undecided)
}
