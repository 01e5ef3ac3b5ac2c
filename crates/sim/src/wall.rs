//! The world's wall time: turns the time since the world's origin into dates.
//!
//! It never reads the machine's clock; `Settings::starting_now` does, once.

use std::time::Duration;

use jiff::Timestamp;

/// Where the world's origin lies on the wall clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wall {
    pub(crate) epoch_unix_micros: i64,
}

impl Wall {
    pub(crate) fn unix_micros(self, at: Duration) -> i64 {
        self.epoch_unix_micros.saturating_add(i64::try_from(at.as_micros()).unwrap_or(i64::MAX))
    }

    pub(crate) fn unix_ms(self, at: Duration) -> i64 {
        self.unix_micros(at).div_euclid(1_000)
    }

    pub(crate) fn unix_seconds(self, at: Duration) -> i64 {
        self.unix_micros(at).div_euclid(1_000_000)
    }

    /// As in Discord's messages; they end in `+00:00`, never in `Z` (real: captures).
    pub(crate) fn timestamp(self, at: Duration) -> String {
        // Discord's message times have whole milliseconds, printed as microseconds.
        let time = Timestamp::from_millisecond(self.unix_ms(at)).unwrap_or(Timestamp::MAX);
        time.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
    }

    /// As in the `Date` header.
    pub(crate) fn http_date(self, at: Duration) -> String {
        let time = Timestamp::from_microsecond(self.unix_micros(at)).unwrap_or(Timestamp::MAX);
        time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_reads_as_in_the_captures() {
        let wall = Wall { epoch_unix_micros: 1_686_746_533_704_000 };
        assert_eq!(wall.timestamp(Duration::ZERO), "2023-06-14T12:42:13.704000+00:00");
        assert_eq!(wall.http_date(Duration::from_secs(1)), "Wed, 14 Jun 2023 12:42:14 GMT");
    }
}
