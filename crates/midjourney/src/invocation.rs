//! A command with its values, as the caller wants it: no version, no place, no nonce. It is checked and sent by others.

mod record;

use std::fmt;

use journeyman_model::ApplicationId;

pub use record::{ArgumentRecord, InvocationRecord, UnreadableInvocation, UploadedRecord};

use crate::application::{MIDJOURNEY, NIJI};
use crate::expect::{AnswerKind, Awaited, Expect};
use crate::sighting::Action;

/// A command of one of Midjourney's bots, with values for its options.
///
/// ```
/// use journeyman_midjourney::invocation::{Dimensions, Invocation, PlainCommand, Uploaded};
///
/// let image = |name: &str| Uploaded { filename: name.to_owned(), uploaded_filename: format!("1/{name}") };
/// let blend = Invocation::blend([image("a.png"), image("b.png")])?.with_dimensions(Dimensions::Portrait);
/// assert_eq!(blend.to_string(), "/blend image1:a.png image2:b.png dimensions:--ar 2:3");
///
/// let info = Invocation::plain(PlainCommand::Info);
/// assert_eq!(info.to_string(), "/info");
///
/// // The interesting failure: a blend takes 2 to 5 images.
/// let error = Invocation::blend([image("a.png")]).unwrap_err();
/// assert!(error.to_string().contains("2 to 5"));
/// # Ok::<(), journeyman_midjourney::invocation::WrongImages>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// Whose command it is.
    pub application: ApplicationId,
    /// The command's name.
    pub name: String,
    /// The subcommand, with its group before it: `option`, `set`; empty for most commands.
    pub subcommand: Vec<String>,
    /// The values, in the order in which they are sent.
    pub arguments: Vec<Argument>,
    /// The uploaded files that [`ArgumentValue::Attachment`] counts, from 0.
    pub attachments: Vec<Uploaded>,
}

/// A value for one option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The option's name.
    pub name: String,
    /// Its value.
    pub value: ArgumentValue,
}

/// A value, by Discord's option types that Midjourney's commands use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgumentValue {
    /// A text (type 3).
    Text(String),
    /// A file (type 11): its place among [`Invocation::attachments`].
    Attachment(usize),
}

/// A file that was uploaded and is not yet used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// The name that people see.
    pub filename: String,
    /// The name that Discord gave with the upload's address.
    pub uploaded_filename: String,
}

/// The shape of a blend (capture of the command index, 2024).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimensions {
    /// 2:3.
    Portrait,
    /// 1:1, what a blend has without being told.
    Square,
    /// 3:2.
    Landscape,
}

impl Dimensions {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Portrait, Self::Square, Self::Landscape];

    /// One word, for people and programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Portrait => "portrait",
            Self::Square => "square",
            Self::Landscape => "landscape",
        }
    }

    /// The one with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word().eq_ignore_ascii_case(word))
    }

    /// The option's value.
    pub const fn value(self) -> &'static str {
        match self {
            Self::Portrait => "--ar 2:3",
            Self::Square => "--ar 1:1",
            Self::Landscape => "--ar 3:2",
        }
    }
}

/// A command that takes no values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PlainCommand {
    /// The account: plan, mode, what is left, what runs.
    Info,
    /// The settings, as a message with buttons.
    Settings,
    /// From now on jobs are fast.
    Fast,
    /// From now on jobs are relaxed.
    Relax,
    /// From now on jobs are turbo.
    Turbo,
    /// From now on jobs are hidden from others.
    Stealth,
    /// From now on jobs can be seen by others.
    Public,
    /// The bot's own help.
    Help,
    /// A link to Midjourney's server.
    Invite,
    /// A link to the account's subscription.
    Subscribe,
    /// The account's id with Midjourney.
    UserId,
    /// Remix on or off: buttons then ask for a new prompt.
    PreferRemix,
    /// Strong or subtle variations by default.
    PreferVariability,
    /// Whether results are sent as private messages too.
    PreferAutoDm,
    /// The account's custom options.
    PreferOptionList,
}

impl PlainCommand {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Info,
        Self::Settings,
        Self::Fast,
        Self::Relax,
        Self::Turbo,
        Self::Stealth,
        Self::Public,
        Self::Help,
        Self::Invite,
        Self::Subscribe,
        Self::UserId,
        Self::PreferRemix,
        Self::PreferVariability,
        Self::PreferAutoDm,
        Self::PreferOptionList,
    ];

    /// The command, and its subcommand with the group before it.
    pub const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Info => &["info"],
            Self::Settings => &["settings"],
            Self::Fast => &["fast"],
            Self::Relax => &["relax"],
            Self::Turbo => &["turbo"],
            Self::Stealth => &["stealth"],
            Self::Public => &["public"],
            Self::Help => &["help"],
            Self::Invite => &["invite"],
            Self::Subscribe => &["subscribe"],
            Self::UserId => &["userid"],
            Self::PreferRemix => &["prefer", "remix"],
            Self::PreferVariability => &["prefer", "variability"],
            Self::PreferAutoDm => &["prefer", "auto_dm"],
            Self::PreferOptionList => &["prefer", "option", "list"],
        }
    }
}

/// A blend of too few or too many images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongImages {
    /// How many were given.
    pub count: usize,
}

impl fmt::Display for WrongImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "blend {} images: /blend takes 2 to 5", self.count)
    }
}

impl std::error::Error for WrongImages {}

