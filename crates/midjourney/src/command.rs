//! Commands as payloads, checked against what was discovered. They are discovered by others and sent by others.

use std::fmt;

use journeyman_model::{ChannelId, Command, CommandOption, GuildId};
use serde_json::{Value, json};

use crate::invocation::{Argument, ArgumentValue, Invocation};

/// Discord's option types (Discord's docs, "Application Command Option Type").
mod kind {
    pub(super) const SUBCOMMAND: u8 = 1;
    pub(super) const GROUP: u8 = 2;
    pub(super) const TEXT: u8 = 3;
    pub(super) const ATTACHMENT: u8 = 11;
}

/// The longest text of an option (Discord's docs, "Application Command Option Structure").
const LONGEST_TEXT: usize = 6_000;

/// Where a command is sent or a button pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The guild; `None` in a DM.
    pub guild: Option<GuildId>,
    /// The channel.
    pub channel: ChannelId,
    /// The gateway session's id, or any text of that shape where there is no session.
    pub session_id: &'a str,
}

/// The payload of a command (`POST /interactions`, type 2).
///
/// `command` is the one that was discovered in this place: Discord refuses any other version.
/// The copy of the command that Discord's own client adds (`application_command`) is optional
/// (Mutiny-SDK leaves it out), and is left out.
///
/// # Errors
/// [`WrongInvocation`] when the values do not fit the command; nothing should be sent then.
pub fn payload(
    invocation: &Invocation,
    command: &Command,
    place: &Place<'_>,
    nonce: &str,
) -> Result<Value, WrongInvocation> {
    check(invocation, command)?;
    Ok(body(invocation, command, place, nonce))
}

/// Checks an invocation against the discovered command, as [`payload`] does.
///
/// # Errors
/// [`WrongInvocation`], for the first thing that does not fit.
pub fn check(invocation: &Invocation, command: &Command) -> Result<(), WrongInvocation> {
    let wrong = |problem| WrongInvocation { command: shown(invocation), problem };
    let is_its = command.application.is_none_or(|application| application == invocation.application);
    if command.name != invocation.name || !is_its {
        return Err(wrong(Problem::OtherCommand { found: command.name.clone() }));
    }
    let options = descend(&command.options, &invocation.subcommand).map_err(wrong)?;
    for argument in &invocation.arguments {
        check_argument(argument, options, invocation.attachments.len()).map_err(wrong)?;
    }
    let is_given =
        |option: &CommandOption| invocation.arguments.iter().any(|argument| argument.name == option.name);
    match options.iter().find(|option| option.required && !is_given(option)) {
        Some(option) => Err(wrong(Problem::Missing { option: option.name.clone() })),
        None => Ok(()),
    }
}

fn shown(invocation: &Invocation) -> String {
    let words = std::iter::once(invocation.name.as_str());
    words.chain(invocation.subcommand.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
}

/// The options of the subcommand that these words lead to.
fn descend<'a>(mut options: &'a [CommandOption], words: &[String]) -> Result<&'a [CommandOption], Problem> {
    let is_branch = |option: &&CommandOption| matches!(option.kind, kind::SUBCOMMAND | kind::GROUP);
    for word in words {
        let branch = options.iter().filter(is_branch).find(|option| option.name == *word);
        let known = || options.iter().filter(is_branch).map(|option| option.name.clone()).collect();
        options =
            &branch.ok_or_else(|| Problem::UnknownSubcommand { name: word.clone(), known: known() })?.options;
    }
    if options.iter().any(|option| is_branch(&option)) {
        return Err(Problem::NoSubcommand { known: names(options) });
    }
    Ok(options)
}

fn names(options: &[CommandOption]) -> Vec<String> {
    options.iter().map(|option| option.name.clone()).collect()
}

fn check_argument(argument: &Argument, options: &[CommandOption], attachments: usize) -> Result<(), Problem> {
    let name = || argument.name.clone();
    let Some(option) = options.iter().find(|option| option.name == argument.name) else {
        return Err(Problem::Unknown { option: name(), known: names(options) });
    };
    match (&argument.value, option.kind) {
        (ArgumentValue::Text(text), kind::TEXT) => check_text(text, option),
        (ArgumentValue::Attachment(index), kind::ATTACHMENT) if *index < attachments => Ok(()),
        (ArgumentValue::Attachment(_), kind::ATTACHMENT) => Err(Problem::NoFile { option: name() }),
        (ArgumentValue::Text(_) | ArgumentValue::Attachment(_), _) => {
            Err(Problem::OtherType { option: name() })
        }
    }
}

