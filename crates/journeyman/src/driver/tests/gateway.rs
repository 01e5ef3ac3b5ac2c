//! Whole-world runs in virtual time with the gateway, which can be cut at any point. No sockets.

use std::time::Duration;

use journeyman_midjourney::FailureKind;
use journeyman_midjourney::generation::Report;
use journeyman_midjourney::outcome::{Hindrance, Outcome};
use journeyman_moment::Moment;
use journeyman_sim::{Disorder, Era, ScenarioInfo, Settings, Traffic, scenarios};

use super::assert_nothing_broken;
use super::world::Virtual;
use crate::driver::core::{JobNumber, WatchedBy};
use crate::settings::WatchMode;

const ERAS: [Era; 2] = [Era::E2023, Era::E2026];

fn of_era(seed: u64, era: Era) -> Settings {
    Settings { seed, pictures: journeyman_sim::Pictures::Tiny, ..Settings::for_era(era) }
}

fn hearing(settings: Settings) -> Virtual {
    Virtual::new(settings).with_gateway(WatchMode::Auto)
}

fn of_scenario(info: &ScenarioInfo, era: Era) -> Virtual {
    let scenario = info.name.parse().expect("a scenario of the simulator");
    let mut world = hearing(Settings { scenario, ..of_era(1, era) });
    world.start_at(Moment::ORIGIN, 0, "a lighthouse at dawn --ar 3:2");
    world
}

/// How a job ended, in one word.
fn word(world: &Virtual, number: u64) -> &'static str {
    match &world.ends[&JobNumber(number)].last().expect("an end").outcome {
        Outcome::Finished(_) => "finished",
        Outcome::Failed(failure) => failure.kind.name(),
        Outcome::NotSent(why) if why.why == Hindrance::Unauthorized => FailureKind::Unauthorized.name(),
        Outcome::NotSent(_) => "not sent",
        Outcome::Undecided { .. } => "undecided",
        Outcome::Cancelled { .. } => "cancelled",
    }
}

/// When what decided the end happened: the last thing that the account was shown, with the wait
/// that belongs to an absence.
fn decided_at(world: &Virtual, kind: &str) -> Moment {
    let end = world.ends[&JobNumber(0)][0].at;
    let last = world.shown_until(end).unwrap_or(Moment::ORIGIN);
    match kind {
        "EphemeralModeration" => last + Duration::from_secs(15),
        "NoResponse" => world.accepted[&JobNumber(0)].max(last) + Duration::from_mins(1),
        _ => last.max(world.accepted.get(&JobNumber(0)).copied().unwrap_or(Moment::ORIGIN)),
    }
}

#[test]
fn each_scenario_of_the_catalogue_in_both_eras_through_the_gateway_ends_right_within_a_second() {
    for era in ERAS {
        for info in scenarios() {
            let mut world = of_scenario(info, era);
            world.run_until_settled();
            let expected = info.error.unwrap_or("finished");
            let (found, context) = (word(&world, 0), format!("{} in {era:?}", info.name));
            assert_eq!(found, expected, "{context}: {:?}", world.ends);
            let (end, decided) = (world.ends[&JobNumber(0)][0].at, decided_at(&world, found));
            let waited = end.since(decided);
            assert!(waited <= Duration::from_secs(1), "{context}: {waited:?} after what decided it");
        }
    }
}

#[test]
fn progress_is_live_though_it_is_ephemeral() {
    let mut world = hearing(of_era(2, Era::E2026));
    world.start_at(Moment::ORIGIN, 0, "a lighthouse");
    world.run_until_settled();
    let told = |report: &Report| matches!(report, Report::Progress { .. });
    let count = world.reports[&JobNumber(0)].iter().filter(|report| told(report)).count();
    assert!(count >= 5, "{:?}", world.reports);
    assert_nothing_broken(&mut world, 1);
}

/// Cut before, between and after every event of a job's life, and resumed: nothing changes.
#[test]
fn a_gateway_cut_at_every_point_of_a_jobs_life_and_resumed_changes_no_outcome() {
    for down in [1, 20] {
        at_every_cut(Duration::from_secs(down), true, |found, expected| found == expected);
    }
}

