//! Discord's REST API, spoken over the limiter. It knows no prompts and no jobs.

mod call;
mod client;
mod download;
mod recall;
mod refresh;
#[cfg(feature = "user-account")]
mod upload;

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use journeyman_limiter::Limiter;
use journeyman_model::UserId;
use journeyman_moment::Clock;

pub use client::CannotStart;
pub use download::{DownloadError, DownloadErrorKind, Downloader, Hosts};
pub use recall::Recall;
#[cfg(feature = "user-account")]
pub use upload::UploadError;

use crate::wire::{self, Answer, Unreadable};
use crate::{CallError, Config, ServerDate};

/// The API as one account sees it. Clones share the connections, the limiter, and what was learnt.
///
/// After one 401 it sends nothing more before [`unlatch`](Self::unlatch): the token is not valid, and each further try would count towards
/// Discord's limit of invalid requests, which blocks the whole machine (Discord's docs, "Rate Limits").
#[derive(Clone)]
pub struct Rest {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    limiter: Limiter,
    clock: Clock,
    /// For requests that may be repeated: connections are kept and reused.
    pooled: reqwest::Client,
    /// For requests that must not be: each leaves on a connection of its own.
    fresh: reqwest::Client,
    date: Mutex<Option<ServerDate>>,
    /// How many calls were made.
    calls: AtomicU64,
    #[cfg(feature = "user-account")]
    commands: crate::commands::Known,
}

impl Rest {
    /// Sets up the connections; sends nothing.
    ///
    /// # Errors
    /// [`CannotStart`] when TLS cannot be set up, as on a machine without CA certificates.
    pub fn new(config: Config, limiter: Limiter, clock: Clock) -> Result<Self, CannotStart> {
        let pooled = client::pooled(&config, &clock)?;
        let fresh = client::fresh(&config, &clock)?;
        Ok(Self {
            inner: Arc::new(Inner {
                config,
                limiter,
                clock,
                pooled,
                fresh,
                date: Mutex::new(None),
                calls: AtomicU64::new(0),
                #[cfg(feature = "user-account")]
                commands: crate::commands::Known::default(),
            }),
        })
    }

    /// The settings it was made with.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The clock it was made with.
    pub fn clock(&self) -> Clock {
        self.inner.clock
    }

    /// The limiter that its requests pass through.
    pub fn limiter(&self) -> &Limiter {
        &self.inner.limiter
    }

    /// Whether Discord answered 401, so that nothing is sent any more: the limiter has latched the token.
    pub fn is_token_refused(&self) -> bool {
        self.inner.limiter.is_latched(self.inner.config.token.credential())
    }

    /// Somebody has seen to the token that Discord had refused, and it may be tried again. False if it was not.
    pub fn unlatch(&self) -> bool {
        self.inner.limiter.unlatch(self.inner.config.token.credential())
    }

    /// The date of the newest answer, by Discord's clock, and when its headers were received.
    pub fn server_date(&self) -> Option<ServerDate> {
        *self.inner.date.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(feature = "user-account")]
    pub(crate) fn known_commands(&self) -> &crate::commands::Known {
        &self.inner.commands
    }

    /// The id of the account that the token belongs to.
    ///
    /// # Errors
    /// As [`Rest::call`]; an answer without an id is [`Unexpected`](crate::CallErrorKind::Unexpected).
    ///
    /// # Cancel safety
    /// As [`Rest::call`].
    pub async fn me(&self) -> Result<UserId, CallError> {
        self.read(&wire::me(), wire::read::user).await
    }

    /// Makes a call and reads its answer with one of [`wire::read`].
    ///
    /// # Errors
    /// As [`Rest::call`]; an answer that cannot be read is [`Unexpected`](crate::CallErrorKind::Unexpected).
    ///
    /// # Cancel safety
    /// As [`Rest::call`].
    pub async fn read<T>(
        &self,
        request: &wire::Request,
        read: impl FnOnce(&Answer) -> Result<T, Unreadable>,
    ) -> Result<T, CallError> {
        let answer = self.call(request).await?;
        read(&answer).map_err(|unreadable| CallError::from_unreadable(&request.purpose, answer, unreadable))
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Config { api_base, .. } = &self.inner.config;
        f.debug_struct("Rest").field("api_base", api_base).finish_non_exhaustive()
    }
}
