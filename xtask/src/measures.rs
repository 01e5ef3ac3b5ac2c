//! BENCHMARKS.md against the issues begun: every numbered measure has its row. It measures nothing itself.

use std::collections::BTreeSet;

use crate::findings::Findings;
use crate::source::root;

/// The issues begun, each with the number of measures that it lists.
const ISSUES: &[(u32, u32)] = &[(2, 10), (3, 5), (4, 8)];

pub(crate) fn check(findings: &mut Findings) {
    match std::fs::read_to_string(root().join("BENCHMARKS.md")) {
        Ok(text) => judge(&text, findings),
        Err(why) => findings.wrong(format_args!("read BENCHMARKS.md: {why}")),
    }
}

fn judge(text: &str, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for row in text.lines().filter_map(Row::read) {
        findings.look();
        row.judge(findings);
        seen.insert(row.number.to_owned());
    }
    for (issue, measures) in ISSUES {
        for measure in 1..=*measures {
            let number = format!("{issue}.{measure}");
            let has_row = seen.iter().any(|row| *row == number || row.starts_with(&format!("{number}.")));
            if !has_row {
                findings.wrong(format_args!("BENCHMARKS.md has no row for measure {number}"));
            }
        }
    }
}

/// One row: number, measure, command, result, commit.
struct Row<'a> {
    number: &'a str,
    cells: Vec<&'a str>,
}

impl<'a> Row<'a> {
    /// Reads a table row whose first cell is a number such as `2.7` or `2.7.1`.
    fn read(line: &'a str) -> Option<Self> {
        let mut cells = line.trim().strip_prefix('|')?.strip_suffix('|')?.split(" | ").map(str::trim);
        let number = cells.next()?;
        let numbered = number.contains('.') && number.split('.').all(|part| part.parse::<u32>().is_ok());
        numbered.then(|| Self { number, cells: cells.collect() })
    }

    fn judge(&self, findings: &mut Findings) {
        let number = self.number;
        let [measure, command, result, commit] = self.cells.as_slice() else {
            findings.wrong(format_args!(
                "measure {number}: a row has 5 cells: number, measure, command, result, commit"
            ));
            return;
        };
        for (name, cell) in [("measure", measure), ("command", command), ("result", result)] {
            if cell.is_empty() {
                findings.wrong(format_args!("measure {number}: no {name}"));
            }
        }
        // A number without the commit it was taken at cannot be taken again.
        let unmet = result.strip_prefix("not met:").is_some_and(|why| !why.trim().is_empty());
        if !unmet && !is_commit(commit) {
            findings.wrong(format_args!("measure {number}: neither a commit nor `not met: why`"));
        }
    }
}

fn is_commit(cell: &str) -> bool {
    let hash = cell.trim_matches('`');
    (7..=40).contains(&hash.len()) && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut findings = Findings::default();
        judge(text, &mut findings);
        findings.all().to_vec()
    }

    /// All rows that are demanded, but for one.
    fn rows(skip: &str, result: &str, commit: &str) -> String {
        let numbers = ISSUES
            .iter()
            .flat_map(|(issue, measures)| (1..=*measures).map(move |measure| format!("{issue}.{measure}")));
        let row = |number: String| format!("| {number} | what | `cmd` | {result} | {commit} |\n");
        numbers.filter(|number| number != skip).map(row).collect()
    }

    #[test]
    fn a_missing_row_is_found() {
        assert_eq!(found(&rows("", "met", "`a32aa29`")), Vec::<String>::new());
        assert_eq!(found(&rows("2.3", "met", "`a32aa29`")), ["BENCHMARKS.md has no row for measure 2.3"]);
    }

    #[test]
    fn a_row_needs_a_commit_or_a_reason() {
        assert_eq!(found(&rows("", "met", "")).len(), 23);
        assert_eq!(found(&rows("", "not met:", "")).len(), 23);
        assert_eq!(found(&rows("", "not met: the driver is not there yet", "")).len(), 0);
    }
}
