//! Whether there is another try, for each way in which one can end. It sends nothing.

use std::time::Duration;

use journeyman_limiter::{Attempt, Certainty, Decision, Moment, RetryPolicy, Stop, decide};
use proptest::prelude::*;

use crate::windows::runner;

const POST: Attempt = Attempt {
    retries: 0,
    repeatable: false,
    certainty: Certainty::Answered,
    status: None,
    retry_after: None,
    deadline: None,
};
const GET: Attempt = Attempt { repeatable: true, ..POST };

fn decided(attempt: Attempt) -> Decision {
    decide(&RetryPolicy::default(), &attempt, Moment::ORIGIN, &mut fastrand::Rng::with_seed(1))
}

fn stops(attempt: Attempt, why: Stop) {
    assert_eq!(decided(attempt), Decision::Stop { why }, "{attempt:?}");
}

fn again(attempt: Attempt) {
    assert!(matches!(decided(attempt), Decision::Again { .. }), "{attempt:?}");
}

#[test]
fn a_post_is_resent_only_if_it_cannot_have_been_executed() {
    again(Attempt { certainty: Certainty::NotSent, ..POST });
    again(Attempt { status: Some(429), ..POST });
    stops(Attempt { certainty: Certainty::MaybeSent, ..POST }, Stop::MayHaveRun);
    for status in [500, 502, 503, 504] {
        stops(Attempt { status: Some(status), ..POST }, Stop::MayHaveRun);
    }
}

#[test]
fn what_may_be_repeated_is_repeated_after_everything_that_may_pass() {
    again(Attempt { certainty: Certainty::NotSent, ..GET });
    again(Attempt { certainty: Certainty::MaybeSent, ..GET });
    for status in [429, 500, 502, 503, 504] {
        again(Attempt { status: Some(status), ..GET });
    }
}

#[test]
fn every_other_answer_is_final() {
    for status in [200, 204, 400, 401, 403, 404, 501] {
        stops(Attempt { status: Some(status), ..GET }, Stop::Final);
    }
    stops(GET, Stop::Final);
}

#[test]
fn the_tries_end() {
    again(Attempt { status: Some(503), retries: 2, ..GET });
    stops(Attempt { status: Some(503), retries: 3, ..GET }, Stop::Exhausted);
    let never = decide(
        &RetryPolicy::never(),
        &Attempt { certainty: Certainty::NotSent, ..GET },
        Moment::ORIGIN,
        &mut fastrand::Rng::with_seed(1),
    );
    assert_eq!(never, Decision::Stop { why: Stop::Exhausted });
}

#[test]
fn a_wait_that_there_is_no_time_for_is_not_begun() {
    let late = Attempt {
        status: Some(429),
        retry_after: Some(Duration::from_secs(10)),
        deadline: Some(Moment::from_secs(9)),
        ..GET
    };
    stops(late, Stop::Deadline { wait: Duration::from_secs(10) });
    let policy = RetryPolicy { deadline: Some(Moment::from_secs(9)), ..RetryPolicy::default() };
    let decision = decide(
        &policy,
        &Attempt { deadline: None, ..late },
        Moment::ORIGIN,
        &mut fastrand::Rng::with_seed(1),
    );
    assert_eq!(decision, Decision::Stop { why: Stop::Deadline { wait: Duration::from_secs(10) } });
}

#[test]
fn a_wait_that_a_failing_server_asks_for_is_bounded_and_the_error_names_it() {
    let hours = Some(Duration::from_hours(23));
    stops(
        Attempt { status: Some(503), retry_after: hours, ..GET },
        Stop::TooLong { wait: Duration::from_hours(23) },
    );
    let said = Stop::TooLong { wait: Duration::from_hours(23) }.to_string();
    assert!(said.contains("82800s"), "{said}");
    again(Attempt { status: Some(503), retry_after: Some(Duration::from_mins(5)), ..GET });
    // The limiter itself waits for what a 429 asks for, and refuses what is too long.
    again(Attempt { status: Some(429), retry_after: hours, ..GET });
}

#[test]
fn whatever_happens_the_servers_wait_is_kept_and_nothing_doubtful_is_repeated() {
    let certainty =
        prop_oneof![Just(Certainty::NotSent), Just(Certainty::MaybeSent), Just(Certainty::Answered)];
    let status = proptest::option::of(prop_oneof![Just(429_u16), Just(500), Just(503), 100_u16..600]);
    let wait = proptest::option::of(0_u64..100_000);
    let input =
        (any::<bool>(), certainty, status, wait, 0_u32..6, proptest::option::of(0_u64..60_000), any::<u64>());
    let outcome =
        runner(2_000).run(&input, |(repeatable, certainty, status, wait, retries, deadline, seed)| {
            let attempt = Attempt {
                retries,
                repeatable,
                certainty,
                status,
                retry_after: wait.map(Duration::from_millis),
                deadline: deadline.map(Moment::from_millis),
            };
            let policy = RetryPolicy::default();
            let decision = decide(&policy, &attempt, Moment::ORIGIN, &mut fastrand::Rng::with_seed(seed));
            let Decision::Again { after } = decision else { return Ok(()) };
            prop_assert!(retries < policy.max_retries);
            prop_assert!(after >= attempt.retry_after.unwrap_or_default(), "the server's wait is shortened");
            prop_assert!(after <= attempt.retry_after.unwrap_or_default().max(policy.cap));
            prop_assert!(attempt.deadline.is_none_or(|deadline| Moment::ORIGIN + after <= deadline));
            let refused = certainty == Certainty::Answered && status == Some(429);
            prop_assert!(repeatable || refused || certainty == Certainty::NotSent, "resent blindly");
            Ok(())
        });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
