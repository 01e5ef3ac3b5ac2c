//! A batch as a table: a row of headers, then a row for each item. What a cell means is the row's matter.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::rc::Rc;

use csv::{ByteRecord, Reader, ReaderBuilder};
use journeyman_midjourney::nearest::nearest;

use super::super::place::{Place, Problem};
use super::super::row::{COLUMNS, Row, known};
use super::lines::{Unmarked, no_text, unreadable};
use super::quotes::{Quotes, Wrong};

/// Much more than a row of headers has.
const LONGEST_HEAD: usize = 64 * 1024;

/// A file whose first line was looked at.
type Whole<R> = io::Chain<io::Cursor<Vec<u8>>, Unmarked<R>>;

/// A table that is read row by row.
pub(super) struct Table<R: Read> {
    reader: Reader<Quotes<Whole<R>>>,
    /// Quotes that are wrong, as far as the file was read.
    wrong: Rc<RefCell<Vec<Wrong>>>,
    headers: Vec<String>,
    file: Place,
    is_over: bool,
}

impl<R: Read> Table<R> {
    /// Reads the headers.
    pub(super) fn begin(file: Place, mut from: Unmarked<R>) -> Result<Self, Problem> {
        let head = head(&file, &mut from)?;
        let delimiter = delimiter(&head);
        let (from, wrong) = Quotes::of(io::Cursor::new(head).chain(from), delimiter);
        let mut reader = ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(from);
        let record = reader.byte_headers().map_err(|why| failed(&file, &why))?.clone();
        let headers = headers(&file.line(1), &record)?;
        Ok(Self { reader, wrong, headers, file, is_over: false })
    }

    /// The next row; one of empty cells is none.
    pub(super) fn next(&mut self) -> Option<Result<Row, Problem>> {
        loop {
            if self.is_over {
                return None;
            }
            let mut record = ByteRecord::new();
            match self.reader.read_byte_record(&mut record) {
                Ok(true) if record.iter().all(|cell| cell.trim_ascii().is_empty()) => {}
                Ok(true) => return Some(self.row(&record)),
                Ok(false) => self.is_over = true,
                Err(why) => {
                    self.is_over = true;
                    return Some(Err(failed(&self.file, &why)));
                }
            }
        }
    }

    fn row(&self, record: &ByteRecord) -> Result<Row, Problem> {
        let (begins, ends) = self.lines(record);
        let place = self.file.line(begins);
        if let Some(wrong) = self.wrong.borrow().iter().find(|wrong| (begins..=ends).contains(&wrong.line)) {
            let place = self.file.line(wrong.line);
            let hint = "close a text with a \" at its end, and write \"\" for a \" in it";
            let message = if wrong.goes_on {
                "a text between quotes goes on behind the second one"
            } else {
                "a \" is opened and never closed"
            };
            return Err(place.problem(message, hint));
        }
        if record.len() != self.headers.len() {
            let message =
                format!("it has {} cells, and there are {} headers", record.len(), self.headers.len());
            let hint = "put a text with a comma in it between \"…\" without a space before, and leave a cell empty rather than out";
            return Err(place.problem(message, hint));
        }
        let mut cells = Vec::with_capacity(record.len());
        for (header, cell) in self.headers.iter().zip(record) {
            let text = std::str::from_utf8(cell).map_err(|_| no_text(&place).in_column(header))?;
            cells.push((header.clone(), text.to_owned()));
        }
        Row::of_cells(&place, cells)
    }

    /// The lines that the row begins and ends in, counted back from its end: its own position may be that of a blank
    /// line before.
    fn lines(&self, record: &ByteRecord) -> (u64, u64) {
        let within: usize = record.iter().map(|cell| cell.split(|byte| *byte == b'\n').count() - 1).sum();
        let ends = self.reader.position().line().saturating_sub(1);
        (ends.saturating_sub(u64::try_from(within).unwrap_or(0)).max(1), ends)
    }
}

/// The first line of the file, with what ends it.
fn head(file: &Place, from: &mut impl Read) -> Result<Vec<u8>, Problem> {
    let mut head = Vec::new();
    let mut byte = [0];
    while head.len() < LONGEST_HEAD {
        match from.read(&mut byte) {
            Ok(0) => break,
            Ok(_) => head.push(byte[0]),
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(unreadable(file, &why)),
        }
        if byte[0] == b'\n' && !head.trim_ascii().is_empty() {
            break;
        }
    }
    Ok(head)
}

/// What stands between the headers: spreadsheets write semicolons where the comma is in numbers, or tabs.
fn delimiter(head: &[u8]) -> u8 {
    [b',', b'\t', b';'].into_iter().find(|delimiter| head.contains(delimiter)).unwrap_or(b',')
}

