//! The parameters: their names, their values, their version, and how they go together.

use super::value::{Verdict, judge};
use super::{Code, Facts, Report, Severity};
use crate::nearest::nearest;
use crate::parameter::{self, Row, Takes};
use crate::permutation;
use crate::syntax::{Given, Kind, Piece, Span, split};

/// More alternatives of one value than this are not looked at one by one.
const MOST_VALUES: usize = 64;

pub(super) fn check(pieces: &[Piece], body: &[Piece], facts: &Facts, report: &mut Report) {
    let has_text = body.iter().any(|piece| !piece.is_gap());
    let (_, given) = split(pieces);
    level(pieces, has_text, facts, report);
    if !has_text
        && let Some(first) = given.first()
        && !report.0.iter().any(|finding| finding.code == Code::TextAfterParameter)
    {
        let message = "there is nothing but parameters".to_owned();
        report
            .warn(Code::NoText, first.piece.span.clone(), message)
            .suggest("say what the image should show, before the parameters");
    }
}

/// One level of nesting, then those inside of it.
fn level(pieces: &[Piece], has_text: bool, facts: &Facts, report: &mut Report) {
    let (_, given) = split(pieces);
    for (index, one) in given.iter().enumerate() {
        name_and_value(one, has_text, facts, report);
        together(one, given.get(..index).unwrap_or_default(), report);
    }
    for alternative in pieces.iter().flat_map(Piece::alternatives) {
        level(alternative, has_text, facts, report);
    }
}

fn name_and_value(given: &Given<'_>, has_text: bool, facts: &Facts, report: &mut Report) {
    let rows: Vec<&Row> = parameter::rows(given.name).collect();
    if rows.is_empty() {
        return unknown(given, report);
    }
    let in_version: Vec<&Row> = match facts.version {
        Some(version) => rows.iter().copied().filter(|row| row.versions.has(version)).collect(),
        None => rows.clone(),
    };
    // A version of its own is no parameter of that version.
    let names_version = rows.iter().any(|row| matches!(row.takes, Takes::Version { .. }));
    if in_version.is_empty() && !names_version {
        if let Some(version) = facts.version {
            let message = format!("{version} is not known to have --{}", given.name);
            let known: Vec<_> = rows.iter().map(|row| row.versions.to_string()).collect();
            report.warn(Code::NotInVersion, given.piece.span.clone(), message).suggest(format!(
                "known in {} ({})",
                known.join(", "),
                rows_source(&rows)
            ));
        }
    } else {
        let judged = if in_version.is_empty() { &rows } else { &in_version };
        for (text, span) in values(given) {
            value(given, judged, &text, span, has_text, report);
        }
    }
}

fn rows_source(rows: &[&Row]) -> &'static str {
    rows.first().map_or("", |row| row.source.words())
}

/// A name that no row has. The bot answers "Unrecognized parameter(s)", but a name that is new to
/// this table may be known there: only what looks like a slip is an error.
fn unknown(given: &Given<'_>, report: &mut Report) {
    let (name, span) = (given.name, given.piece.span.clone());
    if let Some((known, rest)) = glued(name) {
        let message = format!("`--{name}` is no parameter: a space is missing before its value");
        let fixed = format!("--{known} {rest}");
        report.error(Code::MissingSpace, span.clone(), message).replace(
            format!("did you mean {fixed}?"),
            span,
            fixed,
        );
        return;
    }
    let message = format!("`--{name}` is no parameter that is known here");
    let known: Vec<&str> = parameter::names().collect();
    let letters = name.chars().count();
    let near = nearest(&name.to_lowercase(), &known).filter(|_| letters > 1);
    // `a --a cute cat` was seen to be refused; a short name has a neighbour by chance.
    let is_slip = letters == 1 || near.is_some() && letters > 2;
    let severity = if is_slip { Severity::Error } else { Severity::Warning };
    let finding = report.add(Code::UnknownParameter, severity, span.clone(), message);
    match near {
        Some(near) => finding.replace(format!("did you mean --{near}?"), span, format!("--{near}")),
        None => finding.suggest("leave it out, or write it without hyphens if it is text"),
    }
}

/// `v5` is `v` and `5`, `ar3:2` is `ar` and `3:2`.
fn glued(name: &str) -> Option<(&str, &str)> {
    let at = name.find(|character: char| character.is_ascii_digit() || character == '.')?;
    let (known, rest) = (name.get(..at)?, name.get(at..)?);
    let takes_number = |row: &Row| !matches!(row.takes, Takes::Nothing | Takes::Text | Takes::Links(..));
    parameter::rows(known).any(takes_number).then_some((known, rest))
}