fn check_text(text: &str, option: &CommandOption) -> Result<(), Problem> {
    let name = || option.name.clone();
    if option.required && text.trim().is_empty() {
        return Err(Problem::Missing { option: name() });
    }
    let length = text.chars().count();
    if length > LONGEST_TEXT {
        return Err(Problem::TooLong { option: name(), length });
    }
    if !option.choices.is_empty() && option.choices.iter().all(|choice| choice != text) {
        return Err(Problem::NotAChoice {
            option: name(),
            value: text.to_owned(),
            choices: option.choices.clone(),
        });
    }
    Ok(())
}

fn body(invocation: &Invocation, command: &Command, place: &Place<'_>, nonce: &str) -> Value {
    let attachment = |(index, file): (usize, &crate::invocation::Uploaded)| {
        json!({
            "id": index.to_string(),
            "filename": file.filename,
            "uploaded_filename": file.uploaded_filename,
        })
    };
    json!({
        "type": 2,
        "application_id": command.application.unwrap_or(invocation.application),
        "guild_id": place.guild,
        "channel_id": place.channel,
        "session_id": place.session_id,
        "nonce": nonce,
        "data": {
            "version": command.version,
            "id": command.id,
            "name": command.name,
            "type": 1,
            "options": options(invocation),
            "attachments": invocation.attachments.iter().enumerate().map(attachment).collect::<Vec<_>>(),
        },
    })
}

/// The values, inside of their subcommand, inside of its group.
fn options(invocation: &Invocation) -> Value {
    let argument = |argument: &Argument| match &argument.value {
        ArgumentValue::Text(text) => json!({ "type": kind::TEXT, "name": argument.name, "value": text }),
        ArgumentValue::Attachment(index) => {
            json!({ "type": kind::ATTACHMENT, "name": argument.name, "value": index })
        }
    };
    let values: Value = invocation.arguments.iter().map(argument).collect();
    let wrap = |inner: Value, (height, word): (usize, &String)| {
        let kind = if height == 0 { kind::SUBCOMMAND } else { kind::GROUP };
        json!([{ "type": kind, "name": word, "options": inner }])
    };
    invocation.subcommand.iter().rev().enumerate().fold(values, wrap)
}

/// Values that do not fit the command that was discovered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongInvocation {
    /// The command, with its subcommand.
    pub command: String,
    /// What does not fit.
    pub problem: Problem,
}

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The command that was discovered is another one.
    OtherCommand {
        /// Its name.
        found: String,
    },
    /// There is no such subcommand.
    UnknownSubcommand {
        /// The one that was given.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// The command needs a subcommand.
    NoSubcommand {
        /// Those that there are.
        known: Vec<String>,
    },
    /// A required option has no value.
    Missing {
        /// The option.
        option: String,
    },
    /// There is no such option.
    Unknown {
        /// The one that was given.
        option: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// A text for a file, or a file for a text.
    OtherType {
        /// The option.
        option: String,
    },
    /// The option names a file that is not among the attachments.
    NoFile {
        /// The option.
        option: String,
    },
    /// The text is longer than Discord takes.
    TooLong {
        /// The option.
        option: String,
        /// Its length in characters.
        length: usize,
    },
    /// The text is none of those that the option takes.
    NotAChoice {
        /// The option.
        option: String,
        /// The text.
        value: String,
        /// Those that it takes.
        choices: Vec<String>,
    },
}

impl fmt::Display for WrongInvocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "send /{}: ", self.command)?;
        match &self.problem {
            Problem::OtherCommand { found } => write!(f, "the command that was discovered is /{found}"),
            Problem::UnknownSubcommand { name, known } => {
                write!(f, "it has no subcommand {name}; it has {}", listed(known))
            }
            Problem::NoSubcommand { known } => {
                write!(f, "it needs one of its subcommands: {}", listed(known))
            }
            Problem::Missing { option } => write!(f, "its option {option} is required and has no value"),
            Problem::Unknown { option, known } => {
                write!(f, "it has no option {option}; it has {}", listed(known))
            }
            Problem::OtherType { option } => write!(f, "its option {option} takes another type of value"),
            Problem::NoFile { option } => write!(f, "its option {option} names a file that was not uploaded"),
            Problem::TooLong { option, length } => write!(
                f,
                "its option {option} has {length} characters, and Discord takes at most {LONGEST_TEXT}"
            ),
            Problem::NotAChoice { option, value, choices } => {
                write!(f, "its option {option} cannot be {value:?}; it can be {}", listed(choices))
            }
        }
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl std::error::Error for WrongInvocation {}
