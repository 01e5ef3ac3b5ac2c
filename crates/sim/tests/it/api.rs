//! Discord's endpoints as a client meets them: pages, refusals, uploads, links, limits.
//!
//! The bot plays no part here.

use std::time::Duration;

use journeyman_sim::{Connection, HttpRequest, Limits, Pictures, Script, Settings};
use serde_json::{Value, json};

use crate::support::{Client, imagine};

fn client() -> Client {
    Client::new(Settings { pictures: Pictures::Tiny, limits: Limits::none(), ..Settings::default() })
}

fn messages(client: &Client) -> String {
    format!("/api/v10/channels/{}/messages", client.ready.channel_id)
}

/// Posts so many messages and returns their ids, oldest first.
fn talk(client: &mut Client, count: usize) -> Vec<String> {
    let path = messages(client);
    (0..count)
        .map(|number| {
            client.wait_ms(5);
            let answer = client.send("POST", &path, &json!({ "content": format!("message {number}") }));
            answer.json().expect("a message")["id"].as_str().expect("an id").to_owned()
        })
        .collect()
}

fn ids(client: &mut Client, query: &str) -> Vec<String> {
    let path = format!("{}?{query}", messages(client));
    let page = client.get(&path).json().expect("a page");
    page.as_array()
        .expect("a list")
        .iter()
        .map(|message| message["id"].as_str().expect("an id").to_owned())
        .collect()
}

fn newest_first(ids: &[String]) -> Vec<String> {
    ids.iter().rev().cloned().collect()
}

#[test]
fn pages_are_cut_as_by_discord() {
    let mut client = client();
    let all = talk(&mut client, 120);
    assert_eq!(ids(&mut client, ""), newest_first(&all[70..]), "fifty by default");
    assert_eq!(ids(&mut client, "limit=100"), newest_first(&all[20..]));
    let before = format!("limit=3&before={}", all[10]);
    assert_eq!(ids(&mut client, &before), newest_first(&all[7..10]));
    let after = format!("limit=3&after={}", all[10]);
    assert_eq!(ids(&mut client, &after), newest_first(&all[11..14]), "the nearest, not the newest");
    let around = format!("limit=4&around={}", all[10]);
    assert_eq!(ids(&mut client, &around), newest_first(&all[9..13]));
    assert!(ids(&mut client, &format!("after={}", all[119])).is_empty());
}

#[test]
fn each_refusal_has_discords_status_and_code() {
    let mut client = client();
    let channel = client.ready.channel_id.clone();
    let long = "x".repeat(2_001);
    let cases: &[(&str, &str, Value, u16, u64)] = &[
        ("GET", "/api/v10/channels/123/messages", Value::Null, 404, 10003),
        ("GET", &format!("/api/v10/channels/{channel}/messages/123"), Value::Null, 404, 10008),
        ("GET", &format!("/api/v10/channels/{channel}/messages?limit=0"), Value::Null, 400, 50035),
        ("GET", &format!("/api/v10/channels/{channel}/messages?limit=101"), Value::Null, 400, 50035),
        ("POST", &format!("/api/v10/channels/{channel}/messages"), json!({ "content": "" }), 400, 50006),
        ("POST", &format!("/api/v10/channels/{channel}/messages"), json!({ "content": long }), 400, 50035),
        ("POST", &format!("/api/v10/channels/{channel}/messages"), Value::Null, 400, 50109),
        ("GET", "/api/v10/guilds/123/application-command-index", Value::Null, 404, 10004),
        ("GET", "/api/v10/nothing/at/all", Value::Null, 404, 0),
        ("PUT", "/api/v10/interactions", Value::Null, 405, 0),
        ("GET", "/api/v6/users/@me", Value::Null, 400, 50041),
        ("POST", "/api/v10/interactions", json!({ "type": 2 }), 400, 50035),
        ("POST", "/api/v10/interactions", json!([]), 400, 50109),
    ];
    for (method, path, body, status, code) in cases {
        let answer = client.send(method, path, body);
        assert_eq!(answer.status, *status, "{method} {path}");
        let json = answer.json().expect("JSON");
        assert_eq!(json["code"], *code, "{method} {path}: {json}");
        assert!(json["message"].is_string(), "{method} {path}");
        assert_eq!(answer.header("via"), Some("1.1 google"), "{method} {path}");
        assert!(answer.header("date").is_some_and(|date| date.ends_with(" GMT")), "{method} {path}");
    }
}

