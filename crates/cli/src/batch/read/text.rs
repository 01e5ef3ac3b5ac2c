//! A batch as text: one prompt a line. It knows no columns.

use std::io::Read;

use super::super::place::Problem;
use super::super::row::Row;
use super::lines::Lines;

/// The next prompt. A line that begins with `#` is a comment, one with `\#` a prompt that begins with `#`.
pub(super) fn next<R: Read>(lines: &mut Lines<R>) -> Option<Result<Row, Problem>> {
    loop {
        let (place, line) = match lines.next()? {
            Ok(line) => line,
            Err(problem) => return Some(Err(problem)),
        };
        let prompt = line.trim();
        if prompt.is_empty() || prompt.starts_with('#') {
            continue;
        }
        let prompt = if prompt.starts_with("\\#") { &prompt[1..] } else { prompt };
        return Some(Ok(Row::of_prompt(place, prompt.to_owned())));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, tests::read};

    #[test]
    fn txt_has_one_prompt_a_line_with_comments_and_blank_lines() {
        let text = "# animals\r\na fox --ar 3:2\r\n\r\n  # more\n  a cat, \"asleep\" \n\\#1 dog";
        let (rows, problems) = read(Format::Text, text);
        assert_eq!(problems, [""; 0]);
        let prompts: Vec<_> = rows.iter().map(|row| (row.prompt.as_str(), row.place.line)).collect();
        assert_eq!(
            prompts,
            [("a fox --ar 3:2", Some(2)), ("a cat, \"asleep\"", Some(5)), ("#1 dog", Some(6))]
        );
    }
}
