//! Findings drawn under the prompt for people, or as JSON. It judges nothing.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::ops::Range;

use journeyman::{Finding, Lint, Severity};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthChar as _;

use crate::config::Environment;

/// How much of a prompt is shown on each side of a finding, in columns.
const AROUND: usize = 40;
/// How much of a long finding is underlined, in columns.
const LONGEST: usize = 60;

/// Whether words are coloured. They say the same without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Coloured,
}

impl Paint {
    pub(crate) fn of_stdout(environment: &Environment) -> Self {
        Self::of(std::io::stdout().is_terminal(), environment)
    }

    pub(crate) fn of_stderr(environment: &Environment) -> Self {
        Self::of(std::io::stderr().is_terminal(), environment)
    }

    fn of(is_terminal: bool, environment: &Environment) -> Self {
        let refused = environment.has("NO_COLOR") || environment.get("TERM") == Some("dumb");
        if is_terminal && !refused { Self::Coloured } else { Self::Plain }
    }

    pub(super) fn word(self, severity: Severity, text: &str) -> String {
        let colour = match severity {
            Severity::Error => "1;31",
            Severity::Warning => "1;33",
        };
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\x1b[{colour}m{text}\x1b[0m"),
        }
    }
}

/// Each finding with its place drawn; empty without findings.
pub(crate) fn findings(prompt: &str, number: Option<usize>, lint: &Lint, paint: Paint) -> String {
    lint.findings.iter().map(|one| drawn(prompt, number, one, paint)).collect()
}

/// What the prompt will make, on one line.
pub(crate) fn summary(number: Option<usize>, lint: &Lint) -> String {
    let (errors, warnings) = (lint.errors().count(), lint.warnings().count());
    let name = number.map_or_else(|| "prompt".to_owned(), |number| format!("prompt {number}"));
    let mut text = format!("{name}: {}, {}", counted(errors, "error"), counted(warnings, "warning"));
    let _ = write!(text, "; {}", counted_jobs(lint.jobs));
    let version = lint.version.map(|version| version.to_string());
    let mode = lint.mode.map(|mode| mode.word().to_owned());
    let draft = lint.is_draft.then(|| "draft".to_owned());
    let known: Vec<_> = [version, mode, draft].into_iter().flatten().collect();
    if !known.is_empty() {
        let _ = write!(text, " ({})", known.join(", "));
    }
    let (low, high) = (lint.cost.low, lint.cost.high);
    if high > 0.0 {
        let _ = write!(
            text,
            "; about {low:.1} to {high:.1} GPU minutes (an estimate: {})",
            lint.cost.because.join("; ")
        );
    } else {
        let _ = write!(text, "; no GPU minutes ({})", lint.cost.because.join("; "));
    }
    text.push('\n');
    text
}

/// One prompt for programs. Places are bytes of the prompt.
pub(crate) fn object(prompt: &str, fixed: &str, lint: &Lint, screening: &Value) -> Value {
    json!({
        "prompt": prompt,
        "errors": lint.errors().count(),
        "warnings": lint.warnings().count(),
        "findings": lint.findings.iter().map(finding).collect::<Vec<_>>(),
        "jobs": lint.jobs,
        "mode": lint.mode.map(journeyman::Mode::word),
        "draft": lint.is_draft,
        "version": lint.version.map(|version| version.to_string()),
        "cost": {
            "low": lint.cost.low, "high": lint.cost.high, "unit": "gpu_minutes", "estimate": true,
            "because": lint.cost.because,
        },
        "normalised": lint.normalised,
        "fixed": fixed,
        "screening": screening,
    })
}

fn finding(finding: &Finding) -> Value {
    let suggestion = finding.suggestion.as_ref().map(|suggestion| {
        let place = suggestion.replacement.as_ref();
        json!({
            "message": suggestion.words,
            "start": place.map(|(span, _)| span.start),
            "end": place.map(|(span, _)| span.end),
            "replacement": place.map(|(_, text)| text),
        })
    });
    json!({
        "severity": finding.severity.word(),
        "code": finding.code.name(),
        "start": finding.span.start,
        "end": finding.span.end,
        "message": finding.message,
        "suggestion": suggestion,
    })
}

fn drawn(prompt: &str, number: Option<usize>, finding: &Finding, paint: Paint) -> String {
    let suggestion = finding.suggestion.as_ref().map(|suggestion| suggestion.words.as_str());
    let head = (finding.severity, finding.code.name());
    marked(prompt, number, head, &finding.message, &finding.span, suggestion, paint)
}

/// A message, and the place in the prompt that it is about.
pub(super) fn marked(
    prompt: &str,
    number: Option<usize>,
    (severity, code): (Severity, &str),
    message: &str,
    span: &Range<usize>,
    suggestion: Option<&str>,
    paint: Paint,
) -> String {
    let head = format!("{}[{code}]", severity.word());
    let mut text = format!("{}: {message}\n", paint.word(severity, &head));
    if let Some(number) = number {
        let _ = writeln!(text, " --> prompt {number}");
    }
    let (line, at, width) = window(prompt, span);
    let under = paint.word(severity, &"^".repeat(width));
    let suggestion = suggestion.map(|suggestion| format!(" {suggestion}")).unwrap_or_default();
    let _ = writeln!(text, "  |\n  | {line}\n  | {}{under}{suggestion}", " ".repeat(at));
    text
}

/// The part of the prompt around a place, the column where the place begins there, and how wide it is.
fn window(prompt: &str, span: &Range<usize>) -> (String, usize, usize) {
    let part = |range: Range<usize>| prompt.get(range).unwrap_or_default();
    let before: Vec<char> = last_columns(part(0..span.start));
    let (marked, marked_is_cut) = first_columns(part(span.clone()), LONGEST);
    let (after, after_is_cut) = first_columns(part(span.end..prompt.len()), AROUND);
    let mut line = String::new();
    let all_before = before.len() == part(0..span.start).chars().count();
    if !all_before {
        line.push('…');
    }
    line.extend(before);
    let at = columns(&line);
    line.push_str(&marked);
    let width = columns(&marked).max(1);
    if marked_is_cut {
        line.push('…');
    } else {
        line.push_str(&after);
        line.push_str(if after_is_cut { "…" } else { "" });
    }
    (line.trim_end().to_owned(), at, width)
}

fn last_columns(text: &str) -> Vec<char> {
    let mut width = 0;
    let mut taken: Vec<char> = Vec::new();
    for character in text.chars().rev().map(visible) {
        width += character.width().unwrap_or(0);
        if width > AROUND {
            break;
        }
        taken.push(character);
    }
    taken.reverse();
    taken
}

/// The beginning of a text, and whether there is more.
fn first_columns(text: &str, most: usize) -> (String, bool) {
    let mut width = 0;
    let mut taken = String::new();
    for character in text.chars().map(visible) {
        width += character.width().unwrap_or(0);
        if width > most {
            return (taken, true);
        }
        taken.push(character);
    }
    (taken, false)
}

fn columns(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// A line break or an escape must not move the cursor, nor must what writes from right to left.
pub(super) fn visible(character: char) -> char {
    match character {
        '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => '·',
        character if character.is_control() => '·',
        character if character.is_whitespace() => ' ',
        character => character,
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn counted_jobs(jobs: u64) -> String {
    match jobs {
        1 => "1 job".to_owned(),
        // Counting stopped there.
        u64::MAX => "more jobs than can be counted".to_owned(),
        jobs => format!("{jobs} jobs"),
    }
}

#[cfg(test)]
mod tests {
    use journeyman::{Client, LintSettings};

    use super::*;

    fn shown(prompt: &str) -> String {
        let settings = LintSettings { now: Some(0), ..LintSettings::default() };
        let lint = Client::lint(prompt, &settings);
        findings(prompt, None, &lint, Paint::Plain) + &summary(None, &lint)
    }

    #[test]
    fn each_finding_is_drawn_under_its_place() {
        insta::assert_snapshot!(shown("a {red, blue}  fox —ar 3:2 --v5 --stylise 5 --c 101"));
    }

    #[test]
    fn wide_characters_and_long_prompts_keep_the_place() {
        let long = format!("{} --arr 3:2 {}", "猫 on a mat, ".repeat(20), "--s 5 ".repeat(20));
        let text = shown(&long);
        let lines: Vec<_> = text.lines().collect();
        let at = lines.iter().position(|line| line.contains("^^^^^")).expect("a line below");
        let under = lines[at].find('^').expect("a mark");
        let column = columns(lines[at - 1].split("--arr").next().unwrap_or_default());
        assert_eq!(columns(&lines[at][..under]), column, "{text}");
        assert!(lines.iter().filter(|line| line.starts_with("  |")).all(|line| columns(line) < 160));
    }

    #[test]
    fn what_would_move_the_cursor_is_shown_as_a_dot() {
        let text = shown("a\u{1b}[2J \u{202e}cat --arr 1");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }

    #[test]
    fn colours_are_for_terminals_without_no_color() {
        let colourful = Paint::of(true, &Environment::of(&[]));
        assert_eq!(colourful, Paint::Coloured);
        assert_eq!(Paint::of(false, &Environment::of(&[])), Paint::Plain);
        assert_eq!(Paint::of(true, &Environment::of(&[("NO_COLOR", "1")])), Paint::Plain);
        assert_eq!(Paint::of(true, &Environment::of(&[("TERM", "dumb")])), Paint::Plain);
        assert!(Paint::Coloured.word(Severity::Error, "x").contains("\x1b[1;31m"));
    }
}
