//! A span as people write it: seconds. It is no moment.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A span of at most a day, written as seconds: `8` or `2.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(pub Duration);

/// A text or number that is no such span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSeconds;

impl fmt::Display for NotSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("give seconds from 0 to 86400, such as 8 or 2.5")
    }
}

impl std::error::Error for NotSeconds {}

impl TryFrom<f64> for Seconds {
    type Error = NotSeconds;

    fn try_from(seconds: f64) -> Result<Self, NotSeconds> {
        let span = Duration::try_from_secs_f64(seconds).ok();
        span.filter(|span| *span <= Duration::from_hours(24)).map(Self).ok_or(NotSeconds)
    }
}

impl FromStr for Seconds {
    type Err = NotSeconds;

    fn from_str(text: &str) -> Result<Self, NotSeconds> {
        text.parse::<f64>().map_err(|_| NotSeconds)?.try_into()
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_secs_f64())
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
    }
}