fn headers(place: &Place, record: &ByteRecord) -> Result<Vec<String>, Problem> {
    let mut headers = Vec::with_capacity(record.len());
    let mut seen = BTreeSet::new();
    for (index, cell) in record.iter().enumerate() {
        let text = std::str::from_utf8(cell).map_err(|_| no_text(place))?.trim();
        let name = known(text).unwrap_or(text).to_owned();
        if name.is_empty() && record.len() > 1 {
            let message = format!("column {} has no header", index + 1);
            return Err(place.problem(message, "name it, or take it out"));
        }
        if !seen.insert(name.clone()) {
            let message = format!("there are two columns `{name}`");
            return Err(place.problem(message, "name one of them otherwise"));
        }
        headers.push(name);
    }
    if headers.iter().any(|name| name == "prompt") {
        return Ok(headers);
    }
    let names: Vec<_> = headers.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        let hint = format!("begin with a line such as prompt,name; the columns are {}", COLUMNS.join(", "));
        return Err(Place { line: None, ..place.clone() }.problem("there are no headers", hint));
    }
    let near = nearest("prompt", &names).map(|near| format!("rename `{near}`, or "));
    let hint = format!("{}begin with a line of headers, one of them `prompt`", near.unwrap_or_default());
    Err(place.problem("there is no column `prompt`", hint))
}

fn failed(file: &Place, why: &csv::Error) -> Problem {
    let place = why.position().map_or_else(|| file.clone(), |position| file.line(position.line()));
    if let csv::ErrorKind::Io(why) = why.kind() {
        return unreadable(&place, why);
    }
    place.problem(format!("it is no table: {why}"), "save it as CSV in UTF-8")
}

#[cfg(test)]
mod tests {
    use super::super::{Format, tests::read};

    #[test]
    fn csv_has_columns_for_prompt_parameters_images_recipe_name_and_priority() {
        let text = "Prompt,parameters,images,recipe,name,priority,style\r\n\
            \"a fox, asleep\",--ar 3:2, a.png ; https://x.y/z.png ,zoom.toml,red fox,5,\"oil \"\"old\"\"\"\r\n\
            \r\n,,,,,,\r\n\"two\nlines\",,,,,,\r\na cat,,,,,,ink\r\n";
        let (rows, problems) = read(Format::Csv, text);
        assert_eq!(problems, [""; 0]);
        let fox = &rows[0];
        assert_eq!((fox.prompt.as_str(), fox.parameters.as_str()), ("a fox, asleep", "--ar 3:2"));
        assert_eq!(fox.images, ["a.png", "https://x.y/z.png"]);
        assert_eq!(fox.recipe.as_deref(), Some(std::path::Path::new("zoom.toml")));
        assert_eq!((fox.name.as_deref(), fox.priority), (Some("red fox"), 5));
        assert_eq!(fox.variables["style"], "oil \"old\"");
        let rest: Vec<_> = rows[1..].iter().map(|row| (row.prompt.as_str(), row.place.line)).collect();
        assert_eq!(rest, [("two\nlines", Some(5)), ("a cat", Some(7))]);
        assert_eq!((rows[1].name.as_deref(), rows[1].priority), (None, 0));
    }

    #[test]
    fn semicolons_and_tabs_separate_too_and_the_last_line_needs_no_end() {
        for text in ["prompt;style\n\"a;b\";oil", "prompt\tstyle\na;b\toil", "prompt,style\na;b,oil"] {
            let (rows, problems) = read(Format::Csv, text);
            assert_eq!((rows[0].prompt.as_str(), problems.len()), ("a;b", 0), "{text:?}");
            assert_eq!(rows[0].variables["style"], "oil");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_file_line_column_and_cure() {
        for (text, told) in [
            ("prompt,priority\na,1\nb,high\n", "b, line 3, column priority: `high` is no whole number"),
            ("prompt,style\n,oil\n", "b, line 2, column prompt: there is no prompt"),
            ("prompt,style\na,b,c\n", "b, line 2: it has 3 cells, and there are 2 headers"),
            ("promt,style\na,b\n", "b, line 1: there is no column `prompt` (rename `promt`"),
            ("prompt,,style\na,b,c\n", "b, line 1: column 2 has no header"),
            ("prompt,Prompt\na,b\n", "b, line 1: there are two columns `prompt`"),
            ("prompt,x\na,\"b\nc,d\ne,f\n", "b, line 2: a \" is opened and never closed"),
            ("prompt\n\"a fox", "b, line 2: a \" is opened and never closed"),
            ("prompt\na\n\"b\nc\n\"d\n", "b, line 3: a text between quotes goes on behind the second one"),
            ("prompt,x\r\na,1\r\nb,\"2\"\r\n,3\r\n", "b, line 4, column prompt"),
        ] {
            let (_, problems) = read(Format::Csv, text);
            assert_eq!(problems.len(), 1, "{text:?}: {problems:?}");
            assert!(problems[0].starts_with(told), "{text:?}: {problems:?}");
        }
        let (rows, problems) = read(Format::Csv, b"prompt,x\na,\xe9\nb,c\n");
        assert!(problems[0].starts_with("b, line 2, column x: it is no UTF-8 text"), "{problems:?}");
        assert_eq!(rows[0].prompt, "b", "the rows behind it are read");
    }

    #[test]
    fn an_inch_is_no_open_quote() {
        let (rows, problems) = read(Format::Csv, "prompt\na 5\" nail\n\"two\nlines\"\nlast\n");
        assert_eq!((rows.len(), problems.len()), (3, 0), "{problems:?}");
    }
}