#[test]
fn a_page_that_cannot_be_is_refused_by_field_and_reason() {
    let mut client = client();
    let path = messages(&client);
    let mut check = |query: &str, field: &str, code: &str, message: &str| {
        let answer = client.get(&format!("{path}?{query}"));
        let expected = json!({
            "code": 50035,
            "errors": { field: { "_errors": [{ "code": code, "message": message }] } },
            "message": "Invalid Form Body",
        });
        assert_eq!((answer.status, answer.json()), (400, Some(expected)), "{query}");
    };
    let (least, most) =
        ("int value should be greater than or equal to 1.", "int value should be less than or equal to 100.");
    check("limit=0", "limit", "NUMBER_TYPE_MIN", least);
    check("limit=-7", "limit", "NUMBER_TYPE_MIN", least);
    check("limit=101", "limit", "NUMBER_TYPE_MAX", most);
    check("limit=abc", "limit", "NUMBER_TYPE_COERCE", "Value \"abc\" is not int.");
    for field in ["before", "after", "around"] {
        let query = format!("limit=5&{field}=abc");
        check(&query, field, "NUMBER_TYPE_COERCE", "Value \"abc\" is not snowflake.");
    }
}

#[test]
fn a_permissive_world_minds_no_guild() {
    let mut client =
        Client::new(Settings { permissive: true, limits: Limits::none(), ..Settings::default() });
    let version = client.version();
    let mut body = imagine(&client.ready, &version, "a cat", 1);
    body["guild_id"] = json!("1");
    assert_eq!(client.send("POST", "/api/v10/interactions", &body).status, 204);
    assert_eq!(client.get("/api/v10/guilds/1/application-command-index").status, 200);
}

#[test]
fn an_interaction_is_refused_for_what_is_wrong_with_it() {
    let mut client = client();
    let version = client.version();
    let good = imagine(&client.ready, &version, "a cat", 1);
    let mut check = |path: &str, value: Value, status: u16, code: u64| {
        let mut body = good.clone();
        *body.pointer_mut(path).expect("a field") = value;
        let answer = client.send("POST", "/api/v10/interactions", &body);
        let json = answer.json().unwrap_or_default();
        assert_eq!(
            (answer.status, json["code"].as_u64().unwrap_or_default()),
            (status, code),
            "{path}: {json}"
        );
    };
    check("/application_id", json!("1"), 404, 10002);
    check("/channel_id", json!("1"), 404, 10003);
    check("/guild_id", json!("1"), 404, 10004);
    check("/guild_id", json!("home"), 400, 50035);
    check("/data/id", json!("1"), 404, 10063);
    check("/data/version", json!("1"), 400, 50035);
    check("/data/options", json!([]), 400, 50035);
    check("/data/options/0/value", json!("x".repeat(6_001)), 400, 50035);
    check("/data/options/0/value", json!("é".repeat(6_000)), 204, 0);
    check("/type", json!(9), 400, 50035);
    assert_eq!(client.world.report().interactions, 1);
}

#[test]
fn who_may_not_is_told_so_and_counted() {
    let mut client =
        Client::new(Settings { locked_channels: vec![77], limits: Limits::none(), ..Settings::default() });
    let answer = client.get("/api/v10/channels/77/messages");
    assert_eq!((answer.status, answer.json().expect("JSON")["code"].as_u64()), (403, Some(50001)));
    for headers in [vec![], vec![("Authorization".to_owned(), "someone else's".to_owned())]] {
        let request = HttpRequest {
            method: "GET".to_owned(),
            path: "/api/v10/users/@me".to_owned(),
            headers,
            body: vec![],
        };
        let answer = client.world.handle(client.now, request);
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json(), Some(json!({ "message": "401: Unauthorized", "code": 0 })));
    }
    assert_eq!(client.world.report().invalid_requests, 3);
}

