//! The guard of the address: counts what Discord calls invalid requests, and remembers whom to ask no more.
//! It knows no limits and no time to come: what it denies is denied, or named with its end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use journeyman_moment::Moment;

use crate::egress::Egress;
use crate::headers::{Answer, Scope};
use crate::reason::Reason;

#[cfg(test)]
mod tests;

/// How many invalid requests the guard lets happen, and how long it remembers a refusal.
///
/// Discord's edge bans an address after 10,000 answers with 401, 403 or 429 (of scope `shared` excepted) in
/// 10 minutes (Discord's docs, Rate Limits). The guard stops long before.
///
/// ```
/// use journeyman_limiter::{Config, GuardConfig};
///
/// let guard = GuardConfig { hard: 1_000, ..GuardConfig::default() };
/// assert_eq!(Config { guard, ..Config::default() }.guard.full_stop, 8_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardConfig {
    /// Over which time invalid requests are counted: 10 min.
    pub window: Duration,
    /// From how many on there is an event, and nothing else: 500.
    pub soft: u32,
    /// From how many on only what is critical goes, until they have become fewer: 1,500.
    pub hard: u32,
    /// From how many on nothing goes, until they have become fewer: 8,000.
    pub full_stop: u32,
    /// From how many of its own on a tenant is refused, until they have become fewer: 750.
    pub tenant: u32,
    /// How long a 403 is remembered at first; twice as long with each further one: 10 s. Zero for not at all.
    pub forbidden: Duration,
    /// The longest that a 403 is remembered: 10 min.
    pub forbidden_longest: Duration,
    /// How many refusals are remembered; beyond that the oldest is forgotten: 10,000.
    pub remembered: usize,
}

impl Default for GuardConfig {
    fn default() -> Self {
        Self {
            window: Duration::from_mins(10),
            soft: 500,
            hard: 1_500,
            full_stop: 8_000,
            tenant: 750,
            forbidden: Duration::from_secs(10),
            forbidden_longest: Duration::from_mins(10),
            remembered: 10_000,
        }
    }
}

/// How long a 404 is remembered at first where the webhook is an interaction's.
const EARLY: Duration = Duration::from_secs(1);
/// Discord's code for a webhook that is not there.
const UNKNOWN_WEBHOOK: u64 = 10_015;
/// Discord's code for a resource that the credential cannot see.
const MISSING_ACCESS: u64 = 50_001;

/// What the guard needs to know of a request, as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Footprint {
    /// Zero is nobody.
    pub(crate) credential: u64,
    /// Zero is nobody in particular.
    pub(crate) tenant: u64,
    /// From where it is sent.
    pub(crate) egress: Egress,
    /// Credential, method, template and resource.
    pub(crate) route: u64,
    /// Credential, method and path.
    pub(crate) path: u64,
    /// The resource, whoever asks.
    pub(crate) resource: u64,
    /// Whether there is one: without, the route is that of many, such as of all of a user's servers.
    pub(crate) has_resource: bool,
    pub(crate) webhook: Webhook,
}

/// Whether a path leads to a webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Webhook {
    #[default]
    No,
    /// One that is asked by its id alone: the token is the credential's.
    Managed,
    /// One that stays until somebody deletes it; `whole` if the path ends with it.
    Standing { whole: bool },
    /// An interaction's, which may not be there yet: follow-ups overtake the first answer.
    Interaction { whole: bool },
}

/// Why a request is refused at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Denial {
    pub(crate) reason: Reason,
    /// Discord's own code, where it gave one.
    pub(crate) code: Option<u64>,
    /// Without one, until a human acts.
    pub(crate) until: Option<Moment>,
}

/// What an answer has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) denied: Option<Denied>,
    pub(crate) crossed: Option<Crossed>,
}

/// What is refused from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    Credential,
    Webhook,
    Route,
    Path,
}

/// Which number of invalid requests has been reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crossed {
    Soft,
    Tenant,
    Hard,
    FullStop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Credential(u64),
    Webhook(u64),
    Route(u64),
    Path(u64),
}

