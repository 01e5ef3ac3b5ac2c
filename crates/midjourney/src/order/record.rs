//! An order as it is stored. It is no payload: Discord never sees this form.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Ask, FormAnswer, Order};
use crate::button::{PressRecord, UnreadablePress};
use crate::invocation::{InvocationRecord, UnreadableInvocation};
use crate::region::Mask;

/// A stored [`Order`]: a command or a press is there, never both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// A command.
    #[serde(default)]
    pub command: Option<InvocationRecord>,
    /// A press.
    #[serde(default)]
    pub press: Option<PressRecord>,
    /// The prompt for a form.
    #[serde(default)]
    pub form_prompt: Option<String>,
    /// The mask for a form: a PNG in base64.
    #[serde(default)]
    pub mask: Option<String>,
}

/// A record that this program cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnreadableOrder {
    /// Its command.
    Command(UnreadableInvocation),
    /// Its press.
    Press(UnreadablePress),
    /// Neither a command nor a press, or both.
    Ask,
    /// Its mask.
    Mask,
}

impl fmt::Display for UnreadableOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(why) => why.fmt(f),
            Self::Press(why) => why.fmt(f),
            Self::Ask => f.write_str("read a stored order: it is not one command or one press"),
            Self::Mask => f.write_str("read a stored order: its mask is no PNG in base64"),
        }
    }
}

impl std::error::Error for UnreadableOrder {}

impl From<&Order> for OrderRecord {
    fn from(order: &Order) -> Self {
        let (command, press) = match &order.ask {
            Ask::Command(invocation) => (Some(invocation.into()), None),
            Ask::Press(press) => (None, Some(press.into())),
        };
        let mask = order.form.mask.as_ref().map(Mask::to_base64);
        Self { command, press, form_prompt: order.form.prompt.clone(), mask }
    }
}

impl TryFrom<OrderRecord> for Order {
    type Error = UnreadableOrder;

    fn try_from(record: OrderRecord) -> Result<Self, UnreadableOrder> {
        let ask = match (record.command, record.press) {
            (Some(command), None) => Ask::Command(command.try_into().map_err(UnreadableOrder::Command)?),
            (None, Some(press)) => Ask::Press(press.try_into().map_err(UnreadableOrder::Press)?),
            (Some(_), Some(_)) | (None, None) => return Err(UnreadableOrder::Ask),
        };
        let decode = |text: String| Mask::from_base64(&text).map_err(|_| UnreadableOrder::Mask);
        let mask = record.mask.map(decode).transpose()?;
        Ok(Self { ask, form: FormAnswer { prompt: record.form_prompt, mask } })
    }
}
