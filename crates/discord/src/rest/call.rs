//! The one place where API requests leave: acquire, send, settle, decide. It does not know what they are for.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use journeyman_limiter::{Certainty, Ended, Method, Permit, Reason, Refused, RetryError, Tried, Verdict};
use journeyman_moment::Moment;
use reqwest::Response;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};

use super::{Inner, Recall, Rest};
use crate::tap::Passing;
use crate::wire::{Answer, Request};
use crate::{CallError, CallErrorKind, ServerDate, date};

/// The most that is read of one answer. A page of 100 messages stays below a tenth of it.
const MOST_BYTES: usize = 16 * 1024 * 1024;

impl Rest {
    /// Sends a request as soon as the limiter lets it go, and again where that is allowed and useful.
    ///
    /// Every attempt passes through the limiter. A request that is not repeatable leaves on a fresh
    /// connection, and leaves again only when the attempt before certainly was not executed: when there was
    /// no connection, or Discord refused it with a 429. The body stays the same, its nonce included.
    ///
    /// Answers that are about the request itself (2xx, 400, 404 …) are answers; it is for the caller to read
    /// them.
    ///
    /// # Errors
    /// [`CallError`], which says what went wrong, how sure it is that nothing was executed, and what to do.
    ///
    /// # Cancel safety
    /// Dropping the future while it waits sends nothing. Dropping it later abandons a request that may have
    /// been executed; the limiter counts it as spent.
    pub async fn call(&self, request: &Request) -> Result<Answer, CallError> {
        self.call_with_recall(request, &Recall::default()).await
    }

    /// As [`Rest::call`], for a request that may be recalled until its first byte leaves.
    ///
    /// # Errors
    /// As [`Rest::call`]; [`CallErrorKind::Recalled`] when it was recalled in time.
    ///
    /// # Cancel safety
    /// As [`Rest::call`].
    pub async fn call_with_recall(&self, request: &Request, recall: &Recall) -> Result<Answer, CallError> {
        let call = Call::new(&self.inner, request, recall);
        if let Some(obstacle) = call.obstacle() {
            return Err(call.error(obstacle, Certainty::NotSent));
        }
        let Inner { config, limiter, .. } = &*self.inner;
        let limited = request.limits(config.token.credential());
        let result = limiter.with_retry(&limited, &config.retry, |permit| call.attempt(permit)).await;
        result.map_err(|error| call.failed(error))
    }
}

/// One call: all attempts of one request.
struct Call<'a> {
    rest: &'a Inner,
    request: &'a Request,
    recall: &'a Recall,
    number: u64,
    started: Moment,
    attempts: AtomicU32,
}

/// How one attempt failed.
struct Failure {
    trouble: Trouble,
    certainty: Certainty,
}

/// What is told of a failure, whichever way it came about.
struct Trouble {
    kind: CallErrorKind,
    retry_after: Option<Duration>,
    answer: Option<Box<Answer>>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What came back of one attempt, once its headers were there.
enum Body {
    Whole(Bytes),
    TooLarge,
    Broken(reqwest::Error),
}

impl Body {
    fn put_into(&self, answer: &mut Answer) {
        if let Self::Whole(bytes) = self {
            answer.body = bytes.clone();
        }
    }
}

impl<'a> Call<'a> {
    fn new(rest: &'a Inner, request: &'a Request, recall: &'a Recall) -> Self {
        let number = rest.calls.fetch_add(1, Ordering::Relaxed) + 1;
        Self { rest, request, recall, number, started: rest.clock.now(), attempts: AtomicU32::new(0) }
    }

    /// Why nothing is to be sent at all.
    fn obstacle(&self) -> Option<Trouble> {
        let is_too_late = self.request.deadline.is_some_and(|deadline| self.rest.clock.now() > deadline);
        is_too_late.then(|| Trouble::new(CallErrorKind::TooLate))
    }

