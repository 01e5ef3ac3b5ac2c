//! Guard and breakers together: what stands before all limits. It knows no limits and nobody who waits.

use std::collections::VecDeque;
use std::time::Duration;

use journeyman_moment::Moment;

use crate::breaker::{Breaker, BreakerConfig, Change, Circuit, Outcome, Pass, State};
use crate::class::Class;
use crate::config::Config;
use crate::credential::Credential;
use crate::egress::Egress;
use crate::event::Event;
use crate::guard::{Crossed, Denial, Denied, Footprint, Guard, Heard};
use crate::headers::Answer;
use crate::ledger::End;
use crate::limit::Room;
use crate::reason::Reason;
use crate::tenant::Tenant;
use crate::verdict::Verdict;

/// How many events wait to be heard; the oldest are dropped.
const MOST_EVENTS: usize = 256;
/// After how long the edge is tried again when it names no time; twice as long with each try.
const FIRST_PROBE: Duration = Duration::from_mins(1);

/// The guard of the address, the breaker of the edge, and one breaker for each class of routes.
#[derive(Debug)]
pub(crate) struct Safeguards {
    guard: Guard,
    edge: Breaker,
    edge_config: BreakerConfig,
    classes: Vec<Breaker>,
    rng: fastrand::Rng,
    events: VecDeque<Event>,
    /// Whether there is anything to ask at all: mostly there is not.
    is_alert: bool,
}

/// The passes of one request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passes {
    edge: Pass,
    class: Pass,
}

/// What an ending has changed for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) denied: Option<Denied>,
    /// Whose room is another one.
    pub(crate) room: Option<Whose>,
    pub(crate) is_tenant_stopped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whose {
    Class,
    All,
}

impl Safeguards {
    pub(crate) fn new(config: &Config) -> Self {
        // No rate of failures opens the edge's: a ban says what it is.
        let open = FIRST_PROBE.min(config.edge_ban);
        let edge_config = BreakerConfig { open, longest: config.edge_ban, ..BreakerConfig::default() };
        Self {
            guard: Guard::default(),
            edge: Breaker::default(),
            edge_config,
            classes: Class::all().map(|_| Breaker::default()).collect(),
            rng: fastrand::Rng::with_seed(config.seed.unwrap_or_default()),
            events: VecDeque::new(),
            is_alert: false,
        }
    }

    /// The breaker of the edge, and each class's.
    pub(crate) fn breakers(&self) -> impl Iterator<Item = (Option<Class>, Circuit)> {
        let edge = (None, self.edge.circuit());
        let classes =
            Class::all().zip(&self.classes).map(|(class, breaker)| (Some(class), breaker.circuit()));
        std::iter::once(edge).chain(classes)
    }

    pub(crate) fn event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Why a request must not go at all; the footprint is made only if something is remembered.
    pub(crate) fn denies(
        &self,
        now: Moment,
        print: impl FnOnce() -> Footprint,
        config: &Config,
    ) -> Option<Denial> {
        if !self.is_alert {
            return None;
        }
        if let State::Isolated { .. } = self.edge.state() {
            return Some(Denial { reason: Reason::Isolated, code: None, until: None });
        }
        self.guard.denies(now, &print(), &config.guard)
    }

    /// What holds all requests of a class back, if anything does.
    pub(crate) fn hold(
        &self,
        now: Moment,
        (class, egress): (Class, impl FnOnce() -> Egress),
        is_critical: impl FnOnce() -> bool,
        config: &Config,
    ) -> Option<(Room, Reason)> {
        if !self.is_alert {
            return None;
        }
        let stop =
            self.guard.stop(now, egress(), is_critical(), &config.guard).map_or(Room::Free, Room::Until);
        let never = Room::Until(Moment::MAX);
        let all = [
            (stop, Reason::Guard),
            (self.edge.room(now).unwrap_or(never), Reason::EdgeBan),
            (self.classes[class.place()].room(now).unwrap_or(never), Reason::Breaker),
        ];
        let [first, second, third] = all;
        let hold = later(later(first, second), third);
        (hold.0 != Room::Free).then_some(hold)
    }

    /// Lets one go that nothing held back.
    pub(crate) fn take(&mut self, now: Moment, class: Class) -> Passes {
        Passes { edge: self.edge.take(now), class: self.classes[class.place()].take(now) }
    }

