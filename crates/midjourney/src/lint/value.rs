//! Whether a value is what a row of the table takes. It knows no names.

use crate::parameter::Takes;
use crate::version::Version;

/// What a value is to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As the row wants it.
    Fine,
    /// As the row wants it up to this byte; the rest is text behind the parameter.
    Rest(usize),
    /// There is none.
    Missing,
    /// Of another kind.
    Malformed,
    /// Of the kind, but not among the values.
    OutOfRange,
    /// A number that may be a version's of the future.
    UnknownVersion,
    /// More links than it takes.
    TooMany,
}

pub(super) fn judge(takes: Takes, value: &str) -> Verdict {
    let mut tokens = tokens(value);
    let first = tokens.next();
    let rest = || tokens.clone().next().map_or(Verdict::Fine, |(at, _)| Verdict::Rest(at));
    let (at, word) = match (takes, first) {
        (
            Takes::Nothing | Takes::MaybeText | Takes::MaybeOneOf(_) | Takes::Version { is_niji: true },
            None,
        ) => {
            return Verdict::Fine;
        }
        (_, None) => return Verdict::Missing,
        (_, Some(first)) => first,
    };
    match takes {
        Takes::Text | Takes::MaybeText => Verdict::Fine,
        Takes::Whole(least, most) => match word.parse::<i64>() {
            Ok(number) if (least..=most).contains(&number) => rest(),
            Ok(_) => Verdict::OutOfRange,
            // Too many digits for any range.
            Err(_) if is_digits(word.trim_start_matches('-')) => Verdict::OutOfRange,
            Err(_) => Verdict::Malformed,
        },
        Takes::Number(least, most) => match word.parse::<f64>() {
            Ok(number) if number >= least && number <= most => rest(),
            Ok(number) if number.is_finite() => Verdict::OutOfRange,
            _ => Verdict::Malformed,
        },
        Takes::OneOf(words) if is_one_of(word, words) => rest(),
        Takes::OneOf(_) => Verdict::OutOfRange,
        Takes::MaybeOneOf(words) if is_one_of(word, words) => rest(),
        Takes::Nothing | Takes::MaybeOneOf(_) => Verdict::Rest(at),
        Takes::Ratio => {
            if ratio(word).is_some() {
                rest()
            } else {
                Verdict::Malformed
            }
        }
        Takes::Links(_, most) => links(value, most),
        Takes::Styles => until_other(value, |word| {
            is_address(word) || is_digits(word) || word.eq_ignore_ascii_case("random")
        }),
        Takes::Version { is_niji } => match Version::of_number(word, is_niji) {
            // Midjourney itself shows `--v 5.1 raw`.
            Some(_) if value.get(at + word.len()..).is_some_and(|rest| rest.trim() == "raw") => Verdict::Fine,
            Some(_) => rest(),
            None if word.parse::<f64>().is_ok_and(f64::is_finite) => Verdict::UnknownVersion,
            None => Verdict::Malformed,
        },
    }
}

/// Two whole numbers above zero with a colon between.
pub(super) fn ratio(word: &str) -> Option<(u64, u64)> {
    let (width, height) = word.split_once(':')?;
    if !is_digits(width) || !is_digits(height) {
        return None;
    }
    let sides = (width.parse::<u64>().ok()?, height.parse::<u64>().ok()?);
    (sides.0 > 0 && sides.1 > 0).then_some(sides)
}

fn links(value: &str, most: usize) -> Verdict {
    let verdict = until_other(value, is_address);
    let read = if let Verdict::Rest(at) = verdict { value.get(..at).unwrap_or_default() } else { value };
    if verdict != Verdict::Malformed && tokens(read).count() > most { Verdict::TooMany } else { verdict }
}

