//! The answer to `/info`: plan, mode, what is left, and what runs. It asks nobody.

use std::time::Duration;

use crate::job_id;
use crate::sighting::Mode;

/// An account, as `/info` tells it (erictik/midjourney-api's example, 2023). What is absent was not told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountInfo {
    /// The subscription as shown: `Pro (Active yearly, renews next on <t:…>)`.
    pub subscription: Option<String>,
    /// The plan: `Basic`, `Standard`, `Pro` …
    pub plan: Option<String>,
    /// When it renews, Unix seconds.
    pub renews_unix_s: Option<i64>,
    /// The mode of new jobs.
    pub mode: Option<Mode>,
    /// Whether new jobs are hidden from others.
    pub stealth: Option<bool>,
    /// How much fast time is left.
    pub fast_left: Option<Duration>,
    /// How much fast time the period had.
    pub fast_total: Option<Duration>,
    /// All that was ever made.
    pub lifetime: Option<Usage>,
    /// What was made in relaxed mode.
    pub relaxed: Option<Usage>,
    /// How many fast jobs wait at Midjourney.
    pub queued_fast: Option<u32>,
    /// How many relaxed jobs wait at Midjourney.
    pub queued_relaxed: Option<u32>,
    /// What runs.
    pub running: Option<Running>,
    /// Lines that are not understood: what stands before the colon, and behind it.
    pub others: Vec<(String, String)>,
}

/// What was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many images.
    pub images: u64,
    /// The time on Midjourney's machines.
    pub time: Option<Duration>,
}

/// Running jobs. How they are listed was never captured; ids and a number are both looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Running {
    /// How many.
    pub count: u32,
    /// Their ids, where they are told.
    pub job_ids: Vec<String>,
}

impl AccountInfo {
    /// Reads the text of an `/info` answer; any text gives an account of which less is known.
    pub fn parse(text: &str) -> Self {
        let mut account = Self::default();
        for (name, value) in entries(text) {
            account.read(name, value.trim());
        }
        account
    }

    fn read(&mut self, name: &str, value: &str) {
        match name.to_lowercase().as_str() {
            "subscription" => {
                self.plan = value.split_whitespace().next().map(str::to_owned);
                self.renews_unix_s = timestamp(value);
                self.subscription = Some(value.to_owned());
            }
            "job mode" => self.mode = mode(value),
            "visibility mode" => self.stealth = stealth(value),
            "fast time remaining" => (self.fast_left, self.fast_total) = hours_of_hours(value),
            "lifetime usage" => self.lifetime = usage(value),
            "relaxed usage" => self.relaxed = usage(value),
            "queued jobs (fast)" => self.queued_fast = number(value),
            "queued jobs (relax)" | "queued jobs (relaxed)" => self.queued_relaxed = number(value),
            "running jobs" => self.running = running(value),
            _ => self.others.push((name.to_owned(), value.to_owned())),
        }
    }
}

/// `**Name**: value`; a value may go on in the lines below.
fn entries(text: &str) -> Vec<(&str, String)> {
    let mut entries: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        let named = line.trim_start().strip_prefix("**").and_then(|line| line.split_once("**"));
        match (named, entries.last_mut()) {
            (Some((name, value)), _) => {
                let value = value.trim_start().trim_start_matches(':').trim();
                entries.push((name.trim().trim_end_matches(':'), value.to_owned()));
            }
            (None, Some((_, value))) if !line.trim().is_empty() => {
                value.push('\n');
                value.push_str(line.trim());
            }
            (None, _) => {}
        }
    }
    entries
}

/// `<t:1715321361>`, `<t:1715321361:R>`.
fn timestamp(text: &str) -> Option<i64> {
    let (_, rest) = text.split_once("<t:")?;
    rest.split([':', '>']).next()?.parse().ok()
}

/// `Fast`, `Relax`, `Turbo`; the bot's word is not the caption's.
fn mode(value: &str) -> Option<Mode> {
    let word = value.split_whitespace().next()?.to_lowercase();
    if word == "relax" { Some(Mode::Relaxed) } else { Mode::from_word(&word) }
}

fn stealth(value: &str) -> Option<bool> {
    match value.to_lowercase().as_str() {
        "stealth" => Some(true),
        "public" => Some(false),
        _ => None,
    }
}

/// `29.57/30.0 hours (98.58%)`.
fn hours_of_hours(value: &str) -> (Option<Duration>, Option<Duration>) {
    let (left, rest) = value.split_once('/').unwrap_or((value, ""));
    (hours(left), hours(rest))
}

/// The time of a text that begins with hours, `30.0 hours`.
fn hours(text: &str) -> Option<Duration> {
    let hours: f64 = text.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(hours * 3_600.0).ok()
}

/// `102 images (1.77 hours)`.
fn usage(value: &str) -> Option<Usage> {
    let images = value.split_whitespace().next()?.replace(',', "").parse().ok()?;
    let time = value.split_once('(').and_then(|(_, time)| hours(time));
    Some(Usage { images, time })
}

fn number(value: &str) -> Option<u32> {
    value.split_whitespace().next()?.parse().ok()
}

/// `None`, a number, or ids between any other signs.
fn running(value: &str) -> Option<Running> {
    if value.is_empty() {
        return None;
    }
    let is_of_an_id = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let job_ids: Vec<_> = value.split(|letter| !is_of_an_id(letter)).filter_map(job_id::last_in).collect();
    let listed = u32::try_from(job_ids.len()).unwrap_or(u32::MAX);
    let count = number(value).unwrap_or(listed).max(listed);
    Some(Running { count, job_ids })
}
