//! What a queued job asks for, as it is stored. It is no payload.

use journeyman_midjourney::generation::GenerationRecord;
use journeyman_midjourney::order::{FormAnswer, Order, OrderRecord};
use journeyman_midjourney::prompt::Prompt;
use journeyman_midjourney::region::Mask;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};
use crate::panel::Panel;

/// The version this program writes and reads.
const VERSION: u32 = 1;

/// A stored request: an order, or a press on the result of the parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// `/imagine` with this prompt.
    Imagine {
        /// The prompt.
        prompt: String,
    },
    /// Any order.
    Order(Box<Order>),
    /// A press of what this label means on the parent's result.
    Press {
        /// For instance `U1`.
        label: String,
        /// What is chosen, where it is a list.
        values: Vec<String>,
        /// How a form that opens is answered.
        form: FormAnswer,
    },
}

/// The same, as JSON; exactly one of the three is there.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct RequestRecord {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    press: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    form_prompt: Option<String>,
    /// A PNG in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    mask: Option<String>,
}

impl Request {
    /// As it is stored.
    pub fn to_text(&self) -> String {
        let mut record = RequestRecord { version: VERSION, ..RequestRecord::default() };
        match self {
            Self::Imagine { prompt } => record.prompt = Some(prompt.clone()),
            Self::Order(order) => record.order = Some(OrderRecord::from(order.as_ref())),
            Self::Press { label, values, form } => {
                record.press = Some(label.clone());
                record.values.clone_from(values);
                record.form_prompt.clone_from(&form.prompt);
                record.mask = form.mask.as_ref().map(Mask::to_base64);
            }
        }
        // A record of strings and numbers can always be written.
        serde_json::to_string(&record).unwrap_or_default()
    }

    /// Reads what was stored.
    ///
    /// # Errors
    /// `Storage` for what another version wrote.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        let unreadable = |why: String| {
            Error::new(ErrorKind::Storage, format!("read a stored request: {why}"))
                .with_hint("use the version of this program that wrote it")
        };
        let record: RequestRecord =
            serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
        if record.version != VERSION {
            return Err(unreadable(format!(
                "its version is {}, this program reads {VERSION}",
                record.version
            )));
        }
        match (record.prompt, record.order, record.press) {
            (Some(prompt), None, None) => Ok(Self::Imagine { prompt }),
            (None, Some(order), None) => {
                let order = Order::try_from(order).map_err(|why| unreadable(why.to_string()))?;
                Ok(Self::Order(Box::new(order)))
            }
            (None, None, Some(label)) => {
                let mask = record.mask.map(|text| Mask::from_base64(&text)).transpose();
                let mask = mask.map_err(|why| unreadable(why.to_string()))?;
                let form = FormAnswer { prompt: record.form_prompt, mask };
                Ok(Self::Press { label, values: record.values, form })
            }
            _ => Err(unreadable("it is not one prompt, one order or one press".to_owned())),
        }
    }

    /// The order to send; a press needs what its parent found.
    ///
    /// # Errors
    /// `InvalidPrompt` for a prompt that is not one job; `InvalidRequest` when the parent's result has no such
    /// button.
    pub(super) fn order(self, base: Option<&str>) -> Result<Order, Error> {
        match self {
            Self::Imagine { prompt } => {
                let prompt = Prompt::try_new(&prompt).map_err(|error| {
                    Error::new(ErrorKind::InvalidPrompt, error.to_string()).with_hint(error.hint())
                })?;
                if prompt.makes_several_jobs() {
                    return Err(Error::new(
                        ErrorKind::InvalidPrompt,
                        "the prompt makes several jobs, and a queued job is one",
                    )
                    .with_hint("add each of them by itself"));
                }
                Ok(Order::imagine(prompt.to_string()))
            }
            Self::Order(order) => Ok(*order),
            Self::Press { label, values, form } => {
                let panel = base.and_then(panel_of).ok_or_else(|| {
                    Error::new(
                        ErrorKind::InvalidRequest,
                        format!("press {label} on the result of the step before: it has no message"),
                    )
                    .with_hint("retry the step before")
                })?;
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                Ok(Order { form, ..Order::press(panel.press(&label, &values)?) })
            }
        }
    }
}

fn panel_of(base: &str) -> Option<Panel> {
    let record: GenerationRecord = serde_json::from_str(base).ok()?;
    Panel::of_record(&record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_reads_back_as_it_was_stored() {
        let press =
            Request::Press { label: "U1".to_owned(), values: Vec::new(), form: FormAnswer::default() };
        let order = Request::Order(Box::new(Order::imagine("a cat --ar 3:2")));
        for request in [Request::Imagine { prompt: "a cat".to_owned() }, order, press] {
            assert_eq!(Request::from_text(&request.to_text()).unwrap(), request);
        }
    }

    #[test]
    fn what_another_version_wrote_is_refused_with_a_cure() {
        for text in ["", "{}", r#"{"version":2,"prompt":"cat"}"#, r#"{"version":1}"#] {
            let error = Request::from_text(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Storage);
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn a_press_without_its_parents_result_is_refused_before_anything_is_sent() {
        let press =
            Request::Press { label: "U1".to_owned(), values: Vec::new(), form: FormAnswer::default() };
        assert_eq!(press.order(None).unwrap_err().kind(), ErrorKind::InvalidRequest);
    }
}
