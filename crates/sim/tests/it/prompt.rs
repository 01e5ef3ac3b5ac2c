//! What the bot reads in a prompt: how many jobs, what it refuses, and how it repeats it.
//!
//! Single rewritings are tested in `caption`.

use std::time::Duration;

use journeyman_sim::{Limits, Mode, Pictures, Rewriting, Settings};
use serde_json::json;

use crate::support::Client;

fn settings() -> Settings {
    Settings {
        pictures: Pictures::Tiny,
        limits: Limits::none(),
        ..Settings::for_era(journeyman_sim::Era::E2023)
    }
}

#[test]
fn permutations_and_repeat_make_several_jobs_from_one_interaction() {
    let mut client = Client::new(settings());
    client.imagine("a {red, green} cat --repeat 2 --ar 3:2");
    client.wait_until_quiet();
    let report = client.world.report();
    assert_eq!(report.interactions, 1);
    let jobs: Vec<_> =
        report.jobs.iter().map(|job| (job.prompt.as_str(), job.charged, job.executions)).collect();
    let red = ("a red cat --ar 3:2", 1, 1);
    let green = ("a green cat --ar 3:2", 1, 1);
    assert_eq!(jobs, [red, red, green, green]);
    let with_nonce = client
        .events()
        .into_iter()
        .filter(|(name, data)| *name == "MESSAGE_CREATE" && data["nonce"].is_string());
    assert_eq!(with_nonce.count(), 1, "one answer to one interaction");
}

#[test]
fn several_jobs_at_once_are_refused_in_relax_mode() {
    for (mode, prompt) in [(Mode::Relaxed, "a {red, green} cat"), (Mode::Fast, "a cat --repeat 3 --relax")] {
        let mut client = Client::new(Settings { mode, ..settings() });
        client.imagine(prompt);
        client.wait_until_quiet();
        let notice = client.latest();
        assert_eq!(notice["embeds"][0]["title"], "Job action restricted", "{prompt}");
        assert_eq!(notice["embeds"][0]["description"], "You can not submit batch jobs in relax mode.");
        let jobs = client.world.report().jobs;
        assert_eq!((jobs.len(), jobs[0].charged, jobs[0].state), (1, 0, "refused"));
    }
}

#[test]
fn bad_parameters_are_refused_by_a_notice_that_names_them() {
    let mut client = Client::new(settings());
    for (prompt, text) in [
        ("a --a cute cat", "Unrecognized parameter(s): `a`"),
        ("a cat --v5", "Unrecognized parameter(s): `v5`"),
        ("a cat --use_raw --foo 3", "Unrecognized parameter(s): `use_raw`, `foo`"),
        ("a cat —arr 3:2", "Unrecognized parameter(s): `arr`"),
        ("a cat --ar wide", "Invalid value provided for argument `--ar`\n`wide` is not a valid value."),
        ("a cat --s 2000", "Invalid value provided for argument `--s`\n`2000` is not a valid value."),
        ("a cat --v 9", "Invalid value provided for argument `--v`\n`9` is not a valid value."),
    ] {
        client.imagine(prompt);
        client.wait_until_quiet();
        let notice = client.latest();
        assert_eq!(notice["embeds"][0]["title"], "Invalid parameter", "{prompt}");
        assert_eq!(notice["embeds"][0]["description"], text, "{prompt}");
        assert_eq!((&notice["flags"], notice["nonce"].is_string()), (&json!(64), true));
    }
    assert!(client.world.report().jobs.iter().all(|job| job.charged == 0));
    let mut lenient = Client::new(Settings { check_parameters: false, ..settings() });
    assert!(lenient.grid("a cat --foo").get("attachments").is_some());
}

#[test]
fn more_jobs_than_the_plan_allows_are_refused() {
    let mut client = Client::new(Settings { batch: 3, ..settings() });
    client.imagine("a cat --repeat 4");
    client.wait_until_quiet();
    assert_eq!(client.latest()["embeds"][0]["title"], "Invalid parameter");
}

#[test]
fn a_rewriting_that_is_switched_off_leaves_the_prompt_as_it_was_sent() {
    let mut client = Client::new(Settings { rewriting: Rewriting::NONE, ..settings() });
    let prompt = "a  cat —ar 3:2 https://example.com/a.png --q 1";
    let grid = client.grid(prompt);
    assert_eq!(grid["content"], format!("**{prompt}** - <@{}> (fast)", client.ready.user_id));
    let mut all = Client::new(settings());
    let text = all.grid(prompt)["content"].to_string();
    assert!(text.contains("**a cat --ar 3:2 <https://s.mj.run/"), "{text}");
    assert!(text.contains("> --v 5.1**"), "{text}");
}

#[test]
fn a_link_of_this_world_must_still_open() {
    let mut client = Client::new(Settings { link_lifetime: Some(Duration::from_hours(1)), ..settings() });
    let grid = client.grid("a cat");
    let link = grid["attachments"][0]["url"].as_str().expect("a link").to_owned();
    let again = client.grid(&format!("{link} a dog"));
    assert!(again["content"].as_str().expect("a text").contains("s.mj.run"));
    client.wait(Duration::from_hours(1));
    client.imagine(&format!("{link} a dog"));
    client.wait_until_quiet();
    let notice = client.latest();
    assert_eq!(notice["embeds"][0]["title"], "Invalid link!");
    assert_eq!(client.world.report().jobs.last().expect("a job").charged, 0);
}
