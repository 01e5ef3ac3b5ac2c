//! What a message answers to a command, as typed values. It decides neither which command nor whose.

mod account;
mod described;
mod record;
mod settings;
mod shortened;

use journeyman_model::Message;

pub use account::{AccountInfo, Running, Usage};
pub use described::Described;
pub use record::{AccountRecord, ReplyRecord, TokenRecord, UsageRecord};
pub use settings::{Selected, SettingsPanel, Switch};
pub use shortened::{Shortened, Token};

use crate::expect::AnswerKind;
use crate::sighting::{Button, Meaning};

/// An answer, read leniently: what is not understood is kept as text, and nothing fails.
///
/// A job's seed is a meaning of its own ([`Meaning::Seed`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// To `/info`.
    Account(Box<AccountInfo>),
    /// To `/describe`.
    Described(Described),
    /// To `/shorten`.
    Shortened(Shortened),
    /// To `/settings`, or its edit after a press.
    Settings(SettingsPanel),
    /// Any other text for people: to `/fast`, `/prefer`, `/help` …
    Text(String),
}

impl Reply {
    /// Which answer it is.
    pub const fn kind(&self) -> AnswerKind {
        match self {
            Self::Account(_) => AnswerKind::Account,
            Self::Described(_) => AnswerKind::Described,
            Self::Shortened(_) => AnswerKind::Shortened,
            Self::Settings(_) => AnswerKind::Settings,
            Self::Text(_) => AnswerKind::Text,
        }
    }

    /// What a message of this meaning says; a job's message says nothing.
    pub(crate) fn of(meaning: &Meaning, message: &Message, buttons: &[Button]) -> Option<Self> {
        let text = || text(message);
        match meaning {
            Meaning::Info => Some(Self::Account(Box::new(AccountInfo::parse(&text())))),
            Meaning::Describe => Some(Self::Described(Described::parse(&text()))),
            Meaning::Shorten => Some(Self::Shortened(Shortened::parse(&text()))),
            Meaning::Settings => Some(Self::Settings(SettingsPanel::of(buttons))),
            Meaning::Unknown | Meaning::Failed(_) => {
                Some(text()).filter(|text| !text.is_empty()).map(Self::Text)
            }
            Meaning::Waiting
            | Meaning::Progress { .. }
            | Meaning::Paused
            | Meaning::Queued
            | Meaning::Finished
            | Meaning::Stopped
            | Meaning::Deleted
            | Meaning::UpstreamFailed { .. }
            | Meaning::Accepted
            | Meaning::Acknowledged
            | Meaning::ModalOpened(_)
            | Meaning::Seed { .. }
            | Meaning::NotASighting => None,
        }
    }
}

/// Everything that a message says: its text, and its embeds' titles and texts, one after the other.
fn text(message: &Message) -> String {
    let embeds = message.embeds.iter().flat_map(|embed| [&embed.title, &embed.description]).flatten();
    let parts = std::iter::once(&message.content).chain(embeds);
    parts.map(|part| part.trim()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The number of a keycap (`1️⃣`, as ihmily/midjourney-api knows them) at the beginning of a line, and the rest.
fn numbered(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix(|letter: char| letter.is_ascii_digit())?;
    let rest = rest.strip_prefix('\u{fe0f}').unwrap_or(rest);
    rest.strip_prefix('\u{20e3}').map(str::trim)
}

/// The prompts of a text: each begins with a keycap, or, where there is none, each stands in a paragraph of its own.
fn prompts(text: &str) -> Vec<String> {
    let mut prompts: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim) {
        match (numbered(line), prompts.last_mut()) {
            (Some(prompt), _) => prompts.push(prompt.to_owned()),
            (None, Some(prompt)) if !line.is_empty() => {
                prompt.push(' ');
                prompt.push_str(line);
            }
            (None, _) => {}
        }
    }
    if prompts.is_empty() {
        let paragraphs = text.split("\n\n").map(str::trim).filter(|one| !one.is_empty());
        prompts = paragraphs.map(str::to_owned).collect();
    }
    prompts
}
