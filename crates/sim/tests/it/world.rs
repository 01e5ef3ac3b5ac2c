//! Whole worlds in virtual time: many jobs, other people, and the same world from the same seed.
//!
//! Nothing here waits for real.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use journeyman_sim::{
    Era, FaultKind, FaultRule, Limits, Pictures, Plan, Settings, Traffic, Visibility, picture_owner,
};
use serde_json::Value;

use crate::support::Client;

fn settings() -> Settings {
    Settings { pictures: Pictures::Tiny, limits: Limits::none(), ..Settings::for_era(Era::E2023) }
}

fn busy() -> Settings {
    Settings {
        traffic: Traffic { messages_per_minute: 20.0, jobs_per_minute: 6.0, same_prompt: 0.5 },
        errors: Visibility::Visible,
        ..settings()
    }
}

#[test]
fn a_thousand_jobs_are_charged_once_each_and_each_picture_belongs_to_its_prompt() {
    let mut client = Client::new(Settings { plan: Plan::Pro, ..settings() });
    let channel = client.ready.channel_id.clone();
    let mut newest = "0".to_owned();
    let mut sent = 0;
    let mut owners = BTreeMap::new();
    while owners.len() < 1_000 {
        while sent < 1_000 && sent - owners.len() < 12 {
            sent += 1;
            client.imagine(&format!("horse number {sent}"));
        }
        client.wait_ms(4_000);
        let path = format!("/api/v10/channels/{channel}/messages?limit=100&after={newest}");
        let page = client.get(&path).json().expect("a page");
        for message in page.as_array().expect("a list").iter().rev() {
            let text = message["content"].as_str().expect("a text");
            if !text.ends_with("> (fast)") {
                break;
            }
            newest = message["id"].as_str().expect("an id").to_owned();
            let link = message["attachments"][0]["url"].as_str().expect("a link");
            let picture = client.get(link.strip_prefix("http://127.0.0.1").expect("here"));
            let owner = picture_owner(&picture.body).expect("an owner");
            assert!(text.starts_with(&format!("**{}**", owner.prompt)), "{text}");
            owners.insert(owner.job_id, owner.prompt);
        }
    }
    let report = client.world.report();
    assert!(report.jobs.iter().all(|job| (job.charged, job.executions, job.state) == (1, 1, "finished")));
    let prompts: BTreeSet<_> = owners.values().collect();
    assert_eq!((prompts.len(), report.interactions), (1_000, 1_000));
}

/// Everything that a world says when it is driven in one certain way.
fn history(seed: u64) -> Vec<String> {
    let faults = vec![FaultRule { probability: 0.3, ..FaultRule::default() }];
    let mut client = Client::new(Settings { seed, faults, ..busy() });
    client.send("POST", "/api/v10/interactions", &Value::Null);
    for number in 0..40 {
        client.wait_ms(1_500);
        let path = format!("/api/v10/channels/{}/messages?limit={}", client.ready.channel_id, number % 7 + 1);
        client.get(&path);
    }
    let mut lines: Vec<_> =
        client.events().into_iter().map(|(name, data)| format!("{name} {data}")).collect();
    lines.push(client.world.report().to_json().to_string());
    lines
}

#[test]
fn the_same_seed_gives_the_same_world_and_another_seed_another() {
    let one = history(7);
    assert!(one.len() > 30, "something happened: {}", one.len());
    assert_eq!(one, history(7));
    assert_ne!(one, history(8));
}

#[test]
fn other_people_talk_and_imagine_also_with_the_same_prompt() {
    let mut client = Client::new(busy());
    client.imagine("fly horse");
    client.wait(Duration::from_mins(10));
    let own = format!("<@{}>", client.ready.user_id);
    let created: Vec<Value> = client
        .events()
        .into_iter()
        .filter(|(name, _)| *name == "MESSAGE_CREATE")
        .map(|(_, data)| data)
        .collect();
    let finals: Vec<_> = created.iter().filter(|message| message["attachments"][0]["width"] == 64).collect();
    let ours: Vec<_> = finals
        .iter()
        .filter(|message| message["content"].as_str().is_some_and(|text| text.contains(&own)))
        .collect();
    assert_eq!(ours.len(), 1, "nobody else is us");
    let twins = finals.iter().filter(|message| {
        message["content"].as_str().is_some_and(|text| text.starts_with("**fly horse --v 5.1**"))
    });
    assert!(twins.count() > 5, "others sent our prompt");
    let people = created.iter().filter(|message| message["author"]["bot"] != true).count();
    assert!((100..300).contains(&people), "about 20 a minute: {people}");
    let report = client.world.report();
    assert_eq!((report.jobs.len(), report.interactions), (1, 1), "others are in no report");
}

