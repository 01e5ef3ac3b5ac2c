//! Rows in columns as wide as what stands in them. It knows no job.

use unicode_width::UnicodeWidthStr as _;

/// A column is cut here; the last one is not.
const WIDEST: usize = 44;

/// The rows below their heads; columns that are empty throughout are left out.
pub(crate) fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = heads.map(|_| 0);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width().min(WIDEST));
        }
    }
    for (width, head) in widths.iter_mut().zip(heads) {
        if *width > 0 {
            *width = (*width).max(head.width());
        }
    }
    let mut text = line(&heads.map(str::to_owned), &widths);
    for row in rows {
        text.push_str(&line(row, &widths));
    }
    text
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let last = widths.iter().rposition(|width| *width > 0);
    let mut text = String::new();
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        if *width == 0 {
            continue;
        }
        let cell = if Some(at) == last { cell.clone() } else { cut(cell, *width) };
        text.push_str(&cell);
        if Some(at) != last {
            text.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + 2));
        }
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// As much of it as fits, with a mark where it was cut.
fn cut(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        if kept.width() + character.to_string().width() >= most {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them_and_empty_ones_are_left_out() {
        let rows = [["1", "", "狐 fox", "so"], ["200", "", "a", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(
            table(["id", "none", "title", "why"], &rows),
            "id   title   why\n1    狐 fox  so\n200  a\n"
        );
    }

    #[test]
    fn what_is_too_wide_is_cut_but_for_the_last_column() {
        let long = "狐".repeat(60);
        let text = table(["a", "b"], &[[long.clone(), long.clone()]]);
        let (first, last) = text.lines().nth(1).and_then(|row| row.split_once("… ")).expect("a mark");
        assert_eq!((first, last.trim_start()), ("狐".repeat(21).as_str(), long.as_str()));
    }
}
