//! The store of a queue, on its own threads. What a store does is the jobs crate's matter.

use std::path::Path;
use std::sync::Arc;

use journeyman_jobs::change::{Applied, Change};
use journeyman_jobs::store::{Store, StoreError};
use journeyman_jobs::writer::{StoreHandle, Writer};
use journeyman_moment::Clock;

use super::time::Wall;
use crate::error::{Error, ErrorKind};

/// Where a queue's jobs are kept. Cheap to clone; the last clone writes what waits, and closes it.
#[derive(Debug, Clone)]
pub struct QueueStore {
    handle: StoreHandle,
    /// Owns the threads.
    _writer: Arc<Writer>,
}

impl QueueStore {
    /// A file, made where it is missing. Several processes may have it open.
    ///
    /// # Errors
    /// `Storage` when it cannot be opened, is of a newer version, or is no store.
    pub fn open(path: &Path, clock: Clock) -> Result<Self, Error> {
        let wall = Wall::read(clock);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|error| {
                Error::new(ErrorKind::Storage, format!("make the folder {}", folder.display()))
                    .with_hint("choose another file with --store")
                    .with_source(error)
            })?;
        }
        Self::of(Writer::sqlite(path, move || wall.now(clock)))
    }

    /// In memory: it ends with the process.
    ///
    /// # Errors
    /// `Storage` when a thread cannot be started.
    pub fn memory(clock: Clock) -> Result<Self, Error> {
        let wall = Wall::read(clock);
        Self::of(Writer::memory(move || wall.now(clock)))
    }

    fn of(writer: Result<Writer, StoreError>) -> Result<Self, Error> {
        let writer = writer.map_err(|error| storage(&error))?;
        Ok(Self { handle: writer.handle(), _writer: Arc::new(writer) })
    }

    /// Applies changes; they are durable when this returns.
    ///
    /// # Errors
    /// `Storage` when the store cannot be written: then none is there.
    ///
    /// # Cancel safety
    /// Dropped late, they may have been applied.
    pub async fn apply(&self, changes: Vec<Change>) -> Result<Vec<Applied>, Error> {
        self.handle.apply(changes).await.map_err(|error| storage(&error))
    }

    /// Reads.
    ///
    /// # Errors
    /// `Storage` when the store cannot be read.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Error> {
        self.handle.read(read).await.map_err(|error| storage(&error))
    }
}

/// What a store said, as the library's error.
fn storage(error: &StoreError) -> Error {
    let told = Error::new(ErrorKind::Storage, error.tried.clone()).with_hint(error.hint.clone());
    match &error.source {
        Some(source) => told.with_source(source.to_string()),
        None => told,
    }
}
