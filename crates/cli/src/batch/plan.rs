//! The jobs of an item, parents first. It runs none of them and asks nobody.

use std::collections::BTreeMap;

use super::expand::{Item, Step};
use super::keys;
use super::slug::slug;

/// How much of a prompt is in a title, in characters.
const TITLE: usize = 60;

/// A job that is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlannedJob {
    /// The place of its parent in the same list.
    pub(crate) parent: Option<usize>,
    /// What is done.
    pub(crate) ask: Ask,
    /// The same for people: `imagine`, or the labels from the image on, such as `U1 > Zoom Out 2x`.
    pub(crate) step: String,
    /// The same for the name of a file, such as `u1-zoom-out-2x`.
    pub(crate) action: String,
    /// What it is known by; see `keys`.
    pub(crate) key: String,
    /// What it is called in lists: the item's name, or the begin of its prompt; and the step.
    pub(crate) title: String,
}

/// What a job does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// It makes the image of the item's prompt.
    Imagine,
    /// It presses a button of its parent's result.
    Press {
        /// The place of the step in the item's steps, from 0.
        step: usize,
        /// The button's label.
        label: String,
    },
}

/// The jobs of an item: the image, then every label of each step on every result of the step before.
pub(crate) fn jobs_of(item: &Item) -> Vec<PlannedJob> {
    let imagine = PlannedJob {
        parent: None,
        ask: Ask::Imagine,
        step: "imagine".to_owned(),
        action: "imagine".to_owned(),
        key: item.key.clone(),
        title: title(item),
    };
    let mut jobs = vec![imagine];
    let mut results = 0..1;
    for (index, step) in item.steps.iter().enumerate() {
        let begin = jobs.len();
        for parent in results {
            let presses = presses(&jobs, parent, index, step);
            jobs.extend(presses);
        }
        results = begin..jobs.len();
    }
    jobs
}

/// Enough of a prompt to know it by, on one line.
fn title(item: &Item) -> String {
    let whole = if item.name.is_empty() { &item.prompt } else { &item.name };
    let mut letters = whole.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = letters.char_indices().nth(TITLE) {
        letters.truncate(end);
        letters.push('…');
    }
    letters
}

/// How many jobs there are with these steps, without making them.
pub(crate) fn count(steps: &[Step]) -> u64 {
    let (mut all, mut results) = (1_u64, 1_u64);
    for step in steps {
        results = results.saturating_mul(u64::try_from(step.labels.len()).unwrap_or(u64::MAX));
        all = all.saturating_add(results);
    }
    all
}

