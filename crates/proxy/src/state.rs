//! The file that keeps what was learnt over a restart: read, and replaced in one step. What it says is the limiter's
//! subject.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use journeyman_limiter::Saved;
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

/// Replaces the file in one step: whoever reads it finds the old state or the new one, whole.
pub(crate) fn store(path: &Path, saved: &Saved) -> io::Result<()> {
    let next = beside(path, "next");
    let mut file = File::create(&next)?;
    file.write_all(saved.to_text().as_bytes())?;
    // The name must not be there before the content is.
    file.sync_all()?;
    std::fs::rename(&next, path)
}

fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(what);
    path.with_file_name(name)
}
