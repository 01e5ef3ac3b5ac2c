//! `batch`: every step goes through the durable queue, and its files to their places. What a job does is the queue's
//! matter.

use std::collections::BTreeMap;
use std::path::PathBuf;

use journeyman::ErrorKind;
use journeyman::queue::{Queue, QueueAccount, QueueStore};
use journeyman_jobs::change::{Applied, Change, Scope};
use journeyman_jobs::engine::EngineSettings;
use journeyman_jobs::job::{Job, NewJob, State};
use journeyman_jobs::store::{Filter, Paused};

use super::ledger::{Ledger, decide};
use super::request::{Links, request};
use super::wait::{Wait, Waited};
use super::{Batch, check};
use crate::args;
use crate::batch::{Manifest, Summary, file_name};
use crate::commands::account::Account;
use crate::commands::watching::{before_a_job, ended};
use crate::commands::{sheet, store_place};
use crate::config::{Configuration, Environment};
use crate::error::Error;
use crate::show::{self, Steps, Terminal};

/// Where files lie as they came, below the folder of images: what the store knows of must not depend on a batch's names.
const ORIGINALS: &str = ".originals";

/// How many jobs are added at once.
const ADDED: usize = 1_000;

/// Where a batch's results go.
struct Places {
    /// The folder of images.
    out: PathBuf,
    manifest: PathBuf,
    /// As the manifest says it.
    folder: String,
}

/// Runs a batch. With `--json` there is a line for each movement and ended step, and one for the whole.
pub(super) async fn run(
    batch: &Batch,
    args: &args::Batch,
    configuration: &Configuration,
    environment: &Environment,
) -> Result<(), Error> {
    ended(args.door.json, follow(batch, args, configuration, environment).await)
}

/// The error of the first step that did not finish, or what kept or stopped the whole.
async fn follow(
    batch: &Batch,
    args: &args::Batch,
    configuration: &Configuration,
    environment: &Environment,
) -> Result<Option<Error>, Error> {
    check::before_sending(batch, args, configuration, environment)?;
    let places = places(batch, args, configuration)?;
    let account = Account::open(args.door.sim, &args.door.world, configuration).await?;
    let account = account.saving_in(places.out.join(ORIGINALS));
    let store = store_place::store(configuration, environment, args.door.sim, account.clock());
    let ended = match store {
        Ok(store) => {
            let run = Run { batch, args, places: &places, account: &account, store: &store };
            run.run(Terminal::of(environment)).await
        }
        Err(error) => Err(error.into()),
    };
    account.close().await;
    ended
}

fn places(batch: &Batch, args: &args::Batch, configuration: &Configuration) -> Result<Places, Error> {
    let out: PathBuf = configuration.need("out")?;
    let usual = out.join(format!("{}.jsonl", file_name(&batch.name)));
    let Some(manifest) = args.manifest.clone() else {
        return Ok(Places { out, manifest: usual, folder: String::new() });
    };
    let folder = std::path::absolute(&out).unwrap_or_else(|_| out.clone());
    Ok(Places { out, manifest, folder: folder.to_string_lossy().replace('\\', "/") })
}

/// What a run of a batch is made with.
struct Run<'a> {
    batch: &'a Batch,
    args: &'a args::Batch,
    places: &'a Places,
    account: &'a Account,
    store: &'a QueueStore,
}

