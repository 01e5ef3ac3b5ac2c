//! The async handle, in tokio's paused time. It opens no socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use journeyman_limiter::{
    Answer, Certainty, Clock, Config, Credential, GlobalLimit, Limiter, Permit, Reason, Request, RetryError,
    RetryPolicy, Stop, Tried,
};

use crate::lines::{bucket, messages};

fn limiter(config: &Config) -> (Limiter, Clock) {
    let clock = Clock::real();
    (Limiter::new(Config { seed: Some(1), ..config.clone() }, clock), clock)
}

fn free() -> Config {
    Config { global: None, ..Config::default() }
}

async fn permit(limiter: &Limiter, request: &Request) -> Permit {
    let mut permit = limiter.acquire(request).await.expect("a permit");
    permit.departed();
    permit
}

fn limited(seconds: &str) -> Answer {
    let headers = [("retry-after", seconds), ("via", "1.1 google"), ("x-ratelimit-scope", "user")];
    Answer::read(429, headers, format!("{{\"retry_after\": {seconds}}}").as_bytes())
}

fn status(status: u16) -> Answer {
    Answer { status, via: true, ..Answer::default() }
}

#[tokio::test(start_paused = true)]
async fn a_permit_comes_when_there_is_room_and_says_what_it_waited_for() {
    let (limiter, clock) = limiter(&free());
    let first = permit(&limiter, &messages(1)).await;
    assert_eq!(first.waited(), []);
    first.answered(&bucket("b", 1, 0, 5_000));
    let before = clock.now();
    let second = permit(&limiter, &messages(1)).await;
    let waited = clock.now().since(before);
    assert!(waited >= Duration::from_millis(5_001), "{waited:?}");
    assert_eq!(second.waited().iter().map(|(reason, _)| *reason).collect::<Vec<_>>(), [Reason::Bucket]);
}

#[tokio::test(start_paused = true)]
async fn a_global_limit_that_is_told_wakes_who_waits() {
    let (limiter, clock) =
        limiter(&Config { global: Some(GlobalLimit { limit: 1, ..GlobalLimit::default() }), ..free() });
    let _first = permit(&limiter, &messages(1)).await;
    let before = clock.now();
    let other = messages(2);
    let (second, ()) = tokio::join!(limiter.acquire(&other), async {
        limiter.set_global(Credential::ANONYMOUS, GlobalLimit { limit: 2, ..GlobalLimit::default() });
    });
    assert!(second.is_ok());
    assert_eq!(clock.now(), before, "it did not wait for the first one's answer");
    drop(second);
    limiter.unset_global(Credential::ANONYMOUS);
    let why = limiter.explain(&messages(2));
    assert_eq!(why.hold.map(|hold| hold.reason), Some(Reason::Global));
}

