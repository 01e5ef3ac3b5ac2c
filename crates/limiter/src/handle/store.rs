//! A file for what the limiter keeps over a restart. It decides nothing about when to read or write it.

use std::error::Error;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::saved::{Saved, SavedError};

/// Longer files are not read: a thousand learnt limits take about a megabyte.
const LONGEST: u64 = 64 * 1024 * 1024;

/// Reads what [`write()`] has written; none if there is no such file.
///
/// It blocks: call it before the runtime is busy, or on a thread of its own.
///
/// # Errors
/// [`StoreError`] if the file cannot be read or is damaged. Tell the operator, and go on without it.
pub fn read(path: &Path) -> Result<Option<Saved>, StoreError> {
    let text = match read_text(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::new(path, Cause::Read(error))),
    };
    Saved::from_text(&text).map(Some).map_err(|error| StoreError::new(path, Cause::Text(error)))
}

/// Writes the state so that a reader finds the old or the new one whole, even if the machine loses its power:
/// into a new file beside it, to the disk, and then under its name.
///
/// It blocks until the disk has it. Two writers at once must not share a path.
///
/// # Errors
/// [`StoreError`] if it cannot be written; the file before is left as it was.
pub fn write(path: &Path, saved: &Saved) -> Result<(), StoreError> {
    write_text(path, &saved.to_text()).map_err(|error| StoreError::new(path, Cause::Write(error)))
}

fn read_text(path: &Path) -> io::Result<String> {
    let length = fs::metadata(path)?.len();
    if length > LONGEST {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("{length} bytes are no saved limits")));
    }
    fs::read_to_string(path)
}

fn write_text(path: &Path, text: &str) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    // The name is kept by the directory; where that cannot be opened, as on Windows, renaming has to be enough.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match File::open(parent.unwrap_or(Path::new("."))) {
        Ok(directory) => directory.sync_all(),
        Err(_) => Ok(()),
    }
}

/// Why the stored limits could not be read or written. It names the file and what to do.
#[derive(Debug)]
pub struct StoreError {
    path: PathBuf,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Read(io::Error),
    Write(io::Error),
    Text(SavedError),
}

impl StoreError {
    fn new(path: &Path, cause: Cause) -> Self {
        Self { path: path.to_owned(), cause }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.cause {
            Cause::Read(_) => {
                write!(f, "read the stored limits from {path}; check that it is a readable file")
            }
            Cause::Write(_) => {
                write!(f, "write the limits to {path}; check that its directory exists and may be written")
            }
            Cause::Text(_) => write!(
                f,
                "read the stored limits from {path}; move the file away, and the limits are learnt again"
            ),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Read(error) | Cause::Write(error) => Some(error),
            Cause::Text(error) => Some(error),
        }
    }
}
