//! Prompts in a form that can be compared, since Midjourney shows another text than was sent.
//!
//! It is the last resort of `claim`: a prompt never outweighs a nonce, a reference or a job id.

use std::collections::{BTreeMap, BTreeSet};

use crate::prompt::Prompt;

/// What stands for any address: Midjourney shows its own short link for the one that was sent.
const ADDRESS: &str = "<address>";

/// References that Midjourney rewrites: codes are drawn for `random`, addresses are shortened
/// and injected, a personal profile is named (Mutiny-SDK's tests).
const REWRITTEN: [&str; 4] = ["sref", "cref", "oref", "p"];

/// Modes are shown at the end of the caption, and not always in the prompt.
const MODES: [&str; 3] = ["fast", "relax", "turbo"];

/// Values that hold anyway, which Midjourney leaves out of what it shows (novicezk/midjourney-proxy#293 for
/// `--q 1`; inferred for the others).
const ASSUMED: [(&str, &str); 5] = [("q", "1"), ("s", "100"), ("c", "0"), ("w", "0"), ("stop", "100")];

/// A prompt for matching.
///
/// Midjourney collapses spaces, turns `—` into `--`, replaces addresses by short links, writes
/// `--aspect` as `--ar`, `--style raw` as `raw` in the version, `--v 6` as `--v 6.0`, reorders
/// parameters, and appends or leaves out defaults (novicezk/midjourney-proxy#262, #293, PR#270;
/// Mutiny-SDK's tests). All of these compare equal here, except defaults, which [`Self::matches`] permits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Normalised {
    body: String,
    /// What `--no` excludes, sorted. It is part of the meaning, so it is compared like the body.
    no: BTreeSet<String>,
    /// Every other parameter by its short name, with the sorted values it was given.
    flags: BTreeMap<String, Vec<String>>,
    modes: BTreeSet<String>,
}

impl Normalised {
    /// Normalises a prompt, as sent or as shown.
    pub fn of(prompt: &str) -> Self {
        let clean = Prompt::parse(prompt).to_string();
        let prompt = Prompt::parse(&clean.replace('—', "--"));
        let mut normalised = Self {
            body: words(prompt.text()),
            no: BTreeSet::new(),
            flags: BTreeMap::new(),
            modes: BTreeSet::new(),
        };
        for parameter in prompt.parameters() {
            normalised.add(parameter.canonical_name(), parameter.value().unwrap_or_default());
        }
        normalised.flags.values_mut().for_each(|values| values.sort_unstable());
        normalised
    }

    /// Whether `shown` can be what Midjourney shows for this prompt.
    ///
    /// Asymmetric: `shown` may have parameters that were not sent (defaults, the account's
    /// suffix), and must have each that was, with the same values, unless these hold anyway.
    pub fn matches(&self, shown: &Self) -> bool {
        self.body == shown.body
            && self.no == shown.no
            && self.flags.iter().all(|(name, values)| {
                let theirs = shown.flags.get(name).map(Vec::as_slice).unwrap_or_default();
                theirs == values || theirs.iter().eq(needed(name, values))
            })
    }

    /// How many parameters `shown` has that were not sent: defaults, a suffix, or another prompt's.
    pub fn unsent(&self, shown: &Self) -> usize {
        shown.flags.keys().filter(|name| !self.flags.contains_key(*name)).count()
    }

    /// Whether there is any text that Midjourney could show for both prompts. Two such
    /// prompts must never be unbound at once in one channel.
    ///
    /// Symmetric and conservative: `a cat` and `a cat --ar 3:2` are confusable, since a suffix
    /// may add `--ar 3:2` to the first; `a cat --ar 1:1` and `a cat --ar 3:2` are not.
    pub fn is_confusable_with(&self, other: &Self) -> bool {
        let agrees = |(name, values): (&String, &Vec<String>)| {
            let Some(theirs) = other.flags.get(name) else { return true };
            // Where one's may be left out, a suffix may add the other's.
            let (own, others) = (needed(name, values), needed(name, theirs));
            own.is_empty() || others.is_empty() || values == theirs || own == others
        };
        self.body == other.body && self.no == other.no && self.flags.iter().all(agrees)
    }

    /// Whether a parameter is there, by its short name: `relax`, `ar`, `raw` …
    pub fn has_flag(&self, name: &str) -> bool {
        self.flags.contains_key(name) || self.modes.contains(name)
    }

    fn add(&mut self, name: String, value: &str) {
        let value = words(&value.to_lowercase());
        match name.as_str() {
            "no" => self.no.extend(value.split(',').map(words).filter(|item| !item.is_empty())),
            "style" if value == "raw" => self.add_raw(),
            "raw" => self.add_raw(),
            "v" | "niji" => {
                let (raw, rest): (Vec<_>, Vec<_>) = value.split(' ').partition(|word| *word == "raw");
                if !raw.is_empty() {
                    self.add_raw();
                }
                self.push(name, plain_number(&rest.join(" ")));
            }
            "ar" => self.push(name, lowest_terms(&value)),
            "video" if value == "1" => self.push(name, String::new()),
            mode if MODES.contains(&mode) => {
                self.modes.insert(name);
            }
            rewritten if REWRITTEN.contains(&rewritten) => {}
            _ => self.push(name, plain_number(&value)),
        }
    }

    /// Said twice, raw is raw: as a style, as a flag, or inside the version.
    fn add_raw(&mut self) {
        self.flags.insert("raw".to_owned(), vec![String::new()]);
    }

