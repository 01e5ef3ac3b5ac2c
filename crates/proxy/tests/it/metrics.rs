//! The page of metrics: what is on it, and that Prometheus can read it. Counts are tested where they arise.

use std::collections::{BTreeMap, BTreeSet};

use crate::harness::{BOT, MESSAGES, Scripted, Served, answer, used_up};

/// A page after one of everything that can be brought about quickly.
async fn page() -> String {
    let upstream = Scripted::start(|seen| {
        let limited = r#"{"message":"x","retry_after":300,"global":true}"#;
        let global = "Via: 1.1 google\r\nX-RateLimit-Global: true\r\nX-RateLimit-Scope: global\r\nRetry-After: 300\r\n";
        Some(if seen.head.contains("token-of-two") {
            answer(429, global, limited)
        } else {
            answer(200, &used_up(1), "{}")
        })
    })
    .await;
    let served = Served::start(&upstream.origin, |_| {}).await;
    // The second of these waits for its bucket.
    for _ in 0..2 {
        assert_eq!(served.ask("GET", MESSAGES, BOT, "").await.status, 200);
    }
    let other = "Authorization: Bot token-of-two\r\n";
    assert_eq!(served.ask("GET", MESSAGES, other, "").await.status, 429);
    assert!(served.ask("GET", MESSAGES, other, "").await.is_proxys_own());
    let page = served.ask("GET", "/metrics", "", "").await;
    assert_eq!(page.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    page.text()
}

/// The family that a sample belongs to.
fn family<'a>(name: &'a str, kinds: &BTreeMap<String, String>) -> &'a str {
    let parts = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
    parts.filter(|base| kinds.get(*base).is_some_and(|kind| kind == "histogram")).unwrap_or(name)
}

#[tokio::test]
async fn every_metric_is_there_with_help_and_type_in_the_format_of_prometheus() {
    let page = page().await;
    assert!(page.ends_with('\n'));
    let (mut kinds, mut helped, mut sampled) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').expect("a text");
            assert!(!text.is_empty() && helped.insert(name.to_owned()), "{line}");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a kind");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(helped.contains(name), "{line} comes before its help");
            assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{line} is there twice");
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let value: f64 = value.parse().expect("a number");
            let name = series.split('{').next().expect("a name");
            let base = family(name, &kinds);
            let kind = kinds.get(base).unwrap_or_else(|| panic!("{line} has no type"));
            assert_eq!(kind == "counter", base.ends_with("_total"), "{line}");
            assert!(base.starts_with("journeyman_") && value >= 0.0, "{line}");
            assert!(sampled.insert(series.to_owned(), value).is_none(), "{line} is there twice");
        }
    }
    for name in NAMES {
        assert!(kinds.contains_key(name), "{name} is not in\n{page}");
        let has_sample =
            sampled.keys().any(|series| family(series.split('{').next().unwrap(), &kinds) == name);
        assert!(has_sample, "{name} has no sample in\n{page}");
    }
    let known: BTreeSet<&str> = NAMES.into_iter().collect();
    for name in kinds.keys() {
        assert!(known.contains(name.as_str()), "{name} is not tested");
    }
    for (series, count) in sampled.iter().filter(|(series, _)| series.contains("_count")) {
        let all = series.replace("_count", "_bucket");
        let all = match all.strip_suffix('}') {
            Some(open) => format!("{open},le=\"+Inf\"}}"),
            None => format!("{all}{{le=\"+Inf\"}}"),
        };
        assert_eq!(sampled.get(&all), Some(count), "{series}");
    }
    for line in [
        "journeyman_limiter_wait_seconds_count{reason=\"bucket\"} 1",
        "journeyman_limiter_refused_total{reason=\"global\"} 1",
        "journeyman_breaker_state{class=\"edge\"} 0",
        "journeyman_breaker_state{class=\"changes under /webhooks\"} 0",
        "journeyman_guard_invalid_requests 1",
    ] {
        assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
    }
}

const NAMES: [&str; 15] = [
    "journeyman_breaker_state",
    "journeyman_build_info",
    "journeyman_connections_open",
    "journeyman_http_client_request_duration_seconds",
    "journeyman_guard_invalid_requests",
    "journeyman_hung_up_total",
    "journeyman_limiter_bucket_remaining_ratio",
    "journeyman_limiter_in_flight",
    "journeyman_limiter_queue_depth",
    "journeyman_limiter_refused_total",
    "journeyman_limiter_wait_seconds",
    "journeyman_rate_limited_total",
    "journeyman_rate_limited_unexpected_total",
    "journeyman_requests_total",
    "journeyman_stalled_total",
];

/// The names of metrics that a query asks for, without what a histogram adds.
fn asked(query: &str) -> Vec<String> {
    let words = query.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let names = words.filter(|word| word.starts_with("journeyman_"));
    names
        .map(|name| {
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
            base.unwrap_or(name).to_owned()
        })
        .collect()
}

#[tokio::test]
async fn each_metric_that_the_grafana_board_asks_for_is_on_the_page() {
    let board: serde_json::Value =
        serde_json::from_str(include_str!("../../grafana.json")).expect("the board is JSON");
    let page = page().await;
    let mut queries = 0;
    for panel in board["panels"].as_array().expect("panels") {
        assert!(panel["title"].is_string() && panel["gridPos"].is_object(), "{panel}");
        for target in panel["targets"].as_array().expect("targets") {
            let query = target["expr"].as_str().expect("a query");
            let names = asked(query);
            assert!(!names.is_empty(), "{query} asks for none of ours");
            for name in names {
                assert!(page.contains(&format!("# TYPE {name} ")), "{query}: {name} is not in\n{page}");
            }
            queries += 1;
        }
    }
    assert!(queries >= 8, "a board of {queries} queries is none");
}
