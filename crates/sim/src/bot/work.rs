//! The kinds of work the bot does: their names, verbs, results and prices.
//!
//! It starts nothing; `press` and `order` do.

use std::time::Duration;

use crate::settings::Mode;

/// What a job makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    Imagine,
    Blend,
    /// U1 to U4: one picture of a grid by itself.
    Single,
    /// V1 to V4.
    Variation,
    Reroll,
    VaryStrong,
    VarySubtle,
    VaryRegion,
    Upscale(Upscaler),
    ZoomOut,
    CustomZoom,
    MakeSquare,
    Pan(Side),
    Animate(Motion),
    Extend(Motion),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Upscaler {
    Subtle,
    Creative,
    Double,
    Fourfold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Left,
    Right,
    Up,
    Down,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Motion {
    High,
    Low,
}

/// What a finished job shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Yield {
    Grid,
    One,
    Video,
}

impl Side {
    pub(crate) const ALL: [(&'static str, Self); 4] =
        [("left", Self::Left), ("right", Self::Right), ("up", Self::Up), ("down", Self::Down)];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

impl Motion {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Low => "low",
        }
    }
}

impl Work {
    /// The name in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Imagine => "imagine",
            Self::Blend => "blend",
            Self::Single => "upscale",
            Self::Variation => "variation",
            Self::Reroll => "reroll",
            Self::VaryStrong => "vary_strong",
            Self::VarySubtle => "vary_subtle",
            Self::VaryRegion => "vary_region",
            Self::Upscale(Upscaler::Subtle) => "upscale_subtle",
            Self::Upscale(Upscaler::Creative) => "upscale_creative",
            Self::Upscale(Upscaler::Double) => "upscale_2x",
            Self::Upscale(Upscaler::Fourfold) => "upscale_4x",
            Self::ZoomOut => "zoom_out",
            Self::CustomZoom => "custom_zoom",
            Self::MakeSquare => "make_square",
            Self::Pan(Side::Left) => "pan_left",
            Self::Pan(Side::Right) => "pan_right",
            Self::Pan(Side::Up) => "pan_up",
            Self::Pan(Side::Down) => "pan_down",
            Self::Animate(Motion::High) => "animate_high",
            Self::Animate(Motion::Low) => "animate_low",
            Self::Extend(Motion::High) => "extend_high",
            Self::Extend(Motion::Low) => "extend_low",
        }
    }

    /// The slash command that an answer repeats.
    pub(crate) fn command(self) -> &'static str {
        if self == Self::Blend { "blend" } else { "imagine" }
    }

    pub(crate) fn result(self) -> Yield {
        match self {
            Self::Imagine
            | Self::Blend
            | Self::Variation
            | Self::Reroll
            | Self::VaryStrong
            | Self::VarySubtle
            | Self::VaryRegion
            | Self::ZoomOut
            | Self::CustomZoom
            | Self::MakeSquare
            | Self::Pan(_) => Yield::Grid,
            Self::Single | Self::Upscale(_) => Yield::One,
            Self::Animate(_) | Self::Extend(_) => Yield::Video,
        }
    }

    /// Whether progress shows a picture.
    ///
    /// Real: upscales send percentages without one (erictik/midjourney-api PR#242); for videos it is inferred.
    pub(crate) fn previews(self) -> bool {
        self.result() == Yield::Grid
    }

    /// What stands before the user while a job waits or runs; `strong` is the account's variability.
    ///
    /// Real: the lines that peers collected; the zoom captured in July 2023 waits without a verb, and so do pans here
    /// (inferred).
    pub(crate) fn verb_while_running(self, remixed: bool, strong: bool) -> &'static str {
        match self {
            Self::Upscale(_) => "Upscaling by ",
            Self::Imagine
            | Self::Blend
            | Self::Single
            | Self::Reroll
            | Self::ZoomOut
            | Self::CustomZoom
            | Self::MakeSquare
            | Self::Pan(_) => "",
            Self::Variation
            | Self::VaryStrong
            | Self::VarySubtle
            | Self::VaryRegion
            | Self::Animate(_)
            | Self::Extend(_) => self.verb_when_finished(remixed, strong),
        }
    }

    /// What stands before the user in the result.
    ///
    /// Real: the lines that peers collected; a reroll's text is that of an imagine, a square's that of a zoom and an
    /// extension's that of an animation (inferred).
    pub(crate) fn verb_when_finished(self, remixed: bool, strong: bool) -> &'static str {
        match self {
            Self::Imagine | Self::Blend | Self::Single | Self::Reroll => "",
            Self::Variation | Self::VaryStrong | Self::VarySubtle => {
                let strong = self == Self::VaryStrong || self == Self::Variation && strong;
                match (remixed, strong) {
                    (false, true) => "Variations (Strong) by ",
                    (false, false) => "Variations (Subtle) by ",
                    (true, true) => "Remix (Strong) by ",
                    (true, false) => "Remix (Subtle) by ",
                }
            }
            Self::VaryRegion if remixed => "Remix (Region) by ",
            Self::VaryRegion => "Variations (Region) by ",
            Self::Upscale(Upscaler::Subtle) => "Upscaled (Subtle) by ",
            Self::Upscale(Upscaler::Creative) => "Upscaled (Creative) by ",
            Self::Upscale(Upscaler::Double) => "Upscaled (2x) by ",
            Self::Upscale(Upscaler::Fourfold) => "Upscaled (4x) by ",
            Self::ZoomOut | Self::CustomZoom | Self::MakeSquare => "Zoom Out by ",
            Self::Pan(Side::Left) => "Pan Left by ",
            Self::Pan(Side::Right) => "Pan Right by ",
            Self::Pan(Side::Up) => "Pan Up by ",
            Self::Pan(Side::Down) => "Pan Down by ",
            Self::Animate(Motion::High) | Self::Extend(Motion::High) => "Animate (High motion) by ",
            Self::Animate(Motion::Low) | Self::Extend(Motion::Low) => "Animate (Low motion) by ",
        }
    }

    /// GPU time that a finished job costs; relaxed jobs cost the same time, but none of the fast hours.
    ///
    /// Inferred throughout: a minute for four pictures, two for an upscaler, eight for a video, nothing for taking one
    /// picture out of a grid; turbo costs twice as much.
    pub(crate) fn gpu_time(self, mode: Mode) -> Duration {
        let minutes = match self.result() {
            Yield::Grid => 1,
            Yield::One if self == Self::Single => 0,
            Yield::One => 2,
            Yield::Video => 8,
        };
        let factor = match mode {
            Mode::Fast | Mode::Relaxed => 1,
            Mode::Turbo => 2,
        };
        Duration::from_mins(minutes * factor)
    }
}
