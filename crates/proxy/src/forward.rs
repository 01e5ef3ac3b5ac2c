//! One request's way through: wait, send, tell the limiter, pass the answer on. The only file that sends.
//! It never sends anything twice.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as SendError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use journeyman_limiter::{
    Answer, Fields, Limiter, Method as Verb, Occasion, Permit, Refused, Request as Limits, Verdict,
};
use journeyman_moment::{Clock, Moment};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use serde_json::Value;
use thiserror::Error;

use crate::answer::{self, Body};
use crate::config::Config;
use crate::headers;
use crate::metrics::Metrics;
use crate::state::{self, StateError, Writer};
use crate::upload::{Upload, is_too_large};
use crate::wall;

/// How long an idle connection to the upstream is kept: shorter than servers do, since a request that leaves
/// on a connection which is just being closed is lost.
const IDLE: Duration = Duration::from_secs(15);
/// What getting in line may take: who allows no wait at all goes if there is room.
const TO_THE_LINE: Duration = Duration::from_millis(50);
/// The most of a refusal that is read before it is passed on.
const NOTICE_BYTES: usize = 1024 * 1024;

/// Why a proxy cannot be set up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CannotStart {
    /// There is no TLS without certificates to trust.
    #[error(
        "set up TLS: the system's certificates cannot be used; install its CA certificates (`ca-certificates`)"
    )]
    Tls {
        /// Why.
        source: std::io::Error,
    },
    /// The limits of an earlier run cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

/// What all requests of a proxy share.
#[derive(Debug)]
pub(crate) struct Forward {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) limiter: Limiter,
    pub(crate) metrics: Metrics,
    writer: Arc<Writer>,
    client: Client<HttpsConnector<HttpConnector>, Upload>,
}

impl Forward {
    pub(crate) fn new(config: Config, clock: Clock) -> Result<Self, CannotStart> {
        let client = client(&config).map_err(|source| CannotStart::Tls { source })?;
        // The hold is the one bound on waiting.
        let limits = journeyman_limiter::Config { max_wait: config.hold, ..config.limits.clone() };
        let limiter = Limiter::new(limits, clock);
        let earlier = config.state.as_deref().map(state::load).transpose()?.flatten();
        if let Some(saved) = earlier {
            limiter.restore(&saved, wall::since_epoch());
        }
        for (credential, global) in &config.globals {
            limiter.set_global(*credential, *global);
        }
        Ok(Self { config, clock, limiter, metrics: Metrics::default(), writer: Arc::default(), client })
    }

    /// Answers one request for the API.
    ///
    /// # Cancel safety
    /// Dropped while it waits, the request leaves the line and nothing is sent; dropped later, what it took is
    /// spent, for it may have been executed.
    pub(crate) async fn forward(&self, request: Request<Incoming>) -> Response<Body> {
        let mut presence = Presence { metrics: &self.metrics, is_answered: false };
        let answer = match self.attempt(request).await {
            Ok(response) => {
                self.metrics.passed_on(response.status());
                response
            }
            Err(trouble) => {
                let response = trouble.into_answer();
                self.metrics.answered(response.status());
                response
            }
        };
        presence.is_answered = true;
        answer
    }

    async fn attempt(&self, request: Request<Incoming>) -> Result<Response<Body>, Trouble> {
        let (head, body) = request.into_parts();
        let mut limits = self.limits(&head)?;
        if body.size_hint().lower() > u64::try_from(self.config.max_body_bytes).unwrap_or(u64::MAX) {
            return Err(Trouble::TooLarge);
        }
        let mut upload = Upload::new(body, self.config.max_body_bytes);
        self.read_small(&mut upload).await?;
        if matches!(head.method, Method::POST | Method::PATCH) && headers::is_json(&head.headers) {
            limits.fields = upload.whole().map_or(Fields::NONE, |body| Fields::of_json(&body));
        }
        // What the client took over its body is no wait for a limit.
        limits.deadline = Some(self.clock.now() + self.patience(&head)?);
        let permit = self.wait(&limits, &mut upload).await?;
        // The permit is dropped before anything has left, and gives back what it took.
        upload.failure().map_or(Ok(()), |failure| Err(Trouble::of_body(failure)))?;
        let request = self.outgoing(head, upload)?;
        self.send(Departure { method: limits.method, at: self.clock.now(), permit }, request).await
    }

