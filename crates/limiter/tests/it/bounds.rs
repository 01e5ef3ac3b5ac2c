//! That the bounds on time are bounds, and that one of them is more than a multiplication. It tests no limiter.

use proptest::prelude::*;

use crate::trial::Contender;
use crate::trial::limit::Model;
use crate::trial::scenario::{Scenario, global_rule, messages, shown};
use crate::trial::server::Rule;
use crate::windows::runner;

/// Messages to some channels in turn, under a limit over all and one for each.
fn two_limits(all: (Model, u64, u64), each: (Model, u64, u64), requests: u64, channels: u64) -> Scenario {
    let over = Rule { most: all.1, window: all.2, ..global_rule(all.0) };
    Scenario::new("two limits", messages(requests, channels), vec![over, shown(each.0, each.1, each.2)])
}

fn limit(most: u64) -> impl Strategy<Value = (Model, u64, u64)> {
    let model = prop_oneof![
        Just(Model::FirstArrival),
        (0_u64..3_000_000).prop_map(Model::Aligned),
        Just(Model::Log),
        Just(Model::Leaky),
    ];
    (model, 1..=most, 20_u64..2_000).prop_map(|(model, most, part)| (model, most, part * 2_520))
}

fn scenario() -> impl Strategy<Value = Scenario> {
    (limit(10), limit(6), 1_u64..120, 1_u64..12)
        .prop_map(|(all, each, requests, channels)| two_limits(all, each, requests, channels))
}

#[test]
fn who_knows_everything_never_beats_the_bound() {
    let outcome = runner(150).run(&scenario(), |scenario| {
        let score = Contender::Oracle.run(&scenario, 1);
        prop_assert_eq!((score.served, score.limited()), (score.asked, 0));
        let (bound, rtt) = (score.bound, scenario.rtt());
        prop_assert!(bound.least >= bound.alone, "{:?}", bound);
        // The round trips of first and last may differ by the jitter.
        prop_assert!(score.span + rtt.1 - rtt.0 >= bound.least + rtt.0, "{} µs, {:?}", score.span, bound);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Ten channels of twelve messages each, two per 10 s, under ten per second for all: the last pair of a
/// channel goes 50 s after its first, and only ten can be first.
#[test]
fn a_cut_tells_more_than_each_limit_alone_where_buckets_wait_for_the_global_limit() {
    let second = 1_000_000;
    let scenario = two_limits((Model::Log, 10, second), (Model::Log, 2, 10 * second), 120, 10);
    let score = Contender::Oracle.run(&scenario, 1);
    assert_eq!(score.bound.alone, 50 * second, "six pairs, 10 s apart");
    assert_eq!(score.bound.least, 51 * second, "the second half of the first pairs goes a second later");
    assert!(score.efficiency() > 0.99, "and that is what it takes: {:.3}", score.efficiency());
}
