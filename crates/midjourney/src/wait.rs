//! Waits and times inside the text of a notice. It reads no clock, so relative ones stay relative.

use std::time::Duration;

/// The first `<t:UNIX>` or `<t:UNIX:style>`, Unix seconds (Discord's docs, "Message Formatting").
pub(crate) fn timestamp(text: &str) -> Option<i64> {
    text.match_indices("<t:").find_map(|(at, mark)| {
        let rest = &text[at + mark.len()..];
        let end = rest.find([':', '>'])?;
        rest[..end].parse().ok()
    })
}

/// The span in "blocked … for 1 hour" (trueai PR#104, erictik/midjourney-api#154).
pub(crate) fn blocked_for(text: &str) -> Option<Duration> {
    let text = text.to_lowercase();
    let after = &text[text.find("blocked")?..];
    after.match_indices(" for ").find_map(|(at, mark)| {
        let mut words = after[at + mark.len()..].split_whitespace();
        let count = match words.next()? {
            "a" | "an" | "one" => 1,
            digits => digits.parse::<u64>().ok()?,
        };
        count.checked_mul(seconds_of(words.next()?)?).map(Duration::from_secs)
    })
}

fn seconds_of(unit: &str) -> Option<u64> {
    let unit = unit.trim_end_matches(|last: char| !last.is_alphanumeric());
    match unit.strip_suffix('s').unwrap_or(unit) {
        "second" => Some(1),
        "minute" => Some(60),
        "hour" => Some(3_600),
        "day" => Some(86_400),
        "week" => Some(604_800),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_discord_timestamp_is_read_in_any_style() {
        assert_eq!(timestamp("again <t:1774990054:R>"), Some(1_774_990_054));
        assert_eq!(timestamp("<t:x> until <t:1715321361>."), Some(1_715_321_361));
        assert_eq!(timestamp("<t:"), None);
        assert_eq!(timestamp("<t:99999999999999999999:R>"), None);
    }

    #[test]
    fn a_block_has_a_span_in_words() {
        let hours = |count: u64| Some(Duration::from_secs(count * 3_600));
        assert_eq!(blocked_for("You have been blocked from accessing Midjourney for 1 hour for …"), hours(1));
        assert_eq!(blocked_for("blocked for using words, for 2 weeks."), hours(24 * 14));
        assert_eq!(blocked_for("Blocked from accessing it for an hour"), hours(1));
        assert_eq!(blocked_for("wait for 1 hour"), None);
        assert_eq!(blocked_for("blocked for 18446744073709551615 weeks"), None);
    }
}
