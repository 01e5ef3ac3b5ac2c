//! That nobody starves under a stream that never ends. It tests no other order.

use journeyman_limiter::Mutation;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestError};

use crate::trial::limit::Model;
use crate::trial::ours::Ours;
use crate::trial::scenario::{Scenario, global_rule, message, shown};
use crate::trial::world;
use crate::windows::{broken, runner};

const SECOND: u64 = 1_000_000;

/// Some have come at once, and others go on coming as fast as the global limit lets anybody go.
#[derive(Clone, Debug)]
struct Stream {
    model: Model,
    jitter: u64,
    backlog: u64,
    seed: u64,
}

fn stream() -> impl Strategy<Value = Stream> {
    let model = prop_oneof![
        Just(Model::FirstArrival),
        (0..SECOND).prop_map(Model::Aligned),
        Just(Model::Log),
        Just(Model::Leaky),
    ];
    (model, 0_u64..300, 20_u64..300, any::<u64>()).prop_map(|(model, jitter, backlog, seed)| Stream {
        model,
        jitter,
        backlog,
        seed,
    })
}

impl Stream {
    fn scenario(&self) -> Scenario {
        let rules = vec![global_rule(self.model), shown(Model::Leaky, 5, 5 * SECOND)];
        let empty = Scenario::new("a stream", Vec::new(), rules).with_jitter(self.jitter);
        // What rule R lets through: fifty in a window and a round trip.
        let gap = (SECOND + empty.rtt().1) / 50;
        let first = (0..self.backlog).map(|number| message(number, 0));
        let then = (0..40 * SECOND / gap).map(|number| {
            let mut call = message(1_000 + number % 100, 0);
            call.asked = number * gap;
            call
        });
        Scenario { calls: first.chain(then).collect(), ..empty }
    }

    /// The longest wait where the eldest goes first: those before it, and three windows to begin with.
    fn bound(&self, scenario: &Scenario) -> f64 {
        let micros = (self.backlog.div_ceil(50) + 3) * (SECOND + scenario.rtt().1);
        std::time::Duration::from_micros(micros).as_secs_f64()
    }
}

fn check(stream: &Stream, mutation: Mutation) -> Result<(), TestCaseError> {
    let scenario = stream.scenario();
    let score = world::run(&scenario, stream.seed, Ours::new(mutation));
    prop_assert_eq!(score.served, score.asked);
    let (longest, bound) = (score.wait(100), stream.bound(&scenario));
    prop_assert!(longest <= bound, "somebody waits for {longest} s; {bound} s are enough for all");
    Ok(())
}

#[test]
fn nobody_starves_under_a_stream_that_never_ends() {
    let outcome = runner(12).run(&stream(), |stream| check(&stream, Mutation::None));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn somebody_starves_where_the_newest_goes_first() {
    let outcome = broken(12).run(&stream(), |stream| check(&stream, Mutation::NewestFirst));
    assert!(matches!(outcome, Err(TestError::Fail(..))));
}
