//! The store that is there already, for what looks after it. It makes none.

use std::path::{Path, PathBuf};

use journeyman::ErrorKind;
use journeyman_jobs::change::{Applied, Change};
use journeyman_jobs::job::{Job, JobId};
use journeyman_jobs::store::sqlite::Sqlite;
use journeyman_jobs::store::{Filter, Store as _, StoreError};
use journeyman_jobs::time::Timestamp;

use super::store_place::{self, StorePlace};
use crate::args::Kept;
use crate::config::{Configuration, Environment};
use crate::error::Error;

/// How many jobs are read at once.
const PAGE: usize = 500;

/// A store's file, open.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) store: Sqlite,
    pub(super) path: PathBuf,
    scale: f64,
}

/// What it takes to find the store.
#[derive(Clone, Copy)]
pub(super) struct Finding<'a> {
    pub(super) environment: &'a Environment,
    pub(super) file: Option<&'a Path>,
}

impl Finding<'_> {
    /// Where the file is, or would be.
    ///
    /// # Errors
    /// `Configuration` where nothing says it; a usage error for a store in memory, which nobody else can open.
    pub(super) fn path(self, kept: &Kept) -> Result<PathBuf, Error> {
        let configuration = self.configuration(kept)?;
        match store_place::place(&configuration, self.environment, false)? {
            StorePlace::File(path) => Ok(path),
            StorePlace::Memory => Err(Error::usage(
                "open the store in memory: it ended with the process that had it",
                "name the file in which jobs are kept with --store",
            )),
        }
    }

    fn configuration(self, kept: &Kept) -> Result<Configuration, Error> {
        let flags = store_place::flag(kept.store.as_deref())?.into_iter().collect();
        Ok(Configuration::gather(flags, self.environment, self.file)?)
    }

    /// Opens it.
    ///
    /// # Errors
    /// Those of [`Finding::path`], and `Storage` where there is none, or it cannot be opened.
    pub(super) fn open(self, kept: &Kept) -> Result<Shelf, Error> {
        let scale = self.configuration(kept)?.time_scale()?;
        let path = self.path(kept)?;
        if !path.is_file() {
            let what = format!("open the store {}: there is no such file", path.display());
            let error = journeyman::Error::new(ErrorKind::Storage, what);
            return Err(error
                .with_hint("no job was put there yet; --store names another file, `journeyman store path` tells the usual one")
                .into());
        }
        let store = Sqlite::open(&path).map_err(|error| storage(&error))?;
        Ok(Shelf { store, path, scale })
    }
}

impl Shelf {
    /// The time of stored records.
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_unix_micros(journeyman::scaled_unix_micros(self.scale))
    }

    /// One job.
    ///
    /// # Errors
    /// `InvalidRequest` for one that is not there.
    pub(super) fn job(&mut self, id: u64) -> Result<Job, Error> {
        self.store.job(JobId(id)).map_err(|error| storage(&error))?.ok_or_else(|| {
            let what = format!("find job {id}: it is not in the store {}", self.path.display());
            let error = journeyman::Error::new(ErrorKind::InvalidRequest, what);
            error.with_hint("`journeyman jobs list` shows those that are").into()
        })
    }

    /// Applies one change.
    ///
    /// # Errors
    /// `Storage`.
    pub(super) fn apply(&mut self, change: Change) -> Result<Applied, Error> {
        let mut applied = self.apply_all(&[change])?;
        applied.pop().ok_or_else(|| {
            journeyman::Error::new(ErrorKind::Internal, "change the store: it answered nothing").into()
        })
    }

    /// Applies changes, in one transaction.
    ///
    /// # Errors
    /// `Storage`: then none of them is there.
    pub(super) fn apply_all(&mut self, changes: &[Change]) -> Result<Vec<Applied>, Error> {
        let now = self.now();
        self.store.apply(now, changes).map_err(|error| storage(&error))
    }

    /// Gives all jobs that a filter takes to a function, by number, some at a time.
    ///
    /// # Errors
    /// `Storage`, and the function's.
    pub(super) fn each_page(
        &mut self,
        filter: &Filter,
        mut look: impl FnMut(&mut Self, Vec<Job>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut filter = Filter { most: PAGE, ..filter.clone() };
        loop {
            let page = self.store.list(&filter).map_err(|error| storage(&error))?;
            let Some(last) = page.last() else { return Ok(()) };
            filter.after = Some(last.id);
            look(self, page)?;
        }
    }
}

/// What a store said, as an error with an exit code.
pub(super) fn storage(error: &StoreError) -> Error {
    let told = journeyman::Error::new(ErrorKind::Storage, error.tried.clone());
    let told = if error.hint.is_empty() { told } else { told.with_hint(error.hint.clone()) };
    match &error.source {
        Some(source) => told.with_source(source.to_string()).into(),
        None => told.into(),
    }
}
