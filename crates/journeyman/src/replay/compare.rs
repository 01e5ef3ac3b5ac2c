//! What the machines say against what they said when it was recorded. Each saying is what a recording holds of it.

use std::collections::VecDeque;

use serde_json::Value;

use super::{Difference, sentence};

/// What was said since the last input.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Said now, and not yet found in the recording.
    pub(super) now: VecDeque<Value>,
    /// Whether lines of the recording are missing here, so that what is not found proves nothing.
    pub(super) has_gap: bool,
}

impl Said {
    /// Looks for what was recorded in what is said now.
    pub(super) fn recorded(&mut self, line: usize, recorded: &Value) -> Vec<Difference> {
        if let Some(at) = self.now.iter().position(|now| now == recorded) {
            let skipped = self.now.drain(..=at).take(at).collect::<Vec<_>>();
            if self.has_gap {
                return Vec::new();
            }
            return skipped.iter().map(|now| difference(line, None, Some(now))).collect();
        }
        let is_like = |now: &&Value| now["output"] == recorded["output"] && now["job"] == recorded["job"];
        if self.now.front().as_ref().is_some_and(is_like) {
            let now = self.now.pop_front();
            return vec![difference(line, Some(recorded), now.as_ref())];
        }
        vec![difference(line, Some(recorded), None)]
    }

    /// Nothing more of it can follow in the recording.
    pub(super) fn settle(&mut self, line: usize) -> Vec<Difference> {
        let has_gap = std::mem::take(&mut self.has_gap);
        let left = std::mem::take(&mut self.now);
        if has_gap {
            return Vec::new();
        }
        left.iter().map(|now| difference(line, None, Some(now))).collect()
    }
}

fn difference(line: usize, recorded: Option<&Value>, now: Option<&Value>) -> Difference {
    let (mut recorded, mut now) = (recorded.map(sentence::of_output), now.map(sentence::of_output));
    if recorded.is_some() && recorded == now {
        // They differ in what the sentence leaves out.
        recorded = recorded.map(|text| format!("{text} (recorded)"));
        now = now.map(|text| format!("{text} (otherwise in detail)"));
    }
    Difference { line, recorded, now }
}
