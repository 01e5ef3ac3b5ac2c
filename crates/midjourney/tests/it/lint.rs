//! What lint says of prompts: one table of prompts and findings, and one test for each thing it tells beside them.

use journeyman_midjourney::lint::{Code, Lint, LintSettings, Severity, lint};
use journeyman_midjourney::{Mode, Version};

fn settings(version: Option<Version>) -> LintSettings {
    LintSettings { version, mode: None, now: Some(0x6600_0000), ..LintSettings::default() }
}

fn judged(text: &str) -> Lint {
    lint(text, &settings(None))
}

/// The findings as `severity code text-under-the-span`.
fn told(text: &str, settings: &LintSettings) -> Vec<String> {
    let word = |severity: Severity| severity.word();
    let found = lint(text, settings).findings;
    found
        .iter()
        .map(|one| format!("{} {} `{}`", word(one.severity), one.code.name(), &text[one.span.clone()]))
        .collect()
}

fn check(text: &str, expect: &[&str]) {
    assert_eq!(told(text, &settings(None)), expect, "{text}");
}

#[test]
fn a_prompt_with_nothing_wrong_has_no_findings() {
    for prompt in [
        "a lighthouse at dawn --ar 3:2",
        "https://x.y/a.png https://s.mj.run/b a {red, blue} bird::2 in the sky::-.5 --no hats, dogs --no cats --s 250 --v 6.1",
        "a cat --sref random --sw 100 --sref-less",
        "a cat --sref 123::2 https://x.y/a.png::1 --cref https://x.y/b.png --cw 0 --niji 6",
        "a cat --oref https://x.y/b.png --ow 400 --exp 5 --draft --v 7",
        "a cat --v 5.1 raw --video",
        r"a \{red\, blue\} bird --r 3 --fast",
        "1990—2000, a decade — x-ray, e-mail",
        "cat --p abc def --seed 4294967295 --stop 10 --iw .5 --tile --q .25 --weird 3000 --chaos 100",
    ] {
        let expect: &[&str] =
            if prompt.contains("sref-less") { &["warning unknown-parameter `--sref-less`"] } else { &[] };
        check(prompt, expect);
    }
}

#[test]
fn what_the_bot_is_known_to_refuse_is_an_error_with_its_place() {
    check("", &["error empty ``"]);
    check("a --a cute cat", &["error unknown-parameter `--a`"]);
    check("a cat --v5", &["error missing-space `--v5`"]);
    check("a cat --ar3:2", &["error missing-space `--ar3:2`"]);
    check("a cat --arr 3:2", &["error unknown-parameter `--arr`"]);
    check("a cat --stylise 5", &["error unknown-parameter `--stylise`"]);
    check("a cat --ar 3x2", &["error malformed-value `3x2`"]);
    check("a cat --ar", &["error missing-value `--ar`"]);
    check("a cat --chaos 101", &["error out-of-range `101`"]);
    check("a cat --ar {3:2, wide}", &["error malformed-value `wide`"]);
    check("a cat {--c 50, --c 9999}", &["error out-of-range `9999`"]);
    check("cat::1 dog::-2", &["error weight-sum `::1 dog::-2`"]);
    check("a {red, blue} cat --relax", &["error batch-in-relax `--relax`"]);
    check("a cat --repeat 3 --relax", &["error batch-in-relax `--relax`"]);
}

#[test]
fn what_is_not_verified_only_warns() {
    check("a cat --zx 3", &["warning unknown-parameter `--zx`"]);
    check("a cat --newthing 3", &["warning unknown-parameter `--newthing`"]);
    check("a cat --ow 0", &["warning out-of-range `0`"]);
    check("a cat --q 3", &["warning out-of-range `3`"]);
    check("a cat --v 9", &["warning unknown-version `9`"]);
    check(
        "a cat --oref https://x/a.png https://x/b.png",
        &["warning too-many-images `https://x/a.png https://x/b.png`"],
    );
}

#[test]
fn typography_warns() {
    check("a  cat", &["warning spaces `  `"]);
    check("a cat —ar 3:2", &["warning dash `—ar`"]);
    check("a cat –ar 3:2", &["warning dash `–ar`"]);
    check("a “red” cat", &["warning quotes `“`"]);
    check("a cat -ar 3:2", &["warning not-a-parameter `-ar`"]);
    check("a cat -- ar 3:2", &["warning not-a-parameter `-- ar`"]);
    check("a cat--ar 3:2", &["warning not-a-parameter `--ar`"]);
    check("a {red, blue bird", &["warning brace `{`"]);
}

#[test]
fn parameters_before_the_text_twice_or_against_each_other_warn() {
    check("--ar 3:2 a cat", &["warning text-after-parameter `3:2 a cat`"]);
    check("a cat --tile on a mat", &["warning text-after-parameter `on a mat`"]);
    check("--ar 3:2 --tile", &["warning no-text `--ar`"]);
    check("a cat --s 5 --stylize 6", &["warning duplicate `--stylize`"]);
    check("a cat --v 6 --niji 6", &["warning contradiction `--niji`"]);
    check("a cat --fast --turbo", &["warning contradiction `--turbo`"]);
}

