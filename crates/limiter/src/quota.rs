//! How much retrying a credential may do: a number of tokens that retries spend and successes bring. It waits for nothing.

use std::collections::BTreeMap;

use crate::credential::Credential;
use crate::retry::{Attempt, Certainty};

/// How much retrying a credential may do against a server that fails.
///
/// Each has a purse of tokens. A retry after a failure spends some, and gets them back if it succeeds; a first
/// try that succeeds brings one. With an empty purse there is no retry, and the breaker of the route opens. A wait
/// that the server named costs nothing: it says when, not that something is wrong.
///
/// ```
/// use journeyman_limiter::{Config, RetryQuota};
///
/// let quota = RetryQuota { most: 50, ..RetryQuota::default() };
/// assert_eq!(Config { quota, ..Config::default() }.quota.failure, 10);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryQuota {
    /// How many tokens a purse holds, and has at first: 100.
    pub most: u32,
    /// What a retry costs after a failure: 10.
    pub failure: u32,
    /// What a retry costs after a 429 that named no wait: 5.
    pub throttle: u32,
    /// What a first try that succeeds brings: 1.
    pub success: u32,
}

impl Default for RetryQuota {
    fn default() -> Self {
        Self { most: 100, failure: 10, throttle: 5, success: 1 }
    }
}

impl RetryQuota {
    /// What another try costs after this one.
    pub(crate) fn cost(&self, attempt: &Attempt) -> u32 {
        let is_limited = attempt.certainty == Certainty::Answered && attempt.status == Some(429);
        match (is_limited, attempt.retry_after) {
            (true, Some(_)) => 0,
            (true, None) => self.throttle,
            (false, _) => self.failure,
        }
    }
}

/// The purses that are not full; a credential without one has all its tokens.
#[derive(Debug, Default)]
pub(crate) struct Purses {
    spent: BTreeMap<Credential, u32>,
}

/// With more of them, the purse of the first is full again.
const MOST_PURSES: usize = 10_000;

impl Purses {
    /// Pays for a retry; false if there is not enough.
    pub(crate) fn pay(&mut self, whose: Credential, cost: u32, quota: &RetryQuota) -> bool {
        if cost == 0 {
            return true;
        }
        let spent = self.spent.get(&whose).copied().unwrap_or(0).saturating_add(cost);
        if spent > quota.most {
            return false;
        }
        self.spent.insert(whose, spent);
        if self.spent.len() > MOST_PURSES {
            self.spent.pop_first();
        }
        true
    }

    /// Brings tokens, at most until the purse is full.
    pub(crate) fn bring(&mut self, whose: Credential, tokens: u32) {
        if self.spent.is_empty() {
            return;
        }
        let Some(spent) = self.spent.get_mut(&whose) else { return };
        *spent = spent.saturating_sub(tokens);
        if *spent == 0 {
            self.spent.remove(&whose);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: Credential = Credential::ANONYMOUS;

    fn paid(purses: &mut Purses, cost: u32) -> u32 {
        (0..1_000)
            .take_while(|_| purses.pay(WHO, cost, &RetryQuota::default()))
            .count()
            .try_into()
            .expect("few")
    }

    #[test]
    fn ten_failures_empty_a_purse_and_another_credential_has_its_own() {
        let mut purses = Purses::default();
        assert_eq!(paid(&mut purses, 10), 10);
        assert!(!purses.pay(WHO, 5, &RetryQuota::default()));
        assert!(purses.pay(Credential::of_token("other"), 10, &RetryQuota::default()));
    }

    #[test]
    fn what_succeeds_brings_tokens_and_never_more_than_a_purse_holds() {
        let mut purses = Purses::default();
        assert_eq!(paid(&mut purses, 10), 10);
        purses.bring(WHO, 10);
        assert_eq!(paid(&mut purses, 10), 1, "a retry that succeeded is free");
        for _ in 0..5 {
            purses.bring(WHO, 1);
        }
        assert_eq!(paid(&mut purses, 5), 1);
        purses.bring(WHO, 10_000);
        assert_eq!(paid(&mut purses, 10), 10);
    }

    #[test]
    fn a_wait_that_the_server_names_costs_nothing() {
        let limited = |retry_after| Attempt {
            retries: 0,
            repeatable: true,
            certainty: Certainty::Answered,
            status: Some(429),
            retry_after,
            deadline: None,
        };
        let quota = RetryQuota::default();
        assert_eq!(quota.cost(&limited(Some(std::time::Duration::from_secs(1)))), 0);
        assert_eq!(quota.cost(&limited(None)), 5);
        assert_eq!(quota.cost(&Attempt { status: Some(502), ..limited(None) }), 10);
        assert_eq!(
            quota.cost(&Attempt { certainty: Certainty::MaybeSent, status: None, ..limited(None) }),
            10
        );
    }
}
