//! The windows that the bot opens, what answering each makes, and what becomes of those nobody answers.
//!
//! The windows of described and shortened prompts are tested in `command`.

use std::time::Duration;

use journeyman_sim::{HttpRequest, Limits, Pictures, Settings};
use serde_json::{Value, json};

use crate::support::{Client, style};

fn client(remix: bool) -> Client {
    Client::new(Settings {
        remix,
        pictures: Pictures::Tiny,
        limits: Limits::none(),
        ..Settings::for_era(journeyman_sim::Era::E2023)
    })
}

/// Presses a button and returns the window that it opens.
fn open(client: &mut Client, message: &Value, button: &str) -> Value {
    let seen = client.events().len();
    assert_eq!(client.press(message, button).status, 204);
    client.wait_ms(2_000);
    let events: Vec<_> = client.events().into_iter().skip(seen).collect();
    let names: Vec<_> = events.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["INTERACTION_CREATE", "INTERACTION_MODAL_CREATE"], "{button}");
    assert_eq!(events[0].1["nonce"], events[1].1["nonce"], "{button}");
    events[1].1.clone()
}

/// Opens a button's window, checks it, changes the prompt, and checks the job and its text.
fn check(
    client: &mut Client,
    message: &Value,
    button: &str,
    custom_id: &str,
    field: &str,
    kind: &str,
    text: &str,
) {
    let modal = open(client, message, button);
    let input = &modal["components"][0]["components"][0];
    let parent = client.job(if kind == "variation" || kind == "reroll" { "imagine" } else { "upscale" });
    let custom_id = custom_id.replace("{job}", &parent.job_ids[0]);
    let custom_id = custom_id.replace("{message}", message["id"].as_str().expect("an id"));
    assert_eq!((&modal["custom_id"], &input["custom_id"]), (&json!(custom_id), &json!(field)), "{button}");
    assert_eq!(modal["application"]["id"], "936929561302675456");
    assert!(input["value"].as_str().expect("a value").starts_with("a cat --v 5.1"), "{button}");
    assert_eq!(client.submit(&modal, "a dog").status, 204, "{button}");
    client.wait_until_quiet();
    let result = client.event("MESSAGE_CREATE");
    let user = &client.ready.user_id;
    assert_eq!(
        result["content"],
        format!("**a dog --v 5.1** - {}", text.replace("{user}", user)),
        "{button}"
    );
    assert_eq!(result["message_reference"]["message_id"], message["id"], "{button}");
    let job = client.job(kind);
    assert_eq!((job.prompt.as_str(), job.charged, job.executions), ("a dog", 1, 1), "{button}");
    let page = client.page();
    let pressed = page.iter().find(|known| known["id"] == message["id"]).expect("the message");
    assert_eq!(style(pressed, button), 1, "{button}");
}

#[test]
fn in_remix_mode_variations_and_reroll_open_a_window_for_the_prompt() {
    let mut client = client(true);
    let grid = client.grid("a cat");
    let remix = ("MJ::RemixModal::{job}::4::1", "MJ::RemixModal::new_prompt");
    check(
        &mut client,
        &grid,
        "MJ::JOB::variation::4",
        remix.0,
        remix.1,
        "variation",
        "Remix (Strong) by <@{user}> (fast)",
    );
    let reroll = ("MJ::ImagineModal::{message}", "MJ::ImagineModal::new_prompt");
    check(&mut client, &grid, "MJ::JOB::reroll", reroll.0, reroll.1, "reroll", "<@{user}> (fast)");
}

