//! The true rate limits, counted naively: every request, as it arrives.
//!
//! It predicts nothing and learns nothing; it is what a client is measured against.

mod answer;
mod ban;
mod tally;
mod window;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::choice::named;
use crate::http::Reply;
use crate::wall::Wall;

pub use ban::{EdgeAnswer, InvalidLimit};
pub use tally::Acceptance;
pub use window::{Rate, WindowModel};

pub(crate) use answer::Scope;

/// Every limit of a world.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Per credential, or per address without one. 50 per second (real: Discord's docs; its window is unknown).
    pub global: Option<Rate>,
    /// Per route, the first that fits of each kind counts.
    pub routes: Vec<RouteLimit>,
    /// Too many refused requests end in a ban at the edge.
    pub invalid: InvalidLimit,
}

impl Default for Limits {
    /// Header-less limits for users (inferred: 5 per 5 s), Discord's best known ones for bots.
    fn default() -> Self {
        let bucket = |who, method: &str, template: &str, limit, seconds| RouteLimit {
            who,
            method: method.to_owned(),
            template: template.to_owned(),
            per: Per::Resource,
            rate: Rate { limit, per: Duration::from_secs(seconds), window: WindowModel::FirstArrival },
            kind: Kind::Bucket,
            hash: None,
            counter: None,
        };
        let messages = "/channels/{channel.id}/messages";
        let message = "/channels/{channel.id}/messages/{message.id}";
        Self {
            global: Some(Rate { limit: 50, per: Duration::from_secs(1), window: WindowModel::FirstArrival }),
            routes: vec![
                bucket(Who::User, "POST", "/interactions", 5, 5),
                bucket(Who::User, "GET", messages, 5, 5),
                // Real: discord-api-docs#5646 for POST; #8330 for deleting fresh messages.
                bucket(Who::Bot, "POST", messages, 5, 5),
                bucket(Who::Bot, "GET", messages, 5, 5),
                bucket(Who::Bot, "DELETE", message, 5, 1),
                // Real: discord-api-docs#1909: renaming is limited far below what the headers tell.
                RouteLimit {
                    kind: Kind::Hidden,
                    rate: Rate { limit: 2, per: Duration::from_mins(10), window: WindowModel::FirstArrival },
                    ..bucket(Who::Bot, "PATCH", "/channels/{channel.id}", 2, 600)
                },
                bucket(Who::Bot, "PATCH", "/channels/{channel.id}", 5, 15),
            ],
            invalid: InvalidLimit::default(),
        }
    }
}

impl Limits {
    /// No limit at all.
    pub fn none() -> Self {
        Self {
            global: None,
            routes: Vec::new(),
            invalid: InvalidLimit { limit: u64::MAX, ..InvalidLimit::default() },
        }
    }
}

/// A limit of one route.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteLimit {
    /// Whose requests it counts.
    pub who: Who,
    /// `POST`, or `*` for any.
    pub method: String,
    /// As in Discord's docs, `/channels/{channel.id}/messages`, or `*` for any.
    pub template: String,
    /// What it is counted by.
    pub per: Per,
    /// How many in which window.
    pub rate: Rate,
    /// What a client is told of it.
    pub kind: Kind,
    /// The bucket's hash as clients see it; made from method and template when absent.
    pub hash: Option<String>,
    /// Limits of one name count together; named by the hash when absent.
    ///
    /// With names of their own, two routes can show one hash and still not share a counter (real:
    /// discord-api-docs#1442 and #8073).
    pub counter: Option<String>,
}

/// Whose requests a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Requests with a user's token, which are shown no headers (real: discord-api-docs#1808).
    User,
    /// Requests with a `Bot` token.
    Bot,
    /// Both.
    Anyone,
}
named!(Who, "credential", ["user" => Who::User, "bot" => Who::Bot, "anyone" => Who::Anyone]);

/// What a limit is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Credential and top-level resource (channel, guild).
    Resource,
    /// Credential alone.
    Credential,
}
named!(Per, "limit key", ["resource" => Per::Resource, "credential" => Per::Credential]);

/// What a client is told of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An ordinary bucket: bots see it in headers.
    Bucket,
    /// In no header; its 429 shows the ordinary bucket with requests remaining.
    Hidden,
    /// In no header, but its 429 shows this bucket in place of the ordinary one (real: discord-api-docs#5646).
    Revealed,
    /// Counted for everybody together, told as `shared`, and not counted as invalid.
    Shared,
}
named!(Kind, "limit kind", ["bucket" => Kind::Bucket, "hidden" => Kind::Hidden, "revealed" => Kind::Revealed, "shared" => Kind::Shared]);

/// What the limits need to know of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    pub(crate) method: &'a str,
    pub(crate) template: &'a str,
    /// The channel or guild.
    pub(crate) resource: u64,
    /// The account, or none.
    pub(crate) account: Option<(u64, bool)>,
    pub(crate) peer: &'a str,
}

impl Asker<'_> {
    fn fits(&self, rule: &RouteLimit) -> bool {
        let who = match rule.who {
            Who::Anyone => true,
            Who::Bot => self.account.is_some_and(|(_, bot)| bot),
            Who::User => self.account.is_some_and(|(_, bot)| !bot),
        };
        who && (rule.method == "*" || rule.method == self.method)
            && (rule.template == "*" || rule.template == self.template)
    }

    fn credential(&self) -> String {
        self.account.map_or_else(|| format!("address {}", self.peer), |(id, _)| id.to_string())
    }

    fn sees_headers(&self) -> bool {
        self.account.is_some_and(|(_, bot)| bot)
    }
}

