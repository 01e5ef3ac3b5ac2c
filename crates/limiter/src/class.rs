//! Which routes fail together: those of one first segment, reading and writing apart. It is no limit and no route.

use std::fmt;

use crate::request::Method;

/// A class of routes, which has a circuit breaker of its own.
///
/// The first segment of the path, and whether the request reads (GET) or changes something: Discord's parts fail
/// apart, and can often be read while they cannot be written. All first segments that are not Discord's own count
/// as one. The host is none of it, for a limiter speaks to one host.
///
/// ```
/// use journeyman_limiter::{Class, Request, Route};
///
/// let class = Route::of(&Request::post("/channels/1001234567890123456/messages")).class();
/// assert_eq!(class.to_string(), "changes under /channels");
/// assert_ne!(class, Route::of(&Request::get("/channels/1001234567890123456/messages")).class());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(u8);

const FIRST: [&str; 12] = [
    "applications",
    "channels",
    "gateway",
    "guilds",
    "interactions",
    "invites",
    "oauth2",
    "stage-instances",
    "sticker-packs",
    "stickers",
    "users",
    "webhooks",
];
/// The last one is for all others.
const KINDS: u8 = 13;

impl Class {
    pub(crate) fn of(method: Method, template: &str) -> Self {
        let first = template.split('/').next().unwrap_or_default();
        let place = (0..KINDS - 1).find(|place| FIRST[usize::from(*place)] == first).unwrap_or(KINDS - 1);
        Self(if method == Method::Get { place } else { place + KINDS })
    }

    pub(crate) fn place(self) -> usize {
        usize::from(self.0)
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..2 * KINDS).map(Self)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.0 < KINDS { "reads" } else { "changes" };
        match FIRST.get(usize::from(self.0 % KINDS)) {
            Some(first) => write!(f, "{what} under /{first}"),
            None => write!(f, "other {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_name_and_a_place_of_its_own() {
        let names: std::collections::BTreeSet<String> = Class::all().map(|class| class.to_string()).collect();
        assert_eq!(names.len(), Class::all().count());
        let check = |method, template, name: &str| assert_eq!(Class::of(method, template).to_string(), name);
        check(Method::Get, "channels/:id", "reads under /channels");
        check(Method::Delete, "webhooks/:id/:token", "changes under /webhooks");
        check(Method::Put, "unheard/of", "other changes");
        check(Method::Get, "", "other reads");
    }
}
