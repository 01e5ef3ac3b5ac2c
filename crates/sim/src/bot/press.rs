//! Pressed buttons and chosen options: what each starts, opens or changes; unknown ones meet silence.
//!
//! It synthesises no button: only what stands on a message can be pressed.

use std::time::Duration;

use serde_json::{Value, json};

use super::answer::{Answer, Ask};
use super::job::{Order, Parent};
use super::modal::{Follow, Modal, mark_pressed, order_of};
use super::work::{Motion, Side, Upscaler, Work};
use super::{Bot, Stage, State, Step};
use crate::account::User;
use crate::component;
use crate::discord::Event;
use crate::message::{Application, EPHEMERAL};
use crate::notice;
use crate::scenario::Course;
use crate::world::Due;

/// A button pressed by an account.
#[derive(Clone, Debug)]
pub(crate) struct Press {
    /// Whose button it is said to be.
    pub(crate) application: Application,
    pub(crate) user: User,
    pub(crate) channel_id: u64,
    pub(crate) message_id: u64,
    pub(crate) message_flags: u64,
    pub(crate) nonce: Option<String>,
    pub(crate) custom_id: String,
    /// What was chosen in a select.
    pub(crate) values: Vec<String>,
    /// What happens to a job that this starts.
    pub(crate) course: Course,
}

impl Bot {
    /// Takes a pressed button.
    ///
    /// Real: a wrong id or flag is answered with 204 and nothing happens (yokonsan/midjourney-api#36).
    pub(crate) fn press(&mut self, stage: &mut Stage<'_>, at: Duration, press: &Press) {
        let Some(message) = stage.discord.channels.get(&press.channel_id).and_then(|channel| {
            let message = channel.messages.get(&press.message_id)?;
            message.only_for.is_none_or(|user| user == press.user.id).then_some(message)
        }) else {
            return;
        };
        let flags = message.json["flags"].as_u64().unwrap_or_default() & EPHEMERAL;
        let Some(pressed) = component::find(&message.json, &press.custom_id) else { return };
        // Inferred: another application's button is no button.
        let is_theirs = message.author_id == press.application.id;
        if !is_theirs || press.message_flags & EPHEMERAL != flags || !may_choose(pressed, &press.values) {
            return;
        }
        let parts: Vec<&str> = press.custom_id.split("::").collect();
        match parts.as_slice() {
            ["MJ", "CancelJob", "ByJobid", job] => {
                acknowledge(stage, at, press);
                self.cancel(stage, at, job, press.user.id);
            }
            ["MJ", "JOB", "upsample", image, job] => self.take_out(stage, at, press, job, number(image)),
            ["MJ", "JOB", "variation", image, job] => {
                self.follow(stage, at, press, Work::Variation, job, number(image));
            }
            ["MJ", "JOB", "reroll", _, job, ..] => self.follow(stage, at, press, Work::Reroll, job, 1),
            ["MJ", "JOB", what, image, job, ..] => {
                if let Some(work) = job_work(what) {
                    self.follow(stage, at, press, work, job, number(image));
                }
            }
            ["MJ", "Outpaint", "100", _, job, ..] => self.follow(stage, at, press, Work::MakeSquare, job, 1),
            ["MJ", "Outpaint", _, _, job, ..] => self.follow(stage, at, press, Work::ZoomOut, job, 1),
            ["MJ", "CustomZoom", job] => self.follow(stage, at, press, Work::CustomZoom, job, 1),
            ["MJ", "Inpaint", _, job, ..] => self.follow(stage, at, press, Work::VaryRegion, job, 1),
            ["MJ", "BOOKMARK", job] => self.bookmark(stage, at, press, job),
            ["MJ", "Settings", rest @ ..] => self.adjust(stage, at, press, rest),
            ["MJ", "Job", "PicReader", "all"] => self.imagine_all(stage, at, press),
            ["MJ", "Job", "PicReader", which] => self.choose(stage, at, press, number(which), true),
            ["MJ", "Job", "PromptAnalyzer", which] => self.choose(stage, at, press, number(which), false),
            ["MJ", "Picread", "Retry"] => {
                self.answer_press(stage, at, press, Ask::DescribeAgain { message_id: press.message_id });
            }
            _ => {}
        }
    }

