//! A batch: a file with many prompts, understood, and what is to be made of it. It sends nothing and keeps no job.

mod expand;
mod keys;
mod matrix;
mod output;
mod place;
mod plan;
mod read;
mod row;
mod safe;
mod slug;
mod template;

pub(crate) use expand::{Expansion, Item, Step};
pub(crate) use matrix::Matrix;
pub(crate) use output::{DEFAULT as DEFAULT_OUTPUT, Output, Taken, Values};
pub(crate) use place::{Place, Problem};
pub(crate) use plan::{PlannedJob, count, jobs_of};
pub(crate) use read::{Format, Rows};
