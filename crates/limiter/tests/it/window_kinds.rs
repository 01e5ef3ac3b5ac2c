//! Which kind of window a bucket has, recognised by its answers, and what that is good for. It measures no scenarios.

use std::cell::Cell;
use std::time::Duration;

use journeyman_limiter::{Answer, Config, Knowledge, Machine, Moment, Mutation, Scope, WindowKind};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestError};

use crate::ledger::{Model, Server};
use crate::lines::{Table, bucket, messages};
use crate::trial::Contender;
use crate::trial::scenario as scenes;
use crate::windows::{broken, runner};
use crate::world::World;

const SECOND: u64 = 1_000_000;

fn config(mutation: Mutation) -> Config {
    Config { global: None, mutation, max_wait: Duration::from_hours(100), ..Config::default() }
}

fn kind(machine: &mut Machine, now: Moment) -> WindowKind {
    let knowledge = machine.explain(now, &messages(1)).knowledge;
    let Knowledge::Bucket { window, .. } = knowledge else { panic!("the bucket is known: {knowledge:?}") };
    window
}

/// The kind that a server of a model truly has.
fn truth(model: Model) -> WindowKind {
    match model {
        Model::FirstArrival | Model::Aligned(_) => WindowKind::Fixed,
        Model::Log => WindowKind::Sliding,
        Model::Leaky => WindowKind::Leaking,
    }
}

/// One channel's requests, asked for over a span, and the world after them.
fn run(law: (Model, u64, u64), latency: (u64, u64), asked: (u64, u64), seed: u64, config: Config) -> World {
    let mut world = World::new(config, Server::new(law, None), latency, seed);
    let mut rng = fastrand::Rng::with_seed(seed);
    for _ in 0..asked.0 {
        world.ask(rng.u64(0..=asked.1), messages(1));
    }
    world.run();
    world
}

#[test]
fn the_kind_of_a_window_is_recognised_by_how_its_reset_moves() {
    for model in [Model::FirstArrival, Model::Aligned(300_000), Model::Log, Model::Leaky] {
        for (most, window) in [(5, 5 * SECOND), (5, SECOND), (10, 60 * SECOND)] {
            let mut world = run((model, most, window), (45_000, 55_000), (40, 0), 1, config(Mutation::None));
            let now = Moment::from_micros(world.last_accepted + 100_000);
            assert_eq!(kind(&mut world.machine, now), truth(model), "{model:?}, {most} per {window} µs");
            assert_eq!(world.user_429, 0);
        }
    }
}

/// Where a bucket holds one, the kinds do not differ; and one answer cannot tell them apart (discord-api-docs#7680).
#[test]
fn what_answers_cannot_tell_apart_stays_unknown() {
    let mut world =
        run((Model::FirstArrival, 1, SECOND), (45_000, 55_000), (20, 0), 1, config(Mutation::None));
    assert_eq!(kind(&mut world.machine, Moment::from_micros(world.last_accepted)), WindowKind::Unknown);
    let mut table = Table::new(config(Mutation::None));
    table.teach(&messages(1), &bucket("b", 5, 4, 5_000));
    assert_eq!(kind(&mut table.machine, table.now), WindowKind::Unknown);
}

#[derive(Clone, Debug)]
struct Case {
    law: (Model, u64, u64),
    latency: (u64, u64),
    asked: (u64, u64),
    seed: u64,
}

fn case() -> impl Strategy<Value = Case> {
    let model = prop_oneof![
        Just(Model::FirstArrival),
        (0_u64..3_000_000).prop_map(Model::Aligned),
        Just(Model::Log),
        Just(Model::Leaky),
    ];
    let law =
        (model, 1_u64..12, 50_u64..1_000).prop_map(|(model, most, part)| (model, most, part * 1_000 * most));
    let latency = (0_u64..200_000, 0_u64..800_000).prop_map(|(least, jitter)| (least, least + jitter));
    let asked = (10_u64..80, prop_oneof![Just(0), 1..20 * SECOND]);
    (law, latency, asked, any::<u64>()).prop_map(|(law, latency, asked, seed)| Case {
        law,
        latency,
        asked,
        seed,
    })
}

fn check(case: &Case, mutation: Mutation) -> Result<WindowKind, TestCaseError> {
    let mut world = run(case.law, case.latency, case.asked, case.seed, config(mutation));
    prop_assert_eq!(world.user_429, 0, "429s");
    let kind = kind(&mut world.machine, Moment::from_micros(world.last_accepted + 2 * case.latency.1));
    prop_assert!(kind == WindowKind::Unknown || kind == truth(case.law.0), "taken for {}", kind);
    Ok(kind)
}

