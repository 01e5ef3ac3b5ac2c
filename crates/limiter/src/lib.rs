//! When may a request go out? Discord rate limits, retries and permits. It sends nothing itself.

mod backoff;
mod config;
mod credential;
mod explain;
#[cfg(feature = "tokio")]
mod handle;
mod headers;
mod ledger;
mod limit;
mod lineup;
mod machine;
mod reason;
mod request;
mod retry;
mod route;
mod slab;
mod verdict;

pub use backoff::full_jitter;
#[doc(hidden)]
pub use config::Mutation;
pub use config::{Config, GlobalLimit};
pub use credential::Credential;
pub use explain::{Explanation, Hold, Knowledge};
#[cfg(feature = "tokio")]
pub use handle::{Ended, Limiter, Permit, Refused, RetryError, Tried};
pub use headers::{Answer, Notice, Scope};
#[cfg(feature = "tokio")]
pub use journeyman_moment::Clock;
pub use journeyman_moment::Moment;
pub use ledger::End;
pub use lineup::Ticket;
pub use machine::{Machine, Output, Refusal};
pub use reason::Reason;
pub use request::{Method, Request, UnknownMethod};
pub use retry::{Attempt, Certainty, Decision, RetryPolicy, Stop, decide};
pub use route::Route;
pub use verdict::Verdict;