fn presses(jobs: &[PlannedJob], parent: usize, index: usize, step: &Step) -> Vec<PlannedJob> {
    let Some(on) = jobs.get(parent) else { return Vec::new() };
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut presses = Vec::with_capacity(step.labels.len());
    for label in &step.labels {
        let before = seen.entry(label).or_default();
        let (prompt, mask) = (step.prompt.as_deref(), step.mask.as_ref().map(|mask| mask.sha256.as_str()));
        let key = keys::press(&on.key, label, *before, &step.values, prompt, mask);
        *before += 1;
        let (above, action) = match on.ask {
            Ask::Imagine => (String::new(), slug(label)),
            Ask::Press { .. } => (format!("{} > ", on.step), format!("{}-{}", on.action, slug(label))),
        };
        presses.push(PlannedJob {
            parent: Some(parent),
            ask: Ask::Press { step: index, label: label.clone() },
            step: format!("{above}{label}"),
            action,
            key,
            title: format!("{} > {label}", on.title),
        });
    }
    presses
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::expand::{MaskFile, tests::expand};
    use super::*;

    fn step(labels: &[&str]) -> Step {
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        Step { labels, values: Vec::new(), prompt: None, mask: None }
    }

    fn planned(text: &str, steps: &[Step]) -> Vec<Vec<PlannedJob>> {
        let (items, problems) = expand(text, &[], steps, 1_000);
        assert_eq!(problems, [""; 0]);
        items.iter().map(jobs_of).collect()
    }

    #[test]
    fn each_step_presses_on_every_result_of_the_step_before() {
        let steps = [step(&["U1", "U2"]), step(&["Zoom Out 2x", "Vary (Strong)"])];
        let [jobs] = &planned("prompt\na fox\n", &steps)[..] else { panic!("one item") };
        let told: Vec<_> =
            jobs.iter().map(|job| (job.parent, job.step.as_str(), job.action.as_str())).collect();
        assert_eq!(
            told,
            [
                (None, "imagine", "imagine"),
                (Some(0), "U1", "u1"),
                (Some(0), "U2", "u2"),
                (Some(1), "U1 > Zoom Out 2x", "u1-zoom-out-2x"),
                (Some(1), "U1 > Vary (Strong)", "u1-vary-strong"),
                (Some(2), "U2 > Zoom Out 2x", "u2-zoom-out-2x"),
                (Some(2), "U2 > Vary (Strong)", "u2-vary-strong"),
            ]
        );
        assert_eq!(jobs[4].ask, Ask::Press { step: 1, label: "Vary (Strong)".to_owned() });
        assert_eq!((count(&steps), jobs[6].title.as_str()), (7, "a fox > U2 > Vary (Strong)"));
    }

    #[test]
    fn a_title_is_the_name_or_the_begin_of_the_prompt() {
        let long = "fox ".repeat(40);
        let all = planned(&format!("prompt,name\n{long},\na  fox,red fox\n\"a\n fox\",\n"), &[]);
        let titles: Vec<_> = all.iter().map(|jobs| jobs[0].title.as_str()).collect();
        assert_eq!(titles[1..], ["red fox", "a fox"]);
        assert_eq!((titles[0].chars().count(), titles[0].ends_with('…')), (61, true));
    }

    #[test]
    fn keys_are_stable_under_reading_the_file_again_and_no_two_jobs_share_one() {
        let steps = [step(&["U1", "U1", "U2"]), step(&["Zoom Out 2x"])];
        let text = "prompt,name\na fox,x\na fox,y\na cat,\n";
        let keys = |text: &str, steps: &[Step]| -> Vec<String> {
            planned(text, steps).concat().into_iter().map(|job| job.key).collect()
        };
        let first = keys(text, &steps);
        assert_eq!(first, keys(text, &steps));
        assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), first.len());
        let others: BTreeSet<_> =
            keys("prompt,name\nnew,\na cat,other\na fox,\na fox,\n", &steps).into_iter().collect();
        assert!(
            first.iter().all(|key| others.contains(key)),
            "lines put in, moved or renamed make nothing new"
        );
        let fewer: BTreeSet<_> = keys(text, &[step(&["U1"])]).into_iter().collect();
        assert!(fewer.iter().all(|key| first.contains(key)), "a step less makes nothing new");
    }

    #[test]
    fn what_a_form_is_answered_with_is_part_of_the_key() {
        let zoom = |prompt: &str| Step { prompt: Some(prompt.to_owned()), ..step(&["Custom Zoom"]) };
        let key = |step: Step| planned("prompt\na\n", &[step])[0][1].key.clone();
        let keys =
            BTreeSet::from([key(zoom("a")), key(zoom("b")), key(zoom("")), key(step(&["Custom Zoom"]))]);
        assert_eq!(keys.len(), 4);
        let masked = |path: &str, sha256: &str| {
            let mask = MaskFile { path: path.into(), sha256: sha256.to_owned() };
            key(Step { mask: Some(mask), ..step(&["Vary (Region)"]) })
        };
        assert_eq!(masked("a.png", "00"), masked("b/a.png", "00"), "wherever it lies");
        assert_ne!(masked("a.png", "00"), masked("a.png", "11"));
    }
}
