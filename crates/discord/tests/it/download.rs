//! Downloads and uploads: bounds, retries, and what is never sent along.

use bytes::Bytes;
use journeyman_discord::{DownloadErrorKind, Downloader, Hosts, Timeouts};
use journeyman_limiter::RetryPolicy;
use journeyman_moment::Clock;

use crate::scripted::{Server, Step, answer, answer_with, nobody};

fn downloader() -> Downloader {
    let retry = RetryPolicy::default();
    Downloader::new(Timeouts::default(), Hosts::loopback(), retry, Clock::scaled(50.0)).unwrap()
}

fn link(server: &Server) -> String {
    format!("{}/cdn/a.png?ex=1&is=2&hm=signature", server.origin())
}

#[tokio::test]
async fn a_file_is_fetched_without_a_token() {
    let server = Server::start([Step::Answer(answer(200, "picture"))]).await;
    let file = downloader().fetch(&link(&server), 7).await.unwrap();
    assert_eq!(file, "picture");
    let seen = server.seen().pop().unwrap();
    assert_eq!(seen.line, "GET /cdn/a.png?ex=1&is=2&hm=signature HTTP/1.1");
    assert!(!seen.head.contains("authorization") && !seen.head.contains("cookie"), "{}", seen.head);
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_by_its_length_and_by_what_arrives() {
    let endless = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n12345678".to_owned();
    for step in [Step::Answer(answer(200, "12345678")), Step::Break(endless)] {
        let server = Server::start([step.clone()]).await;
        let error = downloader().fetch(&link(&server), 7).await.unwrap_err();
        assert_eq!(error.kind, DownloadErrorKind::TooLarge { most_bytes: 7 }, "{step:?}");
        assert_eq!((error.attempts, server.lines().len()), (1, 1), "{step:?}");
    }
}

#[tokio::test]
async fn a_length_that_is_too_large_is_enough_to_refuse() {
    let endless = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n".to_owned();
    let server = Server::start([Step::Break(endless)]).await;
    let error = downloader().fetch(&link(&server), 7).await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (DownloadErrorKind::TooLarge { most_bytes: 7 }, 1));
}

#[tokio::test]
async fn a_broken_transfer_is_begun_again() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\npic".to_owned();
    let steps =
        [Step::Break(half), Step::Answer(answer(503, "")), Step::Lose, Step::Answer(answer(200, "picture"))];
    let server = Server::start(steps).await;
    assert_eq!(downloader().fetch(&link(&server), 100).await.unwrap(), "picture");
    assert_eq!(server.lines().len(), 4);
}

#[tokio::test]
async fn a_link_that_has_expired_is_not_tried_again() {
    for status in [403, 404] {
        let server =
            Server::start([Step::Answer(answer(status, "This content is no longer available."))]).await;
        let error = downloader().fetch(&link(&server), 100).await.unwrap_err();
        assert_eq!(error.kind, DownloadErrorKind::Expired { status });
        assert!(!error.is_retryable() && error.to_string().contains("has expired"), "{error}");
        assert_eq!(server.lines().len(), 1);
    }
}

#[tokio::test]
async fn a_redirect_of_a_file_is_not_followed() {
    let elsewhere = Server::start([]).await;
    let location = format!("Location: {}/a.png\r\n", elsewhere.origin());
    let server = Server::start([Step::Answer(answer_with(302, &location, ""))]).await;
    let error = downloader().fetch(&link(&server), 100).await.unwrap_err();
    assert_eq!(error.kind, DownloadErrorKind::Refused { status: 302 });
    assert_eq!((server.lines().len(), elsewhere.lines().len()), (1, 0));
}

#[tokio::test]
async fn a_link_to_another_host_is_not_followed() {
    for (url, shown) in [
        ("https://example.com/a.png?hm=signature", "(example.com): the link is not"),
        ("http://169.254.169.254/?hm=signature", "(169.254.169.254): the link is not"),
        ("nothing?hm=signature", "download a file: the link is not"),
    ] {
        let error = downloader().fetch(url, 100).await.unwrap_err();
        assert_eq!((error.kind, error.attempts), (DownloadErrorKind::NotAllowed, 0), "{url}");
        assert!(error.to_string().contains(shown), "{error}");
        assert!(!format!("{error} {error:?}").contains("signature"), "{error:?}");
    }
}

#[tokio::test]
async fn no_error_of_a_transfer_shows_the_signature() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\npic".to_owned();
    let failing = [Step::Break(half), Step::Lose, Step::Reset, Step::Answer(answer(500, ""))];
    let mut links = vec![format!("{}/a?hm=signature", nobody().await)];
    let mut servers = Vec::new();
    for step in failing {
        let server = Server::start(vec![step; 4]).await;
        links.push(link(&server));
        servers.push(server);
    }
    for link in links {
        let error = downloader().fetch(&link, 100).await.unwrap_err();
        assert_eq!(error.attempts, 4, "{error}");
        let told = crate::secret::everything(&error);
        assert!(!told.contains("signature"), "{told}");
    }
}

#[tokio::test]
async fn an_upload_is_put_without_a_token_and_repeated_when_it_breaks() {
    let server = Server::start([Step::Lose, Step::Answer(answer(200, ""))]).await;
    downloader().upload(&link(&server), Bytes::from_static(b"picture")).await.unwrap();
    for seen in server.seen() {
        assert_eq!(seen.line, "PUT /cdn/a.png?ex=1&is=2&hm=signature HTTP/1.1");
        assert!(!seen.head.contains("authorization"), "{}", seen.head);
        assert_eq!(seen.body, "picture");
    }
    assert_eq!(server.lines().len(), 2);
}
