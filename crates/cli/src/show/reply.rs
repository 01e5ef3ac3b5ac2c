//! What the bot answers, for people and for programs. It decides nothing.

use std::fmt::Write as _;
use std::time::Duration;

use journeyman::{AccountInfo, Described, Reply, SettingsPanel, Shortened};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

/// How long the bar of a word of full weight is.
const BAR: usize = 20;

/// As people read it, with a line's end.
pub(crate) fn text(reply: &Reply) -> String {
    match reply {
        Reply::Account(info) => account(info),
        Reply::Described(Described { prompts }) => numbered(prompts),
        Reply::Shortened(shortened) => analysed(shortened),
        Reply::Settings(panel) => settings(panel),
        Reply::Text(text) => format!("{}\n", text.trim_end()),
    }
}

fn account(info: &AccountInfo) -> String {
    let hours = |time: Duration| format!("{:.2} h", time.as_secs_f64() / 3_600.0);
    let fast = info.fast_left.map(|left| match info.fast_total {
        Some(total) => format!("{} of {}", hours(left), hours(total)),
        None => hours(left),
    });
    let usage = |usage: &journeyman_midjourney::reply::Usage| match usage.time {
        Some(time) => format!("{} images in {}", usage.images, hours(time)),
        None => format!("{} images", usage.images),
    };
    let running = info.running.as_ref().map(|running| match running.job_ids.as_slice() {
        [] => running.count.to_string(),
        ids => format!("{} ({})", running.count, ids.join(", ")),
    });
    let rows = [
        ("Subscription", info.subscription.clone()),
        ("Mode", info.mode.map(|mode| mode.word().to_owned())),
        ("Visibility", info.stealth.map(|on| if on { "stealth" } else { "public" }.to_owned())),
        ("Fast time left", fast),
        ("Lifetime", info.lifetime.as_ref().map(usage)),
        ("Relaxed", info.relaxed.as_ref().map(usage)),
        ("Queued, fast", info.queued_fast.map(|count| count.to_string())),
        ("Queued, relaxed", info.queued_relaxed.map(|count| count.to_string())),
        ("Running", running),
    ];
    let known = rows.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    table(known.chain(info.others.iter().cloned()))
}

fn settings(panel: &SettingsPanel) -> String {
    let lists = panel.lists.iter().map(|list| {
        let others: Vec<_> = list.offered.iter().filter(|one| !list.chosen.contains(one)).cloned().collect();
        (list.chosen.join(", "), format!("chosen; also: {}", others.join(", ")))
    });
    let switches = panel
        .switches
        .iter()
        .map(|switch| (switch.label.clone(), if switch.is_on { "on" } else { "off" }.to_owned()));
    table(lists.chain(switches))
}

fn table(rows: impl Iterator<Item = (String, String)>) -> String {
    let rows: Vec<_> = rows.collect();
    let width = rows.iter().map(|(name, _)| name.width()).max().unwrap_or_default();
    let line =
        |(name, value): &(String, String)| format!("{name}{}  {value}\n", " ".repeat(width - name.width()));
    rows.iter().map(line).collect()
}

fn numbered(prompts: &[String]) -> String {
    let mut text = String::new();
    for (index, prompt) in prompts.iter().enumerate() {
        let _ = writeln!(text, "{}  {prompt}", index + 1);
    }
    text
}

/// Each word with its weight as a bar, then the shorter prompts.
fn analysed(shortened: &Shortened) -> String {
    let width = shortened.tokens.iter().map(|token| token.text.width()).max().unwrap_or_default();
    let mut text = String::new();
    for token in &shortened.tokens {
        let pad = " ".repeat(width - token.text.width());
        let _ = match token.weight_thousandths {
            Some(weight) => {
                let bar = "█".repeat(length(weight));
                writeln!(text, "{}{pad}  {bar:<BAR$}  {:.2}", token.text, f64::from(weight) / 1_000.0)
            }
            None => writeln!(text, "{}{pad}  {:BAR$}  -", token.text, ""),
        };
    }
    text.push('\n');
    text.push_str(&numbered(&shortened.prompts));
    text
}

fn length(weight_thousandths: u32) -> usize {
    let weight = usize::try_from(weight_thousandths).unwrap_or(usize::MAX).min(1_000);
    (weight * BAR).div_ceil(1_000)
}

/// As programs read it.
pub(crate) fn object(reply: &Reply) -> Value {
    match reply {
        Reply::Account(info) => account_object(info),
        Reply::Described(Described { prompts }) => json!({"kind": "described", "prompts": prompts}),
        Reply::Shortened(shortened) => {
            let word = |token: &journeyman_midjourney::reply::Token| {
                json!({
                    "text": token.text,
                    "important": token.important,
                    "weight": token.weight_thousandths.map(|weight| f64::from(weight) / 1_000.0),
                })
            };
            let words: Vec<_> = shortened.tokens.iter().map(word).collect();
            json!({"kind": "shortened", "words": words, "prompts": shortened.prompts})
        }
        Reply::Settings(panel) => settings_object(panel),
        Reply::Text(text) => json!({"kind": "text", "text": text}),
    }
}

fn account_object(info: &AccountInfo) -> Value {
    let usage = |usage: &journeyman_midjourney::reply::Usage| json!({"images": usage.images, "time_s": usage.time.map(|time| time.as_secs())});
    let running = info.running.as_ref();
    json!({
        "kind": "account",
        "subscription": info.subscription,
        "plan": info.plan,
        "renews_unix_s": info.renews_unix_s,
        "mode": info.mode.map(journeyman::Mode::word),
        "stealth": info.stealth,
        "fast_left_s": info.fast_left.map(|time| time.as_secs()),
        "fast_total_s": info.fast_total.map(|time| time.as_secs()),
        "lifetime": info.lifetime.as_ref().map(usage),
        "relaxed": info.relaxed.as_ref().map(usage),
        "queued_fast": info.queued_fast,
        "queued_relaxed": info.queued_relaxed,
        "running": running.map(|running| json!({"count": running.count, "job_ids": running.job_ids})),
        "others": info.others.iter().map(|(name, value)| json!([name, value])).collect::<Vec<_>>(),
    })
}

fn settings_object(panel: &SettingsPanel) -> Value {
    let switch = |one: &journeyman_midjourney::reply::Switch| json!({"label": one.label, "custom_id": one.custom_id, "on": one.is_on});
    let list = |one: &journeyman_midjourney::reply::Selected| json!({"custom_id": one.custom_id, "chosen": one.chosen, "offered": one.offered});
    json!({
        "kind": "settings",
        "switches": panel.switches.iter().map(switch).collect::<Vec<_>>(),
        "lists": panel.lists.iter().map(list).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_drawn_as_a_bar_and_more_than_all_is_all() {
        assert_eq!([0, 1, 500, 1_000, 9_000].map(length), [0, 1, 10, 20, 20]);
    }

    #[test]
    fn shortened_words_have_bars_and_weights() {
        let reply = Reply::Shortened(Shortened::parse(
            "## Important tokens\n**cat** (0.85) ~~of~~ house\n## Shortened prompts\n1️⃣ cat\n",
        ));
        let text = text(&reply);
        let line = text.lines().find(|line| line.starts_with("cat")).unwrap_or_default();
        assert!(line.contains(&"█".repeat(17)) && line.ends_with("0.85"), "{text}");
    }
}
