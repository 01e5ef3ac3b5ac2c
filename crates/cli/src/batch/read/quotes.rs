//! Where the quotes of a table are wrong: the reader of tables takes whatever comes, and one quote too few would make
//! one prompt of many lines. It changes nothing of what passes.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

/// A quote that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The line in which the quoted text begins, from 1.
    pub(super) line: u64,
    /// Whether it goes on behind its closing quote; else it is never closed.
    pub(super) goes_on: bool,
}

/// Passes a table on, and notes the quotes that are wrong.
pub(super) struct Quotes<R> {
    from: R,
    delimiter: u8,
    line: u64,
    within: Within,
    wrong: Rc<RefCell<Vec<Wrong>>>,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy)]
enum Within {
    /// It begins a cell.
    Begin,
    /// A cell without quotes, or one that is told already.
    Plain,
    /// A quoted text, with the line in which it began.
    Quoted(u64),
    /// The same behind a quote, which closes it or is the first of two.
    Quote(u64),
    /// The file has ended.
    End,
}

impl<R> Quotes<R> {
    /// For a table with this between its cells; the list fills up while it is read.
    pub(super) fn of(from: R, delimiter: u8) -> (Self, Rc<RefCell<Vec<Wrong>>>) {
        let wrong = Rc::new(RefCell::new(Vec::new()));
        (Self { from, delimiter, line: 1, within: Within::Begin, wrong: Rc::clone(&wrong) }, wrong)
    }

    fn pass(&mut self, byte: u8) {
        let ends_cell = byte == self.delimiter || byte == b'\n';
        self.within = match self.within {
            Within::Begin if byte == b'"' => Within::Quoted(self.line),
            Within::Quoted(begun) if byte == b'"' => Within::Quote(begun),
            Within::Quoted(begun) => Within::Quoted(begun),
            Within::Quote(begun) if byte == b'"' => Within::Quoted(begun),
            Within::Begin | Within::Plain | Within::Quote(_) if ends_cell => Within::Begin,
            Within::Quote(line) => {
                self.wrong.borrow_mut().push(Wrong { line, goes_on: true });
                Within::Plain
            }
            Within::Begin | Within::Plain => Within::Plain,
            Within::End => Within::End,
        };
        self.line += u64::from(byte == b'\n');
    }

    fn end(&mut self) {
        if let Within::Quoted(line) = self.within {
            self.wrong.borrow_mut().push(Wrong { line, goes_on: false });
        }
        self.within = Within::End;
    }
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(into)?;
        into.iter().take(read).for_each(|byte| self.pass(*byte));
        if read == 0 && !into.is_empty() {
            self.end();
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_that_are_wrong_are_found_and_right_ones_are_not() {
        let open = |line| Wrong { line, goes_on: false };
        let goes_on = |line| Wrong { line, goes_on: true };
        for (text, expected) in [
            ("a,\"b \"\"c\"\"\",d\n\"e\nf\"\n\"\"\n", vec![]),
            ("5\" nail,a \"b\" c\n", vec![]),
            ("a\n\"b,c\nd\n", vec![open(2)]),
            ("\"a,1\nb,2\n\"c,3\n", vec![goes_on(1)]),
            ("\"a\" b,\"c\"\n", vec![goes_on(1)]),
            ("\"a\nb\",\"c", vec![open(2)]),
        ] {
            let (mut quotes, wrong) = Quotes::of(text.as_bytes(), b',');
            let mut passed = String::new();
            quotes.read_to_string(&mut passed).unwrap();
            assert_eq!((passed.as_str(), wrong.borrow().as_slice()), (text, expected.as_slice()), "{text:?}");
        }
    }
}
