//! Routes whose answers name one hash: together or apart, as the server has it. It measures no time.

use journeyman_limiter::{Method, Mutation, Request};
use proptest::prelude::*;

use crate::trial::limit::Model;
use crate::trial::ours::Ours;
use crate::trial::scenario::{self as scenes, Scenario};
use crate::trial::score::Score;
use crate::trial::server::{Call, Face, Rule};
use crate::trial::world;
use crate::windows::runner;

/// Which routes the server counts together; all name one hash.
type By = fn(&Call, u64) -> Option<u64>;

const TOGETHER: By = |call, _| Some(call.resource);
const APART: By = |call, _| Some(10 * call.resource + number(call.request.method));
/// PATCH with POST, and DELETE for itself; or with DELETE, and POST for itself.
const TWO_AND_ONE: By = |call, _| Some(10 * call.resource + number(call.request.method) / 2);
const ONE_AND_TWO: By = |call, _| Some(10 * call.resource + number(call.request.method).div_ceil(2));

fn number(method: Method) -> u64 {
    match method {
        Method::Post => 0,
        Method::Patch => 1,
        Method::Delete | Method::Get | Method::Put => 2,
    }
}

#[derive(Clone, Debug)]
struct Case {
    model: Model,
    limit: u64,
    window_ms: u64,
    jitter_ms: u64,
    lost: u64,
    cancelled: u64,
    requests: u64,
    spread_ms: u64,
    routes: usize,
    seed: u64,
}

prop_compose! {
    fn case()(
        model in prop_oneof![
            Just(Model::FirstArrival), (0_u64..3_000_000).prop_map(Model::Aligned), Just(Model::Log), Just(Model::Leaky),
        ],
        limit in 1_u64..7,
        part_ms in 50_u64..1_500,
        jitter_ms in prop_oneof![Just(0), 0_u64..400],
        faults in prop_oneof![Just((0, 0)), Just((0, 200)), Just((100, 0))],
        requests in 20_u64..120,
        spread_ms in prop_oneof![Just(1), 1_u64..30_000],
        routes in 2_usize..4,
        seed in any::<u64>(),
    ) -> Case {
        let (lost, cancelled) = faults;
        Case { model, limit, window_ms: part_ms * limit, jitter_ms, lost, cancelled, requests, spread_ms, routes, seed }
    }
}

fn rule(case: &Case, by: By, face: Face) -> Rule {
    Rule { by, model: case.model, most: case.limit, window: case.window_ms * 1_000, face, change: None }
}

fn scenario(case: &Case, rules: Vec<Rule>) -> Scenario {
    let mut rng = fastrand::Rng::with_seed(case.seed);
    let channel = "/channels/100000000000000001/messages";
    // The first of each route goes alone: before its answer nobody knows that another route's counter is its own.
    let alone = case.window_ms + 2_000;
    let routes = case.routes as u64;
    let mut call = |number: u64| {
        let route = if number < routes { number } else { rng.u64(0..routes) };
        let request = match route {
            0 => Request::post(channel),
            1 => Request::new(Method::Delete, format!("{channel}/{}", 200_000_000_000_000_000 + number)),
            _ => Request::new(Method::Patch, format!("{channel}/{}", 200_000_000_000_000_000 + number)),
        };
        let asked =
            if number < routes { number * alone } else { routes * alone + rng.u64(0..case.spread_ms) };
        let asked = asked * 1_000;
        Call { asked, request, resource: 1, parent: 0, sort: 0, born: 0, party: 0 }
    };
    let mut calls: Vec<Call> = (0..case.requests).map(&mut call).collect();
    calls.sort_by_key(|call| call.asked);
    let plain = scenes::one_fixed_bucket();
    let jitter = case.jitter_ms * 1_000;
    let faulty = Scenario { calls, rules, jitter, lost: case.lost, cancelled: case.cancelled, ..plain };
    let fails = |number| {
        faulty.fate(case.seed, number, 0).is_lost() || faulty.cancelled_after(case.seed, number).is_some()
    };
    // Who is to teach must be answered; and of windows by the clock nobody knows the length before a whole one was
    // seen, so that nothing may get lost before.
    if matches!(case.model, Model::Aligned(_)) || (0..case.routes).any(fails) {
        Scenario { lost: 0, cancelled: 0, ..faulty }
    } else {
        faulty
    }
}

