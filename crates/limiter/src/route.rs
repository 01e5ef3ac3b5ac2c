//! Which limit a request falls under: method, template, resource, credential. It never learns by full path.

use std::fmt;
use std::time::Duration;

use crate::{Class, Credential, Method, Request};

/// What the limits of a request are kept by.
///
/// The template has `:id` where ids differ from call to call; the resource is
/// the top-level one (a channel, a guild, a webhook), whose limits are its own
/// (Discord's docs, Rate Limits). A path that nobody has met before works by
/// the same rule.
///
/// ```
/// use journeyman_limiter::{Request, Route};
///
/// let route = Route::of(&Request::get("/api/v10/channels/1001234567890123456/messages/1001234567890123457"));
/// assert_eq!(route.template(), "channels/:id/messages/:id");
/// assert_eq!(route.resource(), Some("channels/1001234567890123456"));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route {
    credential: Credential,
    method: Method,
    template: String,
    resource: String,
    exempt: bool,
}

impl Route {
    /// The route of a request.
    pub fn of(request: &Request) -> Self {
        let (mut template, mut resource) = (String::with_capacity(48), String::with_capacity(32));
        let exempt = write_route(request, &mut template, &mut resource);
        Self { credential: request.credential, method: counted_as(request), template, resource, exempt }
    }

    /// Whose limits apply.
    pub fn credential(&self) -> Credential {
        self.credential
    }

    /// The HTTP method; PUT for each change of a reaction, since setting and removing share one limit.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The path with what differs from call to call replaced.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The resource that has limits of its own; a webhook's token in it is a fingerprint.
    pub fn resource(&self) -> Option<&str> {
        (!self.resource.is_empty()).then_some(self.resource.as_str())
    }

    /// Which routes it fails together with.
    pub fn class(&self) -> Class {
        Class::of(self.method, &self.template)
    }

    /// Whether the credential's global limit does not count it: the endpoints that answer an interaction.
    pub fn is_exempt(&self) -> bool {
        self.exempt
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} /{}", self.method, self.template)?;
        match self.resource() {
            Some(resource) => write!(f, " ({resource})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Route({self}, {:?})", self.credential)
    }
}

/// The method by which a request is counted: a channel's reactions have one limit for PUT and DELETE
/// (discord-api-docs#981).
pub(crate) fn counted_as(request: &Request) -> Method {
    let removes = request.method == Method::Delete && request.path.contains("/reactions");
    if removes { Method::Put } else { request.method }
}

/// Appends template and resource to two buffers, and says whether the global limit does not count the request.
pub(crate) fn write_route(request: &Request, template: &mut String, resource: &mut String) -> bool {
    let mut before = [""; 2];
    let mut exempt = false;
    for (place, segment) in Segments(trim(&request.path)).enumerate() {
        if place == MOST_SEGMENTS {
            template.push_str("/…");
            break;
        }
        let part = part(before, place, segment);
        if part == Part::Plain {
            if place > 0 {
                template.push('/');
            }
            template.push_str(segment);
        } else {
            template.push_str(part.text().get(usize::from(place == 0)..).unwrap_or_default());
        }
        match part {
            Part::TopLevel => name(resource, before[1], segment),
            Part::Token => {
                exempt = true;
                // A webhook's limits are those of id and token; the token itself must not be kept.
                resource.push('/');
                resource.push_str(&fingerprint(segment));
            }
            Part::Rest => break,
            Part::Plain | Part::Id | Part::Code => {}
        }
        before = [before[1], segment];
    }
    if let Some(age) = age(request, template, before[1]) {
        template.push_str(age);
    }
    if let Some(named) = &request.resource {
        resource.clear();
        resource.push_str(named);
    }
    // Without a token of its own a request falls under the address's global limit (discord-api-docs#5806).
    exempt && request.credential != Credential::ANONYMOUS
}

/// The segments of a path.
struct Segments<'a>(&'a str);

impl<'a> Iterator for Segments<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let mut path = self.0;
        while let Some(rest) = path.strip_prefix('/') {
            path = rest;
        }
        let (segment, rest) = path.split_at_checked(first_slash(path.as_bytes()))?;
        self.0 = rest;
        (!segment.is_empty()).then_some(segment)
    }
}

/// Where the first slash is, or the end.
fn first_slash(path: &[u8]) -> usize {
    let (words, rest) = path.as_chunks::<8>();
    for (place, word) in words.iter().enumerate() {
        let found = equal_bytes(u64::from_le_bytes(*word), b'/');
        if found != 0 {
            return 8 * place + found.trailing_zeros() as usize / 8;
        }
    }
    let last = rest.iter().position(|byte| *byte == b'/');
    8 * words.len() + last.unwrap_or(rest.len())
}

/// What follows after so many segments is not told apart: Discord has no such paths, and whoever makes them up must
/// not fill the memory.
const MOST_SEGMENTS: usize = 16;

