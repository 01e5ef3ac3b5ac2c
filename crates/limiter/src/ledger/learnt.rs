//! A limit that no good answer shows: learnt from its 429, doubted, and forgotten. It knows no routes.

use std::time::Duration;

use journeyman_moment::Moment;

use crate::explain::{self, LearntLimit};
use crate::limit::{Blocked, Room, Slots, usual_window, usual_windows};
use crate::reason::Reason;
use crate::saved::LearntRecord;

/// A longer wait blocks, and no window is learnt from it: nothing sent before it is remembered so long.
pub(crate) const LONGEST: Duration = Duration::from_hours(24);
const SHORTEST: Duration = Duration::from_millis(1);
/// After how many windows that were used up without a 429 one more is tried: of a limit met here, and of one
/// that only another resource has met.
const PATIENCE: (u32, u32) = (8, 4);
const MOST_PATIENCE: u32 = 512;
/// How long a limit that was met is remembered after its last use.
pub(crate) const UNUSED: Duration = Duration::from_hours(24);

/// How many in which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) limit: u32,
    pub(crate) window: Duration,
}

impl Measure {
    pub(crate) fn new(limit: u32, window_us: u64) -> Self {
        Self { limit: limit.max(1), window: Duration::from_micros(window_us).clamp(SHORTEST, LONGEST) }
    }

    pub(crate) fn window_us(self) -> u64 {
        u64::try_from(self.window.as_micros()).unwrap_or(u64::MAX)
    }

    /// What a 429 suggests: the shortest usual window that its wait can be the rest of, and how many were
    /// accepted in that window before it.
    ///
    /// `since` counts those answered at or after a moment.
    pub(crate) fn of_hit(now: Moment, wait: Duration, since: impl Fn(Moment) -> u32) -> Self {
        let end = now + wait;
        let counted = usual_windows(wait).map(|window| {
            // The first of the window was answered a little after it began.
            let early = window.saturating_add((window / 8).min(Duration::from_secs(1)));
            Self { limit: since(before(end, early)), window }
        });
        let found = counted.into_iter().find(|measure| measure.limit > 0);
        // None was: nobody knows how many there may be.
        found.unwrap_or(Self { limit: 0, window: usual_window(wait) })
    }

    /// Whether it allows fewer per time.
    fn is_stricter_than(self, other: Self) -> bool {
        u128::from(self.limit) * other.window.as_micros() < u128::from(other.limit) * self.window.as_micros()
    }

    /// One step towards fewer per time.
    fn tightened(self) -> Self {
        if self.limit > 1 {
            return Self { limit: (self.limit - self.limit.div_ceil(4)).max(1), ..self };
        }
        Self { window: self.window.mul_f64(1.25).min(LONGEST), ..self }
    }
}

/// Where a learnt limit comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// A 429 to a request of this resource.
    Hit,
    /// Another resource's 429.
    Sibling,
    /// A 429 in an earlier process.
    Stored,
}

/// A learnt limit of one resource.
///
/// Its slots come back one window after the answer, which is right for every
/// kind of window. Until as many as it allows have gone through without a 429,
/// they go one at a time, so that a wrong estimate costs one 429.
#[derive(Debug)]
pub(crate) struct Learnt {
    pub(crate) key: Box<str>,
    pub(crate) kind: u32,
    /// Which of the kind's lessons this is of.
    pub(crate) lesson: u8,
    pub(crate) lanes: Vec<u32>,
    pub(crate) evidence: Evidence,
    /// How long it is known, counted from a moment, and how many 429s have confirmed it.
    pub(crate) since: Moment,
    pub(crate) before: Duration,
    pub(crate) hits: u32,
    /// Remembered although nobody uses it.
    pub(crate) pinned: bool,
    measure: Measure,
    /// What it was when last confirmed by a 429.
    confirmed: u32,
    /// Whether the count is of this resource's own requests.
    own_count: bool,
    /// Whether the 429 came before anything was accepted, so that the count is one until shown to be more.
    guessed: bool,
    slots: Slots,
    blocked: Blocked,
    used_at: Moment,
    /// Requests that left before this moment did not know of it.
    known_at: Moment,
    /// Since the last wait ended: how many were accepted, and when the first of them was answered.
    passed: u32,
    first: Option<Moment>,
    proven: bool,
    clean: u32,
    full_at: Moment,
    patience: u32,
    probing: bool,
}

