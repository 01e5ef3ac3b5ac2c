//! The file as a whole: how it is opened, whose it is, and how an older one becomes the present one. It knows no job.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::fault;
use crate::store::StoreError;

/// Each makes a file one version newer. What was released is never edited.
const MIGRATIONS: &[&str] = &[include_str!("0001_jobs.sql")];

/// Says in the file's header whose it is: `JNYM`.
const APPLICATION: i32 = 0x4A4E_594D;

/// Older ones may corrupt a file that two connections write to and checkpoint at once
/// (sqlite.org/wal.html#walresetbug).
const OLDEST: i32 = 3_051_003;

/// How long a connection waits for another one's transaction.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// How many times the switch to a write-ahead log is tried while others open the same new file.
const MOST_SWITCHES: u32 = 20;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Write,
    Read,
}

/// A connection, set up.
pub(super) fn connect(path: &Path, purpose: Purpose) -> Result<Connection, StoreError> {
    refuse_old_sqlite(rusqlite::version_number())?;
    if purpose == Purpose::Write {
        create(path)?;
    }
    let opened = open(path, purpose);
    opened.map_err(|error| fault::with(error, &format!("open the store {}", path.display())))
}

fn open(path: &Path, purpose: Purpose) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    refuse_others(&connection)?;
    // The file's own settings, which are kept in it, come before its first table.
    connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
         PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;
         PRAGMA journal_size_limit = 67108864; PRAGMA trusted_schema = OFF;",
    )?;
    connection.set_prepared_statement_cache_capacity(64);
    match purpose {
        Purpose::Write => {
            connection.execute_batch("PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 1000")?;
            switch_to_wal(&connection)?;
            migrate(&mut connection)?;
        }
        // Only the writer moves the log into the file.
        Purpose::Read => connection.execute_batch(
            "PRAGMA cache_size = -4096; PRAGMA wal_autocheckpoint = 0; PRAGMA query_only = ON",
        )?,
    }
    Ok(connection)
}