/// Discord's epoch, in Unix milliseconds: the time at which snowflakes begin (Discord's docs).
const EPOCH_MS: u64 = 1_420_070_400_000;
/// Ages at which another limit begins to count deletions (discord-api-docs#1295, #8330).
const YOUNG: Duration = Duration::from_secs(10);
const OLD: Duration = Duration::from_hours(14 * 24);

/// The age class of a message to be deleted, as the end of its template; none where no clock is told.
/// (What is before the template in the buffer is the credential and the method.)
fn age(request: &Request, template: &str, id: &str) -> Option<&'static str> {
    let wall = request.wall_clock_ms?;
    if request.method != Method::Delete || !template.ends_with("channels/:id/messages/:id") {
        return None;
    }
    let born = (id.parse::<u64>().ok()? >> 22).saturating_add(EPOCH_MS);
    let age = Duration::from_millis(wall.saturating_sub(born));
    Some(match age {
        age if age < YOUNG => "@young",
        age if age < OLD => "@grown",
        _ => "@old",
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Plain,
    /// The id of a resource with limits of its own.
    TopLevel,
    Id,
    Token,
    Code,
    /// All that follows belongs together.
    Rest,
}

impl Part {
    /// What stands for it in a template, after a slash; nothing where it stands for itself.
    fn text(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::TopLevel | Self::Id => "/:id",
            Self::Token => "/:token",
            Self::Code => "/:code",
            Self::Rest => "/reactions",
        }
    }
}

fn part(before: [&str; 2], place: usize, segment: &str) -> Part {
    let is_id = is_snowflake(segment);
    match (before, place) {
        ([_, "channels" | "guilds" | "webhooks" | "interactions"], 1) if is_id => Part::TopLevel,
        (["webhooks" | "interactions", id], 2) if is_snowflake(id) => Part::Token,
        ([_, "invites"], 1) | (["guilds", "templates"], 2) => Part::Code,
        // Reactions of a channel share one limit whatever the emoji (discord-api-docs#981).
        (["messages", _], _) if segment == "reactions" => Part::Rest,
        _ if is_id => Part::Id,
        _ if segment.len() >= 64 => Part::Code,
        _ => Part::Plain,
    }
}

fn name(resource: &mut String, kind: &str, id: &str) {
    resource.push_str(kind);
    resource.push('/');
    resource.push_str(id);
}

fn fingerprint(token: &str) -> String {
    format!("{:016x}", Credential::of_token(token).fingerprint())
}

fn is_snowflake(segment: &str) -> bool {
    (17..=20).contains(&segment.len()) && is_digits(segment.as_bytes())
}

/// Whether all bytes are digits, eight at a time.
fn is_digits(text: &[u8]) -> bool {
    let (words, rest) = text.as_chunks::<8>();
    words.iter().all(|word| {
        let word = u64::from_ne_bytes(*word);
        // A digit has a 3 in its upper half, and still has it with six more.
        let upper = |word: u64| word & (0xf0 * ONES);
        upper(word) == 0x30 * ONES && upper(word.wrapping_add(6 * ONES)) == 0x30 * ONES
    }) && rest.iter().all(u8::is_ascii_digit)
}

/// A byte in each place.
const ONES: u64 = u64::from_ne_bytes([1; 8]);

/// The highest bit of each byte that is the wanted one; above the lowest of them there may be others.
fn equal_bytes(word: u64, wanted: u8) -> u64 {
    let rest = word ^ (ONES * u64::from(wanted));
    rest.wrapping_sub(ONES) & !rest & (ONES << 7)
}

/// What comes before query and fragment.
pub(crate) fn without_query(path: &str) -> &str {
    if !has_any(path, [b'?', b'#']) {
        return path;
    }
    path.split(['?', '#']).next().unwrap_or_default()
}

/// Whether one of a few bytes is in a path, eight at a time: nearly no path has them, and all are looked at.
fn has_any<const N: usize>(path: &str, wanted: [u8; N]) -> bool {
    let find = |word| wanted.iter().fold(0, |found, byte| found | equal_bytes(word, *byte));
    let (words, rest) = path.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let found = words.iter().fold(0, |found, word| found | find(u64::from_ne_bytes(*word)));
    found | find(u64::from_ne_bytes(last)) != 0
}

/// The path without origin, query, fragment and `/api/vN`.
fn trim(path: &str) -> &str {
    let path = if has_any(path, [b'?', b'#', b':']) { without_origin(without_query(path)) } else { path };
    let path = path.trim_start_matches('/');
    let Some(rest) = path.strip_prefix("api/") else { return path };
    match rest.split_once('/') {
        Some((version, rest)) if is_version(version) => rest,
        _ => rest,
    }
}

fn without_origin(path: &str) -> &str {
    let Some((_, rest)) = path.split_once("://") else { return path };
    rest.split_once('/').map_or("", |(_, path)| path)
}

fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
}
