//! Numbers by name, without the names. It orders nothing: it is looked up in, never walked through.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};

use foldhash::quality::FixedState;

/// Which number a name has.
///
/// A name is known by two hashes of it, each with a random seed of its own: 128 bits, which nobody who
/// chooses names can aim at. So a look-up needs no second place in memory, and a name is kept once, by
/// whoever has the number.
pub(crate) struct Ids {
    numbers: HashMap<Mark, u32, BuildHasherDefault<Taken>>,
    seeds: [FixedState; 2],
}

impl Default for Ids {
    fn default() -> Self {
        // As the standard library seeds its own maps: what a seed changes nobody sees, for there is no order.
        let seed = || FixedState::with_seed(RandomState::new().hash_one(0));
        Self { numbers: HashMap::default(), seeds: [seed(), seed()] }
    }
}

/// A name as it is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark([u64; 2]);

impl Hash for Mark {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0[0]);
    }
}

/// Takes a number that is a hash already.
#[derive(Default)]
struct Taken(u64);

impl Hasher for Taken {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

impl Ids {
    pub(crate) fn get(&self, name: &str) -> Option<u32> {
        self.get_mark(self.mark(name))
    }

    pub(crate) fn get_mark(&self, mark: Mark) -> Option<u32> {
        self.numbers.get(&mark).copied()
    }

    pub(crate) fn insert(&mut self, name: &str, number: u32) {
        self.set(self.mark(name), number);
    }

    /// As `insert`, without the name.
    pub(crate) fn set(&mut self, mark: Mark, number: u32) {
        self.numbers.insert(mark, number);
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.remove_mark(self.mark(name));
    }

    /// As `remove`, without the name.
    pub(crate) fn remove_mark(&mut self, mark: Mark) {
        self.numbers.remove(&mark);
        // What a flood of names has taken is given back after it.
        if self.numbers.capacity() > 64 && self.numbers.len() < self.numbers.capacity() / 8 {
            self.numbers.shrink_to(self.numbers.len() * 2);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    pub(crate) fn mark(&self, name: &str) -> Mark {
        Mark(self.seeds.each_ref().map(|seed| seed.hash_one(name)))
    }
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ids").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_its_number_until_it_is_removed() {
        let mut ids = Ids::default();
        for number in 0..10_000 {
            ids.insert(&format!("name {number}"), number);
        }
        for number in (0..10_000).filter(|number| number % 100 != 0) {
            ids.remove(&format!("name {number}"));
        }
        let left = (0..10_000).filter(|number| ids.get(&format!("name {number}")) == Some(*number));
        assert_eq!((left.count(), ids.len()), (100, 100));
        assert!(ids.numbers.capacity() < 2_000, "{}", ids.numbers.capacity());
    }
}
