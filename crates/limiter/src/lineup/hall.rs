//! The lines of one credential whose own limits have room, and which of them goes next. It knows no limits.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use journeyman_moment::Moment;

use crate::config::Config;
use crate::lineup::Ticket;
use crate::lineup::line::{Claim, Offer};
use crate::lineup::turns::Turns;
use crate::priority::Priority;
use crate::reason::{Reason, Waits};

/// Within a tenant: the most work first, then the eldest.
type Key = (Reverse<u64>, Ticket, u32);

#[derive(Debug, Default)]
pub(crate) struct Hall {
    /// Those whom the global limit counts, and those whom it does not.
    pub(crate) ready: [Ready; 2],
    pub(crate) closed: Option<(Reason, Moment)>,
    pub(crate) wake: Option<Moment>,
    pub(crate) waits: Waits,
}

/// The lines that wait for the same.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// By their eldest.
    elders: BTreeSet<(Ticket, u32)>,
    /// By class.
    turns: [Turns<Key>; Priority::ALL.len()],
    /// How often in a row somebody went before the eldest.
    pub(crate) passed: u32,
}

impl Hall {
    pub(crate) fn waits_at(&self, now: Moment) -> Waits {
        let mut waits = self.waits;
        if let Some((reason, since)) = self.closed {
            waits.add(reason, since, now);
        }
        waits
    }

    pub(crate) fn is_unused(&self) -> bool {
        self.closed.is_none() && self.wake.is_none() && self.ready.iter().all(Ready::is_empty)
    }
}

impl Ready {
    pub(crate) fn insert(&mut self, lane: u32, offer: &Offer, config: &Config) {
        self.elders.insert((offer.eldest, lane));
        for (tenant, ticket) in &offer.heads {
            let key = (Reverse(offer.work), *ticket, lane);
            self.turns[offer.class as usize].insert(*tenant, config.weight(*tenant), key);
        }
    }

    pub(crate) fn remove(&mut self, lane: u32, offer: &Offer) {
        self.elders.remove(&(offer.eldest, lane));
        for (tenant, ticket) in &offer.heads {
            self.turns[offer.class as usize].remove(*tenant, (Reverse(offer.work), *ticket, lane));
        }
    }

    /// Counts that one of these goes.
    pub(crate) fn spend(&mut self, ticket: Ticket, claim: &Claim, contested: bool, config: &Config) {
        let is_eldest = self.eldest().is_none_or(|(eldest, _)| eldest == ticket);
        self.passed = if is_eldest { 0 } else { self.passed.saturating_add(1) };
        if contested {
            self.turns[claim.class as usize].spend(claim.tenant, config.weight(claim.tenant));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.elders.is_empty()
    }

    pub(crate) fn eldest(&self) -> Option<(Ticket, u32)> {
        self.elders.first().copied()
    }

    /// The line whose turn it is, with the class and ticket that it offers.
    pub(crate) fn first(&self) -> Option<(Priority, Ticket, u32)> {
        Priority::ALL.into_iter().find_map(|class| {
            let (_, (_, ticket, lane)) = self.turns[class as usize].first()?;
            Some((class, ticket, lane))
        })
    }

    /// How many of other lines go before a ticket of this line at least, if nobody leaves.
    pub(crate) fn before(&self, lane: u32, ticket: Ticket, claim: &Claim, offer: &Offer) -> usize {
        let class = claim.class as usize;
        let urgent: usize = self.turns[..class].iter().map(Turns::len).sum();
        if (offer.class as usize) < class {
            return urgent - offer.heads.len();
        }
        if !offer.heads.contains(&(claim.tenant, ticket)) {
            return urgent;
        }
        urgent + self.turns[class].before(claim.tenant, (Reverse(offer.work), ticket, lane))
    }

    /// As `before`, for one that comes now to a line of its own.
    pub(crate) fn before_new(&self, claim: &Claim, config: &Config) -> usize {
        let class = claim.class as usize;
        let urgent: usize = self.turns[..class].iter().map(Turns::len).sum();
        urgent + self.turns[class].before_new(claim.tenant, config.weight(claim.tenant))
    }

    pub(crate) fn check_invariants(&self) {
        self.turns.iter().for_each(Turns::check_invariants);
        let turns: usize = self.turns.iter().map(Turns::len).sum();
        assert!(turns >= self.elders.len(), "each line with room offers somebody: {self:?}");
    }

    pub(crate) fn len(&self) -> usize {
        self.elders.len()
    }
}