#[test]
fn a_script_locks_channels_also_in_a_permissive_world() {
    let script = Script::from_toml("locked_channels = [\"77\", 78]\n").expect("a script");
    let mut client = Client::new(Settings {
        script: Some(script),
        permissive: true,
        limits: Limits::none(),
        ..Settings::default()
    });
    let mut status = |channel: u64| client.get(&format!("/api/v10/channels/{channel}/messages")).status;
    assert_eq!([77, 78, 79].map(&mut status), [403, 403, 200]);
}

#[test]
fn without_access_messages_are_neither_read_nor_written() {
    let mut client = client();
    let path = messages(&client);
    let id = talk(&mut client, 1).remove(0);
    let missing = "missing-access".parse().expect("a scenario");
    client.world.set_scenario(missing);
    let hello = json!({ "content": "hello" });
    for answer in [
        client.get(&path),
        client.get(&format!("{path}/{id}")),
        client.send("POST", &path, &hello),
        client.imagine("a cat"),
    ] {
        assert_eq!((answer.status, answer.json().expect("JSON")["code"].as_u64()), (403, Some(50001)));
    }
    client.world.set_scenario(journeyman_sim::Scenario::default());
    assert_eq!(client.page().len(), 1, "access has come back, and nothing was written without it");
}

#[test]
fn a_permissive_world_takes_any_token_and_any_channel() {
    let mut client =
        Client::new(Settings { permissive: true, limits: Limits::none(), ..Settings::default() });
    let mut me = |token: &str| {
        let request = HttpRequest {
            method: "GET".to_owned(),
            path: "/api/v10/users/@me".to_owned(),
            headers: vec![("authorization".to_owned(), token.to_owned())],
            body: vec![],
        };
        client.world.handle(client.now, request).json().expect("an account")
    };
    let (user, bot) = (me("anything"), me("Bot anything"));
    assert_ne!(user["id"], bot["id"], "each token is its own account");
    assert_eq!((&user["bot"], &bot["bot"]), (&json!(false), &json!(true)));
    assert_eq!(me("anything")["id"], user["id"]);
    assert_eq!(client.get("/api/v10/channels/4242/messages").json(), Some(json!([])));
}

#[test]
fn a_bot_cannot_use_what_is_for_users() {
    let mut client =
        Client::new(Settings { permissive: true, limits: Limits::none(), ..Settings::default() });
    let version = client.version();
    let body = imagine(&client.ready, &version, "a cat", 1);
    client.ready.token = "Bot x".to_owned();
    for answer in [
        client.send("POST", "/api/v10/interactions", &body),
        client.get("/api/v10/users/@me/application-command-index"),
    ] {
        assert_eq!((answer.status, answer.json().expect("JSON")["code"].as_u64()), (403, Some(20001)));
    }
}

#[test]
fn a_message_is_created_shown_and_deleted() {
    let mut client = client();
    let path = messages(&client);
    let created =
        client.send("POST", &path, &json!({ "content": "hello", "nonce": "12" })).json().expect("a message");
    assert_eq!(created["nonce"], "12", "whoever sent it is told its nonce");
    let one = format!("{path}/{}", created["id"].as_str().expect("an id"));
    let shown = client.get(&one).json().expect("a message");
    assert_eq!(shown["content"], "hello");
    assert_eq!(shown.get("nonce"), None, "a reader is not");
    assert_eq!(client.send("DELETE", &one, &Value::Null).status, 204);
    assert_eq!(client.get(&one).status, 404);
}

#[test]
fn another_users_message_cannot_be_deleted() {
    let mut client = client();
    client.imagine("a cat");
    client.wait_until_quiet();
    let path = format!("{}/{}", messages(&client), client.page()[0]["id"].as_str().expect("an id"));
    let answer = client.send("DELETE", &path, &Value::Null);
    assert_eq!((answer.status, answer.json().expect("JSON")["code"].as_u64()), (403, Some(50013)));
}

