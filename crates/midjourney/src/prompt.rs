//! A prompt as text and parameters, and the checks before it is sent. It judges no words.

use std::fmt;

use crate::parameter::Parameter;
use crate::permutation;
use crate::syntax::Syntax;

/// The longest prompt that Discord's option takes, in Unicode scalar values.
pub const LONGEST: usize = 6_000;

/// A prompt, cleaned: words separated by one space, parameters behind the text.
///
/// Parsing and printing are inverse: a printed prompt parses to the same prompt, and a clean
/// text prints as it was.
///
/// ```
/// use journeyman_midjourney::Prompt;
///
/// let prompt = Prompt::try_new("a lighthouse  at dawn —ar 3:2 --tile")?;
/// assert_eq!(prompt.to_string(), "a lighthouse at dawn --ar 3:2 --tile");
/// assert_eq!(prompt.text(), "a lighthouse at dawn");
/// assert_eq!(prompt.parameters()[0].value(), Some("3:2"));
/// # Ok::<(), journeyman_midjourney::InvalidPrompt>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prompt {
    text: String,
    parameters: Vec<Parameter>,
}

impl Prompt {
    /// Cleans and checks a prompt before it is sent; its `Display` is exactly what to send and store.
    ///
    /// Only typography is repaired: runs of spaces, line breaks and control characters become
    /// one space, and a dash that a keyboard made of two hyphens (`—ar`) becomes two again, as
    /// Midjourney itself does (novicezk/midjourney-proxy PR#270).
    ///
    /// # Errors
    /// [`InvalidPrompt::Empty`] without anything visible, [`InvalidPrompt::TooLong`] above
    /// [`LONGEST`] characters, as typed or as cleaned. The caller should ask for another prompt.
    pub fn try_new(typed: &str) -> Result<Self, InvalidPrompt> {
        let typed = typed.trim_matches(is_gap);
        if typed.chars().all(is_invisible) {
            return Err(InvalidPrompt::Empty);
        }
        let prompt = Self::parse(typed);
        let characters = typed.chars().count().max(prompt.to_string().chars().count());
        if characters > LONGEST {
            return Err(InvalidPrompt::TooLong { characters });
        }
        Ok(prompt)
    }

    /// Whether Midjourney makes several jobs of it: a permutation `{a, b}`, or `--repeat`.
    ///
    /// Braces behind a backslash are text (Midjourney's documentation of permutation prompts).
    pub fn makes_several_jobs(&self) -> bool {
        let repeats = self.parameters.iter().any(|parameter| parameter.canonical_name() == "r");
        repeats || permutation::choices(Syntax::parse(&self.to_string()).pieces()) > 1
    }

    /// Reads any text as a prompt, without a check; for prompts that were seen.
    pub fn parse(text: &str) -> Self {
        let mut words = Vec::new();
        let mut parameters: Vec<(String, Vec<String>)> = Vec::new();
        for word in text.split(is_gap).filter(|word| !word.is_empty()).map(with_hyphens) {
            match (parameter_name(&word), parameters.last_mut()) {
                (Some(name), _) => parameters.push((name.to_owned(), Vec::new())),
                (None, Some((_, values))) => values.push(word),
                (None, None) => words.push(word),
            }
        }
        let parameters = parameters.into_iter().map(|(name, values)| Parameter::new(name, &values));
        Self { text: words.join(" "), parameters: parameters.collect() }
    }

    /// What comes before the parameters.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The parameters, in order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }
}

impl fmt::Display for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        for (index, parameter) in self.parameters.iter().enumerate() {
            let gap = if index == 0 && self.text.is_empty() { "" } else { " " };
            write!(f, "{gap}{parameter}")?;
        }
        Ok(())
    }
}

/// Why a prompt is not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidPrompt {
    /// There is nothing to see in it.
    Empty,
    /// It is longer than Discord takes.
    TooLong {
        /// How many Unicode scalar values it has.
        characters: usize,
    },
}

impl InvalidPrompt {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Empty => "say what the image should show, for instance \"a lighthouse at dawn\"".to_owned(),
            Self::TooLong { characters } => {
                let excess = characters.saturating_sub(LONGEST);
                let characters = if excess == 1 { "character" } else { "characters" };
                format!("shorten it by at least {excess} {characters}")
            }
        }
    }
}

impl fmt::Display for InvalidPrompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the prompt is empty"),
            Self::TooLong { characters } => {
                write!(f, "the prompt has {characters} characters, Discord takes at most {LONGEST}")
            }
        }
    }
}

