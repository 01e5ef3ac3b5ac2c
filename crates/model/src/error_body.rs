//! The JSON body of a refused request. It does not know the status, and decides nothing.

use std::time::Duration;

use serde_json::Value;

use crate::field;

/// Discord's `errors` mirrors the request's structure, which is shallow.
const DEEPEST: usize = 16;

/// What Discord said when it refused a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// Discord's error number, for instance 50035; 0 is "general".
    pub code: Option<u64>,
    /// The message, in the account's language.
    pub message: Option<String>,
    /// How long to wait, of a 429.
    pub retry_after: Option<Duration>,
    /// Whether a 429 is about all routes.
    pub global: bool,
    /// The symbols inside `errors`, for instance `INTERACTION_APPLICATION_COMMAND_INVALID_VERSION`,
    /// in capitals: they were seen in both cases (Discord's answer is localised).
    pub symbols: Vec<String>,
}

impl ErrorBody {
    /// Reads an error body; `None` for JSON that is none.
    pub fn from_json(value: &Value) -> Option<Self> {
        let code = field::number(value, "code");
        let message = field::text(value, "message");
        let retry_after = value.get("retry_after").and_then(seconds);
        if message.is_none() || (code.is_none() && retry_after.is_none()) {
            return None;
        }
        let mut symbols = Vec::new();
        if let Some(errors) = value.get("errors") {
            gather(errors, DEEPEST, &mut symbols);
        }
        Some(Self { code, message, retry_after, global: field::flag(value, "global"), symbols })
    }
}

/// Discord writes decimals (2.06) and whole numbers; negative or absurd ones are absent.
fn seconds(value: &Value) -> Option<Duration> {
    Duration::try_from_secs_f64(value.as_f64()?).ok()
}

fn gather(errors: &Value, depth: usize, symbols: &mut Vec<String>) {
    if depth == 0 {
        return;
    }
    if let Some(list) = errors.get("_errors").and_then(Value::as_array) {
        symbols
            .extend(list.iter().filter_map(|one| field::text(one, "code")).map(|code| code.to_uppercase()));
    }
    for (name, inner) in errors.as_object().into_iter().flatten() {
        if name != "_errors" {
            gather(inner, depth - 1, symbols);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn symbols_are_found_wherever_they_hang() {
        let body = json!({"code": 50035, "message": "Invalid Form Body", "errors": {
            "data": {"_errors": [{"code": "interaction_application_command_invalid_version"}]},
            "nonce": {"_errors": [{"code": "BASE_TYPE_REQUIRED"}]},
        }});
        let read = ErrorBody::from_json(&body).unwrap();
        assert_eq!(read.code, Some(50_035));
        assert!(read.symbols.contains(&"INTERACTION_APPLICATION_COMMAND_INVALID_VERSION".to_owned()));
        assert_eq!(read.symbols.len(), 2);
    }

    #[test]
    fn a_decimal_wait_is_kept_and_an_absurd_one_is_absent() {
        let limited = |wait: serde_json::Value| {
            ErrorBody::from_json(&json!({"message": "m", "retry_after": wait, "code": 0}))
                .unwrap()
                .retry_after
        };
        assert_eq!(limited(json!(2.06)), Some(Duration::from_millis(2_060)));
        assert_eq!(limited(json!(-1.0)), None);
        assert_eq!(limited(json!(1e300)), None);
        assert_eq!(limited(json!("2")), None);
    }

    #[test]
    fn a_message_of_a_channel_is_no_error_body() {
        assert_eq!(ErrorBody::from_json(&json!({"id": "1", "content": "hello"})), None);
        assert_eq!(ErrorBody::from_json(&json!([])), None);
    }
}