    /// What the limiter needs to know, or why the request goes nowhere.
    fn limits(&self, head: &Parts) -> Result<Limits, Trouble> {
        let Some(method) = limited_as(&head.method) else { return Err(Trouble::Method) };
        // HTTP/2 always names a host: the proxy's own, as `Host` does in HTTP/1.1.
        let is_absolute = head.version < Version::HTTP_2;
        let named = head.uri.authority().filter(|_| is_absolute);
        if named.is_some_and(|named| named != self.config.upstream.authority()) {
            return Err(Trouble::OtherHost);
        }
        if headers::names_two_credentials(&head.headers) {
            return Err(Trouble::TwoCredentials);
        }
        // Told before its body is read.
        self.patience(head)?;
        let priority = headers::priority(&head.headers).map_err(Trouble::Priority)?;
        let request = Limits::new(method, head.uri.path())
            .with_credential(headers::credential(&head.headers))
            .with_priority(priority)
            .with_tenant(headers::tenant(&head.headers));
        // Only of a deletion does the limit depend on the time of day.
        let is_deletion = method == Verb::Delete;
        Ok(if is_deletion { request.with_wall_clock(wall::unix_ms()) } else { request })
    }

    /// How long the request may wait for its limits.
    fn patience(&self, head: &Parts) -> Result<Duration, Trouble> {
        let allowed = headers::allowed_wait(&head.headers).map_err(Trouble::Deadline)?;
        let wait = allowed.map_or(self.config.hold, |allowed| allowed.min(self.config.hold));
        Ok(wait.max(TO_THE_LINE))
    }

    /// Reads a small body whole before the request gets in line: a client that takes its time over it must not
    /// hold a place that others wait for.
    async fn read_small(&self, upload: &mut Upload) -> Result<(), Trouble> {
        if !upload.is_small_and_missing() {
            return Ok(());
        }
        let late = self.in_real(self.config.body);
        tokio::select! {
            () = upload.read_ahead() => {}
            () = self.clock.sleep_until(late) => return Err(Trouble::SlowBody),
        }
        upload.failure().map_or(Ok(()), |failure| Err(Trouble::of_body(failure)))
    }

    async fn wait(&self, limits: &Limits, upload: &mut Upload) -> Result<Permit, Trouble> {
        let mut acquiring = std::pin::pin!(self.limiter.acquire(limits));
        let permit = tokio::select! {
            // Nobody loses a place in line here, and what was read ahead is kept.
            biased;
            permit = &mut acquiring => permit,
            () = upload.read_ahead() => acquiring.await,
        };
        let permit = permit.map_err(|refused| {
            self.metrics.refused(refused.reason());
            tracing::debug!(%refused, "not sent");
            Trouble::Refused(refused)
        })?;
        self.metrics.waited(permit.waited());
        Ok(permit)
    }

    fn outgoing(&self, mut head: Parts, upload: Upload) -> Result<Request<Upload>, Trouble> {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let uri = Uri::builder()
            .scheme(self.config.upstream.scheme().clone())
            .authority(self.config.upstream.authority().clone())
            .path_and_query(path)
            .build();
        headers::towards_upstream(&mut head.headers);
        let mut request = Request::new(upload);
        *request.method_mut() = head.method;
        *request.uri_mut() = uri.map_err(|_| Trouble::Path)?;
        *request.headers_mut() = head.headers;
        Ok(request)
    }

