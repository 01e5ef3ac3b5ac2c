//! The other side, as an omniscient judge sees it: what was executed, for whom, when. It is no client.

use std::collections::BTreeMap;
use std::time::Duration;

use journeyman_jobs::job::JobId;
use journeyman_jobs::time::Timestamp;

/// What one request became.
#[derive(Debug, Clone)]
pub(crate) struct Execution {
    pub(crate) job: JobId,
    pub(crate) account: String,
    pub(crate) nonce: u64,
    pub(crate) begins: Timestamp,
    pub(crate) ends: Timestamp,
    pub(crate) is_refused: bool,
}

/// What is said to a request at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Accepted { is_queued: bool },
    QueueFull,
    Refused,
    AccountBlocked,
}

/// The other side.
#[derive(Debug)]
pub(crate) struct Remote {
    random: fastrand::Rng,
    pub(crate) slots: usize,
    pub(crate) executions: Vec<Execution>,
    /// Accounts that are blocked until a human acts.
    pub(crate) blocked: BTreeMap<String, bool>,
    pub(crate) refuses: u32,
    /// Requests of accounts that are blocked.
    pub(crate) asked_while_blocked: u32,
}

impl Remote {
    pub(crate) fn new(seed: u64, slots: usize, refuses: u32) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            slots,
            executions: Vec::new(),
            blocked: BTreeMap::new(),
            refuses,
            asked_while_blocked: 0,
        }
    }

    /// A request arrives. Nothing is done twice by this side's own doing; whoever sends twice pays twice.
    pub(crate) fn post(&mut self, now: Timestamp, job: JobId, account: &str, nonce: u64) -> Said {
        if self.blocked.get(account).copied().unwrap_or_default() {
            self.asked_while_blocked += 1;
            return Said::AccountBlocked;
        }
        let mut ends: Vec<Timestamp> = self
            .executions
            .iter()
            .filter(|one| one.account == account && one.ends > now && !one.is_refused)
            .map(|one| one.ends)
            .collect();
        ends.sort();
        if ends.len() >= self.slots + 3 {
            return Said::QueueFull;
        }
        if self.random.u32(0..100) < self.refuses {
            let refused = Execution {
                job,
                account: account.to_owned(),
                nonce,
                begins: now,
                ends: now,
                is_refused: true,
            };
            self.executions.push(refused);
            return Said::Refused;
        }
        let is_queued = ends.len() >= self.slots;
        let begins = if is_queued { ends[ends.len() - self.slots] } else { now };
        let ends = begins.after(Duration::from_secs(self.random.u64(20..120)));
        self.executions.push(Execution {
            job,
            account: account.to_owned(),
            nonce,
            begins,
            ends,
            is_refused: false,
        });
        Said::Accepted { is_queued }
    }

    /// What became of a request, as the channel shows it: refusals are not shown.
    pub(crate) fn find(&self, nonce: u64) -> Option<&Execution> {
        self.executions.iter().find(|one| one.nonce == nonce && !one.is_refused)
    }

    /// How many times a job was executed, and paid.
    pub(crate) fn paid(&self, job: JobId) -> usize {
        self.executions.iter().filter(|one| one.job == job && !one.is_refused).count()
    }
}
