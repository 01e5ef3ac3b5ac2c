//! The command lines that the pages show: each is understood, and each command is shown. It runs none of them.

use super::{definition, order};

const README: &str = include_str!("../../../../README.md");
const FEATURES: &str = include_str!("../../../../docs/features.md");

/// What a shell makes of a line, as far as the pages go: words, double quotes, a comment, a pipe.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut quoted, mut inside) = (false, false);
    for letter in line.chars() {
        match letter {
            '"' => {
                quoted = !quoted;
                if quoted && !inside {
                    words.push(String::new());
                    inside = true;
                }
            }
            '#' | '|' if !quoted && !inside => break,
            ' ' if !quoted => inside = false,
            letter => {
                if !inside {
                    words.push(String::new());
                    inside = true;
                }
                if let Some(word) = words.last_mut() {
                    word.push(letter);
                }
            }
        }
    }
    words
}

fn lines() -> Vec<String> {
    let typed = README.lines().filter_map(|line| line.strip_prefix("$ "));
    let named = FEATURES.split('`').skip(1).step_by(2);
    let lines = typed.chain(named).filter(|line| line.starts_with("journeyman "));
    lines.map(str::to_owned).collect()
}

#[test]
fn every_command_line_in_the_pages_is_understood() {
    let lines = lines();
    assert!(lines.len() > 60, "{lines:?}");
    for line in lines {
        if let Err(why) = definition().try_get_matches_from(words(&line)) {
            panic!("{line}: {why}");
        }
    }
}

#[test]
fn the_pages_have_a_row_for_every_command() {
    let lines = lines();
    for name in order::NAMES {
        let is_its = |line: &String| words(line).get(1).is_some_and(|word| word == name);
        assert!(lines.iter().any(is_its), "{name}");
        assert!(FEATURES.contains(&format!("`journeyman {name}")), "{name}");
    }
}

#[test]
fn a_line_is_split_as_a_shell_does() {
    let split = words(r#"journeyman press 1 "Vary (Strong)" --prompt "" | tail  # a | comment"#);
    assert_eq!(split, ["journeyman", "press", "1", "Vary (Strong)", "--prompt", ""]);
}
