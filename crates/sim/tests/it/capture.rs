//! Every JSON path of a real capture is in the simulator's message of that kind, with the same JSON type.
//!
//! What is written into the paths is tested in `scenario`; here it is only the form.

use std::collections::BTreeMap;

use journeyman_sim::{Era, HttpRequest, Limits, PictureFormat, Pictures, Settings, Visibility};
use serde_json::{Value, json};

use crate::support::Client;

macro_rules! capture {
    ($path:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../../../../fixtures/", $path))).expect("JSON")
    };
}

/// Each path with the types seen at it; all elements of a list share one path.
fn forms(value: &Value) -> BTreeMap<String, Vec<&'static str>> {
    let mut forms = BTreeMap::new();
    walk(value, "", &mut forms);
    forms
}

fn walk(value: &Value, path: &str, forms: &mut BTreeMap<String, Vec<&'static str>>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(items) => {
            for item in items {
                walk(item, &format!("{path}[]"), forms);
            }
            "list"
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                walk(field, &format!("{path}.{name}"), forms);
            }
            "object"
        }
    };
    forms.entry(path.to_owned()).or_default().push(kind);
}

/// Each exception is a path and why the simulator is different there.
fn check(capture: &Value, ours: &Value, exceptions: &[(&str, &str)]) {
    let have = forms(ours);
    let mut unused: Vec<_> = exceptions.iter().map(|(path, _)| *path).collect();
    for (path, kinds) in forms(capture) {
        if exceptions.iter().any(|(prefix, _)| path == *prefix || path.starts_with(&format!("{prefix}."))) {
            unused.retain(|prefix| !path.starts_with(prefix));
            continue;
        }
        let found = have.get(&path).map_or(&[][..], Vec::as_slice);
        for kind in kinds {
            assert!(found.contains(&kind), "{path} is {kind} in the capture and {found:?} here: {ours}");
        }
    }
    assert!(unused.is_empty(), "exceptions that except nothing: {unused:?}");
}

fn settings() -> Settings {
    Settings { pictures: Pictures::Tiny, limits: Limits::none(), ..Settings::for_era(Era::E2023) }
}

/// A world in which one job has run to its end.
fn after_a_job(settings: Settings) -> Client {
    let mut client = Client::new(settings);
    assert_eq!(client.imagine("glass").status, 204);
    client.wait_until_quiet();
    client
}

fn created(client: &Client, index: usize) -> Value {
    let mut created = client.events().into_iter().filter(|(name, _)| *name == "MESSAGE_CREATE");
    created.nth(index).expect("a message").1
}

#[test]
fn the_waiting_message_of_march_2023_has_the_captured_form() {
    let client = after_a_job(Settings { cancel_button: false, ..settings() });
    check(&capture!("imagine/gw_create_imagine_waiting_2023_03.json")["d"], &created(&client, 0), &[]);
}

#[test]
fn the_waiting_message_of_the_article_has_the_captured_form() {
    let mut client = Client::new(settings());
    client.imagine("Wonders of the World");
    client.wait_ms(2_000);
    check(&capture!("imagine/rest_imagine_waiting_article.json"), &Value::Array(client.page()), &[]);
}

#[test]
fn the_ephemeral_waiting_message_of_july_2023_has_the_captured_form() {
    let mut client = after_a_job(Settings { progress: Visibility::Ephemeral, ..settings() });
    let grid = client.page()[0].clone();
    client.press(&grid, "MJ::JOB::variation::1");
    client.wait_until_quiet();
    // The capture is a zoom's; what any button starts has its form.
    let capture = capture!("button/gw_create_zoom_waiting_type19_ephemeral_cancel_2023_07.json");
    let ours = created(&client, 2);
    check(&capture["d"], &ours, &[]);
    for same in ["type", "flags", "application_id", "webhook_id"] {
        assert_eq!(ours[same], capture["d"][same], "{same}");
    }
    for absent in ["nonce", "interaction"] {
        assert_eq!(ours.get(absent), None, "{absent}");
    }
}

#[test]
fn the_progress_message_of_july_2023_has_the_captured_form() {
    let mut client = Client::new(settings());
    client.imagine("xxxxx --ar 1:1");
    client.wait_ms(20_000);
    check(
        &capture!("moderation/delete_event_soft_moderation_93pct_2023_07.json"),
        &client.page()[0],
        &[
            (".type", "the logging program's own word"),
            (".trigger_id", "the logging program's own word"),
            (".attachments[].spoiler", "the logging library's own field"),
        ],
    );
}

