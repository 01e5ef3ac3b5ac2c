//! Accounts: their leases, their slots, their pauses. It begins no job.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::desk::Purpose;
use super::{Engine, Output};
use crate::change::{Applied, Change, Fence, Scope};
use crate::job::JobId;
use crate::queue::Queue;
use crate::slots::Slots;
use crate::store::Paused;
use crate::time::Timestamp;

/// The name under which an account's slots are remembered.
const SLOTS: &str = "slots";

/// After "queue full" nothing is begun for this long.
pub(super) const FULL: Duration = Duration::from_secs(15);

/// After this long a pause is in the store, and what the store shows is the truth.
const WRITTEN: Duration = Duration::from_secs(10);

/// What the engine knows of an account.
#[derive(Debug)]
pub(super) struct Account {
    /// Held while it is ours.
    pub(super) fence: Option<Fence>,
    /// Until when it is ours, as far as the last answer said.
    pub(super) until: Timestamp,
    /// Until when it will be, once the lease that is being asked for is written.
    asked_until: Timestamp,
    /// When the lease is asked for next.
    ask_at: Timestamp,
    is_asking: bool,
    pub(super) slots: Slots,
    knows_slots: bool,
    full_until: Option<Timestamp>,
    pub(super) queue: Queue,
}

/// Slots, as they are remembered.
#[derive(Debug, Serialize, Deserialize)]
struct SlotsRecord {
    version: u32,
    slots: Slots,
}

impl Account {
    pub(super) fn new(cap: u32) -> Self {
        Self {
            fence: None,
            until: Timestamp::default(),
            asked_until: Timestamp::default(),
            ask_at: Timestamp::default(),
            is_asking: false,
            slots: Slots::new(cap),
            knows_slots: false,
            full_until: None,
            queue: Queue::default(),
        }
    }

    pub(super) fn next_lease(&self) -> Option<Timestamp> {
        (!self.is_asking).then_some(self.ask_at)
    }

    /// Whether the other side said a moment ago that its queue is full.
    pub(super) fn is_full(&self, now: Timestamp) -> bool {
        self.full_until.is_some_and(|until| now < until)
    }

    pub(super) fn on_full(&mut self, now: Timestamp) {
        self.slots.on_full();
        self.full_until = Some(now.after(FULL));
    }
}

impl Engine {
    /// Asks for the leases that are due.
    pub(super) fn lease(&mut self, now: Timestamp) {
        let Self { accounts, settings, desk, is_draining, jobs, .. } = self;
        for (name, account) in accounts.iter_mut().filter(|(_, account)| !account.is_asking) {
            let is_idle = !jobs.values().any(|live| live.account == *name);
            if *is_draining && is_idle {
                if let Some(fence) = account.fence.take() {
                    desk.put(Change::Release(fence), Purpose::Aside(String::new()));
                }
                account.ask_at = Timestamp::MAX;
            } else if now >= account.ask_at && !(*is_draining && account.fence.is_none()) {
                account.is_asking = true;
                account.ask_at = now.after(settings.lease / 3);
                let until = now.after(settings.lease);
                account.asked_until = until;
                let change = Change::Lease { account: name.clone(), owner: settings.owner.clone(), until };
                desk.put(change, Purpose::Lease(name.clone()));
            }
        }
    }

    pub(super) fn on_lease(&mut self, now: Timestamp, name: &str, applied: Applied) {
        let Some(account) = self.accounts.get_mut(name) else { return };
        account.is_asking = false;
        match applied {
            Applied::Leased(fence) => {
                let is_same = account.fence.as_ref() == Some(&fence);
                let was_held = account.fence.is_some();
                account.until = account.asked_until;
                if was_held && !is_same {
                    // Somebody else had it meanwhile: what is under way here is no longer ours.
                    self.let_go(name);
                }
                if let Some(account) = self.accounts.get_mut(name) {
                    account.fence = Some(fence);
                }
                if !is_same {
                    self.look_at = now;
                }
            }
            Applied::Held { until, .. } => {
                self.let_go(name);
                if let Some(account) = self.accounts.get_mut(name) {
                    account.ask_at = until.max(now.after(self.settings.look));
                }
            }
            Applied::Done
            | Applied::Added(_)
            | Applied::Exists(_)
            | Applied::NoParent
            | Applied::Lost
            | Applied::Refused => {}
        }
    }

