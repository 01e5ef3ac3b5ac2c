//! `jobs pause` and `jobs resume`: of the queue, an account or a batch. It ends no job.

use journeyman::ErrorKind;
use journeyman_jobs::change::{Applied, Change, Scope};
use journeyman_jobs::job::State;
use journeyman_jobs::store::{Filter, Paused, Store as _};
use journeyman_jobs::time::Timestamp;
use serde_json::{Value, json};

use super::{Finding, Shelf, storage};
use crate::args::{Scoped, Telling};
use crate::error::Error;
use crate::show::{self, plain, utc};

/// The kind of a pause that was asked for.
const ASKED: &str = "Asked";

pub(super) fn pause(
    scoped: &Scoped,
    why: Option<&str>,
    telling: &Telling,
    finding: Finding<'_>,
) -> Result<(), Error> {
    let mut shelf = finding.open(&telling.kept)?;
    let scope = scope(scoped);
    let before = found(&mut shelf, &scope)?;
    // An error of the account's says what a human must do: no other reason hides it.
    if let Some(before) = before.filter(|pause| pause.kind != ASKED) {
        return tell(
            telling,
            "already_paused",
            &before,
            &format!("paused already, and it stays so: {}", told(&before)),
        );
    }
    let why = why.unwrap_or("it was asked for").to_owned();
    shelf.apply(Change::Pause { scope: scope.clone(), kind: ASKED.to_owned(), why, until: None })?;
    let out = out(&mut shelf, &scope)?;
    let Some(pause) = found(&mut shelf, &scope)? else {
        return Err(journeyman::Error::new(ErrorKind::Internal, "pause: it is not there").into());
    };
    let goes_on = match out {
        0 => "nothing is out".to_owned(),
        1 => "1 job is out, and goes on to its end".to_owned(),
        out => format!("{out} jobs are out, and go on to their end"),
    };
    tell(
        telling,
        "paused",
        &pause,
        &format!("paused: {}\nnothing more of it begins; {goes_on}", told(&pause)),
    )
}

pub(super) fn resume(scoped: &Scoped, telling: &Telling, finding: Finding<'_>) -> Result<(), Error> {
    let mut shelf = finding.open(&telling.kept)?;
    let scope = scope(scoped);
    let before = found(&mut shelf, &scope)?;
    let applied = shelf.apply(Change::Resume(scope.clone()))?;
    let (Applied::Done, Some(before)) = (applied, before) else {
        let what = format!("resume {}: it is not paused", word(&scope));
        let error = journeyman::Error::new(ErrorKind::InvalidRequest, what);
        return Err(error.with_hint("`journeyman jobs list` tells what is paused").into());
    };
    let mut text = format!("resumed; it was paused: {}", told(&before));
    if before.kind != ASKED {
        text.push_str("\nif its cause is not done away with, the next job brings the pause back");
    }
    tell(telling, "resumed", &before, &text)
}

/// A pause on one line.
pub(super) fn told(pause: &Paused) -> String {
    let kind = if pause.kind == ASKED { String::new() } else { format!("{}: ", pause.kind) };
    let until = pause.until.map(|until| format!(", until {} UTC", utc(until))).unwrap_or_default();
    let since = utc(pause.since);
    format!("{} since {since} UTC{until}: {kind}{}", word(&pause.scope), plain(&pause.why))
}

fn tell(telling: &Telling, event: &str, pause: &Paused, text: &str) -> Result<(), Error> {
    if !telling.json {
        return show::print(&format!("{text}\n"));
    }
    show::line(&json!({
        "event": event, "scope": object(&pause.scope), "kind": pause.kind, "why": pause.why,
        "since_us": pause.since.unix_micros(), "until_us": pause.until.map(Timestamp::unix_micros),
    }))
}

fn scope(scoped: &Scoped) -> Scope {
    match (&scoped.account, &scoped.batch) {
        (Some(account), _) => Scope::Account(account.clone()),
        (None, Some(batch)) => Scope::Batch(batch.clone()),
        (None, None) => Scope::Queue,
    }
}

fn word(scope: &Scope) -> String {
    match scope {
        Scope::Queue => "the whole queue".to_owned(),
        Scope::Account(name) => format!("account {}", plain(name)),
        Scope::Batch(name) => format!("batch {}", plain(name)),
    }
}

fn object(scope: &Scope) -> Value {
    match scope {
        Scope::Queue => json!({"of": "queue"}),
        Scope::Account(name) => json!({"of": "account", "name": name}),
        Scope::Batch(name) => json!({"of": "batch", "name": name}),
    }
}

fn found(shelf: &mut Shelf, scope: &Scope) -> Result<Option<Paused>, Error> {
    let pauses = shelf.store.pauses().map_err(|error| storage(&error))?;
    Ok(pauses.into_iter().find(|pause| pause.scope == *scope))
}

/// How many jobs of it are out.
fn out(shelf: &mut Shelf, scope: &Scope) -> Result<usize, Error> {
    let states = State::ALL.iter().copied().filter(|state| state.is_out()).collect();
    let mut filter = Filter { states, most: usize::MAX, ..Filter::default() };
    match scope {
        Scope::Queue => {}
        Scope::Account(name) => filter.account = Some(name.clone()),
        Scope::Batch(name) => filter.batch = Some(name.clone()),
    }
    Ok(shelf.store.list(&filter).map_err(|error| storage(&error))?.len())
}
