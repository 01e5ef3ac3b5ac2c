//! How every file reads: its head, its lints, what its tests may not do. Style beyond that is for reviewers.

use crate::findings::Findings;
use crate::source::Source;

/// Words that no code of ours uses, tests included, and why.
const NEVER: &[(&str, &str)] = &[
    ("#[ignore", "an ignored test proves nothing"),
    ("should_panic", "a test that expects a panic cannot tell which; assert on the error"),
    ("#[allow(", "use #[expect(lint, reason)], which tells when it is no longer needed"),
    ("#![allow(", "use #[expect(lint, reason)], which tells when it is no longer needed"),
    ("serde(untagged", "untagged enums swallow errors"),
    ("serde(flatten", "flatten hides which fields are read"),
    ("todo!(", "a stub is not done"),
    ("unimplemented!(", "a stub is not done"),
];

/// What pauses tokio's clock. Around a real socket it would advance while bytes are in the kernel.
const PAUSES: &[&str] = &["start_paused", "time::pause("];
/// The crates whose tests open no socket, and may.
const MAY_PAUSE: &[&str] = &["crates/moment", "crates/limiter"];
/// What measures or spends real time in a test, where only outcomes and counts may be asserted.
const REAL_TIME: &[&str] =
    &["Instant::now", ".elapsed()", "thread::sleep", "time::sleep(", "SystemTime::now"];

/// Marks of unfinished work; in comments too.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];

pub(super) fn check(source: &Source, findings: &mut Findings) {
    if !source.text.starts_with("//! ") {
        findings.wrong(format_args!("{}: a file begins with `//! ` and what it is", source.path));
    }
    if source.is_in(&["xtask/src/purity"]) {
        return;
    }
    let is_test = source.path.contains("/tests/");
    for (at, line) in source.text.lines().enumerate() {
        let at = at + 1;
        if let Some(word) = PAUSES.iter().find(|word| !source.is_in(MAY_PAUSE) && line.contains(**word)) {
            findings.wrong(format_args!(
                "{}:{at}: `{word}`: tokio's clock is paused where a socket may be",
                source.path
            ));
        }
        if let Some(word) = REAL_TIME.iter().find(|word| is_test && line.contains(**word)) {
            findings.wrong(format_args!(
                "{}:{at}: `{word}`: a test neither measures nor spends real time",
                source.path
            ));
        }
        if let Some((word, why)) = NEVER.iter().find(|(word, _)| line.contains(word)) {
            findings.wrong(format_args!("{}:{at}: `{word}`: {why}", source.path));
        }
        if let Some(mark) = UNFINISHED.iter().find(|mark| line.contains(**mark)) {
            findings.wrong(format_args!("{}:{at}: `{mark}`: finish it, or file an issue", source.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut findings = Findings::default();
        check(&Source { path: "crates/x/src/a.rs".to_owned(), text: text.to_owned() }, &mut findings);
        findings.all().to_vec()
    }

    #[test]
    fn a_file_without_a_head_is_found() {
        assert_eq!(found("fn a() {}").len(), 1);
        assert_eq!(found("//! A thing.\nfn a() {}").len(), 0);
    }

    #[test]
    fn real_time_in_a_test_is_found() {
        let mut findings = Findings::default();
        let text = "//! A.\n#[tokio::test(start_paused = true)]\nstd::thread::sleep(span);\n".to_owned();
        check(&Source { path: "crates/x/tests/it/a.rs".to_owned(), text }, &mut findings);
        assert_eq!(findings.all().len(), 2);
    }

    #[test]
    fn an_ignored_test_and_an_allowed_lint_are_found() {
        assert_eq!(found("//! A.\n#[ignore]\n#[allow(dead_code)]\n").len(), 2);
    }
}
