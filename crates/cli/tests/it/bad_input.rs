//! What people get wrong, and what they are told: an error, its hint, its exit code. Nothing is sent in any of these.

use crate::harness::{Place, TOKEN};

#[test]
fn an_empty_prompt_is_refused_before_anything_else() {
    for prompt in ["", "   ", "\n"] {
        let ran = Place::bare().run(&["imagine", prompt]);
        assert_eq!(ran.code, Some(4), "{}", ran.stderr);
        ran.says(&["error: ", "hint: "]);
    }
}

#[test]
fn a_prompt_of_6_001_characters_is_refused_and_characters_are_not_bytes() {
    let ran = Place::bare().run(&["imagine", "--sim", &"é".repeat(6_001)]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    ran.says(&["6001", "6000", "hint: "]);
}

#[test]
fn an_unknown_flag_is_a_usage_error() {
    let ran = Place::bare().run(&["imagine", "--colour", "a fox"]);
    assert_eq!(ran.code, Some(2));
    ran.says(&["--colour", "hint: "]);
}

#[test]
fn a_usage_error_is_the_last_json_line_too() {
    let cases = [
        (&["imagine", "--json", "--colour", "a fox"][..], "--colour"),
        (&["imagine", "--json", "--sim", "--era", "1999", "a fox"], "1999"),
        (&["imagine", "--json", "--sim", "--speed", "fast", "a fox"], "fast"),
        (&["imagine", "--json"], "<PROMPT>"),
        (&["explain", "--json", "--loud"], "--loud"),
    ];
    for (args, named) in cases {
        let ran = Place::bare().run(args);
        assert_eq!(ran.code, Some(2), "{args:?}");
        ran.says(&["error: ", named, "hint: "]);
        let last = ran.last();
        assert_eq!(
            (last["event"].as_str(), last["error"].as_str()),
            (Some("failed"), Some("Usage")),
            "{last}"
        );
        assert_eq!(
            (last["exit_code"].as_u64(), last["retryable"].as_bool()),
            (Some(2), Some(false)),
            "{last}"
        );
        assert!(last["message"].as_str().is_some_and(|text| text.contains(named)), "{last}");
        assert!(last["hint"].as_str().is_some_and(|text| text.contains("journeyman help")), "{last}");
    }
}

#[test]
fn without_json_a_usage_error_leaves_stdout_empty() {
    let ran = Place::bare().run(&["imagine", "--colour", "a fox"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
}

#[test]
fn help_is_no_error_with_json_either() {
    let ran = Place::bare().run(&["imagine", "--json", "--help"]);
    assert_eq!(ran.code, Some(0));
    assert!(!ran.stdout.contains("failed\""), "{}", ran.stdout);
}

#[test]
fn no_token_says_where_to_put_one() {
    let ran = Place::bare().run(&["imagine", "a fox"]);
    assert_eq!(ran.code, Some(3));
    ran.says(&["no token is configured", "hint: ", "JOURNEYMAN_TOKEN", "imagine --sim"]);
}

#[test]
fn no_token_is_the_last_json_line_too() {
    let ran = Place::bare().run(&["imagine", "--json", "a fox"]);
    let last = ran.last();
    assert_eq!(last["event"], "failed");
    assert_eq!(last["error"], "Configuration");
    assert_eq!(last["retryable"], false);
    assert_eq!(last["exit_code"], 3);
}

#[test]
fn a_malformed_token_is_told_and_not_shown() {
    let with_a_space = format!("{} {}", &TOKEN[..30], &TOKEN[30..]);
    for bad in ["canaryX", &with_a_space] {
        let place = Place::with_token()
            .with("JOURNEYMAN_TOKEN", bad)
            .with("JOURNEYMAN_API_BASE", "http://127.0.0.1:1");
        let ran = place.run(&["imagine", "a fox"]);
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        ran.says(&["token", "JOURNEYMAN_TOKEN", "hint: "]);
    }
}

#[test]
fn an_unreachable_host_is_named() {
    let place = Place::with_token()
        .with("JOURNEYMAN_API_BASE", "http://127.0.0.1:1")
        .with("JOURNEYMAN_TIME_SCALE", 100);
    let ran = place.run(&["imagine", "--json", "a fox"]);
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    ran.says(&["127.0.0.1:1", "hint: "]);
    let last = ran.last();
    assert_eq!((last["error"].as_str(), last["retryable"].as_bool()), (Some("Unreachable"), Some(true)));
}

#[test]
fn a_folder_below_a_file_is_refused_as_root_too() {
    let mut place = Place::bare();
    place.write("a-file", "text");
    let ran = place.run(&["imagine", "--sim", "--out", "a-file/images", "a fox"]);
    assert_eq!(ran.code, Some(7), "{}", ran.stderr);
    ran.says(&["a-file/images", "hint: ", "--out"]);
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_a_storage_error_and_leaves_no_half_of_an_image() {
    let place = Place::bare();
    let mut command = std::process::Command::new("/bin/sh");
    // Four blocks of 512 or 1,024 bytes: less than any image. The signal for it would end the process.
    command.args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_journeyman")]);
    command.args(["imagine", "--sim", "--speed", "100", "--out", "images", "a fox"]);
    place.furnish(&mut command);
    let ran = place.finish(&mut command);
    assert_eq!(ran.code, Some(7), "{}", ran.stderr);
    ran.says(&["images", "hint: "]);
    assert_eq!(place.files_in("images"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_scenario_that_does_not_exist_points_to_the_list() {
    let ran = Place::bare().run(&["imagine", "--sim", "--scenario", "hapy", "a fox"]);
    assert_eq!(ran.code, Some(2));
    ran.says(&["hapy", "help scenarios"]);
}

#[test]
fn a_script_that_is_broken_is_a_usage_error() {
    let mut place = Place::bare();
    place.write("script.toml", "outcomes = 5\nnonsense = true\n");
    let ran = place.run(&["imagine", "--sim", "--script", "script.toml", "a fox"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    ran.says(&["script.toml", "hint: "]);
}
