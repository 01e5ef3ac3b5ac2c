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
        let weight = config.weight(offer.tenant);
        self.turns[offer.class as usize].insert(offer.tenant, weight, key(lane, offer));
    }

    pub(crate) fn remove(&mut self, lane: u32, offer: &Offer) {
        self.elders.remove(&(offer.eldest, lane));
        self.turns[offer.class as usize].remove(offer.tenant, key(lane, offer));
    }

    /// Counts that one of these goes.
    pub(crate) fn spend(&mut self, ticket: Ticket, claim: &Claim, config: &Config) {
        let is_eldest = self.eldest().is_none_or(|(eldest, _)| eldest == ticket);
        self.passed = if is_eldest { 0 } else { self.passed.saturating_add(1) };
        self.turns[claim.class as usize].spend(claim.tenant, config.weight(claim.tenant));
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

    /// How many other lines send one before a ticket of this line at least, if nobody leaves.
    pub(crate) fn before(&self, lane: u32, ticket: Ticket, class: Priority, offer: &Offer) -> usize {
        let class = class as usize;
        let urgent: usize = self.turns[..class].iter().map(Turns::len).sum();
        let urgent = urgent - usize::from((offer.class as usize) < class);
        let same =
            if offer.first == ticket { self.turns[class].before(offer.tenant, key(lane, offer)) } else { 0 };
        urgent + same
    }

    pub(crate) fn check_invariants(&self) {
        self.turns.iter().for_each(Turns::check_invariants);
        let turns: usize = self.turns.iter().map(Turns::len).sum();
        assert_eq!(turns, self.elders.len(), "each line with room is offered once: {self:?}");
    }

    pub(crate) fn len(&self) -> usize {
        self.elders.len()
    }
}

fn key(lane: u32, offer: &Offer) -> Key {
    (Reverse(offer.work), offer.first, lane)
}
