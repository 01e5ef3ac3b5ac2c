//! Files: signed downloads from the CDN, and uploads in two steps.
//!
//! A token is never asked for here, as on the real CDN.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::form::FormFile;
use super::id_of;
use crate::cdn::{Content, File};
use crate::error_body;
use crate::http::{HttpRequest, Reply};
use crate::world::{LARGEST_BODY, World};

/// Uploads on their way, by the name that Discord gave them.
#[derive(Debug, Default)]
pub(crate) struct Uploads {
    bytes: BTreeMap<String, Option<(Vec<u8>, String)>>,
}

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
    let mut attachments = Vec::new();
    for file in files {
        let size = file["file_size"].as_u64().unwrap_or_default();
        if usize::try_from(size).is_ok_and(|size| size > LARGEST_BODY) {
            return error_body::entity_too_large();
        }
        let at = world.now();
        let name = plain_name(file["filename"].as_str().unwrap_or("file"));
        let upload = format!("{:x}/{name}", world.discord.next_id(at));
        world.uploads.bytes.insert(upload.clone(), None);
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
    let Some(place) = world.uploads.bytes.get_mut(upload) else { return gone() };
    if request.body.len() > LARGEST_BODY {
        return error_body::entity_too_large();
    }
    let content_type = content_type(request.header("content-type"), upload);
    *place = Some((request.body.clone(), content_type));
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
    let Some((bytes, content_type)) = world.uploads.bytes.get(upload).cloned().flatten() else {
        let field = ["data", "attachments", "0", "uploaded_filename"];
        let refusal = error_body::invalid_form(&field, "UPLOADED_FILE_NOT_FOUND", "Uploaded file not found");
        return Err(Box::new(refusal));
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

/// Turns finished uploads into files of a channel, and returns their attachment objects.
pub(super) fn attach_uploads(world: &mut World, channel_id: u64, attachments: &Value) -> Vec<Value> {
    let mut attached = Vec::new();
    for attachment in attachments.as_array().into_iter().flatten() {
        let upload = attachment["uploaded_filename"].as_str().unwrap_or_default();
        let Some((bytes, content_type)) = world.uploads.bytes.remove(upload).flatten() else { continue };
        let name = upload.split('/').next_back().unwrap_or("file").to_owned();
        let content = Content::Uploaded { bytes, content_type };
        attached.push(attach(world, File { channel_id, name, content }));
    }
    attached
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
