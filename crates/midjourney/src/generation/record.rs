//! A generation as it is stored: versioned, times as what is left at a UTC microsecond.
//!
//! It is not the machine: read one back with [`Generation::from_record`].

mod button;

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use journeyman_model::{ApplicationId, InteractionId, MessageId};
use journeyman_moment::Moment;
use serde::{Deserialize, Serialize};

pub use button::{ButtonRecord, ChoiceRecord};

use super::{Deadlines, Generation, Plan, Seen, State, Vanished};
use crate::failure::{Failure, FailureKind, Notice};
use crate::normalise::Normalised;
use crate::order::{Order, OrderRecord, UnreadableOrder};
use crate::outcome::{Finished, Hindrance, NotSent, Outcome};
use crate::reply::{Reply, ReplyRecord};
use crate::sighting::{Button, File, Mode};

/// The version this program writes. It reads the one before too, which knew no orders but prompts.
const VERSION: u32 = 2;
const OLDEST: u32 = 1;

/// After a restart there is at least this long to look once, whatever the cap says.
const LEAST_LOOK: Duration = Duration::from_mins(1);

/// A stored generation.
///
/// Deadlines are stored as the time that was left, with the wall time of the writing. On
/// reading, only the cap is shortened by the time that passed; a wall clock that went back
/// shortens nothing. The other deadlines stand still while nobody looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationRecord {
    /// The format's version.
    pub version: u32,
    /// When it was written: microseconds of Unix time, UTC.
    pub written_at_unix_us: i64,
    /// One of `waiting_for_slot`, `sending`, `accepted`, `rendering`, `finished`, `failed`,
    /// `cancelled`, `unknown`.
    pub state: String,
    /// The prompt exactly as sent; of anything else, what was asked, for people.
    pub prompt: String,
    /// What was asked; version 1 had prompts only.
    #[serde(default)]
    pub order: Option<OrderRecord>,
    /// The request's nonce.
    pub nonce: String,
    /// The nonce of a form's answer.
    #[serde(default)]
    pub form_nonce: String,
    /// Whether a form was answered.
    #[serde(default)]
    pub asked: bool,
    /// Whether Cancel Job was pressed for it.
    #[serde(default)]
    pub cancelled: bool,
    /// Time that a form is waited for, microseconds.
    #[serde(default)]
    pub form_us: Option<u64>,
    /// How many times the request was sent.
    pub attempts: u8,
    /// The newest message of the channel before the request.
    pub baseline: Option<MessageId>,
    /// The progress message.
    pub message: Option<MessageId>,
    /// Midjourney's job id.
    pub job_id: Option<String>,
    /// The interaction.
    pub interaction: Option<InteractionId>,
    /// The last percentage seen.
    pub percent: Option<u8>,
    /// Whether only the gateway shows the progress message; records before it did not say.
    #[serde(default)]
    pub ephemeral: bool,
    /// Whether any sign was seen.
    pub sign: bool,
    /// Whether Midjourney said that it is queued.
    pub queued: bool,
    /// Whether it is paused.
    pub paused: bool,
    /// Whether it is relaxed.
    pub relaxed: bool,
    /// Whether progress can be seen.
    pub progress_visible: bool,
    /// Whether being queued is an error.
    pub queued_is_error: bool,
    /// What is known of a request without an answer.
    pub unsure: Option<String>,
    /// Whether the progress message had vanished.
    pub vanished: bool,
    /// Time left until silence is too long; `None` where no such clock runs.
    pub deadline_left_us: Option<u64>,
    /// Time left until the cap.
    pub cap_left_us: u64,
    /// The deadlines it was made with, microseconds: first sign, progress, slow, grace, cap.
    pub deadlines_us: [u64; 5],
    /// See [`Deadlines::grace_looks`].
    pub grace_looks: u32,
    /// How it ended.
    pub outcome: Option<OutcomeRecord>,
}

