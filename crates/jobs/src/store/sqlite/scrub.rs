//! What was purged goes from the file's unused parts and from the log too. It chooses no job.

use std::time::Duration;

use super::{Purpose, Result, Sqlite, fault, rows, schema};

/// How long it waits for readers that still see what is gone.
const PATIENCE: Duration = Duration::from_millis(100);

/// A file up to this size is rewritten with the purge; a larger one when [`Sqlite::scrub`] is called.
const QUICK: u64 = 64 << 20;

/// A file up to this size is rewritten by way of memory, a larger one by way of a temporary file.
const IN_MEMORY: u64 = 8 << 20;

impl Sqlite {
    /// Rewrites the file and empties its log, so that nothing is left of what was purged. Tells whether that is so:
    /// whoever still reads an old state hinders it, and later writes try again.
    ///
    /// A purge overwrites what it removes, but a row that was moved before, when its page was full, may have left a
    /// copy in an unused part of the page. A purge does this itself where the file is small; where it is large, it
    /// takes some seconds for each million jobs, in which nobody else can write. SQLite works in a file in the
    /// folder for temporary ones, unless the store is very small.
    ///
    /// # Errors
    /// When the file cannot be written. It stays to be done, also over a restart.
    pub fn scrub(&mut self) -> Result<bool> {
        if self.purpose == Purpose::Write && self.must_scrub {
            let scrubbed = self.rewrite();
            self.told(scrubbed, "scrub")?;
        }
        Ok(!self.must_scrub)
    }

    /// After a purge. An error of it is none of the purge's: it stays to be done.
    pub(super) fn scrub_if_quick(&mut self) {
        let scrubbed = match self.bytes() {
            Ok(bytes) if bytes <= QUICK => self.scrub(),
            Ok(_) => self.empty_log().map(|()| false),
            Err(why) => Err(why),
        };
        if let Err(why) = scrubbed {
            tracing::warn!(%why, "traces of what was purged may still be in the store; they go after a later write");
        }
    }

    fn rewrite(&mut self) -> Result<()> {
        let is_large = self.bytes()? > IN_MEMORY;
        if is_large {
            self.connection.execute_batch("PRAGMA temp_store = FILE")?;
        }
        let rewritten = self.connection.execute_batch("VACUUM");
        if is_large {
            self.connection.execute_batch("PRAGMA temp_store = MEMORY")?;
        }
        rewritten?;
        self.empty_log()?;
        if self.log_is_empty()? {
            let done = format!("UPDATE counter SET value = 0 WHERE name = '{}'", rows::UNSCRUBBED);
            self.connection.execute_batch(&done)?;
            self.must_scrub = false;
        }
        Ok(())
    }

    /// Moves the log into the file, and empties it where nobody reads an old state.
    fn empty_log(&mut self) -> Result<()> {
        self.connection.busy_timeout(PATIENCE)?;
        let emptied = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.connection.busy_timeout(schema::BUSY)?;
        Ok(emptied?)
    }

    fn log_is_empty(&self) -> Result<bool> {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        match std::fs::metadata(&log) {
            Ok(found) => Ok(found.len() == 0),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(true),
            Err(why) => Err(fault::of_file(why, "look at the log")),
        }
    }
}
