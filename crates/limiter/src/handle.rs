//! The limiter for async code: one lock, a waker for each who waits, one timer. It does no HTTP.

#[cfg(feature = "tower")]
mod layer;
mod permit;
mod protect;
mod retrying;
pub mod store;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use journeyman_moment::{Clock, Moment};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::config::{Config, GlobalLimit};
use crate::credential::Credential;
use crate::explain::Explanation;
use crate::lineup::Ticket;
use crate::machine::{Machine, Output, Refusal};
use crate::quota::Purses;
use crate::reason::Reason;
use crate::request::Request;
use crate::route::Route;
use crate::saved::{Occasion, Saved};

#[cfg(feature = "tower")]
pub use layer::{LimitError, LimitLayer, Limited, LimitedBody, LimitedFuture, Retried, RetryLayer};
pub use permit::{Ended, Permit};
pub use retrying::{RetryError, Tried};

/// Says when a request may go out. Clones share one state.
///
/// ```
/// use journeyman_limiter::{Answer, Clock, Config, Limiter, Request};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let limiter = Limiter::new(Config::default(), Clock::real());
/// let request = Request::get("/channels/1001234567890123456/messages");
///
/// let mut permit = limiter.acquire(&request).await?;
/// permit.departed();
/// // … send it …
/// permit.answered(&Answer::read(200, [("x-ratelimit-remaining", "4")], b""));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Limiter {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Mutex<Shared>,
    clock: Clock,
    timer: Arc<Notify>,
}

struct Shared {
    machine: Machine,
    /// Those who wait, and what they have not heard yet.
    waiters: BTreeMap<Ticket, Waiter>,
    /// What each credential may still spend on retries.
    purses: Purses,
    rng: fastrand::Rng,
    task: Option<JoinHandle<()>>,
    /// When the timer task looks next.
    armed: Option<Moment>,
}

/// What becomes of one in line.
type News = Result<(), Refusal>;

#[derive(Default)]
struct Waiter {
    waker: Option<Waker>,
    news: Option<News>,
}

/// Why there is no permit: the request would have waited too long, or must not be sent at all.
///
/// Nothing was sent. Its [`reason`](Self::reason) may name a cure. Otherwise try later (see [`wait`](Self::wait)), with a later deadline,
/// or with a longer `max_wait`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What was to be sent.
    pub route: Box<Route>,
    /// Why not.
    pub refusal: Refusal,
}

impl Refused {
    /// What the request would have waited for.
    pub fn reason(&self) -> Reason {
        self.refusal.reason
    }

    /// How long from the refusal, at least.
    pub fn wait(&self) -> Duration {
        self.refusal.wait
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no permit for {}: {}", self.route, self.refusal)?;
        if self.refusal.reason.cure().is_some() {
            return Ok(());
        }
        f.write_str("; try again later or allow a longer wait")
    }
}

impl std::error::Error for Refused {}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

impl Limiter {
    /// A limiter that knows no routes yet.
    pub fn new(config: Config, clock: Clock) -> Self {
        let seed = config.seed.unwrap_or_else(random);
        let rng = fastrand::Rng::with_seed(seed);
        let machine = Machine::new(Config { seed: Some(seed), ..config });
        let (waiters, purses) = (BTreeMap::new(), Purses::default());
        let shared = Shared { machine, waiters, purses, rng, task: None, armed: None };
        let inner = Inner { shared: Mutex::new(shared), clock, timer: Arc::new(Notify::new()) };
        Self { inner: Arc::new(inner) }
    }

    /// Waits until the request may go.
    ///
    /// Must be called inside a tokio runtime with time enabled.
    ///
    /// # Errors
    /// [`Refused`] if the request would come after its deadline or wait longer than `max_wait`,
    /// as soon as that is clear. Nothing is sent then.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the line; what it had taken is given back.
    pub async fn acquire(&self, request: &Request) -> Result<Permit, Refused> {
        self.acquire_at(request, None).await
    }

    async fn acquire_at(&self, request: &Request, before: Option<Ticket>) -> Result<Permit, Refused> {
        let ticket = match self.line_up(request, before) {
            Ok(ticket) => ticket,
            Err(news) => return news,
        };
        if tracing::enabled!(tracing::Level::DEBUG) {
            tracing::debug!(why = %self.explain(request), "waiting");
        }
        let refused = |refusal| Refused { route: Box::new(Route::of(request)), refusal };
        let waiting = Waiting { inner: &self.inner, ticket, over: false };
        waiting.await.map_err(refused)?;
        let waited = self.inner.lock().machine.waited(ticket);
        for (reason, span) in &waited {
            tracing::debug!(%reason, ?span, route = %Route::of(request), "waited");
        }
        Ok(Permit::new(self.inner.clone(), ticket, waited))
    }

    /// Puts a request in line; an error is an answer that came at once.
    fn line_up(&self, request: &Request, before: Option<Ticket>) -> Result<Ticket, Result<Permit, Refused>> {
        let now = self.inner.clock.now();
        let mut shared = self.inner.lock();
        let ticket = match before {
            Some(before) => shared.machine.enqueue_again(now, request, before),
            None => shared.machine.enqueue(now, request),
        };
        let (wakers, news) = self.inner.drain(&mut shared, now, Some(ticket));
        if news.is_none() {
            shared.waiters.insert(ticket, Waiter::default());
            self.inner.start_timer(&mut shared);
        }
        drop(shared);
        wake(wakers);
        match news {
            Some(Ok(())) => Err(Ok(Permit::new(self.inner.clone(), ticket, Vec::new()))),
            Some(Err(refusal)) => Err(Err(Refused { route: Box::new(Route::of(request)), refusal })),
            None => Ok(ticket),
        }
    }

