//! Texts with `{{name}}` in them, for which values are put in. Where the values come from is not its matter.

use std::collections::BTreeSet;

use journeyman_midjourney::nearest::nearest;

/// A text, understood.
///
/// A name is anything without braces, commas, backslashes and line ends: `{{a, b}, c}` stays what it is to
/// Midjourney, a choice within a choice. `\{{name}}` is text as well. A value is put in as it is, once: what looks
/// like a variable in it is text, and braces in it are choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(String),
}

/// A variable that has no value, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// Its name, in braces.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: String,
}

impl Template {
    /// Reads a text; every text is one.
    pub(crate) fn parse(text: &str) -> Self {
        let mut pieces = Vec::new();
        let (mut begin, mut from) = (0, 0);
        while let Some(at) = text[from..].find("{{").map(|at| from + at) {
            match variable(text, at) {
                Some((name, end)) => {
                    push_text(&mut pieces, &text[begin..at]);
                    pieces.push(Piece::Variable(name));
                    (begin, from) = (end, end);
                }
                None => from = at + 1,
            }
        }
        push_text(&mut pieces, &text[begin..]);
        Self(pieces)
    }

    /// The names in it.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Variable(name) => Some(name.as_str()),
        })
    }

    /// The text with the values put in.
    ///
    /// # Errors
    /// The first name without a value, with the nearest of those that have one.
    pub(crate) fn fill<'a>(
        &self,
        value: impl Fn(&str) -> Option<&'a str>,
        known: impl Fn() -> BTreeSet<&'a str>,
    ) -> Result<String, Unknown> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Variable(name) => {
                    text.push_str(value(name).ok_or_else(|| unknown(name, &known()))?);
                }
            }
        }
        Ok(text)
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

/// The variable whose braces begin here, and where it ends.
fn variable(text: &str, at: usize) -> Option<(String, usize)> {
    let (before, inner) = (&text[..at], &text[at + 2..]);
    let length = inner.find(['{', '}', ',', '\\', '\n'])?;
    let (name, rest) = inner.split_at(length);
    (!before.ends_with('\\') && rest.starts_with("}}")).then(|| (name.trim().to_owned(), at + length + 4))
}

fn unknown(name: &str, known: &BTreeSet<&str>) -> Unknown {
    let all: Vec<_> = known.iter().copied().collect();
    let hint = match (nearest(name, &all), all.as_slice()) {
        (Some(near), _) => format!("did you mean {{{{{near}}}}}?"),
        (None, []) => format!("give it a column, or values with --set {name}=…"),
        (None, all) => {
            let shown = all.iter().take(8).copied().collect::<Vec<_>>().join(", ");
            format!("give it a column, or values with --set {name}=…; there are {shown}")
        }
    };
    Unknown { message: format!("`{{{{{name}}}}}` has no value"), hint }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn filled(text: &str) -> Result<String, Unknown> {
        let values =
            BTreeMap::from([("colour", "red"), ("art style", "oil {a, b} {{colour}}"), ("empty", "")]);
        Template::parse(text).fill(|name| values.get(name).copied(), || values.keys().copied().collect())
    }

    #[test]
    fn variables_are_put_in_and_choices_of_midjourney_stay() {
        for (text, expected) in [
            ("a {{colour}} fox, {{ colour }}{{empty}}", "a red fox, red"),
            ("{{art style}}!", "oil {a, b} {{colour}}!"),
            ("a {{red, blue}, {green}} bird", "a {{red, blue}, {green}} bird"),
            ("{a, {b, {c, d}}}", "{a, {b, {c, d}}}"),
            ("\\{{colour}} {colour} {{{colour}}}", "\\{{colour}} {colour} {red}"),
            ("{{colour", "{{colour"),
            ("ж{{colour}}ж", "жredж"),
        ] {
            assert_eq!(filled(text).as_deref(), Ok(expected), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_filled_with_itself_is_what_it_was(text in "[{}a, \\\\é]{0,20}") {
            let template = Template::parse(&text);
            let names: BTreeMap<String, String> =
                template.variables().map(|name| (name.to_owned(), format!("{{{{{name}}}}}"))).collect();
            let filled = template.fill(|name| names.get(name).map(String::as_str), BTreeSet::new).unwrap();
            // Gaps around a name are not kept.
            prop_assert_eq!(filled.replace(' ', ""), text.replace(' ', ""));
            prop_assert!(text.contains("{{") || names.is_empty());
        }
    }

    #[test]
    fn an_unknown_variable_is_an_error_with_a_suggestion() {
        let why = filled("a {{color}} fox").unwrap_err();
        assert_eq!(
            (why.message.as_str(), why.hint.as_str()),
            ("`{{color}}` has no value", "did you mean {{colour}}?")
        );
        assert!(filled("{{}}").unwrap_err().hint.contains("there are art style, colour, empty"));
    }
}
