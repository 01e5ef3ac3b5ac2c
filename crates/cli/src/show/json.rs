//! Events as JSON, one object per line: the door's own words for what the library tells.

use journeyman::{Event, Finished};
use serde_json::{Value, json};

use crate::error::{Error, chain};
use crate::exit;

/// Writes each line at once, so that a reader follows along.
#[derive(Debug, Default)]
pub(crate) struct Lines;

impl Lines {
    pub(crate) fn event(event: &Event) -> Result<(), Error> {
        line(&of_event(event))
    }

    pub(crate) fn finished(finished: &Finished) -> Result<(), Error> {
        line(&of_finished("finished", finished))
    }

    pub(crate) fn failed(error: &Error, message_id: Option<&str>, job_id: Option<&str>) -> Result<(), Error> {
        let mut value = of_error(error);
        value["message_id"] = json!(message_id);
        value["job_id"] = json!(job_id);
        line(&value)
    }
}

/// One object as a line.
pub(crate) fn line(value: &Value) -> Result<(), Error> {
    super::print(&format!("{value}\n"))
}

fn of_event(event: &Event) -> Value {
    match event {
        Event::WatchedBy(by) => json!({"event": "watched_by", "by": by.word()}),
        Event::Submitted => json!({"event": "submitted"}),
        Event::Accepted => json!({"event": "accepted"}),
        Event::Unsure => json!({"event": "unsure"}),
        Event::FormOpened { title } => json!({"event": "form_opened", "title": title}),
        Event::Waiting => json!({"event": "waiting"}),
        Event::Queued => json!({"event": "queued"}),
        Event::Progress { percent, preview } => {
            json!({"event": "progress", "percent": percent, "preview": preview})
        }
        Event::Paused => json!({"event": "paused"}),
        Event::Vanished => json!({"event": "vanished"}),
        Event::Downloading => json!({"event": "downloading"}),
        Event::Saved { file } => json!({"event": "saved", "file": file.to_string_lossy()}),
        Event::FinishedLate(finished) => of_finished("finished_late", finished),
        Event::LateNotSaved { message } => json!({"event": "late_not_saved", "message": message}),
        // The library may learn to tell more than this version knows how to say.
        _ => json!({"event": "other"}),
    }
}

pub(crate) fn of_finished(event: &str, finished: &Finished) -> Value {
    json!({
        "event": event,
        "files": finished.files.iter().map(|file| file.to_string_lossy()).collect::<Vec<_>>(),
        "prompt": finished.prompt,
        "shown_prompt": finished.shown_prompt,
        "job_id": finished.job_id,
        "message_id": finished.message_id.map(|id| id.to_string()),
        "buttons": finished.buttons,
        "reply": finished.reply.as_ref().map(super::reply::object),
        "late": finished.late,
    })
}

pub(crate) fn of_error(error: &Error) -> Value {
    match error {
        Error::Usage { message, hint } => json!({
            "event": "failed", "error": "Usage", "retryable": false, "message": message, "hint": hint,
            "exit_code": exit::USAGE, "retry_after": null, "until": null,
        }),
        Error::Unscored { why, message, hint } => json!({
            "event": "failed", "error": why.name(), "retryable": false, "message": message, "hint": hint,
            "exit_code": why.code(), "retry_after": null, "until": null,
        }),
        Error::Differs { message, hint } => json!({
            "event": "failed", "error": "ReplayDiffers", "retryable": false, "message": message, "hint": hint,
            "exit_code": exit::DIFFERS, "retry_after": null, "until": null,
        }),
        Error::Client(error) => json!({
            "event": "failed",
            "error": error.kind().name(),
            "retryable": error.is_retryable(),
            "message": chain(error),
            "hint": error.hint(),
            "exit_code": exit::code(error.kind()),
            "retry_after": error.retry_after().map(|wait| wait.as_secs_f64()),
            "until": error.until(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use journeyman::ErrorKind;

    use super::*;

    #[test]
    fn a_failure_tells_kind_retry_message_hint_and_code() {
        let error = journeyman::Error::new(ErrorKind::QueueFull, "the queue is full")
            .with_hint("wait")
            .with_retry_after(Some(std::time::Duration::from_millis(1_500)));
        assert_eq!(
            of_error(&error.into()),
            json!({
                "event": "failed", "error": "QueueFull", "retryable": true, "message": "the queue is full",
                "hint": "wait", "exit_code": 14, "retry_after": 1.5, "until": null,
            })
        );
    }
}
