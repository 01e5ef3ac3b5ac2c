//! Requests and answers as plain values.
//!
//! It knows neither sockets nor what a request means.

use std::time::Duration;

use serde_json::Value;

use crate::picture::Drawing;

/// A request as it arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in any case.
    pub headers: Vec<(String, String)>,
    /// The body, empty when there is none.
    pub body: Vec<u8>,
}

impl HttpRequest {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// On what a request arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The address that the edge counts invalid requests for.
    pub peer: String,
    /// How many requests this connection has carried before.
    pub served: u64,
}

impl Default for Connection {
    fn default() -> Self {
        Self { peer: "127.0.0.1".to_owned(), served: 0 }
    }
}

/// What the world answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// The headers, without `Content-Length`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// What the shell does instead of simply answering.
    pub fault: Option<Fault>,
}

impl HttpAnswer {
    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// What happens on the wire instead of a plain answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request was executed; the connection closes without an answer.
    LoseAnswer,
    /// The request was not executed; the connection is reset.
    ResetBefore,
    /// The request was executed; the connection is reset without an answer.
    ResetAfter,
    /// The answer arrives; then the idle connection is reset.
    ResetIdle,
    /// The answer leaves this much later, in the world's time.
    Delay(Duration),
}

/// An answer whose picture may still have to be drawn.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) fault: Option<Fault>,
}

#[derive(Debug)]
pub(crate) enum Body {
    Bytes(Vec<u8>),
    Picture(Box<Drawing>),
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, "application/json", body.to_string().into_bytes())
    }

    pub(crate) fn bytes(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: vec![header("Content-Type", content_type)],
            body: Body::Bytes(body),
            fault: None,
        }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Bytes(Vec::new()), fault: None }
    }

    pub(crate) fn picture(drawing: Drawing) -> Self {
        Self {
            status: 200,
            headers: vec![header("Content-Type", drawing.content_type())],
            body: Body::Picture(Box::new(drawing)),
            fault: None,
        }
    }

    /// Whether nothing is left to draw.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.body, Body::Bytes(_))
    }

    /// Draws what is left to draw.
    pub(crate) fn finish(self) -> HttpAnswer {
        let body = match self.body {
            Body::Bytes(bytes) => bytes,
            Body::Picture(drawing) => drawing.draw(),
        };
        HttpAnswer { status: self.status, headers: self.headers, body, fault: self.fault }
    }
}

pub(crate) fn header(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}
