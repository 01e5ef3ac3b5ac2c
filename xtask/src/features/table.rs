//! Tables of a Markdown page: rows with the names of their columns and their section. It judges none.

/// One row below a head.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// The heading above, without its signs.
    pub(super) section: &'a str,
    head: Vec<&'a str>,
    cells: Vec<&'a str>,
}

impl<'a> Row<'a> {
    /// What stands in the column of this name.
    pub(super) fn cell(&self, name: &str) -> Option<&'a str> {
        let at = self.head.iter().position(|column| *column == name)?;
        Some(self.cells.get(at).copied().unwrap_or_default())
    }

    /// What stands in the first column.
    pub(super) fn first(&self) -> &'a str {
        self.cells.first().copied().unwrap_or_default()
    }
}

/// All rows of all tables.
pub(super) fn rows(text: &str) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let (mut section, mut head) = ("", None);
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix('#') {
            section = heading.trim_start_matches('#').trim();
        }
        let Some(cells) = cells(line) else {
            head = None;
            continue;
        };
        match &head {
            None => head = Some(cells),
            Some(_) if cells.iter().all(|cell| cell.trim_matches([':', '-']).is_empty()) => {}
            Some(head) => rows.push(Row { section, head: head.clone(), cells }),
        }
    }
    rows
}

/// The cells of a line; a bar in code is none of a table's here.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_knows_its_section_and_its_columns() {
        let text =
            "# Page\n\n## One\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 |\n\n## Two\n\n| c |\n|---|\n| 4 |\n";
        let read: Vec<_> =
            rows(text).iter().map(|row| (row.section, row.first(), row.cell("b"), row.cell("c"))).collect();
        assert_eq!(
            read,
            [("One", "1", Some("2"), None), ("One", "3", Some(""), None), ("Two", "4", None, Some("4"))]
        );
    }
}