    async fn send(
        &self,
        mut departure: Departure,
        request: Request<Upload>,
    ) -> Result<Response<Body>, Trouble> {
        let progress = request.body().progress();
        departure.permit.departed();
        let mut sending = std::pin::pin!(self.client.request(request));
        // A long upload is not a silent upstream: the time counts from the last of the body that was taken.
        let sent = loop {
            let is_clients_turn = progress.awaits_client();
            let patience = if is_clients_turn { self.config.body } else { self.config.answer };
            let late = self.in_real(patience);
            tokio::select! {
                sent = &mut sending => break sent,
                () = progress.changed() => {}
                // Dropping the request closes its connection; it may have been executed.
                () = self.clock.sleep_until(late) => {
                    if is_clients_turn {
                        // Dropped, the permit is spent as well, and the upstream is not blamed.
                        return Err(Trouble::SlowBody);
                    }
                    departure.permit.maybe_sent();
                    return Err(Trouble::Silence);
                }
            }
        };
        match sent {
            Ok(response) => self.receive(departure, response).await,
            Err(error) if error.is_connect() => {
                departure.permit.not_sent();
                tracing::warn!(upstream = %self.config.upstream, error = %chain(&error), "cannot connect");
                Err(Trouble::Unreachable)
            }
            Err(error) => {
                if progress.is_broken() {
                    // The client's doing: spent, and no failure of the upstream.
                    drop(departure.permit);
                } else {
                    departure.permit.maybe_sent();
                }
                tracing::debug!(upstream = %self.config.upstream, error = %chain(&error), "no answer");
                Err(if is_too_large(&error) { Trouble::TooLarge } else { Trouble::Lost })
            }
        }
    }

    async fn receive(
        &self,
        departure: Departure,
        response: Response<Incoming>,
    ) -> Result<Response<Body>, Trouble> {
        let Departure { method, at, permit } = departure;
        let took = self.clock.now() - at;
        let (mut head, body) = response.into_parts();
        let status = head.status.as_u16();
        tracing::trace!(status, "answered");
        // The relative waits in the headers count from here, so the limiter hears of them before the body
        // is passed on. Of a refusal the body says more than the headers.
        let body = if Answer::reads_body(status) {
            let notice = self.notice(body).await;
            let said = notice.as_deref().unwrap_or_default();
            let answer = Answer::read(status, headers::texts(&head.headers), said);
            self.metrics.heard(method, took, &answer);
            let ended = permit.answered(&answer);
            if let Some(verdict) = ended.verdict {
                self.metrics.limited(verdict);
                tracing::info!(?verdict, "the upstream answered with a 429");
            }
            Either::Left(Full::new(notice.ok_or(Trouble::Lost)?))
        } else {
            let answer = Answer::read(status, headers::texts(&head.headers), b"");
            self.metrics.heard(method, took, &answer);
            permit.answered(&answer);
            Either::Right(body)
        };
        headers::towards_client(&mut head.headers);
        let mut response = Response::new(body);
        *response.status_mut() = head.status;
        *response.headers_mut() = head.headers;
        Ok(response)
    }

    /// The body of a refusal, if all of it arrives.
    async fn notice(&self, body: Incoming) -> Option<Bytes> {
        let late = self.in_real(self.config.answer);
        tokio::select! {
            body = Limited::new(body, NOTICE_BYTES).collect() => Some(body.ok()?.to_bytes()),
            () = self.clock.sleep_until(late) => None,
        }
    }

    /// Writes what was learnt, if there is a file for it. What goes wrong is logged: limits are learnt again.
    pub(crate) async fn save(&self, occasion: Occasion) {
        let Some(path) = self.config.state.clone() else { return };
        let (writer, number) = (Arc::clone(&self.writer), self.writer.number());
        let saved = self.limiter.save(wall::since_epoch(), occasion);
        let shown = path.clone();
        // A disk may take its time.
        let written = tokio::task::spawn_blocking(move || writer.store(number, &path, &saved)).await;
        let why = match written {
            Ok(Ok(())) => return,
            Ok(Err(error)) => std::error::Error::source(&error).map_or_else(String::new, ToString::to_string),
            Err(error) => error.to_string(),
        };
        tracing::warn!(file = %shown.display(), why, "the limits cannot be kept over a restart");
    }

