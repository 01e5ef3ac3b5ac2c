//! What a contender did: 429s by scope, time against the least possible, waits, fairness. It judges nothing.

use std::collections::BTreeMap;

use super::bound::Bound;
use super::scenario::Scenario;
use super::server::{By, Reply, Server};

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Score {
    pub(crate) asked: u64,
    pub(crate) served: u64,
    pub(crate) cancelled: u64,
    pub(crate) refused: u64,
    pub(crate) user: u64,
    pub(crate) global: u64,
    pub(crate) shared: u64,
    pub(crate) hidden: u64,
    pub(crate) edge: u64,
    /// Limits that no good answer shows and that gave a 429: each may, once.
    pub(crate) found: u64,
    /// From the first departure to the last answer, in microseconds.
    pub(crate) span: u64,
    pub(crate) bound: Bound,
    rtt: (u64, u64),
    begun: Option<u64>,
    waits: Vec<u64>,
    served_at: Vec<(u64, u64)>,
    demand: BTreeMap<u64, u64>,
}

impl Score {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let mut demand = BTreeMap::new();
        for call in &scenario.calls {
            *demand.entry(call.party).or_default() += 1;
        }
        Self { asked: scenario.calls.len() as u64, demand, rtt: scenario.rtt(), ..Self::default() }
    }

    pub(crate) fn departed(&mut self, now: u64) {
        self.begun.get_or_insert(now);
    }

    /// An answer to a request asked for at a moment and last sent at another.
    pub(crate) fn answered(&mut self, now: u64, party: u64, waited: u64, reply: &Reply) {
        match reply.by {
            Some(By::User) => self.user += 1,
            Some(By::Global) => self.global += 1,
            Some(By::Shared) => self.shared += 1,
            Some(By::Hidden) => self.hidden += 1,
            Some(By::Edge) => self.edge += 1,
            None => {}
        }
        if reply.status < 300 {
            self.served += 1;
            self.waits.push(waited);
            self.served_at.push((now, party));
            self.span = now - self.begun.unwrap_or(now);
        }
    }

    pub(crate) fn close(mut self, server: &Server) -> Self {
        self.bound = server.bound();
        self.found = server.found.len() as u64;
        self.waits.sort_unstable();
        self
    }

    /// Least possible time against time taken, the shortest round trip included.
    pub(crate) fn efficiency(&self) -> f64 {
        ratio(self.bound.least + self.rtt.0, self.span)
    }

    /// What is possible for one who does not know the server's phase: a longest round trip more per window.
    pub(crate) fn safe(&self) -> u64 {
        self.bound.least + self.bound.windows * self.rtt.1
    }

    /// As `efficiency`, against that; the round trip of the last request is in the time taken only.
    pub(crate) fn safe_efficiency(&self) -> f64 {
        ratio(self.safe(), self.span)
    }

    /// All 429s, whoever gave them.
    pub(crate) fn limited(&self) -> u64 {
        self.user + self.global + self.shared + self.hidden + self.edge
    }

    /// Served per second.
    pub(crate) fn goodput(&self) -> f64 {
        ratio(self.served * 1_000_000, self.span)
    }

    /// The wait in seconds that so many per hundred did not exceed.
    pub(crate) fn wait(&self, percent: usize) -> f64 {
        let last = self.waits.len().saturating_sub(1);
        self.waits.get(last * percent / 100).map_or(0.0, |wait| ratio(*wait, 1_000_000))
    }

    /// Jain's index over the parties' served share when half of everything was served.
    pub(crate) fn fairness(&self) -> f64 {
        let mut served = BTreeMap::<u64, u64>::new();
        for (_, party) in self.served_at.iter().take(self.served_at.len() / 2) {
            *served.entry(*party).or_default() += 1;
        }
        let share = |(party, demand): (&u64, &u64)| ratio(served.get(party).copied().unwrap_or(0), *demand);
        let shares: Vec<f64> = self.demand.iter().map(share).collect();
        let (sum, squares) = shares.iter().fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
        if squares == 0.0 { 1.0 } else { sum * sum / (ratio(shares.len() as u64, 1) * squares) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of days are far below 2^52")]
fn ratio(of: u64, to: u64) -> f64 {
    of as f64 / to.max(1) as f64
}
