//! A list of words and phrases, as the operator wrote it. None is shipped.

use std::collections::BTreeMap;

use super::words::{of_prompt, of_text};
use crate::syntax::Span;

/// One list: a word or phrase a line; `#` begins a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordList {
    name: String,
    /// By the first word, so that a long list costs a look-up per word.
    entries: BTreeMap<String, Vec<Entry>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    words: Vec<String>,
    typed: String,
    line: usize,
}

/// Something in a prompt that is on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The list's name.
    pub list: String,
    /// The line in it, from 1.
    pub line: usize,
    /// The word or phrase, as the list has it.
    pub entry: String,
    /// Where it stands in the prompt, in bytes.
    pub span: Span,
}

impl WordList {
    /// Reads a list. Lines without a word are none.
    pub fn parse(name: &str, text: &str) -> Self {
        let mut entries: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let typed = line.split('#').next().unwrap_or_default().trim();
            let words: Vec<String> = of_text(typed).into_iter().map(|word| word.folded).collect();
            if let Some(first) = words.first() {
                let entry = Entry { typed: typed.to_owned(), line: index + 1, words: words.clone() };
                entries.entry(first.clone()).or_default().push(entry);
            }
        }
        Self { name: name.to_owned(), entries }
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.entries.values().map(Vec::len).sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What of the list is in a prompt: whole words, and phrases of whole words next to each other.
    pub fn hits(&self, prompt: &str) -> Vec<Hit> {
        let words = of_prompt(prompt);
        let mut hits = Vec::new();
        for (at, word) in words.iter().enumerate() {
            for entry in self.entries.get(&word.folded).into_iter().flatten() {
                let behind = words.get(at..at + entry.words.len()).unwrap_or_default();
                let is_there = !behind.is_empty() && behind.iter().map(|word| &word.folded).eq(&entry.words);
                if let Some(last) = behind.last().filter(|_| is_there) {
                    hits.push(Hit {
                        list: self.name.clone(),
                        line: entry.line,
                        entry: entry.typed.clone(),
                        span: word.span.start..last.span.end,
                    });
                }
            }
        }
        hits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_own_lists_have_words_and_phrases_in_several_languages() {
        let list =
            WordList::parse("ours", "# comment\ncut\nred herring  # fish\nGroße Straße\n\n花火\nёлка\n");
        assert_eq!(list.len(), 5);
        for (prompt, entries) in [
            ("a clean CUT", &["cut"][..]),
            ("cutting, uncut, cut-glass", &["cut"]),
            ("Red,\n herring", &["red herring"]),
            ("red hot herring", &[]),
            ("GROSSE STRASSE", &["Große Straße"]),
            ("夏の花火大会", &["花火"]),
            ("花 in 火", &[]),
            ("Ёлка", &["ёлка"]),
            ("a {red herring, cod}", &["red herring"]),
            ("https://x.y/cut.png a cat", &[]),
            ("a cat --no cut", &["cut"]),
            ("", &[]),
        ] {
            let hits = list.hits(prompt);
            assert_eq!(hits.iter().map(|hit| hit.entry.as_str()).collect::<Vec<_>>(), entries, "{prompt}");
            assert!(hits.iter().all(|hit| prompt.get(hit.span.clone()).is_some()));
        }
        assert_eq!(list.hits("red herring")[0].line, 3);
    }
}
