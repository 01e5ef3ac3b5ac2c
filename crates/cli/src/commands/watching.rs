//! A job on its way to its end: progress is told, and Ctrl-C stops watching. It starts no job.

use journeyman::{ErrorKind, Event, Finished, Job};

use crate::error::Error;
use crate::show::{self, Lines, Progress, Terminal};

/// What is known of a job that did not end well, so that a person can look for it.
#[derive(Default)]
pub(super) struct Known {
    message_id: Option<String>,
    job_id: Option<String>,
}

impl Known {
    pub(super) fn of(job: &Job) -> Self {
        Self { message_id: job.message_id().map(|id| id.to_string()), job_id: job.job_id() }
    }

    /// Adds what is known to an object.
    pub(super) fn put(&self, object: &mut serde_json::Value) {
        object["message_id"] = serde_json::json!(self.message_id);
        object["job_id"] = serde_json::json!(self.job_id);
    }

    /// The last line with `--json` of what did not end well.
    pub(super) fn failed(&self, error: &Error) -> Result<(), Error> {
        Lines::failed(error, self.message_id.as_deref(), self.job_id.as_deref())
    }

    pub(super) fn tell(&self) {
        if let Some(id) = &self.message_id {
            show::tell(&format!("message: {id}"));
        }
        if let Some(id) = &self.job_id {
            show::tell(&format!("job: {id}"));
        }
    }
}

/// Does what comes before a job, such as an upload; on Ctrl-C it is let go.
///
/// # Errors
/// Its own, and `Cancelled`.
pub(super) async fn before_a_job<T>(
    what: &str,
    doing: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::select! {
        // What is dropped has begun no job; a signal is heard once.
        done = doing => done,
        Ok(()) = tokio::signal::ctrl_c() => {
            let error = journeyman::Error::new(ErrorKind::Cancelled, format!("{what}: stopped by Ctrl-C"));
            Err(error.with_hint("no job was begun by it; what was uploaded is forgotten, or stands in the channel").into())
        }
    }
}

/// Watches a job to its end.
pub(super) async fn watch(
    job: &mut Job,
    json: bool,
    terminal: Terminal,
    known: &mut Known,
) -> Result<Finished, Error> {
    let mut progress = (!json).then(|| Progress::on(terminal));
    // A line that cannot be written does not end the job that it tells of.
    let mut tell = |event: &Event| match &mut progress {
        Some(progress) => progress.event(event),
        None => drop(Lines::event(event)),
    };
    let ended = tokio::select! {
        // Both arms may be dropped: watching goes on in the driver, and a signal is heard once.
        ended = job.watch(&mut tell) => ended,
        Ok(()) = tokio::signal::ctrl_c() => {
            job.cancel().await;
            job.outcome().await
        }
    };
    match (&progress, &ended) {
        (Some(progress), Ok(_)) => progress.finished(),
        (Some(progress), Err(_)) => progress.failed(),
        (None, _) => {}
    }
    *known = Known::of(job);
    Ok(ended?)
}

/// How a command of many jobs ends: well, with the error of its first job that did not, or with what kept all of
/// them from beginning; only the last has had no line with `--json` yet.
pub(super) fn ended(json: bool, followed: Result<Option<Error>, Error>) -> Result<(), Error> {
    match followed {
        Ok(None) => Ok(()),
        Ok(Some(first)) => Err(first),
        Err(error) => {
            if json {
                Lines::failed(&error, None, None)?;
            }
            Err(error)
        }
    }
}