    /// Saves now and then, while something is asked; never ends.
    pub(crate) async fn keep_saving(&self) {
        let mut saved_at = self.metrics.passed_on_so_far();
        loop {
            self.clock.sleep_until(self.in_real(self.config.save_every)).await;
            let so_far = self.metrics.passed_on_so_far();
            if so_far != saved_at {
                saved_at = so_far;
                self.save(Occasion::Running).await;
            }
        }
    }

    /// A moment this far away in real time: sockets do not run faster with a scaled clock.
    pub(crate) fn in_real(&self, span: Duration) -> Moment {
        self.clock.now() + self.in_scale(span)
    }

    /// A span of real time as the clock counts it.
    pub(crate) fn in_scale(&self, span: Duration) -> Duration {
        let scaled = Duration::try_from_secs_f64(span.as_secs_f64() * self.clock.scale());
        scaled.unwrap_or(Duration::MAX)
    }
}

/// A request that may go: since when, and what it owes to the limiter.
struct Departure {
    method: Verb,
    at: Moment,
    permit: Permit,
}

/// Why a request has no answer of the upstream.
#[derive(Debug)]
enum Trouble {
    Method,
    OtherHost,
    Path,
    Deadline(String),
    Priority(String),
    TwoCredentials,
    TooLarge,
    BrokenBody,
    SlowBody,
    Refused(Refused),
    Unreachable,
    Lost,
    Silence,
}

impl Trouble {
    fn of_body(failure: &(dyn std::error::Error + Send + Sync + 'static)) -> Self {
        if is_too_large(failure) { Self::TooLarge } else { Self::BrokenBody }
    }

    fn into_answer(self) -> Response<Body> {
        let bad = |message: &str| answer::plain(StatusCode::BAD_REQUEST, message);
        match self {
            Self::Method => answer::plain(StatusCode::METHOD_NOT_ALLOWED, "405: Method Not Allowed"),
            Self::OtherHost => answer::plain(
                StatusCode::MISDIRECTED_REQUEST,
                "This proxy serves one upstream; set it as the base address, not as an HTTP proxy",
            ),
            Self::Path => bad("The path cannot be sent on"),
            Self::Deadline(text) => bad(&format!(
                "X-Journeyman-Deadline is {text:?}; give the seconds that the request may wait, such as 2.5"
            )),
            Self::Priority(text) => {
                bad(&format!("X-Journeyman-Priority is {text:?}; give critical, interactive, normal or bulk"))
            }
            Self::TwoCredentials => bad("There is more than one Authorization; give one"),
            Self::TooLarge => answer::too_large(),
            Self::BrokenBody => bad("The body broke off or is malformed; nothing was sent"),
            Self::SlowBody => answer::plain(
                StatusCode::REQUEST_TIMEOUT,
                "The body did not arrive in time; the request was not completed",
            ),
            Self::Refused(refused) => answer::refused(&refused),
            Self::Unreachable => answer::no_answer(
                StatusCode::BAD_GATEWAY,
                "The upstream cannot be reached; nothing was sent, try again later",
            ),
            Self::Lost => answer::no_answer(
                StatusCode::BAD_GATEWAY,
                "The connection to the upstream broke before its answer; the request may have been executed",
            ),
            Self::Silence => answer::no_answer(
                StatusCode::GATEWAY_TIMEOUT,
                "The upstream gave no answer in time; the request may have been executed",
            ),
        }
    }
}

/// Counts a client that goes before its answer, whichever way its request ends.
struct Presence<'a> {
    metrics: &'a Metrics,
    is_answered: bool,
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.metrics.hung_up();
        }
    }
}

/// The method whose limits count. What Discord's API does not have counts as a read of the same path.
fn limited_as(method: &Method) -> Option<Verb> {
    match method.as_str() {
        "HEAD" | "OPTIONS" => Some(Verb::Get),
        // CONNECT would make this an open proxy, and TRACE would show the token to whoever asks.
        other => other.parse().ok(),
    }
}

