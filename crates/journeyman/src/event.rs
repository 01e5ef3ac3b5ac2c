//! What a caller is told while a job runs. It is not the outcome.

use std::path::PathBuf;

use journeyman_midjourney::Reply;
use journeyman_model::MessageId;

use crate::driver::core::WatchedBy;
use crate::panel::Panel;

/// Something that happened to a job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// How the channel is followed has changed: by the gateway, or by reading it while that is down.
    WatchedBy(WatchedBy),
    /// The request left.
    Submitted,
    /// Discord took the request. That is not yet acceptance by Midjourney.
    Accepted,
    /// Midjourney opened a form, which is answered as the caller said beforehand.
    FormOpened {
        /// Its title.
        title: Option<String>,
    },
    /// No answer came to the request; watching for a sign instead of sending again.
    Unsure,
    /// Midjourney will start it.
    Waiting,
    /// It stands in Midjourney's queue.
    Queued,
    /// It runs.
    Progress {
        /// 0 to 100.
        percent: u8,
        /// A preview picture's address.
        preview: Option<String>,
    },
    /// It is paused.
    Paused,
    /// The progress message is gone; the final image is awaited.
    Vanished,
    /// The final images are there and are being fetched.
    Downloading,
    /// An image is on disk.
    Saved {
        /// Where.
        file: PathBuf,
    },
    /// It finished after it had been given up; the images are on disk.
    FinishedLate(Box<Finished>),
    /// It finished after it had been given up, and its images could not be saved.
    LateNotSaved {
        /// Why.
        message: String,
    },
}

/// A finished job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The images on disk: each grid, followed by its quarters where they were asked for.
    pub files: Vec<PathBuf>,
    /// The prompt exactly as it was sent; of anything else, what was asked.
    pub prompt: String,
    /// The prompt as Midjourney shows it.
    pub shown_prompt: Option<String>,
    /// Midjourney's job id.
    pub job_id: Option<String>,
    /// The message with the images.
    pub message_id: Option<MessageId>,
    /// The labels of the buttons on it.
    pub buttons: Vec<String>,
    /// What may be pressed on it.
    pub panel: Option<Panel>,
    /// What the bot answered, to a command or a press that makes no images.
    pub reply: Option<Reply>,
    /// Whether it came after the job had been given up.
    pub late: bool,
}
