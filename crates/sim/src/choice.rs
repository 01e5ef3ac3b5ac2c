//! Words of a fixed set, read from flags and scripts.
//!
//! It holds no set itself: each enum brings its table.

use thiserror::Error;

/// A word that is not one of the allowed ones.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("unknown {what} `{given}`, expected one of: {allowed}")]
pub struct UnknownChoice {
    /// What the word was for.
    pub what: &'static str,
    /// The word as given.
    pub given: String,
    /// The allowed words, separated by commas.
    pub allowed: String,
}

pub(crate) fn choose<T: Copy>(
    what: &'static str,
    given: &str,
    table: &[(&'static str, T)],
) -> Result<T, UnknownChoice> {
    table.iter().find(|(name, _)| *name == given).map(|(_, value)| *value).ok_or_else(|| UnknownChoice {
        what,
        given: given.to_owned(),
        allowed: table.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
    })
}

/// `FromStr`, `Display` and `Deserialize` of an enum from its table of names.
macro_rules! named {
    ($type:ty, $what:literal, [$($name:literal => $value:path),+ $(,)?]) => {
        impl $type {
            /// The allowed words, in the order of the documentation.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// The word for this value.
            pub fn name(self) -> &'static str {
                match self {
                    $($value => $name),+
                }
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::choice::UnknownChoice;

            fn from_str(given: &str) -> Result<Self, Self::Err> {
                $crate::choice::choose($what, given, &[$(($name, $value)),+])
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use named;
