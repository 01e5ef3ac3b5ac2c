//! What a 429 means. It is a pure function of one answer, and blocks nothing itself.

use std::time::Duration;

use crate::headers::{Answer, Notice, Scope};

/// The wait when a 429 names none.
const UNNAMED: Duration = Duration::from_secs(1);

/// Which limit a 429 is about, and the wait that it asks for.
///
/// ```
/// use journeyman_limiter::{Answer, Verdict};
/// use std::time::Duration;
///
/// let headers = [("x-ratelimit-scope", "user"), ("retry-after", "1"), ("via", "1.1 google")];
/// let answer = Answer::read(429, headers, br#"{"retry_after": 0.42, "global": false}"#);
/// assert_eq!(Verdict::of(&answer), Some(Verdict::User { wait: Duration::from_secs(1) }));
/// // The interesting failure: a page of the edge is not a limit of the route.
/// let page = Answer::read(429, [], b"error code: 1015");
/// assert_eq!(Verdict::of(&page), Some(Verdict::EdgeBan { wait: None }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The route's bucket is used up.
    User {
        /// How long.
        wait: Duration,
    },
    /// The credential's limit over all routes is used up.
    Global {
        /// How long.
        wait: Duration,
    },
    /// The resource is used up by others; the bucket is not touched.
    Shared {
        /// How long.
        wait: Duration,
    },
    /// A limit that the headers do not show: the bucket itself has room.
    SubLimit {
        /// How long.
        wait: Duration,
    },
    /// The edge refuses this address; Discord has not seen the request.
    EdgeBan {
        /// How long, if it says so.
        wait: Option<Duration>,
    },
    /// The edge's static page: banned for too many invalid requests, and nobody knows for how long.
    EdgeBanStatic,
}

impl Verdict {
    /// The verdict on an answer; none unless it is a 429.
    pub fn of(answer: &Answer) -> Option<Self> {
        (answer.status == 429).then(|| judge(answer))
    }

    /// The wait that was asked for; none where the answer does not say.
    pub fn wait(&self) -> Option<Duration> {
        match *self {
            Self::User { wait } | Self::Global { wait } | Self::Shared { wait } | Self::SubLimit { wait } => {
                Some(wait)
            }
            Self::EdgeBan { wait } => wait,
            Self::EdgeBanStatic => None,
        }
    }
}

fn judge(answer: &Answer) -> Verdict {
    let asked = asked(answer);
    if asked.is_none() && is_static_ban(answer) {
        return Verdict::EdgeBanStatic;
    }
    if is_global(answer) {
        return Verdict::Global { wait: asked.unwrap_or(UNNAMED) };
    }
    if answer.scope == Some(Scope::Shared) {
        return Verdict::Shared { wait: asked.unwrap_or(UNNAMED) };
    }
    if is_edge(answer) {
        return Verdict::EdgeBan { wait: asked };
    }
    if is_sub_limit(answer, asked) {
        return Verdict::SubLimit { wait: asked.unwrap_or(UNNAMED) };
    }
    // Reset-After speaks for the bucket only when the bucket is what ran out.
    let full = answer.reset_after.filter(|_| answer.remaining == Some(0));
    Verdict::User { wait: asked.max(full).unwrap_or(UNNAMED) }
}

/// The longer of header (whole seconds) and body (decimal): neither is shortened by the other.
fn asked(answer: &Answer) -> Option<Duration> {
    let body = answer.body.as_ref().and_then(|body| body.retry_after);
    // Before version 8 the body counted milliseconds, and the edge still does at times.
    let body = match (answer.retry_after, body) {
        (Some(header), Some(body)) if !header.is_zero() && body == header.saturating_mul(1_000) => {
            Some(header)
        }
        _ => body,
    };
    answer.retry_after.max(body)
}

/// "The response is static" and carries no wait (discord-api-docs#5810).
fn is_static_ban(answer: &Answer) -> bool {
    let message = answer.body.as_ref().and_then(|body| body.message.as_deref());
    message.is_some_and(|message| message.contains("blocked from accessing"))
}

fn is_global(answer: &Answer) -> bool {
    answer.global
        || answer.scope == Some(Scope::Global)
        || answer.body.as_ref().is_some_and(|body| body.global)
}

/// Discord names a scope; the edge does not, and mostly lacks `Via` and a JSON body too.
fn is_edge(answer: &Answer) -> bool {
    if answer.scope.is_some() || answer.has_bucket() {
        return false;
    }
    let notice = answer.body.as_ref();
    !answer.via || notice.and_then(|body: &Notice| body.retry_after).is_none()
}

fn is_sub_limit(answer: &Answer, asked: Option<Duration>) -> bool {
    if answer.remaining.is_some_and(|remaining| remaining > 0) {
        return true;
    }
    // A wait far beyond the bucket's own reset is another limit's; one second is the header's rounding.
    match (asked, answer.reset_after) {
        (Some(asked), Some(full)) => asked > full.saturating_mul(2).saturating_add(Duration::from_secs(1)),
        _ => false,
    }
}
