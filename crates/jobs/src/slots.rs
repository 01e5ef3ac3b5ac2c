//! How many jobs an account runs at once: learnt from what the other side says. It starts nothing.

use serde::{Deserialize, Serialize};

/// After a refusal, this many times the limit of clean ends lets it grow again.
const PATIENCE: u32 = 4;

/// Slots of one account: additive increase, multiplicative decrease, never above the plan's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    limit: u32,
    cap: u32,
    /// Clean ends since the limit last changed.
    clean: u32,
    /// Clean ends that are needed for one more slot.
    needed: u32,
}

impl Slots {
    /// Begins at the plan's number: what the other side holds back it says, and that costs nothing.
    pub const fn new(cap: u32) -> Self {
        let cap = if cap == 0 { 1 } else { cap };
        Self { limit: cap, cap, clean: 0, needed: cap }
    }

    /// How many jobs may run at once now.
    pub const fn limit(&self) -> u32 {
        self.limit
    }

    /// The plan's number.
    pub const fn cap(&self) -> u32 {
        self.cap
    }

    /// The plan's number became known, or changed.
    pub fn on_cap(&mut self, cap: u32) {
        self.cap = cap.max(1);
        self.limit = self.limit.min(self.cap);
    }

    /// A job ended well, and none was held up since.
    pub fn on_clean(&mut self) {
        self.clean += 1;
        if self.clean >= self.needed && self.limit < self.cap {
            self.limit += 1;
            self.clean = 0;
            self.needed = self.limit.saturating_mul(PATIENCE);
        }
    }

    /// A job was put into the other side's own queue while `running` others ran: there are no more slots.
    pub fn on_queued(&mut self, running: u32) {
        self.shrink_to(running.clamp(1, self.limit));
    }

    /// The other side's queue was full.
    pub fn on_full(&mut self) {
        self.shrink_to((self.limit / 2).max(1));
    }

    fn shrink_to(&mut self, limit: u32) {
        self.limit = limit;
        self.clean = 0;
        self.needed = limit.saturating_mul(PATIENCE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_learnt_from_queued_and_queue_full() {
        let mut slots = Slots::new(12);
        slots.on_queued(3);
        assert_eq!(slots.limit(), 3, "three ran, the fourth was queued");
        (0..11).for_each(|_| slots.on_clean());
        assert_eq!(slots.limit(), 3, "a slot more is tried seldom");
        slots.on_clean();
        assert_eq!(slots.limit(), 4);
        slots.on_full();
        assert_eq!(slots.limit(), 2);
        slots.on_full();
        slots.on_full();
        assert_eq!(slots.limit(), 1, "one always may");
    }

    #[test]
    fn slots_never_exceed_the_plan() {
        let mut slots = Slots::new(3);
        (0..1000).for_each(|_| slots.on_clean());
        assert_eq!(slots.limit(), 3);
        slots.on_cap(2);
        assert_eq!(slots.limit(), 2);
    }
}
