//! What an HTTP answer says about limits, as facts. It draws no conclusion; that is the verdict's and the ledger's.

use std::time::Duration;

use serde_json::Value;

/// What the limiter needs of an HTTP answer.
///
/// Every header is optional, and one that cannot be read counts as absent.
///
/// ```
/// use journeyman_limiter::Answer;
/// use std::time::Duration;
///
/// let headers = [("x-ratelimit-remaining", "4"), ("X-RateLimit-Reset-After", "0.75")];
/// let answer = Answer::read(200, headers, b"");
/// assert_eq!(answer.remaining, Some(4));
/// assert_eq!(answer.reset_after, Some(Duration::from_millis(750)));
/// // The interesting failure: nonsense is absence.
/// assert_eq!(Answer::read(200, [("x-ratelimit-limit", "many")], b"").limit, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `X-RateLimit-Limit`: how many the bucket holds.
    pub limit: Option<u32>,
    /// `X-RateLimit-Remaining`: how many are left.
    pub remaining: Option<u32>,
    /// `X-RateLimit-Reset` on the server's wall clock. It compares two answers, and is never waited for.
    pub reset: Option<Duration>,
    /// `X-RateLimit-Reset-After`: how long until the bucket is full.
    pub reset_after: Option<Duration>,
    /// `X-RateLimit-Bucket`: which limit this is.
    pub bucket: Option<Box<str>>,
    /// `X-RateLimit-Global`.
    pub global: bool,
    /// `X-RateLimit-Scope`; Discord sends it with a 429 only.
    pub scope: Option<Scope>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<Duration>,
    /// Whether there is a `Via`: the sign that the answer came from behind the edge.
    pub via: bool,
    /// Whether a proxy made the answer itself (`x-sent-by-proxy`): Discord has not seen the request.
    pub by_proxy: bool,
    /// Whether it is a page for people (`Content-Type: text/html`), as the edge sends them.
    pub html: bool,
    /// The body of a 401, 403, 404 or 429, if it is a JSON object.
    pub body: Option<Notice>,
}

/// Whose limit a 429 is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The route's limit for this credential.
    User,
    /// The credential's limit over all routes.
    Global,
    /// A limit of the resource, shared with everybody.
    Shared,
    /// One that was not documented when this was written.
    Other(Box<str>),
}

/// The body of a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// `retry_after`, in seconds.
    pub retry_after: Option<Duration>,
    /// `global`.
    pub global: bool,
    /// `code`: Discord's own; with a 429 it sends one for some limits only.
    pub code: Option<u64>,
    /// `message`.
    pub message: Option<Box<str>>,
}

impl Answer {
    /// Reads status, headers (names in any case) and, where [`reads_body`](Self::reads_body), the body.
    ///
    /// Call it when the headers have arrived: waits count from then.
    pub fn read<'a>(status: u16, headers: impl IntoIterator<Item = (&'a str, &'a str)>, body: &[u8]) -> Self {
        let mut answer = Self { status, ..Self::default() };
        for (name, value) in headers {
            answer.header(name, value.trim());
        }
        if Self::reads_body(status) {
            answer.body = Notice::read(body);
        }
        answer
    }

    /// Whether the body says more than the headers: of a 429 how long, of a 401, 403 or 404 why.
    pub const fn reads_body(status: u16) -> bool {
        matches!(status, 401 | 403 | 404 | 429)
    }

    /// Whether the headers describe a bucket completely enough to count by.
    pub(crate) fn has_bucket(&self) -> bool {
        self.limit.is_some() && self.remaining.is_some() && self.reset_after.is_some()
    }

    fn header(&mut self, name: &str, value: &str) {
        // Five of the usual eight or so are these.
        if let Some(rest) = strip_prefix(name, "x-ratelimit-") {
            self.limit_header(rest, value);
        } else if name.eq_ignore_ascii_case("via") {
            self.via = !value.is_empty();
        } else if name.eq_ignore_ascii_case("retry-after") {
            self.retry_after = seconds(value);
        } else if name.eq_ignore_ascii_case("content-type") {
            self.html = strip_prefix(value, "text/html").is_some();
        } else if name.eq_ignore_ascii_case("x-sent-by-proxy") {
            self.by_proxy = true;
        }
    }

    fn limit_header(&mut self, name: &str, value: &str) {
        if name.eq_ignore_ascii_case("limit") {
            self.limit = count(value);
        } else if name.eq_ignore_ascii_case("remaining") {
            self.remaining = count(value);
        } else if name.eq_ignore_ascii_case("reset-after") {
            self.reset_after = seconds(value);
        } else if name.eq_ignore_ascii_case("reset") {
            self.reset = seconds(value);
        } else if name.eq_ignore_ascii_case("bucket") {
            self.bucket = (!value.is_empty()).then(|| value.into());
        } else if name.eq_ignore_ascii_case("global") {
            self.global = value.eq_ignore_ascii_case("true");
        } else if name.eq_ignore_ascii_case("scope") {
            self.scope = Some(Scope::read(value));
        }
    }
}

