//! What the simulator does, by how it is known. The table is the simulator's; this prints it.

use std::fmt::Write as _;
use std::io::Write as _;

use journeyman_sim::{Behaviour, Source, behaviours};

use crate::findings::Findings;

pub(crate) fn print(findings: &mut Findings) {
    let mut rows = behaviours();
    // Within a source the table's own order stays.
    rows.sort_by_key(|row| row.source);
    let text =
        if std::env::args().any(|argument| argument == "--json") { lines(&rows) } else { table(&rows) };
    for _ in &rows {
        findings.look();
    }
    if let Err(why) = std::io::stdout().write_all(text.as_bytes()) {
        findings.wrong(format_args!("print the behaviours: {why}"));
    }
}

/// One JSON object a line.
fn lines(rows: &[Behaviour]) -> String {
    let lines = rows.iter().map(|row| serde_json::to_string(row).unwrap_or_default() + "\n");
    lines.collect()
}

fn table(rows: &[Behaviour]) -> String {
    let width = rows.iter().map(|row| row.part.len() + row.name.len() + 1).max().unwrap_or_default();
    let mut text = String::new();
    for source in [Source::Real, Source::Peer, Source::Inferred] {
        let rows: Vec<_> = rows.iter().filter(|row| row.source == source).collect();
        let _ = writeln!(text, "{source} ({})", rows.len());
        for row in rows {
            let name = format!("{} {}", row.part, row.name);
            let _ = writeln!(text, "  {name:<width$}  {} [{}]", row.what, row.from);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_behaviour_is_printed_once_below_its_source() {
        let rows = behaviours();
        let text = table(&rows);
        assert_eq!(text.lines().count(), rows.len() + 3);
        let (_, inferred) = text.split_once("\ninferred (").expect("the inferred ones");
        assert!(inferred.contains("scenario unknown-title ") && !inferred.contains("gateway hello "));
        assert_eq!(lines(&rows).lines().count(), rows.len());
    }
}
