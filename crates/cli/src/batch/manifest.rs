//! The manifest of a batch: what became of each step, for programs. It decides nothing, and runs nothing.
//!
//! JSON lines: a head, then a record for each step, parents first. `docs/manifest.md` has the fields. A reader
//! ignores fields that it does not know, and keeps states and kinds that it does not know as they are.

mod file;

use serde::{Deserialize, Serialize};

use super::expand::Item;
use super::place::{Place, Problem};
use super::plan::PlannedJob;

/// The version that is written. A field that is added changes nothing; one that means something else raises it.
pub(crate) const VERSION: u32 = 1;

/// The state of what was not sent yet, as the store of jobs calls it.
pub(crate) const WAITING: &str = "waiting_for_slot";
/// The state of what is done.
pub(crate) const FINISHED: &str = "finished";
/// The states in the order of a job's life, as the store of jobs calls them.
pub(crate) const STATES: [&str; 8] =
    [WAITING, "sending", "accepted", "rendering", FINISHED, "failed", "cancelled", "unknown"];

/// The first line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct HeadRecord {
    /// The version of the format, and what tells a manifest from another file.
    pub(crate) journeyman_manifest: u32,
    /// The batch's name.
    pub(crate) batch: String,
    /// The batch's file, as it was named.
    pub(crate) source: String,
    /// Where the paths of files begin, from the manifest's own folder on; empty for that folder.
    pub(crate) folder: String,
    /// The template of the paths.
    pub(crate) output: String,
    /// How many items there are.
    pub(crate) items: u64,
    /// How many steps: as many lines follow.
    pub(crate) steps: u64,
}

/// A step of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StepRecord {
    /// The item's number, from 1.
    pub(crate) item: u64,
    /// The line of the batch file that it came from.
    pub(crate) line: Option<u64>,
    /// The item's name; empty for none.
    pub(crate) name: String,
    /// The item's prompt with its parameters.
    pub(crate) prompt: String,
    /// The item's images: paths or links.
    pub(crate) images: Vec<String>,
    /// `imagine`, or the labels from the image on: `U1 > Zoom Out 2x`.
    pub(crate) step: String,
    /// What it is known by.
    pub(crate) key: String,
    /// The key of the step whose result it continues; none for an image.
    pub(crate) parent: Option<String>,
    /// One of [`STATES`], or a later version's.
    pub(crate) state: String,
    /// Its number in the store of jobs.
    pub(crate) job: Option<u64>,
    /// Midjourney's id of the job.
    pub(crate) remote_job: Option<String>,
    /// Discord's id of the message with the result.
    pub(crate) message: Option<String>,
    /// What is on disk.
    pub(crate) files: Vec<FileRecord>,
    /// Why it did not finish.
    pub(crate) error: Option<ErrorRecord>,
    /// What it cost, or may have.
    pub(crate) spent: Option<SpentRecord>,
}

/// A file on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct FileRecord {
    /// Where, from the head's folder on; with `/`.
    pub(crate) path: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub(crate) sha256: String,
    /// Its size.
    pub(crate) bytes: u64,
}

/// Why a step did not finish.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorRecord {
    /// The kind, as in `journeyman help exit-codes`.
    pub(crate) kind: String,
    /// What happened, for people.
    pub(crate) text: String,
    /// What to do, for people.
    pub(crate) hint: String,
}

/// What a step cost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SpentRecord {
    /// `certain`, `likely`, `undecided` or `none`.
    pub(crate) certainty: String,
    /// `fast`, `relax`, `turbo`; empty where unknown.
    pub(crate) mode: String,
    /// Thousandths of a GPU minute, where known.
    pub(crate) milliminutes: Option<u64>,
}

/// A manifest, whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// Its head.
    pub(crate) head: HeadRecord,
    /// The steps, in the order of the batch, parents first.
    pub(crate) steps: Vec<StepRecord>,
}

impl StepRecord {
    /// A step that waits to be done.
    pub(crate) fn planned(item: &Item, job: &PlannedJob, parent: Option<&PlannedJob>) -> Self {
        Self {
            item: item.number,
            line: item.place.line,
            name: item.name.clone(),
            prompt: item.prompt.clone(),
            images: item.images.clone(),
            step: job.step.clone(),
            key: job.key.clone(),
            parent: parent.map(|parent| parent.key.clone()),
            state: WAITING.to_owned(),
            ..Self::default()
        }
    }
}

