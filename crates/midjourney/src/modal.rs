//! A modal that the bot opens: what it asks, and the payload that answers it. It decides no answer.

use std::fmt;

use journeyman_model::{ApplicationId, InteractionEvent, InteractionId, ModalField};
use serde_json::{Value, json};

use crate::application::MIDJOURNEY;
use crate::command::Place;
use crate::job_id;
use crate::sighting::Action;

/// What a modal is for, by its custom id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ModalKind {
    /// A new prompt for variations, in remix mode: `MJ::RemixModal` (capture of August 2023).
    Remix,
    /// How far to zoom out: `MJ::OutpaintCustomZoomModal` (novicezk/midjourney-proxy).
    CustomZoom,
    /// A new prompt for a zoom, in remix mode: `MJ::OutpaintModal` (trueai/midjourney-proxy).
    Zoom,
    /// A new prompt for a pan, in remix mode: `MJ::PanModal` (trueai/midjourney-proxy).
    Pan,
    /// A mask and a prompt for Vary (Region), on an embedded page (trueai/midjourney-proxy, Mutiny-SDK).
    Region,
    /// A prompt to imagine, after a reroll in remix mode or `/shorten`: `MJ::ImagineModal` (trueai/midjourney-proxy).
    Imagine,
    /// A described prompt to imagine: `MJ::Picreader::Modal` (trueai/midjourney-proxy).
    PicReader,
    /// Any other.
    Other,
}

impl ModalKind {
    /// Reads a modal's custom id, and the path of its embedded page, if it is one.
    pub fn parse(custom_id: &str, iframe_path: Option<&str>) -> Self {
        let lower = custom_id.to_lowercase();
        let mut parts = lower.split("::").skip(1);
        match (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()) {
            ("remixmodal", _) => Self::Remix,
            ("outpaintcustomzoommodal", _) => Self::CustomZoom,
            ("outpaintmodal", _) => Self::Zoom,
            ("panmodal", _) => Self::Pan,
            ("imaginemodal", _) => Self::Imagine,
            ("picreader", "modal") => Self::PicReader,
            ("iframe", _) if iframe_path.is_some_and(|path| path.starts_with("/inpaint")) => Self::Region,
            _ => Self::Other,
        }
    }

    /// The kind of work that its answer begins.
    pub const fn action(self) -> Option<Action> {
        match self {
            Self::Remix => Some(Action::Remix),
            Self::CustomZoom | Self::Zoom => Some(Action::Zoom),
            Self::Pan => Some(Action::Pan),
            Self::Region => Some(Action::Region),
            Self::Imagine | Self::PicReader => Some(Action::Imagine),
            Self::Other => None,
        }
    }
}

/// A modal with the values of its fields, which stay as they are until they are filled.
///
/// ```
/// use journeyman_midjourney::{Meaning, classify_event};
/// use journeyman_midjourney::Place;
/// use journeyman_model::ChannelId;
/// use serde_json::json;
///
/// let opened = classify_event(&json!({ "op": 0, "t": "INTERACTION_MODAL_CREATE", "d": {
///     "id": "7", "custom_id": "MJ::OutpaintCustomZoomModal::875fbd3a-ef43-4134-a4e8-cd853565cbfd",
///     "components": [{ "type": 1, "components": [{
///         "type": 4, "custom_id": "MJ::OutpaintCustomZoomModal::prompt", "value": "a cat --zoom 2",
///     }] }],
/// } }));
/// let Meaning::ModalOpened(modal) = opened.meaning else { panic!("{opened:?}") };
/// let place = Place { guild: None, channel: ChannelId::new(1), session_id: "0" };
/// let payload = modal.clone().with_prompt("a cat --zoom 1.4")?.payload(&place, "2")?;
/// assert_eq!(payload["data"]["components"][0]["components"][0]["value"], "a cat --zoom 1.4");
///
/// // The interesting failure: the bot takes no other zoom, and would only be silent.
/// let error = modal.with_prompt("a cat --zoom 9")?.payload(&place, "2").unwrap_err();
/// assert!(error.to_string().contains("from 1 to 2"), "{error}");
/// # Ok::<(), journeyman_midjourney::modal::WrongAnswer>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modal {
    /// The id to answer it with.
    pub id: Option<InteractionId>,
    /// Who opened it.
    pub application: ApplicationId,
    /// Its custom id; of an embedded page, `MJ::iframe::` and the page's token.
    pub custom_id: String,
    /// What people see above it.
    pub title: Option<String>,
    /// What it is for.
    pub kind: ModalKind,
    /// Its text fields, in order; an embedded page has none.
    pub fields: Vec<ModalField>,
    /// The path of the embedded page, if it is one.
    pub page: Option<String>,
}

