//! Discord's ids: a millisecond in the upper bits, so that newer is larger.
//!
//! It does not read a clock: the caller says when.

/// 2015-01-01, where Discord's ids begin (real: Discord's docs, "Snowflakes").
const EPOCH_MS: i64 = 1_420_070_400_000;

/// Makes ids that only grow.
#[derive(Debug, Default)]
pub(crate) struct Snowflakes {
    last: u64,
}

impl Snowflakes {
    /// The next id for something that happened at `unix_ms`.
    pub(crate) fn next(&mut self, unix_ms: i64) -> u64 {
        self.last = at(unix_ms).max(self.last + 1);
        self.last
    }
}

/// The smallest id of a millisecond.
pub(crate) fn at(unix_ms: i64) -> u64 {
    u64::try_from(unix_ms.saturating_sub(EPOCH_MS)).unwrap_or(0) << 22
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_its_millisecond_and_two_of_one_millisecond_differ() {
        let mut ids = Snowflakes::default();
        // The final grid of the March 2023 capture: 1083788807800897597 at 16:29:47.602.
        let first = ids.next(1_678_465_787_602);
        assert_eq!(first >> 22, 1_083_788_807_800_897_597 >> 22);
        assert_eq!(ids.next(1_678_465_787_602), first + 1);
    }

    #[test]
    fn ids_grow_even_when_the_clock_does_not() {
        let mut ids = Snowflakes::default();
        let late = ids.next(1_678_465_787_602);
        assert!(ids.next(1_600_000_000_000) > late);
    }
}
