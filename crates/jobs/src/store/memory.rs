//! A store in memory: the plainest there is, which the others are compared with. It survives no restart.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::{self, Lease, Rows};
use super::{Class, Filter, Observed, Paused, Store, StoreError};
use crate::change::{Applied, Change, Scope};
use crate::job::{Charge, Job, JobId, Note, State};
use crate::time::Timestamp;

type Result<T> = std::result::Result<T, StoreError>;

/// Jobs in maps.
#[derive(Debug, Default)]
pub struct Memory {
    jobs: BTreeMap<JobId, Job>,
    keys: BTreeMap<String, JobId>,
    children: BTreeMap<JobId, BTreeSet<JobId>>,
    notes: BTreeMap<JobId, Vec<Note>>,
    charges: BTreeMap<JobId, Vec<Charge>>,
    leases: BTreeMap<String, Lease>,
    pauses: BTreeMap<Scope, Paused>,
    remembered: BTreeMap<String, BTreeMap<String, String>>,
    observed: BTreeMap<(String, i64, u16), (u64, i64)>,
    counts: BTreeMap<State, u64>,
    /// The waiting jobs of each class, by index and number.
    waiting: BTreeMap<Class, BTreeSet<(u32, JobId)>>,
    last: u64,
    version: u64,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn file(&mut self, job: &Job) {
        *self.counts.entry(job.state).or_default() += 1;
        if job.state == State::WaitingForSlot {
            self.waiting.entry(Class::of(job)).or_default().insert((job.asked.index, job.id));
        }
    }

    fn unfile(&mut self, job: &Job) {
        if let Some(count) = self.counts.get_mut(&job.state) {
            *count -= 1;
        }
        self.counts.retain(|_, count| *count > 0);
        if let Some(line) = self.waiting.get_mut(&Class::of(job)) {
            line.remove(&(job.asked.index, job.id));
        }
        self.waiting.retain(|_, line| !line.is_empty());
    }
}

impl Rows for Memory {
    fn job(&mut self, id: JobId) -> Result<Option<Job>> {
        Ok(self.jobs.get(&id).cloned())
    }

    fn by_key(&mut self, key: &str) -> Result<Option<JobId>> {
        Ok(self.keys.get(key).copied())
    }

    fn next_id(&mut self) -> Result<JobId> {
        self.last += 1;
        Ok(JobId(self.last))
    }

    fn insert(&mut self, job: &Job) -> Result<()> {
        self.file(job);
        if let Some(key) = &job.asked.key {
            self.keys.insert(key.clone(), job.id);
        }
        if let Some(parent) = job.asked.parent {
            self.children.entry(parent).or_default().insert(job.id);
        }
        self.jobs.insert(job.id, job.clone());
        Ok(())
    }

    fn update(&mut self, before: &Job, after: &Job) -> Result<()> {
        self.unfile(before);
        self.file(after);
        self.jobs.insert(after.id, after.clone());
        Ok(())
    }

    fn remove(&mut self, job: &Job) -> Result<()> {
        self.unfile(job);
        self.jobs.remove(&job.id);
        self.notes.remove(&job.id);
        self.charges.remove(&job.id);
        if let Some(key) = &job.asked.key {
            self.keys.remove(key);
        }
        if let Some(siblings) = job.asked.parent.and_then(|parent| self.children.get_mut(&parent)) {
            siblings.remove(&job.id);
        }
        Ok(())
    }

    fn children(&mut self, parent: JobId) -> Result<Vec<JobId>> {
        Ok(self.children.get(&parent).into_iter().flatten().copied().collect())
    }

    fn note(&mut self, id: JobId, note: &Note) -> Result<()> {
        self.notes.entry(id).or_default().push(note.clone());
        Ok(())
    }

    fn charge(&mut self, id: JobId, _at: Timestamp, charge: &Charge) -> Result<()> {
        self.charges.entry(id).or_default().push(charge.clone());
        Ok(())
    }

    fn lease(&mut self, account: &str) -> Result<Option<Lease>> {
        Ok(self.leases.get(account).cloned())
    }

    fn put_lease(&mut self, account: &str, lease: &Lease) -> Result<()> {
        self.leases.insert(account.to_owned(), lease.clone());
        Ok(())
    }

