//! What the bot reads in a prompt: how many jobs it asks for, and what it refuses.
//!
//! It does not rewrite; `caption` does. The ranges are a reseller's guides and general knowledge: unverified.

use std::time::Duration;

use super::Stage;
use crate::cdn;
use crate::notice::{self, Notice};

/// What a parameter takes.
#[derive(Clone, Copy, Debug)]
enum Takes {
    Nothing,
    /// A number within these bounds.
    Number(f64, f64),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Nothing, or one of these words.
    Perhaps(&'static [&'static str]),
    /// Two whole numbers with a colon between.
    Ratio,
    /// Any words, at least one.
    Words,
    /// Any words, or none.
    Anything,
}

/// Every parameter of versions 1 to 8.1 that the facts name, with its other names.
const PARAMETERS: &[(&[&str], Takes)] = &[
    (&["ar", "aspect"], Takes::Ratio),
    (&["c", "chaos"], Takes::Number(0.0, 100.0)),
    (&["s", "stylize"], Takes::Number(0.0, 1_000.0)),
    (&["w", "weird"], Takes::Number(0.0, 3_000.0)),
    (&["exp"], Takes::Number(0.0, 100.0)),
    (&["q", "quality"], Takes::OneOf(&[".25", "0.25", ".5", "0.5", "1", "2", "4"])),
    (&["seed"], Takes::Number(0.0, 4_294_967_295.0)),
    (&["sameseed"], Takes::Number(0.0, 4_294_967_295.0)),
    (&["iw"], Takes::Number(0.0, 3.0)),
    (&["sw"], Takes::Number(0.0, 1_000.0)),
    (&["sv"], Takes::Number(1.0, 8.0)),
    (&["ow"], Takes::Number(1.0, 1_000.0)),
    (&["cw"], Takes::Number(0.0, 100.0)),
    (&["stop"], Takes::Number(10.0, 100.0)),
    (&["r", "repeat"], Takes::Number(1.0, 40.0)),
    (&["zoom"], Takes::Number(1.0, 2.0)),
    (
        &["v", "version"],
        Takes::OneOf(&[
            "1", "2", "3", "4", "5", "5.0", "5.1", "5.2", "6", "6.0", "6.1", "7", "7.0", "8", "8.0", "8.1",
        ]),
    ),
    (&["niji"], Takes::Perhaps(&["4", "5", "6", "7"])),
    (&["bs"], Takes::OneOf(&["1", "2", "4"])),
    (&["motion"], Takes::OneOf(&["low", "high"])),
    (&["video"], Takes::Perhaps(&["1"])),
    (&["tile"], Takes::Nothing),
    (&["raw"], Takes::Nothing),
    (&["draft"], Takes::Nothing),
    (&["loop"], Takes::Nothing),
    (&["fast"], Takes::Nothing),
    (&["relax"], Takes::Nothing),
    (&["turbo"], Takes::Nothing),
    (&["stealth"], Takes::Nothing),
    (&["public"], Takes::Nothing),
    (&["hd"], Takes::Nothing),
    (&["test"], Takes::Nothing),
    (&["testp"], Takes::Nothing),
    (&["creative"], Takes::Nothing),
    (&["upbeta"], Takes::Nothing),
    (&["uplight"], Takes::Nothing),
    (&["no"], Takes::Words),
    (&["style"], Takes::Words),
    (&["end"], Takes::Words),
    (&["cref"], Takes::Words),
    (&["sref"], Takes::Words),
    (&["oref"], Takes::Words),
    (&["p", "profile"], Takes::Anything),
];

/// Why a prompt is refused, and what the notice says of it.
pub(super) fn problem(stage: &Stage<'_>, at: Duration, prompt: &str) -> Option<(&'static Notice, String)> {
    if let Some(link) = prompt.split_whitespace().find(|word| !opens(stage, at, word)) {
        return Some((&notice::INVALID_LINK_BANG, link.to_owned()));
    }
    if !stage.settings.check_parameters {
        return None;
    }
    let dashed = prompt.replace('—', "--");
    let (_, parameters) = split(&dashed);
    let known = |name: &str| PARAMETERS.iter().find(|(names, _)| names.contains(&name));
    let unknown: Vec<_> =
        parameters.iter().filter(|(name, _)| known(name).is_none()).map(|(name, _)| *name).collect();
    if !unknown.is_empty() {
        return Some((&notice::UNRECOGNIZED_NAMED, unknown.join("`, `")));
    }
    parameters.iter().find_map(|(name, value)| {
        let (_, takes) = known(name)?;
        (!fits(*takes, value)).then(|| {
            let text =
                format!("Invalid value provided for argument `--{name}`\n`{value}` is not a valid value.");
            (&notice::INVALID_VALUE, text)
        })
    })
}

/// Whether a word is no link to a file of this world, or one that still opens (peer: novicezk PR#283).
pub(super) fn opens(stage: &Stage<'_>, at: Duration, word: &str) -> bool {
    let link = word.trim_matches(|c| matches!(c, '<' | '>'));
    let Some(path) = link.strip_prefix(stage.settings.origin.as_str()) else { return true };
    let Some((id, query)) = cdn::file_of(path) else { return true };
    let now = stage.discord.wall.unix_seconds(at);
    stage.discord.files.contains_key(&id) && stage.discord.links.opens(&id.to_string(), query, now)
}

/// The text, and each parameter with its value.
fn split(prompt: &str) -> (String, Vec<(&str, String)>) {
    let mut text: Vec<&str> = Vec::new();
    let mut parameters: Vec<(&str, Vec<&str>)> = Vec::new();
    for word in prompt.split_whitespace() {
        let name = word.strip_prefix("--").filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()));
        match (name, parameters.last_mut()) {
            (Some(name), _) => parameters.push((name, Vec::new())),
            (None, Some((_, value))) => value.push(word),
            (None, None) => text.push(word),
        }
    }
    (text.join(" "), parameters.into_iter().map(|(name, value)| (name, value.join(" "))).collect())
}

