//! One job of the bot: what it writes into the channel, from the first answer to the last.
//!
//! Which job runs when is `bot`'s business.

use std::time::Duration;

use serde_json::{Value, json};

use super::preference::Preferences;
use super::work::{Work, Yield};
use super::{Stage, attach, uuid};
use crate::account::User;
use crate::caption::{self, Line, Running};
use crate::component;
use crate::discord::Event;
use crate::message::{self, Application, Blanks, Draft, Interaction};
use crate::notice::{self, Notice};
use crate::picture::{Drawing, FileFormat, Size, View};
use crate::report::JobReport;
use crate::scenario::{Course, Ending};
use crate::settings::{Era, Mode, Settings, Visibility};

/// What was asked of the bot.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// The bot that is asked.
    pub(crate) application: Application,
    pub(crate) user: User,
    pub(crate) channel_id: u64,
    pub(crate) nonce: Option<String>,
    /// As it was sent; a child that changes nothing has its parent's.
    pub(crate) prompt: String,
    /// The prompt as the bot repeats it, if it is its parent's.
    pub(crate) shown: Option<String>,
    pub(crate) work: Work,
    /// The message whose button asked for it, if one did.
    pub(crate) parent: Option<Parent>,
    /// The prompt was changed in a window.
    pub(crate) remixed: bool,
    /// Which of the jobs of one interaction.
    pub(crate) part: u32,
    pub(crate) course: Course,
    /// What a refusal says in its text.
    pub(crate) detail: String,
    /// Not one of the world's accounts: other people, who are in no report.
    pub(crate) stranger: bool,
}

impl Order {
    /// An imagine's, with nothing special about it.
    pub(crate) fn imagine(user: User, channel_id: u64, prompt: String, course: Course) -> Self {
        Self {
            application: Application::MIDJOURNEY,
            user,
            channel_id,
            nonce: None,
            prompt,
            shown: None,
            work: Work::Imagine,
            parent: None,
            remixed: false,
            part: 0,
            course,
            detail: String::new(),
            stranger: false,
        }
    }

    /// Whether its first message answers the interaction.
    ///
    /// Real: what a button starts has neither nonce nor interaction, but refers to the message (July 2023). Inferred:
    /// of several jobs of one interaction only the first answers it.
    fn is_of_command(&self) -> bool {
        self.parent.is_none() && self.part == 0
    }

    fn refers_to(&self) -> Option<u64> {
        self.parent.as_ref().map(|parent| parent.message_id)
    }
}

/// Where a button was pressed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Parent {
    pub(crate) message_id: u64,
    /// The job whose result the message shows; empty under a described or shortened prompt.
    pub(crate) job_id: String,
    /// 1 to 4; 1 for what has one picture.
    pub(crate) image: u8,
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
    /// The file names of its results.
    pub(super) images: Vec<String>,
    /// What its picture shows of which grid, for its children.
    pub(super) view: View,
    strong: bool,
    random: fastrand::Rng,
}

