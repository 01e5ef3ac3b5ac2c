//! Whose limits a request uses. It is a fingerprint of a token, never the token.

use std::fmt;

use sha2::{Digest, Sha256};

/// Who asks, as Discord's limits see it: one token, or (without one) this machine's address.
///
/// ```
/// use journeyman_limiter::Credential;
///
/// let alice = Credential::of_token("alice's token");
/// assert_eq!(alice, Credential::of_token("alice's token"));
/// assert_ne!(alice, Credential::ANONYMOUS);
/// assert!(!format!("{alice:?}").contains("alice"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Credential(u64);

impl Credential {
    /// No token: the limits are those of this machine's address.
    pub const ANONYMOUS: Self = Self(0);

    /// The fingerprint of a token: always the same for the same text, and no way back to it.
    ///
    /// Give it the whole value of the `Authorization` header, so that `Bot …`
    /// and a raw token differ.
    pub fn of_token(token: &str) -> Self {
        let digest = Sha256::digest(token.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        // Zero is taken: it means that there is no token.
        Self(u64::from_be_bytes(first).max(1))
    }

    /// The credential of a fingerprint, as [`Debug`](fmt::Debug) shows it: 16 hexadecimal digits. None for anything
    /// else, and for the fingerprint of no token.
    ///
    /// ```
    /// use journeyman_limiter::Credential;
    ///
    /// let shown = format!("{:?}", Credential::of_token("Bot token"));
    /// let digits = shown.trim_start_matches("Credential(").trim_end_matches(')');
    /// assert_eq!(Credential::of_fingerprint(digits), Some(Credential::of_token("Bot token")));
    /// assert_eq!(Credential::of_fingerprint("Bot token"), None);
    /// ```
    pub fn of_fingerprint(digits: &str) -> Option<Self> {
        let is_one = digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let fingerprint = u64::from_str_radix(digits, 16).ok().filter(|_| is_one)?;
        (fingerprint != 0).then_some(Self(fingerprint))
    }

    pub(crate) const fn of_number(fingerprint: u64) -> Self {
        Self(fingerprint)
    }

    pub(crate) const fn fingerprint(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ANONYMOUS {
            return f.write_str("Credential(anonymous)");
        }
        write!(f, "Credential({:016x})", self.0)
    }
}
