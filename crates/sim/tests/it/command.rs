//! Every command of the bot, sent once: what it answers, in which form, and what it changes.
//!
//! Imagine itself is tested in `scenario`, its prompts in `prompt`.

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

fn text_option(name: &str, value: &str) -> Value {
    json!([{ "type": 3, "name": name, "value": value }])
}

/// Uploads bytes as a client does, and returns the name to refer to them by.
pub(crate) fn upload(client: &mut Client, name: &str, bytes: &[u8]) -> String {
    let path = format!("/api/v10/channels/{}/attachments", client.ready.channel_id);
    let files = json!({ "files": [{ "filename": name, "file_size": bytes.len(), "id": "0" }] });
    let place = client.send("POST", &path, &files).json().expect("JSON")["attachments"][0].clone();
    let url = place["upload_url"]
        .as_str()
        .expect("a link")
        .strip_prefix("http://127.0.0.1")
        .expect("here")
        .to_owned();
    let put = journeyman_sim::HttpRequest {
        method: "PUT".to_owned(),
        path: url,
        headers: vec![],
        body: bytes.to_vec(),
    };
    assert_eq!(client.world.handle(client.now, put).status, 200);
    place["upload_filename"].as_str().expect("a name").to_owned()
}

#[test]
fn describe_answers_four_prompts_for_a_file_and_again_on_retry() {
    let mut client = client();
    let name = upload(&mut client, "cat.png", b"\x89PNG");
    let attachments = json!([{ "id": "0", "filename": "cat.png", "uploaded_filename": name }]);
    let options = json!([{ "type": 11, "name": "image", "value": 0 }]);
    assert_eq!(client.command("describe", options, attachments).status, 204);
    client.wait_ms(1_500);
    let empty = client.latest();
    assert_eq!((&empty["flags"], &empty["embeds"]), (&json!(128), &json!([])), "still thinking");
    assert!(empty["nonce"].is_string());
    assert_eq!(empty["interaction"]["name"], "describe");
    client.wait_until_quiet();
    let answer = client.latest();
    assert_eq!((&answer["id"], &answer["flags"]), (&empty["id"], &json!(0)));
    let text = answer["embeds"][0]["description"].as_str().expect("a text").to_owned();
    let lines: Vec<_> = text.split("\n\n").collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].starts_with("1️⃣ ") && lines[3].starts_with("4️⃣ "), "{text}");
    assert!(
        answer["embeds"][0]["image"]["url"].as_str().expect("a link").contains("/ephemeral-attachments/")
    );
    let ids = custom_ids(&answer);
    assert_eq!(
        ids[..5].join(" "),
        "MJ::Job::PicReader::1 MJ::Job::PicReader::2 MJ::Job::PicReader::3 MJ::Job::PicReader::4 MJ::Picread::Retry"
    );
    assert_eq!(client.page()[0]["id"], answer["id"], "everybody sees it");
    client.press(&answer, "MJ::Picread::Retry");
    client.wait_until_quiet();
    let again = client.latest();
    assert_eq!(again["id"], answer["id"]);
    assert_ne!(again["embeds"][0]["description"], text);
}

#[test]
fn describe_takes_a_link_and_refuses_what_is_none() {
    let mut client = client();
    let answer = client.ask("describe", text_option("link", "https://example.com/a.png"));
    assert_eq!(answer["embeds"][0]["image"]["url"], "https://example.com/a.png");
    let answer = client.ask("describe", text_option("link", "a cat"));
    assert_eq!(answer["embeds"][0]["title"], "Invalid parameter");
    let answer = client.ask("describe", json!([]));
    assert_eq!(answer["embeds"][0]["title"], "Invalid parameter");
    let dead = "http://127.0.0.1/cdn/attachments/1/2/x.png?ex=1&is=1&hm=1&";
    let answer = client.ask("describe", text_option("link", dead));
    assert_eq!((&answer["embeds"][0]["title"], &answer["flags"]), (&json!("Invalid link!"), &json!(64)));
}

