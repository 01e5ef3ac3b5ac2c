//! What goes wrong on the gateway: when, how often, and how.
//!
//! It decides; `gateway` carries it out.

use std::time::Duration;

use crate::choice::named;

/// One kind of trouble on the gateway.
#[derive(Clone, Debug, PartialEq)]
pub struct GatewayFault {
    /// What happens.
    pub kind: GatewayFaultKind,
    /// When it may happen.
    pub when: When,
    /// So many occasions pass unharmed first. 0.
    pub after: u64,
    /// So many occasions are hit; without bound when absent.
    pub count: Option<u64>,
    /// The chance of each occasion. 1.
    pub probability: f64,
    /// The code of `close`. 4000.
    pub code: u16,
    /// How late a delayed event comes, and how long a reordered one waits for the next at most. 500 ms.
    pub delay: Duration,
    /// How long the gateway is down. 60 s.
    pub span: Duration,
}

/// The occasions of a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// An event of this name was sent to a session; `*` is any but READY and RESUMED.
    AfterEvent(String),
    /// As `AfterEvent`, but the socket fails before the event arrives; the event is kept for a resume.
    BeforeEvent(String),
    /// This time of the world; it strikes all sessions.
    At(Duration),
    /// Whenever a session has been connected for a multiple of this.
    Every(Duration),
}

impl Default for GatewayFault {
    fn default() -> Self {
        Self {
            kind: GatewayFaultKind::Cut,
            when: When::AfterEvent("*".to_owned()),
            after: 0,
            count: None,
            probability: 1.0,
            code: 4000,
            delay: Duration::from_millis(500),
            span: Duration::from_mins(1),
        }
    }
}

impl GatewayFault {
    /// This kind of trouble, at every occasion.
    pub fn new(kind: GatewayFaultKind, when: When) -> Self {
        Self { kind, when, ..Self::default() }
    }

