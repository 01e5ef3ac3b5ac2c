//! How large a limit is and how its window moves, as far as answers have shown. It counts nobody.

use std::time::Duration;

use crate::limit::WindowKind;
use crate::limit::window_kind::{ROUNDING, RuledOut};
use crate::saved::ShapeRecord;

/// A longer window is none that paces requests: what does must be a limit that good answers do not show.
/// discord-api-docs#5646 has 50,000 in a day, and a 429 after five in five seconds.
const LOOSE: Duration = Duration::from_mins(5);
/// As `LOOSE`, for a window that one answer only suggests, if the bucket leaks.
const LOOSE_IF_LEAKY: Duration = Duration::from_hours(6);

/// What is known of a limit wherever it applies: the prior for a resource that was not met before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) limit: u32,
    /// The longest reset seen: the window of a fixed or sliding limit, or less.
    pub(crate) longest: Duration,
    /// If the bucket leaks, it takes at least this long for one slot, and less than that.
    pub(super) drip: (Duration, Duration),
    /// Whether an accepted request has shown it: a 429 shows what is left of a window.
    pub(super) is_whole: bool,
    /// The window that was assumed under another limit, which a change of the number need not have changed.
    before: Duration,
    pub(super) ruled_out: RuledOut,
}

impl Shape {
    pub(crate) fn new(limit: u32) -> Self {
        let drip = (Duration::ZERO, Duration::MAX);
        Self {
            limit: limit.max(1),
            longest: Duration::ZERO,
            drip,
            is_whole: false,
            before: Duration::ZERO,
            ruled_out: RuledOut::default(),
        }
    }

    /// What two resources have shown of one limit; if they differ in size, the newer one is right.
    pub(crate) fn with(self, older: &Self) -> Self {
        if self.limit != older.limit {
            return self;
        }
        let drip = (self.drip.0.max(older.drip.0), self.drip.1.min(older.drip.1));
        let is_whole = self.is_whole || older.is_whole;
        let before = self.before.max(older.before);
        let ruled_out = self.ruled_out.and(older.ruled_out);
        Self {
            limit: self.limit,
            longest: self.longest.max(older.longest),
            drip,
            is_whole,
            before,
            ruled_out,
        }
    }

    /// `steady`: all that is used was sent under this limit.
    pub(super) fn learn(&mut self, limit: u32, used: u32, reset: Duration, steady: bool) {
        if limit.max(1) != self.limit {
            self.before = self.window();
            self.limit = limit.max(1);
            self.drip = (Duration::ZERO, Duration::MAX);
            self.ruled_out = RuledOut::default();
        }
        self.longest = self.longest.max(reset);
        let drip = reset / used.max(1);
        if steady || self.before == Duration::ZERO {
            self.drip.0 = self.drip.0.max(drip);
        } else {
            // What still drains at another limit's pace says nothing of this one's, and must be waited for.
            self.before = self.before.max(drip.saturating_mul(self.limit));
        }
        if used > 1 && steady {
            // The last slot used may have leaked in part.
            self.drip.1 = self.drip.1.min(reset.saturating_add(ROUNDING) / (used - 1));
        }
    }

    /// How long a slot is spent of which no answer speaks: a whole window. What is left of a fixed window
    /// after one use looks like one drop of a leaky bucket, which would take `limit` times as long to
    /// empty; that must be assumed until two answers contradict each other.
    pub(super) fn window(&self) -> Duration {
        let (drip, below) = self.drip;
        if drip > below {
            return self.longest;
        }
        self.longest.max(drip.saturating_mul(self.limit)).max(self.before)
    }

    /// The kind of its windows, if answers have ruled the others out.
    pub(super) fn kind(&self) -> WindowKind {
        let (drip, below) = self.drip;
        self.ruled_out.kind(drip > below.saturating_add(2 * ROUNDING))
    }

    /// As it is saved.
    pub(crate) fn to_record(self, name: &str) -> ShapeRecord {
        let us = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let below = Some(self.drip.1).filter(|below| *below < Duration::MAX).map(us);
        ShapeRecord {
            name: name.to_owned(),
            limit: self.limit,
            longest_us: us(self.longest),
            drip_us: (us(self.drip.0), below),
        }
    }

    pub(crate) fn of_record(record: &ShapeRecord) -> Self {
        let drip = (
            Duration::from_micros(record.drip_us.0),
            record.drip_us.1.map_or(Duration::MAX, Duration::from_micros),
        );
        let longest = Duration::from_micros(record.longest_us);
        // The kind shows again within a window or two, and may be another one by now.
        Self { longest, drip, is_whole: true, ..Self::new(record.limit) }
    }

    pub(super) fn is_loose(&self) -> bool {
        self.longest > LOOSE || self.window() > LOOSE_IF_LEAKY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(answers: &[(u32, u64)]) -> Duration {
        let mut shape = Shape::new(5);
        for (used, reset_ms) in answers {
            shape.learn(5, *used, Duration::from_millis(*reset_ms), true);
        }
        shape.window()
    }

    #[test]
    fn the_window_is_assumed_to_leak_until_two_answers_contradict_each_other() {
        assert_eq!(window(&[(1, 1_000)]), Duration::from_secs(5), "one drop per second, or a window of one");
        assert_eq!(window(&[(1, 1_000), (2, 2_000), (3, 2_500)]), Duration::from_secs(5), "it leaks");
        assert_eq!(window(&[(1, 1_000), (2, 950)]), Duration::from_secs(1), "it does not");
    }
}
