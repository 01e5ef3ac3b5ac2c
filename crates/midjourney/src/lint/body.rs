//! The text before the parameters: typography, weights, images, braces, and parameters that are none.

use super::{Code, Facts, LintSettings, Report, link};
use crate::parameter;
use crate::permutation;
use crate::syntax::{Kind, Piece, Span, Syntax};
use crate::typography::{is_slipped_name, straight_quote};
use crate::version::{Version, Versions};

/// Where `::` is said to have no meaning (a reseller's guide to version 7, unverified).
const WITHOUT_WEIGHTS: Versions = Versions::between(Version::V7, Version::V8_1);
/// Where weights are whole numbers (Midjourney's documentation).
const WHOLE_WEIGHTS: Versions = Versions::between(Version::V1, Version::V3);

pub(super) fn check(
    syntax: &Syntax,
    body: &[Piece],
    facts: &Facts,
    settings: &LintSettings,
    report: &mut Report,
) {
    every_piece(syntax.pieces(), settings, report);
    slipped(body, report);
    images(body, report);
    weights(syntax, body, facts, report);
}

/// What can be wrong anywhere: gaps, dashes, quotes, braces, links.
fn every_piece(pieces: &[Piece], settings: &LintSettings, report: &mut Report) {
    for piece in pieces {
        let span = piece.span.clone();
        match &piece.kind {
            Kind::Gap(text) if text == " " => {}
            Kind::Gap(_) => {
                let message = "more than one space, or a line break".to_owned();
                report.warn(Code::Spaces, span.clone(), message).replace("write one space", span, " ");
            }
            Kind::Word(text) => word(text, &span, report),
            Kind::Name(text) if !text.starts_with("--") => {
                let fixed = crate::typography::fix(text);
                let message = "a long dash stands before the parameter instead of two hyphens".to_owned();
                report.warn(Code::Dash, span.clone(), message).replace(format!("write {fixed}"), span, fixed);
            }
            Kind::Link(text) => link::check(text, &span, settings.now, report),
            Kind::Name(_) | Kind::Weight(_) => {}
            Kind::Permutation(alternatives) => {
                for alternative in alternatives {
                    every_piece(alternative, settings, report);
                }
            }
        }
    }
}

fn word(text: &str, span: &Span, report: &mut Report) {
    if let Some((at, curly)) = text.char_indices().find(|(_, character)| straight_quote(*character).is_some())
    {
        let straight = straight_quote(curly).unwrap_or(curly);
        let place = span.start + at..span.start + at + curly.len_utf8();
        report.warn(Code::Quotes, place.clone(), "a curly quote".to_owned()).replace(
            format!("write {straight}"),
            place,
            straight,
        );
    }
    let mut is_escaped = false;
    for (at, character) in text.char_indices() {
        if matches!(character, '{' | '}') && !is_escaped {
            let message = format!("`{character}` has no partner");
            let place = span.start + at..span.start + at + 1;
            report.warn(Code::Brace, place.clone(), message).replace(
                format!("write \\{character} if it is text"),
                place,
                format!("\\{character}"),
            );
        }
        is_escaped = character == '\\' && !is_escaped;
    }
}

/// `-ar`, `-- ar`, `cat--ar`: what was probably meant as a parameter, and is text.
fn slipped(body: &[Piece], report: &mut Report) {
    for (index, piece) in body.iter().enumerate() {
        let Kind::Word(text) = &piece.kind else { continue };
        if is_slipped_name(text) {
            let message = format!("`{text}` is text: a parameter begins with two hyphens");
            let fixed = format!("-{text}");
            report.warn(Code::NotAParameter, piece.span.clone(), message).replace(
                format!("did you mean {fixed}?"),
                piece.span.clone(),
                fixed,
            );
        } else if matches!(text.as_str(), "--" | "—" | "–") {
            let next = body.iter().skip(index + 1).find(|piece| !piece.is_gap());
            if let Some((next, name)) = next.and_then(|next| known_word(next).map(|name| (next, name))) {
                let span = piece.span.start..next.span.end;
                let message = format!("`{text} {name}` is text: there is no space before a parameter's name");
                report.warn(Code::NotAParameter, span.clone(), message).replace(
                    format!("did you mean --{name}?"),
                    span,
                    format!("--{name}"),
                );
            }
        } else if let Some((before, name)) =
            text.split_once("--").filter(|(_, name)| parameter::is_known(name))
        {
            let place = piece.span.start + before.len()..piece.span.end;
            let message = format!("`{text}` is one word: a parameter has a space before it");
            report.warn(Code::NotAParameter, place.clone(), message).replace(
                format!("did you mean {before} --{name}?"),
                place,
                format!(" --{name}"),
            );
        }
    }
}

