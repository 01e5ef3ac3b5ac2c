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
    for command in ["imagine", "explain", "sim", "doctor", "config", "completions"] {
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