fn run(case: &Case, rules: Vec<Rule>) -> Score {
    let score = world::run(&scenario(case, rules), case.seed, Ours::new(Mutation::None));
    assert!(score.served + score.cancelled >= score.asked && score.refused == 0, "{score:?}");
    score
}

fn prove(few: u32, check: impl Fn(&Case) -> Result<(), TestCaseError>) {
    runner(few).run(&case(), |case| check(&case)).unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn same_hash_split_and_join_by_evidence_breaks_no_limit_whether_the_server_counts_together_or_apart() {
    prove(300, |case| {
        for by in [TOGETHER, APART, TWO_AND_ONE, ONE_AND_TWO] {
            let score = run(case, vec![rule(case, by, Face::Shown("b"))]);
            prop_assert_eq!((score.user, score.global), (0, 0));
        }
        Ok(())
    });
}

/// A server whose answers tell each route of a counter of its own, and which yet counts them together. Windows
/// go by the clock, so that what the answers say of the reset is true of both.
#[test]
fn a_mistaken_split_never_causes_more_than_one_429() {
    let mut mistaken = 0;
    let outcome = runner(300).run(&case(), |case| {
        let case = Case { model: Model::Aligned(case.seed % 3_000_000), cancelled: 0, ..case };
        let rules = vec![rule(&case, APART, Face::Shown("b")), rule(&case, TOGETHER, Face::Hidden)];
        let score = run(&case, rules);
        prop_assert!(score.user == 0 && score.hidden <= 1, "{score:?}");
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    for seed in 0..20 {
        let case = Case {
            model: Model::Aligned(seed * 100_000),
            limit: 5,
            window_ms: 5_000,
            jitter_ms: 10,
            lost: 0,
            cancelled: 0,
            requests: 60,
            spread_ms: 1,
            routes: 2,
            seed,
        };
        let rules = vec![rule(&case, APART, Face::Shown("b")), rule(&case, TOGETHER, Face::Hidden)];
        mistaken += run(&case, rules).hidden;
    }
    assert!(mistaken >= 15, "the trap catches too few for this to show anything: {mistaken} of 20");
}

/// Inputs that once found a defect: a third route was not counted in the common bucket, was dropped from the
/// buckets of the two, a 429 was read after the other route's slots had come back, or the ends of two counters'
/// windows were taken for one.
#[test]
fn recorded_cases_stay_good() {
    let case = |limit, window_ms, jitter_ms, requests, spread_ms, routes, seed| Case {
        model: Model::FirstArrival,
        limit,
        window_ms,
        jitter_ms,
        lost: 0,
        cancelled: 0,
        requests,
        spread_ms,
        routes,
        seed,
    };
    let dropped = case(6, 5_904, 0, 114, 420, 3, 12_139_725_511_785_493_252);
    assert_eq!(run(&dropped, vec![rule(&dropped, ONE_AND_TWO, Face::Shown("b"))]).user, 0);
    // Two counters' windows, taken for one that is fixed.
    let mixed = case(4, 508, 240, 108, 9_611, 3, 7_734_256_166_287_983_159);
    for by in [TOGETHER, APART, TWO_AND_ONE, ONE_AND_TWO] {
        assert_eq!(run(&mixed, vec![rule(&mixed, by, Face::Shown("b"))]).user, 0);
    }
    let mistaken = [
        case(4, 1_488, 56, 52, 1, 3, 92_975_967_029_419_376),
        case(6, 1_950, 0, 28, 1, 3, 7_545_033_457_776_580_522),
        case(2, 910, 60, 56, 23_954, 2, 6_780_052_875_141_969_745),
    ];
    for case in mistaken {
        let case = Case { model: Model::Aligned(case.seed % 3_000_000), ..case };
        let rules = vec![rule(&case, APART, Face::Shown("b")), rule(&case, TOGETHER, Face::Hidden)];
        let score = run(&case, rules);
        assert!(score.user == 0 && score.hidden <= 1, "{case:?}: {score:?}");
    }
}
