//! What somebody should hear of: the guard and the breakers have changed their minds. It asks for nothing.

use std::fmt;
use std::time::Duration;

use crate::class::Class;
use crate::credential::Credential;
use crate::tenant::Tenant;

/// Something that a person or a dashboard should hear of; see [`Machine::event`](crate::Machine::event).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// So many invalid requests in the guard's window: nothing is stopped yet.
    ManyInvalid {
        /// How many.
        count: u32,
    },
    /// So many invalid requests that only what is critical goes, or nothing at all.
    Stopped {
        /// How many.
        count: u32,
        /// Whether critical requests are stopped too.
        all: bool,
    },
    /// A tenant has made so many invalid requests that it is refused.
    TenantStopped {
        /// Which.
        tenant: Tenant,
    },
    /// A 401: the credential is refused from now on.
    TokenRefused {
        /// Which.
        credential: Credential,
    },
    /// A 404, or a 401 for its own token: the webhook is not asked any more.
    WebhookDead,
    /// A breaker has opened.
    Opened {
        /// For which routes; all of them if the edge bans the address.
        class: Option<Class>,
        /// How long until one request tries.
        wait: Duration,
    },
    /// A breaker has closed.
    Closed {
        /// For which routes.
        class: Option<Class>,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ManyInvalid { count } => write!(
                f,
                "{count} answers with 401, 403 or 429 lately; Discord bans the address at 10,000 in 10 min"
            ),
            Self::Stopped { count, all: false } => {
                write!(f, "{count} invalid requests lately: only critical ones go until there are fewer")
            }
            Self::Stopped { count, all: true } => {
                write!(f, "{count} invalid requests lately: nothing goes until there are fewer")
            }
            Self::TenantStopped { tenant } => write!(f, "{tenant:?} is refused: too many invalid requests"),
            Self::TokenRefused { credential } => {
                write!(f, "Discord refused the token of {credential:?}: nothing more is sent with it")
            }
            Self::WebhookDead => f.write_str("a webhook is gone: nothing more is sent to it"),
            Self::Opened { class: Some(class), wait } => {
                write!(f, "{class} keep failing: one of them tries again in {wait:.1?}")
            }
            Self::Opened { class: None, wait } => {
                write!(f, "the edge refuses this address: one request tries again in {wait:.1?}")
            }
            Self::Closed { class: Some(class) } => write!(f, "{class} work again"),
            Self::Closed { class: None } => f.write_str("the edge lets this address pass again"),
        }
    }
}
