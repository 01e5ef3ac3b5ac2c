//! A batch file in one of its formats, line by line. It opens no file and puts no variables in.

mod csv;
mod json;
mod lines;
mod newlines;
mod quotes;
mod text;

use std::io::Read;
use std::path::Path;

use super::place::{Place, Problem};
use super::row::Row;
use lines::Lines;

/// How a batch is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One prompt a line.
    Text,
    /// A row of headers, then a row for each item; with commas, semicolons or tabs between the cells.
    Csv,
    /// A JSON object a line.
    JsonLines,
}

impl Format {
    /// The names that `--format` takes.
    pub(crate) const NAMES: [&str; 3] = ["txt", "csv", "jsonl"];

    /// By its name, or an ending of files.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "txt" | "text" => Some(Self::Text),
            "csv" | "tsv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }

    /// By the ending of a file's name.
    ///
    /// # Errors
    /// An ending that says nothing.
    pub(crate) fn of_path(path: &Path) -> Result<Self, Problem> {
        let ending = path.extension().and_then(|ending| ending.to_str());
        ending.and_then(Self::of_word).ok_or_else(|| {
            Place::file(&path.display().to_string()).problem(
                "its name does not tell its format",
                "name it .txt, .csv or .jsonl, or say --format txt, csv or jsonl",
            )
        })
    }
}

/// The rows of a batch file, in order. A row that is wrong does not end it; a file that cannot be read on does.
pub(crate) struct Rows<R: Read>(Source<R>);

enum Source<R: Read> {
    Text(Lines<R>),
    Csv(Box<csv::Table<R>>),
    Json(Lines<R>),
}

