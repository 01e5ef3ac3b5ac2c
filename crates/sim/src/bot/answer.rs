//! Answers that are no pictures: to `/describe`, `/shorten`, `/info`, `/settings` and the like, and windows.
//!
//! Which request leads to which answer is `press`'s and the API's business; jobs are not answered here.

use std::time::Duration;

use serde_json::{Value, json};

use super::modal::{Follow, Modal};
use super::preference::Preferences;
use super::{Bot, Stage, attach, describe};
use crate::account::User;
use crate::component;
use crate::discord::Event;
use crate::message::{self, Application, Blanks, Draft, Interaction};
use crate::notice::{self, Notice};
use crate::settings::{Era, Mode, Plan, Settings, Visibility};
use crate::world::Due;

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    /// Four prompts for a picture; its link is shown beside them.
    Describe {
        /// By which the words are chosen.
        picture: String,
        link: Option<String>,
    },
    /// Other prompts for the same picture.
    DescribeAgain {
        message_id: u64,
    },
    Shorten {
        prompt: String,
    },
    Info,
    Settings,
    /// The settings once more, in the message that was pressed.
    SettingsAgain {
        message_id: u64,
    },
    /// A finished job's message once more.
    Show {
        job_id: String,
    },
    /// Plain words.
    Text(String),
    /// An embed.
    Card {
        title: &'static str,
        text: String,
    },
    Notice(&'static Notice, String),
    Window(Box<Modal>),
    Frame(Box<Follow>),
}

impl Ask {
    /// Whether an empty answer comes first and is filled later (real for `/info`; peer for `/describe` and `/shorten`).
    fn is_deferred(&self) -> bool {
        match self {
            Self::Describe { .. } | Self::Shorten { .. } | Self::Info => true,
            Self::DescribeAgain { .. }
            | Self::Settings
            | Self::SettingsAgain { .. }
            | Self::Show { .. }
            | Self::Text(_)
            | Self::Card { .. }
            | Self::Notice(..)
            | Self::Window(_)
            | Self::Frame(_) => false,
        }
    }

    fn visibility(&self, settings: &Settings) -> Visibility {
        match self {
            // Peer: described and shortened prompts are there for everybody, and so is a shown job.
            Self::Describe { .. } | Self::DescribeAgain { .. } | Self::Shorten { .. } | Self::Show { .. } => {
                Visibility::Visible
            }
            Self::Notice(..) => settings.errors,
            Self::Info
            | Self::Settings
            | Self::SettingsAgain { .. }
            | Self::Text(_)
            | Self::Card { .. }
            | Self::Window(_)
            | Self::Frame(_) => settings.answers,
        }
    }
}

/// What is due of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerStep {
    /// Discord tells the session that the interaction exists.
    Acknowledge,
    /// The empty answer.
    Think,
    /// The answer.
    Tell,
}

/// An answer on its way.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    application: Application,
    user: User,
    channel_id: u64,
    nonce: Option<String>,
    /// The command's name; empty for a button's.
    command: &'static str,
    ask: Ask,
    interaction_id: u64,
    message_id: Option<u64>,
    /// The message whose button was pressed.
    refers_to: Option<u64>,
}

/// What a described or shortened message says, for its buttons.
#[derive(Clone, Debug)]
pub(super) struct Told {
    prompts: Vec<String>,
    picture: String,
    link: Option<String>,
    turn: u32,
}

impl Answer {
    pub(crate) fn new(
        application: Application,
        user: User,
        channel_id: u64,
        nonce: Option<String>,
        command: &'static str,
        ask: Ask,
    ) -> Self {
        Self {
            application,
            user,
            channel_id,
            nonce,
            command,
            ask,
            interaction_id: 0,
            message_id: None,
            refers_to: None,
        }
    }

    /// The same, asked for by a button of this message.
    pub(super) fn under(self, message_id: u64) -> Self {
        Self { refers_to: Some(message_id), ..self }
    }

