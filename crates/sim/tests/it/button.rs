//! Every button of the bot, pressed once: what comes of it, in which form, and what is charged.
//!
//! Windows are answered in `modal`; whole rows of scenarios are in `scenario`.

use journeyman_sim::{Limits, Pictures, Settings};
use serde_json::{Value, json};

use crate::support::{Client, custom_ids, style};

fn client() -> Client {
    Client::new(Settings {
        pictures: Pictures::Tiny,
        limits: Limits::none(),
        ..Settings::for_era(journeyman_sim::Era::E2023)
    })
}

/// What a button makes: its kind in the report, and the end of its text.
struct Row {
    button: &'static str,
    kind: &'static str,
    text: &'static str,
    buttons: &'static str,
    gpu_seconds: u64,
}

const fn row(
    button: &'static str,
    kind: &'static str,
    text: &'static str,
    buttons: &'static str,
    gpu_seconds: u64,
) -> Row {
    Row { button, kind, text, buttons, gpu_seconds }
}

const GRID: &str = "MJ::JOB::upsample::4::";
const ONE: &str = "MJ::CustomZoom::";
const VIDEO: &str = "MJ::JOB::animate_low_extend::1::";

/// Presses the button under the message and checks what it leaves.
fn check(client: &mut Client, message: &Value, row: &Row) {
    let before = client.world.report().jobs.len();
    assert_eq!(client.press(message, row.button).status, 204, "{}", row.button);
    client.wait_until_quiet();
    let result = client.event("MESSAGE_CREATE");
    let text = result["content"].as_str().expect("a text");
    let user = &client.ready.user_id;
    assert_eq!(
        text,
        format!("**a cat --ar 3:2 --v 5.1** - {}", row.text.replace("{user}", user)),
        "{}",
        row.button
    );
    assert_eq!(result["type"], 19, "{}", row.button);
    assert_eq!(result["message_reference"]["message_id"], message["id"], "{}", row.button);
    assert_eq!(result["referenced_message"]["id"], message["id"]);
    assert_eq!((result.get("nonce"), result.get("interaction")), (None, None));
    assert!(custom_ids(&result).iter().any(|id| id.starts_with(row.buttons)), "{}: {result}", row.button);
    let page = client.page();
    let pressed = page.iter().find(|known| known["id"] == message["id"]).expect("the message");
    assert_eq!(style(pressed, row.button), 1, "a used button is blue");
    let report = client.world.report();
    assert_eq!(report.jobs.len(), before + 1, "{}", row.button);
    let job = client.job(row.kind);
    assert_eq!(
        (job.executions, job.charged, job.gpu_seconds, job.state),
        (1, 1, row.gpu_seconds, "finished")
    );
    assert_eq!(job.parent_message.as_deref(), message["id"].as_str());
    assert!(custom_ids(message)[0].contains(job.parent_job.as_deref().expect("a parent")));
    let link = result["attachments"][0]["url"].as_str().expect("a link");
    let file = client.get(link.strip_prefix("http://127.0.0.1").expect("a link to this world"));
    assert_eq!(file.header("content-type"), result["attachments"][0]["content_type"].as_str());
    assert_eq!(result["attachments"][0]["size"], file.body.len(), "{}", row.button);
    let owner = journeyman_sim::picture_owner(&file.body).expect("an owner");
    assert_eq!(owner.job_id, job.job_ids[0], "{}", row.button);
}

#[test]
fn every_button_of_a_grid_makes_what_it_says() {
    let mut client = client();
    let grid = client.grid("a cat --ar 3:2");
    assert_eq!(custom_ids(&grid).len(), 9);
    for image in 1..=4 {
        let button =
            ["MJ::JOB::upsample::1", "MJ::JOB::upsample::2", "MJ::JOB::upsample::3", "MJ::JOB::upsample::4"]
                [image - 1];
        let texts = ["Image #1 <@{user}>", "Image #2 <@{user}>", "Image #3 <@{user}>", "Image #4 <@{user}>"];
        check(&mut client, &grid, &row(button, "upscale", texts[image - 1], ONE, 0));
    }
    for button in
        ["MJ::JOB::variation::1", "MJ::JOB::variation::2", "MJ::JOB::variation::3", "MJ::JOB::variation::4"]
    {
        let text = "Variations (Strong) by <@{user}> (fast)";
        check(&mut client, &grid, &row(button, "variation", text, GRID, 60));
    }
    check(&mut client, &grid, &row("MJ::JOB::reroll", "reroll", "<@{user}> (fast)", GRID, 60));
}