impl Run<'_> {
    async fn run(&self, terminal: Terminal) -> Result<Option<Error>, Error> {
        let mut ledger = Ledger::of(self.batch, self.places.out.clone(), self.places.folder.clone());
        let known = self.known().await?;
        self.begun_before(&mut ledger, &known)?;
        self.retry(&mut ledger, &known).await?;
        // What was added waits in the store, and is found again.
        before_a_job("add the batch's jobs", self.add(&mut ledger)).await?;
        // A grid and its four quarters.
        ledger.reserve(if self.args.door.split { 5 } else { 1 });
        self.settle(&mut ledger, &known).await?;
        ledger.manifest.write(&self.places.manifest)?;
        let clock = self.account.clock();
        let account = self.account.name();
        let slots = u32::from(self.args.parallel);
        let accounts = vec![QueueAccount { name: account.clone(), client: self.account.client()?, slots }];
        let queue = Queue::open(self.store.clone(), accounts, engine(), clock);
        let over = ledger.count(|step| step.state.is_over());
        let steps = Steps::begin(count(over), count(ledger.steps.len()), self.args.door.json, terminal);
        let mut wait = Wait {
            queue: &queue,
            account: &account,
            ledger: &mut ledger,
            steps,
            manifest: &self.places.manifest,
            clock,
            next: clock.now(),
        };
        let waited = wait.run().await;
        wait.steps.end();
        if !matches!(waited, Ok(Waited::Stopped { .. })) {
            queue.drain().await;
        }
        let told = self.tell(&ledger);
        let waited = waited?;
        told?;
        self.verdict(&ledger, &waited)
    }

    /// The batch's jobs in the store, by their keys.
    async fn known(&self) -> Result<BTreeMap<String, Job>, Error> {
        let mut known = BTreeMap::new();
        let mut after = None;
        loop {
            let filter =
                Filter { batch: Some(self.batch.name.clone()), after, most: ADDED, ..Filter::default() };
            let jobs = self.store.read(move |store| store.list(&filter)).await?;
            let Some(last) = jobs.last() else { return Ok(known) };
            after = Some(last.id);
            known.extend(jobs.into_iter().filter_map(|job| Some((job.asked.key.clone()?, job))));
        }
    }

    /// What was begun before is gone on with only where that was asked for.
    fn begun_before(&self, ledger: &mut Ledger<'_>, known: &BTreeMap<String, Job>) -> Result<(), Error> {
        let file = &self.places.manifest;
        let before = file.exists().then(|| Manifest::read(file)).transpose().map_err(super::usage)?;
        let made = before.iter().flat_map(|before| &before.steps).filter(|step| step.state == "finished");
        if !self.args.resume {
            let refused = |what: String| {
                let message = format!("run the batch {}: {what}", self.batch.name);
                Error::usage(message, "go on with it with --resume, or give another batch another --name")
            };
            if !known.is_empty() {
                return Err(refused(format!("{} of its jobs are in the store already", known.len())));
            }
            let made = made.count();
            if made > 0 {
                return Err(refused(format!("{made} of its steps are made, says {}", file.display())));
            }
        }
        let account = self.account.name();
        for index in 0..ledger.steps.len() {
            let Some(job) = known.get(&ledger.steps[index].planned.key) else { continue };
            if let Some(other) =
                job.account.as_ref().filter(|other| !job.state.is_over() && **other != account)
            {
                let message = format!("go on with {}: it is with the channel {other}", ledger.named(index));
                return Err(Error::usage(message, format!("give --channel {other}")));
            }
            ledger.bind(index, job.id);
            ledger.moved(index, job.state);
        }
        if let Some(before) = before {
            ledger.take_over(&before, &file.with_file_name("").join(&before.head.folder));
        }
        Ok(())
    }

    /// Begins again what failed or was cancelled; what moderation refused is not asked for a second time.
    async fn retry(&self, ledger: &mut Ledger<'_>, known: &BTreeMap<String, Job>) -> Result<(), Error> {
        let mut again = Vec::new();
        let mut refused = 0_usize;
        for index in 0..ledger.steps.len() {
            let step = &ledger.steps[index];
            if !matches!(step.state, State::Failed | State::Cancelled) {
                continue;
            }
            let Some(job) = known.get(&step.planned.key) else { continue };
            if job.end.as_ref().is_some_and(|end| end.kind.ends_with("Moderation")) {
                refused += 1;
            } else {
                again.push((index, job.id));
            }
        }
        if refused > 0 {
            show::tell(&format!(
                "note: steps that moderation refused are not asked for again: {refused}; write their lines otherwise, or \
                 see `journeyman jobs retry`"
            ));
        }
        for chunk in again.chunks(ADDED) {
            let changes = chunk.iter().map(|(_, job)| Change::Retry(*job)).collect();
            let applied = self.store.apply(changes).await?;
            for ((index, _), applied) in chunk.iter().zip(applied) {
                if applied == Applied::Done {
                    ledger.moved(*index, State::WaitingForSlot);
                }
            }
        }
        Ok(())
    }

    /// Adds what is not in the store, parents before what follows from them, as far as the budget goes.
    async fn add(&self, ledger: &mut Ledger<'_>) -> Result<(), Error> {
        let chosen = self.chosen(ledger)?;
        let items = chosen.iter().filter(|index| ledger.steps[**index].parent.is_none());
        let items = items.map(|index| ledger.steps[*index].item).collect::<Vec<_>>();
        let client = self.account.client()?;
        let links = Links::share(self.batch, items.into_iter(), &client).await?;
        let mut left = chosen;
        while !left.is_empty() {
            // Those whose parents have numbers; the others wait for the next round.
            let has_parent = |index: &usize| {
                let parent = ledger.steps[*index].parent;
                parent.is_none_or(|parent| ledger.steps[parent].job.is_some())
            };
            let (now, later): (Vec<_>, Vec<_>) = left.into_iter().partition(has_parent);
            for chunk in now.chunks(ADDED) {
                let changes = chunk
                    .iter()
                    .map(|index| Ok(Change::Add(Box::new(self.new_job(ledger, *index, &links)?))))
                    .collect::<Result<Vec<_>, Error>>()?;
                let applied = self.store.apply(changes).await?;
                for (index, applied) in chunk.iter().zip(applied) {
                    if let Applied::Added(job) | Applied::Exists(job) = applied {
                        ledger.bind(*index, job);
                    }
                }
            }
            if now.is_empty() {
                return Ok(());
            }
            left = later;
        }
        Ok(())
    }

    /// The steps that are added: in the order of the batch, as many as the budget has.
    fn chosen(&self, ledger: &Ledger<'_>) -> Result<Vec<usize>, Error> {
        let mut budget = self.args.max_jobs.unwrap_or(u64::MAX);
        let waiting = count(ledger.open_from(0).filter(|index| is_unsent(ledger, *index)).count());
        if waiting > budget {
            let message = format!(
                "run {budget} jobs of {}: {waiting} of them wait in the store already, and would be sent",
                self.batch.name
            );
            return Err(Error::usage(
                message,
                format!("cancel some with `journeyman jobs cancel`, or allow --max-jobs {waiting}"),
            ));
        }
        budget -= waiting;
        let mut chosen = Vec::new();
        let mut left = 0_u64;
        for index in 0..ledger.steps.len() {
            let step = &ledger.steps[index];
            if step.job.is_some() || step.state.is_over() || follows_from_failed(ledger, index) {
                continue;
            }
            if budget == 0 {
                left += 1;
            } else {
                budget -= 1;
                chosen.push(index);
            }
        }
        if left > 0 {
            show::tell(&format!("note: --max-jobs leaves steps for another time, with --resume: {left}"));
        }
        Ok(chosen)
    }

    fn new_job(&self, ledger: &Ledger<'_>, index: usize, links: &Links) -> Result<NewJob, Error> {
        let step = &ledger.steps[index];
        Ok(NewJob {
            request: request(self.batch, step.item, &step.planned, links)?,
            title: step.planned.title.clone(),
            batch: self.batch.name.clone(),
            index: u32::try_from(step.item.number - 1).unwrap_or(u32::MAX),
            step: step.planned.step.clone(),
            priority: step.item.priority,
            parent: step.parent.and_then(|parent| ledger.steps[parent].job),
            key: Some(step.planned.key.clone()),
            ..NewJob::default()
        })
    }

    /// Writes down what was over before this run, and sees to its files.
    async fn settle(&self, ledger: &mut Ledger<'_>, known: &BTreeMap<String, Job>) -> Result<(), Error> {
        for index in 0..ledger.steps.len() {
            if ledger.steps[index].job.is_none() || !ledger.steps[index].state.is_over() {
                continue;
            }
            let Some(job) = known.get(&ledger.steps[index].planned.key) else { continue };
            let id = job.id;
            let charges = self.store.read(move |store| store.charges(id)).await?;
            ledger.settle(index, job, &charges);
        }
        Ok(())
    }

    /// Writes manifest and contact sheet, and tells the summary.
    fn tell(&self, ledger: &Ledger<'_>) -> Result<(), Error> {
        let (manifest, page) = (&self.places.manifest, self.places.manifest.with_extension("html"));
        ledger.manifest.write(manifest)?;
        sheet::write(&ledger.manifest, manifest, &page)?;
        let summary = Summary::of(&ledger.manifest);
        let blocked = (0..ledger.steps.len()).filter(|index| ledger.is_blocked(*index)).count();
        if self.args.door.json {
            let mut object = show::summary_object(&summary, &page.display().to_string());
            object["manifest"] = serde_json::json!(manifest.display().to_string());
            object["blocked"] = serde_json::json!(blocked);
            return show::line(&object);
        }
        show::print(&show::summary_text(&summary))?;
        if blocked > 0 {
            show::print(&format!(
                "  steps that wait: {blocked}, for one that did not finish; --resume begins it again\n"
            ))?;
        }
        for step in ledger.steps.iter().filter(|step| step.state == State::Unknown) {
            let Some(job) = step.job else { continue };
            show::print(&format!(
                "  unknown: {} {}: {}\n",
                step.item.number,
                step.planned.title,
                decide(job)
            ))?;
        }
        show::print(&format!(
            "the manifest is {}, the contact sheet {}\n",
            manifest.display(),
            page.display()
        ))
    }

    fn verdict(&self, ledger: &Ledger<'_>, waited: &Waited) -> Result<Option<Error>, Error> {
        match waited {
            Waited::Over => Ok(ledger.first_error()),
            Waited::Paused(pause) => Err(paused(pause)),
            Waited::Stopped { is_drained } => {
                let left = ledger.open_from(0).count();
                if left == 0 {
                    return Ok(ledger.first_error());
                }
                let how =
                    if *is_drained { "what was out has ended" } else { "what is out goes on at Midjourney" };
                let error = journeyman::Error::new(
                    ErrorKind::Cancelled,
                    format!("stop the batch {}: steps left: {left}; {how}", self.batch.name),
                );
                let again = format!("the same command with --resume goes on: {}", self.again());
                Err(error.with_hint(again).into())
            }
        }
    }

    /// The command to go on.
    fn again(&self) -> String {
        format!("journeyman batch {} --resume …", self.args.file.display())
    }
}

