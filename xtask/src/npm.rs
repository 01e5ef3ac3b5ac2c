//! Packages of npm below the target folder, exactly as the lockfile names them. It runs no program of theirs.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::source::root;
use crate::target;

/// Installs what the lockfile names, and puts one of our programs beside it, where its packages are found.
pub(crate) fn install(program: &str) -> Result<PathBuf, String> {
    let ours = root().join("clients");
    let into = target::folder().join("clients");
    std::fs::create_dir_all(&into).map_err(|why| format!("make {}: {why}", into.display()))?;
    for file in ["package.json", "package-lock.json", program] {
        let to = into.join(file);
        std::fs::copy(ours.join(file), &to).map_err(|why| format!("write {}: {why}", to.display()))?;
    }
    run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&into))?;
    Ok(into.join(program))
}

/// Runs a command to its end; what it says is told only when it fails.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let said = command.output().map_err(|why| {
        let program = Path::new(command.get_program()).display().to_string();
        format!("run {program}: {why}; install it with: apt-get install -y nodejs npm python3-venv")
    })?;
    if said.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&said.stderr);
    let last: Vec<&str> = errors.lines().rev().take(5).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    Err(format!("{command:?}: {}\n{}", said.status, last.join("\n")))
}
