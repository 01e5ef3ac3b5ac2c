//! The rows of one transaction in SQLite. It decides nothing about jobs.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, params};

use super::super::rules::{Lease, Rows};
use super::fault;
use crate::change::Scope;
use crate::job::{Charge, End, Job, JobId, NewJob, Note, State};
use crate::store::{Class, Paused, StoreError};
use crate::time::Timestamp;

type Result<T> = std::result::Result<T, StoreError>;

/// Every column of a job, in the order in which [`job_from`] reads them.
pub(super) const COLUMNS: &str = "id, state, account, ready, cancel_asked, sends, tries, created, updated, run_at, \
     tenant, batch, place, step, priority, asked_run_at, deadline, asked_account, parent, key, most_sends, \
     resend_undecided, reason, title, request, checkpoint, \"end\"";

/// Where the title stands in [`COLUMNS`].
pub(super) const TITLE: usize = 23;

/// The counter that is 1 while traces of what was purged may be in the file.
pub(super) const UNSCRUBBED: &str = "unscrubbed";

/// One transaction's rows, with what it adds to the counts.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    connection: &'a Connection,
    states: BTreeMap<State, i64>,
    classes: BTreeMap<Class, i64>,
    last: Option<i64>,
    has_purged: bool,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, states: BTreeMap::new(), classes: BTreeMap::new(), last: None, has_purged: false }
    }

    fn statement(&self, sql: &str) -> Result<CachedStatement<'a>> {
        Ok(self.connection.prepare_cached(sql)?)
    }

    fn count(&mut self, job: &Job, by: i64) {
        *self.states.entry(job.state).or_default() += by;
        if job.state == State::WaitingForSlot {
            *self.classes.entry(Class::of(job)).or_default() += by;
        }
    }

    /// Writes what was counted; the last thing before the commit. Tells whether a job was purged.
    pub(super) fn finish(self) -> Result<bool> {
        let mut add = self.statement(
            "INSERT INTO state_count VALUES (?1, ?2) ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs",
        )?;
        for (state, by) in self.states.iter().filter(|(_, by)| **by != 0) {
            add.execute(params![state.name(), by])?;
        }
        let mut add = self.statement(
            "INSERT INTO class_count VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs",
        )?;
        // A class goes with its last waiting job: what was purged leaves no name of a batch.
        let mut remove = self.statement(
            "DELETE FROM class_count WHERE tenant = ?1 AND batch = ?2 AND priority = ?3 AND jobs = 0",
        )?;
        for (class, by) in self.classes.iter().filter(|(_, by)| **by != 0) {
            add.execute(params![class.tenant, class.batch, class.priority, by])?;
            remove.execute(params![class.tenant, class.batch, class.priority])?;
        }
        if let Some(last) = self.last {
            self.statement("UPDATE counter SET value = ?1 WHERE name = 'last_job'")?.execute([last])?;
        }
        if self.has_purged {
            self.statement("UPDATE counter SET value = 1 WHERE name = ?1")?.execute([UNSCRUBBED])?;
        }
        self.statement("UPDATE counter SET value = value + 1 WHERE name = 'version'")?.execute([])?;
        Ok(self.has_purged)
    }
}

