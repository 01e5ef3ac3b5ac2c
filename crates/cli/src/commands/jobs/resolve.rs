//! `jobs resolve`: a human decides what nothing else can, with the evidence in view. It looks nowhere itself.

use journeyman::ErrorKind;
use journeyman_jobs::change::{Applied, Change};
use journeyman_jobs::job::State;

use super::show::{Whole, evidence, object};
use super::{Finding, standing};
use crate::args::Telling;
use crate::error::Error;
use crate::show::{self, Standing, plain, timeline};

pub(super) fn run(
    id: u64,
    to: &str,
    why: Option<&str>,
    telling: &Telling,
    finding: Finding<'_>,
) -> Result<(), Error> {
    let mut shelf = finding.open(&telling.kept)?;
    let whole = Whole::read(&mut shelf, id)?;
    let standing = standing(&mut shelf)?;
    if telling.json {
        show::line(&object("evidence", &whole, &standing))?;
    } else {
        show::print(&in_words(&whole, &standing))?;
    }
    if whole.job.state != State::Unknown {
        return Err(not_unknown(id, whole.job.state));
    }
    let Some(why) = why.filter(|why| !why.trim().is_empty()) else {
        return Err(Error::usage(
            format!("resolve job {id}: --why is missing, and nothing was decided"),
            "look into the channel for its nonce or its prompt, then say with --why what you found",
        ));
    };
    let state = match to {
        "finished" => State::Finished,
        "send-again" => State::WaitingForSlot,
        _ => State::Failed,
    };
    let change = Change::Resolve { job: whole.job.id, to: state, why: why.to_owned() };
    if shelf.apply(change)? != Applied::Done {
        return Err(not_unknown(id, shelf.job(id)?.state));
    }
    let whole = Whole::read(&mut shelf, id)?;
    if telling.json {
        return show::line(&object("resolved", &whole, &standing));
    }
    show::print(&format!("job {id}: {}\n", done(to, id)))
}

fn done(to: &str, id: u64) -> String {
    match to {
        "finished" => "is finished now; its steps may go on. The store has no file of it: \
                       `journeyman show JOB` with Midjourney's number brings it"
            .to_owned(),
        "send-again" => {
            "waits for a slot, and is sent again; if it was executed after all, it is paid twice".to_owned()
        }
        _ => format!("has failed now; `journeyman jobs retry {id}` begins it again"),
    }
}

fn in_words(whole: &Whole, standing: &Standing) -> String {
    let job = &whole.job;
    let how = plain(&standing.of(job));
    let state = job.state.name().replace('_', " ");
    format!(
        "job {} ({}): {}\n  {state}: {how}\n{}timeline (UTC):\n{}",
        job.id,
        plain(&job.asked.step),
        plain(&job.asked.title),
        evidence(&whole.charges),
        timeline(job, &whole.notes, standing)
    )
}

fn not_unknown(id: u64, state: State) -> Error {
    let what = format!("resolve job {id}: it is not unknown, but {}", state.name());
    let error = journeyman::Error::new(ErrorKind::InvalidRequest, what);
    error.with_hint("only what nothing else decides is for a human to decide").into()
}