impl Job {
    pub(super) fn new(
        order: Order,
        mut random: fastrand::Rng,
        settings: &Settings,
        account: &Preferences,
        view: View,
    ) -> Self {
        let prompt = order.shown.clone().unwrap_or_else(|| {
            let rewriting = &settings.rewriting;
            // Peer: niji's bot makes niji; inferred: of which version.
            let version = match (order.application.is_niji(), settings.era) {
                (false, _) => account.version(settings),
                (true, Era::E2023) => "--niji 5",
                (true, Era::E2026) => "--niji 6",
            };
            caption::rewritten(&account.applied(&order.prompt), version, rewriting)
        });
        Self {
            id: uuid(&mut random),
            line: Line {
                prompt,
                verb: order.work.verb_while_running(order.remixed, account.strong),
                user: order.user.id,
            },
            running: Running::of(&order.prompt, account.mode, account.stealth),
            view,
            strong: account.strong,
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
        if self.order.part > 0 {
            return;
        }
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
            "application": self.order.application.to_json(),
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
            detail: &self.order.detail,
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
        let of_command = self.order.is_of_command();
        Draft {
            mentions: vec![message::mention(&self.order.user)],
            nonce: self.order.nonce.clone().filter(|_| first && of_command),
            interaction: of_command.then(|| Interaction {
                id: self.interaction_id,
                user: self.order.user.clone(),
                name: self.order.work.command(),
                metadata,
            }),
            refers_to: self.order.refers_to(),
            from_application: true,
            ..Draft::of_bot(self.order.application)
        }
    }

    fn only_for(&self, visibility: Visibility) -> Option<User> {
        (visibility == Visibility::Ephemeral).then(|| self.order.user.clone())
    }

    pub(super) fn show_waiting(&mut self, stage: &mut Stage<'_>, at: Duration) {
        let components = self.cancel_button(stage.settings);
        let draft = Draft {
            // Real: 0 in March 2023, 20 since that summer, 19 for what a button started.
            kind: match (self.order.refers_to(), stage.settings.era) {
                (Some(_), _) => 19,
                (None, Era::E2023) => 0,
                (None, Era::E2026) => 20,
            },
            content: self.opening(stage.settings),
            components,
            ..self.answer_draft(stage, at)
        };
        let only_for = self.only_for(stage.settings.progress);
        self.progress = stage.discord.post(at, self.order.channel_id, draft, only_for.as_ref());
        self.state = State::Waiting;
    }

    /// Real: an upscale's first message names the image, and a variation's did (a peer's collected lines).
    fn opening(&self, settings: &Settings) -> String {
        let image = self.order.parent.as_ref().map_or(1, |parent| parent.image);
        match self.order.work {
            Work::Upscale(_) => caption::upscaling(&self.line, image),
            Work::Variation if settings.old_openings => caption::making_variations(&self.line, image),
            Work::Imagine
            | Work::Blend
            | Work::Single
            | Work::Variation
            | Work::Reroll
            | Work::VaryStrong
            | Work::VarySubtle
            | Work::VaryRegion
            | Work::ZoomOut
            | Work::CustomZoom
            | Work::MakeSquare
            | Work::Pan(_)
            | Work::Animate(_)
            | Work::Extend(_) => caption::waiting(&self.line),
        }
    }

    fn cancel_button(&self, settings: &Settings) -> Vec<Value> {
        if settings.cancel_button { component::cancel(&self.id) } else { Vec::new() }
    }

    pub(super) fn show_percent(&mut self, stage: &mut Stage<'_>, at: Duration, percent: u8) {
        self.state = State::Running;
        let attachments =
            if self.order.work.previews() { vec![self.preview(stage, at, percent)] } else { Vec::new() };
        let content = caption::progress(&self.line, percent, self.running);
        self.edit_progress(stage, at, |message| {
            message["content"] = json!(content);
            message["attachments"] = json!(attachments);
        });
    }

    fn preview(&self, stage: &mut Stage<'_>, at: Duration, percent: u8) -> Value {
        let drawing = Drawing::preview(&self.id, &self.line.prompt, percent, stage.settings.pictures);
        let name = if stage.settings.progress_file_names_job() {
            format!("{}_grid_0.webp", self.id)
        } else {
            "grid_0.webp".to_owned()
        };
        let ephemeral = stage.settings.progress == Visibility::Ephemeral;
        attach(stage, at, self.order.channel_id, name, drawing, ephemeral)
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
        let mut draft = Draft::of_bot(self.order.application);
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

    /// Real: a new message without nonce or interaction; it refers to a message only if a button there asked for it.
    pub(super) fn deliver(&mut self, stage: &mut Stage<'_>, at: Duration) {
        let drawing = self.drawing(stage.settings);
        let stem = caption::file_stem(&self.order.user.name, &self.line.prompt, &self.id);
        let name = format!("{stem}.{}", drawing.extension());
        self.images.push(name.clone());
        let attachment = attach(stage, at, self.order.channel_id, name, drawing, false);
        let draft = Draft {
            kind: if self.order.refers_to().is_some() { 19 } else { 0 },
            refers_to: self.order.refers_to(),
            ..self.result(stage.settings, attachment)
        };
        stage.discord.post(at, self.order.channel_id, draft, None);
        self.state = State::Finished;
    }

    pub(super) fn drawing(&self, settings: &Settings) -> Drawing {
        let size = Size::of(&self.line.prompt, settings.pictures);
        let size = match self.order.work {
            // Inferred: what was upscaled is twice as wide, also where its button says more.
            Work::Upscale(_) => Size { width: size.width * 2, height: size.height * 2 },
            Work::MakeSquare => Size::of("", settings.pictures),
            Work::Imagine
            | Work::Blend
            | Work::Single
            | Work::Variation
            | Work::Reroll
            | Work::VaryStrong
            | Work::VarySubtle
            | Work::VaryRegion
            | Work::ZoomOut
            | Work::CustomZoom
            | Work::Pan(_)
            | Work::Animate(_)
            | Work::Extend(_) => size,
        };
        Drawing {
            job_id: self.id.clone(),
            prompt: self.line.prompt.clone(),
            view: self.view,
            format: match self.order.work.result() {
                Yield::Video => FileFormat::Mp4,
                Yield::Grid | Yield::One => settings.picture_format.into(),
            },
            size,
        }
    }

    /// The message of the finished job, with this file in it.
    pub(super) fn result(&self, settings: &Settings, attachment: Value) -> Draft {
        let line = Line {
            verb: self.order.work.verb_when_finished(self.order.remixed, self.strong),
            ..self.line.clone()
        };
        let size = Size::of(&self.line.prompt, settings.pictures);
        let is_square = size.width == size.height || self.order.work == Work::MakeSquare;
        let upscaled = component::Upscaled { job: &self.id, prompt: &self.line.prompt, is_square };
        Draft {
            content: match &self.order.parent {
                // Real: a picture taken out of a grid has a number and no mode (capture of July 2023).
                Some(parent) if self.order.work == Work::Single => {
                    caption::upscaled(&line.prompt, line.user, parent.image)
                }
                Some(_) | None => {
                    caption::finished(&line, self.running, settings.picture_format, &self.id, settings.era)
                }
            },
            mentions: vec![message::mention(&self.order.user)],
            attachments: vec![attachment],
            components: match self.order.work.result() {
                Yield::Grid => component::grid(&self.id, settings.new_button.as_deref()),
                Yield::One => component::upscaled(upscaled),
                Yield::Video => component::video(&self.id),
            },
            ..Draft::of_bot(self.order.application)
        }
    }

    /// The prompt as the bot repeats it.
    pub(super) fn shown(&self) -> &str {
        &self.line.prompt
    }

    pub(super) fn mode(&self) -> Mode {
        self.running.mode
    }

    pub(super) fn gpu_time(&self) -> Duration {
        self.order.work.gpu_time(self.running.mode)
    }

    pub(super) fn report(&self) -> JobReport {
        let mut report = JobReport {
            nonce: self.order.nonce.clone(),
            prompt: self.order.prompt.clone(),
            kind: self.order.work.name(),
            parent_message: self.order.refers_to().map(|id| id.to_string()),
            parent_job: self.order.parent.as_ref().map(|parent| parent.job_id.clone()),
            mode: self.running.mode.name(),
            state: self.state.name(),
            charged: 0,
            gpu_seconds: 0,
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
        report.gpu_seconds += if self.charged { self.gpu_time().as_secs() } else { 0 };
        report.executions += 1;
        report.job_ids.push(self.id.clone());
        report.images.extend(self.images.iter().cloned());
    }
}