impl<R: Read> Rows<R> {
    /// Begins to read; `file` is its name for people.
    ///
    /// # Errors
    /// What cannot be read at all, or has no usable headers.
    pub(crate) fn begin(file: &str, format: Format, from: R) -> Result<Self, Problem> {
        let place = Place::file(file);
        let from = lines::without_mark(&place, from)?;
        Ok(Self(match format {
            Format::Text => Source::Text(Lines::of(place, from)),
            Format::Csv => Source::Csv(Box::new(csv::Table::begin(place, from)?)),
            Format::JsonLines => Source::Json(Lines::of(place, from)),
        }))
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Row, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Text(lines) => text::next(lines),
            Source::Csv(table) => table.next(),
            Source::Json(lines) => json::next(lines),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All rows of a text, and all problems as people read them.
    pub(in crate::batch) fn read(format: Format, text: impl AsRef<[u8]>) -> (Vec<Row>, Vec<String>) {
        let (mut rows, mut problems) = (Vec::new(), Vec::new());
        match Rows::begin("b", format, text.as_ref()) {
            Err(problem) => problems.push(format!("{problem} ({})", problem.hint)),
            Ok(read) => {
                for row in read {
                    match row {
                        Ok(row) => rows.push(row),
                        Err(problem) => problems.push(format!("{problem} ({})", problem.hint)),
                    }
                }
            }
        }
        (rows, problems)
    }

    #[test]
    fn the_format_is_told_by_the_files_ending() {
        for (name, format) in [
            ("a.txt", Format::Text),
            ("a.CSV", Format::Csv),
            ("a.tsv", Format::Csv),
            ("a.jsonl", Format::JsonLines),
        ] {
            assert_eq!(Format::of_path(Path::new(name)), Ok(format), "{name}");
        }
        let problem = Format::of_path(Path::new("a.xlsx")).unwrap_err();
        assert!(problem.hint.contains("--format"), "{problem:?}");
    }

    #[test]
    fn a_byte_order_mark_is_no_text_and_utf_16_is_told() {
        for (format, text) in [
            (Format::Text, "\u{feff}a fox\r\n"),
            (Format::Csv, "\u{feff}prompt\r\na fox\r\n"),
            (Format::JsonLines, "\u{feff}{\"prompt\": \"a fox\"}\r\n"),
        ] {
            let (rows, problems) = read(format, text);
            assert_eq!(problems, [""; 0], "{format:?}");
            assert_eq!(rows[0].prompt, "a fox", "{format:?}");
        }
        let (_, problems) = read(Format::Text, b"\xff\xfea\0");
        assert!(problems[0].contains("UTF-16") && problems[0].contains("UTF-8"), "{problems:?}");
    }

    #[test]
    fn an_empty_file_has_no_rows() {
        for text in ["", "\n\n", "\u{feff}"] {
            assert_eq!(read(Format::Text, text), (vec![], vec![]), "{text:?}");
            assert_eq!(read(Format::JsonLines, text), (vec![], vec![]), "{text:?}");
            let (rows, problems) = read(Format::Csv, text);
            assert!(rows.is_empty() && problems[0].contains("no headers"), "{text:?}: {problems:?}");
        }
    }

    #[test]
    fn a_hundred_thousand_lines_are_read_one_by_one() {
        let lines = |line: &dyn Fn(usize) -> String| (1..=100_000).map(line).collect::<Vec<_>>().join("\n");
        let text = lines(&|n| format!("fox {n}"));
        let rows = Rows::begin("b", Format::Text, text.as_bytes()).unwrap();
        let (index, last) = rows.map(Result::unwrap).enumerate().last().unwrap();
        assert_eq!((index, last.prompt.as_str(), last.place.line), (99_999, "fox 100000", Some(100_000)));
        let csv = lines(&|n| format!("fox {n},big"));
        let (rows, problems) = read(Format::Csv, format!("prompt,size\n{csv}"));
        assert_eq!((rows.len(), problems.len()), (100_000, 0));
        assert_eq!(rows[99_999].place.line, Some(100_001));
        let json = lines(&|n| format!("{{\"prompt\": \"fox {n}\"}}"));
        assert_eq!(read(Format::JsonLines, json).0.len(), 100_000);
    }

    proptest! {
        #[test]
        fn no_file_makes_a_reader_fail_otherwise_than_by_a_problem_with_a_cure(
            bytes in prop::collection::vec(prop::sample::select(b"prompt,name;\t\"\r\n{}[]:\\1#\xc3\xa9\xff\xfe\xef\xbb\xbf".to_vec()), 0..200),
            begins in prop::sample::select(vec!["", "prompt,x\n", "prompt\n", "{\"prompt\": "]),
        ) {
            let file = [begins.as_bytes(), &bytes].concat();
            for format in [Format::Text, Format::Csv, Format::JsonLines] {
                for row in Rows::begin("b", format, file.as_slice()).into_iter().flatten() {
                    match row {
                        Ok(row) => prop_assert!(!row.prompt.trim().is_empty()),
                        Err(problem) => prop_assert!(!problem.message.is_empty() && !problem.hint.is_empty()),
                    }
                }
            }
        }

        #[test]
        fn what_a_table_says_is_read_with_its_lines_whatever_stands_in_it(
            cells in prop::collection::vec(("[a-z\"]{0,3}[a-z,;\"\n é]{0,8}[a-z]", "[a-z,;\"\n é]{0,6}"), 1..20),
            crlf in any::<bool>(),
        ) {
            let end = if crlf { "\r\n" } else { "\n" };
            let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\"").replace('\n', end));
            let mut text = format!("prompt,x{end}");
            let mut line = 2;
            let mut expected = Vec::new();
            for (prompt, x) in &cells {
                text.push_str(&[quoted(prompt), ",".to_owned(), quoted(x), end.to_owned()].concat());
                expected.push((line, prompt.clone(), x.clone()));
                line += 1 + u64::try_from((prompt.clone() + x).matches('\n').count()).unwrap();
            }
            let (rows, problems) = read(Format::Csv, &text);
            prop_assert_eq!(problems, [""; 0]);
            let read: Vec<_> = rows.into_iter().map(|row| (row.place.line.unwrap(), row.prompt, row.variables["x"].clone())).collect();
            prop_assert_eq!(read, expected);
        }
    }
}
