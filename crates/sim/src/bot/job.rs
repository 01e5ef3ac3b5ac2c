//! One job of the bot: what it writes into the channel, from the first answer to the last.
//!
//! Which job runs when is `bot`'s business.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Stage, attach, uuid};
use crate::account::User;
use crate::caption::{self, Line, Running};
use crate::discord::Event;
use crate::message::{self, Blanks, Draft, Interaction};
use crate::notice::{self, Notice};
use crate::picture::{Drawing, Size, View};
use crate::report::JobReport;
use crate::scenario::{Course, Ending};
use crate::settings::{Era, Settings, Visibility};

/// What was asked of the bot.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) user: User,
    pub(crate) channel_id: u64,
    pub(crate) nonce: Option<String>,
    pub(crate) prompt: String,
    pub(crate) origin: Origin,
    pub(crate) course: Course,
    /// Not one of the world's accounts: other people, who are in no report.
    pub(crate) stranger: bool,
}

/// By what a job was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// The slash command.
    Imagine,
    /// A V button of this message.
    Variation { grid: u64 },
    /// The reroll button of this message.
    Reroll { grid: u64 },
}

impl Origin {
    /// Real: captures of July 2023; a reroll's text is that of an imagine (inferred).
    fn verb(self) -> &'static str {
        match self {
            Self::Imagine | Self::Reroll { .. } => "",
            Self::Variation { .. } => "Variations (Strong) by ",
        }
    }

    fn grid(self) -> Option<u64> {
        match self {
            Self::Imagine => None,
            Self::Variation { grid } | Self::Reroll { grid } => Some(grid),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Sent,
    Ignored,
    Refused,
    Queued,
    Waiting,
    Running,
    Finished,
    Stopped,
    Vanished,
    Failed,
    Cancelled,
}

impl State {
    pub(crate) fn is_over(self) -> bool {
        match self {
            Self::Sent | Self::Queued | Self::Waiting | Self::Running => false,
            Self::Ignored
            | Self::Refused
            | Self::Finished
            | Self::Stopped
            | Self::Vanished
            | Self::Failed
            | Self::Cancelled => true,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Ignored => "ignored",
            Self::Refused => "refused",
            Self::Queued => "queued",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Vanished => "vanished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) order: Order,
    pub(crate) id: String,
    pub(super) state: State,
    pub(super) charged: bool,
    pub(super) paused: bool,
    /// With the prompt as the bot repeats it.
    line: Line,
    running: Running,
    interaction_id: u64,
    /// The nonce goes with the first answer only.
    answered: bool,
    progress: Option<u64>,
    images: Vec<String>,
    random: fastrand::Rng,
}

impl Job {
    pub(super) fn new(order: Order, mut random: fastrand::Rng, settings: &Settings) -> Self {
        Self {
            id: uuid(&mut random),
            line: Line {
                prompt: caption::rewritten(&order.prompt, settings.suffix()),
                verb: order.origin.verb(),
                user: order.user.id,
            },
            running: Running::of(&order.prompt, settings.mode, settings.stealth),
            order,
            state: State::Sent,
            charged: false,
            paused: false,
            interaction_id: 0,
            answered: false,
            progress: None,
            images: Vec::new(),
            random,
        }
    }

    /// A span of the bot's, with its jitter and speed.
    pub(super) fn span(&mut self, span: Duration, settings: &Settings) -> Duration {
        let jitter = 1.0 + settings.timing.jitter * (2.0 * self.random.f64() - 1.0);
        let seconds = span.as_secs_f64() * jitter.max(0.0) / settings.speed;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_hours(24))
    }

    pub(super) fn happens(&mut self, chance: f64) -> bool {
        chance > 0.0 && self.random.f64() < chance
    }

    pub(super) fn ending(&self) -> Ending {
        match self.order.course {
            Course::Render(ending) => ending,
            Course::Queue
            | Course::Refuse(_)
            | Course::InteractionFailure
            | Course::CaptchaFrame
            | Course::Silence
            | Course::Reject(_) => Ending::Deliver,
        }
    }

    pub(super) fn acknowledge(&mut self, stage: &mut Stage<'_>, at: Duration) {
        self.interaction_id = stage.discord.next_id(at);
        self.tell(stage, at, "INTERACTION_CREATE");
    }

    pub(super) fn fail_interaction(&mut self, stage: &mut Stage<'_>, at: Duration) {
        self.tell(stage, at, "INTERACTION_FAILURE");
        self.state = State::Ignored;
    }

    fn tell(&self, stage: &mut Stage<'_>, at: Duration, name: &'static str) {
        let data = json!({ "id": self.interaction_id.to_string(), "nonce": self.order.nonce });
        self.emit(stage, at, name, data);
    }

    fn emit(&self, stage: &mut Stage<'_>, at: Duration, name: &'static str, data: Value) {
        let only_for = Some(self.order.user.id);
        stage.discord.emit(Event { at, only_for, channel_id: self.order.channel_id, name, data });
    }

    /// Peer: novicezk and trueai read these fields.
    pub(super) fn open_captcha(&mut self, stage: &mut Stage<'_>, at: Duration) {
        let token = self.token();
        let data = json!({
            "id": self.interaction_id.to_string(),
            "nonce": self.order.nonce,
            "channel_id": self.order.channel_id.to_string(),
            "title": "Action required to continue",
            "custom_id": format!("MJ::iframe::{token}"),
            "iframe_path": format!("/captcha/embedded/{token}"),
            "modal_size": 2,
            "application": { "id": message::APPLICATION_ID.to_string(), "name": "Midjourney Bot" },
        });
        self.emit(stage, at, "INTERACTION_IFRAME_MODAL_CREATE", data);
        self.state = State::Refused;
    }

    fn token(&mut self) -> String {
        std::iter::repeat_with(|| self.random.alphanumeric()).take(11).collect()
    }

    pub(super) fn refuse(&mut self, stage: &mut Stage<'_>, at: Duration, notice: &Notice) {
        self.post_notice(stage, at, notice);
        self.state = State::Refused;
    }

    pub(super) fn tell_queued(&mut self, stage: &mut Stage<'_>, at: Duration) {
        self.post_notice(stage, at, &notice::QUEUED);
        self.state = State::Queued;
    }

    fn post_notice(&mut self, stage: &mut Stage<'_>, at: Duration, notice: &Notice) {
        // Real: refusals answer the interaction, type 20, with the nonce.
        let mut draft = Draft { kind: 20, ..self.answer_draft(stage, at) };
        self.fill(stage, at, &mut draft, notice);
        let only_for = self.only_for(stage.settings.errors);
        stage.discord.post(at, self.order.channel_id, draft, only_for.as_ref());
    }

    fn fill(&mut self, stage: &Stage<'_>, at: Duration, draft: &mut Draft, notice: &Notice) {
        let token = self.token();
        let blanks = Blanks {
            prompt: &self.line.prompt,
            unix_seconds: stage.discord.wall.unix_seconds(at),
            id: &token,
            origin: &stage.settings.origin,
        };
        message::put_notice(draft, notice, blanks);
    }

    /// An answer to the interaction; the first one carries its nonce and ends the waiting of the session.
    fn answer_draft(&mut self, stage: &mut Stage<'_>, at: Duration) -> Draft {
        let first = !std::mem::replace(&mut self.answered, true);
        if first {
            self.tell(stage, at, "INTERACTION_SUCCESS");
        }
        let metadata = stage.settings.era == Era::E2026;
        let of_command = self.order.origin == Origin::Imagine;
        Draft {
            mentions: vec![message::mention(&self.order.user)],
            // Real: what a button starts has neither nonce nor interaction, but refers to the grid.
            nonce: self.order.nonce.clone().filter(|_| first && of_command),
            interaction: of_command.then(|| Interaction {
                id: self.interaction_id,
                user: self.order.user.clone(),
                name: "imagine",
                metadata,
            }),
            refers_to: self.order.origin.grid(),
            from_application: true,
            ..Draft::of_bot()
        }
    }

    fn only_for(&self, visibility: Visibility) -> Option<User> {
        (visibility == Visibility::Ephemeral).then(|| self.order.user.clone())
    }

    pub(super) fn show_waiting(&mut self, stage: &mut Stage<'_>, at: Duration) {
        let components = self.cancel_button(stage.settings);
        let draft = Draft {
            // Real: 0 in March 2023, 20 since that summer, 19 for what a button started.
            kind: match (self.order.origin.grid(), stage.settings.era) {
                (Some(_), _) => 19,
                (None, Era::E2023) => 0,
                (None, Era::E2026) => 20,
            },
            content: caption::waiting(&self.line),
            components,
            ..self.answer_draft(stage, at)
        };
        let only_for = self.only_for(stage.settings.progress);
        self.progress = stage.discord.post(at, self.order.channel_id, draft, only_for.as_ref());
        self.state = State::Waiting;
    }

    fn cancel_button(&self, settings: &Settings) -> Vec<Value> {
        if settings.cancel_button { message::cancel_button(&self.id) } else { Vec::new() }
    }

    pub(super) fn show_percent(&mut self, stage: &mut Stage<'_>, at: Duration, percent: u8) {
        self.state = State::Running;
        let drawing = Drawing::preview(&self.id, &self.line.prompt, percent, stage.settings.pictures);
        let name = if stage.settings.progress_file_names_job() {
            format!("{}_grid_0.webp", self.id)
        } else {
            "grid_0.webp".to_owned()
        };
        let ephemeral = stage.settings.progress == Visibility::Ephemeral;
        let attachment = attach(stage, at, self.order.channel_id, name, drawing, ephemeral);
        let content = caption::progress(&self.line, percent, self.running);
        self.edit_progress(stage, at, |message| {
            message["content"] = json!(content);
            message["attachments"] = json!([attachment]);
        });
    }

    pub(super) fn pause(&mut self, stage: &mut Stage<'_>, at: Duration) {
        self.paused = true;
        let content = caption::paused(&self.line, self.running);
        self.edit_progress(stage, at, |message| message["content"] = json!(content));
    }

    /// Real: a stopped job's message stays, without its button.
    pub(super) fn stop(&mut self, stage: &mut Stage<'_>, at: Duration, end: State) {
        let content = caption::stopped(&self.line);
        self.edit_progress(stage, at, |message| {
            message["content"] = json!(content);
            message["components"] = json!([]);
            message["attachments"] = json!([]);
        });
        self.state = end;
    }

    fn edit_progress(&self, stage: &mut Stage<'_>, at: Duration, change: impl FnOnce(&mut Value)) {
        if let Some(id) = self.progress {
            stage.discord.edit(at, self.order.channel_id, id, change);
        }
    }

    pub(super) fn delete_progress(&mut self, stage: &mut Stage<'_>, at: Duration) {
        if let Some(id) = self.progress.take() {
            stage.discord.delete(at, self.order.channel_id, id);
        }
    }

    /// Peer: Mutiny, 2026: no nonce, but a reference to the progress message.
    pub(super) fn reply(&mut self, stage: &mut Stage<'_>, at: Duration, notice: &Notice) {
        let mut draft = Draft { kind: 19, refers_to: self.progress, ..self.answer_draft(stage, at) };
        self.fill(stage, at, &mut draft, notice);
        let only_for = self.only_for(stage.settings.errors);
        stage.discord.post(at, self.order.channel_id, draft, only_for.as_ref());
        self.delete_progress(stage, at);
        self.state = State::Failed;
    }

    /// Peer: haojie06 and erictik see some notices as an update of the progress message.
    pub(super) fn replace(&mut self, stage: &mut Stage<'_>, at: Duration, notice: &Notice) {
        let mut draft = Draft::of_bot();
        self.fill(stage, at, &mut draft, notice);
        let (content, embeds, components) = (draft.content, draft.embeds, draft.components);
        self.edit_progress(stage, at, |message| {
            message["content"] = json!(content);
            message["embeds"] = json!(embeds);
            message["components"] = json!(components);
            message["attachments"] = json!([]);
        });
        self.state = State::Failed;
    }

    /// Real: a new message without nonce or interaction; it refers to a grid only if it came of one.
    pub(super) fn deliver(&mut self, stage: &mut Stage<'_>, at: Duration) {
        let settings = stage.settings;
        let drawing = Drawing {
            job_id: self.id.clone(),
            prompt: self.line.prompt.clone(),
            view: View::Grid,
            format: settings.picture_format,
            size: Size::of(&self.line.prompt, settings.pictures),
        };
        let stem = caption::file_stem(&self.order.user.name, &self.line.prompt, &self.id);
        let name = format!("{stem}.{}", drawing.extension());
        self.images.push(name.clone());
        let attachment = attach(stage, at, self.order.channel_id, name, drawing, false);
        let draft = Draft {
            content: caption::finished(&self.line, self.running, settings.picture_format),
            mentions: vec![message::mention(&self.order.user)],
            attachments: vec![attachment],
            components: message::grid_buttons(&self.id),
            kind: if self.order.origin.grid().is_some() { 19 } else { 0 },
            refers_to: self.order.origin.grid(),
            ..Draft::of_bot()
        };
        stage.discord.post(at, self.order.channel_id, draft, None);
        self.state = State::Finished;
    }

    pub(super) fn report(&self) -> JobReport {
        let mut report = JobReport {
            nonce: self.order.nonce.clone(),
            prompt: self.order.prompt.clone(),
            state: self.state.name(),
            charged: 0,
            executions: 0,
            job_ids: Vec::new(),
            images: Vec::new(),
        };
        self.add_to(&mut report);
        report
    }

    pub(super) fn add_to(&self, report: &mut JobReport) {
        report.state = self.state.name();
        report.charged += u64::from(self.charged);
        report.executions += 1;
        report.job_ids.push(self.id.clone());
        report.images.extend(self.images.iter().cloned());
    }
}
