//! Limits to start from, by method and template, for where answers do not describe them. It learns nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::Method;

/// Limits to start from. The default ones are shipped in the file `priors.toml`, each with its source.
///
/// ```
/// use journeyman_limiter::Priors;
///
/// let text = r#"
///     [[prior]]
///     method = "GET"
///     template = "users/@me"
///     spacing_s = 2.5
///     applies = "headerless"
///     source = "my own patience"
/// "#;
/// assert_eq!(Priors::parse(text)?.len(), 1);
/// // The interesting failure: it says what is missing.
/// let error = Priors::parse(&text.replace("spacing_s = 2.5", "")).unwrap_err();
/// assert!(error.to_string().contains("GET /users/@me"));
/// # Ok::<(), journeyman_limiter::PriorsError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priors(BTreeMap<Box<str>, Prior>);

/// At most `limit` in any `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prior {
    pub(crate) limit: u32,
    pub(crate) window: Duration,
    /// Whether it also holds where answers describe a limit.
    pub(crate) always: bool,
}

impl Prior {
    /// The distance that amounts to the same rate.
    pub(crate) fn spacing(&self) -> Duration {
        self.window / self.limit
    }
}

/// Why a text is no table of priors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriorsError(String);

impl fmt::Display for PriorsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read the table of priors: {}", self.0)
    }
}

impl std::error::Error for PriorsError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    prior: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    method: String,
    template: String,
    spacing_s: Option<f64>,
    limit: Option<u32>,
    window_s: Option<f64>,
    applies: Applies,
    source: String,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Applies {
    Headerless,
    All,
}

impl Default for Priors {
    /// Those that are shipped.
    fn default() -> Self {
        // A test reads the file; should it ever be wrong, a limiter without priors is a slower one.
        Self::parse(include_str!("../priors.toml")).unwrap_or_else(|_| Self::none())
    }
}

impl Priors {
    /// No priors: routes without headers start with the configured distance.
    pub fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Reads a table in the form of the shipped one.
    ///
    /// # Errors
    /// If it is not TOML, or an entry lacks a source or a limit, or has a window that is no time. It says
    /// which; correct the text.
    pub fn parse(text: &str) -> Result<Self, PriorsError> {
        let table: Table = toml::from_str(text).map_err(|error| PriorsError(error.to_string()))?;
        let entries = table.prior.into_iter().map(|entry| {
            let key = key(&entry)?;
            Ok((key, entry.prior()?))
        });
        entries.collect::<Result<_, _>>().map(Self)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one of a method and template, as `POST/interactions`.
    pub(crate) fn of(&self, route: &str) -> Option<Prior> {
        self.0.get(route).copied()
    }
}

fn key(entry: &Entry) -> Result<Box<str>, PriorsError> {
    let method: Method = entry.method.parse().map_err(|error| entry.error(&format!("{error}")))?;
    Ok(format!("{method}/{}", entry.template.trim_start_matches('/')).into())
}

impl Entry {
    fn prior(&self) -> Result<Prior, PriorsError> {
        let (limit, seconds) = match (self.spacing_s, self.limit, self.window_s) {
            (Some(spacing), None, None) => (1, spacing),
            (None, Some(limit), Some(window)) if limit > 0 => (limit, window),
            _ => return Err(self.error("it needs a spacing_s, or a limit above 0 and a window_s")),
        };
        if self.source.trim().is_empty() {
            return Err(self.error("it needs a source"));
        }
        let window = Duration::try_from_secs_f64(seconds).ok().filter(|window| !window.is_zero());
        let window = window.ok_or_else(|| self.error(&format!("{seconds} s is no window")))?;
        Ok(Prior { limit, window, always: self.applies == Applies::All })
    }

    fn error(&self, what: &str) -> PriorsError {
        let Self { method, template, .. } = self;
        PriorsError(format!("the prior of {method} /{}: {what}", template.trim_start_matches('/')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(rest: &str) -> Result<Priors, String> {
        let text = format!(
            "[[prior]]\nmethod = \"GET\"\ntemplate = \"x\"\napplies = \"all\"\nsource = \"s\"\n{rest}"
        );
        Priors::parse(&text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_shipped_table_is_read_and_says_what_is_inferred() {
        let shipped = Priors::parse(include_str!("../priors.toml")).expect("the file is right");
        assert_eq!(Priors::default(), shipped);
        let interactions = shipped.of("POST/interactions").expect("it is in the file");
        assert!(interactions.spacing() >= Duration::from_secs(1) && !interactions.always);
        let reactions = shipped.of("PUT/channels/:id/messages/:id/reactions").expect("it is in the file");
        assert_eq!(reactions, Prior { limit: 1, window: Duration::from_millis(250), always: true });
    }

    #[test]
    fn a_table_that_is_wrong_is_refused_with_the_entry_and_what_it_lacks() {
        assert!(entry("limit = 2\nwindow_s = 1.5").is_ok_and(|priors| priors.len() == 1));
        for wrong in
            ["", "limit = 2", "window_s = 1.0", "limit = 0\nwindow_s = 1.0", "spacing_s = 1.0\nlimit = 1"]
        {
            assert!(
                entry(wrong).is_err_and(|error| error.contains("GET /x: it needs a spacing_s")),
                "{wrong}"
            );
        }
        for wrong in ["spacing_s = -1.0", "spacing_s = 0.0", "spacing_s = inf", "spacing_s = nan"] {
            assert!(entry(wrong).is_err_and(|error| error.contains("is no window")), "{wrong}");
        }
        assert!(entry("spacing_s = 1.0\ncolour = 3").is_err_and(|error| error.contains("colour")));
        assert_eq!(Priors::parse("").map(|priors| priors.is_empty()), Ok(true));
    }
}
