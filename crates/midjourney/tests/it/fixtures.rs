//! Every fixture against `fixtures/expect.toml`. The content table has its own test.

use std::collections::BTreeSet;
use std::fs;

use journeyman_midjourney::{Explanation, Sighting, classify_any};
use serde_json::{Map, Value, json};

use crate::fixture;

fn expectations() -> Map<String, Value> {
    let text = fs::read_to_string(fixture::folder().join("expect.toml")).expect("expectations are readable");
    toml::from_str(&text).expect("expectations are TOML")
}

/// What is compared: only what is not null, false or empty, so that an expectation that leaves
/// a field out expects it to be so.
fn seen(sighting: &Sighting) -> Value {
    let shown = Explanation::of(sighting);
    let keys = &sighting.keys;
    let all = json!({
        "kind": shown.kind,
        "error": shown.error,
        "retryable": shown.retryable,
        "percent": shown.percent,
        "mode": shown.mode,
        "stealth": shown.stealth,
        "action": shown.action,
        "variant": sighting.variant,
        "image": shown.image,
        "prompt": shown.prompt,
        "job_id": shown.job_id,
        "buttons": shown.buttons,
        "retry_after": shown.retry_after.map(|wait| wait.as_secs_f64()),
        "until": shown.until,
        "nonce": keys.nonce,
        "interaction": keys.interaction,
        "reference": keys.reference,
        "message": keys.message,
        "command": keys.command,
        "files": sighting.files.len(),
    });
    let Value::Object(mut all) = all else { unreachable!("an object was written above") };
    let nothing = [json!(null), json!(false), json!([]), json!(0)];
    all.retain(|name, value| name == "percent" && !value.is_null() || !nothing.contains(value));
    Value::Object(all)
}

#[test]
fn every_fixture_has_an_expectation_and_every_expectation_a_fixture() {
    let files: BTreeSet<_> = fixture::all().into_keys().collect();
    let expected: BTreeSet<_> = expectations().into_iter().map(|(name, _)| name).collect();
    assert_eq!(files.symmetric_difference(&expected).collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(files.len() >= 51, "fixtures were lost");
}

#[test]
fn every_fixture_means_what_is_expected() {
    let expectations = expectations();
    for (name, value) in fixture::all() {
        let expected = &expectations[&name];
        // A table of many texts is tested line by line with the captions.
        if expected.get("tested_with").is_some() {
            continue;
        }
        let expected = expected.as_array().cloned().unwrap_or_else(|| vec![expected.clone()]);
        let seen: Vec<_> = classify_any(&value).iter().map(seen).collect();
        assert_eq!(seen, expected, "{name}");
    }
}

#[test]
fn every_fixture_has_a_provenance() {
    let provenance = fs::read_to_string(fixture::folder().join("PROVENANCE.md")).unwrap();
    for name in fixture::all().into_keys() {
        assert!(provenance.contains(&format!("| {name} |")), "{name} has no row");
    }
}
