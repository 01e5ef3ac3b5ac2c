//! Compact histograms: how values are put into buckets, and read back. It stores nothing.

/// The bucket of a value: exact up to 3, then four buckets per power of two, so that a value read back is
/// at most a quarter too large.
pub fn bucket(value: u64) -> u16 {
    if value < 4 {
        return u16::try_from(value).unwrap_or(0);
    }
    let power = value.ilog2();
    let quarter = (value >> (power - 2)) & 3;
    u16::try_from(u64::from(power - 1) * 4 + quarter).unwrap_or(u16::MAX)
}

/// The largest value of a bucket.
pub fn largest(bucket: u16) -> u64 {
    if bucket < 4 {
        return u64::from(bucket);
    }
    let (power, quarter) = (u32::from(bucket) / 4 + 1, u64::from(bucket % 4));
    let step = 1_u64.checked_shl(power.saturating_sub(2)).unwrap_or(u64::MAX);
    (4 + quarter).saturating_mul(step).saturating_add(step - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket_and_at_most_a_quarter_below_its_end() {
        for power in 0..64 {
            for near in [-1_i64, 0, 1, 7] {
                let value = (1_u64 << power).saturating_add_signed(near);
                let end = largest(bucket(value));
                assert!(
                    value <= end && end - value <= value / 4,
                    "{value} lies in a bucket that ends at {end}"
                );
                assert_eq!(bucket(end), bucket(value));
            }
        }
    }
}