#[test]
fn each_described_prompt_is_imagined_after_its_window_and_all_at_once_without() {
    let mut client = client();
    let answer = client.ask("describe", text_option("link", "https://example.com/a.png"));
    client.press(&answer, "MJ::Job::PicReader::2");
    client.wait_ms(2_000);
    let modal = client.event("INTERACTION_MODAL_CREATE");
    assert_eq!(modal["custom_id"], "MJ::Picreader::Modal::2");
    let input = &modal["components"][0]["components"][0];
    assert_eq!(input["custom_id"], "MJ::Picreader::Modal::PromptField");
    let prompt = input["value"].as_str().expect("a prompt").to_owned();
    assert!(answer["embeds"][0]["description"].as_str().expect("a text").contains(&format!("2️⃣ {prompt}")));
    assert_eq!(client.submit(&modal, &prompt).status, 204);
    client.wait_until_quiet();
    let job = client.job("imagine");
    assert_eq!((job.prompt.as_str(), job.charged), (prompt.as_str(), 1));
    assert_eq!(job.parent_message.as_deref(), answer["id"].as_str());
    client.press(&answer, "MJ::Job::PicReader::all");
    client.wait_until_quiet();
    let jobs = client.world.report().jobs;
    assert_eq!(jobs.len(), 5);
    assert!(jobs.iter().all(|job| (job.charged, job.executions, job.state) == (1, 1, "finished")));
}

#[test]
fn shorten_answers_weighed_tokens_and_five_prompts_to_imagine() {
    let mut client = client();
    let answer =
        client.ask("shorten", text_option("prompt", "a very old lighthouse by the wild sea at night"));
    let embed = &answer["embeds"][0];
    assert_eq!(embed["title"], "Shorten result");
    assert_eq!(embed["footer"]["text"], "Click on a button to imagine one of the shortened prompts");
    let text = embed["description"].as_str().expect("a text");
    assert!(text.starts_with("## Important tokens\n") && text.contains("(1.00)"), "{text}");
    assert_eq!(text.split("## Shortened prompts\n").nth(1).expect("prompts").split("\n\n").count(), 5);
    let ids = custom_ids(&answer);
    assert_eq!((ids.len(), ids[4].as_str()), (5, "MJ::Job::PromptAnalyzer::5"));
    client.press(&answer, "MJ::Job::PromptAnalyzer::1");
    client.wait_ms(2_000);
    let modal = client.event("INTERACTION_MODAL_CREATE");
    assert_eq!(modal["custom_id"], format!("MJ::ImagineModal::{}", answer["id"].as_str().expect("an id")));
    assert_eq!(modal["components"][0]["components"][0]["custom_id"], "MJ::ImagineModal::new_prompt");
    client.submit(&modal, "a lighthouse");
    client.wait_until_quiet();
    assert_eq!(client.job("imagine").prompt, "a lighthouse");
}

/// A line of `/info`'s text.
fn line(info: &Value, name: &str) -> String {
    let text = info["embeds"][0]["description"].as_str().expect("a text");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("**{name}**:")));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).trim().to_owned()
}

#[test]
fn info_tells_the_worlds_true_state() {
    let mut client = client();
    let info = client.ask("info", json!([]));
    assert!(info["embeds"][0]["title"].as_str().expect("a title").starts_with("Your info"));
    assert_eq!(info["flags"], 64);
    assert_eq!(line(&info, "Running Jobs"), "None");
    assert_eq!(line(&info, "Fast Time Remaining"), "3.30/3.3 hours (100.00%)");
    let plain = include_str!("../../../../fixtures/answer/info_embed_description_pro_2023_05.json");
    let capture: Value = serde_json::from_str(plain).expect("JSON");
    let names = |text: &str| {
        text.lines().filter_map(|line| line.split("**").nth(1).map(str::to_owned)).collect::<Vec<_>>()
    };
    let ours = names(info["embeds"][0]["description"].as_str().expect("a text"));
    assert_eq!(ours, names(capture["description"].as_str().expect("a text")), "the lines of the capture");

    for number in 0..5 {
        client.imagine(&format!("a cat {number}"));
    }
    client.wait_ms(15_000);
    client.command("info", json!([]), json!([]));
    client.wait_ms(4_000);
    let info = client.latest_answer("Your info");
    assert_eq!(line(&info, "Running Jobs"), "3");
    assert_eq!(line(&info, "Queued Jobs (fast)"), "2");
    client.wait_until_quiet();
    let info = client.ask("info", json!([]));
    assert_eq!(line(&info, "Lifetime Usage"), "20 images (0.08 hours)");
    assert_eq!(line(&info, "Fast Time Remaining"), "3.22/3.3 hours (97.47%)");
    assert_eq!(line(&info, "Queued Jobs (fast)"), "0");
}

