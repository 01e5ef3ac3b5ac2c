//! Custom ids of Midjourney's components: what they ask for, and what comes back. They are read, never written.

use crate::expect::{AnswerKind, Awaited, Expect};
use crate::modal::ModalKind;
use crate::sighting::Action;

/// What a custom id asks for, read leniently.
///
/// Forms without a source below are of captures of 2023; the others were read in the code of the
/// programs that are named.
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
    /// A square out of an image that is none. Inferred: a zoom that keeps 100 %.
    MakeSquare,
    /// Asks for a zoom in a modal.
    CustomZoom,
    /// Pan: `left`, `right`, `up` or `down`.
    Pan(String),
    /// Vary (Region), on an embedded page (trueai/midjourney-proxy, Mutiny-SDK).
    Inpaint,
    /// A second upscale, by its name: `v5_4x`, `v6_2x_subtle`, `v7_2x_creative` … (Mutiny-SDK).
    Upscale(String),
    /// A short film, by its motion: `high`, `low` … (Mutiny-SDK).
    Animate(String),
    /// More of a short film, by its motion, and which of the four (Mutiny-SDK).
    Extend {
        /// `high`, `low` …
        motion: String,
        /// 1 to 4.
        film: Option<u8>,
    },
    /// A described prompt to be made into images, 1 to 4; none means all of them (trueai/midjourney-proxy).
    PicReader(Option<u8>),
    /// A shortened prompt to be made into images (trueai/midjourney-proxy).
    PromptAnalyzer(u8),
    /// The image is to be described again (trueai/midjourney-proxy).
    PicReaderRetry,
    /// A button or a select of `/settings`, by its name (trueai/midjourney-proxy).
    Setting(String),
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
            ("outpaint", "100") => Self::MakeSquare,
            ("outpaint", kept) => kept.parse().map_or(Self::Other, Self::Zoom),
            ("customzoom", _) => Self::CustomZoom,
            ("inpaint", _) => Self::Inpaint,
            ("bookmark", _) => Self::Bookmark,
            ("canceljob", _) => Self::Cancel,
            ("picread", "retry") => Self::PicReaderRetry,
            ("settings", name) if !name.is_empty() => Self::Setting(name.to_owned()),
            ("prompts", "appeal") => Self::Appeal,
            ("moderation" | "tos" | "iframe", _) => Self::Human,
            (captcha, _) if captcha.starts_with("captcha") => Self::Human,
            _ => Self::Other,
        }
    }

    fn job(name: &str, index: Option<&str>) -> Self {
        let image = index.and_then(|index| index.parse().ok()).filter(|image| (1..=4).contains(image));
        match (name, image) {
            ("upsample", Some(image)) => Self::Upsample(image),
            ("variation", Some(image)) => Self::Variation(image),
            ("high_variation", _) => Self::HighVariation,
            ("low_variation", _) => Self::LowVariation,
            ("reroll", _) => Self::Reroll,
            ("picreader", Some(_)) => Self::PicReader(image),
            ("promptanalyzer", _) => Self::analyzed(index),
            ("picreader", None) if index == Some("all") => Self::PicReader(None),
            _ => Self::named_job(name, image),
        }
    }

    /// There may be more than four of them.
    fn analyzed(index: Option<&str>) -> Self {
        let index = index.and_then(|index| index.parse().ok());
        index.map_or(Self::Other, Self::PromptAnalyzer)
    }

    fn named_job(name: &str, image: Option<u8>) -> Self {
        let rest = |prefix: &str| name.strip_prefix(prefix).map(str::to_owned);
        let film = || {
            let motion = name.strip_prefix("animate_")?;
            Some(match motion.strip_suffix("_extend") {
                Some(motion) => Self::Extend { motion: motion.to_owned(), film: image },
                None => Self::Animate(motion.to_owned()),
            })
        };
        rest("pan_")
            .map(Self::Pan)
            .or_else(|| rest("upsample_").map(Self::Upscale))
            .or_else(film)
            .unwrap_or(Self::Other)
    }

    /// Whether only a human may press it. [`Press`](super::Press) refuses.
    pub const fn is_for_a_human(&self) -> bool {
        matches!(self, Self::Appeal | Self::Human)
    }

    /// What a press brings.
    pub fn expects(&self) -> Expect {
        let remixable = |action| Awaited::of(action).with_remix(ModalKind::Remix);
        match self {
            Self::Upsample(image) => Expect::Images(Awaited::of(Action::Upscale).with_image(*image)),
            Self::Variation(image) => Expect::Images(remixable(Action::Variation).with_image(*image)),
            Self::HighVariation => Expect::Images(remixable(Action::Variation).with_variant(Some("Strong"))),
            Self::LowVariation => Expect::Images(remixable(Action::Variation).with_variant(Some("Subtle"))),
            Self::Reroll => Expect::Images(Awaited::of(Action::Reroll).with_remix(ModalKind::Imagine)),
            Self::Zoom(_) | Self::MakeSquare => {
                Expect::Images(Awaited::of(Action::Zoom).with_remix(ModalKind::Zoom))
            }
            Self::CustomZoom => {
                Expect::Modal { kind: ModalKind::CustomZoom, then: Awaited::of(Action::Zoom) }
            }
            Self::Pan(direction) => {
                let pan = Awaited::of(Action::Pan).with_remix(ModalKind::Pan);
                Expect::Images(pan.with_variant(direction_shown(direction)))
            }
            Self::Inpaint => Expect::Page { then: Awaited::of(Action::Region) },
            Self::Upscale(name) => {
                Expect::Images(Awaited::of(Action::Upscale).with_variant(upscale_shown(name)))
            }
            Self::Animate(motion) => {
                Expect::Images(Awaited::of(Action::Animate).with_variant(motion_shown(motion)))
            }
            // How the caption of an extended film begins was not seen.
            Self::Extend { .. } => Expect::Images(Awaited::of(Action::Animate)),
            Self::PicReader(Some(_)) => {
                Expect::Modal { kind: ModalKind::PicReader, then: Awaited::of(Action::Imagine) }
            }
            Self::PromptAnalyzer(_) => {
                Expect::Modal { kind: ModalKind::Imagine, then: Awaited::of(Action::Imagine) }
            }
            Self::PicReader(None) => Expect::Images(Awaited::of(Action::Imagine)),
            Self::PicReaderRetry => Expect::Answer(AnswerKind::Described),
            Self::Setting(_) => Expect::Answer(AnswerKind::Settings),
            Self::Bookmark | Self::Cancel => Expect::Acknowledgement,
            Self::Appeal | Self::Human | Self::Other => Expect::Unknown,
        }
    }

    /// What people call it, in small letters: besides the label, for buttons that have none.
    pub fn names(&self) -> Vec<String> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        match self {
            Self::Upsample(image) => vec![format!("u{image}"), format!("upscale {image}")],
            Self::Variation(image) => {
                vec![format!("v{image}"), format!("vary {image}"), format!("variation {image}")]
            }
            Self::HighVariation => owned(&["vary strong", "strong"]),
            Self::LowVariation => owned(&["vary subtle", "subtle"]),
            Self::Reroll => owned(&["reroll", "again", "🔄"]),
            Self::Zoom(50) => owned(&["zoom out 2x", "zoom 2x"]),
            Self::Zoom(75) => owned(&["zoom out 1.5x", "zoom 1.5x"]),
            Self::Zoom(kept) => vec![format!("zoom {kept}%")],
            Self::MakeSquare => owned(&["make square", "square"]),
            Self::CustomZoom => owned(&["custom zoom", "zoom custom"]),
            Self::Pan(direction) => vec![format!("pan {direction}"), direction.clone()],
            Self::Inpaint => owned(&["vary region", "region", "inpaint"]),
            Self::Upscale(name) => upscale_names(name),
            Self::Animate(motion) => vec![format!("animate {motion}"), format!("animate {motion} motion")],
            Self::Extend { motion, film } => extend_names(motion, *film),
            Self::PicReader(Some(prompt)) | Self::PromptAnalyzer(prompt) => {
                vec![format!("imagine {prompt}"), prompt.to_string()]
            }
            Self::PicReader(None) => owned(&["imagine all"]),
            Self::PicReaderRetry => owned(&["retry", "describe again"]),
            Self::Setting(name) => vec![name.clone()],
            Self::Bookmark => owned(&["bookmark", "favorite", "favourite", "heart", "like"]),
            Self::Cancel => owned(&["cancel", "cancel job"]),
            Self::Appeal => owned(&["appeal"]),
            Self::Human | Self::Other => Vec::new(),
        }
    }
}