fn known_word(piece: &Piece) -> Option<&str> {
    let Kind::Word(name) = &piece.kind else { return None };
    parameter::is_known(name).then_some(name.as_str())
}

/// Images come first, and one alone needs text (Midjourney's documentation of image prompts).
fn images(body: &[Piece], report: &mut Report) {
    let solid: Vec<&Piece> = body.iter().filter(|piece| !piece.is_gap()).collect();
    let is_link = |piece: &Piece| matches!(piece.kind, Kind::Link(_));
    let is_text = |piece: &Piece| matches!(piece.kind, Kind::Word(_) | Kind::Permutation(_) | Kind::Name(_));
    let first_text = solid.iter().position(|piece| is_text(piece));
    for late in solid.iter().skip(first_text.unwrap_or(solid.len())).filter(|piece| is_link(piece)) {
        let message = "an image stands behind text".to_owned();
        report
            .warn(Code::ImageAfterText, late.span.clone(), message)
            .suggest("write images first, then the text");
    }
    let links: Vec<_> = solid.iter().filter(|piece| is_link(piece)).collect();
    if let ([only], None) = (links.as_slice(), first_text) {
        let message = "one image alone makes no prompt".to_owned();
        report.warn(Code::ImageAlone, only.span.clone(), message).suggest("add text, or a second image");
    }
}

fn weights(syntax: &Syntax, body: &[Piece], facts: &Facts, report: &mut Report) {
    let weights: Vec<&Piece> = body.iter().filter(|piece| matches!(piece.kind, Kind::Weight(_))).collect();
    let (Some(first), Some(last)) = (weights.first(), weights.last()) else { return };
    let span = first.span.start..last.span.end;
    if let Some(version) = facts.version.filter(|version| WITHOUT_WEIGHTS.has(*version)) {
        let message = format!("{version} is said to have no weights (`::`)");
        report
            .warn(Code::WeightsInVersion, span.clone(), message)
            .suggest("leave them out, or name a version before 7");
    }
    let is_broken = |piece: &&&Piece| piece.weight().is_some_and(|weight| weight.fract() != 0.0);
    if let Some(version) = facts.version.filter(|version| WHOLE_WEIGHTS.has(*version))
        && let Some(broken) = weights.iter().find(is_broken)
    {
        let message = format!("{version} takes whole weights only");
        report.warn(Code::WeightsInVersion, broken.span.clone(), message).suggest("write whole numbers");
    }
    let prompts = permutation::expand(syntax, permutation::EXACT);
    if let Some(sum) = prompts.iter().map(|prompt| sum(&Syntax::parse(prompt))).find(|sum| *sum <= 0.0) {
        let message = format!("the weights add up to {sum}, and must be more than 0 together");
        report.error(Code::WeightSum, span, message).suggest("raise one, or lower what is negative");
    }
}

/// The sum of the weights; a last part without one counts 1.
fn sum(syntax: &Syntax) -> f64 {
    let (body, _) = syntax.split();
    let weights: f64 = body.iter().filter_map(Piece::weight).sum();
    let last = body.iter().rfind(|piece| !piece.is_gap());
    let has_rest = last.is_some_and(|piece| piece.weight().is_none());
    weights + if has_rest { 1.0 } else { 0.0 }
}