/// A stored outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OutcomeRecord {
    /// `finished`, `failed`, `not_sent`, `undecided` or `cancelled`.
    pub kind: String,
    /// The failure's kind, or the hindrance.
    pub error: Option<String>,
    /// What was said.
    pub detail: Option<String>,
    /// An embed's title.
    pub title: Option<String>,
    /// An embed's footer.
    pub footer: Option<String>,
    /// An error code.
    pub code: Option<String>,
    /// An embed's colour.
    pub colour: Option<u32>,
    /// A wait that was asked for.
    pub retry_after_us: Option<u64>,
    /// A time that was named, Unix seconds.
    pub until: Option<i64>,
    /// Whether a human may appeal.
    pub appealable: bool,
    /// Whether it may be charged (of a cancelled one).
    pub may_be_charged: bool,
    /// The message with the images.
    pub message: Option<MessageId>,
    /// The prompt as shown.
    pub prompt: Option<String>,
    /// The mode as shown.
    pub mode: Option<String>,
    /// The images.
    pub files: Vec<FileRecord>,
    /// The buttons found on it.
    pub buttons: Vec<ButtonRecord>,
    /// What the bot answered, of a command or a press that makes no images.
    pub reply: Option<ReplyRecord>,
    /// Who wrote the message.
    pub application: Option<ApplicationId>,
    /// The message's flags.
    pub flags: u64,
    /// Whether it came late.
    pub late: bool,
}

/// A stored file of a result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileRecord {
    /// The file name.
    pub name: String,
    /// The address; signed links expire.
    pub url: String,
    /// The type.
    pub content_type: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
}

/// Why a record could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordError {
    /// It was written by a version this program does not know.
    Version(u32),
    /// A field holds what it cannot.
    Field(&'static str, String),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => {
                write!(f, "record version {version} is not known, this program reads version {VERSION}")
            }
            Self::Field(field, value) => write!(f, "record field {field} cannot be {value:?}"),
        }
    }
}

impl std::error::Error for RecordError {}

impl Generation {
    /// The generation as it can be stored; `unix_us` is the wall time.
    pub fn to_record(&self, now: Moment, unix_us: i64) -> GenerationRecord {
        let (unsure, vanished) = if let State::Watching { unsure, vanished } = &self.state {
            (unsure.clone(), vanished.is_some())
        } else {
            (None, false)
        };
        let deadlines = &self.plan.deadlines;
        GenerationRecord {
            version: VERSION,
            written_at_unix_us: unix_us,
            state: self.state_word().to_owned(),
            prompt: self.plan.order.to_string(),
            order: Some(OrderRecord::from(&self.plan.order)),
            nonce: self.plan.nonce.clone(),
            form_nonce: self.plan.form_nonce.clone(),
            asked: self.seen.asked,
            cancelled: self.seen.cancelled,
            form_us: Some(micros(deadlines.form)),
            attempts: self.attempts,
            baseline: self.seen.baseline,
            message: self.seen.message,
            job_id: self.seen.job_id.clone(),
            interaction: self.seen.interaction,
            percent: self.seen.percent,
            ephemeral: self.seen.ephemeral,
            sign: self.seen.sign,
            queued: self.seen.queued,
            paused: self.seen.paused,
            relaxed: self.seen.relaxed,
            progress_visible: self.plan.progress_visible,
            queued_is_error: self.plan.queued_is_error,
            unsure,
            vanished,
            deadline_left_us: (self.deadline != Moment::MAX).then(|| micros(self.deadline.since(now))),
            cap_left_us: micros(self.cap.since(now)),
            deadlines_us: [
                micros(deadlines.first_sign),
                micros(deadlines.progress),
                micros(deadlines.slow),
                micros(deadlines.grace),
                micros(deadlines.cap),
            ],
            grace_looks: deadlines.grace_looks,
            outcome: self.outcome().map(outcome_record),
        }
    }

