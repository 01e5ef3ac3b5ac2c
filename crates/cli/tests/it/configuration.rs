//! The configuration from outside: its layers, its errors, and the risk that must be accepted.

use crate::harness::{CHANNEL, Place, TOKEN};

#[test]
fn config_show_tells_each_origin_and_no_token() {
    let mut place = Place::with_token();
    place.write(".config/journeyman/config.toml", "channel = 5\npace_ms = 500\n");
    let ran = place.run(&["config", "show", "--guild", "7"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let line = |name: &str| ran.stdout.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    assert!(
        line("token =").ends_with("# JOURNEYMAN_TOKEN") && line("token =").contains('…'),
        "{}",
        ran.stdout
    );
    assert!(line("channel =").contains(CHANNEL) && line("channel =").ends_with("# JOURNEYMAN_CHANNEL"));
    assert!(line("guild =").starts_with("guild = 7") && line("guild =").ends_with("# --guild"));
    assert!(line("pace_ms =").contains("config.toml"), "{}", ran.stdout);
    assert!(line("poll_min_s =").ends_with("# default"));
}

#[test]
fn config_show_shows_everything_and_tells_every_value_that_cannot_be_read() {
    let mut place = Place::with_token().with("JOURNEYMAN_PACE_MS", "soon").with("JOURNEYMAN_CHANEL", "5");
    place.write(".config/journeyman/config.toml", "progress = \"loud\"\nnonsense = 1\ngrace_s = 20\n");
    let ran = place.run(&["config", "show"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    for line in ["pace_ms = \"soon\"", "progress = \"loud\"", "grace_s = 20", "cap_s = 3600"] {
        assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
    }
    ran.says(&[
        "read pace_ms = soon (from JOURNEYMAN_PACE_MS)",
        "read progress = loud",
        "unknown key `nonsense`",
    ]);
    ran.says(&["hint: correct pace_ms", "hint: correct progress"]);
    ran.says(&["warning: the variable JOURNEYMAN_CHANEL is not read; did you mean JOURNEYMAN_CHANNEL?"]);
}

#[test]
fn a_variable_that_is_no_setting_is_only_a_warning() {
    let ran = Place::with_token().with("JOURNEYMAN_SPLITS", "true").run(&["config", "show"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran.says(&["warning: ", "JOURNEYMAN_SPLIT?"]);
}

#[test]
fn an_unknown_key_ends_with_a_hint() {
    let mut place = Place::with_token();
    let file = place.write("my.toml", &format!("tokn = \"{TOKEN}\"\n"));
    let ran = place.run(&["--config", &file.to_string_lossy(), "imagine", "a fox"]);
    assert_eq!(ran.code, Some(3));
    ran.says(&["my.toml", "unknown key `tokn`", "hint: did you mean `token`?"]);
}

#[test]
fn a_file_that_is_not_toml_does_not_show_its_secrets() {
    let mut place = Place::bare();
    place.write("my.toml", &format!("channel = 5\ntoken = \"{TOKEN}\n"));
    let ran = place.run(&["--config", "my.toml", "config", "show"]);
    assert_eq!(ran.code, Some(3));
    ran.says(&["my.toml, line 2", "hint: "]);
}

#[test]
fn a_real_account_needs_its_risk_accepted_in_the_file() {
    // The name does not exist (RFC 2606), so that nothing could be sent.
    let place = Place::with_token().with("JOURNEYMAN_API_BASE", "https://discord.invalid");
    let ran = place.run(&["imagine", "a fox"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    ran.says(&["risk", "accept_account_risk = true", "config.toml", "terms"]);

    let ran = place.with("JOURNEYMAN_ACCEPT_ACCOUNT_RISK", "true").run(&["imagine", "a fox"]);
    assert_eq!(ran.code, Some(3), "the environment must not accept it");
}

#[test]
fn time_is_scaled_for_this_machine_only() {
    let mut place = Place::with_token()
        .with("JOURNEYMAN_API_BASE", "https://discord.invalid")
        .with("JOURNEYMAN_TIME_SCALE", 10);
    place.write(".config/journeyman/config.toml", "accept_account_risk = true\n");
    let ran = place.run(&["imagine", "a fox"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    ran.says(&["JOURNEYMAN_TIME_SCALE", "loopback"]);
}

#[test]
fn plain_http_leaves_this_machine_never() {
    let place = Place::with_token().with("JOURNEYMAN_API_BASE", "http://discord.invalid");
    let ran = place.run(&["imagine", "a fox"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    ran.says(&["https"]);
}

#[test]
fn two_tokens_are_one_too_many() {
    let mut place = Place::bare();
    place.write("my.toml", &format!("token = \"{TOKEN}\"\ntoken_file = \"t\"\nchannel = 5\n"));
    let ran = place.run(&["--config", "my.toml", "imagine", "a fox"]);
    assert_eq!(ran.code, Some(3));
    ran.says(&["two tokens"]);
}

#[test]
fn a_token_file_that_is_missing_is_named() {
    let place =
        Place::bare().with("JOURNEYMAN_TOKEN_FILE", "nowhere/token").with("JOURNEYMAN_CHANNEL", CHANNEL);
    let ran = place.run(&["imagine", "a fox"]);
    assert_eq!(ran.code, Some(3));
    ran.says(&["nowhere/token", "hint: "]);
}
