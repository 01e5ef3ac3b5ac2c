//! The texts of the bot's messages: the prompt as it comes back, modes, percentages, file names.
//!
//! It never reads such a text; it only writes them.

use crate::settings::{Mode, PictureFormat};

/// A prompt as the bot repeats it.
///
/// Real: whitespace collapses, an em-dash becomes `--`, a version is appended, links are shortened,
/// `--aspect` and `--ar` are one, and the version comes last (novicezk PR#270 and #262, captures).
pub(crate) fn rewritten(prompt: &str, suffix: &str) -> String {
    let dashed = prompt.replace('—', "--");
    let mut words: Vec<String> = Vec::new();
    let mut version: Vec<String> = Vec::new();
    let mut raw = false;
    let mut rest = dashed.split_whitespace().peekable();
    while let Some(word) = rest.next() {
        match word {
            "--v" | "--version" | "--niji" => {
                let flag = if word == "--version" { "--v" } else { word };
                version = vec![flag.to_owned()];
                version.extend(rest.next_if(|next| !next.starts_with("--")).map(str::to_owned));
            }
            "--style" if rest.next_if_eq(&"raw").is_some() => raw = true,
            "--aspect" => words.push("--ar".to_owned()),
            _ if is_link(word) => words.push(shortened(word)),
            _ => words.push(word.to_owned()),
        }
    }
    if version.is_empty() {
        version = suffix.split_whitespace().map(str::to_owned).collect();
    }
    // Real: `--style raw` comes back as `raw` within the version.
    version.extend(raw.then(|| "raw".to_owned()));
    words.extend(version);
    words.join(" ")
}

fn is_link(word: &str) -> bool {
    word.starts_with("http://") || word.starts_with("https://")
}

/// The bot's own short link: eleven characters that depend on the long one.
fn shortened(link: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut hash = fold(0, link);
    let mut code = String::new();
    for _ in 0..11 {
        code.push(char::from(LETTERS[(hash % 64) as usize]));
        hash = (hash / 64) ^ hash.rotate_left(23);
    }
    format!("<https://s.mj.run/{code}>")
}

/// A stable hash of a text (FNV-1a).
pub(crate) fn fold(seed: u64, text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// What a job's messages say about how it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) mode: Mode,
    pub(crate) stealth: bool,
}

impl Running {
    /// Read from the prompt's flags, else the account's setting.
    pub(crate) fn of(prompt: &str, mode: Mode, stealth: bool) -> Self {
        let last = prompt.split_whitespace().rev().find_map(|word| match word {
            "--fast" => Some(Mode::Fast),
            "--relax" => Some(Mode::Relaxed),
            "--turbo" => Some(Mode::Turbo),
            _ => None,
        });
        Self { mode: last.unwrap_or(mode), stealth }
    }

    /// `(fast)`, `(relaxed, stealth)`.
    fn suffix(self) -> String {
        let stealth = if self.stealth { ", stealth" } else { "" };
        format!("({}{stealth})", self.mode)
    }
}

/// Who asked for what: the part of a text that all of a job's messages share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) prompt: String,
    /// Empty for an imagine, else such as `Variations (Strong) by `, with its space.
    pub(crate) verb: &'static str,
    pub(crate) user: u64,
}

impl Line {
    fn with(&self, end: &str) -> String {
        format!("**{}** - {}<@{}> {end}", self.prompt, self.verb, self.user)
    }
}

pub(crate) fn waiting(line: &Line) -> String {
    line.with("(Waiting to start)")
}

pub(crate) fn progress(line: &Line, percent: u8, running: Running) -> String {
    line.with(&format!("({percent}%) {}", running.suffix()))
}

pub(crate) fn paused(line: &Line, running: Running) -> String {
    line.with(&format!("(paused) {}", running.suffix()))
}

pub(crate) fn stopped(line: &Line) -> String {
    line.with("(Stopped)")
}

