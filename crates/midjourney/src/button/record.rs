//! A press as it is stored. It is no payload: Discord never sees this form.

use std::fmt;

use journeyman_model::{ApplicationId, MessageId};
use serde::{Deserialize, Serialize};

use super::{CustomId, FoundOn, Press, is_called_for_a_human};

/// The version this program writes. It reads this one only; there is no older.
const VERSION: u32 = 1;

/// A stored [`Press`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PressRecord {
    /// The format's version.
    pub version: u32,
    /// Who wrote the message.
    pub application: ApplicationId,
    /// The message.
    pub message: MessageId,
    /// The message's flags.
    pub flags: u64,
    /// The label as shown.
    pub label: String,
    /// The custom id as found.
    pub custom_id: String,
    /// A select's values; none of a button.
    #[serde(default)]
    pub values: Option<Vec<String>>,
}

/// A record that this program cannot read, or that it must not follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnreadablePress {
    /// Another version of the format.
    Version {
        /// The one that was found.
        found: u32,
    },
    /// A button that only the account's owner may press; this program stores none.
    ForAHuman,
}

impl fmt::Display for UnreadablePress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { found } => {
                write!(f, "read a stored press: its format is {found}, and this program reads {VERSION}")
            }
            Self::ForAHuman => f.write_str(
                "read a stored press: the button must be pressed by the account's owner, in Discord",
            ),
        }
    }
}

impl std::error::Error for UnreadablePress {}

impl From<&Press> for PressRecord {
    fn from(press: &Press) -> Self {
        Self {
            version: VERSION,
            application: press.on.application,
            message: press.on.message,
            flags: press.on.flags,
            label: press.label.clone(),
            custom_id: press.custom_id.clone(),
            values: press.values.clone(),
        }
    }
}

impl TryFrom<PressRecord> for Press {
    type Error = UnreadablePress;

    fn try_from(record: PressRecord) -> Result<Self, UnreadablePress> {
        if record.version != VERSION {
            return Err(UnreadablePress::Version { found: record.version });
        }
        if CustomId::parse(&record.custom_id).is_for_a_human() || is_called_for_a_human(&record.label) {
            return Err(UnreadablePress::ForAHuman);
        }
        let on = FoundOn { application: record.application, message: record.message, flags: record.flags };
        Ok(Self { on, label: record.label, custom_id: record.custom_id, values: record.values })
    }
}
