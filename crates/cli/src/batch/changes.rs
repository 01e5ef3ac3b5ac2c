//! What differs between a batch as it is written and a manifest of it. It changes neither.

use std::collections::{BTreeMap, BTreeSet};

use super::expand::Item;
use super::manifest::{Manifest, StepRecord};
use super::plan::jobs_of;

/// What became of the lines since a manifest was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// How many items are as they were, wherever they stand.
    pub(crate) kept: u64,
    /// How many of those have another number.
    pub(crate) moved: u64,
    /// Items that are new.
    pub(crate) added: Vec<Side>,
    /// Items that are no longer in the file; what they made stays.
    pub(crate) removed: Vec<Side>,
    /// Items that are written otherwise: what was there, what is there.
    pub(crate) changed: Vec<(Side, Side)>,
    /// Steps that are new on items that are as they were: the recipe has more.
    pub(crate) steps_added: u64,
    /// Steps that are no longer asked for on such items.
    pub(crate) steps_removed: u64,
}

/// An item on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Side {
    /// Its number there.
    pub(crate) number: u64,
    /// Its prompt.
    pub(crate) prompt: String,
}

impl Changes {
    /// Compares by keys; what is left between two items that were kept is taken for changed, in order.
    pub(crate) fn since(manifest: &Manifest, items: &[Item]) -> Self {
        let before: BTreeMap<&str, u64> =
            roots(manifest).map(|step| (step.key.as_str(), step.item)).collect();
        let after: BTreeSet<&str> = items.iter().map(|item| item.key.as_str()).collect();
        let mut changes = Self::default();
        for item in items {
            if let Some(number) = before.get(item.key.as_str()) {
                changes.kept += 1;
                changes.moved += u64::from(*number != item.number);
            }
        }
        let olds = roots(manifest).map(|step| (step.key.as_str(), step.item, step.prompt.as_str()));
        let news = items.iter().map(|item| (item.key.as_str(), item.number, item.prompt.as_str()));
        let mut gaps = gaps(olds, |key| after.contains(key));
        for (anchor, new) in self::gaps(news, |key| before.contains_key(key)) {
            let mut old = gaps.remove(&anchor).unwrap_or_default().into_iter();
            for new in new {
                match old.next() {
                    Some(old) => changes.changed.push((old, new)),
                    None => changes.added.push(new),
                }
            }
            changes.removed.extend(old);
        }
        changes.removed.extend(gaps.into_values().flatten());
        changes.sort();
        changes.count_steps(manifest, items);
        changes
    }

    /// Whether the file is as it was.
    pub(crate) fn is_none(&self) -> bool {
        *self == Self { kept: self.kept, ..Self::default() }
    }

    fn sort(&mut self) {
        self.added.sort_by_key(|side| side.number);
        self.removed.sort_by_key(|side| side.number);
        self.changed.sort_by_key(|(_, after)| after.number);
    }

    fn count_steps(&mut self, manifest: &Manifest, items: &[Item]) {
        let mut before: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for steps in manifest.items() {
            if let Some(root) = steps.first() {
                before.insert(&root.key, steps.iter().map(|step| step.key.as_str()).collect());
            }
        }
        for item in items {
            let Some(before) = before.get(item.key.as_str()) else { continue };
            let jobs = jobs_of(item);
            let same = jobs.iter().filter(|job| before.contains(job.key.as_str())).count();
            let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
            self.steps_added += count(jobs.len() - same);
            self.steps_removed += count(before.len() - same);
        }
    }
}

/// The images, one of each item.
fn roots(manifest: &Manifest) -> impl Iterator<Item = &StepRecord> {
    manifest.steps.iter().filter(|step| step.parent.is_none())
}

/// The items that were not kept, by the last one before them that was; the empty key is the file's begin.
fn gaps<'a>(
    items: impl Iterator<Item = (&'a str, u64, &'a str)>,
    is_kept: impl Fn(&str) -> bool,
) -> BTreeMap<&'a str, Vec<Side>> {
    let mut gaps: BTreeMap<&str, Vec<Side>> = BTreeMap::new();
    let mut anchor = "";
    for (key, number, prompt) in items {
        if is_kept(key) {
            anchor = key;
        } else {
            gaps.entry(anchor).or_default().push(Side { number, prompt: prompt.to_owned() });
        }
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::super::expand::{Step, tests::expand};
    use super::super::manifest::HeadRecord;
    use super::*;

    fn items(prompts: &[&str], labels: &[&str]) -> Vec<Item> {
        let labels: Vec<_> = labels.iter().map(|&label| label.to_owned()).collect();
        let step = Step { labels, values: Vec::new(), prompt: None, mask: None };
        let steps = if step.labels.is_empty() { vec![] } else { vec![step] };
        expand(&format!("prompt\n{}\n", prompts.join("\n")), &[], &steps, 100).0
    }

    fn manifest(items: &[Item]) -> Manifest {
        let mut steps = Vec::new();
        for item in items {
            let jobs = jobs_of(item);
            let parent = |index: Option<usize>| index.map(|index| &jobs[index]);
            steps.extend(jobs.iter().map(|job| StepRecord::planned(item, job, parent(job.parent))));
        }
        Manifest { head: HeadRecord::default(), steps }
    }

    fn told(before: &[&str], after: &[&str]) -> String {
        let changes = Changes::since(&manifest(&items(before, &[])), &items(after, &[]));
        let sides = |sides: &[Side]| {
            sides.iter().map(|side| format!("{}{}", side.prompt, side.number)).collect::<Vec<_>>().join(" ")
        };
        let pairs = changes.changed.iter().map(|(before, after)| {
            format!("{}{}>{}{}", before.prompt, before.number, after.prompt, after.number)
        });
        let rewritten = pairs.collect::<Vec<_>>().join(" ");
        let (added, removed) = (sides(&changes.added), sides(&changes.removed));
        format!("{} kept, {} moved; +{added} -{removed} ~{rewritten}", changes.kept, changes.moved)
    }

    #[test]
    fn lines_that_were_changed_added_or_removed_since_are_told() {
        for (before, after, expected) in [
            (&["a", "b", "c"][..], &["a", "b", "c"][..], "3 kept, 0 moved; + - ~"),
            (&["a", "b", "c"], &["x", "a", "b", "c"], "3 kept, 3 moved; +x1 - ~"),
            (&["a", "b", "c"], &["a", "c"], "2 kept, 1 moved; + -b2 ~"),
            (&["a", "b", "c"], &["a", "x", "c"], "2 kept, 0 moved; + - ~b2>x2"),
            (&["a", "b", "c"], &["a", "b", "c", "d"], "3 kept, 0 moved; +d4 - ~"),
            (&["a", "b", "c"], &["c", "x", "y"], "1 kept, 1 moved; +x2 y3 -a1 b2 ~"),
            (&["a", "a"], &["a"], "1 kept, 0 moved; + -a2 ~"),
            (&[], &["a"], "0 kept, 0 moved; +a1 - ~"),
            (&["a"], &["b", "c"], "0 kept, 0 moved; +c2 - ~a1>b1"),
        ] {
            assert_eq!(told(before, after), expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn a_recipe_with_more_or_fewer_steps_makes_only_those_new() {
        let before = manifest(&items(&["a", "b"], &["U1", "U2"]));
        let changes = Changes::since(&before, &items(&["a", "b"], &["U2", "U3", "U4"]));
        assert_eq!((changes.kept, changes.steps_added, changes.steps_removed), (2, 4, 2));
        assert!(!changes.is_none());
        assert!(Changes::since(&before, &items(&["a", "b"], &["U1", "U2"])).is_none());
    }
}
