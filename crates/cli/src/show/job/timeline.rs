//! A job's history, drawn: what happened when, and the waits between, each as a bar of its length. It judges nothing.

use std::fmt::Write as _;
use std::time::Duration;

use journeyman_jobs::job::{Job, Note, State};

use super::{Standing, plain, span, utc};

/// The width of the longest wait.
const WIDEST: u128 = 24;

/// What a wait after an event is, for people.
fn wait_after(what: &str) -> &'static str {
    match what {
        "added" | "retried" => "waits for a slot",
        "waits_again" => "waits to be tried again",
        "claimed" => "is prepared",
        "sending" => "no answer yet",
        "accepted" => "accepted, not begun",
        "queued" => "queued at Midjourney",
        "rendering" => "is rendered, and its files are fetched",
        "cancel_asked" => "goes on until the other side is asked to end it",
        _ => "",
    }
}

/// The drawing; a job that goes on ends in what it waits for now.
pub(crate) fn timeline(job: &Job, notes: &[Note], standing: &Standing) -> String {
    let mut waits: Vec<Duration> = notes.windows(2).map(|pair| pair[1].at.since(pair[0].at)).collect();
    if !job.state.is_over() {
        waits.extend(notes.last().map(|note| standing.now.since(note.at)));
    }
    let longest = waits.iter().max().copied().unwrap_or_default();
    let mut text = String::new();
    for (at, note) in notes.iter().enumerate() {
        let millis = note.at.unix_micros().rem_euclid(1_000_000) / 1_000;
        let _ = write!(text, "  {}.{millis:03}  {}", utc(note.at), note.what.replace('_', " "));
        if !note.detail.is_empty() {
            let _ = write!(text, ": {}", plain(&note.detail));
        }
        text.push('\n');
        if let Some(wait) = waits.get(at).filter(|wait| !wait.is_zero()) {
            let said = wait_after(&note.what);
            let is_last = at + 1 == notes.len();
            let why = if is_last { now(job, standing, said) } else { said.to_owned() };
            let _ = writeln!(text, "    {} {:>12}  {why}", bar(*wait, longest), span(*wait));
        }
    }
    text
}

fn now(job: &Job, standing: &Standing, said: &str) -> String {
    let standing = plain(&standing.of(job));
    match (job.state, standing.as_str()) {
        (_, "") => format!("until now: {said}"),
        (State::WaitingForSlot, standing) => format!("until now: waits for {standing}"),
        (_, standing) => format!("until now: {said} ({standing})"),
    }
}

/// At least one block; as many as the wait's part of the longest one.
fn bar(wait: Duration, longest: Duration) -> String {
    let blocks = (wait.as_micros() * WIDEST).div_ceil(longest.as_micros().max(1)).clamp(1, WIDEST);
    let blocks = usize::try_from(blocks).unwrap_or(1);
    let all = usize::try_from(WIDEST).unwrap_or(blocks);
    format!("{}{}", "█".repeat(blocks), " ".repeat(all.saturating_sub(blocks)))
}
