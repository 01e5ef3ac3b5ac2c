//! The proxy's settings as people write them: flags, and the keys of a file. What they mean is `Config`'s subject.

mod file;
mod seconds;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use journeyman_limiter::{Credential, GlobalLimit, Shedding, Tenant};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::config::Config;
use crate::trust::{Trust, TrustError};
use crate::upstream::{Hosts, Upstream, UpstreamError};

pub use seconds::{NotSeconds, Seconds};

/// Every setting, each as a flag (`--max-body`) and as a key of the file (`max_body`). What is not set has
/// its default.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where to listen; anybody who can reach this address can use the proxy [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Where requests go: scheme, host and port [default: `https://discord.com`].
    #[arg(long, value_name = "URL")]
    pub upstream: Option<String>,
    /// Allow an upstream that is neither discord.com nor on this machine. Your clients' tokens go there.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub allow_any_upstream: Option<bool>,
    /// A file of certificates (PEM) that the upstream's may be signed with, besides the system's.
    #[arg(long, value_name = "FILE")]
    pub upstream_ca: Option<PathBuf>,
    /// How long a request may wait for its limits before it is answered with a 429 [default: 8].
    #[arg(long, value_name = "SECONDS")]
    pub hold: Option<Seconds>,
    /// How long a connection to the upstream may take [default: 5].
    #[arg(long, value_name = "SECONDS")]
    pub connect: Option<Seconds>,
    /// How long the upstream may take to begin its answer [default: 60].
    #[arg(long, value_name = "SECONDS")]
    pub answer: Option<Seconds>,
    /// How long a connection may be idle, and a request's head take [default: 60].
    #[arg(long, value_name = "SECONDS")]
    pub idle: Option<Seconds>,
    /// How long an answer may stand still before its connection is cut [default: 60].
    #[arg(long, value_name = "SECONDS")]
    pub stall: Option<Seconds>,
    /// How long a request's body may stand still [default: 30].
    #[arg(long, value_name = "SECONDS")]
    pub body: Option<Seconds>,
    /// How long open requests may take to end after SIGTERM [default: 30].
    #[arg(long, value_name = "SECONDS")]
    pub drain: Option<Seconds>,
    /// The largest head of a request [default: 64].
    #[arg(long, value_name = "KIB", value_parser = clap::value_parser!(u32).range(8..=1024))]
    pub max_head: Option<u32>,
    /// The largest body of a request [default: 128].
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..=4095))]
    pub max_body: Option<u32>,
    /// How many connections are served at once; further ones wait to be accepted [default: 16384].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: Option<u32>,
    /// How many requests one connection of HTTP/2 may have open at once [default: 256].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_streams: Option<u32>,
    /// How many requests per second each credential has over all routes; 0 for no such limit [default: 50].
    #[arg(long, value_name = "N")]
    pub global: Option<u32>,
    /// The least time between two requests of one credential; 0 for none [default: 0].
    #[arg(long, value_name = "SECONDS")]
    pub pace: Option<Seconds>,
    /// The distance between two requests of a route that answers without headers [default: 1].
    #[arg(long, value_name = "SECONDS")]
    pub headerless: Option<Seconds>,
    /// How many requests may wait at once [default: 100000].
    #[arg(long, value_name = "N")]
    pub max_waiting: Option<u32>,
    /// How many requests of one tenant of one credential may wait at once [default: 100000].
    #[arg(long, value_name = "N")]
    pub max_waiting_per_tenant: Option<u32>,
    /// Who is refused when too many wait: reject-new or drop-oldest-bulk [default: reject-new].
    #[arg(long, value_name = "WHO", value_parser = ["reject-new", "drop-oldest-bulk"])]
    pub shedding: Option<String>,
    /// After how long in line a request counts as overdue [default: 10].
    #[arg(long, value_name = "SECONDS")]
    pub ageing: Option<Seconds>,
    /// From how many invalid requests in 10 minutes on there is a warning [default: 500].
    #[arg(long, value_name = "N")]
    pub guard_soft: Option<u32>,
    /// From how many on only what is critical goes [default: 1500].
    #[arg(long, value_name = "N")]
    pub guard_hard: Option<u32>,
    /// From how many on nothing goes [default: 8000].
    #[arg(long, value_name = "N")]
    pub guard_full_stop: Option<u32>,
    /// From how many of its own on a tenant is refused [default: 750].
    #[arg(long, value_name = "N")]
    pub guard_tenant: Option<u32>,
    /// How long a 403 is remembered at first; 0 for not at all [default: 10].
    #[arg(long, value_name = "SECONDS")]
    pub guard_forbidden: Option<Seconds>,
    /// How many failures in a row open a class of routes' circuit breaker [default: 3].
    #[arg(long, value_name = "N")]
    pub breaker_in_a_row: Option<u32>,
    /// The share of failures that opens it, in per cent [default: 50].
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub breaker_percent: Option<u32>,
    /// How long it stays open at first [default: 5].
    #[arg(long, value_name = "SECONDS")]
    pub breaker_open: Option<Seconds>,
    /// The longest that it stays open [default: 60].
    #[arg(long, value_name = "SECONDS")]
    pub breaker_longest: Option<Seconds>,
    /// A file that keeps what was learnt over a restart; written every minute, and at the end.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,

    /// What is known of single credentials. Only in the file.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credential: Vec<CredentialSettings>,
    /// How often per round each named tenant is served. Only in the file.
    #[arg(skip)]
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tenants: BTreeMap<String, u32>,
}

