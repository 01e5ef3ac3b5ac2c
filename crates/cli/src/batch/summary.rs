//! A batch in a few numbers, at its end or between. It looks at no files, only at the manifest.

use std::collections::BTreeMap;

use super::manifest::{FINISHED, Manifest, STATES, StepRecord};

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// The batch's name.
    pub(crate) batch: String,
    /// How many items there are.
    pub(crate) items: u64,
    /// How many of them have all their steps finished.
    pub(crate) complete: u64,
    /// How many steps there are.
    pub(crate) steps: u64,
    /// How many steps are in each state, in the order of a job's life; states without any are left out.
    pub(crate) states: Vec<(String, u64)>,
    /// How many files there are, and their bytes.
    pub(crate) files: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Charges by how sure they are: `certain`, `likely`, `undecided`.
    pub(crate) charges: BTreeMap<String, u64>,
    /// Thousandths of GPU minutes, as far as they are known.
    pub(crate) milliminutes: u64,
    /// Why steps did not finish, by kind.
    pub(crate) errors: BTreeMap<String, Failures>,
}

/// The steps that one kind of error ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Failures {
    /// How many.
    pub(crate) steps: u64,
    /// Their items' numbers, each once.
    pub(crate) items: Vec<u64>,
    /// What to do about the first of them.
    pub(crate) hint: String,
}

impl Summary {
    /// Counts what stands in a manifest.
    pub(crate) fn of(manifest: &Manifest) -> Self {
        let mut summary = Self { batch: manifest.head.batch.clone(), ..Self::default() };
        let mut states: BTreeMap<(usize, &str), u64> = BTreeMap::new();
        for steps in manifest.items() {
            summary.items += 1;
            summary.complete += u64::from(steps.iter().all(|step| step.state == FINISHED));
            for step in steps {
                *states.entry(place(&step.state)).or_default() += 1;
                summary.add(step);
            }
        }
        summary.states = states.into_iter().map(|((_, state), count)| (state.to_owned(), count)).collect();
        summary
    }

    fn add(&mut self, step: &StepRecord) {
        self.steps += 1;
        for file in &step.files {
            self.files += 1;
            self.bytes = self.bytes.saturating_add(file.bytes);
        }
        if let Some(spent) = step.spent.as_ref().filter(|spent| spent.certainty != "none") {
            *self.charges.entry(spent.certainty.clone()).or_default() += 1;
            self.milliminutes = self.milliminutes.saturating_add(spent.milliminutes.unwrap_or(0));
        }
        if let Some(error) = &step.error {
            let failures = self.errors.entry(error.kind.clone()).or_default();
            failures.steps += 1;
            if failures.items.last() != Some(&step.item) {
                failures.items.push(step.item);
            }
            if failures.hint.is_empty() {
                failures.hint.clone_from(&error.hint);
            }
        }
    }
}

/// Where a state stands among all; those of a later version come last.
fn place(state: &str) -> (usize, &str) {
    (STATES.iter().position(|known| *known == state).unwrap_or(STATES.len()), state)
}

#[cfg(test)]
mod tests {
    use super::super::manifest::tests::manifest;
    use super::*;

    #[test]
    fn a_summary_counts_items_steps_states_files_charges_and_errors() {
        let mut manifest = manifest();
        manifest.steps[1].state = "dreaming".to_owned();
        let summary = Summary::of(&manifest);
        assert_eq!((summary.items, summary.complete, summary.steps), (2, 0, 3));
        let states: Vec<_> = summary.states.iter().map(|(state, count)| (state.as_str(), *count)).collect();
        assert_eq!(states, [("finished", 1), ("failed", 1), ("dreaming", 1)]);
        assert_eq!((summary.files, summary.bytes, summary.milliminutes), (1, 12, 1_500));
        assert_eq!((summary.charges["certain"], summary.charges["likely"]), (1, 1));
        let failures = &summary.errors["JobFailed"];
        assert_eq!(
            (failures.steps, failures.items.as_slice(), failures.hint.as_str()),
            (1, &[2][..], "try again")
        );
    }

    #[test]
    fn an_item_is_complete_when_all_its_steps_have_finished() {
        let mut manifest = manifest();
        manifest.steps[1].state = FINISHED.to_owned();
        assert_eq!(Summary::of(&manifest).complete, 1);
        assert_eq!(Summary::of(&Manifest::default()), Summary::default());
    }
}
