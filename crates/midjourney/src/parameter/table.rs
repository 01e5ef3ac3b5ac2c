//! Every parameter as data: names, values, versions, and where each row is known from. It judges nothing.

use crate::version::Version::{
    Niji4, Niji5, Niji6, Niji7, V1, V3, V4, V5, V5_1, V5_2, V6, V6_1, V7, V8, V8_1,
};
use crate::version::{Version, Versions};

/// Where a row is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Midjourney's own documentation, as of 2023 to 2024. Such rows are verified.
    Documentation,
    /// A reseller's guide to versions 7 and 8.1 of 2026 (docs.evolink.ai), which repeats Midjourney's.
    Reseller,
    /// Parsers of other clients, and people's lists of parameters.
    Community,
}

impl Source {
    /// Whether what breaks the row is known to be refused. Everything else only warns.
    pub const fn is_verified(self) -> bool {
        match self {
            Self::Documentation => true,
            Self::Reseller | Self::Community => false,
        }
    }

    /// The source in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Documentation => "Midjourney's documentation",
            Self::Reseller => "a reseller's guide, unverified",
            Self::Community => "people's lists, unverified",
        }
    }
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// A whole number in this range.
    Whole(i64, i64),
    /// A number in this range.
    Number(f64, f64),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Nothing, or one of these words.
    MaybeOneOf(&'static [&'static str]),
    /// `width:height`, both whole and more than 0.
    Ratio,
    /// Any text.
    Text,
    /// Any text, or nothing.
    MaybeText,
    /// At least this many and at most that many addresses, each with a weight or without.
    Links(usize, usize),
    /// Addresses, style codes (whole numbers) or `random`, each with a weight or without.
    Styles,
    /// A version's number; which ones there are is [`Version`]'s subject.
    Version {
        /// Whether it is a niji version, whose number may be left out.
        is_niji: bool,
    },
}

/// One parameter in some versions. A parameter whose values differ by version has several rows.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The short name, as Midjourney shows it.
    pub name: &'static str,
    /// Its other names.
    pub aliases: &'static [&'static str],
    /// What it takes there.
    pub takes: Takes,
    /// Where it exists.
    pub versions: Versions,
    /// Where the row is known from.
    pub source: Source,
}

const fn row(
    name: &'static str,
    aliases: &'static [&'static str],
    takes: Takes,
    versions: Versions,
    source: Source,
) -> Row {
    Row { name, aliases, takes, versions, source }
}

use Source::{Community, Documentation, Reseller};
use Takes::{Links, MaybeOneOf, MaybeText, Nothing, Number, OneOf, Ratio, Styles, Text, Whole};

const fn from_to(first: Version, last: Version) -> Versions {
    Versions::between(first, last)
}

const ALL: Versions = Versions::ALL;
const NIJI: Versions = from_to(Niji4, Niji7);
const SINCE_4: Versions = from_to(V4, Niji7);
const SINCE_5: Versions = from_to(V5, V8_1).and(from_to(Niji5, Niji7));
const SINCE_6: Versions = from_to(V6, V8_1).and(from_to(Niji6, Niji7));
const SINCE_7: Versions = from_to(V7, V8_1).and(Versions::only(Niji7));
const ONLY_6: Versions = from_to(V6, V6_1).and(Versions::only(Niji6));

