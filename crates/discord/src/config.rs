//! Where to talk to and how long to wait: plain settings with documented defaults. It reads no environment.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use journeyman_limiter::RetryPolicy;
use thiserror::Error;
use url::{Host, Url};

use crate::{Tap, Token};

/// How requests are made. The defaults are [`Config::new`]'s.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where Discord's API is; default `https://discord.com`.
    pub api_base: ApiBase,
    /// Who speaks.
    pub token: Token,
    /// How long one attempt may take.
    pub timeouts: Timeouts,
    /// Which answers are tried again, how often, and how soon.
    pub retry: RetryPolicy,
    /// Hears what passes; default `None`.
    pub tap: Option<Tap>,
}

impl Config {
    /// The defaults for this token.
    pub fn new(token: Token) -> Self {
        Self {
            api_base: ApiBase::default(),
            token,
            timeouts: Timeouts::default(),
            retry: RetryPolicy::default(),
            tap: None,
        }
    }

    /// The same with another API base.
    #[must_use]
    pub fn with_api_base(self, api_base: ApiBase) -> Self {
        Self { api_base, ..self }
    }

    /// The same, heard by this tap.
    #[must_use]
    pub fn with_tap(self, tap: Option<Tap>) -> Self {
        Self { tap, ..self }
    }
}

/// How long the parts of one attempt may take, on the clock that the client was given.
///
/// A clock that runs faster than real time shortens none of them below five real seconds: the machine and
/// its network do not run faster with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// From the first try to reach the host until the connection stands; default 10 s.
    pub connect: Duration,
    /// From the start of an API request until its whole answer is read; default 30 s.
    pub answer: Duration,
    /// From the start of a download or an upload until its last byte; default 120 s.
    pub transfer: Duration,
    /// Between two pieces of a download; default 20 s.
    pub stall: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            transfer: Duration::from_mins(2),
            stall: Duration::from_secs(20),
        }
    }
}

/// Who we say we are: by name, with version, and that nobody official stands behind it.
pub(crate) const USER_AGENT: &str = concat!("journeyman/", env!("CARGO_PKG_VERSION"), " (+unofficial)");

/// An origin, such as `https://discord.com`; `/api/v9` is added to it.
///
/// ```
/// use journeyman_discord::ApiBase;
///
/// let local: ApiBase = "http://127.0.0.1:8080".parse()?;
/// assert!(local.is_loopback());
///
/// // The interesting failure: a token never travels in clear over a network.
/// let error = "http://discord.com".parse::<ApiBase>().unwrap_err();
/// assert!(error.to_string().contains("https"));
/// # Ok::<(), journeyman_discord::BadApiBase>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ApiBase {
    origin: Url,
}

/// A text that is not an API base.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BadApiBase {
    /// Not a URL at all, or one without a host.
    #[error("the API base is not a URL; give an origin such as https://discord.com")]
    NotAUrl,
    /// Neither http nor https.
    #[error("the API base begins with {scheme}:, and only https: is spoken (http: on this machine)")]
    Scheme {
        /// The scheme that was given.
        scheme: String,
    },
    /// Plain http to another machine.
    #[error("the API base http://{host} would send the token in clear; use https://{host}")]
    Clear {
        /// The host that was given.
        host: String,
    },
    /// A user name or a password before the host.
    #[error("the API base has a user name or a password in it; give the origin alone")]
    Userinfo,
    /// A path, a query or a fragment after the origin.
    #[error("the API base has more than an origin; give {origin} alone, /api/v9 is added to it")]
    MoreThanOrigin {
        /// The part that is wanted.
        origin: String,
    },
}

impl ApiBase {
    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.origin)
    }

    /// Whether it is spoken to without TLS.
    pub(crate) fn is_plain(&self) -> bool {
        self.origin.scheme() == "http"
    }

    /// The host, with its port where that is not the scheme's own.
    pub fn host(&self) -> String {
        host_and_port(&self.origin)
    }

    /// The address of a path of API version 9.
    pub(crate) fn address(&self, path: &str, query: &[(&'static str, String)]) -> Url {
        let mut url = self.origin.clone();
        url.set_path(&format!("/api/v9{path}"));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

impl Default for ApiBase {
    fn default() -> Self {
        #[expect(clippy::unwrap_used, reason = "a constant, parsed by a test")]
        let origin = "https://discord.com".parse().unwrap();
        Self { origin }
    }
}

impl std::str::FromStr for ApiBase {
    type Err = BadApiBase;

    fn from_str(text: &str) -> Result<Self, BadApiBase> {
        let origin = Url::parse(text.trim()).map_err(|_| BadApiBase::NotAUrl)?;
        let scheme = origin.scheme().to_owned();
        if !matches!(scheme.as_str(), "http" | "https") {
            return Err(BadApiBase::Scheme { scheme });
        }
        let Some(host) = origin.host_str().map(str::to_owned) else { return Err(BadApiBase::NotAUrl) };
        if !origin.username().is_empty() || origin.password().is_some() {
            return Err(BadApiBase::Userinfo);
        }
        if scheme == "http" && !is_loopback(&origin) {
            return Err(BadApiBase::Clear { host });
        }
        if origin.path() != "/" || origin.query().is_some() || origin.fragment().is_some() {
            return Err(BadApiBase::MoreThanOrigin { origin: origin.origin().ascii_serialization() });
        }
        Ok(Self { origin })
    }
}

impl fmt::Display for ApiBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin.origin().ascii_serialization())
    }
}

impl fmt::Debug for ApiBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiBase({self})")
    }
}

/// Whether the URL's host is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// The host of a URL, with its port where that is not the scheme's own.
pub(crate) fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_an_api_base() {
        for (text, shown, loopback) in [
            ("https://discord.com", "https://discord.com", false),
            ("https://discord.com/", "https://discord.com", false),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", true),
            ("http://[::1]:8080", "http://[::1]:8080", true),
            ("http://localhost:1", "http://localhost:1", true),
            ("https://localhost", "https://localhost", true),
            (" https://proxy.example:8443\n", "https://proxy.example:8443", false),
        ] {
            let base: ApiBase = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((base.to_string().as_str(), base.is_loopback()), (shown, loopback), "{text}");
        }
        assert_eq!(ApiBase::default().host(), "discord.com");
    }

    #[test]
    fn anything_else_is_refused_with_the_cure() {
        for (text, expect) in [
            ("", "give an origin"),
            ("discord.com", "give an origin"),
            ("https://", "give an origin"),
            ("ftp://discord.com", "begins with ftp:"),
            ("http://discord.com", "use https://discord.com"),
            ("http://127.0.0.1.example.com", "would send the token in clear"),
            ("https://discord.com/api/v9", "give https://discord.com alone"),
            ("https://discord.com?x=1", "give https://discord.com alone"),
            ("https://me:canary@discord.com", "user name or a password"),
        ] {
            let error = text.parse::<ApiBase>().unwrap_err().to_string();
            assert!(error.contains(expect), "{text}: {error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn an_address_escapes_its_query() {
        let url = ApiBase::default().address("/channels/1/messages", &[("query", "a b&c".to_owned())]);
        assert_eq!(url.as_str(), "https://discord.com/api/v9/channels/1/messages?query=a+b%26c");
    }
}
