//! What may be pressed on a message: its buttons and selects, as found. It presses nothing itself.

use journeyman_midjourney::application::MIDJOURNEY;
use journeyman_midjourney::button::{self, FoundOn, Press};
use journeyman_midjourney::generation::GenerationRecord;
use journeyman_midjourney::{Button, Sighting, outcome};
use journeyman_model::{ApplicationId, MessageId};

use crate::error::{Error, ErrorKind};

/// The buttons and selects of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panel {
    message: MessageId,
    application: ApplicationId,
    flags: u64,
    buttons: Vec<Button>,
}

impl Panel {
    pub(crate) fn new(
        message: MessageId,
        application: Option<ApplicationId>,
        flags: u64,
        buttons: Vec<Button>,
    ) -> Self {
        Self { message, application: application.unwrap_or(MIDJOURNEY), flags, buttons }
    }

    pub(crate) fn of(finished: &outcome::Finished) -> Option<Self> {
        Some(Self::new(finished.message?, finished.application, finished.flags, finished.buttons.clone()))
    }

    pub(crate) fn of_sighting(message: MessageId, sighting: &Sighting) -> Self {
        Self::new(message, sighting.application, sighting.flags, sighting.buttons.clone())
    }

    pub(crate) fn of_record(record: &GenerationRecord) -> Option<Self> {
        let outcome = record.outcome.as_ref()?;
        let buttons = outcome.buttons.iter().map(Button::from).collect();
        Some(Self::new(outcome.message?, outcome.application, outcome.flags, buttons))
    }

    /// The message.
    pub fn message(&self) -> MessageId {
        self.message
    }

    /// The labels, or the emoji of those without one.
    pub fn labels(&self) -> Vec<&str> {
        self.buttons.iter().map(|button| button.label.as_str()).collect()
    }

    /// The buttons and selects, in order.
    pub fn buttons(&self) -> &[Button] {
        &self.buttons
    }

    /// Whether there is exactly one button that `label` means.
    pub fn has(&self, label: &str) -> bool {
        button::find(&self.buttons, label).is_ok()
    }

    /// A press of the button that `label` means, or a choice of `values` in a select.
    ///
    /// # Errors
    /// `InvalidRequest` with what there is, for a label that fits none or more than one, a link, or a
    /// button that only the account's owner may press.
    pub fn press(&self, label: &str, values: &[&str]) -> Result<Press, Error> {
        let refused = |what: String| {
            Error::new(ErrorKind::InvalidRequest, what)
                .with_hint("`journeyman press MESSAGE` lists what can be pressed")
        };
        let found = button::find(&self.buttons, label).map_err(|why| refused(why.to_string()))?;
        let on = FoundOn { application: self.application, message: self.message, flags: self.flags };
        let press =
            if values.is_empty() { Press::button(found, on) } else { Press::select(found, on, values) };
        press.map_err(|why| refused(format!("press {label:?}: {why}")))
    }
}
