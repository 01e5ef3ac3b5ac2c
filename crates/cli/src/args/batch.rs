//! The flags of `batch`. What the file says is `batch`'s subject.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};

use super::Screening;
use super::order::Door;
use crate::batch::{DEFAULT_OUTPUT, Format};

#[derive(Debug, Args)]
pub(crate) struct Batch {
    /// The file: .txt with a prompt a line, .csv with a row of headers, or .jsonl with an object a line; - for
    /// standard input. Columns are prompt, parameters, images, recipe, name, priority; any other is a {{variable}}.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Tell what would be made, the first files, and everything that is wrong; nothing is sent.
    #[arg(long)]
    pub(crate) check: bool,
    /// Go on with a batch that was begun: what is done is not done again, what failed is begun again.
    #[arg(long, conflicts_with = "check")]
    pub(crate) resume: bool,
    /// Send at most so many jobs, in the order of the batch; --resume does the others.
    #[arg(long, value_name = "N", conflicts_with = "check", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_jobs: Option<u64>,
    /// How many jobs run at once.
    #[arg(long, value_name = "N", default_value_t = 3, conflicts_with = "check", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) parallel: u8,
    /// Keep jobs in this file, or in memory. Default: jobs.sqlite3 in the folder of your data; memory with --sim.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub(crate) store: Option<PathBuf>,
    /// How the file is written. Default: what its name ends in; txt for standard input.
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(Format::NAMES))]
    pub(crate) format: Option<String>,
    /// The batch's name. Default: the file's, without its ending.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The recipe of all lines that name none: its steps follow from every image.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) recipe: Option<PathBuf>,
    /// Make every prompt that has {{NAME}} in it once for each value; may be given several times, for every
    /// combination. `\,` is a comma in a value.
    #[arg(long = "set", value_name = "NAME=VALUE,VALUE")]
    pub(crate) set: Vec<String>,
    /// The same from a TOML file, as lists in a table [matrix].
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) matrix: Option<PathBuf>,
    /// Refuse a batch of more items than this.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: u64,
    /// Where files go, below the folder of images. Fields: batch, index, name, slug, action, n, job, ext, variables.
    #[arg(long, value_name = "TEMPLATE", default_value = DEFAULT_OUTPUT)]
    pub(crate) output: String,
    /// With --check, tell what was changed, added and removed since this manifest was written.
    #[arg(long, value_name = "MANIFEST", requires = "check", value_hint = ValueHint::FilePath)]
    pub(crate) against: Option<PathBuf>,
    /// Write the manifest here, see docs/manifest.md; with --check, what would be made, where nothing is wrong. Default:
    /// the batch's name, with .jsonl, in the folder of images; nowhere with --check. The contact sheet lies beside it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) manifest: Option<PathBuf>,
    /// The account's default version, such as 7 or "niji 6"; a prompt's own goes before.
    #[arg(long, value_name = "VERSION")]
    pub(crate) default_version: Option<String>,
    /// The account's default speed: fast, relax or turbo; a prompt's own goes before.
    #[arg(long, value_name = "MODE")]
    pub(crate) default_mode: Option<String>,
    #[command(flatten)]
    pub(crate) screening: Screening,
    #[command(flatten)]
    pub(crate) door: Door,
}

#[derive(Debug, Args)]
pub(crate) struct Sheet {
    /// The manifest that the batch wrote.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) manifest: PathBuf,
    /// Write the page here. Default: beside the manifest, as .html; many thumbnails go into a folder beside it.
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
    /// Print the summary as a JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}
