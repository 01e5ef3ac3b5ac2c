//! Properties of the syntax tree: printing and reading are inverse, for any text and for any tree. No rule is judged.

use journeyman_midjourney::syntax::{Kind, Piece, Syntax};
use journeyman_midjourney::typography::fix;
use journeyman_midjourney::{LintSettings, lint};
use proptest::prelude::*;
use proptest::sample::select;

/// Any text, with much of what a prompt has.
pub(crate) fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => select(vec![
            "cat", "--ar", "--no", "--v5", "--r", "—", "—ar", "–ar", "–s", "--", "-", " ", "  ", "\n", "3:2", "::", "::2",
            "::-.5", ":", "{", "}", "{a, b}", "{a, {b, c}}", ",", "\\", "\\{", "\\,", "“", "’", "https://x.y/z.png",
            "<https://s.mj.run/a>", "<https://", "https://cdn.discordapp.com/a.png?ex=6", "\u{a0}", "\u{0}", "1", ".",
            "--relax", "--niji", "--sref random", "9999999999999999999999",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..32).prop_map(|pieces| pieces.concat())
}

/// A gap, and what begins a word behind it, and what may follow it in the same word.
fn word(in_braces: bool) -> BoxedStrategy<Vec<Kind>> {
    let text = if in_braces {
        "[a-zé猫0-9.]{1,4}(\\\\[{},]){0,1}"
    } else {
        "[a-zé猫0-9.,]{1,4}(\\\\[{},]){0,1}"
    };
    let begin = prop_oneof![
        4 => text.prop_map(Kind::Word),
        1 => "(--|—|——)[a-z]{1,6}[0-9]{0,1}".prop_map(Kind::Name),
        1 => "–(ar|chaos|s|V)".prop_map(Kind::Name),
        1 => "https?://[a-z./?=&]{1,8}".prop_map(Kind::Link),
        1 => "<HTTPS://[a-z./?=&,]{1,8}>".prop_map(Kind::Link),
    ];
    let weight = select(vec!["::", "::2", "::-1", "::.5", "::1.25", "::-.5"]);
    let end = prop::option::of(weight.prop_map(|text| Kind::Weight(text.to_owned())));
    (begin, end).prop_map(|(begin, end)| [begin].into_iter().chain(end).collect()).boxed()
}

fn sequence(depth: u32) -> BoxedStrategy<Vec<Piece>> {
    let in_braces = depth < 3;
    let mut unit = word(in_braces);
    if depth > 0 {
        let alternatives = prop::collection::vec(sequence(depth - 1), 1..4);
        let permutation = alternatives.prop_map(|alternatives| vec![Kind::Permutation(alternatives)]);
        unit = prop_oneof![4 => unit, 1 => permutation].boxed();
    }
    let gap = "[ \n\t\u{a0}]{1,3}".prop_map(Kind::Gap);
    let around = (prop::option::of(gap.clone()), prop::option::of(gap.clone()));
    (prop::collection::vec((unit, gap), 0..5), around)
        .prop_map(|(units, (first, last))| {
            let mut kinds: Vec<Kind> = first.into_iter().collect();
            for (unit, gap) in units {
                // Two gaps that touch would be one.
                kinds.extend(unit.into_iter().chain([gap]));
            }
            if kinds.last().is_some_and(|kind| matches!(kind, Kind::Gap(_))) && last.is_none() {
                kinds.pop();
            }
            kinds.into_iter().map(Piece::new).collect()
        })
        .boxed()
}

/// Each piece and those inside of it.
fn all<'a>(pieces: &'a [Piece], into: &mut Vec<&'a Piece>) {
    for piece in pieces {
        into.push(piece);
        piece.alternatives().iter().for_each(|alternative| all(alternative, into));
    }
}

