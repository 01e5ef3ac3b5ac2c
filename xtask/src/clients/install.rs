//! The clients and the proxy, installed and built below the target folder. It runs none of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::source::root;
use crate::target;

/// One client, as it is started.
#[derive(Clone, Debug)]
pub(super) struct Client {
    /// Its name in the table.
    pub(super) name: &'static str,
    /// The program and its first arguments.
    pub(super) command: Vec<PathBuf>,
}

/// What there is to run.
#[derive(Debug)]
pub(super) struct Installed {
    pub(super) clients: Vec<Client>,
    pub(super) proxy: PathBuf,
}

/// Installs what the lockfiles name; what is there already is kept.
pub(super) fn install() -> Result<Installed, String> {
    let ours = root().join("clients");
    let into = target::folder().join("clients");
    std::fs::create_dir_all(&into).map_err(|why| format!("make {}: {why}", into.display()))?;
    // The program of npm's package must lie where its packages are found.
    for file in ["package.json", "package-lock.json", "discordjs.mjs"] {
        let to = into.join(file);
        std::fs::copy(ours.join(file), &to).map_err(|why| format!("write {}: {why}", to.display()))?;
    }
    run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&into))?;
    let venv = into.join("venv");
    let python = venv.join("bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"];
    run(Command::new(&python).args(pip).arg(ours.join("requirements.txt")))?;
    let twilight = ours.join("twilight/Cargo.toml");
    run(target::cargo()
        .args(["build", "--quiet", "--locked", "--manifest-path"])
        .arg(twilight)
        .arg("--target-dir")
        .arg(into.join("twilight")))?;
    let proxy = target::build("journeyman-proxy", target::Profile::Dev)?;
    let clients = vec![
        Client { name: "@discordjs/rest", command: vec!["node".into(), into.join("discordjs.mjs")] },
        Client { name: "discord.py", command: vec![python, ours.join("discordpy.py")] },
        Client { name: "twilight-http", command: vec![into.join("twilight/debug/twilight-client")] },
    ];
    Ok(Installed { clients, proxy })
}

fn run(command: &mut Command) -> Result<(), String> {
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
