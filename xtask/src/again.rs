//! Tasks that cargo must build differently: another feature, or the release profile. It measures nothing itself.

use std::process::Command;

use crate::findings::Findings;
use crate::source::root;

/// Runs a task in a build of this program that has the library in it; further arguments are the task's.
#[cfg_attr(feature = "runs", expect(dead_code, reason = "that build is the one that is run"))]
pub(crate) fn runs(findings: &mut Findings, task: &str) {
    let further: Vec<String> = std::env::args().skip(2).collect();
    let run = ["run", "--quiet", "--release", "--locked", "-p", "xtask", "--features", "runs", "--", task];
    let args: Vec<&str> = run.into_iter().chain(further.iter().map(String::as_str)).collect();
    cargo(findings, &args);
}

/// Runs the library's test of a thousand images with a gateway drop an hour, which says how many requests they took.
/// It is in virtual time, hours of it, which no socket can follow.
#[cfg_attr(not(feature = "runs"), expect(dead_code, reason = "only `requests` asks for it"))]
pub(crate) fn thousand(findings: &mut Findings) {
    cargo(
        findings,
        &[
            "test",
            "--quiet",
            "--locked",
            "-p",
            "journeyman",
            "--lib",
            "a_thousand_images_with_a_gateway_drop_an_hour",
            "--",
            "--nocapture",
        ],
    );
}

/// Runs `fixture` in a build of this program that can replay a recording; further arguments are the task's.
#[cfg_attr(feature = "replay", expect(dead_code, reason = "that build is the one that is run"))]
pub(crate) fn replay(findings: &mut Findings) {
    let further: Vec<String> = std::env::args().skip(2).collect();
    let run = ["run", "--quiet", "--locked", "-p", "xtask", "--features", "replay", "--", "fixture"];
    let args: Vec<&str> = run.into_iter().chain(further.iter().map(String::as_str)).collect();
    cargo(findings, &args);
}

/// Runs `screening` in a build of this program that has the model in it; further arguments are the task's.
#[cfg_attr(feature = "screening", expect(dead_code, reason = "that build is the one that is run"))]
pub(crate) fn screening(findings: &mut Findings) {
    let further: Vec<String> = std::env::args().skip(2).collect();
    let run = ["run", "--quiet", "--locked", "-p", "xtask", "--features", "screening", "--", "screening"];
    let args: Vec<&str> = run.into_iter().chain(further.iter().map(String::as_str)).collect();
    cargo(findings, &args);
}

/// Runs a task in a build of this program that can start worlds and proxies; further arguments are the task's.
#[cfg_attr(feature = "outside", expect(dead_code, reason = "that build is the one that is run"))]
pub(crate) fn outside(findings: &mut Findings, task: &str, profile: &str) {
    let further: Vec<String> = std::env::args().skip(2).collect();
    let run = [
        "run",
        "--quiet",
        "--locked",
        "--profile",
        profile,
        "-p",
        "xtask",
        "--features",
        "outside",
        "--",
        task,
    ];
    let args: Vec<&str> = run.into_iter().chain(further.iter().map(String::as_str)).collect();
    cargo(findings, &args);
}

/// Runs `store` in a release build of this program that has the store in it; further arguments are the task's.
#[cfg_attr(feature = "store", expect(dead_code, reason = "that build is the one that is run"))]
pub(crate) fn store(findings: &mut Findings) {
    let further: Vec<String> = std::env::args().skip(2).collect();
    let run =
        ["run", "--quiet", "--release", "--locked", "-p", "xtask", "--features", "store", "--", "store"];
    let args: Vec<&str> = run.into_iter().chain(further.iter().map(String::as_str)).collect();
    cargo(findings, &args);
}

/// Runs the limiter's benchmark.
pub(crate) fn limiter(findings: &mut Findings) {
    cargo(
        findings,
        &["bench", "--quiet", "--locked", "-p", "journeyman-limiter", "--all-features", "--bench", "cost"],
    );
}

/// Runs the scenarios against the limiter and others; further arguments are theirs.
pub(crate) fn limits(findings: &mut Findings) {
    let further: Vec<String> = std::env::args().skip(2).collect();
    let bench = [
        "bench",
        "--quiet",
        "--locked",
        "-p",
        "journeyman-limiter",
        "--all-features",
        "--bench",
        "limits",
        "--",
    ];
    let args: Vec<&str> = bench.into_iter().chain(further.iter().map(String::as_str)).collect();
    cargo(findings, &args);
}

fn cargo(findings: &mut Findings, args: &[&str]) {
    findings.look();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    match Command::new(cargo).current_dir(root()).args(args).status() {
        Ok(status) if status.success() => {}
        Ok(status) => findings.wrong(format_args!("cargo {}: {status}", args.join(" "))),
        Err(why) => findings.wrong(format_args!("run cargo {}: {why}", args.join(" "))),
    }
}
