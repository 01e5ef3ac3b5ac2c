//! Downloads, signed uploads and embedded pages: the one file through which they leave. It never holds a token.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use journeyman_limiter::{Answer, Attempt, Certainty, Decision, RetryPolicy, decide};
use journeyman_moment::{Clock, Moment};
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use url::{Host, Url};

use super::CannotStart;
use super::client::{self, Roots};
use crate::Timeouts;
use crate::config::{host_and_port, is_loopback};
use crate::error::Seconds;

/// Fetches files from Discord's and Midjourney's file hosts, and uploads files to signed addresses.
///
/// Clones share the connections.
#[derive(Clone)]
pub struct Downloader {
    inner: Arc<Inner>,
}

struct Inner {
    client: reqwest::Client,
    hosts: Hosts,
    retry: RetryPolicy,
    clock: Clock,
    transfers: AtomicU64,
}

/// The hosts that files may come from. A message is written by others: its links are not followed anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Public,
    Loopback,
}

/// Hosts that serve files of Discord and Midjourney; a name stands for itself and the names below it.
/// Seen in attachments and embeds of captured messages, and in the answers to `POST …/attachments`.
const PUBLIC: [&str; 4] = [
    "discordapp.com",
    "discordapp.net",
    "cdn.midjourney.com",
    "discord-attachments-uploads-prd.storage.googleapis.com",
];

impl Hosts {
    /// The public file hosts of Discord and Midjourney, over https.
    pub fn public() -> Self {
        Self { kind: Kind::Public }
    }

    /// This machine alone, over plain http: for a simulator.
    pub fn loopback() -> Self {
        Self { kind: Kind::Loopback }
    }

    fn admits_page(&self, url: &Url) -> bool {
        match self.kind {
            Kind::Loopback => self.admits(url),
            Kind::Public => url.scheme() == "https" && url.host().is_some_and(|host| is_page(&host)),
        }
    }

    fn admits(&self, url: &Url) -> bool {
        match self.kind {
            Kind::Loopback => url.scheme() == "http" && is_loopback(url),
            Kind::Public => url.scheme() == "https" && url.host().is_some_and(|host| is_public(&host)),
        }
    }
}

/// Where Discord serves an application's embedded pages from (trueai/midjourney-proxy, Mutiny-SDK).
fn is_page(host: &Host<&str>) -> bool {
    let Host::Domain(name) = host else { return false };
    let application = name.strip_suffix(".discordsays.com");
    application.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_public(host: &Host<&str>) -> bool {
    let Host::Domain(name) = host else { return false };
    let below =
        |known: &str| name.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    PUBLIC.into_iter().any(below)
}

/// A transfer that did not succeed. It tells the host and never the address, whose query may be signed.
#[derive(Debug)]
#[non_exhaustive]
pub struct DownloadError {
    /// What went wrong.
    pub kind: DownloadErrorKind,
    /// How often it was tried.
    pub attempts: u32,
    /// From the call to its failure.
    pub elapsed: Duration,
    deed: &'static str,
    host: String,
    source: Option<reqwest::Error>,
}

/// What went wrong with a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DownloadErrorKind {
    /// Not a URL, or one on a host that files do not come from.
    NotAllowed,
    /// 403 or 404: a signed link that has expired, or a file that was deleted. Read the message again for a
    /// new link.
    Expired {
        /// 403 or 404.
        status: u16,
    },
    /// The file is larger than the caller allows.
    TooLarge {
        /// The most that was allowed.
        most_bytes: u64,
    },
    /// Another status, also after the tries that were allowed.
    Refused {
        /// The last status.
        status: u16,
    },
    /// No connection.
    Unreachable,
    /// The connection broke, or the time ran out, also after the tries that were allowed.
    Broken {
        /// Whether the time ran out.
        is_timeout: bool,
    },
}

impl Downloader {
    /// Sets up the connections; sends nothing.
    ///
    /// # Errors
    /// [`CannotStart`] when TLS cannot be set up.
    pub fn new(
        timeouts: Timeouts,
        hosts: Hosts,
        retry: RetryPolicy,
        clock: Clock,
    ) -> Result<Self, CannotStart> {
        let roots = match hosts.kind {
            Kind::Public => Roots::System,
            Kind::Loopback => Roots::None,
        };
        let client = client::transfer(timeouts, &clock, roots)?;
        Ok(Self { inner: Arc::new(Inner { client, hosts, retry, clock, transfers: AtomicU64::new(0) }) })
    }

