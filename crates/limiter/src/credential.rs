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