#[test]
fn in_remix_mode_pans_zooms_and_animations_open_a_window_for_the_prompt() {
    let mut client = client(true);
    let one = client.upscaled("a cat");
    for (button, custom_id, field, kind, text) in [
        (
            "MJ::JOB::high_variation",
            "MJ::RemixModal::{job}::1::1",
            "MJ::RemixModal::new_prompt",
            "vary_strong",
            "Remix (Strong) by <@{user}> (fast)",
        ),
        (
            "MJ::JOB::low_variation",
            "MJ::RemixModal::{job}::1::0",
            "MJ::RemixModal::new_prompt",
            "vary_subtle",
            "Remix (Subtle) by <@{user}> (fast)",
        ),
        (
            "MJ::JOB::pan_left",
            "MJ::PanModal::left::{job}",
            "MJ::PanModal::prompt",
            "pan_left",
            "Pan Left by <@{user}> (fast)",
        ),
        (
            "MJ::JOB::pan_down",
            "MJ::PanModal::down::{job}",
            "MJ::PanModal::prompt",
            "pan_down",
            "Pan Down by <@{user}> (fast)",
        ),
        (
            "MJ::Outpaint::50",
            "MJ::OutpaintModal::-1::1::{job}",
            "MJ::OutpaintModal::new_prompt",
            "zoom_out",
            "Zoom Out by <@{user}> (fast)",
        ),
        (
            "MJ::JOB::animate_low",
            "MJ::AnimateModal::{job}::1::low::0",
            "MJ::AnimateModal::prompt",
            "animate_low",
            "Animate (Low motion) by <@{user}> (fast)",
        ),
    ] {
        check(&mut client, &one, button, custom_id, field, kind, text);
    }
}

#[test]
fn an_unchanged_prompt_is_no_remix() {
    let mut client = client(true);
    let grid = client.grid("a cat --ar 3:2");
    let modal = open(&mut client, &grid, "MJ::JOB::variation::2");
    let value = modal["components"][0]["components"][0]["value"].as_str().expect("a value").to_owned();
    client.submit(&modal, &value);
    client.wait_until_quiet();
    let text = client.event("MESSAGE_CREATE")["content"].to_string();
    assert!(text.contains("**a cat --ar 3:2 --v 5.1** - Variations (Strong) by"), "{text}");
    assert_eq!(client.job("variation").prompt, "a cat --ar 3:2");
}

#[test]
fn a_custom_zoom_asks_for_its_factor_from_1_to_2() {
    let mut client = client(false);
    let one = client.upscaled("a cat");
    let modal = open(&mut client, &one, "MJ::CustomZoom");
    let job = client.job("upscale").job_ids[0].clone();
    assert_eq!(modal["custom_id"], format!("MJ::OutpaintCustomZoomModal::{job}"));
    let input = &modal["components"][0]["components"][0];
    assert_eq!(input["custom_id"], "MJ::OutpaintCustomZoomModal::prompt");
    assert_eq!(input["value"], "a cat --v 5.1 --zoom 2");
    client.submit(&modal, "a cat --v 5.1 --zoom 1.4");
    client.wait_until_quiet();
    let text = client.event("MESSAGE_CREATE")["content"].to_string();
    assert!(text.contains("**a cat --v 5.1** - Zoom Out by"), "{text}");
    assert_eq!((client.job("custom_zoom").prompt.as_str(), client.job("custom_zoom").charged), ("a cat", 1));
    for wrong in ["a cat --zoom 3", "a cat"] {
        let modal = open(&mut client, &one, "MJ::CustomZoom");
        client.submit(&modal, wrong);
        client.wait_until_quiet();
        assert_eq!(client.latest()["embeds"][0]["title"], "Invalid parameter", "{wrong}");
        assert_eq!(client.job("custom_zoom").charged, 0);
    }
}

fn submit_region(client: &mut Client, body: &Value) -> u16 {
    let request = HttpRequest {
        method: "POST".to_owned(),
        path: "/inpaint/api/submit-job".to_owned(),
        headers: vec![],
        body: body.to_string().into_bytes(),
    };
    client.world.handle(client.now, request).status
}

