//! Pressed buttons: U1 to U4, V1 to V4, reroll and Cancel Job are answered, all others meet silence.
//!
//! It synthesises no button: only what stands on a message can be pressed.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Bot, Order, Origin, Stage, State, attach, uuid};
use crate::account::User;
use crate::caption;
use crate::discord::Event;
use crate::message::{self, Draft, EPHEMERAL};
use crate::picture::{Drawing, Size, View};
use crate::scenario::Course;
use crate::world::Due;

/// A button pressed by an account.
#[derive(Clone, Debug)]
pub(crate) struct Press {
    pub(crate) user: User,
    pub(crate) channel_id: u64,
    pub(crate) message_id: u64,
    pub(crate) message_flags: u64,
    pub(crate) nonce: Option<String>,
    pub(crate) custom_id: String,
    /// What happens to a job that this starts.
    pub(crate) course: Course,
}

/// An upscale on its way.
#[derive(Clone, Debug)]
pub(crate) struct Upscale {
    user: User,
    channel_id: u64,
    grid: u64,
    image: u8,
    prompt: String,
    grid_seed: u64,
    id: String,
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
        if !has_button(&message.json, &press.custom_id) || press.message_flags & EPHEMERAL != flags {
            return;
        }
        let grid = press.message_id;
        match press.custom_id.split("::").collect::<Vec<_>>().as_slice() {
            ["MJ", "CancelJob", "ByJobid", job] => {
                acknowledge(stage, at, press);
                self.cancel(stage, at, job, press.user.id);
            }
            ["MJ", "JOB", "upsample", image, job] => {
                acknowledge(stage, at, press);
                self.upscale(stage, at, press, image.parse().unwrap_or(1), job);
            }
            ["MJ", "JOB", "variation", _, job] => {
                self.again(stage, at, press, job, Origin::Variation { grid });
            }
            ["MJ", "JOB", "reroll", _, job, ..] => self.again(stage, at, press, job, Origin::Reroll { grid }),
            _ => {}
        }
    }

    /// Runs the prompt of a finished job once more.
    fn again(&mut self, stage: &mut Stage<'_>, at: Duration, press: &Press, job: &str, origin: Origin) {
        let Some(known) = self.jobs.values().find(|known| known.id == job) else { return };
        let order = Order {
            user: press.user.clone(),
            channel_id: press.channel_id,
            nonce: press.nonce.clone(),
            prompt: known.order.prompt.clone(),
            origin,
            course: press.course,
            stranger: false,
        };
        stage
            .discord
            .edit(at, press.channel_id, press.message_id, |message| mark_used(message, &press.custom_id));
        self.imagine(stage, at, order);
    }

    fn cancel(&mut self, stage: &mut Stage<'_>, at: Duration, id: &str, user: u64) {
        let found = self.jobs.iter_mut().find(|(_, job)| job.id == id && job.order.user.id == user);
        let Some((key, job)) = found.filter(|(_, job)| !job.state.is_over()) else { return };
        let key = *key;
        job.stop(stage, at, State::Cancelled);
        self.release(stage, at, key);
    }

    fn upscale(&mut self, stage: &mut Stage<'_>, at: Duration, press: &Press, image: u8, job: &str) {
        // Real: a used button turns blue.
        stage.discord.edit(at, press.channel_id, press.message_id, |message| {
            mark_used(message, &press.custom_id);
        });
        let prompt = self.jobs.values().find(|known| known.id == job).map(|job| job.order.prompt.clone());
        let upscale = Upscale {
            user: press.user.clone(),
            channel_id: press.channel_id,
            grid: press.message_id,
            image,
            prompt: caption::rewritten(&prompt.unwrap_or_default(), stage.settings.suffix()),
            grid_seed: caption::fold(0, job),
            id: uuid(&mut self.random),
        };
        let index = self.upscales.len();
        self.upscales.push(upscale);
        let span = stage.settings.timing.upscale.div_f64(stage.settings.speed);
        stage.timers.set(at + span, Due::Upscale { index });
    }

    /// Posts an upscaled picture: type 19, a reply to its grid, without a mode (real: capture of July 2023).
    pub(crate) fn deliver_upscale(&self, stage: &mut Stage<'_>, at: Duration, index: usize) {
        let Some(upscale) = self.upscales.get(index).cloned() else { return };
        let settings = stage.settings;
        let drawing = Drawing {
            job_id: upscale.id.clone(),
            prompt: upscale.prompt.clone(),
            view: View::One { image: upscale.image, grid: upscale.grid_seed },
            format: settings.picture_format,
            size: Size::of(&upscale.prompt, settings.pictures),
        };
        let stem = caption::file_stem(&upscale.user.name, &upscale.prompt, &upscale.id);
        let name = format!("{stem}.{}", drawing.extension());
        let attachment = attach(stage, at, upscale.channel_id, name, drawing, false);
        let draft = Draft {
            kind: 19,
            content: caption::upscaled(&upscale.prompt, upscale.user.id, upscale.image),
            mentions: vec![message::mention(&upscale.user)],
            attachments: vec![attachment],
            components: message::upscale_buttons(&upscale.id),
            refers_to: Some(upscale.grid),
            ..Draft::of_bot()
        };
        stage.discord.post(at, upscale.channel_id, draft, None);
    }
}

fn acknowledge(stage: &mut Stage<'_>, at: Duration, press: &Press) {
    let id = stage.discord.next_id(at);
    for name in ["INTERACTION_CREATE", "INTERACTION_SUCCESS"] {
        let data = json!({ "id": id.to_string(), "nonce": press.nonce });
        let only_for = Some(press.user.id);
        stage.discord.emit(Event { at, only_for, channel_id: press.channel_id, name, data });
    }
}

fn buttons_of(message: &mut Value) -> impl Iterator<Item = &mut Value> {
    let rows = message.get_mut("components").and_then(Value::as_array_mut).into_iter().flatten();
    rows.flat_map(|row| row.get_mut("components").and_then(Value::as_array_mut).into_iter().flatten())
}

fn has_button(message: &Value, custom_id: &str) -> bool {
    buttons_of(&mut message.clone()).any(|button| button["custom_id"] == custom_id)
}

fn mark_used(message: &mut Value, custom_id: &str) {
    for button in buttons_of(message).filter(|button| button["custom_id"] == custom_id) {
        button["style"] = json!(1);
    }
}
