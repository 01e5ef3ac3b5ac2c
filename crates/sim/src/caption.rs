//! The texts of the bot's messages: the prompt as it comes back, modes, percentages, file names.
//!
//! It never reads such a text; it only writes them.

use crate::settings::{Era, Mode, PictureFormat, Rewriting};

/// A prompt as the bot repeats it; each change can be switched off.
///
/// Real: whitespace collapses, an em-dash becomes `--`, a version is appended, links are shortened,
/// `--aspect` and `--ar` are one, and the version comes last (novicezk PR#270 and #262, captures).
pub(crate) fn rewritten(prompt: &str, suffix: &str, how: &Rewriting) -> String {
    let dashed = if how.dashes { prompt.replace('—', "--") } else { prompt.to_owned() };
    let split: Vec<&str> =
        if how.spaces { dashed.split_whitespace().collect() } else { dashed.split(' ').collect() };
    let mut words: Vec<String> = Vec::new();
    let mut version: Vec<String> = Vec::new();
    let mut versioned = false;
    let mut raw = false;
    let mut rest = split.into_iter().peekable();
    while let Some(word) = rest.next() {
        match word {
            "--v" | "--version" | "--niji" => {
                let flag = if word == "--version" && how.aliases { "--v" } else { word };
                versioned = true;
                let place = if how.order {
                    version.clear();
                    &mut version
                } else {
                    &mut words
                };
                place.push(flag.to_owned());
                place.extend(rest.next_if(|next| !next.starts_with("--")).map(str::to_owned));
            }
            "--style" if how.raw && rest.next_if_eq(&"raw").is_some() => raw = true,
            "--aspect" if how.aliases => words.push("--ar".to_owned()),
            "--video" if how.video => {
                words.push("--video".to_owned());
                words.push(rest.next_if(|next| next.parse::<u8>().is_ok()).unwrap_or("1").to_owned());
            }
            _ if how.defaults && is_default(word, rest.peek().copied()) => {
                rest.next();
            }
            _ if how.links && is_link(word) => words.push(shortened(word)),
            _ => words.push(word.to_owned()),
        }
    }
    if !versioned && how.version {
        version = suffix.split_whitespace().map(str::to_owned).collect();
    }
    // Real: `--style raw` comes back as `raw` within the version.
    version.extend(raw.then(|| "raw".to_owned()));
    if how.sref {
        // Peer: Mutiny's test of a style reference that nobody asked for.
        words.push(format!("--sref {0} {0}", shortened(prompt)));
    }
    words.extend(version);
    words.join(" ")
}

/// Whether a parameter says what holds anyway (real for `--q 1`, novicezk/midjourney-proxy#293; inferred for the rest).
fn is_default(word: &str, value: Option<&str>) -> bool {
    let pair = (word, value.unwrap_or_default());
    matches!(pair, ("--q" | "--quality", "1") | ("--s" | "--stylize", "100") | ("--c" | "--chaos", "0"))
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
    fold_bytes(seed, text.as_bytes())
}

/// The same of any bytes.
pub(crate) fn fold_bytes(seed: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
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

/// What an upscale says first (real: a peer's collected lines, "Upscaling image #2 with").
pub(crate) fn upscaling(line: &Line, image: u8) -> String {
    format!("Upscaling image #{image} with **{}** - <@{}> (Waiting to start)", line.prompt, line.user)
}

/// What a variation said first in early 2023 (real: a peer's collected lines).
pub(crate) fn making_variations(line: &Line, image: u8) -> String {
    let Line { prompt, user, .. } = line;
    format!("Making variations for image #{image} with prompt **{prompt}** - <@{user}> (Waiting to start)")
}

/// A `WebP` answer says that the website has more (real: capture of June 2023; as a link since about 2025).
pub(crate) fn finished(line: &Line, running: Running, format: PictureFormat, job: &str, era: Era) -> String {
    let open = match (format, era) {
        (PictureFormat::Png, _) => String::new(),
        (PictureFormat::Webp, Era::E2023) => "(Open on website for full quality) ".to_owned(),
        (PictureFormat::Webp, Era::E2026) => {
            format!("[(Open on website for full quality)](<https://midjourney.com/jobs/{job}>) ")
        }
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
        assert_eq!(rewritten(prompt, "--v 5.1", &Rewriting::default()), expected);
    }

    #[test]
    fn a_prompt_comes_back_rewritten() {
        check("a  cute\n cat", "a cute cat --v 5.1");
        check("a cat —ar 3:2", "a cat --ar 3:2 --v 5.1");
        check("a cat --v 6.0 --ar 3:2", "a cat --ar 3:2 --v 6.0");
        check("a cat --aspect 3:2 --niji 5", "a cat --ar 3:2 --niji 5");
        check("a cat --style raw", "a cat --v 5.1 raw");
        check("a cat --niji --ar 1:1", "a cat --ar 1:1 --niji");
        check("a cat --q 1 --s 100 --c 0 --s 50", "a cat --s 50 --v 5.1");
        check("a cat --video --ar 1:1", "a cat --video 1 --ar 1:1 --v 5.1");
        check("a cat --video 1", "a cat --video 1 --v 5.1");
    }

    #[test]
    fn each_rewriting_can_be_switched_off() {
        let prompt =
            "a  cat —ar 3:2 --v 6.0 --aspect 3:2 --style raw --video --q 1 https://example.com/a.png";
        assert_eq!(rewritten(prompt, "--v 5.1", &Rewriting::NONE), prompt);
        let all = Rewriting::default();
        for one in [
            Rewriting { spaces: false, ..all.clone() },
            Rewriting { dashes: false, ..all.clone() },
            Rewriting { order: false, ..all.clone() },
            Rewriting { aliases: false, ..all.clone() },
            Rewriting { raw: false, ..all.clone() },
            Rewriting { video: false, ..all.clone() },
            Rewriting { defaults: false, ..all.clone() },
            Rewriting { links: false, ..all.clone() },
            Rewriting { sref: true, ..all.clone() },
        ] {
            assert_ne!(rewritten(prompt, "", &one), rewritten(prompt, "", &all), "{one:?}");
        }
        let bare = Rewriting { version: false, ..all.clone() };
        assert_eq!(rewritten("a cat", "--v 5.1", &bare), "a cat");
    }

    #[test]
    fn a_link_is_shortened_the_same_way_each_time() {
        let rewritten = |prompt| rewritten(prompt, "", &Rewriting::default());
        let once = rewritten("https://example.com/a.png a cat");
        assert!(once.starts_with("<https://s.mj.run/") && once.ends_with("> a cat"), "{once}");
        assert_eq!(once, rewritten("https://example.com/a.png a cat"));
        assert_ne!(once, rewritten("https://example.com/b.png a cat"));
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
            finished(&line("Coca-Cola. --s 750 --niji 5", ""), running, PictureFormat::Webp, "J", Era::E2023),
            "**Coca-Cola. --s 750 --niji 5** - <@1> (Open on website for full quality) (relaxed)"
        );
    }
}