/// The counters.
#[derive(Debug)]
pub(crate) struct LimitState {
    limits: Limits,
    wall: Wall,
    windows: BTreeMap<String, window::Window>,
    bans: ban::Bans,
    accepted: Acceptance,
}

/// What the limits say to a request.
#[derive(Debug)]
pub(crate) enum Ruling {
    /// Go on, and add these headers.
    Pass(Vec<(String, String)>),
    /// Answer this.
    Refuse(Scope, Reply),
}

impl LimitState {
    pub(crate) fn new(limits: Limits, wall: Wall) -> Self {
        Self {
            bans: ban::Bans::new(limits.invalid),
            limits,
            wall,
            windows: BTreeMap::new(),
            accepted: Acceptance::default(),
        }
    }

    /// Changes the limits; a counter whose rate changes begins anew.
    pub(crate) fn set(&mut self, limits: Limits) {
        self.bans.set(limits.invalid);
        self.limits = limits;
    }

    /// The edge's answer to an address that is banned.
    pub(crate) fn at_the_edge(&mut self, now: Duration, peer: &str) -> Option<Reply> {
        self.bans.answer(now, peer)
    }

    /// Counts an answer that Discord calls invalid, and says whether it brought a ban.
    pub(crate) fn count_invalid(&mut self, now: Duration, peer: &str) -> bool {
        self.bans.count(now, peer)
    }

    /// What was accepted so far.
    pub(crate) fn acceptance(&self) -> Acceptance {
        self.accepted.clone()
    }

    /// Counts a request against all its limits; the first that is full refuses it.
    pub(crate) fn judge(&mut self, now: Duration, asker: Asker<'_>) -> Ruling {
        let mut against = Vec::new();
        if let Some(rate) = self.limits.global {
            let key = format!("global {}", asker.credential());
            let taken = self.take(&key, rate, now);
            against.push((key, rate));
            if !taken.granted {
                return Ruling::Refuse(Scope::Global, answer::global(taken, asker.sees_headers()));
            }
        }
        let mut shown = None;
        for rule in self.limits.routes.clone() {
            if !asker.fits(&rule) || (rule.kind == Kind::Bucket && shown.is_some()) {
                continue;
            }
            let key = key_of(&rule, asker);
            let taken = self.take(&key, rule.rate, now);
            against.push((key, rule.rate));
            let bucket = answer::Bucket { rule: &rule, taken, reset_at_micros: self.reset_at(now, taken) };
            if !taken.granted {
                return Ruling::Refuse(answer::scope(rule.kind), self.refuse(now, asker, bucket));
            }
            if rule.kind == Kind::Bucket {
                shown = Some(answer::headers(bucket));
            }
        }
        self.accepted.count(now, against);
        Ruling::Pass(shown.filter(|_| asker.sees_headers()).unwrap_or_default())
    }

    fn refuse(&self, now: Duration, asker: Asker<'_>, bucket: answer::Bucket<'_>) -> Reply {
        if !asker.sees_headers() {
            return answer::refusal(bucket, None);
        }
        // A hidden or shared limit shows the ordinary bucket beside its own wait.
        let ordinary = match bucket.rule.kind {
            Kind::Bucket | Kind::Revealed => None,
            Kind::Hidden | Kind::Shared => self
                .limits
                .routes
                .iter()
                .find(|rule| rule.kind == Kind::Bucket && asker.fits(rule))
                .map(|rule| (rule, self.peek(&key_of(rule, asker), rule.rate, now))),
        };
        let shown = match ordinary {
            Some((rule, taken)) => {
                answer::headers(answer::Bucket { rule, taken, reset_at_micros: self.reset_at(now, taken) })
            }
            None => answer::headers(bucket),
        };
        answer::refusal(bucket, Some(shown))
    }

    fn take(&mut self, key: &str, rate: Rate, now: Duration) -> window::Taken {
        let wall = self.wall;
        let window = self.windows.entry(key.to_owned()).or_insert_with(|| window::Window::new(rate));
        if window.rate() != rate {
            *window = window::Window::new(rate);
        }
        window.take(now, wall.unix_micros(now))
    }

    fn peek(&self, key: &str, rate: Rate, now: Duration) -> window::Taken {
        let window = self.windows.get(key).cloned().unwrap_or_else(|| window::Window::new(rate));
        window.peek(now, self.wall.unix_micros(now))
    }

    fn reset_at(&self, now: Duration, taken: window::Taken) -> i64 {
        self.wall.unix_micros(now + taken.reset_after)
    }
}

fn key_of(rule: &RouteLimit, asker: Asker<'_>) -> String {
    let name = rule.counter.clone().unwrap_or_else(|| answer::hash(rule));
    let resource = match rule.per {
        Per::Resource => asker.resource,
        Per::Credential => 0,
    };
    match rule.kind {
        Kind::Bucket => format!("bucket {name} {} {resource}", asker.credential()),
        Kind::Hidden => format!("hidden {name} {} {resource}", asker.credential()),
        Kind::Revealed => format!("revealed {name} {} {resource}", asker.credential()),
        Kind::Shared => format!("shared {name} {resource}"),
    }
}

#[cfg(test)]
mod tests;