#[derive(Clone, Copy, Debug)]
struct Memory {
    denial: Denial,
    /// How long it is remembered, and when it was written down.
    span: Duration,
    since: Moment,
}

/// What was answered to one address.
#[derive(Debug, Default)]
struct Address {
    /// When each invalid request was answered, and whose it was; ascending.
    log: VecDeque<(Moment, u64)>,
    tenants: BTreeMap<u64, u32>,
}

/// The record of all addresses, each with its own count. Share one between all who send from them.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    addresses: BTreeMap<Egress, Address>,
    memories: BTreeMap<Key, Memory>,
    /// By when each is forgotten; those for good by when they were written down.
    passing: BTreeSet<(Moment, Key)>,
    lasting: BTreeSet<(Moment, Key)>,
}

impl Address {
    fn tenant_denial(&self, now: Moment, tenant: u64, config: &GuardConfig) -> Option<Denial> {
        let count = self.tenants.get(&tenant).copied().filter(|count| *count >= config.tenant)?;
        let mut own =
            self.log.iter().filter(|(_, other)| *other == tenant).map(|(at, _)| *at + config.window);
        // The log may hold what has expired since the last answer.
        let until = own.nth(limit(count - config.tenant))?;
        (until > now).then_some(Denial { reason: Reason::Guard, code: None, until: Some(until) })
    }

    /// Until when nothing goes, or nothing that is not critical.
    fn stop(&self, now: Moment, is_critical: bool, config: &GuardConfig) -> Option<Moment> {
        let most = limit(if is_critical { config.full_stop } else { config.full_stop.min(config.hard) });
        let excess = self.log.len().checked_sub(most)?;
        let until = self.log.get(excess)?.0 + config.window;
        (until > now).then_some(until)
    }

    /// How many invalid requests there were in the window.
    fn count(&self, now: Moment, config: &GuardConfig) -> usize {
        self.log.len() - self.log.partition_point(|(at, _)| *at + config.window <= now)
    }

    /// Counts an invalid request.
    fn invalid(&mut self, now: Moment, tenant: u64, config: &GuardConfig) -> Option<Crossed> {
        while let Some((_, tenant)) = self.log.pop_front_if(|(at, _)| *at + config.window <= now) {
            self.leave(tenant);
        }
        self.log.push_back((now, tenant));
        // More than this says nothing more.
        if self.log.len() > limit(config.full_stop.saturating_mul(2)).max(MOST_LOGGED)
            && let Some((_, tenant)) = self.log.pop_front()
        {
            self.leave(tenant);
        }
        let own = if tenant == 0 {
            0
        } else {
            *self.tenants.entry(tenant).and_modify(|count| *count += 1).or_insert(1)
        };
        let all = self.log.len();
        if all == limit(config.full_stop) {
            Some(Crossed::FullStop)
        } else if all == limit(config.hard) {
            Some(Crossed::Hard)
        } else if tenant != 0 && own == config.tenant {
            Some(Crossed::Tenant)
        } else if all == limit(config.soft) {
            Some(Crossed::Soft)
        } else {
            None
        }
    }

    fn leave(&mut self, tenant: u64) {
        if let Some(count) = self.tenants.get_mut(&tenant) {
            *count -= 1;
            if *count == 0 {
                self.tenants.remove(&tenant);
            }
        }
    }

    fn check_invariants(&self) {
        assert!(self.log.iter().is_sorted_by_key(|(at, _)| *at), "the log is out of order");
        let named = self.log.iter().filter(|(_, tenant)| *tenant != 0).count();
        let counted: u32 = self.tenants.values().sum();
        assert_eq!(limit(counted), named, "the counts of the tenants");
    }
}

impl Guard {
    /// Whether nothing is remembered and no number reached.
    pub(crate) fn is_calm(&self, config: &GuardConfig) -> bool {
        let most = limit(config.hard.min(config.tenant));
        self.memories.is_empty() && self.addresses.values().all(|address| address.log.len() < most)
    }

