//! The server of a state machine test: limits by credential and channel that may change. It is naive on purpose.

use std::collections::BTreeMap;
use std::time::Duration;

use journeyman_limiter::{Answer, Scope};

use super::op::{Case, Kind, Law, Line};
use crate::ledger::{Limit, Said};

/// Whose counter: credential, bucket, channel.
pub(crate) type Counter = (u8, usize, u8);

pub(crate) struct Server {
    laws: [Law; 2],
    /// How often each limit has changed, and how often the hash of the first.
    pub(crate) changes: [u64; 2],
    pub(crate) renamed: u64,
    global: Option<Law>,
    counters: BTreeMap<Counter, Limit>,
    globals: BTreeMap<u8, Limit>,
    /// The wall clock's lead in seconds.
    lead: i64,
}

/// What became of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Accepted,
    OverBucket,
    OverGlobal,
}

impl Server {
    pub(crate) fn new(case: &Case) -> Self {
        Self {
            laws: case.buckets,
            changes: [0; 2],
            renamed: 0,
            global: case.global,
            counters: BTreeMap::new(),
            globals: BTreeMap::new(),
            lead: 1_800_000_000,
        }
    }

    pub(crate) fn law(&self, bucket: usize) -> Law {
        self.laws[bucket]
    }

    pub(crate) fn resize(&mut self, bucket: usize, most: u64) {
        let law = &mut self.laws[bucket];
        self.changes[bucket] += u64::from(law.most != most);
        law.most = most;
    }

    /// Gives the first bucket another name.
    pub(crate) fn rotate(&mut self, anew: bool) {
        self.renamed += 1;
        if anew {
            self.counters.retain(|(_, bucket, _), _| *bucket != 0);
        }
    }

    pub(crate) fn jump(&mut self, seconds: i64) {
        self.lead += seconds;
    }

    pub(crate) fn arrive(&mut self, at: u64, line: Line) -> (Answer, Fate) {
        let Line { who, channel, .. } = line;
        let Some(bucket) = bucket(line.kind) else { return (bare(200), Fate::Accepted) };
        if let Some(law) = self.global {
            let limit =
                self.globals.entry(who).or_insert_with(|| Limit::new(law.model, law.most, law.window));
            let said = Said::on_arrival(limit, at, law.most);
            if !said.accepted {
                let answer = Answer { global: true, retry_after: Some(up(said.retry_after)), ..bare(429) };
                return (answer, Fate::OverGlobal);
            }
        }
        let law = self.laws[bucket];
        let limit = self.counters.entry((who, bucket, channel));
        let limit = limit.or_insert_with(|| Limit::new(law.model, law.most, law.window));
        let said = Said::on_arrival(limit, at, law.most);
        let fate = if said.accepted { Fate::Accepted } else { Fate::OverBucket };
        (self.describe(at, bucket, said), fate)
    }

    fn describe(&self, at: u64, bucket: usize, said: Said) -> Answer {
        // Rounded down to milliseconds, as a server may.
        let reset_after = Duration::from_millis(said.reset_after / 1_000);
        let wall = u64::try_from(self.lead).unwrap_or_default();
        Answer {
            limit: u32::try_from(self.laws[bucket].most).ok(),
            remaining: u32::try_from(said.remaining).ok(),
            reset_after: Some(reset_after),
            reset: Some(Duration::from_secs(wall) + Duration::from_micros(at) + reset_after),
            bucket: Some(
                if bucket == 0 { format!("messages{}", self.renamed) } else { "pins".into() }.into(),
            ),
            retry_after: (!said.accepted).then(|| up(said.retry_after)),
            scope: (!said.accepted).then_some(Scope::User),
            ..bare(if said.accepted { 200 } else { 429 })
        }
    }
}

/// Which bucket counts a kind.
pub(crate) fn bucket(kind: Kind) -> Option<usize> {
    match kind {
        Kind::Message => Some(0),
        Kind::Pin | Kind::Unpin => Some(1),
        Kind::Callback => None,
    }
}

fn bare(status: u16) -> Answer {
    Answer { status, via: true, ..Answer::default() }
}

fn up(micros: u64) -> Duration {
    Duration::from_millis(micros.div_ceil(1_000))
}