    /// How long the edge's ban lasts yet, in microseconds, for the next process.
    pub(crate) fn edge_left_us(&self, now: Moment) -> u64 {
        match self.edge.state() {
            State::Open { until } if *until > now => {
                u64::try_from(until.since(now).as_micros()).unwrap_or(u64::MAX)
            }
            State::Closed
            | State::Open { .. }
            | State::Probing
            | State::Recovering { .. }
            | State::Isolated { .. } => 0,
        }
    }

    /// A ban that an earlier process met lasts yet.
    pub(crate) fn restore_edge(&mut self, now: Moment, left: Duration) {
        if !left.is_zero() {
            self.edge.block(now, left);
            self.is_alert = true;
        }
    }

    /// Learns from an ending; `is_heard` unless nobody waited for it any more.
    pub(crate) fn ended(
        &mut self,
        now: Moment,
        passes: Passes,
        class: Class,
        end: Ending<'_>,
        print: impl FnOnce() -> Footprint,
        config: &Config,
    ) -> Effect {
        let mut effect = Effect::default();
        let outcome = end.outcome();
        let change =
            self.classes[class.place()].end(now, passes.class, outcome, &config.breaker, &mut self.rng);
        self.follow(now, change, Some(class), &mut effect);
        self.ended_at_edge(now, passes.edge, end, &mut effect);
        let Ending::Answered(answer) = end else { return self.looked(effect, config) };
        if matches!(answer.status, 401 | 403 | 404 | 429) || self.is_alert {
            let print = print();
            let heard = self.guard.answered(now, &print, answer, &config.guard);
            self.tell(heard, &print, now, config, &mut effect);
        }
        self.looked(effect, config)
    }

    fn ended_at_edge(&mut self, now: Moment, pass: Pass, end: Ending<'_>, effect: &mut Effect) {
        let verdict = match end {
            Ending::Answered(answer) => Verdict::of(answer),
            Ending::Unheard | Ending::NotSent | Ending::Lost => None,
        };
        let (outcome, named) = match (verdict, end) {
            (Some(Verdict::EdgeBan { wait }), _) => (Outcome::Failure, wait),
            (Some(Verdict::EdgeBanStatic), _) => (Outcome::Failure, None),
            (_, Ending::Answered(_)) => (Outcome::Success, None),
            _ => (Outcome::Ignored, None),
        };
        if outcome != Outcome::Failure {
            let change = self.edge.end(now, pass, outcome, &self.edge_config, &mut self.rng);
            self.follow(now, change, None, effect);
            return;
        }
        let was_closed = !matches!(self.edge.state(), State::Open { .. });
        match named {
            Some(wait) => self.edge.block(now, wait),
            // One that was on its way when the ban began says nothing new.
            None if was_closed && self.edge.is_current(pass) => {
                self.edge.open(now, None, &self.edge_config, &mut self.rng);
            }
            None => return,
        }
        let change = if was_closed { Change::Opened } else { Change::Nothing };
        self.follow(now, change, None, effect);
        effect.room = Some(Whose::All);
    }

    fn follow(&mut self, now: Moment, change: Change, class: Option<Class>, effect: &mut Effect) {
        if change == Change::Nothing {
            return;
        }
        let whose = if class.is_some() { Whose::Class } else { Whose::All };
        effect.room = effect.room.max(Some(whose));
        match change {
            Change::Nothing | Change::Freed => {}
            Change::Closed => self.push(Event::Closed { class }),
            Change::Opened => {
                let breaker = class.map_or(&self.edge, |class| &self.classes[class.place()]);
                let State::Open { until } = *breaker.state() else { return };
                self.push(Event::Opened { class, wait: until.since(now) });
            }
        }
    }

    fn tell(&mut self, heard: Heard, print: &Footprint, now: Moment, config: &Config, effect: &mut Effect) {
        effect.denied = heard.denied;
        match heard.denied {
            Some(Denied::Credential) => {
                self.push(Event::TokenRefused { credential: Credential::of_number(print.credential) });
            }
            Some(Denied::Webhook) => self.push(Event::WebhookDead),
            Some(Denied::Route | Denied::Path) | None => {}
        }
        let count = u32::try_from(self.guard.count(now, print.egress, &config.guard)).unwrap_or(u32::MAX);
        match heard.crossed {
            Some(Crossed::Soft) => self.push(Event::ManyInvalid { count }),
            Some(Crossed::Tenant) => {
                effect.is_tenant_stopped = true;
                self.push(Event::TenantStopped { tenant: Tenant::numbered(print.tenant) });
            }
            Some(crossed @ (Crossed::Hard | Crossed::FullStop)) => {
                effect.room = Some(Whose::All);
                self.push(Event::Stopped { count, all: crossed == Crossed::FullStop });
            }
            None => {}
        }
    }