    /// Fetches a whole file of at most `most_bytes`.
    ///
    /// A redirect is not followed. A broken transfer is begun again, as often as the policy allows.
    ///
    /// # Errors
    /// [`DownloadError`]; of its kinds, [`Expired`](DownloadErrorKind::Expired) is cured by reading the message
    /// again.
    ///
    /// # Cancel safety
    /// Dropping the future ends the transfer; nothing was written anywhere.
    pub async fn fetch(&self, url: &str, most_bytes: u64) -> Result<Bytes, DownloadError> {
        let mut transfer = self.transfer("download a file", url)?;
        let http = self.inner.client.get(transfer.url.clone());
        transfer.run(http, most_bytes).await
    }

    /// Uploads a file to a signed address, as `POST …/attachments` gives them.
    ///
    /// Doing it twice leaves one file, so that a broken transfer is begun again.
    ///
    /// # Errors
    /// As [`Downloader::fetch`].
    ///
    /// # Cancel safety
    /// Dropping the future ends the transfer; the file may be there or not, and an interaction that does not
    /// name it does not use it.
    pub async fn upload(&self, url: &str, file: Bytes) -> Result<(), DownloadError> {
        /// What a file host answers to an upload is not read.
        const MOST_BYTES: u64 = 1024 * 1024;
        let mut transfer = self.transfer("upload a file", url)?;
        let http = self.inner.client.put(transfer.url.clone()).body(file);
        transfer.run(http, MOST_BYTES).await.map(drop)
    }

    /// Posts JSON to an application's embedded page, as the page itself would, and returns what it answers.
    ///
    /// It is sent again only when it certainly was not sent: doing it twice starts two jobs.
    ///
    /// # Errors
    /// [`DownloadError`]; [`Broken`](DownloadErrorKind::Broken) leaves open whether it was executed, and
    /// [`Expired`](DownloadErrorKind::Expired) means that the page is closed.
    ///
    /// # Cancel safety
    /// Dropping the future abandons a request that may have been executed.
    pub async fn post_to_page(&self, url: &str, body: &Value) -> Result<Bytes, DownloadError> {
        /// What a page answers is short.
        const MOST_BYTES: u64 = 1024 * 1024;
        let transfer = self.admitted("submit a form of the bot's", url, Hosts::admits_page)?;
        let mut transfer = Transfer { repeatable: false, ..transfer };
        let http = self.inner.client.post(transfer.url.clone());
        let http = http.header(CONTENT_TYPE, "application/json").body(body.to_string());
        transfer.run(http, MOST_BYTES).await
    }

    fn transfer(&self, deed: &'static str, url: &str) -> Result<Transfer<'_>, DownloadError> {
        self.admitted(deed, url, Hosts::admits)
    }

    fn admitted(
        &self,
        deed: &'static str,
        url: &str,
        admits: fn(&Hosts, &Url) -> bool,
    ) -> Result<Transfer<'_>, DownloadError> {
        let inner = &*self.inner;
        let url = Url::parse(url).ok();
        let host = url.as_ref().map(host_and_port).unwrap_or_default();
        match url.filter(|url| admits(&inner.hosts, url)) {
            Some(url) => Ok(Transfer {
                deed,
                url,
                inner,
                started: inner.clock.now(),
                attempts: 0,
                repeatable: true,
                rng: inner.rng(),
            }),
            None => Err(DownloadError {
                kind: DownloadErrorKind::NotAllowed,
                attempts: 0,
                elapsed: Duration::ZERO,
                deed,
                host,
                source: None,
            }),
        }
    }
}