    fn push(&mut self, name: String, value: String) {
        self.flags.entry(name).or_default().push(value);
    }
}

/// The values of a parameter without those that hold anyway.
fn needed<'a>(name: &str, values: &'a [String]) -> Vec<&'a String> {
    values.iter().filter(|value| !ASSUMED.contains(&(name, value.as_str()))).collect()
}

/// One space between words, and one token for any address.
fn words(text: &str) -> String {
    let words = text.split_whitespace().map(|word| if is_address(word) { ADDRESS } else { word });
    words.collect::<Vec<_>>().join(" ")
}

fn is_address(word: &str) -> bool {
    let word = word.trim_start_matches('<');
    let begins =
        |scheme: &str| word.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    begins("https://") || begins("http://")
}

/// `6.0` and `6` are one number, and so are `.5` and `0.50`.
fn plain_number(value: &str) -> String {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if value.is_empty() || value == "." || !digits(whole) || !digits(fraction) {
        return value.to_owned();
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

/// `16:9` for `1920:1080`, in case Midjourney shortens ratios.
fn lowest_terms(ratio: &str) -> String {
    let terms = ratio.split_once(':').and_then(|(width, height)| {
        let (width, height) = (width.parse::<u64>().ok()?, height.parse::<u64>().ok()?);
        let divisor = greatest_common_divisor(width, height);
        Some(format!("{}:{}", width.checked_div(divisor)?, height.checked_div(divisor)?))
    });
    terms.unwrap_or_else(|| ratio.to_owned())
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(sent: &str, shown: &str) -> bool {
        Normalised::of(sent).matches(&Normalised::of(shown))
    }

    #[test]
    fn what_midjourney_rewrites_still_matches() {
        for (sent, shown) in [
            ("a cat", "a cat"),
            ("a  cat ", "a cat --v 5.1"),
            ("a cat —ar 3:2", "a cat --ar 3:2 --v 6.0 --style raw"),
            ("a cat — sleeping", "a cat -- sleeping"),
            ("a cat --aspect 3:2 --v 6", "a cat --v 6.0 --ar 3:2"),
            ("a cat --style raw --v 5.1", "a cat --v 5.1 raw"),
            ("a cat --raw --v 7", "a cat --v 7.0 --style raw"),
            ("https://x.y/a.png?ex=1 a cat", "<https://s.mj.run/abc> a cat --v 6.0"),
            ("a cat --sref random", "a cat --sref <https://s.mj.run/a> <https://s.mj.run/b> --v 6.1"),
            ("a cat --video 1", "a cat --video"),
            ("a cat --video", "a cat --video 1"),
            ("a cat --no hat,dog", "a cat --no dog, hat"),
            ("a cat --q .50 --relax", "a cat --q 0.5"),
            ("a cat --stylize 250 --chaos 10", "a cat --c 10 --s 250"),
            ("a cat --ar 1920:1080", "a cat --ar 16:9"),
            ("a cat --p", "a cat --profile abc123"),
            ("a cat --q 1", "a cat --v 6.1"),
            ("a cat --s 100 --c 0 --weird 0", "a cat --v 6.1"),
            ("a cat --s 100 --s 50", "a cat --s 50"),
            ("a cat --quality 1.0", "a cat --q 1"),
            ("", "--v 6.1"),
        ] {
            assert!(matches(sent, shown), "{sent:?} is shown as {shown:?}");
        }
    }

    #[test]
    fn another_prompt_does_not_match() {
        for (sent, shown) in [
            ("a cat", "a dog"),
            ("a cat", "A cat"),
            ("a cat --ar 3:2", "a cat"),
            ("a cat --ar 3:2", "a cat --ar 1:1"),
            ("a cat --seed 1", "a cat --seed 2"),
            ("a cat", "a cat --no hat"),
            ("a cat --no hat", "a cat"),
            ("a cat --tile", "a cat --tile --tile"),
            ("https://x.y/a.png a cat", "a cat"),
            ("a cat --style raw", "a cat --v 5.1"),
            ("a cat --v 5.1", "a cat --v 5.2"),
            ("a cat --s 100", "a cat --s 50"),
            ("a cat --s 50", "a cat"),
        ] {
            assert!(!matches(sent, shown), "{sent:?} is not shown as {shown:?}");
        }
    }

    #[test]
    fn prompts_that_could_be_shown_alike_are_confusable() {
        let confusable = |a: &str, b: &str| Normalised::of(a).is_confusable_with(&Normalised::of(b));
        assert!(confusable("a cat", " a  cat"));
        assert!(confusable("a cat", "a cat --ar 3:2"));
        assert!(confusable("a cat --s 5", "a cat --ar 3:2"));
        assert!(confusable("http://x/1.png a cat", "http://x/2.png a cat"));
        assert!(confusable("a cat --s 100", "a cat --s 50"));
        assert!(!confusable("a cat --s 150", "a cat --s 50"));
        assert!(!confusable("a cat --ar 1:1", "a cat --ar 3:2"));
        assert!(!confusable("a cat", "a cat --no hat"));
        assert!(!confusable("a cat", "a dog"));
    }

    #[test]
    fn numbers_compare_by_value_and_other_values_by_text() {
        for (value, plain) in
            [("6.0", "6"), (".5", "0.5"), ("007", "7"), ("1.10", "1.1"), ("", ""), (".", "."), ("6.x", "6.x")]
        {
            assert_eq!(plain_number(value), plain);
        }
        assert_eq!(lowest_terms("0:0"), "0:0");
        assert_eq!(lowest_terms("16/9"), "16/9");
    }
}
