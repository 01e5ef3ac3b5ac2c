//! What the bot remembers of an account: mode, visibility, remix, suffix, options, and what was used.
//!
//! It answers no command; `answer` does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::settings::{Mode, Settings};

/// One account at Midjourney.
#[derive(Clone, Debug)]
pub(crate) struct Preferences {
    pub(crate) mode: Mode,
    pub(crate) stealth: bool,
    pub(crate) remix: bool,
    /// High variability: strong variations by V1 to V4.
    pub(crate) strong: bool,
    pub(crate) auto_dm: bool,
    pub(crate) suffix: Option<String>,
    /// The version chosen in the settings; the era's own when absent.
    pub(crate) version: Option<String>,
    /// Custom options: `--name` stands for their value.
    pub(crate) options: BTreeMap<String, String>,
    /// Bookmarked jobs.
    pub(crate) hearts: BTreeSet<String>,
    pub(crate) images: u64,
    pub(crate) fast_used: Duration,
    pub(crate) relaxed_images: u64,
    pub(crate) relaxed_used: Duration,
}

impl Preferences {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            mode: settings.mode,
            stealth: settings.stealth,
            remix: settings.remix,
            // Real: the captured V buttons of July 2023 gave "Variations (Strong)".
            strong: true,
            auto_dm: false,
            suffix: None,
            version: None,
            options: BTreeMap::new(),
            hearts: BTreeSet::new(),
            images: 0,
            fast_used: Duration::ZERO,
            relaxed_images: 0,
            relaxed_used: Duration::ZERO,
        }
    }

    /// Counts what a finished job took.
    pub(crate) fn spend(&mut self, mode: Mode, time: Duration, images: u64) {
        self.images += images;
        match mode {
            Mode::Fast | Mode::Turbo => self.fast_used += time,
            Mode::Relaxed => {
                self.relaxed_used += time;
                self.relaxed_images += images;
            }
        }
    }

    /// The prompt as it is taken: custom options are replaced, and the account's suffix comes last.
    ///
    /// Inferred: a suffix is added as it stands.
    pub(crate) fn applied(&self, prompt: &str) -> String {
        let mut words: Vec<&str> = Vec::new();
        for word in prompt.split(' ') {
            let option = word.strip_prefix("--").and_then(|name| self.options.get(name));
            words.push(option.map_or(word, String::as_str));
        }
        words.extend(self.suffix.as_deref());
        words.join(" ")
    }

    /// What is appended to a prompt without a version.
    pub(crate) fn version<'a>(&'a self, settings: &'a Settings) -> &'a str {
        self.version.as_deref().unwrap_or(settings.suffix())
    }
}
