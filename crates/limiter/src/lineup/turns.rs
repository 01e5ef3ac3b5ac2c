//! Tenants taking turns: deficit round robin over requests that all cost one. It knows no time and no limits.

use std::collections::{BTreeMap, BTreeSet};

use crate::tenant::Tenant;

/// Others are looked at up to this many when a position is told, so that telling it stays cheap.
const MOST_LOOKED_AT: usize = 64;

/// What waits, by tenant, and whose turn it is.
///
/// In each round a tenant is served as often as it weighs. One that comes joins the round under way;
/// one that leaves keeps what it has had of a round, or coming and going would pay.
#[derive(Clone, Debug)]
pub(crate) struct Turns<K> {
    shares: BTreeMap<Tenant, Share<K>>,
    /// Those for whom something waits: in which round, and where in it.
    order: BTreeSet<(u64, u64, Tenant)>,
    round: u64,
    joined: u64,
    len: usize,
    size: usize,
}

#[derive(Clone, Debug)]
struct Share<K> {
    /// Each with how many it stands for.
    waiting: BTreeMap<K, usize>,
    size: usize,
    round: u64,
    place: u64,
    /// How often more in this round; at least once.
    left: u32,
    weight: u32,
}

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self { shares: BTreeMap::new(), order: BTreeSet::new(), round: 0, joined: 0, len: 0, size: 0 }
    }
}

impl<K> Share<K> {
    /// Whether it has had nothing that a later joining would make undone.
    fn is_fresh(&self, round: u64) -> bool {
        self.round < round || (self.round == round && self.left == self.weight)
    }
}

impl<K: Ord + Copy> Turns<K> {
    /// Adds one that stands for so many: itself, and others of its tenant that surely can follow it.
    pub(crate) fn insert(&mut self, tenant: Tenant, weight: u32, key: K, size: usize) {
        let (round, joined) = (self.round, self.joined + 1);
        let share = self.shares.entry(tenant).or_insert_with(|| Share::new(round, joined, weight));
        if share.waiting.is_empty() {
            if share.round < round {
                *share = Share::new(round, joined, weight);
            }
            self.joined = joined;
            self.order.insert((share.round, share.place, tenant));
        }
        if share.waiting.insert(key, size).is_none() {
            share.size += size;
            self.len += 1;
            self.size += size;
        }
    }

    pub(crate) fn remove(&mut self, tenant: Tenant, key: K) {
        let Some(share) = self.shares.get_mut(&tenant) else { return };
        if let Some(size) = share.waiting.remove(&key) {
            share.size -= size;
            self.len -= 1;
            self.size -= size;
        }
        if !share.waiting.is_empty() {
            return;
        }
        self.order.remove(&(share.round, share.place, tenant));
        if share.is_fresh(self.round) {
            self.shares.remove(&tenant);
        }
        if self.order.is_empty() {
            // Nobody waits, so nobody is owed anything.
            self.shares.clear();
        }
    }

    /// Whose turn it is, and what waits for that tenant first.
    pub(crate) fn first(&self) -> Option<(Tenant, K)> {
        let (_, _, tenant) = *self.order.first()?;
        Some((tenant, *self.shares.get(&tenant)?.waiting.first_key_value()?.0))
    }

    /// For how many tenants something waits.
    pub(crate) fn tenants(&self) -> usize {
        self.order.len()
    }

    /// The first of some tenants, those first whose turn comes first.
    pub(crate) fn heads(&self) -> impl Iterator<Item = (Tenant, K)> {
        self.order.iter().filter_map(|(_, _, tenant)| {
            Some((*tenant, *self.shares.get(tenant)?.waiting.first_key_value()?.0))
        })
    }

    /// How many wait for a tenant.
    pub(crate) fn of(&self, tenant: Tenant) -> usize {
        self.shares.get(&tenant).map_or(0, |share| share.size)
    }

    /// How many wait for a tenant that came before a key.
    pub(crate) fn own_before(&self, tenant: Tenant, key: K) -> usize {
        let Some(share) = self.shares.get(&tenant) else { return 0 };
        if let Some((last, size)) = share.waiting.last_key_value()
            && *last == key
        {
            return share.size - size;
        }
        share.waiting.range(..key).take(MOST_LOOKED_AT).map(|(_, size)| size).sum()
    }

    /// Counts one served of a tenant, in its turn or out of it.
    pub(crate) fn spend(&mut self, tenant: Tenant, weight: u32) {
        if let Some((round, _, first)) = self.order.first().copied()
            && first == tenant
        {
            self.begin(round);
        }
        let (round, joined) = (self.round, self.joined + 1);
        let share = self.shares.entry(tenant).or_insert_with(|| Share::new(round, joined, weight));
        let old = (share.round, share.place, tenant);
        share.left -= 1;
        if share.left == 0 {
            (share.round, share.place) = (share.round + 1, joined);
            share.left = share.weight;
        }
        self.joined = joined;
        if self.order.remove(&old) {
            self.order.insert((share.round, share.place, tenant));
        }
    }