#[test]
fn fast_relax_and_turbo_change_the_mode_of_later_jobs() {
    let mut client = client();
    for (command, mode, seconds) in [("relax", "relaxed", 60), ("turbo", "turbo", 120), ("fast", "fast", 60)]
    {
        let answer = client.ask(command, json!([]));
        assert!(answer["content"].as_str().expect("a text").starts_with("Done!"), "{answer}");
        let grid = client.grid(&format!("a cat in {command}"));
        assert!(grid["content"].as_str().expect("a text").ends_with(&format!("> ({mode})")), "{grid}");
        let job = client.job("imagine");
        assert_eq!((job.mode, job.gpu_seconds), (mode, seconds));
    }
    let info = client.ask("info", json!([]));
    assert_eq!(line(&info, "Relaxed Usage"), "4 images (0.02 hours)");
    assert_eq!(line(&info, "Fast Time Remaining"), "3.25/3.3 hours (98.48%)");
}

#[test]
fn relaxed_jobs_have_fewer_slots_and_fast_ones_pass_them() {
    let mut client = Client::new(Settings {
        plan: journeyman_sim::Plan::Pro,
        pictures: Pictures::Tiny,
        limits: Limits::none(),
        ..Settings::for_era(journeyman_sim::Era::E2023)
    });
    for number in 0..5 {
        client.imagine(&format!("a relaxed cat {number} --relax"));
    }
    client.imagine("a fast cat");
    client.wait_ms(15_000);
    client.command("info", json!([]), json!([]));
    client.wait_ms(4_000);
    let info = client.latest_answer("Your info");
    assert_eq!(
        (line(&info, "Running Jobs").as_str(), line(&info, "Queued Jobs (relax)").as_str()),
        ("4", "2")
    );
    assert_eq!(client.world.report().jobs[5].state, "running");
    client.wait_until_quiet();
    assert!(client.world.report().jobs.iter().all(|job| job.state == "finished"));
}

#[test]
fn stealth_and_public_change_what_later_jobs_say() {
    let mut client = client();
    client.ask("stealth", json!([]));
    let grid = client.grid("a cat");
    assert!(grid["content"].as_str().expect("a text").ends_with("(fast, stealth)"), "{grid}");
    client.ask("public", json!([]));
    let grid = client.grid("a dog");
    assert!(grid["content"].as_str().expect("a text").ends_with("> (fast)"), "{grid}");
}

#[test]
fn settings_shows_what_is_on_and_its_buttons_and_select_change_it() {
    let mut client = client();
    let panel = client.ask("settings", json!([]));
    assert_eq!(panel["flags"], 64);
    assert_eq!(
        (style(&panel, "MJ::Settings::RelaxMode::off"), style(&panel, "MJ::Settings::RelaxMode::on")),
        (3, 2)
    );
    client.press(&panel, "MJ::Settings::RelaxMode::on");
    client.wait_until_quiet();
    let changed = client.latest();
    assert_eq!(changed["id"], panel["id"]);
    assert_eq!(
        (style(&changed, "MJ::Settings::RelaxMode::off"), style(&changed, "MJ::Settings::RelaxMode::on")),
        (2, 3)
    );
    let version = |value: &str| json!({ "component_type": 3, "type": 3, "custom_id": "MJ::Settings::VersionSelector", "values": [value] });
    assert_eq!(client.component(&panel, version("--v 99")).status, 204);
    client.wait_until_quiet();
    assert_eq!(client.latest(), changed, "what is not offered cannot be chosen");
    client.component(&panel, version("--niji 6"));
    client.wait_until_quiet();
    let grid = client.grid("a cat");
    assert_eq!(grid["content"], format!("**a cat --niji 6** - <@{}> (relaxed)", client.ready.user_id));
}

