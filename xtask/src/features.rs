//! docs/features.md and the pages of bullets against the source: every test and example that they name is there, and no row
//! is without one. It runs none of them.

mod reference;
mod table;

use std::path::Path;

use crate::findings::Findings;
use crate::source::root;
use reference::Reference;
use table::Row;

/// The section of docs/features.md in which our column may say no: what nobody does in Discord.
const MAY_SAY_NO: &str = "Around it";

/// The sections of issue 4, each with the number of its bullets.
const BULLETS: &[(u32, u32)] = &[(1, 4), (2, 5), (3, 3), (4, 3), (5, 7)];

pub(crate) fn check(findings: &mut Findings) {
    let root = root();
    let pages = [
        ("docs/features.md", features as Judge),
        ("docs/bullets.md", bullets),
        // Begun: what is there is named, and what is not says why.
        ("docs/bullets-5.md", named),
    ];
    for (name, judge) in pages {
        match std::fs::read_to_string(root.join(name)) {
            Ok(text) => judge(&root, &table::rows(&text), findings),
            Err(why) => findings.wrong(format_args!("read {name}: {why}")),
        }
    }
}

type Judge = fn(&Path, &[Row<'_>], &mut Findings);

/// Each row of ours has a test and an example; among what Discord offers there is no row that is not ours.
fn features(root: &Path, rows: &[Row<'_>], findings: &mut Findings) {
    for row in rows {
        let (Some(tests), Some(examples)) = (row.cell("test"), row.cell("example")) else { continue };
        findings.look();
        let name = row.first();
        if row.cell("journeyman") == Some("n") {
            if row.section != MAY_SAY_NO {
                findings.wrong(format_args!("docs/features.md: {name}: `n` among what Discord offers"));
            }
            continue;
        }
        has_tests("docs/features.md", name, root, tests, findings);
        has_an_example(name, root, examples, findings);
    }
}

/// Each row has tests.
fn named(root: &Path, rows: &[Row<'_>], findings: &mut Findings) {
    for row in rows {
        let Some(tests) = row.cell("tests") else { continue };
        findings.look();
        // What is not there is said with its reason, so that it can be seen from here.
        let is_unmet = tests.strip_prefix("not yet:").is_some_and(|why| !why.trim().is_empty());
        if !is_unmet {
            has_tests("the page of bullets", row.first(), root, tests, findings);
        }
    }
}

/// Each bullet has a row, and each row has tests.
fn bullets(root: &Path, rows: &[Row<'_>], findings: &mut Findings) {
    named(root, rows, findings);
    let rows: Vec<_> = rows.iter().filter_map(|row| Some((row.first(), row.cell("tests")?))).collect();
    for (section, count) in BULLETS {
        for bullet in 1..=*count {
            let number = format!("{section}.{bullet}");
            let is_it = |row: &str| row == number || row.starts_with(&format!("{number}."));
            if !rows.iter().any(|(row, _)| is_it(row)) {
                findings.wrong(format_args!("docs/bullets.md has no row for bullet {number}"));
            }
        }
    }
}

fn has_tests(page: &str, row: &str, root: &Path, cell: &str, findings: &mut Findings) {
    let mut named = 0;
    for reference in Reference::all(cell) {
        named += usize::from(reference.is_test());
        if let Some(why) = reference.missing(root) {
            findings.wrong(format_args!("{page}: {row}: {why}"));
        }
    }
    if named == 0 {
        findings.wrong(format_args!("{page}: {row}: no test is named"));
    }
}

/// A file that is there, or a command line.
fn has_an_example(row: &str, root: &Path, cell: &str, findings: &mut Findings) {
    let mut named = usize::from(cell.contains("`journeyman ") || cell.contains("`cargo "));
    for reference in Reference::all(cell) {
        named += 1;
        if let Some(why) = reference.missing(root) {
            findings.wrong(format_args!("docs/features.md: {row}: {why}"));
        }
    }
    if named == 0 {
        findings.wrong(format_args!("docs/features.md: {row}: no example is named"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This very file and its first test, as a page would name them.
    const TEST: &str =
        "[a_row_without_a_test_or_with_one_that_is_not_there_is_found](../xtask/src/features.rs)";

    fn found(judge: Judge, text: &str) -> Vec<String> {
        let mut findings = Findings::default();
        judge(&root(), &table::rows(text), &mut findings);
        findings.all().to_vec()
    }

    fn features_with(section: &str, row: &str) -> Vec<String> {
        let head = "| feature | journeyman | test | example |\n|---|---|---|---|\n";
        found(features, &format!("## {section}\n\n{head}{row}\n"))
    }

    #[test]
    fn a_row_without_a_test_or_with_one_that_is_not_there_is_found() {
        let good = format!("| fox | y | {TEST} | `journeyman imagine \"a fox\"` |");
        assert_eq!(features_with("Discord", &good), Vec::<String>::new());
        let none = "| fox | y | | `journeyman info` |";
        assert_eq!(features_with("Discord", none), ["docs/features.md: fox: no test is named"]);
        let wrong = "| fox | y | [a_fox_flies](../xtask/src/features.rs) | `journeyman info` |";
        assert_eq!(
            features_with("Discord", wrong),
            ["docs/features.md: fox: xtask/src/features.rs has no test a_fox_flies"]
        );
    }

    #[test]
    fn a_row_without_an_example_or_with_one_that_is_not_there_is_found() {
        let none = format!("| fox | y | {TEST} | |");
        assert_eq!(features_with("Discord", &none), ["docs/features.md: fox: no example is named"]);
        let gone = format!("| fox | y | {TEST} | [fox.rs](../docs/fox.rs) |");
        assert_eq!(features_with("Discord", &gone), ["docs/features.md: fox: docs/fox.rs is not there"]);
    }

    #[test]
    fn a_no_is_found_among_what_discord_offers_and_allowed_around_it() {
        assert_eq!(
            features_with("Discord", "| fox | n | | |"),
            ["docs/features.md: fox: `n` among what Discord offers"]
        );
        assert_eq!(features_with(MAY_SAY_NO, "| fox | n | | |"), Vec::<String>::new());
    }

    #[test]
    fn a_bullet_without_a_row_or_without_tests_is_found() {
        let rows = |skip: &str, tests: &str| {
            let numbers = BULLETS
                .iter()
                .flat_map(|(section, count)| (1..=*count).map(move |n| format!("{section}.{n}")));
            let row = |number: String| format!("| {number}.1 | what | {tests} |\n");
            let rows: String = numbers.filter(|number| number != skip).map(row).collect();
            format!("| number | bullet | tests |\n|---|---|---|\n{rows}")
        };
        assert_eq!(found(bullets, &rows("", TEST)), Vec::<String>::new());
        assert_eq!(found(bullets, &rows("2.3", TEST)), ["docs/bullets.md has no row for bullet 2.3"]);
        assert_eq!(found(bullets, &rows("", "")).len(), 22);
        assert_eq!(found(bullets, &rows("", "not yet:")).len(), 22);
        assert_eq!(found(bullets, &rows("", "not yet: nobody wrote it")), Vec::<String>::new());
    }
}
