//! The least time in which limits can accept what they have accepted, whoever asks. It runs nothing.
//!
//! Two bounds, of which the greater holds. Each limit alone: so many cannot be accepted sooner. And the cut:
//! up to any moment the limit over all lets only so many through, and what a bucket cannot accept after
//! that moment must be among them.

use std::collections::BTreeMap;

use super::limit::Model;

/// The least time from the first acceptance to the last, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bound {
    /// By each limit alone, and the whole windows of the one that binds in it.
    pub(crate) alone: u64,
    pub(crate) windows: u64,
    /// By every cut too.
    pub(crate) least: u64,
}

/// A rule's place, and the key under which it counts.
type Key = (usize, u64);

/// Buckets under a limit over them: how many of them are alike, in capacity and in what they accepted.
type Alike = BTreeMap<(Capacity, u64), u64>;

/// What was accepted: how many under the same limits, and when the first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    begun: Option<u64>,
    accepted: BTreeMap<Vec<Key>, u64>,
}

impl Tally {
    pub(crate) fn accept(&mut self, at: u64, keys: &[Key]) {
        self.begun.get_or_insert(at);
        *self.accepted.entry(keys.to_vec()).or_default() += 1;
    }

    /// The bound, by what each limit can accept in the server's own time.
    pub(crate) fn bound(&self, capacity: impl Fn(Key) -> Capacity) -> Bound {
        let capacity = |key| capacity(key).from(self.begun.unwrap_or(0));
        let mut bound = Bound::default();
        for (key, count) in self.totals() {
            let least = capacity(key).earliest(count);
            if least >= bound.alone {
                (bound.alone, bound.windows) = (least, least / capacity(key).window);
            }
        }
        let cuts = self.nests().into_iter().map(|((over, _), buckets)| {
            let mut alike = Alike::new();
            for (key, count) in buckets {
                *alike.entry((capacity(key), count)).or_default() += 1;
            }
            cut(bound.alone, capacity(over), &alike)
        });
        bound.least = cuts.max().unwrap_or(bound.alone);
        bound
    }

    fn totals(&self) -> BTreeMap<Key, u64> {
        let mut totals = BTreeMap::new();
        for (key, count) in
            self.accepted.iter().flat_map(|(keys, count)| keys.iter().map(move |key| (key, count)))
        {
            *totals.entry(*key).or_default() += count;
        }
        totals
    }

    /// Each limit that is over several of another rule, with what those have accepted under it.
    fn nests(&self) -> BTreeMap<(Key, usize), BTreeMap<Key, u64>> {
        let mut under = BTreeMap::<_, BTreeMap<Key, u64>>::new();
        for (keys, count) in &self.accepted {
            for (over, key) in keys.iter().flat_map(|over| keys.iter().map(move |key| (over, key))) {
                if over.0 != key.0 {
                    *under.entry((*over, key.0)).or_default().entry(*key).or_default() += count;
                }
            }
        }
        under.retain(|_, buckets| buckets.len() > 1);
        under
    }
}

/// How many a limit can accept at most. All times are in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Capacity {
    pub(crate) model: Model,
    pub(crate) most: u64,
    pub(crate) window: u64,
    /// From when on the size is another one.
    pub(crate) change: Option<(u64, u64)>,
}

impl Capacity {
    /// As seen from a moment on.
    fn from(self, begun: u64) -> Self {
        let change = self.change.map(|(from, most)| (from.saturating_sub(begun), most));
        let model =
            if let Model::Aligned(ahead) = self.model { Model::Aligned(ahead + begun) } else { self.model };
        Self { model, change, ..self }
    }

    /// From the beginning up to a moment, both included, if nothing was counted before.
    fn by(self, to: u64) -> u64 {
        match self.change {
            Some((0, most)) => Self { most, change: None, ..self }.by(to),
            Some((from, most)) if from <= to => {
                Self { change: None, ..self }.by(from - 1)
                    + Self { most, change: None, ..self }.between(from, to)
            }
            _ if self.model == Model::FirstArrival => self.most * (to / self.window + 1),
            _ => self.between(0, to),
        }
    }

    /// Between two moments, both included, whatever was before.
    fn between(self, from: u64, to: u64) -> u64 {
        let Self { most, window, .. } = self;
        if let Some((change, later)) = self.change.filter(|(change, _)| *change <= to) {
            let after = Self { most: later, change: None, ..self };
            let before = Self { change: None, ..self };
            let old = if from < change { before.between(from, change - 1) } else { 0 };
            return old + after.between(change.max(from), to);
        }
        let length = to - from;
        match self.model {
            Model::Log => most * (length / window + 1),
            Model::Leaky => most + length * most / window,
            // A window may have been opened just before.
            Model::FirstArrival => most * (length / window + 2),
            Model::Aligned(ahead) => most * ((to + ahead) / window - (from + ahead) / window + 1),
        }
    }

    /// When so many can have been accepted.
    fn earliest(self, count: u64) -> u64 {
        let end = (count + 1) * self.window + self.change.map_or(0, |(from, _)| from);
        first(0, end, |to| self.by(to) >= count)
    }
}

/// The cut bound, for groups of buckets that are alike: each with what it must accept under the limit over
/// all, and how many such buckets there are. Never less than `least`.
fn cut(least: u64, over: Capacity, buckets: &Alike) -> u64 {
    let longest = buckets.keys().map(|(bucket, count)| bucket.earliest(*count) + 2 * bucket.window).max();
    let all: u64 = buckets.iter().map(|((_, count), buckets)| count * buckets).sum();
    let end = least.max(over.earliest(all) + longest.unwrap_or(0));
    first(least, end, |to| can_end(to, over, buckets))
}

/// Whether everything can be accepted by a moment, as far as any cut before it says.
fn can_end(to: u64, over: Capacity, buckets: &Alike) -> bool {
    let mut cut = 0;
    loop {
        let through = over.by(cut);
        // The last moment at which no more than that is through: there the buckets have the least time left.
        let last = first(cut, to, |later| over.by(later) > through).saturating_sub(1).max(cut);
        let rest = |bucket: Capacity| bucket.between(last + 1, to.max(last + 1)).min(bucket.by(to));
        let must = |((bucket, count), buckets): (&(Capacity, u64), &u64)| {
            count.saturating_sub(if last < to { rest(*bucket) } else { 0 }) * buckets
        };
        if buckets.iter().map(must).sum::<u64>() > through {
            return false;
        }
        if last >= to {
            return true;
        }
        cut = last + 1;
    }
}

/// The first of a range for which it holds, if it holds for all after it; else the range's end.
fn first(mut from: u64, mut end: u64, holds: impl Fn(u64) -> bool) -> u64 {
    while from < end {
        let middle = from + (end - from) / 2;
        if holds(middle) { end = middle } else { from = middle + 1 }
    }
    from
}