impl Manifest {
    /// Reads the lines of a manifest; `file` is its name for people.
    ///
    /// # Errors
    /// What is no manifest, is one of a later version, or was cut off.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        let place = Place::file(file);
        let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        let (first, _) = lines.next().unwrap_or_default();
        let head: HeadRecord = serde_json::from_str(first).unwrap_or_default();
        match head.journeyman_manifest {
            VERSION => {}
            0 => {
                return Err(place.problem("it is no manifest of a batch", "give the file that a batch wrote"));
            }
            later => {
                let message = format!("it is of version {later}, and this program reads {VERSION}");
                return Err(place.problem(message, "use the program that wrote it, or a newer one"));
            }
        }
        let mut steps = Vec::new();
        for (line, number) in lines {
            let step = serde_json::from_str(line).map_err(|why| {
                place.line(number).problem(format!("it is no step: {why}"), "let the batch write it again")
            })?;
            steps.push(step);
        }
        if u64::try_from(steps.len()) != Ok(head.steps) {
            let message = format!("it has {} steps, and its head says {}", steps.len(), head.steps);
            return Err(place.problem(message, "let the batch write it again"));
        }
        Ok(Self { head, steps })
    }

    /// The steps of each item, in order.
    pub(crate) fn items(&self) -> impl Iterator<Item = &[StepRecord]> {
        self.steps.chunk_by(|one, next| one.item == next.item)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two items: one finished with a press, and one that failed.
    pub(in crate::batch) fn manifest() -> Manifest {
        let fox = StepRecord {
            item: 1,
            line: Some(2),
            name: "fox".to_owned(),
            prompt: "a fox".to_owned(),
            images: vec!["a.png".to_owned()],
            step: "imagine".to_owned(),
            key: "k1".to_owned(),
            parent: None,
            state: FINISHED.to_owned(),
            job: Some(1),
            remote_job: Some("r1".to_owned()),
            message: Some("m1".to_owned()),
            files: vec![FileRecord {
                path: "b/0001-a-fox/imagine-1.png".to_owned(),
                sha256: "00ff".to_owned(),
                bytes: 12,
            }],
            error: None,
            spent: Some(SpentRecord {
                certainty: "certain".to_owned(),
                mode: "fast".to_owned(),
                milliminutes: Some(1_500),
            }),
        };
        let press = StepRecord {
            step: "U1".to_owned(),
            key: "k2".to_owned(),
            parent: Some("k1".to_owned()),
            state: WAITING.to_owned(),
            job: None,
            files: Vec::new(),
            spent: None,
            ..fox.clone()
        };
        let failed = StepRecord {
            item: 2,
            prompt: "a cat".to_owned(),
            key: "k3".to_owned(),
            state: "failed".to_owned(),
            files: Vec::new(),
            error: Some(ErrorRecord {
                kind: "JobFailed".to_owned(),
                text: "the job crashed".to_owned(),
                hint: "try again".to_owned(),
            }),
            spent: Some(SpentRecord { certainty: "likely".to_owned(), ..SpentRecord::default() }),
            ..fox.clone()
        };
        let head = HeadRecord {
            journeyman_manifest: VERSION,
            batch: "b".to_owned(),
            source: "b.csv".to_owned(),
            folder: "images".to_owned(),
            output: super::super::output::DEFAULT.to_owned(),
            items: 2,
            steps: 3,
        };
        Manifest { head, steps: vec![fox, press, failed] }
    }

    #[test]
    fn a_machine_readable_manifest_is_read_back_as_it_was_written() {
        let manifest = manifest();
        let text = manifest.lines().collect::<String>();
        assert_eq!(text.lines().count(), 4);
        assert_eq!(Manifest::parse("m", &text), Ok(manifest));
    }

    #[test]
    fn unknown_fields_are_ignored_and_unknown_states_are_kept() {
        let text = "{\"journeyman_manifest\": 1, \"batch\": \"b\", \"steps\": 1, \"moon\": 1}\n\n{\"item\": 1, \"state\": \"dreaming\", \"sun\": {}}\n";
        let manifest = Manifest::parse("m", text).unwrap();
        assert_eq!((manifest.steps[0].state.as_str(), manifest.items().count()), ("dreaming", 1));
    }

    #[test]
    fn what_is_no_manifest_or_half_of_one_is_told() {
        for (text, told) in [
            ("", "m: it is no manifest"),
            ("{\"prompt\": \"a\"}\n", "m: it is no manifest"),
            ("a fox\n", "m: it is no manifest"),
            ("{\"journeyman_manifest\": 2}\n", "m: it is of version 2"),
            ("{\"journeyman_manifest\": 1, \"steps\": 2}\n{}\n", "m: it has 1 steps, and its head says 2"),
            ("{\"journeyman_manifest\": 1, \"steps\": 1}\n{\"item\": \n", "m, line 2: it is no step"),
        ] {
            let problem = Manifest::parse("m", text).unwrap_err().to_string();
            assert!(problem.starts_with(told), "{text}: {problem}");
        }
    }

    #[test]
    fn the_documentation_has_every_field() {
        let doc = include_str!("../../../../docs/manifest.md");
        let text = manifest().lines().collect::<String>();
        let names = text.split('"').skip(1).step_by(2).collect::<Vec<_>>();
        let fields: Vec<_> = names.iter().filter(|name| text.contains(&format!("\"{name}\":"))).collect();
        assert!(fields.len() > 20, "{fields:?}");
        for field in fields {
            assert!(doc.contains(&format!("`{field}`")), "{field}");
        }
        for state in STATES {
            assert!(doc.contains(&format!("`{state}`")), "{state}");
        }
    }
}
