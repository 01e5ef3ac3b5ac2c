//! Windows that the bot opens over Discord: modals for prompts, and the frame of Vary (Region).
//!
//! Which button opens which is in `press`; what follows from a window is an ordinary job.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::job::{Order, Parent};
use super::work::Work;
use super::{Bot, Stage};
use crate::account::User;
use crate::component;
use crate::message::Application;
use crate::notice;
use crate::scenario::Course;

/// Real: Discord's docs, the longest value of a text input.
const LONGEST_VALUE: usize = 4_000;

/// What follows from a pressed button, at once or after its window.
#[derive(Clone, Debug)]
pub(crate) struct Follow {
    /// Whose button it is.
    pub(super) application: Application,
    pub(super) work: Work,
    pub(super) parent: Parent,
    /// The prompt that the window proposes.
    pub(super) shown: String,
    /// The prompt as it was once sent.
    pub(super) sent: String,
    /// The button, which turns blue when the job begins.
    pub(super) custom_id: String,
}

/// A modal before it is opened.
#[derive(Clone, Debug)]
pub(crate) struct Modal {
    pub(super) title: &'static str,
    pub(super) custom_id: String,
    pub(super) field: &'static str,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) then: Follow,
}

/// Somebody's open window.
#[derive(Debug)]
struct Open<T> {
    user: u64,
    channel_id: u64,
    until: Duration,
    what: T,
}

/// The windows that are open.
#[derive(Debug, Default)]
pub(super) struct Windows {
    modals: BTreeMap<u64, Open<Modal>>,
    frames: BTreeMap<String, Open<Follow>>,
}

/// A modal's answer.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    pub(crate) user: User,
    /// Whose window it says it answers.
    pub(crate) application: Application,
    pub(crate) channel_id: u64,
    pub(crate) nonce: Option<String>,
    pub(crate) modal_id: u64,
    pub(crate) custom_id: String,
    /// The fields with their values.
    pub(crate) fields: Vec<(String, String)>,
}

/// Why a window's answer is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Never opened, somebody else's, answered already, or expired.
    Unknown,
    /// The window has another custom id.
    WrongCustomId,
    /// The field is missing or empty.
    NoValue,
    /// Longer than a text input takes.
    TooLong,
}

impl Bot {
    /// Opens a modal; the event's id is what its answer must name (real: capture of August 2023).
    pub(super) fn open_modal(
        &mut self,
        stage: &mut Stage<'_>,
        at: Duration,
        user: &User,
        channel_id: u64,
        modal: Modal,
    ) -> Value {
        let application = modal.then.application;
        let id = stage.discord.next_id(at);
        let data = json!({
            "id": id.to_string(),
            "channel_id": channel_id.to_string(),
            "title": modal.title,
            "custom_id": modal.custom_id,
            "application": application.to_json(),
            "components": [component::row(&[json!({
                "type": 4,
                "custom_id": modal.field,
                "label": modal.label,
                "style": 2,
                "value": modal.value,
                "required": true,
                "max_length": LONGEST_VALUE,
            })])],
        });
        self.windows.modals.retain(|_, open| open.until > at);
        let until = at + stage.settings.modal_life;
        self.windows.modals.insert(id, Open { user: user.id, channel_id, until, what: modal });
        data
    }

    /// Opens the frame in which a region is painted (peer: trueai, Mutiny and pxz2016 read these fields).
    pub(super) fn open_frame(
        &mut self,
        stage: &mut Stage<'_>,
        at: Duration,
        user: &User,
        channel_id: u64,
        follow: Follow,
    ) -> Value {
        let application = follow.application;
        let id = stage.discord.next_id(at);
        let token: String = std::iter::repeat_with(|| self.random.alphanumeric()).take(32).collect();
        let data = json!({
            "id": id.to_string(),
            "channel_id": channel_id.to_string(),
            "title": "Vary (Region)",
            "custom_id": format!("MJ::iframe::{token}"),
            "iframe_path": format!("/inpaint/{token}"),
            "modal_size": 2,
            "application": application.to_json(),
        });
        self.windows.frames.retain(|_, open| open.until > at);
        let until = at + stage.settings.modal_life;
        self.windows.frames.insert(token, Open { user: user.id, channel_id, until, what: follow });
        data
    }