    fn tell(&self, stage: &mut Stage<'_>, at: Duration, name: &'static str) {
        self.emit(stage, at, name, json!({ "id": self.interaction_id.to_string() }));
    }

    fn emit(&self, stage: &mut Stage<'_>, at: Duration, name: &'static str, mut data: Value) {
        data["nonce"] = json!(self.nonce);
        let only_for = Some(self.user.id);
        stage.discord.emit(Event { at, only_for, channel_id: self.channel_id, name, data });
    }

    /// A message that answers the interaction; what a button asked for has no nonce, but a reference (real: 2023).
    fn draft(&self, settings: &Settings) -> Draft {
        let of_command = self.refers_to.is_none();
        Draft {
            kind: if of_command { 20 } else { 19 },
            mentions: vec![message::mention(&self.user)],
            nonce: self.nonce.clone().filter(|_| of_command),
            interaction: of_command.then(|| Interaction {
                id: self.interaction_id,
                user: self.user.clone(),
                name: self.command,
                metadata: settings.era == Era::E2026,
            }),
            refers_to: self.refers_to,
            from_application: true,
            ..Draft::of_bot(self.application)
        }
    }
}

impl Bot {
    /// Answers a command or a button, a little later.
    pub(crate) fn respond(&mut self, stage: &mut Stage<'_>, at: Duration, answer: Answer) {
        let index = self.answers.len();
        let timing = &stage.settings.timing;
        let span = |span: Duration| span.div_f64(stage.settings.speed);
        let reply = at + span(timing.reply.max(timing.interaction));
        let deferred = answer.ask.is_deferred();
        let tell = if deferred { reply + span(timing.answer) } else { reply };
        let mut due = vec![(at + span(timing.interaction), AnswerStep::Acknowledge)];
        due.extend(deferred.then_some((reply, AnswerStep::Think)));
        due.push((tell, AnswerStep::Tell));
        self.answers.push(answer);
        for (at, step) in due {
            stage.timers.set(at, Due::Answer { index, step });
        }
    }

    /// Does a step of an answer.
    pub(crate) fn answer_step(
        &mut self,
        stage: &mut Stage<'_>,
        at: Duration,
        index: usize,
        step: AnswerStep,
    ) {
        let Some(answer) = self.answers.get_mut(index) else { return };
        match step {
            AnswerStep::Acknowledge => {
                answer.interaction_id = stage.discord.next_id(at);
                answer.tell(stage, at, "INTERACTION_CREATE");
            }
            AnswerStep::Think => {
                answer.tell(stage, at, "INTERACTION_SUCCESS");
                let only_for = only_for(answer, stage.settings);
                let draft = Draft { loading: true, ..answer.draft(stage.settings) };
                answer.message_id = stage.discord.post(at, answer.channel_id, draft, only_for.as_ref());
            }
            AnswerStep::Tell => {
                let answer = answer.clone();
                self.say(stage, at, &answer);
            }
        }
    }

