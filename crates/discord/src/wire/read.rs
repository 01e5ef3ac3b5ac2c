//! Answers as what they are about: messages, commands, the account. It is lenient with fields it does not read.

use journeyman_model::{ChannelId, CommandIndex, UserId};
use serde_json::Value;
use thiserror::Error;

use super::Answer;

/// A success whose body is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the answer ({status}, {bytes} bytes) is not {expected}")]
pub struct Unreadable {
    /// What was expected.
    pub expected: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// How long its body is.
    pub bytes: usize,
}

/// A page of messages in the order in which Discord gave them: newest first. The JSON is kept as it is.
///
/// # Errors
/// [`Unreadable`] when the body is not an array of objects.
pub fn messages(answer: &Answer) -> Result<Vec<Value>, Unreadable> {
    match success(answer) {
        Some(Value::Array(page)) if page.iter().all(Value::is_object) => Ok(page),
        _ => Err(unreadable(answer, "a page of messages")),
    }
}

/// The id of the account.
///
/// # Errors
/// [`Unreadable`] when the body has no id.
pub fn user(answer: &Answer) -> Result<UserId, Unreadable> {
    let id = success(answer).and_then(|body| UserId::from_json(&body["id"]));
    id.ok_or_else(|| unreadable(answer, "an account"))
}

/// The id of a channel.
///
/// # Errors
/// [`Unreadable`] when the body has no id.
pub fn channel(answer: &Answer) -> Result<ChannelId, Unreadable> {
    let id = success(answer).and_then(|body| ChannelId::from_json(&body["id"]));
    id.ok_or_else(|| unreadable(answer, "a channel"))
}

/// The gateway's address.
///
/// # Errors
/// [`Unreadable`] when the body has no address.
pub fn gateway(answer: &Answer) -> Result<String, Unreadable> {
    let url = success(answer).and_then(|body| body["url"].as_str().map(str::to_owned));
    url.ok_or_else(|| unreadable(answer, "the gateway's address"))
}

/// The commands of an index or a search.
///
/// # Errors
/// [`Unreadable`] when the body has no list of commands.
pub fn commands(answer: &Answer) -> Result<CommandIndex, Unreadable> {
    let index = success(answer).and_then(|body| CommandIndex::from_json(&body));
    index.ok_or_else(|| unreadable(answer, "a list of commands"))
}

fn success(answer: &Answer) -> Option<Value> {
    answer.json().filter(|_| answer.is_success())
}

fn unreadable(answer: &Answer, expected: &'static str) -> Unreadable {
    Unreadable { expected, status: answer.status, bytes: answer.body.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Answer {
        Answer::new(200, [("Via", "1.1 google")], body.to_owned())
    }

    #[test]
    fn what_was_not_asked_for_is_unreadable() {
        for body in ["", "null", "{}", "[1]", "<html>", r#"{"id":"x","url":1,"application_commands":{}}"#] {
            let answer = answer(body);
            assert!(messages(&answer).is_err(), "{body}");
            assert!(user(&answer).is_err(), "{body}");
            assert!(channel(&answer).is_err(), "{body}");
            assert!(gateway(&answer).is_err(), "{body}");
            assert!(commands(&answer).is_err(), "{body}");
        }
        let refused = Answer::new(404, [("a", "b")], "[]");
        let error = messages(&refused).unwrap_err().to_string();
        assert_eq!(error, "the answer (404, 2 bytes) is not a page of messages");
    }
}
