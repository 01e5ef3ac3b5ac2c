//! `batch --check`: what would be made, and everything that is wrong. It sends nothing.

use std::path::Path;

use journeyman::{Client, ErrorKind, Lint, LintSettings};
use journeyman_midjourney::Prompt;
use journeyman_midjourney::screen::Screening;
use journeyman_midjourney::typography;
use serde_json::{Value, json};

use super::super::order;
use super::super::screen::Screener;
use super::Batch;
use crate::args;
use crate::batch::{
    Changes, HeadRecord, Item, MANIFEST_VERSION, Manifest, PlannedJob, Problem, StepRecord, Taken, Values,
    count, jobs_of,
};
use crate::config::{Configuration, Environment};
use crate::error::Error;
use crate::show::{self, BatchTotals, Paint};

/// How many paths people see.
const SHOWN: usize = 5;
/// What the preview of a path ends in: what Midjourney's images are today.
const ENDING: &str = "png";

/// To whom it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// Those who asked, on stdout.
    People,
    /// JSON on stdout.
    Programs,
    /// Those who run the batch: on stderr, beside its results.
    Runner,
}

impl To {
    fn tell(self, text: &str, object: impl FnOnce() -> Value) -> Result<(), Error> {
        match self {
            Self::People => show::print(text),
            Self::Programs => show::line(&object()),
            Self::Runner => {
                show::tell_lines(text);
                Ok(())
            }
        }
    }
}

/// What the check is done with, and what came of it so far.
struct Check<'a> {
    batch: &'a Batch,
    to: To,
    settings: LintSettings,
    screener: Screener,
    paint: Paint,
    taken: Taken,
    totals: BatchTotals,
    /// The first files.
    paths: Vec<String>,
    /// What would be made, for the file that is asked for.
    planned: Option<Manifest>,
    /// How many jobs were planned.
    steps: u64,
}

/// Checks every item, prints what was found, and ends in an error where something is wrong.
///
/// # Errors
/// What is wrong, and a manifest that cannot be read or written.
pub(super) fn run(
    batch: &Batch,
    args: &args::Batch,
    configuration: &Configuration,
    environment: &Environment,
) -> Result<(), Error> {
    let to = if args.door.json { To::Programs } else { To::People };
    let mut check = Check::begin(batch, to, configuration, Paint::of_stdout(environment))?;
    check.planned = args.manifest.is_some().then(|| Manifest { head: head(batch), steps: Vec::new() });
    let before = args.against.as_deref().map(Manifest::read).transpose().map_err(super::usage)?;
    check.all()?;
    if let (Some(before), Some(file)) = (before, &args.against) {
        let (changes, file) = (Changes::since(&before, &batch.items), file.display().to_string());
        if args.door.json {
            show::line(&show::changes_object(&file, &changes))?;
        } else {
            show::print(&show::changes_text(&file, &changes))?;
        }
    }
    if args.door.json {
        show::line(&show::batch_object(&batch.name, &check.totals))?;
    } else {
        show::print(&show::batch_text(&batch.name, &check.totals, &check.paths))?;
        if batch.output.names_the_job() {
            show::print("  ({job} here as in a store that has no jobs yet)\n")?;
        }
    }
    verdict(&args.file, &check.totals)?;
    match args.manifest.as_ref().zip(check.planned) {
        Some((path, planned)) => Ok(planned.write(path)?),
        None => Ok(()),
    }
}

/// Refuses a batch before anything of it is sent: people hear what is wrong with it.
///
/// # Errors
/// What is wrong.
pub(super) fn before_sending(
    batch: &Batch,
    args: &args::Batch,
    configuration: &Configuration,
    environment: &Environment,
) -> Result<(), Error> {
    let mut check = Check::begin(batch, To::Runner, configuration, Paint::of_stderr(environment))?;
    check.all()?;
    verdict(&args.file, &check.totals)
}

/// The head of its manifest.
pub(super) fn head(batch: &Batch) -> HeadRecord {
    HeadRecord {
        journeyman_manifest: MANIFEST_VERSION,
        batch: batch.name.clone(),
        source: batch.source.clone(),
        folder: String::new(),
        output: batch.output.to_string(),
        items: u64::try_from(batch.items.len()).unwrap_or(u64::MAX),
        steps: batch.items.iter().map(|item| count(&item.steps)).sum(),
    }
}

impl<'a> Check<'a> {
    fn begin(batch: &'a Batch, to: To, configuration: &Configuration, paint: Paint) -> Result<Self, Error> {
        Ok(Self {
            batch,
            to,
            settings: configuration.lint()?,
            screener: Screener::load(configuration)?,
            paint,
            taken: Taken::default(),
            totals: BatchTotals::default(),
            paths: Vec::new(),
            planned: None,
            steps: 0,
        })
    }

