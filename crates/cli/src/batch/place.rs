//! Where something stands in a batch, and what is wrong there. It judges nothing.

use std::fmt;
use std::sync::Arc;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file, as it was named.
    pub(crate) file: Arc<str>,
    /// The line, from 1; `None` for the file as a whole.
    pub(crate) line: Option<u64>,
}

/// What is wrong in one place, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where.
    pub(crate) place: Place,
    /// The column or field, where it is one's.
    pub(crate) column: Option<String>,
    /// What was found: a lowercase fragment without a period.
    pub(crate) message: String,
    /// What to do: the same.
    pub(crate) hint: String,
}

impl Place {
    /// A file as a whole.
    pub(crate) fn file(name: &str) -> Self {
        Self { file: name.into(), line: None }
    }

    /// A line of the same file, from 1.
    pub(crate) fn line(&self, line: u64) -> Self {
        Self { file: Arc::clone(&self.file), line: Some(line) }
    }

    /// What is wrong here.
    pub(crate) fn problem(&self, message: impl Into<String>, hint: impl Into<String>) -> Problem {
        Problem { place: self.clone(), column: None, message: message.into(), hint: hint.into() }
    }
}

impl Problem {
    /// The same in one column.
    pub(crate) fn in_column(mut self, column: &str) -> Self {
        self.column = Some(column.to_owned());
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        self.line.map_or(Ok(()), |line| write!(f, ", line {line}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.message)
    }
}
