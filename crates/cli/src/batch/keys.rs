//! What items and jobs of a batch are known by, so that none is made twice. It keeps none of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use journeyman_midjourney::Prompt;
use sha2::{Digest as _, Sha256};

/// The first part of every key. A change of how keys are made changes it, and every item is new then.
const KIND: &str = "journeyman batch 1";

/// Gives keys to the items of a batch.
///
/// A key is the SHA-256, in hexadecimal, of the batch's name, the prompt as it is sent, the images as they are named,
/// and how many equal items stood before. The item's place is not in it: a line that is put in, taken out or moved
/// makes no other line new, and nothing is paid twice for it. What a file of that name contains is not in it either.
pub(super) struct Keys {
    batch: String,
    seen: BTreeMap<String, u64>,
}

impl Keys {
    pub(super) fn of_batch(name: &str) -> Self {
        Self { batch: name.to_owned(), seen: BTreeMap::new() }
    }

    /// The key of the next item.
    pub(super) fn item(&mut self, prompt: &str, images: &[String]) -> String {
        let sent = Prompt::parse(prompt).to_string();
        let parts = [KIND, &self.batch, &sent].into_iter().chain(images.iter().map(String::as_str));
        let content = digest(parts);
        let before = self.seen.entry(content.clone()).or_default();
        let key = digest([content.as_str(), &before.to_string()]);
        *before += 1;
        key
    }
}

/// The key of a press on the result of another job of the batch.
///
/// `before` is how many equal labels stood before it in the same step, and `mask` the digest of a mask's bytes.
pub(super) fn press(
    parent: &str,
    label: &str,
    before: usize,
    values: &[String],
    prompt: Option<&str>,
    mask: Option<&str>,
) -> String {
    let before = before.to_string();
    let head = [parent, label, &before, prompt.unwrap_or("\0"), mask.unwrap_or("\0")];
    digest(head.into_iter().chain(values.iter().map(String::as_str)))
}

/// The digest of some texts, each with its length before it so that none runs into the next.
pub(super) fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hexadecimal(hash)
}

/// The digest of a file's bytes.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(Sha256::new_with_prefix(bytes))
}

fn hexadecimal(hash: Sha256) -> String {
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        // A text takes all that is written into it.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_key_is_the_same_in_every_version_of_this_program() {
        let key = Keys::of_batch("foxes").item("a fox --ar 3:2", &["a.png".to_owned()]);
        assert_eq!(key, "253c46b46c23505db1ef70d315ec3c88e9b48e97f4cc107dfcc97a4dc0869e4b");
    }

    #[test]
    fn the_digest_of_bytes_is_that_of_any_other_program() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn equal_items_have_keys_of_their_own_and_gaps_do_not_count() {
        let mut keys = Keys::of_batch("b");
        let all = [keys.item("a fox", &[]), keys.item(" a  fox ", &[]), keys.item("a cat", &[])];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 3);
        let mut again = Keys::of_batch("b");
        assert_eq!([again.item("a fox  ", &[]), again.item("a fox", &[])], [all[0].clone(), all[1].clone()]);
        assert_ne!(Keys::of_batch("c").item("a fox", &[]), all[0]);
        assert_ne!(Keys::of_batch("b").item("a fox", &["x.png".to_owned()]), all[0]);
    }
}
