//! `jobs`: what stands in the store, and what its owner wants changed of it. It sends nothing.

mod change;
mod choose;
mod list;
mod pause;
mod purge;
mod resolve;
mod show;
mod watch;

use journeyman_jobs::store::Store as _;

pub(super) use self::change::last_of_each;
pub(super) use self::purge::before;
use super::kept::{Finding, Shelf, storage};
use crate::args;
use crate::error::Error;
use crate::show::Standing;

/// Runs one of its commands.
pub(super) fn run(command: &args::Jobs, finding: Finding<'_>) -> Result<(), Error> {
    match command {
        args::Jobs::List(args) => list::run(args, finding),
        args::Jobs::Show(args) => show::run(args, finding),
        args::Jobs::Cancel { chosen, telling } => change::cancel(chosen, telling, finding),
        args::Jobs::Retry { chosen, failed, telling } => change::retry(chosen, *failed, telling, finding),
        args::Jobs::Resolve { id, to, why, telling } => {
            resolve::run(*id, to, why.as_deref(), telling, finding)
        }
        args::Jobs::Pause { scope, why, telling } => pause::pause(scope, why.as_deref(), telling, finding),
        args::Jobs::Resume { scope, telling } => pause::resume(scope, telling, finding),
        args::Jobs::Watch(args) => watch::run(args, finding),
        args::Jobs::Purge { ids, older_than, telling } => purge::run(ids, *older_than, telling, finding),
    }
}

fn standing(shelf: &mut Shelf) -> Result<Standing, Error> {
    let pauses = shelf.store.pauses().map_err(|error| storage(&error))?;
    Ok(Standing { now: shelf.now(), pauses })
}
