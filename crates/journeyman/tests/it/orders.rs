//! Every command, and what is not a button's own, end to end over real HTTP and a real websocket. It claims
//! nothing about time.

use std::path::PathBuf;

use journeyman::{Dimensions, ErrorKind, Finished, Invocation, Job, PlainCommand, Reply, WatchMode};
use journeyman_sim::Era;

use crate::bench::{Bench, assert_kind, drain, of_era};

pub(crate) async fn bench() -> Bench {
    Bench::watching(of_era("happy", Era::E2026), WatchMode::Auto).await
}

pub(crate) async fn grid(bench: &Bench) -> (Job, Finished) {
    let mut job = bench.client.imagine("a lighthouse at dawn").await.expect("a job");
    let finished = job.outcome().await.expect("a grid");
    (job, finished)
}

/// A picture on disk, for commands that take one.
pub(crate) fn picture(bench: &Bench, name: &str, colour: [u8; 3]) -> PathBuf {
    let path = bench.folder.path().join(name);
    image::RgbImage::from_pixel(32, 32, image::Rgb(colour)).save(&path).expect("a file");
    path
}

pub(crate) async fn ends(mut job: Job, what: &str) -> Finished {
    let outcome = job.outcome().await;
    let events = drain(&mut job).await;
    outcome.unwrap_or_else(|error| panic!("{what}: {error:?} {events:?}"))
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
async fn the_seed_of_a_job_is_told_and_asked_for_once() {
    let bench = bench().await;
    let mut job = bench.client.imagine("a lighthouse --seed 4711").await.expect("a job");
    let finished = job.outcome().await.expect("a grid");
    assert_eq!(job.seed().await.expect("a seed"), 4711);
    let message = finished.message_id.expect("a message");
    assert_eq!(bench.client.seed(message).await.expect("the same seed"), 4711);
    let report = bench.sim.report();
    let reactions: u64 = report.requests["PUT"].values().flat_map(|answers| answers.values()).sum();
    assert_eq!(reactions, 1, "what was told is not asked for again: {report:?}");
    let error = bench.client.seed("1077800642086703999".parse().expect("an id")).await.expect_err("nothing");
    assert_kind(&error, ErrorKind::Configuration);
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
async fn any_other_command_is_asked_by_its_name_and_its_answer_is_a_text() {
    let bench = bench().await;
    let others = [
        Invocation::named("ask").with_text("question", "how do I pan?"),
        Invocation::plain(PlainCommand::Invite),
        Invocation::plain(PlainCommand::Subscribe),
        Invocation::plain(PlainCommand::UserId),
        Invocation::plain(PlainCommand::PreferAutoDm),
        Invocation::plain(PlainCommand::PreferOptionList),
        Invocation::named("list_tuners"),
    ];
    for invocation in others {
        let asked = invocation.to_string();
        let (reply, _) =
            bench.client.answer(invocation).await.unwrap_or_else(|why| panic!("{asked}: {why:?}"));
        assert!(matches!(&reply, Reply::Text(text) if !text.is_empty()), "{asked}: {reply:?}");
    }
    let unknown = bench.client.answer(Invocation::named("teleport")).await.expect_err("no such command");
    assert_kind(&unknown, ErrorKind::Configuration);
}

#[tokio::test]
async fn what_the_bot_answered_is_in_the_jobs_record_and_its_lists_can_be_pressed_again() {
    let bench = bench().await;
    let path = picture(&bench, "a.png", [9, 200, 9]);
    let jobs = [
        bench.client.begin_describe(&path).await,
        bench.client.command(Invocation::shorten("a very tall lighthouse at dawn")).await,
        bench.client.command(Invocation::plain(PlainCommand::Info)).await,
        bench.client.command(Invocation::plain(PlainCommand::Fast)).await,
        bench.client.command(Invocation::plain(PlainCommand::Settings)).await,
    ];
    for job in jobs {
        let mut job = job.expect("a job");
        let told = job.outcome().await.expect("an answer");
        let stored = serde_json::to_string(&job.record().expect("a record")).expect("JSON");
        let record = serde_json::from_str(&stored).expect("a record");
        let mut again = bench.client.resume(&record).await.expect("a job");
        let read = again.outcome().await.expect("the same");
        assert!(read.reply.is_some() && read.reply == told.reply, "{read:?}");
        assert_eq!(read.panel, told.panel, "every button and every choice");
        if let Some(Reply::Settings(settings)) = told.reply {
            let values = [settings.lists[0].offered[0].as_str()];
            let label = &settings.lists[0].custom_id;
            assert!(again.panel().expect("a panel").press(label, &values).is_ok(), "a list to choose from");
        }
    }
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
