//! `jobs show`: all that the store knows of one job. It changes nothing.

use std::fmt::Write as _;

use journeyman_jobs::job::{Charge, Job, Note};
use journeyman_jobs::store::{Filter, Store as _};
use serde_json::{Value, json};

use super::{Finding, Shelf, standing, storage};
use crate::args;
use crate::error::Error;
use crate::show::{
    self, Standing, charge_object, charge_text, job_object, note_object, plain, span, timeline, utc,
};

/// More steps than this are not shown one by one.
const MOST_STEPS: usize = 20;

/// A job with what belongs to it.
pub(super) struct Whole {
    pub(super) job: Job,
    steps: Vec<Job>,
    pub(super) notes: Vec<Note>,
    pub(super) charges: Vec<Charge>,
}

impl Whole {
    pub(super) fn read(shelf: &mut Shelf, id: u64) -> Result<Self, Error> {
        let job = shelf.job(id)?;
        let filter = Filter { parent: Some(job.id), most: MOST_STEPS + 1, ..Filter::default() };
        let steps = shelf.store.list(&filter).map_err(|error| storage(&error))?;
        let notes = shelf.store.notes(job.id).map_err(|error| storage(&error))?;
        let charges = shelf.store.charges(job.id).map_err(|error| storage(&error))?;
        Ok(Self { job, steps, notes, charges })
    }
}

pub(super) fn run(args: &args::One, finding: Finding<'_>) -> Result<(), Error> {
    let mut shelf = finding.open(&args.telling.kept)?;
    let whole = Whole::read(&mut shelf, args.id)?;
    let standing = standing(&mut shelf)?;
    if args.telling.json {
        return show::line(&object("job", &whole, &standing));
    }
    show::print(&in_words(&whole, &standing))
}

/// All of it for programs.
pub(super) fn object(event: &str, whole: &Whole, standing: &Standing) -> Value {
    let mut object = job_object(event, &whole.job, standing);
    let asked = &whole.job.asked.request;
    // Only the backend reads it, and it need not be JSON.
    object["request"] = serde_json::from_str(asked).unwrap_or_else(|_| json!(asked));
    object["steps"] = whole
        .steps
        .iter()
        .take(MOST_STEPS)
        .map(|step| json!({"id": step.id, "step": step.asked.step, "state": step.state.name()}))
        .collect();
    object["charges"] = whole.charges.iter().map(charge_object).collect();
    object["notes"] = whole.notes.iter().map(note_object).collect();
    object
}

fn in_words(whole: &Whole, standing: &Standing) -> String {
    let Whole { job, notes, .. } = whole;
    let mut text = format!("job {} ({}): {}\n", job.id, plain(&job.asked.step), plain(&job.asked.title));
    asked(job, &mut text);
    stands(job, standing, &mut text);
    files(job, &mut text);
    steps(whole, &mut text);
    text.push_str(&evidence(&whole.charges));
    text.push_str("timeline (UTC):\n");
    text.push_str(&timeline(job, notes, standing));
    text
}

fn asked(job: &Job, text: &mut String) {
    let asked = &job.asked;
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "  {name}: {}", plain(value));
        }
    };
    let place =
        if asked.batch.is_empty() { String::new() } else { format!("{}, item {}", asked.batch, asked.index) };
    line("batch", &place);
    line("tenant", &asked.tenant);
    line("account", job.account.as_deref().unwrap_or_default());
    if asked.priority != 0 {
        line("priority", &asked.priority.to_string());
    }
    line("continues", &asked.parent.map(|parent| format!("job {parent}")).unwrap_or_default());
    line("key", asked.key.as_deref().unwrap_or_default());
    line("not after", &asked.deadline.map(utc).unwrap_or_default());
    if asked.resend_undecided {
        line("allowed", "a send that nothing decides may be sent again, and paid twice");
    }
}

fn stands(job: &Job, standing: &Standing, text: &mut String) {
    let state = job.state.name().replace('_', " ");
    let since = span(standing.now.since(job.updated));
    let _ = write!(text, "  state: {state} since {since}, sent {} times", job.sends);
    let how = plain(&standing.of(job));
    match (how.is_empty(), job.state.is_over()) {
        (true, _) => text.push('\n'),
        (false, true) => {
            let _ = writeln!(text, "\n  ended: {how}");
        }
        (false, false) => {
            let _ = writeln!(text, "\n  waits for: {how}");
        }
    }
    if let Some(end) = &job.end {
        if !end.hint.is_empty() {
            let _ = writeln!(text, "  hint: {}", plain(&end.hint));
        }
        if end.keeps_checkpoint {
            let _ = writeln!(
                text,
                "  hint: it is paid; `journeyman jobs retry {}` fetches its files only",
                job.id
            );
        }
    }
}

fn files(job: &Job, text: &mut String) {
    for file in job.end.iter().flat_map(|end| &end.files) {
        let _ =
            writeln!(text, "  file: {} ({} bytes, sha256 {})", plain(&file.path), file.bytes, file.sha256);
    }
}

fn steps(whole: &Whole, text: &mut String) {
    for step in whole.steps.iter().take(MOST_STEPS) {
        let state = step.state.name().replace('_', " ");
        let _ = writeln!(text, "  step: job {} ({}), {state}", step.id, plain(&step.asked.step));
    }
    if whole.steps.len() > MOST_STEPS {
        text.push_str("  step: and more; `journeyman jobs list` shows all\n");
    }
}

/// What was charged or may have been, line by line.
pub(super) fn evidence(charges: &[Charge]) -> String {
    if charges.is_empty() {
        return "  charge: none, for nothing was sent\n".to_owned();
    }
    charges.iter().fold(String::new(), |mut text, charge| {
        let _ = writeln!(text, "  charge: {}", charge_text(charge));
        text
    })
}
