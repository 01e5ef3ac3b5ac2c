//! What cargo builds for a task to run, and where it lies. It runs none of it.

use std::path::PathBuf;
use std::process::Command;

use crate::source::root;

/// The folder that cargo builds into.
pub(crate) fn folder() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The cargo that runs this.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo
}

/// With which settings a program is built.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Profile {
    /// As the tests do, so that it is there already.
    Dev,
    /// As it is measured.
    Release,
}

/// Builds a package's program of the same name, and says where it is.
pub(crate) fn build(package: &str, profile: Profile) -> Result<PathBuf, String> {
    let (name, below) = match profile {
        Profile::Dev => ("dev", "debug"),
        Profile::Release => ("release", "release"),
    };
    let mut build = cargo();
    build.args(["build", "--quiet", "--locked", "--profile", name, "-p", package]);
    match build.status() {
        Ok(status) if status.success() => Ok(folder().join(below).join(package)),
        Ok(status) => Err(format!("{build:?}: {status}")),
        Err(why) => Err(format!("run {build:?}: {why}")),
    }
}