    /// The generation that was stored. A request that may have left is watched for, never sent again.
    ///
    /// # Errors
    /// A version or a field that this program does not understand; store the record and upgrade.
    pub fn from_record(record: &GenerationRecord, now: Moment, unix_us: i64) -> Result<Self, RecordError> {
        if !(OLDEST..=VERSION).contains(&record.version) {
            return Err(RecordError::Version(record.version));
        }
        let passed =
            Duration::from_micros(unix_us.saturating_sub(record.written_at_unix_us).max(0).unsigned_abs());
        let cap_left = Duration::from_micros(record.cap_left_us).saturating_sub(passed);
        let deadline = record.deadline_left_us.map_or(Moment::MAX, |left| now + Duration::from_micros(left));
        let plan = plan(record)?;
        let mut one = Self {
            expect: plan.order.expects(),
            normalised: plan.order.shown_prompt().map(|prompt| Normalised::of(&prompt)),
            state: state(record, now)?,
            seen: Seen {
                baseline: record.baseline,
                message: record.message,
                job_id: record.job_id.clone(),
                interaction: record.interaction,
                percent: record.percent,
                ephemeral: record.ephemeral,
                sign: record.sign,
                queued: record.queued,
                paused: record.paused,
                relaxed: record.relaxed,
                asked: record.asked,
                cancelled: record.cancelled,
                missed: false,
                buttons: Vec::new(),
                application: None,
            },
            attempts: record.attempts,
            deadline,
            cap: now + cap_left.max(LEAST_LOOK),
            blind_since: Some(now),
            last_look: now,
            spent: false,
            lost: false,
            outputs: VecDeque::new(),
            plan,
        };
        // A request cut off while it was sent has no clock yet.
        if one.is_out() && one.deadline == Moment::MAX {
            one.deadline = now + one.patience();
        }
        Ok(one)
    }

    fn state_word(&self) -> &'static str {
        match &self.state {
            State::WaitingForTurn | State::WaitingForBaseline => "waiting_for_slot",
            State::Sending => "sending",
            State::Watching { unsure: Some(_), .. } if !self.seen.sign => "unknown",
            State::Watching { .. } if self.seen.sign => "rendering",
            State::Watching { .. } => "accepted",
            State::Ended(Outcome::Finished(_)) => "finished",
            State::Ended(Outcome::Failed(_) | Outcome::NotSent(_)) => "failed",
            State::Ended(Outcome::Undecided { .. }) => "unknown",
            State::Ended(Outcome::Cancelled { .. }) => "cancelled",
        }
    }
}

fn plan(record: &GenerationRecord) -> Result<Plan, RecordError> {
    let [first_sign, progress, slow, grace, cap] = record.deadlines_us.map(Duration::from_micros);
    let form = record.form_us.map_or(Deadlines::default().form, Duration::from_micros);
    let order = match record.order.clone() {
        Some(order) => {
            order.try_into().map_err(|why: UnreadableOrder| RecordError::Field("order", why.to_string()))?
        }
        None => Order::imagine(record.prompt.clone()),
    };
    Ok(Plan {
        order,
        nonce: record.nonce.clone(),
        form_nonce: record.form_nonce.clone(),
        deadlines: Deadlines {
            first_sign,
            form,
            progress,
            slow,
            grace,
            cap,
            grace_looks: record.grace_looks,
        },
        progress_visible: record.progress_visible,
        queued_is_error: record.queued_is_error,
    })
}

fn state(record: &GenerationRecord, now: Moment) -> Result<State, RecordError> {
    if let Some(outcome) = &record.outcome {
        return Ok(State::Ended(read_outcome(record, outcome)?));
    }
    let vanished = record.vanished.then_some(Vanished { since: now, looks: 0 });
    match record.state.as_str() {
        "waiting_for_slot" => Ok(State::WaitingForTurn),
        "sending" => Ok(State::Watching {
            unsure: Some("the program ended while the request was being sent".to_owned()),
            vanished,
        }),
        "accepted" | "rendering" | "unknown" => {
            Ok(State::Watching { unsure: record.unsure.clone(), vanished })
        }
        other => Err(RecordError::Field("state", other.to_owned())),
    }
}

