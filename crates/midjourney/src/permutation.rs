//! The jobs that one prompt makes: alternatives in braces, and repetitions. It judges no text.

use crate::syntax::{Kind, Piece, Syntax, split};

/// How many jobs the prompt makes: one for each choice of alternatives, times `--repeat`.
///
/// Exact up to [`EXACT`] choices; beyond, `--repeat` counts only where it is the same for all.
pub fn jobs(syntax: &Syntax) -> u64 {
    let choices = choices(syntax.pieces());
    if choices <= EXACT {
        return expand(syntax, EXACT)
            .iter()
            .map(|prompt| repeats(&Syntax::parse(prompt)))
            .fold(0, u64::saturating_add);
    }
    choices.saturating_mul(repeats(syntax))
}

/// Up to this many choices are looked at one by one.
pub const EXACT: u64 = 256;

/// How many choices of alternatives there are; 1 without braces.
pub fn choices(pieces: &[Piece]) -> u64 {
    let of_piece = |piece: &Piece| {
        let alternatives = piece.alternatives();
        if alternatives.is_empty() {
            return 1;
        }
        alternatives.iter().map(|alternative| choices(alternative)).fold(0, u64::saturating_add)
    };
    pieces.iter().map(of_piece).fold(1, u64::saturating_mul)
}

/// The prompts that the braces stand for, at most `most` of them; what was escaped is plain text in them.
///
/// The first braces vary slowest. In which order Midjourney runs them is not known.
pub fn expand(syntax: &Syntax, most: u64) -> Vec<String> {
    texts(syntax.pieces(), usize::try_from(most).unwrap_or(usize::MAX))
}

/// The texts that some pieces stand for, at most `most` of them.
pub(crate) fn texts(pieces: &[Piece], most: usize) -> Vec<String> {
    let mut texts = vec![String::new()];
    for piece in pieces {
        let endings = match &piece.kind {
            Kind::Permutation(alternatives) => {
                let all = alternatives.iter().flat_map(|alternative| texts_of(alternative, most));
                all.take(most).collect()
            }
            Kind::Word(text) => vec![plain(text)],
            Kind::Gap(text) | Kind::Link(text) | Kind::Weight(text) | Kind::Name(text) => vec![text.clone()],
        };
        if let [ending] = endings.as_slice() {
            for text in &mut texts {
                text.push_str(ending);
            }
            continue;
        }
        let joined =
            texts.iter().flat_map(|text| endings.iter().map(move |ending| format!("{text}{ending}")));
        texts = joined.take(most).collect();
    }
    texts
}

/// The texts of one alternative, without the gaps around it.
fn texts_of(alternative: &[Piece], most: usize) -> Vec<String> {
    texts(alternative, most).iter().map(|text| text.trim().to_owned()).collect()
}

/// Text without the backslashes that keep commas and braces from meaning anything.
fn plain(word: &str) -> String {
    [("\\,", ","), ("\\{", "{"), ("\\}", "}")]
        .iter()
        .fold(word.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// The number of `--repeat`, the last one; 1 without.
fn repeats(syntax: &Syntax) -> u64 {
    let (_, given) = split(syntax.pieces());
    let is_repeat = |name: &str| ["r", "repeat"].iter().any(|known| known.eq_ignore_ascii_case(name));
    let last = given.iter().rfind(|given| is_repeat(given.name));
    last.and_then(|given| given.value_text().parse().ok()).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(prompt: &str, expect: &[&str]) {
        let syntax = Syntax::parse(prompt);
        assert_eq!(expand(&syntax, EXACT), expect, "{prompt}");
        assert_eq!(choices(syntax.pieces()), expect.len() as u64, "{prompt}");
    }

    #[test]
    fn permutations_nest_and_escapes_are_text() {
        check("a cat", &["a cat"]);
        check("a {red, blue} bird", &["a red bird", "a blue bird"]);
        check("{a, {b, c}}", &["a", "b", "c"]);
        check(
            "{seagull {on a pier, on a beach}, poodle} x",
            &["seagull on a pier x", "seagull on a beach x", "poodle x"],
        );
        check(r"{red\, green, blue}", &["red, green", "blue"]);
        check(r"a \{red, blue\} bird", &["a {red, blue} bird"]);
        check("a bird --ar {3:2, 1:1}", &["a bird --ar 3:2", "a bird --ar 1:1"]);
        check("a bird {--s 50, --s 200}", &["a bird --s 50", "a bird --s 200"]);
        check("a {red, blue bird", &["a {red, blue bird"]);
        check("{a,}", &["a", ""]);
    }

    #[test]
    fn jobs_are_choices_times_repetitions() {
        for (prompt, expect) in [
            ("a cat", 1),
            ("a cat --repeat 4", 4),
            ("a {red, blue} cat --r 3", 6),
            ("a cat --r {2, 3}", 5),
            ("a cat --r much", 1),
            (&"{a, b}".repeat(100), u64::MAX),
        ] {
            assert_eq!(jobs(&Syntax::parse(prompt)), expect, "{prompt}");
        }
    }
}