impl Invocation {
    /// Any command by its name; values are added with [`with_text`](Self::with_text) and
    /// [`with_attachment`](Self::with_attachment).
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            application: MIDJOURNEY,
            name: name.into(),
            subcommand: Vec::new(),
            arguments: Vec::new(),
            attachments: Vec::new(),
        }
    }

    /// A command that takes no values.
    pub fn plain(command: PlainCommand) -> Self {
        Self::of_words(command.words())
    }

    /// `/imagine`.
    pub fn imagine(prompt: impl Into<String>) -> Self {
        Self::named("imagine").with_text("prompt", prompt)
    }

    /// `/blend` of 2 to 5 images.
    ///
    /// # Errors
    /// [`WrongImages`] for any other number of them.
    pub fn blend(images: impl IntoIterator<Item = Uploaded>) -> Result<Self, WrongImages> {
        let images: Vec<_> = images.into_iter().collect();
        if !(2..=5).contains(&images.len()) {
            return Err(WrongImages { count: images.len() });
        }
        let numbered = (1..).zip(images);
        let add = |blend: Self, (number, image)| blend.with_attachment(format!("image{number}"), image);
        Ok(numbered.fold(Self::named("blend"), add))
    }

    /// The same blend in this shape.
    #[must_use]
    pub fn with_dimensions(self, dimensions: Dimensions) -> Self {
        self.with_text("dimensions", dimensions.value())
    }

    /// `/describe` of an uploaded image.
    pub fn describe(image: Uploaded) -> Self {
        Self::named("describe").with_attachment("image", image)
    }

    /// `/describe` of an image on the web.
    pub fn describe_link(link: impl Into<String>) -> Self {
        Self::named("describe").with_text("link", link)
    }

    /// `/shorten`.
    pub fn shorten(prompt: impl Into<String>) -> Self {
        Self::named("shorten").with_text("prompt", prompt)
    }

    /// `/show`: a finished job of this account once more, by its job id.
    pub fn show(job_id: impl Into<String>) -> Self {
        Self::named("show").with_text("job_id", job_id)
    }

    /// `/ask`: a question to the bot.
    pub fn ask(question: impl Into<String>) -> Self {
        Self::named("ask").with_text("question", question)
    }

    /// `/prefer suffix`: from now on this stands at the end of every prompt.
    pub fn prefer_suffix(suffix: impl Into<String>) -> Self {
        Self::prefer_no_suffix().with_text("new_value", suffix)
    }

    /// `/prefer suffix` without a value, which removes it.
    pub fn prefer_no_suffix() -> Self {
        Self::of_words(&["prefer", "suffix"])
    }

    /// `/prefer option set`: from now on `--option` stands for `value`.
    pub fn prefer_option(option: impl Into<String>, value: impl Into<String>) -> Self {
        Self::prefer_no_option(option).with_text("value", value)
    }

    /// `/prefer option set` without a value, which removes the option.
    pub fn prefer_no_option(option: impl Into<String>) -> Self {
        Self::of_words(&["prefer", "option", "set"]).with_text("option", option)
    }

    fn of_words(words: &[&str]) -> Self {
        let (name, subcommand) = words.split_first().unwrap_or((&"", &[]));
        let subcommand = subcommand.iter().map(|word| (*word).to_owned()).collect();
        Self { subcommand, ..Self::named(*name) }
    }

    /// The same command of the niji・journey bot.
    #[must_use]
    pub fn of_niji(self) -> Self {
        Self { application: NIJI, ..self }
    }

    /// The same with a text for an option.
    #[must_use]
    pub fn with_text(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.with(name.into(), ArgumentValue::Text(text.into()))
    }

    /// The same with an uploaded file for an option.
    #[must_use]
    pub fn with_attachment(mut self, name: impl Into<String>, file: Uploaded) -> Self {
        let index = self.attachments.len();
        self.attachments.push(file);
        self.with(name.into(), ArgumentValue::Attachment(index))
    }

    fn with(mut self, name: String, value: ArgumentValue) -> Self {
        self.arguments.push(Argument { name, value });
        self
    }

    /// The text that was given for an option.
    pub fn text(&self, name: &str) -> Option<&str> {
        let argument = self.arguments.iter().find(|argument| argument.name == name)?;
        match &argument.value {
            ArgumentValue::Text(text) => Some(text),
            ArgumentValue::Attachment(_) => None,
        }
    }

    /// What comes back.
    pub fn expects(&self) -> Expect {
        let answer = |kind| Expect::Answer(kind);
        match self.name.as_str() {
            "imagine" => Expect::Images(Awaited::of(Action::Imagine)),
            "blend" => Expect::Images(Awaited::of(Action::Blend)),
            "describe" => answer(AnswerKind::Described),
            "shorten" => answer(AnswerKind::Shortened),
            "info" => answer(AnswerKind::Account),
            "settings" => answer(AnswerKind::Settings),
            "show" => answer(AnswerKind::Shown),
            _ => answer(AnswerKind::Text),
        }
    }
}

/// As a person types it. It holds the caller's prompt.
impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.name)?;
        for word in &self.subcommand {
            write!(f, " {word}")?;
        }
        for argument in &self.arguments {
            match &argument.value {
                ArgumentValue::Text(text) => write!(f, " {}:{text}", argument.name)?,
                ArgumentValue::Attachment(index) => {
                    let file = self.attachments.get(*index).map_or("?", |file| file.filename.as_str());
                    write!(f, " {}:{file}", argument.name)?;
                }
            }
        }
        Ok(())
    }
}
