//! What a batch would make, in words or as JSON. It judges nothing.

use std::fmt::Write as _;

use journeyman::{Lint, Severity};
use serde_json::{Value, json};

use super::lint::Paint;
use crate::batch::{Changes, Problem, Side};

/// How many lines of each kind of change people see.
const SHOWN: usize = 10;

/// The whole of a checked batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct BatchTotals {
    /// What could not be understood.
    pub(crate) problems: u64,
    /// What is probably a slip, besides what lint says of prompts.
    pub(crate) warnings: u64,
    /// Items whose prompts would be refused.
    pub(crate) refused: u64,
    /// Items.
    pub(crate) items: u64,
    /// What is asked of the bot: images and presses.
    pub(crate) steps: u64,
    /// What it makes of them: a prompt with choices makes several jobs.
    pub(crate) jobs: u64,
    /// An estimate in GPU minutes for the images of the prompts, from and to.
    pub(crate) minutes: (f64, f64),
}

impl BatchTotals {
    /// Counts an item with this many steps.
    pub(crate) fn add(&mut self, lint: &Lint, steps: u64) {
        self.items += 1;
        self.steps = self.steps.saturating_add(steps);
        self.jobs = self.jobs.saturating_add(steps.saturating_mul(lint.jobs));
        self.minutes = (self.minutes.0 + lint.cost.low, self.minutes.1 + lint.cost.high);
    }

    /// What is wrong, in words.
    pub(crate) fn wrong(&self) -> String {
        let prompts = match self.refused {
            1 => "1 prompt would be refused".to_owned(),
            all => format!("{all} prompts would be refused"),
        };
        match (self.problems, self.refused) {
            (problems, 0) => counted(problems, "problem"),
            (0, _) => prompts,
            (problems, _) => format!("{}, {prompts}", counted(problems, "problem")),
        }
    }
}

/// What is wrong in a file, for people.
pub(crate) fn problem_text(problem: &Problem) -> String {
    format!("error: {problem}\nhint: {}\n", problem.hint)
}

/// What is probably a slip, for people.
pub(crate) fn slip_text(slip: &Problem) -> String {
    format!("warning: {slip}\nhint: {}\n", slip.hint)
}

/// The same for programs.
pub(crate) fn slip_object(slip: &Problem) -> Value {
    placed("warning", slip)
}

/// What is wrong, for programs.
pub(crate) fn problem_object(problem: &Problem) -> Value {
    placed("problem", problem)
}

fn placed(event: &str, problem: &Problem) -> Value {
    json!({
        "event": event,
        "file": &*problem.place.file,
        "line": problem.place.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
    })
}

/// That a prompt makes several jobs, where one is followed.
pub(crate) fn several_jobs(jobs: u64, paint: Paint) -> String {
    let head = paint.word(Severity::Error, "error[several-jobs]");
    format!(
        "{head}: the prompt makes {jobs} jobs (a permutation {{a, b}}, or --repeat), and an item is one\n\
         hint: write {{{{name}}}} for what changes, and give its values with --set name=a,b; write \\{{ and \\}} for \
         braces that are text\n"
    )
}

/// The whole for people.
pub(crate) fn text(name: &str, totals: &BatchTotals, paths: &[String]) -> String {
    let mut text = format!(
        "{name}: {}, {}, {} at Midjourney",
        counted(totals.items, "item"),
        counted(totals.steps, "step"),
        counted(totals.jobs, "job")
    );
    let (low, high) = totals.minutes;
    if high > 0.0 {
        let _ =
            write!(text, "; about {low:.1} to {high:.1} GPU minutes for the prompts' images (an estimate)");
    }
    text.push('\n');
    if !paths.is_empty() {
        text.push_str("the first files, below the folder of images:\n");
    }
    for path in paths {
        let _ = writeln!(text, "  {path}");
    }
    text
}

/// The whole for programs.
pub(crate) fn object(name: &str, totals: &BatchTotals) -> Value {
    json!({
        "event": "checked",
        "batch": name,
        "items": totals.items,
        "steps": totals.steps,
        "jobs": totals.jobs,
        "problems": totals.problems,
        "warnings": totals.warnings,
        "refused": totals.refused,
        "cost": {"low": totals.minutes.0, "high": totals.minutes.1, "unit": "gpu_minutes", "estimate": true},
    })
}

/// What changed since a manifest, for people.
pub(crate) fn changes_text(file: &str, changes: &Changes) -> String {
    if changes.is_none() {
        return format!("since {file}: nothing has changed\n");
    }
    let mut text = format!("since {file}: {} as before", counted(changes.kept, "item"));
    let told = [
        (changes.moved, "of them moved"),
        (count(changes.added.len()), "added"),
        (count(changes.changed.len()), "changed"),
        (count(changes.removed.len()), "removed"),
        (changes.steps_added, "new steps of their recipes"),
        (changes.steps_removed, "steps no longer asked for"),
    ];
    for (number, what) in told.iter().filter(|(number, _)| *number > 0) {
        let _ = write!(text, ", {number} {what}");
    }
    text.push('\n');
    let side = |side: &Side| format!("item {}: {}", side.number, side.prompt);
    some(&mut text, "added", &changes.added, side);
    some(&mut text, "changed", &changes.changed, |(old, new)| {
        format!("{}\n       was {}", side(new), side(old))
    });
    some(&mut text, "removed", &changes.removed, |old| format!("was {}", side(old)));
    if !changes.removed.is_empty() || !changes.changed.is_empty() {
        text.push_str("what was made of removed and changed items stays on disk, and stays paid\n");
    }
    text
}

fn some<T>(text: &mut String, what: &str, all: &[T], told: impl Fn(&T) -> String) {
    for one in all.iter().take(SHOWN) {
        let _ = writeln!(text, "  {what}, {}", told(one));
    }
    if all.len() > SHOWN {
        let _ = writeln!(text, "  … and {} more {what}", all.len() - SHOWN);
    }
}

/// The same for programs.
pub(crate) fn changes_object(file: &str, changes: &Changes) -> Value {
    let side = |side: &Side| json!({"item": side.number, "prompt": side.prompt});
    let rewritten =
        changes.changed.iter().map(|(before, after)| json!({"before": side(before), "after": side(after)}));
    json!({
        "event": "changes",
        "since": file,
        "kept": changes.kept,
        "moved": changes.moved,
        "added": changes.added.iter().map(side).collect::<Vec<_>>(),
        "removed": changes.removed.iter().map(side).collect::<Vec<_>>(),
        "changed": rewritten.collect::<Vec<_>>(),
        "steps_added": changes.steps_added,
        "steps_removed": changes.steps_removed,
    })
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
