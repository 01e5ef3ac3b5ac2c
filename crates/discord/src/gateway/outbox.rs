//! What was heard and waits for the consumer: bounded, and never in the way of a heartbeat. It filters nothing.

use std::collections::VecDeque;

use journeyman_moment::Moment;

use super::{Event, Gap, Heard};

/// Things heard, in order. When it is full, events are dropped and counted as a gap, and of the news about the
/// connection the newest is kept.
#[derive(Debug)]
pub(super) struct Outbox {
    waiting: VecDeque<Heard>,
    room: usize,
    overflow: Option<Overflow>,
}

/// What came since it was full.
#[derive(Debug, Default)]
struct Overflow {
    gap: Option<Gap>,
    news: Option<Heard>,
}

impl Outbox {
    pub(super) fn new(room: usize) -> Self {
        Self { waiting: VecDeque::new(), room: room.max(1), overflow: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.overflow.is_none()
    }

    pub(super) fn push(&mut self, heard: Heard) {
        if self.overflow.is_none() && self.waiting.len() < self.room {
            return self.waiting.push_back(heard);
        }
        let overflow = self.overflow.get_or_insert_default();
        match heard {
            Heard::Event(Event { received, .. }) => overflow.lose(received, received, 1),
            Heard::Gap(gap) => overflow.lose(gap.since, gap.until, gap.dropped),
            Heard::Up(_) | Heard::Down(_) | Heard::Ended(_) => overflow.news = Some(heard),
        }
    }

    /// The next thing for the consumer.
    pub(super) fn pop(&mut self) -> Option<Heard> {
        if let Some(heard) = self.waiting.pop_front() {
            return Some(heard);
        }
        let overflow = self.overflow.take()?;
        // The gap is told first, so that a consumer that is told it is up knows that it has to read back.
        self.waiting.extend(overflow.gap.map(Heard::Gap).into_iter().chain(overflow.news));
        self.waiting.pop_front()
    }
}

impl Overflow {
    fn lose(&mut self, since: Moment, until: Moment, count: u64) {
        let gap = self.gap.get_or_insert(Gap { since, until, dropped: 0 });
        gap.until = until;
        gap.dropped = gap.dropped.saturating_add(count);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::gateway::{Down, DownReason};

    fn event(second: u64) -> Heard {
        let received = Moment::from_secs(second);
        Heard::Event(Event { name: "MESSAGE_CREATE".to_owned(), data: Value::Null, received })
    }

    fn down(second: u64) -> Heard {
        let at = Moment::from_secs(second);
        Heard::Down(Down { why: DownReason::MissingAck, at, again_at: None })
    }

    #[test]
    fn a_full_outbox_reports_one_gap_and_the_newest_news() {
        let mut outbox = Outbox::new(2);
        let heard = [event(1), event(2), event(3), down(4), event(5), down(6)];
        for heard in heard {
            outbox.push(heard);
        }
        let gap = Heard::Gap(Gap { since: Moment::from_secs(3), until: Moment::from_secs(5), dropped: 2 });
        let told: Vec<Heard> = std::iter::from_fn(|| outbox.pop()).collect();
        assert_eq!(told, [event(1), event(2), gap, down(6)]);
        assert!(outbox.is_empty());
        outbox.push(event(7));
        assert_eq!(outbox.pop(), Some(event(7)));
    }

    #[test]
    fn memory_is_bounded_however_long_the_consumer_sleeps() {
        let mut outbox = Outbox::new(8);
        for second in 0..10_000 {
            outbox.push(event(second));
            outbox.push(down(second));
        }
        assert!(std::iter::from_fn(|| outbox.pop()).count() <= 10);
    }
}
