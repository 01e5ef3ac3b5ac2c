//! What the simulator does and how we know it: each behaviour with its source.
//!
//! It is data for people; nothing in the world reads it.

mod discord;
mod gateway;
mod midjourney;
mod notice;
mod scenario;

use std::fmt;

use serde::Serialize;

/// How a behaviour is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Source {
    /// A capture, or Discord's or Midjourney's own words.
    Real,
    /// Read in another program's code or tests.
    Peer,
    /// Ours: nobody has shown it.
    Inferred,
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Real => "real",
            Self::Peer => "peer",
            Self::Inferred => "inferred",
        })
    }
}

/// One thing that the simulator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Behaviour {
    /// The part of the world: `gateway`, `gateway fault`, `rest`, `fault`, `bot`, `command`, `button`, `notice`,
    /// `scenario`.
    pub part: &'static str,
    /// Its name within the part.
    pub name: &'static str,
    /// What happens, for a person.
    pub what: &'static str,
    /// How its main part is known.
    pub source: Source,
    /// Where from, and what of it is known otherwise.
    pub from: &'static str,
}

/// Every behaviour that is listed, part by part.
pub fn behaviours() -> Vec<Behaviour> {
    let parts = [discord::ALL, gateway::ALL, midjourney::ALL, notice::ALL];
    parts.into_iter().flatten().copied().chain(scenario::all()).collect()
}

const fn real(part: &'static str, name: &'static str, what: &'static str, from: &'static str) -> Behaviour {
    Behaviour { part, name, what, source: Source::Real, from }
}

const fn peer(part: &'static str, name: &'static str, what: &'static str, from: &'static str) -> Behaviour {
    Behaviour { part, name, what, source: Source::Peer, from }
}

const fn inferred(
    part: &'static str,
    name: &'static str,
    what: &'static str,
    from: &'static str,
) -> Behaviour {
    Behaviour { part, name, what, source: Source::Inferred, from }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::{FaultKind, GatewayFaultKind, scenarios};

    /// The names of a part, each of which must be there.
    fn check(part: &str, wanted: impl IntoIterator<Item = String>) {
        let wanted: BTreeSet<_> = wanted.into_iter().collect();
        assert!(wanted.len() > 5, "{wanted:?}");
        let listed: BTreeSet<_> =
            behaviours().iter().filter(|row| row.part == part).map(|row| row.name.to_owned()).collect();
        assert_eq!(listed, wanted, "{part}");
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn each_scenario_is_in_the_table() {
        check("scenario", scenarios().iter().map(|info| info.name.to_owned()));
    }

    #[test]
    fn each_notice_of_the_bot_is_in_the_table() {
        let text = include_str!("notice.rs");
        let statics =
            text.lines().filter_map(|line| line.strip_prefix("pub(crate) static ")?.split_once(": Notice"));
        check("notice", statics.map(|(name, _)| name.to_lowercase().replace('_', "-")));
    }

    #[test]
    fn each_command_of_the_bot_is_in_the_table() {
        let index: Value =
            serde_json::from_str(include_str!("../data/application_command_index.json")).expect("JSON");
        let commands = index["application_commands"].as_array().expect("commands");
        check("command", commands.iter().map(|command| command["name"].as_str().expect("a name").to_owned()));
    }

    #[test]
    fn each_fault_is_in_the_table() {
        check("gateway fault", owned(GatewayFaultKind::NAMES));
        check("fault", owned(FaultKind::NAMES));
    }

    #[test]
    fn no_behaviour_is_listed_twice_and_each_says_what_and_where_from() {
        let rows = behaviours();
        let names: BTreeSet<_> = rows.iter().map(|row| (row.part, row.name)).collect();
        assert_eq!(names.len(), rows.len());
        for row in rows {
            assert!(!row.what.is_empty() && !row.from.is_empty(), "{row:?}");
        }
    }
}
