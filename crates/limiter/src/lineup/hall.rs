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
use crate::tenant::Tenant;

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
        for (tenant, ticket, size) in &offer.heads {
            let key = (Reverse(offer.work), *ticket, lane);
            self.turns[offer.class as usize].insert(*tenant, config.weight(*tenant), key, *size);
        }
    }

    pub(crate) fn remove(&mut self, lane: u32, offer: &Offer) {
        self.elders.remove(&(offer.eldest, lane));
        for (tenant, ticket, _) in &offer.heads {
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

    /// How many of other lines go at least before one that comes now, if nobody leaves: `own` of its tenant
    /// go before it in its line, which offers `offer`, if anything.
    pub(crate) fn before_new(
        &self,
        claim: &Claim,
        own: usize,
        offer: Option<&Offer>,
        config: &Config,
    ) -> usize {
        let class = claim.class as usize;
        let of_line = |urgent: bool, tenant: Option<Tenant>| -> usize {
            let heads = offer.filter(|offer| ((offer.class as usize) < class) == urgent).into_iter();
            let heads = heads.filter(|offer| offer.class as usize <= class).flat_map(|offer| &offer.heads);
            heads.filter(|(of, ..)| tenant.is_none_or(|tenant| *of == tenant)).map(|(.., size)| size).sum()
        };
        let urgent: usize = self.turns[..class].iter().map(Turns::size).sum();
        let turns = &self.turns[class];
        // However much work its line has, none is left by the time that it is the last there.
        let others = turns.of(claim.tenant) - of_line(false, Some(claim.tenant));
        let all = turns.before_new(claim.tenant, config.weight(claim.tenant), own + others);
        urgent - of_line(true, None) + all - own
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
