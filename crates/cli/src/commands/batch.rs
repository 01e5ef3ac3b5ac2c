//! `batch`: a file of prompts, and what is made of it. What a line means is the module `batch`'s matter.

mod check;
mod ledger;
mod request;
mod run;
mod wait;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{order, recipe};
use crate::args;
use crate::batch::{
    DEFAULT_OUTPUT, Expansion, Format, Item, MaskFile, Matrix, Output, Place, Problem, Rows, Step,
    WrongOutput, sha256,
};
use crate::config::{Configuration, Environment};
use crate::error::Error;

/// Where a batch without a name goes: one from standard input.
const NAMELESS: &str = "batch";

/// A batch file, understood as far as it can be.
struct Batch {
    name: String,
    /// The file, as it was named.
    source: String,
    items: Vec<Item>,
    /// What could not be understood.
    problems: Vec<Problem>,
    /// What is probably a slip.
    slips: Vec<Problem>,
    output: Output,
    /// The folder that the file's own paths begin in.
    folder: PathBuf,
}

/// Runs a batch, or checks it.
pub(super) fn run(
    args: &args::Batch,
    configuration: &Configuration,
    environment: &Environment,
) -> Result<(), Error> {
    let batch = load(args)?;
    if args.check {
        return check::run(&batch, args, configuration, environment);
    }
    super::in_runtime(run::run(&batch, args, configuration, environment))
}

/// Reads the file, multiplies it out and attaches the steps.
fn load(args: &args::Batch) -> Result<Batch, Error> {
    let name = name(args);
    let matrix = matrix(args)?;
    // A recipe for all lines is told once.
    args.recipe.as_deref().map(steps).transpose().map_err(usage)?;
    let folder = args.file.with_file_name("");
    let recipe = args.recipe.as_ref().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()));
    let mut expansion =
        Expansion::begin(&name, &matrix, recipe, args.limit, |path: &Path| steps(&folder.join(path)));
    let source = args.file.display().to_string();
    let file = Place::file(&source);
    let (mut items, mut problems) = (Vec::new(), Vec::new());
    let mut is_empty = true;
    match open(args) {
        Err(problem) => problems.push(problem),
        Ok(rows) => {
            for row in rows {
                is_empty = false;
                match row.and_then(|row| expansion.items(&row)) {
                    Ok(made) => items.extend(made),
                    Err(problem) => problems.push(problem),
                }
            }
        }
    }
    let slips = expansion.slips(&file, &items);
    if !is_empty {
        problems.extend(expansion.finish());
    } else if problems.is_empty() {
        problems.push(file.problem("there are no prompts in it", "write one at least"));
    }
    let output = output(args, &items, &mut problems)?;
    Ok(Batch { name, source, items, problems, slips, output, folder })
}

/// The template of paths. Where lines are wrong, so that not all variables are known, they are told as well.
fn output(args: &args::Batch, items: &[Item], problems: &mut Vec<Problem>) -> Result<Output, Error> {
    let variables: BTreeSet<String> = items.iter().flat_map(|item| item.variables.keys()).cloned().collect();
    let refused = |wrong: WrongOutput| Error::usage(format!("read --output: {}", wrong.message), wrong.hint);
    match Output::parse(&args.output, &variables) {
        Err(wrong) if !problems.is_empty() => {
            problems.push(Place::file("--output").problem(wrong.message, wrong.hint));
            Output::parse(DEFAULT_OUTPUT, &variables).map_err(refused)
        }
        read => read.map_err(refused),
    }
}

fn name(args: &args::Batch) -> String {
    let of_file = || {
        let stem = args.file.file_stem().filter(|_| args.file.as_os_str() != "-");
        stem.map(|stem| stem.to_string_lossy().into_owned())
    };
    args.name.clone().or_else(of_file).unwrap_or_else(|| NAMELESS.to_owned())
}

fn matrix(args: &args::Batch) -> Result<Matrix, Error> {
    let of_file = match &args.matrix {
        None => Matrix::default(),
        Some(path) => {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .map_err(|why| Error::usage(format!("read {name}: {why}"), "check the path in --matrix"))?;
            Matrix::of_toml(&name, &text).map_err(usage)?
        }
    };
    of_file.and(Matrix::of_flags(&args.set).map_err(usage)?).map_err(usage)
}

fn open(args: &args::Batch) -> Result<Rows<Box<dyn Read>>, Problem> {
    let is_stdin = args.file.as_os_str() == "-";
    let typed = args.format.as_deref().and_then(Format::of_word);
    let format = match typed {
        Some(format) => format,
        None if is_stdin => Format::Text,
        None => Format::of_path(&args.file)?,
    };
    let name = if is_stdin { "standard input".to_owned() } else { args.file.display().to_string() };
    let from: Box<dyn Read> = if is_stdin {
        Box::new(io::stdin().lock())
    } else {
        let opened = File::open(&args.file);
        Box::new(opened.map_err(|why| {
            Place::file(&name).problem(format!("it cannot be opened: {why}"), "check the path")
        })?)
    };
    Rows::begin(&name, format, from)
}

/// The steps of a recipe's file, as a batch has them.
fn steps(path: &Path) -> Result<Arc<[Step]>, Problem> {
    let folder = path.with_file_name("");
    let step = |step: recipe::WrittenStep| {
        let mask = step.mask.map(|mask| self::mask(folder.join(mask))).transpose()?;
        Ok(Step { labels: step.press, values: step.value, prompt: step.prompt, mask })
    };
    let steps = recipe::steps_of(path).and_then(|steps| steps.into_iter().map(step).collect());
    steps.map_err(|error| {
        let (message, hint) = match error {
            Error::Usage { message, hint } => (message, hint),
            Error::Client(error) => {
                (crate::error::chain(&error), error.hint().unwrap_or("check the recipe").to_owned())
            }
            error @ (Error::Unscored { .. } | Error::Differs { .. }) => {
                (error.brief(), "check the recipe".to_owned())
            }
        };
        Place::file(&path.display().to_string()).problem(message, hint)
    })
}

/// A mask that can be used, and what it is known by.
fn mask(path: PathBuf) -> Result<MaskFile, Error> {
    order::mask(&path)?;
    let bytes = std::fs::read(&path)
        .map_err(|why| Error::usage(format!("read the mask {}: {why}", path.display()), "check the path"))?;
    Ok(MaskFile { path, sha256: sha256(&bytes) })
}

fn usage(problem: Problem) -> Error {
    Error::usage(problem.to_string(), problem.hint)
}
