//! Discord's ids as types of their own. A snowflake's time is read here too; nothing else is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Milliseconds between the Unix epoch and Discord's (2015-01-01, Discord's reference, "Snowflakes").
const DISCORD_EPOCH_MS: u64 = 1_420_070_400_000;

/// A text that is not a Discord id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a Discord id: expected up to 20 digits")
    }
}

impl std::error::Error for NotAnId {}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The id with this number.
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The id as a number.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// When the id was made: milliseconds since the Unix epoch, by the maker's clock.
            pub const fn unix_ms(self) -> u64 {
                (self.0 >> 22).saturating_add(DISCORD_EPOCH_MS)
            }

            /// Reads a JSON string of digits or a number; anything else is `None`.
            pub fn from_json(value: &Value) -> Option<Self> {
                match value.as_str() {
                    Some(text) => text.parse().ok(),
                    None => value.as_u64().map(Self),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                if digits { text.parse().map(Self).map_err(|_| NotAnId) } else { Err(NotAnId) }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = Value::deserialize(deserializer)?;
                Self::from_json(&value).ok_or_else(|| serde::de::Error::custom(NotAnId))
            }
        }
    )*};
}

ids! {
    /// A message.
    MessageId
    /// A channel, a thread or a DM.
    ChannelId
    /// A guild (people call it a server).
    GuildId
    /// A person or a bot account.
    UserId
    /// An application, such as the Midjourney bot.
    ApplicationId
    /// One interaction: a command that was sent or a button that was pressed.
    InteractionId
    /// An attachment.
    AttachmentId
    /// A command of an application.
    CommandId
    /// A version of a command; it changes whenever the application edits the command.
    CommandVersion
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_knows_when_it_was_made() {
        // The nonce and the waiting message of one real imagine, 2023-03-10.
        let waiting: MessageId = "1083788668470304788".parse().unwrap();
        assert_eq!(waiting.unix_ms(), 1_678_465_754_383);
    }

    #[test]
    fn only_digits_are_an_id() {
        for bad in ["", "+1", "-1", "1a", "99999999999999999999999", "<channel id>"] {
            assert_eq!(bad.parse::<MessageId>(), Err(NotAnId), "{bad}");
        }
        assert_eq!(MessageId::from_json(&serde_json::json!(12)), Some(MessageId::new(12)));
        assert_eq!(MessageId::from_json(&serde_json::json!(-1)), None);
    }
}
