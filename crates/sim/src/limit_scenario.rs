//! Worlds that try how a client keeps rate limits, by name: each is a set of true limits, and what goes wrong.
//!
//! Each fits any client and any route, and can be told in a minute of real time.

use std::time::Duration;

use crate::fault::{FaultKind, FaultRule};
use crate::limits::{InvalidLimit, Kind, Limits, Per, Rate, RouteLimit, Who, WindowModel};
use crate::settings::Settings;

/// One way in which Discord limits, or fails.
#[derive(Clone, Copy, Debug)]
pub struct LimitScenario {
    /// The name given to `sim score --scenario`.
    pub name: &'static str,
    /// What it is, for a person.
    pub summary: &'static str,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Bucket(WindowModel),
    Wide,
    Global(WindowModel),
    Revealed,
    Shared,
    Fault(FaultKind),
    Ban,
}

const fn row(name: &'static str, what: What, summary: &'static str) -> LimitScenario {
    LimitScenario { name, summary, what }
}

static CATALOGUE: &[LimitScenario] = &[
    row("sliding", What::Bucket(WindowModel::TokenBucket), "5 per 5 s and resource, filling up evenly"),
    row("fixed", What::Bucket(WindowModel::FirstArrival), "5 per 5 s and resource, in fixed windows"),
    row("wide", What::Wide, "30 per 1 s and resource: several in flight at once"),
    row(
        "global",
        What::Global(WindowModel::FirstArrival),
        "50 per 1 s over all routes, which no header shows",
    ),
    row("global-log", What::Global(WindowModel::SlidingLog), "the same, never more than 50 in any second"),
    row("revealed", What::Revealed, "headers show 50,000 per day, and only a 429 the binding 5 per 5 s"),
    row("shared", What::Shared, "5 per 5 s that all share, told by 429s of scope `shared` alone"),
    row("bad-gateway", What::Fault(FaultKind::StatusBefore), "5 per 5 s, and one answer in ten is a 502"),
    row("lost-answers", What::Fault(FaultKind::LoseAnswer), "5 per 5 s, and one answer in twenty is lost"),
    row(
        "ban",
        What::Ban,
        "5 per 5 s, and 10 refused requests within 10 minutes are answered by a ban of 10 s",
    ),
];

/// The whole catalogue.
pub fn limit_scenarios() -> &'static [LimitScenario] {
    CATALOGUE
}

impl LimitScenario {
    /// A world for it, in which any token and any channel works.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings { permissive: true, limits: self.limits(), ..Settings::default() };
        if let What::Fault(kind) = self.what {
            let probability = if kind == FaultKind::LoseAnswer { 0.05 } else { 0.1 };
            let rule = FaultRule { kind, probability, ..FaultRule::default() };
            settings.faults.push(FaultRule { method: "*".to_owned(), route: "*".to_owned(), ..rule });
        }
        settings
    }

    fn limits(&self) -> Limits {
        let five = |window| any_route(Kind::Bucket, rate(5, 5, window));
        let fixed = WindowModel::FirstArrival;
        let global = |window| Some(rate(50, 1, window));
        let (global, routes) = match self.what {
            What::Bucket(window) => (global(fixed), vec![five(window)]),
            What::Wide => (global(fixed), vec![any_route(Kind::Bucket, rate(30, 1, fixed))]),
            What::Global(window) => (global(window), vec![any_route(Kind::Bucket, rate(1_000, 1, fixed))]),
            What::Revealed => {
                let day = any_route(Kind::Bucket, rate(50_000, 86_400, fixed));
                // A hash of its own, as the real one has (discord-api-docs#5646).
                let hash = Some("1d3c0b7c5e1f4a2f9d0b6a8e7c5d4f3a".to_owned());
                (
                    global(fixed),
                    vec![RouteLimit { hash, ..any_route(Kind::Revealed, rate(5, 5, fixed)) }, day],
                )
            }
            What::Shared => {
                let own = any_route(Kind::Bucket, rate(50, 1, fixed));
                (global(fixed), vec![any_route(Kind::Shared, rate(5, 5, fixed)), own])
            }
            What::Fault(_) | What::Ban => (global(fixed), vec![five(fixed)]),
        };
        let mut invalid = InvalidLimit::default();
        if matches!(self.what, What::Ban) {
            invalid = InvalidLimit { limit: 10, ban: Duration::from_secs(10), ..invalid };
        }
        Limits { global, routes, invalid }
    }
}

const fn rate(limit: u32, seconds: u64, window: WindowModel) -> Rate {
    Rate { limit, per: Duration::from_secs(seconds), window }
}

fn any_route(kind: Kind, rate: Rate) -> RouteLimit {
    RouteLimit {
        who: Who::Anyone,
        method: "*".to_owned(),
        template: "*".to_owned(),
        per: Per::Resource,
        rate,
        kind,
        hash: None,
        counter: None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::http::HttpRequest;
    use crate::world::World;

    /// Sends so many at once; tells how many were accepted and how many were answered with which status.
    fn send(name: &str, count: u64) -> World {
        let scenario = limit_scenarios().iter().find(|scenario| scenario.name == name).expect("its name");
        let mut world = World::new(scenario.settings());
        for _ in 0..count {
            world.handle(
                Duration::ZERO,
                HttpRequest {
                    method: "GET".to_owned(),
                    path: "/api/v10/channels/900000000000000001/messages".to_owned(),
                    headers: vec![("Authorization".to_owned(), "Bot x".to_owned())],
                    body: Vec::new(),
                },
            );
        }
        world
    }

    #[test]
    fn every_name_is_its_own() {
        let names: BTreeSet<_> = limit_scenarios().iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), limit_scenarios().len());
    }

    #[test]
    fn each_scenario_limits_as_it_says() {
        for (name, accepted) in [
            ("sliding", 5),
            ("fixed", 5),
            ("wide", 30),
            ("global", 50),
            ("global-log", 50),
            ("revealed", 5),
            ("shared", 5),
        ] {
            assert_eq!(send(name, 60).acceptance().requests, accepted, "{name}");
        }
        let shared = send("shared", 6).report();
        assert_eq!((shared.rate_limited.shared, shared.invalid_requests), (1, 0));
        let banned = send("ban", 20).report();
        assert_eq!((banned.rate_limited.user, banned.rate_limited.edge, banned.bans), (10, 5, 1));
        assert!(send("bad-gateway", 60).report().faults["status-before"] > 0);
    }
}
