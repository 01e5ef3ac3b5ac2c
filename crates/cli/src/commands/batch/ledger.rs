//! The steps of a batch that runs: which job each is, what became of it, where its files lie. It waits for nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use journeyman::{ErrorKind, GenerationRecord};
use journeyman_jobs::job::{Charge, End, Job, JobId, State};

use super::{Batch, check};
use crate::batch::{
    ErrorRecord, FINISHED, FileRecord, Item, Manifest, PlannedJob, SpentRecord, StepRecord, Taken, Values,
    has_bytes, jobs_of, put,
};
use crate::error::Error;

/// What an image of Midjourney's ends in today; another ending takes its place.
const ENDING: &str = "png";

/// A step, and what is known of it.
pub(super) struct Step<'a> {
    pub(super) item: &'a Item,
    pub(super) planned: PlannedJob,
    /// The place of what it continues, in the ledger.
    pub(super) parent: Option<usize>,
    /// Its job, once it is in the store.
    pub(super) job: Option<JobId>,
    pub(super) state: State,
    /// The paths of its first files, which nobody else gets.
    paths: Vec<String>,
}

/// All steps, parents first, and the manifest of them.
pub(super) struct Ledger<'a> {
    pub(super) steps: Vec<Step<'a>>,
    by_job: BTreeMap<JobId, usize>,
    pub(super) manifest: Manifest,
    batch: &'a Batch,
    /// The folder of images.
    out: PathBuf,
    taken: Taken,
}

impl<'a> Ledger<'a> {
    /// The steps of a batch of which nothing is done.
    pub(super) fn of(batch: &'a Batch, out: PathBuf, folder: String) -> Self {
        let mut head = check::head(batch);
        head.folder = folder;
        let manifest = Manifest { head, steps: Vec::new() };
        let mut ledger = Self {
            steps: Vec::new(),
            by_job: BTreeMap::new(),
            manifest,
            batch,
            out,
            taken: Taken::default(),
        };
        for item in &batch.items {
            let jobs = jobs_of(item);
            let begin = ledger.steps.len();
            for planned in &jobs {
                let parent = planned.parent.and_then(|parent| jobs.get(parent));
                ledger.manifest.steps.push(StepRecord::planned(item, planned, parent));
            }
            ledger.steps.extend(jobs.into_iter().map(|planned| Step {
                item,
                parent: planned.parent.map(|parent| begin + parent),
                planned,
                job: None,
                state: State::WaitingForSlot,
                paths: Vec::new(),
            }));
        }
        ledger
    }

    /// A step is this job now.
    pub(super) fn bind(&mut self, index: usize, job: JobId) {
        self.by_job.insert(job, index);
        self.steps[index].job = Some(job);
        self.manifest.steps[index].job = Some(job.0);
    }

    /// Gives every step the paths of its files, in the order of the batch: whenever they come, they lie there.
    pub(super) fn reserve(&mut self, files: u64) {
        for index in 0..self.steps.len() {
            let paths = (1..=files).map(|n| self.path(index, n, ENDING)).collect::<Vec<_>>();
            self.steps[index].paths = paths.iter().map(|path| self.taken.take(path)).collect();
        }
    }

    /// The step of a job.
    pub(super) fn step_of(&self, job: JobId) -> Option<usize> {
        self.by_job.get(&job).copied()
    }

    /// What a manifest says was made, and is still on disk, stays made: the steps whose own files and all that
    /// follows from them are there. Those that have a job are the store's matter.
    pub(super) fn take_over(&mut self, before: &Manifest, begin: &Path) {
        let records: BTreeMap<&str, &StepRecord> =
            before.steps.iter().map(|step| (step.key.as_str(), step)).collect();
        let mut is_made = vec![false; self.steps.len()];
        // What follows comes behind in the list, so that from the end each is known when it is asked for.
        let mut all_made_below = vec![true; self.steps.len()];
        for index in (0..self.steps.len()).rev() {
            let record = records.get(self.steps[index].planned.key.as_str());
            let there = |record: &StepRecord| {
                record.state == FINISHED
                    && !record.files.is_empty()
                    && record.files.iter().all(|file| has_bytes(&begin.join(&file.path), &file.sha256))
            };
            is_made[index] = self.steps[index].job.is_none()
                && all_made_below[index]
                && record.is_some_and(|record| there(record));
            if let Some(parent) = self.steps[index].parent {
                all_made_below[parent] &= is_made[index];
            }
        }
        for (index, is_made) in is_made.into_iter().enumerate() {
            if is_made && let Some(record) = records.get(self.steps[index].planned.key.as_str()) {
                let planned = &self.manifest.steps[index];
                let (item, line, name) = (planned.item, planned.line, planned.name.clone());
                self.manifest.steps[index] = StepRecord { item, line, name, ..(*record).clone() };
                self.manifest.steps[index].files.iter_mut().for_each(|file| {
                    file.path = self::from(&self.out, &begin.join(&file.path));
                });
                self.steps[index].state = State::Finished;
            }
        }
    }

    /// How a step's job stands.
    pub(super) fn moved(&mut self, index: usize, state: State) {
        self.steps[index].state = state;
        state.name().clone_into(&mut self.manifest.steps[index].state);
    }

