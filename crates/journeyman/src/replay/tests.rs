//! Recordings by hand, their damages, and what differs in them.

use super::*;

/// A recording by hand: the simplest job, by reading the channel.
fn lines() -> Vec<String> {
    let deadlines = r#"{"first_sign":60000000,"form":60000000,"progress":60000000,"slow":60000000,"grace":15000000,"cap":3600000000}"#;
    let message = r#"{"id":"1575000000000000002","channel_id":"1300000000000000001","type":0,"content":"**a fox** - <@1100000000000000007> (fast)",
        "author":{"id":"936929561302675456","username":"Midjourney Bot","bot":true},"mentions":[{"id":"1100000000000000007"}],
        "attachments":[{"id":"1","filename":"image_6c3dbd6a-8d1c-4d2a-9e0b-3f1c2b7a9d10.png","url":"https://cdn.discordapp.com/a.png"}],
        "components":[{"type":1,"components":[{"type":2,"label":"U1","custom_id":"MJ::JOB::upsample::1::6c3dbd6a-8d1c-4d2a-9e0b-3f1c2b7a9d10"}]}]}"#
        .replace('\n', "");
    vec![
        format!(r#"{{"kind":"begin","version":1,"program":"journeyman 0","part":1,"channel":"1300000000000000001","guild":null,"watch":"poll","progress":"visible","gateway_patience_us":15000000,"seed":"1","grace_looks":3,"poll_us":{{"min":3000000,"max":5000000,"late":30000000}},"deadlines_us":{deadlines}}}"#),
        r#"{"kind":"input","line":1,"at_us":10,"input":"start","job":0,"queued_is_error":false,"nonce":"1575000000000000001","form_nonce":"1575000000000000003","order":{"command":{"version":1,"application":"936929561302675456","name":"imagine","arguments":[{"name":"prompt","text":"a fox"}]}}}"#.to_owned(),
        r#"{"kind":"output","line":2,"at_us":10,"output":"watched_by","by":"polling"}"#.to_owned(),
        r#"{"kind":"output","line":3,"at_us":10,"output":"identify"}"#.to_owned(),
        r#"{"kind":"input","line":4,"at_us":20,"input":"identified","user":"1100000000000000007"}"#.to_owned(),
        r#"{"kind":"output","line":5,"at_us":20,"output":"read","side":"newest","limit":10}"#.to_owned(),
        r#"{"kind":"request","line":6,"at_us":21,"call":1,"method":"GET","target":"/api/v9/channels/1300000000000000001/messages?limit=10","purpose":"read","body":null}"#.to_owned(),
        r#"{"kind":"answer","line":7,"at_us":22,"call":1,"status":200,"body":[],"headers":[["via","1.1 google"]]}"#.to_owned(),
        r#"{"kind":"input","line":8,"at_us":23,"input":"page","call":1,"is_last":true}"#.to_owned(),
        r#"{"kind":"output","line":9,"at_us":23,"output":"journal","job":0}"#.to_owned(),
        r#"{"kind":"output","line":10,"at_us":23,"output":"send","job":0,"order":"a fox","nonce":"1575000000000000001","rediscover":false,"deadline_us":3600000023}"#.to_owned(),
        r#"{"kind":"output","line":11,"at_us":23,"output":"report","job":0,"report":"submitted"}"#.to_owned(),
        r#"{"kind":"answer","line":12,"at_us":24,"call":2,"status":204,"body":"","headers":[]}"#.to_owned(),
        r#"{"kind":"input","line":13,"at_us":25,"input":"sent","job":0,"sent":"accepted","call":2}"#.to_owned(),
        r#"{"kind":"output","output":"journal","job":0}"#.to_owned(),
        r#"{"kind":"output","output":"report","job":0,"report":"accepted"}"#.to_owned(),
        r#"{"kind":"input","line":14,"at_us":6000000,"input":"tick"}"#.to_owned(),
        r#"{"kind":"output","output":"read","side":"newest","limit":10}"#.to_owned(),
        format!(r#"{{"kind":"answer","line":15,"at_us":6000010,"call":3,"status":200,"body":[{message}],"headers":[]}}"#),
        r#"{"kind":"input","line":16,"at_us":6000020,"input":"page","call":3,"is_last":true}"#.to_owned(),
    ]
}

fn joined(lines: &[String]) -> String {
    lines.join("\n") + "\n"
}

#[test]
fn a_recording_by_hand_ends_as_its_messages_say() {
    let replay = replay(&joined(&lines())).expect("a recording");
    assert_eq!(replay.outcomes[&0].now.as_deref(), Some("finished"), "{replay:?}");
    assert!(replay.is_cut && replay.dropped == 0 && !replay.begins_late);
    let waits: Vec<&str> = replay
        .timeline
        .iter()
        .filter(|one| one.voice == Voice::Waits)
        .map(|one| one.text.split(',').next().unwrap_or_default())
        .collect();
    assert_eq!(waits.first(), Some(&"job 0 for turn"), "{:?}", replay.timeline);
    assert!(waits.contains(&"job 0 for first-sign"), "{waits:?}");
}

#[test]
fn each_file_that_is_no_recording_is_told_by_line_and_cure() {
    for (text, line, says) in [
        ("", 1, "empty"),
        ("a diary\n", 1, "no JSON"),
        ("{\"kind\":\"answer\"}\n", 1, "no recording begins with it"),
        ("{\"kind\":\"begin\",\"version\":99}\n", 1, "version 99"),
        ("{\"kind\":\"begin\",\"version\":1}\n", 1, "deadlines_us"),
    ] {
        let error = replay(text).expect_err(text);
        assert_eq!(error.line, line, "{error}");
        assert!(error.to_string().contains(says) && !error.hint.is_empty(), "{error}");
    }
    let lines = lines();
    for (index, from, to, says) in [
        (1, "\"order\"", "\"odour\"", "order"),
        (4, "1100000000000000007", "somebody", "user"),
        (7, "\"status\":200", "\"status\":\"ok\"", "status"),
        (8, "\"page\"", "\"parchment\"", "does not know"),
        (13, "{", "[", "no JSON"),
    ] {
        let mut lines = lines.clone();
        lines[index] = lines[index].replacen(from, to, 1);
        let error = replay(&joined(&lines)).expect_err(&lines[index]);
        assert_eq!(error.line, index + 1, "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn what_differs_is_told_with_its_line() {
    let mut lines = lines();
    assert!(replay(&joined(&lines)).expect("a recording").is_same());
    lines[11] = lines[11].replace("submitted", "queued");
    let found = replay(&joined(&lines)).expect("a recording").differences;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].line, 12);
    assert_eq!(found[0].recorded.as_deref(), Some("job 0: queued"));
    assert_eq!(found[0].now.as_deref(), Some("job 0: submitted"));

    // What is missing is told at the next input, and not where the recorder says that lines are missing.
    let mut lines = self::lines();
    let missing = lines.remove(9);
    assert!(missing.contains("journal"));
    let found = replay(&joined(&lines)).expect("a recording");
    assert_eq!((found.differences.len(), found.is_same()), (1, false), "{found:?}");
    lines.insert(9, r#"{"kind":"dropped","count":1}"#.to_owned());
    let found = replay(&joined(&lines)).expect("a recording");
    assert!(found.is_same() && found.dropped == 1, "{found:?}");
}

#[test]
fn an_expected_outcome_corrects_the_recorded_one() {
    let mut lines = lines();
    lines.push(r#"{"kind":"output","output":"journal","job":0}"#.to_owned());
    lines.push(
        r#"{"kind":"output","output":"ended","job":0,"outcome":"NoResponse","message":null,"detail":null}"#
            .to_owned(),
    );
    lines.push(r#"{"kind":"end"}"#.to_owned());
    assert!(!replay(&joined(&lines)).expect("a recording").is_same());
    lines.push(r#"{"kind":"expect","job":0,"outcome":"finished"}"#.to_owned());
    assert!(replay(&joined(&lines)).expect("a recording").is_same());
    lines.pop();
    lines.push(r#"{"kind":"expect","job":0,"outcome":"JobFailed"}"#.to_owned());
    assert!(!replay(&joined(&lines)).expect("a recording").is_same());
}
