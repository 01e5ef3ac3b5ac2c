//! The load: `wrk`, one thread, a channel after another. It is from a package registry, not ours.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::seconds;
use crate::target;

/// What `wrk` runs. Its numbers are floating point, too coarse for an id, so that the digits are put together.
const SCRIPT: &str = r#"
local channels = tonumber(os.getenv("CHANNELS"))
local number = tonumber(os.getenv("FIRST"))
wrk.headers["Authorization"] = "Bot a-token-of-the-usual-length.GxYzAb.0123456789abcdefghijklmnopqrstuvwxyz"
function request()
  number = (number + 1) % channels
  return wrk.format("GET", "/api/v10/channels/9000000000" .. string.format("%08d", number) .. "/messages")
end
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('\n{"requests": %d, "micros": %d, "errors": %d, "p50": %d, "p99": %d}\n',
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
end
"#;

/// A machine that is too busy to meet all channels in so many runs of 2 s measures nothing.
const MOST_RUNS: u32 = 60;

/// How hard, and from where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) connections: u32,
    pub(super) channels: u32,
    pub(super) core: &'static str,
}

/// What `wrk` saw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Score {
    pub(super) requests: f64,
    pub(super) per_second: f64,
    pub(super) errors: u64,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
}

pub(super) fn look_for_wrk() -> Result<(), String> {
    // It prints its version with an exit code of 1.
    Command::new("wrk")
        .arg("-v")
        .output()
        .map(drop)
        .map_err(|why| format!("run wrk: {why}; install it with: apt-get install -y wrk"))
}

impl Load {
    /// Runs until every channel has been met.
    pub(super) fn meet_all(self, origin: &str) -> Result<(), String> {
        let mut met = 0.0;
        for _ in 0..MOST_RUNS {
            met += self.run_from(met, origin, 2)?.requests;
            if met >= f64::from(self.channels) {
                return Ok(());
            }
        }
        Err(format!("after {MOST_RUNS} runs only {met} of {} channels have been met", self.channels))
    }

    /// Runs so many seconds.
    pub(super) fn run(self, origin: &str, for_seconds: u64) -> Result<Score, String> {
        self.run_from(0.0, origin, for_seconds)
    }

    fn run_from(self, first: f64, origin: &str, for_seconds: u64) -> Result<Score, String> {
        let script = script()?;
        let mut command = Command::new("taskset");
        command.args(["-c", self.core, "wrk", "-t1", "--latency", "--timeout", "20s"]);
        command.args([format!("-c{}", self.connections), format!("-d{for_seconds}s"), "-s".to_owned()]);
        command
            .arg(script)
            .arg(origin)
            .env("CHANNELS", self.channels.to_string())
            .env("FIRST", format!("{first:.0}"));
        let output = command.output().map_err(|why| format!("{command:?}: {why}"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let last = said.lines().last().unwrap_or_default();
        let value: Value = serde_json::from_str(last)
            .map_err(|why| format!("{command:?}: {why}: {}", String::from_utf8_lossy(&output.stderr)))?;
        let number = |key: &str| value[key].as_f64().unwrap_or(f64::NAN);
        Ok(Score {
            requests: number("requests"),
            per_second: number("requests") * 1e6 / number("micros"),
            errors: value["errors"].as_u64().unwrap_or(u64::MAX),
            p50: seconds(number("p50")),
            p99: seconds(number("p99")),
        })
    }
}

fn script() -> Result<PathBuf, String> {
    let folder = target::folder().join("load");
    let path = folder.join("channels.lua");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&path, SCRIPT))
        .map_err(|why| format!("write {}: {why}", path.display()))?;
    Ok(path)
}
