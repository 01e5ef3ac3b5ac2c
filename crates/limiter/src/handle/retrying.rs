//! Trying again: each try has its own permit. It resends nothing that may have been executed and must not be twice.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use crate::handle::permit::{Ended, Permit};
use crate::handle::{Limiter, Refused, Shared};
use crate::request::Request;
use crate::retry::{Attempt, Decision, RetryPolicy, Stop, decide, is_limited};

/// The outcome of one try: how its permit ended, and what came of it.
#[derive(Debug)]
#[must_use = "with_retry decides by it"]
pub struct Tried<T, E> {
    /// How the permit ended.
    pub ended: Ended,
    /// What came of it; an answer that is to be retried can be either.
    pub result: Result<T, E>,
}

/// Why a request was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryError<E> {
    /// The limiter refused the next try: its wait would have been too long.
    Refused {
        /// Why.
        refused: Refused,
        /// How many tries were made.
        tries: u32,
        /// What the last of them gave.
        source: Option<E>,
    },
    /// A try failed, and there was no further one.
    Failed {
        /// What the last try gave.
        source: E,
        /// Why there was no further one.
        why: Stop,
        /// How many tries were made.
        tries: u32,
        /// From the first try to the end of the last.
        elapsed: Duration,
    },
}

impl<E> fmt::Display for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { refused, tries: 0, .. } => refused.fmt(f),
            Self::Refused { refused, tries, .. } => write!(f, "{refused} (after {tries} tries)"),
            Self::Failed { why, tries, elapsed, .. } => {
                let tries = if *tries == 1 { "1 try".to_owned() } else { format!("{tries} tries") };
                write!(f, "failed after {tries} in {elapsed:.1?}: {why}")
            }
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for RetryError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused { source, .. } => source.as_ref().map(|source| source as _),
            Self::Failed { source, .. } => Some(source),
        }
    }
}

impl Limiter {
    /// Sends a request, and again where that makes sense and does no harm.
    ///
    /// The closure is called once for each try. It gets the permit, calls `departed`, sends, ends the
    /// permit, and says what came of it. The wait that a 429 asks for is the limiter's: the next try
    /// stands at the head of its line, and is never early. Between other tries there is a random wait
    /// that doubles ([`full_jitter`](crate::full_jitter)).
    ///
    /// ```
    /// # use journeyman_limiter::*;
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// # let limiter = Limiter::new(Config::default(), Clock::real());
    /// let request = Request::post("/interactions");
    /// let lost = limiter
    ///     .with_retry(&request, &RetryPolicy::default(), |mut permit| async move {
    ///         permit.departed();
    ///         // The connection broke after the request had left.
    ///         permit.maybe_sent().err::<(), _>("connection reset")
    ///     })
    ///     .await;
    /// // A POST that may have been executed is not sent again.
    /// assert!(matches!(lost, Err(RetryError::Failed { why: Stop::MayHaveRun, tries: 1, .. })));
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RetryError::Failed`] with the last try's error; an answer that the closure passed on as a
    /// value is returned as such, whatever its status. [`RetryError::Refused`] if the limiter would
    /// make a try wait too long.
    ///
    /// # Cancel safety
    /// Dropping the future ends the try under way as dropping its permit does, and there is no other.
    pub async fn with_retry<T, E, F, Fut>(
        &self,
        request: &Request,
        policy: &RetryPolicy,
        mut send: F,
    ) -> Result<T, RetryError<E>>
    where
        F: FnMut(Permit) -> Fut,
        Fut: Future<Output = Tried<T, E>>,
    {
        let started = self.inner.clock.now();
        let deadline = [policy.deadline, request.deadline].into_iter().flatten().min();
        let request = &Request { deadline, ..request.clone() };
        let mut retries = 0;
        let mut before = None;
        let mut last = None;
        // What the present try has cost.
        let mut paid = 0;
        loop {
            let permit = match self.acquire_at(request, before).await {
                Ok(permit) => permit,
                Err(refused) => return Err(RetryError::Refused { refused, tries: retries, source: last }),
            };
            let Tried { ended, result } = send(permit).await;
            let now = self.inner.clock.now();
            let attempt = Attempt {
                retries,
                repeatable: request.repeatable,
                certainty: ended.certainty,
                status: ended.status,
                retry_after: ended.retry_after,
                deadline: request.deadline,
            };
            let decision = decide(policy, &attempt, now, &mut self.inner.lock().rng);
            let is_good = attempt.status.is_some_and(|status| status < 400);
            let decision = self.budget(request, &attempt, &mut paid, decision, is_good);
            match decision {
                Decision::Again { after } => {
                    tracing::debug!(retries, ?after, status = ended.status, "trying again");
                    // What a 429 asks for, the limiter already waits for, with the place in the line kept.
                    if !is_limited(&attempt) {
                        self.inner.clock.sleep_until(now + after).await;
                    }
                }
                Decision::Stop { why } => {
                    let (tries, elapsed) = (retries + 1, now.since(started));
                    return result.map_err(|source| RetryError::Failed { source, why, tries, elapsed });
                }
            }
            (before, last) = (Some(ended.ticket), result.err());
            retries += 1;
        }
    }

    /// Lets the retry quota have its say on a decision.
    fn budget(
        &self,
        request: &Request,
        attempt: &Attempt,
        paid: &mut u32,
        decision: Decision,
        is_good: bool,
    ) -> Decision {
        let mut shared = self.inner.lock();
        let Shared { machine, purses, .. } = &mut *shared;
        let (quota, whose) = (&machine.config().quota, request.credential);
        if is_good {
            purses.bring(whose, if attempt.retries == 0 { quota.success } else { *paid });
        }
        let Decision::Again { .. } = decision else { return decision };
        *paid = quota.cost(attempt);
        if purses.pay(whose, *paid, quota) {
            return decision;
        }
        drop(shared);
        if !is_limited(attempt) {
            self.inner.tell(|machine, now| machine.exhausted(now, request));
        }
        Decision::Stop { why: Stop::Quota }
    }
}
