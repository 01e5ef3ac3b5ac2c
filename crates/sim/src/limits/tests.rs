//! Each window model counts exactly, and each refusal looks as Discord's.
//!
//! The counters are compared with a log of what they accepted, written apart from them.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::http::HttpAnswer;

const WALL: Wall = Wall { epoch_unix_micros: 1_767_225_600_250_000 };

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn rate(limit: u32, per_ms: u64, window: WindowModel) -> Rate {
    Rate { limit, per: ms(per_ms), window }
}

fn accepted(rate: Rate, arrivals: &[u64]) -> Vec<u64> {
    let mut window = window::Window::new(rate);
    arrivals
        .iter()
        .copied()
        .filter(|arrival| window.take(ms(*arrival), WALL.unix_micros(ms(*arrival))).granted)
        .collect()
}

fn most_within(times: &[u64], span: u64) -> usize {
    times
        .iter()
        .map(|start| times.iter().filter(|time| (*start..start + span).contains(time)).count())
        .max()
        .unwrap_or(0)
}

#[test]
fn a_first_arrival_window_opens_with_the_first_request_and_closes_a_span_later() {
    let rate = rate(2, 1_000, WindowModel::FirstArrival);
    assert_eq!(accepted(rate, &[300, 301, 302, 1_299, 1_300, 1_301, 1_302]), [300, 301, 1_300, 1_301]);
}

#[test]
fn an_aligned_window_follows_the_wall_clock() {
    let rate = rate(2, 1_000, WindowModel::Aligned);
    // The world's origin lies 250 ms into a second, so the window turns at 750 ms.
    assert_eq!(accepted(rate, &[700, 710, 720, 749, 750, 751, 752]), [700, 710, 750, 751]);
}

#[test]
fn a_token_bucket_drips_one_at_a_time() {
    let rate = rate(2, 1_000, WindowModel::TokenBucket);
    assert_eq!(
        accepted(rate, &[0, 1, 499, 500, 501, 999, 1_000, 3_000, 3_001, 3_002]),
        [0, 1, 500, 1_000, 3_000, 3_001]
    );
}

#[test]
fn a_sliding_log_never_holds_more_than_its_limit_in_any_span() {
    let rate = rate(3, 1_000, WindowModel::SlidingLog);
    let mut random = fastrand::Rng::with_seed(7);
    let mut now = 0;
    let arrivals: Vec<u64> = (0..2_000)
        .map(|_| {
            now += random.u64(0..400);
            now
        })
        .collect();
    let taken = accepted(rate, &arrivals);
    assert_eq!(most_within(&taken, 1_000), 3, "full, and never fuller");
    // Nothing was refused without need.
    for refused in arrivals.iter().filter(|arrival| !taken.contains(arrival)) {
        let recent = taken.iter().filter(|time| **time <= *refused && **time + 1_000 > *refused).count();
        assert_eq!(recent, 3, "refused at {refused}");
    }
}

#[test]
fn whoever_waits_the_told_time_is_accepted_and_not_a_microsecond_earlier() {
    for model in
        [WindowModel::FirstArrival, WindowModel::Aligned, WindowModel::TokenBucket, WindowModel::SlidingLog]
    {
        let mut window = window::Window::new(rate(3, 1_000, model));
        let mut take = |at: Duration| window.take(at, WALL.unix_micros(at));
        let mut at = ms(100);
        while take(at).granted {
            at += ms(7);
        }
        let wait = take(at).retry_after;
        assert!(!wait.is_zero(), "{model}");
        assert!(!take((at + wait).saturating_sub(Duration::from_micros(1))).granted, "{model}: too early");
        assert!(take(at + wait).granted, "{model}: in time");
    }
}

fn state(limits: Limits) -> LimitState {
    LimitState::new(limits, WALL)
}

fn asker(bot: bool, method: &'static str, template: &'static str, resource: u64) -> Asker<'static> {
    Asker { method, template, resource, account: Some((1, bot)), peer: "127.0.0.1" }
}

fn refused(ruling: Ruling) -> (Scope, HttpAnswer) {
    match ruling {
        Ruling::Refuse(scope, reply) => (scope, reply.finish()),
        Ruling::Pass(_) => panic!("it should have been refused"),
    }
}

fn passed(ruling: Ruling) -> Vec<(String, String)> {
    match ruling {
        Ruling::Pass(headers) => headers,
        Ruling::Refuse(scope, _) => panic!("refused by {scope:?}"),
    }
}

const MESSAGES: &str = "/channels/{channel.id}/messages";

