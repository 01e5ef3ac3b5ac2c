//! Recordings of whole flows, replayed: the same pure machines, fed again, say the same.

use journeyman::{Settings, Voice, WatchMode, replay};
use journeyman_sim::{Era, Visibility};

use crate::bench::{Bench, of_era, visible};
use crate::record::recorded;

async fn flow(sim: journeyman_sim::Settings, watch: WatchMode) -> (Option<String>, String) {
    let bench = Bench::watching(sim, watch).await;
    let (outcome, _) = bench.imagine("a lighthouse at dawn --ar 3:2").await;
    bench.client.end_recording().await;
    (outcome.err().map(|error| error.kind().name().to_owned()), recorded(&bench))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replay_feeds_a_recording_to_the_same_pure_machines_and_prints_timeline_outcome_and_what_differs() {
    for (sim, watch) in [
        (visible("happy"), WatchMode::Poll),
        (of_era("happy", Era::E2026), WatchMode::Auto),
        (of_era("pre-moderation", Era::E2026), WatchMode::Auto),
        (of_era("post-moderation", Era::E2023), WatchMode::Auto),
        (of_era("ephemeral-moderation", Era::E2026), WatchMode::Auto),
        (of_era("command-outdated", Era::E2026), WatchMode::Auto),
    ] {
        let name = format!("{:?}", sim.scenario);
        let (error, text) = flow(sim, watch).await;
        let replayed = replay(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert!(replayed.is_same(), "{name}: {:#?}", replayed.differences);
        assert!(!replayed.is_cut && replayed.dropped == 0 && !replayed.begins_late, "{name}: {replayed:#?}");
        let ends = &replayed.outcomes[&0];
        assert_eq!(ends.now, ends.recorded, "{name}");
        assert_eq!(ends.now.as_deref(), Some(error.as_deref().unwrap_or("finished")), "{name}");
        for voice in [Voice::Sent, Voice::Heard, Voice::Told, Voice::Said, Voice::Waits] {
            assert!(replayed.timeline.iter().any(|one| one.voice == voice), "{name}: no {voice:?}");
        }
        assert!(replayed.timeline.is_sorted_by_key(|one| one.line), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_cut_at_any_place_is_replayed_as_far_as_it_goes() {
    let (_, text) = flow(of_era("happy", Era::E2026), WatchMode::Auto).await;
    let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
    for end in &ends[..ends.len() - 2] {
        // After a line, in the middle of the next, and before the last byte of one.
        for cut in [*end + 1, *end + 40, *end] {
            let text = text.get(..cut).unwrap_or(&text);
            let replayed = replay(text).unwrap_or_else(|why| panic!("{cut}: {why}"));
            assert!(replayed.is_cut && replayed.differences.is_empty(), "{cut}: {:?}", replayed.differences);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resumed_job_and_masked_prompts_are_replayed_too() {
    let sim = journeyman_sim::Settings { errors: Visibility::Visible, ..of_era("happy", Era::E2026) };
    let bench = Bench::watching(sim, WatchMode::Auto).await;
    let mut job = bench.client.imagine("a lighthouse at dawn --no gulls").await.expect("a job");
    while job.record().is_none_or(|record| record.state != "rendering") {
        job.next_event().await;
    }
    let record = job.record().expect("a record");
    let recordings = tempfile::tempdir().expect("a folder");
    let settings = Settings {
        record: Some(recordings.path().to_owned()),
        record_prompts: false,
        ..bench.settings.clone()
    };
    let client = journeyman::Client::new(&settings, bench.clock).expect("a client");
    client.resume(&record).await.expect("a job").outcome().await.expect("an image");
    client.imagine("a second, greener lighthouse").await.expect("a job").outcome().await.expect("an image");
    client.end_recording().await;
    let text = std::fs::read_to_string(&crate::bench::files(recordings.path())[0]).expect("a recording");
    assert!(!text.contains("lighthouse"));
    let replayed = replay(&text).expect("a recording");
    assert!(replayed.is_same(), "{:#?}", replayed.differences);
    assert_eq!(replayed.outcomes.len(), 2);
    assert!(replayed.outcomes.values().all(|ends| ends.now.as_deref() == Some("finished")));
}