/// As captions show it: `Pan Left by`.
fn direction_shown(direction: &str) -> Option<&'static str> {
    ["Left", "Right", "Up", "Down"].into_iter().find(|shown| shown.eq_ignore_ascii_case(direction))
}

/// As captions show it: `Upscaled (Subtle) by`, `Upscaled (4x) by`.
fn upscale_shown(name: &str) -> Option<&'static str> {
    let last = name.rsplit('_').next()?;
    let known = ["Subtle", "Creative", "2x", "4x", "Beta", "Light", "Max"];
    known.into_iter().find(|shown| shown.eq_ignore_ascii_case(last))
}

/// As captions show it: `Animate (High motion) by`.
fn motion_shown(motion: &str) -> Option<&'static str> {
    match motion {
        "high" => Some("High motion"),
        "low" => Some("Low motion"),
        _ => None,
    }
}

fn upscale_names(name: &str) -> Vec<String> {
    let last = name.rsplit('_').next().unwrap_or(name);
    vec![format!("upscale {last}"), format!("upscale {}", name.replace('_', " "))]
}

fn extend_names(motion: &str, film: Option<u8>) -> Vec<String> {
    let plain = format!("extend {motion}");
    match film {
        Some(film) => vec![format!("{plain} {film}"), plain],
        None => vec![plain],
    }
}