#[test]
fn a_user_is_shown_no_headers_and_five_in_five_seconds_per_channel() {
    let mut limits = state(Limits::default());
    for _ in 0..5 {
        assert!(passed(limits.judge(ms(0), asker(false, "GET", MESSAGES, 7))).is_empty());
    }
    assert!(passed(limits.judge(ms(0), asker(false, "GET", MESSAGES, 8))).is_empty(), "another channel");
    let (scope, answer) = refused(limits.judge(ms(2_940), asker(false, "GET", MESSAGES, 7)));
    assert_eq!(scope, Scope::User);
    // The capture: {"global": false, "message": "The resource is being rate limited.", "retry_after": 2.06}.
    let body = answer.json().expect("JSON");
    assert_eq!(body["retry_after"], 2.06);
    assert_eq!(body["message"], "The resource is being rate limited.");
    assert_eq!(body["global"], false);
    assert_eq!(answer.header("retry-after"), Some("3"), "whole seconds, rounded up");
    assert_eq!(answer.header("x-ratelimit-scope"), None);
    passed(limits.judge(ms(5_000), asker(false, "GET", MESSAGES, 7)));
}

#[test]
fn a_bot_is_shown_its_bucket() {
    let mut limits = state(Limits::default());
    let headers = passed(limits.judge(ms(0), asker(true, "POST", MESSAGES, 7)));
    let field = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(field("X-RateLimit-Limit"), Some("5"));
    assert_eq!(field("X-RateLimit-Remaining"), Some("4"));
    assert_eq!(field("X-RateLimit-Reset-After"), Some("5.000"));
    assert_eq!(field("X-RateLimit-Reset"), Some("1767225605.250"));
    assert_eq!(field("X-RateLimit-Bucket").map(str::len), Some(32));
}

#[test]
fn the_global_limit_is_told_without_a_bucket() {
    let mut limits = state(Limits::default());
    for _ in 0..50 {
        passed(limits.judge(ms(0), asker(true, "GET", "/users/@me", 0)));
    }
    let (scope, answer) = refused(limits.judge(ms(400), asker(true, "GET", "/users/@me", 0)));
    assert_eq!(scope, Scope::Global);
    assert_eq!(answer.json().expect("JSON")["global"], Value::Bool(true));
    assert_eq!(answer.header("x-ratelimit-global"), Some("true"));
    assert_eq!(answer.header("x-ratelimit-scope"), Some("global"));
    assert_eq!(answer.header("x-ratelimit-bucket"), None);
}

#[test]
fn a_hidden_limit_shows_the_ordinary_bucket_with_requests_remaining() {
    let mut limits = state(Limits::default());
    let rename = asker(true, "PATCH", "/channels/{channel.id}", 7);
    passed(limits.judge(ms(0), rename));
    passed(limits.judge(ms(0), rename));
    let (scope, answer) = refused(limits.judge(ms(0), rename));
    assert_eq!(scope, Scope::User);
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("3"));
    assert_eq!(answer.header("retry-after"), Some("600"));
    assert_eq!(answer.json().expect("JSON")["retry_after"], 600.0);
}

#[test]
fn a_shared_limit_counts_everybody_together() {
    let shared = RouteLimit {
        who: Who::Anyone,
        method: "PUT".to_owned(),
        template: "*".to_owned(),
        per: Per::Resource,
        rate: rate(1, 1_337_000, WindowModel::FirstArrival),
        kind: Kind::Shared,
        hash: None,
        counter: None,
    };
    let mut limits = state(Limits { routes: vec![shared], ..Limits::default() });
    passed(limits.judge(ms(0), asker(true, "PUT", "/x", 7)));
    let other = Asker { account: Some((2, true)), ..asker(true, "PUT", "/x", 7) };
    let (scope, answer) = refused(limits.judge(ms(0), other));
    assert_eq!(scope, Scope::Shared);
    assert_eq!(answer.header("x-ratelimit-scope"), Some("shared"));
    assert_eq!(answer.header("retry-after"), Some("1337"));
}

#[test]
fn too_many_invalid_requests_end_at_the_edge() {
    for (answer, retry_after) in [(EdgeAnswer::Html, Some("3600")), (EdgeAnswer::StaticJson, None)] {
        let invalid = InvalidLimit { limit: 3, answer, ..InvalidLimit::default() };
        let mut limits = state(Limits { invalid, ..Limits::default() });
        limits.count_invalid(ms(0), "127.0.0.1");
        // The first is forgotten by then.
        limits.count_invalid(ms(600_000), "127.0.0.1");
        limits.count_invalid(ms(600_000), "127.0.0.1");
        assert!(limits.at_the_edge(ms(600_000), "127.0.0.1").is_none());
        limits.count_invalid(ms(600_000), "127.0.0.1");
        let page = limits.at_the_edge(ms(600_000), "127.0.0.1").expect("a ban").finish();
        assert_eq!(page.status, 429);
        assert_eq!(page.header("via"), None, "it never reached Discord");
        assert_eq!(page.header("retry-after"), retry_after);
        assert!(limits.at_the_edge(ms(600_000), "127.0.0.2").is_none(), "another address");
        assert!(limits.at_the_edge(ms(4_200_000), "127.0.0.1").is_none(), "the ban ends");
    }
}