/// Words of a kind, each with a weight or without, up to the first other one.
fn until_other(value: &str, is_kind: impl Fn(&str) -> bool) -> Verdict {
    let bare = |word: &str| word.split_once("::").map_or(word.len(), |(bare, _)| bare.len());
    let other = tokens(value).find(|(_, word)| !word.get(..bare(word)).is_some_and(&is_kind));
    match other {
        None => Verdict::Fine,
        Some((at, _)) if tokens(value).next().is_some_and(|(first, _)| first == at) => Verdict::Malformed,
        Some((at, _)) => Verdict::Rest(at),
    }
}

/// By the letters, or by the number: `.5` is `0.5`.
fn is_one_of(word: &str, words: &[&str]) -> bool {
    let number = word.parse::<f64>();
    words.iter().any(|known| known.eq_ignore_ascii_case(word) || number.is_ok() && known.parse() == number)
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_address(word: &str) -> bool {
    let word = word.trim_start_matches('<').to_ascii_lowercase();
    word.starts_with("https://") || word.starts_with("http://")
}

/// The words, each with its place.
fn tokens(value: &str) -> impl Iterator<Item = (usize, &str)> + Clone {
    let words = value.split_whitespace();
    words.map(move |word| (word.as_ptr().addr() - value.as_ptr().addr(), word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_judged_by_kind_and_range() {
        for (takes, value, expect) in [
            (Takes::Nothing, "", Verdict::Fine),
            (Takes::Nothing, "a cat", Verdict::Rest(0)),
            (Takes::Whole(0, 100), "50", Verdict::Fine),
            (Takes::Whole(0, 100), "101", Verdict::OutOfRange),
            (Takes::Whole(0, 100), "99999999999999999999", Verdict::OutOfRange),
            (Takes::Whole(0, 100), "-1", Verdict::OutOfRange),
            (Takes::Whole(0, 100), "much", Verdict::Malformed),
            (Takes::Whole(0, 100), "1.5", Verdict::Malformed),
            (Takes::Whole(0, 100), "5 a cat", Verdict::Rest(2)),
            (Takes::Whole(0, 100), "", Verdict::Missing),
            (Takes::Number(0.0, 3.0), ".5", Verdict::Fine),
            (Takes::Number(0.0, 3.0), "NaN", Verdict::Malformed),
            (Takes::OneOf(&["0.25", "1"]), ".25", Verdict::Fine),
            (Takes::OneOf(&["0.25", "1"]), "3", Verdict::OutOfRange),
            (Takes::MaybeOneOf(&["1"]), "", Verdict::Fine),
            (Takes::Ratio, "16:9", Verdict::Fine),
            (Takes::Ratio, "16:0", Verdict::Malformed),
            (Takes::Ratio, "1.5:1", Verdict::Malformed),
            (Takes::Ratio, "+1:1", Verdict::Malformed),
            (Takes::Ratio, "16x9", Verdict::Malformed),
            (Takes::Links(1, 1), "https://x/a.png", Verdict::Fine),
            (Takes::Links(1, 1), "https://x/a.png <https://x/b.png>", Verdict::TooMany),
            (Takes::Links(1, 9), "https://x/a.png::2 a cat", Verdict::Rest(19)),
            (Takes::Links(1, 9), "a cat", Verdict::Malformed),
            (Takes::Styles, "random", Verdict::Fine),
            (Takes::Styles, "123::2 456::-.5 https://x/a.png", Verdict::Fine),
            (Takes::Styles, "cat", Verdict::Malformed),
            (Takes::Version { is_niji: false }, "6.1", Verdict::Fine),
            (Takes::Version { is_niji: false }, "5.1 raw", Verdict::Fine),
            (Takes::Version { is_niji: false }, "9", Verdict::UnknownVersion),
            (Takes::Version { is_niji: false }, "new", Verdict::Malformed),
            (Takes::Version { is_niji: true }, "", Verdict::Fine),
        ] {
            assert_eq!(judge(takes, value), expect, "{takes:?} {value:?}");
        }
    }
}
