//! A request's body: JSON, or a form with JSON and files in it.
//!
//! It knows no endpoint; what a file becomes is in `file`.

use serde_json::Value;

use crate::http::HttpRequest;

/// What a request brings.
#[derive(Debug, Default)]
pub(crate) struct Payload<'a> {
    /// The JSON, also from a form's `payload_json` (real: the web client sends that); null if none.
    pub(crate) json: Value,
    /// A form's files, in its order.
    pub(crate) files: Vec<FormFile<'a>>,
}

/// A file of a form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FormFile<'a> {
    pub(crate) name: String,
    /// As the form says it.
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: &'a [u8],
}

/// Reads a request's body; what cannot be read is not there.
pub(crate) fn payload(request: &HttpRequest) -> Payload<'_> {
    let Some(boundary) = request.header("content-type").and_then(boundary) else {
        return Payload {
            json: serde_json::from_slice(&request.body).unwrap_or_default(),
            files: Vec::new(),
        };
    };
    let mut payload = Payload::default();
    for part in parts(&request.body, boundary) {
        let Some((head, bytes)) = split(part, b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(head);
        let Some(disposition) = field(&head, "content-disposition") else { continue };
        if let Some(name) = parameter(disposition, "filename") {
            let content_type = field(&head, "content-type").map(str::to_owned);
            payload.files.push(FormFile { name: name.to_owned(), content_type, bytes });
        } else if parameter(disposition, "name") == Some("payload_json") {
            payload.json = serde_json::from_slice(bytes).unwrap_or_default();
        }
    }
    payload
}

fn boundary(content_type: &str) -> Option<&str> {
    let (_, rest) = content_type.strip_prefix("multipart/form-data")?.split_once("boundary=")?;
    Some(rest.split(';').next()?.trim().trim_matches('"'))
}

/// What stands between the fences, without the line ends that belong to them.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let fence = format!("\r\n--{boundary}");
    // The first fence may stand at the very beginning.
    let mut rest =
        body.strip_prefix(&fence.as_bytes()[2..]).or_else(|| Some(split(body, fence.as_bytes())?.1));
    let mut parts = Vec::new();
    while let Some((part, after)) = rest.and_then(|rest| split(rest, fence.as_bytes())) {
        // The end of the fence's own line.
        parts.push(part.strip_prefix(b"\r\n").unwrap_or(part));
        rest = Some(after);
    }
    parts
}

fn split<'a>(text: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let start = text.windows(at.len()).position(|window| window == at)?;
    Some((&text[..start], &text[start + at.len()..]))
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A parameter of a field, quoted or not; a semicolon may stand between the quotes.
fn parameter<'a>(field: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = field;
    while let Some((_, after)) = rest.split_once(';') {
        rest = after.trim_start();
        let Some(value) = rest.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) else { continue };
        return match value.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next(),
            None => value.split(';').next().map(str::trim),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(body: &[u8]) -> HttpRequest {
        HttpRequest {
            headers: vec![("Content-Type".to_owned(), "multipart/form-data; boundary=\"xyz\"".to_owned())],
            body: body.to_vec(),
            ..HttpRequest::default()
        }
    }

    #[test]
    fn the_payload_of_a_form_is_the_same_as_plain_json() {
        let form = form(
            b"--xyz\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n{}\r\n--xyz\r\n\
              Content-Disposition: form-data; name=\"payload_json\"\r\n\r\n{\"type\":2}\r\n--xyz--\r\n",
        );
        assert_eq!(payload(&form).json["type"], 2);
        let plain = HttpRequest { body: b"{\"type\":2}".to_vec(), ..HttpRequest::default() };
        assert_eq!(payload(&plain).json, payload(&form).json);
        assert_eq!(payload(&HttpRequest { body: b"{".to_vec(), ..plain }).json, Value::Null);
    }

    #[test]
    fn a_file_of_a_form_keeps_its_bytes_its_name_and_its_type() {
        let form = form(
            b"--xyz\r\ncontent-type: image/png\r\ncontent-disposition: form-data; name=\"files[0]\"; \
              filename=\"a;b.png\"\r\n\r\n\r\n--xy\0\r\n\r\n--xyz\r\nContent-Disposition: form-data; filename=c.txt; \
              name=\"files[1]\"\r\n\r\n\r\n--xyz--\r\n",
        );
        let files = payload(&form).files;
        let named = |name: &str, content_type: Option<&str>, bytes: &'static [u8]| FormFile {
            name: name.to_owned(),
            content_type: content_type.map(str::to_owned),
            bytes,
        };
        let expected = [named("a;b.png", Some("image/png"), b"\r\n--xy\0\r\n"), named("c.txt", None, b"")];
        assert_eq!(files, expected);
    }

    #[test]
    fn a_broken_form_brings_nothing() {
        for body in ["", "--xyz", "--xyz\r\n\r\n", "--xyz\r\nContent-Disposition\r\n\r\nx\r\n--xyz--", "xyz"]
        {
            let form = form(body.as_bytes());
            let payload = payload(&form);
            assert_eq!((payload.json, payload.files.len()), (Value::Null, 0), "{body:?}");
        }
    }
}
