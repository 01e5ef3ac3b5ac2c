//! What SQLite and the disk say, as a store's errors with a hint. It hides nothing of it.

use std::sync::Arc;

use rusqlite::ErrorCode;

use crate::store::StoreError;

impl From<rusqlite::Error> for StoreError {
    fn from(why: rusqlite::Error) -> Self {
        let hint = why.sqlite_error_code().map_or("", hint);
        Self { tried: "use the store's file".to_owned(), hint: hint.to_owned(), source: Some(Arc::new(why)) }
    }
}

/// The same error, told of what was tried.
pub(super) fn with(error: StoreError, tried: &str) -> StoreError {
    let tried = if error.source.is_some() { tried.to_owned() } else { format!("{tried}: {}", error.tried) };
    StoreError { tried, ..error }
}

/// An error of the file system's.
pub(super) fn of_file(why: std::io::Error, tried: &str) -> StoreError {
    StoreError {
        tried: tried.to_owned(),
        hint: "see that its folder exists, may be written, and has room".to_owned(),
        source: Some(Arc::new(why)),
    }
}

/// Something in the file that this program did not write so.
pub(super) fn odd(what: &str) -> StoreError {
    StoreError {
        tried: format!("read the store's file: {what}"),
        hint: "journeyman store check tells more; a backup may be whole".to_owned(),
        source: None,
    }
}

fn hint(code: ErrorCode) -> &'static str {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the enum is rusqlite's, and may grow")]
    match code {
        ErrorCode::DiskFull => "make room on the disk: nothing of this was written, and it is tried again",
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            "another program holds the file for long: end it, or try again"
        }
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
            "see that the file and its folder exist and may be written"
        }
        ErrorCode::DatabaseCorrupt => "journeyman store check tells more; restore a backup",
        ErrorCode::NotADatabase => "name another file with --store",
        ErrorCode::SystemIoFailure => "the disk failed: look at it before anything else",
        _ => "",
    }
}
