//! A file whose lines end in one way: with `\n`, the last one too. It knows no formats.

use std::io::{self, Read};

/// Turns `\r\n` and `\r` into `\n`, and ends the last line, so that lines can be counted by one byte.
pub(super) struct Newlines<R> {
    from: R,
    last: Option<u8>,
}

impl<R> Newlines<R> {
    pub(super) fn of(from: R) -> Self {
        Self { from, last: None }
    }

    /// Rewrites what was read, and tells how much is left of it.
    fn rewrite(&mut self, bytes: &mut [u8]) -> usize {
        let mut kept = 0;
        for at in 0..bytes.len() {
            let byte = bytes[at];
            if !(byte == b'\n' && self.last == Some(b'\r')) {
                bytes[kept] = if byte == b'\r' { b'\n' } else { byte };
                kept += 1;
            }
            self.last = Some(byte);
        }
        kept
    }
}

impl<R: Read> Read for Newlines<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.from.read(into)?;
            if read == 0 {
                let is_open = !matches!(self.last, None | Some(b'\n' | b'\r'));
                return Ok(match into.first_mut().filter(|_| is_open) {
                    None => 0,
                    Some(first) => {
                        *first = b'\n';
                        self.last = Some(b'\n');
                        1
                    }
                });
            }
            let kept = self.rewrite(&mut into[..read]);
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_ends_in_one_way_wherever_a_read_ends() {
        for (text, expected) in [
            ("a\r\nb\rc\nd", "a\nb\nc\nd\n"),
            ("\r\n\r\n", "\n\n"),
            ("\r\r\n", "\n\n"),
            ("", ""),
            ("a\r", "a\n"),
        ] {
            for size in 1..5 {
                let mut lines = Newlines::of(text.as_bytes());
                let mut read = Vec::new();
                let mut buffer = vec![0; size];
                loop {
                    match lines.read(&mut buffer).unwrap() {
                        0 => break,
                        length => read.extend_from_slice(&buffer[..length]),
                    }
                }
                assert_eq!(String::from_utf8(read).unwrap(), expected, "{text:?} by {size}");
            }
        }
    }
}