    fn say(&mut self, stage: &mut Stage<'_>, at: Duration, answer: &Answer) {
        match &answer.ask {
            Ask::Window(modal) => {
                // Inferred: a window is no answer, so INTERACTION_SUCCESS does not come.
                let modal = modal.as_ref().clone();
                let data = self.open_modal(stage, at, &answer.user, answer.channel_id, modal);
                answer.emit(stage, at, "INTERACTION_MODAL_CREATE", data);
            }
            Ask::Frame(follow) => {
                let follow = follow.as_ref().clone();
                let data = self.open_frame(stage, at, &answer.user, answer.channel_id, follow);
                answer.emit(stage, at, "INTERACTION_IFRAME_MODAL_CREATE", data);
            }
            Ask::Describe { picture, link } => {
                let prompts = describe::prompts(picture, 0);
                let told = Told { prompts, picture: picture.clone(), link: link.clone(), turn: 0 };
                let (embed, components) = described(&told);
                let id = post(stage, at, answer, |draft| Draft { embeds: vec![embed], components, ..draft });
                self.remember(id, told);
            }
            Ask::DescribeAgain { message_id } => {
                let Some(told) = self.told.get_mut(message_id) else { return };
                told.turn += 1;
                told.prompts = describe::prompts(&told.picture, told.turn);
                let (embed, components) = described(told);
                change(stage, at, answer, *message_id, &embed, &components);
            }
            Ask::Shorten { prompt } => {
                let (tokens, prompts) = describe::shorten(prompt);
                let (embed, components) = (shortened(&tokens, &prompts), component::shortened(prompts.len()));
                let told = Told { prompts, picture: String::new(), link: None, turn: 0 };
                let id = post(stage, at, answer, |draft| Draft { embeds: vec![embed], components, ..draft });
                self.remember(id, told);
            }
            Ask::Info => {
                let embed = self.info(stage, at, &answer.user);
                post(stage, at, answer, |draft| Draft { embeds: vec![embed], ..draft });
            }
            Ask::Settings => {
                let components = settings_panel(self.account(answer.user.id, stage.settings), stage.settings);
                let embed = json!({ "type": "rich", "title": "Settings", "description": "Your settings." });
                post(stage, at, answer, |draft| Draft { embeds: vec![embed], components, ..draft });
            }
            Ask::SettingsAgain { message_id } => {
                let components = settings_panel(self.account(answer.user.id, stage.settings), stage.settings);
                let embed = json!({ "type": "rich", "title": "Settings", "description": "Your settings." });
                change(stage, at, answer, *message_id, &embed, &components);
            }
            Ask::Show { job_id } => self.show(stage, at, answer, job_id),
            Ask::Text(text) => {
                let content = text.clone();
                post(stage, at, answer, |draft| Draft { content, ..draft });
            }
            Ask::Card { title, text } => {
                let embed = json!({ "type": "rich", "title": title, "description": text });
                post(stage, at, answer, |draft| Draft { embeds: vec![embed], ..draft });
            }
            Ask::Notice(notice, detail) => say_notice(stage, at, answer, notice, detail),
        }
    }

    fn remember(&mut self, message_id: Option<u64>, told: Told) {
        if let Some(id) = message_id {
            self.told.insert(id, told);
        }
    }

    /// The prompt that a described or shortened message has under this number.
    pub(super) fn told(&self, message_id: u64, which: u8) -> Option<String> {
        self.told.get(&message_id)?.prompts.get(usize::from(which).checked_sub(1)?).cloned()
    }

    /// Inferred: only the account's own finished jobs are shown.
    fn show(&mut self, stage: &mut Stage<'_>, at: Duration, answer: &Answer, job_id: &str) {
        let found = self.job_of(job_id).filter(|job| job.order.user.id == answer.user.id);
        let Some((job, name)) = found.and_then(|job| Some((job, job.images.last()?.clone()))) else {
            let detail = format!("No job of yours has the id `{job_id}`.");
            say_notice(stage, at, answer, &notice::INVALID_VALUE, &detail);
            return;
        };
        let drawing = job.drawing(stage.settings);
        let attachment = attach(stage, at, answer.channel_id, name, drawing, false);
        let result = job.result(stage.settings, attachment);
        post(stage, at, answer, |draft| Draft {
            content: result.content,
            attachments: result.attachments,
            components: result.components,
            ..draft
        });
    }

