//! A world of invented words, prompts of them, and a hidden rule by which some are refused. It judges no model.

use journeyman_midjourney::screen::Past;

/// How many words there are; the later, the rarer.
const WORDS: usize = 800;
/// How many subjects, each with words that go together.
const SUBJECTS: usize = 12;
const CONSONANTS: [&str; 14] = ["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z"];
const VOWELS: [&str; 5] = ["a", "e", "i", "o", "u"];
/// The share of prompts whose end has nothing to do with the rule: another filter, the image, chance.
const CHANCE: f64 = 0.01;
/// The share of prompts that break the rule and pass all the same.
const MISSED: f64 = 0.03;

/// Prompts with their ends, without end.
pub(super) struct World {
    random: fastrand::Rng,
    words: Vec<String>,
    shares: Vec<f64>,
    subjects: Vec<Vec<usize>>,
    /// Refused wherever they stand.
    words_refused: Vec<usize>,
    /// Refused unless the second word is anywhere in the prompt.
    words_excused: Vec<(usize, usize)>,
    /// Refused when next to each other.
    pairs_refused: Vec<(usize, usize)>,
    /// The share that is refused by nothing but chance.
    chance: f64,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let words = words(&mut random);
        let subjects = (0..SUBJECTS).map(|_| (0..40).map(|_| random.usize(20..WORDS)).collect()).collect();
        // Neither the commonest words, of which a past would be full, nor those that nobody uses.
        let mut some = |most: usize| -> Vec<usize> { (0..most).map(|_| random.usize(30..400)).collect() };
        let words_refused = some(10);
        let words_excused = some(4).into_iter().zip(some(4)).collect();
        let pairs_refused = some(10).into_iter().zip(some(10)).collect();
        Self {
            random,
            words,
            shares: shares(),
            subjects,
            words_refused,
            words_excused,
            pairs_refused,
            chance: CHANCE,
        }
    }

    /// The same, where all refusals are chance.
    #[cfg(test)]
    pub(super) fn without_rule(seed: u64) -> Self {
        let rules = Self::new(seed);
        Self { words_refused: vec![], words_excused: vec![], pairs_refused: vec![], chance: 0.1, ..rules }
    }

    fn sentence(&mut self) -> Vec<usize> {
        let subject = self.random.usize(0..SUBJECTS);
        let length = self.random.usize(4..18);
        let mut sentence = Vec::with_capacity(length + 1);
        while sentence.len() < length {
            let own = self.subjects.get(subject).and_then(|words| words.get(self.random.usize(0..40)));
            match own {
                Some(own) if self.random.f64() < 0.5 => sentence.push(*own),
                // Common words by far the most, as in any language.
                _ => sentence.push(self.common()),
            }
        }
        // Phrases that people know occur as phrases.
        if !self.pairs_refused.is_empty() && self.random.f64() < 0.05 {
            let (first, second) = self.pairs_refused[self.random.usize(0..self.pairs_refused.len())];
            sentence.extend([first, second]);
        }
        sentence
    }

    fn common(&mut self) -> usize {
        let place = self.random.f64() * self.shares.last().copied().unwrap_or_default();
        self.shares.partition_point(|sum| *sum < place)
    }

    fn breaks_the_rule(&self, sentence: &[usize]) -> bool {
        let has = |word: &usize| sentence.contains(word);
        self.words_refused.iter().any(has)
            || self.words_excused.iter().any(|(word, excuse)| has(word) && !has(excuse))
            || sentence.windows(2).any(|pair| self.pairs_refused.iter().any(|(a, b)| pair == [*a, *b]))
    }
}

impl Iterator for World {
    type Item = Past;

    fn next(&mut self) -> Option<Past> {
        let sentence = self.sentence();
        let chance = self.random.f64();
        let refused = if self.breaks_the_rule(&sentence) { chance >= MISSED } else { chance < self.chance };
        let words: Vec<&str> =
            sentence.iter().filter_map(|word| self.words.get(*word)).map(String::as_str).collect();
        Some(Past { prompt: format!("{} --ar 3:2", words.join(" ")), refused })
    }
}

/// Sums of the words' shares: the word at place n is n times as rare as the first (Zipf).
fn shares() -> Vec<f64> {
    let mut sum = 0.0;
    let mut rank = 0.0;
    let share = |_| {
        rank += 1.0;
        sum += 1.0 / rank;
        sum
    };
    (0..WORDS).map(share).collect()
}

/// Different words of invented syllables.
fn words(random: &mut fastrand::Rng) -> Vec<String> {
    let mut words = std::collections::BTreeSet::new();
    let mut in_order = Vec::new();
    while in_order.len() < WORDS {
        let syllable = |random: &mut fastrand::Rng| {
            let consonant = random.choice(CONSONANTS).unwrap_or("b");
            let vowel = random.choice(VOWELS).unwrap_or("a");
            format!("{consonant}{vowel}")
        };
        let word: String = (0..random.usize(2..4)).map(|_| syllable(random)).collect();
        if words.insert(word.clone()) {
            in_order.push(word);
        }
    }
    in_order
}
