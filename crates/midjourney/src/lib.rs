//! What does it mean? Prompts, commands, and what the Midjourney bot answers.
//!
//! Pure: it does no input or output, reads no clock and draws no randomness.

pub mod failure;
pub mod sighting;

pub use failure::{Failure, FailureKind, Notice};
pub use sighting::{Action, Button, File, Keys, Meaning, Mode, Sighting};
