//! What the operator's own past outcomes say of a prompt: smoothed log-odds of words and pairs, calibrated.
//!
//! Each number can be recomputed by hand from counts of past prompts. It holds no word that is not from them.

mod calibrate;

use std::collections::{BTreeMap, BTreeSet};

use super::words::of_prompt;
use calibrate::Calibration;

/// A prompt that was sent, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// As it was sent.
    pub prompt: String,
    /// Whether Midjourney's moderation refused it.
    pub refused: bool,
}

/// What was learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    refused: u32,
    accepted: u32,
    terms: BTreeMap<String, Term>,
    calibration: Calibration,
    /// The out-of-sample probability of each accepted prompt, ascending.
    of_accepted: Vec<f64>,
}

/// A word, or a pair of words next to each other, that tells something.
#[derive(Debug, Clone, Default, PartialEq)]
struct Term {
    weight: f64,
    /// How many refused prompts are blamed on it, in parts.
    blame: f64,
    refused: u32,
    accepted: u32,
    /// The latest refused prompts with it, by their place among the past.
    examples: Vec<usize>,
}

/// What the model thinks of a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Opinion {
    /// The probability that moderation refuses it.
    pub probability: f64,
    /// The share of the past that was refused, to compare with.
    pub base_rate: f64,
    /// The terms that it rests on, the strongest first; none where nothing in the prompt tells anything.
    pub evidence: Vec<Evidence>,
}

/// One term that counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The word, or two words next to each other, folded.
    pub term: String,
    /// How many times it multiplies the odds of a refusal, after shrinkage: above 1 for, below 1 against.
    pub odds: f64,
    /// How many refused past prompts have it.
    pub refused: u32,
    /// How many accepted past prompts have it.
    pub accepted: u32,
    /// The latest refused prompts with it, by their place in what was learnt from; at most 3.
    pub examples: Vec<usize>,
}

/// Fewer outcomes of a kind than this tell nothing.
const LEAST: u32 = 10;
/// How many prompts' worth of doubt each term begins with: rare terms are drawn towards no effect.
const DOUBT: f64 = 1.0;
/// A term counts when its ends would be less likely by chance than one in about 10,000 (`ln 10^4`): there
/// are thousands of terms, and each gets its try.
const CERTAIN: f64 = 9.2;
/// How often the blame is shared out.
const ROUNDS: usize = 4;
/// How many parts the past is cut into, to judge each by the others.
const FOLDS: usize = 5;
/// How many examples are kept of each term.
const EXAMPLES: usize = 3;

impl Model {
    /// Learns from the past, in order of time. `None` with fewer than 10 refused or 10 accepted prompts.
    ///
    /// The same words with the same end count once, however often they were sent.
    pub fn learn(past: &[Past]) -> Option<Self> {
        let lessons = lessons(past);
        let (refused, accepted) = counts(&lessons);
        if refused < LEAST || accepted < LEAST {
            return None;
        }
        let scored = out_of_sample(&lessons);
        let calibration = Calibration::of(&scored);
        let mut of_accepted: Vec<f64> = scored
            .iter()
            .filter(|(_, refused)| !refused)
            .map(|(score, _)| calibration.probability(*score))
            .collect();
        of_accepted.sort_by(f64::total_cmp);
        Some(Self { refused, accepted, terms: terms(&lessons), calibration, of_accepted })
    }

    /// How many different prompts it has learnt from: refused, and accepted.
    pub fn learnt_from(&self) -> (u32, u32) {
        (self.refused, self.accepted)
    }

    /// What it thinks of a prompt.
    pub fn judge(&self, prompt: &str) -> Opinion {
        let terms = terms_of(prompt);
        let found = terms.iter().filter_map(|name| self.terms.get_key_value(name));
        let mut evidence: Vec<Evidence> = found
            .map(|(name, term)| Evidence {
                term: name.clone(),
                odds: term.weight.exp(),
                refused: term.refused,
                accepted: term.accepted,
                examples: term.examples.clone(),
            })
            .collect();
        evidence.sort_by(|a, b| b.odds.ln().abs().total_cmp(&a.odds.ln().abs()));
        let probability = self.calibration.probability(score(&self.terms, &terms));
        let base_rate = base_rate((self.refused, self.accepted));
        Opinion { probability, base_rate, evidence }
    }

    /// The least threshold at which at most this share of the accepted past would have been refused,
    /// each judged without itself.
    ///
    /// An operator who does not know which threshold to set begins with that of 0.0025: a quarter of the
    /// false refusals that they would bear, since the next prompts are others.
    pub fn threshold(&self, most_false: f64) -> f64 {
        let mut allowed = 0;
        let share = |count: usize| count_of(count) / count_of(self.of_accepted.len());
        while allowed < self.of_accepted.len() && share(allowed + 1) <= most_false {
            allowed += 1;
        }
        // The highest that must pass is below the threshold.
        let highest = self.of_accepted.iter().rev().nth(allowed).copied().unwrap_or(0.0);
        highest.next_up().max(0.5)
    }
}

