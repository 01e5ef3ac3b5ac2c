//! Judging a prompt before it costs. The rules are `journeyman-midjourney`'s; nothing is sent.

use journeyman_midjourney::{Lint, LintSettings};

use crate::client::Client;
use crate::wall;

/// Seconds of the wall clock per second.
const MICROS: i64 = 1_000_000;

impl Client {
    /// Judges a prompt: what the bot is known to refuse (errors), what may be a slip (warnings), how
    /// many jobs it makes, at which speed, and an estimate of what they cost. It needs no client.
    ///
    /// Links are judged by the time that is, unless the settings name another.
    ///
    /// ```
    /// use journeyman::{Client, LintSettings};
    ///
    /// let lint = Client::lint("a {red, blue} fox --ar 3:2", &LintSettings::default());
    /// assert_eq!((lint.jobs, lint.errors().count()), (2, 0));
    ///
    /// let lint = Client::lint("a fox --v5", &LintSettings::default());
    /// let wrong = lint.errors().next().expect("a space is missing");
    /// assert!(wrong.to_string().ends_with("did you mean --v 5?"));
    /// ```
    pub fn lint(prompt: &str, settings: &LintSettings) -> Lint {
        let now = settings.now.or_else(|| Some(wall::unix_micros() / MICROS));
        journeyman_midjourney::lint(prompt, &LintSettings { now, ..settings.clone() })
    }
}