#[tokio::test(start_paused = true)]
async fn the_pace_holds_between_departures() {
    let (limiter, clock) = limiter(&Config { pace: Some(Duration::from_millis(350)), ..Config::default() });
    let mut departures = Vec::new();
    for channel in 0..4 {
        let permit = permit(&limiter, &messages(channel)).await;
        departures.push(clock.now());
        permit.answered(&bucket("b", 5, 4, 1_000));
    }
    for pair in departures.windows(2) {
        assert!(pair[1].since(pair[0]) >= Duration::from_millis(350), "{departures:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_tasks_share_the_global_limit_and_nobody_is_forgotten() {
    let global = Some(GlobalLimit { limit: 50, window: Duration::from_secs(1) });
    let (limiter, clock) = limiter(&Config { global, ..Config::default() });
    let began = clock.now();
    let tasks: Vec<_> = (0..1_000)
        .map(|channel| {
            let limiter = limiter.clone();
            tokio::spawn(async move {
                permit(&limiter, &messages(channel)).await.answered(&bucket("b", 5, 4, 1_000))
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    let took = clock.now().since(began);
    assert!(took >= Duration::from_secs(19) && took < Duration::from_secs(20), "{took:?}");
    assert_eq!((limiter.waiting(), limiter.in_flight()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_leaves_the_line_and_a_dropped_permit_goes_to_the_next() {
    let (limiter, _) = limiter(&free());
    let first = limiter.acquire(&messages(1)).await.expect("a permit");
    let spawn = |limiter: Limiter| tokio::spawn(async move { limiter.acquire(&messages(1)).await.map(drop) });
    let (second, third) = (spawn(limiter.clone()), spawn(limiter.clone()));
    while limiter.waiting() < 2 {
        tokio::task::yield_now().await;
    }
    second.abort();
    assert!(second.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(limiter.waiting(), 1);
    // Not departed, so nothing is spent.
    drop(first);
    third.await.expect("no panic").expect("a permit");
    assert_eq!((limiter.waiting(), limiter.in_flight()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_wait_dropped_between_grant_and_notice_gives_its_permit_back() {
    let (limiter, _) = limiter(&free());
    let first = limiter.acquire(&messages(1)).await.expect("a permit");
    let request = messages(1);
    let mut second = Box::pin(limiter.acquire(&request));
    let waker = std::task::Waker::noop();
    assert!(second.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
    first.not_sent();
    assert_eq!((limiter.waiting(), limiter.in_flight()), (0, 1), "granted, and nobody has looked");
    drop(second);
    assert_eq!((limiter.waiting(), limiter.in_flight()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_permit_dropped_after_its_departure_is_spent() {
    let (limiter, clock) = limiter(&Config { lost_margin: Duration::from_millis(500), ..free() });
    permit(&limiter, &messages(1)).await.answered(&bucket("b", 1, 0, 1_000));
    drop(permit(&limiter, &messages(1)).await);
    let before = clock.now();
    drop(limiter.acquire(&messages(1)).await.expect("a permit"));
    assert!(clock.now().since(before) >= Duration::from_millis(1_500));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_what_was_tried_why_not_and_what_to_do() {
    let (limiter, clock) = limiter(&free());
    permit(&limiter, &messages(1)).await.answered(&limited("7200"));
    let refused = limiter.acquire(&messages(1)).await.expect_err("two hours are too long");
    assert_eq!((refused.reason(), refused.wait().as_secs()), (Reason::RetryAfter, 7_200));
    let text = refused.to_string();
    let expect = "no permit for POST /channels/:id/messages (channels/100000000000000001): the wait of 7200.0s \
                  (retry-after) is longer than the 900.0s allowed; try again later or allow a longer wait";
    assert_eq!(text, expect);
    let late = limiter.acquire(&messages(2).with_deadline(clock.now())).await;
    assert!(late.is_ok(), "what can go at once is not late");
}

#[tokio::test(start_paused = true)]
async fn the_timer_ends_with_the_last_handle() {
    let (limiter, _) = limiter(&free());
    permit(&limiter, &messages(1)).await.answered(&bucket("b", 1, 0, 1_000));
    permit(&limiter, &messages(1)).await.answered(&bucket("b", 1, 0, 1_000));
    let metrics = tokio::runtime::Handle::current().metrics();
    assert_eq!(metrics.num_alive_tasks(), 1, "the timer");
    drop(limiter);
    while metrics.num_alive_tasks() > 0 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_limiter_outlives_the_runtime_that_its_timer_ran_on() {
    let start = || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = start().expect("a runtime");
    let (limiter, _) = runtime.block_on(async { limiter(&free()) });
    let wait = |limiter: &Limiter| {
        let limiter = limiter.clone();
        async move { permit(&limiter, &messages(1)).await.answered(&bucket("b", 1, 0, 1)) }
    };
    runtime.block_on(wait(&limiter));
    runtime.block_on(wait(&limiter));
    drop(runtime);
    let runtime = start().expect("a runtime");
    runtime.block_on(wait(&limiter));
    let ended = runtime.block_on(wait(&limiter));
    assert_eq!(ended.certainty, Certainty::Answered);
}

/// Sends by a list of outcomes; counts the tries.
async fn run(
    limiter: &Limiter,
    request: &Request,
    outcomes: fn(u32) -> Option<Answer>,
) -> (Result<u16, RetryError<&'static str>>, u32) {
    let tries = Arc::new(AtomicU32::new(0));
    let result = limiter
        .with_retry(request, &RetryPolicy::default(), |mut permit| {
            let number = tries.fetch_add(1, Ordering::Relaxed);
            async move {
                permit.departed();
                match outcomes(number) {
                    None => permit.maybe_sent().err("connection reset"),
                    Some(answer) if answer.status == 0 => permit.not_sent().err("connection refused"),
                    Some(answer) if answer.status < 400 => permit.answered(&answer).ok(answer.status),
                    Some(answer) => permit.answered(&answer).err("refused"),
                }
            }
        })
        .await;
    (result, tries.load(Ordering::Relaxed))
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_and_the_value_comes_back() {
    let (limiter, _) = limiter(&free());
    let flaky = |number| if number < 2 { Some(status(503)) } else { Some(status(200)) };
    assert_eq!(run(&limiter, &Request::get("/users/@me"), flaky).await, (Ok(200), 3));
    let refused = |number| if number < 3 { Some(status(0)) } else { Some(status(204)) };
    assert_eq!(run(&limiter, &Request::post("/interactions"), refused).await, (Ok(204), 4));
}

#[tokio::test(start_paused = true)]
async fn a_post_whose_answer_is_lost_is_sent_once() {
    let (limiter, _) = limiter(&free());
    let (result, tries) = run(&limiter, &Request::post("/interactions"), |_| None).await;
    assert_eq!(tries, 1);
    assert!(matches!(result, Err(RetryError::Failed { why: Stop::MayHaveRun, tries: 1, .. })), "{result:?}");
    let (result, tries) = run(&limiter, &Request::post("/interactions"), |_| Some(status(502))).await;
    assert!(
        matches!(result, Err(RetryError::Failed { why: Stop::MayHaveRun, .. })) && tries == 1,
        "{result:?}"
    );
    // One that says that it may be repeated is.
    let (result, tries) = run(&limiter, &messages(1).repeatable(), |_| None).await;
    assert!(matches!(result, Err(RetryError::Failed { why: Stop::Exhausted, tries: 4, .. })) && tries == 4);
}

#[tokio::test(start_paused = true)]
async fn the_servers_wait_is_kept_also_by_a_post_and_nobody_else_goes_first() {
    let (limiter, clock) = limiter(&free());
    let began = clock.now();
    let once = |number| Some(if number == 0 { limited("3.5") } else { status(204) });
    let request = messages(1);
    let (outcome, ()) = tokio::join!(run(&limiter, &request, once), async {
        let later = permit(&limiter, &request).await;
        assert!(clock.now().since(began) >= Duration::from_millis(3_500));
        later.answered(&status(204));
    });
    assert_eq!(outcome, (Ok(204), 2));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_request_has_no_time_for_ends_the_tries() {
    let (limiter, clock) = limiter(&free());
    let request = messages(1).with_deadline(clock.now() + Duration::from_secs(3));
    let (result, tries) = run(&limiter, &request, |_| Some(limited("10"))).await;
    assert_eq!(tries, 1);
    let Err(error) = result else { panic!("refused") };
    assert_eq!(
        error.to_string(),
        "failed after 1 try in 0.0ns: the next try is 10s away, after the deadline"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_retry_keeps_the_error_of_the_last_try() {
    let (limiter, _) = limiter(&free());
    let (result, tries) = run(&limiter, &Request::get("/users/@me"), |_| Some(limited("7200"))).await;
    assert_eq!(tries, 1);
    let Err(RetryError::Refused { refused, tries: 1, source: Some("refused") }) = result else {
        panic!("{result:?}")
    };
    assert_eq!(refused.reason(), Reason::RetryAfter);
}

#[tokio::test(start_paused = true)]
async fn an_answer_passed_on_as_a_value_is_returned_whatever_its_status() {
    let (limiter, _) = limiter(&free());
    let send = |permit: Permit| async move { permit.answered(&status(404)).ok(404) };
    let result: Result<u16, RetryError<()>> =
        limiter.with_retry(&Request::get("/users/@me"), &RetryPolicy::default(), send).await;
    assert_eq!(result, Ok(404));
}

#[tokio::test(start_paused = true)]
async fn a_tried_request_says_what_its_answer_meant() {
    let (limiter, _) = limiter(&free());
    let tried: Tried<(), ()> = permit(&limiter, &messages(1)).await.answered(&limited("2")).err(());
    assert_eq!(tried.ended.certainty, Certainty::Answered);
    assert_eq!((tried.ended.status, tried.ended.retry_after), (Some(429), Some(Duration::from_secs(2))));
}

/// It slept for as long as the server said, and said nothing.
#[tokio::test(start_paused = true)]
async fn a_503_that_asks_for_hours_ends_the_tries_at_once_and_the_error_names_the_wait() {
    let (limiter, clock) = limiter(&free());
    let begun = clock.now();
    let sick = |_| Some(Answer { retry_after: Some(Duration::from_hours(23)), ..status(503) });
    let (result, tries) = run(&limiter, &Request::get("/users/@me"), sick).await;
    let wait = Duration::from_hours(23);
    assert!(
        matches!(result, Err(RetryError::Failed { why: Stop::TooLong { wait: named }, .. }) if named == wait)
    );
    assert_eq!((tries, clock.now()), (1, begun));
}
