//! A few words of a text as part of a file's name. It makes no whole path.

/// At most this many bytes, so that a path has room for more.
const LONGEST: usize = 40;

/// Letters and digits in small letters, with one hyphen for all between them; cut at a word's end where one is near.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let word = word.to_lowercase();
        if !slug.is_empty() && slug.len() + 1 + word.len() > LONGEST {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word);
    }
    slug.truncate(slug.floor_char_boundary(LONGEST));
    slug
}

/// The slug of a prompt: of its words, without parameters and links; `image` where none are left.
pub(crate) fn of_prompt(prompt: &str) -> String {
    let prompt = journeyman_midjourney::Prompt::parse(prompt);
    let is_link = |word: &str| word.trim_start_matches('<').starts_with("http");
    let words: Vec<_> = prompt.text().split(' ').filter(|word| !is_link(word)).collect();
    let slug = slug(&words.join(" "));
    if slug.is_empty() { "image".to_owned() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_has_the_prompts_first_words() {
        for (prompt, expected) in [
            ("A Fox, asleep -- in the SNOW --ar 3:2", "a-fox-asleep-in-the-snow"),
            ("https://x.y/z.png <https://x.y/z.png> a cat", "a-cat"),
            ("--ar 3:2", "image"),
            ("../../etc/passwd", "etc-passwd"),
            ("Дом у моря", "дом-у-моря"),
            ("!!!", "image"),
            ("one two three four five six seven eight nine ten", "one-two-three-four-five-six-seven-eight"),
        ] {
            assert_eq!(of_prompt(prompt), expected, "{prompt}");
        }
        assert_eq!(of_prompt(&"ж".repeat(100)), "ж".repeat(20));
    }
}
