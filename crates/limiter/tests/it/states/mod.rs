//! A state machine test: drawn operations on machine and server, and what must hold after each of them.
//!
//! The operations are a plain list: none makes another one impossible, so a failure shrinks by leaving some out.

mod op;
mod server;
mod world;

use std::cell::Cell;

use journeyman_limiter::Mutation;
use proptest::test_runner::TestError;

use crate::windows::{broken, remembering, runner};
use op::{Case, case};
use world::World;

/// Cases that once failed; they are tried first, for ever.
const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/states/regressions.txt");

/// What a run of all operations comes to, or why it fails.
fn run(case: &Case, mutation: Mutation) -> World {
    let mut world = World::new(case, mutation);
    for op in &case.ops {
        world.take(*op);
    }
    world.finish(case);
    world.check_end();
    world
}

/// Why the property does not hold for a limiter that is broken on purpose.
fn failure(mutation: Mutation) -> String {
    let outcome = broken(100).run(&case(), |case| {
        run(&case, mutation);
        Ok(())
    });
    match outcome {
        Err(TestError::Fail(why, _)) => why.to_string(),
        Err(TestError::Abort(why)) => panic!("{mutation:?}: {why}"),
        Ok(()) => panic!("{mutation:?} goes unnoticed"),
    }
}

#[test]
fn whatever_happens_no_limit_is_exceeded_nobody_waits_for_ever_and_nothing_leaks() {
    let steps = Cell::new(0);
    let outcome = remembering(400, REGRESSIONS).run(&case(), |case| {
        steps.set(steps.get() + run(&case, Mutation::None).steps);
        Ok(())
    });
    if let Err(TestError::Fail(why, case)) = outcome {
        panic!("{why}\n{case:?}");
    }
    assert!(steps.get() >= 100_000, "only {} steps", steps.get());
}

#[test]
fn each_property_fails_for_a_limiter_that_is_broken_on_purpose() {
    let expect = [
        (Mutation::OneMoreInBucket, "a 429 of its bucket"),
        (Mutation::CountFromDeparture, "a 429"),
        (Mutation::OneMoreGlobal, "a 429 of the global limit"),
        (Mutation::NewestFirst, "who asked first goes first"),
        (Mutation::NeverWakes, "somebody waits"),
        (Mutation::KeepsCancelled, "waiting, in flight"),
    ];
    for (mutation, why) in expect {
        let failure = failure(mutation);
        assert!(failure.contains(why), "{mutation:?} is noticed by another property: {failure}");
    }
}

#[test]
fn the_same_operations_give_the_same_trace_bit_for_bit() {
    let outcome = runner(40).run(&case(), |case| {
        let [first, second] = [(); 2].map(|()| run(&case, Mutation::None).trace);
        assert!(!first.is_empty());
        assert_eq!(first, second);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
