//! What a recording holds after whole flows, and what it must not hold.

use journeyman::{Client, ErrorKind, Settings, WatchMode};
use journeyman_sim::Era;

use crate::bench::{Bench, assert_kind, files, of_era, visible};

/// The recordings of a bench, joined.
pub(crate) fn recorded(bench: &Bench) -> String {
    files(bench.recordings.path())
        .iter()
        .map(|file| std::fs::read_to_string(file).expect("a recording"))
        .collect()
}

/// Runs one job, and ends the recording.
async fn flow(sim: journeyman_sim::Settings, watch: WatchMode) -> (Bench, String) {
    let bench = Bench::watching(sim, watch).await;
    let _ = bench.imagine("a lighthouse at dawn --ar 3:2 --no gulls").await;
    bench.client.end_recording().await;
    let text = recorded(&bench);
    (bench, text)
}

fn has(text: &str, part: &str) -> bool {
    text.lines().any(|line| line.contains(part))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_flight_recorder_keeps_frames_pages_headers_and_error_bodies_redacted() {
    let (bench, text) = flow(of_era("happy", Era::E2026), WatchMode::Auto).await;
    for part in [
        r#""kind":"begin""#,
        r#""op":10"#,
        r#""t":"READY""#,
        r#""kind":"event""#,
        r#""kind":"request""#,
        r#""kind":"answer""#,
        r#"["via","1.1 google"]"#,
        r#""input":"heard""#,
        r#""output":"send""#,
        "a lighthouse at dawn --ar 3:2",
        r#""outcome":"finished""#,
    ] {
        assert!(has(&text, part), "{part} is not in\n{text}");
    }
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("each line is JSON");
    }
    bench.assert_redacted(&text);

    let (bench, text) = flow(visible("happy"), WatchMode::Poll).await;
    assert!(has(&text, r#""input":"page""#) && has(&text, "messages?limit="), "{text}");
    assert!(has(&text, r#""username":"name"#), "a name has another in its place: {text}");
    bench.assert_redacted(&text);

    let (bench, text) = flow(visible("command-outdated"), WatchMode::Poll).await;
    assert!(has(&text, r#""status":400"#) && has(&text, "COMMAND_INVALID_VERSION"), "{text}");
    bench.assert_redacted(&text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_canary_test_covers_gateway_frames_and_recordings() {
    // Each of these benches has a canary in its token and another in the account's name and address, and is searched.
    for scenario in ["happy", "pre-moderation", "post-moderation", "ephemeral-moderation", "captcha-2023"] {
        let (bench, text) = flow(of_era(scenario, Era::E2026), WatchMode::Auto).await;
        assert!(has(&text, r#""kind":"frame""#) && has(&text, r#""kind":"event""#), "{text}");
        bench.assert_redacted(&text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prompts_are_not_in_a_recording_that_is_not_to_keep_them() {
    for (sim, watch) in [(visible("happy"), WatchMode::Poll), (of_era("happy", Era::E2026), WatchMode::Auto)]
    {
        let bench = Bench::watching(sim, watch).await;
        let recordings = tempfile::tempdir().expect("a folder");
        let record = Some(recordings.path().to_owned());
        let settings = Settings { record, record_prompts: false, ..bench.settings.clone() };
        let client = Client::new(&settings, bench.clock).expect("a client");
        let mut job = client.imagine("a lighthouse --ar 3:2 --no gulls").await.expect("a job");
        job.outcome().await.expect("an image");
        client.end_recording().await;
        let text = std::fs::read_to_string(&files(recordings.path())[0]).expect("a recording");
        assert!(has(&text, "--ar 3:2") && has(&text, "--no "), "{text}");
        for word in ["lighthouse", "gulls"] {
            assert_eq!(text.lines().find(|line| line.contains(word)), None, "{word} is recorded");
        }
        bench.assert_redacted(&text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ended_recording_is_whole_and_takes_nothing_more() {
    let (bench, text) = flow(visible("happy"), WatchMode::Poll).await;
    assert!(text.ends_with("}\n") && has(&text, r#""output":"ended""#), "{text}");
    bench.imagine("another").await.0.expect("an image");
    bench.client.end_recording().await;
    assert_eq!(recorded(&bench), text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_cannot_be_written_is_told_before_anything_is_sent() {
    let bench = Bench::new(visible("happy")).await;
    let file = bench.folder.path().join("a-file");
    std::fs::write(&file, "").expect("a file");
    let settings = Settings { record: Some(file.join("below")), ..bench.settings.clone() };
    let error = Client::new(&settings, bench.clock).expect_err("a file is no folder");
    assert_kind(&error, ErrorKind::Storage);
    assert!(error.to_string().contains("begin a recording"), "{error}");
}
