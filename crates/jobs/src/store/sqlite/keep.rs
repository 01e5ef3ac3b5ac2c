//! Keeping a file well: a backup, a check, pruning. It changes no job that goes on.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};

use super::{Result, Sqlite, counts, fault, rows, schema};
use crate::change::{Applied, Change};
use crate::job::{Job, JobId, State};
use crate::store::{Class, Filter, Store, StoreError};
use crate::time::Timestamp;

/// How many jobs are looked at, and purged, at once: others write in between.
const PAGE: usize = 500;

/// How much is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keep {
    /// Families of jobs that all ended before this go.
    pub since: Option<Timestamp>,
    /// The oldest families go until the file needs no more than this.
    pub bytes: Option<u64>,
}

/// What was pruned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// How many jobs went.
    pub jobs: u64,
    /// What the file needs now, without the log.
    pub bytes: u64,
}

impl Sqlite {
    /// Writes a copy of the file as it is at this moment, while others go on; it is durable after `Ok`.
    ///
    /// # Errors
    /// When there is a file of this name already, or it cannot be written; then no part of it stays.
    pub fn backup(&self, to: &Path) -> Result<()> {
        let tried = format!("back the store {} up into {}", self.path.display(), to.display());
        // An empty file of ours holds the name: SQLite fills that, and nobody else's is ever written over.
        schema::create_new(to).map_err(|why| StoreError {
            hint: "name a file that is not there yet, in a folder that is".to_owned(),
            ..fault::of_file(why, &tried)
        })?;
        let written = self.copy(to);
        if written.is_err() {
            // The error of the copy tells more than one of its removal.
            let _ = std::fs::remove_file(to);
        }
        written.map_err(|error| fault::with(error, &tried))
    }

    fn copy(&self, to: &Path) -> Result<()> {
        let name = to.to_str().ok_or_else(|| StoreError {
            tried: "name the copy: its path is not Unicode".to_owned(),
            hint: "name another one".to_owned(),
            source: None,
        })?;
        // A connection of its own, so that a reader can do it too.
        let connection = schema::connect(&self.path, schema::Purpose::Read)?;
        connection.execute_batch("PRAGMA query_only = OFF")?;
        connection.execute("VACUUM INTO ?1", [name])?;
        let synced =
            std::fs::File::open(to).and_then(|file| file.sync_all()).and_then(|()| schema::sync_folder(to));
        synced.map_err(|why| fault::of_file(why, "make the copy durable"))
    }

    /// Looks at every page, index and count; says what is wrong, nothing where all is well.
    ///
    /// # Errors
    /// When the file cannot be read at all.
    pub fn check(&self) -> Result<Vec<String>> {
        self.told(check(&self.connection), "check")
    }

