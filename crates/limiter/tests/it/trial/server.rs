//! The server of a scenario: its limits, what its answers show of them, and its bad days. It is naive on purpose.

use std::collections::BTreeMap;

use journeyman_limiter::Request;

use super::bound::{Bound, Capacity, Tally};
use super::limit::{Limit, Model};
use super::scenario::{Scenario, WALL_MS};

/// A request of a scenario, with what the server knows of it beyond its path.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) asked: u64,
    pub(crate) request: Request,
    /// The resource that it is for, and the other resource that it falls under.
    pub(crate) resource: u64,
    pub(crate) parent: u64,
    /// What the path does not show, as the fields of a body.
    pub(crate) sort: u64,
    /// When the message that it is about was written, in microseconds after the beginning.
    pub(crate) born: i64,
    /// Among whom fairness is measured.
    pub(crate) party: u64,
}

impl Call {
    /// How old its message is at a moment.
    pub(crate) fn age(&self, at: u64) -> u64 {
        u64::try_from(at.cast_signed() - self.born).unwrap_or_default()
    }
}

/// One limit for each key that `by` gives at a moment; a request without a key is not counted.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) by: fn(&Call, u64) -> Option<u64>,
    pub(crate) model: Model,
    pub(crate) most: u64,
    pub(crate) window: u64,
    pub(crate) face: Face,
    /// From when on how many; the hash is another one then.
    pub(crate) change: Option<(u64, u64)>,
}

impl Rule {
    fn most_at(&self, at: u64) -> u64 {
        self.change.filter(|(from, _)| *from <= at).map_or(self.most, |(_, most)| most)
    }
}

/// What answers show of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    /// Nothing before a global 429, which names no bucket.
    Global,
    /// Every answer describes it, under this hash.
    Shown(&'static str),
    /// Only its own 429 describes it (discord-api-docs#5646).
    Revealed(&'static str),
    /// Its 429 describes the bucket that is shown, which has room (discord-api-docs#1909, #4043).
    Hidden,
}

/// A time in which some requests fail whatever the limits say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trouble {
    pub(crate) from: u64,
    pub(crate) until: u64,
    pub(crate) hits: fn(&Call) -> bool,
    pub(crate) ill: Ill,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ill {
    /// Others use the resource up; the 429 says until when.
    Shared,
    /// The edge's static page, which names no time (discord-api-docs#5810).
    Ban,
    /// 502, after the limits have counted.
    BadGateway,
    /// 401: the token is refused, now and for good.
    TokenRefused,
    /// 404: the webhook is not there any more.
    WebhookGone,
}

/// Which limit a 429 was of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum By {
    User,
    Global,
    Shared,
    Hidden,
    Edge,
}

/// An answer as it goes over the wire, and the truth about it for the score.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    pub(crate) by: Option<By>,
}

impl Reply {
    /// A header as a number.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        let found = self.headers.iter().find(|(other, _)| *other == name);
        found.and_then(|(_, value)| value.parse().ok())
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Server {
    rules: Vec<Rule>,
    troubles: Vec<Trouble>,
    headers: bool,
    jump: Option<(u64, i64)>,
    limits: BTreeMap<(usize, u64), Limit>,
    tally: Tally,
    /// How many 429s each hidden or revealed limit has given.
    pub(crate) found: BTreeMap<(usize, u64), u64>,
}

impl Server {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self {
            rules: scenario.rules.clone(),
            troubles: scenario.troubles.clone(),
            headers: scenario.headers,
            jump: scenario.jump,
            limits: BTreeMap::new(),
            tally: Tally::default(),
            found: BTreeMap::new(),
        }
    }

    pub(crate) fn arrive(&mut self, at: u64, call: &Call) -> Reply {
        let ill = self.ill(at, call);
        if ill.is_some_and(|trouble| trouble.ill == Ill::Ban) {
            return ban();
        }
        if let Some(reply) = ill.and_then(|trouble| final_answer(trouble.ill)) {
            return reply;
        }
        let keys = self.come(at, call);
        let full = keys.iter().find(|key| self.wait_of(at, **key) > 0).copied();
        if let Some(full) = full {
            return self.refuse(at, &keys, full);
        }
        if let Some(trouble) = ill.filter(|trouble| trouble.ill == Ill::Shared) {
            return self.limited(at, &keys, By::Shared, trouble.until - at);
        }
        for key in &keys {
            if let Some(limit) = self.limits.get_mut(key) {
                limit.take(at);
            }
        }
        self.tally.accept(at, &keys);
        let status = if ill.is_some() { 502 } else { 200 };
        // A gateway that fails answers for itself: nothing of Discord's is in it.
        let headers = if ill.is_some() { Vec::new() } else { self.describe(at, self.shown(&keys)) };
        Reply { status, headers, ..Reply::default() }
    }

    /// How long until the call would be accepted, if nobody else comes and nothing changes.
    pub(crate) fn wait(&self, at: u64, call: &Call) -> u64 {
        let ill = self.ill(at, call).map_or(0, |trouble| trouble.until - at);
        let limits = self.keys(at, call).map(|key| self.wait_of(at, key)).max().unwrap_or(0);
        ill.max(limits)
    }

    /// When a limit changes or a trouble begins after this moment.
    pub(crate) fn next_change(&self, at: u64) -> Option<u64> {
        let changes = self.rules.iter().filter_map(|rule| rule.change.map(|(from, _)| from));
        let troubles = self.troubles.iter().map(|trouble| trouble.from);
        changes.chain(troubles).filter(|from| *from > at).min()
    }

