//! What can be pressed on a message, as a table and as JSON. It presses nothing.

use journeyman::{Button, Panel};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

/// One line a button: its label, what it is, what can be chosen.
pub(crate) fn text(panel: &Panel) -> String {
    if panel.buttons().is_empty() {
        return "nothing can be pressed on this message\n".to_owned();
    }
    let width = panel.buttons().iter().map(|button| button.label.width()).max().unwrap_or_default();
    let line = |button: &Button| {
        let pad = " ".repeat(width - button.label.width());
        format!("{}{pad}  {}\n", button.label, what(button)).replace("  \n", "\n")
    };
    panel.buttons().iter().map(line).collect()
}

fn what(button: &Button) -> String {
    if let Some(url) = &button.url {
        return format!("link: {url}");
    }
    let state = if button.disabled { " (disabled)" } else { "" };
    match &button.select {
        Some(select) => {
            let labels: Vec<_> = select.choices.iter().map(|choice| choice.label.as_str()).collect();
            format!("list{state}: {}", labels.join(", "))
        }
        None => format!("button{state}"),
    }
}

/// The same for programs.
pub(crate) fn object(panel: &Panel) -> Value {
    let button = |button: &Button| {
        let choices = button.select.as_ref().map(|select| {
            let choice = |one: &journeyman_midjourney::Choice| {
                json!({"label": one.label, "value": one.value, "chosen": one.chosen})
            };
            select.choices.iter().map(choice).collect::<Vec<_>>()
        });
        json!({
            "label": button.label,
            "custom_id": button.custom_id,
            "url": button.url,
            "disabled": button.disabled,
            "choices": choices,
        })
    };
    json!({
        "event": "panel",
        "message_id": panel.message().to_string(),
        "buttons": panel.buttons().iter().map(button).collect::<Vec<_>>(),
    })
}