impl Inner {
    /// The jitter between the attempts of one transfer: another for each, and for each process.
    fn rng(&self) -> fastrand::Rng {
        let nth = self.transfers.fetch_add(1, Ordering::Relaxed);
        fastrand::Rng::with_seed(self.clock.now().as_micros() ^ nth.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }
}

/// One transfer: all its attempts.
struct Transfer<'a> {
    deed: &'static str,
    url: Url,
    inner: &'a Inner,
    started: Moment,
    attempts: u32,
    /// Whether doing it twice does no more than doing it once.
    repeatable: bool,
    rng: fastrand::Rng,
}

/// How one attempt failed.
struct Failure {
    kind: DownloadErrorKind,
    status: Option<u16>,
    retry_after: Option<Duration>,
    source: Option<reqwest::Error>,
}

impl Transfer<'_> {
    async fn run(&mut self, http: reqwest::RequestBuilder, most_bytes: u64) -> Result<Bytes, DownloadError> {
        loop {
            self.attempts = self.attempts.saturating_add(1);
            // Only a body that is a stream cannot be cloned, and none is.
            let Some(again) = http.try_clone() else { return Err(self.error(Failure::not_allowed())) };
            let failure = match attempt(again, most_bytes).await {
                Ok(file) => return Ok(file),
                Err(failure) => failure,
            };
            match self.decide(&failure) {
                Some(after) => self.inner.clock.sleep_until(self.inner.clock.now() + after).await,
                None => return Err(self.error(failure)),
            }
        }
    }

    fn decide(&mut self, failure: &Failure) -> Option<Duration> {
        let certainty = match failure.kind {
            DownloadErrorKind::Unreachable => Certainty::NotSent,
            DownloadErrorKind::Broken { .. } => Certainty::MaybeSent,
            DownloadErrorKind::NotAllowed
            | DownloadErrorKind::Expired { .. }
            | DownloadErrorKind::TooLarge { .. }
            | DownloadErrorKind::Refused { .. } => Certainty::Answered,
        };
        let attempt = Attempt {
            retries: self.attempts.saturating_sub(1),
            repeatable: self.repeatable,
            certainty,
            status: failure.status,
            retry_after: failure.retry_after,
            deadline: None,
        };
        match decide(&self.inner.retry, &attempt, self.inner.clock.now(), &mut self.rng) {
            Decision::Again { after } => Some(after),
            Decision::Stop { .. } => None,
        }
    }

    fn error(&self, failure: Failure) -> DownloadError {
        DownloadError {
            kind: failure.kind,
            attempts: self.attempts,
            elapsed: self.inner.clock.now().since(self.started),
            deed: self.deed,
            host: host_and_port(&self.url),
            source: failure.source,
        }
    }
}

async fn attempt(http: reqwest::RequestBuilder, most_bytes: u64) -> Result<Bytes, Failure> {
    let response = http.send().await.map_err(Failure::transport)?;
    let status = response.status().as_u16();
    match status {
        200..300 => read(response, most_bytes).await,
        _ => Err(Failure::answer(&response)),
    }
}

async fn read(mut response: Response, most_bytes: u64) -> Result<Bytes, Failure> {
    // What the length says is believed only where it refuses: a file may still be longer than its header.
    if response.content_length().is_some_and(|length| length > most_bytes) {
        return Err(Failure::too_large(most_bytes));
    }
    let mut file = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(Failure::transport)? {
        let length = file.len().saturating_add(chunk.len());
        if u64::try_from(length).unwrap_or(u64::MAX) > most_bytes {
            return Err(Failure::too_large(most_bytes));
        }
        file.extend_from_slice(&chunk);
    }
    Ok(file.freeze())
}

impl Failure {
    fn of(kind: DownloadErrorKind) -> Self {
        Self { kind, status: None, retry_after: None, source: None }
    }

    fn not_allowed() -> Self {
        Self::of(DownloadErrorKind::NotAllowed)
    }

    fn too_large(most_bytes: u64) -> Self {
        Self::of(DownloadErrorKind::TooLarge { most_bytes })
    }

    fn answer(response: &Response) -> Self {
        let status = response.status().as_u16();
        let kind = match status {
            403 | 404 => DownloadErrorKind::Expired { status },
            _ => DownloadErrorKind::Refused { status },
        };
        let headers = response.headers().iter();
        let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let retry_after = Answer::read(status, headers, b"").retry_after;
        Self { status: Some(status), retry_after, ..Self::of(kind) }
    }

