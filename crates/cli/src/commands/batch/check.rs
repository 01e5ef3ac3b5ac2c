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

/// What the check is done with, and what came of it so far.
struct Check<'a> {
    batch: &'a Batch,
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
pub(super) fn run(
    batch: &Batch,
    args: &args::Batch,
    configuration: &Configuration,
    environment: &Environment,
) -> Result<(), Error> {
    let mut check = Check {
        batch,
        settings: configuration.lint()?,
        screener: Screener::load(configuration)?,
        paint: Paint::of_stdout(environment),
        taken: Taken::default(),
        totals: BatchTotals::default(),
        paths: Vec::new(),
        planned: args.manifest.is_some().then(|| Manifest { head: head(batch), steps: Vec::new() }),
        steps: 0,
    };
    let before = args.against.as_deref().map(Manifest::read).transpose().map_err(super::usage)?;
    for problem in &batch.problems {
        check.problem(problem, args.json)?;
    }
    for slip in &batch.slips {
        check.slip(slip, args.json)?;
    }
    for item in &batch.items {
        check.item(item, args.json)?;
    }
    if let (Some(before), Some(file)) = (before, &args.against) {
        let (changes, file) = (Changes::since(&before, &batch.items), file.display().to_string());
        if args.json {
            show::line(&show::changes_object(&file, &changes))?;
        } else {
            show::print(&show::changes_text(&file, &changes))?;
        }
    }
    if args.json {
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

fn head(batch: &Batch) -> HeadRecord {
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

impl Check<'_> {
    fn problem(&mut self, problem: &Problem, json: bool) -> Result<(), Error> {
        self.totals.problems += 1;
        if json {
            show::line(&show::problem_object(problem))
        } else {
            show::print(&show::problem_text(problem))
        }
    }

    fn slip(&mut self, slip: &Problem, json: bool) -> Result<(), Error> {
        self.totals.warnings += 1;
        if json { show::line(&show::slip_object(slip)) } else { show::print(&show::slip_text(slip)) }
    }

    fn item(&mut self, item: &Item, json: bool) -> Result<(), Error> {
        for problem in images(item, &self.batch.folder) {
            self.problem(&problem, json)?;
        }
        let prompt = with_links(item);
        let lint = Client::lint(&prompt, &self.settings);
        let (screening, told) = self.screener.judge(&prompt, None, self.paint);
        let several = Prompt::parse(&prompt).makes_several_jobs();
        self.totals.add(&lint, count(&item.steps));
        let is_refused = lint.errors().next().is_some() || screening.is_refused() || several;
        self.totals.refused += u64::from(is_refused);
        let jobs = self.plan(item);
        if json {
            return show::line(&object(item, &prompt, &lint, &screening, &jobs, several));
        }
        let mut found = show::findings(&prompt, None, &lint, self.paint) + &told;
        if several {
            found.push_str(&show::several_jobs(lint.jobs, self.paint));
        }
        if found.is_empty() {
            Ok(())
        } else {
            show::print(&format!("{} (item {}):\n{found}", item.place, item.number))
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
