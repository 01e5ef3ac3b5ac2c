//! What is due later in the world, in order.
//!
//! It sleeps nowhere: `World::poll` asks what is due.

use std::collections::BTreeMap;
use std::time::Duration;

/// Things due at a time; equal times keep the order in which they were set.
#[derive(Debug)]
pub(crate) struct Timers<T> {
    due: BTreeMap<(Duration, u64), T>,
    set: u64,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self { due: BTreeMap::new(), set: 0 }
    }
}

impl<T> Timers<T> {
    pub(crate) fn set(&mut self, at: Duration, what: T) {
        self.set += 1;
        self.due.insert((at, self.set), what);
    }

    pub(crate) fn next_at(&self) -> Option<Duration> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// The first thing due by `now`, with the time it was due.
    pub(crate) fn pop(&mut self, now: Duration) -> Option<(Duration, T)> {
        let entry = self.due.first_entry()?;
        let at = entry.key().0;
        (at <= now).then(|| (at, entry.remove()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_times_keep_their_order_and_later_ones_wait() {
        let mut timers = Timers::default();
        let second = Duration::from_secs(1);
        timers.set(second * 2, "late");
        timers.set(second, "first");
        timers.set(second, "second");
        assert_eq!(timers.pop(second), Some((second, "first")));
        assert_eq!(timers.pop(second), Some((second, "second")));
        assert_eq!(timers.pop(second), None);
        assert_eq!(timers.next_at(), Some(second * 2));
    }
}
