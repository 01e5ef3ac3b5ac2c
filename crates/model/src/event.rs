//! A gateway frame, and the events about interactions. Messages inside are read by `message`.

use serde_json::Value;

use crate::component::ModalField;
use crate::field;
use crate::id::{ApplicationId, ChannelId, InteractionId};

/// A gateway frame; its data stays raw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event<'a> {
    /// The opcode; 0 carries an event.
    pub op: u64,
    /// The sequence number.
    pub sequence: Option<u64>,
    /// The event's name, for instance `MESSAGE_CREATE`.
    pub name: Option<&'a str>,
    /// The data.
    pub data: &'a Value,
}

impl<'a> Event<'a> {
    /// Reads a frame; `None` for JSON without `d`, and without `op` or `t`: some logs keep only one.
    pub fn from_json(value: &'a Value) -> Option<Self> {
        let name = value.get("t").and_then(Value::as_str);
        let op = field::number(value, "op").or_else(|| name.map(|_| 0))?;
        Some(Self { op, sequence: field::number(value, "s"), name, data: value.get("d")? })
    }
}

/// The data of an `INTERACTION_…` event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InteractionEvent {
    /// The interaction; of a modal, the id to submit it with.
    pub id: Option<InteractionId>,
    /// The nonce of the request.
    pub nonce: Option<String>,
    /// Where.
    pub channel: Option<ChannelId>,
    /// The application that opened a modal.
    pub application: Option<ApplicationId>,
    /// A modal's title.
    pub title: Option<String>,
    /// A modal's custom id.
    pub custom_id: Option<String>,
    /// The path that an embedded page is loaded from.
    pub iframe_path: Option<String>,
    /// A modal's text fields.
    pub fields: Vec<ModalField>,
}

impl InteractionEvent {
    /// Reads the data of an event.
    pub fn from_json(value: &Value) -> Self {
        let application = value.get("application");
        Self {
            id: field::id(value, "id", InteractionId::from_json),
            nonce: nonce(value),
            channel: field::id(value, "channel_id", ChannelId::from_json),
            application: application.and_then(|one| field::id(one, "id", ApplicationId::from_json)),
            title: field::text(value, "title"),
            custom_id: field::text(value, "custom_id"),
            iframe_path: field::text(value, "iframe_path"),
            fields: value.get("components").map(ModalField::list_from_json).unwrap_or_default(),
        }
    }
}

/// A nonce may be a text or a number (Discord's docs, "Create Message").
pub(crate) fn nonce(value: &Value) -> Option<String> {
    field::text(value, "nonce").or_else(|| field::number(value, "nonce").map(|number| number.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_frame_needs_data_and_an_opcode_or_a_name() {
        let hello = json!({"t": null, "s": null, "op": 10, "d": {"heartbeat_interval": 41250}});
        let frame = Event::from_json(&hello).unwrap();
        assert_eq!((frame.op, frame.name, frame.sequence), (10, None, None));
        assert_eq!(Event::from_json(&json!({"t": "READY", "d": {}})).map(|frame| frame.op), Some(0));
        assert_eq!(Event::from_json(&json!({"id": "1", "content": ""})), None);
        assert_eq!(Event::from_json(&json!({"d": {}, "op": "0"})), None);
    }

    #[test]
    fn a_numeric_nonce_reads_like_a_text() {
        let number = InteractionEvent::from_json(&json!({"nonce": 140}));
        let text = InteractionEvent::from_json(&json!({"nonce": "140"}));
        assert_eq!(number, text);
        assert_eq!(number.nonce.as_deref(), Some("140"));
    }
}
