//! A button or a select as it is stored. It presses nothing.

use serde::{Deserialize, Serialize};

use crate::sighting::{Button, Choice, Select};

/// A stored button, or a stored select.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ButtonRecord {
    /// The label.
    pub label: String,
    /// The custom id.
    pub custom_id: Option<String>,
    /// A link's address.
    pub url: Option<String>,
    /// Discord's style number.
    pub style: u8,
    /// Whether it is shown and cannot be pressed.
    pub disabled: bool,
    /// What a select offers; `None` of a button.
    pub choices: Option<Vec<ChoiceRecord>>,
}

/// One thing that a stored select offers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChoiceRecord {
    /// What people see.
    pub label: String,
    /// What is sent.
    pub value: String,
    /// Whether it was chosen.
    pub chosen: bool,
}

impl From<&Button> for ButtonRecord {
    fn from(button: &Button) -> Self {
        let choice = |choice: &Choice| ChoiceRecord {
            label: choice.label.clone(),
            value: choice.value.clone(),
            chosen: choice.chosen,
        };
        Self {
            label: button.label.clone(),
            custom_id: button.custom_id.clone(),
            url: button.url.clone(),
            style: button.style,
            disabled: button.disabled,
            choices: button.select.as_ref().map(|select| select.choices.iter().map(choice).collect()),
        }
    }
}

impl From<&ButtonRecord> for Button {
    fn from(record: &ButtonRecord) -> Self {
        let choice = |choice: &ChoiceRecord| Choice {
            label: choice.label.clone(),
            value: choice.value.clone(),
            chosen: choice.chosen,
        };
        let select = |choices: &Vec<ChoiceRecord>| Select { choices: choices.iter().map(choice).collect() };
        Self {
            label: record.label.clone(),
            custom_id: record.custom_id.clone(),
            url: record.url.clone(),
            style: record.style,
            disabled: record.disabled,
            select: record.choices.as_ref().map(select),
        }
    }
}
