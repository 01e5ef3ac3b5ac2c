//! What each crate depends on, by `cargo tree`. What the code does with it is `placement`'s subject.

use std::collections::BTreeSet;
use std::process::Command;

use crate::findings::Findings;
use crate::source::root;

/// The packages that a pure crate may reach: they do no IO, read no clock and draw no randomness of their own.
const PURE: &[&str] = &[
    "base64",
    "block-buffer",
    "cfg-if",
    "const-oid",
    "cpufeatures",
    "crypto-common",
    "digest",
    "fastrand",
    "foldhash",
    "hybrid-array",
    "itoa",
    "journeyman-limiter",
    "journeyman-midjourney",
    "journeyman-model",
    "journeyman-moment",
    "memchr",
    "once_cell",
    "pin-project-lite",
    "proc-macro2",
    "quote",
    "ryu",
    "serde",
    "serde_core",
    "serde_derive",
    "serde_json",
    "serde_spanned",
    "sha2",
    "smallvec",
    "syn",
    "thiserror",
    "thiserror-impl",
    "toml",
    "toml_datetime",
    "toml_parser",
    "toml_writer",
    "tracing",
    "tracing-core",
    "typenum",
    "unicode-ident",
    "unicode-segmentation",
    "winnow",
    "zmij",
];

/// The pure crates; `moment` and `limiter` are meant without their features.
const PURE_CRATES: &[&str] =
    &["journeyman-moment", "journeyman-limiter", "journeyman-model", "journeyman-midjourney"];

/// The crates that stand alone and never reach the code that speaks as a user account.
const APART: &[&str] = &["journeyman-limiter", "journeyman-sim", "journeyman-proxy", "journeyman-jobs"];

/// All of ours that the proxy reaches: whoever runs it must not have to trust code for user accounts.
const PROXY: &[&str] = &["journeyman-proxy", "journeyman-limiter", "journeyman-moment"];

/// Packages that open connections, and the one crate of the client that may name each.
///
/// The proxy has hands of its own, and is no part of the client.
const HANDS: &[(&str, &str)] = &[
    ("reqwest", "journeyman-discord"),
    ("rustls", "journeyman-discord"),
    ("hyper-rustls", "journeyman-proxy"),
];

pub(super) fn check(findings: &mut Findings) {
    for package in PURE_CRATES {
        let reached = reach(package, &["--no-default-features"], findings);
        for dependency in reached.iter().filter(|name| !PURE.contains(&name.as_str())) {
            findings.wrong(format_args!(
                "{package} reaches `{dependency}`, which is not on the list of pure packages in \
                 xtask/src/purity/tree.rs; see it with `cargo tree -p {package} --no-default-features -i {dependency}`"
            ));
        }
    }
    for package in APART {
        let reached = reach(package, &["--all-features"], findings);
        for speaker in ["journeyman-discord", "journeyman"].iter().filter(|name| reached.contains(**name)) {
            findings.wrong(format_args!("{package} reaches `{speaker}`, which speaks as a user account"));
        }
    }
    sim_knows_none_of_ours(findings);
    proxy_stands_on_the_limiter_alone(findings);
    jobs_know_no_backend(findings);
    hands_are_where_they_belong(findings);
}

fn sim_knows_none_of_ours(findings: &mut Findings) {
    let reached = reach("journeyman-sim", &["--all-features"], findings);
    for ours in reached.iter().filter(|name| name.starts_with("journeyman") && *name != "journeyman-sim") {
        findings.wrong(format_args!("the simulator reaches `{ours}`; it shares no code with the client"));
    }
}

fn proxy_stands_on_the_limiter_alone(findings: &mut Findings) {
    let reached = reach("journeyman-proxy", &["--all-features"], findings);
    for ours in
        reached.iter().filter(|name| name.starts_with("journeyman") && !PROXY.contains(&name.as_str()))
    {
        findings.wrong(format_args!("the proxy reaches `{ours}`; it stands on the limiter alone"));
    }
}

fn jobs_know_no_backend(findings: &mut Findings) {
    let reached = reach("journeyman-jobs", &["--all-features"], findings);
    for ours in reached.iter().filter(|name| name.starts_with("journeyman") && *name != "journeyman-jobs") {
        findings
            .wrong(format_args!("the engine of jobs reaches `{ours}`; it drives a backend, and knows none"));
    }
}

fn hands_are_where_they_belong(findings: &mut Findings) {
    let crates = ["journeyman", "journeyman-cli", "journeyman-discord", "journeyman-midjourney"];
    for package in crates {
        let direct = reach(package, &["--depth", "1"], findings);
        for (hand, owner) in HANDS.iter().filter(|(hand, owner)| direct.contains(*hand) && *owner != package)
        {
            findings
                .wrong(format_args!("{package} depends on `{hand}`; requests leave through {owner} only"));
        }
    }
}

/// The names of the packages in the tree of one of ours, tests and build scripts left out.
fn reach(package: &str, options: &[&str], findings: &mut Findings) -> BTreeSet<String> {
    findings.look();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let ran = Command::new(cargo)
        .current_dir(root())
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}", "-p", package])
        .args(options)
        .output();
    match ran {
        Ok(output) if output.status.success() => names(&String::from_utf8_lossy(&output.stdout)),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            findings.wrong(format_args!("cargo tree -p {package} failed: {said}"));
            BTreeSet::new()
        }
        Err(why) => {
            findings.wrong(format_args!("run cargo tree -p {package}: {why}"));
            BTreeSet::new()
        }
    }
}

fn names(listing: &str) -> BTreeSet<String> {
    listing.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_gives_each_name_once() {
        let listing = "journeyman-sim v0.1.0 (/x)\nbytes v1.12.1\nbytes v1.12.1 (*)\n\n";
        assert_eq!(names(listing), BTreeSet::from(["bytes".to_owned(), "journeyman-sim".to_owned()]));
    }

    #[test]
    fn a_pure_crate_may_not_reach_a_runtime() {
        for banned in ["tokio", "reqwest", "hyper", "jiff", "getrandom", "journeyman-discord"] {
            assert!(!PURE.contains(&banned), "{banned}");
        }
    }
}
