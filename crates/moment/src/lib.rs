//! Time as a plain value: [`Moment`], and behind the `tokio` feature the one [`Clock`].
//!
//! It is not a calendar: wall time is read and written elsewhere, for stored records only.

#[cfg(feature = "tokio")]
mod clock;
mod moment;

#[cfg(feature = "tokio")]
pub use clock::Clock;
pub use moment::Moment;
