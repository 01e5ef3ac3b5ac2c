//! Reading jobs by what they are like, each by the index that is made for it. It writes nothing.

use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::rows::{COLUMNS, TITLE, id_to, job_from, text};
use crate::job::{Job, State};
use crate::store::{Class, Filter, StoreError, contains};
use crate::time::Timestamp;

type Result<T> = std::result::Result<T, StoreError>;

/// Jobs by a filter.
pub(super) fn list(connection: &Connection, filter: &Filter) -> Result<Vec<Job>> {
    // One state after the other is read from its index in the order asked for; all at once would be sorted.
    let by_state = filter.parent.is_none() && filter.batch.as_deref().is_none_or(str::is_empty);
    if !by_state || filter.states.is_empty() {
        return select(connection, filter, &filter.states, by_state);
    }
    let mut jobs = Vec::new();
    let mut states = filter.states.clone();
    states.sort_unstable();
    states.dedup();
    for state in states {
        jobs.extend(select(connection, filter, &[state], true)?);
    }
    jobs.sort_unstable_by_key(|job| job.id);
    if filter.newest_first {
        jobs.reverse();
    }
    jobs.truncate(filter.most());
    Ok(jobs)
}

fn select(connection: &Connection, filter: &Filter, states: &[State], by_state: bool) -> Result<Vec<Job>> {
    let (index, conditions, values) = conditions(filter, states, by_state);
    let direction = if filter.newest_first { "DESC" } else { "ASC" };
    let mut find = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM job {index} WHERE {} ORDER BY id {direction}",
        conditions.join(" AND ")
    ))?;
    let mut rows = find.query(params_from_iter(values))?;
    let mut jobs = Vec::new();
    while jobs.len() < filter.most()
        && let Some(row) = rows.next()?
    {
        // SQLite's own lower case knows ASCII only.
        let title = row.get_ref(TITLE)?.as_str().unwrap_or_default();
        if filter.text.as_ref().is_none_or(|text| contains(title, text)) {
            jobs.push(job_from(row)?);
        }
    }
    Ok(jobs)
}

/// The index that is read, the conditions, and their values. The planner would have to guess which one is rare.
fn conditions(filter: &Filter, states: &[State], by_state: bool) -> (&'static str, Vec<String>, Vec<Value>) {
    let mut taken: Vec<(&str, Value)> = Vec::new();
    let mut index = "NOT INDEXED";
    if let Some(account) = &filter.account {
        taken.push(("account =", text(account)));
        index = "INDEXED BY job_account";
    }
    if let Some(batch) = &filter.batch {
        // That it is not empty must be said in words for SQLite to see that the index has it.
        let condition = if batch.is_empty() { "batch =" } else { "batch <> '' AND batch =" };
        taken.push((condition, text(batch)));
        if !batch.is_empty() {
            index = "INDEXED BY job_batch";
        }
    }
    if let Some(parent) = filter.parent {
        taken.push(("parent =", Value::Integer(id_to(parent))));
        index = "INDEXED BY job_parent";
    }
    if let Some(after) = filter.after {
        let condition = if filter.newest_first { "id <" } else { "id >" };
        taken.push((condition, Value::Integer(id_to(after))));
    }
    if by_state && !states.is_empty() {
        index = "INDEXED BY job_state";
    }
    let mut conditions = vec!["true".to_owned()];
    conditions.extend(taken.iter().enumerate().map(|(n, (condition, _))| format!("{condition} ?{}", n + 1)));
    let values = taken.into_iter().map(|(_, value)| value).collect();
    let names: Vec<String> = states.iter().map(|state| format!("'{}'", state.name())).collect();
    match names.as_slice() {
        [] => {}
        [one] => conditions.push(format!("state = {one}")),
        _ => conditions.push(format!("state IN ({})", names.join(", "))),
    }
    (index, conditions, values)
}

/// The first jobs of a class that an account may have.
pub(super) fn heads(
    connection: &Connection,
    class: &Class,
    account: &str,
    now: Timestamp,
    most: usize,
) -> Result<Vec<Job>> {
    let mut find = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM job INDEXED BY job_heads WHERE tenant = ?1 AND batch = ?2 AND priority = ?3 \
         AND account IS ?4 AND state = 'waiting_for_slot' AND ready = 1 AND cancel_asked = 0 AND run_at <= ?5 \
         ORDER BY place, id LIMIT ?6"
    ))?;
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let mut jobs = Vec::new();
    for bound in [None, Some(account)] {
        let mut rows =
            find.query(params![class.tenant, class.batch, class.priority, bound, now.unix_micros(), limit])?;
        while let Some(row) = rows.next()? {
            jobs.push(job_from(row)?);
        }
    }
    jobs.sort_unstable_by_key(|job| (job.asked.index, job.id));
    jobs.truncate(most);
    Ok(jobs)
}