    /// What the file needs, without the log and without what is free in it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn bytes(&self) -> Result<u64> {
        self.told(bytes(&self.connection), "measure")
    }

    /// Really removes what is old, oldest first, whole families at once: a job with all its steps.
    ///
    /// A family stays where one of it is not over, or is `unknown`: that needs a human first.
    ///
    /// # Errors
    /// When the file cannot be written. What was pruned before stays so.
    pub fn prune(&mut self, now: Timestamp, keep: &Keep) -> Result<Pruned> {
        // The file is rewritten once, at the end.
        self.is_pruning = true;
        let pruned = self.prune_pages(now, keep);
        self.is_pruning = false;
        let pruned = pruned?;
        self.scrub()?;
        Ok(Pruned { bytes: self.bytes()?, ..pruned })
    }

    fn prune_pages(&mut self, now: Timestamp, keep: &Keep) -> Result<Pruned> {
        let mut pruned = Pruned { jobs: 0, bytes: self.bytes()? };
        let mut after = None;
        loop {
            let page = self.list(&Filter { after, most: PAGE, ..Filter::default() })?;
            let Some(last) = page.last() else { return Ok(pruned) };
            after = Some(last.id);
            for root in page {
                let is_small = keep.bytes.is_none_or(|most| pruned.bytes <= most);
                if is_small && keep.since.is_none() {
                    return Ok(pruned);
                }
                if !self.is_root(&root)? {
                    continue;
                }
                let Some(family) = self.family(root)? else { continue };
                let ended = family.iter().map(|job| job.updated).max();
                if is_small && ended >= keep.since {
                    continue;
                }
                pruned.jobs += self.purge(now, &family)?;
                pruned.bytes = self.bytes()?;
            }
        }
    }

    fn is_root(&mut self, job: &Job) -> Result<bool> {
        match job.asked.parent {
            None => Ok(true),
            Some(parent) => Ok(self.job(parent)?.is_none()),
        }
    }

    /// A job with all its steps, and theirs; `None` where one of them must stay.
    fn family(&mut self, root: Job) -> Result<Option<Vec<Job>>> {
        let mut family = vec![root];
        let mut looked_at = 0;
        while let Some(job) = family.get(looked_at) {
            if !job.state.is_over() || job.state == State::Unknown {
                return Ok(None);
            }
            let mut steps = Filter { parent: Some(job.id), most: PAGE, ..Filter::default() };
            loop {
                let page = self.list(&steps)?;
                let Some(last) = page.last() else { break };
                steps.after = Some(last.id);
                family.extend(page);
            }
            looked_at += 1;
        }
        Ok(Some(family))
    }

    /// Youngest first, so that a family that is cut by an error has no step without its parent.
    fn purge(&mut self, now: Timestamp, family: &[Job]) -> Result<u64> {
        let ids: Vec<JobId> = family.iter().rev().map(|job| job.id).collect();
        let mut gone = 0;
        for page in ids.chunks(PAGE) {
            let changes: Vec<Change> = page.iter().copied().map(Change::Purge).collect();
            let applied = self.apply(now, &changes)?;
            gone += applied.iter().filter(|one| **one == Applied::Done).count() as u64;
        }
        Ok(gone)
    }
}

fn bytes(connection: &Connection) -> Result<u64> {
    let ask = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = ask("page_count")? - ask("freelist_count")?;
    Ok((pages * ask("page_size")?).unsigned_abs())
}

fn check(connection: &Connection) -> Result<Vec<String>> {
    let mut wrong = lines(connection, "PRAGMA integrity_check")?;
    wrong.retain(|line| line != "ok");
    for table in lines(connection, "PRAGMA foreign_key_check")? {
        wrong.push(format!("a row of {table} belongs to no job"));
    }
    let mut counted = counts(connection)?;
    let mut find = connection.prepare("SELECT state, count(*) FROM job GROUP BY state")?;
    let mut found = find.query([])?;
    while let Some(row) = found.next()? {
        let (state, there): (String, i64) = (row.get(0)?, row.get(1)?);
        let told = State::from_name(&state).and_then(|state| counted.remove(&state)).unwrap_or_default();
        if told != there.unsigned_abs() {
            wrong.push(format!("{there} jobs are {state}, and {told} are counted"));
        }
    }
    wrong.extend(counted.iter().map(|(state, told)| format!("no job is {state}, and {told} are counted")));
    if classes_differ(connection)? {
        wrong.push("the waiting jobs of a class are counted wrong".to_owned());
    }
    let last: Option<i64> =
        connection.query_row("SELECT max(id) FROM job", [], |row| row.get(0)).optional()?.flatten();
    if last > Some(rows::counter(connection, "last_job")?) {
        wrong.push("the next job would get a number that was given".to_owned());
    }
    Ok(wrong)
}

/// Counted here: SQLite would sort the jobs for it, in memory.
fn classes_differ(connection: &Connection) -> Result<bool> {
    let mut find =
        connection.prepare("SELECT tenant, batch, priority FROM job WHERE state = 'waiting_for_slot'")?;
    let mut rows = find.query([])?;
    let mut found: BTreeMap<Class, u64> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let class = Class { tenant: row.get(0)?, batch: row.get(1)?, priority: row.get(2)? };
        *found.entry(class).or_default() += 1;
    }
    Ok(found.into_iter().ne(super::classes(connection)?))
}

fn lines(connection: &Connection, sql: &str) -> Result<Vec<String>> {
    let mut find = connection.prepare(sql)?;
    let rows = find.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
