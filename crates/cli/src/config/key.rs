//! Every setting by name, with its default and what it is. What a value means is `meaning`'s subject.

/// One setting.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// What it is, to follow "it is".
    pub(crate) about: &'static str,
    pub(crate) default: Option<&'static str>,
    /// Never shown.
    pub(crate) secret: bool,
    pub(crate) in_file: bool,
    pub(crate) in_environment: bool,
    /// Another way to name the same thing.
    pub(crate) rival: Option<&'static str>,
}

impl Key {
    /// The name of its environment variable.
    pub(crate) fn variable(&self) -> String {
        format!("JOURNEYMAN_{}", self.name.to_uppercase())
    }
}

const fn key(name: &'static str, default: Option<&'static str>, about: &'static str) -> Key {
    Key { name, about, default, secret: false, in_file: true, in_environment: true, rival: None }
}

/// Every setting, in the order in which `config show` prints them.
pub(crate) const KEYS: &[Key] = &[
    Key { secret: true, rival: Some("token_file"), ..key("token", None, "the account's token") },
    Key { rival: Some("token"), ..key("token_file", None, "a file with the account's token in it") },
    key("channel", None, "the id of the channel to work in"),
    key("guild", None, "the id of the channel's guild, left out for a direct message"),
    key("api_base", Some("https://discord.com"), "an origin; plain http for this machine only"),
    key("watch", Some("auto"), "how the channel is followed: auto, gateway or poll"),
    key(
        "gateway",
        None,
        "the gateway's address; Discord's own when left out, or what a local api_base names",
    ),
    // Only a file can hold it: a flag or a variable is too easily passed on without being read.
    Key {
        in_environment: false,
        ..key("accept_account_risk", Some("false"), "true once you accept the risk in README.md")
    },
    key("out", Some("journeyman-images"), "the folder in which images are saved"),
    key(
        "store",
        None,
        "the file in which jobs are kept, or memory; jobs.sqlite3 in the folder of your data when left out",
    ),
    key("split", Some("false"), "true to save a grid's four quarters too"),
    key(
        "record",
        None,
        "a folder in which everything that passes is recorded, without secrets; none: nothing is",
    ),
    key("record_prompts", Some("true"), "false to keep no prompts in a recording"),
    key("prompt_version", None, "the account's default version of Midjourney, such as 7 or niji 6, for lint"),
    key("prompt_mode", None, "the account's default speed, for lint: fast, relax or turbo"),
    key("screen_lists", None, "files with words and phrases that no prompt may have, separated as in PATH"),
    key(
        "screen_outcomes",
        None,
        "a file of past outcomes, to advise by, and to which each job's is appended",
    ),
    key(
        "screen_refuse_above",
        None,
        "from which probability of a refusal on a prompt is not sent, 0 to 1; none: only advice",
    ),
    key("pace_ms", Some("350"), "the least time between two requests, in milliseconds, 0 for none"),
    key("poll_min_s", Some("3"), "the least time between two looks at the channel, in seconds"),
    key("poll_max_s", Some("5"), "the longest time between two looks at the channel, in seconds"),
    key("max_retries", Some("3"), "how many times a request that allows it is sent again"),
    key("progress", Some("auto"), "whether progress can be seen in the channel: auto, visible or hidden"),
    key("first_sign_s", Some("60"), "how long a first sign of the job is waited for, in seconds"),
    key("no_progress_s", Some("300"), "how long a job may show no progress, in seconds"),
    key(
        "slow_s",
        Some("1200"),
        "the same while queued, relaxed, or where progress cannot be seen, in seconds",
    ),
    key("grace_s", Some("15"), "how long a result is waited for after a message vanished, in seconds"),
    key("cap_s", Some("3600"), "how long a job is waited for at most, in seconds"),
    key("seed", None, "a number that seeds all jitter; from the time when left out"),
    Key {
        in_file: false,
        ..key("time_scale", Some("1"), "how many times faster time runs; for a loopback api_base only")
    },
];

/// The key with this name.
pub(crate) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}