/// Whether a step waits and nothing of it was sent.
fn is_unsent(ledger: &Ledger<'_>, index: usize) -> bool {
    ledger.steps[index].state == State::WaitingForSlot
}

/// Whether something that a step follows from failed, and is not begun again.
fn follows_from_failed(ledger: &Ledger<'_>, index: usize) -> bool {
    ledger.steps[index].parent.is_some_and(|parent| {
        matches!(ledger.steps[parent].state, State::Failed | State::Cancelled)
            || follows_from_failed(ledger, parent)
    })
}

/// The error of a pause: that of what paused it.
fn paused(pause: &Paused) -> Error {
    let kind = ErrorKind::ALL.iter().copied().find(|kind| kind.name() == pause.kind);
    let what = match &pause.scope {
        Scope::Queue => String::new(),
        Scope::Account(name) => format!(" --account {name}"),
        Scope::Batch(name) => format!(" --batch {name}"),
    };
    journeyman::Error::new(kind.unwrap_or(ErrorKind::Configuration), format!("go on: {}", pause.why))
        .with_hint(format!(
            "do what it asks for, then `journeyman jobs resume{what}` and the same command with --resume"
        ))
        .into()
}

/// This process's name among those that share a store.
fn engine() -> EngineSettings {
    EngineSettings::new(format!("batch {} {}", std::process::id(), journeyman::unix_micros()))
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