    /// What became of a step; the files of a finished one get their names.
    pub(super) fn settle(&mut self, index: usize, job: &Job, charges: &[Charge]) {
        self.moved(index, job.state);
        let generation: Option<GenerationRecord> = job
            .end
            .as_ref()
            .map(|end| &end.result)
            .or(job.checkpoint.as_ref())
            .and_then(|text| serde_json::from_str(text).ok());
        let placed = match &job.end {
            Some(end) if job.state == State::Finished => self.place(index, end),
            _ => Ok(Vec::new()),
        };
        let record = &mut self.manifest.steps[index];
        if let Some(generation) = generation {
            let message = generation.outcome.as_ref().and_then(|outcome| outcome.message);
            record.message = message.or(generation.message).map(|id| id.to_string());
            record.remote_job = generation.job_id;
        }
        record.spent = charges.last().map(|charge| SpentRecord {
            certainty: charge.certainty.clone(),
            mode: charge.mode.clone(),
            milliminutes: charge.milliminutes,
        });
        record.error = match (&job.end, &placed) {
            (_, Err(error)) => Some(error.clone()),
            (Some(end), _) if job.state != State::Finished => Some(of_end(end)),
            _ => None,
        };
        record.files = placed.unwrap_or_default();
    }

    fn place(&mut self, index: usize, end: &End) -> Result<Vec<FileRecord>, ErrorRecord> {
        let mut files = Vec::new();
        for (file, n) in end.files.iter().zip(1_u64..) {
            let from = Path::new(&file.path);
            let ending =
                from.extension().map_or(ENDING.into(), |ending| ending.to_string_lossy().into_owned());
            let path = self.path_of(index, n, &ending);
            put(from, &self.out.join(&path), &file.sha256).map_err(|why| ErrorRecord {
                kind: ErrorKind::Storage.name().to_owned(),
                text: format!("give {} the name {path}: {why}", file.path),
                hint: "move another file of this name away, or check the folder; then go on with --resume"
                    .to_owned(),
            })?;
            files.push(FileRecord { path, sha256: file.sha256.clone(), bytes: file.bytes });
        }
        Ok(files)
    }

    /// The path that was kept for a file; one that nobody reckoned with gets one of its own.
    fn path_of(&mut self, index: usize, n: u64, ending: &str) -> String {
        let kept = usize::try_from(n - 1).ok().and_then(|n| self.steps[index].paths.get(n)).cloned();
        match kept {
            Some(path) if ending == ENDING => path,
            Some(path) => match path.strip_suffix(&format!(".{ENDING}")) {
                Some(stem) => format!("{stem}.{ending}"),
                None => path,
            },
            None => {
                let path = self.path(index, n, ending);
                self.taken.take(&path)
            }
        }
    }

    fn path(&self, index: usize, n: u64, ext: &str) -> String {
        let Step { item, planned, job, .. } = &self.steps[index];
        let number = job.map_or(0, |job| job.0);
        self.batch.output.path(&Values { batch: &self.batch.name, item, job: planned, number, n, ext })
    }

    /// Whether a step waits for one that will not finish by itself.
    pub(super) fn is_blocked(&self, index: usize) -> bool {
        let step = &self.steps[index];
        let waits = step.state == State::WaitingForSlot;
        step.parent.filter(|_| waits).is_some_and(|parent| {
            let state = self.steps[parent].state;
            (state.is_over() && state != State::Finished) || self.is_blocked(parent)
        })
    }

    /// Whether a step is in the store and not over, and not blocked.
    pub(super) fn is_open(&self, index: usize) -> bool {
        let step = &self.steps[index];
        step.job.is_some() && !step.state.is_over() && !self.is_blocked(index)
    }

    /// The steps that are open, from a place on.
    pub(super) fn open_from(&self, begin: usize) -> impl Iterator<Item = usize> {
        (begin..self.steps.len()).filter(|index| self.is_open(*index))
    }

    /// How many steps are in such a state.
    pub(super) fn count(&self, is: impl Fn(&Step<'_>) -> bool) -> usize {
        self.steps.iter().filter(|step| is(step)).count()
    }

    /// A step for people: its item's number and its title.
    pub(super) fn named(&self, index: usize) -> String {
        let step = &self.steps[index];
        format!("{} {}", step.item.number, step.planned.title)
    }

    /// The error of the first step that did not end well.
    pub(super) fn first_error(&self) -> Option<Error> {
        let ended = self.manifest.steps.iter().enumerate();
        let mut failed = ended.filter_map(|(index, record)| Some((index, record.error.as_ref()?)));
        let (index, error) = failed.next()?;
        let kind = ErrorKind::ALL.iter().copied().find(|kind| kind.name() == error.kind);
        let told = format!("{}: {}", self.named(index), error.text);
        let hint = match self.steps[index].job.filter(|_| self.steps[index].state == State::Unknown) {
            Some(job) => decide(job),
            None if error.hint.is_empty() => "go on with --resume".to_owned(),
            None => error.hint.clone(),
        };
        Some(journeyman::Error::new(kind.unwrap_or(ErrorKind::Internal), told).with_hint(hint).into())
    }
}

/// What decides a job that is unknown.
pub(super) fn decide(job: JobId) -> String {
    format!(
        "look for it in the channel, then tell `journeyman jobs resolve {job} --as finished|failed|send-again --why …`; \
         `journeyman jobs show {job}` has the evidence"
    )
}

fn of_end(end: &End) -> ErrorRecord {
    ErrorRecord { kind: end.kind.clone(), text: end.text.clone(), hint: end.hint.clone() }
}

/// A path from a folder on, with `/`; another folder's stays whole.
fn from(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/")
}
