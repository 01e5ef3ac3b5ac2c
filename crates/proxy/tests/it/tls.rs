//! The way to an upstream over TLS, on loopback, signed by a certificate authority made for the test.

use std::sync::Arc;

use hyper_util::rt::TokioIo;
use journeyman_proxy::{Hosts, Trust, Upstream};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::harness::{BOT, MESSAGES, Served};

/// An upstream with a certificate for `localhost`, and its authority's certificate as PEM.
async fn secured() -> (String, String) {
    let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(authority, key).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    let leaf = leaf.signed_by(&key, &authority).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .expect("a key that fits");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let service =
                hyper::service::service_fn(|request: hyper::Request<hyper::body::Incoming>| async move {
                    let token = request.headers().get("authorization").cloned();
                    let told = token.map_or_else(|| "no token".to_owned(), |token| format!("{token:?}"));
                    Ok::<_, std::convert::Infallible>(hyper::Response::new(told))
                });
            let serving =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(serving);
        }
    });
    (format!("https://localhost:{port}"), authority.pem())
}

async fn served(origin: &str, trust: Trust) -> Served {
    let upstream = Upstream::parse(origin, Hosts::Known).expect("this machine");
    Served::start("http://127.0.0.1:1", move |config| {
        config.upstream = upstream;
        config.trust = trust;
    })
    .await
}

#[tokio::test]
async fn an_upstream_over_tls_is_reached_if_its_authority_is_trusted_and_not_otherwise() {
    let (origin, pem) = secured().await;
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), pem).expect("written");
    let trusting = served(&origin, Trust::of_file(file.path()).expect("certificates")).await;
    let answer = trusting.ask("GET", MESSAGES, BOT, "").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "\"Bot token-of-one\""));

    let (other, _) = secured().await;
    let wary = served(&other, Trust::of_file(file.path()).expect("certificates")).await;
    let answer = wary.ask("GET", MESSAGES, BOT, "").await;
    assert_eq!((answer.status, answer.is_proxys_own()), (502, true));
    assert!(answer.json()["message"].as_str().expect("a message").contains("nothing was sent"));

    // The name must be the one that was asked for, whoever has signed.
    let (by_address, port) = ("https://127.0.0.1", origin.rsplit(':').next().expect("a port"));
    let misled =
        served(&format!("{by_address}:{port}"), Trust::of_file(file.path()).expect("certificates")).await;
    assert_eq!(misled.ask("GET", MESSAGES, BOT, "").await.status, 502);
}

#[test]
fn a_file_without_certificates_is_refused_by_name() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "no certificate").expect("written");
    let told = Trust::of_file(file.path()).expect_err("it has none").to_string();
    assert!(told.contains("holds no certificate") && told.contains("PEM"), "{told}");
    let told = Trust::of_file("/nowhere/ca.pem".as_ref()).expect_err("it is not there").to_string();
    assert!(told.contains("/nowhere/ca.pem"), "{told}");
}