#[test]
fn prefer_changes_remix_variability_suffix_and_options() {
    let mut client = client();
    let sub = |name: &str| json!([{ "type": 1, "name": name }]);
    let say = |client: &mut Client, options: Value| {
        client.ask("prefer", options)["content"].as_str().expect("a text").to_owned()
    };
    assert_eq!(say(&mut client, sub("variability")), "High variability mode turned off!");
    let grid = client.grid("a cat");
    client.press(&grid, "MJ::JOB::variation::1");
    client.wait_until_quiet();
    assert!(client.latest()["content"].as_str().expect("a text").contains("Variations (Subtle) by"));
    let suffix = json!([{ "type": 1, "name": "suffix", "options": [{ "type": 3, "name": "new_value", "value": "--s 50" }] }]);
    assert!(say(&mut client, suffix).contains("--s 50"));
    let set = json!([{ "type": 2, "name": "option", "options": [{ "type": 1, "name": "set", "options": [
        { "type": 3, "name": "option", "value": "mine" }, { "type": 3, "name": "value", "value": "--tile --c 5" },
    ] }] }]);
    say(&mut client, set);
    let list = json!([{ "type": 2, "name": "option", "options": [{ "type": 1, "name": "list" }] }]);
    assert_eq!(say(&mut client, list), "`mine`: --tile --c 5");
    let grid = client.grid("a dog --mine");
    assert!(
        grid["content"].as_str().expect("a text").starts_with("**a dog --tile --c 5 --s 50 --v 5.1**"),
        "{grid}"
    );
    assert!(say(&mut client, sub("suffix")).contains("removed"));
    assert_eq!(say(&mut client, sub("remix")), "Remix mode turned on!");
    assert!(say(&mut client, sub("auto_dm")).contains("on"));
}

#[test]
fn show_posts_a_finished_job_once_more() {
    let mut client = client();
    let grid = client.grid("a cat");
    let id = client.job("imagine").job_ids[0].clone();
    let shown = client.ask("show", text_option("job_id", &id));
    assert_eq!((&shown["content"], &shown["components"]), (&grid["content"], &grid["components"]));
    assert_eq!(shown["attachments"][0]["filename"], grid["attachments"][0]["filename"]);
    assert_ne!(shown["id"], grid["id"]);
    assert_eq!(shown["interaction"]["name"], "show");
    let unknown = client.ask("show", text_option("job_id", "00000000-0000-4000-8000-000000000000"));
    assert_eq!(unknown["embeds"][0]["title"], "Invalid parameter");
    assert_eq!(client.world.report().jobs.len(), 1, "nothing is made or charged");
}

#[test]
fn the_seed_of_a_job_is_told_in_a_direct_message_for_an_envelope() {
    let mut client = client();
    let grid = client.grid("a cat --seed 7");
    let place = |message: &Value, emoji: &str| {
        let (channel, id) =
            (message["channel_id"].as_str().expect("an id"), message["id"].as_str().expect("an id"));
        format!("/api/v10/channels/{channel}/messages/{id}/reactions/{emoji}/@me")
    };
    assert_eq!(client.send("PUT", &place(&grid, "%E2%9D%A4"), &Value::Null).status, 204);
    assert_eq!(client.event("MESSAGE_REACTION_ADD")["emoji"]["name"], "❤");
    assert_eq!(client.event("MESSAGE_CREATE"), grid, "only an envelope asks");
    assert_eq!(client.send("PUT", &place(&grid, "%E2%9C%89%EF%B8%8F"), &Value::Null).status, 204);
    let told = client.event("MESSAGE_CREATE");
    let id = client.job("imagine").job_ids[0].clone();
    assert_eq!(told["content"], format!("**a cat --seed 7 --v 5.1**\n**Job ID**: {id}\n**seed** 7"));
    assert_eq!(told.get("guild_id"), None);
    let channel =
        client.send("POST", "/api/v10/users/@me/channels", &json!({ "recipient_id": "936929561302675456" }));
    assert_eq!(channel.json().expect("JSON")["id"], told["channel_id"]);
    let path = format!("/api/v10/channels/{}/messages", told["channel_id"].as_str().expect("an id"));
    assert_eq!(client.get(&path).json().expect("a page")[0]["content"], told["content"]);
    let mut gone = grid.clone();
    gone["id"] = json!("1");
    assert_eq!(client.send("PUT", &place(&gone, "%E2%9C%89"), &Value::Null).status, 404);
    assert_eq!(client.send("PUT", &place(&grid, "%ff"), &Value::Null).status, 400);
}

