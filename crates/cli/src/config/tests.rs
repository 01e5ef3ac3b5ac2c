//! The configuration's layers, in a folder of each test's own. It starts no process.

use super::*;

const CANARY: &str = "MTAwMDAwMDAwMDAwMDAwMDAw.Gcanary.word-of-the-canary-in-the-mine-00";

fn with_file(text: &str, flags: Vec<Flag>, environment: &[(&str, &str)]) -> Result<Configuration, Error> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).expect("a file");
    Configuration::gather(flags, &Environment::of(environment), Some(&path))
}

fn channel(configuration: &Configuration) -> (&str, &Origin) {
    let setting = configuration.get("channel").expect("a channel");
    (setting.text.as_str(), &setting.origin)
}

#[test]
fn a_flag_wins_over_the_environment_over_the_file_over_the_default() {
    let file = "channel = 3\npace_ms = 100";
    let variable = [("JOURNEYMAN_CHANNEL", "2")];
    let flag = || vec![("channel", "--channel", "1".to_owned())];

    let all = with_file(file, flag(), &variable).expect("all layers");
    assert_eq!(channel(&all), ("1", &Origin::Flag("--channel")));
    let two = with_file(file, vec![], &variable).expect("two layers");
    assert_eq!(channel(&two), ("2", &Origin::Variable("JOURNEYMAN_CHANNEL".to_owned())));
    let one = with_file(file, vec![], &[]).expect("one layer");
    assert!(matches!(channel(&one), ("3", Origin::File(_))));
    assert_eq!(one.get("pace_ms").map(|setting| setting.text.as_str()), Some("100"));
    let none = with_file("", vec![], &[]).expect("no layer");
    assert!(none.get("channel").is_none());
    assert_eq!(none.get("pace_ms").map(|setting| &setting.origin), Some(&Origin::Default));
}

#[test]
fn an_unknown_key_is_an_error_that_names_its_neighbour() {
    let error = with_file("chanel = 3", vec![], &[]).err().expect("an error");
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("unknown key `chanel`"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("`channel`")), "{error:?}");
}

#[test]
fn a_broken_line_is_named_by_its_number_and_never_quoted() {
    let file = format!("channel = 3\ntoken = \"{CANARY}\n");
    let error = with_file(&file, vec![], &[]).err().expect("an error");
    assert!(error.to_string().contains("line 2"), "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
}

#[test]
fn the_risk_is_accepted_in_the_file_only() {
    let asked =
        with_file("", vec![], &[("JOURNEYMAN_ACCEPT_ACCOUNT_RISK", "true")]).expect("a configuration");
    assert_eq!(asked.read::<bool>("accept_account_risk").expect("a switch"), Some(false));
    let accepted = with_file("accept_account_risk = true", vec![], &[]).expect("a configuration");
    assert_eq!(accepted.read::<bool>("accept_account_risk").expect("a switch"), Some(true));
}

#[test]
fn a_nearer_token_file_replaces_a_token_further_off() {
    let file = format!("token = \"{CANARY}\"");
    let near = with_file(&file, vec![], &[("JOURNEYMAN_TOKEN_FILE", "/run/token")]).expect("a configuration");
    assert!(near.get("token").is_none());
    assert!(near.get("token_file").is_some());
}

#[test]
fn a_missing_file_is_an_error_only_when_it_was_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("none.toml");
    let asked = Configuration::gather(vec![], &Environment::default(), Some(&path));
    assert_eq!(asked.err().map(|error| error.kind()), Some(ErrorKind::Configuration));
    let home = folder.path().to_string_lossy().into_owned();
    let usual = Configuration::gather(vec![], &Environment::of(&[("HOME", home.as_str())]), None);
    assert!(usual.is_ok_and(|usual| !usual.file_was_read));
}

#[test]
fn a_value_that_does_not_parse_names_its_origin() {
    let bad = with_file("pace_ms = \"soon\"", vec![], &[]).expect("a configuration");
    let error = bad.read::<u64>("pace_ms").expect_err("not a number");
    assert!(error.to_string().contains("config.toml"), "{error}");
}

#[test]
fn every_value_that_cannot_be_read_is_found_at_once() {
    // A value that no setting takes but a path, and a token that is none.
    let nothing = "\u{1}";
    let is_path = |name: &str| {
        ["out", "store", "record", "token_file", "screen_lists", "screen_outcomes"].contains(&name)
    };
    let names = KEYS.iter().filter(|key| key.in_environment && !is_path(key.name));
    let variables: Vec<String> = names.clone().map(Key::variable).collect();
    let environment: Vec<(&str, &str)> = variables.iter().map(|name| (name.as_str(), nothing)).collect();
    let file = "accept_account_risk = \"perhaps\"";
    let wrong = with_file(file, vec![], &environment).expect("a configuration").unreadable();
    for name in names.map(|key| key.name).chain(["accept_account_risk"]) {
        let told = |error: &&Error| error.to_string().starts_with(&format!("read {name} = "));
        let is_found = wrong.iter().any(|error| told(&error)) || name == "token";
        assert!(is_found, "{name}: {wrong:?}");
    }
    assert_eq!(wrong.len(), variables.len() + 1, "{wrong:?}");
    assert!(wrong.iter().all(|error| error.kind() == ErrorKind::Configuration && error.hint().is_some()));
}

#[test]
fn defaults_can_be_read_and_what_is_missing_is_not_unreadable() {
    let wrong = with_file("", vec![], &[]).expect("a configuration").unreadable();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_survey_keeps_what_is_right_beside_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.toml");
    std::fs::write(&path, "chanel = 3\nguild = 7\n[pace_ms]\n").expect("a file");
    let (configuration, wrong) = Configuration::survey(vec![], &Environment::default(), Some(&path));
    assert_eq!(configuration.get("guild").map(|setting| setting.text.as_str()), Some("7"));
    let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    assert!(wrong.len() == 2 && wrong[0].contains("`chanel`") && wrong[1].contains("`pace_ms`"), "{wrong:?}");
}

#[test]
fn a_variable_that_is_no_setting_is_told_with_its_neighbour_and_without_its_text() {
    let told = |name: &str| strays(&Environment::of(&[(name, CANARY)])).join("\n");
    assert!(
        told("JOURNEYMAN_CHANEL").contains("JOURNEYMAN_CHANEL is not read; did you mean JOURNEYMAN_CHANNEL?")
    );
    assert!(
        told("JOURNEYMAN_TOKN").contains("JOURNEYMAN_TOKEN?") && !told("JOURNEYMAN_TOKN").contains("canary")
    );
    assert!(
        told("JOURNEYMAN_ACCEPT_ACCOUNT_RISK").contains("`accept_account_risk` into the configuration file")
    );
    assert!(told("JOURNEYMAN_WEATHER").contains("unset it"));
    for known in
        ["JOURNEYMAN_CHANNEL", "JOURNEYMAN_CONFIG", "JOURNEYMAN_LOG", "JOURNEYMAN_TIME_SCALE", "PATH"]
    {
        assert_eq!(told(known), "");
    }
}

#[test]
fn a_table_where_a_value_belongs_is_an_error() {
    assert!(with_file("[channel]\nid = 3", vec![], &[]).is_err());
}