    /// Starts what a button under a job's result asks for, or opens its window.
    fn follow(
        &mut self,
        stage: &mut Stage<'_>,
        at: Duration,
        press: &Press,
        work: Work,
        job: &str,
        image: u8,
    ) {
        let Some(known) = self.job_of(job) else { return };
        let follow = Follow {
            application: press.application,
            work,
            parent: Parent { message_id: press.message_id, job_id: job.to_owned(), image },
            shown: known.shown().to_owned(),
            sent: known.order.prompt.clone(),
            custom_id: press.custom_id.clone(),
        };
        if work == Work::VaryRegion {
            self.answer_press(stage, at, press, Ask::Frame(Box::new(follow)));
            return;
        }
        let account = self.account(press.user.id, stage.settings);
        let (remix, strong) = (account.remix, account.strong);
        if let Some(modal) = window(&follow, remix, strong) {
            self.answer_press(stage, at, press, Ask::Window(Box::new(modal)));
            return;
        }
        if matches!(work, Work::Upscale(_)) && self.slows_down(stage, at, press, job) {
            return;
        }
        mark_pressed(stage, at, &follow, press.channel_id);
        let order = order_of(&press.user, press.channel_id, &follow, None, press.course);
        self.take(stage, at, Order { nonce: press.nonce.clone(), ..order });
    }

    /// U1 to U4: the picture comes by itself, without waiting or progress (real: a peer's collected lines).
    fn take_out(&mut self, stage: &mut Stage<'_>, at: Duration, press: &Press, job: &str, image: u8) {
        if self.slows_down(stage, at, press, job) {
            return;
        }
        let Some(known) = self.job_of(job) else { return };
        let follow = Follow {
            application: press.application,
            work: Work::Single,
            parent: Parent { message_id: press.message_id, job_id: job.to_owned(), image },
            shown: known.shown().to_owned(),
            sent: known.order.prompt.clone(),
            custom_id: press.custom_id.clone(),
        };
        acknowledge(stage, at, press);
        mark_pressed(stage, at, &follow, press.channel_id);
        let course = Course::Render(crate::scenario::Ending::Deliver);
        let order = order_of(&press.user, press.channel_id, &follow, None, course);
        let (key, _) = self.add(stage, at, Order { nonce: press.nonce.clone(), ..order });
        let span = stage.settings.timing.upscale.div_f64(stage.settings.speed);
        stage.timers.set(at + span, Due::Bot { job: key, step: Step::Deliver });
    }

    /// Whether the same upscale of the same picture was asked for just now; says so if it was.
    ///
    /// Peer: the notice, a reply without nonce (Mutiny's tests, 2026). Inferred: for which buttons and how long.
    fn slows_down(&mut self, stage: &mut Stage<'_>, at: Duration, press: &Press, job: &str) -> bool {
        let cooldown = stage.settings.upscale_cooldown.div_f64(stage.settings.speed);
        let key = (job.to_owned(), press.custom_id.clone());
        if self.cooldowns.get(&key).is_none_or(|until| *until <= at) {
            self.cooldowns.insert(key, at + cooldown);
            return false;
        }
        self.answer_press(stage, at, press, Ask::Notice(&notice::SLOW_DOWN, String::new()));
        true
    }

    fn cancel(&mut self, stage: &mut Stage<'_>, at: Duration, id: &str, user: u64) {
        let Some(key) = self.by_id.get(id).copied() else { return };
        let Some(job) = self.jobs.get_mut(&key).filter(|job| job.order.user.id == user) else { return };
        if !job.state.is_over() {
            job.stop(stage, at, State::Cancelled);
            self.release(stage, at, key);
        }
    }

    /// Cancels the job that a message shows (the message command "Cancel Job").
    pub(crate) fn cancel_shown(
        &mut self,
        stage: &mut Stage<'_>,
        at: Duration,
        message: &Value,
        user: u64,
    ) -> bool {
        let rows = message["components"].as_array().into_iter().flatten();
        let mut ids = rows.filter_map(|row| row["components"].as_array()).flatten();
        let job =
            ids.find_map(|button| button["custom_id"].as_str()?.strip_prefix("MJ::CancelJob::ByJobid::"));
        job.is_some_and(|job| {
            self.cancel(stage, at, job, user);
            true
        })
    }

