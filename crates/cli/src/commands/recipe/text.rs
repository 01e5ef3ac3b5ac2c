//! A recipe as it is written. It looks for no file that the recipe names.

use std::num::NonZeroU8;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::Error;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recipe {
    pub(super) prompts: Vec<String>,
    /// How many jobs run at once.
    pub(super) parallel: Option<NonZeroU8>,
    #[serde(default, rename = "step")]
    pub(super) steps: Vec<Step>,
}

/// What follows from every result of the step before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) press: Vec<String>,
    /// For a form that opens.
    pub(super) prompt: Option<String>,
    /// For Vary (Region), beside the recipe.
    pub(super) mask: Option<PathBuf>,
    /// What is chosen in a list.
    #[serde(default)]
    pub(super) value: Vec<String>,
}

/// Reads a recipe, and names the line of what cannot be understood.
pub(super) fn read(path: &Path) -> Result<Recipe, Error> {
    let text = std::fs::read_to_string(path).map_err(|why| {
        Error::usage(format!("read the recipe {}: {why}", path.display()), "check the path")
    })?;
    parse(&text).map_err(|why| {
        let hint = "it has `prompts`, and a [[step]] with `press` for each step; `journeyman help recipe`";
        Error::usage(format!("read the recipe {}: {why}", path.display()), hint)
    })
}

fn parse(text: &str) -> Result<Recipe, String> {
    let recipe: Recipe = toml::from_str(text).map_err(|why| {
        let before = why.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        format!("line {line}: {}", why.message().replace('\n', " "))
    })?;
    if recipe.prompts.is_empty() {
        return Err("there are no prompts".to_owned());
    }
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
            ("prompts = []\n", "no prompts"),
            ("prompts = [\"a\"]\n[[step]]\npress = []\n", "step 1 presses nothing"),
        ] {
            let why = parse(text).expect_err(text);
            assert!(why.contains(told), "{text}: {why}");
        }
    }
}