/// Every row, by name. Ranges of versions 1 to 6.1 and niji 4 to 6 are those of Midjourney's pages on each
/// parameter where the source says so; an unverified row is right as far as anybody wrote.
pub const TABLE: &[Row] = &[
    row("ar", &["aspect"], Ratio, ALL, Documentation),
    row("beta", &[], Nothing, from_to(V1, V4), Community),
    row("bs", &[], OneOf(&["1", "2", "4"]), ALL, Community),
    row("c", &["chaos"], Whole(0, 100), ALL, Documentation),
    row("creative", &[], Nothing, from_to(V1, V4), Community),
    row("cref", &[], Links(1, usize::MAX), ONLY_6, Documentation),
    row("cw", &[], Whole(0, 100), ONLY_6, Documentation),
    row("draft", &[], Nothing, SINCE_7, Reseller),
    row("end", &[], Links(1, 1), ALL, Community),
    row("exp", &[], Whole(0, 100), SINCE_7, Reseller),
    row("fast", &[], Nothing, ALL, Documentation),
    row("hd", &[], Nothing, from_to(V1, V3).and(from_to(V8, V8_1)), Community),
    row("iw", &[], Number(-10_000.0, 10_000.0), from_to(V1, V3), Documentation),
    row("iw", &[], Number(0.0, 2.0), from_to(V5, V5_2).and(Versions::only(Niji5)), Documentation),
    row("iw", &[], Number(0.0, 3.0), SINCE_6, Reseller),
    row("loop", &[], Nothing, ALL, Community),
    row("motion", &[], OneOf(&["low", "high"]), ALL, Community),
    row("niji", &[], Takes::Version { is_niji: true }, NIJI, Documentation),
    row("no", &[], Text, ALL, Documentation),
    row("oref", &[], Links(1, 1), SINCE_7, Reseller),
    row("ow", &[], Whole(1, 1_000), SINCE_7, Reseller),
    row("p", &["profile", "personalize"], MaybeText, SINCE_6, Community),
    row("public", &[], Nothing, ALL, Community),
    // Not verified: the documentation says that a larger value is lowered, not refused.
    row(
        "q",
        &["quality"],
        OneOf(&["0.25", "0.5", "1", "2"]),
        from_to(V1, V6_1).and(from_to(Niji4, Niji6)),
        Community,
    ),
    row("q", &["quality"], OneOf(&["1", "2", "4"]), SINCE_7, Reseller),
    row("r", &["repeat"], Whole(1, 40), ALL, Documentation),
    row("raw", &[], Nothing, from_to(V5_1, V8_1).and(from_to(Niji5, Niji7)), Reseller),
    row("relax", &[], Nothing, ALL, Documentation),
    row("s", &["stylize"], Whole(625, 60_000), Versions::only(V3), Documentation),
    row("s", &["stylize"], Whole(0, 1_000), SINCE_4, Documentation),
    row("sameseed", &[], Whole(0, 4_294_967_295), from_to(V1, V3), Documentation),
    row("seed", &[], Whole(0, 4_294_967_295), ALL, Documentation),
    row("sref", &[], Styles, SINCE_6.and(Versions::only(V5_2)), Community),
    row("stealth", &[], Nothing, ALL, Community),
    row("stop", &[], Whole(10, 100), from_to(V1, V6_1).and(from_to(Niji4, Niji6)), Documentation),
    row("style", &[], OneOf(&["4a", "4b", "4c"]), Versions::only(V4), Documentation),
    row("style", &[], Text, from_to(V5_1, V8_1).and(from_to(Niji5, Niji7)), Community),
    row("sv", &[], OneOf(&["1", "2", "3", "4"]), ONLY_6, Community),
    row("sv", &[], OneOf(&["1", "2", "3", "4", "5", "6", "7"]), SINCE_7, Reseller),
    row("sw", &[], Whole(0, 1_000), SINCE_6, Reseller),
    row("test", &[], Nothing, from_to(V3, V4), Community),
    row("testp", &[], Nothing, from_to(V3, V4), Community),
    row("tile", &[], Nothing, from_to(V1, V3).and(from_to(V5, V7)).and(from_to(Niji5, Niji7)), Community),
    row("turbo", &[], Nothing, SINCE_5, Documentation),
    row("upanime", &[], Nothing, Versions::only(Niji4), Community),
    row("upbeta", &[], Nothing, from_to(V1, V4), Community),
    row("uplight", &[], Nothing, from_to(V1, V4), Community),
    row("v", &["version"], Takes::Version { is_niji: false }, from_to(V1, V8_1), Documentation),
    row("video", &[], MaybeOneOf(&["1"]), ALL, Community),
    row("w", &["weird"], Whole(0, 3_000), SINCE_5, Documentation),
];

/// The rows of a parameter, by any of its names in any case.
pub fn rows(name: &str) -> impl Iterator<Item = &'static Row> {
    let is_it = |known: &&str| known.eq_ignore_ascii_case(name);
    TABLE.iter().filter(move |row| is_it(&row.name) || row.aliases.iter().any(is_it))
}

/// Whether any version has a parameter of this name.
pub fn is_known(name: &str) -> bool {
    rows(name).next().is_some()
}

/// Every name that is known, aliases included.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().flat_map(|row| [row.name].into_iter().chain(row.aliases.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Version::V2;

    #[test]
    fn each_parameter_has_one_row_per_version() {
        for (index, one) in TABLE.iter().enumerate() {
            for other in TABLE.iter().skip(index + 1).filter(|other| other.name == one.name) {
                assert!(!one.versions.meets(other.versions), "{} has two rows for one version", one.name);
                assert_eq!(one.aliases, other.aliases, "{}", one.name);
            }
        }
    }

    #[test]
    fn a_name_means_one_parameter_and_the_table_is_in_order() {
        let mut seen = std::collections::BTreeMap::new();
        for row in TABLE {
            for name in [&row.name].into_iter().chain(row.aliases) {
                assert_eq!(*seen.entry(*name).or_insert(row.name), row.name, "{name}");
            }
        }
        assert!(TABLE.is_sorted_by_key(|row| row.name));
    }

    #[test]
    fn every_version_has_its_grammar_and_what_is_not_verified_is_marked() {
        for version in Version::ALL {
            let there: Vec<_> = TABLE.iter().filter(|row| row.versions.has(*version)).collect();
            for name in ["ar", "c", "no", "q", "r", "seed"] {
                assert!(there.iter().any(|row| row.name == name), "{version} has no --{name}");
            }
        }
        assert!(TABLE.iter().any(|row| !row.source.is_verified()));
        for (name, version, there) in [
            ("oref", V7, true),
            ("oref", V6_1, false),
            ("cref", V6, true),
            ("cref", V7, false),
            ("s", V2, false),
            ("tile", V4, false),
            ("niji", Niji7, true),
            ("sref", Niji6, true),
            ("sref", Niji5, false),
        ] {
            assert_eq!(rows(name).any(|row| row.versions.has(version)), there, "--{name} in {version}");
        }
        assert!(is_known("ASPECT") && !is_known("arr"));
    }
}
