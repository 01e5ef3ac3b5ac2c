//! A stored job in words and as JSON. It reads no store.

mod table;
mod timeline;

use std::time::Duration;

use journeyman_jobs::change::Scope;
use journeyman_jobs::job::{Charge, Job, Note, State};
use journeyman_jobs::store::Paused;
use journeyman_jobs::time::Timestamp;
use serde_json::{Value, json};

pub(crate) use table::table;
pub(crate) use timeline::timeline;

/// What a job's words depend on beside itself.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) now: Timestamp,
    pub(crate) pauses: Vec<Paused>,
}

impl Standing {
    /// What a job waits for, or how it ended, on one line.
    pub(crate) fn of(&self, job: &Job) -> String {
        match (&job.end, job.state) {
            (Some(end), state) if state.is_over() => match end.text.as_str() {
                "" => end.kind.clone(),
                text if end.kind == "Finished" => text.to_owned(),
                text => format!("{}: {text}", end.kind),
            },
            (_, State::WaitingForSlot) => self.waits_for(job),
            (_, state) if state.is_out() && job.cancel_asked => "its end, that was asked for".to_owned(),
            _ => job.reason.clone(),
        }
    }

    fn waits_for(&self, job: &Job) -> String {
        if let Some(parent) = job.asked.parent.filter(|_| !job.ready) {
            return format!("job {parent}");
        }
        if let Some(pause) = self.pauses.iter().find(|pause| self.holds(pause, job)) {
            return format!("{}: {}", paused(&pause.scope), pause.why);
        }
        let because = if job.reason.is_empty() { String::new() } else { format!(", {}", job.reason) };
        if job.run_at > self.now {
            return format!("{} ({}{because})", utc(job.run_at), span(job.run_at.since(self.now)));
        }
        match job.account.as_ref().filter(|_| job.tries > 0) {
            Some(account) => format!("account {account}{because}"),
            None => format!("a slot{because}"),
        }
    }

    fn holds(&self, pause: &Paused, job: &Job) -> bool {
        let is_on = pause.until.is_none_or(|until| until > self.now);
        is_on
            && match &pause.scope {
                Scope::Queue => true,
                Scope::Account(name) => job.account.as_ref() == Some(name),
                Scope::Batch(name) => job.asked.batch == *name,
            }
    }
}

/// A pause in a word or two.
fn paused(scope: &Scope) -> String {
    match scope {
        Scope::Queue => "the queue is paused".to_owned(),
        Scope::Account(name) => format!("account {name} is paused"),
        Scope::Batch(name) => format!("batch {name} is paused"),
    }
}

/// Others wrote it: it must not move the cursor.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(super::lint::visible).collect()
}

/// A point in time, UTC, to the second.
pub(crate) fn utc(at: Timestamp) -> String {
    let seconds = at.unix_micros().div_euclid(1_000_000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Year, month and day of a number of days since 1970-01-01, in the Gregorian calendar.
///
/// Years begin in March here, so that the day that some lack is a year's last.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// A span of time, to two or three digits.
pub(crate) fn span(time: Duration) -> String {
    let (seconds, millis) = (time.as_secs(), time.subsec_millis());
    match seconds {
        0 => format!("{millis} ms"),
        1..60 => format!("{seconds}.{} s", millis / 100),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// A charge on one line, with its evidence.
pub(crate) fn charge_text(charge: &Charge) -> String {
    let minutes = charge.milliminutes.map(|of| format!("{}.{:03} GPU minutes", of / 1_000, of % 1_000));
    let evidence = [
        ("", charge.mode.as_str()),
        ("", minutes.as_deref().unwrap_or_default()),
        ("job ", &charge.remote_job),
        ("interaction ", &charge.interaction),
        ("nonce ", &charge.nonce),
        ("sha256 ", &charge.sha256),
    ];
    let evidence = evidence.iter().filter(|(_, text)| !text.is_empty());
    let evidence: Vec<String> = evidence.map(|(name, text)| format!("{name}{}", plain(text))).collect();
    let meaning = match charge.certainty.as_str() {
        "certain" => "certainly charged",
        "likely" => "likely charged (accepted, no result seen)",
        "undecided" => "undecided (sent, no answer seen)",
        "none" => "not charged (proven so)",
        other => other,
    };
    format!("{meaning}: {}", evidence.join(", "))
}

/// A job for programs.
pub(crate) fn job_object(event: &str, job: &Job, standing: &Standing) -> Value {
    let end = job.end.as_ref().map(|end| {
        let files = end.files.iter().map(
            |file| json!({"path": file.path, "sha256": file.sha256, "bytes": file.bytes, "url": file.url}),
        );
        json!({
            "kind": end.kind, "text": end.text, "hint": end.hint, "retryable": end.retryable,
            "files": files.collect::<Vec<_>>(), "retry_fetches_only": end.keeps_checkpoint,
        })
    });
    json!({
        "event": event,
        "id": job.id,
        "state": job.state.name(),
        "standing": standing.of(job),
        "step": job.asked.step,
        "title": job.asked.title,
        "batch": job.asked.batch,
        "index": job.asked.index,
        "tenant": job.asked.tenant,
        "priority": job.asked.priority,
        "key": job.asked.key,
        "parent": job.asked.parent,
        "account": job.account,
        "sends": job.sends,
        "tries": job.tries,
        "cancel_asked": job.cancel_asked,
        "created_us": job.created.unix_micros(),
        "updated_us": job.updated.unix_micros(),
        "run_at_us": job.run_at.unix_micros(),
        "end": end,
    })
}

/// A charge for programs.
pub(crate) fn charge_object(charge: &Charge) -> Value {
    json!({
        "certainty": charge.certainty, "nonce": charge.nonce, "interaction": charge.interaction,
        "remote_job": charge.remote_job, "mode": charge.mode, "milliminutes": charge.milliminutes,
        "sha256": charge.sha256,
    })
}

/// A line of a job's history for programs.
pub(crate) fn note_object(note: &Note) -> Value {
    json!({"at_us": note.at.unix_micros(), "what": note.what, "detail": note.detail})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_in_time_is_told_in_utc() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_400, "2000-02-29 00:00:00"),
            (1_709_251_199, "2024-02-29 23:59:59"),
            (1_767_225_599, "2025-12-31 23:59:59"),
            (1_795_552_287, "2026-11-24 20:31:27"),
            (-1, "1969-12-31 23:59:59"),
        ] {
            assert_eq!(utc(Timestamp::from_unix_micros(seconds * 1_000_000)), text, "{seconds}");
        }
    }

    #[test]
    fn a_span_is_told_in_the_unit_that_it_fills() {
        for (millis, text) in [
            (0, "0 ms"),
            (1_250, "1.2 s"),
            (61_000, "1 min 1 s"),
            (3_661_000, "1 h 1 min"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
    }
}
