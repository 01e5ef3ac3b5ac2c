//! A recording, fed to the machines that made it: what they say, how it ends, and what differs from what was recorded.
//! It asks nobody, reads no file and no clock, and sends nothing.

mod compare;
mod line;
mod sentence;
mod told;

use std::collections::BTreeMap;
use std::fmt;

use journeyman_midjourney::generation::Reason;
use journeyman_model::ChannelId;
use journeyman_moment::Moment;
use serde_json::Value;

use self::compare::Said;
use self::line::Line;
use self::told::Wire;
use crate::drift::Drift;
use crate::driver::core::{Core, Input, JobNumber, Output};
use crate::record::said;

/// A recording that was replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// The program that recorded it.
    pub program: String,
    /// What happened, in order.
    pub timeline: Vec<Happening>,
    /// How each job ended, by its number.
    pub outcomes: BTreeMap<u64, Ends>,
    /// What the machines say otherwise than was recorded.
    pub differences: Vec<Difference>,
    /// How many lines the recorder had to leave out; what follows one may differ for that alone.
    pub dropped: u64,
    /// What was seen that this version does not know. Versions of commands are not replayed.
    pub drift: Drift,
    /// Whether it has no end: the program was killed, or still runs. What was said last may be missing.
    pub is_cut: bool,
    /// Whether it begins in the middle, because its first files were not given or are gone.
    pub begins_late: bool,
}

impl Replay {
    /// Whether each job ends as it should, and the machines say what they said then; with
    /// [`expected`](Ends::expected) outcomes that differ from the recorded ones, only the outcomes count.
    pub fn is_same(&self) -> bool {
        let is_met =
            |ends: &Ends| ends.expected.as_ref().is_none_or(|expected| Some(expected) == ends.now.as_ref());
        let is_corrected = |ends: &Ends| ends.expected.is_some() && ends.expected != ends.recorded;
        let is_corrected = self.outcomes.values().any(is_corrected);
        self.outcomes.values().all(is_met) && (is_corrected || self.differences.is_empty())
    }
}

/// How one job ended: `finished`, `cancelled`, `undecided`, `not_sent`, or the failure's name. `None` where it did not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ends {
    /// As it was recorded.
    pub recorded: Option<String>,
    /// As it ends when it is replayed.
    pub now: Option<String>,
    /// As it should end, in a recording that is a test.
    pub expected: Option<String>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// When, on the clock of the recording.
    pub at: Moment,
    /// The line of the recording, from 1.
    pub line: usize,
    /// Of what kind.
    pub voice: Voice,
    /// What, in a few words.
    pub text: String,
}

/// Of what kind a happening is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Voice {
    /// It left for Discord.
    Sent,
    /// It came from Discord.
    Heard,
    /// The driver's core was told of it.
    Told,
    /// The core said it, when it was replayed.
    Said,
    /// What a job waits for from here on, and why.
    Waits,
    /// About the recording itself.
    Note,
}

impl Voice {
    /// One word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Heard => "heard",
            Self::Told => "told",
            Self::Said => "said",
            Self::Waits => "waits",
            Self::Note => "note",
        }
    }
}

/// Something that the machines say otherwise than was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The line of the recording, from 1.
    pub line: usize,
    /// What was recorded; `None` where nothing was.
    pub recorded: Option<String>,
    /// What is said now; `None` where nothing is.
    pub now: Option<String>,
}

/// A file that is no recording, or a damaged one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRecording {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
    /// What to do.
    pub hint: &'static str,
}

impl fmt::Display for NoRecording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read the recording: line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for NoRecording {}

/// Replays a recording: the text of one file, or of the files of one recording after another. A last line that was
/// cut off is left out.
///
/// # Errors
/// [`NoRecording`] names the line that is not one of a recording, and what to do.
pub fn replay(text: &str) -> Result<Replay, NoRecording> {
    let lines = line::read(text)?;
    let Some(first) = lines.lines.first() else {
        return Err(line::wrong(1, "the file is empty", line::GIVE_A_RECORDING));
    };
    let begun = line::begin(first)?;
    let mut player = Player::new(Core::new(begun.core), begun.channel);
    player.replay.program = begun.program;
    player.replay.begins_late = begun.part > 1;
    player.replay.is_cut = true;
    if begun.part > 1 {
        let text = format!("begins with part {}: jobs that began before it are not known", begun.part);
        player.happened(first, Voice::Note, text);
    }
    let mut part = begun.part;
    for line in lines.lines.get(1..).unwrap_or_default() {
        if line.kind == "begin" {
            let next = line.number_of("part")?;
            if next != part + 1 {
                let what = format!("part {next} of a recording comes after part {part}");
                return Err(line::wrong(
                    line.number,
                    &what,
                    "give the parts of one recording in their order",
                ));
            }
            part = next;
        } else {
            player.take(line)?;
        }
    }
    Ok(player.end())
}

