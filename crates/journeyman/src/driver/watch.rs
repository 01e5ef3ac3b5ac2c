//! When the channel is read, and what one read covered. Pure: it reads nothing itself.
//!
//! While the gateway tells everything, nothing is read but what it missed before it was up, and
//! once more before a silence is taken for an end.

use std::collections::BTreeSet;
use std::time::Duration;

use journeyman_midjourney::Sighting;
use journeyman_midjourney::generation::Tracked;
use journeyman_model::MessageId;
use journeyman_moment::Moment;

use crate::settings::Poll;

/// The most pages one look reads to reach back to what it must cover.
const MOST_PAGES: usize = 30;

/// A message is some 4 kB, so a page is no larger than it needs to be: twice what the last look
/// needed. A page that does not reach back is followed by a full one.
const LEAST_PAGE: u8 = 10;
const FULL_PAGE: u8 = 100;

/// How urgently the channel must be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    /// Nothing waits.
    Idle,
    /// Only late results are waited for.
    Late,
    /// Jobs are out.
    Live,
    /// A job cannot be sent before the newest message is known.
    Now,
}

/// Which messages a page holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The newest of the channel.
    Newest,
    /// Those before this one.
    Before(MessageId),
    /// Those after this one, oldest first: what was missed.
    After(MessageId),
}

/// A page to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) side: Side,
    /// How many messages.
    pub(crate) limit: u8,
}

/// One page of the channel, newest first or not: order does not matter.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Every message of the page, by whomever, with what it means.
    pub(crate) messages: Vec<(MessageId, Sighting)>,
    /// Whether there is nothing more on that side.
    pub(crate) is_last: bool,
    /// The call that read it, for recordings.
    pub(crate) call: u64,
}

/// One successful look: the pages of one read, joined.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// When it began.
    pub(crate) began: Moment,
    /// The messages that were there, ascending.
    pub(crate) messages: Vec<(MessageId, Sighting)>,
    ids: BTreeSet<MessageId>,
    /// The oldest message that it would have shown; `None` for none.
    covers_from: Option<MessageId>,
}

impl Look {
    /// What this look says of one message.
    pub(crate) fn tracked(&self, message: Option<MessageId>) -> Tracked {
        let Some(message) = message else { return Tracked::Unknown };
        let covers = self.covers_from.is_some_and(|oldest| oldest <= message);
        match (self.ids.contains(&message), covers) {
            (true, _) => Tracked::Present,
            (false, true) => Tracked::Absent,
            (false, false) => Tracked::Unknown,
        }
    }
}

/// How a look goes on after a page.
#[derive(Debug)]
pub(crate) enum Next {
    /// It is complete.
    Done(Look),
    /// One more page.
    More(Wanted),
}

/// A page with room for as many again.
fn enough(needed: usize) -> u8 {
    u8::try_from(needed.saturating_mul(2)).unwrap_or(u8::MAX).clamp(LEAST_PAGE, FULL_PAGE)
}

/// The message before.
fn just_before(message: MessageId) -> MessageId {
    MessageId::new(message.get().saturating_sub(1))
}

/// What is there before a request leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Baseline {
    /// The newest message of the channel; `None` when it is empty.
    pub(crate) newest: Option<MessageId>,
}

/// The one reader of a channel.
#[derive(Debug)]
pub(crate) struct Watch {
    poll: Poll,
    state: State,
    rng: fastrand::Rng,
    /// When the last complete look began.
    looked: Option<Moment>,
    /// The newest message that was read or heard of; `None` of an empty channel.
    newest: Option<MessageId>,
    last_end: Moment,
    gap: Duration,
    page: u8,
    hearing: Option<Hearing>,
    /// After a read that failed, not before this.
    retry_at: Moment,
}

/// Since when the gateway tells what happens.
#[derive(Debug, Clone, Copy)]
struct Hearing {
    since: Moment,
    /// Whether what was missed before has been read.
    is_caught_up: bool,
}

#[derive(Debug)]
enum State {
    Resting,
    Reading(Reading),
}

#[derive(Debug)]
struct Reading {
    began: Moment,
    /// Where the reading begins, if it goes forward from there.
    after: Option<MessageId>,
    /// How far back it must reach.
    low: Option<MessageId>,
    messages: Vec<(MessageId, Sighting)>,
    pages: usize,
}

impl Watch {
    pub(crate) fn new(poll: Poll, seed: u64) -> Self {
        Self {
            poll,
            state: State::Resting,
            rng: fastrand::Rng::with_seed(seed),
            looked: None,
            newest: None,
            last_end: Moment::ORIGIN,
            gap: Duration::ZERO,
            page: LEAST_PAGE,
            hearing: None,
            retry_at: Moment::ORIGIN,
        }
    }

    /// From here on the gateway tells what happens.
    pub(crate) fn begin_hearing(&mut self, now: Moment) {
        self.hearing = Some(Hearing { since: now, is_caught_up: false });
        self.retry_at = Moment::ORIGIN;
    }

    /// The gateway is down.
    pub(crate) fn stop_hearing(&mut self) {
        self.hearing = None;
    }

    /// Whether the gateway tells everything, and nothing from before is missing.
    pub(crate) fn hears_all(&self) -> bool {
        self.hearing.is_some_and(|hearing| hearing.is_caught_up)
    }

