//! Who shares a credential with others. It is no credential: the server never hears of it.

use std::fmt;

use sha2::{Digest, Sha256};

/// One of several who send with the same credential, such as a part of a bot or a client of a proxy.
///
/// Tenants share what the limits give: within a class of [`Priority`](crate::Priority) they take turns.
///
/// ```
/// use journeyman_limiter::Tenant;
///
/// assert_eq!(Tenant::named("welcome"), Tenant::named("welcome"));
/// assert_ne!(Tenant::named("welcome"), Tenant::named("backup"));
/// assert_ne!(Tenant::named(""), Tenant::NONE);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tenant(u64);

impl Tenant {
    /// Nobody in particular; all who say nothing are one tenant.
    pub const NONE: Self = Self(0);

    /// The tenant of a name: always the same for the same name.
    pub fn named(name: &str) -> Self {
        let digest = Sha256::digest(name.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        // Zero is taken: it means nobody in particular.
        Self(u64::from_be_bytes(first).max(1))
    }

    /// The tenant of a number; zero is [`NONE`](Self::NONE).
    pub const fn numbered(number: u64) -> Self {
        Self(number)
    }

    pub(crate) const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NONE {
            return f.write_str("Tenant(none)");
        }
        write!(f, "Tenant({:016x})", self.0)
    }
}
