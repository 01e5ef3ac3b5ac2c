//! The limits that the clients meet, how much each sends, and the least time that it can take. Nothing is sent here.

use std::time::Duration;

use journeyman_sim::{Kind, Limits, Per, Rate, RouteLimit, Who, WindowModel};

/// How many channels are written to, how often each, and how often one more is read.
pub(super) const CHANNELS: u32 = 10;
pub(super) const PER_CHANNEL: u32 = 25;
pub(super) const HOT: u32 = 50;

/// What one client sends.
pub(super) const REQUESTS: u32 = CHANNELS * PER_CHANNEL + HOT;

/// 4 in 3 s for each channel written to, in fixed windows; 5 in 1 s for the channel that is read, leaking evenly. Discord
/// has both kinds (discord-api-docs#7680). All channels' first requests fit into one global window of 50 per second
/// (Discord's docs): beyond that, a client that knows no global limit is slowed by its own bursts, with or without a proxy.
const POSTS: Rate = rate(4, 3_000, WindowModel::FirstArrival);
const READS: Rate = rate(5, 1_000, WindowModel::TokenBucket);
const GLOBAL: Rate = rate(50, 1_000, WindowModel::FirstArrival);

const fn rate(limit: u32, per_ms: u64, window: WindowModel) -> Rate {
    Rate { limit, per: Duration::from_millis(per_ms), window }
}

pub(super) fn limits() -> Limits {
    let bucket = |method: &str, rate| RouteLimit {
        who: Who::Bot,
        method: method.to_owned(),
        template: "/channels/{channel.id}/messages".to_owned(),
        per: Per::Resource,
        rate,
        kind: Kind::Bucket,
        hash: None,
        counter: None,
    };
    Limits {
        global: Some(GLOBAL),
        routes: vec![bucket("POST", POSTS), bucket("GET", READS)],
        invalid: Limits::default().invalid,
    }
}

/// The least time from the first acceptance to the last, when so many clients use one token: the slowest of the
/// buckets and the global limit, each alone.
pub(super) fn bound(clients: u32) -> Duration {
    let buckets = least(POSTS, clients * PER_CHANNEL).max(least(READS, clients * HOT));
    buckets.max(least(GLOBAL, clients * REQUESTS))
}

/// The least time for one limit to accept so many.
fn least(rate: Rate, count: u32) -> Duration {
    match rate.window {
        WindowModel::TokenBucket => rate.per * count.saturating_sub(rate.limit) / rate.limit,
        WindowModel::FirstArrival | WindowModel::Aligned | WindowModel::SlidingLog => {
            rate.per * count.div_ceil(rate.limit).saturating_sub(1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_that_of_the_slowest_limit() {
        assert_eq!(REQUESTS, 300);
        assert_eq!(bound(1), Duration::from_secs(18));
        assert_eq!(bound(3), Duration::from_secs(54));
        assert_eq!(least(GLOBAL, 51), Duration::from_secs(1));
        assert_eq!(least(READS, 6), Duration::from_millis(200));
        assert_eq!(least(POSTS, 4), Duration::ZERO);
    }
}
