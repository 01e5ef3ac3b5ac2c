//! The windows that limits usually have. It knows no particular limit.

use std::time::Duration;

/// Windows that limits of Discord's are known to have (docs, discord-api-docs#1295, #1909, #5646, #8330), and round
/// ones between them; a wait is what is left of one.
const WINDOWS_MS: [u64; 19] = [
    250, 500, 1_000, 2_000, 4_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000,
    1_800_000, 3_600_000, 10_800_000, 43_200_000, 86_400_000,
];

/// The usual windows that are at least so long, the shortest first.
pub(crate) fn usual_windows(at_least: Duration) -> impl Iterator<Item = Duration> {
    WINDOWS_MS.into_iter().map(Duration::from_millis).filter(move |window| *window >= at_least)
}

/// The shortest usual window that is at least so long; the length itself, if none is.
pub(crate) fn usual_window(at_least: Duration) -> Duration {
    usual_windows(at_least).next().unwrap_or(at_least)
}
