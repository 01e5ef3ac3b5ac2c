//! The proxy's own pages.

use crate::harness::{BOT, MESSAGES, Scripted, Served, answer, used_up};

#[tokio::test]
async fn explain_tells_what_a_request_of_the_same_token_would_wait_for() {
    let upstream = Scripted::start(|_| Some(answer(200, &used_up(300), "{}"))).await;
    let served = Served::start(&upstream.origin, |_| {}).await;
    let question = "/explain?method=GET&path=%2Fchannels%2F1001234567890123456%2Fmessages";
    let before = served.ask("GET", question, BOT, "").await.json();
    assert_eq!((&before["hold"], &before["limit"]["known"]), (&serde_json::Value::Null, &"nothing".into()));

    assert_eq!(served.ask("GET", MESSAGES, BOT, "").await.status, 200);
    let after = served.ask("GET", question, BOT, "").await.json();
    assert_eq!(after["hold"]["reason"], "bucket");
    assert!(after["hold"]["wait_seconds"].as_f64().expect("seconds") > 8.0, "{after}");
    assert_eq!((after["limit"]["limit"].as_u64(), after["limit"]["free"].as_u64()), (Some(1), Some(0)));
    assert_eq!(after["route"], "channels/:id/messages");

    let other = served.ask("GET", question, "Authorization: Bot token-of-two\r\n", "").await.json();
    assert_eq!(other["hold"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_question_without_an_answer_says_how_to_ask() {
    let served = Served::start("http://127.0.0.1:1", |_| {}).await;
    let check = async |method: &str, path: &str, status: u16, word: &str| {
        let answer = served.ask(method, path, "", "").await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(answer.text().contains(word), "{}", answer.text());
    };
    check("GET", "/healthz", 200, "ok").await;
    check("GET", "/explain", 400, "path=").await;
    check("GET", "/explain?method=BREW&path=/a", 400, "GET, POST, PUT, PATCH or DELETE").await;
    check("POST", "/metrics", 405, "Method Not Allowed").await;
    check("GET", "/elsewhere", 404, "/api/").await;
}
