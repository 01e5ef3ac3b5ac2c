//! Reads text into pieces. It knows no parameter, but for those that a short dash may stand before.

use std::collections::BTreeMap;

use super::{Kind, Piece, is_gap};
use crate::parameter;

/// Deeper nesting is text: nobody writes it, and what reads the tree may call itself per level.
const DEEPEST: usize = 16;

/// The pieces of a text; together they cover each byte of it.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let mut reader = Reader { text, pairs: pairs(text), at: 0 };
    reader.sequence(text.len(), false)
}

/// The braces that belong together, by the place of the opening one.
fn pairs(text: &str) -> BTreeMap<usize, usize> {
    let mut pairs = BTreeMap::new();
    let mut open = Vec::new();
    let mut is_escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            '{' if !is_escaped => open.push(at),
            '}' if !is_escaped => {
                if let Some(start) = open.pop()
                    && open.len() < DEEPEST
                {
                    pairs.insert(start, at);
                }
            }
            _ => {}
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    pairs
}

struct Reader<'a> {
    text: &'a str,
    pairs: BTreeMap<usize, usize>,
    at: usize,
}

impl Reader<'_> {
    /// Pieces up to `end`, or up to a comma that separates alternatives.
    fn sequence(&mut self, end: usize, is_alternative: bool) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        while self.at < end && !(is_alternative && self.rest(end).starts_with(',')) {
            let start = self.at;
            let begins_word = pieces.last().is_none_or(Piece::is_gap);
            let kind = self.piece(end, is_alternative, begins_word);
            pieces.push(Piece { span: start..self.at, kind });
        }
        pieces
    }

    fn piece(&mut self, end: usize, is_alternative: bool, begins_word: bool) -> Kind {
        if let Some(close) = self.pairs.get(&self.at).copied().filter(|close| *close < end) {
            return self.permutation(close);
        }
        let rest = self.rest(end);
        if rest.starts_with(is_gap) {
            let length = rest.find(|character| !is_gap(character)).unwrap_or(rest.len());
            return Kind::Gap(self.take(length));
        }
        if rest.starts_with("::") {
            let length = 2 + number(rest.get(2..).unwrap_or_default());
            return Kind::Weight(self.take(length));
        }
        if let Some(length) = bracketed_link(rest).filter(|_| begins_word) {
            return Kind::Link(self.take(length));
        }
        let length = self.word(end, is_alternative);
        let word = self.take(length);
        if !begins_word {
            Kind::Word(word)
        } else if is_name(&word) {
            Kind::Name(word)
        } else if is_address(&word) {
            Kind::Link(word)
        } else {
            Kind::Word(word)
        }
    }

    /// `{`, alternatives separated by commas, `}` at `close`.
    fn permutation(&mut self, close: usize) -> Kind {
        let mut alternatives = Vec::new();
        while self.at < close {
            // The opening brace, or the comma.
            self.at += 1;
            alternatives.push(self.sequence(close, true));
        }
        self.at = close + 1;
        Kind::Permutation(alternatives)
    }

    /// How long the word is that begins here; at least one character.
    fn word(&self, end: usize, is_alternative: bool) -> usize {
        let rest = self.rest(end);
        let mut is_escaped = false;
        for (offset, character) in rest.char_indices() {
            let ends = is_gap(character)
                || !is_escaped && is_alternative && character == ','
                || !is_escaped && self.pairs.get(&(self.at + offset)).is_some_and(|close| *close < end)
                || rest.get(offset..).is_some_and(|behind| behind.starts_with("::"));
            if ends && offset > 0 {
                return offset;
            }
            is_escaped = character == '\\' && !is_escaped;
        }
        rest.len()
    }

    fn rest(&self, end: usize) -> &str {
        self.text.get(self.at..end).unwrap_or_default()
    }

    fn take(&mut self, length: usize) -> String {
        let taken = self.text.get(self.at..self.at + length).unwrap_or_default().to_owned();
        self.at += length;
        taken
    }
}

/// How long the number is at the beginning: `2`, `-.5`, `1.25`; zero where there is none.
fn number(text: &str) -> usize {
    let sign = usize::from(text.starts_with('-'));
    let digits = |at: usize| {
        let rest = text.get(at..).unwrap_or_default();
        rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len())
    };
    let whole = digits(sign);
    let point = sign + whole;
    let fraction =
        if text.get(point..).is_some_and(|rest| rest.starts_with('.')) { digits(point + 1) } else { 0 };
    match (whole, fraction) {
        (0, 0) => 0,
        (_, 0) => point,
        _ => point + 1 + fraction,
    }
}

/// `--ar`, `—ar` (what keyboards make of two hyphens, and Midjourney takes), or `–ar` where that is a
/// parameter's name: a short dash before any other word is punctuation.
fn is_name(word: &str) -> bool {
    let begins_with_letter = |name: &str| name.starts_with(|first: char| first.is_ascii_alphabetic());
    if let Some(name) = word.strip_prefix("--") {
        return begins_with_letter(name);
    }
    let name = word.trim_start_matches('—');
    if name.len() < word.len() {
        return begins_with_letter(name);
    }
    let name = word.trim_start_matches('–');
    name.len() < word.len() && parameter::is_known(name)
}

/// Whether the word begins as an address does.
fn is_address(word: &str) -> bool {
    ["https://", "http://"]
        .iter()
        .any(|scheme| word.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

/// `<https://…>`, as Midjourney shows addresses.
fn bracketed_link(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('<').filter(|inner| is_address(inner))?;
    let end = inner.find(|character: char| is_gap(character) || character == '>')?;
    inner.get(end..).filter(|rest| rest.starts_with('>')).map(|_| end + 2)
}
