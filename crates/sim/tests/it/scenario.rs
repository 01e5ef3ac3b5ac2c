//! What each scenario shows, to REST and to a gateway session, in virtual time.
//!
//! Contents and orders; that the JSON has the captures' form is tested in `capture`.

use journeyman_sim::{Era, Settings, Visibility};
use serde_json::{Value, json};

use crate::support::Client;

fn client(scenario: &str) -> Client {
    Client::new(Settings {
        scenario: scenario.parse().expect("a scenario"),
        pictures: journeyman_sim::Pictures::Tiny,
        ..Settings::for_era(Era::E2023)
    })
}

fn visible(scenario: &str) -> Client {
    Client::new(Settings {
        scenario: scenario.parse().expect("a scenario"),
        errors: Visibility::Visible,
        pictures: journeyman_sim::Pictures::Tiny,
        ..Settings::for_era(Era::E2023)
    })
}

fn contents(page: &[Value]) -> Vec<&str> {
    page.iter().map(|message| message["content"].as_str().expect("a text")).collect()
}

/// Sends one imagine and looks at the channel every half a second until nothing happens any more.
fn watch(client: &mut Client, prompt: &str) -> Vec<String> {
    assert_eq!(client.imagine(prompt).status, 204);
    let mut seen: Vec<String> = Vec::new();
    while client.world.next_wakeup().is_some() {
        client.wait_ms(1_000);
        let shown = contents(&client.page()).join(" | ");
        if seen.last() != Some(&shown) {
            seen.push(shown);
        }
    }
    seen
}

#[test]
fn the_happy_path_shows_the_captured_steps() {
    let mut client = client("happy");
    let user = client.ready.user_id.clone();
    let seen = watch(&mut client, "fly horse");
    let line = |end: &str| format!("**fly horse --v 5.1** - <@{user}> {end}");
    let expected =
        ["(Waiting to start)", "(0%) (fast)", "(15%) (fast)", "(31%) (fast)", "(46%) (fast)", "(62%) (fast)"];
    let expected: Vec<_> =
        expected.into_iter().chain(["(78%) (fast)", "(93%) (fast)", "(fast)"]).map(line).collect();
    let seen: Vec<_> = seen.into_iter().filter(|shown| !shown.is_empty()).collect();
    assert_eq!(seen, expected);
    let report = client.world.report();
    assert_eq!(report.jobs.len(), 1);
    assert_eq!((report.jobs[0].state, report.jobs[0].charged, report.jobs[0].executions), ("finished", 1, 1));
}

#[test]
fn the_final_message_is_new_and_comes_after_the_progress_message_is_deleted() {
    let mut client = client("happy");
    client.imagine("fly horse");
    client.wait_until_quiet();
    let events = client.events();
    let names: Vec<_> = events.iter().map(|(name, _)| *name).collect();
    let mut expected = vec!["INTERACTION_CREATE", "INTERACTION_SUCCESS", "MESSAGE_CREATE"];
    expected.extend(["MESSAGE_UPDATE"; 7]);
    expected.extend(["MESSAGE_DELETE", "MESSAGE_CREATE"]);
    assert_eq!(names, expected);
    let (waiting, deleted, last) = (&events[2].1, &events[10].1, &events[11].1);
    assert_eq!(waiting["nonce"], json!("1400000000000000001"));
    assert_eq!(waiting["interaction"]["id"], events[0].1["id"]);
    assert_eq!(deleted["id"], waiting["id"]);
    for absent in ["nonce", "interaction", "message_reference"] {
        assert_eq!(last.get(absent), None, "{absent}");
    }
}

#[test]
fn ephemeral_refusals_are_not_in_the_channel_but_on_the_gateway() {
    let mut client = client("pre-moderation");
    client.imagine("fly horse");
    client.wait_until_quiet();
    assert!(client.page().is_empty());
    let events = client.events();
    let (name, notice) = events.last().expect("an event");
    assert_eq!(*name, "MESSAGE_CREATE");
    assert_eq!(notice["flags"], 64);
    assert_eq!(notice["embeds"][0]["title"], "Banned prompt detected");
    assert_eq!(notice["embeds"][0]["footer"]["text"], "/imagine fly horse --v 5.1");
}

#[test]
fn visible_refusals_are_in_the_channel() {
    let mut client = visible("queue-full");
    client.imagine("fly horse");
    client.wait_until_quiet();
    let page = client.page();
    assert_eq!(page[0]["embeds"][0]["title"], "Queue full");
    assert_eq!(page[0]["flags"], 0);
    assert_eq!(client.world.report().jobs[0].state, "refused");
}