fn outcome_record(outcome: &Outcome) -> OutcomeRecord {
    match outcome {
        Outcome::Finished(finished) => OutcomeRecord {
            kind: "finished".to_owned(),
            message: finished.message,
            prompt: finished.prompt.clone(),
            mode: finished.mode.map(|mode| mode.word().to_owned()),
            files: finished.files.iter().map(file_record).collect(),
            buttons: finished.buttons.iter().map(ButtonRecord::from).collect(),
            reply: finished.reply.as_ref().map(ReplyRecord::from),
            application: finished.application,
            flags: finished.flags,
            late: finished.late,
            ..OutcomeRecord::default()
        },
        Outcome::Failed(failure) => OutcomeRecord {
            kind: "failed".to_owned(),
            error: Some(failure.kind.name().to_owned()),
            detail: failure.notice.text.clone(),
            title: failure.notice.title.clone(),
            footer: failure.notice.footer.clone(),
            code: failure.notice.code.clone(),
            colour: failure.notice.colour,
            retry_after_us: failure.retry_after.map(micros),
            until: failure.until,
            appealable: failure.appealable,
            ..OutcomeRecord::default()
        },
        Outcome::NotSent(not_sent) => OutcomeRecord {
            kind: "not_sent".to_owned(),
            error: Some(not_sent.why.word().to_owned()),
            detail: Some(not_sent.detail.clone()),
            retry_after_us: not_sent.retry_after.map(micros),
            ..OutcomeRecord::default()
        },
        Outcome::Undecided { detail } => OutcomeRecord {
            kind: "undecided".to_owned(),
            detail: Some(detail.clone()),
            ..OutcomeRecord::default()
        },
        Outcome::Cancelled { may_be_charged } => OutcomeRecord {
            kind: "cancelled".to_owned(),
            may_be_charged: *may_be_charged,
            ..OutcomeRecord::default()
        },
    }
}

fn read_outcome(record: &GenerationRecord, outcome: &OutcomeRecord) -> Result<Outcome, RecordError> {
    let wait = outcome.retry_after_us.map(Duration::from_micros);
    let error = outcome.error.as_deref().unwrap_or_default();
    let detail = || outcome.detail.clone().unwrap_or_default();
    match outcome.kind.as_str() {
        "finished" => read_finished(record, outcome).map(Outcome::Finished),
        "failed" => {
            let kind = FailureKind::ALL.iter().find(|kind| kind.name() == error);
            let kind = kind.ok_or_else(|| RecordError::Field("outcome.error", error.to_owned()))?;
            Ok(Outcome::Failed(Failure {
                kind: *kind,
                notice: Notice {
                    title: outcome.title.clone(),
                    text: outcome.detail.clone(),
                    footer: outcome.footer.clone(),
                    colour: outcome.colour,
                    code: outcome.code.clone(),
                },
                retry_after: wait,
                until: outcome.until,
                appealable: outcome.appealable,
            }))
        }
        "not_sent" => {
            let why = Hindrance::from_word(error)
                .ok_or_else(|| RecordError::Field("outcome.error", error.to_owned()))?;
            Ok(Outcome::NotSent(NotSent { why, detail: detail(), retry_after: wait }))
        }
        "undecided" => Ok(Outcome::Undecided { detail: detail() }),
        "cancelled" => Ok(Outcome::Cancelled { may_be_charged: outcome.may_be_charged }),
        other => Err(RecordError::Field("outcome.kind", other.to_owned())),
    }
}

fn read_finished(record: &GenerationRecord, outcome: &OutcomeRecord) -> Result<Finished, RecordError> {
    let buttons: Vec<_> = outcome.buttons.iter().map(Button::from).collect();
    let read = |reply: &ReplyRecord| -> Result<Reply, RecordError> {
        reply.read(&buttons).ok_or_else(|| RecordError::Field("outcome.reply.kind", reply.kind.clone()))
    };
    let reply = outcome.reply.as_ref().map(read).transpose()?;
    Ok(Finished {
        message: outcome.message,
        job_id: record.job_id.clone(),
        files: outcome.files.iter().map(read_file).collect(),
        prompt: outcome.prompt.clone(),
        mode: outcome.mode.as_deref().and_then(Mode::from_word),
        buttons,
        application: outcome.application,
        flags: outcome.flags,
        reply,
        late: outcome.late,
    })
}

fn file_record(file: &File) -> FileRecord {
    FileRecord {
        name: file.name.clone(),
        url: file.url.clone(),
        content_type: file.content_type.clone(),
        size: file.size,
        width: file.width,
        height: file.height,
    }
}

fn read_file(file: &FileRecord) -> File {
    File {
        name: file.name.clone(),
        url: file.url.clone(),
        content_type: file.content_type.clone(),
        size: file.size,
        width: file.width,
        height: file.height,
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