/// The path of a link to this world.
fn here(link: &Value) -> String {
    link.as_str()
        .and_then(|link| link.strip_prefix("http://127.0.0.1"))
        .expect("a link to this world")
        .to_owned()
}

/// Uploads four bytes under this name and gives the attachment of a message with them.
fn upload(client: &mut Client, name: &str, content_type: Option<&str>) -> Value {
    let channel = client.ready.channel_id.clone();
    let wish = json!({ "files": [{ "filename": name, "file_size": 4, "id": "0" }] });
    let answer = client.send("POST", &format!("/api/v9/channels/{channel}/attachments"), &wish);
    let place = answer.json().expect("JSON")["attachments"][0].clone();
    let put = HttpRequest {
        method: "PUT".to_owned(),
        path: here(&place["upload_url"]),
        headers: content_type
            .map(|content_type| ("Content-Type".to_owned(), content_type.to_owned()))
            .into_iter()
            .collect(),
        body: b"cats".to_vec(),
    };
    assert_eq!(client.world.handle(client.now, put).status, 200);
    let attach = json!({ "attachments": [{ "id": "0", "uploaded_filename": place["upload_filename"] }] });
    let path = messages(client);
    client.send("POST", &path, &attach).json().expect("a message")["attachments"][0].clone()
}

#[test]
fn a_file_is_uploaded_in_two_steps_and_comes_back_as_it_was() {
    let mut client = client();
    let attachment = upload(&mut client, "my cat.png", Some("image/png"));
    assert_eq!((&attachment["filename"], &attachment["size"]), (&json!("my_cat.png"), &json!(4)));
    let file = client.get(&here(&attachment["url"]));
    assert_eq!(
        (file.status, file.body.as_slice(), file.header("content-type")),
        (200, &b"cats"[..], Some("image/png"))
    );
}

#[test]
fn the_type_of_a_file_is_the_one_it_was_uploaded_with_else_its_names() {
    let mut client = client();
    for (name, said, expected) in [
        ("cat.png", Some("image/x-cat"), "image/x-cat"),
        ("cat.png", None, "image/png"),
        ("cat.JPEG", Some("application/x-www-form-urlencoded"), "image/jpeg"),
        ("cat.webp", Some("multipart/form-data; boundary=x"), "image/webp"),
        ("cat", None, "application/octet-stream"),
        ("cat.unheard", Some(""), "application/octet-stream"),
    ] {
        let attachment = upload(&mut client, name, said);
        assert_eq!(attachment["content_type"], expected, "{name} as {said:?}");
        let file = client.get(&here(&attachment["url"]));
        assert_eq!(file.header("content-type"), Some(expected), "{name} as {said:?}");
    }
}

#[test]
fn a_message_of_a_form_keeps_its_files() {
    let mut client = client();
    let path = messages(&client);
    let form = "--xyz\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: \
                application/json\r\n\r\n{\"content\":\"look\",\"attachments\":[{\"id\":0}]}\r\n--xyz\r\n\
                Content-Disposition: form-data; name=\"files[0]\"; filename=\"my cat.png\"\r\n\r\n\
                cats\r\n\r\n--xyz--\r\n";
    let request = HttpRequest {
        method: "POST".to_owned(),
        path: path.clone(),
        headers: vec![
            ("Authorization".to_owned(), client.ready.token.clone()),
            ("Content-Type".to_owned(), "multipart/form-data; boundary=xyz".to_owned()),
        ],
        body: form.as_bytes().to_vec(),
    };
    let created = client.world.handle(client.now, request);
    assert_eq!(created.status, 200);
    let shown = client.get(&path).json().expect("a page")[0].clone();
    assert_eq!((&shown["content"], &shown["attachments"][1]), (&json!("look"), &Value::Null));
    let attachment = &shown["attachments"][0];
    assert_eq!((&attachment["filename"], &attachment["size"]), (&json!("my_cat.png"), &json!(6)));
    let file = client.get(&here(&attachment["url"]));
    assert_eq!(
        (file.status, file.body.as_slice(), file.header("content-type")),
        (200, &b"cats\r\n"[..], Some("image/png"))
    );
}