    /// Somebody else holds the account now.
    pub(super) fn on_lost(&mut self, now: Timestamp, name: &str) {
        self.let_go(name);
        if let Some(account) = self.accounts.get_mut(name) {
            account.ask_at = account.ask_at.min(now.after(self.settings.look));
        }
    }

    fn let_go(&mut self, name: &str) {
        if let Some(account) = self.accounts.get_mut(name) {
            account.fence = None;
            account.knows_slots = false;
        }
        let theirs: Vec<JobId> =
            self.jobs.iter().filter(|(_, live)| live.account == name).map(|(job, _)| *job).collect();
        for job in theirs {
            self.drop_job(job);
        }
    }

    /// Takes the slots that were learnt before.
    pub(super) fn recall(&mut self, name: &str, remembered: &BTreeMap<String, String>) {
        let Some(account) = self.accounts.get_mut(name).filter(|account| !account.knows_slots) else {
            return;
        };
        account.knows_slots = true;
        let Some(text) = remembered.get(SLOTS) else { return };
        match serde_json::from_str::<SlotsRecord>(text) {
            Ok(record) if record.version == 1 => {
                let cap = account.slots.cap();
                account.slots = record.slots;
                account.slots.on_cap(cap);
            }
            Ok(_) | Err(_) => {
                tracing::warn!(account = name, "remembered slots cannot be read; learning anew");
            }
        }
    }

    pub(super) fn remember_slots(&mut self, name: &str) {
        let Some(account) = self.accounts.get(name) else { return };
        let Some(fence) = account.fence.clone() else { return };
        let record = SlotsRecord { version: 1, slots: account.slots.clone() };
        match serde_json::to_string(&record) {
            Ok(value) => {
                let change = Change::Remember { fence, name: SLOTS.to_owned(), value };
                self.desk.put(change, Purpose::Aside(name.to_owned()));
            }
            Err(error) => tracing::error!(%error, "slots cannot be written"),
        }
    }

    /// Takes over the pauses of the store, and tells the backend of accounts that may go on.
    ///
    /// A pause that began a moment ago stays, also where the store does not show it: it may have been read before
    /// the pause was written, and whoever took that for a human's word would ask a blocked account again.
    pub(super) fn note_pauses(&mut self, now: Timestamp, pauses: &[Paused]) {
        let gone = |old: &Paused| !pauses.iter().any(|new| new.scope == old.scope);
        let is_fresh = |old: &Paused| self.desk.is_stuck() || now.since(old.since) < WRITTEN;
        let (fresh, ended): (Vec<Paused>, Vec<Paused>) =
            std::mem::take(&mut self.pauses).into_iter().filter(gone).partition(is_fresh);
        self.pauses = pauses.iter().cloned().chain(fresh).collect();
        for pause in ended {
            if let Scope::Account(name) = pause.scope {
                self.outputs.push_back(Output::ResumeAccount(name));
            }
        }
    }

    /// Ends the pauses whose time is over.
    pub(super) fn end_pauses(&mut self, now: Timestamp) {
        let (over, stay): (Vec<Paused>, Vec<Paused>) = std::mem::take(&mut self.pauses)
            .into_iter()
            .partition(|pause| pause.until.is_some_and(|until| until <= now));
        self.pauses = stay;
        for pause in over {
            if let Scope::Account(name) = &pause.scope {
                self.outputs.push_back(Output::ResumeAccount(name.clone()));
            }
            self.desk.put(Change::Resume(pause.scope), Purpose::Aside(String::new()));
            self.look_at = now;
        }
    }
}
