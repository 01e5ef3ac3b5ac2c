//! Texts and paths as they may stand in HTML. It knows no page.

use std::fmt::Write as _;

/// A text that is nothing but text, between tags and within an attribute's quotes.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\t' => safe.push(letter),
            control if control.is_control() => safe.push('\u{FFFD}'),
            other => safe.push(other),
        }
    }
    safe
}

/// A path as the address that leads to it; every byte that is no plain letter of an address is written by its number,
/// the colon too, so that none is taken for a scheme.
pub(crate) fn address(path: &str) -> String {
    let mut address = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            // A text takes all that is written into it.
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_or_a_path_is_taken_for_more() {
        assert_eq!(escaped("<a href=\"x\">'&\u{0}\n"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;\u{FFFD}\n");
        assert_eq!(address("a b/ж#1?.png"), "a%20b/%D0%B6%231%3F.png");
        assert_eq!(address("javascript:x"), "javascript%3Ax");
    }
}
