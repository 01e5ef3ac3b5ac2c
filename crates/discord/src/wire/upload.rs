//! Requests and answers about files: a place for an upload, a message with files, links made new. Nothing is sent here.

use std::fmt;

#[cfg(feature = "user-account")]
use journeyman_model::ChannelId;
use serde_json::{Value, json};

use super::{Answer, Request, Unreadable};

/// The most links that are made new at once (Discord refuses more).
pub const MOST_LINKS: usize = 50;

/// A file that is going to be uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced<'a> {
    /// The name that people see.
    pub filename: &'a str,
    /// Bytes.
    pub size: u64,
}

/// Where one file is to be put.
#[derive(Clone, PartialEq, Eq)]
pub struct UploadPlace {
    /// Which of the announced files, from 0.
    pub index: usize,
    /// A signed address, for a PUT without a token.
    pub upload_url: String,
    /// What the file is called afterwards, in an interaction or a message.
    pub uploaded_filename: String,
}

/// The address is signed: whoever has it may put a file there.
impl fmt::Debug for UploadPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, uploaded_filename, .. } = self;
        f.debug_struct("UploadPlace")
            .field("index", index)
            .field("uploaded_filename", uploaded_filename)
            .finish_non_exhaustive()
    }
}

/// A file that was uploaded, and that no message and no command uses yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedFile {
    /// The name that people see.
    pub filename: String,
    /// The name that Discord gave with the upload's address.
    pub uploaded_filename: String,
}

/// Asks for places to upload files to (trueai/midjourney-proxy, Mutiny-SDK). A place that is not used does no harm.
#[cfg(feature = "user-account")]
pub fn announce_files(channel: ChannelId, files: &[Announced<'_>]) -> Request {
    let file = |(index, file): (usize, &Announced<'_>)| json!({ "id": index.to_string(), "filename": file.filename, "file_size": file.size });
    let body = json!({ "files": files.iter().enumerate().map(file).collect::<Vec<_>>() });
    let purpose = format!("ask for a place to upload to in channel {channel}");
    Request { repeatable: true, ..Request::post(format!("/channels/{channel}/attachments"), body, purpose) }
}

/// A message with uploaded files: what makes a link out of a local picture (trueai/midjourney-proxy, Mutiny-SDK).
///
/// With `enforce_nonce`, the same nonce within minutes gives the same message (Discord's docs, "Create Message").
#[cfg(feature = "user-account")]
pub fn post_files(channel: ChannelId, files: &[UploadedFile], nonce: &str) -> Request {
    let file = |(index, file): (usize, &UploadedFile)| {
        json!({
            "id": index.to_string(),
            "filename": file.filename,
            "uploaded_filename": file.uploaded_filename,
        })
    };
    let body = json!({
        "content": "",
        "nonce": nonce,
        "enforce_nonce": true,
        "attachments": files.iter().enumerate().map(file).collect::<Vec<_>>(),
    });
    let purpose = format!("post a file to channel {channel}");
    Request::post(format!("/channels/{channel}/messages"), body, purpose)
}

/// Makes signed links new; at most [`MOST_LINKS`], more are left out.
pub fn refresh_links<L: AsRef<str>>(links: &[L]) -> Request {
    let links: Vec<_> = links.iter().take(MOST_LINKS).map(AsRef::as_ref).collect();
    let body = json!({ "attachment_urls": links });
    Request { repeatable: true, ..Request::post("/attachments/refresh-urls", body, "refresh links to files") }
}

/// The places of [`announce_files`], in the order in which Discord gave them.
///
/// # Errors
/// [`Unreadable`] when a place has no address or no name.
pub fn read_places(answer: &Answer) -> Result<Vec<UploadPlace>, Unreadable> {
    let place = |(nth, value): (usize, &Value)| {
        let id = value["id"].as_u64().or_else(|| value["id"].as_str()?.parse().ok());
        Some(UploadPlace {
            index: id.map_or(Some(nth), |id| usize::try_from(id).ok())?,
            upload_url: value["upload_url"].as_str()?.to_owned(),
            uploaded_filename: value["upload_filename"].as_str()?.to_owned(),
        })
    };
    let listed = success(answer).and_then(|body| {
        body["attachments"].as_array()?.iter().enumerate().map(place).collect::<Option<Vec<_>>>()
    });
    listed.ok_or_else(|| unreadable(answer, "a list of places to upload to"))
}

/// The links of a message's files, in order: of [`post_files`].
///
/// # Errors
/// [`Unreadable`] when there is none.
pub fn read_links(answer: &Answer) -> Result<Vec<String>, Unreadable> {
    let links = success(answer).map(|message| {
        let files = message["attachments"].as_array().into_iter().flatten();
        files.filter_map(|file| file["url"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    });
    links.filter(|links| !links.is_empty()).ok_or_else(|| unreadable(answer, "a message with files"))
}

/// The links of [`refresh_links`], by what they were; a file that is gone has no new link.
///
/// # Errors
/// [`Unreadable`] when the body has no list of links.
pub fn read_refreshed(answer: &Answer) -> Result<Vec<(String, Option<String>)>, Unreadable> {
    let pair = |value: &Value| {
        let refreshed = value["refreshed"].as_str().map(str::to_owned);
        Some((value["original"].as_str()?.to_owned(), refreshed))
    };
    let listed = success(answer)
        .and_then(|body| Some(body["refreshed_urls"].as_array()?.iter().filter_map(pair).collect()));
    listed.ok_or_else(|| unreadable(answer, "a list of refreshed links"))
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

    #[test]
    fn what_is_no_answer_about_files_is_unreadable() {
        for body in ["", "{}", "[]", r#"{"attachments":[{}],"refreshed_urls":7}"#, r#"{"attachments":7}"#] {
            let answer = Answer::new(200, [("a", "b")], body.to_owned());
            assert!(read_places(&answer).is_err(), "{body}");
            assert!(read_links(&answer).is_err(), "{body}");
            assert!(read_refreshed(&answer).is_err(), "{body}");
        }
    }

    #[test]
    fn no_more_links_than_discord_takes_are_asked_for() {
        let request = refresh_links(&vec!["x"; 60]);
        assert_eq!(
            request.body.map(|body| body["attachment_urls"].as_array().map(Vec::len)),
            Some(Some(MOST_LINKS))
        );
        assert!(request.repeatable && request.path == "/attachments/refresh-urls");
    }
}
