//! What the proxy costs: processor time, requests per second, latency and memory, beside a direct connection.
//! The load comes from `wrk`; nothing of ours times a request.

mod load;
mod show;
mod upstream;
mod usage;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::findings::Findings;
use crate::proxied::Proxy;
use crate::target::{self, Profile};
use load::{Load, Score};
use usage::Usage;

/// The proxy has one core for itself; load and upstream share another.
const OF_PROXY: &str = "0";
const OF_OTHERS: &str = "1";
/// Each measure is taken so often, the ways interleaved; medians are told.
const ROUNDS: usize = 3;
const SECONDS: u64 = 5;

/// One column of the table.
#[derive(Debug)]
struct Case {
    connections: u32,
    channels: u32,
}

const CASES: &[Case] = &[
    Case { connections: 1, channels: 1_000 },
    Case { connections: 64, channels: 1 },
    Case { connections: 64, channels: 1_000 },
    Case { connections: 64, channels: 100_000 },
];

/// What one case gave, by round.
#[derive(Debug)]
struct Measured {
    case: &'static Case,
    direct: Vec<Score>,
    proxied: Vec<Score>,
    /// Of the proxy's process, per request.
    cpu_micros: Vec<f64>,
    /// The most that the proxy's process ever held.
    peak_bytes: Vec<u64>,
}

pub(crate) fn measure(findings: &mut Findings) {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    if arguments.first().is_some_and(|first| first == upstream::SERVE) {
        if let Err(why) = upstream::serve() {
            findings.wrong(format_args!("serve the upstream: {why}"));
        }
        return;
    }
    if let Err(why) = run(arguments.iter().any(|argument| argument == "--json"), findings) {
        findings.wrong(why);
    }
}

fn run(json: bool, findings: &mut Findings) -> Result<(), String> {
    load::look_for_wrk()?;
    let program = target::build("journeyman-proxy", Profile::Release)?;
    let upstream = Upstream::start()?;
    let mut all: Vec<Measured> = CASES.iter().map(Measured::of).collect();
    for _ in 0..ROUNDS {
        for measured in &mut all {
            findings.look();
            measured.take(&program, &upstream.origin)?;
        }
    }
    for measured in &all {
        for score in measured.direct.iter().chain(&measured.proxied).filter(|score| score.errors > 0) {
            findings.wrong(format_args!("{:?}: {} requests failed", measured.case, score.errors));
        }
    }
    show::print(&all, json);
    Ok(())
}

impl Measured {
    fn of(case: &'static Case) -> Self {
        Self { case, direct: Vec::new(), proxied: Vec::new(), cpu_micros: Vec::new(), peak_bytes: Vec::new() }
    }

    /// Once directly, once through a proxy that is new.
    fn take(&mut self, program: &Path, upstream: &str) -> Result<(), String> {
        let load = Load { connections: self.case.connections, channels: self.case.channels, core: OF_OTHERS };
        self.direct.push(load.run(upstream, SECONDS)?);

        let mut command = Command::new("taskset");
        command.args(["-c", OF_PROXY]).arg(program).args(["--listen", "127.0.0.1:0", "--upstream", upstream]);
        command.args(HUGE);
        let proxy = Proxy::start_as(&mut command)?;
        // Connections are opened and every channel has been met before it counts.
        load.meet_all(proxy.origin())?;
        let before = Usage::of(proxy.id())?;
        let score = load.run(proxy.origin(), SECONDS)?;
        let after = Usage::of(proxy.id())?;
        self.cpu_micros.push(after.cpu.saturating_sub(before.cpu).as_secs_f64() * 1e6 / score.requests);
        self.peak_bytes.push(after.peak_bytes);
        self.proxied.push(score);
        Ok(())
    }
}

/// No limit slows the proxy here; all are counted all the same. The upstream's own are as huge.
const HUGE: &[&str] = &["--global", "1000000", "--max-connections", "1024"];

/// The fake upstream, in a process of its own; it is killed with this.
struct Upstream {
    child: Child,
    origin: String,
}

impl Upstream {
    fn start() -> Result<Self, String> {
        let own = std::env::current_exe().map_err(|why| format!("find this program: {why}"))?;
        let mut command = Command::new("taskset");
        command.args(["-c", OF_OTHERS]).arg(own).args(["proxy", upstream::SERVE]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let child = command.spawn().map_err(|why| format!("{command:?}: {why}"))?;
        let mut upstream = Self { child, origin: String::new() };
        let stdout = upstream.child.stdout.take().ok_or("the upstream has no stdout")?;
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line)
            .map_err(|why| format!("hear of the upstream: {why}"))?;
        line.trim().clone_into(&mut upstream.origin);
        Ok(upstream)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The one in the middle.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn seconds(micros: f64) -> Duration {
    Duration::try_from_secs_f64(micros / 1e6).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert!((median([3.0, 1.0, 2.0].into_iter()) - 2.0).abs() < f64::EPSILON);
        assert!(median(std::iter::empty()).is_nan());
    }
}