    async fn attempt(&self, mut permit: Permit) -> Tried<Answer, Failure> {
        // It may have come up while this call waited.
        let recalled = || (!self.recall.depart()).then(|| Trouble::new(CallErrorKind::Recalled));
        if let Some(obstacle) = self.obstacle().or_else(recalled) {
            let mut ended = permit.not_sent();
            // Final, so that it is not tried again.
            ended.certainty = Certainty::Answered;
            return ended.err(Failure { trouble: obstacle, certainty: Certainty::NotSent });
        }
        self.attempts.fetch_add(1, Ordering::Relaxed);
        let (call, request) = (self.number, self.request);
        self.pass(|at| Passing::Request { call, at, request });
        let sending = self.http().send();
        permit.departed();
        match sending.await {
            Ok(response) => self.receive(permit, response).await,
            Err(error) if is_unsent(&error) => {
                let kind = CallErrorKind::Unreachable {
                    host: self.rest.config.api_base.host(),
                    is_dns: error.is_dns(),
                };
                let trouble = Trouble::new(kind).with_source(error.without_url());
                self.recall.stay();
                self.pass(|at| Passing::NoAnswer { call, at, may_have_left: false });
                permit.not_sent().err(Failure { trouble, certainty: Certainty::NotSent })
            }
            Err(error) => {
                self.pass(|at| Passing::NoAnswer { call, at, may_have_left: true });
                permit.maybe_sent().err(Failure::lost(error))
            }
        }
    }

    fn http(&self) -> reqwest::RequestBuilder {
        let Inner { config, pooled, fresh, .. } = self.rest;
        let client = if self.request.repeatable { pooled } else { fresh };
        let url = config.api_base.address(&self.request.path, &self.request.query);
        let http = client
            .request(method(self.request.method), url)
            .header(AUTHORIZATION, config.token.authorization());
        match &self.request.body {
            Some(body) => http.header(CONTENT_TYPE, "application/json").body(body.to_string()),
            None => http,
        }
    }

    async fn receive(&self, permit: Permit, response: Response) -> Tried<Answer, Failure> {
        let status = response.status().as_u16();
        let headers = texts(response.headers());
        let mut answer = Answer { status, headers, body: Bytes::new(), call: self.number };
        self.learn(&answer);
        tracing::trace!(purpose = self.request.purpose, status, "answered");
        // The relative waits in the headers count from here, so the limiter hears of them before the body
        // is read. Of a refusal the body says more than the headers.
        let (ended, body) = if journeyman_limiter::Answer::reads_body(status) {
            let body = read(response).await;
            body.put_into(&mut answer);
            (permit.answered(&answer.facts()), body)
        } else {
            (permit.answered(&answer.facts()), read(response).await)
        };
        body.put_into(&mut answer);
        self.pass(|at| Passing::Answer { call: self.number, at, answer: &answer });
        match body {
            Body::Whole(_) => self.judge(ended, answer),
            // A refusal is one also without its words.
            Body::Broken(_) | Body::TooLarge if (400..500).contains(&status) => self.judge(ended, answer),
            Body::TooLarge => {
                // What it answered is not known, only that it may have done what was asked.
                let certainty =
                    if self.request.repeatable { Certainty::Answered } else { Certainty::MaybeSent };
                let trouble = Trouble::new(CallErrorKind::TooLarge { most_bytes: MOST_BYTES });
                ended.err(Failure { trouble, certainty })
            }
            // The answer has begun and nobody knows what it was going to say.
            Body::Broken(error) => {
                let mut ended = ended;
                (ended.certainty, ended.status) = (Certainty::MaybeSent, None);
                ended.err(Failure::lost(error))
            }
        }
    }

    fn pass<'p>(&self, passing: impl FnOnce(Moment) -> Passing<'p>) {
        if let Some(tap) = &self.rest.config.tap {
            tap.pass(passing(self.rest.clock.now()));
        }
    }

    fn learn(&self, answer: &Answer) {
        if let Some(unix_s) = answer.header("date").and_then(date::unix_s) {
            let date = ServerDate { unix_s, received: self.rest.clock.now() };
            *self.rest.date.lock().unwrap_or_else(PoisonError::into_inner) = Some(date);
        }
    }

    fn judge(&self, ended: Ended, answer: Answer) -> Tried<Answer, Failure> {
        let status = answer.status;
        let (kind, certainty) = match status {
            200..300 | 400 | 402 | 404..408 | 409..429 | 430..500 => return ended.ok(answer),
            401 | 403 => {
                let code = answer.error().and_then(|error| error.code);
                (CallErrorKind::Unauthorized { status, code }, Certainty::Answered)
            }
            429 => (CallErrorKind::RateLimited { reason: reason(ended.verdict) }, Certainty::Answered),
            // It may come from a gateway that had passed the request on already.
            408 | 500.. if !self.request.repeatable => {
                (CallErrorKind::UpstreamFailed { status }, Certainty::MaybeSent)
            }
            408 | 500.. => (CallErrorKind::UpstreamFailed { status }, Certainty::Answered),
            ..200 | 300..400 => (CallErrorKind::Unexpected { status }, Certainty::Answered),
        };
        let retry_after = ended.retry_after;
        let trouble = Trouble { retry_after, answer: Some(Box::new(answer)), ..Trouble::new(kind) };
        ended.err(Failure { trouble, certainty })
    }

