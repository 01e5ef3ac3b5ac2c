//! The replacements within one text. Each is a function of the text and a key; it knows no JSON.

use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};

/// The length of a UUID.
const UUID: usize = 36;

/// What stands for a name.
pub(super) fn name(name: &str, key: &RandomState) -> String {
    format!("name{:08x}", key.hash_one(name.to_lowercase()) >> 32)
}

/// What stands for a secret that must be told from others: 32 hexadecimal digits.
pub(super) fn digits(text: &str, key: &RandomState) -> String {
    format!("{:016x}{:016x}", key.hash_one((text, 1)), key.hash_one((text, 2)))
}

/// Words that a masked prompt keeps: they say how Midjourney is to work, and nothing about what it is to draw.
const KEPT_WORDS: &[&str] =
    &["http", "https", "niji", "raw", "fast", "relax", "turbo", "stealth", "public", "mj", "run"];

/// The text with another word in place of each, as long as it. Names of parameters stay, and numbers do.
pub(super) fn masked(prompt: &str, key: &RandomState) -> String {
    let mut from = 0;
    let mut masked = String::with_capacity(prompt.len());
    for (at, _) in prompt.match_indices(|c: char| !c.is_alphanumeric()).chain([(prompt.len(), "")]) {
        mask_word(&mut masked, &prompt[from..at], key);
        let separator = prompt[at..].chars().next();
        masked.extend(separator);
        from = at + separator.map_or(0, char::len_utf8);
    }
    masked
}

fn mask_word(masked: &mut String, word: &str, key: &RandomState) {
    let is_number = word.len() <= 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    let before = masked.strip_suffix("--").or_else(|| masked.strip_suffix('—'));
    let is_parameter =
        before.is_some_and(|before| before.is_empty() || before.ends_with(char::is_whitespace));
    if is_number || is_parameter || KEPT_WORDS.contains(&word) {
        masked.push_str(word);
        return;
    }
    let mut hash = key.hash_one(word.to_lowercase());
    for _ in word.chars() {
        masked.push(char::from(b'a' + u8::try_from(hash % 26).unwrap_or(0)));
        hash = (hash / 26) ^ hash.rotate_left(29);
    }
}

/// A file's name, with another in its place: people name files after what they show, and Midjourney after the user
/// and the prompt. A job id in it and the ending stay, and what Midjourney puts between them; the id is replaced with
/// the others.
pub(super) fn file(name: &str, key: &RandomState) -> String {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let is_ending =
        (1..=5).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let ending = if is_ending { format!(".{ending}") } else { String::new() };
    let bytes = stem.as_bytes();
    let Some(at) = (0..bytes.len()).rev().find(|at| is_uuid_at(bytes, *at)) else {
        return format!("file{:08x}{ending}", key.hash_one(name) >> 32);
    };
    let mut kept = if at == 0 { String::new() } else { "image_".to_owned() };
    kept.push_str(&stem[at..at + UUID]);
    let after = &stem[at + UUID..];
    let place = after.strip_prefix("_grid_").or_else(|| after.strip_prefix('_'));
    if place.is_some_and(|place| place.parse::<u8>().is_ok()) {
        kept.push_str(after);
    }
    kept + &ending
}

/// Links to attachments, with their files renamed.
pub(super) fn with_attachments_renamed(text: &str, key: &RandomState) -> String {
    /// Of `ephemeral-attachments/` too.
    const PLACE: &str = "attachments/";
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(PLACE) {
        let (before, from) = rest.split_at(at + PLACE.len());
        kept.push_str(before);
        let end = from.find(|c: char| c.is_whitespace() || "?\"<>".contains(c)).unwrap_or(from.len());
        let (path, after) = from.split_at(end);
        match path.rsplit_once('/') {
            Some((place, name)) if !name.is_empty() => {
                let _ = write!(kept, "{place}/{}", file(name, key));
            }
            Some(_) | None => kept.push_str(path),
        }
        rest = after;
    }
    kept + rest
}

/// Tokens have three parts with dots between (Discord's docs, "Reference").
pub(super) fn without_tokens(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    let is_token = |run: &str| {
        let parts: Vec<&str> = run.split('.').collect();
        matches!(parts[..], [a, b, c] if a.len() >= 18 && b.len() >= 5 && c.len() >= 20)
    };
    in_runs(text, is_part, |run| is_token(run).then(|| "…".to_owned()))
}

/// Mail addresses, with others in their place.
pub(super) fn without_mail(text: &str, key: &RandomState) -> String {
    let is_part = |c: char| c.is_alphanumeric() || "@._%+-".contains(c);
    let is_mail = |run: &str| {
        run.split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && host.trim_matches('.').contains('.'))
    };
    in_runs(text, is_part, |run| {
        is_mail(run).then(|| format!("mail{:08x}@example.invalid", key.hash_one(run) >> 32))
    })
}

/// Links without what signs them (`ex`, `is`, `hm`).
pub(super) fn without_signatures(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['?', '&']) {
        let (before, from) = rest.split_at(at + 1);
        kept.push_str(before);
        rest = from;
        if let Some(name) = ["ex=", "is=", "hm="].iter().find(|name| from.starts_with(**name)) {
            kept.push_str(name);
            kept.push('0');
            let value = &from[name.len()..];
            let end = value.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_' && c != '%');
            rest = &value[end.unwrap_or(value.len())..];
        }
    }
    kept + rest
}

