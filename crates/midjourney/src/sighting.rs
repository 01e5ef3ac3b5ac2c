//! What one message, event or answer means, and by which keys it can be bound to a job. It binds nothing.

use journeyman_model::{ApplicationId, ChannelId, InteractionId, MessageId, UserId};

use crate::failure::{Failure, Notice};
use crate::modal::Modal;
use crate::reply::Reply;

/// Discord's flag of an ephemeral message (Discord's docs, "Message Flags").
pub(crate) const EPHEMERAL: u64 = 64;

/// One thing that was seen: a message, a gateway event, or an HTTP answer, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// What it means.
    pub meaning: Meaning,
    /// How it can be bound to a job.
    pub keys: Keys,
    /// The prompt as Midjourney shows it.
    pub prompt: Option<String>,
    /// What kind of work the message is about.
    pub action: Option<Action>,
    /// The action's variant as shown: `Strong`, `Subtle`, `Creative`, `2x` …; of a pan, its direction.
    pub variant: Option<String>,
    /// Which of the four images: 1 to 4.
    pub image: Option<u8>,
    /// The speed mode, where shown.
    pub mode: Option<Mode>,
    /// Whether the job is in stealth mode.
    pub stealth: bool,
    /// The percentage shown, 0 to 100; a deleted or paused message may show one too.
    pub percent: Option<u8>,
    /// Who wrote the message; a press names it. Absent where the message does not say.
    pub application: Option<ApplicationId>,
    /// The message's flags; a press must echo them, and 64 is ephemeral.
    pub flags: u64,
    /// The buttons and selects found on the message, in order.
    pub buttons: Vec<Button>,
    /// The files found on the message, in order.
    pub files: Vec<File>,
    /// What it answers to a command, where it is such an answer, or any text that is not understood.
    pub reply: Option<Reply>,
}

impl Sighting {
    /// Whether it is a finished job's message with its images. One without files yet is read
    /// again at the next look.
    pub fn is_result(&self) -> bool {
        self.meaning == Meaning::Finished && !self.files.is_empty()
    }

    /// Whether only the invoking user sees the message, and only by the gateway.
    pub fn is_ephemeral(&self) -> bool {
        self.flags & EPHEMERAL != 0
    }

    /// A sighting of which nothing but the meaning is known.
    pub fn of(meaning: Meaning) -> Self {
        Self {
            meaning,
            keys: Keys::default(),
            prompt: None,
            action: None,
            variant: None,
            image: None,
            mode: None,
            stealth: false,
            percent: None,
            application: None,
            flags: 0,
            buttons: Vec::new(),
            files: Vec::new(),
            reply: None,
        }
    }
}

/// What a sighting means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// `(Waiting to start)`.
    Waiting,
    /// `(N%)`.
    Progress {
        /// 0 to 100.
        percent: u8,
    },
    /// `(paused)`.
    Paused,
    /// Midjourney queued the job; it starts by itself.
    Queued,
    /// The result.
    Finished,
    /// `(Stopped)`: by moderation, or by a cancel.
    Stopped,
    /// The message was deleted; alone it proves nothing.
    Deleted,
    /// Something failed.
    Failed(Failure),
    /// Discord itself answered a request with a failure of its own; nobody judged the request.
    UpstreamFailed {
        /// The HTTP status; `None` where only a body was seen.
        status: Option<u16>,
        /// What the answer said.
        notice: Notice,
    },
    /// Discord passed the interaction on to the bot.
    Accepted,
    /// The bot took the interaction; what it has to say comes as a message, if it comes.
    Acknowledged,
    /// The bot opened a modal and waits for its fields.
    ModalOpened(Modal),
    /// The answer to `/info`.
    Info,
    /// The answer to `/describe`.
    Describe,
    /// The answer to `/shorten`.
    Shorten,
    /// The answer to `/settings`, or its edit after a press.
    Settings,
    /// A job's seed.
    Seed {
        /// The seed.
        seed: u64,
    },
    /// From Midjourney, and not understood.
    Unknown,
    /// Nothing about a job: another author's message, a request, a handshake.
    NotASighting,
}

/// The keys by which a sighting is bound, strongest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// The nonce of our request, echoed (gateway only).
    pub nonce: Option<String>,
    /// The interaction that caused the message.
    pub interaction: Option<InteractionId>,
    /// Who caused it.
    pub interaction_user: Option<UserId>,
    /// The command's name, for instance `imagine`.
    pub command: Option<String>,
    /// The message that this one replies to.
    pub reference: Option<MessageId>,
    /// Midjourney's job id (a UUID), from a button, a link or a file name.
    pub job_id: Option<String>,
    /// The user named in the caption.
    pub mentioned: Option<UserId>,
    /// The message itself.
    pub message: Option<MessageId>,
    /// Where it was seen.
    pub channel: Option<ChannelId>,
}

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Action {
    /// `/imagine`.
    Imagine,
    /// Variations of one image or of a grid.
    Variation,
    /// An upscale, or one image taken out of a grid.
    Upscale,
    /// The same prompt again.
    Reroll,
    /// Zoom out.
    Zoom,
    /// Pan.
    Pan,
    /// Vary (Region).
    Region,
    /// A variation with an edited prompt.
    Remix,
    /// A short film.
    Animate,
    /// `/describe`.
    Describe,
    /// `/blend`.
    Blend,
}

impl Action {
    /// One word, for people and programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Imagine => "imagine",
            Self::Variation => "variation",
            Self::Upscale => "upscale",
            Self::Reroll => "reroll",
            Self::Zoom => "zoom",
            Self::Pan => "pan",
            Self::Region => "region",
            Self::Remix => "remix",
            Self::Animate => "animate",
            Self::Describe => "describe",
            Self::Blend => "blend",
        }
    }
}

/// A speed mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Fast hours.
    Fast,
    /// Relaxed: no hours used, longer waits.
    Relaxed,
    /// Turbo hours.
    Turbo,
}

impl Mode {
    /// The word in captions.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Relaxed => "relaxed",
            Self::Turbo => "turbo",
        }
    }

    /// The mode with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Fast, Self::Relaxed, Self::Turbo].into_iter().find(|mode| mode.word() == word)
    }
}

/// A button or a select, as found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Button {
    /// The label, or the emoji's name where there is none.
    pub label: String,
    /// The custom id; always taken from a message, never invented.
    pub custom_id: Option<String>,
    /// A link's address.
    pub url: Option<String>,
    /// Discord's style number; 1 marks a button already used, 3 a setting that is on.
    pub style: u8,
    /// Whether it is shown and cannot be pressed.
    pub disabled: bool,
    /// What it offers, if it is a select.
    pub select: Option<Select>,
}

/// What a select offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Select {
    /// In order.
    pub choices: Vec<Choice>,
}

/// One thing that a select offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// What people see.
    pub label: String,
    /// What is sent.
    pub value: String,
    /// Whether it is chosen at the moment.
    pub chosen: bool,
}

/// A file on a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The file name.
    pub name: String,
    /// Where it can be fetched; signed links expire.
    pub url: String,
    /// The type that Discord names, for instance `image/png`.
    pub content_type: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
}
