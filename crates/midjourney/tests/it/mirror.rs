//! What the simulated bot says is understood. It was written from the same facts by other hands, so
//! one misread field does not pass on both sides.

use std::time::Duration;

use journeyman_midjourney::application::MIDJOURNEY;
use journeyman_midjourney::command::payload;
use journeyman_midjourney::{
    Action, Explanation, FailureKind, Invocation, Meaning, Normalised, Place, Prompt, Sighting,
    classify_event, classify_http,
};
use journeyman_model::CommandIndex;
use journeyman_sim::{HttpAnswer, HttpRequest, Scenario, Settings, World, scenarios};
use serde_json::{Value, json};

const NONCE: &str = "1400000000000000001";

/// What came of one imagine: the answer to the request, and everything a session saw.
struct Story {
    answer: Sighting,
    seen: Vec<Sighting>,
}

impl Story {
    fn errors(&self) -> Vec<FailureKind> {
        let answer = std::iter::once(&self.answer);
        answer.chain(&self.seen).filter_map(error).collect()
    }

    fn finished(&self) -> Option<&Sighting> {
        self.seen.iter().find(|sighting| sighting.meaning == Meaning::Finished)
    }

    fn has(&self, test: fn(&Meaning) -> bool) -> bool {
        self.seen.iter().any(|sighting| test(&sighting.meaning))
    }
}

/// The error of a sighting, if it is the end of a job.
fn error(sighting: &Sighting) -> Option<FailureKind> {
    if let Meaning::Failed(failure) = &sighting.meaning {
        return Some(failure.kind);
    }
    (sighting.meaning == Meaning::Stopped).then_some(FailureKind::PostModeration)
}

fn ask(world: &mut World, method: &str, path: String, body: Option<&Value>) -> HttpAnswer {
    let headers = vec![
        ("Authorization".to_owned(), world.ready().token),
        ("Content-Type".to_owned(), "application/json".to_owned()),
    ];
    let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
    world.handle(Duration::ZERO, HttpRequest { method: method.to_owned(), path, headers, body })
}

fn story(scenario: &str, prompt: &str) -> Story {
    let scenario: Scenario = scenario.parse().expect("the simulator knows its scenarios");
    let mut world = World::new(Settings { scenario, ..Settings::default() });
    let ready = world.ready();
    let place = Place {
        guild: ready.guild_id.parse().ok(),
        channel: ready.channel_id.parse().expect("a channel has an id"),
        session_id: "00000000000000000000000000000000",
    };
    let index = format!("/api/v10/guilds/{}/application-command-index", ready.guild_id);
    let index = ask(&mut world, "GET", index, None);
    let index = serde_json::from_slice(&index.body).ok();
    let index = index.as_ref().and_then(CommandIndex::from_json).unwrap_or_default();
    // Some scenarios refuse this request as well; the payload then names any command.
    let any =
        json!({"id": "1", "version": "1", "name": "imagine", "options": [{"type": 3, "name": "prompt"}]});
    let any = journeyman_model::Command::from_json(&any).expect("a command");
    let command = index.find(MIDJOURNEY, "imagine").unwrap_or(&any);
    let payload = payload(&Invocation::imagine(prompt), command, &place, NONCE).expect("it fits");
    let answer = ask(&mut world, "POST", "/api/v10/interactions".to_owned(), Some(&payload));
    let answer = classify_http(answer.status, None, &answer.body);
    while let Some(due) = world.next_wakeup().filter(|due| *due < Duration::from_hours(2)) {
        world.poll(due);
    }
    let frame = |event: &journeyman_sim::Event| json!({"op": 0, "t": event.name, "d": event.data});
    let seen = world.events().map(|event| classify_event(&frame(event))).collect();
    Story { answer, seen }
}

#[test]
fn every_scenario_is_understood_as_the_error_it_is_for() {
    for info in scenarios() {
        let story = story(info.name, "a lighthouse at dawn");
        let errors: Vec<_> = story.errors().iter().map(|kind| kind.name()).collect();
        let expected: Vec<_> = match info.error {
            // Silence is no sighting.
            Some("EphemeralModeration" | "NoResponse") => Vec::new(),
            // The program asks again with the new version.
            None if info.name == "command-updated" => vec!["CommandOutdated"],
            error => error.into_iter().collect(),
        };
        assert_eq!(errors, expected, "{}", info.name);
        let is_happy = info.error.is_none() && info.name != "command-updated";
        assert_eq!(story.finished().is_some(), is_happy, "{}", info.name);
        assert!(!story.has(|meaning| *meaning == Meaning::Unknown), "{}", info.name);
    }
}

#[test]
fn a_vanished_job_shows_a_deletion_and_a_queued_one_its_queue() {
    let vanished = story("ephemeral-moderation", "a lighthouse");
    assert!(vanished.has(|meaning| *meaning == Meaning::Deleted));
    assert!(vanished.has(|meaning| *meaning == Meaning::Progress { percent: 93 }));
    assert!(story("job-queued", "a lighthouse").has(|meaning| *meaning == Meaning::Queued));
    assert!(story("paused", "a lighthouse").has(|meaning| *meaning == Meaning::Paused));
}

#[test]
fn a_happy_job_can_be_followed_by_its_keys() {
    let story = story("happy", "a lighthouse");
    assert_eq!(story.answer.meaning, Meaning::Accepted);
    let finished = story.finished().unwrap();
    assert_eq!((finished.action, finished.files.len()), (Some(Action::Imagine), 1));
    assert_eq!((finished.keys.nonce.as_deref(), finished.keys.interaction), (None, None));
    let waiting = story.seen.iter().find(|sighting| sighting.meaning == Meaning::Waiting).unwrap();
    assert_eq!(waiting.keys.nonce.as_deref(), Some(NONCE));
    assert!(waiting.keys.interaction.is_some());
    assert!(finished.keys.job_id.is_some());
    assert_eq!(waiting.keys.job_id, finished.keys.job_id);
    assert_ne!(waiting.keys.message, finished.keys.message);
    assert_eq!(Explanation::of(finished).buttons.len(), 9);
}

#[test]
fn the_prompt_that_is_shown_matches_the_one_that_was_sent() {
    for typed in [
        "a  lighthouse   at dawn",
        "a lighthouse —ar 3:2 —v 6",
        "https://example.com/a.png a lighthouse --aspect 16:9 --style raw",
        "a lighthouse ** - <@5> (Stopped)** - (fast)",
        "a lighthouse (fast) --relax --no boats, men --s 250 --seed 7",
        "maják — за́ря 🐈 --tile",
    ] {
        let sent = Prompt::try_new(typed).unwrap().to_string();
        let story = story("happy", &sent);
        let finished = story.finished().unwrap_or_else(|| panic!("{typed} did not finish"));
        let shown = finished.prompt.as_deref().unwrap();
        assert!(Normalised::of(&sent).matches(&Normalised::of(shown)), "{sent:?} is shown as {shown:?}");
    }
}
