//! The ban at the edge: addresses that send too many invalid requests are answered by Cloudflare alone.
//!
//! It does not decide what is invalid; `world` counts 401, 403 and every 429 that is not shared.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::json;

use crate::choice::named;
use crate::http::{Reply, header};

/// When an address is banned, and what it is then told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidLimit {
    /// So many invalid requests. 10,000 (real: Discord's docs).
    pub limit: u64,
    /// Within this span. 10 minutes (real).
    pub per: Duration,
    /// The ban's length. 1 hour (inferred: reports tell of 1 to 24 hours).
    pub ban: Duration,
    /// What the edge says.
    pub answer: EdgeAnswer,
}

impl Default for InvalidLimit {
    fn default() -> Self {
        Self {
            limit: 10_000,
            per: Duration::from_mins(10),
            ban: Duration::from_hours(1),
            answer: EdgeAnswer::default(),
        }
    }
}

/// The two bodies that the edge is known to send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EdgeAnswer {
    /// A page with "error code: 1015" and a Retry-After.
    #[default]
    Html,
    /// A static JSON body without any wait (real: discord-api-docs#5810).
    StaticJson,
}
named!(EdgeAnswer, "edge answer", ["html" => EdgeAnswer::Html, "static-json" => EdgeAnswer::StaticJson]);

#[derive(Debug)]
pub(crate) struct Bans {
    limit: InvalidLimit,
    invalid: BTreeMap<String, VecDeque<Duration>>,
    until: BTreeMap<String, Duration>,
}

impl Bans {
    pub(crate) fn new(limit: InvalidLimit) -> Self {
        Self { limit, invalid: BTreeMap::new(), until: BTreeMap::new() }
    }

    pub(crate) fn set(&mut self, limit: InvalidLimit) {
        self.limit = limit;
    }

    /// Counts one invalid request, and says whether it brought a ban.
    pub(crate) fn count(&mut self, now: Duration, peer: &str) -> bool {
        let hits = self.invalid.entry(peer.to_owned()).or_default();
        hits.push_back(now);
        while hits.front().is_some_and(|hit| *hit + self.limit.per <= now) {
            hits.pop_front();
        }
        let is_banned = u64::try_from(hits.len()).is_ok_and(|count| count >= self.limit.limit);
        if is_banned {
            hits.clear();
            self.until.insert(peer.to_owned(), now + self.limit.ban);
        }
        is_banned
    }

    /// Without `Via`: it never reached Discord.
    pub(crate) fn answer(&self, now: Duration, peer: &str) -> Option<Reply> {
        let left = self.until.get(peer)?.checked_sub(now).filter(|left| !left.is_zero())?;
        let mut reply = match self.limit.answer {
            EdgeAnswer::Html => {
                let mut reply = Reply::bytes(429, "text/html; charset=UTF-8", b"error code: 1015".to_vec());
                let seconds = left.as_micros().div_ceil(1_000_000);
                reply.headers.push(header("Retry-After", seconds.to_string()));
                reply
            }
            EdgeAnswer::StaticJson => Reply::json(
                429,
                &json!({
                    "code": 0,
                    "message": "You are being blocked from accessing our API temporarily due to exceeding our rate \
                                limits frequently. Please read our docs at \
                                https://discord.com/developers/docs/topics/rate-limits to prevent this moving forward.",
                }),
            ),
        };
        reply.headers.push(header("Server", "cloudflare"));
        Some(reply)
    }
}
