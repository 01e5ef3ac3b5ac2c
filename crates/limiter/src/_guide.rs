//! The manual: what the limiter knows, what it promises, and how to use it. It holds no code.
//!
//! # In one minute
//!
//! Discord limits how often a route may be called, by a *bucket* that its answers describe
//! (`X-RateLimit-Limit`, `-Remaining`, `-Reset-After`, `-Bucket`); it limits all routes of a
//! credential together, by a number that no header shows; and it has limits that show only in a 429.
//! The limiter counts all of them. You ask for a `Permit` (`Limiter::acquire`), send, and say
//! how it ended:
//!
//! | it ended with | call | what it costs |
//! |---|---|---|
//! | an answer, of any status | `answered` | a slot of each limit, until the answer's own reset |
//! | no byte sent: no connection, none that took it | `not_sent` | nothing |
//! | no answer, and nobody knows | `maybe_sent` | a slot of each limit, for a whole window and a margin |
//! | the permit dropped before `departed` | | nothing |
//! | the permit dropped after `departed` | | as `maybe_sent` |
//!
//! # What is promised
//!
//! With truthful headers, no server that counts in fixed windows (from the first arrival, or by the
//! clock), in a sliding log, or in a leaky bucket, ever sees more than its limit, whatever the
//! latencies. Discord has both fixed and sliding ones and does not say which is which
//! (discord-api-docs#7680); the rule needs no guess:
//!
//! > A request holds its slot until its own answer's `Reset-After` has passed since that answer's
//! > headers arrived. Another may go while fewer slots than the limit are in flight or held.
//!
//! *Proof.* Suppose that a request is refused. Then there are one more arrivals than the limit, none
//! of whose uses the server had forgotten when the last of them arrived. Of these take the one that was
//! **sent** last. Each of the others was then in flight, or answered with a reset that lies after that
//! arrival: the end of the window they share; its own arrival plus the window; the time at which the
//! bucket will have leaked it. So each of the others held a slot, all slots were taken, and the last
//! was not sent. ∎
//!
//! Where answers have ruled out every kind but a fixed window ([`WindowKind`](crate::WindowKind)), a slot comes
//! back at the earliest end that any answer of the window tells: it is the same end for all, and after it. What
//! others have used of a bucket that is known to leak comes back one by one, as it leaks.
//!
//! The global limit has no headers, so there the slot returns one whole window after the answer, by the
//! same proof. It is configured, or told for one credential while running
//! ([`Machine::set_global`](crate::Machine::set_global)); a lowered one is found out by its 429s. The tests run both rules against a naive server of each kind, and then break the limiter
//! by one slot to see that they would notice.
//!
//! What cannot be known is not promised: the first request of a route whose bucket somebody else has
//! emptied, a limit that no header shows, and windows by the clock of which only a short rest was seen
//! before an answer got lost.
//!
//! # What a route is
//!
//! Credential, method, path template and top-level resource (see [`Route`](crate::Route)). Routes whose
//! answers name the same bucket share it, for each resource of its own, until answers contradict that two of
//! them have one counter (discord-api-docs#1442, #8073); a 429 joins them again. A route that nobody has met
//! sends one request at a time; as soon as one resource has shown the limit, the others start with it.
//! Deletions of messages have three classes by the message's age, if [`Request::with_wall_clock`](crate::Request::with_wall_clock) tells the time:
//! younger than 10 s, older than 14 days, and between (discord-api-docs#1295, #8330).
//! A route whose answers have no headers, as those of user accounts (discord-api-docs#1808), starts with
//! the limit that the table of priors has for it ([`Priors`](crate::Priors)), else with one request per
//! second, counted from the answer, and after a 429 keeps the distance that it asked for and a quarter.
//!
//! # Who waits, and for what
//!
//! The more urgent [`Priority`](crate::Priority) goes first; within a class each [`Tenant`](crate::Tenant)
//! is served in turn, as often per round as [`Config::weights`](crate::Config::weights) says; within a
//! tenant and route the eldest goes first. A full bucket holds up nobody but its own; the global limit and
//! the pace hold up all of a credential, and among the routes of a tenant that have room then, the one goes
//! first whose bucket needs the longest for all who wait. One grant in eight goes to the eldest if it has
//! waited for [`Config::ageing`](crate::Config::ageing), so nobody starves. Every wait has a [`Reason`](crate::Reason) and a bound: the request's deadline, and
//! [`Config::max_wait`](crate::Config::max_wait). As soon as it is clear that a request would come too
//! late, it is refused with the wait and the reason, and nothing is sent.
//!
//! # What a 429 does
//!
//! | [`Verdict`](crate::Verdict) | what waits |
//! |---|---|
//! | user | the bucket; a route without headers, itself |
//! | global | all of the credential, but not the answers to interactions |
//! | shared, sub-limit | the route of that resource; its bucket is not touched |
//! | edge ban | everything: it is about the machine's address; one request at a time tries when it is over |
//!
//! The longer of header (whole seconds) and body (decimal) counts, from the receipt of the headers; the
//! server's wall clock is never used.
//!
//! # With an HTTP client
//!
//! Feature `http`: [`Request`](crate::Request) and [`Answer`](crate::Answer) are read from the types of the
//! `http` crate (`Request::of_http`, `Answer::of_http`). Feature `tower`: `LimitLayer` makes the requests of any
//! client that is a tower service wait, and tells the limiter the answers; `retrying` tries again as well. Waiting
//! happens inside `call`, so that a full bucket holds up no other request.
//!
//! With `reqwest`, whole in `examples/reqwest.rs`:
//!
//! ```no_run
//! # #[cfg(feature = "tower")] mod example {
//! use journeyman_limiter::{Clock, Config, LimitLayer, Limiter, RetryPolicy};
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # pub async fn run() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! // A hidden resend would pass by the limiter.
//! let client = reqwest::Client::builder().retry(reqwest::retry::never()).build()?;
//! let limits = LimitLayer::new(Limiter::new(Config::default(), Clock::real()))
//!     .not_sent_if(|error| error.downcast_ref().is_some_and(reqwest::Error::is_connect))
//!     .retrying(RetryPolicy::default());
//! let discord = ServiceBuilder::new().layer(limits).service_fn(move |request: http::Request<String>| {
//!     let client = client.clone();
//!     async move {
//!         let response = client.execute(request.try_into()?).await?;
//!         Ok::<_, reqwest::Error>(http::Response::<reqwest::Body>::from(response))
//!     }
//! });
//!
//! let request = http::Request::get("https://discord.com/api/v10/users/@me")
//!     .header("Authorization", "Bot …")
//!     .body(String::new())?;
//! let response = discord.clone().oneshot(request).await?;
//! # let _ = response;
//! # Ok(()) }
//! # }
//! # fn main() {}
//! ```
//!
//! By hand, without tower:
//!
//! ```
//! # #[cfg(feature = "tower")] mod example {
//! use journeyman_limiter::{Answer, Limiter, Request};
//!
//! # async fn send(_: http::Request<String>) -> http::Response<String> { http::Response::new(String::new()) }
//! # pub async fn run(limiter: &Limiter) -> Result<(), Box<dyn std::error::Error>> {
//! let request = http::Request::get("/api/v10/users/@me").body(String::new())?;
//! let (head, body) = request.into_parts();
//!
//! let mut permit = limiter.acquire(&Request::of_http(&head)?).await?;
//! permit.departed();
//! let (head, body) = send(http::Request::from_parts(head, body)).await.into_parts();
//! permit.answered(&Answer::of_http(&head, body.as_bytes()));
//! # Ok(()) }
//! # }
//! # #[cfg(feature = "tower")] #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! #     use journeyman_limiter::{Clock, Config, Limiter};
//! #     example::run(&Limiter::new(Config::default(), Clock::real())).await.expect("it runs")
//! # }
//! # #[cfg(not(feature = "tower"))] fn main() {}
//! ```
//!
//! # What stands before the limits
//!
//! In this order, and each costs the later ones nothing: **deadline** (already past: refused), **retry**
//! (`Limiter::with_retry`: each try passes all that follows), **guard and breaker**, **limits**, **transport**.
//!
//! *The guard of the address.* Discord's edge bans an address after 10,000 answers with 401, 403 or 429 (of scope
//! `shared` excepted) in 10 minutes. So a 401 latches the credential, and a 404 the webhook, until somebody calls
//! `unlatch`; a 403 is remembered for 10 s, then twice as long with each further one. A 403 is about that very path,
//! for another message or member may well be allowed; only Discord's code 50001 (no access) is about the whole
//! route of the resource. Of 500 such answers there is an [`Event`](crate::Event), from 1,500 on only critical
//! requests go, from 8,000 on none ([`GuardConfig`](crate::GuardConfig)). One limiter is for one address: share it
//! (clones share one) between all who send from it. What a proxy answers itself (`x-sent-by-proxy`) does not count.
//!
//! *Circuit breakers.* Each [`Class`](crate::Class) of routes has one. Three failures in a row, or half of at least
//! five, open it for 5 s and longer each time; then one request tries, and if it comes back well, two may go, then
//! ever more ([`BreakerConfig`](crate::BreakerConfig)). Failures in a row count once for all that were on their way
//! together: a restart of the server is one failure, however many requests it breaks. Who can wait for the probe
//! waits; the others are refused at once, with its time. A permit that is dropped gives the probe back, and what
//! was sent before the breaker changed sides says nothing any more. The edge's bans have a breaker of their own:
//! open for as long as the ban says; if it does not say, one request tries after 1, 2, 4 … minutes, at most
//! [`Config::edge_ban`](crate::Config::edge_ban) apart. What a human has stopped (`isolate`) is never tried.
//!
//! *The retry quota.* Each credential has 100 tokens; a retry after a failure costs 10 and gets them back if it
//! succeeds; a first success brings 1. With none left there is no retry ([`Stop::Quota`](crate::Stop::Quota)), and
//! the breaker of the route opens. A wait that the server named costs nothing ([`RetryQuota`](crate::RetryQuota)).
//!
//! # Without tokio
//!
//! [`Machine`](crate::Machine) is the whole limiter without any IO: no clock, no lock, no task. The time
//! is an argument. [`decide`](crate::decide) is the whole of retrying, with a seed as an argument.