    /// What `/info` says (real: the text by erictik, 2023), from the world's true state.
    fn info(&mut self, stage: &Stage<'_>, at: Duration, user: &User) -> Value {
        let (queued, relaxed_queued, running) = self.load(user.id);
        let account = self.account(user.id, stage.settings).clone();
        let (plan, hours) = match stage.settings.plan {
            Plan::Basic => ("Basic", 3.3),
            Plan::Pro => ("Pro", 30.0),
        };
        let hours_of = |span: Duration| span.as_secs_f64() / 3_600.0;
        let left = (hours - hours_of(account.fast_used)).max(0.0);
        let renews = stage.discord.wall.unix_seconds(at) + 30 * 86_400;
        let mode = match account.mode {
            Mode::Fast => "Fast",
            Mode::Relaxed => "Relax",
            Mode::Turbo => "Turbo",
        };
        let line = |name: &str, value: &str| format!("{:<32}{value}", format!("**{name}**:"));
        let lifetime = account.fast_used + account.relaxed_used;
        let description = [
            line("Subscription", &format!("{plan} (Active monthly, renews next on <t:{renews}>)")),
            line("Job Mode", mode),
            line("Visibility Mode", if account.stealth { "Stealth" } else { "Public" }),
            line(
                "Fast Time Remaining",
                &format!("{left:.2}/{hours:.1} hours ({:.2}%)", left / hours * 100.0),
            ),
            line("Lifetime Usage", &format!("{} images ({:.2} hours)", account.images, hours_of(lifetime))),
            line(
                "Relaxed Usage",
                &format!("{} images ({:.2} hours)", account.relaxed_images, hours_of(account.relaxed_used)),
            ),
            String::new(),
            line("Queued Jobs (fast)", &queued.to_string()),
            line("Queued Jobs (relax)", &relaxed_queued.to_string()),
            // Real: "None"; what stands there while jobs run is inferred.
            line("Running Jobs", &if running == 0 { "None".to_owned() } else { running.to_string() }),
        ]
        .join("\n");
        json!({ "type": "rich", "title": format!("Your info - {}", user.name), "description": description })
    }
}

/// Posts an answer, or fills the empty one that was posted before.
fn post(
    stage: &mut Stage<'_>,
    at: Duration,
    answer: &Answer,
    with: impl FnOnce(Draft) -> Draft,
) -> Option<u64> {
    let draft = with(answer.draft(stage.settings));
    let Some(id) = answer.message_id else {
        answer.tell(stage, at, "INTERACTION_SUCCESS");
        let only_for = only_for(answer, stage.settings);
        return stage.discord.post(at, answer.channel_id, draft, only_for.as_ref());
    };
    stage.discord.edit(at, answer.channel_id, id, |message| {
        message["content"] = json!(draft.content);
        message["embeds"] = json!(draft.embeds);
        message["components"] = json!(draft.components);
        message["attachments"] = json!(draft.attachments);
        message["flags"] = json!(message["flags"].as_u64().unwrap_or_default() & !message::LOADING);
    });
    Some(id)
}

fn change(
    stage: &mut Stage<'_>,
    at: Duration,
    answer: &Answer,
    message_id: u64,
    embed: &Value,
    components: &[Value],
) {
    answer.tell(stage, at, "INTERACTION_SUCCESS");
    stage.discord.edit(at, answer.channel_id, message_id, |message| {
        message["embeds"] = json!([embed]);
        message["components"] = json!(components);
    });
}

fn say_notice(stage: &mut Stage<'_>, at: Duration, answer: &Answer, notice: &Notice, detail: &str) {
    let mut draft = answer.draft(stage.settings);
    let blanks = Blanks {
        prompt: "",
        detail,
        unix_seconds: stage.discord.wall.unix_seconds(at),
        id: "",
        origin: &stage.settings.origin,
    };
    message::put_notice(&mut draft, notice, blanks);
    post(stage, at, answer, |_| draft);
}

fn only_for(answer: &Answer, settings: &Settings) -> Option<User> {
    (answer.ask.visibility(settings) == Visibility::Ephemeral).then(|| answer.user.clone())
}

/// Real: four prompts with keycaps, a blank line between (peer: erictik splits there, ihmily knows the keycaps).
fn described(told: &Told) -> (Value, Vec<Value>) {
    let lines = told.prompts.iter().zip(component::KEYCAPS);
    let text = lines.map(|(prompt, keycap)| format!("{keycap} {prompt}")).collect::<Vec<_>>().join("\n\n");
    let mut embed = json!({ "type": "rich", "description": text });
    if let Some(link) = &told.link {
        embed["image"] = json!({ "url": link, "width": 512, "height": 512 });
    }
    (embed, component::described())
}