/// One credential: which, and its limits. It never holds the token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CredentialSettings {
    /// The environment variable that holds the token: as it stands in `Authorization`, or a bot's alone.
    pub token_env: Option<String>,
    /// Instead of the token, its fingerprint as `/explain` shows it: 16 hexadecimal digits.
    pub fingerprint: Option<String>,
    /// How many requests per second it has over all routes.
    pub global: Option<u32>,
}

/// Settings that cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("read the settings in {}: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no TOML, or a value is of the wrong kind.
    #[error("read the settings in {}, line {line}: {why}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong, without what stands there.
        why: String,
    },
    /// A key that means nothing.
    #[error("the settings in {} have an unknown key `{key}`; the nearest known one is `{nearest}`", path.display())]
    UnknownKey {
        /// Which file.
        path: PathBuf,
        /// The key, with the table it is in.
        key: String,
        /// The known key that is most like it.
        nearest: String,
    },
    /// A value that cannot be.
    #[error("{what}; {cure}")]
    Senseless {
        /// What is wrong.
        what: String,
        /// What to do.
        cure: String,
    },
    /// The upstream cannot be one.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The certificates cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

impl Settings {
    /// Where the proxy listens unless told otherwise.
    pub const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, or says something that means nothing.
    pub fn of_file(path: &Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })?;
        file::read(path, &text)
    }

    /// These, and where they say nothing, those.
    ///
    /// # Errors
    /// None that is known of; what is written can be read.
    pub fn or(&self, those: &Self) -> Result<Self, SettingsError> {
        file::overlay(self, those)
    }

    /// All of them as TOML, as a file could say it.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// What a proxy has that is told nothing.
    pub fn defaults() -> Self {
        let config = Config::default();
        let seconds = |span| Some(Seconds(span));
        let count = |number: usize| u32::try_from(number).ok();
        Self {
            listen: Some(Self::LISTEN),
            upstream: Some(config.upstream.to_string()),
            allow_any_upstream: Some(false),
            upstream_ca: None,
            hold: seconds(config.hold),
            connect: seconds(config.connect),
            answer: seconds(config.answer),
            idle: seconds(config.idle),
            stall: seconds(config.stall),
            body: seconds(config.body),
            drain: seconds(config.drain),
            max_head: count(config.max_head_bytes / 1024),
            max_body: count(config.max_body_bytes / (1024 * 1024)),
            max_connections: count(config.max_connections),
            max_streams: Some(config.max_streams),
            global: config.limits.global.map(|global| global.limit),
            pace: seconds(config.limits.pace.unwrap_or_default()),
            headerless: seconds(config.limits.headerless),
            max_waiting: count(config.limits.max_waiting),
            max_waiting_per_tenant: count(config.limits.max_waiting_per_tenant),
            shedding: Some("reject-new".to_owned()),
            ageing: seconds(config.limits.ageing),
            guard_soft: Some(config.limits.guard.soft),
            guard_hard: Some(config.limits.guard.hard),
            guard_full_stop: Some(config.limits.guard.full_stop),
            guard_tenant: Some(config.limits.guard.tenant),
            guard_forbidden: seconds(config.limits.guard.forbidden),
            breaker_in_a_row: Some(config.limits.breaker.in_a_row),
            breaker_percent: Some(config.limits.breaker.percent),
            breaker_open: seconds(config.limits.breaker.open),
            breaker_longest: seconds(config.limits.breaker.longest),
            state: None,
            credential: Vec::new(),
            tenants: BTreeMap::new(),
        }
    }

    /// The configuration that they describe; `variable` reads the environment.
    ///
    /// # Errors
    /// If a value cannot be, or a variable that is named is not set.
    pub fn config(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Config, SettingsError> {
        let all = self.or(&Self::defaults())?;
        let mut config = Config::default();
        let hosts = if all.allow_any_upstream == Some(true) { Hosts::Any } else { Hosts::Known };
        if let Some(upstream) = &all.upstream {
            config.upstream = Upstream::parse(upstream, hosts)?;
        }
        if let Some(path) = &all.upstream_ca {
            config.trust = Trust::of_file(path)?;
        }
        config.state.clone_from(&all.state);
        all.spans(&mut config);
        all.counts(&mut config)?;
        config.globals = all.credential.iter().map(|one| one.resolve(&variable)).collect::<Result<_, _>>()?;
        for (name, weight) in &all.tenants {
            let weight = at_least_one(*weight, &format!("tenants.{name}"))?;
            config.limits.weights.insert(Tenant::named(name), weight);
        }
        Ok(config)
    }

    fn spans(&self, config: &mut Config) {
        let set = |target: &mut std::time::Duration, given: Option<Seconds>| {
            if let Some(Seconds(span)) = given {
                *target = span;
            }
        };
        set(&mut config.hold, self.hold);
        set(&mut config.connect, self.connect);
        set(&mut config.answer, self.answer);
        set(&mut config.idle, self.idle);
        set(&mut config.stall, self.stall);
        set(&mut config.body, self.body);
        set(&mut config.drain, self.drain);
        set(&mut config.limits.headerless, self.headerless);
        set(&mut config.limits.ageing, self.ageing);
        set(&mut config.limits.guard.forbidden, self.guard_forbidden);
        set(&mut config.limits.breaker.open, self.breaker_open);
        set(&mut config.limits.breaker.longest, self.breaker_longest);
        config.limits.pace = self.pace.map(|Seconds(span)| span).filter(|span| !span.is_zero());
    }

    fn counts(&self, config: &mut Config) -> Result<(), SettingsError> {
        let count = |given: Option<u32>, key| at_least_one(given.unwrap_or(1), key).map(|n| n as usize);
        config.max_head_bytes = count(self.max_head, "max_head")?.saturating_mul(1024);
        config.max_body_bytes = count(self.max_body, "max_body")?.saturating_mul(1024 * 1024);
        config.max_connections = count(self.max_connections, "max_connections")?;
        config.max_streams = at_least_one(self.max_streams.unwrap_or(1), "max_streams")?;
        config.limits.max_waiting = count(self.max_waiting, "max_waiting")?;
        config.limits.max_waiting_per_tenant = count(self.max_waiting_per_tenant, "max_waiting_per_tenant")?;
        let threshold = |given: Option<u32>, key| at_least_one(given.unwrap_or(1), key);
        config.limits.guard.soft = threshold(self.guard_soft, "guard_soft")?;
        config.limits.guard.hard = threshold(self.guard_hard, "guard_hard")?;
        config.limits.guard.full_stop = threshold(self.guard_full_stop, "guard_full_stop")?;
        config.limits.guard.tenant = threshold(self.guard_tenant, "guard_tenant")?;
        config.limits.breaker.in_a_row = threshold(self.breaker_in_a_row, "breaker_in_a_row")?;
        config.limits.breaker.percent = threshold(self.breaker_percent, "breaker_percent")?.min(100);
        config.limits.global = self.global.and_then(per_second);
        config.limits.shedding = match self.shedding.as_deref() {
            None | Some("reject-new") => Shedding::RejectNew,
            Some("drop-oldest-bulk") => Shedding::DropOldestBulk,
            Some(other) => {
                return Err(SettingsError::Senseless {
                    what: format!("`shedding` is {other:?}"),
                    cure: "use reject-new or drop-oldest-bulk".to_owned(),
                });
            }
        };
        Ok(())
    }
}