    /// Why the request would wait, and what is known of its route.
    pub fn explain(&self, request: &Request) -> Explanation {
        let now = self.inner.clock.now();
        self.inner.lock().machine.explain(now, request)
    }

    /// Tells the global limit of a credential, as [`Machine::set_global`] does.
    pub fn set_global(&self, credential: Credential, limit: GlobalLimit) {
        self.inner.tell(|machine, now| machine.set_global(now, credential, limit));
    }

    /// Forgets it, as [`Machine::unset_global`] does.
    pub fn unset_global(&self, credential: Credential) {
        self.inner.tell(|machine, now| machine.unset_global(now, credential));
    }

    /// What is known of limits, to be kept over a restart: [`Machine::save`]. `wall` is the time since 1970.
    pub fn save(&self, wall: Duration, occasion: Occasion) -> Saved {
        let now = self.inner.clock.now();
        self.inner.lock().machine.save(now, wall, occasion)
    }

    /// Takes over what an earlier process has saved, before the first request: [`Machine::load`].
    pub fn restore(&self, saved: &Saved, wall: Duration) {
        self.inner.tell(|machine, now| machine.load(now, saved, wall));
    }

    /// How many requests wait.
    pub fn waiting(&self) -> usize {
        self.inner.lock().machine.waiting()
    }

    /// How many permits are out.
    pub fn in_flight(&self) -> usize {
        self.inner.lock().machine.in_flight()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic elsewhere must not stop all requests; the machine is consistent between two calls.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the machine something, and everybody else what follows from it.
    fn tell(&self, what: impl FnOnce(&mut Machine, Moment)) {
        let now = self.clock.now();
        let mut shared = self.lock();
        what(&mut shared.machine, now);
        let (wakers, _) = self.drain(&mut shared, now, None);
        drop(shared);
        wake(wakers);
    }

    /// Tells the machine of a departure, from which nothing follows for others unless departures are spaced.
    fn departed(&self, ticket: Ticket) {
        let now = self.clock.now();
        let mut shared = self.lock();
        shared.machine.departed(now, ticket);
        if shared.machine.config().pace.is_none() {
            return;
        }
        let (wakers, _) = self.drain(&mut shared, now, None);
        drop(shared);
        wake(wakers);
    }

    /// Hands out the machine's news; the wakers are to be woken without the lock. The news of `own`, who does
    /// not wait yet, comes back.
    fn drain(&self, shared: &mut Shared, now: Moment, own: Option<Ticket>) -> (Vec<Waker>, Option<News>) {
        let (mut wakers, mut own_news) = (Vec::new(), None);
        while let Some(output) = shared.machine.poll(now) {
            let (ticket, news) = match output {
                Output::Granted(ticket) => (ticket, Ok(())),
                Output::Refused { ticket, refusal } => (ticket, Err(refusal)),
            };
            if own == Some(ticket) {
                own_news = Some(news);
            } else if let Some(waiter) = shared.waiters.get_mut(&ticket) {
                waiter.news = Some(news);
                wakers.extend(waiter.waker.take());
            }
        }
        while let Some(event) = shared.machine.event() {
            protect::log(&event);
        }
        let next = shared.machine.next_wakeup().map(|(moment, _)| moment);
        if next.is_some_and(|next| shared.armed.is_none_or(|armed| next < armed)) {
            shared.armed = next;
            self.timer.notify_one();
        }
        (wakers, own_news)
    }

    /// Starts the timer task, and again if its runtime has ended.
    fn start_timer(self: &Arc<Self>, shared: &mut Shared) {
        if shared.task.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let timer = run_timer(Arc::downgrade(self), self.clock, self.timer.clone());
        shared.task = Some(tokio::spawn(timer));
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The timer task holds no handle; woken, it finds none left and ends.
        self.timer.notify_one();
    }
}

async fn run_timer(inner: Weak<Inner>, clock: Clock, changed: Arc<Notify>) {
    loop {
        let Some(next) = tick(&inner) else { return };
        tokio::select! {
            // Both are cancel safe: a notice that is not taken stays.
            () = clock.sleep_until(next) => {}
            () = changed.notified() => {}
        }
    }
}

/// Looks once, and says when to look again unless told before; none if no handle is left.
fn tick(inner: &Weak<Inner>) -> Option<Moment> {
    let inner = inner.upgrade()?;
    let now = inner.clock.now();
    let mut shared = inner.lock();
    let (wakers, _) = inner.drain(&mut shared, now, None);
    let next = shared.machine.next_wakeup().map(|(moment, _)| moment);
    shared.armed = next;
    drop(shared);
    wake(wakers);
    Some(next.unwrap_or(Moment::MAX))
}

fn wake(wakers: Vec<Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}

/// A seed from the randomness that the standard library gives its hash maps.
fn random() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

/// Somebody in line.
struct Waiting<'a> {
    inner: &'a Arc<Inner>,
    ticket: Ticket,
    over: bool,
}

impl Future for Waiting<'_> {
    type Output = Result<(), Refusal>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut shared = self.inner.lock();
        let Some(waiter) = shared.waiters.get_mut(&self.ticket) else { return Poll::Pending };
        let Some(news) = waiter.news else {
            waiter.waker = Some(context.waker().clone());
            return Poll::Pending;
        };
        shared.waiters.remove(&self.ticket);
        drop(shared);
        self.over = true;
        Poll::Ready(news)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        self.inner.lock().waiters.remove(&self.ticket);
        self.inner.tell(|machine, now| machine.cancel(now, self.ticket));
    }
}
