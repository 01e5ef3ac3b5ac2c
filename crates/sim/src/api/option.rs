//! The options of a slash command, checked against the command as it was discovered.
//!
//! Real: the types and bounds (Discord's docs, "Application Command Option"). Inferred: the error codes of wrong ones.

use serde_json::Value;

use crate::error_body;
use crate::http::Reply;

/// Real: the longest string option.
const LONGEST_STRING: usize = 6_000;

const SUBCOMMAND: u64 = 1;
const GROUP: u64 = 2;
const STRING: u64 = 3;
const ATTACHMENT: u64 = 11;

/// What was chosen.
#[derive(Debug, Default)]
pub(super) struct Chosen<'a> {
    /// The subcommands, from the outside in.
    pub(super) path: Vec<&'a str>,
    values: Vec<(&'a str, &'a Value)>,
}

impl<'a> Chosen<'a> {
    pub(super) fn value(&self, name: &str) -> Option<&'a Value> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.value(name)?.as_str()
    }
}

/// Reads `data.options` of a request for this command.
pub(super) fn choose<'a>(command: &Value, data: &'a Value) -> Result<Chosen<'a>, Box<Reply>> {
    let mut chosen = Chosen::default();
    read(&command["options"], &data["options"], &mut vec!["data".to_owned()], &mut chosen)?;
    Ok(chosen)
}

fn read<'a>(
    known: &Value,
    given: &'a Value,
    place: &mut Vec<String>,
    chosen: &mut Chosen<'a>,
) -> Result<(), Box<Reply>> {
    let known = known.as_array().map(Vec::as_slice).unwrap_or_default();
    let given = match given {
        Value::Null => &[],
        Value::Array(given) => given.as_slice(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            return Err(
                wrong(place, "options", "BASE_TYPE_ARRAY", "Only lists may be used in this field.").into()
            );
        }
    };
    place.push("options".to_owned());
    let branches = known.iter().any(|option| matches!(option["type"].as_u64(), Some(SUBCOMMAND | GROUP)));
    if branches && given.len() != 1 {
        return Err(required(place, &["0"]).into());
    }
    for (index, option) in given.iter().enumerate() {
        let name = option["name"].as_str().unwrap_or_default();
        place.push(index.to_string());
        let Some(wanted) = known.iter().find(|wanted| wanted["name"] == name) else {
            return Err(wrong(
                place,
                "name",
                "INTERACTION_APPLICATION_COMMAND_OPTION_UNKNOWN",
                "Unknown option",
            )
            .into());
        };
        if option["type"] != wanted["type"] {
            return Err(wrong(place, "type", "BASE_TYPE_CHOICES", "The option has another type.").into());
        }
        if branches {
            chosen.path.push(option["name"].as_str().unwrap_or_default());
            read(&wanted["options"], &option["options"], place, chosen)?;
        } else {
            check_value(wanted, &option["value"], place)?;
            chosen.values.push((option["name"].as_str().unwrap_or_default(), &option["value"]));
        }
        place.pop();
    }
    let missing = known.iter().position(|wanted| {
        wanted["required"] == true && !given.iter().any(|option| option["name"] == wanted["name"])
    });
    if let Some(index) = missing {
        return Err(required(place, &[&index.to_string(), "value"]).into());
    }
    place.pop();
    Ok(())
}

fn check_value(wanted: &Value, value: &Value, place: &[String]) -> Result<(), Box<Reply>> {
    match wanted["type"].as_u64() {
        Some(STRING) => {
            let Some(text) = value.as_str() else {
                return Err(wrong(
                    place,
                    "value",
                    "BASE_TYPE_STRING",
                    "Could not interpret value as string.",
                )
                .into());
            };
            if text.is_empty() && wanted["required"] == true {
                return Err(required(place, &["value"]).into());
            }
            if text.chars().count() > LONGEST_STRING {
                let message = "Must be 6000 or fewer in length.";
                return Err(wrong(place, "value", "BASE_TYPE_MAX_LENGTH", message).into());
            }
            let choices = wanted["choices"].as_array();
            if choices.is_some_and(|choices| !choices.iter().any(|choice| choice["value"] == *value)) {
                let message = "The value is not one of the choices.";
                return Err(wrong(place, "value", "BASE_TYPE_CHOICES", message).into());
            }
            Ok(())
        }
        Some(ATTACHMENT) if super::id_of(value).is_none() => {
            Err(wrong(place, "value", "NUMBER_TYPE_COERCE", "The value is not an attachment's id.").into())
        }
        _ => Ok(()),
    }
}

fn wrong(place: &[String], field: &str, code: &str, message: &str) -> Reply {
    let mut path: Vec<&str> = place.iter().map(String::as_str).collect();
    path.push(field);
    error_body::invalid_form(&path, code, message)
}

fn required(place: &[String], rest: &[&str]) -> Reply {
    let mut path: Vec<&str> = place.iter().map(String::as_str).collect();
    path.extend(rest);
    error_body::required(&path)
}