impl CredentialSettings {
    fn resolve(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<(Credential, GlobalLimit), SettingsError> {
        let senseless = |what: String, cure: &str| SettingsError::Senseless { what, cure: cure.to_owned() };
        let credential = match (&self.token_env, &self.fingerprint) {
            (Some(name), None) => match variable(name) {
                Some(token) if !token.trim().is_empty() => Credential::of_token(&authorization(&token)),
                _ => {
                    let what = format!("a credential's `token_env` names {name:?}, which is not set");
                    return Err(senseless(what, "set the variable, or give the credential's `fingerprint`"));
                }
            },
            (None, Some(text)) => Credential::of_fingerprint(text).ok_or_else(|| {
                let what = "a credential's `fingerprint` is not one".to_owned();
                senseless(what, "give the 16 hexadecimal digits that /explain shows as `credential`")
            })?,
            _ => {
                let what = "a credential has neither or both of `token_env` and `fingerprint`".to_owned();
                return Err(senseless(what, "give one of them"));
            }
        };
        let global = self.global.and_then(per_second);
        let what = || "a credential has no `global` above 0".to_owned();
        let global = global.ok_or_else(|| senseless(what(), "say how many requests per second it has"))?;
        Ok((credential, global))
    }
}

/// What a client with this token sends as `Authorization`: a bot's token may be given alone.
pub(crate) fn authorization(token: &str) -> String {
    let token = token.trim();
    if token.contains(' ') { token.to_owned() } else { format!("Bot {token}") }
}

fn per_second(limit: u32) -> Option<GlobalLimit> {
    (limit > 0).then(|| GlobalLimit { limit, ..GlobalLimit::default() })
}

fn at_least_one(number: u32, key: &str) -> Result<u32, SettingsError> {
    if number > 0 {
        return Ok(number);
    }
    Err(SettingsError::Senseless {
        what: format!("`{key}` is 0"),
        cure: "give 1 or more, or leave it out".to_owned(),
    })
}