#[test]
fn blend_makes_a_grid_of_two_to_five_pictures() {
    let mut client = client();
    let names = [upload(&mut client, "a.png", b"one"), upload(&mut client, "b.png", b"two")];
    let attachments: Value = names
        .iter()
        .enumerate()
        .map(|(id, name)| json!({ "id": id.to_string(), "filename": "x.png", "uploaded_filename": name }))
        .collect();
    let options = json!([
        { "type": 11, "name": "image1", "value": 0 },
        { "type": 11, "name": "image2", "value": 1 },
        { "type": 3, "name": "dimensions", "value": "--ar 2:3" },
    ]);
    assert_eq!(client.command("blend", options, attachments.clone()).status, 204);
    client.wait_until_quiet();
    let grid = client.latest();
    let text = grid["content"].as_str().expect("a text");
    assert!(text.starts_with("**<https://s.mj.run/") && text.contains("> --ar 2:3 --v 5.1** - <@"), "{text}");
    assert_eq!(custom_ids(&grid).len(), 9);
    assert_eq!((client.job("blend").charged, client.job("blend").state), (1, "finished"));
    let twice = json!([
        { "type": 11, "name": "image1", "value": 0 },
        { "type": 11, "name": "image2", "value": 0 },
    ]);
    client.command("blend", twice, attachments);
    client.wait_until_quiet();
    assert_eq!(client.latest()["embeds"][0]["title"], "Duplicate images detected");
}

#[test]
fn every_other_command_of_the_captured_list_answers_something() {
    let mut client = client();
    for name in ["help", "invite", "subscribe", "userid", "feedback", "list_tuners", "list_personalize_codes"]
    {
        let answer = client.ask(name, json!([]));
        let said = answer["content"].as_str().is_some_and(|text| !text.is_empty())
            || answer["embeds"][0].is_object();
        assert!(said, "{name}: {answer}");
        assert_eq!((&answer["interaction"]["name"], &answer["flags"]), (&json!(name), &json!(64)));
    }
    client.ask("ask", text_option("question", "why?"));
    client.ask("tune", text_option("prompt", "a cat"));
    client.imagine("a cat");
    client.wait_ms(20_000);
    let waiting = client.page()[0].clone();
    for name in ["Cancel Job", "DM Results"] {
        let mut body = client.interaction(2);
        let (id, version) = if name == "Cancel Job" {
            ("987795925764280352", "1237876415790055477")
        } else {
            ("987795925764280353", "1237876415790055478")
        };
        body["data"] =
            json!({ "id": id, "version": version, "name": name, "type": 3, "target_id": waiting["id"] });
        assert_eq!(client.send("POST", "/api/v10/interactions", &body).status, 204, "{name}");
    }
    client.wait_until_quiet();
    assert_eq!(client.job("imagine").state, "cancelled");
}

#[test]
fn a_wrong_version_option_or_type_is_refused_as_discord_does() {
    let mut client = client();
    let right = json!({
        "id": "1062880104792997970", "version": "1237876415471554624", "name": "blend", "type": 1,
        "options": [
            { "type": 11, "name": "image1", "value": 0 },
            { "type": 11, "name": "image2", "value": 0 },
            { "type": 3, "name": "dimensions", "value": "--ar 2:3" },
        ],
        "attachments": [],
    });
    let mut check = |path: &str, value: Value, place: &str, code: &str| {
        let mut data = right.clone();
        *data.pointer_mut(path).expect("a field") = value;
        let mut body = client.interaction(2);
        body["data"] = data;
        let answer = client.send("POST", "/api/v10/interactions", &body);
        let json = answer.json().unwrap_or_default();
        assert_eq!((answer.status, json["code"].as_u64()), (400, Some(50035)), "{path}: {json}");
        let error = json.pointer(&format!("/errors/{place}/_errors/0/code"));
        assert_eq!(error, Some(&json!(code)), "{path}: {json}");
    };
    check("/version", json!("1"), "data", "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION");
    check("/options", json!([]), "data/options/0/value", "BASE_TYPE_REQUIRED");
    check(
        "/options/1/name",
        json!("picture"),
        "data/options/1/name",
        "INTERACTION_APPLICATION_COMMAND_OPTION_UNKNOWN",
    );
    check("/options/1/type", json!(3), "data/options/1/type", "BASE_TYPE_CHOICES");
    check("/options/1/value", json!("x"), "data/options/1/value", "NUMBER_TYPE_COERCE");
    check("/options/2/value", json!("--ar 9:9"), "data/options/2/value", "BASE_TYPE_CHOICES");
    check("/options/2/value", json!(7), "data/options/2/value", "BASE_TYPE_STRING");
    check("/attachments", json!([]), "data/attachments", "BASE_TYPE_REQUIRED");
    let nothing = json!([{ "id": "0", "uploaded_filename": "nothing" }]);
    check("/attachments", nothing, "data/attachments/0/uploaded_filename", "UPLOADED_FILE_NOT_FOUND");
}
