//! What each change means, whatever a store is made of. It keeps nothing: a store gives it rows, and takes them back.

use crate::analytics;
use crate::change::{Applied, Change, Fence, Moved, Scope};
use crate::job::{Charge, End, Job, JobId, NewJob, Note, State};
use crate::store::{Paused, StoreError};
use crate::time::Timestamp;

type Result<T> = std::result::Result<T, StoreError>;

/// Who holds an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lease {
    /// Nobody after it was given back.
    pub(super) owner: Option<String>,
    pub(super) token: u64,
    pub(super) until: Timestamp,
}

/// The rows of a store, within one transaction.
pub(super) trait Rows {
    fn job(&mut self, id: JobId) -> Result<Option<Job>>;
    fn by_key(&mut self, key: &str) -> Result<Option<JobId>>;
    /// The number that the next new job gets; a number is given once, also when its job is purged.
    fn next_id(&mut self) -> Result<JobId>;
    fn insert(&mut self, job: &Job) -> Result<()>;
    /// Writes all of a job but what was asked, which never changes.
    fn update(&mut self, before: &Job, after: &Job) -> Result<()>;
    /// Removes a job with its notes and charges.
    fn remove(&mut self, job: &Job) -> Result<()>;
    fn children(&mut self, parent: JobId) -> Result<Vec<JobId>>;
    fn note(&mut self, id: JobId, note: &Note) -> Result<()>;
    fn charge(&mut self, id: JobId, at: Timestamp, charge: &Charge) -> Result<()>;
    fn lease(&mut self, account: &str) -> Result<Option<Lease>>;
    fn put_lease(&mut self, account: &str, lease: &Lease) -> Result<()>;
    fn paused(&mut self, scope: &Scope) -> Result<Option<Paused>>;
    fn put_pause(&mut self, pause: &Paused) -> Result<()>;
    /// Whether there was one.
    fn remove_pause(&mut self, scope: &Scope) -> Result<bool>;
    fn remember(&mut self, account: &str, name: &str, value: &str) -> Result<()>;
    /// Adds one to a bucket's count, and the value to its sum, which stops at `i64::MAX`.
    fn observe(&mut self, hour: i64, series: &str, bucket: u16, value: i64) -> Result<()>;
}

/// Applies one change.
pub(super) fn apply<R: Rows>(rows: &mut R, now: Timestamp, change: &Change) -> Result<Applied> {
    match change {
        Change::Add(asked) => add(rows, now, asked),
        Change::Lease { account, owner, until } => lease(rows, now, account, owner, *until),
        Change::Release(fence) => release(rows, fence),
        Change::Claim { fence, job } => claim(rows, now, fence, *job),
        Change::Move { fence, job, from, to } => change_by(rows, now, fence, *job, from, to),
        Change::Cancel(job) => cancel(rows, now, *job),
        Change::Retry(job) => retry(rows, now, *job),
        Change::Resolve { job, to, why } => resolve(rows, now, *job, *to, why),
        Change::Pause { scope, kind, why, until } => {
            let since = rows.paused(scope)?.map_or(now, |pause| pause.since);
            let (scope, kind, why) = (scope.clone(), kind.clone(), why.clone());
            rows.put_pause(&Paused { scope, kind, why, since, until: *until })?;
            Ok(Applied::Done)
        }
        Change::Resume(scope) => Ok(done_if(rows.remove_pause(scope)?)),
        Change::Remember { fence, name, value } => {
            if !is_held(rows, fence)? {
                return Ok(Applied::Lost);
            }
            rows.remember(&fence.account, name, value)?;
            Ok(Applied::Done)
        }
        Change::Observe { series, value } => {
            let summed = i64::try_from(*value).unwrap_or(i64::MAX);
            rows.observe(now.hour(), series, analytics::bucket(*value), summed)?;
            Ok(Applied::Done)
        }
        Change::Purge(job) => purge(rows, *job),
    }
}

fn add<R: Rows>(rows: &mut R, now: Timestamp, asked: &NewJob) -> Result<Applied> {
    if let Some(key) = &asked.key
        && let Some(first) = rows.by_key(key)?
    {
        return Ok(Applied::Exists(first));
    }
    let parent = match asked.parent {
        None => None,
        Some(id) => match rows.job(id)? {
            Some(parent) if !matches!(parent.state, State::Failed | State::Cancelled) => Some(parent),
            Some(_) | None => return Ok(Applied::NoParent),
        },
    };
    let mut job = Job::new(rows.next_id()?, asked.clone(), now);
    if let Some(parent) = parent.filter(|parent| parent.state == State::Finished) {
        follow(&mut job, &parent);
    }
    rows.insert(&job)?;
    rows.note(job.id, &note(now, "added", ""))?;
    Ok(Applied::Added(job.id))
}

