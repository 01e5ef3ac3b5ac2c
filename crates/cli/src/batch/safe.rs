//! Texts as names of files and folders that every usual system takes. It knows no templates.

/// At most this many bytes; systems take 255, and Windows 260 characters for a whole path.
pub(super) const LONGEST: usize = 120;

/// Names that Windows keeps for devices, whatever ending follows ("Naming Files, Paths, and Namespaces").
const RESERVED: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// A text as one name: never empty, `.` or `..`, without separators, control characters and what is invisible or
/// means something to a system, not reserved, and not too long. What is such a name already stays as it is.
pub(crate) fn name(text: &str) -> String {
    let letters: String = text.chars().filter(|letter| !is_invisible(*letter)).map(letter).collect();
    let mut name = trimmed(&letters).to_owned();
    if is_reserved(&name) {
        name.insert(0, '_');
    }
    shortened(&name, "")
}

/// A part of a name: as `name`, but it may be empty and is looked at again as part of the whole.
pub(super) fn part(text: &str) -> String {
    text.chars().filter(|letter| !is_invisible(*letter)).map(letter).collect()
}

/// The name with a number before its ending, so that it differs from another; not too long either.
pub(super) fn numbered(name: &str, number: u64) -> String {
    shortened(name, &format!("-{number}"))
}

fn letter(letter: char) -> char {
    let means_something = matches!(letter, '/' | '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*');
    if means_something || letter.is_control() { '-' } else { letter }
}

/// Joiners, marks of direction and the like: a name that shows otherwise than it is would deceive.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Without spaces around and points behind, which Windows leaves out, without points before, which hide a file, and
/// without hyphens before, which make an option of it.
fn trimmed(text: &str) -> &str {
    let text = text.trim_start_matches(|letter: char| letter.is_whitespace() || matches!(letter, '.' | '-'));
    let text = text.trim_end_matches(|letter: char| letter.is_whitespace() || letter == '.');
    if text.is_empty() { "_" } else { text }
}

fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let mut letters = stem.chars();
    let port = matches!(letters.by_ref().take(3).collect::<String>().as_str(), "COM" | "LPT")
        && matches!((letters.next(), letters.next()), (Some('0'..='9' | '¹' | '²' | '³'), None));
    port || RESERVED.contains(&stem.as_str())
}

/// The name cut so that it fits with what is added before its ending.
fn shortened(name: &str, added: &str) -> String {
    let is_ending = |ending: &str| (1..=10).contains(&ending.len());
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && is_ending(ending) => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let room = LONGEST.saturating_sub(added.len() + ending.len());
    let cut = &stem[..stem.floor_char_boundary(room.min(stem.len()))];
    // A name that was cut may end in what Windows leaves out.
    let cut = if cut.len() < stem.len() { trimmed(cut) } else { cut };
    format!("{cut}{added}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_neither_leave_its_folder_nor_be_one_that_a_system_refuses() {
        for (text, expected) in [
            ("..", "_"),
            (".", "_"),
            ("", "_"),
            (" . ", "_"),
            ("../../x", "x"),
            ("/etc/passwd", "etc-passwd"),
            ("-rf", "rf"),
            ("C:\\x", "C--x"),
            (".hidden", "hidden"),
            ("a. . ", "a"),
            ("con", "_con"),
            ("NUL.tar.gz", "_NUL.tar.gz"),
            ("com1.png", "_com1.png"),
            ("LPT³", "_LPT³"),
            ("com10.png", "com10.png"),
            ("a\u{202e}gnp.exe", "agnp.exe"),
            ("a\nb\0c", "a-b-c"),
            ("a<b>:\"|?*", "a-b------"),
            ("fox at dawn.png", "fox at dawn.png"),
        ] {
            assert_eq!(name(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_at_a_letter_and_keeps_its_ending() {
        let cut = name(&format!("{}.png", "ж".repeat(200)));
        assert!(cut.len() <= LONGEST && cut.ends_with("ж.png"), "{cut}");
        let cut = numbered(&format!("{}.png", "x".repeat(116)), 12);
        assert_eq!((cut.len(), cut.ends_with("x-12.png")), (LONGEST, true), "{cut}");
        assert_eq!(numbered("a.png", 2), "a-2.png");
        assert_eq!(numbered("a", 2), "a-2");
    }
}
