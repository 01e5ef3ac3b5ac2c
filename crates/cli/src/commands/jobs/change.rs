//! `jobs cancel` and `jobs retry`: what was done to each job, what was not, and what is charged anyway. It sends nothing.

use journeyman_jobs::change::{Applied, Change};
use journeyman_jobs::job::{Charge, Job, State};
use journeyman_jobs::store::Store as _;

use super::choose::{Deed, Which, Work, each};
use super::{Finding, Shelf, storage};
use crate::args::{Chosen, Telling};
use crate::error::Error;

pub(super) fn cancel(chosen: &Chosen, telling: &Telling, finding: Finding<'_>) -> Result<(), Error> {
    let mut shelf = finding.open(&telling.kept)?;
    let goes_on = State::ALL.iter().copied().filter(|state| !state.is_over()).collect();
    let work = Work { verb: "cancel", plan: &|job| Ok(Change::Cancel(job.id)), tell: &cancelled };
    each(&mut shelf, &which(chosen, goes_on), telling.json, &work)
}

fn cancelled(shelf: &mut Shelf, before: &Job, applied: &Applied) -> Result<Deed, Error> {
    if *applied != Applied::Done {
        return Ok(Deed::refused(format!("is over already: {}", before.state.name())));
    }
    let job = shelf.job(before.id.0)?;
    if job.state == State::Cancelled {
        let spent = job.end.map(|end| end.text).unwrap_or_default();
        return Ok(Deed::done(format!("cancelled: {spent}")));
    }
    let what = "its end is asked for, but it is out: whoever works on it asks Midjourney, as soon as the queue runs; \
                this may be charged already";
    Ok(Deed { charges: last_of_each(charges(shelf, before)?), ..Deed::done(what) })
}

pub(super) fn retry(
    chosen: &Chosen,
    is_failed_only: bool,
    telling: &Telling,
    finding: Finding<'_>,
) -> Result<(), Error> {
    let mut shelf = finding.open(&telling.kept)?;
    let states = if is_failed_only { vec![State::Failed] } else { vec![State::Failed, State::Cancelled] };
    let is_batch = chosen.batch.is_some();
    let plan = |job: &Job| match may_retry(job, is_batch) {
        None => Ok(Change::Retry(job.id)),
        Some(why) => Err(why),
    };
    let work = Work { verb: "retry", plan: &plan, tell: &retried };
    each(&mut shelf, &which(chosen, states), telling.json, &work)
}

/// Why not. Of a whole batch, only what may do better without a change is tried again.
fn may_retry(job: &Job, is_batch: bool) -> Option<String> {
    let end = job.end.as_ref();
    match job.state {
        State::Finished => Some("has finished: there is nothing to retry".to_owned()),
        State::Unknown => Some(format!(
            "is unknown: it may have been executed; decide it with `journeyman jobs resolve {}`",
            job.id
        )),
        State::WaitingForSlot | State::Sending | State::Accepted | State::Rendering => {
            Some(format!("is not over: {}", job.state.name()))
        }
        State::Failed | State::Cancelled => {
            end.filter(|end| is_batch && !end.retryable && !end.keeps_checkpoint).map(|end| {
                format!(
                    "not retried: {} comes again unless something is changed; name the job to try it anyway",
                    end.kind
                )
            })
        }
    }
}

fn retried(shelf: &mut Shelf, before: &Job, applied: &Applied) -> Result<Deed, Error> {
    if *applied != Applied::Done {
        return Ok(Deed::refused("what it continues is not in the store any more: ask for that anew"));
    }
    if before.end.as_ref().is_some_and(|end| end.keeps_checkpoint) {
        return Ok(Deed::done("goes on: it is paid, and only its files are fetched"));
    }
    let paid = last_of_each(charges(shelf, before)?);
    let charges: Vec<Charge> = paid.into_iter().filter(|charge| charge.certainty != "none").collect();
    let what = if charges.is_empty() {
        "begins again; nothing of it was charged before"
    } else {
        "begins again, and is charged anew; this was charged before, or may have been"
    };
    Ok(Deed { charges, ..Deed::done(what) })
}

fn which(chosen: &Chosen, states: Vec<State>) -> Which<'_> {
    match &chosen.batch {
        Some(batch) => Which::Batch(batch, states),
        None => Which::Ids(&chosen.ids),
    }
}

fn charges(shelf: &mut Shelf, job: &Job) -> Result<Vec<Charge>, Error> {
    shelf.store.charges(job.id).map_err(|error| storage(&error))
}

/// The newest that is known of each send.
pub(in crate::commands) fn last_of_each(charges: Vec<Charge>) -> Vec<Charge> {
    let mut last: Vec<Charge> = Vec::new();
    for charge in charges {
        match last.iter_mut().find(|one| one.nonce == charge.nonce) {
            Some(one) => *one = charge,
            None => last.push(charge),
        }
    }
    last
}
