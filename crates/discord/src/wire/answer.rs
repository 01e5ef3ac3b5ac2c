//! One answer as a value. It judges nothing.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use journeyman_limiter::Verdict;
use journeyman_model::ErrorBody;
use serde_json::Value;

/// One HTTP answer of the API.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The number of the call that it answers, by which a recording joins them; 0 of one that is made by hand.
    pub call: u64,
}

impl Answer {
    /// An answer from its parts.
    pub fn new<N: Into<String>, V: Into<String>>(
        status: u16,
        headers: impl IntoIterator<Item = (N, V)>,
        body: impl Into<Bytes>,
    ) -> Self {
        let headers = headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { status, headers, body: body.into(), call: 0 }
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `None` where it is not.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What the limiter reads of it.
    pub fn facts(&self) -> journeyman_limiter::Answer {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        journeyman_limiter::Answer::read(self.status, headers, &self.body)
    }

    /// How long the server asks to wait: of a 429 as the limiter judges it, otherwise by `Retry-After`.
    pub fn retry_after(&self) -> Option<Duration> {
        let facts = self.facts();
        Verdict::of(&facts).map_or(facts.retry_after, |verdict| verdict.wait())
    }

    /// What Discord says went wrong; `None` for a success, or where the body does not say.
    pub fn error(&self) -> Option<ErrorBody> {
        self.json().filter(|_| !self.is_success()).and_then(|body| ErrorBody::from_json(&body))
    }

    /// Whether it refuses a command because its version is outdated: the commands are to be discovered anew.
    pub fn is_invalid_version(&self) -> bool {
        /// The message is localised; the symbol is not.
        const SYMBOL: &str = "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION";
        self.status == 400
            && self.error().is_some_and(|error| error.symbols.iter().any(|symbol| symbol == SYMBOL))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A body may hold prompts and signed links, which do not belong into a chance print.
        let Self { status, headers, body, .. } = self;
        write!(f, "Answer({status}, {} headers, {} bytes)", headers.len(), body.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [(&str, &str); 0] = [];

    /// Discord's answer to an outdated command, as captured.
    const OUTDATED: &str = r#"{"code":50035,"errors":{"data":{"_errors":[{"code":
        "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION","message":"This command is outdated, please try again
        in a few minutes"}]}},"message":"Invalid Form Body"}"#;

    #[test]
    fn an_outdated_command_is_known_by_its_code_in_any_case() {
        let lower = OUTDATED.replace("INTERACTION_APPLICATION_COMMAND_INVALID_VERSION", {
            "interaction_application_command_invalid_version"
        });
        for body in [OUTDATED.replace('\n', " "), lower.replace('\n', " ")] {
            assert!(Answer::new(400, NONE, body).is_invalid_version());
        }
    }

    #[test]
    fn another_refusal_is_not_an_outdated_command() {
        let other = r#"{"code":50035,"message":"INTERACTION_APPLICATION_COMMAND_INVALID_VERSION","errors":
            {"data":{"_errors":[{"code":"BASE_TYPE_REQUIRED","message":"x"}]}}}"#;
        for (status, body) in [(400, other), (400, ""), (400, "[1]"), (200, OUTDATED), (500, OUTDATED)] {
            assert!(!Answer::new(status, NONE, body).is_invalid_version(), "{status} {body}");
        }
    }

    #[test]
    fn the_code_and_the_words_are_read() {
        let answer = Answer::new(403, NONE, r#"{"message": "Missing Access", "code": 50001}"#);
        let error = answer.error().unwrap();
        assert_eq!((error.code, error.message.as_deref()), (Some(50_001), Some("Missing Access")));
    }

    #[test]
    fn the_wait_of_a_429_is_in_its_body_and_of_another_answer_in_its_header() {
        let body =
            r#"{"message": "The resource is being rate limited.", "retry_after": 2.06, "global": false}"#;
        let limited = Answer::new(429, [("Via", "1.1 google")], body);
        assert_eq!(limited.retry_after(), Some(Duration::from_millis(2_060)));
        let failed = Answer::new(503, [("Retry-After", "3")], "");
        assert_eq!(failed.retry_after(), Some(Duration::from_secs(3)));
        assert_eq!(Answer::new(200, NONE, "").retry_after(), None);
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let answer = Answer::new(200, [("Retry-After", "3")], "");
        assert_eq!((answer.header("retry-after"), answer.header("via")), (Some("3"), None));
    }
}
