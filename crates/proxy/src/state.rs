//! The file that keeps what was learnt over a restart: read, and replaced in one step. What it says is the limiter's
//! subject.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use journeyman_limiter::Saved;
use journeyman_limiter::store::{self, StoreError};
use thiserror::Error;

/// The file of an earlier run cannot be read, though it is there.
#[derive(Debug, Error)]
#[error("read the limits of an earlier run in {}: {source}; give another file with --state", path.display())]
pub struct StateError {
    /// Which file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// What an earlier run has left; nothing if there was none. A file that is damaged is put aside, and its limits
/// are learnt again.
pub(crate) fn load(path: &Path) -> Result<Option<Saved>, StateError> {
    let error = |source| StateError { path: path.to_owned(), source };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(error(source)),
    };
    let text = String::from_utf8_lossy(&bytes);
    match Saved::from_text(&text) {
        Ok(saved) => Ok(Some(saved)),
        Err(why) => {
            let aside = beside(path, "damaged");
            std::fs::rename(path, &aside).map_err(error)?;
            tracing::warn!(file = %path.display(), kept = %aside.display(), %why, "start without the limits of the earlier run");
            Ok(None)
        }
    }
}

/// Writes states one after the other, and never an older one over a newer: a write that the proxy's end has
/// overtaken may still be under way.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    taken: AtomicU64,
    written: Mutex<u64>,
}

impl Writer {
    /// The number of a state that is taken now.
    pub(crate) fn number(&self) -> u64 {
        self.taken.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Writes a state unless a later one was written; it blocks.
    pub(crate) fn store(&self, number: u64, path: &Path, saved: &Saved) -> Result<(), StoreError> {
        // The file is whole whatever happened elsewhere.
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if number < *written {
            return Ok(());
        }
        store::write(path, saved)?;
        *written = number;
        Ok(())
    }
}

fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(what);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use journeyman_limiter::{Config, Machine, Moment, Occasion};

    use super::*;

    #[test]
    fn a_write_that_was_overtaken_does_not_replace_the_last_state() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("limits.json");
        let saved = |seconds, occasion| {
            let machine = Machine::new(Config::default());
            machine.save(Moment::ORIGIN, Duration::from_secs(seconds), occasion)
        };
        let (running, stopping) = (saved(1, Occasion::Running), saved(2, Occasion::Stopping));
        let writer = Writer::default();
        let (first, last) = (writer.number(), writer.number());
        writer.store(last, &path, &stopping).expect("written");
        writer.store(first, &path, &running).expect("left alone");
        assert_eq!(load(&path).expect("readable"), Some(stopping));
    }
}
