//! An answer as it is stored with its job. It was true when it was told; nobody is asked again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{AccountInfo, Described, Reply, Running, SettingsPanel, Shortened, Token, Usage};
use crate::sighting::{Button, Mode};

/// A stored [`Reply`]. The settings have no fields here: they are read from the stored buttons.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplyRecord {
    /// `account`, `described`, `shortened`, `settings` or `text`.
    pub kind: String,
    /// The account.
    pub account: Option<AccountRecord>,
    /// The described prompts, or the shorter ones.
    pub prompts: Vec<String>,
    /// The words of a shortened prompt.
    pub tokens: Vec<TokenRecord>,
    /// A text for people.
    pub text: Option<String>,
}

/// A stored [`AccountInfo`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountRecord {
    /// The subscription as shown.
    pub subscription: Option<String>,
    /// The plan.
    pub plan: Option<String>,
    /// When it renews, Unix seconds.
    pub renews_unix_s: Option<i64>,
    /// The mode of new jobs.
    pub mode: Option<String>,
    /// Whether new jobs are hidden from others.
    pub stealth: Option<bool>,
    /// Fast time left, microseconds.
    pub fast_left_us: Option<u64>,
    /// Fast time of the period, microseconds.
    pub fast_total_us: Option<u64>,
    /// All that was ever made.
    pub lifetime: Option<UsageRecord>,
    /// What was made in relaxed mode.
    pub relaxed: Option<UsageRecord>,
    /// How many fast jobs wait.
    pub queued_fast: Option<u32>,
    /// How many relaxed jobs wait.
    pub queued_relaxed: Option<u32>,
    /// How many jobs run.
    pub running: Option<u32>,
    /// Their ids, where they were told.
    pub running_job_ids: Vec<String>,
    /// Lines that were not understood.
    pub others: Vec<(String, String)>,
}

/// A stored [`Usage`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsageRecord {
    /// How many images.
    pub images: u64,
    /// The time on Midjourney's machines, microseconds.
    pub time_us: Option<u64>,
}

/// A stored [`Token`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenRecord {
    /// As shown.
    pub text: String,
    /// Whether it is marked as important.
    pub important: bool,
    /// Its weight in thousandths.
    pub weight_thousandths: Option<u32>,
}

impl From<&Reply> for ReplyRecord {
    fn from(reply: &Reply) -> Self {
        let of = |kind: &str| Self { kind: kind.to_owned(), ..Self::default() };
        match reply {
            Reply::Account(info) => Self { account: Some(info.as_ref().into()), ..of("account") },
            Reply::Described(Described { prompts }) => Self { prompts: prompts.clone(), ..of("described") },
            Reply::Shortened(Shortened { tokens, prompts }) => Self {
                prompts: prompts.clone(),
                tokens: tokens.iter().map(TokenRecord::from).collect(),
                ..of("shortened")
            },
            Reply::Settings(_) => of("settings"),
            Reply::Text(text) => Self { text: Some(text.clone()), ..of("text") },
        }
    }
}

impl ReplyRecord {
    /// The answer; `None` for one of a kind that this program does not know. `buttons` are those of its message.
    pub fn read(&self, buttons: &[Button]) -> Option<Reply> {
        match self.kind.as_str() {
            "account" => {
                let account = self.account.as_ref().map(AccountInfo::from).unwrap_or_default();
                Some(Reply::Account(Box::new(account)))
            }
            "described" => Some(Reply::Described(Described { prompts: self.prompts.clone() })),
            "shortened" => Some(Reply::Shortened(Shortened {
                tokens: self.tokens.iter().map(Token::from).collect(),
                prompts: self.prompts.clone(),
            })),
            "settings" => Some(Reply::Settings(SettingsPanel::of(buttons))),
            "text" => Some(Reply::Text(self.text.clone().unwrap_or_default())),
            _ => None,
        }
    }
}

impl From<&AccountInfo> for AccountRecord {
    fn from(info: &AccountInfo) -> Self {
        let usage = |usage: &Usage| UsageRecord { images: usage.images, time_us: usage.time.map(micros) };
        Self {
            subscription: info.subscription.clone(),
            plan: info.plan.clone(),
            renews_unix_s: info.renews_unix_s,
            mode: info.mode.map(|mode| mode.word().to_owned()),
            stealth: info.stealth,
            fast_left_us: info.fast_left.map(micros),
            fast_total_us: info.fast_total.map(micros),
            lifetime: info.lifetime.as_ref().map(usage),
            relaxed: info.relaxed.as_ref().map(usage),
            queued_fast: info.queued_fast,
            queued_relaxed: info.queued_relaxed,
            running: info.running.as_ref().map(|running| running.count),
            running_job_ids: info.running.as_ref().map(|running| running.job_ids.clone()).unwrap_or_default(),
            others: info.others.clone(),
        }
    }
}

impl From<&AccountRecord> for AccountInfo {
    fn from(record: &AccountRecord) -> Self {
        let usage = |usage: &UsageRecord| Usage {
            images: usage.images,
            time: usage.time_us.map(Duration::from_micros),
        };
        let job_ids = record.running_job_ids.clone();
        Self {
            subscription: record.subscription.clone(),
            plan: record.plan.clone(),
            renews_unix_s: record.renews_unix_s,
            mode: record.mode.as_deref().and_then(Mode::from_word),
            stealth: record.stealth,
            fast_left: record.fast_left_us.map(Duration::from_micros),
            fast_total: record.fast_total_us.map(Duration::from_micros),
            lifetime: record.lifetime.as_ref().map(usage),
            relaxed: record.relaxed.as_ref().map(usage),
            queued_fast: record.queued_fast,
            queued_relaxed: record.queued_relaxed,
            running: record.running.map(|count| Running { count, job_ids }),
            others: record.others.clone(),
        }
    }
}

impl From<&Token> for TokenRecord {
    fn from(token: &Token) -> Self {
        Self {
            text: token.text.clone(),
            important: token.important,
            weight_thousandths: token.weight_thousandths,
        }
    }
}

impl From<&TokenRecord> for Token {
    fn from(record: &TokenRecord) -> Self {
        Self {
            text: record.text.clone(),
            important: record.important,
            weight_thousandths: record.weight_thousandths,
        }
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