#[test]
fn links_are_judged_by_their_signature_and_their_name() {
    let discord = |query: &str| format!("https://cdn.discordapp.com/attachments/1/2/a.png{query}");
    let lint = |link: &str| told(&format!("{link} a cat"), &settings(None));
    assert_eq!(
        lint(&discord("?ex=65ffffff&is=1&hm=2")),
        [format!("error expired-link `{}`", discord("?ex=65ffffff&is=1&hm=2"))]
    );
    assert_eq!(lint(&discord("?ex=66000001&is=1&hm=2")), [""; 0]);
    assert_eq!(lint(&discord("")), [format!("warning unsigned-link `{}`", discord(""))]);
    assert_eq!(lint("https://x.y/page"), ["warning no-image-link `https://x.y/page`"]);
    check("https://x.y/a.png", &["warning image-alone `https://x.y/a.png`"]);
    check("https://x.y/a.png https://x.y/b.png", &[]);
    check("a cat https://x.y/a.png", &["warning image-after-text `https://x.y/a.png`"]);
    // Without a time no link is expired.
    let timeless = LintSettings::default();
    assert_eq!(told(&format!("{} a cat", discord("?ex=1")), &timeless), [""; 0]);
}

#[test]
fn the_version_is_the_prompts_or_the_accounts() {
    let cref = "a cat --cref https://x.y/b.png";
    assert_eq!(told(cref, &settings(Some(Version::V7))), ["warning not-in-version `--cref`"]);
    assert_eq!(told(&format!("{cref} --v 6.1"), &settings(Some(Version::V7))), [""; 0]);
    assert_eq!(told(&format!("{cref} --niji 6"), &settings(Some(Version::V7))), [""; 0]);
    assert_eq!(lint("a cat --v 6.0", &settings(Some(Version::V7))).version, Some(Version::V6));
    assert_eq!(lint("a cat --niji 7", &settings(None)).version, Some(Version::Niji7));
    assert_eq!(lint("a cat --version 8.1", &settings(None)).version, Some(Version::V8_1));
    assert_eq!(lint("a cat", &settings(Some(Version::V5_2))).version, Some(Version::V5_2));
    assert_eq!(told("a cat --stylize 5000", &settings(Some(Version::V3))), [""; 0]);
    assert_eq!(
        told("a cat --stylize 5000 --v 4", &settings(Some(Version::V3))),
        ["error out-of-range `5000`"]
    );
    assert_eq!(told("cat::2 dog", &settings(Some(Version::V7))), ["warning weights-in-version `::2`"]);
    assert_eq!(told("cat::.5 dog", &settings(Some(Version::V2))), ["warning weights-in-version `::.5`"]);
}

#[test]
fn a_slip_gets_a_suggestion_that_can_be_written_there() {
    for (text, words, fixed) in [
        ("a cat --arr 3:2", "did you mean --ar?", "a cat --ar 3:2"),
        ("a cat --v5", "did you mean --v 5?", "a cat --v 5"),
        ("a cat -ar 3:2", "did you mean --ar?", "a cat --ar 3:2"),
        ("a cat--ar 3:2", "did you mean cat --ar?", "a cat --ar 3:2"),
        ("a cat —ar 3:2", "write --ar", "a cat --ar 3:2"),
    ] {
        let lint = judged(text);
        let suggestion = lint.findings[0].suggestion.as_ref().expect("a suggestion");
        assert_eq!(suggestion.words, words, "{text}");
        let (span, with) = suggestion.replacement.clone().expect("a replacement");
        let mut written = text.to_owned();
        written.replace_range(span, &with);
        assert_eq!(written, fixed);
        assert!(judged(&written).findings.is_empty(), "{written}");
    }
}

#[test]
fn it_tells_jobs_mode_draft_and_an_estimated_cost() {
    let plain = judged("a cat");
    assert_eq!((plain.jobs, plain.mode, plain.is_draft), (1, None, false));
    let many = judged("a {red, blue} cat --r 3 --turbo --draft");
    assert_eq!((many.jobs, many.mode, many.is_draft), (6, Some(Mode::Turbo), true));
    assert!(many.cost.low > plain.cost.low && many.cost.high > plain.cost.high);
    let relaxed = lint("a cat", &LintSettings { mode: Some(Mode::Relaxed), ..settings(None) });
    assert!(relaxed.cost.high < f64::EPSILON);
    assert_eq!(
        lint("a cat --fast", &LintSettings { mode: Some(Mode::Relaxed), ..settings(None) }).mode,
        Some(Mode::Fast)
    );
}

#[test]
fn too_many_jobs_for_a_plan_warn_and_endless_ones_are_counted_at_once() {
    check("a cat --r 41", &["warning many-jobs `a cat --r 41`", "error out-of-range `41`"]);
    let endless = "{a, b}".repeat(900);
    let lint = judged(&endless);
    assert_eq!(lint.jobs, u64::MAX);
    assert!(lint.findings.iter().any(|finding| finding.code == Code::ManyJobs));
}

#[test]
fn the_normalised_form_is_what_is_sent() {
    assert_eq!(judged(" a  cat —ar 3:2").normalised, "a cat --ar 3:2");
}

#[test]
fn the_length_is_counted_in_characters_and_the_rest_is_shown() {
    let text = "é".repeat(6_001);
    let lint = judged(&text);
    assert_eq!(lint.findings[0].code, Code::TooLong);
    assert_eq!(text[lint.findings[0].span.clone()].chars().count(), 1);
    assert!(judged(&"x".repeat(10_000_000)).errors().next().is_some());
}
