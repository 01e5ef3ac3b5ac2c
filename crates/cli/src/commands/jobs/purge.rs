//! `jobs purge`: jobs really go, with all that the store knows of them. Files on disk stay.

use std::time::Duration;

use journeyman_jobs::change::{Applied, Change};
use journeyman_jobs::job::Job;
use journeyman_jobs::store::sqlite::Keep;
use journeyman_jobs::time::Timestamp;
use serde_json::json;

use super::choose::{Deed, Which, Work, each};
use super::{Finding, Shelf, storage};
use crate::args::Telling;
use crate::error::Error;
use crate::show;

pub(super) fn run(
    ids: &[u64],
    older_than: Option<Duration>,
    telling: &Telling,
    finding: Finding<'_>,
) -> Result<(), Error> {
    let mut shelf = finding.open(&telling.kept)?;
    let purged = if let Some(age) = older_than {
        by_age(&mut shelf, age, telling.json)
    } else {
        let tell = |_: &mut Shelf, before: &Job, applied: &Applied| Ok(purged(before, applied));
        let work = Work { verb: "purge", plan: &|job| Ok(Change::Purge(job.id)), tell: &tell };
        each(&mut shelf, &Which::Ids(ids), telling.json, &work)
    };
    // What went must be gone, also where something else did not go.
    traces(&mut shelf, telling.json)?;
    purged
}

fn by_age(shelf: &mut Shelf, age: Duration, json: bool) -> Result<(), Error> {
    let now = shelf.now();
    let keep = Keep { since: Some(before(now, age)), bytes: None };
    let pruned = shelf.store.prune(now, &keep).map_err(|error| storage(&error))?;
    if json {
        return show::line(&json!({"event": "pruned", "jobs": pruned.jobs, "bytes": pruned.bytes}));
    }
    show::print(&format!(
        "{} jobs purged, with their prompts, history and charges; the file needs {} bytes now\n\
         what is not over, is unknown, or has a step that is, stays; images on disk stay\n",
        pruned.jobs, pruned.bytes
    ))
}

/// As long ago as that.
pub(in crate::commands) fn before(now: Timestamp, age: Duration) -> Timestamp {
    let micros = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_unix_micros(now.unix_micros().saturating_sub(micros))
}

fn purged(before: &Job, applied: &Applied) -> Deed {
    if *applied == Applied::Done {
        let stay = match before.end.as_ref().map_or(0, |end| end.files.len()) {
            0 => "",
            1 => "; its file on disk stays",
            _ => "; its files on disk stay",
        };
        return Deed::done(format!("purged, with its prompt, history and charges{stay}"));
    }
    Deed::refused(if before.state.is_over() {
        "not purged: a step of it is not over, and needs what it found".to_owned()
    } else {
        format!("not purged: it is not over ({}); cancel it first", before.state.name())
    })
}

/// Tells whether something of what was purged may still be in the file.
fn traces(shelf: &mut Shelf, json: bool) -> Result<(), Error> {
    let is_clean = shelf.store.scrub().map_err(|error| storage(&error))?;
    if json {
        return show::line(&json!({"event": "scrubbed", "is_clean": is_clean}));
    }
    if !is_clean {
        show::tell(
            "warning: another process reads the store: traces of what was purged stay in the file until one of the next writes",
        );
    }
    Ok(())
}