#[test]
fn vary_region_opens_a_frame_whose_mask_is_sent_to_the_applications_site() {
    let mut client = client(false);
    let one = client.upscaled("a cat");
    client.press(&one, "MJ::Inpaint");
    client.wait_ms(2_000);
    let frame = client.event("INTERACTION_IFRAME_MODAL_CREATE");
    assert_eq!(frame["title"], "Vary (Region)");
    let token = frame["custom_id"]
        .as_str()
        .and_then(|id| id.strip_prefix("MJ::iframe::"))
        .expect("a token")
        .to_owned();
    assert_eq!(frame["iframe_path"], format!("/inpaint/{token}"));
    let good = json!({ "customId": token, "mask": "iVBORw0KGgoAAAA=", "prompt": "a dog", "userId": "0", "username": "0" });
    for (field, value) in [("customId", json!("other")), ("mask", json!("???")), ("mask", json!("AAAA"))] {
        let mut bad = good.clone();
        bad[field] = value;
        assert_eq!(submit_region(&mut client, &bad), 400, "{field}");
    }
    assert_eq!(submit_region(&mut client, &good), 200);
    assert_eq!(submit_region(&mut client, &good), 400, "once");
    client.wait_until_quiet();
    let text = client.event("MESSAGE_CREATE")["content"].to_string();
    assert!(text.contains("**a dog --v 5.1** - Remix (Region) by"), "{text}");
    assert_eq!((client.job("vary_region").charged, client.job("vary_region").executions), (1, 1));
    client.press(&one, "MJ::Inpaint");
    client.wait_ms(2_000);
    let frame = client.event("INTERACTION_IFRAME_MODAL_CREATE");
    let token = frame["custom_id"]
        .as_str()
        .and_then(|id| id.strip_prefix("MJ::iframe::"))
        .expect("a token")
        .to_owned();
    let same = json!({ "customId": token, "mask": "iVBORw0KGgoAAAA=", "prompt": "a cat --v 5.1" });
    assert_eq!(submit_region(&mut client, &same), 200);
    client.wait_until_quiet();
    let text = client.event("MESSAGE_CREATE")["content"].to_string();
    assert!(text.contains("**a cat --v 5.1** - Variations (Region) by"), "{text}");
}

#[test]
fn a_window_is_answered_once_in_time_and_with_its_own_ids() {
    let mut client = Client::new(Settings {
        remix: true,
        modal_life: Duration::from_mins(1),
        pictures: Pictures::Tiny,
        limits: Limits::none(),
        ..Settings::for_era(journeyman_sim::Era::E2023)
    });
    let grid = client.grid("a cat");
    let modal = open(&mut client, &grid, "MJ::JOB::variation::1");
    let refused = |client: &mut Client, field: &str, value: Value, status: u16, code: u64| {
        let mut wrong = modal.clone();
        *wrong.pointer_mut(field).expect("a field") = value;
        let answer = client.submit(&wrong, "a dog");
        assert_eq!(
            (answer.status, answer.json().expect("JSON")["code"].as_u64()),
            (status, Some(code)),
            "{field}"
        );
    };
    refused(&mut client, "/id", json!("1136957307595526194"), 404, 10062);
    refused(&mut client, "/custom_id", json!("MJ::RemixModal::x"), 400, 50035);
    refused(&mut client, "/components/0/components/0/custom_id", json!("other"), 400, 50035);
    assert_eq!(client.submit(&modal, " ").status, 400);
    assert_eq!(client.submit(&modal, &"x".repeat(4_001)).status, 400);
    assert_eq!(client.submit(&modal, "a dog").status, 204);
    assert_eq!(client.submit(&modal, "a dog").status, 404, "answered already");
    client.wait_until_quiet();
    assert_eq!(client.job("variation").executions, 1);
    let modal = open(&mut client, &grid, "MJ::JOB::variation::2");
    client.wait(Duration::from_mins(1));
    assert_eq!(client.submit(&modal, "a dog").status, 404, "too late");
    assert_eq!(client.world.report().jobs.len(), 2);
}

#[test]
fn the_remix_window_has_the_form_of_its_fixture() {
    let mut client = client(true);
    let grid = client.grid("cat");
    let modal = open(&mut client, &grid, "MJ::JOB::variation::4");
    let fixture = include_str!("../../../../fixtures/interaction/x_interaction_modal_create_remix.json");
    let fixture: Value = serde_json::from_str(fixture).expect("JSON");
    for (name, value) in fixture["d"].as_object().expect("fields") {
        assert_eq!(modal[name].is_string(), value.is_string(), "{name}");
        assert_eq!(modal[name].is_array(), value.is_array(), "{name}");
        assert!(!modal[name].is_null(), "{name}");
    }
    let input = |modal: &Value| modal["components"][0]["components"][0].clone();
    for name in ["type", "custom_id", "label", "style", "required"] {
        assert_eq!(input(&modal)[name], input(&fixture["d"])[name], "{name}");
    }
}
