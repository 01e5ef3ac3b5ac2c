//! Buttons and selects of a message. Rows and containers are dissolved; modals are not read.

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
    /// Whether it can be pressed.
    pub disabled: bool,
}

impl Component {
    /// The buttons and selects in `value`, an array of components, in order.
    pub fn list_from_json(value: &Value) -> Vec<Self> {
        let mut found = Vec::new();
        gather(value, DEEPEST, &mut found);
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
        }
    }
}

fn gather(value: &Value, depth: usize, found: &mut Vec<Component>) {
    if depth == 0 {
        return;
    }
    for part in value.as_array().into_iter().flatten() {
        if let Some(inner) = part.get("components") {
            gather(inner, depth - 1, found);
        } else if part.get("custom_id").is_some() || part.get("url").is_some() {
            found.push(Component::from_json(part));
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
    fn a_bottomless_nest_is_cut_off() {
        let mut nest = json!([{"type": 2, "custom_id": "deep"}]);
        // As deep as serde_json reads: it stops at 128 levels.
        for _ in 0..60 {
            nest = json!([{"type": 1, "components": nest}]);
        }
        assert_eq!(Component::list_from_json(&nest), []);
    }
}
