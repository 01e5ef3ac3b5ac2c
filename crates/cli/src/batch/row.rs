//! One line of a batch file, whatever the file's format. Its variables are not yet put in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::place::{Place, Problem};

/// The columns that mean something by themselves; any other is a variable.
pub(super) const COLUMNS: [&str; 6] = ["prompt", "parameters", "images", "recipe", "name", "priority"];

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Where it begins.
    pub(crate) place: Place,
    /// The prompt; never blank.
    pub(crate) prompt: String,
    /// What is written behind the prompt.
    pub(crate) parameters: String,
    /// Paths or links, put before the prompt in this order.
    pub(crate) images: Vec<String>,
    /// A recipe's file, for the steps that follow.
    pub(crate) recipe: Option<PathBuf>,
    /// What it is called.
    pub(crate) name: Option<String>,
    /// Higher goes first.
    pub(crate) priority: i8,
    /// All other columns.
    pub(crate) variables: BTreeMap<String, String>,
}

impl Row {
    /// A line that is a prompt and nothing else.
    pub(super) fn of_prompt(place: Place, prompt: String) -> Self {
        Self {
            place,
            prompt,
            parameters: String::new(),
            images: Vec::new(),
            recipe: None,
            name: None,
            priority: 0,
            variables: BTreeMap::new(),
        }
    }

    /// A line of cells or fields, each with its column.
    ///
    /// # Errors
    /// A cell that is not what its column wants, or no prompt.
    pub(super) fn of_cells(
        place: &Place,
        cells: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Problem> {
        let mut row = Self::of_prompt(place.clone(), String::new());
        for (column, text) in cells {
            row.put(column, text)?;
        }
        if row.prompt.trim().is_empty() {
            let hint = "write a prompt, or take the line out";
            return Err(place.problem("there is no prompt", hint).in_column("prompt"));
        }
        Ok(row)
    }

    fn put(&mut self, column: String, text: String) -> Result<(), Problem> {
        let said = text.trim();
        match known(&column) {
            Some("prompt") => self.prompt = text,
            Some("parameters") => self.parameters = said.to_owned(),
            Some("images") => self.images = images(said),
            Some("recipe") => self.recipe = (!said.is_empty()).then(|| PathBuf::from(said)),
            Some("name") => self.name = (!said.is_empty()).then(|| said.to_owned()),
            Some(_) => self.priority = self.priority_of(said)?,
            None => {
                self.variables.insert(column, text);
            }
        }
        Ok(())
    }

    fn priority_of(&self, said: &str) -> Result<i8, Problem> {
        if said.is_empty() {
            return Ok(0);
        }
        said.parse().map_err(|_| {
            let message = format!("`{said}` is no whole number from -128 to 127");
            let hint = "write such a number, or nothing for 0; higher goes first";
            self.place.problem(message, hint).in_column("priority")
        })
    }
}

/// The column that a header names, in any case of letters; `None` for a variable.
pub(super) fn known(header: &str) -> Option<&'static str> {
    COLUMNS.into_iter().find(|column| column.eq_ignore_ascii_case(header))
}

/// Paths or links with `;` between them.
fn images(text: &str) -> Vec<String> {
    text.split(';').map(str::trim).filter(|image| !image.is_empty()).map(str::to_owned).collect()
}