#[test]
fn the_progress_message_of_2024_has_the_captured_form() {
    let mut client = Client::new(Settings { pictures: Pictures::Tiny, ..Settings::for_era(Era::E2026) });
    client.imagine("a cute cat --v 6.0");
    client.wait_ms(20_000);
    let events = client.events();
    let (name, ours) = events.last().expect("an event");
    assert_eq!(*name, "MESSAGE_UPDATE");
    let capture = capture!("imagine/x_progress_update_uuid_grid.json");
    check(&capture["d"], ours, &[(".edited_timestamp", "edited by then; the envelope is constructed")]);
    assert_eq!(ours["flags"], 64);
}

#[test]
fn the_final_grid_on_the_gateway_has_the_captured_form() {
    let client = after_a_job(settings());
    check(&capture!("imagine/gw_create_imagine_final_grid_2023_03.json")["d"], &created(&client, 1), &[]);
}

#[test]
fn the_final_grid_over_rest_has_the_captured_form() {
    let mut client = after_a_job(settings());
    let ours = client.page()[0].clone();
    let capture = capture!("imagine/rest_grid_plain_2023_06.json");
    check(&capture, &ours, &[]);
    let more: Vec<_> = forms(&ours).into_keys().filter(|path| !forms(&capture).contains_key(path)).collect();
    // The author's extra fields are those of the captures of July 2023.
    let author = [
        ".author.accent_color",
        ".author.banner",
        ".author.banner_color",
        ".author.display_name",
        ".author.flags",
    ];
    assert_eq!(more, author, "nothing is shown that the capture lacks");
}

#[test]
fn the_webp_grid_over_rest_has_the_captured_form() {
    let mut client = after_a_job(Settings { picture_format: PictureFormat::Webp, ..settings() });
    let ours = client.page()[0].clone();
    check(&capture!("imagine/rest_grid_open_on_website_webp_2023_06.json"), &ours, &[]);
    assert_eq!(ours["attachments"][0]["content_type"], "image/webp");
}

#[test]
fn the_variation_grid_over_rest_has_the_captured_form() {
    let mut client = after_a_job(settings());
    let grid = client.page()[0].clone();
    client.press(&grid, "MJ::JOB::variation::2");
    client.wait_until_quiet();
    let variation = client.page()[0].clone();
    // In the capture, all four U buttons had been pressed and no V button.
    for image in 1..=4 {
        client.press(&variation, &format!("MJ::JOB::upsample::{image}"));
    }
    let id = variation["id"].as_str().expect("an id");
    let channel = client.ready.channel_id.clone();
    let ours = client.get(&format!("/api/v10/channels/{channel}/messages/{id}")).json().expect("a message");
    check(&capture!("button/rest_variation_strong_grid_type19_2023_07.json"), &ours, &[]);
    let text = ours["content"].as_str().expect("a text");
    assert!(text.contains("** - Variations (Strong) by <@") && text.ends_with("> (fast)"), "{text}");
    assert_eq!(ours["message_reference"]["message_id"], grid["id"]);
    let styles: Vec<_> = ours["components"][0]["components"].as_array().expect("buttons").iter().collect();
    assert!(styles[..4].iter().all(|button| button["style"] == 1) && styles[4]["style"] == 2);
}

#[test]
fn the_upscale_with_its_grid_over_rest_has_the_captured_form() {
    let mut client = after_a_job(settings());
    let grid = client.page()[0].clone();
    client.press(&grid, "MJ::JOB::variation::2");
    client.wait_until_quiet();
    let variation = client.page()[0].clone();
    client.press(&variation, "MJ::JOB::upsample::2");
    client.wait_until_quiet();
    let ours = client.page()[0].clone();
    check(&capture!("button/rest_upscale_image2_type19_with_referenced_2023_07.json"), &ours, &[]);
    assert_eq!(ours["type"], 19);
    assert!(ours["content"].as_str().expect("a text").contains("** - Image #2 <@"));
    assert_eq!(ours["referenced_message"]["id"], variation["id"]);
    assert_eq!(ours["referenced_message"].get("referenced_message"), None);
}

#[test]
fn the_appeal_of_may_2023_has_the_captured_form() {
    let mut client =
        Client::new(Settings { scenario: "action-needed-appeal".parse().expect("known"), ..settings() });
    client.imagine("gril");
    client.wait_until_quiet();
    let nobody = "the logging program's own field";
    let exceptions =
        [".author.email", ".author.locale", ".author.token", ".author.verified"].map(|path| (path, nobody));
    let capture = capture!("moderation/gw_action_needed_ai_moderator_appeal_2023_05_PARTIAL.json");
    let ours = created(&client, 0);
    check(&capture, &ours, &exceptions);
    for same in ["title", "description"] {
        assert_eq!(ours["embeds"][0][same], capture["embeds"][0][same], "{same}");
    }
}

