//! Each image is its own job's, whatever the prompts are: many worlds, told apart by what is drawn in the
//! pictures. It sends nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use journeyman_midjourney::outcome::Outcome;
use journeyman_moment::Moment;
use journeyman_sim::{Disorder, Era, Pictures, Plan, Rewriting, Settings, Traffic};

use super::world::Virtual;
use crate::driver::core::JobNumber;
use crate::settings::WatchMode;

/// How many jobs each world has: twelve identical ones, twelve that are rewritten, six near twins.
const JOBS: u64 = 30;

/// Prompts that come back as other texts, each in a way that is known, and some in several at once.
const REWRITTEN: [&str; 12] = [
    "a  lighthouse   in fog",
    "a lighthouse —ar 3:2",
    "https://example.com/sea.png a lighthouse",
    "a lighthouse --v 6.0 --ar 16:9",
    "a lighthouse --style raw --ar 2:3",
    "a lighthouse --video --ar 1:1",
    "a lighthouse --aspect 5:4",
    "a lighthouse --version 6.1 --q 1",
    "a lighthouse --s 100 --c 0",
    "a lighthouse --niji 6 --ar 4:5",
    "https://example.com/a.png  https://example.com/b.png a lighthouse —aspect 7:4 --style raw --q 1",
    "a lighthouse --no fog, rain --stylize 100 --chaos 0",
];

/// Prompts that differ by a word, a letter, a parameter, or not at all once they were rewritten.
const TWINS: [&str; 6] = [
    "a cat in a hat",
    "a cat in a hat --ar 3:2",
    "a cat in a hat --v 6.1",
    "a cat in a hat!",
    "a cat in  a hat",
    "a cat in the hat",
];

/// How many worlds: 10,000 jobs and a few more in the long run.
fn seeds() -> u64 {
    if std::env::var_os("JOURNEYMAN_LONG").is_some() { 336 } else { 8 }
}

#[test]
fn twelve_identical_prompts_rewritten_ones_and_near_twins_six_seconds_apart_mismatch_no_image() {
    let mut jobs = 0;
    for seed in 0..seeds() {
        let mut world = world(seed);
        world.run_until_settled();
        if !world.ends.values().flatten().all(|end| matches!(end.outcome, Outcome::Finished(_))) {
            // What was given up may still come late.
            world.run_until(world.now + Duration::from_hours(1));
        }
        jobs += assert_owned(&mut world, seed);
    }
    assert_eq!(jobs, seeds() * JOBS);
}

/// Everything but the fixed prompts is drawn from the seed: the era and how it is followed in turn,
/// the rewriting, other people, disorder, cuts, and when each job begins.
fn world(seed: u64) -> Virtual {
    let mut rng = fastrand::Rng::with_seed(seed);
    let era = if seed.is_multiple_of(2) { Era::E2023 } else { Era::E2026 };
    let settings = Settings {
        seed,
        pictures: Pictures::Tiny,
        plan: Plan::Pro,
        rewriting: rewriting(&mut rng),
        traffic: Traffic {
            messages_per_minute: rng.f64() * 60.0,
            jobs_per_minute: rng.f64() * 10.0,
            same_prompt: 0.7,
        },
        disorder: Disorder {
            duplicate_final: rng.f64() * 0.3,
            final_before_delete: rng.f64() * 0.5,
            progress_backwards: rng.f64() * 0.5,
        },
        ..Settings::for_era(era)
    };
    let mut world = Virtual::new(settings);
    if seed % 4 < 2 {
        world = world.with_gateway(WatchMode::Auto);
        for _ in 0..rng.u8(0..6) {
            world = world.with_cut(rng.usize(0..900), Duration::from_secs(rng.u64(1..40)), rng.bool());
        }
    }
    for number in 0..12 {
        world.start_at(Moment::ORIGIN, number, "the same sea, again");
    }
    for (number, prompt) in (12..).zip(REWRITTEN) {
        world.start_at(Moment::from_secs(rng.u64(0..240)), number, prompt);
    }
    let first = rng.u64(0..240);
    for (number, prompt) in (0..).zip(TWINS) {
        world.start_at(Moment::from_secs(first + 6 * number), 24 + number, prompt);
    }
    world
}

/// All ways in half of the worlds, and any of them in the others.
fn rewriting(rng: &mut fastrand::Rng) -> Rewriting {
    if rng.bool() {
        return Rewriting { sref: rng.bool(), ..Rewriting::default() };
    }
    let version = rng.bool();
    Rewriting {
        spaces: rng.bool(),
        dashes: rng.bool(),
        links: rng.bool(),
        order: rng.bool(),
        version,
        // `raw` is shown within the version, so only where one is shown.
        raw: version && rng.bool(),
        video: rng.bool(),
        aliases: rng.bool(),
        defaults: rng.bool(),
        sref: rng.bool(),
    }
}

/// Each job has one image, which is its own by the owner that is drawn in it; says how many have.
fn assert_owned(world: &mut Virtual, seed: u64) -> u64 {
    let report = world.world.report();
    let ours: BTreeMap<String, _> =
        report.jobs.iter().filter_map(|job| Some((job.nonce.clone()?, job))).collect();
    let mut owned = 0;
    for number in 0..JOBS {
        let context = format!("seed {seed}, job {number}");
        let last = world.ends[&JobNumber(number)].last().expect("an end").outcome.clone();
        let Outcome::Finished(finished) = last else { panic!("{context}: {last:?}") };
        let record = ours[&format!("14000000000{number:08}")];
        assert_eq!((record.executions, record.charged), (1, 1), "{context}: {record:?}");
        let drawn = journeyman_sim::picture_owner(&world.picture(&finished)).expect("a picture");
        assert!(record.job_ids.contains(&drawn.job_id), "{context}: {record:?} is not {drawn:?}");
        owned += 1;
    }
    owned
}
