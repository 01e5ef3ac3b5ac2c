//! What was seen of Midjourney's changing, kept from run to run. What counts as a change is the library's matter.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use journeyman::Drift;
use serde_json::{Value, json};

/// The version of the file's form.
const VERSION: u64 = 1;

/// What all runs saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// When the first of it was seen, Unix seconds.
    pub(crate) since: Option<i64>,
    unknown_notices: u64,
    bound_by_prompt: u64,
    unseen_buttons: BTreeMap<String, u64>,
    changed_commands: BTreeMap<String, u64>,
    commands: BTreeMap<String, String>,
}

impl Kept {
    /// Reads the file; one that is not there, or that cannot be read, has nothing in it.
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        serde_json::from_str::<Value>(&text).map_or_else(|_| Self::default(), |value| Self::parse(&value))
    }

    fn parse(value: &Value) -> Self {
        if value["version"].as_u64() != Some(VERSION) {
            return Self::default();
        }
        let count = |name: &str| value[name].as_u64().unwrap_or_default();
        let fields = |name: &str| value[name].as_object().into_iter().flatten();
        let counts = |name: &str| {
            fields(name).filter_map(|(key, count)| Some((key.clone(), count.as_u64()?))).collect()
        };
        Self {
            since: value["since_unix_s"].as_i64(),
            unknown_notices: count("unknown_notices"),
            bound_by_prompt: count("bound_by_prompt"),
            unseen_buttons: counts("unseen_buttons"),
            changed_commands: counts("changed_commands"),
            commands: fields("commands")
                .filter_map(|(key, one)| Some((key.clone(), one.as_str()?.to_owned())))
                .collect(),
        }
    }

    /// Adds what one run saw.
    pub(crate) fn add(&mut self, seen: &Drift, now_unix_s: i64) {
        self.unknown_notices += seen.unknown_notices;
        self.bound_by_prompt += seen.bound_by_prompt;
        let mut add = |name: &String, count: u64, to: fn(&mut Self) -> &mut BTreeMap<String, u64>| {
            *to(self).entry(name.clone()).or_default() += count;
        };
        seen.unseen_buttons
            .iter()
            .for_each(|(name, count)| add(name, *count, |kept| &mut kept.unseen_buttons));
        seen.changed_commands
            .iter()
            .for_each(|(name, count)| add(name, *count, |kept| &mut kept.changed_commands));
        for (name, version) in &seen.commands {
            let before = self.commands.insert(name.clone(), version.clone());
            // What changed within the run was counted by it.
            if before.is_some_and(|before| before != *version) && !seen.changed_commands.contains_key(name) {
                *self.changed_commands.entry(name.clone()).or_default() += 1;
            }
        }
        if self.is_any() {
            self.since.get_or_insert(now_unix_s);
        }
    }

    fn is_any(&self) -> bool {
        self.unknown_notices > 0
            || self.bound_by_prompt > 0
            || !self.unseen_buttons.is_empty()
            || !self.changed_commands.is_empty()
    }

    /// Writes the file, so that another run finds the old one or the new one.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn write(&self, path: &Path) -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let value = json!({
            "version": VERSION,
            "since_unix_s": self.since,
            "unknown_notices": self.unknown_notices,
            "bound_by_prompt": self.bound_by_prompt,
            "unseen_buttons": self.unseen_buttons,
            "changed_commands": self.changed_commands,
            "commands": self.commands,
        });
        let beside = path.with_extension(format!("{}.part", std::process::id()));
        std::fs::write(&beside, format!("{value}\n"))?;
        std::fs::rename(&beside, path)
    }

    /// What it comes to, for people; `None` where nothing changed.
    pub(crate) fn told(&self) -> Option<String> {
        let since = self.since.filter(|_| self.is_any())?;
        let mut text = format!("Midjourney may have changed since {}:", date(since));
        let mut part = |count: u64, what: &str| {
            if count > 0 {
                let _ = write!(text, " {count} {what},");
            }
        };
        part(self.unknown_notices, "unknown notices");
        part(self.bound_by_prompt, "jobs known by their prompt only");
        for (label, count) in &self.unseen_buttons {
            part(*count, &format!("times the unseen button {label:?}"));
        }
        for (name, count) in &self.changed_commands {
            part(*count, &format!("new versions of /{name}"));
        }
        Some(text.trim_end_matches(',').to_owned())
    }
}

/// The day in UTC, as 2026-11-24 (Howard Hinnant's algorithm of days and civil dates).
fn date(unix_s: i64) -> String {
    let days = unix_s.div_euclid(86_400) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (unix_s, day) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_795_478_400, "2026-11-24"),
            (1_798_761_599, "2026-12-31"),
            (-1, "1969-12-31"),
        ] {
            assert_eq!(date(unix_s), day);
        }
    }

    #[test]
    fn what_is_kept_is_read_again_and_the_first_day_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("data").join("drift.json");
        let mut seen = Drift::default();
        seen.commands.insert("imagine".to_owned(), "1".to_owned());
        let mut kept = Kept::read(&path);
        kept.add(&seen, 1_795_478_400);
        assert_eq!((kept.since, kept.told()), (None, None), "a first version is no change");
        kept.write(&path).expect("written");
        seen.commands.insert("imagine".to_owned(), "2".to_owned());
        seen.unknown_notices = 2;
        seen.unseen_buttons.insert("Sing".to_owned(), 1);
        let mut kept = Kept::read(&path);
        kept.add(&seen, 1_795_478_400);
        kept.write(&path).expect("written");
        let mut kept = Kept::read(&path);
        kept.add(&Drift::default(), 1_798_761_599);
        let told = kept.told().expect("a change");
        assert_eq!(
            told,
            "Midjourney may have changed since 2026-11-24: 2 unknown notices, 1 times the unseen button \"Sing\", 1 new versions of /imagine"
        );
    }
}
