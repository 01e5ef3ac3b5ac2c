//! Jobs as lines of JSON, for other programs. It reads nothing back.

use std::io::Write;
use std::sync::Arc;

use serde::Serialize;

use crate::job::{Charge, Job, Note};
use crate::store::{Filter, Store, StoreError};

/// How many jobs are read at once.
const PAGE: usize = 500;

/// One line: a job, its history, and what it cost. Times are microseconds of Unix time.
#[derive(Debug, Serialize)]
struct Line {
    /// Grows when a field changes its meaning or goes; new ones may come without it.
    version: u32,
    job: Job,
    notes: Vec<Note>,
    charges: Vec<Charge>,
}

/// Writes the jobs that a filter takes, one a line, by number; all of them, whatever [`Filter::most`] says. Tells how
/// many.
///
/// Each line is `{"version": 1, "job": …, "notes": […], "charges": […]}`, with the fields of [`Job`], [`Note`] and
/// [`Charge`]. What changes while it runs may be told as it was before or as it is after.
///
/// # Errors
/// When the store cannot be read, or the lines cannot be written.
pub fn export(store: &mut dyn Store, filter: &Filter, out: &mut dyn Write) -> Result<u64, StoreError> {
    let mut filter = Filter { most: PAGE, ..filter.clone() };
    let mut count = 0;
    loop {
        let page = store.list(&filter)?;
        let Some(last) = page.last() else { break };
        filter.after = Some(last.id);
        for job in page {
            let (notes, charges) = (store.notes(job.id)?, store.charges(job.id)?);
            let line = Line { version: 1, job, notes, charges };
            let written = serde_json::to_vec(&line).map_err(std::io::Error::from).and_then(|mut line| {
                line.push(b'\n');
                out.write_all(&line)
            });
            written.map_err(unwritten)?;
            count += 1;
        }
    }
    out.flush().map_err(unwritten)?;
    Ok(count)
}

fn unwritten(why: std::io::Error) -> StoreError {
    StoreError {
        tried: "write the jobs as lines of JSON".to_owned(),
        hint: "see that there is room where they go".to_owned(),
        source: Some(Arc::new(why)),
    }
}