    /// The retries of a class have used up what they may: its breaker opens, if it is closed.
    #[cfg(feature = "tokio")]
    pub(crate) fn exhausted(&mut self, now: Moment, class: Class, config: &Config) -> Effect {
        let mut effect = Effect::default();
        let breaker = &mut self.classes[class.place()];
        if breaker.is_closed() {
            breaker.open(now, None, &config.breaker, &mut self.rng);
            self.follow(now, Change::Opened, Some(class), &mut effect);
        }
        self.looked(effect, config)
    }

    pub(crate) fn isolate(&mut self, why: &str) {
        self.edge.isolate(why);
        self.is_alert = true;
    }

    /// Why nothing goes before a human acts.
    pub(crate) fn isolation(&self) -> Option<&str> {
        match self.edge.state() {
            State::Isolated { why } => Some(why),
            State::Closed | State::Open { .. } | State::Probing | State::Recovering { .. } => None,
        }
    }

    /// Closes all breakers. What the guard has counted and latched stays.
    pub(crate) fn reset_breakers(&mut self, config: &Config) {
        self.edge.reset();
        self.classes.iter_mut().for_each(Breaker::reset);
        self.looked(Effect::default(), config);
    }

    pub(crate) fn is_latched(&self, credential: Credential) -> bool {
        self.guard.is_latched(credential.fingerprint())
    }

    pub(crate) fn unlatch(&mut self, credential: Credential, config: &Config) -> bool {
        let was = self.guard.unlatch(credential.fingerprint());
        self.looked(Effect::default(), config);
        was
    }

    pub(crate) fn unlatch_webhook(&mut self, resource: u64, config: &Config) -> bool {
        let was = self.guard.unlatch_webhook(resource);
        self.looked(Effect::default(), config);
        was
    }

    pub(crate) fn invalid(&self, now: Moment, egress: Egress, config: &Config) -> usize {
        self.guard.count(now, egress, &config.guard)
    }

    fn looked(&mut self, effect: Effect, config: &Config) -> Effect {
        let is_calm = self.guard.is_calm(&config.guard);
        if effect != Effect::default() || self.is_alert || !is_calm {
            self.is_alert =
                !(is_calm && self.edge.is_closed() && self.classes.iter().all(Breaker::is_closed));
        }
        effect
    }

    fn push(&mut self, event: Event) {
        if self.events.len() >= MOST_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    pub(crate) fn check_invariants(&self, config: &Config) {
        self.guard.check_invariants();
        let calm = self.guard.is_calm(&config.guard)
            && self.edge.is_closed()
            && self.classes.iter().all(Breaker::is_closed);
        assert!(calm || self.is_alert, "something is shut, and nobody asks");
    }
}

/// How a request has ended, as the safeguards see it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending<'a> {
    /// Nobody waited for it any more, or it was taken back before it left: it says nothing.
    Unheard,
    /// It should have left, and nobody took it.
    NotSent,
    /// No answer came.
    Lost,
    Answered(&'a Answer),
}

impl<'a> Ending<'a> {
    pub(crate) fn of(end: End<'a>, has_departed: bool) -> Self {
        match end {
            End::NotSent if has_departed => Self::NotSent,
            End::NotSent => Self::Unheard,
            End::MaybeSent => Self::Lost,
            End::Answered(answer) => Self::Answered(answer),
        }
    }

    fn outcome(self) -> Outcome {
        match self {
            Self::Unheard => Outcome::Ignored,
            Self::NotSent | Self::Lost => Outcome::Failure,
            Self::Answered(answer) if answer.status >= 500 => Outcome::Failure,
            // The edge has a breaker of its own, and a proxy's 429 is about the proxy.
            Self::Answered(answer) if answer.status == 429 => match Verdict::of(answer) {
                Some(Verdict::EdgeBan { .. } | Verdict::EdgeBanStatic) => Outcome::Ignored,
                _ if answer.by_proxy => Outcome::Ignored,
                _ => Outcome::Success,
            },
            Self::Answered(answer) if answer.html => Outcome::Failure,
            Self::Answered(_) => Outcome::Success,
        }
    }
}

fn later(a: (Room, Reason), b: (Room, Reason)) -> (Room, Reason) {
    let both = a.0.and(b.0);
    if both == a.0 { a } else { b }
}
