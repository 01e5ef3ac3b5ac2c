//! The limiter's settings with their defaults. It holds no limit that Discord names in its answers.

use std::time::Duration;

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
    /// The longest wait; a request that would wait longer is refused: 15 min.
    pub max_wait: Duration,
    /// How many requests may wait at once; further ones are refused: 100,000.
    pub max_waiting: usize,
    /// After how long in line a request counts as one class more urgent: 10 s. So a bulk request competes
    /// with critical ones after three times this long, and goes before those that came later.
    pub ageing: Duration,
    /// How long after its connection closed a request may still reach the server: 1 s.
    pub lost_margin: Duration,
    /// How long the edge's ban lasts when it does not say: 1 h.
    pub edge_ban: Duration,
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
            max_wait: Duration::from_mins(15),
            max_waiting: 100_000,
            ageing: Duration::from_secs(10),
            lost_margin: Duration::from_secs(1),
            edge_ban: Duration::from_hours(1),
            idle: Duration::from_mins(1),
            seed: None,
            mutation: Mutation::None,
        }
    }
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
}
