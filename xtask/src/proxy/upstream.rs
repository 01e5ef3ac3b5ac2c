//! A fake upstream that does nothing but answer: huge limits, a small body. It counts and checks nothing.

use std::convert::Infallible;
use std::io::Write as _;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// The argument by which this program serves.
pub(super) const SERVE: &str = "--serve-upstream";

/// Says where it listens, and serves until it is killed.
pub(super) fn serve() -> std::io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(accept())
}

async fn accept() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        // Small answers must not wait for more to send.
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let service = hyper::service::service_fn(answer);
            // An error is a closed connection.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    const BODY: &[u8] =
        br#"[{"id":"1001234567890123457","content":"hello","author":{"id":"1001234567890123458"}}]"#;
    let builder = Response::builder()
        .header("content-type", "application/json")
        .header("via", "1.1 google")
        .header("x-ratelimit-limit", "1000000")
        .header("x-ratelimit-remaining", "999999")
        .header("x-ratelimit-reset", "1795521600.000")
        .header("x-ratelimit-reset-after", "1.000")
        .header("x-ratelimit-bucket", "80c17d2f203122d936070c88c8d10f33");
    Ok(builder.body(Full::from(BODY)).unwrap_or_default())
}
