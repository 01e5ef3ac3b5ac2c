//! A websocket to the gateway: over TLS as for REST, compressed as `zlib-stream`. It keeps no time and no session.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use reqwest::header::USER_AGENT;
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_websockets::{ClientBuilder, CloseCode, Error, Limits, Message, WebSocketStream, upgrade};

use super::head::Headed;
use super::inflate::{Inflater, MOST_COMPRESSED};
use super::{Damage, GatewayAddress, Unreachable};
use crate::config;

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A websocket that stands.
pub(super) struct Socket {
    stream: WebSocketStream<Box<dyn Io>>,
    inflater: Inflater,
}

/// What came in.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A whole frame.
    Text(String),
    /// The other side has closed it with this code, or it broke.
    Closed(Option<u16>),
    /// What came cannot be read.
    Damaged(Damage),
}

/// No websocket came about.
#[derive(Debug)]
pub(super) enum Failure {
    /// The host is at fault, or the network.
    Unreachable(Unreachable),
    /// This machine has no certificates to trust.
    NoCertificates,
}

impl From<Unreachable> for Failure {
    fn from(why: Unreachable) -> Self {
        Self::Unreachable(why)
    }
}

impl Socket {
    /// Connects.
    ///
    /// # Cancel safety
    /// Dropping the future drops the connection.
    pub(super) async fn connect(address: &GatewayAddress) -> Result<Self, Failure> {
        let url = address.url();
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = url.port_or_known_default().unwrap_or(443);
        let addresses = lookup_host((host, port)).await.map_err(|_| Unreachable::Name)?;
        let addresses: Vec<SocketAddr> = addresses.collect();
        let stream = TcpStream::connect(addresses.as_slice()).await.map_err(|_| Unreachable::Refused)?;
        // A heartbeat is small, and must not wait for more.
        let _ = stream.set_nodelay(true);
        let stream: Box<dyn Io> =
            if address.is_plain() { Box::new(stream) } else { tls(host, stream).await? };
        Ok(Self { stream: upgrade(address, stream).await?, inflater: Inflater::new() })
    }

    /// The next thing that came in; after something other than a text there is nothing more.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub(super) async fn next(&mut self) -> Incoming {
        loop {
            let message = match self.stream.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => return broken(&error),
                None => return Incoming::Closed(None),
            };
            if let Some((code, _)) = message.as_close() {
                let code = Some(u16::from(code)).filter(|_| code != CloseCode::NO_STATUS_RECEIVED);
                return Incoming::Closed(code);
            }
            if let Some(text) = message.as_text() {
                return Incoming::Text(text.to_owned());
            }
            if message.is_binary() {
                match self.inflater.push(message.as_payload()) {
                    Ok(None) => {}
                    Ok(Some(text)) => return Incoming::Text(text),
                    Err(damage) => return Incoming::Damaged(damage),
                }
            }
        }
    }

    /// Sends a text; false when the connection is broken.
    ///
    /// # Cancel safety
    /// When the future is dropped, the text may have been sent in part, and the connection is of no more use.
    pub(super) async fn send(&mut self, text: &str) -> bool {
        self.stream.send(Message::text(text.to_owned())).await.is_ok()
    }

    /// Says goodbye with this code, and waits until the other side has closed too.
    ///
    /// # Cancel safety
    /// When the future is dropped, the connection is closed without the word.
    pub(super) async fn close(mut self, code: u16) {
        let code = CloseCode::try_from(code).ok();
        // Whether it arrives does not matter: the connection ends with this function. It is read to its end, since
        // a connection that is dropped with data unread is reset, which can take the word along.
        let _ = self.stream.send(Message::close(code, "")).await;
        let _ = self.stream.close().await;
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").finish_non_exhaustive()
    }
}

async fn tls(host: &str, stream: TcpStream) -> Result<Box<dyn Io>, Failure> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(|_| Failure::NoCertificates)?
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Unreachable::Name)?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    Ok(Box::new(stream.map_err(|_| Unreachable::Tls)?))
}

async fn upgrade(
    address: &GatewayAddress,
    stream: Box<dyn Io>,
) -> Result<WebSocketStream<Box<dyn Io>>, Unreachable> {
    let uri = address.url().as_str().parse().map_err(|_| Unreachable::Name)?;
    let agent = config::USER_AGENT.parse().map_err(|_| Unreachable::Handshake)?;
    let (stream, head) = Headed::new(stream);
    let stream: Box<dyn Io> = Box::new(stream);
    let client = ClientBuilder::from_uri(uri)
        .limits(Limits::default().max_payload_len(Some(MOST_COMPRESSED)))
        .add_header(USER_AGENT, agent)
        .map_err(|_| Unreachable::Handshake)?;
    let connected = client.connect_on(stream).await;
    let retry_after = head.take_retry_after();
    match connected {
        Ok((stream, _)) => Ok(stream),
        Err(Error::Upgrade(upgrade::Error::DidNotSwitchProtocols(status))) => {
            Err(Unreachable::Status { status, retry_after })
        }
        Err(_) => Err(Unreachable::Handshake),
    }
}

fn broken(error: &Error) -> Incoming {
    if matches!(error, Error::PayloadTooLong { .. }) {
        Incoming::Damaged(Damage::TooLarge)
    } else if matches!(error, Error::Protocol(_)) {
        Incoming::Damaged(Damage::Protocol)
    } else {
        Incoming::Closed(None)
    }
}
