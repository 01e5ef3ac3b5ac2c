//! A recipe as it is written. It looks for no file that the recipe names.

use std::num::NonZeroU8;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::Error;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recipe {
    #[serde(default)]
    pub(super) prompts: Vec<String>,
    /// How many jobs run at once.
    pub(super) parallel: Option<NonZeroU8>,
    #[serde(default, rename = "step")]
    pub(super) steps: Vec<Step>,
}

/// What follows from every result of the step before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::commands) struct Step {
    pub(in crate::commands) press: Vec<String>,
    /// For a form that opens.
    pub(in crate::commands) prompt: Option<String>,
    /// For Vary (Region), beside the recipe.
    pub(in crate::commands) mask: Option<PathBuf>,
    /// What is chosen in a list.
    #[serde(default)]
    pub(in crate::commands) value: Vec<String>,
}

/// Reads a recipe, and names the line of what cannot be understood.
pub(super) fn read(path: &Path) -> Result<Recipe, Error> {
    let recipe = understood(path)?;
    if recipe.prompts.is_empty() {
        return Err(refused(path, "there are no prompts"));
    }
    Ok(recipe)
}

/// Reads a recipe for its steps; a batch brings prompts of its own.
pub(super) fn steps(path: &Path) -> Result<Vec<Step>, Error> {
    understood(path).map(|recipe| recipe.steps)
}

fn understood(path: &Path) -> Result<Recipe, Error> {
    let text = std::fs::read_to_string(path).map_err(|why| {
        Error::usage(format!("read the recipe {}: {why}", path.display()), "check the path")
    })?;
    parse(&text).map_err(|why| refused(path, &why))
}

fn refused(path: &Path, why: &str) -> Error {
    let hint = "it has `prompts`, and a [[step]] with `press` for each step; `journeyman help recipe`";
    Error::usage(format!("read the recipe {}: {why}", path.display()), hint)
}

fn parse(text: &str) -> Result<Recipe, String> {
    let recipe: Recipe = toml::from_str(text).map_err(|why| {
        let before = why.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        format!("line {line}: {}", why.message().replace('\n', " "))
    })?;
    match recipe.steps.iter().position(|step| step.press.is_empty()) {
        Some(index) => Err(format!("step {} presses nothing", index + 1)),
        None => Ok(recipe),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_understood_is_told_with_its_line() {
        for (text, told) in [
            ("prompts = [\"a\"]\n[[step]]\npres = [\"U1\"]\n", "line 3: unknown field `pres`"),
            ("prompts = [\"a\"]\nspeed = 5\n", "line 2: unknown field `speed`"),
            ("prompts = [\"a\"]\nparallel = 0\n", "line 2: "),
            ("prompts = [", "line 1: "),
            ("prompts = [\"a\"]\n[[step]]\npress = []\n", "step 1 presses nothing"),
        ] {
            let why = parse(text).expect_err(text);
            assert!(why.contains(told), "{text}: {why}");
        }
    }
}
