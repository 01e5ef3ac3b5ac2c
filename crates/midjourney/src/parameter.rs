//! One parameter of a prompt, and the table of all that there are. Values are judged by `lint`.

mod table;

use std::fmt;

pub use table::{Row, Source, TABLE, Takes, is_known, names, rows};

/// A parameter as typed: `--name` or `--name value`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parameter {
    name: String,
    value: Option<String>,
}

impl Parameter {
    pub(crate) fn new(name: String, values: &[String]) -> Self {
        Self { name, value: (!values.is_empty()).then(|| values.join(" ")) }
    }

    /// The name as typed, without hyphens.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The words behind the name; `None` for a flag.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// The short name that Midjourney shows for it, in small letters: `ar` for `--aspect`.
    pub fn canonical_name(&self) -> String {
        rows(&self.name).next().map_or_else(|| self.name.to_ascii_lowercase(), |row| row.name.to_owned())
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--{}", self.name)?;
        self.value.iter().try_for_each(|value| write!(f, " {value}"))
    }
}

#[cfg(test)]
mod tests {
    use crate::prompt::Prompt;

    #[test]
    fn long_names_have_a_short_one_and_unknown_names_stay() {
        let prompt = Prompt::parse("x --Aspect 3:2 --stylize 5 --VERSION 6 --new thing");
        let names: Vec<_> = prompt.parameters().iter().map(super::Parameter::canonical_name).collect();
        assert_eq!(names, ["ar", "s", "v", "new"]);
    }
}