    fn bookmark(&mut self, stage: &mut Stage<'_>, at: Duration, press: &Press, job: &str) {
        let hearts = &mut self.account(press.user.id, stage.settings).hearts;
        let loved = hearts.insert(job.to_owned()) || !hearts.remove(job);
        acknowledge(stage, at, press);
        // Inferred: the heart is pressed in and out.
        stage.discord.edit(at, press.channel_id, press.message_id, |message| {
            component::restyle(message, &press.custom_id, if loved { 1 } else { 2 });
        });
    }

    /// Peer: a described prompt is edited in a window first (trueai); a shortened one as well.
    fn choose(&mut self, stage: &mut Stage<'_>, at: Duration, press: &Press, which: u8, described: bool) {
        let Some(prompt) = self.told(press.message_id, which) else { return };
        let (custom_id, field, title) = if described {
            let custom_id = format!("MJ::Picreader::Modal::{which}");
            (custom_id, "MJ::Picreader::Modal::PromptField", "Imagine This!")
        } else {
            (
                format!("MJ::ImagineModal::{}", press.message_id),
                "MJ::ImagineModal::new_prompt",
                "Imagine This!",
            )
        };
        let modal = Modal {
            title,
            custom_id,
            field,
            label: "Prompt".to_owned(),
            value: prompt.clone(),
            then: told_follow(press, prompt, which),
        };
        self.answer_press(stage, at, press, Ask::Window(Box::new(modal)));
    }

    /// Peer: all four at once, without a window (trueai).
    fn imagine_all(&mut self, stage: &mut Stage<'_>, at: Duration, press: &Press) {
        for which in 1..=4 {
            let Some(prompt) = self.told(press.message_id, which) else { return };
            let follow = told_follow(press, prompt, which);
            mark_pressed(stage, at, &follow, press.channel_id);
            let order = order_of(&press.user, press.channel_id, &follow, None, press.course);
            let order = Order { nonce: press.nonce.clone(), part: u32::from(which) - 1, ..order };
            self.take(stage, at, order);
        }
    }

    fn adjust(&mut self, stage: &mut Stage<'_>, at: Duration, press: &Press, what: &[&str]) {
        let account = self.account(press.user.id, stage.settings);
        if !super::answer::adjust(account, what, &press.values) {
            return;
        }
        self.answer_press(stage, at, press, Ask::SettingsAgain { message_id: press.message_id });
    }

    fn answer_press(&mut self, stage: &mut Stage<'_>, at: Duration, press: &Press, ask: Ask) {
        let answer = Answer::new(
            press.application,
            press.user.clone(),
            press.channel_id,
            press.nonce.clone(),
            "",
            ask,
        )
        .under(press.message_id);
        self.respond(stage, at, answer);
    }
}

/// A described or shortened prompt as something to make.
fn told_follow(press: &Press, prompt: String, which: u8) -> Follow {
    Follow {
        application: press.application,
        work: Work::Imagine,
        parent: Parent { message_id: press.message_id, job_id: String::new(), image: which },
        shown: prompt.clone(),
        sent: prompt,
        custom_id: press.custom_id.clone(),
    }
}