    fn paused(&mut self, scope: &Scope) -> Result<Option<Paused>> {
        Ok(self.pauses.get(scope).cloned())
    }

    fn put_pause(&mut self, pause: &Paused) -> Result<()> {
        self.pauses.insert(pause.scope.clone(), pause.clone());
        Ok(())
    }

    fn remove_pause(&mut self, scope: &Scope) -> Result<bool> {
        Ok(self.pauses.remove(scope).is_some())
    }

    fn remember(&mut self, account: &str, name: &str, value: &str) -> Result<()> {
        let of_account = self.remembered.entry(account.to_owned()).or_default();
        of_account.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    fn observe(&mut self, hour: i64, series: &str, bucket: u16, value: i64) -> Result<()> {
        let (count, sum) = self.observed.entry((series.to_owned(), hour, bucket)).or_default();
        *count += 1;
        *sum = sum.saturating_add(value);
        Ok(())
    }
}

impl Store for Memory {
    fn apply(&mut self, now: Timestamp, changes: &[Change]) -> Result<Vec<Applied>> {
        self.version += 1;
        changes.iter().map(|change| rules::apply(self, now, change)).collect()
    }

    fn job(&mut self, id: JobId) -> Result<Option<Job>> {
        Rows::job(self, id)
    }

    fn list(&mut self, filter: &Filter) -> Result<Vec<Job>> {
        let all: Box<dyn Iterator<Item = &Job>> = if filter.newest_first {
            Box::new(self.jobs.values().rev())
        } else {
            Box::new(self.jobs.values())
        };
        Ok(all.filter(|job| filter.takes(job)).take(filter.most()).cloned().collect())
    }

    fn notes(&mut self, id: JobId) -> Result<Vec<Note>> {
        Ok(self.notes.get(&id).cloned().unwrap_or_default())
    }

    fn charges(&mut self, id: JobId) -> Result<Vec<Charge>> {
        Ok(self.charges.get(&id).cloned().unwrap_or_default())
    }

    fn counts(&mut self) -> Result<BTreeMap<State, u64>> {
        Ok(self.counts.clone())
    }

    fn classes(&mut self) -> Result<Vec<(Class, u64)>> {
        Ok(self.waiting.iter().map(|(class, line)| (class.clone(), line.len() as u64)).collect())
    }

    fn heads(&mut self, class: &Class, account: &str, now: Timestamp, most: usize) -> Result<Vec<Job>> {
        let line = self.waiting.get(class).into_iter().flatten();
        let jobs = line.filter_map(|(_, id)| self.jobs.get(id));
        let may_go = |job: &&Job| {
            let is_ours = job.account.as_ref().is_none_or(|bound| bound == account);
            job.ready && !job.cancel_asked && job.run_at <= now && is_ours
        };
        Ok(jobs.filter(may_go).take(most).cloned().collect())
    }

    fn next_due(&mut self, now: Timestamp) -> Result<Option<Timestamp>> {
        let waiting = self.jobs.values().filter(|job| job.state == State::WaitingForSlot);
        let may_go = waiting.filter(|job| job.ready && !job.cancel_asked);
        Ok(may_go.map(|job| job.run_at).filter(|due| *due > now).min())
    }

    fn pauses(&mut self) -> Result<Vec<Paused>> {
        Ok(self.pauses.values().cloned().collect())
    }

    fn remembered(&mut self, account: &str) -> Result<BTreeMap<String, String>> {
        Ok(self.remembered.get(account).cloned().unwrap_or_default())
    }

    fn observed(&mut self, prefix: &str, from_hour: i64, to_hour: i64) -> Result<Vec<Observed>> {
        let within = |(series, hour, _): &&(String, i64, u16)| {
            series.starts_with(prefix) && (from_hour..=to_hour).contains(hour)
        };
        let rows = self.observed.iter().filter(|(place, _)| within(place));
        let row = |((series, hour, bucket), (count, sum)): (&(String, i64, u16), &(u64, i64))| Observed {
            hour: *hour,
            series: series.clone(),
            bucket: *bucket,
            count: *count,
            sum: sum.unsigned_abs(),
        };
        Ok(rows.map(row).collect())
    }

    fn version(&mut self) -> Result<u64> {
        Ok(self.version)
    }
}