impl Learnt {
    pub(crate) fn new(now: Moment, (key, kind, lesson): (Box<str>, u32, u8), measure: Measure) -> Self {
        Self {
            key,
            kind,
            lesson,
            lanes: Vec::new(),
            evidence: Evidence::Sibling,
            since: now,
            before: Duration::ZERO,
            hits: 0,
            pinned: false,
            measure: Measure { limit: measure.limit.max(1), ..measure },
            confirmed: measure.limit.max(1),
            own_count: false,
            guessed: measure.limit == 0,
            slots: Slots::default(),
            blocked: Blocked::default(),
            used_at: now,
            known_at: now,
            passed: 0,
            first: None,
            proven: false,
            clean: 0,
            full_at: now,
            patience: PATIENCE.1,
            probing: false,
        }
    }

    /// What it teaches other resources: no count, as long as it is a guess.
    pub(crate) fn lesson_measure(&self) -> Measure {
        if self.guessed { Measure { limit: 0, ..self.measure } } else { self.measure }
    }

    /// Requests accepted before the limit was known still count.
    pub(crate) fn seed(&mut self, now: Moment, answered: Moment, count: u32) {
        let until = answered + self.measure.window;
        // More of them than any limit of this kind holds would change nothing.
        for _ in 0..count.min(10_000) {
            self.slots.hold(now, until);
        }
    }

    /// A resource that was as busy as the one that met the limit may share it, and one that was busier
    /// shows that it has more: in both cases its own count is the better estimate.
    pub(crate) fn trust_own_count(&mut self, now: Moment) {
        let own = self.slots.used(now);
        if own > self.measure.limit / 2 {
            self.set_limit(own);
            self.own_count = true;
        }
    }

    fn set_limit(&mut self, limit: u32) {
        self.measure.limit = limit.max(1);
        self.confirmed = self.measure.limit;
    }

    pub(crate) fn room(&self, now: Moment) -> (Room, Reason) {
        let reason = Reason::SubLimit;
        if let Some((until, reason)) = self.blocked.state(now) {
            return (Room::Until(until), reason);
        }
        if !self.proven && self.slots.in_flight() > 0 {
            return (Room::Settling, reason);
        }
        (self.slots.room(now, self.measure.limit, (0, now)), reason)
    }

    /// A moment before which a request with so many others before it cannot go.
    pub(crate) fn earliest(&self, now: Moment, ahead: u32) -> Moment {
        self.slots.earliest(now, self.measure.limit, ahead, self.measure.window)
    }

    pub(crate) fn take(&mut self) {
        self.slots.take();
    }

    /// The request was not counted: it never left, or was refused.
    pub(crate) fn refund(&mut self) {
        self.slots.refund();
    }

    /// Nobody knows whether it was counted.
    pub(crate) fn lost(&mut self, now: Moment, margin: Duration) {
        self.used_at = now;
        self.slots.settle(now, now + self.measure.window + margin);
    }

    /// A request that held a slot was accepted.
    pub(crate) fn accepted(&mut self, now: Moment) {
        self.slots.settle(now, now + self.measure.window);
        self.used_at = now;
        self.passed = self.passed.saturating_add(1);
        self.first.get_or_insert(now);
        self.proven |= self.passed >= self.measure.limit;
        self.doubt(now);
    }

    /// A request was accepted that left before the limit was known.
    pub(crate) fn adopt(&mut self, now: Moment) {
        self.slots.hold(now, now + self.measure.window);
        self.used_at = now;
        // It arrived before the one that was refused, so the limit has room for one more.
        if self.own_count {
            self.set_limit(self.measure.limit.saturating_add(1));
        }
    }

    /// After enough windows that were used up without a 429, one more is tried.
    fn doubt(&mut self, now: Moment) {
        let full = self.slots.used(now) >= self.measure.limit;
        if !full || !self.proven || now < self.full_at + self.measure.window {
            return;
        }
        self.full_at = now;
        if self.guessed {
            // The next 429 tells the count exactly, since all went one at a time.
            self.set_limit(self.measure.limit.saturating_mul(2));
            self.proven = false;
            return;
        }
        self.clean = self.clean.saturating_add(1);
        if self.clean >= self.patience {
            self.clean = 0;
            self.probing = true;
            self.measure.limit = self.measure.limit.saturating_add(1);
        }
    }

    /// Whether so many more than learnt have gone through that it is no limit.
    pub(crate) fn is_disproved(&self) -> bool {
        self.measure.limit >= self.confirmed.saturating_mul(4)
    }

    /// A 429 came although the limit was obeyed, or before it was known. `wait` blocks; `rest` is the same
    /// as exactly as the server says it.
    pub(crate) fn hit(
        &mut self,
        now: Moment,
        obeyed_at: Option<Moment>,
        (wait, rest): (Duration, Duration),
        since: impl Fn(Moment) -> u32,
    ) {
        self.blocked.extend(now + wait, Reason::SubLimit);
        self.used_at = now;
        self.hits = self.hits.saturating_add(1);
        self.evidence = Evidence::Hit;
        // What left before it was known has not obeyed it, and says nothing against its size.
        if obeyed_at.is_none_or(|departed| departed < self.known_at) {
            return;
        }
        self.measure = self.revised(now, rest, since);
        self.confirmed = self.measure.limit;
        (self.own_count, self.guessed) = (true, false);
        self.begin_again(now);
    }