fn client<B>(config: &Config) -> std::io::Result<Client<HttpsConnector<HttpConnector>, B>>
where
    B: hyper::body::Body + Send,
    B::Data: Send,
{
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(config.connect));
    let provider = rustls::crypto::ring::default_provider();
    let tls = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?;
    let tls = if config.upstream.is_plain() {
        // No certificate is needed, so that it starts on a machine without any.
        tls.with_root_certificates(RootCertStore::empty())
    } else {
        let provider = Arc::clone(tls.crypto_provider());
        let roots = config.trust.roots.iter().cloned().map(CertificateDer::from);
        let verifier = Verifier::new_with_extra_roots(roots, provider).map_err(std::io::Error::other)?;
        tls.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
    };
    let tls = HttpsConnectorBuilder::new().with_tls_config(tls.with_no_client_auth());
    let connector = tls.https_or_http().enable_http1().wrap_connector(http);
    Ok(Client::builder(TokioExecutor::new())
        // A hidden resend would pass by the limiter, and could do a thing twice.
        .retry_canceled_requests(false)
        .pool_idle_timeout(IDLE)
        .pool_timer(TokioTimer::new())
        .build(connector))
}

/// Sends the proxy's own few requests: those of `verify`.
#[derive(Debug)]
pub(crate) struct Prober {
    config: Config,
    clock: Clock,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// An answer to one of the proxy's own requests.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) answer: Answer,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) header_names: Vec<String>,
    /// Null if it is no JSON.
    pub(crate) body: Value,
}

impl Prober {
    pub(crate) fn new(config: &Config, clock: Clock) -> Result<Self, CannotStart> {
        let client = client(config).map_err(|source| CannotStart::Tls { source })?;
        Ok(Self { config: config.clone(), clock, client })
    }

    /// Sends one request, once; an error is why there is no answer, without a token.
    pub(crate) async fn ask(
        &self,
        mut permit: Permit,
        request: Request<Full<Bytes>>,
    ) -> Result<Heard, String> {
        permit.departed();
        let answering = async {
            let response = self.client.request(request).await.map_err(|error| chain(&error))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, NOTICE_BYTES).collect().await.map_err(|error| error.to_string())?;
            Ok((head, body.to_bytes()))
        };
        let scaled = self.config.answer.as_secs_f64() * self.clock.scale();
        let late = self.clock.now() + Duration::try_from_secs_f64(scaled).unwrap_or(Duration::MAX);
        let answered: Result<_, String> = tokio::select! {
            answered = answering => answered,
            () = self.clock.sleep_until(late) => Err("no answer in time".to_owned()),
        };
        match answered {
            Ok((head, body)) => {
                let answer = Answer::read(head.status.as_u16(), headers::texts(&head.headers), &body);
                let verdict = permit.answered(&answer).verdict;
                let header_names = head.headers.keys().map(|name| name.as_str().to_owned()).collect();
                Ok(Heard {
                    answer,
                    verdict,
                    header_names,
                    body: serde_json::from_slice(&body).unwrap_or_default(),
                })
            }
            Err(why) => {
                permit.maybe_sent();
                Err(why)
            }
        }
    }

    /// A request for the API, as a bot sends it.
    pub(crate) fn request(
        &self,
        method: Verb,
        path: &str,
        authorization: &str,
        body: Option<&Value>,
    ) -> Result<Request<Full<Bytes>>, String> {
        let body_text = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method.as_str())
            .uri(format!("{}/api/v10{path}", self.config.upstream))
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("DiscordBot (journeyman-proxy, ", env!("CARGO_PKG_VERSION"), ")"));
        // Whatever is wrong, it is not repeated: the token is part of it.
        request.body(Full::from(body_text)).map_err(|_| "the token or the path cannot be sent".to_owned())
    }
}

/// The certificates of a PEM text, in DER.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let certificates = CertificateDer::pem_slice_iter(pem).map(|one| one.map(|one| one.as_ref().to_vec()));
    certificates.collect::<Result<_, _>>().map_err(|error| error.to_string())
}

/// An error with what lies below it. Neither hyper nor rustls puts a header into one.
fn chain(error: &SendError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
