//! The answer to `/settings`: which buttons are on, and what is chosen in its lists. It presses nothing.

use crate::sighting::Button;

/// Discord's green, which the bot gives to a setting that is on (trueai/midjourney-proxy).
const GREEN: u8 = 3;

/// The settings of an account, as their message shows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingsPanel {
    /// The buttons, in order.
    pub switches: Vec<Switch>,
    /// The lists, in order.
    pub lists: Vec<Selected>,
}

/// A button that is on or off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// The label.
    pub label: String,
    /// The custom id.
    pub custom_id: String,
    /// Whether it is on.
    pub is_on: bool,
}

/// A list, and what is chosen in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// The custom id.
    pub custom_id: String,
    /// The labels of what is chosen.
    pub chosen: Vec<String>,
    /// The labels of all that can be chosen.
    pub offered: Vec<String>,
}

impl SettingsPanel {
    /// Reads the buttons and lists of a `/settings` message.
    pub fn of(buttons: &[Button]) -> Self {
        let mut panel = Self::default();
        for button in buttons {
            let Some(custom_id) = button.custom_id.clone() else { continue };
            match &button.select {
                None => panel.switches.push(Switch {
                    label: button.label.clone(),
                    custom_id,
                    is_on: button.style == GREEN,
                }),
                Some(select) => {
                    let labels = |chosen_only: bool| {
                        let choices = select.choices.iter().filter(|choice| choice.chosen || !chosen_only);
                        choices.map(|choice| choice.label.clone()).collect()
                    };
                    panel.lists.push(Selected { custom_id, chosen: labels(true), offered: labels(false) });
                }
            }
        }
        panel
    }

    /// Whether the button of this label is on, whatever the case; `None` where there is none.
    pub fn is_on(&self, label: &str) -> Option<bool> {
        let is_it = |switch: &&Switch| switch.label.trim().eq_ignore_ascii_case(label.trim());
        self.switches.iter().find(is_it).map(|switch| switch.is_on)
    }
}
