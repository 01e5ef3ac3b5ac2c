//! Discord's JSON for refused requests.
//!
//! Codes and texts are real (Discord's docs, "Opcodes and Status Codes", and captures) unless said.

use serde_json::{Value, json};

use crate::http::Reply;

pub(crate) fn error(status: u16, code: u32, message: &str) -> Reply {
    Reply::json(status, &json!({ "message": message, "code": code }))
}

pub(crate) fn unauthorized() -> Reply {
    error(401, 0, "401: Unauthorized")
}

pub(crate) fn not_found() -> Reply {
    error(404, 0, "404: Not Found")
}

pub(crate) fn method_not_allowed() -> Reply {
    error(405, 0, "405: Method Not Allowed")
}

pub(crate) fn missing_access() -> Reply {
    error(403, 50001, "Missing Access")
}

pub(crate) fn bots_cannot() -> Reply {
    error(403, 20001, "Bots cannot use this endpoint")
}

pub(crate) fn unknown_application() -> Reply {
    error(404, 10002, "Unknown Application")
}

pub(crate) fn unknown_channel() -> Reply {
    error(404, 10003, "Unknown Channel")
}

pub(crate) fn unknown_guild() -> Reply {
    error(404, 10004, "Unknown Guild")
}

pub(crate) fn unknown_message() -> Reply {
    error(404, 10008, "Unknown Message")
}

pub(crate) fn unknown_interaction() -> Reply {
    error(404, 10062, "Unknown interaction")
}

pub(crate) fn unknown_command() -> Reply {
    error(404, 10063, "Unknown application command")
}

pub(crate) fn entity_too_large() -> Reply {
    error(413, 40005, "Request entity too large")
}

pub(crate) fn invalid_api_version() -> Reply {
    error(400, 50041, "Invalid API version provided")
}

pub(crate) fn invalid_json() -> Reply {
    error(400, 50109, "The request body contains invalid JSON.")
}

pub(crate) fn empty_message() -> Reply {
    error(400, 50006, "Cannot send an empty message")
}

/// 50035, with the field named in the way of Discord: nested objects, then `_errors`.
pub(crate) fn invalid_form(field: &[&str], code: &str, message: &str) -> Reply {
    let innermost = json!({ "_errors": [{ "code": code, "message": message }] });
    let errors = field.iter().rev().fold(innermost, |inner, name| {
        let mut outer = serde_json::Map::new();
        outer.insert((*name).to_owned(), inner);
        Value::Object(outer)
    });
    Reply::json(400, &json!({ "code": 50035, "errors": errors, "message": "Invalid Form Body" }))
}

pub(crate) fn required(field: &[&str]) -> Reply {
    invalid_form(field, "BASE_TYPE_REQUIRED", "This field is required")
}

/// A number or an id of a query that does not read as one; `kind` is `int` or `snowflake`.
pub(crate) fn not_a(kind: &str, field: &str, value: &str) -> Reply {
    invalid_form(&[field], "NUMBER_TYPE_COERCE", &format!("Value \"{value}\" is not {kind}."))
}

/// Real: Wildric-Auric/MidJourney-Wrapper#28.
pub(crate) fn command_outdated() -> Reply {
    invalid_form(
        &["data"],
        "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION",
        "This command is outdated, please try again in a few minutes",
    )
}