/// The constructed envelopes of the catalogue, by the scenario that sends each.
#[test]
fn refusals_have_the_form_that_peers_read() {
    let refusals = [
        ("pre-moderation", capture!("moderation/x_banned_prompt_detected.json")),
        ("action-needed-appeal", capture!("moderation/x_action_needed_ai_moderator.json")),
        ("job-queued", capture!("queue/x_job_queued.json")),
        ("queue-full", capture!("queue/x_queue_full.json")),
        ("pending-mod-message", capture!("account/x_pending_mod_message.json")),
        ("blocked", capture!("account/x_blocked.json")),
        ("credits-exhausted", capture!("account/x_credits_exhausted.json")),
        ("tos-not-accepted", capture!("account/x_tos_not_accepted.json")),
        ("job-action-restricted", capture!("account/x_job_action_restricted.json")),
        ("unrecognized-parameter", capture!("invalid/x_invalid_parameter_embed.json")),
        ("invalid-link", capture!("invalid/x_invalid_link.json")),
        ("invalid-request", capture!("invalid/x_invalid_request.json")),
        ("duplicate-images", capture!("invalid/x_duplicate_images.json")),
    ];
    for (scenario, capture) in refusals {
        let settings = Settings { pictures: Pictures::Tiny, ..Settings::for_era(Era::E2026) };
        let mut client = Client::new(Settings { scenario: scenario.parse().expect("known"), ..settings });
        client.imagine("a cute cat --v 5.2");
        client.wait_until_quiet();
        let ours = created(&client, 0);
        check(&capture["d"], &ours, &[]);
        let embed = |message: &Value, field: &str| message["embeds"][0][field].clone();
        for same in ["title", "color", "footer"] {
            assert_eq!(embed(&ours, same), embed(&capture["d"], same), "{scenario}: {same}");
        }
        if scenario != "blocked" {
            assert_eq!(embed(&ours, "description"), embed(&capture["d"], "description"), "{scenario}");
        }
        assert_eq!(
            (&ours["type"], &ours["flags"]),
            (&capture["d"]["type"], &capture["d"]["flags"]),
            "{scenario}"
        );
    }
}

#[test]
fn the_decline_and_the_cooldown_have_the_form_that_peers_read() {
    for (scenario, capture) in [
        ("sorry-decline", capture!("moderation/x_sorry_decline.json")),
        ("slow-down", capture!("button/x_slow_down.json")),
    ] {
        let settings = Settings { pictures: Pictures::Tiny, ..Settings::for_era(Era::E2026) };
        let mut client = Client::new(Settings { scenario: scenario.parse().expect("known"), ..settings });
        client.imagine("a cute cat --v 5.2");
        client.wait_until_quiet();
        let ours = created(&client, 1);
        check(&capture["d"], &ours, &[]);
        assert_eq!(ours["embeds"][0]["title"], capture["d"]["embeds"][0]["title"], "{scenario}");
        assert_eq!(ours.get("nonce"), None, "{scenario}: a reply has no nonce");
    }
}

#[test]
fn events_have_the_form_that_peers_read() {
    for (scenario, name, capture) in [
        ("happy", "INTERACTION_CREATE", capture!("interaction/x_interaction_create.json")),
        ("happy", "INTERACTION_SUCCESS", capture!("interaction/x_interaction_success.json")),
        ("interaction-failure", "INTERACTION_FAILURE", capture!("interaction/x_interaction_failure.json")),
        (
            "captcha-iframe",
            "INTERACTION_IFRAME_MODAL_CREATE",
            capture!("account/x_captcha_iframe_modal.json"),
        ),
        ("happy", "MESSAGE_DELETE", capture!("imagine/x_message_delete.json")),
    ] {
        let client = after_a_job(Settings { scenario: scenario.parse().expect("known"), ..settings() });
        let events = client.events();
        let (_, ours) = events.iter().find(|(event, _)| *event == name).expect("the event");
        assert_eq!(capture["t"], name);
        check(&capture["d"], ours, &[]);
    }
}

#[test]
fn the_request_of_the_article_is_accepted() {
    let mut client = Client::new(settings());
    let mut body = capture!("request/post_interaction_imagine_full.json");
    body["guild_id"] = json!(client.ready.guild_id);
    body["channel_id"] = json!(client.ready.channel_id);
    let answer = client.send("POST", "/api/v9/interactions", &body);
    assert_eq!((answer.status, answer.body.len()), (204, 0));
}

