//! Where files go: a template such as `{batch}/{index:04}-{slug}/{action}-{n}.{ext}`. It writes no file.

mod taken;

use std::collections::BTreeSet;
use std::fmt;

use journeyman_midjourney::nearest::nearest;

pub(crate) use taken::Taken;

use super::expand::Item;
use super::plan::PlannedJob;
use super::{safe, slug};

/// Where files go unless told.
pub(crate) const DEFAULT: &str = "{batch}/{index:04}-{slug}/{action}-{n}.{ext}";

/// At most this many folders and a file.
const DEEPEST: usize = 8;
/// More digits than any number here has.
const WIDEST: usize = 20;

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident $text:literal $is_number:literal)*) => {
        /// What is put into a path.
        #[derive(Debug, Clone, PartialEq, Eq)]
        enum Field {
            $($(#[$doc])* $name,)*
            /// A variable of the batch.
            Variable(String),
        }

        /// The names of the fields that every batch has.
        const NAMES: &[&str] = &[$($text,)*];

        impl Field {
            fn of_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$name),)* _ => None }
            }

            fn name(&self) -> &str {
                match self { $(Self::$name => $text,)* Self::Variable(name) => name }
            }

            fn is_number(&self) -> bool {
                match self { $(Self::$name => $is_number,)* Self::Variable(_) => false }
            }
        }
    };
}

fields! {
    /// The batch's name.
    Batch "batch" false
    /// The item's number, from 1.
    Index "index" true
    /// The item's name, or the slug.
    Name "name" false
    /// The first words of the prompt.
    Slug "slug" false
    /// What was done: `imagine`, `u1`, `u1-zoom-out-2x`.
    Action "action" false
    /// Which of the job's files it is, from 1.
    N "n" true
    /// The job's number in the store.
    Job "job" true
    /// The ending: `png`, `webp`, `mp4`.
    Ext "ext" false
}

/// A template, understood. It can be printed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// A field, and how many digits a number has at least.
    Field(Field, Option<usize>),
}

/// What a template cannot be, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// What was found: a lowercase fragment.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: String,
}

/// What one path is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a> {
    /// The batch's name.
    pub(crate) batch: &'a str,
    /// The item.
    pub(crate) item: &'a Item,
    /// Its job.
    pub(crate) job: &'a PlannedJob,
    /// The job's number in the store, where it has one.
    pub(crate) number: u64,
    /// Which of its files, from 1.
    pub(crate) n: u64,
    /// The file's ending without a point.
    pub(crate) ext: &'a str,
}

impl Output {
    /// Reads a template. `{{` and `}}` are braces; `variables` are those that the batch has besides its own fields.
    ///
    /// # Errors
    /// A field that nobody knows, a brace alone, a width that is none, and a path that would leave the folder.
    pub(crate) fn parse(template: &str, variables: &BTreeSet<String>) -> Result<Self, Wrong> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let brace = &rest[at..];
            if brace.starts_with("{{") || brace.starts_with("}}") {
                text.push_str(&brace[..1]);
                rest = &brace[2..];
                continue;
            }
            let (inner, after) =
                brace.strip_prefix('{').and_then(|inner| inner.split_once('}')).ok_or_else(|| {
                    let hint = "write {index} for a field, and {{ or }} for a brace";
                    wrong(format!("the template `{template}` has a brace alone"), hint)
                })?;
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(field(inner, variables)?);
            rest = after;
        }
        text.push_str(rest);
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        check(template, &pieces)?;
        Ok(Self(pieces))
    }

    /// The path of a file, below the folder of all images; with `/` on every system.
    ///
    /// It never leaves that folder, and every system takes it. Two files may have the same one: see [`Taken`].
    pub(crate) fn path(&self, values: &Values<'_>) -> String {
        let mut parts = vec![String::new()];
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => {
                    for (index, text) in text.split('/').enumerate() {
                        if index > 0 {
                            parts.push(String::new());
                        }
                        push(&mut parts, text);
                    }
                }
                Piece::Field(field, width) => push(&mut parts, &safe::part(&values.of(field, *width))),
            }
        }
        parts.iter().map(|part| safe::name(part)).collect::<Vec<_>>().join("/")
    }

    /// Whether a job's number is in it, which is not known before the job is in the store.
    pub(crate) fn names_the_job(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Field(Field::Job, _)))
    }
}