impl Rows for Transaction<'_> {
    fn job(&mut self, id: JobId) -> Result<Option<Job>> {
        job(self.connection, id)
    }

    fn by_key(&mut self, key: &str) -> Result<Option<JobId>> {
        let mut find = self.statement("SELECT id FROM job WHERE key = ?1")?;
        Ok(find.query_row([key], |row| row.get(0)).optional()?.map(id_from))
    }

    fn next_id(&mut self) -> Result<JobId> {
        let last = match self.last {
            Some(last) => last,
            None => counter(self.connection, "last_job")?,
        };
        self.last = Some(last + 1);
        Ok(id_from(last + 1))
    }

    fn insert(&mut self, job: &Job) -> Result<()> {
        self.count(job, 1);
        let asked = &job.asked;
        let mut insert = self.statement(&format!(
            "INSERT INTO job ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, \
             ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)"
        ))?;
        insert.execute(params![
            id_to(job.id),
            job.state.name(),
            job.account,
            job.ready,
            job.cancel_asked,
            job.sends,
            job.tries,
            job.created.unix_micros(),
            job.updated.unix_micros(),
            job.run_at.unix_micros(),
            asked.tenant,
            asked.batch,
            asked.index,
            asked.step,
            asked.priority,
            asked.run_at.unix_micros(),
            asked.deadline.map(Timestamp::unix_micros),
            asked.account,
            asked.parent.map(id_to),
            asked.key,
            asked.most_sends,
            asked.resend_undecided,
            job.reason,
            asked.title,
            asked.request,
            job.checkpoint,
            end_to(job.end.as_ref())?,
        ])?;
        Ok(())
    }

    fn update(&mut self, before: &Job, after: &Job) -> Result<()> {
        if before.state != after.state {
            self.count(before, -1);
            self.count(after, 1);
        }
        let mut update = self.statement(
            "UPDATE job SET state = ?2, account = ?3, ready = ?4, cancel_asked = ?5, sends = ?6, tries = ?7, \
             updated = ?8, run_at = ?9, reason = ?10, checkpoint = ?11, \"end\" = ?12 WHERE id = ?1",
        )?;
        update.execute(params![
            id_to(after.id),
            after.state.name(),
            after.account,
            after.ready,
            after.cancel_asked,
            after.sends,
            after.tries,
            after.updated.unix_micros(),
            after.run_at.unix_micros(),
            after.reason,
            after.checkpoint,
            end_to(after.end.as_ref())?,
        ])?;
        Ok(())
    }

    fn remove(&mut self, job: &Job) -> Result<()> {
        self.count(job, -1);
        self.has_purged = true;
        // Its notes and charges go by the foreign key.
        self.statement("DELETE FROM job WHERE id = ?1")?.execute([id_to(job.id)])?;
        Ok(())
    }

    fn children(&mut self, parent: JobId) -> Result<Vec<JobId>> {
        let mut find =
            self.statement("SELECT id FROM job INDEXED BY job_parent WHERE parent = ?1 ORDER BY id")?;
        let rows = find.query_map([id_to(parent)], |row| row.get(0).map(id_from))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn note(&mut self, id: JobId, note: &Note) -> Result<()> {
        let mut insert = self.statement(
            "INSERT INTO note SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3, ?4 FROM note WHERE job = ?1",
        )?;
        insert.execute(params![id_to(id), note.at.unix_micros(), note.what, note.detail])?;
        Ok(())
    }

    fn charge(&mut self, id: JobId, at: Timestamp, charge: &Charge) -> Result<()> {
        let mut insert = self.statement(
            "INSERT INTO charge SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 \
             FROM charge WHERE job = ?1",
        )?;
        insert.execute(params![
            id_to(id),
            at.unix_micros(),
            charge.certainty,
            charge.nonce,
            charge.interaction,
            charge.remote_job,
            charge.mode,
            charge.milliminutes.map(|number| i64::try_from(number).unwrap_or(i64::MAX)),
            charge.sha256,
        ])?;
        Ok(())
    }

    fn lease(&mut self, account: &str) -> Result<Option<Lease>> {
        let mut find = self.statement("SELECT owner, token, until FROM lease WHERE account = ?1")?;
        let lease = |row: &Row<'_>| {
            let (token, until): (i64, i64) = (row.get(1)?, row.get(2)?);
            let until = Timestamp::from_unix_micros(until);
            Ok(Lease { owner: row.get(0)?, token: token.unsigned_abs(), until })
        };
        Ok(find.query_row([account], lease).optional()?)
    }

    fn put_lease(&mut self, account: &str, lease: &Lease) -> Result<()> {
        let token = i64::try_from(lease.token).unwrap_or(i64::MAX);
        self.statement("INSERT OR REPLACE INTO lease VALUES (?1, ?2, ?3, ?4)")?.execute(params![
            account,
            lease.owner,
            token,
            lease.until.unix_micros()
        ])?;
        Ok(())
    }

    fn paused(&mut self, scope: &Scope) -> Result<Option<Paused>> {
        Ok(pauses(self.connection)?.into_iter().find(|pause| pause.scope == *scope))
    }

    fn put_pause(&mut self, pause: &Paused) -> Result<()> {
        let (scope, name) = scope_to(&pause.scope);
        self.statement("INSERT OR REPLACE INTO pause VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
            scope,
            name,
            pause.kind,
            pause.why,
            pause.since.unix_micros(),
            pause.until.map(Timestamp::unix_micros)
        ])?;
        Ok(())
    }

    fn remove_pause(&mut self, scope: &Scope) -> Result<bool> {
        let (scope, name) = scope_to(scope);
        Ok(self.statement("DELETE FROM pause WHERE scope = ?1 AND name = ?2")?.execute([scope, name])? > 0)
    }

    fn remember(&mut self, account: &str, name: &str, value: &str) -> Result<()> {
        self.statement("INSERT OR REPLACE INTO remembered VALUES (?1, ?2, ?3)")?
            .execute([account, name, value])?;
        Ok(())
    }

    fn observe(&mut self, hour: i64, series: &str, bucket: u16, value: i64) -> Result<()> {
        let mut add = self.statement(
            "INSERT INTO observed VALUES (?1, ?2, ?3, 1, ?4) ON CONFLICT DO UPDATE SET count = count + 1, \
             sum = min(sum, 9223372036854775807 - excluded.sum) + excluded.sum",
        )?;
        add.execute(params![series, hour, bucket, value])?;
        Ok(())
    }
}

