//! `jobs watch`: one job until it is over, whoever works on it. It moves nothing.

use std::time::Duration;

use journeyman::{Clock, ErrorKind};
use journeyman_jobs::job::{Job, State};
use journeyman_jobs::store::Store as _;

use super::{Finding, Shelf, standing, storage};
use crate::args;
use crate::commands::in_runtime;
use crate::error::Error;
use crate::show::{self, job_object, plain, utc};

/// How often the store is asked whether anybody wrote.
const EVERY: Duration = Duration::from_millis(250);

pub(super) fn run(args: &args::One, finding: Finding<'_>) -> Result<(), Error> {
    let shelf = finding.open(&args.telling.kept)?;
    in_runtime(follow(shelf, args.id, args.telling.json))
}

async fn follow(mut shelf: Shelf, id: u64, json: bool) -> Result<(), Error> {
    let clock = Clock::real();
    let mut last: Option<(Job, u64)> = None;
    loop {
        // Read first: what is written meanwhile is looked at in the next round.
        let version = shelf.store.version().map_err(|error| storage(&error))?;
        if last.as_ref().is_none_or(|(_, seen)| *seen != version) {
            let job = shelf.job(id)?;
            if last.as_ref().is_none_or(|(before, _)| *before != job) {
                tell(&mut shelf, &job, json)?;
            }
            if job.state.is_over() {
                return ended(&job);
            }
            last = Some((job, version));
        }
        clock.sleep_until(clock.now() + EVERY).await;
    }
}

fn tell(shelf: &mut Shelf, job: &Job, json: bool) -> Result<(), Error> {
    let standing = standing(shelf)?;
    if json {
        return show::line(&job_object("job", job, &standing));
    }
    let state = job.state.name().replace('_', " ");
    let how = plain(&standing.of(job));
    let how = if how.is_empty() { String::new() } else { format!(": {how}") };
    show::print(&format!("{} UTC  job {}  {state}{how}\n", utc(job.updated), job.id))
}

/// The end of a job as a command's own.
fn ended(job: &Job) -> Result<(), Error> {
    let end = job.end.clone().unwrap_or_default();
    let kind = match job.state {
        State::Finished => return Ok(()),
        State::Cancelled => ErrorKind::Cancelled,
        State::Unknown => ErrorKind::Undecided,
        State::Failed | State::WaitingForSlot | State::Sending | State::Accepted | State::Rendering => {
            let named = ErrorKind::ALL.iter().copied().find(|kind| kind.name() == end.kind);
            named.unwrap_or(ErrorKind::JobFailed)
        }
    };
    let error = journeyman::Error::new(kind, format!("job {}: {}", job.id, plain(&end.text)));
    Err(if end.hint.is_empty() { error } else { error.with_hint(plain(&end.hint)) }.into())
}
