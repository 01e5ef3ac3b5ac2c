//! Every button, select and form, end to end over real HTTP and a real websocket. It claims nothing about time.

use journeyman::{ErrorKind, Event, FormAnswer, Invocation, Job, Mask, Panel, PlainCommand, Reply};

use crate::bench::{Bench, assert_kind, drain};
use crate::orders::{bench, ends, grid, picture};

/// An image taken out of the grid of this prompt, and what may be pressed on it.
async fn image(bench: &Bench, prompt: &str) -> (Job, Panel) {
    let mut job = bench.client.imagine(prompt).await.expect("a job");
    job.outcome().await.expect("a grid");
    let mut alone = job.upscale(2).await.expect("U2");
    alone.outcome().await.expect("an image");
    let panel = alone.panel().expect("a panel");
    (alone, panel)
}

/// Presses each label; each gives one file, of a job of its own.
async fn each_makes_one(bench: &Bench, panel: &Panel, labels: &[&str]) {
    for label in labels {
        let made = ends(bench.client.press(panel, label).await.expect(label), label).await;
        assert_eq!(made.files.len(), 1, "{label}");
        assert!(made.job_id.is_some(), "{label}");
    }
}

/// The kinds of the jobs that arrived.
fn kinds(bench: &Bench) -> Vec<String> {
    bench.sim.report().jobs.iter().map(|job| job.kind.to_string()).collect()
}

#[tokio::test]
async fn every_button_of_a_grid_makes_what_it_says() {
    let bench = bench().await;
    let (job, finished) = grid(&bench).await;
    for label in ["U1", "U2", "U3", "U4", "V1", "V2", "V3", "V4", "reroll"] {
        let made = ends(job.press(label).await.expect(label), label).await;
        assert_eq!(made.files.len(), 1, "{label}");
        assert_ne!(made.job_id, finished.job_id, "{label} is a job of its own");
    }
    let report = bench.sim.report();
    assert_eq!(report.jobs.len(), 10, "{report:?}");
    assert!(report.jobs.iter().all(|job| (job.executions, job.charged) == (1, 1)), "{report:?}");
}

#[tokio::test]
async fn every_button_of_an_image_makes_what_it_says() {
    let bench = bench().await;
    let (alone, panel) = image(&bench, "a lighthouse at dawn --v 7").await;
    let labels = [
        "Upscale (Subtle)",
        "Upscale (Creative)",
        "Animate (High motion)",
        "Animate (Low motion)",
        "Vary (Strong)",
        "Vary (Subtle)",
        "Zoom Out 2x",
        "Zoom Out 1.5x",
        "pan left",
        "pan right",
        "pan up",
        "pan down",
    ];
    each_makes_one(&bench, &panel, &labels).await;
    let loved = ends(alone.press("bookmark").await.expect("the heart"), "the heart").await;
    assert!(loved.files.is_empty(), "a heart is no image: {loved:?}");
    // All but those: two forms, which have tests of their own, and a link.
    let others = ["Custom Zoom", "Vary (Region)", "Web"];
    assert_eq!(panel.buttons().len(), labels.len() + 1 + others.len(), "{:?}", panel.labels());
    assert!(others.iter().all(|label| panel.has(label)), "{:?}", panel.labels());
    assert_eq!(kinds(&bench).len(), labels.len() + 2, "{:?}", kinds(&bench));
}

#[tokio::test]
async fn an_image_of_version_5_is_upscaled_2x_and_4x() {
    let bench = bench().await;
    let (_, panel) = image(&bench, "a lighthouse at dawn --v 5.1").await;
    each_makes_one(&bench, &panel, &["Upscale (2x)", "Upscale (4x)"]).await;
}

#[tokio::test]
async fn what_is_not_square_is_made_square() {
    let bench = bench().await;
    let (_, panel) = image(&bench, "a lighthouse at dawn --ar 3:2").await;
    each_makes_one(&bench, &panel, &["Make Square"]).await;
}

#[tokio::test]
async fn a_video_is_extended_with_high_and_with_low_motion() {
    let bench = bench().await;
    let (alone, _) = image(&bench, "a lighthouse at dawn").await;
    let mut video = alone.press("Animate (Low motion)").await.expect("a video");
    video.outcome().await.expect("a video");
    let panel = video.panel().expect("a panel");
    each_makes_one(&bench, &panel, &["Extend (High motion)", "Extend (Low motion)"]).await;
}