/// A step can go once its parent has finished, and goes to the parent's account.
fn follow(step: &mut Job, parent: &Job) {
    step.ready = true;
    if parent.account.is_some() {
        step.account.clone_from(&parent.account);
    }
}

fn lease<R: Rows>(
    rows: &mut R,
    now: Timestamp,
    account: &str,
    owner: &str,
    until: Timestamp,
) -> Result<Applied> {
    let last = rows.lease(account)?;
    let mut token = 1;
    if let Some(last) = last {
        token = last.token + 1;
        match last.owner {
            Some(other) if other == owner => token = last.token,
            Some(other) if last.until > now => {
                return Ok(Applied::Held { owner: other, until: last.until });
            }
            Some(_) | None => {}
        }
    }
    rows.put_lease(account, &Lease { owner: Some(owner.to_owned()), token, until })?;
    Ok(Applied::Leased(Fence { account: account.to_owned(), token }))
}

/// A lease that ran out holds until somebody else takes the account: only then can two write.
fn is_held<R: Rows>(rows: &mut R, fence: &Fence) -> Result<bool> {
    let lease = rows.lease(&fence.account)?;
    Ok(lease.is_some_and(|lease| lease.owner.is_some() && lease.token == fence.token))
}

fn release<R: Rows>(rows: &mut R, fence: &Fence) -> Result<Applied> {
    if !is_held(rows, fence)? {
        return Ok(Applied::Lost);
    }
    let given_back = Lease { owner: None, token: fence.token, until: Timestamp::default() };
    rows.put_lease(&fence.account, &given_back)?;
    Ok(Applied::Done)
}

fn claim<R: Rows>(rows: &mut R, now: Timestamp, fence: &Fence, id: JobId) -> Result<Applied> {
    if !is_held(rows, fence)? {
        return Ok(Applied::Lost);
    }
    let Some(before) = rows.job(id)? else { return Ok(Applied::Refused) };
    let is_ours = before.account.as_ref().is_none_or(|account| *account == fence.account);
    if before.state != State::WaitingForSlot || !before.ready || before.cancel_asked || !is_ours {
        return Ok(Applied::Refused);
    }
    let mut job = before.clone();
    job.account = Some(fence.account.clone());
    job.tries = job.tries.saturating_add(1);
    job.updated = now;
    rows.update(&before, &job)?;
    rows.note(id, &note(now, "claimed", &fence.account))?;
    Ok(Applied::Done)
}

fn change_by<R: Rows>(
    rows: &mut R,
    now: Timestamp,
    fence: &Fence,
    id: JobId,
    from: &[State],
    to: &Moved,
) -> Result<Applied> {
    if !is_held(rows, fence)? {
        return Ok(Applied::Lost);
    }
    let Some(before) = rows.job(id)? else { return Ok(Applied::Refused) };
    if before.account.as_ref() != Some(&fence.account) || !from.contains(&before.state) {
        return Ok(Applied::Refused);
    }
    let mut job = before.clone();
    write(&mut job, now, to);
    if let Some(line) = &to.note {
        rows.note(id, line)?;
    }
    if let Some(charge) = &to.charge {
        rows.charge(id, now, charge)?;
    }
    // It waits again, and its owner had asked for its end meanwhile: nobody would take it any more.
    if job.state == State::WaitingForSlot && job.cancel_asked {
        end_cancelled(rows, now, &mut job)?;
    }
    settle(rows, &before, &job)?;
    Ok(Applied::Done)
}

fn write(job: &mut Job, now: Timestamp, to: &Moved) {
    job.updated = now;
    job.state = to.state.unwrap_or(job.state);
    if to.forget_checkpoint {
        job.checkpoint = None;
    }
    if let Some(checkpoint) = &to.checkpoint {
        job.checkpoint = Some(checkpoint.clone());
    }
    if to.is_send {
        job.sends = job.sends.saturating_add(1);
    }
    if let Some(reason) = &to.reason {
        job.reason.clone_from(reason);
    }
    if let Some(end) = &to.end {
        job.end = Some(end.clone());
    }
    job.run_at = to.run_at.unwrap_or(job.run_at);
    if to.unbind {
        unbind(job);
    }
}

/// Back to the account that was asked for, if one was; a step stays where its parent's result is.
fn unbind(job: &mut Job) {
    if job.asked.parent.is_none() {
        job.account.clone_from(&job.asked.account);
    }
}

fn cancel<R: Rows>(rows: &mut R, now: Timestamp, id: JobId) -> Result<Applied> {
    let Some(before) = rows.job(id)?.filter(|job| !job.state.is_over()) else { return Ok(Applied::Refused) };
    if before.cancel_asked {
        return Ok(Applied::Done);
    }
    let mut job = before.clone();
    job.updated = now;
    job.cancel_asked = true;
    if job.state == State::WaitingForSlot {
        end_cancelled(rows, now, &mut job)?;
    } else {
        rows.note(id, &note(now, "cancel_asked", ""))?;
    }
    rows.update(&before, &job)?;
    Ok(Applied::Done)
}

