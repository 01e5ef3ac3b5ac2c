//! The alarm when Midjourney changes: what was seen that this program does not know. It decides nothing about a job.

use std::collections::{BTreeMap, BTreeSet};

use journeyman_midjourney::button::CustomId;
use journeyman_midjourney::{FailureKind, Meaning, Sighting};
use journeyman_model::{CommandVersion, MessageId};

/// How many messages are remembered as counted, and how many buttons are named.
const MOST_COUNTED: usize = 4_096;
const MOST_BUTTONS: usize = 64;

/// Signs that Midjourney may have changed, counted since the client was made; see
/// [`Client::drift`](crate::Client::drift).
///
/// Each is counted as a metric too: an event of the target `journeyman::drift` with a field `monotonic_counter.…`, in
/// the form that `tracing`'s exporters of metrics read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// Notices of Midjourney's that this version does not know.
    pub unknown_notices: u64,
    /// Jobs that only their prompt told, although the gateway was up and should have told their nonce.
    pub bound_by_prompt: u64,
    /// Buttons below results that this version does not know, by their labels.
    pub unseen_buttons: BTreeMap<String, u64>,
    /// How often a command had another version than before, by its name.
    pub changed_commands: BTreeMap<String, u64>,
    /// The newest version of each command that was used, by its name; a caller that keeps them can tell a change between
    /// two runs.
    pub commands: BTreeMap<String, String>,
}

impl Drift {
    /// Whether there is any sign of a change.
    pub fn is_any(&self) -> bool {
        self.unknown_notices > 0
            || self.bound_by_prompt > 0
            || !self.unseen_buttons.is_empty()
            || !self.changed_commands.is_empty()
    }
}

/// What counts them.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    drift: Drift,
    /// Messages that were counted: a page is read again and again.
    counted: BTreeSet<MessageId>,
    /// How many changes there were, so that nobody need compare.
    changes: u64,
}

impl Alarm {
    pub(crate) fn drift(&self) -> &Drift {
        &self.drift
    }

    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// A message of Midjourney's, whoever it is for.
    pub(crate) fn saw(&mut self, message: Option<MessageId>, sighting: &Sighting) {
        let is_unknown =
            matches!(&sighting.meaning, Meaning::Failed(why) if why.kind == FailureKind::UnknownNotice);
        let unseen: Vec<&str> = if sighting.is_result() { unseen(sighting) } else { Vec::new() };
        if !is_unknown && unseen.is_empty() || !self.is_new(message) {
            return;
        }
        self.changes += 1;
        if is_unknown {
            self.drift.unknown_notices += 1;
            tracing::warn!(
                            target: "journeyman::drift",
            { monotonic_counter.journeyman_unknown_notices = 1_u64, ?message },
            "Midjourney sent a notice that this version does not know"
            );
        }
        for label in unseen {
            let buttons = &mut self.drift.unseen_buttons;
            if buttons.contains_key(label) || buttons.len() < MOST_BUTTONS {
                *buttons.entry(label.to_owned()).or_default() += 1;
            }
            tracing::warn!(
                            target: "journeyman::drift",
            { monotonic_counter.journeyman_unseen_buttons = 1_u64, label },
            "Midjourney has a button that this version does not know"
            );
        }
    }

    /// A job that nothing but its prompt told.
    pub(crate) fn bound_by_prompt(&mut self) {
        self.changes += 1;
        self.drift.bound_by_prompt += 1;
        tracing::warn!(
                    target: "journeyman::drift",
        { monotonic_counter.journeyman_bound_by_prompt = 1_u64 },
        "a job was known by its prompt alone"
        );
    }

    /// A command was sent in this version.
    pub(crate) fn sent(&mut self, command: &str, version: CommandVersion) {
        let version = version.to_string();
        let before = self.drift.commands.insert(command.to_owned(), version.clone());
        if before.as_ref() == Some(&version) {
            return;
        }
        self.changes += 1;
        if before.is_some() {
            *self.drift.changed_commands.entry(command.to_owned()).or_default() += 1;
            tracing::warn!(
                            target: "journeyman::drift",
            { monotonic_counter.journeyman_changed_commands = 1_u64, command },
            "Midjourney's command has another version than before"
            );
        }
    }

    fn is_new(&mut self, message: Option<MessageId>) -> bool {
        let Some(message) = message else { return true };
        if self.counted.len() >= MOST_COUNTED {
            self.counted.pop_first();
        }
        self.counted.insert(message)
    }
}

/// The labels of buttons that no part of this program knows.
fn unseen(sighting: &Sighting) -> Vec<&str> {
    let unseen = sighting.buttons.iter().filter(|button| {
        button.custom_id.as_deref().is_some_and(|id| CustomId::parse(id) == CustomId::Other)
    });
    unseen.map(|button| button.label.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn drift_is_counted_as_metrics() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber =
            tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
        tracing::subscriber::with_default(subscriber, || {
            let mut alarm = Alarm::default();
            alarm.bound_by_prompt();
            alarm.sent("imagine", CommandVersion::new(1));
            alarm.sent("imagine", CommandVersion::new(1));
            alarm.sent("imagine", CommandVersion::new(2));
            assert_eq!(alarm.changes(), 3);
            assert_eq!(alarm.drift().changed_commands.get("imagine"), Some(&1));
        });
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        for counter in ["journeyman_bound_by_prompt=1", "journeyman_changed_commands=1"] {
            let lines = text.lines().filter(|line| line.contains(&format!("monotonic_counter.{counter}")));
            assert_eq!(lines.count(), 1, "{counter}: {text}");
        }
    }
}
