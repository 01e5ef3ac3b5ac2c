//! Buttons and selects found on messages: what they are, and the payload of a press. It never invents one.

mod custom_id;
mod find;
mod record;

use std::fmt;

use journeyman_model::{ApplicationId, MessageId};
use serde_json::{Value, json};

pub use custom_id::CustomId;
pub use find::{NotFound, find};
pub use record::{PressRecord, UnreadablePress};

use crate::command::Place;
use crate::expect::Expect;
use crate::sighting::{Button, Choice};

/// Discord's component types (Discord's docs, "Component Types").
const BUTTON: u8 = 2;
const SELECT: u8 = 3;

/// Whether a custom id is one of Midjourney's.
pub(crate) fn is_midjourneys(custom_id: &str) -> bool {
    custom_id.starts_with("MJ::")
}

/// Custom ids change; the words on such a button rather not.
fn is_called_for_a_human(label: &str) -> bool {
    let label = label.to_lowercase();
    ["appeal", "acknowledge", "accept", "agree", "resubmit", "verify", "human"]
        .iter()
        .any(|word| label.contains(word))
}

/// Why a button cannot be pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CannotPress {
    /// It is a link.
    Link,
    /// An appeal, an acknowledgement, terms or a captcha: the account's owner decides in Discord.
    ForAHuman,
    /// It is shown, and cannot be pressed at the moment.
    Disabled,
    /// It is a select, of which a value must be chosen.
    NeedsAValue {
        /// The values that there are.
        known: Vec<String>,
    },
    /// It is a button, and has no values to choose from.
    NoValues,
    /// The select has no such value.
    UnknownValue {
        /// The value that was given.
        value: String,
        /// The values that there are.
        known: Vec<String>,
    },
}

impl fmt::Display for CannotPress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link => f.write_str("the button is a link and has nothing to press"),
            Self::ForAHuman => f.write_str("the button must be pressed by the account's owner, in Discord"),
            Self::Disabled => f.write_str("the button is disabled"),
            Self::NeedsAValue { known } => {
                write!(f, "it is a list to choose from; choose one of {}", known.join(", "))
            }
            Self::NoValues => f.write_str("it is a button, and has no values to choose from"),
            Self::UnknownValue { value, known } => {
                write!(f, "the list has no {value:?}; choose one of {}", known.join(", "))
            }
        }
    }
}

impl std::error::Error for CannotPress {}

/// The message that a button was found on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundOn {
    /// Who wrote it.
    pub application: ApplicationId,
    /// The message.
    pub message: MessageId,
    /// The message's flags, echoed in the press.
    pub flags: u64,
}

/// A press that may be made: a button, or values of a select, found on a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Press {
    on: FoundOn,
    label: String,
    custom_id: String,
    /// A select's values; a button has none.
    values: Option<Vec<String>>,
}

impl Press {
    /// A press of a button.
    ///
    /// # Errors
    /// A link, a select, a disabled button, or one for a human.
    pub fn button(button: &Button, on: FoundOn) -> Result<Self, CannotPress> {
        let press = Self::of(button, on)?;
        match &button.select {
            Some(select) => Err(CannotPress::NeedsAValue { known: names(&select.choices) }),
            None => Ok(press),
        }
    }

    /// A choice of values in a select, each by its value or by its label as shown.
    ///
    /// # Errors
    /// As [`Press::button`]; a button, or a value that the select does not have.
    pub fn select(button: &Button, on: FoundOn, values: &[&str]) -> Result<Self, CannotPress> {
        let press = Self::of(button, on)?;
        let Some(select) = &button.select else { return Err(CannotPress::NoValues) };
        let is_it = |choice: &&Choice, value: &str| {
            choice.value == value || choice.label.trim().eq_ignore_ascii_case(value.trim())
        };
        let chosen = |value: &&str| match select.choices.iter().find(|choice| is_it(choice, value)) {
            Some(choice) => Ok(choice.value.clone()),
            None => {
                Err(CannotPress::UnknownValue { value: (*value).to_owned(), known: names(&select.choices) })
            }
        };
        let values = values.iter().map(chosen).collect::<Result<_, _>>()?;
        Ok(Self { values: Some(values), ..press })
    }

    fn of(button: &Button, on: FoundOn) -> Result<Self, CannotPress> {
        let custom_id = button.custom_id.clone().ok_or(CannotPress::Link)?;
        if CustomId::parse(&custom_id).is_for_a_human() || is_called_for_a_human(&button.label) {
            return Err(CannotPress::ForAHuman);
        }
        if button.disabled {
            return Err(CannotPress::Disabled);
        }
        Ok(Self { on, label: button.label.clone(), custom_id, values: None })
    }

    /// The message that it was found on.
    pub const fn on(&self) -> FoundOn {
        self.on
    }

    /// The label as shown, or the emoji.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The custom id as found.
    pub fn custom_id(&self) -> &str {
        &self.custom_id
    }

    /// What comes back.
    pub fn expects(&self) -> Expect {
        CustomId::parse(&self.custom_id).expects()
    }

    /// The payload (`POST /interactions`, type 3).
    pub fn payload(&self, place: &Place<'_>, nonce: &str) -> Value {
        let data = match &self.values {
            None => json!({ "component_type": BUTTON, "custom_id": self.custom_id }),
            Some(values) => json!({
                "component_type": SELECT,
                "custom_id": self.custom_id,
                "type": SELECT,
                "values": values,
            }),
        };
        json!({
            "type": 3,
            "nonce": nonce,
            "guild_id": place.guild,
            "channel_id": place.channel,
            "message_flags": self.on.flags,
            "message_id": self.on.message,
            "application_id": self.on.application,
            "session_id": place.session_id,
            "data": data,
        })
    }
}

fn names(choices: &[Choice]) -> Vec<String> {
    choices.iter().map(|choice| choice.label.clone()).collect()
}

/// The payload of a button's press.
///
/// # Errors
/// As [`Press::button`].
pub fn press(button: &Button, on: FoundOn, place: &Place<'_>, nonce: &str) -> Result<Value, CannotPress> {
    Press::button(button, on).map(|press| press.payload(place, nonce))
}
