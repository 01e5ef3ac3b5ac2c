//! Where requests go, and which hosts are allowed without asking. It opens no connection.

use std::fmt;
use std::str::FromStr;

use hyper::http::uri::{Authority, Scheme};
use thiserror::Error;
use url::{Host, Url};

const DISCORD: &str = "discord.com";

/// The one server that all requests go to: scheme, host and port.
///
/// ```
/// use journeyman_proxy::{Hosts, Upstream};
///
/// let upstream = Upstream::parse("http://127.0.0.1:9000", Hosts::Known)?;
/// assert_eq!(upstream.to_string(), "http://127.0.0.1:9000");
/// // The interesting failure: tokens go to Discord or stay on this machine unless somebody says otherwise.
/// assert!(Upstream::parse("https://discord.example", Hosts::Known).is_err());
/// assert!(Upstream::parse("https://discord.example", Hosts::Any).is_ok());
/// # Ok::<(), journeyman_proxy::UpstreamError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    scheme: Scheme,
    authority: Authority,
}

/// Which hosts an upstream may be on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// discord.com over TLS, and this machine.
    Known,
    /// Any: whoever runs the proxy answers for where its clients' tokens go.
    Any,
}

/// An address that cannot be an upstream.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// It is not an address at all.
    #[error("read the upstream's address {text:?}: {why}; write it as https://discord.com")]
    NotAnAddress {
        /// What was given, without what stands before an `@`.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// It has more than scheme, host and port.
    #[error("the upstream on {host} has {what}; give scheme, host and port alone")]
    TooMuch {
        /// The host.
        host: String,
        /// What is too much.
        what: &'static str,
    },
    /// Its host is not a known one.
    #[error(
        "the upstream {origin} is neither https://discord.com nor on this machine, and clients' tokens would go \
         there; allow it with --allow-any-upstream"
    )]
    UnknownHost {
        /// Scheme, host and port.
        origin: String,
    },
}

impl Upstream {
    /// Reads an address: scheme, host and port alone.
    ///
    /// # Errors
    /// What is wrong with it, or that its host is not among `hosts`.
    pub fn parse(text: &str, hosts: Hosts) -> Result<Self, UpstreamError> {
        let unreadable = |why: String| UpstreamError::NotAnAddress { text: without_user(text), why };
        let url = Url::parse(text).map_err(|why| unreadable(why.to_string()))?;
        let scheme = match url.scheme() {
            "https" => Scheme::HTTPS,
            "http" => Scheme::HTTP,
            other => return Err(unreadable(format!("`{other}` is neither http nor https"))),
        };
        let Some(host) = url.host() else { return Err(unreadable("it has no host".to_owned())) };
        if let Some(what) = excess(&url) {
            return Err(UpstreamError::TooMuch { host: host.to_string(), what });
        }
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        let authority = Authority::from_str(&format!("{host}{port}"));
        let upstream = Self { scheme, authority: authority.map_err(|why| unreadable(why.to_string()))? };
        if hosts == Hosts::Known && !is_known(&upstream, &host) {
            return Err(UpstreamError::UnknownHost { origin: upstream.to_string() });
        }
        Ok(upstream)
    }

    /// The scheme.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Host and port.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Whether the way there is without TLS.
    pub(crate) fn is_plain(&self) -> bool {
        self.scheme == Scheme::HTTP
    }
}

impl Default for Upstream {
    fn default() -> Self {
        Self { scheme: Scheme::HTTPS, authority: Authority::from_static(DISCORD) }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

fn is_known(upstream: &Upstream, host: &Host<&str>) -> bool {
    match host {
        // Without TLS a token could be read on the way.
        Host::Domain(name) if *name == DISCORD => !upstream.is_plain() && upstream.authority.port().is_none(),
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn excess(url: &Url) -> Option<&'static str> {
    if !url.username().is_empty() || url.password().is_some() {
        return Some("a user name or a password");
    }
    if url.path() != "/" {
        return Some("a path");
    }
    (url.query().is_some() || url.fragment().is_some()).then_some("a query or a fragment")
}

/// An error is read by more people than an address: what stands before an `@` may be a password.
fn without_user(text: &str) -> String {
    text.rsplit('@').next().unwrap_or_default().chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discord_and_this_machine_are_known_and_nobody_else() {
        for known in [
            "https://discord.com",
            "https://discord.com/",
            "http://127.0.0.1:8081",
            "http://localhost:1",
            "http://[::1]:80",
        ] {
            assert!(Upstream::parse(known, Hosts::Known).is_ok(), "{known}");
        }
        for unknown in [
            "https://example.com",
            "https://discord.com.example.com",
            "https://evildiscord.com",
            "http://discord.com",
            "https://discord.com:8443",
            "http://10.0.0.1",
            "http://169.254.169.254",
            "https://localhost.example.com",
        ] {
            let error = Upstream::parse(unknown, Hosts::Known).expect_err(unknown);
            assert!(matches!(error, UpstreamError::UnknownHost { .. }), "{unknown}: {error}");
            assert!(Upstream::parse(unknown, Hosts::Any).is_ok(), "{unknown}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused_and_a_password_is_not_repeated() {
        for wrong in
            ["", "discord.com", "ftp://127.0.0.1", "https://", "http://127.0.0.1/api", "http://[::1]?a"]
        {
            assert!(Upstream::parse(wrong, Hosts::Any).is_err(), "{wrong:?}");
        }
        for secret in ["http://a:canary@127.0.0.1", "nonsense canary@x", "ftp://a:canary@127.0.0.1"] {
            let error = Upstream::parse(secret, Hosts::Any).expect_err(secret);
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }
}
