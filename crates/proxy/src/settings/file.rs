//! Settings as TOML: read, laid over each other, unknown keys found. It opens no file.

use std::path::Path;

use clap::{Args, Command};
use serde::Deserialize;
use toml::{Table, Value};

use super::{Settings, SettingsError};

const OF_CREDENTIAL: [&str; 3] = ["token_env", "fingerprint", "global"];

pub(super) fn read(path: &Path, text: &str) -> Result<Settings, SettingsError> {
    let malformed = |error: &toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        // Neither the line nor the value is repeated: somebody may have put a token there.
        let why = match error.message().rsplit_once(", expected ") {
            Some((_, expected)) => format!("expected {expected}"),
            None => error.message().split('"').step_by(2).collect::<Vec<_>>().join("…"),
        };
        SettingsError::Malformed { path: path.to_owned(), line, why }
    };
    let table: Table = toml::from_str(text).map_err(|error| malformed(&error))?;
    if let Some((key, nearest)) = unknown(&table) {
        return Err(SettingsError::UnknownKey { path: path.to_owned(), key, nearest });
    }
    toml::from_str(text).map_err(|error| malformed(&error))
}

pub(super) fn overlay(upper: &Settings, lower: &Settings) -> Result<Settings, SettingsError> {
    let senseless = |why: String| SettingsError::Senseless {
        what: format!("combine the settings: {why}"),
        cure: "report this as a defect".to_owned(),
    };
    let mut table = Table::try_from(lower).map_err(|error| senseless(error.to_string()))?;
    table.extend(Table::try_from(upper).map_err(|error| senseless(error.to_string()))?);
    Settings::deserialize(table).map_err(|error| senseless(error.to_string()))
}

/// The first key that means nothing, and the known one that is most like it.
fn unknown(table: &Table) -> Option<(String, String)> {
    let flags = Settings::augment_args(Command::new("journeyman-proxy"));
    let mut known: Vec<&str> = flags.get_arguments().map(|flag| flag.get_id().as_str()).collect();
    known.extend(["credential", "tenants"]);
    let top = stranger(table, &known).map(|(key, nearest)| (key.to_owned(), nearest.to_owned()));
    let credentials = table.get("credential").and_then(Value::as_array);
    let mut within = credentials.into_iter().flatten().filter_map(Value::as_table);
    top.or_else(|| {
        let (key, nearest) = within.find_map(|one| stranger(one, &OF_CREDENTIAL))?;
        Some((format!("credential.{key}"), nearest.to_owned()))
    })
}

fn stranger<'a>(table: &'a Table, known: &[&'a str]) -> Option<(&'a str, &'a str)> {
    let key = table.keys().find(|key| !known.contains(&key.as_str()))?;
    let nearest = known.iter().min_by_key(|name| distance(key, name))?;
    Some((key, nearest))
}

