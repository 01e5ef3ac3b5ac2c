//! `store`: the file in which jobs are kept, looked after. It changes no job that goes on.

use std::path::Path;
use std::time::Duration;

use journeyman::ErrorKind;
use journeyman_jobs::export::export;
use journeyman_jobs::store::Filter;
use journeyman_jobs::store::sqlite::Keep;
use serde_json::json;

use super::jobs::before;
use super::kept::{Finding, storage};
use crate::args;
use crate::batch::write_whole;
use crate::error::Error;
use crate::show;

/// Runs one of its commands.
pub(super) fn run(command: &args::Store, finding: Finding<'_>) -> Result<(), Error> {
    match command {
        args::Store::Check(telling) => check(telling, finding),
        args::Store::Backup { file, telling } => backup(file, telling, finding),
        args::Store::Export { file, kept } => written(file.as_deref(), kept, finding),
        args::Store::Prune { older_than, keep_bytes, telling } => {
            prune(*older_than, *keep_bytes, telling, finding)
        }
        args::Store::Path(kept) => show::print(&format!("{}\n", finding.path(kept)?.display())),
    }
}

fn check(telling: &args::Telling, finding: Finding<'_>) -> Result<(), Error> {
    let shelf = finding.open(&telling.kept)?;
    let path = shelf.path.display();
    let wrong = shelf.store.check().map_err(|error| storage(&error))?;
    let bytes = shelf.store.bytes().map_err(|error| storage(&error))?;
    if telling.json {
        show::line(&json!({"event": "checked", "path": shelf.path, "bytes": bytes, "wrong": wrong}))?;
    } else if wrong.is_empty() {
        show::print(&format!("{path}: all is well; it needs {bytes} bytes\n"))?;
    } else {
        show::print(&format!("{}\n", wrong.join("\n")))?;
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let what = format!("check the store {path}: {} things are wrong", wrong.len());
    let error = journeyman::Error::new(ErrorKind::Storage, what);
    Err(error
        .with_hint("keep the file as it is, go on with a backup, and say what can still be read with `journeyman store export`")
        .into())
}

fn backup(file: &Path, telling: &args::Telling, finding: Finding<'_>) -> Result<(), Error> {
    let shelf = finding.open(&telling.kept)?;
    shelf.store.backup(file).map_err(|error| storage(&error))?;
    if telling.json {
        return show::line(&json!({"event": "backed_up", "path": shelf.path, "backup": file}));
    }
    show::print(&format!("{} is backed up into {}\n", shelf.path.display(), file.display()))
}

fn written(file: Option<&Path>, kept: &args::Kept, finding: Finding<'_>) -> Result<(), Error> {
    let mut shelf = finding.open(kept)?;
    let Some(file) = file else {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        return match export(&mut shelf.store, &Filter::default(), &mut out) {
            // A reader that has gone, as `head` goes, is no error.
            Err(error) if is_closed(&error) => Ok(()),
            written => written.map(|_| ()).map_err(|error| storage(&error)),
        };
    };
    if file.exists() {
        let what = format!("export the jobs into {}: there is such a file already", file.display());
        let error = journeyman::Error::new(ErrorKind::Storage, what);
        return Err(error.with_hint("name a file that is not there yet").into());
    }
    let mut count = Ok(0);
    let whole = write_whole(file, |out| {
        count = export(&mut shelf.store, &Filter::default(), out);
        // A store that cannot be read leaves no half of an export.
        if count.is_ok() { Ok(()) } else { Err(std::io::Error::other("the export ended early")) }
    });
    let count = count.map_err(|error| storage(&error))?;
    whole.map_err(|why| {
        journeyman::Error::new(ErrorKind::Storage, format!("export the jobs into {}", file.display()))
            .with_hint("check the folder, its permissions and the free space")
            .with_source(why)
    })?;
    show::tell(&format!("{count} jobs are exported into {}", file.display()));
    Ok(())
}

fn is_closed(error: &journeyman_jobs::store::StoreError) -> bool {
    let source = error.source.as_ref().and_then(|source| source.downcast_ref::<std::io::Error>());
    source.is_some_and(|why| why.kind() == std::io::ErrorKind::BrokenPipe)
}

fn prune(
    older_than: Option<Duration>,
    bytes: Option<u64>,
    telling: &args::Telling,
    finding: Finding<'_>,
) -> Result<(), Error> {
    let mut shelf = finding.open(&telling.kept)?;
    let now = shelf.now();
    let keep = Keep { since: older_than.map(|age| before(now, age)), bytes };
    let pruned = shelf.store.prune(now, &keep).map_err(|error| storage(&error))?;
    let is_small = bytes.is_none_or(|most| pruned.bytes <= most);
    if telling.json {
        return show::line(&json!({
            "event": "pruned", "jobs": pruned.jobs, "bytes": pruned.bytes, "is_small_enough": is_small,
        }));
    }
    show::print(&format!("{} jobs pruned; the file needs {} bytes now\n", pruned.jobs, pruned.bytes))?;
    if !is_small {
        show::tell("warning: it is not as small as asked for: what is left is not over, or is unknown");
    }
    Ok(())
}
