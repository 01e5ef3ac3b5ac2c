//! Words about pictures and words about words: what `/describe` and `/shorten` say.
//!
//! Nothing is looked at: the same file and the same prompt always get the same words.

use crate::caption::fold;

const SUBJECTS: [&str; 8] = [
    "a lighthouse on a cliff",
    "an old harbour in the fog",
    "a fox asleep under a birch",
    "a market street after rain",
    "two herons over still water",
    "a glass of tea by the window",
    "a mountain hut in the snow",
    "an orchard at noon",
];
const STYLES: [&str; 8] = [
    "watercolour with loose edges",
    "35mm photograph, soft grain",
    "flat poster art in three colours",
    "oil on canvas, thick strokes",
    "pencil drawing with hatching",
    "isometric illustration",
    "woodcut in deep blue",
    "pastel, late afternoon light",
];

/// Four prompts for a picture; another `turn` gives others.
pub(super) fn prompts(picture: &str, turn: u32) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(fold(u64::from(turn), picture));
    let mut styles = STYLES;
    random.shuffle(&mut styles);
    let mut subjects = SUBJECTS;
    random.shuffle(&mut subjects);
    let pairs = subjects.iter().zip(styles).take(4);
    pairs.map(|(subject, style)| format!("{subject}, {style} --ar 1:1")).collect()
}

/// A prompt's words with their weights, and up to five shorter prompts, the longest first.
pub(super) fn shorten(prompt: &str) -> (Vec<(String, f64)>, Vec<String>) {
    let words: Vec<&str> = prompt.split_whitespace().take_while(|word| !word.starts_with("--")).collect();
    let weight = |word: &str| {
        let plain = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        let spread = f64::from(u8::try_from(fold(7, plain) % 30).unwrap_or_default()) / 100.0;
        // Longer words weigh more; articles next to nothing.
        if plain.chars().count() <= 3 { spread / 10.0 } else { 0.4 + spread }
    };
    let tokens: Vec<(String, f64)> = words.iter().map(|word| ((*word).to_owned(), weight(word))).collect();
    let heaviest = tokens.iter().map(|(_, weight)| *weight).fold(f64::MIN_POSITIVE, f64::max);
    let tokens: Vec<(String, f64)> =
        tokens.into_iter().map(|(word, weight)| (word, weight / heaviest)).collect();
    let mut shorter: Vec<String> = Vec::new();
    for least in [0.0, 0.2, 0.6, 0.75, 0.9] {
        let kept: Vec<&str> =
            tokens.iter().filter(|(_, weight)| *weight >= least).map(|(word, _)| word.as_str()).collect();
        shorter.push(kept.join(" "));
    }
    (tokens, shorter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_picture_is_described_the_same_way_until_asked_again() {
        assert_eq!(prompts("cat.png", 0), prompts("cat.png", 0));
        assert_ne!(prompts("cat.png", 0), prompts("cat.png", 1));
        assert_eq!(prompts("cat.png", 0).len(), 4);
    }

    #[test]
    fn a_prompt_is_shortened_five_times_and_its_heaviest_word_weighs_one() {
        let (tokens, prompts) = shorten("a very old lighthouse by the sea at night --ar 3:2");
        assert_eq!((tokens.len(), prompts.len()), (9, 5));
        assert!(tokens.iter().any(|(_, weight)| (*weight - 1.0).abs() < 1e-9));
        assert!(prompts.windows(2).all(|pair| pair[0].len() >= pair[1].len()));
        assert_eq!(shorten("").1, vec![""; 5]);
    }
}