/// A session that cannot be resumed loses what is ephemeral for ever; no finished image is lost.
#[test]
fn a_gateway_cut_without_resume_loses_no_image_and_pays_nothing_twice() {
    let silence = [FailureKind::NoResponse, FailureKind::EphemeralModeration];
    at_every_cut(Duration::from_secs(4), false, |found, expected| {
        let is_lost = expected != "finished" && silence.iter().any(|kind| kind.name() == found);
        found == expected || is_lost
    });
}

/// What is ephemeral is told once: after a session that could not be resumed, nobody can know whether it was a refusal.
#[test]
fn an_error_after_a_gateway_cut_without_resume_says_that_a_refusal_may_have_been_missed() {
    for (resumes, is_named) in [(false, true), (true, false)] {
        let info = scenarios().iter().find(|info| info.name == "no-response").expect("a scenario");
        let mut world = of_scenario(info, Era::E2026).with_cut(1, Duration::from_secs(4), resumes);
        world.run_until_settled();
        let Outcome::Failed(failure) = world.end(0) else { panic!("{:?}", world.ends) };
        assert_eq!(failure.kind, FailureKind::NoResponse);
        let error = crate::Error::from_failure(failure).to_string();
        let named =
            "could not be resumed, so that an answer which only the account is shown, such as a refusal, may";
        assert_eq!(error.contains(named), is_named, "{error}");
    }
}

/// Runs each scenario whole, and cut after each of its events; says how both ended.
fn at_every_cut(down: Duration, resumes: bool, is_right: impl Fn(&str, &str) -> bool) {
    for era in ERAS {
        for info in scenarios() {
            let mut whole = of_scenario(info, era);
            whole.run_until_settled();
            let expected = word(&whole, 0);
            for after in 0..=whole.events() {
                let mut cut = of_scenario(info, era).with_cut(after, down, resumes);
                cut.run_until_settled();
                cut.run_until(cut.now + Duration::from_hours(1));
                let context = format!("{} in {era:?}, cut after {after} for {down:?}", info.name);
                let found = word(&cut, 0);
                assert!(is_right(found, expected), "{context}: {found}, not {expected}: {:?}", cut.ends);
                assert_paid_at_most_once(&cut, &context);
            }
        }
    }
}

fn assert_paid_at_most_once(world: &Virtual, context: &str) {
    for job in world.world.report().jobs {
        assert!(job.executions <= 1 && job.charged <= 1, "{context}: {job:?}");
    }
}

#[test]
fn while_the_gateway_is_connected_an_image_costs_one_request() {
    for era in ERAS {
        let mut world = hearing(of_era(3, era));
        let prompts: Vec<String> = (0..20).map(|number| format!("boat number {number}")).collect();
        world.run_one_after_another(&prompts);
        assert_nothing_broken(&mut world, 20);
        // One to discover the command, one to see what is there, and twenty.
        assert_eq!(world.departures, 22, "{era:?}");
        assert_eq!(world.reads_while_hearing(), 1, "{era:?}");
    }
}

#[test]
fn a_thousand_images_with_a_gateway_drop_an_hour_cost_at_most_1_05_requests_each() {
    for era in ERAS {
        let mut world = hearing(of_era(4, era)).with_a_cut_an_hour(Duration::from_secs(6));
        for number in 0..1_000 {
            let at = Moment::from_secs(number / 3 * 90);
            world.start_at(at, number, &format!("picture {number} of a thousand"));
        }
        world.run_until_settled();
        assert_nothing_broken(&mut world, 1_000);
        assert!(world.cuts_made() >= 5, "{} cuts", world.cuts_made());
        assert!(world.departures <= 1_050, "{era:?}: {} requests", world.departures);
        // For `cargo xtask requests`, which shows it.
        println!("{era:?}: 1,000 images, {} cuts, {} requests", world.cuts_made(), world.departures);
    }
}