impl Values<'_> {
    fn of(&self, field: &Field, width: Option<usize>) -> String {
        let number = |number: u64| format!("{number:0width$}", width = width.unwrap_or(0));
        match field {
            Field::Batch => self.batch.to_owned(),
            Field::Index => number(self.item.number),
            Field::Name if self.item.name.is_empty() => slug::of_prompt(&self.item.prompt),
            Field::Name => self.item.name.clone(),
            Field::Slug => slug::of_prompt(&self.item.prompt),
            Field::Action => self.job.action.clone(),
            Field::N => number(self.n),
            Field::Job => number(self.number),
            Field::Ext => self.ext.to_owned(),
            Field::Variable(name) => self.item.variables.get(name).cloned().unwrap_or_default(),
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}"))?,
                Piece::Field(field, None) => write!(f, "{{{}}}", field.name())?,
                Piece::Field(field, Some(width)) => write!(f, "{{{}:0{width}}}", field.name())?,
            }
        }
        Ok(())
    }
}

fn push(parts: &mut [String], text: &str) {
    if let Some(last) = parts.last_mut() {
        last.push_str(text);
    }
}

fn field(inner: &str, variables: &BTreeSet<String>) -> Result<Piece, Wrong> {
    let (name, width) = inner.split_once(':').map_or((inner, None), |(name, width)| (name, Some(width)));
    let field = Field::of_name(name)
        .or_else(|| variables.contains(name).then(|| Field::Variable(name.to_owned())))
        .ok_or_else(|| unknown(name, variables))?;
    let Some(width) = width else { return Ok(Piece::Field(field, None)) };
    let digits = width.strip_prefix('0').and_then(|width| width.parse().ok());
    match digits.filter(|digits| (1..=WIDEST).contains(digits)) {
        Some(digits) if field.is_number() => Ok(Piece::Field(field, Some(digits))),
        Some(_) => Err(wrong(
            format!("`{{{inner}}}` has a width, and {name} is no number"),
            format!("write {{{name}}}"),
        )),
        None => {
            let message = format!("`{{{inner}}}` has a width that is none");
            Err(wrong(message, format!("write {{{name}:04}} for four digits")))
        }
    }
}

fn unknown(name: &str, variables: &BTreeSet<String>) -> Wrong {
    let known: Vec<_> = NAMES.iter().copied().chain(variables.iter().map(String::as_str)).collect();
    let near = nearest(name, &known).map(|near| format!("did you mean {{{near}}}? "));
    let hint = format!("{}the fields are {}", near.unwrap_or_default(), known.join(", "));
    wrong(format!("`{{{name}}}` is no field of a path"), hint)
}

/// The text between the fields, as folders and a file: what people wrote is refused, not repaired.
fn check(template: &str, pieces: &[Piece]) -> Result<(), Wrong> {
    let shape: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Field(..) => "x",
        })
        .collect();
    let parts: Vec<_> = shape.split('/').collect();
    let refused = |why: &str, hint: &str| Err(wrong(format!("the template `{template}` {why}"), hint));
    if parts.len() > DEEPEST {
        return refused("has too many folders", "use 7 folders at most");
    }
    if parts.iter().any(|part| matches!(*part, "." | "..")) || shape.starts_with(['/', '~']) {
        return refused(
            "leaves the folder of images",
            "begin with a folder's name; --out says where all of them lie",
        );
    }
    if parts.iter().any(|part| part.is_empty()) {
        return refused(
            "has a folder or file without a name",
            "write one / between two names, and end with a file's name",
        );
    }
    if parts.iter().any(|part| safe::name(part) != *part) {
        let hint = "leave out \\ : * ? \" < > |, control characters, names of devices, points or spaces at the ends, and hyphens before";
        return refused("has a name that some system does not take", hint);
    }
    Ok(())
}

fn wrong(message: String, hint: impl Into<String>) -> Wrong {
    Wrong { message, hint: hint.into() }
}

#[cfg(test)]
mod tests;
