//! How a bucket's window moves, recognised by how its reset moves from answer to answer. It grants nothing.
//!
//! A kind is never guessed: it is what is left when answers have ruled the others out, so that a truthful
//! server's own kind never is. What an answer tells is the moment at which the bucket is full again. The server
//! said it between departure and receipt, so each answer bounds that moment on both sides, whatever the ways
//! took and in whatever order the answers came. The wall clock's `Reset` is not looked at: it may be set by less
//! than a round trip, which nobody could tell from a window that moves.
//!
//! - Fixed: windows end together or at least a whole window apart. Two ends that are apart, and by less, rule it
//!   out.
//! - Sliding: what was just accepted is the last to come back, a whole window later. Two lengths rule it out.
//! - Leaking: each slot takes the same time. Bounds of it that contradict each other rule it out (see `Shape`).

use std::fmt;
use std::time::Duration;

use journeyman_moment::Moment;

use crate::rarely::Blank;

/// A header's milliseconds may be rounded either way.
pub(super) const ROUNDING: Duration = Duration::from_millis(1);

/// What kind of window a bucket has, as far as its answers have shown (discord-api-docs#7680: one cannot).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WindowKind {
    /// More than one kind is possible, or answers contradict all of them.
    #[default]
    Unknown,
    /// All slots come back at one moment: the reset stays where it is.
    Fixed,
    /// Each slot comes back one window after its use: every answer shows a whole window.
    Sliding,
    /// One slot after the other comes back: the reset moves on by one drop with each use.
    Leaking,
}

impl fmt::Display for WindowKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "unknown",
            Self::Fixed => "fixed",
            Self::Sliding => "sliding",
            Self::Leaking => "leaking",
        })
    }
}

/// Whether kinds are recognised at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recognition {
    Off,
    ByEvidence,
    /// Every window is taken for a fixed one: a defect, for the tests.
    GuessesFixed,
}

/// Which kinds answers have ruled out; a leaking one is ruled out by its drops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RuledOut {
    pub(crate) fixed: bool,
    pub(crate) sliding: bool,
}

impl RuledOut {
    pub(crate) fn and(self, other: Self) -> Self {
        Self { fixed: self.fixed || other.fixed, sliding: self.sliding || other.sliding }
    }

    pub(crate) fn kind(self, leaking: bool) -> WindowKind {
        match (self.fixed, self.sliding, leaking) {
            (false, true, true) => WindowKind::Fixed,
            (true, false, true) => WindowKind::Sliding,
            (true, true, false) => WindowKind::Leaking,
            _ => WindowKind::Unknown,
        }
    }

    /// An accepted request was told of a reset; the longest before it was so long.
    pub(crate) fn learn_length(&mut self, reset: Duration, longest: Duration) {
        let apart = reset.max(longest).saturating_sub(reset.min(longest));
        self.sliding |= apart > 2 * ROUNDING;
    }
}

/// The bounds between which the present window ends, if it is fixed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    earliest: Moment,
    latest: Moment,
}

impl Blank for End {
    const BLANK: &'static Self = &Self { earliest: Moment::ORIGIN, latest: Moment::ORIGIN };
}

/// How one answer's end lies to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lies {
    /// It may be of another window.
    Elsewhere,
    /// If windows are fixed, it is the same one, which ends at the latest then.
    Within(Moment),
    /// It is another end less than a window away: windows are not fixed.
    Apart,
}

impl End {
    /// What a request that left at a moment and was answered now was told.
    pub(crate) fn told(left: Moment, now: Moment, reset: Duration) -> Self {
        Self { earliest: (left + reset).before(ROUNDING), latest: now + reset + ROUNDING }
    }

    /// Compares an answer's end with those before it, and takes it up; `window` is at most the window's length.
    pub(crate) fn meet(&mut self, told: Self, window: Duration) -> Lies {
        let window = window.saturating_sub(2 * ROUNDING);
        if *self == *Self::BLANK {
            *self = told;
            return Lies::Elsewhere;
        }
        if self.latest.since(told.earliest) >= window {
            // It is an older one.
            return Lies::Elsewhere;
        }
        if told.latest.since(self.earliest) >= window {
            *self = told;
            return Lies::Elsewhere;
        }
        let both = Self { earliest: self.earliest.max(told.earliest), latest: self.latest.min(told.latest) };
        if both.earliest > both.latest {
            *self = told;
            return Lies::Apart;
        }
        *self = both;
        Lies::Within(both.latest)
    }
}
