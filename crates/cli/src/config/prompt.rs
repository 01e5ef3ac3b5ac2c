//! What the configuration says of prompts: the account's defaults, for lint. It judges no prompt.

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