    /// The value that a modal's answer brings.
    pub(crate) fn submitted(&self, at: Duration, submission: &Submission) -> Result<String, Refusal> {
        let open = self.windows.modals.get(&submission.modal_id).filter(|open| {
            open.user == submission.user.id
                && open.what.then.application == submission.application
                && open.channel_id == submission.channel_id
                && open.until > at
        });
        let modal = &open.ok_or(Refusal::Unknown)?.what;
        if modal.custom_id != submission.custom_id {
            return Err(Refusal::WrongCustomId);
        }
        let value = submission.fields.iter().find(|(name, _)| name == modal.field).map(|(_, value)| value);
        match value {
            Some(value) if value.chars().count() > LONGEST_VALUE => Err(Refusal::TooLong),
            Some(value) if !value.trim().is_empty() => Ok(value.clone()),
            Some(_) | None => Err(Refusal::NoValue),
        }
    }

    /// Takes a modal's answer; each can be given once.
    pub(crate) fn submit(
        &mut self,
        stage: &mut Stage<'_>,
        at: Duration,
        submission: &Submission,
        value: &str,
        course: Course,
    ) {
        let Some(open) = self.windows.modals.remove(&submission.modal_id) else { return };
        let order = order_of(&submission.user, submission.channel_id, &open.what.then, Some(value), course);
        let order = Order { nonce: submission.nonce.clone(), ..order };
        mark_pressed(stage, at, &open.what.then, submission.channel_id);
        if open.what.then.work == Work::CustomZoom {
            let order = custom_zoom(order, value, &open.what.then);
            self.take(stage, at, order);
        } else if order.remixed {
            self.imagine(stage, at, order);
        } else {
            self.take(stage, at, order);
        }
    }

    /// Takes a painted region; each frame can be sent off once.
    pub(crate) fn submit_region(
        &mut self,
        stage: &mut Stage<'_>,
        at: Duration,
        token: &str,
        user: &User,
        prompt: &str,
        course: Course,
    ) -> Result<(), Refusal> {
        let open = self.windows.frames.get(token).filter(|open| open.until > at && open.user == user.id);
        if open.is_none() {
            return Err(Refusal::Unknown);
        }
        let Some(open) = self.windows.frames.remove(token) else { return Err(Refusal::Unknown) };
        let order = order_of(user, open.channel_id, &open.what, Some(prompt), course);
        mark_pressed(stage, at, &open.what, open.channel_id);
        if order.remixed {
            self.imagine(stage, at, order);
        } else {
            self.take(stage, at, order);
        }
        Ok(())
    }

    /// Whose frame this token opens.
    pub(crate) fn frame_owner(&self, token: &str) -> Option<u64> {
        self.windows.frames.get(token).map(|open| open.user)
    }
}

/// Real: a used button turns blue (captures of 2023).
pub(super) fn mark_pressed(stage: &mut Stage<'_>, at: Duration, follow: &Follow, channel_id: u64) {
    stage.discord.edit(at, channel_id, follow.parent.message_id, |message| {
        component::restyle(message, &follow.custom_id, 1);
    });
}

/// The order that follows from a button; a prompt that was changed in a window makes it a remix.
pub(super) fn order_of(
    user: &User,
    channel_id: u64,
    follow: &Follow,
    value: Option<&str>,
    course: Course,
) -> Order {
    let changed = value.filter(|value| *value != follow.shown && !value.trim().is_empty());
    // A described or shortened prompt was never a job's, so it is read like any other.
    let fresh = follow.parent.job_id.is_empty();
    Order {
        prompt: changed.map_or_else(|| follow.sent.clone(), str::to_owned),
        shown: (changed.is_none() && !fresh).then(|| follow.shown.clone()),
        work: follow.work,
        parent: Some(follow.parent.clone()),
        application: follow.application,
        remixed: changed.is_some() || fresh,
        ..Order::imagine(user.clone(), channel_id, String::new(), course)
    }
}

/// Peer: the value must contain `--zoom` from 1 to 2. Inferred: the prompt comes back without it.
fn custom_zoom(order: Order, value: &str, follow: &Follow) -> Order {
    let words: Vec<&str> = value.split_whitespace().collect();
    let at = words.iter().position(|word| *word == "--zoom");
    let factor = at.and_then(|at| words.get(at + 1)).and_then(|factor| factor.parse::<f64>().ok());
    if !factor.is_some_and(|factor| (1.0..=2.0).contains(&factor)) {
        let detail = "Invalid value provided for argument `--zoom`\nIt must be between 1 and 2.".to_owned();
        return Order { course: Course::Refuse(&notice::INVALID_VALUE), detail, ..order };
    }
    let without = words
        .iter()
        .enumerate()
        .filter(|(index, _)| Some(*index) != at && Some(*index) != at.map(|at| at + 1));
    let prompt = without.map(|(_, word)| *word).collect::<Vec<_>>().join(" ");
    let unchanged = prompt == follow.shown;
    Order {
        shown: unchanged.then(|| follow.shown.clone()),
        remixed: !unchanged,
        prompt: if unchanged { follow.sent.clone() } else { prompt },
        ..order
    }
}
