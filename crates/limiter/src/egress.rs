//! From which of its own addresses somebody sends. It is no route of a network, and opens nothing.

/// The address from which a request leaves, where one limiter serves several.
///
/// Discord counts invalid requests per address (Discord's docs, Rate Limits), so each has a count of its own in the
/// guard: one that has to stop does not stop the others. All else is common to them: what a 401, 403 or 404 has
/// taught is true from everywhere, limits are a credential's, and the breaker of the edge's ban stops all.
/// Which number is which address is the caller's affair; they should be few, as each has memory of its own.
///
/// ```
/// use journeyman_limiter::{Egress, Request};
///
/// let second = Request::get("/users/@me").with_egress(Egress::numbered(1));
/// assert_ne!(second.egress, Egress::DEFAULT);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Egress(u16);

impl Egress {
    /// The only address, for whoever has one.
    pub const DEFAULT: Self = Self(0);

    /// The address of a number; zero is [`DEFAULT`](Self::DEFAULT).
    pub const fn numbered(number: u16) -> Self {
        Self(number)
    }
}