    fn transport(error: reqwest::Error) -> Self {
        let kind = if error.is_connect() {
            DownloadErrorKind::Unreachable
        } else {
            DownloadErrorKind::Broken { is_timeout: error.is_timeout() }
        };
        Self { source: Some(error.without_url()), ..Self::of(kind) }
    }
}

impl DownloadError {
    /// Whether the same transfer can succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self.kind {
            DownloadErrorKind::Unreachable | DownloadErrorKind::Broken { .. } => true,
            DownloadErrorKind::Refused { status } => status == 429 || status >= 500,
            DownloadErrorKind::NotAllowed
            | DownloadErrorKind::Expired { .. }
            | DownloadErrorKind::TooLarge { .. } => false,
        }
    }
}

impl fmt::Display for DownloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.deed)?;
        if !self.host.is_empty() {
            write!(f, " ({})", self.host)?;
        }
        self.kind.fmt(f)?;
        match self.attempts {
            0 => Ok(()),
            1 => write!(f, " (1 attempt in {})", Seconds(self.elapsed)),
            attempts => write!(f, " ({attempts} attempts in {})", Seconds(self.elapsed)),
        }
    }
}

impl DownloadErrorKind {
    fn fmt(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed => f.write_str(": the link is not one to a host that files come from"),
            Self::Expired { status } => {
                write!(f, ": the link has expired or the file is gone (status {status})")
            }
            Self::TooLarge { most_bytes } => write!(f, ": larger than {most_bytes} bytes"),
            Self::Refused { status } => write!(f, ": status {status}"),
            Self::Unreachable => f.write_str(": cannot connect"),
            Self::Broken { is_timeout: true } => f.write_str(": the time ran out"),
            Self::Broken { is_timeout: false } => f.write_str(": the connection broke"),
        }
    }
}

impl StdError for DownloadError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl fmt::Debug for Downloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downloader").field("hosts", &self.inner.hosts).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_discords_own_alone() {
        let admitted = |hosts: &Hosts, url: &str| hosts.admits_page(&Url::parse(url).unwrap());
        for (url, public, loopback) in [
            ("https://936929561302675456.discordsays.com/inpaint/api/submit-job", true, false),
            ("http://936929561302675456.discordsays.com/x", false, false),
            ("https://discordsays.com/x", false, false),
            ("https://evil.discordsays.com/x", false, false),
            ("https://1.discordsays.com.example.com/x", false, false),
            ("https://cdn.discordapp.com/x", false, false),
            ("http://127.0.0.1:8080/inpaint/api/submit-job", false, true),
        ] {
            assert_eq!(admitted(&Hosts::public(), url), public, "public: {url}");
            assert_eq!(admitted(&Hosts::loopback(), url), loopback, "loopback: {url}");
        }
    }

    #[test]
    fn files_come_from_known_hosts_alone() {
        let admitted = |hosts: &Hosts, url: &str| hosts.admits(&Url::parse(url).unwrap());
        for (url, public, loopback) in [
            ("https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3", true, false),
            ("https://media.discordapp.net/a.webp", true, false),
            ("https://cdn.midjourney.com/a.png", true, false),
            ("https://discord-attachments-uploads-prd.storage.googleapis.com/x?upload_id=1", true, false),
            ("http://cdn.discordapp.com/a.png", false, false),
            ("https://cdn.discordapp.com.example.com/a.png", false, false),
            ("https://evildiscordapp.com/a.png", false, false),
            ("https://storage.googleapis.com/a.png", false, false),
            ("http://127.0.0.1:8080/cdn/a.png", false, true),
            ("http://[::1]/a.png", false, true),
            ("https://127.0.0.1/a.png", false, false),
            ("https://169.254.169.254/latest", false, false),
            ("http://169.254.169.254/latest", false, false),
            ("ftp://cdn.discordapp.com/a.png", false, false),
            ("file:///etc/passwd", false, false),
        ] {
            assert_eq!(admitted(&Hosts::public(), url), public, "public: {url}");
            assert_eq!(admitted(&Hosts::loopback(), url), loopback, "loopback: {url}");
        }
    }
}
