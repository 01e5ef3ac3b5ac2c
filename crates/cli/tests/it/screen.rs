//! Screening from outside: the operator's lists and past outcomes, what is told, what is refused, what is recorded.

use crate::harness::{CHANNEL, Place, Sim};

/// A past in which one word was refused, and others were not.
fn past() -> String {
    let line = |index: usize, word: &str, outcome: &str| {
        format!(
            "{{\"version\":1,\"prompt\":\"a {word} at sea, number {index}\",\"outcome\":\"{outcome}\",\"kind\":null}}\n"
        )
    };
    (0..40).map(|index| line(index, "gnarl", "refused") + &line(index, "boat", "accepted")).collect()
}

#[test]
fn a_word_on_the_operators_list_is_refused_before_anything_is_sent() {
    let mut place = Place::bare();
    place.write("ours.txt", "# ours\nred herring\nёлка\n");
    let ran = place.run(&["imagine", "--sim", "--screen-list", "ours.txt", "a Red Herring on ice"]);
    assert_eq!(ran.code, Some(4));
    ran.says(&["error[screened]", "`red herring` is on the list ours.txt, line 2", "^^^^^^^^^^^", "hint: "]);
    place.write("journeyman.toml", "screen_lists = \"ours.txt\"\n");
    let ran =
        place.run(&["lint", "--config", "journeyman.toml", "--json", "ЁЛКА in snow", "an infrared herring"]);
    assert_eq!(ran.code, Some(4));
    let refused: Vec<_> = ran.json().iter().map(|one| one["screening"]["refused"].as_bool()).collect();
    assert_eq!(refused, [Some(true), Some(false)]);
    let ran = place.run(&["lint", "--screen-list", "missing.txt", "a cat"]);
    assert_eq!(ran.code, Some(3));
    ran.says(&["missing.txt", "hint: "]);
}

#[test]
fn past_refusals_advise_by_default_and_refuse_above_the_operators_threshold() {
    let mut place = Place::bare();
    place.write("outcomes.jsonl", &past());
    let advised = place.run(&["lint", "--screen-outcomes", "outcomes.jsonl", "one gnarl"]);
    assert_eq!(advised.code, Some(0), "{}", advised.stdout);
    for words in [
        "warning[past-refusals]",
        "`gnarl`: odds times",
        "in 40 refused and 0 accepted",
        "refused: a gnarl at sea",
    ] {
        assert!(advised.stdout.contains(words), "{words}: {}", advised.stdout);
    }
    let strict = ["--screen-outcomes", "outcomes.jsonl", "--screen-refuse-above", "0.7"];
    let ran = place.run(&[&["imagine", "--sim"], &strict[..], &["one gnarl"]].concat());
    assert_eq!(ran.code, Some(4));
    ran.says(&["error[past-refusals]", "past outcomes say", "screen_refuse_above"]);
    let ran = place.run(&[&["lint"], &strict[..], &["one boat"]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    let ran = place.run(&["lint", "--screen-refuse-above", "7", "a cat"]);
    assert_eq!(ran.code, Some(3));
}

#[test]
fn each_ended_job_is_appended_to_the_operators_outcomes() {
    let sim = Sim::start(&["--errors", "visible", "--progress", "visible"]);
    let place = sim.place().with("JOURNEYMAN_SCREEN_OUTCOMES", "outcomes.jsonl");
    let ran = place.run(&["imagine", "--json", "a  fox"]);
    assert_eq!(ran.last()["event"], "finished", "{}", ran.stderr);
    let read = || std::fs::read_to_string(place.path("outcomes.jsonl")).expect("the outcomes");
    assert_eq!(read(), "{\"kind\":null,\"outcome\":\"accepted\",\"prompt\":\"a fox\",\"version\":1}\n");

    let refusing =
        Sim::start(&["--errors", "visible", "--progress", "visible", "--scenario", "pre-moderation"]);
    let origin = refusing.ready["rest"].as_str().expect("an origin");
    let ran = place.run(&["imagine", "--json", "--api-base", origin, "--channel", CHANNEL, "a badger"]);
    assert_eq!(ran.last()["error"], "PreModeration", "{}", ran.stdout);
    let last = read().lines().last().map(str::to_owned).unwrap_or_default();
    assert!(
        last.contains("\"refused\"") && last.contains("PreModeration") && last.contains("a badger"),
        "{last}"
    );

    // Of a simulated world in the same process nothing is recorded, nor of a prompt that was not sent.
    place.run(&["imagine", "--sim", "--speed", "200", "a hare"]);
    place.run(&["imagine", "a hare --v5"]);
    assert_eq!(read().lines().count(), 2);
}