struct Player {
    core: Core,
    channel: ChannelId,
    wire: Wire,
    said: Said,
    waits: BTreeMap<JobNumber, (Reason, Option<Moment>)>,
    replay: Replay,
}

impl Player {
    fn new(core: Core, channel: ChannelId) -> Self {
        let replay = Replay {
            program: String::new(),
            timeline: Vec::new(),
            outcomes: BTreeMap::new(),
            differences: Vec::new(),
            dropped: 0,
            drift: Drift::default(),
            is_cut: false,
            begins_late: false,
        };
        Self { core, channel, wire: Wire::default(), said: Said::default(), waits: BTreeMap::new(), replay }
    }

    fn happened(&mut self, line: &Line, voice: Voice, text: String) {
        self.replay.timeline.push(Happening { at: line.at, line: line.number, voice, text });
    }

    fn take(&mut self, line: &Line) -> Result<(), NoRecording> {
        match line.kind.as_str() {
            "input" => self.input(line)?,
            "output" => self.output(line),
            "dropped" => {
                let count = line.number_of("count")?;
                self.replay.dropped = self.replay.dropped.saturating_add(count);
                self.said.has_gap = true;
                self.happened(line, Voice::Note, format!("{count} lines are missing: the disk was too slow"));
            }
            "expect" => {
                let outcome = line.text_of("outcome")?.to_owned();
                self.replay.outcomes.entry(line.number_of("job")?).or_default().expected = Some(outcome);
            }
            "end" => {
                self.replay.is_cut = false;
                self.settle(line.number);
            }
            _ => {
                self.wire.keep(line)?;
                if let Some((voice, text)) = sentence::of_wire(line, self.channel) {
                    self.happened(line, voice, text);
                }
            }
        }
        Ok(())
    }

    fn input(&mut self, line: &Line) -> Result<(), NoRecording> {
        // What a withdrawal told the core came between two of its outputs, all others after the last.
        if line.word("input") != "withdrawn" {
            self.settle(line.number);
        }
        let Some(input) = told::input(line, &mut self.wire, self.channel)? else {
            self.said.has_gap = true;
            self.happened(line, Voice::Note, "what was told here is not in the recording".to_owned());
            return Ok(());
        };
        self.happened(line, Voice::Told, sentence::of_input(line, &input));
        self.feed(line, input);
        Ok(())
    }

    fn feed(&mut self, line: &Line, input: Input) {
        self.core.on(line.at, input);
        while let Some(output) = self.core.poll() {
            let value = said::output(&output);
            self.happened(line, Voice::Said, sentence::of_output(&value));
            if let Output::Ended { job, .. } = &output {
                self.replay.outcomes.entry(job.0).or_default().now = outcome(&value);
            }
            self.said.now.push_back(value);
        }
        self.core.forget(line.at);
        self.show_waits(line);
    }

    /// What each job waits for, where that has changed.
    fn show_waits(&mut self, line: &Line) {
        let until = self.core.next_wakeup();
        let now: BTreeMap<_, _> = self.core.reasons().map(|(job, reason)| (job, (reason, until))).collect();
        for (job, (reason, until)) in &now {
            if self.waits.get(job).is_none_or(|(before, _)| before != reason) {
                let until =
                    until.map_or_else(String::new, |until| format!(", next at {}", sentence::at(until)));
                self.happened(line, Voice::Waits, format!("job {} for {}{until}", job.0, reason.word()));
            }
        }
        self.waits = now;
    }

    fn output(&mut self, line: &Line) {
        let recorded = line.said();
        if recorded["output"] == "ended"
            && let Some(job) = recorded["job"].as_u64()
        {
            self.replay.outcomes.entry(job).or_default().recorded = outcome(&recorded);
        }
        let found = self.said.recorded(line.number, &recorded);
        self.replay.differences.extend(found);
    }

    /// What was said now and not then.
    fn settle(&mut self, line: usize) {
        self.replay.differences.extend(self.said.settle(line));
    }

    fn end(self) -> Replay {
        Replay { drift: self.core.alarm().drift().clone(), ..self.replay }
    }
}

/// One word for how a job ended.
fn outcome(ended: &Value) -> Option<String> {
    ended["outcome"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;