/// How many letters must be changed, put in or left out (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.chars().enumerate() {
        let mut diagonal = above[0];
        above[0] = row + 1;
        for (column, against) in other.iter().enumerate() {
            let change = diagonal + usize::from(letter != *against);
            diagonal = above[column + 1];
            above[column + 1] = change.min(above[column] + 1).min(diagonal + 1);
        }
    }
    above[other.len()]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Config;

    fn parsed(text: &str) -> Result<Settings, String> {
        read(Path::new("proxy.toml"), text).map_err(|error| error.to_string())
    }

    fn config(text: &str) -> Result<Config, String> {
        let set = |name: &str| (name == "BIG_BOT").then(|| "canary".to_owned());
        parsed(text)?.config(set).map_err(|error| error.to_string())
    }

    #[test]
    fn every_flag_has_a_key() {
        let table = Table::try_from(Settings {
            upstream_ca: Some("ca.pem".into()),
            state: Some("limits.json".into()),
            ..Settings::defaults()
        });
        let table = table.expect("a table");
        let flags = Settings::augment_args(Command::new("x"));
        for flag in flags.get_arguments() {
            assert!(table.contains_key(flag.get_id().as_str()), "{} is no key", flag.get_id());
        }
        let text = toml::to_string(&table).expect("TOML");
        assert_eq!(Table::try_from(parsed(&text).expect("it reads back")).expect("a table"), table);
    }

    #[test]
    fn every_setting_is_in_the_readme_with_its_default() {
        let table = include_str!("../../README.md");
        let defaults = Table::try_from(Settings::defaults()).expect("a table");
        for flag in Settings::augment_args(Command::new("x")).get_arguments() {
            let key = flag.get_id().as_str();
            let row = table.lines().find(|line| line.starts_with(&format!("| `{key}` |")));
            let row = row.unwrap_or_else(|| panic!("`{key}` is not in README.md"));
            let default = match defaults.get(key) {
                None => "none".to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string().trim_end_matches(".0").to_owned(),
            };
            assert!(row.contains(&format!("| {default} |")), "{row} does not name {default}");
        }
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_the_nearest_known_one() {
        for (text, key, nearest) in [
            ("holdd = 8", "`holdd`", "`hold`"),
            ("max_bdy = 1", "`max_bdy`", "`max_body`"),
            ("max-streams = 1", "`max-streams`", "`max_streams`"),
            ("[[credential]]\ntoken = \"canary\"", "`credential.token`", "`token_env`"),
            ("[tenant]\na = 1", "`tenant`", "`tenants`"),
        ] {
            let told = parsed(text).expect_err(text);
            assert!(told.contains(key) && told.contains(nearest), "{told}");
            assert!(!told.contains("canary"), "{told}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_told_with_its_line_and_not_repeated() {
        for text in ["idle = 1\nhold = \"canary\"", "idle = 1\nhold = -1", "idle = 1\nhold == canary"] {
            let told = parsed(text).expect_err(text);
            assert!(told.contains("line 2") && !told.contains("canary"), "{told}");
        }
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_the_defaults() {
        let file = parsed("hold = 3\nidle = 7.5").expect("settings");
        let flags = parsed("hold = 2").expect("settings");
        let config = flags.or(&file).expect("settings").config(|_| None).expect("a configuration");
        assert_eq!(config.hold, Duration::from_secs(2));
        assert_eq!(config.idle, Duration::from_millis(7_500));
        assert_eq!(config.drain, Config::default().drain);
    }

    #[test]
    fn no_settings_are_the_defaults() {
        let (ours, library) = (config("").expect("a configuration"), Config::default());
        assert_eq!(format!("{ours:?}"), format!("{library:?}"));
    }

    #[test]
    fn a_credential_has_a_global_limit_of_its_own_by_variable_or_fingerprint() {
        use journeyman_limiter::{Credential, GlobalLimit};
        let config = config(
            "[[credential]]\ntoken_env = \"BIG_BOT\"\nglobal = 500\n\
             [[credential]]\nfingerprint = \"00000000000000ff\"\nglobal = 60",
        );
        let limit = |limit| GlobalLimit { limit, ..GlobalLimit::default() };
        assert_eq!(
            config.expect("a configuration").globals,
            [
                (Credential::of_token("Bot canary"), limit(500)),
                (Credential::of_fingerprint("00000000000000ff").expect("one"), limit(60)),
            ]
        );
    }

    #[test]
    fn what_cannot_be_is_told_with_what_to_do() {
        for (text, word) in [
            ("[[credential]]\ntoken_env = \"UNSET\"\nglobal = 5", "UNSET"),
            ("[[credential]]\nglobal = 5", "token_env"),
            ("[[credential]]\nfingerprint = \"x\"\nglobal = 5", "16 hexadecimal digits"),
            ("[[credential]]\ntoken_env = \"BIG_BOT\"", "`global`"),
            ("max_streams = 0", "`max_streams` is 0"),
            ("shedding = \"all\"", "drop-oldest-bulk"),
            ("upstream = \"https://example.com\"", "--allow-any-upstream"),
            ("[tenants]\nbackup = 0", "tenants.backup"),
        ] {
            let told = config(text).expect_err(text);
            assert!(told.contains(word) && !told.contains("canary"), "{text}: {told}");
        }
    }
}
