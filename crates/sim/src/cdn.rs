//! Files and their links: where a picture lives, until when, and what is drawn when somebody asks.
//!
//! It draws nothing; `picture` does.

use std::time::Duration;

use serde_json::{Value, json};

use crate::caption::fold;
use crate::picture::Drawing;

/// A file of the CDN.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) channel_id: u64,
    pub(crate) name: String,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Drawn when asked for.
    Drawn(Drawing),
    /// Uploaded by somebody; empty until it is.
    Uploaded { bytes: Vec<u8>, content_type: String },
}

impl File {
    /// The attachment object of this file, with unsigned links.
    pub(crate) fn attachment(&self, id: u64, origin: &str, ephemeral: bool) -> Value {
        let folder = if ephemeral { "ephemeral-attachments" } else { "attachments" };
        let path = format!("{folder}/{}/{id}/{}", self.channel_id, self.name);
        let mut attachment = json!({
            "id": id.to_string(),
            "filename": self.name,
            "url": format!("{origin}/cdn/{path}"),
            "proxy_url": format!("{origin}/media/{path}"),
        });
        match &self.content {
            Content::Drawn(drawing) => {
                attachment["size"] = json!(drawing.file_size());
                attachment["width"] = json!(drawing.width());
                attachment["height"] = json!(drawing.height());
                attachment["content_type"] = json!(drawing.content_type());
            }
            Content::Uploaded { bytes, content_type } => {
                attachment["size"] = json!(bytes.len());
                attachment["content_type"] = json!(content_type);
            }
        }
        attachment
    }
}

/// The file's id and the query of a path below the origin, if it is a file's.
pub(crate) fn file_of(path: &str) -> Option<(u64, &str)> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut segments = path.split('/').skip(1);
    let (host, folder) = (segments.next()?, segments.next()?);
    let is_file =
        matches!(host, "cdn" | "media") && matches!(folder, "attachments" | "ephemeral-attachments");
    let id = segments.nth(1)?.parse().ok()?;
    is_file.then_some((id, query))
}

/// How links are signed: `?ex=<until>&is=<since>&hm=<proof>&`, numbers in hex.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links {
    pub(crate) lifetime: Option<Duration>,
    pub(crate) seed: u64,
}

impl Links {
    /// The message with every attachment's links signed.
    ///
    /// Discord signs anew whenever it shows a message (peer: bulkai strips the query before it keys a link).
    pub(crate) fn sign(self, mut message: Value, now_s: i64) -> Value {
        let Some(lifetime) = self.lifetime else { return message };
        let until = now_s.saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX));
        self.sign_attachments(&mut message, until, now_s);
        if let Some(parent) = message.get_mut("referenced_message") {
            self.sign_attachments(parent, until, now_s);
        }
        message
    }

    /// One link, signed anew.
    pub(crate) fn signed(self, url: &str, id: &str, now_s: i64) -> String {
        let Some(lifetime) = self.lifetime else { return url.to_owned() };
        let until = now_s.saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX));
        format!("{url}?ex={until:x}&is={now_s:x}&hm={}&", self.proof(id, until, now_s))
    }

    fn sign_attachments(self, message: &mut Value, until: i64, since: i64) {
        let Some(attachments) = message.get_mut("attachments").and_then(Value::as_array_mut) else { return };
        for attachment in attachments {
            let id = attachment["id"].as_str().unwrap_or_default().to_owned();
            for key in ["url", "proxy_url"] {
                if let Some(url) = attachment[key].as_str() {
                    let proof = self.proof(&id, until, since);
                    attachment[key] = json!(format!("{url}?ex={until:x}&is={since:x}&hm={proof}&"));
                }
            }
        }
    }

    /// Whether a link with this query still opens the file.
    pub(crate) fn opens(self, id: &str, query: &str, now_s: i64) -> bool {
        if self.lifetime.is_none() {
            return true;
        }
        let field = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let number = |name: &str| i64::from_str_radix(field(name)?, 16).ok();
        let (Some(until), Some(since), Some(proof)) = (number("ex"), number("is"), field("hm")) else {
            return false;
        };
        now_s < until && proof == self.proof(id, until, since)
    }

    fn proof(self, id: &str, until: i64, since: i64) -> String {
        let text = format!("{id}/{until}/{since}");
        let parts = [0_u64, 1, 2, 3].map(|part| fold(self.seed ^ (part << 17), &text));
        format!("{:016x}{:016x}{:016x}{:016x}", parts[0], parts[1], parts[2], parts[3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINKS: Links = Links { lifetime: Some(Duration::from_secs(100)), seed: 1 };

    fn query(message: &Value) -> String {
        let url = message["attachments"][0]["url"].as_str().expect("a link");
        url.split_once('?').expect("a signed link").1.to_owned()
    }

    #[test]
    fn a_signed_link_opens_its_file_until_it_expires() {
        let signed =
            LINKS.sign(json!({ "attachments": [{ "id": "7", "url": "http://h/cdn/x.png" }] }), 1_000);
        let query = query(&signed);
        assert!(LINKS.opens("7", &query, 1_099));
        assert!(!LINKS.opens("7", &query, 1_100), "expired");
        assert!(!LINKS.opens("8", &query, 1_000), "another file");
        assert!(!LINKS.opens("7", "", 1_000), "unsigned");
    }

    #[test]
    fn a_longer_life_cannot_be_written_into_a_link() {
        let signed =
            LINKS.sign(json!({ "attachments": [{ "id": "7", "url": "http://h/cdn/x.png" }] }), 1_000);
        let forged = query(&signed).replace("ex=44c", "ex=fffff");
        assert!(forged.contains("ex=fffff") && !LINKS.opens("7", &forged, 1_000));
    }
}
