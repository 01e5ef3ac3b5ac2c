//! Accounts: who a token speaks for, and who else is in the channels.
//!
//! Tokens stay in here; nothing prints them.

use std::collections::BTreeMap;
use std::fmt;

/// A person or a bot of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) bot: bool,
}

/// Who each token speaks for.
#[derive(Default)]
pub(crate) struct Accounts {
    by_token: BTreeMap<String, User>,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.by_token.values()).finish()
    }
}

impl Accounts {
    pub(crate) fn add(&mut self, token: String, user: User) {
        self.by_token.insert(token, user);
    }

    /// Whom an `Authorization` header speaks for.
    pub(crate) fn of(&self, token: &str) -> Option<&User> {
        self.by_token.get(token)
    }

    /// The user with this id.
    pub(crate) fn user(&self, id: u64) -> Option<&User> {
        self.by_token.values().find(|user| user.id == id)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_token.len()
    }
}

/// A token in the shape of a real one: base64 of the id, six characters, the rest.
pub(crate) fn make_token(user_id: u64, rng: &mut fastrand::Rng) -> String {
    let mut word = |length| std::iter::repeat_with(|| rng.alphanumeric()).take(length).collect::<String>();
    format!("{}.{}.{}", base64(user_id.to_string().as_bytes()), word(6), word(38))
}

/// URL-safe base64 without padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0_u8; 4];
        group[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(group);
        for digit in 0..=chunk.len() {
            let index = (bits >> (18 - 6 * digit)) & 63;
            text.push(char::from(DIGITS[index as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_begins_with_the_base64_of_its_user() {
        let token = make_token(100_000_000_000_000_001, &mut fastrand::Rng::with_seed(1));
        let parts: Vec<_> = token.split('.').collect();
        assert_eq!(parts[0], "MTAwMDAwMDAwMDAwMDAwMDAx");
        assert_eq!((parts[1].len(), parts[2].len()), (6, 38));
        assert_eq!(base64(b"M"), "TQ");
    }
}
