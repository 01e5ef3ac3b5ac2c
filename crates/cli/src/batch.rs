//! A batch: a file with many prompts, understood, and what is to be made of it. It sends nothing and keeps no job.

mod changes;
mod expand;
mod keys;
mod manifest;
mod matrix;
mod output;
mod place;
mod plan;
mod put;
mod read;
mod row;
mod safe;
mod sheet;
mod slips;
mod slug;
mod summary;
mod template;
mod thumbnail;
mod whole;

pub(crate) use changes::{Changes, Side};
pub(crate) use expand::{Expansion, Item, MaskFile, Step};
pub(crate) use keys::sha256;
pub(crate) use manifest::{
    ErrorRecord, FINISHED, FileRecord, HeadRecord, Manifest, SpentRecord, StepRecord,
    VERSION as MANIFEST_VERSION,
};
pub(crate) use matrix::Matrix;
pub(crate) use output::{DEFAULT as DEFAULT_OUTPUT, Output, Taken, Values, Wrong as WrongOutput};
pub(crate) use place::{Place, Problem};
pub(crate) use plan::{Ask, PlannedJob, count, jobs_of};
pub(crate) use put::{has_bytes, put};
pub(crate) use read::{Format, Rows};
pub(crate) use safe::name as file_name;
pub(crate) use sheet::{Picture, address, sheet};
pub(crate) use summary::{Failures, Summary};
pub(crate) use thumbnail::{thumbnail, thumbnail_name};
pub(crate) use whole::write_whole;