/// The texts that a value may have, each with its place: one for each alternative.
fn values(given: &Given<'_>) -> Vec<(String, Span)> {
    let whole = given.value_span().unwrap_or_else(|| given.piece.span.clone());
    let mut solid = given.value.iter().filter(|piece| !piece.is_gap());
    if let (Some(Piece { kind: Kind::Permutation(alternatives), .. }), None) = (solid.next(), solid.next()) {
        let of_one = |alternative: &Vec<Piece>| {
            let place = alternative.iter().find(|piece| !piece.is_gap()).zip(alternative.last());
            let span = place.map_or_else(|| whole.clone(), |(first, last)| first.span.start..last.span.end);
            let texts = permutation::texts(alternative, MOST_VALUES);
            texts.into_iter().map(move |text| (text.trim().to_owned(), span.clone())).collect::<Vec<_>>()
        };
        return alternatives.iter().flat_map(of_one).take(MOST_VALUES).collect();
    }
    let texts = permutation::texts(given.value, MOST_VALUES);
    texts.into_iter().map(|text| (text.trim().to_owned(), whole.clone())).collect()
}

fn value(given: &Given<'_>, rows: &[&Row], text: &str, span: Span, has_text: bool, report: &mut Report) {
    let verdicts: Vec<Verdict> = rows.iter().map(|row| judge(row.takes, text)).collect();
    if verdicts.contains(&Verdict::Fine) {
        return;
    }
    let rest = verdicts.iter().find(|verdict| matches!(verdict, Verdict::Rest(_)));
    let (Some(verdict), Some(row)) = (rest.or(verdicts.last()), rows.last()) else { return };
    let name = given.name;
    let is_verified = rows.iter().all(|row| row.source.is_verified()) && row.takes != Takes::Text;
    let severity = if is_verified { Severity::Error } else { Severity::Warning };
    let takes = format!("it takes {} ({})", in_words(row.takes), row.source.words());
    let mut add = |code, severity, message: String| {
        report.add(code, severity, span.clone(), message).suggest(takes.clone());
    };
    match verdict {
        Verdict::Fine => {}
        Verdict::Missing => add(Code::MissingValue, severity, format!("--{name} has no value")),
        Verdict::Malformed => {
            add(Code::MalformedValue, severity, format!("`{text}` is no value of --{name}"));
        }
        Verdict::OutOfRange => {
            add(Code::OutOfRange, severity, format!("`{text}` is outside of what --{name} takes"));
        }
        Verdict::TooMany => {
            add(Code::TooManyImages, Severity::Warning, format!("--{name} has more images than it takes"));
        }
        Verdict::UnknownVersion => {
            let message = format!("`{text}` is no version that is known here");
            report
                .warn(Code::UnknownVersion, span, message)
                .suggest("check the number; a new version may be right");
        }
        Verdict::Rest(at) => {
            let behind = text.get(*at..).unwrap_or_default();
            let message = if has_text {
                format!("`{behind}` stands behind --{name}, which does not take it")
            } else {
                format!("--{name} stands before the text `{behind}`")
            };
            report
                .warn(Code::TextAfterParameter, span, message)
                .suggest("write all text before the parameters");
        }
    }
}

fn in_words(takes: Takes) -> String {
    match takes {
        Takes::Nothing => "no value".to_owned(),
        Takes::Whole(least, most) => format!("a whole number from {least} to {most}"),
        Takes::Number(least, most) => format!("a number from {least} to {most}"),
        Takes::OneOf(words) => format!("one of {}", words.join(", ")),
        Takes::MaybeOneOf(words) => format!("nothing, or one of {}", words.join(", ")),
        Takes::Ratio => "two whole numbers above 0 as width:height".to_owned(),
        Takes::Text | Takes::MaybeText => "text".to_owned(),
        Takes::Links(_, 1) => "one image's link".to_owned(),
        Takes::Links(..) => "links of images".to_owned(),
        Takes::Styles => "links of images, style codes, or random".to_owned(),
        Takes::Version { is_niji: false } => "a version such as 7 or 6.1".to_owned(),
        Takes::Version { is_niji: true } => "a niji version such as 6".to_owned(),
    }
}

/// The same again, another version, or another speed than one that was given before.
fn together(given: &Given<'_>, before: &[Given<'_>], report: &mut Report) {
    let short = |given: &Given<'_>| parameter::rows(given.name).next().map(|row| row.name);
    let Some(name) = short(given) else { return };
    let group = |name: &str| match name {
        "v" | "niji" => 1,
        "fast" | "relax" | "turbo" => 2,
        "stealth" | "public" => 3,
        _ => 0,
    };
    // Each `--no` adds to the others.
    if name != "no" && before.iter().any(|other| short(other) == Some(name)) {
        let message = format!("--{} is given twice", given.name);
        report.warn(Code::Duplicate, given.piece.span.clone(), message).suggest("leave one out");
    } else if let Some(other) = before
        .iter()
        .find(|other| group(name) > 0 && short(other).is_some_and(|other| group(other) == group(name)))
    {
        let message = format!("--{} contradicts --{}", given.name, other.name);
        report.warn(Code::Contradiction, given.piece.span.clone(), message).suggest("leave one out");
    }
}
