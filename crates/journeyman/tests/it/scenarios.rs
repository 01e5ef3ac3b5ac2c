//! Each of the seven scenarios over real HTTP ends in its own error, or in an image.

use journeyman::{ErrorKind, Event};

use crate::bench::{Bench, assert_kind, files, visible};

#[tokio::test]
async fn the_happy_path_ends_with_an_image_on_disk_and_live_progress() {
    let bench = Bench::new(visible("happy")).await;
    let (outcome, events) = bench.imagine("a lighthouse at dawn --ar 3:2").await;
    let finished = outcome.expect("an image");
    assert_eq!(files(bench.folder.path()), finished.files);
    let picture = image::open(&finished.files[0]).expect("a real image");
    assert!(picture.width() > picture.height(), "--ar 3:2");
    assert!(events.iter().any(|event| matches!(event, Event::Progress { .. })), "{events:?}");
    assert_eq!(events.first(), Some(&Event::WatchedBy(journeyman::WatchedBy::Polling)));
    assert_eq!(events.get(1), Some(&Event::Submitted));
    assert!(matches!(events.last(), Some(Event::Saved { .. })), "{events:?}");
    assert!(finished.buttons.contains(&"U1".to_owned()), "{:?}", finished.buttons);
    bench.assert_each_once(1);
}

#[tokio::test]
async fn each_refusing_scenario_ends_in_its_own_error() {
    for (scenario, kind) in [
        ("pre-moderation", ErrorKind::PreModeration),
        ("post-moderation", ErrorKind::PostModeration),
        ("ephemeral-moderation", ErrorKind::EphemeralModeration),
        ("queue-full", ErrorKind::QueueFull),
        ("invalid-request", ErrorKind::InvalidRequest),
    ] {
        let bench = Bench::new(visible(scenario)).await;
        let error = bench.fail("a lighthouse").await;
        assert_kind(&error, kind);
        assert_eq!(error.is_retryable(), kind == ErrorKind::QueueFull, "{scenario}");
        assert!(files(bench.folder.path()).is_empty(), "{scenario}");
    }
}

#[tokio::test]
async fn job_queued_is_waited_for_unless_it_is_asked_to_be_an_error() {
    let bench = Bench::new(visible("job-queued")).await;
    let (outcome, events) = bench.imagine("a lighthouse").await;
    assert!(outcome.is_ok(), "{outcome:?}");
    assert!(events.contains(&Event::Queued), "{events:?}");

    let options = journeyman::ImagineOptions { queued_is_error: true, ..Default::default() };
    let mut job = bench.client.imagine_with("another lighthouse", options).await.expect("a job");
    let error = job.outcome().await.expect_err("queued is an error here");
    assert_kind(&error, ErrorKind::JobQueued);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rest_of_the_catalogue_ends_as_the_simulator_says_it_should() {
    // A few at a time: most of them only wait for their deadline.
    for group in journeyman_sim::scenarios().chunks(8) {
        let mut running = tokio::task::JoinSet::new();
        for info in group {
            running.spawn(ends_as_it_should(info));
        }
        running.join_all().await;
    }
}

async fn ends_as_it_should(info: &'static journeyman_sim::ScenarioInfo) {
    let Some(expected) = info.error else { return };
    let bench = Bench::new(visible(info.name)).await;
    let error = bench.fail("a lighthouse").await;
    let is_seen = error.kind().name() == expected;
    // Some are told to the gateway alone, as events; polling can only say that nothing came.
    let is_gateway_only = info.gateway_only && error.kind() == ErrorKind::NoResponse;
    assert!(is_seen || is_gateway_only, "{}: {error:?}, expected {expected}", info.name);
}
