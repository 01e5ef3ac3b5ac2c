//! Help, topics and completions: what is printed comes from the tables it describes.

use crate::harness::Place;

#[test]
fn the_exit_codes_are_listed() {
    let ran = Place::bare().run(&["help", "exit-codes"]);
    assert_eq!(ran.code, Some(0));
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn every_command_has_help() {
    let orders = "press describe blend shorten info settings fast relax turbo stealth public show seed prefer help-midjourney recipe batch sheet jobs store stats audit";
    let others = ["imagine", "lint", "explain", "sim", "doctor", "config", "completions"];
    for command in orders.split_whitespace().chain(others) {
        let ran = Place::bare().run(&["help", command]);
        assert_eq!(ran.code, Some(0), "{command}: {}", ran.stderr);
        assert!(ran.stdout.contains("Usage: journeyman"), "{command}: {}", ran.stdout);
    }
}

#[test]
fn the_seven_scenarios_are_listed() {
    let ran = Place::bare().run(&["help", "scenarios"]);
    assert_eq!(ran.code, Some(0));
    for name in crate::scenarios::SEVEN {
        assert!(ran.stdout.lines().any(|line| line.split_whitespace().next() == Some(name)), "{name}");
    }
}

#[test]
fn each_scenario_tells_what_the_gateway_sees_and_what_polling_ends_in() {
    let ran = Place::bare().run(&["help", "scenarios"]);
    for scenario in journeyman_sim::scenarios() {
        let mut lines = ran.stdout.lines();
        let line =
            lines.find(|line| line.split_whitespace().next() == Some(scenario.name)).unwrap_or_default();
        let seen = scenario.error.unwrap_or("-");
        let read = if scenario.gateway_only { "NoResponse (gateway)".to_owned() } else { seen.to_owned() };
        let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.starts_with(&format!("{} {seen} {read} ", scenario.name)), "{line}");
    }
    for word in ["NoResponse", "EphemeralModeration", "--errors visible", "--era 2026"] {
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    }
}

#[test]
fn what_polling_is_said_to_end_in_is_what_it_ends_in() {
    let visible = &["--errors", "visible", "--progress", "visible"][..];
    for (scenario, world, error) in [
        ("captcha-iframe", visible, "NoResponse"),
        ("sorry-crash", visible, "JobFailed"),
        ("sorry-crash", &["--era", "2023"], "EphemeralModeration"),
        ("sorry-crash", &["--era", "2026"], "NoResponse"),
    ] {
        let flags = [
            "imagine",
            "--sim",
            "--watch",
            "poll",
            "--speed",
            "200",
            "--json",
            "--scenario",
            scenario,
            "a fox",
        ];
        let ran = Place::bare().run(&[&flags, world].concat());
        assert_eq!(ran.last()["error"], error, "{scenario} {world:?}");
    }
}

/// The keys or sections that the simulator lists when it meets one it does not know.
fn allowed(script: &str) -> Vec<String> {
    let why = journeyman_sim::Script::from_toml(script).expect_err("an unknown key").reason;
    let names: Vec<_> = why.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    assert!(!names.is_empty(), "{why}");
    names
}

#[test]
fn the_help_on_scripts_is_a_script_with_every_section_and_key() {
    let ran = Place::bare().run(&["help", "scripts"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let script = journeyman_sim::Script::from_toml(&ran.stdout).expect("the text is a script itself");
    assert_eq!(script.outcomes().count(), 1);
    let (before, _) = ran.stdout.split_once("\n[").expect("a section");
    for name in allowed("nonsense = 1") {
        // A key of its own stands before the first section.
        if before.lines().any(|line| line.starts_with(&format!("{name} = "))) {
            continue;
        }
        let may_repeat = ["outcome", "fault", "limit", "gateway_fault"].contains(&name.as_str());
        let head = if may_repeat { format!("[[{name}]]") } else { format!("[{name}]") };
        // A section that may repeat can need several, for keys that exclude each other.
        let heading = format!("\n{head}\n");
        let parts = ran.stdout.split(&heading).skip(1);
        let body: String = parts.filter_map(|part| part.split("\n[").next()).collect();
        assert!(!body.is_empty(), "no {head}");
        for key in allowed(&format!("{head}\nnonsense = 1")) {
            assert!(body.lines().any(|line| line.starts_with(&format!("{key} = "))), "{head}: no {key}");
        }
    }
}

#[test]
fn the_help_on_scripts_names_every_word_that_a_key_takes() {
    let ran = Place::bare().run(&["help", "scripts"]);
    let words = [
        journeyman_sim::FaultKind::NAMES,
        journeyman_sim::WindowModel::NAMES,
        journeyman_sim::EdgeAnswer::NAMES,
        journeyman_sim::Who::NAMES,
        journeyman_sim::Per::NAMES,
        journeyman_sim::Kind::NAMES,
        journeyman_sim::Mode::NAMES,
        journeyman_sim::Pictures::NAMES,
        journeyman_sim::PictureFormat::NAMES,
        journeyman_sim::GatewayFaultKind::NAMES,
    ];
    for word in words.concat() {
        assert!(ran.stdout.contains(word), "{word}");
    }
}

#[test]
fn a_topic_that_does_not_exist_is_a_usage_error() {
    let ran = Place::bare().run(&["help", "weather"]);
    assert_eq!(ran.code, Some(2));
    ran.says(&["weather", "hint: "]);
}

#[test]
fn completions_are_printed_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = Place::bare().run(&["completions", shell]);
        assert_eq!(ran.code, Some(0), "{shell}");
        assert!(ran.stdout.contains("imagine"), "{shell}");
    }
}
