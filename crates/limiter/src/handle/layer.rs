//! The limiter around any HTTP client that is a tower service. It opens no connection itself.

mod body;
mod error;

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use crate::handle::retrying::Tried;
use crate::handle::{Limiter, Permit};
use crate::headers::Answer;
use crate::request::{Request, UnknownMethod};
use crate::retry::{Certainty, RetryPolicy};

pub use body::LimitedBody;
pub use error::LimitError;

use error::Fault;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The answer of [`Limited`] or [`Retried`] that is still to come. Dropped, it ends its permit as dropping
/// the permit does: what has not departed gives back what it took.
pub type LimitedFuture<R> =
    Pin<Box<dyn Future<Output = Result<http::Response<LimitedBody<R>>, LimitError>> + Send>>;

/// Whether an error of the client means that no byte has left.
type NotSent = fn(&(dyn std::error::Error + 'static)) -> bool;

/// Makes each request wait for its limits, and tells the limiter each answer.
///
/// Waiting happens inside `call`: the service is always ready, so that a request whose bucket is empty holds
/// up nobody else. The client below must be `Clone`, as HTTP clients are, and is made ready after the wait.
/// Nothing is sent twice; for that there is [`retrying`](Self::retrying).
///
/// A request is read by [`Request::of_http`]. To say more (the channel of an interaction, a deadline), put a
/// [`Request`] of your own into its extensions; it is used as it stands.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use journeyman_limiter::{Clock, Config, LimitLayer, Limiter};
/// use tower::{ServiceBuilder, ServiceExt};
///
/// # let client = tower::service_fn(|_: http::Request<String>| async {
/// #     Ok::<_, std::io::Error>(http::Response::new(http_body_util::Full::<bytes::Bytes>::default()))
/// # });
/// let limiter = Limiter::new(Config::default(), Clock::real());
/// let discord = ServiceBuilder::new().layer(LimitLayer::new(limiter)).service(client);
///
/// let request = http::Request::get("https://discord.com/api/v10/users/@me").body(String::new())?;
/// let response = discord.clone().oneshot(request).await?;
/// assert_eq!(response.status(), 200);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct LimitLayer {
    limiter: Limiter,
    not_sent: NotSent,
}

/// As [`LimitLayer`], and tries again by a [`RetryPolicy`]; made by [`LimitLayer::retrying`].
#[derive(Clone, Debug)]
pub struct RetryLayer {
    once: LimitLayer,
    policy: RetryPolicy,
}

/// An HTTP client whose requests wait for their limits; made by [`LimitLayer`].
#[derive(Clone, Debug)]
pub struct Limited<S> {
    layer: LimitLayer,
    inner: S,
}

/// An HTTP client whose requests wait for their limits and are tried again; made by [`RetryLayer`].
#[derive(Clone, Debug)]
pub struct Retried<S> {
    layer: RetryLayer,
    inner: S,
}

impl LimitLayer {
    /// A layer around clients that share this limiter.
    pub fn new(limiter: Limiter) -> Self {
        Self { limiter, not_sent: error::is_without_connection }
    }

    /// Says by which errors of the client it is certain that no byte has left.
    ///
    /// Unless set, those are the system's refusals to connect; all other errors count as "it may have been
    /// executed". With hyper's client, for one, `error.is_connect()` knows more.
    #[must_use]
    pub fn not_sent_if(mut self, is_certain: fn(&(dyn std::error::Error + 'static)) -> bool) -> Self {
        self.not_sent = is_certain;
        self
    }

    /// The same with retries, by [`Limiter::with_retry`]: what a 429 refused goes again, at the head of its line,
    /// and what may have been executed only if that does no harm.
    ///
    /// The request's body must be `Clone`: a stream cannot be sent twice.
    pub fn retrying(self, policy: RetryPolicy) -> RetryLayer {
        RetryLayer { once: self, policy }
    }
}

impl fmt::Debug for LimitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitLayer").field("limiter", &self.limiter).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for LimitLayer {
    type Service = Limited<S>;

    fn layer(&self, inner: S) -> Limited<S> {
        Limited { layer: self.clone(), inner }
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Retried<S>;

    fn layer(&self, inner: S) -> Retried<S> {
        Retried { layer: self.clone(), inner }
    }
}

impl<S, B, R> Service<http::Request<B>> for Limited<S>
where
    S: Service<http::Request<B>, Response = http::Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Send + 'static,
    R: Body<Data = Bytes> + Send + Unpin + 'static,
    R::Error: Send,
{
    type Response = http::Response<LimitedBody<R>>;
    type Error = LimitError;
    type Future = LimitedFuture<R>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), LimitError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> LimitedFuture<R> {
        let (layer, inner) = (self.layer.clone(), self.inner.clone());
        Box::pin(async move {
            let (limits, request) = limits(request).map_err(LimitError::Method)?;
            let permit = layer.limiter.acquire(&limits).await?;
            Ok(send(&layer, permit, inner, request).await.result?)
        })
    }
}

impl<S, B, R> Service<http::Request<B>> for Retried<S>
where
    S: Service<http::Request<B>, Response = http::Response<R>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Clone + Send + Sync + 'static,
    R: Body<Data = Bytes> + Send + Unpin + 'static,
    R::Error: Send,
{
    type Response = http::Response<LimitedBody<R>>;
    type Error = LimitError;
    type Future = LimitedFuture<R>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), LimitError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> LimitedFuture<R> {
        let (layer, inner) = (self.layer.clone(), self.inner.clone());
        Box::pin(async move {
            let (limits, request) = limits(request).map_err(LimitError::Method)?;
            let tried = layer.once.limiter.with_retry(&limits, &layer.policy, |permit| {
                send(&layer.once, permit, inner.clone(), request.clone())
            });
            Ok(tried.await?)
        })
    }
}

/// What the limiter needs to know, and the request without it.
fn limits<B>(request: http::Request<B>) -> Result<(Request, http::Request<B>), UnknownMethod> {
    let (mut head, body) = request.into_parts();
    let limits = match head.extensions.remove::<Request>() {
        Some(said) => said,
        None => Request::of_http(&head)?,
    };
    Ok((limits, http::Request::from_parts(head, body)))
}

/// One try: makes the client ready, sends, and ends the permit with what came of it.
async fn send<S, B, R>(
    layer: &LimitLayer,
    mut permit: Permit,
    mut inner: S,
    request: http::Request<B>,
) -> Tried<http::Response<LimitedBody<R>>, Fault>
where
    S: Service<http::Request<B>, Response = http::Response<R>>,
    S::Error: Into<BoxError>,
    R: Body<Data = Bytes> + Unpin,
{
    if let Err(error) = poll_fn(|context| inner.poll_ready(context)).await {
        return permit.not_sent().err(Fault { source: error.into(), certainty: Certainty::NotSent });
    }
    permit.departed();
    let answered: Result<_, BoxError> = inner.call(request).await.map_err(Into::into);
    match answered {
        Ok(response) => {
            let (head, body) = response.into_parts();
            let body = if Answer::reads_body(head.status.as_u16()) {
                LimitedBody::read_ahead(body, layer.limiter.inner.clock).await
            } else {
                LimitedBody::unread(body)
            };
            let ended = permit.answered(&Answer::of_http(&head, &body.beginning()));
            ended.ok(http::Response::from_parts(head, body))
        }
        Err(source) => {
            let ended = if (layer.not_sent)(&*source) { permit.not_sent() } else { permit.maybe_sent() };
            let certainty = ended.certainty;
            ended.err(Fault { source, certainty })
        }
    }
}
