//! How the steps of a batch stand, for people: lines that move on a terminal, plain lines elsewhere; or for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use journeyman::queue::Moved;
use journeyman_jobs::job::{JobId, State};
use serde_json::json;

use super::{Terminal, line, tell};
use crate::batch::{PlannedJob, StepRecord};
use crate::error::Error;

/// Shows how steps stand, and how many are over.
#[derive(Debug)]
pub(crate) struct Steps {
    over: u64,
    all: u64,
    to: To,
}

/// To whom it is shown.
#[derive(Debug)]
enum To {
    /// JSON on stdout.
    Programs,
    /// Lines on stderr.
    Lines,
    /// Lines on stderr that move: the whole, and one for each step that is out.
    Terminal { bars: MultiProgress, whole: ProgressBar, out: BTreeMap<JobId, ProgressBar> },
}

impl Steps {
    /// So many steps are over already.
    pub(crate) fn begin(over: u64, all: u64, json: bool, terminal: Terminal) -> Self {
        let to = match (json, terminal.moves) {
            (true, _) => To::Programs,
            (false, false) => To::Lines,
            (false, true) => {
                let bars = MultiProgress::new();
                let whole = bars.add(ProgressBar::new(all));
                whole.set_style(style("{spinner} [{bar:32}] {pos}/{len} steps  {elapsed}"));
                whole.enable_steady_tick(Duration::from_millis(120));
                whole.set_position(over);
                To::Terminal { bars, whole, out: BTreeMap::new() }
            }
        };
        Self { over, all, to }
    }

    /// A step is not over, but stands elsewhere.
    pub(crate) fn moved(
        &mut self,
        named: &str,
        moved: &Moved,
        item: u64,
        planned: &PlannedJob,
    ) -> Result<(), Error> {
        match &mut self.to {
            To::Programs => line(&json!({
                "event": "moved", "item": item, "step": planned.step, "key": planned.key, "job": moved.job.0,
                "state": moved.state.name(), "detail": moved.detail,
            })),
            To::Lines => {
                if moved.detail.is_empty() {
                    tell(&format!("{named}: {}", words(moved.state)));
                }
                Ok(())
            }
            To::Terminal { bars, out, .. } => {
                let bar = out.entry(moved.job).or_insert_with(|| {
                    let bar = bars.add(ProgressBar::new_spinner());
                    bar.set_style(style("  {spinner} {msg}"));
                    bar
                });
                let detail =
                    if moved.detail.is_empty() { String::new() } else { format!(", {}", moved.detail) };
                bar.set_message(format!("{named}: {}{detail}", words(moved.state)));
                if moved.state == State::WaitingForSlot {
                    bar.finish_and_clear();
                    out.remove(&moved.job);
                }
                Ok(())
            }
        }
    }

    /// A step is over.
    pub(crate) fn ended(&mut self, named: &str, job: JobId, record: &StepRecord) -> Result<(), Error> {
        self.over += 1;
        let told = match (&record.error, record.files.first()) {
            (Some(error), _) => format!("{}: {}", record.state, error.text),
            (None, Some(file)) => format!("finished, {}", file.path),
            (None, None) => record.state.clone(),
        };
        let told = format!("[{}/{}] {named}: {told}", self.over, self.all);
        match &mut self.to {
            To::Programs => {
                let mut object = json!(record);
                object["event"] = json!("step");
                line(&object)
            }
            To::Lines => {
                tell(&told);
                Ok(())
            }
            To::Terminal { bars, whole, out } => {
                if let Some(bar) = out.remove(&job) {
                    bar.finish_and_clear();
                }
                whole.set_position(self.over);
                if record.error.is_some() {
                    // Nobody is left to tell when stderr is closed.
                    let _ = bars.println(told);
                }
                Ok(())
            }
        }
    }

    /// Tells people something while lines may move.
    pub(crate) fn tell(&self, text: &str) {
        match &self.to {
            To::Programs | To::Lines => tell(text),
            To::Terminal { bars, .. } => drop(bars.println(text)),
        }
    }

    /// Takes away what moves.
    pub(crate) fn end(&mut self) {
        if let To::Terminal { bars, whole, out } = &mut self.to {
            out.values().for_each(ProgressBar::finish_and_clear);
            whole.finish_and_clear();
            drop(bars.clear());
        }
    }
}

/// A template that cannot be read falls back to the library's own.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("=> "))
}

fn words(state: State) -> &'static str {
    match state {
        State::WaitingForSlot => "waits",
        State::Sending => "sending",
        State::Accepted => "accepted",
        State::Rendering => "rendering",
        State::Finished => "finished",
        State::Failed => "failed",
        State::Cancelled => "cancelled",
        State::Unknown => "unknown",
    }
}