/// What a row of the catalogue must show: to REST with visible errors, and to a session with ephemeral ones.
struct Row {
    scenario: &'static str,
    /// The state in the report, and how often the account paid.
    state: (&'static str, u64),
    /// The title or text of the notice; empty for none.
    notice: &'static str,
    /// Finished pictures.
    pictures: usize,
}

const fn row(
    scenario: &'static str,
    state: (&'static str, u64),
    notice: &'static str,
    pictures: usize,
) -> Row {
    Row { scenario, state, notice, pictures }
}

const ROWS: &[Row] = &[
    row("happy", ("finished", 1), "", 1),
    row("pre-moderation", ("refused", 0), "Banned prompt detected", 0),
    row("post-moderation", ("stopped", 1), "", 0),
    row("ephemeral-moderation", ("vanished", 1), "", 0),
    row("invalid-request", ("refused", 0), "Invalid request", 0),
    row("job-queued", ("finished", 1), "Job queued", 1),
    row("queue-full", ("refused", 0), "Queue full", 0),
    row("banned-prompt", ("refused", 0), "Banned prompt", 0),
    row("banned-image-prompt", ("refused", 0), "Banned image prompt", 0),
    row("action-needed-appeal", ("refused", 0), "Action needed to continue", 0),
    row("image-denied", ("refused", 0), "Image denied", 0),
    row("captcha-2023", ("refused", 0), "Action needed to continue", 0),
    row("captcha-task", ("refused", 0), "Please complete the task", 0),
    row("captcha-embed", ("refused", 0), "Action required to continue", 0),
    row("captcha-iframe", ("refused", 0), "", 0),
    row("pending-mod-message", ("refused", 0), "Pending mod message", 0),
    row("tos-not-accepted", ("refused", 0), "Tos not accepted", 0),
    row("blocked", ("refused", 0), "Blocked", 0),
    row("subscription-required", ("refused", 0), "Subscription required", 0),
    row("subscription-paused", ("refused", 0), "Subscription paused", 0),
    row("plan-cancelled", ("refused", 0), "Plan Cancelled", 0),
    row("credits-exhausted", ("refused", 0), "Credits exhausted", 0),
    row("job-action-restricted", ("refused", 0), "Job action restricted", 0),
    row("slow-down", ("failed", 0), "Slow Down!", 0),
    row("sorry-decline", ("failed", 1), "Sorry, something went wrong", 0),
    row("sorry-crash", ("failed", 1), "Sorry, something went wrong", 0),
    row("could-not-complete", ("failed", 1), "Sorry! Could not complete the job!", 0),
    row("failed-to-process", ("refused", 0), "Failed to process your command :c", 0),
    row("internal-error", ("refused", 0), "Internal error", 0),
    row("image-filter-cancelled", ("failed", 1), "Request cancelled due to image filters", 0),
    row("output-filter-cancelled", ("failed", 1), "Request cancelled due to output filters", 0),
    row("invalid-parameter", ("refused", 0), "Invalid parameter", 0),
    row("invalid-link", ("refused", 0), "Invalid link", 0),
    row("invalid-link-bang", ("refused", 0), "Invalid link!", 0),
    row("invalid-prompt", ("refused", 0), "Invalid prompt", 0),
    row("empty-prompt", ("refused", 0), "Empty prompt", 0),
    row("duplicate-images", ("refused", 0), "Duplicate images detected", 0),
    row("duplicate-images-update", ("failed", 1), "Duplicate images detected", 0),
    row("unrecognized-parameter", ("refused", 0), "Invalid parameter", 0),
    row("unrecognized-parameter-content", ("failed", 0), "Unrecognized parameter(s): `use_raw`", 0),
    row("interaction-failure", ("ignored", 0), "", 0),
    row("no-response", ("ignored", 0), "", 0),
    row("paused", ("finished", 1), "", 1),
    row("unknown-title", ("refused", 0), "The stars are not aligned", 0),
];

/// Rows whose request is refused, so that there is no job.
const REJECTED: &[(&str, u16)] =
    &[("command-updated", 400), ("command-outdated", 400), ("unauthorized", 401), ("missing-access", 403)];

#[test]
fn the_table_holds_the_whole_catalogue() {
    let ours: Vec<_> =
        ROWS.iter().map(|row| row.scenario).chain(REJECTED.iter().map(|(name, _)| *name)).collect();
    let catalogue: Vec<_> = journeyman_sim::scenarios().iter().map(|info| info.name).collect();
    assert_eq!(ours, catalogue);
}

fn says(message: &Value, notice: &str) -> bool {
    message["embeds"][0]["title"] == notice || message["content"] == notice
}

#[test]
fn each_scenario_ends_as_the_catalogue_says() {
    for row in ROWS {
        for mut client in [client(row.scenario), visible(row.scenario)] {
            client.imagine("fly horse");
            client.wait_until_quiet();
            let report = client.world.report();
            let job = &report.jobs[0];
            assert_eq!((job.state, job.charged), row.state, "{}", row.scenario);
            assert_eq!((job.executions, job.images.len()), (1, row.pictures), "{}", row.scenario);
            let page = client.page();
            let pictures = page.iter().filter(|message| message["attachments"][0]["width"] == 64).count();
            assert_eq!(pictures, row.pictures, "{}", row.scenario);
        }
    }
}

#[test]
fn each_notice_is_sent_to_the_session_and_listed_only_if_visible() {
    for row in ROWS.iter().filter(|row| !row.notice.is_empty()) {
        let mut ephemeral = client(row.scenario);
        ephemeral.imagine("fly horse");
        ephemeral.wait_until_quiet();
        let sent = ephemeral.events();
        let (_, notice) = sent.iter().find(|(_, data)| says(data, row.notice)).expect(row.scenario);
        // A notice that replaces visible progress is as visible as that.
        let replaces = matches!(row.scenario, "image-filter-cancelled" | "duplicate-images-update");
        assert_eq!(notice["flags"], if replaces { 0 } else { 64 }, "{}", row.scenario);
        let listed = ephemeral.page().iter().any(|message| says(message, row.notice));
        assert_eq!(listed, replaces, "{}", row.scenario);

        let mut seen = visible(row.scenario);
        seen.imagine("fly horse");
        seen.wait_until_quiet();
        assert!(seen.page().iter().any(|message| says(message, row.notice)), "{}", row.scenario);
    }
}

#[test]
fn gateway_only_scenarios_leave_the_channel_empty_even_with_visible_errors() {
    for info in journeyman_sim::scenarios().iter().filter(|info| info.gateway_only) {
        let mut client = visible(info.name);
        client.imagine("fly horse");
        client.wait_until_quiet();
        assert!(client.page().is_empty(), "{}", info.name);
    }
}

#[test]
fn rejected_requests_are_no_jobs() {
    for (scenario, status) in REJECTED {
        let mut client = client(scenario);
        assert_eq!(client.imagine("fly horse").status, *status, "{scenario}");
        let report = client.world.report();
        assert!(report.jobs.is_empty(), "{scenario}");
        assert_eq!(report.interactions, 0, "{scenario}");
    }
}

#[test]
fn a_command_that_was_updated_works_once_its_new_version_is_known() {
    let mut client = client("command-updated");
    let before = client.version();
    assert_eq!(client.imagine("fly horse").status, 400);
    assert_ne!(client.version(), before);
    assert_eq!(client.imagine("fly horse").status, 204);
}

#[test]
fn a_command_that_stays_outdated_never_works() {
    let mut client = client("command-outdated");
    let statuses: Vec<_> = (0..3).map(|_| client.imagine("fly horse").status).collect();
    assert_eq!(statuses, [400, 400, 400]);
}

#[test]
fn a_stopped_job_keeps_its_message_without_a_button() {
    let mut client = client("post-moderation");
    client.imagine("fly horse");
    client.wait_until_quiet();
    let page = client.page();
    let message = &page[0];
    let user = &client.ready.user_id;
    assert_eq!(message["content"], format!("**fly horse --v 5.1** - <@{user}> (Stopped)"));
    assert_eq!(message["components"], json!([]));
}

#[test]
fn soft_moderation_deletes_the_message_at_93_percent() {
    let mut client = client("ephemeral-moderation");
    client.imagine("fly horse");
    client.wait_until_quiet();
    let events = client.events();
    let (last, before) = (&events[events.len() - 1], &events[events.len() - 2]);
    assert_eq!(last.0, "MESSAGE_DELETE");
    assert!(before.1["content"].as_str().expect("a text").ends_with("(93%) (fast)"));
}

#[test]
fn a_pause_shows_and_passes() {
    let mut client = client("paused");
    let seen = watch(&mut client, "fly horse");
    let at = seen.iter().position(|shown| shown.ends_with("(paused) (fast)")).expect("a pause");
    assert!(seen[at - 1].ends_with("(46%) (fast)") && seen[at + 1].ends_with("(62%) (fast)"));
}

#[test]
fn progress_is_ephemeral_in_2026_and_rest_sees_the_final_alone() {
    let mut client = Client::new(Settings {
        pictures: journeyman_sim::Pictures::Tiny,
        ..Settings::for_era(journeyman_sim::Era::E2026)
    });
    let seen = watch(&mut client, "fly horse");
    let user = &client.ready.user_id;
    let seen: Vec<_> = seen.iter().filter(|shown| !shown.is_empty()).collect();
    assert_eq!(seen, [&format!("**fly horse --v 7.0** - <@{user}> (fast)")], "REST sees the final alone");
    let events = client.events();
    let progress: Vec<_> = events.iter().filter(|(name, _)| *name == "MESSAGE_UPDATE").collect();
    assert_eq!(progress.len(), 7);
    let link = progress[0].1["attachments"][0]["url"].as_str().expect("a link");
    assert!(link.contains("/ephemeral-attachments/") && link.contains("_grid_0.webp"), "{link}");
}

#[test]
fn a_queued_job_starts_when_a_slot_is_free_and_a_job_beyond_the_queue_is_refused() {
    let mut client = Client::new(Settings {
        errors: Visibility::Visible,
        pictures: journeyman_sim::Pictures::Tiny,
        limits: journeyman_sim::Limits::none(),
        queue: 2,
        ..Settings::for_era(Era::E2023)
    });
    for number in 0..6 {
        client.imagine(&format!("horse {number}"));
        client.wait_ms(200);
    }
    client.wait_ms(3_000);
    let states = |client: &Client| client.world.report().jobs.iter().map(|job| job.state).collect::<Vec<_>>();
    assert_eq!(states(&client), ["waiting", "waiting", "waiting", "queued", "queued", "refused"]);
    client.wait_ms(70_000);
    assert_eq!(states(&client)[..3], ["finished"; 3]);
    assert!(matches!(states(&client)[3], "waiting" | "running"));
    client.wait_until_quiet();
    assert_eq!(states(&client)[..5], ["finished"; 5]);
    let charged: u64 = client.world.report().jobs.iter().map(|job| job.charged).sum();
    assert_eq!(charged, 5);
}

#[test]
fn a_pro_account_runs_twelve_at_once() {
    let mut client = Client::new(Settings {
        plan: journeyman_sim::Plan::Pro,
        limits: journeyman_sim::Limits::none(),
        pictures: journeyman_sim::Pictures::Tiny,
        ..Settings::for_era(Era::E2023)
    });
    for number in 0..13 {
        client.imagine(&format!("horse {number}"));
    }
    client.wait_ms(3_000);
    let states: Vec<_> = client.world.report().jobs.iter().map(|job| job.state).collect();
    assert_eq!(states.iter().filter(|state| **state == "waiting").count(), 12);
    assert_eq!(states.iter().filter(|state| **state == "queued").count(), 1);
}

#[test]
fn a_cancelled_job_stops_and_frees_its_slot() {
    let mut client = Client::new(Settings {
        slots: Some(1),
        limits: journeyman_sim::Limits::none(),
        pictures: journeyman_sim::Pictures::Tiny,
        ..Settings::for_era(Era::E2023)
    });
    client.imagine("first");
    client.imagine("second");
    client.wait_ms(15_000);
    let progress = client.page()[0].clone();
    assert_eq!(client.press(&progress, "MJ::CancelJob").status, 204);
    client.wait_until_quiet();
    let report = client.world.report();
    let states: Vec<_> = report.jobs.iter().map(|job| (job.prompt.as_str(), job.state)).collect();
    assert_eq!(states, [("first", "cancelled"), ("second", "finished")]);
}

#[test]
fn a_button_that_is_not_there_meets_silence() {
    let mut client = client("happy");
    client.imagine("fly horse");
    client.wait_until_quiet();
    let grid = client.page()[0].clone();
    let before = client.events().len();
    let mut forged = grid.clone();
    forged["components"][0]["components"][0]["custom_id"] = json!("MJ::JOB::upsample::9::x");
    assert_eq!(client.press(&forged, "MJ::JOB::upsample::9").status, 204);
    let mut flagged = grid;
    flagged["flags"] = json!(64);
    assert_eq!(client.press(&flagged, "MJ::JOB::upsample::1").status, 204, "the wrong flags");
    client.wait_until_quiet();
    assert_eq!(client.events().len(), before);
}

#[test]
fn the_same_nonce_sent_twice_is_executed_and_charged_twice() {
    let mut client = client("happy");
    client.imagine_with_nonce("fly horse", 7);
    client.imagine_with_nonce("fly horse", 7);
    client.wait_until_quiet();
    let report = client.world.report();
    assert_eq!(report.jobs.len(), 1, "a repeat is no line of its own");
    let job = &report.jobs[0];
    assert_eq!((job.executions, job.charged, job.images.len()), (2, 2, 2));
}

#[test]
fn different_jobs_of_one_nonce_are_reported_apart() {
    let mut client = client("happy");
    let prompts = ["a cat", "a dog", "a fox", "a cow", "an owl"];
    for prompt in prompts {
        client.imagine_with_nonce(prompt, 7);
    }
    // Past the window of the five before.
    client.wait_ms(6_000);
    client.imagine_with_nonce("a fox", 7);
    client.wait_until_quiet();
    let jobs = client.world.report().jobs;
    let seen: Vec<_> = jobs.iter().map(|job| (job.prompt.as_str(), job.executions, job.charged)).collect();
    let times = |prompt| if prompt == "a fox" { 2 } else { 1 };
    assert_eq!(seen, prompts.map(|prompt| (prompt, times(prompt), times(prompt))));
}

#[test]
fn speed_scales_the_bot() {
    let ends_at = |speed: f64| {
        let mut client = Client::new(Settings { speed, ..Settings::for_era(Era::E2023) });
        client.imagine("fly horse");
        client.wait_until_quiet();
        client.now.as_secs_f64()
    };
    let (plain, fast) = (ends_at(1.0), ends_at(10.0));
    assert!((50.0..70.0).contains(&plain), "about as long as the captures: {plain}");
    assert!((plain / fast - 10.0).abs() < 0.01, "{plain} and {fast}");
}

#[test]
fn a_doubled_and_disordered_world_is_as_it_says() {
    let disorder =
        journeyman_sim::Disorder { duplicate_final: 1.0, final_before_delete: 1.0, progress_backwards: 1.0 };
    let mut client = Client::new(Settings {
        disorder,
        pictures: journeyman_sim::Pictures::Tiny,
        ..Settings::for_era(Era::E2023)
    });
    client.imagine("fly horse");
    client.wait_until_quiet();
    let events = client.events();
    let names: Vec<_> = events.iter().map(|(name, _)| *name).collect();
    assert_eq!(names[names.len() - 3..], ["MESSAGE_CREATE", "MESSAGE_CREATE", "MESSAGE_DELETE"]);
    let percent = |index: usize| {
        let text = events[index].1["content"].as_str().expect("a text").to_owned();
        text.rsplit_once('(')
            .and_then(|(head, _)| head.rsplit_once('('))
            .map(|(_, end)| end.trim().to_owned())
    };
    let updates: Vec<_> =
        (0..events.len()).filter(|index| names[*index] == "MESSAGE_UPDATE").map(percent).collect();
    let shown: Vec<_> = updates.iter().flatten().map(String::as_str).collect();
    assert_eq!(shown[..5], ["0%)", "15%)", "0%)", "31%)", "15%)"]);
    assert_eq!(client.world.report().jobs[0].charged, 1, "still one job");
}

#[test]
fn a_script_decides_by_prompt_and_count() {
    let script = journeyman_sim::Script::from_toml(
        "[[outcome]]\nprompt = \"horse\"\nscenario = \"queue-full\"\ntimes = 1\n\n\
         [[outcome]]\nprompt = \"*gore*\"\nscenario = \"pre-moderation\"\n",
    );
    let mut client =
        Client::new(Settings { script: Some(script.expect("a script")), ..Settings::for_era(Era::E2023) });
    client.imagine("a horse");
    client.imagine("some gore");
    client.imagine("a horse");
    client.wait_until_quiet();
    let states: Vec<_> = client.world.report().jobs.iter().map(|job| job.state).collect();
    assert_eq!(states, ["refused", "refused", "finished"]);
}

#[test]
fn the_scenario_can_be_changed_while_the_world_runs() {
    let mut client = client("happy");
    let answer = client.send("POST", "/control/scenario", &json!({ "name": "queue-full" }));
    assert_eq!((answer.status, answer.json()), (200, Some(json!({ "name": "queue-full" }))));
    client.imagine("fly horse");
    client.wait_until_quiet();
    assert_eq!(client.world.report().jobs[0].state, "refused");
    let answer = client.send("POST", "/control/scenario", &json!({ "name": "sad" }));
    assert_eq!(answer.status, 400);
    let error = answer.json().expect("JSON")["error"].as_str().expect("an error").to_owned();
    assert!(error.contains("`sad`") && error.contains("happy"), "{error}");
}
