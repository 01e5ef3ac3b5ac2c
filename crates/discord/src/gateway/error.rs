//! Why a connection was lost, and why a session has ended for good. Neither holds a token or a URL.

use std::time::Duration;

use journeyman_moment::Moment;
use thiserror::Error;

use super::close;
use crate::error::Seconds;

/// Why the session has ended, until somebody acts: nothing connects again by itself.
///
/// `Display` says what happened, [`hint`](Self::hint) what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("hold a gateway session: {kind}")]
pub struct GatewayError {
    /// What happened.
    pub kind: GatewayErrorKind,
}

/// What ended the session.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GatewayErrorKind {
    /// Discord closed with a code after which every further try is closed alike.
    #[error("discord closed it with code {code}, {}", close::meaning(*.code))]
    Refused {
        /// The close code, such as 4004.
        code: u16,
    },
    /// As many fresh sessions were begun as the limit allows; Discord revokes the token of who exceeds it.
    #[error(
        "{begun} fresh sessions were begun in 24 hours, and the next is allowed in {}",
        Seconds(*.again_after)
    )]
    StartsExhausted {
        /// How many were begun by this client.
        begun: u32,
        /// When the next would be allowed.
        again_at: Moment,
        /// The same, from when it was found.
        again_after: Duration,
    },
    /// TLS cannot be set up on this machine.
    #[error("the system's certificates cannot be used")]
    NoCertificates,
}

impl GatewayError {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self.kind {
            GatewayErrorKind::Refused { code } => close::hint(code),
            GatewayErrorKind::StartsExhausted { .. } => {
                "the gateway keeps ending our sessions: see the log for why, and start again later; \
                 `--watch poll` works meanwhile"
            }
            GatewayErrorKind::NoCertificates => "install the system's CA certificates (`ca-certificates`)",
        }
    }
}

/// Why a connection was lost or could not be made. It is made again by itself.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DownReason {
    /// No connection could be made.
    #[error("cannot connect to {host}: {why}")]
    Unreachable {
        /// The host that was tried.
        host: String,
        /// What went wrong.
        why: Unreachable,
    },
    /// HELLO did not come in time.
    #[error("discord accepted the connection and said nothing")]
    NoHello,
    /// READY or RESUMED did not come in time.
    #[error("discord did not begin the session in time")]
    NotReady,
    /// The ack of a heartbeat did not come before the next was due: the socket is dead, whatever it says.
    #[error("a heartbeat was not acknowledged")]
    MissingAck,
    /// Discord asked to connect again (opcode 7), as it does regularly.
    #[error("discord asked to connect again")]
    ReconnectAsked,
    /// Discord has ended the session (opcode 9).
    #[error("discord invalidated the session{}", if *.is_resumable { ", which may be resumed" } else { "" })]
    Invalidated {
        /// Whether it may be resumed.
        is_resumable: bool,
    },
    /// The connection was closed with a code, or broke without.
    #[error("{}", closed(*.code))]
    Closed {
        /// The close code.
        code: Option<u16>,
    },
    /// What came cannot be read: the stream is lost from there on.
    #[error("what discord sent cannot be read: {0}")]
    Damaged(Damage),
}

/// Why no connection could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unreachable {
    /// The host's name does not resolve.
    #[error("its name does not resolve")]
    Name,
    /// Nobody accepted the connection.
    #[error("no connection was accepted")]
    Refused,
    /// TLS failed, for instance on a certificate.
    #[error("TLS failed")]
    Tls,
    /// An HTTP answer other than a websocket's.
    #[error("it answered with status {status} instead of a websocket{}", asks(*.retry_after))]
    Status {
        /// The status.
        status: u16,
        /// How long it asks to wait, if it does; the next connection is not tried before.
        retry_after: Option<Duration>,
    },
    /// No websocket came about otherwise.
    #[error("it does not speak websocket")]
    Handshake,
    /// It took too long.
    #[error("it took too long")]
    TimedOut,
}

/// What makes a stream of frames unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Damage {
    /// The compressed stream is broken.
    #[error("its compression is broken")]
    Compression,
    /// A frame is larger than any that Discord sends.
    #[error("a frame is too large")]
    TooLarge,
    /// A frame is not JSON.
    #[error("a frame is not JSON")]
    NotJson,
    /// READY lacks what a session needs.
    #[error("READY has no session in it")]
    Ready,
    /// The websocket's own rules were broken.
    #[error("it broke the websocket protocol")]
    Protocol,
}

impl DownReason {
    /// What a person can do about it, where it lasts.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable { why: Unreachable::Name, .. } => {
                "the name does not resolve: check the network, and the gateway's address for a typing mistake"
            }
            Self::Unreachable { why: Unreachable::Status { .. }, .. } => {
                "nothing to do if it is 429 or 5xx: it connects again by itself; otherwise check the address, and what is between"
            }
            Self::Unreachable { .. } => {
                "check the network, a firewall between, and the address; the gateway is reached directly, never through an \
                 HTTP proxy (HTTPS_PROXY): where only a proxy leads out, use `--watch poll`"
            }
            Self::Closed { code: Some(code) } => close::hint(*code),
            Self::Damaged(_) => {
                "check whether something between changes the traffic; report it if it repeats"
            }
            Self::NoHello
            | Self::NotReady
            | Self::MissingAck
            | Self::ReconnectAsked
            | Self::Invalidated { .. }
            | Self::Closed { code: None } => {
                "nothing to do: it connects again by itself (https://discordstatus.com)"
            }
        }
    }
}

fn asks(retry_after: Option<Duration>) -> String {
    retry_after.map(|wait| format!(", and asks to wait {}", Seconds(wait))).unwrap_or_default()
}

fn closed(code: Option<u16>) -> String {
    match code {
        Some(code) => format!("the connection was closed with code {code}, {}", close::meaning(code)),
        None => "the connection broke".to_owned(),
    }
}
