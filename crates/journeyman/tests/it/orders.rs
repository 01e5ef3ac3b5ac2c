//! Every command and every button, end to end over real HTTP and a real websocket. It claims nothing
//! about time.

use std::path::PathBuf;

use journeyman::{
    Dimensions, ErrorKind, Event, Finished, FormAnswer, Invocation, Job, Mask, PlainCommand, Reply, WatchMode,
};
use journeyman_sim::Era;

use crate::bench::{Bench, assert_kind, drain, of_era};

async fn bench() -> Bench {
    Bench::watching(of_era("happy", Era::E2026), WatchMode::Auto).await
}

async fn grid(bench: &Bench) -> (Job, Finished) {
    let mut job = bench.client.imagine("a lighthouse at dawn").await.expect("a job");
    let finished = job.outcome().await.expect("a grid");
    (job, finished)
}

/// A picture on disk, for commands that take one.
fn picture(bench: &Bench, name: &str, colour: [u8; 3]) -> PathBuf {
    let path = bench.folder.path().join(name);
    image::RgbImage::from_pixel(32, 32, image::Rgb(colour)).save(&path).expect("a file");
    path
}

async fn ends(mut job: Job, what: &str) -> Finished {
    let outcome = job.outcome().await;
    let events = drain(&mut job).await;
    outcome.unwrap_or_else(|error| panic!("{what}: {error:?} {events:?}"))
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
async fn buttons_of_one_grid_pressed_at_once_each_get_their_own_image() {
    let bench = bench().await;
    let (job, _) = grid(&bench).await;
    let mut jobs = Vec::new();
    for label in ["U1", "V1", "reroll", "U2", "V2", "U3", "V3", "U4", "V4"] {
        jobs.push((label, job.press(label).await.expect(label)));
    }
    let mut seen = std::collections::BTreeSet::new();
    for (label, job) in jobs {
        let made = ends(job, label).await;
        assert!(seen.insert(made.job_id.expect("a job id")), "{label} got another's image");
    }
}

#[tokio::test]
async fn every_button_of_an_image_makes_what_it_says() {
    let bench = bench().await;
    let (job, _) = grid(&bench).await;
    let mut alone = job.upscale(2).await.expect("U2");
    let finished = alone.outcome().await.expect("an image");
    let panel = alone.panel().expect("a panel");
    let mut tried = 0;
    for button in panel.buttons().to_vec() {
        let Some(custom_id) = button.custom_id.clone() else { continue };
        // The region needs a mask, the custom zoom a factor; they have tests of their own.
        if custom_id.contains("Inpaint") || custom_id.contains("CustomZoom") {
            continue;
        }
        let made = ends(bench.client.press(&panel, &custom_id).await.expect(&custom_id), &custom_id).await;
        let is_heart = custom_id.contains("BOOKMARK");
        assert_eq!(made.files.is_empty(), is_heart, "{custom_id}: {made:?}");
        tried += 1;
    }
    assert!(tried >= 10, "{:?}", finished.buttons);
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
async fn job_vary_strong_takes_the_image_out_first() {
    let bench = bench().await;
    let (job, _) = grid(&bench).await;
    let made = ends(job.vary_strong(1).await.expect("a job"), "vary_strong").await;
    assert_eq!(made.files.len(), 1);
    assert_eq!(bench.sim.report().jobs.len(), 3);
}

#[tokio::test]
async fn blend_takes_2_to_5_images_and_dimensions() {
    let bench = bench().await;
    let (one, two) = (picture(&bench, "a.png", [9, 9, 200]), picture(&bench, "b.png", [200, 9, 9]));
    let job = bench.client.blend(&[&one, &two], Some(Dimensions::Portrait)).await.expect("a job");
    let made = ends(job, "blend").await;
    let blended = image::open(&made.files[0]).expect("an image");
    assert!(blended.height() > blended.width(), "2:3");
    let error = bench.client.blend(&[&one], None).await.expect_err("one image");
    assert_kind(&error, ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn describe_gives_four_prompts_and_each_can_be_imagined() {
    let bench = bench().await;
    let path = picture(&bench, "a.png", [9, 200, 9]);
    let (described, finished) = bench.client.describe(&path).await.expect("an answer");
    assert_eq!(described.prompts.len(), 4, "{described:?}");
    let panel = finished.panel.expect("a panel");
    let made = ends(bench.client.press(&panel, "1").await.expect("a job"), "describe 1").await;
    assert_eq!(made.files.len(), 1);
}

#[tokio::test]
async fn shorten_info_and_settings_give_typed_answers() {
    let bench = bench().await;
    let (shortened, _) =
        bench.client.shorten("a very very tall lighthouse at dawn").await.expect("an answer");
    assert!(!shortened.prompts.is_empty() && !shortened.tokens.is_empty(), "{shortened:?}");
    let info = bench.client.info().await.expect("an answer");
    assert!(info.plan.is_some(), "{info:?}");
    let (settings, finished) = bench.client.settings().await.expect("an answer");
    assert!(!settings.switches.is_empty(), "{settings:?}");
    assert!(finished.panel.is_some());
}

#[tokio::test]
async fn fast_relax_turbo_stealth_public_prefer_show_and_help_are_answered() {
    let bench = bench().await;
    for command in [
        PlainCommand::Fast,
        PlainCommand::Turbo,
        PlainCommand::Relax,
        PlainCommand::Fast,
        PlainCommand::Stealth,
        PlainCommand::Public,
        PlainCommand::Help,
        PlainCommand::PreferRemix,
        PlainCommand::PreferVariability,
        PlainCommand::PreferRemix,
    ] {
        let (reply, _) = bench.client.answer(Invocation::plain(command)).await.expect("an answer");
        assert!(matches!(reply, Reply::Text(_)), "{command:?}: {reply:?}");
    }
    for invocation in [
        Invocation::prefer_suffix("--ar 3:2"),
        Invocation::prefer_no_suffix(),
        Invocation::prefer_option("mine", "--ar 1:1"),
    ] {
        let (reply, _) = bench.client.answer(invocation).await.expect("an answer");
        assert!(matches!(reply, Reply::Text(_)), "{reply:?}");
    }
    let (_, finished) = grid(&bench).await;
    let shown = bench.client.command(Invocation::show(finished.job_id.clone().expect("an id"))).await;
    let shown = ends(shown.expect("a job"), "show").await;
    assert_eq!(shown.job_id, finished.job_id);
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

#[tokio::test]
async fn anything_unknown_can_be_pressed_by_its_label_and_what_is_missing_is_told() {
    let bench = bench().await;
    let (job, finished) = grid(&bench).await;
    let error = job.press("Make it better").await.expect_err("no such button");
    assert_kind(&error, ErrorKind::InvalidRequest);
    assert!(error.to_string().contains("U1"), "{error}");
    let panel = bench.client.panel(finished.message_id.expect("a message")).await.expect("a panel");
    assert!(panel.has("U1"));
    let same = bench.client.panel_of_job(&finished.job_id.expect("an id")).await.expect("a panel");
    assert_eq!(panel, same);
}

#[tokio::test]
async fn an_image_on_disk_becomes_a_link_that_a_prompt_can_name() {
    let bench = bench().await;
    let path = picture(&bench, "cat.png", [1, 2, 3]);
    let link = bench.client.share(&path).await.expect("a link");
    let made =
        ends(bench.client.imagine(&format!("{link} a cat")).await.expect("a job"), "image prompt").await;
    assert_eq!(made.files.len(), 1);
    let error = bench.client.share(&bench.folder.path().join("none.png")).await.expect_err("no file");
    assert_kind(&error, ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn nijis_bot_is_asked_and_its_buttons_are_pressed_as_its_own() {
    let niji = journeyman_sim::Settings {
        niji: Some(journeyman_sim::Settings::NIJI),
        ..of_era("happy", Era::E2026)
    };
    let bench = Bench::watching(niji, WatchMode::Auto).await;
    let mut job = bench.client.command(Invocation::imagine("a fox").of_niji()).await.expect("a job");
    job.outcome().await.expect("a grid");
    let made = ends(job.press("U3").await.expect("U3"), "U3 of niji").await;
    assert_eq!(made.files.len(), 1);
    assert_eq!(bench.sim.report().jobs.len(), 2);
}
