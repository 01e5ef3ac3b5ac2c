//! Ids that stand for Discord's: in their order, one for each, and otherwise unlike them. It reads no text.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

/// What is below the time in a snowflake (Discord's docs, "Snowflakes"): 2^22 ids for each millisecond.
const MILLISECOND: u32 = 22;

/// What is kept of the time of an older id: 37 hours have 2^49 ids. The millisecond in which an account was made
/// would name it.
const AGE: u32 = 49;

/// No snowflake has fewer digits than 17 (one of the year 2015 has 17).
const LEAST: u64 = 10_u64.pow(16);

/// 2015-01-01 in Unix milliseconds, the origin of Discord's snowflakes.
const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;

/// The map. What stands for an id is drawn between what stands for its neighbours, so that it is as random as its
/// order allows; nobody can undo it without the map, and no one keeps that.
#[derive(Debug, Default)]
pub(super) struct Snowflakes {
    state: RandomState,
    /// From here on the millisecond of an id is kept: the recording tells the time anyway.
    recent: u64,
    by_id: BTreeMap<u64, Known>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    mapped: u64,
    /// The newest part of the recording in which it stands.
    part: u32,
}

impl Snowflakes {
    /// For a recording that begins at this time.
    pub(super) fn new(state: RandomState, unix_us: i64) -> Self {
        let ms = (unix_us / 1_000).saturating_sub(DISCORD_EPOCH_MS).max(0).unsigned_abs();
        // Rounded down, so that no span of older ids reaches into it.
        let recent = (ms << MILLISECOND) >> AGE << AGE;
        Self { state, recent, by_id: BTreeMap::new() }
    }

    /// What stands for this id in this part of the recording: the same for the same, another for another, and of
    /// two ids the newer stays the newer. `None` where there is no room between two neighbours.
    pub(super) fn map(&mut self, id: u64, part: u32) -> Option<u64> {
        if id < LEAST {
            return Some(id);
        }
        if let Some(known) = self.by_id.get_mut(&id) {
            known.part = part;
            return Some(known.mapped);
        }
        let mapped = self.draw(id)?;
        self.by_id.insert(id, Known { mapped, part });
        Some(mapped)
    }

    /// Forgets ids that stand in no part from this one on: the parts before are gone.
    pub(super) fn forget_before(&mut self, part: u32) {
        self.by_id.retain(|_, known| known.part >= part);
    }

    fn draw(&self, id: u64) -> Option<u64> {
        let bits = if id < self.recent { AGE } else { MILLISECOND };
        let (first, last) = (id >> bits << bits, id >> bits << bits | ((1 << bits) - 1));
        let below = self.by_id.range(first..id).next_back().map(|(id, known)| (*id, known.mapped));
        let above = self.by_id.range(id..=last).next().map(|(id, known)| (*id, known.mapped));
        let random = self.state.hash_one(id);
        if below.is_none() && above.is_none() {
            // Off the edges, so that there is room on both sides.
            let quarter = 1 << (bits - 2);
            return Some(first + quarter + random % (2 * quarter));
        }
        // The neighbours, or what is just outside of the span.
        let below = below.unwrap_or((first.wrapping_sub(1), first.wrapping_sub(1)));
        let above = above.unwrap_or((last.wrapping_add(1), last.wrapping_add(1)));
        between(id, below, above, random, bits)
    }
}

