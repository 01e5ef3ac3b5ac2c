//! `replay`: a recording, fed to the machines that made it. It asks nobody.

use std::fmt::Write as _;
use std::path::PathBuf;

use journeyman::{Happening, Replay, Voice};
use serde_json::{Value, json};

use crate::args;
use crate::error::Error;
use crate::show;

/// Replays the files; what differs is told, and is an error of its own.
pub(super) fn run(args: &args::Replay) -> Result<(), Error> {
    let text = args.files.iter().map(read).collect::<Result<String, _>>()?;
    let replay = journeyman::replay(&text).map_err(|why| Error::usage(why.to_string(), why.hint))?;
    show::print(&if args.json { in_json(&replay) } else { in_words(&replay) })?;
    if replay.is_same() {
        return Ok(());
    }
    let hint = if replay.begins_late || replay.dropped > 0 {
        "lines are missing, which alone can be why; give all parts of the recording"
    } else {
        "another version of this program recorded it, or it is a defect: `cargo xtask fixture` makes it a test"
    };
    let count = replay.differences.len();
    Err(Error::differs(
        format!("replay the recording: it differs in {count} places from what was recorded"),
        hint,
    ))
}

fn read(file: &PathBuf) -> Result<String, Error> {
    std::fs::read_to_string(file).map_err(|why| {
        let what = format!("read the recording {}: {why}", file.display());
        Error::usage(what, "give a file that `journeyman record` has written")
    })
}

fn in_words(replay: &Replay) -> String {
    let mut text = String::new();
    let mut each = replay.timeline.iter().peekable();
    while let Some(one) = each.next() {
        // Time passes all the time; only where something follows from it, it is worth a line.
        let follows = each.peek().is_some_and(|next| next.line == one.line);
        if one.voice != Voice::Told || one.text != "time passed" || follows {
            let _ = writeln!(text, "{}", line(one));
        }
    }
    text.push('\n');
    for (job, ends) in &replay.outcomes {
        let word = |outcome: &Option<String>| outcome.clone().unwrap_or_else(|| "no end".to_owned());
        let _ = writeln!(text, "job {job}: {} (recorded: {})", word(&ends.now), word(&ends.recorded));
        if let Some(expected) = &ends.expected {
            let _ = writeln!(text, "job {job}: expected: {expected}");
        }
    }
    if replay.is_cut {
        text.push_str("the recording has no end: the program was killed, or still runs\n");
    }
    for one in &replay.differences {
        let word = |said: &Option<String>| said.clone().unwrap_or_else(|| "nothing".to_owned());
        let _ =
            writeln!(text, "line {}: recorded: {}; now: {}", one.line, word(&one.recorded), word(&one.now));
    }
    if replay.differences.is_empty() {
        text.push_str("nothing differs from what was recorded\n");
    }
    text
}

fn line(one: &Happening) -> String {
    let micros = one.at.as_micros();
    let (seconds, millis) = (micros / 1_000_000, micros % 1_000_000 / 1_000);
    format!("{seconds:>6}.{millis:03} s  {:<5} {}", one.voice.word(), one.text)
}

fn in_json(replay: &Replay) -> String {
    let mut lines: Vec<Value> = replay
        .timeline
        .iter()
        .map(|one| {
            json!({"at_us": one.at.as_micros(), "line": one.line, "voice": one.voice.word(), "text": one.text})
        })
        .collect();
    let outcomes = replay.outcomes.iter().map(|(job, ends)| {
        json!({"job": job, "outcome": ends.now, "recorded": ends.recorded, "expected": ends.expected})
    });
    let differences = replay
        .differences
        .iter()
        .map(|one| json!({"line": one.line, "recorded": one.recorded, "now": one.now}));
    lines.push(json!({
        "program": replay.program,
        "outcomes": outcomes.collect::<Vec<_>>(),
        "differences": differences.collect::<Vec<_>>(),
        "dropped": replay.dropped,
        "is_cut": replay.is_cut,
        "begins_late": replay.begins_late,
        "is_same": replay.is_same(),
    }));
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}