pub(super) fn job(connection: &Connection, id: JobId) -> Result<Option<Job>> {
    let mut find = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM job WHERE id = ?1"))?;
    let mut rows = find.query([id_to(id)])?;
    rows.next()?.map(job_from).transpose()
}

pub(super) fn counter(connection: &Connection, name: &str) -> Result<i64> {
    let mut find = connection.prepare_cached("SELECT value FROM counter WHERE name = ?1")?;
    Ok(find.query_row([name], |row| row.get(0))?)
}

pub(super) fn pauses(connection: &Connection) -> Result<Vec<Paused>> {
    let mut find = connection.prepare_cached("SELECT scope, name, kind, why, since, until FROM pause")?;
    let mut rows = find.query([])?;
    let mut pauses = Vec::new();
    while let Some(row) = rows.next()? {
        let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
        let scope = match kind.as_str() {
            "queue" => Scope::Queue,
            "account" => Scope::Account(name),
            "batch" => Scope::Batch(name),
            _ => return Err(fault::odd(&format!("a pause over {kind:?}"))),
        };
        pauses.push(Paused {
            scope,
            kind: row.get(2)?,
            why: row.get(3)?,
            since: Timestamp::from_unix_micros(row.get(4)?),
            until: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_unix_micros),
        });
    }
    pauses.sort_by(|one, other| one.scope.cmp(&other.scope));
    Ok(pauses)
}

fn scope_to(scope: &Scope) -> (&'static str, &str) {
    match scope {
        Scope::Queue => ("queue", ""),
        Scope::Account(name) => ("account", name),
        Scope::Batch(name) => ("batch", name),
    }
}

/// Numbers above what SQLite can hold are nobody's.
pub(super) fn id_to(id: JobId) -> i64 {
    i64::try_from(id.0).unwrap_or(i64::MAX)
}

pub(super) fn id_from(id: i64) -> JobId {
    JobId(id.unsigned_abs())
}

fn end_to(end: Option<&End>) -> Result<Option<String>> {
    let json = end.map(serde_json::to_string).transpose();
    json.map_err(|why| fault::odd(&format!("an end that cannot be written: {why}")))
}

pub(super) fn state_from(name: &str) -> Result<State> {
    State::from_name(name).ok_or_else(|| fault::odd(&format!("a state {name:?}")))
}

pub(super) fn job_from(row: &Row<'_>) -> Result<Job> {
    let time = |column| row.get(column).map(Timestamp::from_unix_micros);
    let id: i64 = row.get(0)?;
    let end: Option<String> = row.get(26)?;
    let end = end.map(|json| serde_json::from_str(&json)).transpose();
    Ok(Job {
        id: id_from(id),
        state: state_from(&row.get::<_, String>(1)?)?,
        account: row.get(2)?,
        ready: row.get(3)?,
        cancel_asked: row.get(4)?,
        sends: row.get(5)?,
        tries: row.get(6)?,
        created: time(7)?,
        updated: time(8)?,
        run_at: time(9)?,
        reason: row.get(22)?,
        checkpoint: row.get(25)?,
        end: end.map_err(|why| fault::odd(&format!("the end of job {id}: {why}")))?,
        asked: NewJob {
            tenant: row.get(10)?,
            batch: row.get(11)?,
            index: row.get(12)?,
            step: row.get(13)?,
            priority: row.get(14)?,
            run_at: time(15)?,
            deadline: row.get::<_, Option<i64>>(16)?.map(Timestamp::from_unix_micros),
            account: row.get(17)?,
            parent: row.get::<_, Option<i64>>(18)?.map(id_from),
            key: row.get(19)?,
            most_sends: row.get(20)?,
            resend_undecided: row.get(21)?,
            title: row.get(TITLE)?,
            request: row.get(24)?,
        },
    })
}

/// A text as a parameter.
pub(super) fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}
