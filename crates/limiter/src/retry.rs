//! Whether to try again: one pure decision. It sends nothing and sleeps nothing.

use std::fmt;
use std::time::Duration;

use journeyman_moment::Moment;

use crate::backoff::full_jitter;

/// How sure it is that the request has reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// No byte can have left: no connection, or none that took the request.
    NotSent,
    /// It may have been executed: nobody knows.
    MaybeSent,
    /// The server answered.
    Answered,
}

/// When to try again, and how often.
///
/// ```
/// use journeyman_limiter::RetryPolicy;
///
/// let policy = RetryPolicy { max_retries: 5, ..RetryPolicy::default() };
/// assert_eq!(policy.statuses, [429, 500, 502, 503, 504]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Statuses after which another try makes sense: 429, 500, 502, 503, 504.
    pub statuses: Vec<u16>,
    /// How many tries after the first one: 3.
    pub max_retries: u32,
    /// The longest wait before the first retry; it doubles with each: 500 ms.
    pub base: Duration,
    /// The longest wait of ours between two tries: 30 s. A wait that the server asks for may be longer, up to
    /// `longest_wait`.
    pub cap: Duration,
    /// The longest wait before another try that a failing server may ask for (a 503's `Retry-After`): 5 min. A
    /// longer one ends the tries. What a 429 asks for is waited for by the limiter, within `Config::max_wait`.
    pub longest_wait: Duration,
    /// When no further try may start, whatever the request's own deadline: never.
    pub deadline: Option<Moment>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            statuses: vec![429, 500, 502, 503, 504],
            max_retries: 3,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            longest_wait: Duration::from_mins(5),
            deadline: None,
        }
    }
}

impl RetryPolicy {
    /// A policy that tries once.
    pub fn never() -> Self {
        Self { max_retries: 0, ..Self::default() }
    }
}

/// How one try went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// How many tries came before it.
    pub retries: u32,
    /// Whether a second execution does no harm: a GET, or a POST that carries a guarantee.
    pub repeatable: bool,
    /// Whether it reached the server.
    pub certainty: Certainty,
    /// The answer's status, if there was one.
    pub status: Option<u16>,
    /// The wait that the server asked for.
    pub retry_after: Option<Duration>,
    /// When it is too late to try again.
    pub deadline: Option<Moment>,
}

/// What to do after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a decision that nobody follows sends too often or never"]
pub enum Decision {
    /// Try again, this long from now at the earliest.
    Again {
        /// How long from now.
        after: Duration,
    },
    /// Do not try again.
    Stop {
        /// Why.
        why: Stop,
    },
}

/// Why there is no further try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The answer stands: its status is not one to retry.
    Final,
    /// The request may have been executed, and executing it twice could do harm.
    MayHaveRun,
    /// All tries are used.
    Exhausted,
    /// The credential has no tokens left for retries ([`RetryQuota`](crate::RetryQuota)): the server fails too often.
    Quota,
    /// The server asks for a longer wait than [`RetryPolicy::longest_wait`].
    TooLong {
        /// The wait that it asks for.
        wait: Duration,
    },
    /// The next try would come after the deadline.
    Deadline {
        /// The wait that there is no time for.
        wait: Duration,
    },
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Final => f.write_str("the answer is final"),
            Self::MayHaveRun => f.write_str(
                "it may have been executed, and a second time could do harm: look before you resend",
            ),
            Self::Exhausted => f.write_str("all tries are used"),
            Self::Quota => f.write_str("too much fails to try again (quota): the server is sick, try later"),
            Self::TooLong { wait } => {
                write!(
                    f,
                    "the server asks for a wait of {wait:?}, which is longer than is waited for: try later"
                )
            }
            Self::Deadline { wait } => write!(f, "the next try is {wait:?} away, after the deadline"),
        }
    }
}

/// Decides whether to try again.
///
/// The server's wait is never shortened, and gets no jitter: it is a fact about
/// when, not a sign of trouble. Everything else backs off with full jitter. What
/// may have been executed is resent only if that does no harm; a 500, 502, 503
/// or 504 counts as "may have been executed", for the answer may come from a
/// gateway that has already passed the request on.
///
/// ```
/// use journeyman_limiter::{decide, Attempt, Certainty, Decision, Moment, RetryPolicy, Stop};
///
/// let mut rng = fastrand::Rng::with_seed(1);
/// let lost_post = Attempt {
///     retries: 0,
///     repeatable: false,
///     certainty: Certainty::MaybeSent,
///     status: None,
///     retry_after: None,
///     deadline: None,
/// };
/// let decision = decide(&RetryPolicy::default(), &lost_post, Moment::ORIGIN, &mut rng);
/// assert_eq!(decision, Decision::Stop { why: Stop::MayHaveRun });
/// ```
pub fn decide(policy: &RetryPolicy, attempt: &Attempt, now: Moment, rng: &mut fastrand::Rng) -> Decision {
    if let Some(why) = obstacle(policy, attempt) {
        return Decision::Stop { why };
    }
    let after = if is_limited(attempt) {
        attempt.retry_after.unwrap_or_else(|| full_jitter(policy.base, policy.cap, attempt.retries, rng))
    } else {
        // A 503 may name a wait as well; ours is added only up to it.
        let jitter = full_jitter(policy.base, policy.cap, attempt.retries, rng);
        attempt.retry_after.map_or(jitter, |asked| asked.max(jitter))
    };
    if !is_limited(attempt) && after > policy.longest_wait {
        return Decision::Stop { why: Stop::TooLong { wait: after } };
    }
    let deadline = [policy.deadline, attempt.deadline].into_iter().flatten().min();
    if deadline.is_some_and(|deadline| now + after > deadline) {
        return Decision::Stop { why: Stop::Deadline { wait: after } };
    }
    Decision::Again { after }
}

fn obstacle(policy: &RetryPolicy, attempt: &Attempt) -> Option<Stop> {
    let retried = |status| policy.statuses.contains(&status);
    if attempt.certainty == Certainty::Answered && !attempt.status.is_some_and(retried) {
        return Some(Stop::Final);
    }
    let may_have_run = match attempt.certainty {
        Certainty::NotSent => false,
        Certainty::MaybeSent => true,
        // A limit refuses before anything is done.
        Certainty::Answered => !is_limited(attempt),
    };
    if may_have_run && !attempt.repeatable {
        return Some(Stop::MayHaveRun);
    }
    (attempt.retries >= policy.max_retries).then_some(Stop::Exhausted)
}

pub(crate) fn is_limited(attempt: &Attempt) -> bool {
    attempt.certainty == Certainty::Answered && attempt.status == Some(429)
}