/// One prompt to learn from: its terms, its end, and its place in the past.
struct Lesson {
    terms: BTreeSet<String>,
    refused: bool,
    place: usize,
}

fn lessons(past: &[Past]) -> Vec<Lesson> {
    let mut latest = BTreeMap::new();
    for (place, past) in past.iter().enumerate() {
        latest.insert((terms_of(&past.prompt), past.refused), place);
    }
    let mut lessons: Vec<Lesson> =
        latest.into_iter().map(|((terms, refused), place)| Lesson { terms, refused, place }).collect();
    lessons.sort_by_key(|lesson| lesson.place);
    lessons
}

fn counts(lessons: &[Lesson]) -> (u32, u32) {
    let refused = lessons.iter().filter(|lesson| lesson.refused).count();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    (number(refused), number(lessons.len() - refused))
}

/// The share that was refused; never nothing and never all.
fn base_rate((refused, accepted): (u32, u32)) -> f64 {
    (f64::from(refused) + 0.5) / (f64::from(refused) + f64::from(accepted) + 1.0)
}

/// The words of a prompt, and each two next to each other.
fn terms_of(prompt: &str) -> BTreeSet<String> {
    let words: Vec<String> = of_prompt(prompt).into_iter().map(|word| word.folded).collect();
    let pairs = words.windows(2).map(|pair| pair.join(" "));
    words.iter().cloned().chain(pairs).collect()
}

/// The terms that tell something.
///
/// A refused prompt is blamed on its strongest term first: what merely stood beside it is blamed less in
/// the next round, by how much weaker it is.
fn terms(lessons: &[Lesson]) -> BTreeMap<String, Term> {
    let base = base_rate(counts(lessons));
    let counted = count(lessons);
    let mut kept = certain(&counted, base);
    for _ in 1..ROUNDS {
        let mut counted = counted.clone();
        for term in counted.values_mut() {
            term.blame = 0.0;
        }
        for lesson in lessons.iter().filter(|lesson| lesson.refused) {
            let weight = |name: &String| kept.get(name).map_or(0.0, |term| term.weight.max(0.0));
            let strongest = lesson.terms.iter().map(weight).fold(0.0, f64::max);
            for name in &lesson.terms {
                // Without any strong term, all are blamed alike.
                let share = if strongest > 0.0 { (weight(name) / strongest).powi(2) } else { 1.0 };
                if let Some(term) = counted.get_mut(name.as_str()) {
                    term.blame += share;
                }
            }
        }
        kept = certain(&counted, base);
    }
    kept
}

fn count(lessons: &[Lesson]) -> BTreeMap<&str, Term> {
    let mut all: BTreeMap<&str, Term> = BTreeMap::new();
    for lesson in lessons {
        for name in &lesson.terms {
            let term = all.entry(name).or_default();
            if lesson.refused {
                term.refused += 1;
                term.blame += 1.0;
                term.examples.insert(0, lesson.place);
                term.examples.truncate(EXAMPLES);
            } else {
                term.accepted += 1;
            }
        }
    }
    all
}

/// The terms whose ends are not chance. A pair counts only for what it tells beyond its two words.
fn certain(counted: &BTreeMap<&str, Term>, base: f64) -> BTreeMap<String, Term> {
    let mut kept: BTreeMap<String, Term> = BTreeMap::new();
    for is_pair in [false, true] {
        for (name, term) in counted.iter().filter(|(name, _)| name.contains(' ') == is_pair) {
            let known = if is_pair { weights(&kept, name) } else { 0.0 };
            let expected = expit(logit(base) + known);
            let plain = f64::from(term.refused);
            let share = plain / (plain + f64::from(term.accepted));
            // What speaks against a refusal has no blame to share, so all refused prompts with it count.
            let refused = if share < expected { plain } else { term.blame };
            let weight = log_odds(refused, term.accepted, base) - known;
            let agrees = (weight < 0.0) == (share < expected);
            if agrees && surprise(refused, term.accepted, expected) >= CERTAIN {
                kept.insert((*name).to_owned(), Term { weight, ..term.clone() });
            }
        }
    }
    kept
}

fn weights(kept: &BTreeMap<String, Term>, pair: &str) -> f64 {
    pair.split(' ').filter_map(|word| kept.get(word)).map(|term| term.weight).sum()
}

/// By how much the term raises the odds of a refusal above those of the whole past, as a logarithm. Each
/// term begins with [`DOUBT`] prompts that ended as the whole past did, so that a rare one is drawn towards
/// no effect.
fn log_odds(refused: f64, accepted: u32, base: f64) -> f64 {
    let refused = refused + DOUBT * base;
    let accepted = f64::from(accepted) + DOUBT * (1.0 - base);
    (refused / accepted).ln() - logit(base)
}

