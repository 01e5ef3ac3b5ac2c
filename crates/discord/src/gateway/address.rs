//! Where a gateway is, and which other address of it may have the token. It opens no connection.

use std::fmt;

use thiserror::Error;
use url::Url;

use crate::config::{host_and_port, is_loopback};

/// Discord's own domains (Discord's docs, "Gateway": `gateway.discord.gg`, `gateway-us-east1-b.discord.gg`).
const DISCORD: [&str; 3] = ["discord.gg", "discord.com", "discord.media"];

/// The address of a gateway, such as `wss://gateway.discord.gg`: `wss:`, or `ws:` on this machine.
///
/// What a query of it says about version, encoding and compression is replaced by what this client speaks.
///
/// ```
/// use journeyman_discord::gateway::GatewayAddress;
///
/// let local: GatewayAddress = "ws://127.0.0.1:8080".parse()?;
/// assert_eq!(local.host(), "127.0.0.1:8080");
///
/// // The interesting failure: a token never travels in clear over a network.
/// let error = "ws://gateway.discord.gg".parse::<GatewayAddress>().unwrap_err();
/// assert!(error.to_string().contains("use wss://gateway.discord.gg"));
/// # Ok::<(), journeyman_discord::gateway::BadGatewayAddress>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct GatewayAddress {
    url: Url,
}

/// A text that is not the address of a gateway. It never contains a user name, a password or a query.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BadGatewayAddress {
    /// Not a URL at all, or one without a host.
    #[error("the gateway's address is not a URL; give one such as wss://gateway.discord.gg")]
    NotAUrl,
    /// Neither ws nor wss.
    #[error("the gateway's address begins with {scheme}:, and only wss: is spoken (ws: on this machine)")]
    Scheme {
        /// The scheme that was given.
        scheme: String,
    },
    /// Plain ws to another machine.
    #[error("the gateway's address ws://{host} would send the token in clear; use wss://{host}")]
    Clear {
        /// The host that was given.
        host: String,
    },
    /// A user name or a password before the host.
    #[error("the gateway's address has a user name or a password in it; give the address alone")]
    Userinfo,
}

impl GatewayAddress {
    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// The host, with its port where that is not the scheme's own.
    pub fn host(&self) -> String {
        host_and_port(&self.url)
    }

    /// The whole URL, with version, encoding and compression in its query.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether it is spoken to without TLS.
    pub(crate) fn is_plain(&self) -> bool {
        self.url.scheme() == "ws"
    }

    /// Whether a session that was begun here may be resumed there, which sends the token there: to the same
    /// host, from this machine to this machine, and among Discord's own domains.
    pub fn may_move_to(&self, other: &Self) -> bool {
        if self.is_loopback() || other.is_loopback() {
            return self.is_loopback() && other.is_loopback();
        }
        self.url.host() == other.url.host() || (self.is_discords() && other.is_discords())
    }

    fn is_discords(&self) -> bool {
        let Some(host) = self.url.domain() else { return false };
        DISCORD.iter().any(|domain| {
            host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
        })
    }
}

impl Default for GatewayAddress {
    fn default() -> Self {
        #[expect(clippy::unwrap_used, reason = "a constant, parsed by a test")]
        "wss://gateway.discord.gg".parse().unwrap()
    }
}

impl std::str::FromStr for GatewayAddress {
    type Err = BadGatewayAddress;

    fn from_str(text: &str) -> Result<Self, BadGatewayAddress> {
        let mut url = Url::parse(text.trim()).map_err(|_| BadGatewayAddress::NotAUrl)?;
        let scheme = url.scheme().to_owned();
        if !matches!(scheme.as_str(), "ws" | "wss") {
            return Err(BadGatewayAddress::Scheme { scheme });
        }
        let Some(host) = url.host_str().map(str::to_owned) else { return Err(BadGatewayAddress::NotAUrl) };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadGatewayAddress::Userinfo);
        }
        if scheme == "ws" && !is_loopback(&url) {
            return Err(BadGatewayAddress::Clear { host });
        }
        url.set_fragment(None);
        // Version 10 is the newest that Discord's docs describe; users' clients have sent 9 and 10.
        url.set_query(Some("v=10&encoding=json&compress=zlib-stream"));
        Ok(Self { url })
    }
}

impl fmt::Display for GatewayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.url.scheme(), self.host())
    }
}

impl fmt::Debug for GatewayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GatewayAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> GatewayAddress {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn an_address_says_what_is_spoken() {
        for text in ["wss://gateway.discord.gg", "wss://gateway.discord.gg/?v=9&encoding=etf#x"] {
            let url = address(text).url().to_string();
            assert_eq!(url, "wss://gateway.discord.gg/?v=10&encoding=json&compress=zlib-stream");
        }
        assert_eq!(GatewayAddress::default().to_string(), "wss://gateway.discord.gg");
        assert_eq!(address("ws://[::1]:9/gateway").url().path(), "/gateway");
    }

    #[test]
    fn anything_else_is_refused_with_the_cure() {
        for (text, expect) in [
            ("", "give one such as"),
            ("gateway.discord.gg", "give one such as"),
            ("https://gateway.discord.gg", "begins with https:"),
            ("ws://gateway.discord.gg", "use wss://gateway.discord.gg"),
            ("ws://127.0.0.1.example.com", "would send the token in clear"),
            ("wss://me:canary@gateway.discord.gg", "user name or a password"),
        ] {
            let error = text.parse::<GatewayAddress>().unwrap_err().to_string();
            assert!(error.contains(expect), "{text}: {error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn a_token_never_goes_to_a_host_outside_discords_own_domain() {
        for (from, to, may) in [
            ("wss://gateway.discord.gg", "wss://gateway-us-east1-b.discord.gg", true),
            ("wss://gateway.discord.gg", "wss://discord.gg", true),
            ("wss://gateway.discord.gg", "wss://evil-discord.gg", false),
            ("wss://gateway.discord.gg", "wss://discord.gg.example.com", false),
            ("wss://gateway.discord.gg", "wss://10.0.0.1", false),
            ("wss://gateway.discord.gg", "ws://127.0.0.1:80", false),
            ("ws://127.0.0.1:80", "ws://127.0.0.1:81", true),
            ("ws://127.0.0.1:80", "ws://localhost:81", true),
            ("ws://127.0.0.1:80", "wss://gateway.discord.gg", false),
            ("wss://proxy.example", "wss://proxy.example:8443", true),
            ("wss://proxy.example", "wss://gateway.discord.gg", false),
        ] {
            assert_eq!(address(from).may_move_to(&address(to)), may, "{from} {to}");
        }
    }
}