    /// Lets the round begin in which the next is served: not before, or who is about to come again would
    /// lose the rest of its round.
    fn begin(&mut self, round: u64) {
        if round > self.round {
            self.round = round;
            self.shares.retain(|_, share| !share.waiting.is_empty() || !share.is_fresh(round));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// For how many they stand.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// How many go before a key at least, if nobody leaves.
    pub(crate) fn before(&self, tenant: Tenant, key: K) -> usize {
        let Some(share) = self.shares.get(&tenant) else { return 0 };
        let own = self.own_before(tenant, key);
        self.before_turn(tenant, own, share.turn_of(own))
    }

    /// As `before`, for one that comes now, after so many of its own tenant's.
    pub(crate) fn before_new(&self, tenant: Tenant, weight: u32, own: usize) -> usize {
        let turn = match self.shares.get(&tenant) {
            Some(share) if share.round >= self.round => share.turn_of(own),
            _ => Share::<K>::new(self.round, 0, weight).turn_of(own),
        };
        self.before_turn(tenant, own, turn)
    }

    fn before_turn(&self, tenant: Tenant, own: usize, round: u64) -> usize {
        let others = self.shares.iter().filter(|(other, _)| **other != tenant).take(MOST_LOOKED_AT);
        others.fold(own, |before, (_, other)| before + other.served_before(round))
    }

    /// All of them, each with how many of its own tenant's go before it.
    pub(crate) fn each(&self) -> impl Iterator<Item = (usize, K)> {
        self.shares.values().flat_map(|share| share.waiting.keys().copied().enumerate())
    }

    pub(crate) fn check_invariants(&self) {
        let waiting: usize = self.shares.values().map(|share| share.waiting.len()).sum();
        assert_eq!(waiting, self.len, "the number of those who take turns");
        let size: usize = self.shares.values().flat_map(|share| share.waiting.values()).sum();
        assert_eq!(size, self.size, "for how many they stand");
        let order = self.shares.iter().filter(|(_, share)| !share.waiting.is_empty());
        let order: BTreeSet<_> = order.map(|(tenant, share)| (share.round, share.place, *tenant)).collect();
        assert_eq!(order, self.order, "who waits has a turn");
        for (tenant, share) in &self.shares {
            assert!((1..=share.weight).contains(&share.left), "the deficit of {tenant:?}");
        }
    }
}

impl<K: Ord> Share<K> {
    fn new(round: u64, place: u64, weight: u32) -> Self {
        let weight = weight.max(1);
        Self { waiting: BTreeMap::new(), size: 0, round, place, left: weight, weight }
    }

    /// The round in which the next is served after so many others of the same tenant.
    fn turn_of(&self, own: usize) -> u64 {
        let more = (own + 1).saturating_sub(self.left as usize).div_ceil(self.weight as usize);
        self.round.saturating_add(more as u64)
    }

    /// How many of those that wait are served before a round begins.
    fn served_before(&self, round: u64) -> usize {
        let Some(rounds) = round.checked_sub(self.round + 1) else { return 0 };
        let served = u64::from(self.left).saturating_add(rounds.saturating_mul(u64::from(self.weight)));
        self.size.min(usize::try_from(served).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Tenant = Tenant::numbered(1);
    const B: Tenant = Tenant::numbered(2);

    fn weight(tenant: Tenant) -> u32 {
        if tenant == A { 2 } else { 1 }
    }

    fn serve(turns: &mut Turns<u32>) -> Option<(Tenant, u32)> {
        let (tenant, key) = turns.first()?;
        turns.spend(tenant, weight(tenant));
        turns.remove(tenant, key);
        turns.check_invariants();
        Some((tenant, key))
    }

    #[test]
    fn each_is_served_as_often_per_round_as_it_weighs() {
        let mut turns = Turns::default();
        (0..6).for_each(|key| turns.insert(A, weight(A), key, 1));
        (10..16).for_each(|key| turns.insert(B, weight(B), key, 1));
        let served: Vec<u32> = std::iter::from_fn(|| serve(&mut turns)).map(|(_, key)| key).collect();
        assert_eq!(served, [0, 1, 10, 2, 3, 11, 4, 5, 12, 13, 14, 15]);
    }

    #[test]
    fn who_asks_one_at_a_time_gets_as_much_as_it_weighs_and_no_more() {
        let mut turns = Turns::default();
        (0..40).for_each(|key| turns.insert(B, 1, key, 1));
        let mut of_a = 0;
        turns.insert(A, 2, 100, 1);
        for key in 101..131 {
            if serve(&mut turns).is_some_and(|(tenant, _)| tenant == A) {
                of_a += 1;
                turns.insert(A, 2, key, 1);
            }
        }
        assert_eq!(of_a, 20, "two of three");
    }

    #[test]
    fn served_out_of_turn_counts_all_the_same() {
        let mut turns = Turns::default();
        (0..4).for_each(|key| turns.insert(A, 1, key, 1));
        (10..14).for_each(|key| turns.insert(B, 1, key, 1));
        for key in [10, 11] {
            turns.spend(B, 1);
            turns.remove(B, key);
        }
        let served: Vec<u32> = (0..3)
            .filter_map(|_| {
                turns.first().map(|(tenant, key)| {
                    turns.spend(tenant, 1);
                    turns.remove(tenant, key);
                    key
                })
            })
            .collect();
        assert_eq!(served, [0, 1, 12]);
    }

    #[test]
    fn a_position_is_never_more_than_what_comes_true() {
        for seed in 0..200 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut turns = Turns::default();
            for key in 0..60 {
                let tenant = Tenant::numbered(rng.u64(0..4));
                turns.insert(tenant, weight(tenant), key, 1);
                if rng.bool() {
                    serve(&mut turns);
                }
            }
            let last = |share: &Share<u32>| share.waiting.last_key_value().map(|(key, _)| *key);
            let last = turns.shares.iter().find_map(|(tenant, share)| Some((*tenant, last(share)?)));
            let Some((tenant, key)) = last else { continue };
            let told = turns.before(tenant, key);
            let mut before = 0;
            while serve(&mut turns).is_some_and(|(_, other)| other != key) {
                before += 1;
            }
            assert!(told <= before && before <= told + 8, "seed {seed}: told {told}, {before} went before");
        }
    }
}
