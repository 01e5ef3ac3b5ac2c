//! A bucket that the server describes in its answers. It assumes neither a fixed nor a sliding window.

use std::time::Duration;

use journeyman_moment::Moment;
use smallvec::SmallVec;

use crate::Reason;
use crate::headers::Answer;
use crate::limit::shape::Shape;
use crate::limit::window_kind::{End, Lies, ROUNDING};
use crate::limit::{Blocked, Recognition, Room, Slots, WindowKind, usual_window};
use crate::rarely::Rarely;

/// By how much later answers may overtake earlier ones where a wait is predicted.
const OVERTAKING: Duration = Duration::from_millis(500);

/// Beside such a limit one more request may be in flight for each so many that were accepted.
const PROOF: u32 = 64;

/// How many slots that others use are saved as such; with more of them, the bucket counts as used up.
const MOST_SAVED: u32 = 10_000;

/// One bucket: its size, and who takes its slots until when.
///
/// Each request holds its slot until its own answer's `Reset-After` has passed
/// since the receipt of the headers: the moment at which, by the server's word,
/// the bucket is full again as far as this request is concerned. One rule is
/// safe for every kind of window, so the kind need not be known (and one answer
/// cannot show it: discord-api-docs#7680). Take the requests whose arrivals
/// would be one too many, and of them the one that was sent last: all others
/// were then in flight, or answered with a reset that lies after its arrival
/// (fixed: the window's end; sliding log: arrival + window; leaky bucket: the
/// time at which it has drained), so all slots were taken, and it was not sent.
#[derive(Clone, Debug)]
pub(crate) struct ServerFed {
    shape: Shape,
    slots: Slots,
    /// Slots that others use with the same credential, and until when.
    foreign: (u32, Moment),
    blocked: Rarely<Blocked>,
    /// Every slot is held at least this long: set when the rule above was not enough.
    floor: Duration,
    /// How many departed.
    departed: u64,
    /// The latest departure whose answer has been read.
    newest: u64,
    /// The limit that it told.
    told: u32,
    /// From when on nothing is counted that was sent under another limit, and drained at its pace.
    steady: Moment,
    newest_left: Moment,
    /// The departures in flight.
    flying: SmallVec<[u64; 2]>,
    /// How many were accepted and described by their answers.
    accepted: u32,
    /// Others may have used it up, and the first answer tells.
    alone_first: bool,
    /// When the present window ends, by the answers of which several were on their way or held at a time.
    end: Rarely<End>,
}

/// A request's place in the order of departures from one bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    number: u64,
    left: Moment,
    /// How many slots were taken when it left, its own included.
    taken: u32,
}

/// What is known of a bucket beside its shape while nothing of it is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calm {
    pub(crate) newest_left: Moment,
    pub(crate) steady: Moment,
    pub(crate) accepted: u32,
}

impl ServerFed {
    /// What is to be kept of it if nothing of it is used, and there is nothing but that and its shape.
    pub(crate) fn calm(&self, now: Moment) -> Option<Calm> {
        let is_calm = self.is_idle(now)
            && self.flying.is_empty()
            && self.departed > 0
            && !self.alone_first
            && self.floor.is_zero()
            && self.told == self.shape.limit;
        let Self { newest_left, steady, accepted, .. } = *self;
        is_calm.then_some(Calm { newest_left, steady, accepted })
    }

