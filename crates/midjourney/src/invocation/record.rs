//! An invocation as it is stored. It is no payload: Discord never sees this form.

use std::fmt;

use journeyman_model::ApplicationId;
use serde::{Deserialize, Serialize};

use super::{Argument, ArgumentValue, Invocation, Uploaded};

/// The version this program writes. It reads this one only; there is no older.
const VERSION: u32 = 1;

/// A stored [`Invocation`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvocationRecord {
    /// The format's version.
    pub version: u32,
    /// Whose command it is.
    pub application: ApplicationId,
    /// The command's name.
    pub name: String,
    /// The subcommand, with its group before it.
    #[serde(default)]
    pub subcommand: Vec<String>,
    /// The values.
    #[serde(default)]
    pub arguments: Vec<ArgumentRecord>,
    /// The uploaded files.
    #[serde(default)]
    pub attachments: Vec<UploadedRecord>,
}

/// A stored value: either of the two is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArgumentRecord {
    /// The option's name.
    pub name: String,
    /// A text.
    #[serde(default)]
    pub text: Option<String>,
    /// A place among the uploaded files.
    #[serde(default)]
    pub attachment: Option<usize>,
}

/// A stored upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadedRecord {
    /// The name that people see.
    pub filename: String,
    /// The name that Discord gave.
    pub uploaded_filename: String,
}

/// A record that this program cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnreadableInvocation {
    /// Another version of the format.
    Version {
        /// The one that was found.
        found: u32,
    },
    /// A value that is neither a text nor a file, or both.
    Argument {
        /// The option's name.
        name: String,
    },
}

impl fmt::Display for UnreadableInvocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { found } => {
                write!(f, "read a stored command: its format is {found}, and this program reads {VERSION}")
            }
            Self::Argument { name } => {
                write!(f, "read a stored command: its option {name} has not one value")
            }
        }
    }
}

impl std::error::Error for UnreadableInvocation {}

impl From<&Invocation> for InvocationRecord {
    fn from(invocation: &Invocation) -> Self {
        let argument = |argument: &Argument| match &argument.value {
            ArgumentValue::Text(text) => {
                ArgumentRecord { name: argument.name.clone(), text: Some(text.clone()), attachment: None }
            }
            ArgumentValue::Attachment(index) => {
                ArgumentRecord { name: argument.name.clone(), text: None, attachment: Some(*index) }
            }
        };
        let uploaded = |file: &Uploaded| UploadedRecord {
            filename: file.filename.clone(),
            uploaded_filename: file.uploaded_filename.clone(),
        };
        Self {
            version: VERSION,
            application: invocation.application,
            name: invocation.name.clone(),
            subcommand: invocation.subcommand.clone(),
            arguments: invocation.arguments.iter().map(argument).collect(),
            attachments: invocation.attachments.iter().map(uploaded).collect(),
        }
    }
}

impl TryFrom<InvocationRecord> for Invocation {
    type Error = UnreadableInvocation;

    fn try_from(record: InvocationRecord) -> Result<Self, UnreadableInvocation> {
        if record.version != VERSION {
            return Err(UnreadableInvocation::Version { found: record.version });
        }
        let argument = |argument: ArgumentRecord| {
            let value = match (argument.text, argument.attachment) {
                (Some(text), None) => ArgumentValue::Text(text),
                (None, Some(index)) => ArgumentValue::Attachment(index),
                (Some(_), Some(_)) | (None, None) => {
                    return Err(UnreadableInvocation::Argument { name: argument.name });
                }
            };
            Ok(Argument { name: argument.name, value })
        };
        let uploaded = |file: UploadedRecord| Uploaded {
            filename: file.filename,
            uploaded_filename: file.uploaded_filename,
        };
        Ok(Self {
            application: record.application,
            name: record.name,
            subcommand: record.subcommand,
            arguments: record.arguments.into_iter().map(argument).collect::<Result<_, _>>()?,
            attachments: record.attachments.into_iter().map(uploaded).collect(),
        })
    }
}
