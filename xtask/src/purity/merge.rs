//! What a merge leaves in a document when nobody looks. Sources do not compile with it.

use crate::findings::Findings;
use crate::source::root;

/// What git writes at the beginning of a line where two changes meet.
const TRACES: [&str; 2] = ["<<<<<<< ", ">>>>>>> "];

/// Looks at every document in the project's root.
pub(super) fn check(findings: &mut Findings) {
    let documents = match std::fs::read_dir(root()) {
        Ok(entries) => entries.filter_map(Result::ok).map(|entry| entry.path()),
        Err(why) => return findings.wrong(format_args!("read the project's root: {why}")),
    };
    for path in documents.filter(|path| path.extension().is_some_and(|ending| ending == "md")) {
        findings.look();
        match std::fs::read_to_string(&path) {
            Ok(text) => judge(&path.display().to_string(), &text, findings),
            Err(why) => findings.wrong(format_args!("read {}: {why}", path.display())),
        }
    }
}

fn judge(name: &str, text: &str, findings: &mut Findings) {
    let is_trace = |line: &str| TRACES.iter().any(|trace| line.starts_with(trace));
    if let Some(at) = text.lines().position(is_trace) {
        findings.wrong(format_args!("{name}:{} is a merge's trace", at + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merges_trace_in_a_document_is_found() {
        let mut findings = Findings::default();
        judge("README.md", "fine\n>>>> quoted\n", &mut findings);
        assert!(findings.all().is_empty());
        judge("README.md", &format!("one\n{} HEAD\n", "<".repeat(7)), &mut findings);
        assert_eq!(findings.all().len(), 1);
    }
}