const OF_ONE: &[Row] = &[
    row("MJ::JOB::high_variation", "vary_strong", "Variations (Strong) by <@{user}> (fast)", GRID, 60),
    row("MJ::JOB::low_variation", "vary_subtle", "Variations (Subtle) by <@{user}> (fast)", GRID, 60),
    row("MJ::JOB::upsample_v5_2x", "upscale_2x", "Upscaled (2x) by <@{user}> (fast)", ONE, 120),
    row("MJ::JOB::upsample_v5_4x", "upscale_4x", "Upscaled (4x) by <@{user}> (fast)", ONE, 120),
    row("MJ::Outpaint::50", "zoom_out", "Zoom Out by <@{user}> (fast)", GRID, 60),
    row("MJ::Outpaint::75", "zoom_out", "Zoom Out by <@{user}> (fast)", GRID, 60),
    row("MJ::Outpaint::100", "make_square", "Zoom Out by <@{user}> (fast)", GRID, 60),
    row("MJ::JOB::pan_left", "pan_left", "Pan Left by <@{user}> (fast)", GRID, 60),
    row("MJ::JOB::pan_right", "pan_right", "Pan Right by <@{user}> (fast)", GRID, 60),
    row("MJ::JOB::pan_up", "pan_up", "Pan Up by <@{user}> (fast)", GRID, 60),
    row("MJ::JOB::pan_down", "pan_down", "Pan Down by <@{user}> (fast)", GRID, 60),
    row("MJ::JOB::animate_high", "animate_high", "Animate (High motion) by <@{user}> (fast)", VIDEO, 480),
    row("MJ::JOB::animate_low", "animate_low", "Animate (Low motion) by <@{user}> (fast)", VIDEO, 480),
];

#[test]
fn every_button_of_an_upscaled_picture_makes_what_it_says() {
    let mut client = client();
    let one = client.upscaled("a cat --ar 3:2");
    for row in OF_ONE {
        check(&mut client, &one, row);
    }
}

#[test]
fn a_video_is_extended_with_high_and_with_low_motion() {
    let mut client = client();
    let one = client.upscaled("a cat --ar 3:2");
    client.press(&one, "MJ::JOB::animate_high");
    client.wait_until_quiet();
    let video = client.event("MESSAGE_CREATE");
    assert_eq!(video["attachments"][0]["content_type"], "video/mp4");
    for (button, kind, text) in [
        ("MJ::JOB::animate_high_extend", "extend_high", "Animate (High motion) by <@{user}> (fast)"),
        ("MJ::JOB::animate_low_extend", "extend_low", "Animate (Low motion) by <@{user}> (fast)"),
    ] {
        check(&mut client, &video, &row(button, kind, text, VIDEO, 480));
    }
}

#[test]
fn the_upscalers_of_version_7_are_subtle_and_creative() {
    let mut client = client();
    let one = client.upscaled("a cat --v 7");
    for (button, kind, text) in [
        ("MJ::JOB::upsample_v7_2x_subtle", "upscale_subtle", "Upscaled (Subtle) by"),
        ("MJ::JOB::upsample_v7_2x_creative", "upscale_creative", "Upscaled (Creative) by"),
    ] {
        client.press(&one, button);
        client.wait_until_quiet();
        let result = client.event("MESSAGE_CREATE");
        assert!(result["content"].as_str().expect("a text").contains(text), "{result}");
        assert_eq!(result["attachments"][0]["width"], 128, "twice as wide");
        assert_eq!(client.job(kind).charged, 1);
    }
}

#[test]
fn an_upscale_shows_percentages_without_a_picture_and_a_picture_of_a_grid_shows_none() {
    let mut client = client();
    let one = client.upscaled("a cat");
    let seen = client.events().len();
    client.press(&one, "MJ::JOB::upsample_v5_2x");
    client.wait_until_quiet();
    let events: Vec<_> = client.events().into_iter().skip(seen).collect();
    let text = |data: &Value| data["content"].as_str().unwrap_or_default().to_owned();
    let waiting = &events.iter().find(|(name, _)| *name == "MESSAGE_CREATE").expect("a message").1;
    assert!(text(waiting).starts_with("Upscaling image #1 with **a cat --v 5.1** - <@"), "{waiting}");
    let steps: Vec<_> = events.iter().filter(|(_, data)| text(data).contains("%)")).collect();
    assert_eq!(steps.len(), 7);
    for (_, step) in steps {
        assert_eq!(step["attachments"], json!([]));
        assert!(text(step).contains("Upscaling by <@"), "{step}");
    }
    let grid = client.grid("a dog");
    let seen = client.events().len();
    client.press(&grid, "MJ::JOB::upsample::2");
    client.wait_until_quiet();
    let names: Vec<_> = client.events().into_iter().skip(seen).map(|(name, _)| name).collect();
    let expected = ["INTERACTION_CREATE", "INTERACTION_SUCCESS", "MESSAGE_UPDATE", "MESSAGE_CREATE"];
    assert_eq!(names, expected, "no waiting, no progress");
}

