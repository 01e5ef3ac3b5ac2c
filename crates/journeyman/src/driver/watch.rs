//! When the channel is read, and what one read covered. Pure: it reads nothing itself.

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

/// One page of the channel, newest first or not: order does not matter.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Every message of the page, by whomever, with what it means.
    pub(crate) messages: Vec<(MessageId, Sighting)>,
    /// Whether there is nothing older.
    pub(crate) is_last: bool,
}

/// One successful look: the pages of one read, joined.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// When it began.
    pub(crate) began: Moment,
    /// The messages that were there, ascending.
    pub(crate) messages: Vec<(MessageId, Sighting)>,
    ids: BTreeSet<MessageId>,
    /// Whether everything back to the channel's beginning was read.
    is_whole: bool,
}

impl Look {
    /// What this look says of one message.
    pub(crate) fn tracked(&self, message: Option<MessageId>) -> Tracked {
        let Some(message) = message else { return Tracked::Unknown };
        let covers = self.is_whole || self.ids.first().is_some_and(|oldest| *oldest <= message);
        match (self.ids.contains(&message), covers) {
            (true, _) => Tracked::Present,
            (false, true) => Tracked::Absent,
            (false, false) => Tracked::Unknown,
        }
    }

    /// The newest message of the channel.
    pub(crate) fn newest(&self) -> Option<MessageId> {
        self.ids.last().copied()
    }
}

/// How a look goes on after a page.
#[derive(Debug)]
pub(crate) enum Next {
    /// It is complete.
    Done(Look),
    /// It must reach further back.
    Before {
        /// The oldest message so far.
        message: MessageId,
        /// How many messages to ask for.
        limit: u8,
    },
}

/// A page with room for as many again.
fn enough(needed: usize) -> u8 {
    u8::try_from(needed.saturating_mul(2)).unwrap_or(u8::MAX).clamp(LEAST_PAGE, FULL_PAGE)
}

/// What the last look says to a request that is about to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Baseline {
    /// The newest message of the channel; `None` when it was empty.
    pub(crate) newest: Option<MessageId>,
    began: Moment,
}

/// The one reader of a channel.
#[derive(Debug)]
pub(crate) struct Watch {
    poll: Poll,
    state: State,
    rng: fastrand::Rng,
    /// The newest message of the last complete look, and when that look began.
    last: Option<Baseline>,
    last_end: Moment,
    gap: Duration,
    page: u8,
}

#[derive(Debug)]
enum State {
    Resting,
    Reading { began: Moment, low: Option<MessageId>, messages: Vec<(MessageId, Sighting)>, pages: usize },
}

impl Watch {
    pub(crate) fn new(poll: Poll, seed: u64) -> Self {
        Self {
            poll,
            state: State::Resting,
            rng: fastrand::Rng::with_seed(seed),
            last: None,
            last_end: Moment::ORIGIN,
            gap: Duration::ZERO,
            page: LEAST_PAGE,
        }
    }

    /// The newest message, where a look is recent enough to serve as a baseline.
    pub(crate) fn baseline(&self, now: Moment) -> Option<Baseline> {
        self.last.filter(|last| now.since(last.began) <= self.poll.max)
    }

    /// Whether a look has succeeded.
    pub(crate) fn has_looked(&self) -> bool {
        self.last.is_some()
    }

    /// When the next read is due.
    pub(crate) fn due(&self, urgency: Urgency) -> Option<Moment> {
        if matches!(self.state, State::Reading { .. }) {
            return None;
        }
        match urgency {
            Urgency::Idle => None,
            Urgency::Late => Some(self.last_end + self.poll.late),
            Urgency::Live => Some(self.last_end + self.gap),
            Urgency::Now => Some(Moment::ORIGIN),
        }
    }

    /// Begins a look that must reach back to `tracked` and to the newest message known; says how
    /// many messages to ask for.
    pub(crate) fn begin(&mut self, now: Moment, tracked: Option<MessageId>) -> u8 {
        // Where nothing was read before, one page is enough: nothing older is awaited.
        // Of a channel that was empty, everything is new.
        let known = self.last.map(|last| last.newest.unwrap_or(MessageId::new(0)));
        let low = match (known, tracked) {
            (Some(known), Some(tracked)) => Some(known.min(tracked)),
            (known, tracked) => known.or(tracked),
        };
        self.state = State::Reading { began: now, low, messages: Vec::new(), pages: 0 };
        self.page
    }

    /// Takes a page, and says how the look goes on.
    pub(crate) fn page(&mut self, now: Moment, page: Page) -> Option<Next> {
        let State::Reading { began, low, messages, pages } = &mut self.state else { return None };
        *pages += 1;
        let oldest = page.messages.iter().map(|(id, _)| *id).min();
        messages.extend(page.messages);
        let reaches = match (&low, oldest) {
            _ if page.is_last => true,
            (Some(low), Some(oldest)) => oldest <= *low,
            (None, _) | (_, None) => true,
        };
        if !reaches
            && *pages < MOST_PAGES
            && let Some(oldest) = oldest
        {
            return Some(Next::Before { message: oldest, limit: FULL_PAGE });
        }
        if !reaches {
            tracing::warn!(pages, "the channel is too busy to be read back as far as needed");
        }
        let began = *began;
        self.page = match low {
            Some(low) => enough(messages.iter().filter(|(id, _)| id >= low).count()),
            None => LEAST_PAGE,
        };
        let mut messages = std::mem::take(messages);
        messages.sort_by_key(|(id, _)| *id);
        messages.dedup_by_key(|(id, _)| *id);
        let ids: BTreeSet<MessageId> = messages.iter().map(|(id, _)| *id).collect();
        let look = Look { began, messages, ids, is_whole: page.is_last };
        let before = self.last.and_then(|last| last.newest);
        self.last = Some(Baseline { newest: look.newest().or(before), began });
        self.rest(now);
        Some(Next::Done(look))
    }

    /// The read failed; the next one is due after the usual gap.
    pub(crate) fn failed(&mut self, now: Moment) {
        self.rest(now);
    }

    fn rest(&mut self, now: Moment) {
        self.state = State::Resting;
        self.last_end = now;
        let spread = self.poll.max.saturating_sub(self.poll.min);
        self.gap = self.poll.min + spread.mul_f64(self.rng.f64());
    }
}
