//! What was learnt is kept over a restart. The limits themselves are the limiter's tests' subject.

use std::path::PathBuf;
use std::time::Duration;

use journeyman_proxy::Drained;

use crate::harness::{BOT, MESSAGES, Scripted, Served, answer, used_up};
use crate::process::refused;

async fn proxy(upstream: &Scripted, file: &std::path::Path) -> Served {
    let file = file.to_owned();
    Served::start(&upstream.origin, |config| config.state = Some(file)).await
}

async fn upstream() -> Scripted {
    Scripted::start(|_| Some(answer(200, &used_up(300), "{}"))).await
}

#[tokio::test]
async fn a_limit_that_was_used_up_is_still_used_up_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("limits.json");
    let upstream = upstream().await;
    let mut first = proxy(&upstream, &file).await;
    assert_eq!(first.ask("GET", MESSAGES, BOT, "").await.status, 200);
    first.stop();
    assert_eq!(first.drained().await, Drained { cut: 0 });

    let second = proxy(&upstream, &file).await;
    let held = second.ask("GET", MESSAGES, BOT, "").await;
    assert_eq!((held.status, held.is_proxys_own()), (429, true));
    assert_eq!(upstream.seen().len(), 1);
    let text = std::fs::read_to_string(&file).expect("a file");
    assert!(!text.contains("token-of-one"), "{text}");
}

#[tokio::test]
async fn a_damaged_file_is_kept_aside_and_the_proxy_starts_without() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("limits.json");
    std::fs::write(&file, "{\"version\": 1, half of").expect("written");
    let upstream = upstream().await;
    let served = proxy(&upstream, &file).await;
    assert_eq!(served.ask("GET", MESSAGES, BOT, "").await.status, 200);
    let aside: PathBuf = folder.path().join("limits.json.damaged");
    assert_eq!(std::fs::read_to_string(aside).expect("kept"), "{\"version\": 1, half of");
}

#[tokio::test]
async fn while_it_serves_the_state_is_saved_now_and_then_if_something_was_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("limits.json");
    let upstream = upstream().await;
    let (path, often) = (file.clone(), Duration::from_millis(5));
    let served = Served::start(&upstream.origin, |config| {
        config.state = Some(path);
        config.save_every = often;
    })
    .await;
    for _ in 0..20 {
        assert_eq!(served.ask("GET", "/healthz", "", "").await.status, 200);
    }
    assert!(!file.exists(), "there was nothing to save");
    assert_eq!(served.ask("GET", MESSAGES, BOT, "").await.status, 200);
    while !file.exists() {
        served.ask("GET", "/healthz", "", "").await;
    }
}

#[test]
fn a_file_that_cannot_be_read_ends_it_with_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a path");
    let (code, told) = refused(&["--upstream", "http://127.0.0.1:1", "--state", path]);
    assert_eq!(code, Some(1));
    assert!(told.contains(path) && told.contains("--state"), "{told}");
}
