//! Which bots are Midjourney's. It says nothing of what they write.

use journeyman_model::{ApplicationId, Message};

use crate::button::is_midjourneys;

/// The Midjourney bot's application, whose id is also its user's id.
pub const MIDJOURNEY: ApplicationId = ApplicationId::new(936_929_561_302_675_456);

/// The niji・journey bot (trueai/midjourney-proxy).
pub const NIJI: ApplicationId = ApplicationId::new(1_022_952_195_194_359_889);

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authorship {
    /// One of Midjourney's bots, or a bot whose buttons are Midjourney's.
    Midjourney,
    /// Somebody else, who may quote Midjourney.
    Other,
    /// It is not said: a partial update, or a message that was cut.
    Unknown,
}

/// The application that wrote a message: its own id, or its user's, which is the same.
pub(crate) fn writer(message: &Message) -> Option<ApplicationId> {
    let author = message.author.as_ref().and_then(|author| author.id);
    message.application.or_else(|| author.map(|id| ApplicationId::new(id.get())))
}

pub(crate) fn authorship(message: &Message) -> Authorship {
    let Some(author) = &message.author else { return Authorship::Unknown };
    let Some(id) = author.id else { return Authorship::Unknown };
    let is_known = [MIDJOURNEY, NIJI].iter().any(|application| application.get() == id.get());
    let has_its_buttons = || {
        let mut custom_ids = message.components.iter().filter_map(|button| button.custom_id.as_deref());
        author.bot && custom_ids.any(is_midjourneys)
    };
    if is_known || has_its_buttons() { Authorship::Midjourney } else { Authorship::Other }
}
