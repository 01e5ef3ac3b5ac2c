//! What the README must say, and what it must not. Whether its commands work is `check`'s subject.

use crate::findings::Findings;
use crate::source::root;

/// Words that promise what nobody can.
const NEVER: &[&str] = &["midjourney api", "production-ready", "compliant"];
/// Words that promise it as a whole word only.
const NEVER_WORDS: &[&str] = &["safe", "safely"];
/// What a reader must be told.
const ALWAYS: &[&str] = &[
    "unofficial",
    "not affiliated",
    "terms",
    "can cost the account",
    "accept_account_risk = true",
    "never run by its authors on a live account",
    "cargo run --release -- imagine --sim",
    "./check",
];

pub(super) fn check(findings: &mut Findings) {
    findings.look();
    match std::fs::read_to_string(root().join("README.md")) {
        Ok(text) => judge(&text, findings),
        Err(why) => findings.wrong(format_args!("read README.md: {why}")),
    }
}

fn judge(text: &str, findings: &mut Findings) {
    let text = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    for word in NEVER.iter().filter(|word| text.contains(**word)) {
        findings.wrong(format_args!("README.md says `{word}`, which promises what nobody can"));
    }
    let mut words = text.split(|char: char| !char.is_alphanumeric());
    if let Some(word) = words.find(|word| NEVER_WORDS.contains(word)) {
        findings.wrong(format_args!("README.md says `{word}`, which promises what nobody can"));
    }
    for phrase in ALWAYS.iter().filter(|phrase| !text.contains(**phrase)) {
        findings.wrong(format_args!("README.md does not say `{phrase}`"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_is_found_and_so_is_silence() {
        let mut findings = Findings::default();
        judge("A safe, production-ready Midjourney\nAPI.", &mut findings);
        assert_eq!(findings.all().len(), 3 + ALWAYS.len());
    }
}
