//! The server's date, by which a wrong clock can be told. It does not read our own.

use journeyman_moment::Moment;

/// What the `Date` header of an answer said, and when it was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerDate {
    /// Whole seconds since the Unix epoch, by the server's clock.
    pub unix_s: u64,
    /// When the headers were received.
    pub received: Moment,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads the one form that servers send (RFC 9110, "IMF-fixdate"): `Tue, 24 Nov 2026 10:00:00 GMT`.
pub(crate) fn unix_s(header: &str) -> Option<u64> {
    let (_, rest) = header.split_once(", ")?;
    let mut parts = rest.strip_suffix(" GMT")?.split(' ');
    let day = number(parts.next()?, 1..=31)?;
    let name = parts.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? + 1;
    let year = number(parts.next()?, 1970..=9999)?;
    let time = parts.next()?;
    if parts.next().is_some() {
        return None;
    }
    let mut time = time.split(':');
    let hour = number(time.next()?, 0..=23)?;
    let minute = number(time.next()?, 0..=59)?;
    // 60 is a leap second.
    let second = number(time.next()?, 0..=60)?;
    if time.next().is_some() {
        return None;
    }
    let days = days_before(year, u64::try_from(month).ok()?) + day - 1;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

fn number(text: &str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && range.contains(number))
}

/// Days from 1970-01-01 to the first of this month.
fn days_before(year: u64, month: u64) -> u64 {
    // Counting years from March puts the leap day last, so that no month has to ask for it.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    let since_march = (153 * month + 2) / 5;
    // 719_468 days lie between 0000-03-01 and 1970-01-01.
    (year * 365 + leap_days + since_march).saturating_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_as_seconds() {
        for (header, expect) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199),
            ("Tue, 24 Nov 2026 10:00:00 GMT", 1_795_514_400),
        ] {
            assert_eq!(unix_s(header), Some(expect), "{header}");
        }
    }

    #[test]
    fn anything_else_is_no_date() {
        for header in [
            "",
            "now",
            "Tue, 24 Nov 2026 10:00:00",
            "Tue, 24 Nov 2026 10:00:00 CET",
            "Tue, 24 Nov 2026 10:00 GMT",
            "Tue, 24 Nov 2026 10:00:00 00 GMT",
            "Tue, 32 Nov 2026 10:00:00 GMT",
            "Tue, 24 Foo 2026 10:00:00 GMT",
            "Tue, 24 Nov +2026 10:00:00 GMT",
            "Tue, 24 Nov 99999999999999999999 10:00:00 GMT",
        ] {
            assert_eq!(unix_s(header), None, "{header}");
        }
    }
}