fn end_cancelled<R: Rows>(rows: &mut R, now: Timestamp, job: &mut Job) -> Result<()> {
    let spent = match job.sends {
        0 => "nothing of it was sent",
        _ => "nothing of it is under way; what was sent before was not executed",
    };
    job.state = State::Cancelled;
    job.reason = String::new();
    job.end =
        Some(End { kind: "Cancelled".to_owned(), text: spent.to_owned(), retryable: true, ..End::default() });
    rows.note(job.id, &note(now, "cancelled", spent))
}

fn retry<R: Rows>(rows: &mut R, now: Timestamp, id: JobId) -> Result<Applied> {
    let Some(before) = rows.job(id)? else { return Ok(Applied::Refused) };
    if !matches!(before.state, State::Failed | State::Cancelled) {
        return Ok(Applied::Refused);
    }
    let Some(job) = begun_again(rows, now, &before)? else { return Ok(Applied::Refused) };
    rows.note(id, &note(now, "retried", ""))?;
    rows.update(&before, &job)?;
    Ok(Applied::Done)
}

/// The job as if it had just come; `None` where what it continues is gone.
fn begun_again<R: Rows>(rows: &mut R, now: Timestamp, before: &Job) -> Result<Option<Job>> {
    let mut job = before.clone();
    if let Some(parent) = before.asked.parent {
        let Some(parent) = rows.job(parent)? else { return Ok(None) };
        job.ready = false;
        if parent.state == State::Finished {
            follow(&mut job, &parent);
        }
    }
    // What is paid and only lacks its files goes on where it was, by the account that has it.
    if !before.end.as_ref().is_some_and(|end| end.keeps_checkpoint) {
        unbind(&mut job);
        job.checkpoint = None;
    }
    job.state = State::WaitingForSlot;
    job.tries = 0;
    job.reason = String::new();
    job.end = None;
    job.cancel_asked = false;
    job.updated = now;
    job.run_at = job.asked.run_at;
    Ok(Some(job))
}

fn resolve<R: Rows>(rows: &mut R, now: Timestamp, id: JobId, to: State, why: &str) -> Result<Applied> {
    let unknown = rows.job(id)?.filter(|job| job.state == State::Unknown);
    let Some(before) = unknown else { return Ok(Applied::Refused) };
    let job = match to {
        State::Finished => decided(&before, now, to, "Finished", why),
        State::Failed => decided(&before, now, to, "Resolved", why),
        State::WaitingForSlot => match begun_again(rows, now, &before)? {
            Some(job) => job,
            None => return Ok(Applied::Refused),
        },
        State::Sending | State::Accepted | State::Rendering | State::Cancelled | State::Unknown => {
            return Ok(Applied::Refused);
        }
    };
    rows.note(id, &note(now, "resolved", &format!("{to}: {why}")))?;
    settle(rows, &before, &job)?;
    Ok(Applied::Done)
}

/// The job as a human says that it ended. What the backend found stays.
fn decided(before: &Job, now: Timestamp, to: State, kind: &str, why: &str) -> Job {
    let end = End {
        kind: kind.to_owned(),
        text: why.to_owned(),
        hint: String::new(),
        retryable: to == State::Failed,
        ..before.end.clone().unwrap_or_default()
    };
    Job { state: to, updated: now, reason: String::new(), end: Some(end), ..before.clone() }
}

/// Writes a job, and lets its steps go where it has finished.
fn settle<R: Rows>(rows: &mut R, before: &Job, job: &Job) -> Result<()> {
    rows.update(before, job)?;
    if job.state != State::Finished || before.state == State::Finished {
        return Ok(());
    }
    for child in rows.children(job.id)? {
        if let Some(before) = rows.job(child)?.filter(|child| !child.ready) {
            let mut step = before.clone();
            follow(&mut step, job);
            step.updated = job.updated;
            rows.update(&before, &step)?;
        }
    }
    Ok(())
}

fn purge<R: Rows>(rows: &mut R, id: JobId) -> Result<Applied> {
    let Some(job) = rows.job(id)?.filter(|job| job.state.is_over()) else { return Ok(Applied::Refused) };
    for child in rows.children(id)? {
        // What it found is needed still.
        if rows.job(child)?.is_some_and(|child| !child.state.is_over()) {
            return Ok(Applied::Refused);
        }
    }
    rows.remove(&job)?;
    Ok(Applied::Done)
}

fn done_if(is_done: bool) -> Applied {
    if is_done { Applied::Done } else { Applied::Refused }
}

fn note(at: Timestamp, what: &str, detail: &str) -> Note {
    Note { at, what: what.to_owned(), detail: detail.to_owned() }
}