    /// The least time from the first acceptance to the last of all that were accepted.
    pub(crate) fn bound(&self) -> Bound {
        self.tally.bound(|(rule, _)| {
            let Rule { model, most, window, change, .. } = self.rules[rule];
            Capacity { model, most, window, change }
        })
    }

    /// Whether the call will be refused for good at a moment.
    pub(crate) fn refuses(&self, at: u64, call: &Call) -> bool {
        self.ill(at, call).is_some_and(|trouble| final_answer(trouble.ill).is_some())
    }

    fn ill(&self, at: u64, call: &Call) -> Option<Trouble> {
        let hits = |trouble: &&Trouble| (trouble.from..trouble.until).contains(&at) && (trouble.hits)(call);
        self.troubles.iter().find(hits).copied()
    }

    /// The limits that a call falls under.
    fn keys(&self, at: u64, call: &Call) -> impl Iterator<Item = (usize, u64)> {
        self.rules.iter().enumerate().filter_map(move |(place, rule)| Some((place, (rule.by)(call, at)?)))
    }

    /// As `keys`, each brought up to the time.
    fn come(&mut self, at: u64, call: &Call) -> Vec<(usize, u64)> {
        let keys: Vec<_> = self.keys(at, call).collect();
        for key in &keys {
            let (rule, most) = (&self.rules[key.0], self.rules[key.0].most_at(at));
            let limit = self.limits.entry(*key);
            limit.or_insert_with(|| Limit::new(rule.model, rule.most, rule.window)).come(at, most);
        }
        keys
    }

    fn wait_of(&self, at: u64, key: (usize, u64)) -> u64 {
        let most = self.rules[key.0].most_at(at);
        self.limits.get(&key).map_or(0, |limit| limit.wait(at, most))
    }

    fn refuse(&mut self, at: u64, keys: &[(usize, u64)], full: (usize, u64)) -> Reply {
        let wait = self.wait_of(at, full);
        match self.rules[full.0].face {
            Face::Global => self.limited(at, &[], By::Global, wait),
            Face::Shown(_) => self.limited(at, keys, By::User, wait),
            Face::Revealed(_) => {
                *self.found.entry(full).or_default() += 1;
                let mut reply = self.limited(at, &[], By::Hidden, wait);
                reply.headers.extend(self.describe(at, Some(full)));
                reply
            }
            Face::Hidden => {
                *self.found.entry(full).or_default() += 1;
                self.limited(at, keys, By::Hidden, wait)
            }
        }
    }

    fn limited(&self, at: u64, keys: &[(usize, u64)], by: By, wait: u64) -> Reply {
        let mut headers = self.describe(at, self.shown(keys));
        let scope = match by {
            By::User | By::Hidden | By::Edge => "user",
            By::Global => "global",
            By::Shared => "shared",
        };
        headers.push(("retry-after", wait.div_ceil(SECOND).to_string()));
        if self.headers {
            headers.push(("x-ratelimit-scope", scope.to_owned()));
        }
        if by == By::Global {
            headers.push(("x-ratelimit-global", "true".to_owned()));
        }
        headers.push(("via", "1.1 google".to_owned()));
        let global = by == By::Global;
        let body = format!(
            r#"{{"message": "You are being rate limited.", "retry_after": {}, "global": {global}}}"#,
            seconds(wait.div_ceil(1_000))
        );
        Reply { status: 429, headers, body, by: Some(by) }
    }

    fn shown(&self, keys: &[(usize, u64)]) -> Option<(usize, u64)> {
        keys.iter().find(|key| matches!(self.rules[key.0].face, Face::Shown(_))).copied()
    }

    fn describe(&self, at: u64, key: Option<(usize, u64)>) -> Vec<(&'static str, String)> {
        let (Some(key), true) = (key, self.headers) else { return Vec::new() };
        let (rule, limit) = (&self.rules[key.0], &self.limits[&key]);
        let (Face::Shown(hash) | Face::Revealed(hash)) = rule.face else { return Vec::new() };
        let age = u8::from(rule.change.is_some_and(|(from, _)| from <= at));
        let reset_after = limit.reset_after(at) / 1_000;
        let jump = self.jump.filter(|(from, _)| *from <= at).map_or(0, |(_, by)| by);
        let wall = (WALL_MS / 1_000).saturating_add_signed(jump) * 1_000 + at / 1_000;
        vec![
            ("x-ratelimit-limit", limit.most().to_string()),
            ("x-ratelimit-remaining", limit.remaining().to_string()),
            ("x-ratelimit-reset", seconds(wall + reset_after)),
            ("x-ratelimit-reset-after", seconds(reset_after)),
            ("x-ratelimit-bucket", format!("{hash}{age}")),
        ]
    }
}

const SECOND: u64 = 1_000_000;

/// Milliseconds as decimal seconds.
fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

fn ban() -> Reply {
    let body = r#"{"message": "You are being blocked from accessing our API temporarily due to exceeding our rate limits frequently.", "code": 0}"#;
    Reply { status: 429, headers: Vec::new(), body: body.to_owned(), by: Some(By::Edge) }
}

/// What no second try can change.
fn final_answer(ill: Ill) -> Option<Reply> {
    let (status, body) = match ill {
        Ill::TokenRefused => (401, r#"{"message": "401: Unauthorized", "code": 0}"#),
        Ill::WebhookGone => (404, r#"{"message": "Unknown Webhook", "code": 10015}"#),
        Ill::Shared | Ill::Ban | Ill::BadGateway => return None,
    };
    let headers = vec![("via", "1.1 google".to_owned()), ("content-type", "application/json".to_owned())];
    Some(Reply { status, headers, body: body.to_owned(), by: None })
}
