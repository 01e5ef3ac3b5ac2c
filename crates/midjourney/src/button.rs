//! Buttons found on messages: what they are, and the payload of a press. It never invents one.

use std::fmt;

use journeyman_model::{ApplicationId, MessageId};
use serde_json::{Value, json};

use crate::command::Place;
use crate::sighting::Button;

/// What a custom id asks for, read leniently.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CustomId {
    /// One image out of a grid (U1 to U4).
    Upsample(u8),
    /// Variations of one image of a grid (V1 to V4).
    Variation(u8),
    /// Strong variations.
    HighVariation,
    /// Subtle variations.
    LowVariation,
    /// The same prompt again.
    Reroll,
    /// Zoom out; the percentage that the image keeps: 50 or 75.
    Zoom(u8),
    /// Asks for a zoom in a modal.
    CustomZoom,
    /// Pan: `left`, `right`, `up` or `down`.
    Pan(String),
    /// Vary (Region).
    Inpaint,
    /// A second upscale, by its name: `v6_2x_subtle` …
    Upscale(String),
    /// A short film, by its name: `high`, `low` …
    Animate(String),
    /// The heart.
    Bookmark,
    /// Cancel Job.
    Cancel,
    /// Appeal against moderation: for a human only.
    Appeal,
    /// A captcha, a moderator's notice or terms: for a human only.
    Human,
    /// Any other.
    Other,
}

impl CustomId {
    /// Reads a custom id of Midjourney's.
    pub fn parse(custom_id: &str) -> Self {
        let lower = custom_id.to_lowercase();
        let mut parts = lower.split("::");
        if parts.next() != Some("mj") {
            return Self::Other;
        }
        match (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()) {
            ("job", name) => Self::job(name, parts.next()),
            ("outpaint", kept) => kept.parse().map_or(Self::Other, Self::Zoom),
            ("customzoom", _) => Self::CustomZoom,
            ("inpaint", _) => Self::Inpaint,
            ("bookmark", _) => Self::Bookmark,
            ("canceljob", _) => Self::Cancel,
            ("prompts", "appeal") => Self::Appeal,
            ("moderation" | "tos" | "iframe", _) => Self::Human,
            (captcha, _) if captcha.starts_with("captcha") => Self::Human,
            _ => Self::Other,
        }
    }

    fn job(name: &str, index: Option<&str>) -> Self {
        let index = index.and_then(|index| index.parse().ok()).filter(|image| (1..=4).contains(image));
        match (name, index) {
            ("upsample", Some(image)) => Self::Upsample(image),
            ("variation", Some(image)) => Self::Variation(image),
            ("high_variation", _) => Self::HighVariation,
            ("low_variation", _) => Self::LowVariation,
            ("reroll", _) => Self::Reroll,
            _ => Self::named_job(name),
        }
    }

    fn named_job(name: &str) -> Self {
        let rest = |prefix: &str| name.strip_prefix(prefix).map(str::to_owned);
        rest("pan_")
            .map(Self::Pan)
            .or_else(|| rest("upsample_").map(Self::Upscale))
            .or_else(|| rest("animate_").map(Self::Animate))
            .unwrap_or(Self::Other)
    }

    /// Whether only a human may press it. [`press`] refuses.
    pub const fn is_for_a_human(&self) -> bool {
        matches!(self, Self::Appeal | Self::Human)
    }
}

/// Whether a custom id is one of Midjourney's.
pub(crate) fn is_midjourneys(custom_id: &str) -> bool {
    custom_id.starts_with("MJ::")
}

/// Custom ids change; the words on such a button rather not.
fn is_called_for_a_human(label: &str) -> bool {
    let label = label.to_lowercase();
    ["appeal", "acknowledge", "accept", "agree", "resubmit", "verify", "human"]
        .iter()
        .any(|word| label.contains(word))
}

/// Why a button cannot be pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CannotPress {
    /// It is a link.
    Link,
    /// An appeal, an acknowledgement, terms or a captcha: the account's owner decides in Discord.
    ForAHuman,
}

impl fmt::Display for CannotPress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Link => "the button is a link and has nothing to press",
            Self::ForAHuman => "the button must be pressed by the account's owner, in Discord",
        })
    }
}

impl std::error::Error for CannotPress {}

/// The message that a button was found on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundOn {
    /// Who wrote it.
    pub application: ApplicationId,
    /// The message.
    pub message: MessageId,
    /// The message's flags, echoed in the press.
    pub flags: u64,
}

/// The payload of a press (`POST /interactions`, type 3).
///
/// # Errors
/// A link, or a button for a human.
pub fn press(button: &Button, on: FoundOn, place: &Place<'_>, nonce: &str) -> Result<Value, CannotPress> {
    let custom_id = button.custom_id.as_deref().ok_or(CannotPress::Link)?;
    if CustomId::parse(custom_id).is_for_a_human() || is_called_for_a_human(&button.label) {
        return Err(CannotPress::ForAHuman);
    }
    Ok(json!({
        "type": 3,
        "nonce": nonce,
        "guild_id": place.guild,
        "channel_id": place.channel,
        "message_flags": on.flags,
        "message_id": on.message,
        "application_id": on.application,
        "session_id": place.session_id,
        "data": { "component_type": 2, "custom_id": custom_id },
    }))
}
