//! How many wait, in all and for each tenant, and who is shed when that is too many. It orders nobody.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Config, Shedding};
use crate::lineup::Ticket;
use crate::lineup::line::Claim;
use crate::priority::Priority;
use crate::tenant::Tenant;

#[derive(Debug, Default)]
pub(crate) struct Crowd {
    waiting: usize,
    /// By credential and tenant.
    tenants: BTreeMap<(u32, Tenant), Share>,
    /// All bulk requests, the eldest first.
    bulk: BTreeSet<Ticket>,
}

#[derive(Debug, Default)]
struct Share {
    waiting: usize,
    bulk: BTreeSet<Ticket>,
}

/// What there is for one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Free,
    /// This one's.
    InsteadOf(Ticket),
    None,
}

impl Crowd {
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    pub(crate) fn enter(&mut self, account: u32, ticket: Ticket, claim: &Claim) {
        self.waiting += 1;
        let share = self.tenants.entry((account, claim.tenant)).or_default();
        share.waiting += 1;
        if claim.class == Priority::Bulk {
            share.bulk.insert(ticket);
            self.bulk.insert(ticket);
        }
    }

    pub(crate) fn leave(&mut self, account: u32, ticket: Ticket, claim: &Claim) {
        self.waiting -= 1;
        self.bulk.remove(&ticket);
        let Some(share) = self.tenants.get_mut(&(account, claim.tenant)) else { return };
        share.waiting -= 1;
        share.bulk.remove(&ticket);
        if share.waiting == 0 {
            self.tenants.remove(&(account, claim.tenant));
        }
    }

    /// Whether there is a place for one more of a tenant.
    pub(crate) fn place(&self, account: u32, tenant: Tenant, config: &Config) -> Place {
        let share = self.tenants.get(&(account, tenant));
        let own_is_full = share.map_or(0, |share| share.waiting) >= config.max_waiting_per_tenant;
        if !own_is_full && self.waiting < config.max_waiting {
            return Place::Free;
        }
        let bulk = if own_is_full { share.map(|share| &share.bulk) } else { Some(&self.bulk) };
        let eldest = bulk.and_then(|bulk| bulk.first().copied());
        match (config.shedding, eldest) {
            (Shedding::DropOldestBulk, Some(ticket)) => Place::InsteadOf(ticket),
            (Shedding::DropOldestBulk, None) | (Shedding::RejectNew, _) => Place::None,
        }
    }

    pub(crate) fn check_invariants(&self) {
        let waiting: usize = self.tenants.values().map(|share| share.waiting).sum();
        assert_eq!(waiting, self.waiting, "the tenants' numbers");
        let bulk: usize = self.tenants.values().map(|share| share.bulk.len()).sum();
        assert_eq!(bulk, self.bulk.len(), "the tenants' bulk requests");
        assert!(self.tenants.values().all(|share| share.waiting > 0), "a tenant for whom nobody waits");
    }
}