/// A `WebP` answer says that the website has more (real: capture of June 2023).
pub(crate) fn finished(line: &Line, running: Running, format: PictureFormat) -> String {
    let open = match format {
        PictureFormat::Png => "",
        PictureFormat::Webp => "(Open on website for full quality) ",
    };
    line.with(&format!("{open}{}", running.suffix()))
}

pub(crate) fn upscaled(prompt: &str, user: u64, image: u8) -> String {
    format!("**{prompt}** - Image #{image} <@{user}>")
}

/// `user_a_Sea_waves_background_image_realistic._<job>`: the prompt's words without parameters, cut at a
/// word's end (real: captures; the length is read off the longest of them).
pub(crate) fn file_stem(user: &str, prompt: &str, job: &str) -> String {
    const LONGEST: usize = 54;
    let mut words = String::new();
    for word in prompt.split_whitespace().take_while(|word| !word.starts_with("--")) {
        let plain: String = word
            .chars()
            .filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_'))
            .collect();
        if words.len() + plain.len() > LONGEST {
            break;
        }
        if !plain.is_empty() {
            words.push_str(&plain);
            words.push('_');
        }
    }
    format!("{user}_{words}{job}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(prompt: &str, expected: &str) {
        assert_eq!(rewritten(prompt, "--v 5.1"), expected);
    }

    #[test]
    fn a_prompt_comes_back_rewritten() {
        check("a  cute\n cat", "a cute cat --v 5.1");
        check("a cat —ar 3:2", "a cat --ar 3:2 --v 5.1");
        check("a cat --v 6.0 --ar 3:2", "a cat --ar 3:2 --v 6.0");
        check("a cat --aspect 3:2 --niji 5", "a cat --ar 3:2 --niji 5");
        check("a cat --style raw", "a cat --v 5.1 raw");
        check("a cat --niji --ar 1:1", "a cat --ar 1:1 --niji");
    }

    #[test]
    fn a_link_is_shortened_the_same_way_each_time() {
        let once = rewritten("https://example.com/a.png a cat", "");
        assert!(once.starts_with("<https://s.mj.run/") && once.ends_with("> a cat"), "{once}");
        assert_eq!(once, rewritten("https://example.com/a.png a cat", ""));
        assert_ne!(once, rewritten("https://example.com/b.png a cat", ""));
    }

    #[test]
    fn the_last_mode_flag_wins_over_the_account() {
        let running = Running::of("a cat --fast --turbo", Mode::Relaxed, true);
        assert_eq!(progress(&line("p", ""), 31, running), "**p** - <@1> (31%) (turbo, stealth)");
        assert_eq!(Running::of("a cat", Mode::Relaxed, false).mode, Mode::Relaxed);
    }

    #[test]
    fn file_names_are_those_of_the_captures() {
        let name = |prompt| file_stem("user_a", prompt, "J");
        assert_eq!(
            name("Sea, waves, background image, realistic."),
            "user_a_Sea_waves_background_image_realistic._J"
        );
        assert_eq!(name("Coca-Cola. --s 750 --niji 5"), "user_a_Coca-Cola._J");
        assert_eq!(
            name("high definition photo of a modern powder bathroom in a high-end home in the desert."),
            "user_a_high_definition_photo_of_a_modern_powder_bathroom_in_a_J"
        );
    }

    fn line(prompt: &str, verb: &'static str) -> Line {
        Line { prompt: prompt.to_owned(), verb, user: 1 }
    }

    #[test]
    fn a_variation_says_so_before_the_user() {
        let text = waiting(&line("a cat", "Variations (Strong) by "));
        assert_eq!(text, "**a cat** - Variations (Strong) by <@1> (Waiting to start)");
    }

    #[test]
    fn the_finished_text_of_a_webp_points_to_the_website() {
        let running = Running { mode: Mode::Relaxed, stealth: false };
        assert_eq!(
            finished(&line("Coca-Cola. --s 750 --niji 5", ""), running, PictureFormat::Webp),
            "**Coca-Cola. --s 750 --niji 5** - <@1> (Open on website for full quality) (relaxed)"
        );
    }
}
