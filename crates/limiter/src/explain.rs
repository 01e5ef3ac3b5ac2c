//! Why a request would wait, for people. It changes nothing.

use std::fmt;
use std::time::Duration;

use crate::limit::WindowKind;
use crate::reason::Reason;
use crate::route::Route;

/// What the limiter knows of a request's route at one moment.
///
/// ```
/// use journeyman_limiter::{Config, Machine, Moment, Request};
///
/// let mut machine = Machine::new(Config::default());
/// let explanation = machine.explain(Moment::ORIGIN, &Request::get("/users/@me"));
/// assert_eq!(explanation.to_string(), "GET /users/@me: may go now; its limit is not known yet");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The route.
    pub route: Route,
    /// What is known of its limit.
    pub knowledge: Knowledge,
    /// The limits that no header shows and that it obeys too.
    pub learnt: Vec<LearntLimit>,
    /// What holds it back, if anything.
    pub hold: Option<Hold>,
    /// How long one more such request would wait at least, behind those who wait and go before it, if none
    /// of them leaves.
    pub wait: Duration,
    /// How many requests of this route wait already.
    pub waiting: usize,
    /// How many requests of this route are on their way.
    pub in_flight: u32,
}

/// What is known of a route's limit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Knowledge {
    /// Nothing yet: one request at a time.
    Unknown,
    /// It answers without headers: one request per this span.
    Headerless {
        /// The distance between two requests.
        spacing: Duration,
    },
    /// The bucket named last.
    Bucket {
        /// Its name.
        name: String,
        /// How many it holds.
        limit: u32,
        /// How many could go now.
        free: u32,
        /// What kind of window it has, if answers have shown it.
        window: WindowKind,
    },
}

/// A limit that was learnt from a 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LearntLimit {
    /// How many.
    pub limit: u32,
    /// In which time.
    pub window: Duration,
    /// How many could go now.
    pub free: u32,
    /// How long ago it was learnt.
    pub age: Duration,
    /// From what.
    pub evidence: Evidence,
}

/// Where a learnt limit comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Evidence {
    /// So many 429s to requests of this resource.
    Hits(u32),
    /// A 429 to a request of another resource.
    Sibling,
    /// So many 429s, the last of them in an earlier process.
    Stored(u32),
}

impl fmt::Display for LearntLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, window, free, age, evidence } = self;
        write!(f, "{free} of {limit} per {window:.1?} left, learnt {age:.1?} ago from {evidence}")
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hits(1) => f.write_str("a 429"),
            Self::Hits(hits) => write!(f, "{hits} 429s"),
            Self::Sibling => f.write_str("a 429 of another resource"),
            Self::Stored(1) => f.write_str("a 429 in an earlier process"),
            Self::Stored(hits) => write!(f, "{hits} 429s in an earlier process"),
        }
    }
}

/// What holds a request back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Why.
    pub reason: Reason,
    /// How long at least; none if a request on its way must end first, and [`Duration::MAX`] if a human must act.
    pub wait: Option<Duration>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.route)?;
        match self.hold {
            None => f.write_str("may go now")?,
            Some(Hold { reason, wait: Some(Duration::MAX) }) => {
                write!(f, "does not go before somebody has acted ({reason})")?;
            }
            Some(Hold { reason, wait: Some(wait) }) => write!(f, "waits {wait:.1?} ({reason})")?,
            Some(Hold { reason, wait: None }) => write!(f, "waits for a request on its way ({reason})")?,
        }
        if let Some(cure) = self.hold.and_then(|hold| hold.reason.cure()) {
            write!(f, ": {cure}")?;
        }
        match &self.knowledge {
            Knowledge::Unknown => f.write_str("; its limit is not known yet")?,
            Knowledge::Headerless { spacing } => {
                write!(f, "; answers without headers, so one per {spacing:.1?}")?;
            }
            Knowledge::Bucket { name, limit, free, window } => {
                write!(f, "; {free} of {limit} left in bucket {name}")?;
                if *window != WindowKind::Unknown {
                    write!(f, ", whose window is {window}")?;
                }
            }
        }
        for learnt in &self.learnt {
            write!(f, "; {learnt}")?;
        }
        if self.waiting > 0 {
            write!(f, "; {} wait already", self.waiting)?;
        }
        Ok(())
    }
}