    /// Problems and slips of the file, then every item.
    fn all(&mut self) -> Result<(), Error> {
        let batch = self.batch;
        for problem in &batch.problems {
            self.problem(problem)?;
        }
        for slip in &batch.slips {
            self.totals.warnings += 1;
            self.to.tell(&show::slip_text(slip), || show::slip_object(slip))?;
        }
        batch.items.iter().try_for_each(|item| self.item(item))
    }

    fn problem(&mut self, problem: &Problem) -> Result<(), Error> {
        self.totals.problems += 1;
        self.to.tell(&show::problem_text(problem), || show::problem_object(problem))
    }

    fn item(&mut self, item: &Item) -> Result<(), Error> {
        for problem in images(item, &self.batch.folder) {
            self.problem(&problem)?;
        }
        let prompt = with_links(item);
        let lint = Client::lint(&prompt, &self.settings);
        let (screening, told) = self.screener.judge(&prompt, None, self.paint);
        let several = Prompt::parse(&prompt).makes_several_jobs();
        self.totals.add(&lint, count(&item.steps));
        let is_refused = lint.errors().next().is_some() || screening.is_refused() || several;
        self.totals.refused += u64::from(is_refused);
        let jobs = self.plan(item);
        if self.to == To::Programs {
            return show::line(&object(item, &prompt, &lint, &screening, &jobs, several));
        }
        let mut found = show::findings(&prompt, None, &lint, self.paint) + &told;
        if several {
            found.push_str(&show::several_jobs(lint.jobs, self.paint));
        }
        if found.is_empty() {
            Ok(())
        } else {
            let told = format!("{} (item {}):\n{found}", item.place, item.number);
            self.to.tell(&told, || Value::Null)
        }
    }

    /// The item's jobs, each with its first file.
    fn plan(&mut self, item: &Item) -> Vec<(PlannedJob, String)> {
        let jobs = jobs_of(item);
        let mut planned = Vec::with_capacity(jobs.len());
        for job in &jobs {
            self.steps += 1;
            let (batch, number) = (&self.batch.name, self.steps);
            let values = Values { batch, item, job, number, n: 1, ext: ENDING };
            let path = self.taken.take(&self.batch.output.path(&values));
            if self.paths.len() < SHOWN {
                self.paths.push(path.clone());
            }
            if let Some(manifest) = &mut self.planned {
                let parent = job.parent.and_then(|parent| jobs.get(parent));
                manifest.steps.push(StepRecord::planned(item, job, parent));
            }
            planned.push((job.clone(), path));
        }
        planned
    }
}

/// The prompt with the links before it; what a file's link will be is not known yet.
fn with_links(item: &Item) -> String {
    let links = item.images.iter().filter(|image| order::is_link(image)).map(String::as_str);
    links.chain([item.prompt.as_str()]).collect::<Vec<_>>().join(" ")
}

/// Images that are files and are not there.
fn images(item: &Item, folder: &Path) -> Vec<Problem> {
    let missing = item.images.iter().filter(|image| !order::is_link(image) && !folder.join(image).is_file());
    let problem = |image: &String| {
        let message = format!("there is no file {}", folder.join(image).display());
        let hint = "give a link, or a path that begins where the batch file lies";
        item.place.problem(message, hint).in_column("images")
    };
    missing.map(problem).collect()
}

fn object(
    item: &Item,
    prompt: &str,
    lint: &Lint,
    screening: &Screening,
    jobs: &[(PlannedJob, String)],
    several: bool,
) -> Value {
    let steps = jobs.iter().map(|(job, path)| {
        let parent = job.parent.and_then(|parent| jobs.get(parent)).map(|(parent, _)| parent.key.as_str());
        json!({"step": job.step, "title": job.title, "key": job.key, "parent": parent, "path": path})
    });
    json!({
        "event": "item",
        "item": item.number,
        "line": item.place.line,
        "name": item.name,
        "priority": item.priority,
        "images": item.images,
        "variables": item.variables,
        "lint": show::lint_object(prompt, &typography::fix(prompt), lint, &show::screening_object(screening)),
        "several_jobs": several,
        "steps": steps.collect::<Vec<_>>(),
    })
}

/// An error where something is wrong; what the bot would refuse has a code of its own.
fn verdict(file: &Path, totals: &BatchTotals) -> Result<(), Error> {
    let told = totals.wrong();
    let message = format!("check {}: {told}", file.display());
    if totals.problems > 0 {
        return Err(Error::usage(message, "see above what is wrong with each, and what to do"));
    }
    if totals.refused > 0 {
        let error = journeyman::Error::new(ErrorKind::InvalidPrompt, message);
        return Err(error.with_hint("see above what is wrong with each prompt").into());
    }
    Ok(())
}