#[test]
fn when_the_gateway_is_down_polling_takes_over_and_when_it_is_back_polling_stops() {
    let mut world = hearing(of_era(5, Era::E2023)).with_cut(4, Duration::from_secs(30), true);
    world.start_at(Moment::ORIGIN, 0, "a lighthouse");
    world.run_until_settled();
    let order: Vec<WatchedBy> = world.watched_by.iter().map(|(_, by)| *by).collect();
    assert_eq!(
        order,
        [WatchedBy::Nothing, WatchedBy::Gateway, WatchedBy::Polling, WatchedBy::Gateway],
        "the state is visible"
    );
    assert!(world.reads() >= 5, "{} reads in half a minute", world.reads());
    assert!(world.reads_while_hearing() <= 2, "{}", world.reads_while_hearing());
}

#[test]
fn a_gateway_that_never_comes_up_is_replaced_by_polling() {
    let mut world = hearing(of_era(6, Era::E2023)).without_connection();
    world.start_at(Moment::ORIGIN, 0, "a lighthouse");
    world.run_until_settled();
    assert_nothing_broken(&mut world, 1);
    assert_eq!(world.watched_by.last().map(|(_, by)| *by), Some(WatchedBy::Polling));
}

#[test]
fn where_only_the_gateway_may_be_used_nothing_is_sent_without_it() {
    let mut world = Virtual::new(of_era(7, Era::E2026)).with_gateway(WatchMode::Gateway).without_connection();
    world.start_at(Moment::ORIGIN, 0, "a lighthouse");
    world.run_until_settled();
    assert_eq!(word(&world, 0), "not sent");
    assert_eq!(world.departures, 0);
}

/// Discord asks every session to connect again now and then; a job that waits for its turn meanwhile is not lost.
#[test]
fn where_only_the_gateway_may_be_used_a_short_reconnect_ends_no_job() {
    for after in 0..12 {
        let mut world = Virtual::new(of_era(8, Era::E2026)).with_gateway(WatchMode::Gateway).with_cut(
            after,
            Duration::from_secs(3),
            true,
        );
        for number in 0..3 {
            world.start_at(Moment::ORIGIN, number, "one sea for all");
        }
        world.run_until_settled();
        assert_nothing_broken(&mut world, 3);
    }
}

#[test]
fn where_only_the_gateway_may_be_used_a_long_loss_ends_what_was_not_sent() {
    let mut world = Virtual::new(of_era(8, Era::E2026)).with_gateway(WatchMode::Gateway).with_cut(
        1,
        Duration::from_mins(10),
        true,
    );
    for number in 0..3 {
        world.start_at(Moment::ORIGIN, number, "one sea for all");
    }
    world.run_until(Moment::from_secs(120));
    let ended = world.ends.len();
    assert!((1..3).contains(&ended), "{:?}", world.ends);
    assert!(world.ends.keys().all(|job| word(&world, job.0) == "not sent"), "{:?}", world.ends);
    world.run_until_settled();
    assert_eq!(world.world.report().jobs.len(), 3 - ended, "what was not sent was not executed");
    let finished = (0..3).filter(|number| word(&world, *number) == "finished").count();
    assert_eq!(finished, 3 - ended, "what had left is told after the reconnect: {:?}", world.ends);
}

#[test]
fn events_and_pages_are_one_stream_without_doubles() {
    for seed in 0..8 {
        let disorder = Disorder { duplicate_final: 0.5, final_before_delete: 0.5, progress_backwards: 0.5 };
        let mut world = hearing(Settings { disorder, ..of_era(seed, Era::E2023) })
            .with_cut(9, Duration::from_secs(8), true)
            .with_cut(31, Duration::from_secs(3), false);
        for number in 0..6 {
            world.start_at(Moment::from_secs(number), number, "one sea for all");
        }
        world.run_until_settled();
        world.run_until(world.now + Duration::from_hours(1));
        assert_nothing_broken(&mut world, 6);
    }
}

#[test]
fn twelve_identical_prompts_that_finish_in_random_order_each_get_their_own_image() {
    for era in ERAS {
        let traffic = Traffic { messages_per_minute: 60.0, jobs_per_minute: 10.0, same_prompt: 0.5 };
        let mut world = hearing(Settings { traffic, ..of_era(9, era) });
        for number in 0..12 {
            world.start_at(Moment::ORIGIN, number, "the same sea, again --v 6");
        }
        world.run_until_settled();
        assert_nothing_broken(&mut world, 12);
    }
}
