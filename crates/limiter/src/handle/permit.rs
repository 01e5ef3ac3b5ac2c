//! The right to send one request, which ends in exactly one way. It sends nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::handle::Inner;
use crate::handle::retrying::Tried;
use crate::headers::Answer;
use crate::ledger::End;
use crate::lineup::Ticket;
use crate::reason::Reason;
use crate::retry::Certainty;
use crate::verdict::Verdict;

/// The right to send one request.
///
/// Call [`departed`](Self::departed) right before bytes can leave, and end it with
/// [`answered`](Self::answered), [`not_sent`](Self::not_sent) or [`maybe_sent`](Self::maybe_sent).
/// Dropped before `departed`, it counts as not sent and gives back all that it took;
/// dropped after, as maybe sent: what it took is spent.
#[must_use = "dropped, it gives back the right to send"]
pub struct Permit {
    inner: Arc<Inner>,
    ticket: Ticket,
    waited: Vec<(Reason, Duration)>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Granted,
    Departed,
    Ended,
}

/// How a permit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub(crate) ticket: Ticket,
    /// Whether the request reached the server.
    pub certainty: Certainty,
    /// The answer's status.
    pub status: Option<u16>,
    /// What a 429 meant.
    pub verdict: Option<Verdict>,
    /// How long the server asked to wait.
    pub retry_after: Option<Duration>,
}

impl Ended {
    /// The outcome of a try for `with_retry`: this ending, with a value.
    pub fn ok<T, E>(self, value: T) -> Tried<T, E> {
        Tried { ended: self, result: Ok(value) }
    }

    /// The outcome of a try for `with_retry`: this ending, with an error.
    pub fn err<T, E>(self, error: E) -> Tried<T, E> {
        Tried { ended: self, result: Err(error) }
    }
}

impl Permit {
    pub(super) fn new(inner: Arc<Inner>, ticket: Ticket, waited: Vec<(Reason, Duration)>) -> Self {
        Self { inner, ticket, waited, stage: Stage::Granted }
    }

    /// What the request has waited for, and how long.
    pub fn waited(&self) -> &[(Reason, Duration)] {
        &self.waited
    }

    /// Bytes may leave from now on. The pace counts between departures; a second call does nothing.
    pub fn departed(&mut self) {
        if self.stage == Stage::Granted {
            self.stage = Stage::Departed;
            self.inner.departed(self.ticket);
        }
    }

    /// The server answered. Call it when the headers have arrived, for waits count from then.
    pub fn answered(mut self, answer: &Answer) -> Ended {
        self.stage = Stage::Ended;
        self.inner.tell(|machine, now| machine.settle(now, self.ticket, End::Answered(answer)));
        let verdict = Verdict::of(answer);
        let retry_after = verdict.map_or(answer.retry_after, |verdict| verdict.wait());
        Ended { status: Some(answer.status), verdict, retry_after, ..self.ended(Certainty::Answered) }
    }

    /// No byte can have left: no connection, or none that took the request. All is given back.
    pub fn not_sent(mut self) -> Ended {
        self.stage = Stage::Ended;
        self.inner.tell(|machine, now| machine.settle(now, self.ticket, End::NotSent));
        self.ended(Certainty::NotSent)
    }

    /// It may have been executed, and no answer will come. All that it took is spent.
    pub fn maybe_sent(mut self) -> Ended {
        self.stage = Stage::Ended;
        self.inner.tell(|machine, now| machine.settle(now, self.ticket, End::MaybeSent));
        self.ended(Certainty::MaybeSent)
    }

    fn ended(&self, certainty: Certainty) -> Ended {
        Ended { ticket: self.ticket, certainty, status: None, verdict: None, retry_after: None }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.stage != Stage::Ended {
            self.inner.tell(|machine, now| machine.cancel(now, self.ticket));
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let departed = self.stage == Stage::Departed;
        f.debug_struct("Permit")
            .field("waited", &self.waited)
            .field("departed", &departed)
            .finish_non_exhaustive()
    }
}
