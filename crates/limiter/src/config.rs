//! The limiter's settings with their defaults. It holds no limit that Discord names in its answers.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::breaker::BreakerConfig;
use crate::guard::GuardConfig;
use crate::priors::Priors;
use crate::quota::RetryQuota;
use crate::tenant::Tenant;

/// What can be set. Every field has a default; limits that headers show are learnt, not set.
///
/// ```
/// use journeyman_limiter::Config;
/// use std::time::Duration;
///
/// let config = Config { pace: Some(Duration::from_millis(350)), ..Config::default() };
/// assert_eq!(config.global.map(|global| global.limit), Some(50));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The least time between two departures of one credential: none.
    pub pace: Option<Duration>,
    /// The limit over all routes of one credential, which no header shows: 50 per 1 s (Discord's docs).
    pub global: Option<GlobalLimit>,
    /// The distance between two requests of a route that answers without headers: 1 s.
    pub headerless: Duration,
    /// Limits to start from where answers may describe none: those of the shipped table.
    pub priors: Priors,
    /// The longest wait; a request that would wait longer is refused: 15 min.
    pub max_wait: Duration,
    /// How many requests may wait at once: 100,000. What happens to further ones, `shedding` says.
    pub max_waiting: usize,
    /// How many requests of one tenant of one credential may wait at once: 100,000.
    pub max_waiting_per_tenant: usize,
    /// Who is refused when too many wait: whoever comes.
    pub shedding: Shedding,
    /// How often per round a tenant is served: once, for tenants that are not listed.
    pub weights: BTreeMap<Tenant, u32>,
    /// After how long in line a request counts as overdue: 10 s. Of every eight grants of a credential, and
    /// of a route, one goes to the eldest if it is overdue, whatever its class, tenant and bucket. So a
    /// request before which `n` others came goes at the latest with the `8 (n + 1)`-th grant after that.
    pub ageing: Duration,
    /// Whether a request counts from the moment at which the server's own clock (`X-RateLimit-Reset` less
    /// `-Reset-After`) shows that it was answered at the latest, and by how much that clock may be wrong:
    /// no. It saves how much longer than the shortest an answer's way was. It is safe if all of the server's
    /// answers come from one clock that does not jump by less than a round trip, which nobody promises.
    pub server_clock: Option<Duration>,
    /// How many per cent of the shortest round trip seen are taken off each hold: 0. Up to 100 is safe if no
    /// way is ever shorter than the shortest before it, which nobody can know; 45 leaves room for that, and 90
    /// met a limit in the scenario with lost answers.
    pub round_trip_credit: u8,
    /// Whether the kind of a bucket's window is recognised by how its reset moves, and what that kind permits is
    /// used: yes. Without it every bucket is treated as if it could be of any kind.
    pub window_kinds: bool,
    /// How long after its connection closed a request may still reach the server: 1 s.
    pub lost_margin: Duration,
    /// After how long at most one request tries whether the edge's ban is over, when it does not say; the first
    /// tries after a minute, and each further one after twice as long: 1 h.
    pub edge_ban: Duration,
    /// What the guard of the address lets happen; see there.
    pub guard: GuardConfig,
    /// When the circuit breakers open; see there.
    pub breaker: BreakerConfig,
    /// How much retrying a credential may do; see there.
    pub quota: RetryQuota,
    /// How long a route that nobody uses is remembered after its limits are full again: 60 s.
    pub idle: Duration,
    /// The seed of the jitter between retries; a random one unless set.
    pub seed: Option<u64>,
    /// Breaks the limiter on purpose, so that a test can show that the proofs would notice.
    #[doc(hidden)]
    pub mutation: Mutation,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            pace: None,
            global: Some(GlobalLimit::default()),
            headerless: Duration::from_secs(1),
            priors: Priors::default(),
            max_wait: Duration::from_mins(15),
            max_waiting: 100_000,
            max_waiting_per_tenant: 100_000,
            shedding: Shedding::RejectNew,
            weights: BTreeMap::new(),
            ageing: Duration::from_secs(10),
            server_clock: None,
            round_trip_credit: 0,
            window_kinds: true,
            lost_margin: Duration::from_secs(1),
            edge_ban: Duration::from_hours(1),
            guard: GuardConfig::default(),
            breaker: BreakerConfig::default(),
            quota: RetryQuota::default(),
            idle: Duration::from_mins(1),
            seed: None,
            mutation: Mutation::None,
        }
    }
}

impl Config {
    /// How often per round a tenant is served.
    pub(crate) fn weight(&self, tenant: Tenant) -> u32 {
        self.weights.get(&tenant).copied().unwrap_or(1).max(1)
    }
}

/// Who is refused when as many wait as may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shedding {
    /// Whoever comes.
    #[default]
    RejectNew,
    /// The bulk request that waits longest, of the tenant where its own bound is reached, else of all; if
    /// no bulk request waits, whoever comes.
    DropOldestBulk,
}

/// At most `limit` requests in any `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalLimit {
    /// How many: 50.
    pub limit: u32,
    /// In which time: 1 s.
    pub window: Duration,
}

impl Default for GlobalLimit {
    fn default() -> Self {
        Self { limit: 50, window: Duration::from_secs(1) }
    }
}

/// A deliberate defect. Each must make a property fail.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mutation {
    #[default]
    None,
    /// Each bucket allows one more than its limit.
    OneMoreInBucket,
    /// The global limit allows one more.
    OneMoreGlobal,
    /// A slot returns one window after the request was sent, not after it was answered.
    CountFromDeparture,
    /// Who comes last goes first.
    NewestFirst,
    /// Nobody looks at a route again when its limits have room.
    NeverWakes,
    /// What a cancelled request had taken is not given back.
    KeepsCancelled,
    /// Every window is taken for a fixed one.
    GuessesFixed,
    /// No mistake: what uses nothing is put to rest also where there is little, so that a test sees it.
    RestsAtOnce,
}
