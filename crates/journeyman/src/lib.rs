//! Makes images with Midjourney through Discord, and says exactly what went wrong when it cannot.
//!
//! Unofficial. Driving a user account by program is against Discord's and Midjourney's terms and
//! may cost the account; the simulator needs none.
//!
//! A [`Client`] has one account and one channel; [`Client::imagine`] gives a [`Job`] to await,
//! watch or cancel; an [`Error`] has a [kind](ErrorKind), a hint, and says whether to try again.

mod archive;
mod client;
mod driver;
mod error;
mod event;
mod job;
mod settings;
mod wall;
mod words;

pub use client::{Client, ImagineOptions};
pub use error::{Error, ErrorKind, Side};
pub use event::{Event, Finished};
pub use job::Job;
pub use settings::{Poll, ProgressVisibility, Settings};
pub use wall::unix_micros;

pub use journeyman_discord::{ApiBase, Token};
pub use journeyman_midjourney::generation::{Deadlines, GenerationRecord, Reason, RecordError};
pub use journeyman_midjourney::{Failure, FailureKind, Notice};
pub use journeyman_model::{ChannelId, GuildId, MessageId};
pub use journeyman_moment::{Clock, Moment};
