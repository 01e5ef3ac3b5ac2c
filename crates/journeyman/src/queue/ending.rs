//! What the end of a job means to the queue: what may be tried again, and what was paid. It tries nothing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use journeyman_jobs::backend::How;
use journeyman_jobs::job::{Charge, End, SavedFile};
use journeyman_jobs::time::Timestamp;
use journeyman_midjourney::generation::GenerationRecord;
use sha2::{Digest as _, Sha256};

use crate::error::{Error, ErrorKind};
use crate::event::Finished;

/// The charge that a record proves.
pub(super) fn charge(record: &GenerationRecord, certainty: &str) -> Charge {
    Charge {
        certainty: certainty.to_owned(),
        nonce: record.nonce.clone(),
        interaction: record.interaction.map(|id| id.to_string()).unwrap_or_default(),
        remote_job: record.job_id.clone().unwrap_or_default(),
        mode: record.outcome.as_ref().and_then(|outcome| outcome.mode.clone()).unwrap_or_default(),
        ..Charge::default()
    }
}

/// The end of a finished job; its files are read back and hashed.
///
/// # Errors
/// `Storage` when a file that was written a moment ago cannot be read.
pub(super) async fn finished(finished: &Finished, record: Option<&GenerationRecord>) -> Result<End, Error> {
    let urls: Vec<String> = record
        .and_then(|record| record.outcome.as_ref())
        .map(|outcome| outcome.files.iter().map(|file| file.url.clone()).collect())
        .unwrap_or_default();
    let paths = finished.files.clone();
    let hashing = tokio::task::spawn_blocking(move || {
        paths
            .iter()
            .enumerate()
            .map(|(index, path)| saved(path, urls.get(index)))
            .collect::<Result<_, Error>>()
    });
    let files: Vec<SavedFile> = hashing.await.map_err(|error| {
        Error::new(ErrorKind::Internal, "hash the images: the task failed").with_source(error)
    })??;
    Ok(End {
        kind: "Finished".to_owned(),
        text: match files.len() {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        },
        result: record.and_then(|record| serde_json::to_string(record).ok()).unwrap_or_default(),
        files,
        ..End::default()
    })
}

fn saved(path: &Path, url: Option<&String>) -> Result<SavedFile, Error> {
    let bytes = std::fs::read(path).map_err(|error| {
        Error::new(ErrorKind::Storage, format!("read {} back", path.display()))
            .with_hint("check the disk; the image is still in the Discord channel")
            .with_source(error)
    })?;
    // Another working folder must find it too.
    let absolute: PathBuf = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Ok(SavedFile {
        path: absolute.to_string_lossy().into_owned(),
        sha256: hexadecimal(&Sha256::digest(&bytes)),
        bytes: bytes.len() as u64,
        url: url.cloned().unwrap_or_default(),
    })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The end of a job that ended in an error.
pub(super) fn failed(error: &Error) -> End {
    End {
        kind: error.kind().name().to_owned(),
        text: error.to_string(),
        hint: error.hint().unwrap_or_default().to_owned(),
        retryable: error.is_retryable(),
        ..End::default()
    }
}

/// What may be done after an error. `has_left` says whether the request may have been executed.
pub(super) fn how(error: &Error, has_left: bool, now: Timestamp) -> How {
    let after = error.retry_after();
    match error.kind() {
        ErrorKind::Unreachable
        | ErrorKind::UpstreamFailed
        | ErrorKind::RateLimited
        | ErrorKind::CommandOutdated => How::NotExecuted { after },
        ErrorKind::QueueFull => How::QueueFull,
        ErrorKind::Cooldown => How::AccountPaused { until: Some(now.after(after.unwrap_or(COOLDOWN))) },
        // A token that dies, or a defect here, says nothing of a job that is out.
        ErrorKind::Unauthorized | ErrorKind::Internal if has_left => How::Undecided,
        ErrorKind::HumanVerification
        | ErrorKind::AccountActionRequired
        | ErrorKind::AccountBlocked
        | ErrorKind::SubscriptionRequired
        | ErrorKind::CreditsExhausted
        | ErrorKind::Unauthorized => How::AccountPaused { until: None },
        ErrorKind::Undecided | ErrorKind::NoResponse => How::Undecided,
        ErrorKind::Cancelled => How::Cancelled,
        ErrorKind::Configuration
        | ErrorKind::InvalidPrompt
        | ErrorKind::Storage
        | ErrorKind::Internal
        | ErrorKind::PreModeration
        | ErrorKind::PostModeration
        | ErrorKind::EphemeralModeration
        | ErrorKind::InvalidRequest
        | ErrorKind::JobQueued
        | ErrorKind::PlanRestricted
        | ErrorKind::JobFailed
        | ErrorKind::InteractionFailed
        | ErrorKind::UnknownNotice => How::Failed,
    }
}

/// Where Midjourney names no time.
const COOLDOWN: std::time::Duration = std::time::Duration::from_mins(1);
