//! How urgent a request is, in four classes. It says nothing of who asks.

use std::fmt;
use std::str::FromStr;

/// How urgent a request is: where there is not room for all, a more urgent class goes first.
///
/// Nobody starves: who has waited for [`Config::ageing`](crate::Config::ageing) gets a share of the grants
/// whatever its class.
///
/// ```
/// use journeyman_limiter::Priority;
///
/// assert!(Priority::Critical < Priority::Bulk, "the more urgent compares less");
/// assert_eq!("interactive".parse(), Ok(Priority::Interactive));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Useless in a few seconds: an answer to an interaction, which Discord awaits for 3 s.
    Critical,
    /// Somebody is looking.
    Interactive,
    /// Whatever says nothing else.
    #[default]
    Normal,
    /// When there is time: what may wait behind all others, and is the first to be shed.
    Bulk,
}

impl Priority {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::Interactive, Self::Normal, Self::Bulk];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Interactive => "interactive",
            Self::Normal => "normal",
            Self::Bulk => "bulk",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no priority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPriority(String);

impl fmt::Display for UnknownPriority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown priority {:?}; use critical, interactive, normal or bulk", self.0)
    }
}

impl std::error::Error for UnknownPriority {}

impl FromStr for Priority {
    type Err = UnknownPriority;

    /// Reads the word, upper or lower case.
    fn from_str(text: &str) -> Result<Self, UnknownPriority> {
        let found = Self::ALL.into_iter().find(|class| class.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| UnknownPriority(text.chars().take(32).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_reads_back_what_it_prints_and_says_what_it_knows() {
        for class in Priority::ALL {
            assert_eq!(class.as_str().parse(), Ok(class));
            assert_eq!(class.as_str().to_uppercase().parse(), Ok(class));
        }
        let error = "urgent".parse::<Priority>().expect_err("there is no urgent");
        let expect = "unknown priority \"urgent\"; use critical, interactive, normal or bulk";
        assert_eq!(error.to_string(), expect);
    }
}
