//! `cargo xtask`: the checks and measures that the docs quote. It holds no code of the product.

mod again;
#[cfg(feature = "outside")]
mod clients;
mod features;
mod findings;
#[cfg(feature = "replay")]
mod fixture;
#[cfg(feature = "runs")]
mod hear;
mod measures;
#[cfg(feature = "outside")]
mod mirror;
#[cfg(feature = "outside")]
mod npm;
#[cfg(feature = "outside")]
mod npm_midjourney;
#[cfg(feature = "outside")]
mod proxied;
#[cfg(feature = "outside")]
mod proxy;
mod purity;
mod recording;
#[cfg(feature = "runs")]
mod requests;
#[cfg(any(feature = "screening", test))]
#[cfg_attr(not(feature = "screening"), expect(dead_code, reason = "only its tests are built"))]
mod screening;
mod source;
#[cfg(feature = "store")]
mod store;
#[cfg(feature = "outside")]
mod target;

use std::io::Write as _;
use std::process::ExitCode;

use findings::Findings;

const USAGE: &str = "\
usage: cargo xtask <task>

  purity      the invariants of ARCHITECTURE.md: dependency trees and source text
  features    docs/features.md and docs/bullets.md: every test and example that they name is there
  measures    BENCHMARKS.md has a row for each numbered measure of each issue begun
  requests    how many REST requests an image takes, one after another and 12 at once
  hear        how long an event takes to the caller beside 1,000 messages a second, over a websocket; `--json`
  fixture     a recording becomes a test of the library: FILE [--name NAME] [--expect OUTCOME]
  recording   docs/recording.svg, from a real run of the release build
  limiter     what the limiter costs per request, beside two others
  clients     other people's clients against the simulator's limits, directly and through the proxy; `--json`
  mirror      what the simulator does, by how it is known: real, peer, inferred; `--json`
  npm-midjourney  the npm package `midjourney` makes an image and an upscale in the simulator, in both eras
  proxy       what the proxy costs per request beside a direct connection, under load from wrk; `--json`
  screening   how well past outcomes foretell refusals, in worlds with a hidden rule; `--json`
  store       a million jobs in the store: writes and reads per second, memory, disk; `--json`
  limits      429s, time and waits of four limiters over the scenarios; `--json` for one object a line
";

fn main() -> ExitCode {
    let mut findings = Findings::default();
    let task = std::env::args().nth(1).unwrap_or_default();
    match task.as_str() {
        "purity" => purity::check(&mut findings),
        "features" => features::check(&mut findings),
        "measures" => measures::check(&mut findings),
        #[cfg(feature = "runs")]
        "requests" => requests::measure(&mut findings),
        #[cfg(not(feature = "runs"))]
        "requests" => again::runs(&mut findings, "requests"),
        #[cfg(feature = "runs")]
        "hear" => hear::measure(&mut findings),
        #[cfg(not(feature = "runs"))]
        "hear" => again::runs(&mut findings, "hear"),
        #[cfg(feature = "outside")]
        "clients" => clients::measure(&mut findings),
        #[cfg(not(feature = "outside"))]
        "clients" => again::outside(&mut findings, "clients", "dev"),
        #[cfg(feature = "outside")]
        "mirror" => mirror::print(&mut findings),
        #[cfg(not(feature = "outside"))]
        "mirror" => again::outside(&mut findings, "mirror", "dev"),
        #[cfg(feature = "outside")]
        "npm-midjourney" => npm_midjourney::check(&mut findings),
        #[cfg(not(feature = "outside"))]
        "npm-midjourney" => again::outside(&mut findings, "npm-midjourney", "dev"),
        #[cfg(feature = "outside")]
        "proxy" => proxy::measure(&mut findings),
        #[cfg(not(feature = "outside"))]
        "proxy" => again::outside(&mut findings, "proxy", "release"),
        #[cfg(feature = "screening")]
        "screening" => screening::measure(&mut findings),
        #[cfg(not(feature = "screening"))]
        "screening" => again::screening(&mut findings),
        #[cfg(feature = "replay")]
        "fixture" => fixture::make(&mut findings),
        #[cfg(not(feature = "replay"))]
        "fixture" => again::replay(&mut findings),
        #[cfg(feature = "store")]
        "store" => store::measure(&mut findings),
        #[cfg(not(feature = "store"))]
        "store" => again::store(&mut findings),
        "recording" => recording::make(&mut findings),
        "limiter" => again::limiter(&mut findings),
        "limits" => again::limits(&mut findings),
        _ => {
            let _ = std::io::stderr().write_all(USAGE.as_bytes());
            return ExitCode::from(2);
        }
    }
    findings.report(&task)
}
