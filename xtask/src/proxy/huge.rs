//! The proxy with limits so huge that they slow nothing, in a process of its own. It is the proxy's own library.

use std::time::Duration;

use journeyman_proxy::{Clock, Config, Hosts, Proxy, Upstream};
use tokio::net::TcpListener;

/// The argument by which this program serves.
pub(super) const SERVE: &str = "--serve-proxy";

/// As many as no load reaches; counted all the same.
const GLOBAL: journeyman_limiter::GlobalLimit =
    journeyman_limiter::GlobalLimit { limit: 1_000_000, window: Duration::from_secs(1) };

/// Says where it listens, and serves until it is killed.
pub(super) fn serve(upstream: &str) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|why| format!("start the runtime: {why}"))?;
    runtime.block_on(proxy(upstream))
}

async fn proxy(upstream: &str) -> Result<(), String> {
    let limits = journeyman_limiter::Config { global: Some(GLOBAL), ..journeyman_limiter::Config::default() };
    let upstream = Upstream::parse(upstream, Hosts::Known).map_err(|why| why.to_string())?;
    let config = Config { upstream, limits, ..Config::default() };
    let proxy = Proxy::new(config, Clock::real()).map_err(|why| why.to_string())?;
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|why| why.to_string())?;
    let address = listener.local_addr().map_err(|why| why.to_string())?;
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        format!("listening on http://{address}\n").as_bytes(),
    );
    proxy.serve(listener, std::future::pending()).await;
    Ok(())
}