impl std::error::Error for InvalidPrompt {}

/// Control characters separate words: Discord's prompt field cannot hold them.
fn is_gap(character: char) -> bool {
    character.is_whitespace() || character.is_control()
}

/// Gaps, and what has no width: joiners, directional marks, the byte order mark, fillers.
fn is_invisible(character: char) -> bool {
    is_gap(character)
        || matches!(
            character,
            '\u{00AD}'
                | '\u{034F}'
                | '\u{061C}'
                | '\u{115F}'
                | '\u{1160}'
                | '\u{180E}'
                | '\u{200B}'..='\u{200F}'
                | '\u{202A}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

/// `—ar` is `--ar`; a dash before anything but a letter is punctuation and stays.
fn with_hyphens(word: &str) -> String {
    let name = word.trim_start_matches('—');
    if name.len() < word.len() && name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        format!("--{name}")
    } else {
        word.to_owned()
    }
}

fn parameter_name(word: &str) -> Option<&str> {
    word.strip_prefix("--").filter(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(typed: &str) -> String {
        Prompt::try_new(typed).unwrap().to_string()
    }

    #[test]
    fn permutations_and_repeats_make_several_jobs_and_escaped_braces_do_not() {
        for (prompt, several) in [
            ("a {red, blue} bird", true),
            ("a {red, {blue, green}} bird", true),
            ("a bird --repeat 3", true),
            ("a bird --r 3", true),
            ("a bird --ar {1:1, 2:3}", true),
            ("a {red} bird", false),
            (r"a \{red, blue\} bird", false),
            ("a {red, blue bird", false),
            ("a bird --no red, blue", false),
        ] {
            assert_eq!(Prompt::parse(prompt).makes_several_jobs(), several, "{prompt}");
        }
    }

    #[test]
    fn only_typography_is_repaired() {
        assert_eq!(sent("  a cat\n on\u{a0}a mat  "), "a cat on a mat");
        assert_eq!(sent("a cat —ar 3:2 —v 6"), "a cat --ar 3:2 --v 6");
        assert_eq!(sent("a cat — sitting, 1990—2000 —7"), "a cat — sitting, 1990—2000 —7");
        assert_eq!(sent("a\u{0}b\u{1b}[0m"), "a b [0m");
        assert_eq!(
            sent("<https://x.y/z.png>   cat::2 {red, blue}"),
            "<https://x.y/z.png> cat::2 {red, blue}"
        );
    }

    #[test]
    fn a_prompt_with_nothing_to_see_is_empty() {
        for blank in ["", " ", "\n\t", "\u{200b}\u{feff}", "\u{3000}", "\u{0}", "\u{fe0f} \u{2800}"] {
            assert_eq!(Prompt::try_new(blank), Err(InvalidPrompt::Empty), "{blank:?}");
        }
    }

    #[test]
    fn six_thousand_scalar_values_pass_and_one_more_does_not() {
        for letter in ["a", "ж", "🐈"] {
            assert!(Prompt::try_new(&letter.repeat(6_000)).is_ok());
            let refused = Prompt::try_new(&letter.repeat(6_001)).unwrap_err();
            assert_eq!(refused, InvalidPrompt::TooLong { characters: 6_001 });
            assert_eq!(refused.hint(), "shorten it by at least 1 character");
        }
        // The gap at the end is not sent, so it is not counted.
        assert!(Prompt::try_new(&format!("{}\n", "a".repeat(6_000))).is_ok());
    }

    #[test]
    fn a_repaired_dash_counts_as_what_is_sent() {
        let typed = format!("{} —ar 3:2", "a".repeat(5_992));
        assert_eq!(typed.chars().count(), 6_000);
        assert_eq!(Prompt::try_new(&typed), Err(InvalidPrompt::TooLong { characters: 6_001 }));
    }

    #[test]
    fn parameters_take_the_words_up_to_the_next_one() {
        let prompt = Prompt::parse("a cat --no red hats, dogs --tile -- x --v 5.1 raw --7");
        let read: Vec<_> = prompt.parameters().iter().map(|one| (one.name(), one.value())).collect();
        assert_eq!(
            read,
            [("no", Some("red hats, dogs")), ("tile", Some("-- x")), ("v", Some("5.1 raw --7"))]
        );
        assert_eq!(prompt.text(), "a cat");
        assert_eq!(Prompt::parse("--ar 3:2").to_string(), "--ar 3:2");
    }
}
