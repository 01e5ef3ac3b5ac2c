//! The promise: with truthful headers no server model ever sees more than its limit. And what breaks the proof.

use std::time::Duration;

use journeyman_limiter::{Config, GlobalLimit, Mutation, Request};
use proptest::prelude::*;
use proptest::test_runner::{
    Config as Runs, FailurePersistence, FileFailurePersistence, RngAlgorithm, TestError, TestRng, TestRunner,
};

use crate::ledger::{Limit, Model, Server};
use crate::world::{Faults, World};

#[derive(Clone, Debug)]
struct Case {
    channel: (Model, u64, u64),
    global: Option<(Model, u64, u64)>,
    latency: (u64, u64),
    channels: u64,
    requests: u64,
    /// Over how long the requests are asked for.
    spread: u64,
    pace: Option<Duration>,
    seed: u64,
}

/// How many cases a property tries; `JOURNEYMAN_LONG=1` asks for many.
pub(crate) fn cases(few: u32) -> u32 {
    if std::env::var_os("JOURNEYMAN_LONG").is_some() { few * 100 } else { few }
}

fn model() -> impl Strategy<Value = Model> {
    prop_oneof![
        Just(Model::FirstArrival),
        (0_u64..3_000_000).prop_map(Model::Aligned),
        Just(Model::Log),
        Just(Model::Leaky),
    ]
}

fn limit(most: u64) -> impl Strategy<Value = (Model, u64, u64)> {
    // Windows of whole microseconds per part, so that the leaky model divides evenly.
    (model(), 1..=most, 50_u64..3_000).prop_map(|(model, limit, part)| (model, limit, part * 1_000 * limit))
}

prop_compose! {
    fn case()(
        channel in limit(6),
        global in proptest::option::of(limit(10)),
        least in 0_u64..200_000,
        jitter in 0_u64..800_000,
        channels in 1_u64..5,
        requests in 10_u64..80,
        spread in prop_oneof![Just(1), 1_u64..20_000_000],
        pace in proptest::option::weighted(0.2, 1_u64..300),
        seed in any::<u64>(),
    ) -> Case {
        let pace = pace.map(Duration::from_millis);
        Case { channel, global, latency: (least, least + jitter), channels, requests, spread, pace, seed }
    }
}

fn world(case: &Case, mutation: Mutation) -> World {
    let build = |(model, limit, window)| Limit::new(model, limit, window);
    let server = Server::new(case.channel, case.global.map(build));
    let global = case.global.map(|(_, limit, window)| GlobalLimit {
        limit: u32::try_from(limit).expect("small"),
        window: Duration::from_micros(window),
    });
    let config = Config {
        global,
        pace: case.pace,
        max_wait: Duration::from_hours(100),
        mutation,
        ..Config::default()
    };
    let mut world = World::new(config, server, case.latency, case.seed);
    let mut rng = fastrand::Rng::with_seed(case.seed);
    for number in 0..case.requests {
        let (channel, at) = (rng.u64(0..case.channels), rng.u64(0..case.spread));
        // Another message each time: what is learnt must not depend on the full path.
        let path = format!(
            "/channels/{}/messages/{}",
            100_000_000_000_000_000 + channel,
            200_000_000_000_000_000 + number
        );
        world.ask(at, Request::new(journeyman_limiter::Method::Delete, path));
    }
    world
}

fn check(case: &Case, mutation: Mutation) -> Result<(), TestCaseError> {
    let mut world = world(case, mutation);
    world.run();
    prop_assert_eq!((world.user_429, world.global_429), (0, 0), "429s (channel, global)");
    prop_assert_eq!(world.granted.len() as u64, case.requests, "everybody goes in the end");
    prop_assert!(
        world.order.values().all(|tickets| tickets.is_sorted()),
        "within a limit the eldest goes first"
    );
    prop_assert_eq!((world.machine.in_flight(), world.machine.waiting(), world.refused), (0, 0, 0));
    Ok(())
}

/// The same cases on each run; `JOURNEYMAN_SEED=0..255` draws other ones.
pub(crate) fn runner(few: u32) -> TestRunner {
    with(Runs { cases: cases(few), failure_persistence: None, max_shrink_iters: 200, ..Runs::default() })
}

/// As `runner`, for a limiter that is broken on purpose: that it fails is enough, on whatever case.
pub(crate) fn broken(few: u32) -> TestRunner {
    with(Runs { cases: few, failure_persistence: None, max_shrink_iters: 0, ..Runs::default() })
}

/// As `runner`; cases that fail are kept in a file, and those that are there are tried first.
pub(crate) fn remembering(few: u32, file: &'static str) -> TestRunner {
    let failure_persistence: Option<Box<dyn FailurePersistence>> =
        Some(Box::new(FileFailurePersistence::Direct(file)));
    with(Runs { cases: cases(few), failure_persistence, max_shrink_iters: 2_000, ..Runs::default() })
}

fn with(runs: Runs) -> TestRunner {
    let seed = std::env::var("JOURNEYMAN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7_u8);
    TestRunner::new_with_rng(runs, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]))
}

fn fails(mutation: Mutation) -> bool {
    let outcome = broken(300).run(&case(), |case| check(&case, mutation));
    matches!(outcome, Err(TestError::Fail(..)))
}

#[test]
fn no_server_model_ever_sees_more_than_its_limit() {
    let outcome = runner(300).run(&case(), |case| check(&case, Mutation::None));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn the_property_fails_for_a_limiter_that_allows_one_more() {
    assert!(fails(Mutation::OneMoreInBucket));
}

#[test]
fn the_property_fails_for_a_global_limit_that_allows_one_more() {
    assert!(fails(Mutation::OneMoreGlobal));
}

#[test]
fn the_property_fails_for_a_limiter_that_counts_from_the_departure() {
    assert!(fails(Mutation::CountFromDeparture));
}

fn check_faulty(case: &Case) -> Result<(), TestCaseError> {
    let mut world = world(case, Mutation::None);
    world.faults = Faults { lost: 100, not_sent: 100, cancelled: 200 };
    world.run();
    prop_assert_eq!((world.user_429, world.global_429), (0, 0), "429s (channel, global)");
    prop_assert_eq!((world.machine.in_flight(), world.machine.waiting()), (0, 0));
    Ok(())
}

#[test]
fn lost_answers_cancellations_and_failed_connections_break_no_limit_and_leave_nothing_behind() {
    let outcome = runner(200).run(&case(), |case| check_faulty(&case));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Inputs that once found a defect: a lost request of a leaky bucket was forgotten before the bucket had leaked it.
#[test]
fn recorded_cases_stay_good() {
    let leaky = |limit, window, latency, channels, requests, spread, seed| Case {
        channel: (Model::Leaky, limit, window),
        global: None,
        latency,
        channels,
        requests,
        spread,
        pace: None,
        seed,
    };
    let cases = [
        leaky(6, 6_666_000, (43_507, 497_528), 2, 48, 6_690_397, 10_202_092_741_869_101_610),
        leaky(3, 7_731_000, (73_981, 718_289), 4, 36, 7_584_343, 17_026_784_715_325_262_911),
    ];
    for case in cases {
        check_faulty(&case).unwrap_or_else(|failure| panic!("{case:?}: {failure}"));
    }
}
