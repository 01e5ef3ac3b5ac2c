//! Repairs typography: dashes, quotes and spaces. Never a word, never a parameter, never an address.

use crate::parameter;
use crate::syntax::{Kind, Piece, Syntax, is_dash};

/// The text with two hyphens before each parameter's name, straight quotes, and one space where there
/// was any gap. What it means stays: it reads as the same words and the same parameters.
///
/// ```
/// use journeyman_midjourney::typography::fix;
///
/// assert_eq!(fix("a  “quiet” harbour —ar 3:2\n"), "a \"quiet\" harbour --ar 3:2");
/// assert_eq!(fix("1990–2000 — a decade --v5"), "1990–2000 — a decade --v5");
/// ```
pub fn fix(text: &str) -> String {
    let syntax = Syntax::parse(text);
    let fixed = of_pieces(syntax.pieces());
    fixed.trim_matches(' ').to_owned()
}

fn of_pieces(pieces: &[Piece]) -> String {
    pieces.iter().map(of_piece).collect()
}

fn of_piece(piece: &Piece) -> String {
    match &piece.kind {
        Kind::Gap(_) => " ".to_owned(),
        Kind::Word(text) => straight(text),
        Kind::Name(text) => hyphens(text),
        Kind::Link(text) | Kind::Weight(text) => text.clone(),
        Kind::Permutation(alternatives) => {
            let inner: Vec<_> = alternatives.iter().map(|alternative| of_pieces(alternative)).collect();
            format!("{{{}}}", inner.join(","))
        }
    }
}

/// Two hyphens, and the name as it is; it may be of a parameter that nobody knows yet.
fn hyphens(name: &str) -> String {
    format!("--{}", straight(name.trim_start_matches(is_dash)))
}

/// Straight quotes for curly ones.
fn straight(text: &str) -> String {
    text.chars().map(|character| straight_quote(character).unwrap_or(character)).collect()
}

/// The straight quote for a curly one.
pub(crate) fn straight_quote(character: char) -> Option<char> {
    match character {
        '“' | '”' | '„' | '‟' => Some('"'),
        '‘' | '’' | '‚' | '‛' => Some('\''),
        _ => None,
    }
}

/// Whether a word may be a parameter whose dashes went wrong: `-ar`, `—`, `- ar` are not names.
pub(crate) fn is_slipped_name(word: &str) -> bool {
    let name = word.strip_prefix('-').filter(|name| !name.starts_with('-'));
    name.is_some_and(parameter::is_known)
}