/// Answers overtake each other, and their headers are rounded: neither fools it.
#[test]
fn a_recognised_kind_is_the_servers_own_at_every_jitter_and_no_limit_is_exceeded() {
    let (all, recognised) = (Cell::new(0), Cell::new(0));
    let outcome = runner(400).run(&case(), |case| {
        let kind = check(&case, Mutation::None)?;
        all.set(all.get() + 1);
        recognised.set(recognised.get() + u32::from(kind != WindowKind::Unknown));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(recognised.get() * 2 > all.get(), "{} of {} are recognised", recognised.get(), all.get());
}

/// What rests forgets where the present window ends, which can only make a kind be recognised later.
#[test]
fn a_kind_that_was_recognised_before_a_rest_is_still_the_servers_own() {
    let outcome = runner(200).run(&case(), |case| check(&case, Mutation::RestsAtOnce).map(|_| ()));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn a_limiter_that_guesses_the_kind_breaks_limits() {
    let outcome = broken(300).run(&case(), |case| check(&case, Mutation::GuessesFixed).map(|_| ()));
    let Err(TestError::Fail(why, _)) = outcome else { panic!("a wrong guess goes unnoticed") };
    assert!(why.to_string().contains("429s"), "{why}");
}

/// Three in a window of a second, one after the other, twice.
fn fixed(table: &mut Table) {
    for _ in 0..2 {
        for (left, reset) in [(2, 1_000), (1, 800), (0, 600)] {
            table.teach(&messages(1), &bucket("b", 3, left, reset));
            table.pass(200);
        }
        table.pass(1_000);
    }
    assert_eq!(kind(&mut table.machine, table.now), WindowKind::Fixed);
}

#[test]
fn where_windows_are_fixed_the_whole_burst_goes_at_the_reset_that_any_answer_of_the_window_tells() {
    for (window_kinds, at_once) in [(true, 3), (false, 1)] {
        let mut table = Table::new(Config { window_kinds, ..config(Mutation::None) });
        if window_kinds {
            fixed(&mut table);
        } else {
            table.teach(&messages(1), &bucket("b", 3, 2, 1_000));
            table.pass(2_000);
        }
        let tickets: Vec<_> = (0..3).map(|_| table.ask(&messages(1))).collect();
        assert_eq!(table.granted(), tickets);
        for ticket in &tickets {
            table.send(*ticket);
        }
        table.pass(50);
        // All arrived at once; the window ends 1,000 ms later, and the first answer was the fastest.
        for (ticket, (left, late)) in tickets.into_iter().zip([(2, 0), (0, 150), (1, 150)]) {
            table.pass(late);
            table.answer(ticket, &bucket("b", 3, left, 1_000));
        }
        let next: Vec<_> = (0..3).map(|_| table.ask(&messages(1))).collect();
        table.pass(1_001 - 300);
        assert_eq!(table.granted(), next[..at_once], "kinds recognised: {window_kinds}");
    }
}

#[test]
fn a_leaking_bucket_that_others_have_filled_gives_one_when_one_comes_back() {
    let leaky = (Model::Leaky, 5, 5 * SECOND);
    let mut world = run(leaky, (45_000, 55_000), (20, 0), 1, config(Mutation::None));
    let now = Moment::from_micros(world.last_accepted + 60 * SECOND);
    assert_eq!(kind(&mut world.machine, now), WindowKind::Leaking);
    // Another process has used four, and the first of ours is told of all five.
    let ticket = world.machine.enqueue(now, &messages(1));
    let _granted = world.machine.poll(now);
    world.machine.departed(now, ticket);
    let full = Answer { bucket: Some("b0ca".into()), ..bucket("b0ca", 5, 0, 5_000) };
    world.machine.settle(now, ticket, journeyman_limiter::End::Answered(&full));
    let _next = world.machine.enqueue(now, &messages(1));
    assert!(world.machine.poll(now).is_none());
    let (at, _) = world.machine.next_wakeup().expect("it waits for a moment");
    let mut at = at;
    while world.machine.poll(at).is_none() {
        at = world.machine.next_wakeup().expect("it waits for a moment").0;
    }
    // One at a time comes back, ours counted as the last of them: after two seconds there is room, not after five.
    assert!(at >= now + Duration::from_secs(1) && at < now + Duration::from_millis(2_100), "{at:?}");
}

#[test]
fn answers_that_contradict_the_kind_make_it_unknown_again() {
    let mut table = Table::new(config(Mutation::None));
    fixed(&mut table);
    // The same window ends half a second later than it did: it is not fixed after all.
    for (left, reset) in [(2, 500), (1, 900), (0, 950)] {
        table.teach(&messages(1), &bucket("b", 3, left, reset));
    }
    assert_eq!(kind(&mut table.machine, table.now), WindowKind::Unknown);
}

#[test]
fn after_a_429_of_its_own_no_kind_is_relied_on() {
    let mut table = Table::new(config(Mutation::None));
    fixed(&mut table);
    let ticket = table.ask(&messages(1));
    assert_eq!(table.granted(), [ticket]);
    table.send(ticket);
    let refused = Answer {
        status: 429,
        scope: Some(Scope::User),
        retry_after: Some(Duration::from_secs(1)),
        ..bucket("b", 3, 0, 1_000)
    };
    table.answer(ticket, &refused);
    assert_eq!(kind(&mut table.machine, table.now), WindowKind::Unknown);
}

#[test]
fn explain_says_what_kind_of_window_it_is() {
    let mut table = Table::new(config(Mutation::None));
    fixed(&mut table);
    let said = table.machine.explain(table.now, &messages(1)).to_string();
    assert!(said.contains("3 of 3 left in bucket b, whose window is fixed"), "{said}");
}

/// What it is for: where the ways of a window's answers differ, nobody waits for the slowest of them.
#[test]
fn a_fixed_window_that_is_recognised_takes_less_time_where_ways_differ() {
    for (scenario, least) in [(scenes::a_wide_bucket(), 0.02), (scenes::distinct_messages(), 0.02)] {
        let scenario = scenario.with_jitter(300);
        let efficiency = |contender: Contender| {
            let scores: Vec<_> = (0..20).map(|seed| contender.run(&scenario, seed)).collect();
            assert!(scores.iter().all(|score| score.limited() == 0), "{}", scenario.name);
            scores.iter().map(crate::trial::score::Score::efficiency).sum::<f64>() / 20.0
        };
        let (with, without) = (efficiency(Contender::Journeyman), efficiency(Contender::Unrecognised));
        assert!(with >= without + least, "{}: {with:.3} and {without:.3}", scenario.name);
    }
}
