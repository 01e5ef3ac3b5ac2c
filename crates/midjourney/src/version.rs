//! Midjourney's model versions, and sets of them. What a version takes is the parameter table's subject.

use std::fmt;

/// A model of Midjourney's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// `--v 1`
    V1,
    /// `--v 2`
    V2,
    /// `--v 3`
    V3,
    /// `--v 4`
    V4,
    /// `--v 5`
    V5,
    /// `--v 5.1`
    V5_1,
    /// `--v 5.2`
    V5_2,
    /// `--v 6`
    V6,
    /// `--v 6.1`
    V6_1,
    /// `--v 7`
    V7,
    /// `--v 8`
    V8,
    /// `--v 8.1`
    V8_1,
    /// `--niji 4`
    Niji4,
    /// `--niji 5`
    Niji5,
    /// `--niji 6`
    Niji6,
    /// `--niji 7`
    Niji7,
}

impl Version {
    /// Every version, Midjourney's own first.
    pub const ALL: &[Self] = &[
        Self::V1,
        Self::V2,
        Self::V3,
        Self::V4,
        Self::V5,
        Self::V5_1,
        Self::V5_2,
        Self::V6,
        Self::V6_1,
        Self::V7,
        Self::V8,
        Self::V8_1,
        Self::Niji4,
        Self::Niji5,
        Self::Niji6,
        Self::Niji7,
    ];

    /// The number that the parameter takes.
    pub const fn number(self) -> &'static str {
        match self {
            Self::V1 => "1",
            Self::V2 => "2",
            Self::V3 => "3",
            Self::V4 | Self::Niji4 => "4",
            Self::V5 | Self::Niji5 => "5",
            Self::V5_1 => "5.1",
            Self::V5_2 => "5.2",
            Self::V6 | Self::Niji6 => "6",
            Self::V6_1 => "6.1",
            Self::V7 | Self::Niji7 => "7",
            Self::V8 => "8",
            Self::V8_1 => "8.1",
        }
    }

    /// Whether it is one of the niji models.
    pub const fn is_niji(self) -> bool {
        matches!(self, Self::Niji4 | Self::Niji5 | Self::Niji6 | Self::Niji7)
    }

    /// The version with this number, as `--v` or `--niji` takes it: `6`, `6.0`, `6.1`.
    pub fn of_number(number: &str, is_niji: bool) -> Option<Self> {
        let number = number.strip_suffix(".0").unwrap_or(number);
        let mut all = Self::ALL.iter().copied();
        all.find(|version| version.is_niji() == is_niji && version.number() == number)
    }

    /// The version that a person names: `7`, `v7`, `v 6.1`, `niji 6`, `niji6`.
    pub fn of_words(words: &str) -> Option<Self> {
        let words = words.trim().trim_start_matches('-').to_ascii_lowercase();
        let (is_niji, rest) = match words.strip_prefix("niji") {
            Some(rest) => (true, rest),
            None => (false, words.strip_prefix("version").or(words.strip_prefix('v')).unwrap_or(&words)),
        };
        Self::of_number(rest.trim(), is_niji)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.is_niji() { "niji" } else { "v" }, self.number())
    }
}

/// A set of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions(u32);

impl Versions {
    /// Every version.
    pub const ALL: Self = Self::between(Version::V1, Version::Niji7);

    /// The versions from one to another, in the order of [`Version::ALL`].
    pub const fn between(first: Version, last: Version) -> Self {
        Self((last.bit() - first.bit()) | last.bit())
    }

    /// One version.
    pub const fn only(version: Version) -> Self {
        Self(version.bit())
    }

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the version is in the set.
    pub const fn has(self, version: Version) -> bool {
        self.0 & version.bit() != 0
    }

    /// Whether the sets have a version in common.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The versions of the set, in order.
    pub fn iter(self) -> impl Iterator<Item = Version> {
        Version::ALL.iter().copied().filter(move |version| self.has(*version))
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(|version| version.to_string()).collect();
        f.write_str(&names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_its_version_are_inverse() {
        for version in Version::ALL {
            assert_eq!(Version::of_number(version.number(), version.is_niji()), Some(*version));
            assert_eq!(Version::of_words(&version.to_string()), Some(*version));
        }
        assert_eq!(Version::of_number("6.0", false), Some(Version::V6));
        assert_eq!(Version::of_number("5.1", true), None);
        assert_eq!(Version::of_words("--niji 6"), Some(Version::Niji6));
        assert_eq!(Version::of_words("v7"), Some(Version::V7));
        assert_eq!(Version::of_words("nine"), None);
    }

    #[test]
    fn a_span_of_versions_has_its_ends_and_no_more() {
        let set = Versions::between(Version::V5, Version::V6_1);
        let numbers: Vec<_> = set.iter().map(Version::number).collect();
        assert_eq!(numbers, ["5", "5.1", "5.2", "6", "6.1"]);
        assert_eq!(Versions::ALL.iter().count(), Version::ALL.len());
    }
}
