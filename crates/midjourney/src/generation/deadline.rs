//! How long a generation waits for what. It holds numbers, and decides nothing.

use std::time::Duration;

/// The deadlines of a generation; each can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For the first sign, where progress can be seen. Default 60 s.
    pub first_sign: Duration,
    /// For a form that a press opens. Default 30 s.
    pub form: Duration,
    /// Without progress. Default 5 min.
    pub progress: Duration,
    /// Without progress when queued, paused, relaxed, or where progress cannot be seen. Default 20 min.
    pub slow: Duration,
    /// After the progress message vanished. Default 15 s.
    pub grace: Duration,
    /// The least number of successful reads after it vanished. Default 3.
    pub grace_looks: u32,
    /// For all of it. Default 60 min.
    pub cap: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            first_sign: Duration::from_mins(1),
            form: Duration::from_secs(30),
            progress: Duration::from_mins(5),
            slow: Duration::from_mins(20),
            grace: Duration::from_secs(15),
            grace_looks: 3,
            cap: Duration::from_hours(1),
        }
    }
}

/// Whether progress messages can be seen by reading the channel.
///
/// In 2023 they were ordinary messages (captures of 2023-03 and 2023-07); since about 2024
/// they are ephemeral and only the gateway of the invoking user sees them
/// (erictik/midjourney-api#263, bulkai#84).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ProgressVisibility {
    /// They can be seen.
    Visible,
    /// They cannot: a job shows nothing until its result.
    Hidden,
    /// Learnt from what is seen; until then as if they could not.
    #[default]
    Auto,
}
