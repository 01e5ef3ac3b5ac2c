//! What a contender did: 429s by scope, time against the least possible, waits, fairness. It judges nothing.

use std::collections::BTreeMap;

use journeyman_limiter::{Moment, Priority};

use super::bound::Bound;
use super::scenario::Scenario;
use super::server::{By, Call, Reply, Server};

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Score {
    pub(crate) asked: u64,
    pub(crate) served: u64,
    pub(crate) cancelled: u64,
    pub(crate) refused: u64,
    /// Of the refused those that were not refused at once: they waited for nothing.
    pub(crate) missed: u64,
    /// Served after their deadline.
    pub(crate) late: u64,
    pub(crate) user: u64,
    pub(crate) global: u64,
    pub(crate) shared: u64,
    pub(crate) hidden: u64,
    pub(crate) edge: u64,
    /// Answers that no second try can change: 401, 403, 404.
    pub(crate) invalid: u64,
    /// Answers of a server that fails.
    pub(crate) failed: u64,
    /// Limits that no good answer shows and that gave a 429: each may, once.
    pub(crate) found: u64,
    /// From the first departure to the last answer, in microseconds.
    pub(crate) span: u64,
    pub(crate) bound: Bound,
    rtt: (u64, u64),
    begun: Option<u64>,
    waits: Vec<u64>,
    /// Of the critical ones.
    critical: Vec<u64>,
    served_at: Vec<(u64, u64)>,
    /// Who asked when.
    demand: Vec<(u64, u64)>,
}

impl Score {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let demand = scenario.calls.iter().map(|call| (call.asked, call.party)).collect();
        Self { asked: scenario.calls.len() as u64, demand, rtt: scenario.rtt(), ..Self::default() }
    }

    pub(crate) fn departed(&mut self, now: u64) {
        self.begun.get_or_insert(now);
    }

    /// An answer to a request asked for at a moment and last sent at another.
    pub(crate) fn answered(&mut self, now: u64, call: &Call, waited: u64, reply: &Reply) {
        match reply.by {
            Some(By::User) => self.user += 1,
            Some(By::Global) => self.global += 1,
            Some(By::Shared) => self.shared += 1,
            Some(By::Hidden) => self.hidden += 1,
            Some(By::Edge) => self.edge += 1,
            None => {}
        }
        self.invalid += u64::from(matches!(reply.status, 401 | 403 | 404));
        self.failed += u64::from(reply.status >= 500);
        if reply.status < 300 {
            self.served += 1;
            self.waits.push(waited);
            if call.request.priority == Priority::Critical {
                self.critical.push(waited);
            }
            let deadline = call.request.deadline.map_or(u64::MAX, Moment::as_micros);
            self.late += u64::from(call.asked + waited > deadline);
            self.served_at.push((now, call.party));
            self.span = now - self.begun.unwrap_or(now);
        }
    }

    pub(crate) fn close(mut self, server: &Server) -> Self {
        self.bound = server.bound();
        self.found = server.found.len() as u64;
        self.waits.sort_unstable();
        self.critical.sort_unstable();
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
        percentile(&self.waits, percent)
    }

    /// As `wait`, of the critical ones.
    pub(crate) fn critical_wait(&self, percent: usize) -> f64 {
        percentile(&self.critical, percent)
    }

    /// Jain's index over what each party was served of its fair share of what was asked for until then,
    /// when half of everything was served.
    pub(crate) fn fairness(&self) -> f64 {
        let half = &self.served_at[..self.served_at.len() / 2];
        let until = half.last().map_or(0, |(at, _)| *at);
        let served = count(half.iter().map(|(_, party)| *party));
        let asked = self.demand.iter().filter(|(asked, _)| *asked <= until);
        let fair = fair_shares(&count(asked.map(|(_, party)| *party)), half.len() as u64);
        let share =
            |(party, fair): (&u64, &f64)| ratio(served.get(party).copied().unwrap_or(0), 1) / fair.max(1.0);
        let shares: Vec<f64> = fair.iter().map(share).collect();
        let (sum, squares) = shares.iter().fold((0.0, 0.0), |(sum, squares), x| (sum + x, squares + x * x));
        if squares == 0.0 { 1.0 } else { sum * sum / (ratio(shares.len() as u64, 1) * squares) }
    }
}

fn count(parties: impl Iterator<Item = u64>) -> BTreeMap<u64, u64> {
    let mut counts = BTreeMap::new();
    parties.for_each(|party| *counts.entry(party).or_default() += 1);
    counts
}

/// Max-min shares of what there is: nobody gets more than it wants, and all who want more get the same.
fn fair_shares(demand: &BTreeMap<u64, u64>, total: u64) -> BTreeMap<u64, f64> {
    let mut wants: Vec<(u64, u64)> = demand.iter().map(|(party, wants)| (*wants, *party)).collect();
    wants.sort_unstable();
    let (mut left, mut parties) = (ratio(total, 1), wants.len() as u64);
    let mut shares = BTreeMap::new();
    for (wants, party) in wants {
        let share = ratio(wants, 1).min(left / ratio(parties, 1));
        shares.insert(party, share);
        left -= share;
        parties -= 1;
    }
    shares
}

fn percentile(sorted: &[u64], percent: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * percent / 100).map_or(0.0, |wait| ratio(*wait, 1_000_000))
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of days are far below 2^52")]
fn ratio(of: u64, to: u64) -> f64 {
    of as f64 / to.max(1) as f64
}
