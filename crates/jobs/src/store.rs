//! What a store must do, whatever it is made of. It decides no policy.

pub mod memory;
mod rules;
pub mod sqlite;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::change::{Applied, Change, Scope};
use crate::job::{Charge, Job, JobId, NewJob, Note, State};
use crate::time::Timestamp;

/// Where jobs are kept. Synchronous and batch-shaped: it runs on its own thread.
///
/// One suite, `journeyman_jobs::conformance`, says what every store does.
pub trait Store: Send {
    /// Applies changes in order, as one transaction: after `Ok` all of them are durable, after `Err` none is
    /// there. A change that cannot be is told in its [`Applied`] and hinders no other.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn apply(&mut self, now: Timestamp, changes: &[Change]) -> Result<Vec<Applied>, StoreError>;

    /// One job.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn job(&mut self, id: JobId) -> Result<Option<Job>, StoreError>;

    /// Jobs by a filter, by number, newest first where asked.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn list(&mut self, filter: &Filter) -> Result<Vec<Job>, StoreError>;

    /// A job's history, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn notes(&mut self, id: JobId) -> Result<Vec<Note>, StoreError>;

    /// A job's charges, oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn charges(&mut self, id: JobId) -> Result<Vec<Charge>, StoreError>;

    /// How many jobs stand where; a state without any may be absent. Constant time, whatever the number of jobs.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn counts(&mut self) -> Result<BTreeMap<State, u64>, StoreError>;

    /// The classes that have waiting jobs, with how many wait in each (also those that are not due or not ready).
    ///
    /// # Errors
    /// When the store cannot be read.
    fn classes(&mut self) -> Result<Vec<(Class, u64)>, StoreError>;

    /// The first jobs of a class that may be claimed by `account` now: waiting, ready, due, not asked to be
    /// cancelled, bound to nobody or to this account; by batch index and number.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn heads(
        &mut self,
        class: &Class,
        account: &str,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<Job>, StoreError>;

    /// When the next waiting job is due that is not yet; `None` for none.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn next_due(&mut self, now: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// The pauses in force.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn pauses(&mut self) -> Result<Vec<Paused>, StoreError>;

    /// What is remembered of an account.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn remembered(&mut self, account: &str) -> Result<BTreeMap<String, String>, StoreError>;

    /// Histograms of a range of hours (see [`Timestamp::hour`]), both ends included, by series whose name
    /// begins so; by series, hour and bucket.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn observed(&mut self, prefix: &str, from_hour: i64, to_hour: i64) -> Result<Vec<Observed>, StoreError>;

    /// A number that changes when anybody, also another process, has written.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn version(&mut self) -> Result<u64, StoreError>;
}

/// Jobs that stand in one line: first come, first served within it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Class {
    /// Whose.
    pub tenant: String,
    /// Which batch; empty for none.
    pub batch: String,
    /// Higher goes first.
    pub priority: i8,
}

impl Class {
    /// A job's.
    pub fn of(job: &Job) -> Self {
        let NewJob { tenant, batch, priority, .. } = &job.asked;
        Self { tenant: tenant.clone(), batch: batch.clone(), priority: *priority }
    }
}

/// A pause in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// What is paused.
    pub scope: Scope,
    /// The kind of the error that did it, or `Asked`.
    pub kind: String,
    /// Why, and how to go on, for people.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

/// One bucket of a histogram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// The hour.
    pub hour: i64,
    /// The series.
    pub series: String,
    /// See [`crate::analytics::bucket`].
    pub bucket: u16,
    /// How many.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
}

/// Which jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Only in these states; empty for all.
    pub states: Vec<State>,
    /// Only this batch's.
    pub batch: Option<String>,
    /// Only this account's.
    pub account: Option<String>,
    /// Only steps of this one.
    pub parent: Option<JobId>,
    /// Only with this text in the title, whatever its case.
    pub text: Option<String>,
    /// Only numbers after this one (before it, where newest come first).
    pub after: Option<JobId>,
    /// Newest first.
    pub newest_first: bool,
    /// At most so many; 0 for 1,000.
    pub most: usize,
}

impl Filter {
    /// How many at most, with the default in place of 0.
    pub fn most(&self) -> usize {
        if self.most == 0 { 1_000 } else { self.most }
    }

    /// Whether it takes a job; how many were taken before is not its matter.
    pub fn takes(&self, job: &Job) -> bool {
        let is_past = |after| if self.newest_first { job.id < after } else { job.id > after };
        (self.states.is_empty() || self.states.contains(&job.state))
            && self.batch.as_ref().is_none_or(|batch| job.asked.batch == *batch)
            && self.account.as_ref().is_none_or(|account| job.account.as_ref() == Some(account))
            && self.parent.is_none_or(|parent| job.asked.parent == Some(parent))
            && self.text.as_ref().is_none_or(|text| contains(&job.asked.title, text))
            && self.after.is_none_or(is_past)
    }
}

/// Whether a text has another in it, whatever their case.
fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// Why a store could not do it.
#[derive(Debug, Clone)]
pub struct StoreError {
    /// What was tried.
    pub tried: String,
    /// What to do about it.
    pub hint: String,
    /// What the machine said.
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{}: {source}", self.tried),
            None => f.write_str(&self.tried),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
