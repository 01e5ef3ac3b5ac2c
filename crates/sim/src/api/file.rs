//! Files: signed downloads from the CDN, and uploads in two steps.
//!
//! A token is never asked for here, as on the real CDN.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::form::FormFile;
use super::id_of;
use crate::cdn::{self, Content, File};
use crate::error_body;
use crate::http::{HttpRequest, Reply};
use crate::world::{LARGEST_BODY, World};

/// Uploads on their way, by the name that Discord gave them.
#[derive(Debug, Default)]
pub(crate) struct Uploads {
    places: BTreeMap<String, Place>,
}

/// Where a file is expected.
#[derive(Debug)]
struct Place {
    /// As it was announced.
    size: u64,
    /// The bytes with their type, once they are there.
    content: Option<(Vec<u8>, String)>,
}

/// Real: Discord's bound for the files of one message.
const MOST_FILES: usize = 10;
/// Real: Discord's bound for links refreshed at once.
const MOST_LINKS: usize = 50;

/// The template under which requests for files are counted and struck by faults.
pub(crate) fn file_template(path: &str) -> &'static str {
    match path.split('/').nth(1) {
        Some("cdn") => "/cdn",
        Some("media") => "/media",
        Some("upload") => "/upload",
        Some("inpaint") => "/inpaint/api/submit-job",
        _ => "other path",
    }
}

/// Answers a request outside of the API.
pub(crate) fn file(world: &mut World, path: &str, query: &str, request: &HttpRequest) -> Reply {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["cdn" | "media", "attachments" | "ephemeral-attachments", channel_id, id, name]) => {
            download(world, channel_id, id, name, query)
        }
        ("POST", ["inpaint", "api", "submit-job"]) => {
            let body = serde_json::from_slice(&request.body).unwrap_or_default();
            super::interaction::submit_region(world, &body)
        }
        ("PUT", ["upload", upload, name]) => upload_bytes(world, &format!("{upload}/{name}"), request),
        _ => error_body::not_found(),
    }
}

/// Real: the CDN says this and no more, for a wrong, an unsigned and an expired link alike.
fn gone() -> Reply {
    Reply::bytes(404, "text/plain;charset=UTF-8", b"This content is no longer available.".to_vec())
}

fn download(world: &World, channel_id: &str, id: &str, name: &str, query: &str) -> Reply {
    let now_s = world.discord.wall.unix_seconds(world.now());
    let file = id.parse().ok().and_then(|id: u64| world.discord.files.get(&id));
    let Some(file) = file.filter(|file| file.channel_id.to_string() == channel_id && file.name == name)
    else {
        return gone();
    };
    if !world.discord.links.opens(id, query, now_s) {
        return gone();
    }
    match &file.content {
        Content::Drawn(drawing) => Reply::picture(drawing.clone()),
        Content::Uploaded { bytes, content_type } => Reply::bytes(200, content_type, bytes.clone()),
    }
}

pub(super) fn request_upload(world: &mut World, body: &Value) -> Reply {
    let Some(files) = body["files"].as_array().filter(|files| !files.is_empty()) else {
        return error_body::required(&["files"]);
    };
    if files.len() > MOST_FILES {
        return error_body::invalid_form(
            &["files"],
            "BASE_TYPE_MAX_LENGTH",
            "Must be 10 or fewer in length.",
        );
    }
    let mut attachments = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let field = |name| ["files".to_owned(), index.to_string(), String::from(name)];
        if file["filename"].as_str().is_none_or(str::is_empty) {
            return error_body::required(&field("filename").each_ref().map(String::as_str));
        }
        // Real: a size that is no positive number is refused; in which words is inferred.
        let Some(size) = file["file_size"].as_u64().filter(|size| *size > 0) else {
            return error_body::required(&field("file_size").each_ref().map(String::as_str));
        };
        if usize::try_from(size).map_or(true, |size| size > LARGEST_BODY) {
            return error_body::entity_too_large();
        }
        let at = world.now();
        let name = plain_name(file["filename"].as_str().unwrap_or("file"));
        let upload = format!("{:x}/{name}", world.discord.next_id(at));
        world.uploads.places.insert(upload.clone(), Place { size, content: None });
        attachments.push(json!({
            "id": id_of(&file["id"]).unwrap_or_default(),
            "upload_url": format!("{}/upload/{upload}", world.settings.origin),
            "upload_filename": upload,
        }));
    }
    Reply::json(200, &json!({ "attachments": attachments }))
}

/// Only what stands in a link unescaped.
fn plain_name(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
        .collect()
}

fn upload_bytes(world: &mut World, upload: &str, request: &HttpRequest) -> Reply {
    let Some(place) = world.uploads.places.get_mut(upload) else { return gone() };
    // Inferred: the signed place takes no more than was announced.
    if u64::try_from(request.body.len()).unwrap_or(u64::MAX) > place.size {
        return error_body::entity_too_large();
    }
    let content_type = content_type(request.header("content-type"), upload);
    place.content = Some((request.body.clone(), content_type));
    Reply::empty(200)
}

/// A finished upload that a command refers to.
#[derive(Debug)]
pub(super) struct Upload {
    name: String,
    pub(super) bytes: Vec<u8>,
    content_type: String,
}

impl Upload {
    /// By its type, and a picture's first bytes are not looked at (inferred).
    pub(super) fn is_picture(&self) -> bool {
        matches!(self.content_type.as_str(), "image/png" | "image/jpeg" | "image/webp" | "image/gif")
    }
}

