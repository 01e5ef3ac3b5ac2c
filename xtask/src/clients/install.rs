//! The clients and the proxy, installed and built below the target folder. It runs none of them.

use std::path::PathBuf;
use std::process::Command;

use crate::npm::{self, run};
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
    let discordjs = npm::install("discordjs.mjs")?;
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
        Client { name: "@discordjs/rest", command: vec!["node".into(), discordjs] },
        Client { name: "discord.py", command: vec![python, ours.join("discordpy.py")] },
        Client { name: "twilight-http", command: vec![into.join("twilight/debug/twilight-client")] },
    ];
    Ok(Installed { clients, proxy })
}
