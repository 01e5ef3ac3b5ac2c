//! What does it mean? Prompts, commands, and what the Midjourney bot answers.
//!
//! Pure: it does no input or output, reads no clock and draws no randomness.
//!
//! ```
//! use journeyman_midjourney::{Explanation, classify_message};
//! use serde_json::json;
//!
//! let running = classify_message(&json!({ "content": "**a lighthouse** - <@7> (31%) (fast)" }));
//! assert_eq!(Explanation::of(&running).percent, Some(31));
//!
//! let refused = classify_message(&json!({
//!     "author": { "id": "936929561302675456" },
//!     "embeds": [{ "title": "Banned prompt detected", "footer": { "text": "/imagine a lighthouse" } }],
//! }));
//! let refused = Explanation::of(&refused);
//! assert_eq!((refused.kind, refused.error, refused.retryable), ("refused", Some("PreModeration"), false));
//! assert_eq!(refused.prompt.as_deref(), Some("a lighthouse"));
//! ```

pub mod answer;
pub mod application;
pub mod button;
pub mod caption;
pub mod catalogue;
pub mod claim;
pub mod classify;
pub mod command;
pub mod cost;
pub mod expect;
pub mod explain;
pub mod failure;
pub mod generation;
pub mod invocation;
mod job_id;
pub mod lint;
pub mod modal;
pub mod nearest;
pub mod normalise;
pub mod order;
pub mod outcome;
pub mod parameter;
pub mod permutation;
pub mod prompt;
pub mod region;
pub mod reply;
pub mod screen;
mod seed;
pub mod sighting;
pub mod syntax;
pub mod typography;
pub mod version;
mod wait;

pub use answer::{classify_http, classify_text};
pub use caption::Caption;
pub use classify::{classify_any, classify_dispatch, classify_event, classify_message};
pub use command::Place;
pub use expect::Expect;
pub use explain::Explanation;
pub use failure::{Failure, FailureKind, Notice};
pub use invocation::Invocation;
pub use lint::{Lint, LintSettings, lint};
pub use modal::Modal;
pub use normalise::Normalised;
pub use order::Order;
pub use parameter::Parameter;
pub use prompt::{InvalidPrompt, Prompt};
pub use reply::Reply;
pub use sighting::{Action, Button, Choice, File, Keys, Meaning, Mode, Select, Sighting};
pub use version::Version;
