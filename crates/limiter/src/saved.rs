//! What the limiter keeps over a restart, as text. It reads and writes no file.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;

/// Why the state is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// In between: the process goes on to send, so that what is saved is soon too little.
    Running,
    /// The process sends nothing after this.
    Stopping,
}

/// What a limiter has learnt, and what of its limits is still used up.
///
/// Get one by [`Machine::save`](crate::Machine::save), put it into text, and give
/// it to [`Machine::load`](crate::Machine::load) of a later process. It holds no
/// token: credentials and webhooks' tokens are 64-bit fingerprints, which are
/// needed to know whose limits these are and lead back to nothing.
///
/// ```
/// use journeyman_limiter::{Config, Machine, Moment, Occasion, Saved};
/// use std::time::Duration;
///
/// let wall = Duration::from_secs(1_800_000_000);
/// let saved = Machine::new(Config::default()).save(Moment::ORIGIN, wall, Occasion::Stopping);
/// let text = saved.to_text();
/// assert_eq!(Saved::from_text(&text), Ok(saved));
/// // The interesting failure: a file that was cut off says so.
/// let error = Saved::from_text(&text[..20]).unwrap_err();
/// assert!(error.to_string().contains("damaged"), "{error}");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    pub(crate) record: SavedRecord,
}

impl Saved {
    /// JSON.
    pub fn to_text(&self) -> String {
        // Numbers, texts and lists have a JSON form; an empty text is read as damaged.
        serde_json::to_string_pretty(&self.record).unwrap_or_default()
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    ///
    /// # Errors
    /// [`SavedError`] if the text is not one of this version's. A limiter without it works, and learns again.
    pub fn from_text(text: &str) -> Result<Self, SavedError> {
        let damaged = |error: serde_json::Error| SavedError::Damaged { why: error.to_string().into() };
        let Version { version } = serde_json::from_str(text).map_err(damaged)?;
        if version != VERSION {
            return Err(SavedError::UnknownVersion { found: version });
        }
        Ok(Self { record: serde_json::from_str(text).map_err(damaged)? })
    }
}

/// Why a text is no saved state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SavedError {
    /// It is of another version.
    UnknownVersion {
        /// Which.
        found: u32,
    },
    /// It is no JSON, or something is missing in it.
    Damaged {
        /// What is wrong, and where.
        why: Box<str>,
    },
}

impl fmt::Display for SavedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownVersion { found } => {
                write!(f, "the saved limits are of version {found}, and this program reads version {VERSION}")
            }
            Self::Damaged { why } => write!(f, "the saved limits are damaged: {why}"),
        }
    }
}

impl std::error::Error for SavedError {}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Times are microseconds from the moment of saving on, but for the wall clock's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedRecord {
    version: u32,
    /// Milliseconds since 1970 when this was saved.
    pub(crate) wall_ms: u64,
    /// Whether nothing was sent afterwards.
    pub(crate) complete: bool,
    pub(crate) edge_us: u64,
    pub(crate) accounts: Vec<AccountRecord>,
    pub(crate) routes: Vec<RouteRecord>,
    pub(crate) buckets: Vec<BucketRecord>,
    pub(crate) learnt: Vec<LearntRecord>,
    pub(crate) blocks: Vec<BlockRecord>,
    /// Files of before this was kept do not have it.
    #[serde(default)]
    pub(crate) splits: Vec<SplitRecord>,
}

impl SavedRecord {
    pub(crate) fn new(wall: Duration, complete: bool) -> Self {
        Self {
            version: VERSION,
            wall_ms: u64::try_from(wall.as_millis()).unwrap_or(u64::MAX),
            complete,
            edge_us: 0,
            accounts: Vec::new(),
            routes: Vec::new(),
            buckets: Vec::new(),
            learnt: Vec::new(),
            blocks: Vec::new(),
            splits: Vec::new(),
        }
    }
}

/// What all routes of a credential have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AccountRecord {
    pub(crate) credential: u64,
    pub(crate) pause_us: u64,
    /// When each used slot of the global limit comes back.
    pub(crate) held_us: Vec<u64>,
    /// How many slots of the global limit its 429s have taken away, and how long ago the last change of that was.
    #[serde(default)]
    pub(crate) taken: u32,
    #[serde(default)]
    pub(crate) calm_us: u64,
}

/// A method and template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RouteRecord {
    pub(crate) credential: u64,
    /// With the credential's fingerprint in front.
    pub(crate) key: String,
    pub(crate) bucket: Option<ShapeRecord>,
    pub(crate) revealed: Option<ShapeRecord>,
    /// The distance that a route without headers keeps, where a 429 has widened it.
    pub(crate) spacing_us: Option<u64>,
    pub(crate) headerless: bool,
    pub(crate) lessons: Vec<LessonRecord>,
}

/// A bucket's size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ShapeRecord {
    pub(crate) name: String,
    pub(crate) limit: u32,
    pub(crate) longest_us: u64,
    /// Bounds of the time for one slot; without an upper one none is known.
    pub(crate) drip_us: (u64, Option<u64>),
}

/// A hidden limit of a method and template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LessonRecord {
    pub(crate) sets: Vec<u64>,
    pub(crate) limit: u32,
    pub(crate) window_us: u64,
}

/// A bucket of a resource that is used or blocked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BucketRecord {
    pub(crate) key: String,
    pub(crate) shape: ShapeRecord,
    pub(crate) held_us: Vec<u64>,
    pub(crate) blocked_us: u64,
    /// The route whose use alone it counts, by its place, where its hash is split.
    #[serde(default)]
    pub(crate) of: Option<usize>,
}

/// Two routes whose answers name one hash, and what is known of their counters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SplitRecord {
    pub(crate) name: String,
    /// By their places.
    pub(crate) routes: (usize, usize),
    /// Else it is doubted only that they share one.
    pub(crate) apart: bool,
}

/// A hidden limit that a resource has met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LearntRecord {
    /// Of the route, by its place.
    pub(crate) route: usize,
    pub(crate) lesson: u8,
    pub(crate) key: String,
    pub(crate) limit: u32,
    pub(crate) window_us: u64,
    pub(crate) hits: u32,
    pub(crate) proven: bool,
    pub(crate) guessed: bool,
    pub(crate) patience: u32,
    /// How long ago it was learnt, and used last.
    pub(crate) age_us: u64,
    pub(crate) unused_us: u64,
    pub(crate) held_us: Vec<u64>,
    pub(crate) blocked_us: u64,
}

/// A route of a resource that a 429 has blocked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BlockRecord {
    pub(crate) key: String,
    pub(crate) shared: bool,
    pub(crate) blocked_us: u64,
}
