//! The sections of a script about the bot: `[bot]` and `[rewriting]`.
//!
//! Defaults are the settings'.

use std::time::Duration;

use serde::Deserialize;

use crate::settings::{Mode, PictureFormat, Pictures, Rewriting, Settings, Visibility};

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BotText {
    slots: Option<u32>,
    relaxed_slots: Option<u32>,
    queue: Option<u32>,
    niji: Option<bool>,
    suffix: Option<String>,
    cancel_button: Option<bool>,
    mode: Option<Mode>,
    stealth: Option<bool>,
    remix: Option<bool>,
    answers: Option<Visibility>,
    old_openings: Option<bool>,
    check_parameters: Option<bool>,
    batch: Option<u32>,
    modal_ms: Option<u64>,
    upscale_cooldown_ms: Option<u64>,
    pictures: Option<Pictures>,
    picture_format: Option<PictureFormat>,
}

impl BotText {
    pub(super) fn apply(&self, settings: &mut Settings) {
        settings.slots = self.slots.or(settings.slots);
        settings.relaxed_slots = self.relaxed_slots.unwrap_or(settings.relaxed_slots);
        settings.queue = self.queue.unwrap_or(settings.queue);
        settings.niji = match self.niji {
            Some(there) => there.then_some(Settings::NIJI),
            None => settings.niji,
        };
        settings.suffix = self.suffix.clone().or(settings.suffix.take());
        settings.cancel_button = self.cancel_button.unwrap_or(settings.cancel_button);
        settings.mode = self.mode.unwrap_or(settings.mode);
        settings.stealth = self.stealth.unwrap_or(settings.stealth);
        settings.remix = self.remix.unwrap_or(settings.remix);
        settings.answers = self.answers.unwrap_or(settings.answers);
        settings.old_openings = self.old_openings.unwrap_or(settings.old_openings);
        settings.check_parameters = self.check_parameters.unwrap_or(settings.check_parameters);
        settings.batch = self.batch.unwrap_or(settings.batch);
        settings.modal_life = self.modal_ms.map_or(settings.modal_life, Duration::from_millis);
        settings.upscale_cooldown =
            self.upscale_cooldown_ms.map_or(settings.upscale_cooldown, Duration::from_millis);
        settings.pictures = self.pictures.unwrap_or(settings.pictures);
        settings.picture_format = self.picture_format.unwrap_or(settings.picture_format);
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RewritingText {
    spaces: Option<bool>,
    dashes: Option<bool>,
    links: Option<bool>,
    order: Option<bool>,
    version: Option<bool>,
    raw: Option<bool>,
    video: Option<bool>,
    aliases: Option<bool>,
    defaults: Option<bool>,
    sref: Option<bool>,
}

impl RewritingText {
    pub(super) fn apply(&self, how: &mut Rewriting) {
        let put = |switch: &mut bool, said: Option<bool>| *switch = said.unwrap_or(*switch);
        put(&mut how.spaces, self.spaces);
        put(&mut how.dashes, self.dashes);
        put(&mut how.links, self.links);
        put(&mut how.order, self.order);
        put(&mut how.version, self.version);
        put(&mut how.raw, self.raw);
        put(&mut how.video, self.video);
        put(&mut how.aliases, self.aliases);
        put(&mut how.defaults, self.defaults);
        put(&mut how.sref, self.sref);
    }
}
