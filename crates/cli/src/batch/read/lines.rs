//! Lines of text with their numbers. What stands in them is not its matter.

use std::io::{BufRead as _, BufReader, Chain, Cursor, Read};

use super::super::place::{Place, Problem};
use super::newlines::Newlines;

/// More than any line of a batch has: 6,000 characters of a prompt, and its columns.
const LONGEST: u64 = 1024 * 1024;

/// A file without its byte order mark, and with one way to end lines.
pub(super) type Unmarked<R> = Newlines<Chain<Cursor<Vec<u8>>, R>>;

/// Takes the byte order mark off, and refuses what is no UTF-8 from its first bytes on.
pub(super) fn without_mark<R: Read>(place: &Place, mut from: R) -> Result<Unmarked<R>, Problem> {
    let mut head = Vec::new();
    let read = from.by_ref().take(3).read_to_end(&mut head);
    read.map_err(|why| unreadable(place, &why))?;
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return Err(place.problem("it is written in UTF-16", "save it as UTF-8"));
    }
    if head == [0xef, 0xbb, 0xbf] {
        head.clear();
    }
    Ok(Newlines::of(Cursor::new(head).chain(from)))
}

/// The lines of a file, without what ends them.
pub(super) struct Lines<R: Read> {
    from: BufReader<Unmarked<R>>,
    file: Place,
    number: u64,
    is_over: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn of(file: Place, from: Unmarked<R>) -> Self {
        Self { from: BufReader::new(from), file, number: 0, is_over: false }
    }
}

impl<R: Read> Iterator for Lines<R> {
    type Item = Result<(Place, String), Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let mut bytes = Vec::new();
        let read = self.from.by_ref().take(LONGEST).read_until(b'\n', &mut bytes);
        self.number += 1;
        let place = self.file.line(self.number);
        match read {
            Ok(0) => {
                self.is_over = true;
                None
            }
            Ok(length) if u64::try_from(length) == Ok(LONGEST) && !bytes.ends_with(b"\n") => {
                self.is_over = true;
                let hint = "give a text file with a line for each item";
                Some(Err(place.problem(format!("the line is longer than {LONGEST} bytes"), hint)))
            }
            Ok(_) => Some(text(&place, bytes).map(|text| (place, text))),
            Err(why) => {
                self.is_over = true;
                Some(Err(unreadable(&place, &why)))
            }
        }
    }
}

fn text(place: &Place, mut bytes: Vec<u8>) -> Result<String, Problem> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    String::from_utf8(bytes).map_err(|_| no_text(place))
}

pub(super) fn no_text(place: &Place) -> Problem {
    place.problem("it is no UTF-8 text", "save the file as UTF-8")
}

pub(super) fn unreadable(place: &Place, why: &std::io::Error) -> Problem {
    place.problem(format!("it cannot be read: {why}"), "check the path and its permissions")
}

#[cfg(test)]
mod tests {
    use super::super::{Format, tests::read};

    #[test]
    fn a_line_that_is_no_text_or_too_long_is_told_with_its_number() {
        let (rows, problems) = read(Format::Text, b"a fox\n\xe9t\xe9\na cat\n");
        assert_eq!(rows.len(), 2, "the lines around it are read");
        assert!(problems[0].contains("line 2") && problems[0].contains("UTF-8"), "{problems:?}");
        let (rows, problems) = read(Format::Text, "a fox\n".to_owned() + &"x".repeat(2 << 20));
        assert_eq!((rows.len(), problems.len()), (1, 1));
        assert!(problems[0].contains("line 2: the line is longer"), "{problems:?}");
    }
}
