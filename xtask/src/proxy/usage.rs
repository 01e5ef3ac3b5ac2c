//! What a process has used, as Linux tells it. It reads no other system.

use std::time::Duration;

/// Linux counts in hundredths of a second for every program (`USER_HZ`).
const TICKS_PER_SECOND: u64 = 100;

/// Processor time and memory of a process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    /// User and system time of all its threads.
    pub(super) cpu: Duration,
    /// The most memory that it ever held.
    pub(super) peak_bytes: u64,
}

impl Usage {
    pub(super) fn of(process: u32) -> Result<Self, String> {
        let read = |file: &str| {
            let path = format!("/proc/{process}/{file}");
            std::fs::read_to_string(&path)
                .map_err(|why| format!("read {path}: {why}; this measure needs Linux"))
        };
        let stat = read("stat")?;
        let status = read("status")?;
        let ticks = ticks(&stat).ok_or_else(|| format!("no times in {stat:?}"))?;
        let peak_bytes = peak(&status).ok_or("no VmHWM in /proc/…/status")?;
        Ok(Self { cpu: Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND), peak_bytes })
    }
}

/// Fields 14 and 15; the second one is a name that may have spaces, in brackets.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_memory_are_read_where_linux_puts_them() {
        assert_eq!(ticks("7 (a b) c) S 1 7 7 0 -1 4194304 9 8 7 6 250 50 0 0 20 0"), Some(300));
        assert_eq!(peak("Name:\tx\nVmHWM:\t    1024 kB\n"), Some(1_048_576));
        assert_eq!((ticks("nothing"), peak("nothing")), (None, None));
    }
}
