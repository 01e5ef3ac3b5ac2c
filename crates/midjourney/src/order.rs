//! What is asked of Midjourney: a command or a press, and how a form that it opens is answered. It
//! sends nothing.

mod record;

use std::fmt;

use journeyman_model::MessageId;

use crate::button::{CustomId, Press};
use crate::expect::Expect;
use crate::invocation::{ArgumentValue, Invocation};
use crate::job_id;
use crate::modal::Modal;
use crate::region::{self, Mask, PageRequest};

pub use record::{OrderRecord, UnreadableOrder};

/// One thing asked of Midjourney.
///
/// ```
/// use journeyman_midjourney::order::Order;
///
/// let order = Order::imagine("a lighthouse at dawn --ar 3:2");
/// assert_eq!(order.prompt(), Some("a lighthouse at dawn --ar 3:2"));
/// assert_eq!(order.parent(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// What is sent first.
    pub ask: Ask,
    /// How a form that it opens is answered.
    pub form: FormAnswer,
}

/// What is sent first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// A command.
    Command(Invocation),
    /// A press of a button, or a choice in a select.
    Press(Press),
}

/// The answer to a form, set before it opens: there is no time to ask then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormAnswer {
    /// The prompt; `None` leaves what stands in the form.
    pub prompt: Option<String>,
    /// The mask of Vary (Region).
    pub mask: Option<Mask>,
}

/// What answers a form.
#[derive(Debug, Clone, PartialEq)]
pub enum Answered {
    /// A modal with its values, for Discord.
    Modal(Box<Modal>),
    /// An embedded page, for the bot's own server.
    Page(Box<PageRequest>),
}

impl Order {
    /// `/imagine`.
    pub fn imagine(prompt: impl Into<String>) -> Self {
        Self::command(Invocation::imagine(prompt))
    }

    /// Any command.
    pub fn command(invocation: Invocation) -> Self {
        Self { ask: Ask::Command(invocation), form: FormAnswer::default() }
    }

    /// A press.
    pub fn press(press: Press) -> Self {
        Self { ask: Ask::Press(press), form: FormAnswer::default() }
    }

    /// The same, with this prompt for a form that opens.
    #[must_use]
    pub fn with_form_prompt(mut self, prompt: impl Into<String>) -> Self {
        self.form.prompt = Some(prompt.into());
        self
    }

    /// The same, with this mask for Vary (Region).
    #[must_use]
    pub fn with_mask(mut self, mask: Mask) -> Self {
        self.form.mask = Some(mask);
        self
    }

    /// What comes back.
    pub fn expects(&self) -> Expect {
        match &self.ask {
            Ask::Command(invocation) => invocation.expects(),
            Ask::Press(press) => press.expects(),
        }
    }

    /// The prompt of an imagine.
    pub fn prompt(&self) -> Option<&str> {
        match &self.ask {
            Ask::Command(invocation) if invocation.name == "imagine" => invocation.text("prompt"),
            Ask::Command(_) | Ask::Press(_) => None,
        }
    }

    /// The prompt as its results will show it, for matching: a blend shows its images as links.
    pub(crate) fn shown_prompt(&self) -> Option<String> {
        match &self.ask {
            Ask::Command(invocation) if invocation.name == "blend" => Some(blended(invocation)),
            Ask::Command(_) | Ask::Press(_) => self.prompt().map(str::to_owned),
        }
    }

    /// The message that is pressed.
    pub fn parent(&self) -> Option<MessageId> {
        match &self.ask {
            Ask::Press(press) => Some(press.on().message),
            Ask::Command(_) => None,
        }
    }

    /// The job that a press of Cancel Job ends.
    pub fn cancels(&self) -> Option<String> {
        let Ask::Press(press) = &self.ask else { return None };
        let custom_id = press.custom_id();
        (CustomId::parse(custom_id) == CustomId::Cancel).then(|| job_id::last_in(custom_id)).flatten()
    }

    /// How a form that opened is answered.
    ///
    /// # Errors
    /// For people: what does not fit. Nothing should be sent then.
    pub fn answer(&self, modal: Modal) -> Result<Answered, String> {
        let prompt = self.form.prompt.as_deref();
        if modal.page.is_some() {
            let Some(mask) = &self.form.mask else {
                return Err("answer the bot's form: it is Vary (Region), and no mask was given".to_owned());
            };
            let request = region::submit(&modal, mask, prompt.unwrap_or_default());
            return request.map(|request| Answered::Page(Box::new(request))).map_err(|why| why.to_string());
        }
        let filled = match prompt {
            Some(prompt) => modal.with_prompt(prompt),
            None => Ok(modal),
        };
        filled.map(|modal| Answered::Modal(Box::new(modal))).map_err(|why| why.to_string())
    }
}

/// `<link> <link> --ar 2:3`, with links that stand for any.
fn blended(invocation: &Invocation) -> String {
    let images = invocation.arguments.iter().filter_map(|argument| match &argument.value {
        ArgumentValue::Attachment(_) => Some("https://s.mj.run/x"),
        ArgumentValue::Text(_) => None,
    });
    let words: Vec<&str> = images.chain(invocation.text("dimensions")).collect();
    words.join(" ")
}

/// As a person would say it. It holds the caller's prompt.
impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.ask {
            Ask::Command(invocation) if invocation.name == "imagine" => {
                f.write_str(invocation.text("prompt").unwrap_or_default())
            }
            Ask::Command(invocation) => invocation.fmt(f),
            Ask::Press(press) => write!(f, "press {} on message {}", press.label(), press.on().message),
        }
    }
}
