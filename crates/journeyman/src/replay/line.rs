//! The lines of a recording. What they mean to the machines is not decided here.

use std::time::Duration;

use journeyman_midjourney::generation::{Deadlines, ProgressVisibility};
use journeyman_model::ChannelId;
use journeyman_moment::Moment;
use serde_json::{Map, Value};

use super::NoRecording;
use crate::driver::core::CoreSettings;
use crate::record::VERSION;
use crate::settings::{Poll, WatchMode};

pub(super) const GIVE_A_RECORDING: &str =
    "give a file that `journeyman record` has written; its name begins with `recording-`";
const DAMAGED: &str = "the file was changed or damaged; record again, or remove the line to see the rest";

/// One line.
#[derive(Debug)]
pub(super) struct Line {
    /// From 1, in the text.
    pub(super) number: usize,
    pub(super) at: Moment,
    pub(super) kind: String,
    /// The recorder's own number, to which other lines refer.
    pub(super) id: u64,
    pub(super) fields: Map<String, Value>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) lines: Vec<Line>,
}

pub(super) fn wrong(line: usize, what: &str, hint: &'static str) -> NoRecording {
    NoRecording { line, what: what.to_owned(), hint }
}

/// Reads the lines; a last one that was cut off is left out.
pub(super) fn read(text: &str) -> Result<Lines, NoRecording> {
    let mut lines = Vec::new();
    let is_whole = text.ends_with('\n');
    let mut each = text.lines().enumerate().peekable();
    while let Some((index, text)) = each.next() {
        let is_last = each.peek().is_none();
        match one(index + 1, text) {
            Ok(line) => lines.push(line),
            Err(_) if is_last && !is_whole && !lines.is_empty() => {}
            Err(why) => return Err(why),
        }
    }
    Ok(Lines { lines })
}

fn one(number: usize, text: &str) -> Result<Line, NoRecording> {
    let hint = if number == 1 { GIVE_A_RECORDING } else { DAMAGED };
    let value: Value =
        serde_json::from_str(text).map_err(|why| wrong(number, &format!("it is no JSON ({why})"), hint))?;
    let Value::Object(mut fields) = value else {
        return Err(wrong(number, "it is no JSON object", hint));
    };
    let Some(Value::String(kind)) = fields.remove("kind") else {
        return Err(wrong(number, "it has no kind", hint));
    };
    let mut take = |name: &str| fields.remove(name).and_then(|value| value.as_u64()).unwrap_or_default();
    let (at, id) = (Moment::from_micros(take("at_us")), take("line"));
    Ok(Line { number, at, kind, id, fields })
}

impl Line {
    pub(super) fn field(&self, name: &str) -> &Value {
        self.fields.get(name).unwrap_or(&Value::Null)
    }

    /// A word, or nothing.
    pub(super) fn word(&self, name: &str) -> &str {
        self.field(name).as_str().unwrap_or_default()
    }

    pub(super) fn wrong(&self, name: &str) -> NoRecording {
        wrong(self.number, &format!("its {name} is missing or cannot be read"), DAMAGED)
    }

    pub(super) fn number_of(&self, name: &str) -> Result<u64, NoRecording> {
        self.field(name).as_u64().ok_or_else(|| self.wrong(name))
    }

    pub(super) fn text_of(&self, name: &str) -> Result<&str, NoRecording> {
        self.field(name).as_str().ok_or_else(|| self.wrong(name))
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.field(name).as_bool() == Some(true)
    }

    pub(super) fn span_of(&self, name: &str) -> Option<Duration> {
        self.field(name).as_u64().map(Duration::from_micros)
    }

    fn span_in(&self, name: &str, index: &str) -> Result<Duration, NoRecording> {
        let micros = self.field(name).get(index).and_then(Value::as_u64);
        micros.map(Duration::from_micros).ok_or_else(|| self.wrong(name))
    }

    pub(super) fn parse<T: std::str::FromStr>(&self, name: &str) -> Result<T, NoRecording> {
        self.text_of(name)?.parse().map_err(|_| self.wrong(name))
    }

    /// An output as the recorder was told it.
    pub(super) fn said(&self) -> Value {
        let mut fields = self.fields.clone();
        fields.remove("unix_us");
        Value::Object(fields)
    }
}

/// With what a recording begins.
pub(super) struct Begun {
    pub(super) program: String,
    pub(super) channel: ChannelId,
    pub(super) part: u64,
    pub(super) core: CoreSettings,
}

/// Reads the first line.
pub(super) fn begin(line: &Line) -> Result<Begun, NoRecording> {
    if line.kind != "begin" {
        return Err(wrong(line.number, "no recording begins with it", GIVE_A_RECORDING));
    }
    let version = line.number_of("version")?;
    if version != u64::from(VERSION) {
        let what = format!("its format is version {version}, and this program reads {VERSION}");
        return Err(wrong(line.number, &what, "use the version of this program that recorded it"));
    }
    let deadline = |index: &str| line.span_in("deadlines_us", index);
    let deadlines = Deadlines {
        first_sign: deadline("first_sign")?,
        form: deadline("form")?,
        progress: deadline("progress")?,
        slow: deadline("slow")?,
        grace: deadline("grace")?,
        cap: deadline("cap")?,
        grace_looks: u32::try_from(line.number_of("grace_looks")?).map_err(|_| line.wrong("grace_looks"))?,
    };
    let poll = |index: &str| line.span_in("poll_us", index);
    let poll = Poll { min: poll("min")?, max: poll("max")?, late: poll("late")? };
    let core = CoreSettings {
        deadlines,
        poll,
        progress: progress(line)?,
        watch: watch(line)?,
        gateway_patience: line
            .span_of("gateway_patience_us")
            .ok_or_else(|| line.wrong("gateway_patience_us"))?,
        seed: u64::from_str_radix(line.text_of("seed")?, 16).map_err(|_| line.wrong("seed"))?,
    };
    Ok(Begun {
        program: line.word("program").to_owned(),
        channel: line.parse("channel")?,
        part: line.field("part").as_u64().unwrap_or(1),
        core,
    })
}

fn progress(line: &Line) -> Result<ProgressVisibility, NoRecording> {
    match line.word("progress") {
        "visible" => Ok(ProgressVisibility::Visible),
        "hidden" => Ok(ProgressVisibility::Hidden),
        "auto" => Ok(ProgressVisibility::Auto),
        _ => Err(line.wrong("progress")),
    }
}

fn watch(line: &Line) -> Result<WatchMode, NoRecording> {
    match line.word("watch") {
        "auto" => Ok(WatchMode::Auto),
        "gateway" => Ok(WatchMode::Gateway),
        "poll" => Ok(WatchMode::Poll),
        _ => Err(line.wrong("watch")),
    }
}
