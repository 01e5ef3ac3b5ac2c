//! Other people in the channel: what they say and which pictures they ask for.
//!
//! Their jobs are run by the same bot, each in an account of its own.

use std::time::Duration;

use crate::account::User;

/// How busy other people are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traffic {
    /// Ordinary messages by people, per minute and channel. 0.
    pub messages_per_minute: f64,
    /// Other people's imagines, per minute and channel. 0.
    pub jobs_per_minute: f64,
    /// The chance that such a job repeats the account's own latest prompt, word for word. 0.
    pub same_prompt: f64,
}

/// What another person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Talk,
    Imagine,
}

/// The seeded source of other people's doings.
#[derive(Debug)]
pub(crate) struct Crowd {
    traffic: Traffic,
    random: fastrand::Rng,
}

const NAMES: &[&str] = &["ada", "bruno", "chloe", "dmitri", "elif", "farid", "greta", "hiro"];
const REMARKS: &[&str] = &[
    "wow, nice one",
    "how did you get that light?",
    "**bold** claim - <@1> (fast)",
    "good morning everyone",
    "is it slow for you as well?",
];
const PROMPTS: &[&str] = &[
    "a red fox in the snow",
    "portrait of an old sailor --ar 2:3",
    "a city of glass at night --ar 16:9",
    "isometric tea house, soft light",
    "a desert under two moons --v 6.0",
];

impl Crowd {
    pub(crate) fn new(traffic: Traffic, seed: u64) -> Self {
        Self { traffic, random: fastrand::Rng::with_seed(seed) }
    }

    /// How long until somebody does this next, if anybody ever does.
    pub(crate) fn wait(&mut self, act: Act) -> Option<Duration> {
        let per_minute = match act {
            Act::Talk => self.traffic.messages_per_minute,
            Act::Imagine => self.traffic.jobs_per_minute,
        };
        if !per_minute.is_finite() || per_minute <= 0.0 {
            return None;
        }
        // Independent people: exponential gaps.
        let minutes = -(1.0 - self.random.f64()).ln() / per_minute;
        Duration::try_from_secs_f64(minutes * 60.0).ok()
    }

    /// Somebody of the crowd; each is an account of its own.
    pub(crate) fn somebody(&mut self) -> User {
        let name = self.random.choice(NAMES).copied().unwrap_or("somebody");
        let id = 400_000_000_000_000_000 + self.random.u64(1..5_000);
        User { id, name: format!("{name}_{}", id % 1_000), bot: false }
    }

    pub(crate) fn remark(&mut self) -> String {
        self.random.choice(REMARKS).copied().unwrap_or_default().to_owned()
    }

    /// A prompt, now and then the same as the account's latest.
    pub(crate) fn prompt(&mut self, latest: Option<&str>) -> String {
        let repeat = self.random.f64() < self.traffic.same_prompt;
        match latest {
            Some(latest) if repeat => latest.to_owned(),
            Some(_) | None => self.random.choice(PROMPTS).copied().unwrap_or_default().to_owned(),
        }
    }
}
