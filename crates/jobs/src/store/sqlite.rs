//! A store in a file of SQLite's: what was acknowledged survives a crash and a power loss. It decides nothing.

mod fault;
mod keep;
mod read;
mod rows;
mod schema;
mod scrub;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior, params};

pub use self::keep::{Keep, Pruned};
use self::rows::Transaction;
use self::schema::Purpose;
use super::{Class, Filter, Observed, Paused, Store, StoreError, rules};
use crate::change::{Applied, Change};
use crate::job::{Charge, Job, JobId, Note, State};
use crate::time::Timestamp;

type Result<T> = std::result::Result<T, StoreError>;

/// Jobs in a file, in a write-ahead log that is synced with every commit.
///
/// Several processes may have the same file open. It must be on a local disk.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    path: PathBuf,
    purpose: Purpose,
    /// Whether the file or its log may still hold what was purged.
    must_scrub: bool,
    is_pruning: bool,
}

impl Sqlite {
    /// Opens a file to read and to write; makes it, readable by its owner alone, where there is none.
    ///
    /// # Errors
    /// When it cannot be opened, is another program's, was written by a newer version, or when the SQLite that is
    /// linked has the WAL-reset bug.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let connection = schema::connect(&path, Purpose::Write)?;
        let must_scrub = rows::counter(&connection, rows::UNSCRUBBED)? != 0;
        Ok(Self { connection, path, purpose: Purpose::Write, must_scrub, is_pruning: false })
    }

    /// One more connection to this file, for reading only: [`Store::apply`] fails on it.
    ///
    /// # Errors
    /// As for [`Sqlite::open`].
    pub fn reader(&self) -> Result<Self> {
        let connection = schema::connect(&self.path, Purpose::Read)?;
        Ok(Self {
            connection,
            path: self.path.clone(),
            purpose: Purpose::Read,
            must_scrub: false,
            is_pruning: false,
        })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn write(&mut self, now: Timestamp, changes: &[Change]) -> Result<Vec<Applied>> {
        if self.purpose == Purpose::Read {
            return Err(fault::odd("it was opened for reading"));
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut rows = Transaction::new(&transaction);
        let mut applied = Vec::with_capacity(changes.len());
        for change in changes {
            applied.push(rules::apply(&mut rows, now, change)?);
        }
        let has_purged = rows.finish()?;
        transaction.commit()?;
        self.must_scrub |= has_purged;
        Ok(applied)
    }

    fn told<T>(&self, result: Result<T>, what: &str) -> Result<T> {
        result.map_err(|error| fault::with(error, &format!("{what} the store {}", self.path.display())))
    }
}

impl Store for Sqlite {
    fn apply(&mut self, now: Timestamp, changes: &[Change]) -> Result<Vec<Applied>> {
        let written = self.write(now, changes);
        let applied = self.told(written, &format!("write {} changes to", changes.len()))?;
        if self.must_scrub && !self.is_pruning {
            self.scrub_if_quick();
        }
        Ok(applied)
    }

    fn job(&mut self, id: JobId) -> Result<Option<Job>> {
        self.told(rows::job(&self.connection, id), &format!("read job {id} from"))
    }

    fn list(&mut self, filter: &Filter) -> Result<Vec<Job>> {
        self.told(read::list(&self.connection, filter), "list the jobs of")
    }

    fn notes(&mut self, id: JobId) -> Result<Vec<Note>> {
        self.told(notes(&self.connection, id), &format!("read the notes of job {id} from"))
    }

    fn charges(&mut self, id: JobId) -> Result<Vec<Charge>> {
        self.told(charges(&self.connection, id), &format!("read the charges of job {id} from"))
    }

    fn counts(&mut self) -> Result<BTreeMap<State, u64>> {
        self.told(counts(&self.connection), "count the jobs of")
    }

    fn classes(&mut self) -> Result<Vec<(Class, u64)>> {
        self.told(classes(&self.connection), "count the waiting jobs of")
    }

    fn heads(&mut self, class: &Class, account: &str, now: Timestamp, most: usize) -> Result<Vec<Job>> {
        self.told(read::heads(&self.connection, class, account, now, most), "read the next jobs of")
    }

    fn next_due(&mut self, now: Timestamp) -> Result<Option<Timestamp>> {
        self.told(next_due(&self.connection, now), "read when a job is due from")
    }

    fn pauses(&mut self) -> Result<Vec<Paused>> {
        self.told(rows::pauses(&self.connection), "read the pauses of")
    }

    fn remembered(&mut self, account: &str) -> Result<BTreeMap<String, String>> {
        self.told(remembered(&self.connection, account), "read what is remembered from")
    }

    fn observed(&mut self, prefix: &str, from_hour: i64, to_hour: i64) -> Result<Vec<Observed>> {
        self.told(observed(&self.connection, prefix, from_hour, to_hour), "read the histograms of")
    }

    fn version(&mut self) -> Result<u64> {
        let version = rows::counter(&self.connection, "version").map(i64::unsigned_abs);
        self.told(version, "read the version of")
    }
}

fn notes(connection: &Connection, id: JobId) -> Result<Vec<Note>> {
    let mut find =
        connection.prepare_cached("SELECT at, what, detail FROM note WHERE job = ?1 ORDER BY n")?;
    let rows = find.query_map([rows::id_to(id)], |row| {
        let at = Timestamp::from_unix_micros(row.get(0)?);
        Ok(Note { at, what: row.get(1)?, detail: row.get(2)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn charges(connection: &Connection, id: JobId) -> Result<Vec<Charge>> {
    let mut find = connection.prepare_cached(
        "SELECT certainty, nonce, interaction, remote_job, mode, milliminutes, sha256 FROM charge \
         WHERE job = ?1 ORDER BY n",
    )?;
    let rows = find.query_map([rows::id_to(id)], |row| {
        Ok(Charge {
            certainty: row.get(0)?,
            nonce: row.get(1)?,
            interaction: row.get(2)?,
            remote_job: row.get(3)?,
            mode: row.get(4)?,
            milliminutes: row.get::<_, Option<i64>>(5)?.map(i64::unsigned_abs),
            sha256: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn counts(connection: &Connection) -> Result<BTreeMap<State, u64>> {
    let mut find = connection.prepare_cached("SELECT state, jobs FROM state_count WHERE jobs > 0")?;
    let mut rows = find.query([])?;
    let mut counts = BTreeMap::new();
    while let Some(row) = rows.next()? {
        counts.insert(rows::state_from(&row.get::<_, String>(0)?)?, row.get::<_, i64>(1)?.unsigned_abs());
    }
    Ok(counts)
}

fn classes(connection: &Connection) -> Result<Vec<(Class, u64)>> {
    let mut find = connection.prepare_cached(
        "SELECT tenant, batch, priority, jobs FROM class_count ORDER BY tenant, batch, priority",
    )?;
    let rows = find.query_map([], |row| {
        let class = Class { tenant: row.get(0)?, batch: row.get(1)?, priority: row.get(2)? };
        Ok((class, row.get::<_, i64>(3)?.unsigned_abs()))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn next_due(connection: &Connection, now: Timestamp) -> Result<Option<Timestamp>> {
    let mut find = connection.prepare_cached(
        "SELECT min(run_at) FROM job INDEXED BY job_due WHERE run_at > ?1 AND run_at > 0 \
         AND state = 'waiting_for_slot' AND ready = 1 AND cancel_asked = 0",
    )?;
    let due: Option<i64> = find.query_row([now.unix_micros()], |row| row.get(0))?;
    Ok(due.map(Timestamp::from_unix_micros))
}

fn remembered(connection: &Connection, account: &str) -> Result<BTreeMap<String, String>> {
    let mut find = connection.prepare_cached("SELECT name, value FROM remembered WHERE account = ?1")?;
    let rows = find.query_map([account], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn observed(connection: &Connection, prefix: &str, from_hour: i64, to_hour: i64) -> Result<Vec<Observed>> {
    let mut find = connection.prepare_cached(
        "SELECT series, hour, bucket, count, sum FROM observed WHERE series >= ?1 AND hour BETWEEN ?2 AND ?3 \
         ORDER BY series, hour, bucket",
    )?;
    let rows = find.query_map(params![prefix, from_hour, to_hour], |row| {
        Ok(Observed {
            series: row.get(0)?,
            hour: row.get(1)?,
            bucket: row.get(2)?,
            count: row.get::<_, i64>(3)?.unsigned_abs(),
            sum: row.get::<_, i64>(4)?.unsigned_abs(),
        })
    })?;
    // Those that begin so stand together.
    let begins =
        |row: &rusqlite::Result<Observed>| row.as_ref().map_or(true, |row| row.series.starts_with(prefix));
    Ok(rows.take_while(begins).collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::NewJob;

    #[test]
    fn a_full_disk_writes_nothing_and_the_next_write_is_tried() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = Sqlite::open(folder.path().join("jobs.db")).expect("a file");
        let add =
            |length: usize| Change::Add(Box::new(NewJob { title: "x".repeat(length), ..NewJob::default() }));
        let now = Timestamp::default();
        store.apply(now, &[add(10)]).expect("a write");
        let limit = |store: &Sqlite, pages: i64| {
            let set = format!("PRAGMA max_page_count = {pages}");
            store.connection.query_row(&set, [], |_| Ok(())).expect("a limit");
        };
        limit(&store, 1);
        let before = store.version().expect("a version");
        let failed = store.apply(now, &[add(10), add(100_000)]).expect_err("there is no room");
        assert!(
            failed.tried.starts_with("write 2 changes to the store") && failed.hint.contains("make room"),
            "{failed:?}"
        );
        assert_eq!(store.version().expect("a version"), before);
        assert_eq!(store.counts().expect("counts")[&State::WaitingForSlot], 1);
        limit(&store, 1_000_000);
        let applied = store.apply(now, &[add(10), add(100_000)]).expect("there is room");
        assert_eq!(applied, [Applied::Added(JobId(2)), Applied::Added(JobId(3))]);
        assert_eq!(store.check().expect("a check"), [] as [&str; 0]);
    }

    #[test]
    fn what_was_purged_is_scrubbed_after_a_restart_at_the_latest() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("jobs.db");
        let mut store = Sqlite::open(&path).expect("a file");
        let now = Timestamp::default();
        let asked = NewJob { title: "SECRETWORD".to_owned(), ..NewJob::default() };
        store.apply(now, &[Change::Add(Box::new(asked)), Change::Cancel(JobId(1))]).expect("a write");
        // Somebody still reads an old state.
        let mut reader = store.reader().expect("a reader");
        let reading = reader.connection.transaction().expect("a transaction");
        assert_eq!(counts(&reading).expect("counts")[&State::Cancelled], 1);
        assert_eq!(store.apply(now, &[Change::Purge(JobId(1))]).expect("a write"), [Applied::Done]);
        assert!(!store.scrub().expect("no error"), "the reader hinders it");
        drop(reading);
        drop(store);
        let mut store = Sqlite::open(&path).expect("the file");
        assert!(store.must_scrub, "it stays to be done");
        assert!(store.scrub().expect("no error"));
        for end in ["", "-wal"] {
            let bytes = std::fs::read(format!("{}{end}", path.display())).expect("a file");
            assert!(!bytes.windows(10).any(|window| window == b"SECRETWORD"), "{end}");
        }
    }
}