#[test]
fn a_world_without_other_people_comes_to_rest() {
    let mut client = Client::new(settings());
    assert_eq!(client.world.next_wakeup(), None);
    client.imagine("fly horse");
    assert!(client.world.next_wakeup().is_some());
    client.wait_until_quiet();
    assert_eq!(client.world.next_wakeup(), None);
}

#[test]
fn a_time_that_goes_back_changes_nothing() {
    let mut client = Client::new(settings());
    client.imagine("fly horse");
    client.wait_ms(20_000);
    let page = client.page();
    client.now = Duration::ZERO;
    assert_eq!(client.page()[0]["content"], page[0]["content"]);
}

/// What a fault leaves behind: the status seen, whether the shell must cut the answer, and executions.
fn struck(kind: FaultKind) -> (u16, bool, u64) {
    let faults = vec![FaultRule::once(kind, "POST", "/interactions")];
    let mut client = Client::new(Settings { faults, ..settings() });
    let answer = client.imagine("fly horse");
    client.wait_until_quiet();
    let report = client.world.report();
    assert_eq!(report.faults.get(kind.name()), Some(&1), "{kind}");
    (answer.status, answer.fault.is_some(), report.interactions)
}

#[test]
fn each_fault_executes_or_does_not_as_it_says() {
    assert_eq!(struck(FaultKind::StatusBefore), (502, false, 0));
    assert_eq!(struck(FaultKind::StatusAfter), (502, false, 1));
    assert_eq!(struck(FaultKind::LoseAnswer), (204, true, 1));
    assert_eq!(struck(FaultKind::ResetBefore), (0, true, 0));
    assert_eq!(struck(FaultKind::ResetAfter), (204, true, 1));
    assert_eq!(struck(FaultKind::ResetIdle), (204, true, 1));
    assert_eq!(struck(FaultKind::Latency), (204, true, 1));
}

#[test]
fn the_announced_size_is_that_of_the_file_the_cdn_serves() {
    let bot = "[bot]\npicture_format = \"webp\"\n";
    for (seed, prompt) in
        (1..=6).zip(["a cat", "the sea at night --ar 16:9", "fog --ar 2:3"].into_iter().cycle())
    {
        let script = Some(journeyman_sim::Script::from_toml(bot).expect("a script"));
        let mut client = Client::new(Settings { seed, script, ..Settings::for_era(Era::E2023) });
        client.imagine(prompt);
        client.wait_until_quiet();
        let attachment = client.page()[0]["attachments"][0].clone();
        let link = attachment["url"].as_str().expect("a link");
        let file = client.get(link.strip_prefix("http://127.0.0.1").expect("a link to this world"));
        assert_eq!(file.header("content-type"), Some("image/webp"));
        assert_eq!(attachment["size"], file.body.len(), "seed {seed}, {prompt}");
    }
}

#[test]
fn the_report_lists_every_job_with_its_kind_its_parent_and_one_charge_each() {
    let mut client = Client::new(settings());
    let one = client.upscaled("a cat");
    client.press(&one, "MJ::JOB::pan_up");
    client.wait_until_quiet();
    let report = client.get("/control/report").json().expect("JSON");
    let jobs = report["jobs"].as_array().expect("jobs");
    let kinds: Vec<_> = jobs.iter().map(|job| job["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["imagine", "upscale", "pan_up"]);
    for job in jobs {
        assert_eq!(
            (&job["charged"], &job["executions"], &job["mode"]),
            (&1.into(), &1.into(), &"fast".into())
        );
    }
    let spent: Vec<_> = jobs.iter().map(|job| job["gpu_seconds"].as_u64().expect("a number")).collect();
    assert_eq!(spent, [60, 0, 60]);
    assert_eq!((&jobs[0]["parent_message"], &jobs[0]["parent_job"]), (&Value::Null, &Value::Null));
    assert_eq!(jobs[2]["parent_message"], one["id"]);
    for child in 1..3 {
        assert_eq!(jobs[child]["parent_job"], jobs[child - 1]["job_ids"][0]);
    }
}

#[test]
fn a_button_sent_twice_with_one_nonce_is_one_job_executed_twice() {
    let mut client = Client::new(settings());
    let grid = client.grid("a cat");
    let mut body = client.interaction(3);
    body["message_flags"] = grid["flags"].clone();
    body["message_id"] = grid["id"].clone();
    let id = grid["components"][1]["components"][0]["custom_id"].clone();
    body["data"] = serde_json::json!({ "component_type": 2, "custom_id": id });
    for _ in 0..2 {
        client.send("POST", "/api/v10/interactions", &body);
    }
    client.wait_until_quiet();
    let job = client.job("variation");
    assert_eq!((job.executions, job.charged, job.gpu_seconds), (2, 2, 120));
    assert_eq!(client.world.report().jobs.len(), 2);
}
