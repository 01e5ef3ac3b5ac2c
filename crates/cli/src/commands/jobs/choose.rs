//! The jobs that a command is for, some at a time, and what was done to each. What is done is the command's matter.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use journeyman::ErrorKind;
use journeyman_jobs::change::{Applied, Change};
use journeyman_jobs::job::{Charge, Job, State};
use journeyman_jobs::store::Filter;
use serde_json::json;

use super::Shelf;
use crate::error::Error;
use crate::show::{self, charge_object, charge_text};

/// What became of one job.
#[derive(Debug)]
pub(super) struct Deed {
    pub(super) is_done: bool,
    /// What was done, or why nothing was, after the job's name.
    pub(super) what: String,
    /// What may be charged already.
    pub(super) charges: Vec<Charge>,
}

impl Deed {
    pub(super) fn done(what: impl Into<String>) -> Self {
        Self { is_done: true, what: what.into(), charges: Vec::new() }
    }

    pub(super) fn refused(what: impl Into<String>) -> Self {
        Self { is_done: false, what: what.into(), charges: Vec::new() }
    }
}

/// Which jobs: by number, or those of a batch in some states.
#[derive(Debug)]
pub(super) enum Which<'a> {
    Ids(&'a [u64]),
    Batch(&'a str, Vec<State>),
}

/// What a command does to a job.
pub(super) struct Work<'a> {
    /// The command, as an infinitive.
    pub(super) verb: &'static str,
    /// The change, or why there is none.
    pub(super) plan: &'a dyn Fn(&Job) -> Result<Change, String>,
    /// What came of it, from the job as it was before.
    pub(super) tell: &'a dyn Fn(&mut Shelf, &Job, &Applied) -> Result<Deed, Error>,
}

/// Does it to all of them, and tells it.
///
/// # Errors
/// `Storage`; `InvalidRequest` where it was not done to a job that was named, or to none of a batch.
pub(super) fn each(shelf: &mut Shelf, which: &Which<'_>, json: bool, work: &Work<'_>) -> Result<(), Error> {
    let mut tally = Tally { json, is_batch: matches!(which, Which::Batch(..)), ..Tally::default() };
    match which {
        Which::Ids(ids) => {
            for id in *ids {
                match shelf.job(*id) {
                    Ok(job) => page(shelf, &[job], work, &mut tally)?,
                    Err(Error::Client(error)) if error.kind() == ErrorKind::InvalidRequest => {
                        tally.add(*id, None, &Deed::refused("is not in the store"))?;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Which::Batch(batch, states) => {
            let filter =
                Filter { batch: Some((*batch).to_owned()), states: states.clone(), ..Filter::default() };
            shelf.each_page(&filter, |shelf, jobs| page(shelf, &jobs, work, &mut tally))?;
        }
    }
    tally.end(work.verb)
}

fn page(shelf: &mut Shelf, jobs: &[Job], work: &Work<'_>, tally: &mut Tally) -> Result<(), Error> {
    let plans: Vec<_> = jobs.iter().map(|job| (job, (work.plan)(job))).collect();
    let changes: Vec<Change> = plans.iter().filter_map(|(_, plan)| plan.clone().ok()).collect();
    let mut applied = shelf.apply_all(&changes)?.into_iter();
    for (job, plan) in plans {
        let deed = match plan {
            Err(why) => Deed::refused(why),
            Ok(_) => match applied.next() {
                Some(applied) => (work.tell)(shelf, job, &applied)?,
                None => Deed::refused("was not looked at"),
            },
        };
        tally.add(job.id.0, Some(job.state), &deed)?;
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Tally {
    json: bool,
    is_batch: bool,
    done: u64,
    refused: u64,
    /// How often what was told, for people, of a batch.
    told: BTreeMap<String, u64>,
}

impl Tally {
    fn add(&mut self, id: u64, before: Option<State>, deed: &Deed) -> Result<(), Error> {
        if deed.is_done {
            self.done += 1;
        } else {
            self.refused += 1;
        }
        if self.json {
            return show::line(&json!({
                "event": if deed.is_done { "done" } else { "not_done" }, "id": id,
                "was": before.map(State::name), "what": deed.what,
                "charges": deed.charges.iter().map(charge_object).collect::<Vec<_>>(),
            }));
        }
        if self.is_batch && deed.charges.is_empty() {
            *self.told.entry(deed.what.clone()).or_default() += 1;
            return Ok(());
        }
        let mut text = format!("job {id}: {}\n", deed.what);
        for charge in &deed.charges {
            let _ = writeln!(text, "  {}", charge_text(charge));
        }
        show::print(&text)
    }

    fn end(self, verb: &str) -> Result<(), Error> {
        let mut text = String::new();
        for (what, count) in &self.told {
            let _ = writeln!(text, "{count} {}: {what}", if *count == 1 { "job" } else { "jobs" });
        }
        if self.json {
            text = format!("{}\n", json!({"event": "summary", "done": self.done, "not_done": self.refused}));
        }
        show::print(&text)?;
        let all = self.done + self.refused;
        if all > 0 && (self.refused == 0 || self.is_batch) {
            return Ok(());
        }
        let what = match all {
            0 => format!("{verb} the jobs of the batch: none of it is in such a state"),
            _ => format!("{verb} {all} jobs: {} of them were not", self.refused),
        };
        let error = journeyman::Error::new(ErrorKind::InvalidRequest, what);
        Err(error.with_hint("`journeyman jobs list` tells how the jobs stand").into())
    }
}
