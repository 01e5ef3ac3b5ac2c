//! One route of one resource, and the limits that it falls under. It holds nobody who waits.

use std::sync::Arc;
use std::time::Duration;

use journeyman_moment::Moment;
use smallvec::SmallVec;

use crate::class::Class;
use crate::guard::Webhook;
use crate::ids::Mark;
use crate::ledger::kind::Kind;
use crate::ledger::recent::Recent;
use crate::limit::{Blocked, Slots};
use crate::rarely::Rarely;
use crate::request::Request;

/// A route falls under more than one bucket when its hash alternates (discord-api-docs#1295, #5646).
/// Each may count in two counters (see `family`).
const MOST_BUCKETS: usize = 8;
/// How long a bucket that answers have stopped naming still binds.
const STALE: Duration = Duration::from_mins(1);
/// As `STALE`, for one that only a 429 named: ordinary answers may never name it (discord-api-docs#5646).
const STALE_LIMITED: Duration = Duration::from_hours(24);

/// A route of a resource. There may be very many, so it is small, and holds what it mostly needs in itself.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) account: u32,
    pub(crate) kind: u32,
    /// Its name among all.
    pub(crate) mark: Mark,
    /// The buckets of the route share it.
    pub(crate) resource: Arc<str>,
    /// Which hidden limits of the kind its requests fall under that not all do.
    pub(crate) mask: u8,
    pub(crate) exempt: bool,
    pub(crate) traits: Traits,
    /// One at a time, while no bucket is known.
    pub(crate) alone: Rarely<Slots>,
    /// The buckets; the one named last is last.
    pub(crate) buckets: SmallVec<[Bound; 1]>,
    /// A 429 about this route and resource alone.
    pub(crate) blocked: Rarely<Blocked>,
    /// The hidden limits that it obeys, and which version of the kind's lessons those are.
    pub(crate) learnt: Rarely<Vec<u32>>,
    pub(crate) lessons: u32,
    pub(crate) recent: Recent,
    pub(crate) in_flight: u32,
    pub(crate) used_at: Moment,
}

/// What guard and breakers need to know of a route.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traits {
    pub(crate) class: Class,
    pub(crate) webhook: Webhook,
}

/// How the token of an interaction's webhook begins: `interaction:` in Base64.
const INTERACTION: &str = "/aW50ZXJhY3Rpb246";

impl Traits {
    /// Of a request whose method and template are these, as `GET/channels/:id`.
    pub(crate) fn of(request: &Request, template: &str) -> Self {
        let path = template.split_once('/').map_or("", |(_, path)| path);
        let whole = path == "webhooks/:id/:token";
        let webhook = if path == "webhooks/:id" {
            Webhook::Managed
        } else if path.starts_with("interactions/:id/:token") {
            // No webhook, and like one: its token is its own.
            Webhook::Interaction { whole: false }
        } else if !path.starts_with("webhooks/:id") {
            Webhook::No
        } else if request.path.contains(INTERACTION) {
            Webhook::Interaction { whole }
        } else {
            Webhook::Standing { whole }
        };
        Self { class: Class::of(request.method, path), webhook }
    }
}

/// A bucket of a route.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) bucket: u32,
    pub(crate) named_at: Moment,
    pub(crate) by_429: bool,
}

impl Lane {
    pub(crate) fn new(
        (account, kind): (u32, u32),
        mark: Mark,
        resource: Arc<str>,
        exempt: bool,
        traits: Traits,
        now: Moment,
    ) -> Self {
        Self {
            account,
            kind,
            mark,
            resource,
            mask: 0,
            exempt,
            traits,
            alone: Rarely::default(),
            buckets: SmallVec::new(),
            blocked: Rarely::default(),
            learnt: Rarely::default(),
            lessons: 0,
            recent: Recent::default(),
            in_flight: 0,
            used_at: now,
        }
    }

