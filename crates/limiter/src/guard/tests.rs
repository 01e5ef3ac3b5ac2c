//! The guard against a log that is never cut and a list of refusals. It knows no machine.

use std::time::Duration;

use journeyman_moment::Moment;
use proptest::prelude::*;

use super::{Footprint, Guard, GuardConfig, Key, mix};
use crate::egress::Egress;
use crate::headers::{Answer, Notice};
use crate::reason::Reason;

fn config() -> GuardConfig {
    GuardConfig { soft: 3, hard: 5, full_stop: 8, tenant: 3, remembered: 4, ..GuardConfig::default() }
}

#[derive(Clone, Copy, Debug)]
struct Said {
    after: u64,
    status: u16,
    path: u64,
    tenant: u64,
}

prop_compose! {
    fn said()(
        after in prop_oneof![3 => 0_u64..20, 1 => 0_u64..700],
        status in prop_oneof![Just(200_u16), Just(403), Just(429), Just(500)],
        path in 1_u64..4,
        tenant in 0_u64..3,
    ) -> Said {
        Said { after, status, path, tenant }
    }
}

/// The longest row of 403s of a path that ends with the last answer for it: when the last was, and for how long.
fn remembered(log: &[(u64, Said)], path: u64) -> Option<(u64, u64)> {
    let mut memory: Option<(u64, u64)> = None;
    for (at, said) in log.iter().filter(|(_, said)| said.path == path) {
        memory = match said.status {
            403 => {
                // It counts as one of a row if it comes within twice the time of the one before.
                let before = memory.filter(|(since, span)| *at < since + 2 * span);
                Some((*at, before.map_or(10, |(_, span)| (2 * span).min(600))))
            }
            200 => None,
            _ => memory,
        };
    }
    memory
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn a_guard_counts_and_remembers_as_a_naive_log_does(all in proptest::collection::vec(said(), 1..60)) {
        let (config, mut guard, mut now) = (config(), Guard::default(), 0_u64);
        let mut log: Vec<(u64, Said)> = Vec::new();
        for said in all {
            now += said.after;
            let moment = Moment::from_secs(now);
            let print = Footprint { path: said.path, tenant: said.tenant, ..Footprint::default() };
            let _heard = guard.answered(moment, &print, &Answer { status: said.status, ..Answer::default() }, &config);
            log.push((now, said));
            guard.check_invariants();

            let invalid: Vec<_> = log
                .iter()
                .filter(|(at, said)| at + 600 > now && matches!(said.status, 403 | 429))
                .collect();
            prop_assert_eq!(guard.count(moment, Egress::DEFAULT, &config), invalid.len());
            for (is_critical, most) in [(false, 5), (true, 8)] {
                let until = invalid.len().checked_sub(most).map(|excess| Moment::from_secs(invalid[excess].0 + 600));
                prop_assert_eq!(guard.stop(moment, Egress::DEFAULT, is_critical, &config), until);
            }
            for (path, tenant) in [(1, 0), (2, 1), (3, 2), (9, 1), (9, 2), (9, 0)] {
                let print = Footprint { tenant, path, ..Footprint::default() };
                let denial = guard.denies(moment, &print, &config);
                let memory = remembered(&log, path).filter(|(since, span)| since + span > now);
                let own: Vec<_> = invalid.iter().filter(|(_, said)| said.tenant == tenant).collect();
                let stopped = own.len().checked_sub(3).filter(|_| tenant != 0).map(|excess| own[excess].0 + 600);
                let expect = memory
                    .map(|(since, span)| (Reason::Forbidden, since + span))
                    .or(stopped.map(|until| (Reason::Guard, until)));
                let expect = expect.map(|(reason, until)| (reason, Some(Moment::from_secs(until))));
                prop_assert_eq!(denial.map(|denial| (denial.reason, denial.until)), expect);
            }
        }
    }
}

#[test]
fn what_is_remembered_is_bounded_and_the_oldest_goes_first() {
    let (config, mut guard) = (config(), Guard::default());
    let refused = |status, code| Answer {
        status,
        body: Some(Notice { code: Some(code), ..Notice::default() }),
        ..Answer::default()
    };
    for number in 1..100 {
        let now = Moment::from_secs(number);
        let print = Footprint { path: number, credential: number, ..Footprint::default() };
        let _heard = guard.answered(now, &print, &refused(403, 50_013), &config);
        let _heard = guard.answered(now, &print, &refused(401, 0), &config);
        guard.check_invariants();
    }
    assert_eq!(guard.memories.len(), 8);
    assert!(guard.is_latched(99) && guard.is_latched(96) && !guard.is_latched(95));
    assert!(guard.memories.contains_key(&Key::Path(96)) && !guard.memories.contains_key(&Key::Path(95)));
}

#[test]
fn a_log_of_a_flood_is_bounded() {
    let (config, mut guard) = (config(), Guard::default());
    let limited = Answer { status: 429, ..Answer::default() };
    for number in 0..40_000 {
        let print = Footprint { tenant: number % 7, ..Footprint::default() };
        let _heard = guard.answered(Moment::from_millis(number), &print, &limited, &config);
    }
    assert_eq!(guard.count(Moment::from_secs(40), Egress::DEFAULT, &config), 16_384);
    guard.check_invariants();
}

#[test]
fn a_403_that_is_not_to_be_remembered_is_not() {
    let config = GuardConfig { forbidden: Duration::ZERO, ..config() };
    let mut guard = Guard::default();
    let print = Footprint { path: 1, ..Footprint::default() };
    let _heard =
        guard.answered(Moment::ORIGIN, &print, &Answer { status: 403, ..Answer::default() }, &config);
    assert_eq!(guard.denies(Moment::ORIGIN, &print, &config), None);
}

#[test]
fn numbers_of_texts_differ_also_where_they_end_alike_or_are_short() {
    let texts =
        ["", "a", "b", "aa", "/channels/1", "/channels/2", "channels/1/messages", "channels/1/messages\0"];
    let mut numbers: Vec<u64> = texts.iter().map(|text| mix(7, text.as_bytes())).collect();
    numbers.extend(texts.iter().map(|text| mix(8, text.as_bytes())));
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 2 * texts.len());
}
