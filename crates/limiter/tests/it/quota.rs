//! Retrying within a quota, and the order of the stages as the async handle keeps it, in tokio's paused time. It opens no socket.

use std::cell::Cell;
use std::time::Duration;

use journeyman_limiter::{
    Answer, BreakerConfig, Clock, Config, Limiter, Permit, Reason, Request, RetryError, RetryPolicy, Stop,
    Tried,
};

use crate::lines::{bucket, messages};

fn never() -> BreakerConfig {
    BreakerConfig { in_a_row: u32::MAX, percent: 101, ..BreakerConfig::default() }
}

fn limiter(config: Config) -> (Limiter, Clock) {
    let clock = Clock::real();
    (Limiter::new(Config { seed: Some(1), global: None, ..config }, clock), clock)
}

fn get(channel: u64) -> Request {
    Request::get(format!("/channels/{}/messages", 100_000_000_000_000_000 + channel))
}

fn answered(mut permit: Permit, status: u16) -> Tried<(), u16> {
    permit.departed();
    let answer = if status == 200 { bucket("b", 50, 49, 10) } else { Answer { status, ..Answer::default() } };
    let ended = permit.answered(&answer);
    if status == 200 { ended.ok(()) } else { ended.err(status) }
}

/// Asks once, and counts the tries that it takes.
async fn tries(limiter: &Limiter, channel: u64, status: u16) -> (u32, Result<(), RetryError<u16>>) {
    let count = Cell::new(0);
    let policy = RetryPolicy::default();
    let request = get(channel);
    let go = |permit| {
        count.set(count.get() + 1);
        async move { answered(permit, status) }
    };
    let result = limiter.with_retry(&request, &policy, go).await;
    (count.get(), result)
}

#[tokio::test(start_paused = true)]
async fn a_retry_quota_keeps_a_sick_upstream_from_being_hammered() {
    let (limiter, _) = limiter(Config { breaker: never(), ..Config::default() });
    let mut sent = 0;
    for channel in 0..20 {
        let (tries, result) = tries(&limiter, channel, 502).await;
        sent += tries;
        let Err(RetryError::Failed { source: 502, why, .. }) = result else { panic!("{result:?}") };
        // Three retries each for the first three calls, one for the fourth, none for any other.
        assert_eq!(why, if channel < 3 { Stop::Exhausted } else { Stop::Quota }, "call {channel}");
    }
    assert_eq!(sent, 20 + 10, "each call once, and ten retries in all");
}

#[tokio::test(start_paused = true)]
async fn success_fills_the_quota_again() {
    let (limiter, _) = limiter(Config { breaker: never(), ..Config::default() });
    for channel in 0..4 {
        let _failed = tries(&limiter, channel, 502).await;
    }
    assert_eq!(tries(&limiter, 5, 502).await.0, 1);
    for channel in 10..20 {
        assert_eq!(tries(&limiter, channel, 200).await, (1, Ok(())));
    }
    assert_eq!(tries(&limiter, 6, 502).await.0, 2, "ten successes are worth one retry");
}

#[tokio::test(start_paused = true)]
async fn an_empty_quota_opens_the_breaker_of_the_class_that_failed() {
    // The breaker itself would never open.
    let (limiter, _) = limiter(Config { breaker: never(), ..Config::default() });
    for channel in 0..4 {
        assert_eq!(limiter.explain(&get(90)).hold, None);
        let _failed = tries(&limiter, channel, 502).await;
    }
    let hold = limiter.explain(&get(90)).hold.expect("it has opened");
    assert_eq!(hold.reason, Reason::Breaker);
    assert_eq!(limiter.explain(&messages(90)).hold, None, "what changes channels goes on");
}

