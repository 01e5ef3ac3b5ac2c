//! What the configuration says of prompts: the account's defaults, for lint, and what to screen by. It judges no prompt.

use std::path::PathBuf;
use std::str::FromStr;

use journeyman::{Error, LintSettings, Mode, Version};

use super::Configuration;
use super::meaning::Wanted;

impl Configuration {
    /// How prompts are judged.
    pub(crate) fn lint(&self) -> Result<LintSettings, Error> {
        Ok(LintSettings {
            version: self.read::<DefaultVersion>("prompt_version")?.map(|DefaultVersion(version)| version),
            mode: self.read::<DefaultMode>("prompt_mode")?.map(|DefaultMode(mode)| mode),
            ..LintSettings::default()
        })
    }

    /// The operator's lists.
    pub(crate) fn screen_lists(&self) -> Vec<PathBuf> {
        let setting = self.get("screen_lists");
        setting.map(|setting| std::env::split_paths(&setting.text).collect()).unwrap_or_default()
    }

    /// The operator's file of past outcomes.
    pub(crate) fn screen_outcomes(&self) -> Result<Option<PathBuf>, Error> {
        self.read("screen_outcomes")
    }

    /// From which probability on the model refuses.
    pub(crate) fn screen_refuse_above(&self) -> Result<Option<f64>, Error> {
        Ok(self.read::<Probability>("screen_refuse_above")?.map(|Probability(probability)| probability))
    }
}

pub(super) struct DefaultVersion(Version);

impl FromStr for DefaultVersion {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        Version::of_words(text).map(Self).ok_or(Wanted("a version such as 7, 6.1 or niji 6"))
    }
}

pub(super) struct DefaultMode(Mode);

impl FromStr for DefaultMode {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        match text {
            "fast" => Ok(Self(Mode::Fast)),
            "relax" | "relaxed" => Ok(Self(Mode::Relaxed)),
            "turbo" => Ok(Self(Mode::Turbo)),
            _ => Err(Wanted("fast, relax or turbo")),
        }
    }
}

pub(super) struct Probability(f64);

impl FromStr for Probability {
    type Err = Wanted;

    fn from_str(text: &str) -> Result<Self, Wanted> {
        let probability = text.parse().ok().filter(|probability| (0.0..=1.0).contains(probability));
        probability.map(Self).ok_or(Wanted("a number from 0 to 1"))
    }
}
