//! Properties of prompts: parse and print are inverse, and matching survives what Midjourney rewrites.

use journeyman_midjourney::{Normalised, Prompt};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// Any text, with much of what a prompt has.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => select(vec![
            "cat", "--ar", "--no", "--v", "—", "—ar", "--", "-", " ", "  ", "\n", "\t", "3:2", "::2", "{a, b}",
            "https://x.y/z", "<https://s.mj.run/a>", "\u{a0}", "\u{0}", "--é", "——v",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Words that are no parameter, and the parameters that a caller may send, each at most once.
#[derive(Debug, Clone)]
struct Sent {
    body: Vec<&'static str>,
    parameters: Vec<(&'static str, &'static str)>,
}

const BODY: [&str; 7] = ["a", "cat", "on", "https://x.y/a.png", "the mat,", "red::2", "— grey"];
const PARAMETERS: [(&str, &str); 9] = [
    ("--ar", "3:2"),
    ("--s", "250"),
    ("--seed", "7"),
    ("--no", "hats, dogs"),
    ("--style", "raw"),
    ("--v", "6"),
    ("--tile", ""),
    ("--sref", "random"),
    ("--video", ""),
];

fn sent() -> impl Strategy<Value = Sent> {
    let body = prop::collection::vec(select(BODY.to_vec()), 1..6);
    let parameters = subsequence(PARAMETERS.to_vec(), 0..PARAMETERS.len()).prop_shuffle();
    (body, parameters).prop_map(|(body, parameters)| Sent { body, parameters })
}

fn written(body: &[&str], parameters: &[(&str, &str)], gap: &str) -> String {
    let parameters = parameters.iter().flat_map(|(name, value)| [*name, *value]);
    let words: Vec<_> = body.iter().copied().chain(parameters).filter(|word| !word.is_empty()).collect();
    words.join(gap)
}

/// One parameter or word as Midjourney shows it.
fn rewritten(name: &'static str, value: &'static str) -> (&'static str, &'static str) {
    match (name, value) {
        ("--v", "6") => ("--v", "6.0"),
        ("--style", "raw") => ("--raw", ""),
        ("--sref", _) => ("--sref", "<https://s.mj.run/b> <https://s.mj.run/c>"),
        ("--video", _) => ("--video", "1"),
        ("--no", _) => ("--no", "dogs,hats"),
        other => other,
    }
}

fn shown(sent: &Sent, order: &[usize], defaults: &[(&'static str, &'static str)]) -> String {
    let body: Vec<_> = sent
        .body
        .iter()
        .map(|word| match *word {
            "https://x.y/a.png" => "<https://s.mj.run/abc>",
            "— grey" => "-- grey",
            word => word,
        })
        .collect();
    let mut parameters: Vec<_> = sent.parameters.iter().map(|(name, value)| rewritten(name, value)).collect();
    let is_new = |name: &str| {
        let short = |name: &str| if name == "--style" { "--raw".to_owned() } else { name.to_owned() };
        sent.parameters.iter().all(|(had, _)| short(had) != short(name))
    };
    parameters.extend(defaults.iter().filter(|(name, _)| is_new(name)));
    for (index, other) in order.iter().enumerate() {
        if index < parameters.len() {
            let other = other % parameters.len();
            parameters.swap(index, other);
        }
    }
    written(&body, &parameters, " ")
}

proptest! {
    #[test]
    fn a_printed_prompt_parses_to_itself(text in any_text()) {
        let prompt = Prompt::parse(&text);
        prop_assert_eq!(&Prompt::parse(&prompt.to_string()), &prompt);
    }

    #[test]
    fn a_clean_text_prints_as_it_was(text in any_text()) {
        let clean = Prompt::parse(&text).to_string();
        prop_assert_eq!(Prompt::parse(&clean).to_string(), clean);
    }

    #[test]
    fn cleaning_changes_gaps_and_dashes_only(text in any_text()) {
        let bare = |text: &str| -> String {
            let text = text.replace('—', "-").replace("--", "-");
            text.chars().filter(|one| !one.is_whitespace() && !one.is_control() && *one != '-').collect()
        };
        prop_assert_eq!(bare(&Prompt::parse(&text).to_string()), bare(&text));
    }

    #[test]
    fn a_prompt_matches_itself_and_what_midjourney_makes_of_it(
        sent in sent(),
        order in prop::collection::vec(0_usize..16, 12),
        defaults in subsequence(vec![("--v", "5.1"), ("--raw", ""), ("--s", "50"), ("--uplight", "")], 0..4),
        gap in select(vec![" ", "  ", "\n"]),
    ) {
        let typed = written(&sent.body, &sent.parameters, gap);
        let shown = shown(&sent, &order, &defaults);
        let typed = Normalised::of(&typed);
        prop_assert!(typed.matches(&typed));
        prop_assert!(typed.matches(&Normalised::of(&shown)), "shown as {}", shown);
    }

    #[test]
    fn normalising_what_was_cleaned_changes_nothing(text in any_text()) {
        prop_assert_eq!(Normalised::of(&Prompt::parse(&text).to_string()), Normalised::of(&text));
    }

    #[test]
    fn two_prompts_are_confusable_exactly_when_some_text_matches_both(a in few(), b in few(), shown in few()) {
        let both = Normalised::of(&format!("{a}{}", missing(&a, &b)));
        let (a, b, shown) = (Normalised::of(&a), Normalised::of(&b), Normalised::of(&shown));
        prop_assert_eq!(a.is_confusable_with(&b), b.is_confusable_with(&a));
        if a.is_confusable_with(&b) {
            prop_assert!(a.matches(&both) && b.matches(&both), "{:?} matches not both", both);
        } else {
            prop_assert!(!(a.matches(&shown) && b.matches(&shown)));
            prop_assert!(!(a.matches(&both) && b.matches(&both)));
        }
    }
}

/// Few prompts, so that equal ones are common.
fn few() -> impl Strategy<Value = String> {
    let parameters = subsequence(vec!["--ar 3:2", "--v 6", "--s 5", "--tile", "--no hat"], 0..5);
    let other = select(vec!["", "--ar 1:1", "--seed 9", "--v 6.0"]);
    let body = select(vec!["a cat", "a dog", ""]);
    (body, parameters, other).prop_map(|(body, parameters, other)| {
        let mut names = std::collections::BTreeSet::new();
        let parameters = parameters.into_iter().chain([other]).filter(|one| !one.is_empty());
        let once: Vec<_> = parameters.filter(|one| names.insert(one.split(' ').next())).collect();
        format!("{body} {}", once.join(" "))
    })
}

/// The parameters of `b` that `a` has not.
fn missing(a: &str, b: &str) -> String {
    let a = Prompt::parse(a);
    let b = Prompt::parse(b);
    let has = |name: &str| a.parameters().iter().any(|one| one.name() == name);
    let missing = b.parameters().iter().filter(|one| !has(one.name()));
    missing.flat_map(|one| [" ".to_owned(), one.to_string()]).collect()
}
