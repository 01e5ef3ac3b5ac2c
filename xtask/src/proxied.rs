//! The proxy in a process of its own, started for a measure. It sends nothing through it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running proxy; it is killed with this.
#[derive(Debug)]
pub(crate) struct Proxy {
    child: Child,
    origin: String,
}

impl Proxy {
    /// Starts it on a free port and waits until it listens.
    pub(crate) fn start(program: &Path, upstream: &str, flags: &[String]) -> Result<Self, String> {
        let mut command = Command::new(program);
        Self::start_as(command.args(["--listen", "127.0.0.1:0", "--upstream", upstream]).args(flags))
    }

    /// The same by a command that is already whole.
    pub(crate) fn start_as(command: &mut Command) -> Result<Self, String> {
        command
            .env("JOURNEYMAN_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|why| format!("{command:?}: {why}"))?;
        let stderr = child.stderr.take().ok_or("the proxy has no stderr")?;
        let mut proxy = Self { child, origin: String::new() };
        let mut lines = BufReader::new(stderr).lines();
        let mut said = Vec::new();
        for line in lines.by_ref().map_while(Result::ok) {
            if let Some((_, origin)) = line.split_once("listening on ") {
                origin.trim().clone_into(&mut proxy.origin);
                break;
            }
            said.push(line);
        }
        if proxy.origin.is_empty() {
            return Err(format!("the proxy does not listen: {}", said.join("; ")));
        }
        // Read on, or the proxy would wait for a full pipe; what it warns of is shown.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = writeln!(std::io::stderr(), "proxy: {line}");
            }
        });
        Ok(proxy)
    }

    /// Where it listens, `http://127.0.0.1:PORT`.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The sum of its counters of that name that have this label.
    pub(crate) fn counter(&self, name: &str, label: &str) -> Result<u64, String> {
        let page = self.metrics().map_err(|why| format!("read the proxy's metrics: {why}"))?;
        let name = format!("journeyman_{name}{{");
        let lines = page.lines().filter(|line| line.starts_with(&name) && line.contains(label));
        let counts: Vec<u64> = lines.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
        // A counter that is not there must not count as none.
        if counts.is_empty() {
            Err(format!("the proxy has no counter {name} with {label}"))
        } else {
            Ok(counts.iter().sum())
        }
    }

    fn metrics(&self) -> std::io::Result<String> {
        let host = self.origin.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        Ok(page)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