    fn failed(&self, error: RetryError<Failure>) -> CallError {
        match error {
            RetryError::Failed { source, .. } => self.error(source.trouble, source.certainty),
            RetryError::Refused { refused, source, .. } => self.refused(refused, source),
            // Another way to give up, of which nothing is known: the careful reading of it.
            _ => self
                .error(Trouble::new(CallErrorKind::LostAnswer { is_timeout: false }), Certainty::MaybeSent),
        }
    }

    fn refused(&self, refused: Refused, last: Option<Failure>) -> CallError {
        // A wait without an end is none to come back after.
        let wait = Some(refused.wait()).filter(|wait| *wait < Duration::MAX);
        let now = self.rest.clock.now();
        let is_too_late =
            self.request.deadline.zip(wait).is_some_and(|(deadline, wait)| now + wait > deadline);
        let reason = refused.reason();
        let kind = if reason == Reason::TokenRefused {
            CallErrorKind::Unauthorized { status: 401, code: None }
        } else if reason == Reason::Forbidden {
            CallErrorKind::Unauthorized { status: 403, code: refused.refusal.code }
        } else if reason == Reason::UnknownWebhook {
            CallErrorKind::Unexpected { status: 404 }
        } else if matches!(reason, Reason::Guard | Reason::Breaker | Reason::Isolated) {
            CallErrorKind::Stopped { reason }
        } else if is_too_late || reason == Reason::Deadline {
            CallErrorKind::TooLate
        } else {
            CallErrorKind::RateLimited { reason }
        };
        let certainty = last.as_ref().map_or(Certainty::NotSent, |last| last.certainty);
        let answer = last.and_then(|last| last.trouble.answer);
        let trouble = Trouble { retry_after: wait, answer, ..Trouble::new(kind) };
        self.error(trouble.with_source(refused), certainty)
    }

    fn error(&self, trouble: Trouble, certainty: Certainty) -> CallError {
        let Trouble { kind, retry_after, answer, source } = trouble;
        CallError {
            purpose: self.request.purpose.clone(),
            kind,
            certainty,
            attempts: self.attempts.load(Ordering::Relaxed),
            elapsed: self.rest.clock.now().since(self.started),
            retry_after,
            answer,
            is_repeatable: self.request.repeatable,
            source,
        }
    }
}

impl Failure {
    fn lost(error: reqwest::Error) -> Self {
        let kind = CallErrorKind::LostAnswer { is_timeout: error.is_timeout() };
        let trouble = Trouble::new(kind).with_source(error.without_url());
        Self { trouble, certainty: Certainty::MaybeSent }
    }
}

impl Trouble {
    fn new(kind: CallErrorKind) -> Self {
        Self { kind, retry_after: None, answer: None, source: None }
    }

    fn with_source(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }
}

/// Whether no byte of the request can have left. A name that does not resolve, a refused connection, a failed
/// TLS handshake and a connection that did not stand in time are all "connect" errors.
fn is_unsent(error: &reqwest::Error) -> bool {
    error.is_connect() || error.is_builder()
}

async fn read(mut response: Response) -> Body {
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len().saturating_add(chunk.len()) > MOST_BYTES => return Body::TooLarge,
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Body::Whole(body.freeze()),
            Err(error) => return Body::Broken(error),
        }
    }
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn reason(verdict: Option<Verdict>) -> Reason {
    match verdict {
        Some(Verdict::Global { .. }) => Reason::Global,
        Some(Verdict::Shared { .. }) => Reason::Shared,
        Some(Verdict::SubLimit { .. }) => Reason::SubLimit,
        Some(Verdict::EdgeBan { .. } | Verdict::EdgeBanStatic) => Reason::EdgeBan,
        Some(Verdict::User { .. }) | None => Reason::RetryAfter,
    }
}
