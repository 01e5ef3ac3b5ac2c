//! The tower layer around hyper's client and around scripted services. What the limiter decides is tested elsewhere.

use std::convert::Infallible;
use std::error::Error as _;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{Request as HttpRequest, Response as HttpResponse};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use journeyman_limiter::{
    Certainty, Clock, Config, LimitError, LimitLayer, Limiter, Request, RetryPolicy, Stop,
};
use tokio::net::TcpListener;
use tower::{Layer as _, Service as _, ServiceBuilder, ServiceExt as _, service_fn};

const MESSAGES: &str = "/api/v10/channels/1001234567890123456/messages";
const OTHER: &str = "/api/v10/channels/1001234567890123457/messages";

fn limiter() -> Limiter {
    Limiter::new(Config { seed: Some(1), ..Config::default() }, Clock::real())
}

fn get(path: &str) -> HttpRequest<Full<Bytes>> {
    HttpRequest::get(path).header("authorization", "Bot a").body(Full::default()).expect("a request")
}

/// An answer that leaves this many in a bucket of one.
fn answer(status: u16, reset_after: &str, body: &'static str) -> HttpResponse<Full<Bytes>> {
    let remaining = if status == 429 { "0" } else { "1" };
    let builder = HttpResponse::builder().status(status).header("via", "1.1 google");
    let builder = builder.header("x-ratelimit-limit", "1").header("x-ratelimit-bucket", "b");
    let builder = builder.header("x-ratelimit-remaining", remaining);
    let builder = builder.header("x-ratelimit-reset-after", reset_after);
    builder.body(Full::from(body)).expect("an answer")
}