fn bucket(method: &str, limit: u32, kind: Kind) -> RouteLimit {
    RouteLimit {
        who: Who::Bot,
        method: method.to_owned(),
        template: "*".to_owned(),
        per: Per::Resource,
        rate: rate(limit, 5_000, WindowModel::FirstArrival),
        kind,
        hash: Some("one".to_owned()),
        counter: None,
    }
}

fn with(routes: Vec<RouteLimit>) -> LimitState {
    state(Limits { routes, ..Limits::none() })
}

#[test]
fn routes_of_one_hash_share_a_counter_unless_they_are_told_not_to() {
    let rules = vec![bucket("PUT", 1, Kind::Bucket), bucket("DELETE", 1, Kind::Bucket)];
    let mut together = with(rules.clone());
    passed(together.judge(ms(0), asker(true, "PUT", "/x", 7)));
    refused(together.judge(ms(0), asker(true, "DELETE", "/x", 7)));
    let mut rules = rules;
    rules[1].counter = Some("another".to_owned());
    let mut apart = with(rules);
    let first = passed(apart.judge(ms(0), asker(true, "PUT", "/x", 7)));
    let second = passed(apart.judge(ms(0), asker(true, "DELETE", "/x", 7)));
    assert_eq!(first, second, "the headers do not tell them apart");
}

#[test]
fn a_revealed_limit_is_shown_only_when_it_refuses() {
    let tight = RouteLimit { hash: Some("tight".to_owned()), ..bucket("POST", 2, Kind::Revealed) };
    let mut limits = with(vec![tight, bucket("POST", 50_000, Kind::Bucket)]);
    let shown = passed(limits.judge(ms(0), asker(true, "POST", "/x", 7)));
    assert!(shown.contains(&("X-RateLimit-Limit".to_owned(), "50000".to_owned())), "{shown:?}");
    passed(limits.judge(ms(0), asker(true, "POST", "/x", 7)));
    let (_, answer) = refused(limits.judge(ms(0), asker(true, "POST", "/x", 7)));
    assert_eq!(answer.header("x-ratelimit-bucket"), Some("tight"));
    assert_eq!(
        (answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining")),
        (Some("2"), Some("0"))
    );
}

#[test]
fn limits_can_change_while_the_world_runs() {
    let mut limits = with(vec![bucket("PUT", 5, Kind::Bucket)]);
    passed(limits.judge(ms(0), asker(true, "PUT", "/x", 7)));
    limits.set(Limits { routes: vec![bucket("PUT", 3, Kind::Bucket)], ..Limits::none() });
    for _ in 0..3 {
        passed(limits.judge(ms(0), asker(true, "PUT", "/x", 7)));
    }
    refused(limits.judge(ms(0), asker(true, "PUT", "/x", 7)));
}

/// How many a model may accept within a span that is `windows` windows long, at most.
fn most(model: WindowModel, limit: u64, windows: u64) -> u64 {
    match model {
        WindowModel::SlidingLog => limit * windows,
        // Two fixed windows can touch, and a full bucket drips while it is emptied.
        WindowModel::FirstArrival | WindowModel::Aligned | WindowModel::TokenBucket => limit * (windows + 1),
    }
}

proptest! {
    #[test]
    fn no_model_accepts_more_than_it_may_nor_refuses_without_a_full_window(
        limit in 1_u32..6,
        gaps in proptest::collection::vec(0_u64..600, 1..120),
        windows in 1_u64..4,
    ) {
        let mut now = 0;
        let arrivals: Vec<u64> = gaps.iter().map(|gap| { now += gap; now }).collect();
        for model in [
            WindowModel::FirstArrival,
            WindowModel::Aligned,
            WindowModel::TokenBucket,
            WindowModel::SlidingLog,
        ] {
            let taken = accepted(rate(limit, 1_000, model), &arrivals);
            let dense = u64::try_from(most_within(&taken, windows * 1_000)).expect("a count");
            prop_assert!(dense <= most(model, u64::from(limit), windows), "{model}: {dense} in {windows}");
            for refused in arrivals.iter().filter(|arrival| !taken.contains(arrival)) {
                // Whoever is refused has seen the limit's worth go by within a window.
                let recent = taken.iter().filter(|time| **time <= *refused && **time + 1_000 > *refused).count();
                prop_assert!(recent >= usize::try_from(limit).expect("small"), "{model}: refused at {refused}");
            }
        }
    }
}