/// A place between two: in proportion, so that no side runs out of room before it must, and somewhat off that.
fn between(id: u64, below: (u64, u64), above: (u64, u64), random: u64, bits: u32) -> Option<u64> {
    let room = above.1.wrapping_sub(below.1).checked_sub(1).filter(|room| *room > 0)?;
    let (part, whole) = (id.wrapping_sub(below.0), above.0.wrapping_sub(below.0).max(1));
    let place = u64::try_from(u128::from(room) * u128::from(part) / u128::from(whole)).ok()?;
    let most_off = (room / 8).min(1 << (bits / 2 - 1));
    let off = random % (2 * most_off + 1);
    // As far from either neighbour as the ids are, so that those between them find room too.
    let half = if room + 1 >= whole { room } else { room.div_ceil(2) };
    let (least, most) = (part.min(half).max(1), room + 1 - (whole - part).min(half).max(1));
    let step = (place + off).saturating_sub(most_off).clamp(least.min(most), most.max(least));
    Some(below.1.wrapping_add(step))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BASE: u64 = 1_400_000_000_000_000_000;
    /// When a snowflake a little above [`BASE`] is made.
    const NOW_US: i64 = 1_753_900_000_000_000;

    fn map() -> Snowflakes {
        Snowflakes::new(RandomState::new(), NOW_US)
    }

    #[test]
    fn small_numbers_are_no_snowflakes() {
        assert_eq!(map().map(1_700_000_000_000_000, 1), Some(1_700_000_000_000_000));
    }

    /// Same for same, other for other, and in order.
    fn check(ids: &[u64]) -> Result<(), TestCaseError> {
        let mut map = map();
        let first: Vec<Option<u64>> = ids.iter().map(|id| map.map(*id, 1)).collect();
        let again: Vec<Option<u64>> = ids.iter().map(|id| map.map(*id, 1)).collect();
        prop_assert_eq!(&first, &again);
        let mut pairs: Vec<(u64, u64)> =
            ids.iter().zip(&first).filter_map(|(id, mapped)| Some((*id, (*mapped)?))).collect();
        prop_assert!(!pairs.is_empty());
        pairs.sort_unstable();
        pairs.dedup();
        for two in pairs.windows(2) {
            prop_assert!(two[0].0 < two[1].0 && two[0].1 < two[1].1, "{two:?}");
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn each_id_has_one_replacement_of_its_own_and_the_order_stays(
            ids in prop::collection::vec((0_u64..3, 0_u64..1 << MILLISECOND), 1..80),
            dense in prop::collection::vec(0_u64..40, 1..40),
            old in prop::collection::vec(LEAST..BASE, 1..80),
        ) {
            let recent = ids.iter().map(|(ms, low)| (BASE >> MILLISECOND << MILLISECOND) + (ms << MILLISECOND) + low);
            let dense = dense.iter().map(|step| BASE + step);
            let edge = map().recent;
            let edges = [edge - 1, edge, edge + 1];
            check(&recent.chain(dense).chain(old).chain(edges).collect::<Vec<_>>())?;
        }
    }

    #[test]
    fn a_long_run_within_a_millisecond_finds_room_in_either_direction() {
        for descending in [false, true] {
            let mut map = map();
            let mut ids: Vec<u64> = (0..4_096).map(|step| BASE + step).collect();
            if descending {
                ids.reverse();
            }
            assert!(ids.iter().all(|id| map.map(*id, 1).is_some()), "{descending}");
            check(&ids).expect("in order");
        }
    }

    #[test]
    fn a_handful_of_near_ids_finds_room_in_any_order() {
        let mut random = fastrand::Rng::with_seed(7);
        for base in [BASE, 938_956_540_159_881_230] {
            for _ in 0..2_000 {
                let mut map = map();
                let mut steps: Vec<u64> = (0..12).collect();
                random.shuffle(&mut steps);
                for step in &steps {
                    assert!(map.map(base + step, 1).is_some(), "{base}: {steps:?}");
                }
            }
        }
    }

    #[test]
    fn the_time_of_a_message_stays_and_that_of_an_account_does_not() {
        let mut map = map();
        let message = (NOW_US / 1_000 - DISCORD_EPOCH_MS).unsigned_abs() << MILLISECOND | 0x4d;
        let mapped = map.map(message, 1).expect("room");
        assert_eq!(mapped >> MILLISECOND, message >> MILLISECOND);
        assert_ne!(mapped, message);
        let account = 700_000_000_000_000_000;
        let mapped = map.map(account, 1).expect("room");
        assert_eq!(mapped >> AGE, account >> AGE);
        assert_ne!(mapped >> (MILLISECOND + 10), account >> (MILLISECOND + 10), "not even the second");
    }

    #[test]
    fn where_there_is_no_room_nothing_stands_for_an_id() {
        let mut map = map();
        map.by_id.insert(BASE, Known { mapped: BASE + 7, part: 1 });
        map.by_id.insert(BASE + 2, Known { mapped: BASE + 8, part: 1 });
        assert_eq!(map.map(BASE + 1, 1), None);
    }

    #[test]
    fn ids_of_parts_that_are_gone_are_forgotten_and_the_others_stay() {
        let mut map = map();
        let (old, kept) = (map.map(BASE, 1), map.map(BASE + 1, 1));
        map.map(BASE + 1, 3);
        map.forget_before(2);
        assert_eq!(map.by_id.len(), 1);
        assert_eq!(map.map(BASE + 1, 4), kept);
        assert!(map.map(BASE, 4) < kept && old < kept);
    }
}