/// Job ids, with others in their place. What stands right before one in a word is the name of a file, in which
/// Midjourney puts the user's name and the prompt.
pub(super) fn with_jobs_replaced(text: &str, key: &RandomState) -> String {
    let mut kept = String::with_capacity(text.len());
    let (mut from, mut at) = (0, 0);
    let bytes = text.as_bytes();
    while at + UUID <= bytes.len() {
        if !is_uuid_at(bytes, at) {
            at += 1;
            continue;
        }
        let before = &text[from..at];
        if before.ends_with('_') && !before.ends_with("image_") {
            let begins = before.rfind(['/', ' ', '"', '(', '<', '\n']).map_or(0, |at| at + 1);
            kept.push_str(&before[..begins]);
            kept.push_str("image_");
        } else {
            kept.push_str(before);
        }
        push_uuid(&mut kept, &text[at..at + UUID], key);
        at += UUID;
        from = at;
    }
    kept.push_str(&text[from..]);
    kept
}

/// Each number of 17 to 20 digits, with another in its place.
pub(super) fn with_ids_replaced(text: &str, mut id: impl FnMut(u64) -> u64) -> String {
    in_runs(
        text,
        |c| c.is_ascii_digit(),
        |run| {
            (17..=20)
                .contains(&run.len())
                .then(|| run.parse().ok())
                .flatten()
                .map(|number| id(number).to_string())
        },
    )
}

/// The text with `new` in place of `old`, where that is a word of its own.
pub(super) fn with_word_replaced(text: &str, old: &str, new: &str) -> String {
    if !text.contains(old) {
        return text.to_owned();
    }
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in text.match_indices(old) {
        let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        if is_edge(text[..at].chars().next_back()) && is_edge(text[at + old.len()..].chars().next()) {
            kept.push_str(&text[from..at]);
            kept.push_str(new);
            from = at + old.len();
        }
    }
    kept + &text[from..]
}

fn is_uuid_at(bytes: &[u8], at: usize) -> bool {
    let Some(bytes) = bytes.get(at..at + UUID) else { return false };
    bytes.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

fn push_uuid(kept: &mut String, uuid: &str, key: &RandomState) {
    let uuid = uuid.to_ascii_lowercase();
    let (high, low) = (key.hash_one((&uuid, 1)), key.hash_one((&uuid, 2)));
    let (a, b, c) = (high >> 32, high >> 16 & 0xffff, high & 0xfff);
    let _ = write!(
        kept,
        "{a:08x}-{b:04x}-4{c:03x}-{:04x}-{:012x}",
        low >> 48 & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    );
}

/// The text with what `replace` says in place of each longest run of such characters.
fn in_runs(
    text: &str,
    is_part: impl Fn(char) -> bool,
    mut replace: impl FnMut(&str) -> Option<String>,
) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find(&is_part) {
        let (before, from) = rest.split_at(begin);
        let end = from.find(|c| !is_part(c)).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        kept.push_str(before);
        kept.push_str(replace(run).as_deref().unwrap_or(run));
        rest = after;
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: &str = "6c3dbd6a-8d1c-4d2a-9e0b-3f1c2b7a9d10";

    #[test]
    fn of_a_files_name_nothing_stays_but_its_job_and_its_ending() {
        let key = RandomState::new();
        for (name, kept) in [
            (format!("canary.name (x)_a_lighthouse_{JOB}.png"), format!("image_{JOB}.png")),
            (format!("{JOB}_grid_0.webp"), format!("{JOB}_grid_0.webp")),
            (format!("{JOB}_canary.webp"), format!("{JOB}.webp")),
            (JOB.to_owned(), JOB.to_owned()),
        ] {
            assert_eq!(file(&name, &key), kept);
        }
        for name in ["canary_a_lighthouse.png", "canary", "canary.no ending", ".canarybird", "ë.ünarycanary"]
        {
            let kept = file(name, &key);
            assert!(kept.starts_with("file") && !kept.contains("canary"), "{name}: {kept}");
        }
    }

    #[test]
    fn files_in_links_are_renamed_as_they_are_elsewhere() {
        let key = RandomState::new();
        let name = format!("canary_{JOB}.png");
        let text =
            format!("see https://cdn.discordapp.com/ephemeral-attachments/1/2/{name}?ex=1 attachments/ end");
        let kept = with_attachments_renamed(&text, &key);
        assert_eq!(
            kept,
            format!(
                "see https://cdn.discordapp.com/ephemeral-attachments/1/2/image_{JOB}.png?ex=1 attachments/ end"
            )
        );
        assert!(!with_attachments_renamed("attachments/1/2/canary.png", &key).contains("canary"));
    }

    #[test]
    fn a_masked_prompt_keeps_how_and_not_what() {
        let key = RandomState::new();
        let kept = masked(
            "a canary, https://canary.example/x.png --no canary --ar 16:9 --v 6.1 —chaos 5 well--canary",
            &key,
        );
        assert!(!kept.contains("canary") && !kept.contains("example"), "{kept}");
        for part in ["--no ", "--ar 16:9", "--v 6.1", "—chaos 5", "https://", "--"] {
            assert!(kept.contains(part), "{part}: {kept}");
        }
        assert_eq!(masked("A Canary", &key), masked("a canary", &key));
    }
}
