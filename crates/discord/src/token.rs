//! The account's token: checked for shape, printed as `…`. It is never validated with Discord here.

use std::fmt;

use journeyman_limiter::Credential;
use reqwest::header::HeaderValue;
use thiserror::Error;

/// Shorter than any token that Discord hands out.
const SHORTEST: usize = 20;
/// Longer than any token that Discord hands out.
const LONGEST: usize = 200;
/// What a bot's token starts with in the `Authorization` header (Discord's reference, "Authentication").
const BOT: &str = "Bot ";

/// A token for Discord's `Authorization` header: a user's as it is, or a bot's with `Bot ` before it.
///
/// `Debug` and `Display` print `…`; the text leaves only into the header of a request and into the gateway's frames.
///
/// ```
/// use journeyman_discord::Token;
///
/// let token = Token::parse("Bot MTAwMDAwMDAwMDAwMDAwMDAw.Gabcde.made-up-signature")?;
/// assert_eq!(format!("{token:?} {token}"), "… …");
/// assert!(token.is_bot());
///
/// // The interesting failure: the error says what is wrong, and never shows the text.
/// let error = Token::parse("my secret").unwrap_err();
/// assert!(!error.to_string().contains("secret"));
/// # Ok::<(), journeyman_discord::MalformedToken>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    text: String,
}

/// A text that cannot be a token. It never contains the text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the token cannot be one of Discord's: {why}; check JOURNEYMAN_TOKEN")]
pub struct MalformedToken {
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
enum Why {
    #[error("it is empty")]
    Empty,
    #[error("it has {0} characters, and a token has {SHORTEST} to {LONGEST}")]
    Length(usize),
    #[error("its character {0} is {1}")]
    Character(usize, &'static str),
    #[cfg(not(feature = "user-account"))]
    #[error("it has no `Bot ` before it, and this build does not speak as a user account")]
    UserAccount,
}

impl Token {
    /// Checks the shape of a token: 20 to 200 visible ASCII characters, `Bot ` before it allowed.
    /// White space around it, such as a file's last newline, is ignored.
    ///
    /// # Errors
    /// [`MalformedToken`], which says what is wrong without showing the text.
    pub fn parse(text: &str) -> Result<Self, MalformedToken> {
        let text = text.trim();
        let secret = text.strip_prefix(BOT).unwrap_or(text);
        match flaw(secret) {
            Some(why) => Err(MalformedToken { why }),
            #[cfg(not(feature = "user-account"))]
            None if !text.starts_with(BOT) => Err(MalformedToken { why: Why::UserAccount }),
            None => Ok(Self { text: text.to_owned() }),
        }
    }

    /// Whether it is a bot's token.
    pub fn is_bot(&self) -> bool {
        self.text.starts_with(BOT)
    }

    /// The key under which the limiter counts this account; it does not reveal the token.
    pub fn credential(&self) -> Credential {
        Credential::of_token(&self.text)
    }

    /// The same text with `…` where this token stood in it.
    pub fn struck_from(&self, text: &str) -> String {
        text.replace(self.secret(), "…")
    }

    /// The text without `Bot `, as the gateway's IDENTIFY and RESUME carry it.
    pub(crate) fn secret(&self) -> &str {
        self.text.strip_prefix(BOT).unwrap_or(&self.text)
    }

    /// The value of the `Authorization` header, marked so that HTTP code does not print it.
    pub(crate) fn authorization(&self) -> HeaderValue {
        // Visible ASCII and a space are all that `parse` lets through, so the conversion holds.
        let mut value = HeaderValue::from_str(&self.text).unwrap_or_else(|_| HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }
}

fn flaw(secret: &str) -> Option<Why> {
    if secret.is_empty() {
        return Some(Why::Empty);
    }
    let odd = secret.chars().enumerate().find_map(|(index, char)| Some((index, complaint(char)?)));
    if let Some((index, complaint)) = odd {
        return Some(Why::Character(index + 1, complaint));
    }
    let length = secret.len();
    (!(SHORTEST..=LONGEST).contains(&length)).then_some(Why::Length(length))
}

fn complaint(char: char) -> Option<&'static str> {
    match char {
        '"' | '\'' | '`' | '“' | '”' => Some("a quotation mark"),
        _ if char.is_whitespace() => Some("white space"),
        _ if char.is_control() => Some("a control character"),
        _ if !char.is_ascii() => Some("outside of ASCII"),
        _ => None,
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPED: &str = "MTAwMDAwMDAwMDAwMDAwMDAw.Gabcde.canary-0123456789";

    #[test]
    fn a_bots_token_is_read_with_its_prefix() {
        let token = Token::parse(&format!("  Bot {SHAPED}\n")).unwrap();
        assert!(token.is_bot());
        assert_eq!(token.authorization().to_str().unwrap(), format!("Bot {SHAPED}"));
    }

    #[cfg(feature = "user-account")]
    #[test]
    fn a_users_token_is_sent_as_it_is() {
        let token = Token::parse(SHAPED).unwrap();
        assert!(!token.is_bot());
        assert_eq!(token.authorization().to_str().unwrap(), SHAPED);
    }

    #[cfg(not(feature = "user-account"))]
    #[test]
    fn without_the_feature_a_users_token_is_refused() {
        let error = Token::parse(SHAPED).unwrap_err();
        assert!(error.to_string().contains("does not speak as a user account"), "{error}");
    }

    #[test]
    fn no_form_of_printing_shows_the_token() {
        let token = Token::parse(&format!("Bot {SHAPED}")).unwrap();
        let printed = format!("{token} {token:?} {:?} {:?}", token.authorization(), token.credential());
        assert!(!printed.contains("canary"), "{printed}");
    }

    #[test]
    fn a_malformed_token_is_refused_with_its_flaw_and_without_its_text() {
        let long = format!("canary{}", "x".repeat(LONGEST));
        let table = [
            ("", "is empty"),
            ("Bot ", "has 3 characters"),
            ("canary", "has 6 characters"),
            (long.as_str(), "has 206 characters"),
            ("canary-0123456789 0123456789", "character 18 is white space"),
            ("canary-0123456789\u{7}0123456789", "character 18 is a control character"),
            ("\"canary-01234567890123456789\"", "character 1 is a quotation mark"),
            ("canary-0123456789é0123456789", "character 18 is outside of ASCII"),
        ];
        for (text, expect) in table {
            let error = Token::parse(text).unwrap_err();
            let printed = format!("{error} {error:?}");
            assert!(error.to_string().contains(expect), "{text:?}: {error}");
            assert!(!printed.contains("canary"), "{text:?}: {printed}");
        }
    }
}
