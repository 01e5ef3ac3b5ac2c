//! A word that can still stop a request before its first byte leaves. It stops nothing that has left.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const HOME: u8 = 0;
const AWAY: u8 = 1;
const RECALLED: u8 = 2;

/// Says whether a request may still leave, and whether it has. Clones speak of the same request.
///
/// A request waits in the limiter, perhaps for minutes, while its caller may change their mind. Dropping
/// the call would do, but then nobody would know whether it had left.
///
/// ```
/// use journeyman_discord::Recall;
///
/// let recall = Recall::default();
/// assert!(recall.recall(), "it has not left, and will not");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Recall(Arc<AtomicU8>);

impl Recall {
    /// Stops the request if it has not left; `false` when it has, and then nothing changes.
    pub fn recall(&self) -> bool {
        let before = self.0.compare_exchange(HOME, RECALLED, Ordering::AcqRel, Ordering::Acquire);
        matches!(before, Ok(_) | Err(RECALLED))
    }

    /// It leaves now; `false` when it must not.
    pub(crate) fn depart(&self) -> bool {
        let before = self.0.compare_exchange(HOME, AWAY, Ordering::AcqRel, Ordering::Acquire);
        matches!(before, Ok(_) | Err(AWAY))
    }

    /// No byte of it has left after all.
    pub(crate) fn stay(&self) {
        // Fails only for one that was recalled, which cannot be while it is away.
        let _ = self.0.compare_exchange(AWAY, HOME, Ordering::AcqRel, Ordering::Acquire);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_left_cannot_be_recalled_and_what_is_recalled_cannot_leave() {
        let recall = Recall::default();
        assert!(recall.depart());
        assert!(!recall.recall());
        recall.stay();
        assert!(recall.recall());
        assert!(recall.recall(), "saying it twice changes nothing");
        assert!(!recall.depart());
    }
}