/// The words and parameters as they are read, but for dashes, quotes and spaces.
fn meaning(text: &str) -> Vec<String> {
    let of = |piece: &&Piece| {
        let mark = match piece.kind {
            Kind::Gap(_) => return None,
            Kind::Word(_) => "word",
            Kind::Link(_) => "link",
            Kind::Weight(_) => "weight",
            Kind::Name(_) => "name",
            Kind::Permutation(_) => "braces",
        };
        let text = piece.to_string();
        let bare: String = text.chars().filter(|one| !one.is_whitespace() && !one.is_control()).collect();
        let bare = bare.replace(['“', '”', '„', '‟'], "\"").replace(['‘', '’', '‚', '‛'], "'");
        Some(format!("{mark} {}", bare.replace(['—', '–'], "-").replace("--", "-")))
    };
    let syntax = Syntax::parse(text);
    let mut pieces = Vec::new();
    all(syntax.pieces(), &mut pieces);
    pieces.iter().filter_map(of).collect()
}

proptest! {
    #[test]
    fn parse_and_print_are_inverse_for_any_text(text in any_text()) {
        prop_assert_eq!(Syntax::parse(&text).to_string(), text);
    }

    #[test]
    fn parse_and_print_are_inverse_for_any_tree(pieces in sequence(3)) {
        let tree = Syntax::of(pieces);
        let read = Syntax::parse(&tree.to_string());
        prop_assert_eq!(read, tree);
    }

    #[test]
    fn every_piece_stands_where_its_span_says(text in any_text()) {
        let syntax = Syntax::parse(&text);
        let mut pieces = Vec::new();
        all(syntax.pieces(), &mut pieces);
        for piece in pieces {
            prop_assert_eq!(text.get(piece.span.clone()).map(str::to_owned), Some(piece.to_string()));
        }
        let mut end = 0;
        for piece in syntax.pieces() {
            prop_assert_eq!(piece.span.start, end);
            end = piece.span.end;
        }
        prop_assert_eq!(end, text.len());
    }

    #[test]
    fn lint_never_panics_and_every_span_is_in_the_text(text in any_text(), version in any::<prop::sample::Index>()) {
        let versions = journeyman_midjourney::Version::ALL;
        let settings = LintSettings {
            version: Some(*version.get(versions)),
            mode: Some(journeyman_midjourney::Mode::Relaxed),
            now: Some(1_800_000_000),
            ..LintSettings::default()
        };
        let lint = lint(&text, &settings);
        for finding in &lint.findings {
            prop_assert!(text.get(finding.span.clone()).is_some(), "{:?}", finding);
            let place = finding.suggestion.as_ref().and_then(|suggestion| suggestion.replacement.as_ref());
            prop_assert!(place.is_none_or(|(span, _)| text.get(span.clone()).is_some()), "{:?}", finding);
        }
        prop_assert!(lint.jobs >= 1 && lint.cost.low <= lint.cost.high);
    }

    #[test]
    fn fix_repairs_only_typography_never_meaning(text in any_text()) {
        prop_assert_eq!(meaning(&fix(&text)), meaning(&text));
    }

    #[test]
    fn what_was_fixed_stays_as_it_is(text in any_text()) {
        let fixed = fix(&text);
        prop_assert_eq!(fix(&fixed), fixed);
    }

    #[test]
    fn what_was_fixed_has_no_typography_left_to_warn_of(text in any_text()) {
        let typography = ["spaces", "dash", "quotes"];
        let lint = lint(&fix(&text), &LintSettings::default());
        let left: Vec<_> = lint.findings.iter().filter(|one| typography.contains(&one.code.name())).collect();
        prop_assert!(left.is_empty(), "{:?}", left);
    }
}

#[test]
fn braces_nested_beyond_reason_are_text_and_end_no_stack() {
    for text in [
        "{".repeat(100_000),
        "{".repeat(50_000) + &"}".repeat(50_000),
        "{a,".repeat(30_000) + &"}".repeat(30_000),
    ] {
        let syntax = Syntax::parse(&text);
        assert!(syntax.to_string() == text);
        assert!(!lint(&text, &LintSettings::default()).findings.is_empty());
    }
    let nested = "{a, ".repeat(200) + "b" + &"}".repeat(200);
    assert!(lint(&nested, &LintSettings::default()).jobs > 1);
}