#[test]
fn the_outdated_command_of_2023_is_refused_as_then() {
    let mut client = Client::new(settings());
    let mut body = capture!("request/post_interaction_imagine_full.json");
    body["guild_id"] = json!(client.ready.guild_id);
    body["channel_id"] = json!(client.ready.channel_id);
    body["data"]["version"] = json!("1077969938624553050");
    let answer = client.send("POST", "/api/v9/interactions", &body);
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json().expect("JSON"), capture!("http/http400_invalid_command_version_en.json"));
}

#[test]
fn a_users_429_has_the_captured_body() {
    let mut client = Client::new(Settings::for_era(Era::E2023));
    let channel = client.ready.channel_id.clone();
    let path = format!("/api/v9/channels/{channel}/messages");
    let answers: Vec<_> = (0..6).map(|_| client.get(&path)).collect();
    assert_eq!(
        answers.iter().map(|answer| answer.status).collect::<Vec<_>>(),
        [200, 200, 200, 200, 200, 429]
    );
    let body = answers[5].json().expect("JSON");
    let capture = capture!("http/http429_user_route_body.json");
    check(&capture, &body, &[]);
    assert_eq!(body["message"], capture["message"]);
}

#[test]
fn the_command_lists_are_the_captured_ones() {
    let mut client = Client::new(settings());
    let (guild, channel) = (client.ready.guild_id.clone(), client.ready.channel_id.clone());
    let index = capture!("discovery/rest_application_command_index_2024.json");
    for path in [
        format!("/api/v9/guilds/{guild}/application-command-index"),
        format!("/api/v10/channels/{channel}/application-command-index"),
        "/api/v10/users/@me/application-command-index".to_owned(),
    ] {
        let ours = client.get(&path).json().expect("JSON");
        check(&index, &ours, &[]);
        assert_eq!(ours["application_commands"].as_array().map(Vec::len), Some(24));
    }
    let path = format!(
        "/api/v10/channels/{channel}/application-commands/search?type=1&include_applications=true&query=imagine"
    );
    let search = client.get(&path).json().expect("JSON");
    assert_eq!(search, capture!("discovery/rest_application_commands_search_imagine.json"));
}

#[test]
fn a_form_with_a_payload_is_accepted_like_json() {
    let mut client = Client::new(settings());
    let mut body = capture!("request/post_interaction_imagine_full.json");
    body["guild_id"] = json!(client.ready.guild_id);
    body["channel_id"] = json!(client.ready.channel_id);
    let form = format!(
        "--line\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{body}\r\n--line--\r\n"
    );
    let request = HttpRequest {
        method: "POST".to_owned(),
        path: "/api/v9/interactions".to_owned(),
        headers: vec![
            ("authorization".to_owned(), client.ready.token.clone()),
            ("content-type".to_owned(), "multipart/form-data; boundary=line".to_owned()),
        ],
        body: form.into_bytes(),
    };
    assert_eq!(client.world.handle(client.now, request).status, 204);
    assert_eq!(client.world.report().jobs[0].prompt, "YOUR MIDJOURNEY PROMPT GOES HERE");
}

/// The answer of a command, and the latest message that its nonce or its update shows.
fn answered(name: &str, option: &str, value: &str) -> Value {
    let settings = Settings { era: Era::E2026, ..Settings::for_era(Era::E2026) };
    let mut client = Client::new(Settings { pictures: Pictures::Tiny, limits: Limits::none(), ..settings });
    client.ask(name, json!([{ "type": 3, "name": option, "value": value }]))
}

#[test]
fn the_answer_to_describe_has_the_form_of_its_fixture() {
    let ours = answered("describe", "link", "https://example.com/a.png");
    let untitled = [(".d.embeds[].title", "a null title is the same as none")];
    let fixture = capture!("answer/x_describe_answer.json");
    check(&json!({ "d": fixture["d"] }), &json!({ "d": ours }), &untitled);
}

#[test]
fn the_answer_to_shorten_has_the_form_of_its_fixture() {
    let ours = answered("shorten", "prompt", "a cat in a hat");
    check(&capture!("answer/x_shorten_answer.json")["d"], &ours, &[]);
}

#[test]
fn the_frame_of_vary_region_has_the_form_of_its_fixture() {
    let mut client = Client::new(settings());
    let one = client.upscaled("a cat");
    client.press(&one, "MJ::Inpaint");
    client.wait_ms(2_000);
    let ours = client.event("INTERACTION_IFRAME_MODAL_CREATE");
    check(&capture!("interaction/x_vary_region_iframe_modal.json")["d"], &ours, &[]);
}
