//! `audit`: what was charged, how sure that is, and what was paid and is missing here. It asks nobody but the disk.

mod disk;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use journeyman_jobs::job::{Charge, Job, State};
use journeyman_jobs::store::{Filter, Store as _};
use serde_json::json;

use self::disk::what_is_wrong;
use super::jobs::last_of_each;
use super::kept::{Finding, storage};
use crate::args;
use crate::error::Error;
use crate::show::{self, charge_object, plain};

/// Something that was paid, or may have been, and is not here.
#[derive(Debug)]
struct Gap {
    job: Job,
    /// In one word, for programs.
    kind: &'static str,
    /// What is the matter.
    what: String,
    /// What brings it.
    cure: String,
    charges: Vec<Charge>,
}

/// Charges of one certainty.
#[derive(Debug, Default)]
struct Sum {
    charges: u64,
    /// Thousandths of GPU minutes, where known.
    milliminutes: u64,
}

#[derive(Debug, Default)]
struct Found {
    sums: BTreeMap<String, Sum>,
    gaps: Vec<Gap>,
    files: u64,
}

/// Tells it in words, or as JSON.
pub(super) fn run(args: &args::Audit, finding: Finding<'_>) -> Result<(), Error> {
    let mut shelf = finding.open(&args.telling.kept)?;
    let mut found = Found::default();
    shelf.each_page(&Filter::default(), |shelf, jobs| {
        for job in jobs.into_iter().filter(|job| job.sends > 0) {
            let charges = shelf.store.charges(job.id).map_err(|error| storage(&error))?;
            found.look(job, last_of_each(charges));
        }
        Ok(())
    })?;
    show::print(&if args.telling.json { found.in_json() } else { found.in_words() })
}

impl Found {
    fn look(&mut self, job: Job, charges: Vec<Charge>) {
        for charge in &charges {
            let sum = self.sums.entry(charge.certainty.clone()).or_default();
            sum.charges += 1;
            sum.milliminutes += charge.milliminutes.unwrap_or_default();
        }
        self.files += job.end.as_ref().map_or(0, |end| end.files.len() as u64);
        if let Some((kind, what, cure)) = gap(&job, &charges) {
            self.gaps.push(Gap { job, kind, what, cure, charges });
        }
    }

    fn in_words(&self) -> String {
        let mut text = String::from("charges, by how sure they are:\n");
        for name in ["certain", "likely", "undecided", "none"] {
            let sum = self.sums.get(name);
            let (count, minutes) = sum.map_or((0, 0), |sum| (sum.charges, sum.milliminutes));
            let minutes = match minutes {
                0 => String::new(),
                known => format!("; {}.{:03} GPU minutes where known", known / 1_000, known % 1_000),
            };
            let _ = writeln!(text, "  {name:<10} {count}{minutes}");
        }
        if self.gaps.is_empty() {
            let _ = writeln!(
                text,
                "nothing that was paid is missing; {} files are here as they came",
                self.files
            );
            return text;
        }
        let _ = writeln!(text, "{} jobs are not in order:", self.gaps.len());
        for gap in &self.gaps {
            let (step, title) = (plain(&gap.job.asked.step), plain(&gap.job.asked.title));
            let _ = writeln!(text, "  job {} ({step}: {title}): {}", gap.job.id, plain(&gap.what));
            let _ = writeln!(text, "    {}", plain(&gap.cure));
        }
        text
    }

    fn in_json(&self) -> String {
        let mut text = String::new();
        for gap in &self.gaps {
            let object = json!({
                "event": gap.kind, "id": gap.job.id, "state": gap.job.state.name(), "title": gap.job.asked.title,
                "what": gap.what, "cure": gap.cure,
                "charges": gap.charges.iter().map(charge_object).collect::<Vec<_>>(),
            });
            let _ = writeln!(text, "{object}");
        }
        let sums: BTreeMap<&String, _> = self
            .sums
            .iter()
            .map(|(name, sum)| (name, json!({"charges": sum.charges, "milliminutes": sum.milliminutes})))
            .collect();
        let last = json!({"event": "audited", "charges": sums, "gaps": self.gaps.len(), "files": self.files});
        let _ = writeln!(text, "{last}");
        text
    }
}

/// What is not in order with a job, and what brings it in order.
fn gap(job: &Job, charges: &[Charge]) -> Option<(&'static str, String, String)> {
    let end = job.end.clone().unwrap_or_default();
    let id = job.id;
    let paid = charges.iter().rev().find(|charge| matches!(charge.certainty.as_str(), "certain" | "likely"));
    let decide = format!(
        "look into the channel, then decide: journeyman jobs resolve {id} --as finished|failed|send-again --why TEXT"
    );
    match job.state {
        State::Unknown => Some(("undecided", "nothing tells whether it was executed".to_owned(), decide)),
        // A human said so: the store never saw a result.
        State::Finished if end.files.is_empty() && end.result.is_empty() => {
            Some(("no_file", "it finished, as a human said, and has no file here".to_owned(), again(paid)))
        }
        State::Finished => {
            let wrong = what_is_wrong(&end.files);
            (!wrong.is_empty()).then(|| ("missing_file", wrong.join("; "), again(paid)))
        }
        State::Failed if end.keeps_checkpoint => {
            let cure = format!("fetch its files, without paying again: journeyman jobs retry {id}");
            Some(("no_file", format!("it is paid, and its files were not saved: {}", end.text), cure))
        }
        State::Failed | State::Cancelled => paid.map(|charge| {
            let sure = if charge.certainty == "certain" { "paid" } else { "likely paid" };
            let how = if end.text.is_empty() { job.state.name() } else { &end.text };
            ("no_file", format!("it is {sure}, and has no file here: {how}"), again(Some(charge)))
        }),
        State::WaitingForSlot | State::Sending | State::Accepted | State::Rendering => None,
    }
}

/// What brings the images of a job once more.
fn again(paid: Option<&Charge>) -> String {
    let remote = paid.map(|charge| charge.remote_job.as_str()).filter(|remote| !remote.is_empty());
    match remote {
        Some(remote) => format!("bring its images once more, without new ones: journeyman show {remote}"),
        None => "Midjourney's number of it is not known: look for its prompt in the channel".to_owned(),
    }
}
