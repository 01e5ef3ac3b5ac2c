//! When may a request go out? Discord rate limits, retries and permits. It sends nothing itself.
//!
//! Wait, send, tell the limiter what the answer said:
//!
//! ```
//! # #[cfg(feature = "tokio")] mod example {
//! use journeyman_limiter::{Answer, Clock, Config, Limiter, Request};
//! use std::time::Duration;
//!
//! # struct Response { status: u16 }
//! # impl Response { fn headers(&self) -> [(&str, &str); 1] { [("x-ratelimit-remaining", "4")] } fn body(&self) -> &[u8] { b"" } }
//! # async fn http_get(_: &str) -> Response { Response { status: 200 } }
//! # pub async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let pace = Some(Duration::from_millis(350));
//! let limiter = Limiter::new(Config { pace, ..Config::default() }, Clock::real());
//!
//! let request = Request::get("/channels/1001234567890123456/messages");
//! let mut permit = limiter.acquire(&request).await?;
//! permit.departed();
//! let response = http_get(&request.path).await;
//! permit.answered(&Answer::read(response.status, response.headers(), response.body()));
//! # Ok(()) }
//! # }
//! # #[cfg(feature = "tokio")] #[tokio::main(flavor = "current_thread")]
//! # async fn main() { example::run().await.expect("it runs") }
//! # #[cfg(not(feature = "tokio"))] fn main() {}
//! ```
//!
//! Or let it try again. What may have been executed is resent only if that does no harm, and the wait
//! that a 429 asks for is never shortened:
//!
//! ```
//! # #[cfg(feature = "tokio")] mod example {
//! use journeyman_limiter::{Answer, Clock, Config, Limiter, Request, RetryPolicy};
//!
//! # #[derive(Debug)] struct HttpError { is_connect: bool }
//! # impl std::fmt::Display for HttpError { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("http") } }
//! # impl std::error::Error for HttpError {}
//! # struct Response { status: u16 }
//! # impl Response { fn headers(&self) -> [(&str, &str); 0] { [] } fn body(&self) -> &[u8] { b"" } }
//! # async fn http_post(_: &str) -> Result<Response, HttpError> { Ok(Response { status: 204 }) }
//! # pub async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! # let limiter = Limiter::new(Config::default(), Clock::real());
//! let policy = RetryPolicy { statuses: vec![429, 500, 502, 503, 504], max_retries: 3, ..RetryPolicy::default() };
//! let request = Request::post("/interactions").with_resource("channels/1001234567890123456");
//!
//! let response = limiter
//!     .with_retry(&request, &policy, |mut permit| async move {
//!         permit.departed();
//!         match http_post("/interactions").await {
//!             Ok(response) => {
//!                 let answer = Answer::read(response.status, response.headers(), response.body());
//!                 permit.answered(&answer).ok(response)
//!             }
//!             Err(error) if error.is_connect => permit.not_sent().err(error),
//!             // It may have been executed: a POST is not sent again, and this error comes back.
//!             Err(error) => permit.maybe_sent().err(error),
//!         }
//!     })
//!     .await?;
//! assert_eq!(response.status, 204);
//! # Ok(()) }
//! # }
//! # #[cfg(feature = "tokio")] #[tokio::main(flavor = "current_thread")]
//! # async fn main() { example::run().await.expect("it runs") }
//! # #[cfg(not(feature = "tokio"))] fn main() {}
//! ```
//!
//! Around an HTTP client that is a tower service (feature `tower`), a layer does all of it:
//!
//! ```
//! # #[cfg(feature = "tower")] mod example {
//! use journeyman_limiter::{Clock, Config, LimitLayer, Limiter, RetryPolicy};
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # pub async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! # type Body = http_body_util::Full<bytes::Bytes>;
//! # let client = tower::service_fn(|_: http::Request<String>| async {
//! #     Ok::<_, std::io::Error>(http::Response::new(Body::default()))
//! # });
//! let limits = LimitLayer::new(Limiter::new(Config::default(), Clock::real()));
//! let discord = ServiceBuilder::new().layer(limits.retrying(RetryPolicy::default())).service(client);
//!
//! let request = http::Request::get("https://discord.com/api/v10/users/@me").body(String::new())?;
//! let response = discord.clone().oneshot(request).await?;
//! # assert_eq!(response.status(), 200);
//! # Ok(()) }
//! # }
//! # #[cfg(feature = "tower")] #[tokio::main(flavor = "current_thread")]
//! # async fn main() { example::run().await.expect("it runs") }
//! # #[cfg(not(feature = "tower"))] fn main() {}
//! ```
//!
//! What goes out has passed, in this order: its deadline, the decision to try again, the guard of the address and
//! the circuit breaker of its class, and all of its limits.
//!
//! The [manual](_guide) says what is promised, and why it holds. The limiter itself is [`Machine`],
//! which has no IO; `Limiter` (feature `tokio`) puts a lock, wakers and a timer around it. For people,
//! [`Machine::explain`] says why a request would wait.

pub mod _guide;
mod backoff;
mod breaker;
mod class;
mod config;
mod credential;
mod egress;
mod event;
mod explain;
mod fields;
mod guard;
#[cfg(feature = "tokio")]
mod handle;
mod headers;
#[cfg(feature = "http")]
mod http_types;
mod ids;
mod ledger;
mod limit;
mod lineup;
mod machine;
mod priority;
mod priors;
mod quota;
mod rarely;
mod reason;
mod request;
mod retry;
mod route;
mod safeguards;
mod saved;
mod slab;
mod tenant;
mod verdict;

pub use backoff::full_jitter;
pub use breaker::{BreakerConfig, Circuit};
pub use class::Class;
#[doc(hidden)]
pub use config::Mutation;
pub use config::{Config, GlobalLimit, Shedding};
pub use credential::Credential;
pub use egress::Egress;
pub use event::Event;
pub use explain::{Evidence, Explanation, Hold, Knowledge, LearntLimit};
pub use fields::Fields;
pub use guard::GuardConfig;
#[cfg(feature = "tokio")]
pub use handle::{Ended, Limiter, Permit, Refused, RetryError, Tried, store};
#[cfg(feature = "tower")]
pub use handle::{LimitError, LimitLayer, Limited, LimitedBody, LimitedFuture, Retried, RetryLayer};
pub use headers::{Answer, Notice, Scope};
#[cfg(feature = "tokio")]
pub use journeyman_moment::Clock;
pub use journeyman_moment::Moment;
pub use ledger::End;
pub use limit::WindowKind;
pub use lineup::Ticket;
pub use machine::{Machine, Output, Refusal};
pub use priority::{Priority, UnknownPriority};
pub use priors::{Priors, PriorsError};
pub use quota::RetryQuota;
pub use reason::Reason;
pub use request::{Method, Request, UnknownMethod};
pub use retry::{Attempt, Certainty, Decision, RetryPolicy, Stop, decide};
pub use route::Route;
pub use saved::{Occasion, Saved, SavedError};
pub use tenant::Tenant;
pub use verdict::Verdict;