#[tokio::test(start_paused = true)]
async fn a_429_wait_that_the_server_dictates_costs_no_quota_and_no_backoff_and_is_bounded() {
    let (limiter, clock) = limiter(Config { breaker: never(), ..Config::default() });
    let throttled = |channel: u64| {
        let limiter = limiter.clone();
        async move {
            let policy = RetryPolicy { max_retries: 2, ..RetryPolicy::default() };
            limiter
                .with_retry(&get(channel), &policy, |mut permit| async move {
                    permit.departed();
                    let headers =
                        [("retry-after", "2"), ("via", "1.1 google"), ("x-ratelimit-scope", "shared")];
                    permit.answered(&Answer::read(429, headers, br#"{"retry_after": 2.0}"#)).err::<(), _>(429)
                })
                .await
        }
    };
    for channel in 0..20 {
        let before = clock.now();
        let result = throttled(channel).await;
        assert!(
            matches!(result, Err(RetryError::Failed { why: Stop::Exhausted, tries: 3, .. })),
            "{result:?}"
        );
        let took = clock.now().since(before);
        assert!(took >= Duration::from_secs(4) && took < Duration::from_millis(4_100), "{took:?}");
    }
    assert_eq!(tries(&limiter, 50, 502).await.0, 4, "nothing of the quota is spent");
}

/// Each stage is asked before the next one, and what an earlier one refuses costs a later one nothing.
#[tokio::test(start_paused = true)]
async fn the_order_is_deadline_then_retry_then_breaker_then_limiter_then_transport() {
    let (limiter, clock) = limiter(Config::default());
    let sent = Cell::new(0_u32);
    let policy = RetryPolicy::default();
    let call = |request: Request| {
        let (limiter, policy, sent) = (&limiter, &policy, &sent);
        async move {
            let go = |permit| {
                sent.set(sent.get() + 1);
                async move { answered(permit, 502) }
            };
            limiter.with_retry(&request, policy, go).await
        }
    };
    tokio::time::advance(Duration::from_secs(1)).await;
    // A deadline that has passed: no try at all.
    let late = call(get(1).with_deadline(clock.now().before(Duration::from_millis(1)))).await;
    assert!(
        matches!(&late, Err(RetryError::Refused { refused, tries: 0, .. }) if refused.reason() == Reason::Deadline),
        "{late:?}"
    );
    assert_eq!(sent.get(), 0);
    // The deadline ends the retries, whatever the breaker would say: its wait is not begun.
    let soon = call(get(2).with_deadline(clock.now() + Duration::from_secs(3))).await;
    assert!(matches!(soon, Err(RetryError::Refused { .. } | RetryError::Failed { .. })), "{soon:?}");
    assert_eq!(sent.get(), 3, "three failures open the breaker; the fourth try finds it so");
    let Err(RetryError::Refused { refused, tries: 3, source: Some(502) }) = soon else { panic!("{soon:?}") };
    assert_eq!(refused.reason(), Reason::Breaker);
    // The breaker is asked before the limits: nothing of them is taken, and nothing is sent.
    let stopped = call(get(3).with_deadline(clock.now() + Duration::from_secs(1))).await;
    assert!(
        matches!(&stopped, Err(RetryError::Refused { refused, tries: 0, .. }) if refused.reason() == Reason::Breaker),
        "{stopped:?}"
    );
    assert_eq!((sent.get(), limiter.in_flight(), limiter.waiting()), (3, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_is_dropped_gives_the_probe_back() {
    let (limiter, clock) = limiter(Config::default());
    for channel in 0..3 {
        answered(limiter.acquire(&get(channel)).await.expect("a permit"), 502).result.expect_err("it fails");
    }
    let probe = limiter.acquire(&get(5)).await.expect("the probe, after five seconds");
    assert!(clock.now().as_micros() >= 5_000_000);
    let waiting = tokio::spawn({
        let limiter = limiter.clone();
        async move { limiter.acquire(&get(6)).await.map(|permit| answered(permit, 200).result) }
    });
    while limiter.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(limiter.explain(&get(6)).hold.map(|hold| hold.reason), Some(Reason::Breaker));
    drop(probe);
    assert_eq!(waiting.await.expect("no panic").expect("the next probe"), Ok(()));
}