    /// A new message was heard of.
    pub(crate) fn heard(&mut self, message: MessageId) {
        self.newest = self.newest.max(Some(message));
    }

    /// The newest message, where it is known well enough.
    pub(crate) fn baseline(&self, now: Moment) -> Option<Baseline> {
        let looked = self.looked?;
        let is_fresh = self.hears_all() || now.since(looked) <= self.poll.max;
        is_fresh.then_some(Baseline { newest: self.newest })
    }

    /// Whether a look has succeeded.
    pub(crate) fn has_looked(&self) -> bool {
        self.looked.is_some()
    }

    /// When the next read is due; `decides_at` is when a silence must be decided.
    pub(crate) fn due(&self, urgency: Urgency, decides_at: Option<Moment>) -> Option<Moment> {
        if matches!(self.state, State::Reading(_)) || urgency == Urgency::Idle {
            return None;
        }
        match self.hearing {
            Some(Hearing { is_caught_up: false, .. }) => Some(self.retry_at),
            Some(Hearing { is_caught_up: true, .. }) => decides_at.map(|at| at.max(self.retry_at)),
            None => self.due_by_polling(urgency),
        }
    }

    fn due_by_polling(&self, urgency: Urgency) -> Option<Moment> {
        match urgency {
            Urgency::Idle => None,
            Urgency::Late => Some(self.last_end + self.poll.late),
            Urgency::Live => Some(self.last_end + self.gap),
            Urgency::Now => Some(Moment::ORIGIN),
        }
    }

    /// Begins a look that must reach back to `tracked` and to the newest message known; says what
    /// to ask for.
    pub(crate) fn begin(&mut self, now: Moment, tracked: Option<MessageId>) -> Wanted {
        // Where nothing was read before, one page is enough: nothing older is awaited.
        // Of a channel that was empty, everything is new.
        let known = self.looked.map(|_| self.newest.unwrap_or(MessageId::new(0)));
        let low = match (known, tracked) {
            (Some(known), Some(tracked)) => Some(known.min(tracked)),
            (known, tracked) => known.or(tracked),
        };
        // What the gateway missed lies between two known ends, so it is read forward.
        let after = self.hearing.and(known).and(low).map(just_before);
        self.state = State::Reading(Reading { began: now, after, low, messages: Vec::new(), pages: 0 });
        match after {
            Some(after) => Wanted { side: Side::After(after), limit: FULL_PAGE },
            None => Wanted { side: Side::Newest, limit: self.page },
        }
    }

    /// Takes a page, and says how the look goes on.
    pub(crate) fn page(&mut self, now: Moment, page: Page) -> Option<Next> {
        let State::Reading(reading) = &mut self.state else { return None };
        let is_last = page.is_last;
        if let Some(wanted) = reading.take(page) {
            return Some(Next::More(wanted));
        }
        let State::Reading(reading) = std::mem::replace(&mut self.state, State::Resting) else { return None };
        self.page = match reading.low {
            Some(low) => enough(reading.messages.iter().filter(|(id, _)| *id >= low).count()),
            None => LEAST_PAGE,
        };
        let look = reading.into_look(is_last);
        self.looked = Some(look.began);
        self.newest = self.newest.max(look.ids.last().copied());
        if let Some(hearing) = &mut self.hearing {
            // A look that began before the gateway was up may have missed what came between.
            hearing.is_caught_up |= look.began >= hearing.since;
        }
        self.retry_at = Moment::ORIGIN;
        self.rest(now);
        Some(Next::Done(look))
    }

    /// The read failed; the next one is due after the usual gap.
    pub(crate) fn failed(&mut self, now: Moment) {
        self.state = State::Resting;
        self.rest(now);
        self.retry_at = now + self.gap;
    }

    fn rest(&mut self, now: Moment) {
        self.last_end = now;
        let spread = self.poll.max.saturating_sub(self.poll.min);
        self.gap = self.poll.min + spread.mul_f64(self.rng.f64());
    }
}

impl Reading {
    /// Adds a page; what to ask for next, if the look is not complete.
    fn take(&mut self, page: Page) -> Option<Wanted> {
        self.pages += 1;
        let oldest = page.messages.iter().map(|(id, _)| *id).min();
        let newest = page.messages.iter().map(|(id, _)| *id).max();
        self.messages.extend(page.messages);
        let next = match (self.after, self.low, oldest, newest) {
            _ if page.is_last => None,
            (Some(_), _, _, Some(newest)) => Some(Side::After(newest)),
            (None, Some(low), Some(oldest), _) if oldest > low => Some(Side::Before(oldest)),
            _ => None,
        };
        if next.is_some() && self.pages >= MOST_PAGES {
            tracing::warn!(pages = self.pages, "the channel is too busy to be read as far as needed");
            return None;
        }
        next.map(|side| Wanted { side, limit: FULL_PAGE })
    }

    fn into_look(self, is_last: bool) -> Look {
        let mut messages = self.messages;
        messages.sort_by_key(|(id, _)| *id);
        messages.dedup_by_key(|(id, _)| *id);
        let ids: BTreeSet<MessageId> = messages.iter().map(|(id, _)| *id).collect();
        let covers_from = match self.after {
            Some(after) => Some(after),
            None if is_last => Some(MessageId::new(0)),
            None => ids.first().copied(),
        };
        Look { began: self.began, messages, ids, covers_from }
    }
}