/// How surprising such ends would be if this share were expected, as a logarithm of how unlikely at most
/// (Chernoff's bound: the number of prompts times the divergence of the two shares).
fn surprise(refused: f64, accepted: u32, expected: f64) -> f64 {
    let accepted = f64::from(accepted);
    let all = refused + accepted;
    let part = |count: f64, share: f64| if count > 0.0 { count * (count / all / share).ln() } else { 0.0 };
    part(refused, expected) + part(accepted, 1.0 - expected)
}

fn logit(share: f64) -> f64 {
    (share / (1.0 - share)).ln()
}

/// The inverse of `logit`, short of certainty.
fn expit(odds: f64) -> f64 {
    (1.0 / (1.0 + (-odds).exp())).clamp(1e-6, 1.0 - 1e-6)
}

fn score(kept: &BTreeMap<String, Term>, terms: &BTreeSet<String>) -> f64 {
    terms.iter().filter_map(|name| kept.get(name)).map(|term| term.weight).sum()
}

/// The score of each prompt by what the other folds taught, and its end.
fn out_of_sample(lessons: &[Lesson]) -> Vec<(f64, bool)> {
    let mut scored = Vec::with_capacity(lessons.len());
    for fold in 0..FOLDS {
        let (held, others): (Vec<_>, Vec<_>) =
            lessons.iter().enumerate().partition(|(index, _)| index % FOLDS == fold);
        let others: Vec<Lesson> =
            others.into_iter().map(|(_, lesson)| Lesson { terms: lesson.terms.clone(), ..*lesson }).collect();
        let kept = terms(&others);
        scored.extend(held.into_iter().map(|(_, lesson)| (score(&kept, &lesson.terms), lesson.refused)));
    }
    scored
}

fn count_of(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(refused: &str, accepted: &str, times: usize) -> Vec<Past> {
        let one = |index: usize, prompt: &str, refused| Past {
            prompt: format!("{prompt} number {index}"),
            refused,
        };
        (0..times).flat_map(|index| [one(index, refused, true), one(index, accepted, false)]).collect()
    }

    #[test]
    fn a_term_of_past_refusals_raises_the_probability_and_tells_its_evidence() {
        let past = past("a purple gnarl at sea", "a purple boat at sea", 30);
        let model = Model::learn(&past).expect("enough to learn from");
        assert_eq!(model.learnt_from(), (30, 30));
        let bad = model.judge("One GNARL, please");
        let good = model.judge("one boat, please");
        let unknown = model.judge("something else");
        assert!(bad.probability > 0.8 && good.probability < 0.2, "{bad:?} {good:?}");
        assert!(unknown.evidence.is_empty() && (unknown.probability - 0.5).abs() < 0.2, "{unknown:?}");
        let evidence = &bad.evidence[0];
        assert_eq!((evidence.term.as_str(), evidence.refused, evidence.accepted), ("gnarl", 30, 0));
        assert!(evidence.odds > 5.0);
        assert_eq!(evidence.examples.len(), 3);
        assert!(past[evidence.examples[0]].refused && past[evidence.examples[0]].prompt.contains("gnarl"));
    }

    #[test]
    fn a_pair_counts_where_its_words_do_not() {
        let all = past("green swan lake", "green lake swan", 30);
        let model = Model::learn(&all).expect("enough to learn from");
        let terms: Vec<_> = model.judge("a green swan").evidence.into_iter().map(|one| one.term).collect();
        assert_eq!(terms, ["green swan"]);
    }

    #[test]
    fn a_rare_term_tells_nothing_and_few_outcomes_teach_nothing() {
        let mut all = past("a dark gnarl", "a bright boat", 30);
        all.push(Past { prompt: "one zebra".to_owned(), refused: true });
        let model = Model::learn(&all).expect("enough to learn from");
        assert!(model.judge("zebra").evidence.is_empty());
        assert_eq!(Model::learn(&past("a", "b", 9)), None);
        assert_eq!(Model::learn(&[]), None);
    }

    #[test]
    fn sending_the_same_prompt_again_is_no_new_evidence() {
        let mut all = past("a dark gnarl", "a bright boat", 30);
        let once = Model::learn(&all).expect("enough to learn from");
        let again = all.clone();
        all.extend(again);
        let twice = Model::learn(&all).expect("enough to learn from");
        assert_eq!(once.learnt_from(), twice.learnt_from());
        assert!((once.judge("gnarl").probability - twice.judge("gnarl").probability).abs() < 1e-9);
    }

    #[test]
    fn the_threshold_keeps_to_the_share_of_false_refusals_on_what_was_learnt_from() {
        let model = Model::learn(&past("a dark gnarl", "a bright boat", 100)).expect("enough to learn from");
        let threshold = model.threshold(0.005);
        assert!((0.5..=1.0).contains(&threshold));
        assert!(model.judge("a gnarl").probability >= threshold);
        assert!(model.judge("a boat").probability < threshold);
    }
}