    /// Why a request must not go at all.
    pub(crate) fn denies(&self, now: Moment, print: &Footprint, config: &GuardConfig) -> Option<Denial> {
        let own = [
            (print.credential != 0).then_some(Key::Credential(print.credential)),
            (print.webhook != Webhook::No).then_some(Key::Webhook(print.resource)),
            Some(Key::Route(print.route)),
            Some(Key::Path(print.path)),
        ];
        let denials = own.into_iter().flatten().filter_map(|key| self.memories.get(&key));
        let lasts = |denial: &Denial| denial.until.is_none_or(|until| until > now);
        let denial = denials.map(|memory| memory.denial).find(lasts);
        denial.or_else(|| self.addresses.get(&print.egress)?.tenant_denial(now, print.tenant, config))
    }

    /// Until when nothing goes from an address, or nothing that is not critical.
    pub(crate) fn stop(
        &self,
        now: Moment,
        egress: Egress,
        is_critical: bool,
        config: &GuardConfig,
    ) -> Option<Moment> {
        self.addresses.get(&egress)?.stop(now, is_critical, config)
    }

    /// How many invalid requests of an address there were in the window.
    pub(crate) fn count(&self, now: Moment, egress: Egress, config: &GuardConfig) -> usize {
        self.addresses.get(&egress).map_or(0, |address| address.count(now, config))
    }

    /// Learns from an answer of Discord's.
    pub(crate) fn answered(
        &mut self,
        now: Moment,
        print: &Footprint,
        answer: &Answer,
        config: &GuardConfig,
    ) -> Heard {
        if answer.by_proxy {
            return Heard::default();
        }
        match answer.status {
            200..300 if !self.memories.is_empty() => {
                self.forget(Key::Route(print.route));
                self.forget(Key::Path(print.path));
                if matches!(print.webhook, Webhook::Interaction { .. }) {
                    self.forget(Key::Webhook(print.resource));
                }
                Heard::default()
            }
            401 | 403 => Heard {
                crossed: self.invalid(now, print, config),
                denied: self.deny(now, print, answer, config),
            },
            404 => Heard { denied: self.missing(now, print, answer, config), crossed: None },
            429 if answer.scope != Some(Scope::Shared) => {
                Heard { crossed: self.invalid(now, print, config), denied: None }
            }
            _ => Heard::default(),
        }
    }

    /// Counts an invalid request.
    fn invalid(&mut self, now: Moment, print: &Footprint, config: &GuardConfig) -> Option<Crossed> {
        self.addresses.entry(print.egress).or_default().invalid(now, print.tenant, config)
    }

    fn deny(
        &mut self,
        now: Moment,
        print: &Footprint,
        answer: &Answer,
        config: &GuardConfig,
    ) -> Option<Denied> {
        // A page of the edge speaks of no token and no right.
        if answer.html {
            return None;
        }
        let code = answer.body.as_ref().and_then(|body| body.code);
        if answer.status == 403 {
            let (key, denied) = if code == Some(MISSING_ACCESS) && print.has_resource {
                (Key::Route(print.route), Denied::Route)
            } else {
                // Another message or member of the same channel may well be allowed.
                (Key::Path(print.path), Denied::Path)
            };
            self.remember(now, key, Reason::Forbidden, code, config.forbidden, config);
            return Some(denied);
        }
        match print.webhook {
            // The path's token is meant, whatever the header said.
            Webhook::Standing { .. } | Webhook::Interaction { .. } => {
                self.latch(now, Key::Webhook(print.resource), Reason::TokenRefused, code, config);
                Some(Denied::Webhook)
            }
            // There is no token to refuse.
            Webhook::No | Webhook::Managed if print.credential == 0 => None,
            Webhook::No | Webhook::Managed => {
                self.latch(now, Key::Credential(print.credential), Reason::TokenRefused, code, config);
                Some(Denied::Credential)
            }
        }
    }