#[test]
fn a_link_to_a_picture_expires_and_a_fresh_page_has_a_fresh_one() {
    let mut client = client();
    client.imagine("a cat");
    client.wait_until_quiet();
    let link = |client: &mut Client| {
        let url = client.page()[0]["attachments"][0]["url"].as_str().expect("a link").to_owned();
        url.strip_prefix("http://127.0.0.1").expect("here").to_owned()
    };
    let old = link(&mut client);
    assert_eq!(client.get(&old).status, 200);
    client.wait(Duration::from_hours(24));
    assert_eq!(client.get(&old).status, 404);
    let new = link(&mut client);
    assert_eq!(client.get(&new).status, 200);
    let unsigned = new.split('?').next().expect("a path");
    assert_eq!(client.get(unsigned).status, 404);
}

#[test]
fn an_address_that_sends_too_many_invalid_requests_is_answered_by_the_edge() {
    let mut limits = Limits::none();
    limits.invalid.limit = 3;
    let mut client = Client::new(Settings { limits, ..Settings::default() });
    let bad = HttpRequest {
        method: "GET".to_owned(),
        path: "/api/v10/users/@me".to_owned(),
        ..HttpRequest::default()
    };
    for _ in 0..3 {
        assert_eq!(client.world.handle(client.now, bad.clone()).status, 401);
    }
    let page = client.get("/api/v10/users/@me");
    assert_eq!((page.status, page.header("via")), (429, None), "good requests too, and not by Discord");
    let elsewhere = Connection { peer: "10.0.0.9".to_owned(), served: 0 };
    assert_eq!(client.world.handle_on(client.now, &bad, &elsewhere).status, 401);
    let report = client.world.report();
    assert_eq!((report.rate_limited.edge, report.invalid_requests), (1, 4));
}

#[test]
fn the_report_counts_by_method_template_and_status() {
    let mut client = Client::new(Settings::default());
    let path = messages(&client);
    for _ in 0..7 {
        client.get(&path);
    }
    client.get("/api/v10/channels/123/messages/9");
    let answer = client.get("/control/report").json().expect("a report");
    let template = "/channels/{channel.id}/messages";
    assert_eq!(answer["requests"]["GET"][template], json!({ "200": 5, "429": 2 }));
    assert_eq!(answer["requests"]["GET"][format!("{template}/{{message.id}}")], json!({ "404": 1 }));
    assert_eq!(answer["rate_limited"], json!({ "user": 2, "global": 0, "shared": 0, "edge": 0 }));
    assert_eq!(answer["invalid_requests"], 2, "the 429s of a user count");
    assert_eq!(client.world.report().count("GET", template), 7);
}

#[test]
fn the_scenario_is_set_by_either_key_and_an_unknown_one_is_refused() {
    let mut client = client();
    for (body, status, says) in [
        (json!({ "name": "no-response" }), 200, "no-response"),
        (json!({ "scenario": "queue-full" }), 200, "queue-full"),
        (json!({ "name": "sad" }), 400, "`sad`"),
        (json!({ "scenario": 7 }), 400, "expected"),
        (Value::Null, 400, "expected"),
    ] {
        let answer = client.send("POST", "/control/scenario", &body);
        assert_eq!(answer.status, status, "{body}");
        assert!(String::from_utf8_lossy(&answer.body).contains(says), "{body}: {:?}", answer.json());
    }
    client.imagine("a cat");
    client.wait_until_quiet();
    assert_eq!(client.world.report().jobs[0].state, "refused", "what was refused changed nothing");
}

#[test]
fn a_control_path_says_which_method_it_takes() {
    let mut client = client();
    for (method, path, status, allow) in [
        ("POST", "/control/report", 405, Some("GET")),
        ("DELETE", "/control/scenarios", 405, Some("GET")),
        ("GET", "/control/scenario", 405, Some("POST")),
        ("GET", "/control/weather", 404, None),
    ] {
        let answer = client.send(method, path, &Value::Null);
        assert_eq!((answer.status, answer.header("allow")), (status, allow), "{method} {path}");
        assert!(answer.json().expect("JSON")["error"].is_string(), "{method} {path}");
    }
}