    /// As it was. Of the order of departures nothing matters once all answers have been read.
    pub(crate) fn woken(shape: Shape, calm: Calm) -> Self {
        let Calm { newest_left, steady, accepted } = calm;
        Self { departed: 1, newest: 1, told: shape.limit, newest_left, steady, accepted, ..Self::new(shape) }
    }

    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            shape,
            slots: Slots::default(),
            foreign: (0, Moment::ORIGIN),
            blocked: Rarely::default(),
            floor: Duration::ZERO,
            departed: 0,
            newest: 0,
            told: 0,
            steady: Moment::ORIGIN,
            newest_left: Moment::ORIGIN,
            flying: SmallVec::new(),
            accepted: 0,
            alone_first: false,
            end: Rarely::default(),
        }
    }

    /// Whether its window is too long to be what paces requests.
    pub(crate) fn is_loose(&self) -> bool {
        self.shape.is_loose()
    }

    /// Whether those in flight are enough for a limit that paces nothing and stands alone.
    pub(crate) fn starts_slowly(&self) -> bool {
        self.is_loose() && self.slots.in_flight() > self.accepted / PROOF
    }

    /// `unseated` have left for it without a slot.
    pub(crate) fn room(&self, now: Moment, one_more: u32, unseated: u32) -> (Room, Reason) {
        if let Some((until, reason)) = self.blocked.state(now) {
            return (Room::Until(until), reason);
        }
        if self.alone_first && self.slots.in_flight() > 0 {
            return (Room::Settling, Reason::Learning);
        }
        let limit = self.shape.limit.saturating_add(one_more).saturating_sub(unseated);
        (self.slots.room(now, limit, self.others(now)), Reason::Bucket)
    }

    pub(crate) fn take(&mut self) {
        self.slots.take();
    }

    pub(crate) fn depart(&mut self, now: Moment) -> Seat {
        self.departed += 1;
        self.flying.push(self.departed);
        Seat { number: self.departed, left: now, taken: self.slots.used(now) }
    }

    /// The request never left.
    pub(crate) fn refund(&mut self, seat: Option<Seat>) {
        self.land(seat);
        self.slots.refund();
    }

    /// No answer that speaks of this bucket: the slot is spent for a whole window.
    pub(crate) fn lost(&mut self, now: Moment, seat: Option<Seat>, margin: Duration) {
        self.land(seat);
        let seen = self.shape.window();
        // The whole window is one that limits are known to have.
        let window = if self.shape.is_whole { seen } else { seen.max(usual_window(seen.mul_f64(0.98))) };
        self.slots.settle(now, now + window + margin);
    }

    /// An answer that speaks of this bucket; its slot counts from `from`.
    pub(crate) fn answered(
        &mut self,
        now: Moment,
        from: Moment,
        seat: Seat,
        answer: &Answer,
        recognition: Recognition,
    ) {
        self.alone_first = false;
        self.accepted = self.accepted.saturating_add(u32::from(answer.status != 429));
        self.land(Some(seat));
        self.newest_left = self.newest_left.max(seat.left);
        let longest = Some(self.shape.longest).filter(|_| self.shape.is_whole);
        self.learn(now, Some(seat), answer);
        let mut until = from + self.hold(answer);
        if recognition != Recognition::Off && answer.status != 429 {
            let together = self.recognise(now, seat, answer, longest);
            let together = together
                .filter(|_| recognition == Recognition::GuessesFixed || self.kind() == WindowKind::Fixed);
            until = together.map_or(until, |together| until.min(together));
        }
        self.slots.settle(now, until);
    }

    /// Takes the kind of the window from an accepted request's answer; gives the end that all answers of the
    /// window have in common if it is fixed.
    fn recognise(
        &mut self,
        now: Moment,
        seat: Seat,
        answer: &Answer,
        longest: Option<Duration>,
    ) -> Option<Moment> {
        let reset = answer.reset_after.filter(|_| answer.limit == Some(self.shape.limit))?;
        if let Some(longest) = longest {
            self.shape.ruled_out.learn_length(reset, longest);
        }
        if self.slots.used(now) <= 1 {
            self.end = Rarely::default();
            return None;
        }
        match self.end.meet(End::told(seat.left, now, reset), self.shape.longest) {
            Lies::Apart => self.shape.ruled_out.fixed = true,
            Lies::Within(end) => return Some(end),
            Lies::Elsewhere => {}
        }
        None
    }

    /// The kind of its windows; after a 429 no kind is relied on.
    pub(crate) fn kind(&self) -> WindowKind {
        if self.floor > Duration::ZERO { WindowKind::Unknown } else { self.shape.kind() }
    }

    /// How many slots others use, and until when the next of them comes back: where the bucket leaks, one after
    /// the other, else all at the reset.
    fn others(&self, now: Moment) -> (u32, Moment) {
        let (others, until) = self.foreign;
        if others < 2 || until <= now || self.kind() != WindowKind::Leaking {
            return self.foreign;
        }
        let drip = self.shape.drip.0.saturating_sub(ROUNDING).as_micros().max(1);
        let left = u32::try_from(until.since(now).as_micros().div_ceil(drip)).unwrap_or(u32::MAX).min(others);
        let rest = drip.saturating_mul(u128::from(left.saturating_sub(1)));
        (left, until.before(Duration::from_micros(u64::try_from(rest).unwrap_or(u64::MAX))))
    }

    /// An answer to a request that held no slot here, because nobody knew that it would need one. If it left
    /// before one whose answer has been read, it says nothing new.
    pub(crate) fn adopt(&mut self, now: Moment, left: Moment, answer: &Answer) {
        self.slots.hold(now, now + self.hold(answer));
        if left >= self.newest_left {
            self.newest_left = left;
            self.learn(now, None, answer);
        }
    }

    /// Holds a slot for a request that may have been counted before the bucket was known.
    pub(crate) fn hold_until(&mut self, now: Moment, until: Moment) {
        self.slots.hold(now, until + self.shape.window());
    }

    /// What another counter of the same routes holds counts here from now on; of what is in flight there, the
    /// answers will be read here.
    pub(crate) fn absorb(&mut self, now: Moment, other: &Self) {
        self.shape = other.shape.with(&self.shape);
        for until in other.slots.returns() {
            self.slots.hold(now, until);
        }
        for _ in 0..other.slots.in_flight() {
            self.slots.hold(now, now + self.shape.window());
        }
        if let Some((until, reason)) = other.blocked.state(now) {
            self.blocked.extend(until, reason);
        }
    }

    /// Whether anything of its own is in flight or held.
    pub(crate) fn is_in_use(&self, now: Moment) -> bool {
        self.slots.used(now) > 0
    }

    /// Whether the server tells of uses that are not our own.
    pub(crate) fn has_foreign(&self, now: Moment) -> bool {
        self.foreign.0 > 0 && self.foreign.1 > now
    }

    /// A 429 asked for a wait.
    pub(crate) fn block(&mut self, now: Moment, wait: Duration) {
        self.blocked.extend(now + wait, Reason::RetryAfter);
        // The count was right and yet there was no room: from here on, whole windows only.
        self.floor = self.shape.longest;
    }

    /// An earlier process may have used it after its state was saved.
    pub(crate) fn go_alone_first(&mut self) {
        self.alone_first = self.departed == 0;
    }

    /// What is left of its slots and its block, in microseconds.
    pub(crate) fn left_us(&self, now: Moment, margin: Duration) -> (Vec<u64>, u64) {
        let mut held = self.slots.left_us(now, self.shape.window().saturating_add(margin));
        let blocked = self.blocked.left_us(now);
        if self.foreign.1 <= now {
            return (held, blocked);
        }
        let until = u64::try_from(self.foreign.1.since(now).as_micros()).unwrap_or(u64::MAX);
        if self.foreign.0 > MOST_SAVED {
            // One by one they would fill the memory of whoever saves them.
            return (held, blocked.max(until));
        }
        held.extend(std::iter::repeat_n(until, self.foreign.0.min(self.shape.limit) as usize));
        (held, blocked)
    }

    /// Takes slots until moments to come, and blocks until another.
    pub(crate) fn restore(&mut self, now: Moment, held: impl Iterator<Item = Moment>, blocked: Moment) {
        for until in held {
            self.slots.hold(now, until);
        }
        if blocked > now {
            self.blocked.extend(blocked, Reason::RetryAfter);
        }
    }

    /// Takes over what other resources of the same limit have shown.
    pub(crate) fn reshape(&mut self, shape: Shape) {
        self.shape = shape;
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.slots.in_flight()
    }

    pub(crate) fn free(&self, now: Moment) -> u32 {
        let foreign = if self.foreign.1 > now { self.others(now).0 } else { 0 };
        self.shape.limit.saturating_sub(self.slots.used(now).saturating_add(foreign))
    }

    /// A moment before which a request with `ahead` others before it cannot go: whatever the kind of
    /// window, more than twice the limit takes one window, three times takes two, and so on. Nor does it go
    /// before enough of the slots that are held have come back, for each that is taken meanwhile comes back
    /// later; by how fast its answer came, perhaps a little earlier.
    pub(crate) fn earliest(&self, now: Moment, ahead: u32) -> Moment {
        let before = ahead.saturating_add(self.slots.used(now));
        let windows = (before / self.shape.limit).saturating_sub(1);
        let held = self.slots.used(now) - self.slots.in_flight();
        let needed = ahead.saturating_add(held).saturating_add(1).saturating_sub(self.shape.limit);
        let first = if needed > 0 && held >= self.shape.limit { self.slots.nth_held(now, 1) } else { None };
        let back = self.slots.nth_held(now, needed).map(|moment| moment.before(OVERTAKING));
        let back = first.max(back).unwrap_or(now);
        back.max(now + self.shape.longest.saturating_mul(windows))
    }

    /// Checks that every departure in flight has a slot.
    pub(crate) fn check_invariants(&self) {
        assert!(
            self.flying.len() <= self.slots.in_flight() as usize,
            "more have departed than are in flight: {self:?}"
        );
    }

    pub(crate) fn is_idle(&self, now: Moment) -> bool {
        self.slots.is_idle(now) && self.foreign.1 <= now && self.blocked.is_over(now)
    }

    fn hold(&self, answer: &Answer) -> Duration {
        let reset = answer.reset_after.unwrap_or(self.shape.longest);
        reset.saturating_add(ROUNDING).max(self.floor)
    }

    fn land(&mut self, seat: Option<Seat>) {
        let Some(seat) = seat else { return };
        if let Some(place) = self.flying.iter().position(|number| *number == seat.number) {
            self.flying.swap_remove(place);
        }
    }

    /// Takes size and others' use from an answer, in the order in which the requests left: an
    /// older one than the newest read says nothing about now, so it never adds room.
    fn learn(&mut self, now: Moment, seat: Option<Seat>, answer: &Answer) {
        let (Some(limit), Some(remaining), Some(reset)) =
            (answer.limit, answer.remaining, answer.reset_after)
        else {
            return;
        };
        self.shape.is_whole |= answer.status != 429;
        let used = limit.saturating_sub(remaining);
        let number = seat.map_or(self.departed, |seat| seat.number);
        if number < self.newest {
            // Nor does one of another limit teach how fast this one drains.
            if limit.max(1) == self.shape.limit {
                self.shape.learn(limit, used, reset, now >= self.steady);
            }
            return;
        }
        self.newest = number;
        if limit != self.told {
            self.steady = now + self.shape.window();
        }
        self.shape.learn(limit, used, reset, now >= self.steady);
        if limit < self.told {
            // A leaky bucket of fewer slots drains more slowly: what is held was held by the old pace.
            self.slots.hold_all_until(now, now + reset + ROUNDING);
        }
        self.told = limit;
        let others = used.saturating_sub(self.own_use(now, seat));
        self.foreign = (others, now + reset + ROUNDING);
    }

    /// How many of our own the server may have counted: all that held a slot when this one left, and
    /// those that left later and are back already. What left later and is still away counts as to come.
    fn own_use(&self, now: Moment, seat: Option<Seat>) -> u32 {
        let Some(seat) = seat else { return self.slots.used(now) };
        let later = self.departed - seat.number;
        let away = self.flying.iter().filter(|number| **number > seat.number).count();
        let back = later.saturating_sub(away as u64);
        seat.taken.saturating_add(u32::try_from(back).unwrap_or(u32::MAX))
    }
}
