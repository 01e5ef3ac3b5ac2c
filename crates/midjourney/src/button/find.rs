//! Finding a button by what a person calls it. It presses nothing.

use std::fmt;

use super::CustomId;
use crate::sighting::Button;

/// The button that a person means by `label`.
///
/// In this order: the custom id or the label as it stands; what people call such a button
/// ([`CustomId::names`]); all words of `label` in the label. Case, punctuation and the two ways
/// to write an emoji do not count: `vary strong` is `Vary (Strong)`, `reroll` and `🔄` are one.
///
/// ```
/// use journeyman_midjourney::{Button, button};
///
/// let button = |label: &str, custom_id: &str| Button {
///     label: label.to_owned(),
///     custom_id: Some(custom_id.to_owned()),
///     ..Button::default()
/// };
/// let found = [button("U1", "MJ::JOB::upsample::1::…"), button("🔄", "MJ::JOB::reroll::0::…::SOLO")];
/// assert_eq!(button::find(&found, "reroll")?.label, "🔄");
///
/// // The interesting failure tells what there is.
/// let error = button::find(&found, "Vary (Strong)").unwrap_err();
/// assert!(error.to_string().contains("U1, 🔄 (reroll)"), "{error}");
/// # Ok::<(), button::NotFound>(())
/// ```
///
/// # Errors
/// [`NotFound`], with what there is: none fits, or more than one.
pub fn find<'a>(buttons: &'a [Button], label: &str) -> Result<&'a Button, NotFound> {
    let wanted = plain(label);
    let named = |button: &&Button| names(button).iter().any(|name| plain(name) == wanted);
    let worded = |button: &&Button| {
        let shown = plain(&button.label);
        !wanted.is_empty() && wanted.split(' ').all(|word| shown.split(' ').any(|one| one == word))
    };
    let exact =
        |button: &&Button| button.custom_id.as_deref() == Some(label) || plain(&button.label) == wanted;
    let rules: [&dyn Fn(&&Button) -> bool; 3] = [&exact, &named, &worded];
    for rule in rules {
        let fitting: Vec<_> = buttons.iter().filter(rule).collect();
        match fitting.as_slice() {
            [] => {}
            [one] => return Ok(one),
            many => return Err(NotFound::of(label, many.len(), many.iter().copied())),
        }
    }
    Err(NotFound::of(label, 0, buttons))
}

fn names(button: &Button) -> Vec<String> {
    button.custom_id.as_deref().map(|custom_id| CustomId::parse(custom_id).names()).unwrap_or_default()
}

/// Words in small letters with single spaces; an emoji is a word, its presentation selector is not.
fn plain(text: &str) -> String {
    let kept = text.chars().filter(|letter| !matches!(letter, '\u{fe0e}' | '\u{fe0f}' | '\u{200d}'));
    let spaced: String = kept
        .map(
            |letter| {
                if letter.is_alphanumeric() || letter == '.' || !letter.is_ascii() { letter } else { ' ' }
            },
        )
        .collect();
    spaced.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// No button fits, or more than one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFound {
    /// What was looked for.
    pub label: String,
    /// How many fit.
    pub fitting: usize,
    /// Those that fit; where none does, all that there are.
    pub known: Vec<String>,
}

impl NotFound {
    fn of<'a>(label: &str, fitting: usize, buttons: impl IntoIterator<Item = &'a Button>) -> Self {
        Self { label: label.to_owned(), fitting, known: buttons.into_iter().map(shown).collect() }
    }
}

/// The label, and for a bare emoji what it is called.
fn shown(button: &Button) -> String {
    let is_word = button.label.chars().any(char::is_alphanumeric);
    match names(button).into_iter().next() {
        Some(name) if !is_word => format!("{} ({name})", button.label),
        _ => button.label.clone(),
    }
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.known.join(", ");
        match (self.fitting, self.known.is_empty()) {
            (_, true) => write!(f, "find the button {:?}: the message has no buttons", self.label),
            (0, false) => write!(f, "find the button {:?}: the message has {known}", self.label),
            (count, false) => {
                write!(f, "find the button {:?}: {count} fit, say which: {known}", self.label)
            }
        }
    }
}

impl std::error::Error for NotFound {}
