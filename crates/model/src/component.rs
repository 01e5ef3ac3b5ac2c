//! Buttons and selects of a message, and the fields of a modal. Rows and containers are dissolved.

use serde_json::Value;

use crate::field;

/// Rows hold buttons, containers hold rows; nothing real is deeper.
const DEEPEST: usize = 6;

/// A button or a select.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Component {
    /// Discord's component type: 2 is a button, 3 and 5 to 8 are selects.
    pub kind: u8,
    /// The style: 1 is blue, which marks a used button of Midjourney's; 4 is red; 5 is a link.
    pub style: u8,
    /// The label, where there is one.
    pub label: Option<String>,
    /// The emoji's name, where there is one.
    pub emoji: Option<String>,
    /// What a press sends.
    pub custom_id: Option<String>,
    /// Where a link leads.
    pub url: Option<String>,
    /// Whether it is shown and cannot be pressed.
    pub disabled: bool,
    /// A select's text while nothing is chosen.
    pub placeholder: Option<String>,
    /// What a select offers, in order; a button offers nothing.
    pub options: Vec<SelectOption>,
}

/// One thing that a select offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SelectOption {
    /// What people see.
    pub label: String,
    /// What is sent.
    pub value: String,
    /// Whether it is chosen at the moment.
    pub chosen: bool,
}

impl SelectOption {
    /// Reads an option; `None` without a value, since it could not be chosen.
    fn from_json(value: &Value) -> Option<Self> {
        let sent = field::text(value, "value")?;
        Some(Self {
            label: field::text(value, "label").unwrap_or_else(|| sent.clone()),
            value: sent,
            chosen: field::flag(value, "default"),
        })
    }
}

/// A text field of a modal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModalField {
    /// What its value is sent under.
    pub custom_id: String,
    /// What people see above it.
    pub label: Option<String>,
    /// The text that is in it already; empty where there is none.
    pub value: String,
    /// Whether it may be left empty; a field is required unless it says otherwise (Discord's docs, "Text Input").
    pub optional: bool,
    /// The least characters.
    pub least: Option<u64>,
    /// The most characters.
    pub most: Option<u64>,
}

impl ModalField {
    /// The text fields in `value`, an array of components, in order.
    pub fn list_from_json(value: &Value) -> Vec<Self> {
        let mut found = Vec::new();
        gather(value, DEEPEST, &mut |part| found.extend(Self::from_json(part)));
        found
    }

    fn from_json(value: &Value) -> Option<Self> {
        /// A text input (Discord's docs, "Component Types").
        const TEXT_INPUT: u64 = 4;
        (field::number(value, "type") == Some(TEXT_INPUT)).then_some(())?;
        Some(Self {
            custom_id: field::text(value, "custom_id")?,
            label: field::text(value, "label"),
            value: field::text(value, "value").unwrap_or_default(),
            optional: value.get("required").and_then(Value::as_bool) == Some(false),
            least: field::number(value, "min_length"),
            most: field::number(value, "max_length"),
        })
    }
}

impl Component {
    /// The buttons and selects in `value`, an array of components, in order.
    pub fn list_from_json(value: &Value) -> Vec<Self> {
        let mut found = Vec::new();
        gather(value, DEEPEST, &mut |part| {
            if part.get("custom_id").is_some() || part.get("url").is_some() {
                found.push(Self::from_json(part));
            }
        });
        found
    }

    fn from_json(value: &Value) -> Self {
        Self {
            kind: field::number_as(value, "type").unwrap_or_default(),
            style: field::number_as(value, "style").unwrap_or_default(),
            label: field::text(value, "label"),
            emoji: value.get("emoji").and_then(|emoji| field::text(emoji, "name")),
            custom_id: field::text(value, "custom_id"),
            url: field::text(value, "url"),
            disabled: field::flag(value, "disabled"),
            placeholder: field::text(value, "placeholder"),
            options: field::list(value, "options", SelectOption::from_json),
        }
    }
}

/// Calls `found` with each component that holds no others, in order.
fn gather(value: &Value, depth: usize, found: &mut impl FnMut(&Value)) {
    if depth == 0 {
        return;
    }
    for part in value.as_array().into_iter().flatten() {
        if let Some(inner) = part.get("components") {
            gather(inner, depth - 1, found);
        } else if let Some(inner) = part.get("component") {
            // A label around one component (Discord's docs, "Label").
            gather(&Value::Array(vec![inner.clone()]), depth - 1, found);
        } else {
            found(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_and_containers_are_dissolved_in_order() {
        let rows = json!([
            {"type": 1, "components": [{"type": 2, "custom_id": "a", "label": "A", "style": 1}]},
            {"type": 17, "components": [{"type": 1, "components": [{"type": 2, "url": "https://x", "style": 5}]}]},
        ]);
        let found = Component::list_from_json(&rows);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].custom_id.as_deref(), found[0].style), (Some("a"), 1));
        assert_eq!(found[1].url.as_deref(), Some("https://x"));
    }

    #[test]
    fn a_select_offers_its_options() {
        let rows = json!([{"type": 1, "components": [{"type": 3, "custom_id": "s", "placeholder": "Version", "options": [
            {"label": "Six", "value": "6", "default": true}, {"value": "7"}, {"label": "no value"},
        ]}]}]);
        let select = Component::list_from_json(&rows).remove(0);
        let offered: Vec<_> =
            select.options.iter().map(|one| (one.label.as_str(), one.value.as_str(), one.chosen)).collect();
        assert_eq!(offered, [("Six", "6", true), ("7", "7", false)]);
    }

    #[test]
    fn the_fields_of_a_modal_are_read_in_rows_and_in_labels() {
        let input = json!({"type": 4, "custom_id": "new_prompt", "value": "cat", "max_length": 4000});
        let optional = json!({"type": 4, "custom_id": "more", "required": false});
        let components = json!([
            {"type": 1, "components": [input, {"type": 4}]},
            {"type": 18, "label": "More", "component": optional},
            {"type": 10, "content": "a text for people"},
        ]);
        let fields = ModalField::list_from_json(&components);
        assert_eq!(fields.len(), 2);
        assert_eq!(
            (fields[0].value.as_str(), fields[0].optional, fields[0].most),
            ("cat", false, Some(4000))
        );
        assert_eq!((fields[1].custom_id.as_str(), fields[1].optional), ("more", true));
    }

    #[test]
    fn a_bottomless_nest_is_cut_off() {
        let mut nest = json!([{"type": 2, "custom_id": "deep"}]);
        // As deep as serde_json reads: it stops at 128 levels.
        for _ in 0..60 {
            nest = json!([{"type": 1, "components": nest}]);
        }
        assert_eq!(Component::list_from_json(&nest), []);
    }
}
