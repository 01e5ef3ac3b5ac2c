//! The gateway over TLS: whom it trusts. That a trusted one works needs a network, and is not tested here.

use std::sync::Arc;

use journeyman_discord::gateway::{
    Down, DownReason, Gateway, GatewayConfig, GatewayErrorKind, Heard, Unreachable,
};
use journeyman_moment::Clock;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::token;

/// A server on this machine whose certificate nobody has signed.
fn acceptor() -> TlsAcceptor {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_is_refused_before_the_token_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("wss://localhost:{}", listener.local_addr().unwrap().port());
    let config = GatewayConfig::new(token()).with_address(address.parse().unwrap());
    let (gateway, mut heard) = Gateway::start(config, Clock::scaled(50.0));
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor().accept(stream).await.is_ok()
    });
    match heard.recv().await.unwrap() {
        Heard::Down(Down { why: DownReason::Unreachable { why, .. }, again_at, .. }) => {
            assert_eq!(why, Unreachable::Tls);
            assert!(again_at.is_some());
            assert!(!serving.await.unwrap(), "there is no stream to say anything on");
        }
        // A machine without any certificates trusts nobody either.
        Heard::Ended(error) => assert_eq!(error.kind, GatewayErrorKind::NoCertificates),
        other @ (Heard::Up(_) | Heard::Event(_) | Heard::Down(_) | Heard::Gap(_)) => panic!("{other:?}"),
    }
    gateway.close().await;
}
