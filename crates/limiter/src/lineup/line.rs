//! Those who wait for one route: by class, then tenants in turn, then in the order in which they came. It knows no limits.

use std::collections::BTreeMap;

use journeyman_moment::Moment;

use crate::config::Config;
use crate::lineup::Ticket;
use crate::lineup::turns::Turns;
use crate::priority::Priority;
use crate::reason::{Reason, Waits};
use crate::tenant::Tenant;

/// Of so many grants one goes to the eldest, if it has waited long.
pub(crate) const ELDERS_SHARE: u32 = 8;

/// What makes one who waits go before others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) class: Priority,
    pub(crate) tenant: Tenant,
    /// Since when it waits.
    pub(crate) since: Moment,
}

/// A line offers the first of so many tenants, so that offering stays cheap.
const MOST_HEADS: usize = 8;

/// What a line offers to those who choose between lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) class: Priority,
    /// The first of each tenant, in the order of the line's own turns, and how many of its tenant's surely
    /// go before who comes later: itself and those for whom there is room.
    pub(crate) heads: Vec<(Tenant, Ticket, usize)>,
    /// How long its bucket takes for all who wait, in microseconds.
    pub(crate) work: u64,
    pub(crate) eldest: Ticket,
}

#[derive(Debug, Default)]
pub(crate) struct Line {
    /// The eldest first.
    claims: BTreeMap<Ticket, Claim>,
    /// By class.
    turns: [Turns<Ticket>; Priority::ALL.len()],
    /// How often in a row somebody went before the eldest.
    passed: u32,
    /// Of the route for which they wait.
    pub(crate) template: u32,
    pub(crate) state: State,
    pub(crate) wake: Option<Moment>,
    pub(crate) waits: Waits,
}

/// Why nobody of a line has gone yet.
#[derive(Clone, Debug, Default)]
pub(crate) enum State {
    #[default]
    Empty,
    /// The route's own limits.
    Blocked { reason: Reason, since: Moment },
    /// What all routes of the credential have in common.
    Ready { offer: Offer, exempt: bool, before: Waits },
}

impl Line {
    pub(crate) fn push(&mut self, ticket: Ticket, claim: Claim, config: &Config) {
        self.claims.insert(ticket, claim);
        self.turns[claim.class as usize].insert(claim.tenant, config.weight(claim.tenant), ticket, 1);
    }

    pub(crate) fn remove(&mut self, ticket: Ticket) -> Option<Claim> {
        let claim = self.claims.remove(&ticket)?;
        self.turns[claim.class as usize].remove(claim.tenant, ticket);
        Some(claim)
    }

    /// Counts that one goes: for its tenant, and for the eldest if that is another.
    pub(crate) fn spend(&mut self, ticket: Ticket, config: &Config) -> Option<Claim> {
        let claim = *self.claims.get(&ticket)?;
        self.turns[claim.class as usize].spend(claim.tenant, config.weight(claim.tenant));
        let is_eldest = self.eldest().is_some_and(|(eldest, _)| eldest == ticket);
        self.passed = if is_eldest { 0 } else { self.passed.saturating_add(1) };
        Some(claim)
    }

    pub(crate) fn len(&self) -> usize {
        self.claims.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.claims.is_empty()
    }

    pub(crate) fn claim(&self, ticket: Ticket) -> Option<&Claim> {
        self.claims.get(&ticket)
    }

    pub(crate) fn eldest(&self) -> Option<(Ticket, &Claim)> {
        self.claims.first_key_value().map(|(ticket, claim)| (*ticket, claim))
    }

    pub(crate) fn offer(&self, work: u64, room: usize) -> Option<Offer> {
        let (eldest, _) = self.eldest()?;
        Priority::ALL.into_iter().find_map(|class| {
            let turns = &self.turns[class as usize];
            turns.first()?;
            let tenants = turns.tenants().min(MOST_HEADS);
            let share = |place| room / tenants + usize::from(place < room % tenants);
            let head = |(place, (tenant, ticket))| (tenant, ticket, turns.of(tenant).min(share(place)));
            let heads = turns.heads().take(MOST_HEADS).enumerate().map(head).collect();
            Some(Offer { class, heads, work, eldest })
        })
    }

    /// The eldest, if it is time for it whoever else's turn it is.
    pub(crate) fn overdue(&self, now: Moment, config: &Config) -> Option<Ticket> {
        let (eldest, claim) = self.eldest()?;
        is_elders_turn(self.passed, claim, now, config).then_some(eldest)
    }

    /// Whose turn it is in this line.
    pub(crate) fn first(&self) -> Option<Ticket> {
        self.turns.iter().find_map(|turns| turns.first().map(|(_, ticket)| ticket))
    }

    /// Whether anybody of a class waits.
    pub(crate) fn has(&self, class: Priority) -> bool {
        self.turns[class as usize].len() > 0
    }

    /// How many go before a ticket at least, if nobody leaves: with those whose turn is due, or without.
    pub(crate) fn before(&self, ticket: Ticket, with_turns: bool) -> usize {
        let Some(claim) = self.claims.get(&ticket) else { return 0 };
        let class = claim.class as usize;
        let urgent: usize = self.turns[..class].iter().map(Turns::len).sum();
        let turns = &self.turns[class];
        let same = if with_turns { Turns::before } else { Turns::own_before };
        urgent + same(turns, claim.tenant, ticket)
    }

    /// As `before`, for one that comes now.
    pub(crate) fn before_new(&self, claim: &Claim, with_turns: bool, config: &Config) -> usize {
        let class = claim.class as usize;
        let urgent: usize = self.turns[..class].iter().map(Turns::len).sum();
        let turns = &self.turns[class];
        let (weight, own) = (config.weight(claim.tenant), turns.of(claim.tenant));
        urgent + if with_turns { turns.before_new(claim.tenant, weight, own) } else { own }
    }

    /// How many of the same class and tenant wait.
    pub(crate) fn own(&self, claim: &Claim) -> usize {
        self.turns[claim.class as usize].of(claim.tenant)
    }

    /// All who wait, each with how many go before it at least, if nobody leaves; those of one tenant in order.
    pub(crate) fn each(&self) -> Vec<(usize, Ticket)> {
        let mut urgent = 0;
        let mut all = Vec::with_capacity(self.len());
        for turns in &self.turns {
            all.extend(turns.each().map(|(before, ticket)| (urgent + before, ticket)));
            urgent += turns.len();
        }
        all
    }

    pub(crate) fn check_invariants(&self) {
        self.turns.iter().for_each(Turns::check_invariants);
        let turns: usize = self.turns.iter().map(Turns::len).sum();
        assert_eq!(turns, self.len(), "each who waits is in one class: {self:?}");
        assert_eq!(
            self.is_empty(),
            matches!(self.state, State::Empty),
            "a line nobody looks after: {self:?}"
        );
    }
}

/// Whether it is time for the eldest, who was passed over so often in a row.
pub(crate) fn is_elders_turn(passed: u32, eldest: &Claim, now: Moment, config: &Config) -> bool {
    passed + 1 >= ELDERS_SHARE && eldest.since + config.ageing <= now
}