    /// A line of the same route and resource, for requests that fall under other hidden limits.
    pub(crate) fn like(other: &Self, name: Mark, mask: u8, now: Moment) -> Self {
        let (of, resource) = ((other.account, other.kind), other.resource.clone());
        Self { mask, ..Self::new(of, name, resource, other.exempt, other.traits, now) }
    }

    /// The name of the line with a mask for the same route and resource.
    pub(crate) fn key_of(&self, kind: &Kind, mask: u8) -> String {
        let mut key = String::with_capacity(kind.key.len() + self.resource.len() + 3);
        key.push_str(&kind.key);
        // No template contains a space.
        key.push(' ');
        key.push_str(&self.resource);
        push_mask(&mut key, mask);
        key
    }

    /// The name of a hidden limit of the route and resource.
    pub(crate) fn learnt_key(&self, kind: &Kind, lesson: u8) -> Box<str> {
        format!("{}\n{lesson}", self.key_of(kind, 0)).into()
    }

    /// Notes that an answer named a bucket; false if it is new here.
    pub(crate) fn name(&mut self, now: Moment, bucket: u32, by_429: bool) -> bool {
        if let Some(last) = self.buckets.last_mut().filter(|last| last.bucket == bucket) {
            last.named_at = now;
            return true;
        }
        let known = self.buckets.iter().position(|bound| bound.bucket == bucket);
        let before = known.map(|place| self.buckets.remove(place));
        let by_429 = before.map_or(by_429, |bound| bound.by_429 && by_429);
        self.buckets.push(Bound { bucket, named_at: now, by_429 });
        known.is_some()
    }

    /// Removes the buckets that have not been named for long, but never the last one.
    pub(crate) fn drop_stale(&mut self, now: Moment, window: impl Fn(u32) -> Duration) -> Vec<u32> {
        if self.buckets.len() < 2 {
            return Vec::new();
        }
        let last = self.buckets.len() - 1;
        let crowd = self.buckets.len().saturating_sub(MOST_BUCKETS);
        let mut dropped = Vec::new();
        let mut place = 0;
        self.buckets.retain(|bound| {
            let bind = if bound.by_429 { STALE_LIMITED } else { STALE };
            let stale = now.since(bound.named_at) > bind.max(window(bound.bucket).saturating_mul(2));
            let drop = place < last && (stale || place < crowd);
            place += 1;
            if drop {
                dropped.push(bound.bucket);
            }
            !drop
        });
        dropped
    }

    pub(crate) fn is_idle(&self, now: Moment, idle: Duration) -> bool {
        self.uses_nothing(now) && self.used_at + idle <= now
    }

    pub(crate) fn uses_nothing(&self, now: Moment) -> bool {
        self.in_flight == 0 && self.blocked.is_over(now) && self.alone.is_idle(now)
    }

    /// Whether it uses nothing, and is known by its bucket and latest requests alone.
    pub(crate) fn is_plain(&self, now: Moment) -> bool {
        self.uses_nothing(now)
            && self.alone.last().is_none()
            && self.mask == 0
            && self.learnt.is_empty()
            && self.lessons == 0
            && self.buckets.iter().all(|bound| !bound.by_429)
    }
}

/// A key begins with the credential's fingerprint in this many digits.
pub(crate) const CREDENTIAL: usize = 16;

/// Appends the mask of a line to the key of its route and resource. No resource of a path contains a line's end;
/// one that a caller names with it is only odd.
pub(crate) fn push_mask(key: &mut String, mask: u8) {
    if mask != 0 {
        key.push('\n');
        // A mask has four bits.
        key.push(char::from(b'a' + (mask & 15)));
    }
}

/// Appends a credential's fingerprint to a key.
pub(crate) fn push_credential(key: &mut String, credential: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; CREDENTIAL];
    for (place, byte) in credential.to_be_bytes().into_iter().enumerate() {
        text[2 * place] = DIGITS[usize::from(byte >> 4)];
        text[2 * place + 1] = DIGITS[usize::from(byte & 15)];
    }
    // Digits are text; at once is much faster than one by one.
    key.push_str(std::str::from_utf8(&text).unwrap_or_default());
}
