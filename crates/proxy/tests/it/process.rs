//! The binary as a process of its own. It asserts nothing about what it does.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_journeyman-proxy"));
    command.args(arguments).env_remove("JOURNEYMAN_LOG").stderr(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// Runs it to its end: the exit code, and what it told.
pub(crate) fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command(arguments).output().expect("it runs");
    (status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

/// A proxy that listens. It ends whatever becomes of the test.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Kept open, so that it can go on telling.
    _told: BufReader<ChildStderr>,
}

impl Running {
    /// On a port of its own.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = command(arguments).args(["--listen", "127.0.0.1:0"]).spawn().expect("it runs");
        let mut told = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert!(told.read_line(&mut line).expect("a line") > 0, "it ended before it listened");
            if let Some(address) = line.trim().strip_prefix("listening on http://") {
                break address.parse().expect("an address");
            }
        };
        Self { child, address, _told: told }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its exit code, once it has ended.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