/// The upload that a command's attachment option refers to: the entry of `data.attachments` with that id.
///
/// Real: the form (trueai, Mutiny). Inferred: the refusals.
pub(super) fn upload_of(world: &World, data: &Value, id: &Value) -> Result<Upload, Box<Reply>> {
    let entries = data["attachments"].as_array().into_iter().flatten();
    let wanted = id_of(id);
    let Some(entry) = entries.into_iter().find(|entry| id_of(&entry["id"]) == wanted) else {
        return Err(Box::new(error_body::required(&["data", "attachments"])));
    };
    let upload = entry["uploaded_filename"].as_str().unwrap_or_default();
    let place = world.uploads.places.get(upload);
    let Some((bytes, content_type)) = place.and_then(|place| place.content.clone()) else {
        return Err(Box::new(not_uploaded(&["data", "attachments", "0", "uploaded_filename"])));
    };
    let name = upload.split('/').next_back().unwrap_or("file").to_owned();
    Ok(Upload { name, bytes, content_type })
}

/// Keeps a command's upload as a file, and returns its signed link.
pub(super) fn keep(world: &mut World, channel_id: u64, upload: Upload) -> String {
    let content = Content::Uploaded { bytes: upload.bytes, content_type: upload.content_type };
    let file = File { channel_id, name: upload.name, content };
    let at = world.now();
    let id = world.discord.next_id(at);
    let attachment = file.attachment(id, &world.settings.origin, true);
    world.discord.files.insert(id, file);
    let url = attachment["url"].as_str().unwrap_or_default();
    world.discord.links.signed(url, &id.to_string(), world.discord.wall.unix_seconds(at))
}

/// Inferred: the code; that a file must have been uploaded is real.
fn not_uploaded(field: &[&str]) -> Reply {
    error_body::invalid_form(field, "UPLOADED_FILE_NOT_FOUND", "Uploaded file not found")
}

/// Turns finished uploads into files of a channel, and returns their attachment objects.
///
/// An entry without `uploaded_filename` is one of a form's files, and is told by the form.
pub(super) fn attach_uploads(
    world: &mut World,
    channel_id: u64,
    attachments: &Value,
) -> Result<Vec<Value>, Box<Reply>> {
    let names: Vec<&str> = attachments
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|attachment| attachment["uploaded_filename"].as_str())
        .collect();
    for (index, name) in names.iter().enumerate() {
        if world.uploads.places.get(*name).is_none_or(|place| place.content.is_none()) {
            let index = index.to_string();
            return Err(Box::new(not_uploaded(&["attachments", &index, "uploaded_filename"])));
        }
    }
    let mut attached = Vec::new();
    for upload in names {
        let place = world.uploads.places.remove(upload);
        let Some((bytes, content_type)) = place.and_then(|place| place.content) else { continue };
        let name = upload.split('/').next_back().unwrap_or("file").to_owned();
        let content = Content::Uploaded { bytes, content_type };
        attached.push(attach(world, File { channel_id, name, content }));
    }
    Ok(attached)
}

/// Signs links of this world's files anew; a link to nothing comes back as null (inferred).
///
/// Real: the path, and the fields of body and answer, as clients use them.
pub(super) fn refresh_links(world: &World, body: &Value) -> Reply {
    let Some(links) = body["attachment_urls"].as_array().filter(|links| !links.is_empty()) else {
        return error_body::required(&["attachment_urls"]);
    };
    if links.len() > MOST_LINKS {
        let message = "Must be 50 or fewer in length.";
        return error_body::invalid_form(&["attachment_urls"], "BASE_TYPE_MAX_LENGTH", message);
    }
    let now = world.discord.wall.unix_seconds(world.now());
    let refreshed = |link: &Value| {
        let plain = link.as_str()?.split('?').next()?;
        let (id, _) = cdn::file_of(plain.strip_prefix(world.settings.origin.as_str())?)?;
        world.discord.files.get(&id).filter(|file| plain.ends_with(&file.name))?;
        Some(world.discord.links.signed(plain, &id.to_string(), now))
    };
    let all: Vec<_> =
        links.iter().map(|link| json!({ "original": link, "refreshed": refreshed(link) })).collect();
    Reply::json(200, &json!({ "refreshed_urls": all }))
}

/// Turns a form's files into files of a channel, and returns their attachment objects.
pub(super) fn attach_form(world: &mut World, channel_id: u64, files: &[FormFile<'_>]) -> Vec<Value> {
    let attach_one = |file: &FormFile<'_>| {
        let content_type = content_type(file.content_type.as_deref(), &file.name);
        let content = Content::Uploaded { bytes: file.bytes.to_vec(), content_type };
        attach(world, File { channel_id, name: plain_name(&file.name), content })
    };
    files.iter().map(attach_one).collect()
}

fn attach(world: &mut World, file: File) -> Value {
    let at = world.now();
    let id = world.discord.next_id(at);
    let attachment = file.attachment(id, &world.settings.origin, false);
    world.discord.files.insert(id, file);
    attachment
}

/// What was said of a file, else what its name says; a form's type is said of a form and of no file.
fn content_type(said: Option<&str>, name: &str) -> String {
    let of_form = |said: &&str| {
        said.is_empty()
            || said.starts_with("multipart/form-data")
            || said.starts_with("application/x-www-form-urlencoded")
    };
    if let Some(said) = said.filter(|said| !of_form(said)) {
        return said.to_owned();
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let named = match extension.as_deref().unwrap_or_default() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "mp4" => "video/mp4",
        "txt" => "text/plain",
        "json" => "application/json",
        _ => "application/octet-stream",
    };
    named.to_owned()
}