    /// This kind of trouble, once, after so many events: 1 is the first event of all sessions. At 0 it strikes before
    /// the first event arrives.
    pub fn at_event(kind: GatewayFaultKind, events: u64) -> Self {
        let any = "*".to_owned();
        let when = if events == 0 { When::BeforeEvent(any) } else { When::AfterEvent(any) };
        Self { kind, when, after: events.saturating_sub(1), count: Some(1), ..Self::default() }
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayFaultKind {
    /// The connection breaks without a close frame.
    Cut,
    /// The gateway closes with a code.
    Close,
    /// The socket stays open, but nothing comes, not even an ack.
    Zombie,
    /// Op 7: reconnect and resume.
    Reconnect,
    /// Op 9 with `d: false`: the session is over.
    InvalidSession,
    /// Op 9 with `d: true`: the session can be resumed.
    InvalidSessionResumable,
    /// Op 1: a heartbeat is wanted at once.
    HeartbeatRequest,
    /// Every connection breaks, and new ones are refused for a span.
    Down,
    /// An event comes twice, with a number each.
    Duplicate,
    /// An event comes late.
    Delay,
    /// An event comes after the one that followed it.
    Reorder,
}
named!(GatewayFaultKind, "gateway fault", [
    "cut" => GatewayFaultKind::Cut,
    "close" => GatewayFaultKind::Close,
    "zombie" => GatewayFaultKind::Zombie,
    "reconnect" => GatewayFaultKind::Reconnect,
    "invalid-session" => GatewayFaultKind::InvalidSession,
    "invalid-session-resumable" => GatewayFaultKind::InvalidSessionResumable,
    "heartbeat-request" => GatewayFaultKind::HeartbeatRequest,
    "down" => GatewayFaultKind::Down,
    "duplicate" => GatewayFaultKind::Duplicate,
    "delay" => GatewayFaultKind::Delay,
    "reorder" => GatewayFaultKind::Reorder,
]);

impl GatewayFaultKind {
    /// Whether it happens to an event rather than to a session.
    pub fn is_of_events(self) -> bool {
        match self {
            Self::Duplicate | Self::Delay | Self::Reorder => true,
            Self::Cut
            | Self::Close
            | Self::Zombie
            | Self::Reconnect
            | Self::InvalidSession
            | Self::InvalidSessionResumable
            | Self::HeartbeatRequest
            | Self::Down => false,
        }
    }
}

impl When {
    pub(crate) fn is_of_events(&self) -> bool {
        matches!(self, Self::AfterEvent(_) | Self::BeforeEvent(_))
    }
}

/// What happens to an event itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventTrouble {
    Duplicate,
    Delay(Duration),
    Reorder(Duration),
}

/// What one event meets: rules by their place.
#[derive(Debug, Default)]
pub(super) struct Met {
    pub(super) before: Vec<usize>,
    pub(super) event: Option<EventTrouble>,
    pub(super) after: Vec<usize>,
}

/// The rules, and how often each had its occasion.
#[derive(Debug)]
pub(super) struct Troubles {
    rules: Vec<(GatewayFault, Count)>,
    random: fastrand::Rng,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    seen: u64,
    hit: u64,
}

impl Troubles {
    pub(super) fn new(rules: Vec<GatewayFault>, seed: u64) -> Self {
        let rules = rules.into_iter().map(|rule| (rule, Count::default())).collect();
        Self { rules, random: fastrand::Rng::with_seed(seed) }
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = (usize, &GatewayFault)> {
        self.rules.iter().map(|(fault, _)| fault).enumerate()
    }

    pub(super) fn fault(&self, rule: usize) -> Option<GatewayFault> {
        self.rules.get(rule).map(|(fault, _)| fault.clone())
    }

    /// How often a rule of that sort strikes.
    pub(super) fn period(&self, rule: usize) -> Option<Duration> {
        match self.rules.get(rule)?.0.when {
            When::Every(span) => Some(span),
            When::AfterEvent(_) | When::BeforeEvent(_) | When::At(_) => None,
        }
    }

    /// Whether a rule strikes at this occasion of its.
    pub(super) fn comes(&mut self, rule: usize) -> bool {
        let Some((fault, count)) = self.rules.get_mut(rule) else { return false };
        count.seen += 1;
        let spent = fault.count.is_some_and(|most| count.hit >= most);
        if count.seen <= fault.after || spent || self.random.f64() >= fault.probability {
            return false;
        }
        count.hit += 1;
        true
    }

    /// What an event meets on its way to one session.
    pub(super) fn meet(&mut self, name: &str) -> Met {
        let mut met = Met::default();
        for rule in 0..self.rules.len() {
            let (fault, _) = &self.rules[rule];
            let (wanted, early) = match &fault.when {
                When::AfterEvent(wanted) => (wanted, false),
                When::BeforeEvent(wanted) => (wanted, true),
                When::At(_) | When::Every(_) => continue,
            };
            let fits = wanted == name || (wanted == "*" && !matches!(name, "READY" | "RESUMED"));
            if !fits {
                continue;
            }
            let trouble = match fault.kind {
                GatewayFaultKind::Duplicate => Some(EventTrouble::Duplicate),
                GatewayFaultKind::Delay => Some(EventTrouble::Delay(fault.delay)),
                GatewayFaultKind::Reorder => Some(EventTrouble::Reorder(fault.delay)),
                GatewayFaultKind::Cut
                | GatewayFaultKind::Close
                | GatewayFaultKind::Zombie
                | GatewayFaultKind::Reconnect
                | GatewayFaultKind::InvalidSession
                | GatewayFaultKind::InvalidSessionResumable
                | GatewayFaultKind::HeartbeatRequest
                | GatewayFaultKind::Down => None,
            };
            if !self.comes(rule) {
                continue;
            }
            match trouble {
                Some(_) => met.event = met.event.or(trouble),
                None if early => met.before.push(rule),
                None => met.after.push(rule),
            }
        }
        met
    }
}