fn fits(takes: Takes, value: &str) -> bool {
    let word = value.split_whitespace().next().unwrap_or_default();
    match takes {
        // Inferred: words that stand behind a value are no mistake.
        Takes::Nothing | Takes::Anything => true,
        Takes::Words => !value.is_empty(),
        Takes::OneOf(words) => words.contains(&word),
        Takes::Perhaps(words) => value.is_empty() || words.contains(&word),
        Takes::Number(least, most) => {
            word.parse::<f64>().is_ok_and(|number| (least..=most).contains(&number))
        }
        Takes::Ratio => word.split_once(':').is_some_and(|(across, down)| {
            [across, down].iter().all(|side| side.parse::<u32>().is_ok_and(|side| side > 0))
        }),
    }
}

/// The prompts of the jobs that one prompt asks for: permutations `{a, b}`, then `--repeat`.
///
/// Real: both make several jobs from one interaction. Inferred: the order, and that a backslash makes a brace or a comma
/// plain.
pub(super) fn parts(prompt: &str, most: u32) -> Result<Vec<String>, String> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let too_many = || format!("You can not submit more than {most} jobs at once.");
    let expanded = expand(prompt, most).ok_or_else(too_many)?;
    let mut parts = Vec::new();
    for one in expanded {
        let (once, times) = without_repeat(&one);
        if parts.len() + times > most.max(1) {
            return Err(too_many());
        }
        parts.extend(std::iter::repeat_n(once, times));
    }
    Ok(parts)
}

fn without_repeat(prompt: &str) -> (String, usize) {
    let mut times = 1;
    let mut words = Vec::new();
    let mut rest = prompt.split(' ').peekable();
    while let Some(word) = rest.next() {
        let count = rest.peek().and_then(|count| count.parse::<usize>().ok());
        match count.filter(|_| matches!(word, "--r" | "--repeat")) {
            Some(count) => {
                times = count.max(1);
                rest.next();
            }
            None => words.push(word),
        }
    }
    (words.join(" "), times)
}

/// Every choice of the outermost braces, those within expanded in turn; nothing if there are more than `most`.
fn expand(prompt: &str, most: usize) -> Option<Vec<String>> {
    let mut done: Vec<String> = Vec::new();
    let mut open = vec![prompt.to_owned()];
    while let Some(next) = open.pop() {
        match first_braces(&next) {
            None => done.push(plain(&next)),
            Some((before, choices, after)) => {
                open.extend(choices.iter().rev().map(|choice| format!("{before}{}{after}", choice.trim())));
            }
        }
        if done.len() + open.len() > most.max(1) {
            return None;
        }
    }
    Some(done)
}

/// The first pair of braces: what stands before, its choices, and what stands behind.
fn first_braces(text: &str) -> Option<(&str, Vec<&str>, &str)> {
    let mut depth = 0_u32;
    let (mut begin, mut since) = (0, 0);
    let mut choices = Vec::new();
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        let plain = escaped;
        escaped = letter == '\\' && !plain;
        match letter {
            _ if plain => {}
            '{' => {
                depth += 1;
                if depth == 1 {
                    (begin, since) = (at, at + 1);
                }
            }
            ',' if depth == 1 => {
                choices.push(&text[since..at]);
                since = at + 1;
            }
            '}' if depth == 1 => {
                choices.push(&text[since..at]);
                return Some((&text[..begin], choices, &text[at + 1..]));
            }
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn plain(text: &str) -> String {
    text.replace("\\{", "{").replace("\\}", "}").replace("\\,", ",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(prompt: &str, expected: &[&str]) {
        assert_eq!(parts(prompt, 40).expect("few enough"), expected, "{prompt}");
    }

    #[test]
    fn permutations_and_repeats_make_several_prompts() {
        check("a cat", &["a cat"]);
        check("a {red, green} cat", &["a red cat", "a green cat"]);
        check("a {red, {dark, light} green} cat", &["a red cat", "a dark green cat", "a light green cat"]);
        check("{a, b} {c, d}", &["a c", "a d", "b c", "b d"]);
        check("a cat --repeat 3 --ar 3:2", &["a cat --ar 3:2"; 3]);
        check("a {cat, dog} --r 2", &["a cat", "a cat", "a dog", "a dog"]);
        check("a \\{red\\, green\\} cat", &["a {red, green} cat"]);
        check("a } cat {", &["a } cat {"]);
    }

    #[test]
    fn more_jobs_than_allowed_are_refused() {
        assert!(parts("{a, b} {a, b} {a, b} {a, b} {a, b} {a, b}", 40).is_err());
        assert!(parts("a cat --repeat 4000000000", 40).is_err());
        assert!(parts(&"{a, b}".repeat(500), 40).is_err());
        assert!(parts(&"{".repeat(6_000), 40).is_ok());
    }

    #[test]
    fn values_out_of_range_do_not_fit() {
        for (takes, good, bad) in [
            (Takes::Ratio, "3:2", "0:1"),
            (Takes::Number(0.0, 100.0), "100", "101"),
            (Takes::Number(0.0, 100.0), "7 trees", "NaN"),
            (Takes::OneOf(&["1", "2"]), "2", "3"),
            (Takes::Perhaps(&["1"]), "", "2"),
            (Takes::Words, "boats, men", ""),
        ] {
            assert!(fits(takes, good), "{takes:?} {good}");
            assert!(!fits(takes, bad), "{takes:?} {bad}");
        }
    }
}
