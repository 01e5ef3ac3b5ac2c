//! Properties of the session over arbitrary faults, and a soak of simulated weeks. The judging is in `world`.

use std::time::Duration;

use journeyman_moment::Moment;
use proptest::prelude::*;

use super::world::{Fault, Setup, Tally, World};

/// `JOURNEYMAN_LONG=1` asks for much.
fn is_long() -> bool {
    std::env::var_os("JOURNEYMAN_LONG").is_some()
}

/// Without codes after which it has to stop.
const CLOSE_CODES: [u16; 12] = [1000, 1001, 1006, 4000, 4001, 4002, 4003, 4005, 4007, 4008, 4009, 4999];

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Drop),
        Just(Fault::Zombie),
        Just(Fault::Reconnect),
        any::<bool>().prop_map(Fault::Invalid),
        prop::sample::select(&CLOSE_CODES[..]).prop_map(Fault::Close),
        any::<u8>().prop_map(Fault::AskBeats),
        Just(Fault::Garbage),
        Just(Fault::Duplicate),
        (0..3_000_u16).prop_map(Fault::Latency),
        Just(Fault::Forget),
        (0..6_u8).prop_map(Fault::Refuse),
        Just(Fault::Hang),
        Just(Fault::NoHello),
        Just(Fault::NoReady),
        any::<u8>().prop_map(Fault::Events),
    ]
}

/// Faults, each so many milliseconds after the one before: close together, or far apart.
fn faults() -> impl Strategy<Value = Vec<(u64, Fault)>> {
    let pause = prop_oneof![0..100_u64, 0..10_000_u64, 0..100_000_u64, 0..1_000_000_u64];
    prop::collection::vec((pause, fault()), 0..40)
}

fn setup() -> impl Strategy<Value = Setup> {
    let interval = prop_oneof![Just(41_250), Just(1_000), 1_000..60_000_u64];
    let lateness = prop_oneof![Just(0), 0..200_u64];
    (any::<u64>(), interval, lateness).prop_map(|(seed, interval_ms, lateness_ms)| Setup {
        seed,
        interval_ms,
        lateness_ms,
        ..Setup::default()
    })
}

/// Lets the faults happen, and then twenty quiet minutes.
fn run(setup: Setup, faults: &[(u64, Fault)]) -> (World, Tally) {
    let mut world = World::new(setup);
    let mut at = Moment::from_secs(60);
    for (pause, fault) in faults {
        at = at + Duration::from_millis(*pause);
        world.fault_at(at, *fault);
    }
    world.fault_at(at, Fault::Latency(50));
    let tally = world.run_until(at + Duration::from_mins(20)).clone();
    (world, tally)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if is_long() { 5_000 } else { 100 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn never_identifies_twice_in_5_s_never_exceeds_the_send_limit_always_beats_in_time_always_resumes_when_it_may(
        setup in setup(),
        faults in faults(),
    ) {
        let (world, tally) = run(setup, &faults);
        prop_assert!(world.is_up(), "not up again after the last fault: {tally:?}");
    }
}

/// Faults of all kinds at random moments, on average every ten minutes.
fn random_faults(rng: &mut fastrand::Rng) -> Vec<(u64, Fault)> {
    let mut faults = Vec::new();
    for _ in 0..1_000 {
        let fault = match rng.u8(0..15) {
            0 => Fault::Drop,
            1 => Fault::Zombie,
            2 => Fault::Reconnect,
            3 => Fault::Invalid(rng.bool()),
            4 => Fault::Close(CLOSE_CODES[rng.usize(0..CLOSE_CODES.len())]),
            5 => Fault::AskBeats(rng.u8(..)),
            6 => Fault::Garbage,
            7 => Fault::Duplicate,
            8 => Fault::Latency(rng.u16(0..3_000)),
            9 => Fault::Forget,
            10 => Fault::Refuse(rng.u8(0..6)),
            11 => Fault::Hang,
            12 => Fault::NoHello,
            13 => Fault::NoReady,
            _ => Fault::Events(rng.u8(..)),
        };
        faults.push((rng.u64(0..1_200_000), fault));
    }
    faults
}

#[test]
fn a_soak_of_simulated_weeks_with_random_faults_in_seconds() {
    // A thousand faults are about a week.
    let weeks = if is_long() { 100 } else { 2 };
    for seed in 0..weeks {
        let faults = random_faults(&mut fastrand::Rng::with_seed(seed));
        let (world, tally) = run(Setup { seed, ..Setup::default() }, &faults);
        assert!(world.is_up() && !tally.ended, "{seed}: {tally:?}");
        // The soak means something only if all of it happened.
        assert!(tally.identifies > 50 && tally.resumes > 200 && tally.beats > 10_000, "{seed}: {tally:?}");
        assert!(tally.resumed > 200 && tally.events > 50_000 && tally.most_sent > 30, "{seed}: {tally:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_gives_another() {
    let faults = random_faults(&mut fastrand::Rng::with_seed(7));
    let trace = |seed| run(Setup { seed, ..Setup::default() }, &faults[..50]).1.trace;
    assert_eq!(trace(1), trace(1));
    assert_ne!(trace(1), trace(2));
}

#[test]
fn a_flood_of_requested_heartbeats_uses_no_more_than_its_share() {
    for interval_ms in [1_000, 41_250] {
        let mut world = World::new(Setup { interval_ms, ..Setup::default() });
        for second in 0..600 {
            world.fault_at(Moment::from_secs(60 + second), Fault::AskBeats(255));
        }
        let tally = world.run_until(Moment::from_secs(700));
        assert!(tally.most_sent >= 40 && tally.most_sent <= 120, "{tally:?}");
        assert_eq!((tally.connects, tally.downs), (1, 0), "{tally:?}");
    }
}