#[test]
fn the_opening_of_early_2023_names_the_image() {
    let settings = Settings {
        old_openings: true,
        pictures: Pictures::Tiny,
        limits: Limits::none(),
        ..Settings::for_era(journeyman_sim::Era::E2023)
    };
    let mut client = Client::new(settings);
    let grid = client.grid("a cat");
    client.press(&grid, "MJ::JOB::variation::3");
    client.wait_ms(2_000);
    let text = client.event("MESSAGE_CREATE")["content"].to_string();
    assert!(text.contains("Making variations for image #3 with prompt **a cat --v 5.1** - <@"), "{text}");
    client.wait_until_quiet();
    assert_eq!(client.job("variation").state, "finished");
}

#[test]
fn the_heart_is_pressed_in_and_out() {
    let mut client = client();
    let one = client.upscaled("a cat");
    for expected in [1, 2, 1] {
        client.press(&one, "MJ::BOOKMARK");
        client.wait_until_quiet();
        assert_eq!(style(&client.page()[0], "MJ::BOOKMARK"), expected);
    }
    assert!(client.world.report().jobs.iter().all(|job| job.kind != "bookmark"));
}

#[test]
fn a_job_is_cancelled_by_its_button() {
    let mut client = client();
    client.imagine("a cat");
    client.wait_ms(20_000);
    let waiting = client.page()[0].clone();
    client.press(&waiting, "MJ::CancelJob::ByJobid");
    client.wait_until_quiet();
    assert_eq!(client.job("imagine").state, "cancelled");
    assert!(client.page()[0]["content"].as_str().expect("a text").ends_with("(Stopped)"));
}

#[test]
fn the_link_button_leads_to_the_job_and_is_not_for_pressing() {
    let mut client = client();
    let one = client.upscaled("a cat");
    let link = &one["components"][4]["components"][1];
    assert_eq!((&link["style"], link.get("custom_id")), (&json!(5), None));
    assert!(link["url"].as_str().expect("a link").contains(&client.job("upscale").job_ids[0]));
}

#[test]
fn make_square_stands_only_under_what_is_not_square() {
    let mut client = client();
    let has = |message: &Value| custom_ids(message).iter().any(|id| id.starts_with("MJ::Outpaint::100"));
    assert!(!has(&client.upscaled("a cat")));
    assert!(has(&client.upscaled("a cat --ar 3:2")));
}

#[test]
fn the_same_upscale_again_is_told_to_slow_down() {
    let mut client = client();
    let grid = client.grid("a cat");
    client.press(&grid, "MJ::JOB::upsample::1");
    client.wait_until_quiet();
    client.press(&grid, "MJ::JOB::upsample::1");
    client.wait_ms(2_000);
    let notice = client.latest();
    assert_eq!(notice["embeds"][0]["title"], "Slow Down!");
    assert_eq!((&notice["flags"], notice.get("nonce")), (&json!(64), None));
    assert_eq!(notice["message_reference"]["message_id"], grid["id"]);
    client.press(&grid, "MJ::JOB::upsample::2");
    client.wait_ms(60_000);
    client.press(&grid, "MJ::JOB::upsample::1");
    client.wait_until_quiet();
    let made = client.world.report().jobs.iter().filter(|job| job.kind == "upscale").count();
    assert_eq!(made, 3, "another picture at once, the same one a minute later");
}

#[test]
fn a_wrong_button_flag_message_or_application_meets_silence_or_discords_refusal() {
    let mut client = client();
    let grid = client.grid("a cat");
    let jobs = client.world.report().jobs.len();
    let right = json!({ "component_type": 2, "custom_id": custom_ids(&grid)[0] });
    let unknown = json!({ "component_type": 2, "custom_id": "MJ::JOB::upsample::9::nothing" });
    assert_eq!(client.component(&grid, unknown).status, 204);
    let mut flags = grid.clone();
    flags["flags"] = json!(64);
    assert_eq!(client.component(&flags, right.clone()).status, 204);
    let mut gone = grid.clone();
    gone["id"] = json!("123");
    let answer = client.component(&gone, right.clone());
    assert_eq!((answer.status, answer.json().expect("JSON")["code"].as_u64()), (404, Some(10008)));
    assert_eq!(client.component(&grid, json!({ "custom_id": custom_ids(&grid)[0] })).status, 400);
    let mut body = client.interaction(3);
    body["application_id"] = json!("1");
    body["message_id"] = grid["id"].clone();
    body["data"] = right;
    let answer = client.send("POST", "/api/v10/interactions", &body);
    assert_eq!((answer.status, answer.json().expect("JSON")["code"].as_u64()), (404, Some(10002)));
    client.wait_until_quiet();
    assert_eq!(client.world.report().jobs.len(), jobs, "nothing was made");
}
