//! The operator's file of past outcomes: one JSON object a line, appended as jobs end. What it teaches is `screen`'s subject.

use std::io::{Read as _, Write as _};
use std::path::Path;

use journeyman::{Error, ErrorKind};
use journeyman_midjourney::screen::Past;
use serde_json::{Value, json};

/// More than anyone's outcomes have; what is longer is another kind of file.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// The version of a line's form.
const VERSION: u64 = 1;

/// The past, in order of time.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    /// What was accepted or refused by moderation; other ends teach nothing and are left out.
    pub(crate) past: Vec<Past>,
    /// How many lines could not be read.
    pub(crate) unreadable: usize,
}

impl Outcomes {
    /// Reads the file; one that is not there has nothing in it.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        let opened = std::fs::File::open(path);
        if opened.as_ref().is_err_and(|why| why.kind() == std::io::ErrorKind::NotFound) {
            return Ok(Self::default());
        }
        opened.and_then(|file| file.take(MOST_BYTES).read_to_end(&mut bytes)).map_err(|why| {
            Error::new(ErrorKind::Configuration, format!("read the outcomes in {}", path.display()))
                .with_hint("check screen_outcomes or --screen-outcomes")
                .with_source(why)
        })?;
        Ok(Self::parse(&String::from_utf8_lossy(&bytes)))
    }

    fn parse(text: &str) -> Self {
        let mut outcomes = Self::default();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match one(line) {
                Some((prompt, outcome)) if outcome == "accepted" || outcome == "refused" => {
                    outcomes.past.push(Past { prompt, refused: outcome == "refused" });
                }
                Some(_) => {}
                None => outcomes.unreadable += 1,
            }
        }
        outcomes
    }
}

fn one(line: &str) -> Option<(String, String)> {
    let value: Value = serde_json::from_str(line).ok()?;
    value.get("version").and_then(Value::as_u64).filter(|version| *version == VERSION)?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    Some((text("prompt")?, text("outcome")?))
}

/// Appends how a job ended, as one line.
///
/// # Errors
/// `Storage`. The job's own end is not changed by it.
pub(crate) fn append(path: &Path, prompt: &str, ended: Result<(), ErrorKind>) -> Result<(), Error> {
    let line = format!("{}\n", line(prompt, ended));
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    // Prompts are nobody else's.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // One write of one line: two processes that append do not mix.
    options.open(path).and_then(|mut file| file.write_all(line.as_bytes())).map_err(|why| {
        Error::new(ErrorKind::Storage, format!("append an outcome to {}", path.display())).with_source(why)
    })
}

fn line(prompt: &str, ended: Result<(), ErrorKind>) -> Value {
    let (outcome, kind) = match ended {
        Ok(()) => ("accepted", None),
        Err(kind) => (class(kind), Some(kind.name())),
    };
    json!({"version": VERSION, "prompt": prompt, "outcome": outcome, "kind": kind})
}

/// What moderation decided tells of the words; everything else tells of something else.
fn class(kind: ErrorKind) -> &'static str {
    let moderation = [ErrorKind::PreModeration, ErrorKind::PostModeration, ErrorKind::EphemeralModeration];
    if moderation.contains(&kind) { "refused" } else { "other" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_is_read_again_and_other_ends_teach_nothing() {
        let ends = [
            Ok(()),
            Err(ErrorKind::PreModeration),
            Err(ErrorKind::EphemeralModeration),
            Err(ErrorKind::QueueFull),
        ];
        let lines: Vec<_> = ends.iter().map(|end| line("a \"fox\"\n", *end).to_string()).collect();
        let text = lines.join("\n") + "\n";
        let read = Outcomes::parse(&format!(
            "{text}not json\n{{\"version\": 2, \"prompt\": \"x\", \"outcome\": \"refused\"}}\n"
        ));
        let refused: Vec<_> = read.past.iter().map(|past| past.refused).collect();
        assert_eq!((refused.as_slice(), read.unreadable), (&[false, true, true][..], 2));
        assert_eq!(read.past[0].prompt, "a \"fox\"\n");
    }
}