    /// The limit was just made from a 429.
    pub(crate) fn first_hit(&mut self, now: Moment, wait: Duration) {
        self.blocked.extend(now + wait, Reason::SubLimit);
        self.evidence = Evidence::Hit;
        self.hits = 1;
        self.own_count = true;
        self.begin_again(now);
    }

    fn begin_again(&mut self, now: Moment) {
        let most = if self.probing { self.patience.saturating_mul(2).min(MOST_PATIENCE) } else { PATIENCE.0 };
        (self.patience, self.probing, self.clean) = (most, false, 0);
        (self.known_at, self.full_at) = (now, now);
        (self.passed, self.first, self.proven) = (0, None, false);
    }

    fn revised(&self, now: Moment, rest: Duration, since: impl Fn(Moment) -> u32) -> Measure {
        if self.probing {
            return Measure { limit: (self.measure.limit - 1).max(1), ..self.measure };
        }
        let span = self.first.map(|first| (now + rest).since(first));
        let near = span.filter(|span| *span <= self.measure.window.saturating_mul(4));
        let found = match near {
            // All since the last wait ended fell into one window.
            Some(span) => Measure { limit: self.passed, window: usual_window(span.mul_f64(0.875)) },
            None => Measure::of_hit(now, rest, since),
        };
        let found = Measure { limit: found.limit.max(1), ..found };
        if self.guessed {
            return found;
        }
        if found.is_stricter_than(self.measure) { found } else { self.measure.tightened() }
    }

    /// How long ago it was learnt.
    pub(crate) fn age(&self, now: Moment) -> Duration {
        self.before.saturating_add(now.since(self.since))
    }

    pub(crate) fn explain(&self, now: Moment) -> LearntLimit {
        LearntLimit {
            limit: self.measure.limit,
            window: self.measure.window,
            free: self.free(now),
            age: self.age(now),
            evidence: match self.evidence {
                Evidence::Hit => explain::Evidence::Hits(self.hits),
                Evidence::Sibling => explain::Evidence::Sibling,
                Evidence::Stored => explain::Evidence::Stored(self.hits),
            },
        }
    }

    /// As it is saved.
    pub(crate) fn to_record(&self, now: Moment, route: usize, margin: Duration) -> LearntRecord {
        let us = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        LearntRecord {
            route,
            lesson: self.lesson,
            key: self.key.to_string(),
            limit: self.measure.limit - u32::from(self.probing && self.measure.limit > 1),
            window_us: self.measure.window_us(),
            hits: self.hits,
            proven: self.proven,
            guessed: self.guessed,
            patience: self.patience,
            age_us: us(self.age(now)),
            unused_us: us(now.since(self.used_at)),
            held_us: self.slots.left_us(now, self.measure.window + margin),
            blocked_us: self.blocked.left_us(now),
        }
    }

    /// Takes over what an earlier process knew; `age` includes the time in between.
    pub(crate) fn restore(
        &mut self,
        now: Moment,
        record: &LearntRecord,
        gap: Duration,
        held: impl Iterator<Item = Moment>,
    ) {
        (self.evidence, self.own_count, self.pinned) = (Evidence::Stored, true, true);
        (self.hits, self.proven, self.guessed) = (record.hits, record.proven, record.guessed);
        self.patience = record.patience.clamp(1, MOST_PATIENCE);
        self.before = Duration::from_micros(record.age_us).saturating_add(gap);
        for until in held {
            self.slots.hold(now, until);
        }
        let blocked = Duration::from_micros(record.blocked_us).saturating_sub(gap);
        self.blocked.extend(now + blocked, Reason::SubLimit);
    }

    /// Nobody knows how far it is used: one at a time at first.
    pub(crate) fn go_alone_first(&mut self) {
        self.proven = false;
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.slots.in_flight()
    }

    /// How many could go now.
    pub(crate) fn free(&self, now: Moment) -> u32 {
        if self.blocked.is_over(now) { self.measure.limit.saturating_sub(self.slots.used(now)) } else { 0 }
    }

    pub(crate) fn is_exhausted(&self, now: Moment) -> bool {
        self.free(now) == 0
    }

    /// Whether it may be forgotten.
    pub(crate) fn is_idle(&self, now: Moment) -> bool {
        let unused = !self.pinned || now.since(self.used_at) >= UNUSED;
        unused && self.slots.is_idle(now) && self.blocked.is_over(now)
    }
}

fn before(moment: Moment, span: Duration) -> Moment {
    let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    Moment::from_micros(moment.as_micros().saturating_sub(micros))
}
