//! A hundred thousand requests with something wrong in them: the world answers each and goes on.
//!
//! What it answers to single mistakes is tested in `api`, `command`, `button` and `modal`.

use std::time::Duration;

use journeyman_sim::{Limits, Pictures, Plan, Settings};
use serde_json::{Value, json};

use crate::support::{Client, custom_ids};

const WORLDS: u64 = 50;
const REQUESTS: usize = 2_000;

/// Requests that are right: every command, every button of the messages at hand, and open windows.
fn corpus(client: &mut Client) -> Vec<Value> {
    let grid = client.grid("a cat --ar 3:2");
    let one = client.upscaled("a dog --v 7");
    let described =
        client.ask("describe", json!([{ "type": 3, "name": "link", "value": "https://example.com/a.png" }]));
    let shortened =
        client.ask("shorten", json!([{ "type": 3, "name": "prompt", "value": "a very old lighthouse" }]));
    let settings = client.ask("settings", json!([]));
    let mut bodies = Vec::new();
    for message in [&grid, &one, &described, &shortened, &settings] {
        for custom_id in custom_ids(message) {
            let mut body = client.interaction(3);
            body["message_flags"] = message["flags"].clone();
            body["message_id"] = message["id"].clone();
            body["data"] = json!({ "component_type": 2, "custom_id": custom_id });
            bodies.push(body);
        }
    }
    client.press(&one, "MJ::CustomZoom");
    client.wait_ms(2_000);
    let modal = client.event("INTERACTION_MODAL_CREATE");
    let mut body = client.interaction(5);
    let field = &modal["components"][0]["components"][0]["custom_id"];
    body["data"] = json!({
        "id": modal["id"],
        "custom_id": modal["custom_id"],
        "components": [{ "type": 1, "components": [{ "type": 4, "custom_id": field, "value": "a cat --zoom 2" }] }],
    });
    bodies.push(body);
    let guild = client.ready.guild_id.clone();
    let index =
        client.get(&format!("/api/v10/guilds/{guild}/application-command-index")).json().expect("JSON");
    for command in index["application_commands"].as_array().expect("commands") {
        let options = command["options"].as_array().into_iter().flatten().map(|option| {
            json!({ "type": option["type"], "name": option["name"], "value": "a {cat, dog} --ar 3:2 --repeat 2", "options": [] })
        });
        let mut body = client.interaction(2);
        body["data"] = json!({
            "id": command["id"], "version": command["version"], "name": command["name"], "type": command["type"],
            "options": options.collect::<Vec<_>>(), "attachments": [], "target_id": grid["id"],
        });
        bodies.push(body);
    }
    bodies
}

const TEXTS: [&str; 16] = [
    "",
    " ",
    "::",
    "MJ::JOB::upsample::99999999999999999999::",
    "MJ::JOB::upsample_v::1::x",
    "MJ::Settings",
    "MJ::Job::PicReader::0",
    "{{{,},{\\",
    "a {b, c} --repeat 99999999999999999999",
    "--zoom --zoom NaN",
    "—ar 0:0 --v  --style raw --video",
    "http://127.0.0.1/cdn/attachments/1/2",
    "http://127.0.0.1/cdn/attachments/é/é?ex=zz&is=&hm=",
    "18446744073709551615",
    "-1",
    "\u{0}🐈\u{202e}é",
];

fn arbitrary(random: &mut fastrand::Rng) -> Value {
    match random.u8(0..9) {
        0 => Value::Null,
        1 => json!(random.bool()),
        2 => json!(random.u64(..)),
        3 => json!(random.f64() * 1e18),
        4 => json!([]),
        5 => json!([{ "type": 1, "components": [{ "custom_id": "x", "value": "y" }] }, 7]),
        6 => json!({ "id": "1" }),
        7 => json!("x".repeat(random.usize(0..7_000))),
        _ => json!(TEXTS[random.usize(0..TEXTS.len())]),
    }
}

/// Changes one to three places somewhere in the value.
fn mutate(random: &mut fastrand::Rng, value: &mut Value) {
    for _ in 0..random.u8(1..4) {
        let mut places = Vec::new();
        list_places(value, "", &mut places);
        let place = &places[random.usize(0..places.len())];
        let Some(changed) = value.pointer_mut(place) else { continue };
        *changed = match changed.as_str() {
            Some(text) if random.bool() => json!(cut(random, text)),
            Some(_) | None => arbitrary(random),
        };
    }
}

/// Where something stands, as JSON pointers.
fn list_places(value: &Value, place: &str, places: &mut Vec<String>) {
    places.push(place.to_owned());
    if let Some(fields) = value.as_object() {
        for (name, field) in fields {
            list_places(field, &format!("{place}/{name}"), places);
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        list_places(item, &format!("{place}/{index}"), places);
    }
}

/// The text with a piece cut out and another put in.
fn cut(random: &mut fastrand::Rng, text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let begin = random.usize(0..=letters.len());
    let end = random.usize(begin..=letters.len());
    let middle = TEXTS[random.usize(0..TEXTS.len())];
    letters[..begin].iter().copied().chain(middle.chars()).chain(letters[end..].iter().copied()).collect()
}

#[test]
fn no_mutated_interaction_panics_the_world() {
    let mut answers = std::collections::BTreeMap::<u16, usize>::new();
    for seed in 0..WORLDS {
        let mut random = fastrand::Rng::with_seed(seed);
        let settings = Settings {
            plan: Plan::Pro,
            remix: seed % 2 == 0,
            pictures: Pictures::Tiny,
            seed,
            limits: Limits::none(),
            ..Settings::default()
        };
        let mut client = Client::new(settings);
        let corpus = corpus(&mut client);
        for _ in 0..REQUESTS {
            let mut body = corpus[random.usize(0..corpus.len())].clone();
            mutate(&mut random, &mut body);
            let path =
                if random.u8(0..20) == 0 { "/inpaint/api/submit-job" } else { "/api/v10/interactions" };
            let answer = client.send("POST", path, &body);
            *answers.entry(answer.status).or_default() += 1;
            client.wait(Duration::from_millis(random.u64(0..400)));
        }
        client.wait_until_quiet();
        assert_eq!(
            client.grid("a fox")["attachments"].as_array().map(Vec::len),
            Some(1),
            "the world goes on"
        );
    }
    let all: usize = answers.values().sum();
    assert_eq!(all, 100_000);
    let expected = [204, 400, 404];
    assert!(
        expected.iter().all(|status| answers.get(status).is_some_and(|count| *count > 1_000)),
        "{answers:?}"
    );
    assert!(answers.keys().all(|status| expected.contains(status)), "nothing else, and no 5xx: {answers:?}");
}