/// The window that a button opens first: always for a custom zoom, else in remix mode.
///
/// Peer: the custom ids and fields (trueai, Mutiny); real for the remix of a variation (capture of August 2023).
fn window(follow: &Follow, remix: bool, strong: bool) -> Option<Modal> {
    let Parent { message_id, job_id: job, image } = &follow.parent;
    let remix_modal = |strong: bool| {
        let custom_id = format!("MJ::RemixModal::{job}::{image}::{}", u8::from(strong));
        ("Remix Prompt", custom_id, "MJ::RemixModal::new_prompt", format!("New prompt for image #{image}"))
    };
    let animate = |motion: Motion, extends: u8| {
        let custom_id = format!("MJ::AnimateModal::{job}::{image}::{}::{extends}", motion.name());
        ("Animate", custom_id, "MJ::AnimateModal::prompt", "Prompt".to_owned())
    };
    let (title, custom_id, field, label) = match follow.work {
        Work::CustomZoom => (
            "Zoom Out",
            format!("MJ::OutpaintCustomZoomModal::{job}"),
            "MJ::OutpaintCustomZoomModal::prompt",
            "Custom Zoom".to_owned(),
        ),
        Work::Imagine | Work::Blend | Work::Single | Work::VaryRegion | Work::Upscale(_) => return None,
        Work::Variation
        | Work::Reroll
        | Work::VaryStrong
        | Work::VarySubtle
        | Work::ZoomOut
        | Work::MakeSquare
        | Work::Pan(_)
        | Work::Animate(_)
        | Work::Extend(_)
            if !remix =>
        {
            return None;
        }
        Work::Variation => remix_modal(strong),
        Work::VaryStrong => remix_modal(true),
        Work::VarySubtle => remix_modal(false),
        Work::Reroll => (
            "Imagine This!",
            format!("MJ::ImagineModal::{message_id}"),
            "MJ::ImagineModal::new_prompt",
            "Prompt".to_owned(),
        ),
        Work::ZoomOut | Work::MakeSquare => (
            "Zoom Out",
            format!("MJ::OutpaintModal::-1::1::{job}"),
            "MJ::OutpaintModal::new_prompt",
            "Prompt".to_owned(),
        ),
        Work::Pan(side) => (
            "Pan",
            format!("MJ::PanModal::{}::{job}", side.name()),
            "MJ::PanModal::prompt",
            "Prompt".to_owned(),
        ),
        Work::Animate(motion) => animate(motion, 0),
        Work::Extend(motion) => animate(motion, 1),
    };
    let value = if follow.work == Work::CustomZoom {
        format!("{} --zoom 2", follow.shown)
    } else {
        follow.shown.clone()
    };
    Some(Modal { title, custom_id, field, label, value, then: follow.clone() })
}

/// What a custom id of the form `MJ::JOB::<what>::…` starts.
fn job_work(what: &str) -> Option<Work> {
    if let Some((_, upscaler)) = what.strip_prefix("upsample_v").and_then(|rest| rest.split_once('_')) {
        return Some(Work::Upscale(match upscaler {
            "2x" => Upscaler::Double,
            "4x" => Upscaler::Fourfold,
            "2x_subtle" => Upscaler::Subtle,
            "2x_creative" => Upscaler::Creative,
            _ => return None,
        }));
    }
    if let Some(side) = what.strip_prefix("pan_") {
        return Side::ALL.iter().find(|(name, _)| *name == side).map(|(_, side)| Work::Pan(*side));
    }
    match what {
        "high_variation" => Some(Work::VaryStrong),
        "low_variation" => Some(Work::VarySubtle),
        "animate_high" => Some(Work::Animate(Motion::High)),
        "animate_low" => Some(Work::Animate(Motion::Low)),
        "animate_high_extend" => Some(Work::Extend(Motion::High)),
        "animate_low_extend" => Some(Work::Extend(Motion::Low)),
        _ => None,
    }
}

/// Whether these values can be chosen: none of a button, one of a select's options.
fn may_choose(pressed: &Value, values: &[String]) -> bool {
    if pressed["type"] != 3 {
        return values.is_empty();
    }
    let options = pressed["options"].as_array().map(Vec::as_slice).unwrap_or_default();
    values.len() == 1 && options.iter().any(|option| option["value"] == *values[0])
}

fn number(text: &str) -> u8 {
    text.parse().unwrap_or(1)
}

fn acknowledge(stage: &mut Stage<'_>, at: Duration, press: &Press) {
    let id = stage.discord.next_id(at);
    for name in ["INTERACTION_CREATE", "INTERACTION_SUCCESS"] {
        let data = json!({ "id": id.to_string(), "nonce": press.nonce });
        let only_for = Some(press.user.id);
        stage.discord.emit(Event { at, only_for, channel_id: press.channel_id, name, data });
    }
}
