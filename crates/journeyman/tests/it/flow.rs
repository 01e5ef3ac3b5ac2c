//! Many jobs at once, cancelling, resuming, late results.

use std::time::Duration;

use journeyman::{Client, ErrorKind, Event, ProgressVisibility};
use journeyman_sim::{Timing, Visibility};

use crate::bench::{Bench, assert_kind, files, settings, visible};

async fn all(bench: &Bench, prompts: Vec<String>) {
    let mut jobs = Vec::new();
    for prompt in &prompts {
        jobs.push(bench.client.imagine(prompt).await.expect("a job"));
    }
    let mut owners = std::collections::BTreeSet::new();
    for (job, prompt) in jobs.iter_mut().zip(&prompts) {
        let finished = job.outcome().await.expect("an image");
        let bytes = std::fs::read(&finished.files[0]).expect("a file");
        let owner = journeyman_sim::picture_owner(&bytes).expect("a picture of the simulator");
        assert!(owner.prompt.starts_with(prompt.as_str()), "{owner:?} is not of {prompt}");
        assert_eq!(Some(owner.job_id.as_str()), finished.job_id.as_deref());
        assert!(owners.insert(owner.job_id), "two jobs got one image");
    }
    bench.assert_each_once(prompts.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twelve_concurrent_imagines_each_get_their_own_image() {
    let bench = Bench::new(visible("happy")).await;
    all(&bench, (0..12).map(|number| format!("a boat with number {number}")).collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twelve_identical_imagines_each_get_their_own_image() {
    let bench = Bench::new(visible("happy")).await;
    all(&bench, vec!["the same boat".to_owned(); 12]).await;
}

#[tokio::test]
async fn the_events_of_a_job_end_when_nothing_more_can_come() {
    let bench = Bench::new(visible("happy")).await;
    let mut job = bench.client.imagine("a boat to the end").await.expect("a job");
    let mut last = None;
    while let Some(event) = job.next_event().await {
        last = Some(event);
    }
    assert!(matches!(last, Some(Event::Saved { .. })), "{last:?}");
    assert!(job.outcome().await.is_ok());
    let again = job.outcome().await.expect_err("an end is told once");
    assert_eq!(again.kind(), ErrorKind::Internal);
}

#[tokio::test]
async fn the_record_of_a_job_that_ended_tells_its_end_again() {
    let bench = Bench::new(visible("queue-full")).await;
    let mut job = bench.client.imagine("a boat too many").await.expect("a job");
    assert_kind(&job.outcome().await.expect_err("the queue is full"), ErrorKind::QueueFull);
    let record = job.record().expect("a record");
    let error = bench.client.resume(&record).await.expect("a job").outcome().await.expect_err("its end");
    assert_kind(&error, ErrorKind::QueueFull);
    assert_eq!(bench.sim.report().interactions, 1);
}

#[tokio::test]
async fn a_resumed_job_reads_back_as_far_as_it_must_and_takes_no_one_elses_image() {
    let busy = journeyman_sim::Settings {
        progress: Visibility::Ephemeral,
        errors: Visibility::Ephemeral,
        traffic: journeyman_sim::Traffic {
            messages_per_minute: 60.0,
            jobs_per_minute: 6.0,
            same_prompt: 1.0,
        },
        ..visible("happy")
    };
    let bench = Bench::new(busy).await;
    let mut job = bench.client.imagine("a boat in a crowd").await.expect("a job");
    while job.next_event().await.is_some_and(|event| event != Event::Accepted) {}
    let record = job.record().expect("a record");
    // The final comes while nobody of ours looks, and many messages follow it.
    job.cancel().await;
    bench.clock.sleep_until(bench.clock.now() + Duration::from_mins(2)).await;
    let settings = settings(&bench.sim, bench.folder.path(), ProgressVisibility::Hidden);
    let second = Client::new(&settings, bench.clock).expect("a client");
    let finished = second.resume(&record).await.expect("a job").outcome().await.expect("an image");
    let report = bench.sim.report();
    let ours = report.jobs.iter().find(|job| job.nonce.is_some()).expect("our job");
    assert!(ours.job_ids.contains(finished.job_id.as_ref().expect("a job id")), "{ours:?}");
}

#[tokio::test]
async fn a_grid_is_split_where_asked_for() {
    let mut bench = Bench::new(visible("happy")).await;
    bench.settings.split = true;
    bench.client = Client::new(&bench.settings, bench.clock).expect("a client");
    let finished = bench.imagine("four boats").await.0.expect("an image");
    assert_eq!(finished.files.len(), 5);
    assert_eq!(files(bench.folder.path()).len(), 5);
    let quarters: Vec<_> =
        finished.files[1..].iter().map(|file| image::open(file).expect("a quarter").into_bytes()).collect();
    for (index, one) in quarters.iter().enumerate() {
        assert!(quarters[index + 1..].iter().all(|other| other != one), "two quarters are the same");
    }
}

#[tokio::test]
async fn a_cancelled_job_says_that_it_goes_on_and_where() {
    let bench = Bench::new(visible("happy")).await;
    let mut job = bench.client.imagine("a boat that is not waited for").await.expect("a job");
    while let Some(event) = job.next_event().await {
        if matches!(event, Event::Progress { .. }) {
            break;
        }
    }
    let (message, id) = (job.message_id().expect("a message"), job.job_id().expect("a job id"));
    job.cancel().await;
    let error = job.outcome().await.expect_err("it was cancelled");
    assert_kind(&error, ErrorKind::Cancelled);
    let told = error.to_string();
    assert!(
        told.contains("may be charged") && told.contains(&message.to_string()) && told.contains(&id),
        "{told}"
    );
    assert!(files(bench.folder.path()).is_empty());
}

#[tokio::test]
async fn a_job_is_resumed_from_its_record_by_another_client_and_not_sent_again() {
    let bench = Bench::new(visible("happy")).await;
    let mut job = bench.client.imagine("a boat for two clients").await.expect("a job");
    while let Some(event) = job.next_event().await {
        if matches!(event, Event::Progress { .. }) {
            break;
        }
    }
    let record = job.record().expect("a record");
    let json = serde_json::to_string(&record).expect("JSON");
    assert!(!json.contains("canary"), "{json}");
    drop(job);
    let settings = settings(&bench.sim, bench.folder.path(), ProgressVisibility::Visible);
    let second = Client::new(&settings, bench.clock).expect("a client");
    let record = serde_json::from_str(&json).expect("a record");
    let finished = second.resume(&record).await.expect("a job").outcome().await.expect("an image");
    assert_eq!(finished.prompt, "a boat for two clients");
    bench.assert_each_once(1);
}

#[tokio::test]
async fn a_late_final_after_no_response_is_saved_and_told() {
    let slow = journeyman_sim::Settings {
        timing: Timing { reply: Duration::from_secs(90), ..Timing::default() },
        errors: Visibility::Ephemeral,
        ..visible("happy")
    };
    let bench = Bench::new(slow).await;
    let mut job = bench.client.imagine("a slow boat").await.expect("a job");
    let error = job.outcome().await.expect_err("no sign for sixty seconds");
    assert_kind(&error, ErrorKind::NoResponse);
    loop {
        if let Event::FinishedLate(finished) = job.next_event().await.expect("a late result") {
            assert!(finished.late);
            assert_eq!(files(bench.folder.path()), finished.files);
            break;
        }
    }
    bench.assert_each_once(1);
}
