//! Words as they are compared: by Unicode's boundaries, without case. It knows no language.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::syntax::{Kind, Piece, Span, Syntax};

/// A word, folded, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) folded: String,
    pub(super) span: Span,
}

/// The words of a text, by the boundaries of Unicode (UAX #29).
pub(super) fn of_text(text: &str) -> Vec<Word> {
    let words = text.unicode_word_indices();
    words.map(|(at, word)| Word { folded: fold(word), span: at..at + word.len() }).collect()
}

/// The words of a prompt, without addresses and the names of parameters.
pub(super) fn of_prompt(prompt: &str) -> Vec<Word> {
    let mut words = Vec::new();
    collect(Syntax::parse(prompt).pieces(), &mut words);
    words
}

fn collect(pieces: &[Piece], into: &mut Vec<Word>) {
    for piece in pieces {
        match &piece.kind {
            Kind::Word(text) => into.extend(of_text(text).into_iter().map(|word| Word {
                span: piece.span.start + word.span.start..piece.span.start + word.span.end,
                ..word
            })),
            Kind::Permutation(alternatives) => {
                for alternative in alternatives {
                    collect(alternative, into);
                }
            }
            Kind::Gap(_) | Kind::Link(_) | Kind::Weight(_) | Kind::Name(_) => {}
        }
    }
}

/// Without case, and with one apostrophe: upper case first, so that `ß` is `ss` and both small sigmas
/// are one.
pub(super) fn fold(word: &str) -> String {
    word.to_uppercase().to_lowercase().replace('ς', "σ").replace('’', "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_where_unicode_says_in_several_languages() {
        let words = |text: &str| of_text(text).into_iter().map(|word| word.folded).collect::<Vec<_>>();
        assert_eq!(words("A red-hot Cat's tail."), ["a", "red", "hot", "cat's", "tail"]);
        assert_eq!(words("Straße STRASSE"), ["strasse", "strasse"]);
        assert_eq!(words("ὈΔΥΣΣΕΎΣ ὀδυσσεύς"), ["ὀδυσσεύσ", "ὀδυσσεύσ"]);
        assert_eq!(words("Ёлка и ЁЛКА"), ["ёлка", "и", "ёлка"]);
        assert_eq!(words("花火"), ["花", "火"]);
    }

    #[test]
    fn addresses_and_names_of_parameters_are_no_words() {
        let prompt = "https://x.y/red.png a {blue, green} cat::2 --no Hats --ar 3:2";
        let words: Vec<_> = of_prompt(prompt).into_iter().map(|word| word.folded).collect();
        assert_eq!(words, ["a", "blue", "green", "cat", "hats", "3", "2"]);
        for word in of_prompt(prompt) {
            assert_eq!(fold(&prompt[word.span]), word.folded);
        }
    }
}
