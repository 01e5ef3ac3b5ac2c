//! What comes back of a command or a press, so that a sighting can be matched to it. It binds nothing itself.

use crate::modal::ModalKind;
use crate::sighting::{Action, Sighting};

/// What a command, a press or a modal's answer brings next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// New images, on a new message.
    Images(Awaited),
    /// Discord's word that the bot took it, and no message of its own: a bookmark, a cancel.
    Acknowledgement,
    /// A modal, and after its answer new images.
    Modal {
        /// Which one.
        kind: ModalKind,
        /// What comes after it.
        then: Awaited,
    },
    /// A page of the bot's that Discord shows embedded, and after its answer new images.
    Page {
        /// What comes after it.
        then: Awaited,
    },
    /// A message with an answer in it, or an edit of the very message that was pressed.
    Answer(AnswerKind),
    /// Nothing is known of it; whatever replies to the message, or bears the nonce, is its answer.
    Unknown,
}

/// An answer that is no image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AnswerKind {
    /// To `/info`.
    Account,
    /// To `/settings`, or to a press on one of its buttons.
    Settings,
    /// To `/describe`.
    Described,
    /// To `/shorten`.
    Shortened,
    /// To `/show`: the job's message once more.
    Shown,
    /// A text for people.
    Text,
}

/// Images that are waited for, as their captions show them.
///
/// The parent is a second key: a result of a button is a reply to the message that was pressed
/// (captures of July 2023), which the caller compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Awaited {
    /// The kind of work.
    pub action: Action,
    /// Which of the four images it is about.
    pub image: Option<u8>,
    /// The variant as shown, such as `Strong`; `None` where any will do.
    pub variant: Option<&'static str>,
    /// The modal that comes first where the account's remix mode is on.
    pub remix: Option<ModalKind>,
}

impl Awaited {
    /// Images of this kind of work, of which nothing else is known.
    pub const fn of(action: Action) -> Self {
        Self { action, image: None, variant: None, remix: None }
    }

    /// The same, of one of four images.
    #[must_use]
    pub const fn with_image(self, image: u8) -> Self {
        Self { image: Some(image), ..self }
    }

    /// The same, of this variant.
    #[must_use]
    pub const fn with_variant(self, variant: Option<&'static str>) -> Self {
        Self { variant, ..self }
    }

    /// The same, after this modal where remix mode is on.
    #[must_use]
    pub const fn with_remix(self, kind: ModalKind) -> Self {
        Self { remix: Some(kind), ..self }
    }

    /// Whether a message may be about these images. What the message does not show does not speak against it.
    pub fn fits(&self, seen: &Sighting) -> bool {
        let is_same_variant = match (self.variant, seen.variant.as_deref()) {
            (Some(wanted), Some(shown)) => wanted.eq_ignore_ascii_case(shown),
            (None, _) | (_, None) => true,
        };
        is_same_variant && self.fits_action(seen.action) && self.fits_image(seen.image)
    }

    fn fits_action(&self, seen: Option<Action>) -> bool {
        match seen {
            Some(Action::Remix) if self.may_be_remix() => true,
            Some(seen) => seen == self.action || (is_bare(seen) && is_bare(self.action)),
            None => true,
        }
    }

    /// An edited prompt turns the result into a remix (captions collected by UrielCh/midjourney-client).
    fn may_be_remix(&self) -> bool {
        self.remix.is_some() || matches!(self.action, Action::Remix | Action::Region)
    }

    fn fits_image(&self, seen: Option<u8>) -> bool {
        match (self.image, seen) {
            // An image out of a grid always says which (capture of July 2023).
            (Some(_), None) => self.action != Action::Upscale,
            (Some(wanted), Some(seen)) => wanted == seen,
            (None, _) => true,
        }
    }

    /// Whether it is one image taken out of a grid, which shows nothing before its result, and says there which.
    pub fn is_out_of_a_grid(&self) -> bool {
        self.action == Action::Upscale && self.image.is_some()
    }

    /// Whether one message could fit both, so that two such presses on one message must not be
    /// unbound at the same time: two zooms of one image look the same, as do V1 and V2.
    pub fn overlaps(&self, other: &Self) -> bool {
        let is_same_action = self.action == other.action
            || (is_bare(self.action) && is_bare(other.action))
            || (self.may_be_remix() && other.may_be_remix());
        let is_same_image = match (self.image, other.image) {
            (Some(one), Some(two)) if self.action == Action::Upscale => one == two,
            _ => true,
        };
        let is_same_variant = match (self.variant, other.variant) {
            (Some(one), Some(two)) => one.eq_ignore_ascii_case(two),
            _ => true,
        };
        is_same_action && is_same_image && is_same_variant
    }
}

/// Kinds of work whose captions have no verb, so that their results look the same.
const fn is_bare(action: Action) -> bool {
    matches!(action, Action::Imagine | Action::Blend | Action::Reroll)
}

impl Expect {
    /// The images that come in the end, where there are any.
    pub const fn images(&self) -> Option<Awaited> {
        match self {
            Self::Images(awaited) | Self::Modal { then: awaited, .. } | Self::Page { then: awaited } => {
                Some(*awaited)
            }
            Self::Acknowledgement | Self::Answer(_) | Self::Unknown => None,
        }
    }

    /// Whether a modal or a page comes first for certain, or where remix mode is on.
    pub const fn may_ask(&self) -> bool {
        match self {
            Self::Images(awaited) => awaited.remix.is_some(),
            Self::Modal { .. } | Self::Page { .. } | Self::Unknown => true,
            Self::Acknowledgement | Self::Answer(_) => false,
        }
    }
}