/// Makes the file where there is none.
fn create(path: &Path) -> Result<(), StoreError> {
    match create_new(path) {
        Err(why) if why.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(fault::of_file(why, &format!("create the store {}", path.display())))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes an empty file that its owner alone can read, and its name durable.
pub(super) fn create_new(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.sync_all()?;
    sync_folder(path)
}

/// Makes a file's name durable, where folders can be synced.
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn refuse_old_sqlite(number: i32) -> Result<(), StoreError> {
    if number >= OLDEST {
        return Ok(());
    }
    let (major, minor, patch) = (number / 1_000_000, number / 1_000 % 1_000, number % 1_000);
    Err(StoreError {
        tried: format!(
            "open the store with SQLite {major}.{minor}.{patch}, which can corrupt a file that two programs use \
             (the WAL-reset bug, fixed in 3.51.3)"
        ),
        hint: "build with rusqlite's feature `bundled`".to_owned(),
        source: None,
    })
}

/// Refuses what is another program's, and what a newer version of this one wrote.
fn refuse_others(connection: &Connection) -> Result<(), StoreError> {
    // One state of the file: another process may be making its tables at this moment.
    let seen = connection.unchecked_transaction()?;
    let application: i32 = seen.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: usize = version(&seen)?;
    let objects: i64 = seen.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    drop(seen);
    if application != APPLICATION && objects > 0 {
        return Err(StoreError {
            tried: "read the file: it is another program's database".to_owned(),
            hint: "name another file with --store".to_owned(),
            source: None,
        });
    }
    if version > MIGRATIONS.len() {
        return Err(StoreError {
            tried: format!(
                "read the file: a newer journeyman wrote it (version {version}, this one knows {})",
                MIGRATIONS.len()
            ),
            hint: "use the newer journeyman, or another file with --store".to_owned(),
            source: None,
        });
    }
    Ok(())
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// While another process opens the same new file, the switch fails without a wait: so it is waited for.
fn switch_to_wal(connection: &Connection) -> Result<(), StoreError> {
    for _ in 0..MOST_SWITCHES {
        let switched =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match switched {
            Ok(mode) if str::eq_ignore_ascii_case(&mode, "wal") => return Ok(()),
            Ok(mode) => {
                return Err(StoreError {
                    tried: format!("keep a write-ahead log: SQLite stays at the mode {mode}"),
                    hint: "put the store on a local disk".to_owned(),
                    source: None,
                });
            }
            Err(rusqlite::Error::SqliteFailure(failure, _))
                if matches!(failure.code, ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) =>
            {
                connection.execute_batch("BEGIN IMMEDIATE; COMMIT")?;
            }
            Err(why) => return Err(why.into()),
        }
    }
    Err(StoreError {
        tried: "keep a write-ahead log: the file is never free".to_owned(),
        hint: "end the other programs that use it".to_owned(),
        source: None,
    })
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    if version(connection)? == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been quicker.
    for migration in MIGRATIONS.iter().skip(version(&transaction)?) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX))?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    Ok(transaction.commit()?)
}

#[cfg(test)]
mod tests {
    use rusqlite::types::Value;

    use super::*;

    #[test]
    fn a_version_check_against_the_wal_reset_bug() {
        assert!(refuse_old_sqlite(rusqlite::version_number()).is_ok());
        assert!(refuse_old_sqlite(3_051_003).is_ok());
        let refusal = refuse_old_sqlite(3_051_002).expect_err("it has the bug");
        assert!(refusal.tried.contains("SQLite 3.51.2"), "{refusal}");
        assert!(refuse_old_sqlite(3_040_001).is_err());
    }

    #[test]
    fn migrations_by_user_version() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("jobs.db");
        drop(connect(&path, Purpose::Write).expect("a new file"));
        let connection = connect(&path, Purpose::Write).expect("the same file again");
        assert_eq!(version(&connection).expect("a version"), MIGRATIONS.len());
        connection.pragma_update(None, "user_version", 99).expect("a write");
        drop(connection);
        let refusal = connect(&path, Purpose::Write).expect_err("it is newer");
        let text = format!("{refusal}");
        assert!(text.contains("a newer journeyman wrote it (version 99"), "{text}");
    }

    #[test]
    fn another_programs_database_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("other.db");
        Connection::open(&path).and_then(|other| other.execute_batch("CREATE TABLE t (x)")).expect("a file");
        let before = std::fs::read(&path).expect("its bytes");
        let refusal = connect(&path, Purpose::Write).expect_err("it is not ours");
        assert!(format!("{refusal}").contains("another program's database"), "{refusal}");
        assert_eq!(std::fs::read(&path).expect("its bytes"), before);
        std::fs::write(&path, vec![b'x'; 8_192]).expect("a file");
        let refusal = connect(&path, Purpose::Write).expect_err("it is no database");
        assert!(refusal.hint.contains("--store"), "{refusal:?}");
    }

    #[test]
    fn the_settings_are_those_that_survive_a_power_loss() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("jobs.db");
        let ask = |connection: &Connection, name: &str| {
            let value = connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, Value>(0));
            match value.expect("a value") {
                Value::Integer(number) => number.to_string(),
                Value::Text(text) => text,
                odd @ (Value::Null | Value::Real(_) | Value::Blob(_)) => format!("{odd:?}"),
            }
        };
        let writer = connect(&path, Purpose::Write).expect("a file");
        let reader = connect(&path, Purpose::Read).expect("a reader");
        let both = [
            ("journal_mode", "wal"),
            ("synchronous", "2"),
            ("foreign_keys", "1"),
            ("secure_delete", "1"),
            ("auto_vacuum", "2"),
            ("busy_timeout", "5000"),
        ];
        for (name, value) in both {
            assert_eq!(ask(&writer, name), value, "{name}");
            assert_eq!(ask(&reader, name), value, "{name}");
        }
        assert_eq!(
            (ask(&writer, "cache_size"), ask(&reader, "cache_size")),
            ("-16384".into(), "-4096".into())
        );
        assert!(reader.execute_batch("DELETE FROM job").is_err(), "a reader cannot write");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("jobs.db");
        let _open = connect(&path, Purpose::Write).expect("a file");
        for name in ["jobs.db", "jobs.db-wal", "jobs.db-shm"] {
            let mode = std::fs::metadata(folder.path().join(name)).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
}
