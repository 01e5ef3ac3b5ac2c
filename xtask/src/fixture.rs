//! `cargo xtask fixture FILE`: a recording becomes a test of the library. It changes no recording, and replaces no test.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use journeyman::Replay;
use serde_json::{Value, json};

use crate::findings::Findings;
use crate::source::root;

/// Where the library's test looks for recordings.
const FOLDER: &str = "crates/journeyman/tests/recordings";

const USAGE: &str = "usage: cargo xtask fixture FILE [--name NAME] [--expect OUTCOME]
  NAME      of the test: lowercase letters, digits and underscores; by default the file's name
  OUTCOME   how its jobs should end, where the recording shows a defect; by default as they were recorded";

#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    file: PathBuf,
    name: Option<String>,
    expect: Option<String>,
}

/// Writes the test, and says whether it passes.
pub(crate) fn make(findings: &mut Findings) {
    findings.look();
    if let Err(why) = write(std::env::args().skip(2)) {
        findings.wrong(why);
    }
}

fn write(args: impl Iterator<Item = String>) -> Result<(), String> {
    let asked = understood(args).ok_or(USAGE)?;
    let name = name(&asked)?;
    let text = std::fs::read_to_string(&asked.file)
        .map_err(|why| format!("read the recording {}: {why}", asked.file.display()))?;
    let (kept, replay) = turned(&text, asked.expect.as_deref())?;
    let folder = root().join(FOLDER);
    let path = folder.join(format!("{name}.jsonl"));
    if path.exists() {
        return Err(format!("{} is there already; give another --name", path.display()));
    }
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&path, kept))
        .map_err(|why| format!("write {}: {why}", path.display()))?;
    let passes = if replay.is_same() { "it passes" } else { "it fails, until what it shows is cured" };
    let _ = writeln!(std::io::stdout(), "{}: {passes} (cargo test -p journeyman recording)", path.display());
    Ok(())
}

fn understood(mut args: impl Iterator<Item = String>) -> Option<Asked> {
    let mut asked = Asked::default();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--name" => asked.name = Some(args.next()?),
            "--expect" => asked.expect = Some(args.next()?),
            flag if flag.starts_with("--") => return None,
            file if asked.file.as_os_str().is_empty() => asked.file = PathBuf::from(file),
            _ => return None,
        }
    }
    (!asked.file.as_os_str().is_empty()).then_some(asked)
}

fn name(asked: &Asked) -> Result<String, String> {
    let stem = asked.file.file_stem().unwrap_or_default().to_string_lossy().replace('-', "_");
    let name = asked.name.clone().unwrap_or(stem);
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(fits) {
        return Err(format!("the name {name:?} is not of lowercase letters, digits and underscores"));
    }
    Ok(name)
}

/// The recording with how its jobs are expected to end.
fn turned(text: &str, expect: Option<&str>) -> Result<(String, Replay), String> {
    let replay = journeyman::replay(text).map_err(|why| format!("{why}; {}", why.hint))?;
    if replay.dropped > 0 || replay.begins_late {
        return Err(
            "lines of the recording are missing: what they would have told cannot be tested".to_owned()
        );
    }
    // A last line that was cut off is none.
    let is_whole = |line: &&str| serde_json::from_str::<Value>(line).is_ok();
    let mut kept: String = text.lines().filter(is_whole).fold(String::new(), |kept, line| kept + line + "\n");
    let mut expected = 0;
    for (job, ends) in &replay.outcomes {
        let recorded = ends.expected.as_deref().or(ends.recorded.as_deref());
        if let Some(outcome) = expect.or(recorded).filter(|_| ends.expected.is_none()) {
            let _ = writeln!(kept, "{}", json!({"kind": "expect", "job": job, "outcome": outcome}));
        }
        expected += u32::from(expect.or(recorded).is_some());
    }
    if expected == 0 {
        return Err("no job ends in the recording: say with --expect how it should".to_owned());
    }
    let replay = journeyman::replay(&kept).map_err(|why| why.to_string())?;
    Ok((kept, replay))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(name: &str) -> String {
        let text = std::fs::read_to_string(root().join(FOLDER).join(name)).expect("a recording");
        let is_of_the_test = |line: &&str| line.contains(r#""kind":"expect""#);
        text.lines().filter(|line| !is_of_the_test(line)).fold(String::new(), |text, line| text + line + "\n")
    }

    #[test]
    fn a_recording_becomes_a_test_that_expects_what_was_recorded() {
        let (test, replay) = turned(&recording("success.jsonl"), None).expect("a test");
        let last = test.lines().last().expect("a line");
        assert_eq!(last, r#"{"job":0,"kind":"expect","outcome":"finished"}"#);
        assert!(replay.is_same());
    }

    #[test]
    fn a_defect_becomes_a_test_that_fails_until_it_is_cured() {
        let (_, replay) = turned(&recording("success.jsonl"), Some("PreModeration")).expect("a test");
        assert!(!replay.is_same());
    }

    #[test]
    fn what_is_no_whole_recording_becomes_no_test() {
        assert!(turned("a diary\n", None).expect_err("no recording").contains("line 1"));
        let text = recording("success.jsonl");
        let dropped = format!("{text}{{\"kind\":\"dropped\",\"count\":1}}\n");
        assert!(turned(&dropped, None).expect_err("lines are missing").contains("missing"));
        let first: String = text.lines().take(3).fold(String::new(), |text, line| text + line + "\n");
        assert!(turned(&first, None).expect_err("no end").contains("--expect"));
    }

    #[test]
    fn arguments_are_a_file_a_name_and_an_outcome() {
        let words = |words: &[&str]| understood(words.iter().map(|word| (*word).to_owned()));
        let asked = words(&["a-b.jsonl", "--expect", "finished"]).expect("understood");
        assert_eq!(name(&asked), Ok("a_b".to_owned()));
        assert!(name(&Asked { name: Some("../x".to_owned()), ..asked }).is_err());
        assert_eq!(words(&[]), None);
        assert_eq!(words(&["a", "b"]), None);
    }
}
