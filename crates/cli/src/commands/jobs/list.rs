//! `jobs list`: the last jobs of a filter in a table, under the counts of all. It changes nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use journeyman_jobs::job::{Job, State};
use journeyman_jobs::store::{Filter, Store as _};
use serde_json::json;

use super::{Finding, standing, storage};
use crate::args;
use crate::error::Error;
use crate::show::{self, Standing, job_object, plain, span};

pub(super) fn run(args: &args::List, finding: Finding<'_>) -> Result<(), Error> {
    let mut shelf = finding.open(&args.telling.kept)?;
    let most = usize::try_from(args.last).unwrap_or(usize::MAX);
    let filter = Filter {
        states: args.state.iter().filter_map(|name| State::from_name(name)).collect(),
        batch: args.batch.clone(),
        account: args.account.clone(),
        text: args.text.clone(),
        newest_first: true,
        // One more tells whether there are more.
        most: most.saturating_add(1),
        ..Filter::default()
    };
    let counts = shelf.store.counts().map_err(|error| storage(&error))?;
    let mut jobs = shelf.store.list(&filter).map_err(|error| storage(&error))?;
    let standing = standing(&mut shelf)?;
    let are_more = jobs.len() > most;
    jobs.truncate(most);
    jobs.reverse();
    if !args.telling.json {
        return show::print(&in_words(&jobs, &counts, are_more, &standing));
    }
    let mut text = String::new();
    for job in &jobs {
        let _ = writeln!(text, "{}", job_object("job", job, &standing));
    }
    let counts: BTreeMap<&str, u64> = counts.iter().map(|(state, count)| (state.name(), *count)).collect();
    let last = json!({"event": "listed", "jobs": jobs.len(), "are_more": are_more, "all": counts});
    let _ = writeln!(text, "{last}");
    show::print(&text)
}

fn in_words(jobs: &[Job], counts: &BTreeMap<State, u64>, are_more: bool, standing: &Standing) -> String {
    let total: u64 = counts.values().sum();
    let counts: Vec<String> =
        counts.iter().map(|(state, count)| format!("{count} {}", state.name().replace('_', " "))).collect();
    let mut text = match total {
        0 => "no jobs\n".to_owned(),
        _ => format!("{total} jobs: {}\n", counts.join(", ")),
    };
    for pause in &standing.pauses {
        let _ = writeln!(text, "paused: {}", super::pause::told(pause));
    }
    if jobs.is_empty() {
        if total > 0 {
            text.push_str("none of them is like that\n");
        }
        return text;
    }
    let rows: Vec<_> = jobs.iter().map(|job| row(job, standing)).collect();
    let heads = ["job", "state", "step", "title", "batch", "account", "since", "waits for, or how it ended"];
    text.push('\n');
    text.push_str(&show::table(heads, &rows));
    if are_more {
        let _ = writeln!(text, "\nthe last {} of more; --last N shows more", jobs.len());
    }
    text
}

fn row(job: &Job, standing: &Standing) -> [String; 8] {
    [
        job.id.to_string(),
        job.state.name().replace('_', " "),
        plain(&job.asked.step),
        plain(&job.asked.title),
        plain(&job.asked.batch),
        plain(job.account.as_deref().unwrap_or_default()),
        span(standing.now.since(job.updated)),
        plain(&standing.of(job)),
    ]
}