#[tokio::test]
async fn a_custom_zoom_is_a_form_that_is_answered_as_said_before() {
    let bench = bench().await;
    let (job, _) = grid(&bench).await;
    let mut alone = job.upscale(1).await.expect("U1");
    alone.outcome().await.expect("an image");
    let panel = alone.panel().expect("a panel");
    let form = FormAnswer { prompt: Some("a lighthouse at dawn --zoom 1.4".to_owned()), mask: None };
    let mut zoom = bench.client.press_with(&panel, "Custom Zoom", &[], form).await.expect("a job");
    let made = zoom.outcome().await.expect("a zoom");
    let events = drain(&mut zoom).await;
    assert!(events.iter().any(|event| matches!(event, Event::FormOpened { .. })), "{events:?}");
    assert_eq!(made.files.len(), 1);

    let wrong = FormAnswer { prompt: Some("a lighthouse --zoom 9".to_owned()), mask: None };
    let mut zoom = bench.client.press_with(&panel, "Custom Zoom", &[], wrong).await.expect("a job");
    assert_kind(&zoom.outcome().await.expect_err("no such zoom"), ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn vary_region_sends_a_mask_as_png_by_the_embedded_page() {
    let bench = bench().await;
    let (job, _) = grid(&bench).await;
    let mut alone = job.upscale(1).await.expect("U1");
    alone.outcome().await.expect("an image");
    let panel = alone.panel().expect("a panel");
    let png = std::fs::read(picture(&bench, "mask.png", [255, 255, 255])).expect("a mask");
    let form = FormAnswer {
        prompt: Some("a lighthouse with a red door".to_owned()),
        mask: Some(Mask::try_new(png).expect("a PNG")),
    };
    let made = ends(
        bench.client.press_with(&panel, "Vary (Region)", &[], form).await.expect("a job"),
        "Vary (Region)",
    )
    .await;
    assert_eq!(made.files.len(), 1);
}

#[tokio::test]
async fn in_remix_mode_each_button_asks_for_a_prompt_which_is_the_callers_or_stays() {
    let bench = bench().await;
    let (reply, _) =
        bench.client.answer(Invocation::plain(PlainCommand::PreferRemix)).await.expect("an answer");
    assert!(matches!(reply, Reply::Text(_)), "{reply:?}");
    let (alone, panel) = image(&bench, "a lighthouse at dawn").await;
    for label in ["Vary (Strong)", "Zoom Out 2x", "pan left", "Animate (High motion)"] {
        let form = FormAnswer { prompt: Some("a lighthouse at dusk".to_owned()), mask: None };
        let mut job = bench.client.press_with(&panel, label, &[], form).await.expect(label);
        let made = job.outcome().await.unwrap_or_else(|error| panic!("{label}: {error:?}"));
        let events = drain(&mut job).await;
        assert!(events.iter().any(|event| matches!(event, Event::FormOpened { .. })), "{label}: {events:?}");
        let shown = made.shown_prompt.unwrap_or_default();
        assert!(shown.contains("dusk"), "{label}: {shown}");
    }
    let kept = ends(alone.press("Vary (Subtle)").await.expect("a job"), "Vary (Subtle)").await;
    assert!(kept.shown_prompt.is_some_and(|shown| shown.contains("dawn")), "a form keeps what stands in it");
}

#[tokio::test]
async fn a_described_image_is_described_again_and_all_its_prompts_are_imagined() {
    let bench = bench().await;
    let path = picture(&bench, "a.png", [9, 200, 9]);
    let (_, finished) = bench.client.describe(&path).await.expect("an answer");
    let panel = finished.panel.expect("a panel");
    let again = ends(bench.client.press(&panel, "retry").await.expect("a job"), "retry").await;
    assert!(matches!(&again.reply, Some(Reply::Described(described)) if described.prompts.len() == 4));
    for label in ["1", "2", "3", "4", "Imagine all"] {
        let made = ends(bench.client.press(&panel, label).await.expect(label), label).await;
        assert_eq!(made.files.len(), 1, "{label}");
    }
    assert_eq!(kinds(&bench), ["imagine"; 8]);
}

#[tokio::test]
async fn each_shortened_prompt_can_be_imagined() {
    let bench = bench().await;
    let (shortened, finished) =
        bench.client.shorten("a very very tall lighthouse at dawn by the sea").await.expect("an answer");
    let panel = finished.panel.expect("a panel");
    assert_eq!(panel.buttons().len(), shortened.prompts.len(), "{shortened:?}");
    each_makes_one(&bench, &panel, &panel.labels()).await;
}

#[tokio::test]
async fn each_switch_and_list_of_the_settings_changes_what_they_show() {
    let bench = bench().await;
    let (settings, finished) = bench.client.settings().await.expect("an answer");
    let panel = finished.panel.expect("a panel");
    for switch in &settings.switches {
        let told = ends(bench.client.press(&panel, &switch.label).await.expect(&switch.label), &switch.label);
        let Some(Reply::Settings(_)) = told.await.reply else { panic!("{}: no settings", switch.label) };
    }
    let list = &settings.lists[0];
    let other = list.offered.iter().find(|one| !list.chosen.contains(one)).expect("another version");
    let choice = bench.client.press_with(&panel, &list.custom_id, &[other], FormAnswer::default()).await;
    let Some(Reply::Settings(shown)) = ends(choice.expect("a job"), "a choice").await.reply else {
        panic!("no settings")
    };
    assert_eq!(&shown.lists[0].chosen, std::slice::from_ref(other));
    let switch =
        shown.switches.iter().find(|one| !one.is_on && one.label.contains("Remix")).expect("a switch");
    let Some(Reply::Settings(shown)) =
        ends(bench.client.press(&panel, &switch.label).await.expect("a job"), "a switch").await.reply
    else {
        panic!("no settings")
    };
    assert_eq!(shown.is_on(&switch.label), Some(true));
}

#[tokio::test]
async fn a_job_is_cancelled_by_its_button_and_that_is_no_moderation() {
    let bench = bench().await;
    let mut job = bench.client.imagine("a lighthouse too many").await.expect("a job");
    while job.next_event().await.is_some_and(|event| !matches!(event, Event::Progress { .. })) {}
    let stop = job.stop().await.expect("a press");
    ends(stop, "Cancel Job").await;
    let error = job.outcome().await.expect_err("it was cancelled");
    assert_kind(&error, ErrorKind::Cancelled);
}
