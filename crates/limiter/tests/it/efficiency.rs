//! That safety does not cost much time: virtual seconds against the least possible. It measures no processor time.

use std::time::Duration;

use journeyman_limiter::{Config, GlobalLimit};

use crate::ledger::{Limit, Model, Server};
use crate::lines::messages;
use crate::world::World;

const SECOND: u64 = 1_000_000;

/// Sends to channels in turn, and gives the seconds until the last request was accepted.
fn seconds(model: Model, limit: u64, window: u64, global: Option<u64>, requests: u64, channels: u64) -> f64 {
    let global_limit = global.map(|limit| Limit::new(model, limit, SECOND));
    let server = Server::new((model, limit, window), global_limit);
    let config = Config {
        global: global.map(|limit| GlobalLimit {
            limit: u32::try_from(limit).expect("small"),
            window: Duration::from_secs(1),
        }),
        max_wait: Duration::from_hours(10),
        ..Config::default()
    };
    let mut world = World::new(config, server, (45_000, 55_000), 1);
    world.checked = false;
    for number in 0..requests {
        world.ask(0, messages(number % channels));
    }
    world.run();
    assert_eq!((world.user_429, world.global_429), (0, 0), "{model:?}");
    #[expect(clippy::cast_precision_loss, reason = "a few minutes in microseconds")]
    let seconds = world.last_accepted as f64 / 1e6;
    seconds
}

fn check(what: &str, took: f64, least: f64, efficiency: f64) {
    assert!(took * efficiency <= least, "{what}: {took:.2} s, the least is {least:.2} s");
}

#[test]
fn a_bucket_is_used_as_far_as_it_goes() {
    for model in [Model::FirstArrival, Model::Aligned(300_000), Model::Leaky] {
        let took = seconds(model, 5, SECOND, None, 100, 1);
        check(&format!("100 at 5 per 1 s, {model:?}"), took, 19.0, 0.85);
        let took = seconds(model, 5, 5 * SECOND, None, 100, 1);
        check(&format!("100 at 5 per 5 s, {model:?}"), took, 95.0, 0.95);
    }
}

/// One in flight per bucket, as most have it, would take 30 s.
#[test]
fn a_wide_bucket_has_many_in_flight() {
    let took = seconds(Model::FirstArrival, 30, SECOND, None, 300, 1);
    check("300 at 30 per 1 s", took, 9.0, 0.85);
}

/// A leaky bucket with waiters is drained as it leaks, not once per window.
#[test]
fn after_a_burst_a_leaky_bucket_gives_one_after_the_other() {
    let took = seconds(Model::Leaky, 5, 5 * SECOND, None, 6, 1);
    assert!(took < 1.6, "the sixth went after {took:.2} s; a whole window is 5 s");
}

#[test]
fn the_global_limit_is_used_as_far_as_it_goes() {
    for model in [Model::FirstArrival, Model::Aligned(300_000), Model::Log, Model::Leaky] {
        let took = seconds(model, 5, SECOND, Some(50), 1_000, 200);
        check(&format!("1000 at 50 per 1 s, {model:?}"), took, 19.0, 0.85);
    }
}