impl Modal {
    /// The modal that an event opens.
    pub fn of(event: &InteractionEvent) -> Self {
        let custom_id = event.custom_id.clone().unwrap_or_default();
        Self {
            id: event.id,
            application: event.application.unwrap_or(MIDJOURNEY),
            kind: ModalKind::parse(&custom_id, event.iframe_path.as_deref()),
            custom_id,
            title: event.title.clone(),
            fields: event.fields.clone(),
            page: event.iframe_path.clone(),
        }
    }

    /// Which of the four images it is about: `MJ::RemixModal::<job>::<image>::1`.
    pub fn image(&self) -> Option<u8> {
        if self.kind != ModalKind::Remix {
            return None;
        }
        self.custom_id.split("::").nth(3)?.parse().ok().filter(|image| (1..=4).contains(image))
    }

    /// Midjourney's job id in its custom id: the job that it changes.
    pub fn job_id(&self) -> Option<String> {
        job_id::last_in(&self.custom_id)
    }

    /// The field for the prompt: the one that is called so, or the only one.
    pub fn prompt_field(&self) -> Option<&ModalField> {
        let is_prompt = |field: &&ModalField| field.custom_id.to_lowercase().contains("prompt");
        let only = || self.fields.first().filter(|_| self.fields.len() == 1);
        self.fields.iter().find(is_prompt).or_else(only)
    }

    /// The prompt that is in it.
    pub fn prompt(&self) -> Option<&str> {
        self.prompt_field().map(|field| field.value.as_str())
    }

    /// The same with this prompt.
    ///
    /// # Errors
    /// [`WrongAnswer::NoField`] when it has no field for a prompt.
    pub fn with_prompt(self, prompt: impl Into<String>) -> Result<Self, WrongAnswer> {
        let field = self.prompt_field().map(|field| field.custom_id.clone());
        let Some(field) = field else { return Err(self.no_field("prompt")) };
        self.with_value(&field, prompt)
    }

    /// The same with this value in a field, by its custom id or its label.
    ///
    /// # Errors
    /// [`WrongAnswer::NoField`] when it has no such field.
    pub fn with_value(mut self, field: &str, value: impl Into<String>) -> Result<Self, WrongAnswer> {
        let is_it = |one: &&mut ModalField| {
            let is_label = one.label.as_deref().is_some_and(|label| label.eq_ignore_ascii_case(field));
            one.custom_id == field || is_label
        };
        match self.fields.iter_mut().find(is_it) {
            Some(found) => found.value = value.into(),
            None => return Err(self.no_field(field)),
        }
        Ok(self)
    }

    fn no_field(&self, field: &str) -> WrongAnswer {
        let known = self.fields.iter().map(|one| one.label.clone().unwrap_or_else(|| one.custom_id.clone()));
        WrongAnswer::NoField { field: field.to_owned(), known: known.collect() }
    }

    /// The payload of the answer (`POST /interactions`, type 5), with every field as it is.
    ///
    /// # Errors
    /// [`WrongAnswer`] when the values cannot be right; nothing should be sent then.
    pub fn payload(&self, place: &Place<'_>, nonce: &str) -> Result<Value, WrongAnswer> {
        let id = self.check()?;
        let row = |field: &ModalField| {
            let input = json!({ "type": 4, "custom_id": field.custom_id, "value": field.value });
            json!({ "type": 1, "components": [input] })
        };
        Ok(json!({
            "type": 5,
            "application_id": self.application,
            "channel_id": place.channel,
            "guild_id": place.guild,
            "session_id": place.session_id,
            "nonce": nonce,
            "data": {
                "id": id,
                "custom_id": self.custom_id,
                "components": self.fields.iter().map(row).collect::<Vec<_>>(),
            },
        }))
    }