/// A server on loopback that counts, and answers the first request of each with a 429.
async fn serve(seen: Arc<AtomicUsize>, limited_first: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let seen = seen.clone();
            let service = hyper::service::service_fn(move |_: HttpRequest<Incoming>| {
                let nth = seen.fetch_add(1, Ordering::SeqCst);
                let body =
                    r#"{"message": "You are being rate limited.", "retry_after": 0.02, "global": false}"#;
                let answer = if limited_first && nth == 0 {
                    answer(429, "0.02", body)
                } else {
                    answer(200, "0.02", "[]")
                };
                async move { Ok::<_, Infallible>(answer) }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    origin
}

#[tokio::test]
async fn the_limiter_has_a_tower_layer_that_works_with_hypers_client() {
    let seen = Arc::new(AtomicUsize::new(0));
    let origin = serve(seen.clone(), false).await;
    let limiter = limiter();
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let service = ServiceBuilder::new().layer(LimitLayer::new(limiter.clone())).service(client);
    for _ in 0..3 {
        let response = service.clone().oneshot(get(&format!("{origin}{MESSAGES}"))).await.expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.into_body().collect().await.expect("a body").to_bytes(), "[]");
    }
    assert_eq!(seen.load(Ordering::SeqCst), 3);
    assert_eq!((limiter.waiting(), limiter.in_flight()), (0, 0));
    let known = limiter.explain(&Request::of_http(&get(MESSAGES).into_parts().0).expect("a method"));
    assert!(known.to_string().contains('1'), "{known}");
}

#[tokio::test]
async fn a_429_is_sent_again_and_its_body_is_not_lost_without_retries() {
    for (retries, expect_status, expect_seen) in [(true, 200, 2), (false, 429, 1)] {
        let seen = Arc::new(AtomicUsize::new(0));
        let origin = serve(seen.clone(), true).await;
        let limiter = limiter();
        let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let request = get(&format!("{origin}{MESSAGES}"));
        let once = LimitLayer::new(limiter.clone());
        let response = if retries {
            once.retrying(RetryPolicy::default()).layer(client).oneshot(request).await
        } else {
            once.layer(client).oneshot(request).await
        };
        let response = response.expect("an answer");
        assert_eq!(response.status(), expect_status);
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(body.starts_with(b"{\"message\""), !retries, "{body:?}");
        assert_eq!(seen.load(Ordering::SeqCst), expect_seen);
        assert_eq!((limiter.waiting(), limiter.in_flight()), (0, 0));
    }
}

/// Only the body tells a thread that is not there from a dead webhook, and a 403 why.
#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_apart_by_its_body_and_the_body_is_not_lost() {
    let limiter = limiter();
    let client = service_fn(|_: HttpRequest<Full<Bytes>>| async {
        Ok::<_, Infallible>(answer(404, "0.02", r#"{"message": "Unknown Channel", "code": 10003}"#))
    });
    let service = LimitLayer::new(limiter).layer(client);
    let path = format!("/api/v10/webhooks/1001234567890123456/{}?thread_id=1", "t".repeat(68));
    for _ in 0..2 {
        let response = service.clone().oneshot(get(&path)).await.expect("the webhook lives");
        assert_eq!(response.status(), 404);
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        assert!(body.ends_with(b"10003}"), "{body:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_its_bucket_holds_up_no_other() {
    let limiter = limiter();
    let client = service_fn(|request: HttpRequest<Full<Bytes>>| async move {
        let is_full = request.uri().path() == MESSAGES;
        Ok::<_, Infallible>(answer(if is_full { 429 } else { 200 }, "60", r#"{"retry_after": 60.0}"#))
    });
    let mut service = LimitLayer::new(limiter.clone()).layer(client);
    let response = service.call(get(MESSAGES)).await.expect("an answer");
    assert_eq!(response.status(), 429);

    let mut waits = service.call(get(MESSAGES));
    assert!(poll_fn(|context| Poll::Ready(waits.as_mut().poll(context))).await.is_pending());
    assert_eq!(limiter.waiting(), 1);
    poll_fn(|context| service.poll_ready(context)).await.expect("it is ready all the same");
    assert_eq!(service.call(get(OTHER)).await.expect("an answer").status(), 200);

    drop(waits);
    assert_eq!((limiter.waiting(), limiter.in_flight()), (0, 0), "dropping the future leaves the line");
}

#[tokio::test(start_paused = true)]
async fn dropped_on_the_wire_a_request_is_spent_and_its_permit_ends() {
    let limiter = limiter();
    let client = service_fn(|_: HttpRequest<Full<Bytes>>| {
        std::future::pending::<Result<HttpResponse<Full<Bytes>>, Infallible>>()
    });
    let mut sent = LimitLayer::new(limiter.clone()).layer(client).call(get(MESSAGES));
    assert!(poll_fn(|context| Poll::Ready(sent.as_mut().poll(context))).await.is_pending());
    assert_eq!(limiter.in_flight(), 1);
    drop(sent);
    assert_eq!(limiter.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_not_ready_sends_nothing_and_gives_back_what_was_taken() {
    #[derive(Clone)]
    struct Broken;
    impl tower::Service<HttpRequest<Full<Bytes>>> for Broken {
        type Response = HttpResponse<Full<Bytes>>;
        type Error = io::Error;
        type Future = std::future::Ready<Result<Self::Response, io::Error>>;
        fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), io::Error>> {
            Poll::Ready(Err(io::Error::other("closed")))
        }
        fn call(&mut self, _: HttpRequest<Full<Bytes>>) -> Self::Future {
            panic!("it is not ready")
        }
    }
    let limiter = limiter();
    let error = LimitLayer::new(limiter.clone()).layer(Broken).oneshot(get(MESSAGES)).await;
    let error = error.expect_err("it is broken");
    assert!(matches!(error, LimitError::Failed { certainty: Certainty::NotSent, tries: 1, why: None, .. }));
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("closed"));
    assert_eq!(limiter.in_flight(), 0);
}

#[tokio::test]
async fn a_refused_connection_is_told_from_a_lost_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    // Taken, then nobody listens there.
    drop(listener);
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let never = RetryPolicy::never();
    let refused = LimitLayer::new(limiter()).retrying(never).layer(client);
    let error = refused.oneshot(get(&format!("{origin}{MESSAGES}"))).await.expect_err("nobody listens");
    let LimitError::Failed { certainty, why, .. } = &error else { panic!("{error}") };
    assert_eq!((*certainty, *why), (Certainty::NotSent, Some(Stop::Exhausted)));

    let lost = service_fn(|_: HttpRequest<Full<Bytes>>| async {
        Err::<HttpResponse<Full<Bytes>>, _>(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    let service = LimitLayer::new(limiter()).retrying(RetryPolicy::default()).layer(lost);
    let post = HttpRequest::post(MESSAGES).body(Full::<Bytes>::default()).expect("a request");
    let error = service.oneshot(post).await.expect_err("it is lost");
    let LimitError::Failed { certainty, tries, why, .. } = &error else { panic!("{error}") };
    assert_eq!((*certainty, *tries, *why), (Certainty::MaybeSent, 1, Some(Stop::MayHaveRun)));
    assert!(error.to_string().contains("may have been executed"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_request_of_the_callers_own_is_used_as_it_stands() {
    let clock = Clock::real();
    let limiter = Limiter::new(Config::default(), clock);
    let client = service_fn(|request: HttpRequest<Full<Bytes>>| async move {
        assert!(request.extensions().get::<Request>().is_none(), "it goes no further");
        Ok::<_, Infallible>(answer(429, "60", r#"{"retry_after": 60.0}"#))
    });
    let service = LimitLayer::new(limiter).layer(client);
    let said = || Request::post("/interactions").with_resource("channels/1001234567890123456");
    let with = |said: Request| {
        HttpRequest::post("/x").extension(said).body(Full::<Bytes>::default()).expect("a request")
    };
    service.clone().oneshot(with(said())).await.expect("an answer");
    let soon = said().with_deadline(clock.now() + Duration::from_secs(1));
    let error = service.clone().oneshot(with(soon)).await.expect_err("too late");
    assert!(matches!(error, LimitError::Refused { tries: 0, .. }), "{error}");
    assert!(error.to_string().contains("POST /interactions"), "{error}");
    let brew = HttpRequest::builder().method("BREW").uri("/x").body(Full::<Bytes>::default());
    let error = service.oneshot(brew.expect("a request")).await.expect_err("no such method");
    assert!(matches!(error, LimitError::Method(_)), "{error}");
}