impl Scope {
    fn read(value: &str) -> Self {
        match value.to_ascii_lowercase().as_str() {
            "user" => Self::User,
            "global" => Self::Global,
            "shared" => Self::Shared,
            _ => Self::Other(value.into()),
        }
    }
}

impl Notice {
    fn read(body: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(body).ok()?;
        let object = value.as_object()?;
        Some(Self {
            retry_after: object.get("retry_after").and_then(Value::as_f64).and_then(span),
            global: object.get("global").and_then(Value::as_bool).unwrap_or(false),
            code: object.get("code").and_then(Value::as_u64),
            message: object.get("message").and_then(Value::as_str).map(Into::into),
        })
    }
}

fn strip_prefix<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = name.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn count(value: &str) -> Option<u32> {
    value.parse::<u64>().ok().map(|count| u32::try_from(count).unwrap_or(u32::MAX))
}

fn seconds(value: &str) -> Option<Duration> {
    value.parse::<f64>().ok().and_then(span)
}

/// Seconds as a span; none for what is negative or not a number.
fn span(seconds: f64) -> Option<Duration> {
    if seconds.is_nan() || seconds < 0.0 {
        return None;
    }
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_decimal_and_nonsense_is_absence() {
        let check = |text, expect: Option<u64>| {
            let answer = Answer::read(429, [("Retry-After", text)], b"");
            assert_eq!(answer.retry_after, expect.map(Duration::from_millis), "{text:?}");
        };
        check("1", Some(1_000));
        check("0.75", Some(750));
        check(" 64.57 ", Some(64_570));
        check("82721", Some(82_721_000));
        check("-1", None);
        check("NaN", None);
        check("", None);
        check("soon", None);
        let endless = Answer::read(429, [("Retry-After", "1e300")], b"");
        assert_eq!(endless.retry_after, Some(Duration::MAX));
    }

    #[test]
    fn the_example_of_the_docs_is_read_whole() {
        let headers = [
            ("X-RateLimit-Limit", "10"),
            ("X-RateLimit-Remaining", "9"),
            ("X-RateLimit-Reset", "1470173023.123"),
            ("X-RateLimit-Reset-After", "64.57"),
            ("X-RateLimit-Bucket", "abcd1234"),
            ("X-RateLimit-Scope", "shared"),
            ("Retry-After", "1337"),
            ("Via", "1.1 google"),
        ];
        let body =
            br#"{"message": "The resource is being rate limited.", "retry_after": 1336.57, "global": false}"#;
        let answer = Answer::read(429, headers, body);
        assert_eq!((answer.limit, answer.remaining), (Some(10), Some(9)));
        assert_eq!(answer.scope, Some(Scope::Shared));
        assert_eq!(answer.bucket.as_deref(), Some("abcd1234"));
        assert!(answer.via && answer.has_bucket());
        let notice = answer.body.expect("the body is JSON");
        assert_eq!(notice.retry_after, Some(Duration::from_millis(1_336_570)));
    }

    #[test]
    fn only_a_429_has_its_body_read_and_only_an_object_counts() {
        let body = br#"{"retry_after": 1.5, "global": true, "code": 20028}"#;
        assert_eq!(Answer::read(200, [], body).body, None);
        let notice = Answer::read(429, [], body).body.expect("an object");
        assert!(notice.global);
        assert_eq!(notice.code, Some(20_028));
        assert_eq!(Answer::read(429, [], b"error code: 1015").body, None);
        assert_eq!(Answer::read(429, [], b"[1]").body, None);
        assert_eq!(Answer::read(429, [], b"\xff\xfe").body, None);
    }
}