    fn check(&self) -> Result<InteractionId, WrongAnswer> {
        if self.page.is_some() {
            return Err(WrongAnswer::Page);
        }
        for field in &self.fields {
            check_length(field)?;
        }
        if self.kind == ModalKind::CustomZoom {
            check_zoom(self.prompt().unwrap_or_default())?;
        }
        self.id.ok_or(WrongAnswer::NoId)
    }
}

fn check_length(field: &ModalField) -> Result<(), WrongAnswer> {
    let name = || field.label.clone().unwrap_or_else(|| field.custom_id.clone());
    let length = u64::try_from(field.value.chars().count()).unwrap_or(u64::MAX);
    match (field.least, field.most) {
        _ if field.value.trim().is_empty() && !field.optional => Err(WrongAnswer::Empty { field: name() }),
        (_, Some(most)) if length > most => Err(WrongAnswer::TooLong { field: name(), length, most }),
        (Some(least), _) if length < least && length > 0 => {
            Err(WrongAnswer::TooShort { field: name(), length, least })
        }
        _ => Ok(()),
    }
}

/// The last `--zoom` counts, as of every parameter.
fn check_zoom(prompt: &str) -> Result<(), WrongAnswer> {
    let mut words = prompt.split_whitespace();
    let mut zoom = None;
    while let Some(word) = words.next() {
        if word.eq_ignore_ascii_case("--zoom") {
            zoom = Some(words.next().unwrap_or_default());
        }
    }
    let is_in_range =
        zoom.and_then(|zoom| zoom.parse::<f64>().ok()).is_some_and(|zoom| (1.0..=2.0).contains(&zoom));
    if is_in_range { Ok(()) } else { Err(WrongAnswer::Zoom { found: zoom.map(str::to_owned) }) }
}

/// Why a modal cannot be answered so.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrongAnswer {
    /// It has no such field.
    NoField {
        /// What was looked for.
        field: String,
        /// The fields that it has.
        known: Vec<String>,
    },
    /// A field that must not be empty is empty.
    Empty {
        /// The field.
        field: String,
    },
    /// A value is too long.
    TooLong {
        /// The field.
        field: String,
        /// Its length in characters.
        length: u64,
        /// The most that it takes.
        most: u64,
    },
    /// A value is too short.
    TooShort {
        /// The field.
        field: String,
        /// Its length in characters.
        length: u64,
        /// The least that it takes.
        least: u64,
    },
    /// A custom zoom without `--zoom`, or with one out of range.
    Zoom {
        /// What stands behind `--zoom`.
        found: Option<String>,
    },
    /// It is an embedded page, which is answered to the page itself.
    Page,
    /// The event had no id to answer it with.
    NoId,
}

impl fmt::Display for WrongAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("answer the bot's form: ")?;
        match self {
            Self::NoField { field, known } if known.is_empty() => {
                write!(f, "it has no field {field}, and no other")
            }
            Self::NoField { field, known } => {
                write!(f, "it has no field {field}; it has {}", known.join(", "))
            }
            Self::Empty { field } => write!(f, "the field {field} must not be empty"),
            Self::TooLong { field, length, most } => {
                write!(f, "the field {field} has {length} characters, and takes at most {most}")
            }
            Self::TooShort { field, length, least } => {
                write!(f, "the field {field} has {length} characters, and needs at least {least}")
            }
            Self::Zoom { found: None } => {
                f.write_str("a custom zoom needs --zoom with a number from 1 to 2 in the prompt")
            }
            Self::Zoom { found: Some(found) } => {
                write!(f, "--zoom takes a number from 1 to 2, not {found:?}")
            }
            Self::Page => f.write_str("it is an embedded page, which is answered with a mask"),
            Self::NoId => f.write_str("Discord named no id to answer it with"),
        }
    }
}

impl std::error::Error for WrongAnswer {}