    /// A 404 is about the webhook if Discord says so, or says nothing where nothing else can be missing.
    fn missing(
        &mut self,
        now: Moment,
        print: &Footprint,
        answer: &Answer,
        config: &GuardConfig,
    ) -> Option<Denied> {
        let code = answer.body.as_ref().and_then(|body| body.code);
        let whole = match print.webhook {
            Webhook::No => return None,
            Webhook::Managed => true,
            Webhook::Standing { whole } | Webhook::Interaction { whole } => whole,
        };
        if answer.html || !(code == Some(UNKNOWN_WEBHOOK) || (code.is_none() && whole)) {
            return None;
        }
        let (key, reason) = (Key::Webhook(print.resource), Reason::UnknownWebhook);
        if matches!(print.webhook, Webhook::Interaction { .. }) {
            self.remember(now, key, reason, code, EARLY, config);
        } else {
            self.latch(now, key, reason, code, config);
        }
        Some(Denied::Webhook)
    }

    fn remember(
        &mut self,
        now: Moment,
        key: Key,
        reason: Reason,
        code: Option<u64>,
        first: Duration,
        config: &GuardConfig,
    ) {
        if first.is_zero() {
            return;
        }
        self.drop_stale(now);
        let before = self.forget(key).filter(|memory| memory.denial.reason == reason);
        let span = before
            .map_or(first, |memory| memory.span.saturating_mul(2))
            .min(config.forbidden_longest.max(first));
        let denial = Denial { reason, code, until: Some(now + span) };
        self.memories.insert(key, Memory { denial, span, since: now });
        // Once more as long, so that the next one is known for one of a row.
        self.passing.insert((now + span + span, key));
        if self.passing.len() > config.remembered
            && let Some((_, first)) = self.passing.pop_first()
        {
            self.memories.remove(&first);
        }
    }

    fn latch(&mut self, now: Moment, key: Key, reason: Reason, code: Option<u64>, config: &GuardConfig) {
        self.forget(key);
        let denial = Denial { reason, code, until: None };
        self.memories.insert(key, Memory { denial, span: Duration::MAX, since: now });
        self.lasting.insert((now, key));
        if self.lasting.len() > config.remembered
            && let Some((_, first)) = self.lasting.pop_first()
        {
            self.memories.remove(&first);
        }
    }

    fn drop_stale(&mut self, now: Moment) {
        while let Some((until, key)) = self.passing.first().copied().filter(|(until, _)| *until <= now) {
            self.passing.remove(&(until, key));
            self.memories.remove(&key);
        }
    }

    fn forget(&mut self, key: Key) -> Option<Memory> {
        let memory = self.memories.remove(&key)?;
        match memory.denial.until {
            Some(until) => self.passing.remove(&(until + memory.span, key)),
            None => self.lasting.remove(&(memory.since, key)),
        };
        Some(memory)
    }

    /// Whether a credential was refused with a 401.
    pub(crate) fn is_latched(&self, credential: u64) -> bool {
        self.memories.contains_key(&Key::Credential(credential))
    }

    /// Somebody has seen to the credential; false if there was nothing to forget.
    pub(crate) fn unlatch(&mut self, credential: u64) -> bool {
        self.forget(Key::Credential(credential)).is_some()
    }

    /// Somebody has seen to the webhook.
    pub(crate) fn unlatch_webhook(&mut self, resource: u64) -> bool {
        self.forget(Key::Webhook(resource)).is_some()
    }

    pub(crate) fn check_invariants(&self) {
        assert_eq!(self.memories.len(), self.passing.len() + self.lasting.len(), "a memory without an end");
        self.addresses.values().for_each(Address::check_invariants);
    }
}

/// The log is not cut before this, however low the limits.
const MOST_LOGGED: usize = 16_384;

fn limit(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// A number for some text, the same in each run: a key, not a defence.
pub(crate) fn mix(seed: u64, text: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * u128::from(FACTOR);
        #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
        let halves = (product as u64) ^ ((product >> 64) as u64);
        halves
    };
    let (words, rest) = text.as_chunks::<8>();
    let hash = words
        .iter()
        .fold(seed ^ text.len() as u64 ^ FACTOR, |hash, word| fold(hash, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(fold(hash, u64::from_le_bytes(last)), FACTOR)
}
