//! What the guard and the breakers of a limiter have latched, for people to see and to undo. It decides nothing.

use crate::breaker::Circuit;
use crate::class::Class;
use crate::credential::Credential;
use crate::event::Event;
use crate::handle::Limiter;
use crate::machine::Machine;
use crate::request::Request;

impl Limiter {
    /// Whether a 401 has latched the credential: all that it asks for is refused until [`unlatch`](Self::unlatch).
    pub fn is_latched(&self, credential: Credential) -> bool {
        self.inner.lock().machine.is_latched(credential)
    }

    /// Somebody has seen to a credential that a 401 had latched, and it may be tried again. False if it was not.
    pub fn unlatch(&self, credential: Credential) -> bool {
        self.inner.lock().machine.unlatch(credential)
    }

    /// Somebody has seen to the webhook of a request, and it may be asked again. False if it was not latched.
    pub fn unlatch_webhook(&self, request: &Request) -> bool {
        self.inner.lock().machine.unlatch_webhook(request)
    }

    /// Stops everything before [`resume`](Self::resume): what waits is refused, and nothing is tried. What is on its way goes on.
    pub fn isolate(&self, why: &str) {
        self.inner.tell(|machine, now| machine.isolate(now, why));
    }

    /// Starts everything again: all breakers are closed. What a 401 or a 404 has latched stays so.
    pub fn resume(&self) {
        self.inner.tell(Machine::resume);
    }

    /// Why everything is stopped, if it is.
    pub fn isolation(&self) -> Option<String> {
        self.inner.lock().machine.isolation().map(str::to_owned)
    }

    /// What each circuit breaker lets through: [`Machine::breakers`].
    pub fn breakers(&self) -> Vec<(Option<Class>, Circuit)> {
        self.inner.lock().machine.breakers()
    }

    /// How many answers with 401, 403 or 429 there were in the guard's window, of scope `shared` excepted.
    pub fn invalid_requests(&self) -> usize {
        let now = self.inner.clock.now();
        self.inner.lock().machine.invalid_requests(now)
    }
}

/// Someone must look at what has stopped; the rest is a change of state.
pub(super) fn log(event: &Event) {
    match event {
        Event::Closed { .. } => tracing::info!("{event}"),
        Event::ManyInvalid { .. }
        | Event::Stopped { .. }
        | Event::TenantStopped { .. }
        | Event::TokenRefused { .. }
        | Event::WebhookDead
        | Event::Opened { .. } => tracing::warn!("{event}"),
    }
}
