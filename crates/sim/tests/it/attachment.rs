//! Attachments from end to end: a place, the bytes, a message or a command, and links that expire.
//!
//! That bytes come back as they were is tested in `api`.

use std::time::Duration;

use journeyman_sim::{HttpRequest, Limits, Pictures, Settings};
use serde_json::{Value, json};

use crate::command::upload;
use crate::support::Client;

fn client() -> Client {
    Client::new(Settings {
        link_lifetime: Some(Duration::from_hours(1)),
        pictures: Pictures::Tiny,
        limits: Limits::none(),
        ..Settings::default()
    })
}

/// Posts a message with this upload and returns its attachment.
fn posted(client: &mut Client, name: &str) -> Value {
    let path = format!("/api/v10/channels/{}/messages", client.ready.channel_id);
    let body = json!({ "content": "", "attachments": [{ "id": "0", "filename": "cat.png", "uploaded_filename": name }] });
    let answer = client.send("POST", &path, &body);
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    answer.json().expect("JSON")["attachments"][0].clone()
}

fn open(client: &mut Client, link: &str) -> u16 {
    client.get(link.strip_prefix("http://127.0.0.1").expect("a link to this world")).status
}

#[test]
fn a_posted_attachment_has_a_signed_link_for_prompts_until_it_expires_and_is_refreshed() {
    let mut client = client();
    let name = upload(&mut client, "cat.png", b"\x89PNG");
    let link = posted(&mut client, &name)["url"].as_str().expect("a link").to_owned();
    for part in ["?ex=", "&is=", "&hm="] {
        assert!(link.contains(part), "{link}");
    }
    assert_eq!(open(&mut client, &link), 200);
    assert_eq!(client.grid(&format!("{link} a dog"))["attachments"].as_array().map(Vec::len), Some(1));
    client.wait(Duration::from_hours(1));
    assert_eq!(open(&mut client, &link), 404);
    client.imagine(&format!("{link} a dog"));
    client.wait_until_quiet();
    assert_eq!(client.latest()["embeds"][0]["title"], "Invalid link!");
    let unknown = "http://127.0.0.1/cdn/attachments/1/2/x.png";
    let body = json!({ "attachment_urls": [link, unknown, "https://example.com/a.png"] });
    let answer = client.send("POST", "/api/v10/attachments/refresh-urls", &body);
    assert_eq!(answer.status, 200);
    let refreshed = answer.json().expect("JSON")["refreshed_urls"].clone();
    assert_eq!(refreshed[0]["original"], link);
    assert_eq!((&refreshed[1]["refreshed"], &refreshed[2]["refreshed"]), (&Value::Null, &Value::Null));
    let fresh = refreshed[0]["refreshed"].as_str().expect("a link").to_owned();
    assert_ne!(fresh, link);
    assert_eq!(open(&mut client, &fresh), 200);
    assert_eq!(client.grid(&format!("{fresh} a dog"))["attachments"].as_array().map(Vec::len), Some(1));
}

#[test]
fn sizes_names_and_counts_are_checked_before_anything_is_uploaded() {
    let mut client = client();
    let path = format!("/api/v10/channels/{}/attachments", client.ready.channel_id);
    let file = |size: Value| json!({ "filename": "a.png", "file_size": size, "id": "0" });
    for (files, status, code) in [
        (json!([]), 400, 50035),
        (json!([file(json!(0))]), 400, 50035),
        (json!([file(json!("large"))]), 400, 50035),
        (json!([{ "file_size": 5, "id": "0" }]), 400, 50035),
        (json!([file(json!(26_214_401))]), 413, 40005),
        (json!(vec![file(json!(5)); 11]), 400, 50035),
    ] {
        let answer = client.send("POST", &path, &json!({ "files": files }));
        assert_eq!(
            (answer.status, answer.json().expect("JSON")["code"].as_u64()),
            (status, Some(code)),
            "{files}"
        );
    }
    let many = json!({ "files": vec![file(json!(5)); 10] });
    let places = client.send("POST", &path, &many).json().expect("JSON")["attachments"].clone();
    assert_eq!(places.as_array().map(Vec::len), Some(10));
    let place = places[0]["upload_url"]
        .as_str()
        .expect("a link")
        .strip_prefix("http://127.0.0.1")
        .expect("here")
        .to_owned();
    let put = |body: &[u8]| HttpRequest {
        method: "PUT".to_owned(),
        path: place.clone(),
        headers: vec![],
        body: body.to_vec(),
    };
    assert_eq!(client.world.handle(client.now, put(b"123456")).status, 413, "more than announced");
    assert_eq!(client.world.handle(client.now, put(b"12345")).status, 200);
}

#[test]
fn a_message_cannot_refer_to_what_was_not_uploaded() {
    let mut client = client();
    let messages = format!("/api/v10/channels/{}/messages", client.ready.channel_id);
    let body = json!({ "content": "look", "attachments": [{ "id": "0", "uploaded_filename": "nothing" }] });
    let answer = client.send("POST", &messages, &body);
    assert_eq!(answer.status, 400);
    let error = answer.json().expect("JSON");
    assert_eq!(
        error["errors"]["attachments"]["0"]["uploaded_filename"]["_errors"][0]["message"],
        "Uploaded file not found"
    );
    assert!(client.page().is_empty());
}

#[test]
fn what_is_no_picture_is_refused_by_the_bot_and_not_by_discord() {
    let mut client = client();
    let name = upload(&mut client, "notes.txt", b"hello");
    let attachments = json!([{ "id": "0", "filename": "notes.txt", "uploaded_filename": name }]);
    let options = json!([{ "type": 11, "name": "image", "value": 0 }]);
    assert_eq!(client.command("describe", options, attachments).status, 204);
    client.wait_until_quiet();
    assert_eq!(client.latest()["embeds"][0]["title"], "Invalid parameter");
}

#[test]
fn refreshing_wants_one_to_fifty_links() {
    let mut client = client();
    for links in [json!([]), json!(vec!["x"; 51]), json!("x")] {
        let body = json!({ "attachment_urls": links });
        let answer = client.send("POST", "/api/v10/attachments/refresh-urls", &body);
        assert_eq!((answer.status, answer.json().expect("JSON")["code"].as_u64()), (400, Some(50035)));
    }
}