/// Peer: the headings, keycaps and footer (trueai, erictik). Inferred: the weights behind the tokens.
fn shortened(tokens: &[(String, f64)], prompts: &[String]) -> Value {
    let tokens = tokens.iter().map(|(word, weight)| {
        if *weight < 0.2 { format!("~~{word}~~") } else { format!("**{word}** ({weight:.2})") }
    });
    let lines = prompts.iter().zip(component::KEYCAPS);
    let lines: Vec<_> = lines.map(|(prompt, keycap)| format!("{keycap} {prompt}")).collect();
    let text = format!(
        "## Important tokens\n{}\n## Shortened prompts\n{}",
        tokens.collect::<Vec<_>>().join(" "),
        lines.join("\n\n")
    );
    json!({
        "type": "rich",
        "title": "Shorten result",
        "description": text,
        "footer": { "text": "Click on a button to imagine one of the shortened prompts" },
    })
}

/// The versions that the settings offer, and what each appends.
const VERSIONS: [(&str, &str); 7] = [
    ("Midjourney Model V5.1", "--v 5.1"),
    ("Midjourney Model V5.2", "--v 5.2"),
    ("Midjourney Model V6.1", "--v 6.1"),
    ("Midjourney Model V7", "--v 7.0"),
    ("Niji Model V5", "--niji 5"),
    ("Niji Model V6", "--niji 6"),
    ("Niji Model V7", "--niji 7"),
];

/// The settings' buttons; what is on is green (peer: trueai reads style 3 as on).
///
/// Peer: `VersionSelector`, `RelaxMode::on|off` (erictik) and `HighVariabilityMode::1` (trueai); the other ids are
/// inferred from them.
fn settings_panel(account: &Preferences, settings: &Settings) -> Vec<Value> {
    let version = account.version(settings);
    let options: Vec<_> = VERSIONS
        .iter()
        .map(|(label, value)| json!({ "label": label, "value": value, "default": *value == version }))
        .collect();
    let select = json!({
        "type": 3,
        "custom_id": "MJ::Settings::VersionSelector",
        "placeholder": version,
        "min_values": 1,
        "max_values": 1,
        "options": options,
    });
    let button = |label: &str, on: bool, id: &str| {
        component::button(label, if on { 3 } else { 2 }, &format!("MJ::Settings::{id}"))
    };
    vec![
        component::row(&[select]),
        component::row(&[
            button("Public mode", !account.stealth, "PublicMode::1"),
            button("Stealth mode", account.stealth, "StealthMode::1"),
            button("Remix mode", account.remix, "RemixMode::1"),
            button("High Variation Mode", account.strong, "HighVariabilityMode::1"),
            button("Low Variation Mode", !account.strong, "HighVariabilityMode::0"),
        ]),
        component::row(&[
            button("Turbo mode", account.mode == Mode::Turbo, "TurboMode::on"),
            button("Fast mode", account.mode == Mode::Fast, "RelaxMode::off"),
            button("Relax mode", account.mode == Mode::Relaxed, "RelaxMode::on"),
            component::button("Reset Settings", 2, "MJ::Settings::Reset"),
        ]),
    ]
}

/// Changes a setting as its button says; nothing if there is no such.
pub(super) fn adjust(account: &mut Preferences, what: &[&str], values: &[String]) -> bool {
    match what {
        ["VersionSelector"] => account.version = values.first().cloned(),
        ["PublicMode", ..] => account.stealth = false,
        ["StealthMode", ..] => account.stealth = true,
        ["RemixMode", ..] => account.remix = !account.remix,
        ["HighVariabilityMode", "1"] => account.strong = true,
        ["HighVariabilityMode", ..] => account.strong = false,
        ["TurboMode", ..] => account.mode = Mode::Turbo,
        ["RelaxMode", "on"] => account.mode = Mode::Relaxed,
        ["RelaxMode", ..] => account.mode = Mode::Fast,
        ["Reset"] => {
            account.version = None;
            account.suffix = None;
            account.remix = false;
            account.strong = true;
            account.stealth = false;
            account.mode = Mode::Fast;
        }
        _ => return false,
    }
    true
}
