//! The answer to `/shorten`: which words count, and shorter prompts. It judges no prompt itself.

/// An analysed prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shortened {
    /// The prompt's words, in order.
    pub tokens: Vec<Token>,
    /// Shorter prompts, in the order of their buttons.
    pub prompts: Vec<String>,
}

/// A word, or a few, of an analysed prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Token {
    /// As shown, without its marks.
    pub text: String,
    /// Whether it is marked as important; struck-through words are not.
    pub important: bool,
    /// Its weight in thousandths, where one is shown: `(0.85)` is 850.
    pub weight_thousandths: Option<u32>,
}

impl Shortened {
    /// Reads the text of a `/shorten` answer: two headings (trueai/midjourney-proxy, erictik/midjourney-api).
    pub fn parse(text: &str) -> Self {
        let lower = text.to_ascii_lowercase();
        let seam = lower.find("shortened prompts").unwrap_or(0);
        let tokens = text.get(..seam).unwrap_or_default();
        let tokens = lower
            .get(..seam)
            .and_then(|lower| lower.find("important tokens"))
            .map_or("", |heading| tokens.get(heading + "important tokens".len()..).unwrap_or_default());
        let prompts = text.get(seam..).unwrap_or_default();
        let below = prompts.split_once('\n').map_or("", |(_, below)| below);
        Self {
            tokens: read_tokens(tokens.trim_end_matches(['#', ' ', '\n'])),
            prompts: super::prompts(below),
        }
    }
}

/// `**cat** (0.85) ~~of~~ house`.
fn read_tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '*' | '~' => marked(rest),
            '(' => match (weight(rest), tokens.last_mut()) {
                (Some((weight, after)), Some(last)) => {
                    last.weight_thousandths = Some(weight);
                    rest = after.trim_start();
                    continue;
                }
                _ => word(rest),
            },
            _ => word(rest),
        };
        tokens.extend(Some(token).filter(|token| !token.text.is_empty()));
        rest = after.trim_start();
    }
    tokens
}

/// `**important**` or `~~not~~`; a mark without its end is part of a word.
fn marked(text: &str) -> (Token, &str) {
    for (mark, important) in [("**", true), ("~~", false)] {
        let inner = text.strip_prefix(mark).and_then(|inner| inner.split_once(mark));
        if let Some((inner, after)) = inner {
            let token = Token { text: inner.trim().to_owned(), important, weight_thousandths: None };
            return (token, after);
        }
    }
    word(text)
}

fn word(text: &str) -> (Token, &str) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    (Token { text: word.to_owned(), important: false, weight_thousandths: None }, after)
}

/// `(0.85)`, in thousandths.
fn weight(text: &str) -> Option<(u32, &str)> {
    let (inner, after) = text.strip_prefix('(')?.split_once(')')?;
    let (whole, part) = inner.trim().split_once('.').unwrap_or((inner.trim(), ""));
    let digits: String = part.chars().chain("000".chars()).take(3).collect();
    let whole: u32 = whole.parse().ok()?;
    let weight = whole.checked_mul(1_000)?.checked_add(digits.parse().ok()?)?;
    Some((weight, after))
}
