//! Why something waits, in one word. It is not an error, and it knows no time.

use std::fmt;
use std::time::Duration;

use journeyman_moment::Moment;

/// Why a request waits, or was refused.
///
/// The same word is used in logs, metrics, errors and tests.
///
/// ```
/// assert_eq!(journeyman_limiter::Reason::SubLimit.to_string(), "sub-limit");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The caller's own minimum time between departures.
    Pace,
    /// The route's bucket has nothing left.
    Bucket,
    /// The credential's global limit, or a global 429.
    Global,
    /// A 429 named a wait for this bucket.
    RetryAfter,
    /// A 429 of scope `shared`: others have used this resource up.
    Shared,
    /// A 429 while the bucket had room: a limit that no header shows.
    SubLimit,
    /// The route's limit is not known yet, so its requests go one at a time.
    Learning,
    /// The route answers without headers, so its requests keep a distance.
    Headerless,
    /// The edge in front of Discord refuses this address.
    EdgeBan,
    /// Too many requests wait already.
    Full,
    /// Too many invalid requests, of all or of the tenant: nothing more until they have become fewer.
    Guard,
    /// Routes of this kind keep failing; one request will try.
    Breaker,
    /// Somebody has stopped everything, and must start it again.
    Isolated,
    /// A 401: the token is not sent again before somebody has seen to it.
    TokenRefused,
    /// A 404 for a webhook, which is not to be asked again (Discord's docs, Rate Limits).
    UnknownWebhook,
    /// A 403 to the same request a while ago.
    Forbidden,
    /// Its deadline had passed before it was asked for.
    Deadline,
}

impl Reason {
    pub(crate) const ALL: [Self; 17] = [
        Self::Pace,
        Self::Bucket,
        Self::Global,
        Self::RetryAfter,
        Self::Shared,
        Self::SubLimit,
        Self::Learning,
        Self::Headerless,
        Self::EdgeBan,
        Self::Full,
        Self::Guard,
        Self::Breaker,
        Self::Isolated,
        Self::TokenRefused,
        Self::UnknownWebhook,
        Self::Forbidden,
        Self::Deadline,
    ];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pace => "pace",
            Self::Bucket => "bucket",
            Self::Global => "global",
            Self::RetryAfter => "retry-after",
            Self::Shared => "shared",
            Self::SubLimit => "sub-limit",
            Self::Learning => "learning",
            Self::Headerless => "header-less",
            Self::EdgeBan => "edge-ban",
            Self::Full => "full",
            Self::Guard => "guard",
            Self::Breaker => "breaker",
            Self::Isolated => "isolated",
            Self::TokenRefused => "token-refused",
            Self::UnknownWebhook => "unknown-webhook",
            Self::Forbidden => "forbidden",
            Self::Deadline => "deadline",
        }
    }

    /// What a person can do about it, where waiting is not all there is to do.
    ///
    /// ```
    /// use journeyman_limiter::Reason;
    ///
    /// assert!(Reason::TokenRefused.cure().is_some_and(|cure| cure.contains("unlatch")));
    /// assert_eq!(Reason::Bucket.cure(), None);
    /// ```
    pub const fn cure(self) -> Option<&'static str> {
        match self {
            Self::Guard => Some("find out who sends what Discord answers with 401, 403 or 429, and stop it"),
            Self::Breaker => Some("look at https://discordstatus.com and at the network between"),
            Self::EdgeBan => {
                Some("send less that is answered with 401, 403 or 429; the ban is the address's")
            }
            Self::Isolated => Some("start it again when what it was stopped for is mended"),
            Self::TokenRefused => Some("check the token, set a new one, or unlatch this one"),
            Self::UnknownWebhook => Some("remove the webhook from the settings, or make a new one"),
            Self::Forbidden => Some("give the account the right in Discord, or do not ask for this"),
            Self::Deadline => Some("allow more time, or ask earlier"),
            Self::Full => Some("ask for less at once, or allow more to wait"),
            Self::Pace
            | Self::Bucket
            | Self::Global
            | Self::RetryAfter
            | Self::Shared
            | Self::SubLimit
            | Self::Learning
            | Self::Headerless => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Microseconds spent waiting, by reason. A running total: a waiter's own share is the
/// difference of two readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waits([u64; Reason::ALL.len()]);

impl Waits {
    pub(crate) fn add(&mut self, reason: Reason, from: Moment, to: Moment) {
        let total = &mut self.0[reason as usize];
        *total = total.saturating_add(to.as_micros().saturating_sub(from.as_micros()));
    }

    pub(crate) fn plus(mut self, other: &Self) -> Self {
        for (total, span) in self.0.iter_mut().zip(other.0) {
            *total = total.saturating_add(span);
        }
        self
    }

    /// A reading of another line may be less than what was waited in a first one, so it wraps.
    pub(crate) fn since(mut self, earlier: &Self) -> Self {
        for (total, span) in self.0.iter_mut().zip(earlier.0) {
            *total = total.wrapping_sub(span);
        }
        self
    }

    pub(crate) fn to_vec(self) -> Vec<(Reason, Duration)> {
        let all = Reason::ALL.into_iter().zip(self.0);
        all.filter(|(_, micros)| *micros > 0)
            .map(|(reason, micros)| (reason, Duration::from_micros(micros)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_word_and_its_own_place() {
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place);
            let same = Reason::ALL.into_iter().filter(|other| other.as_str() == reason.as_str()).count();
            assert_eq!(same, 1, "{reason} is used twice");
            assert!(!reason.as_str().contains(' '));
        }
    }

    #[test]
    fn a_share_is_the_difference_of_two_readings() {
        let mut early = Waits::default();
        early.add(Reason::Pace, Moment::ORIGIN, Moment::from_secs(1));
        let mut late = early;
        late.add(Reason::Pace, Moment::ORIGIN, Moment::from_secs(2));
        late.add(Reason::Global, Moment::from_secs(1), Moment::from_secs(4));
        let share = late.since(&early).to_vec();
        assert_eq!(share, [(Reason::Pace, Duration::from_secs(2)), (Reason::Global, Duration::from_secs(3))]);
    }
}
