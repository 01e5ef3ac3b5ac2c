//! Runs the binary in a folder of the test's own, and searches everything that was written for the token.
//!
//! Every end-to-end test goes through it. It judges nothing else.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A well-formed token; the middle word must be found nowhere.
pub(crate) const TOKEN: &str =
    "MTA4MTc3NDg0NjI3MTY4MjU2MA.GcanaryX.in-the-mine-where-nobody-may-ever-hear-it-sing";
const CANARY: &str = "canaryX";
pub(crate) const CHANNEL: &str = "1077800642086703114";
pub(crate) const GUILD: &str = "1077800641537122364";

/// A folder, and the environment that commands in it run with.
pub(crate) struct Place {
    folder: TempDir,
    environment: Vec<(String, String)>,
    /// Files that hold the token because the test put it there.
    knowing: Vec<PathBuf>,
}

/// What a command wrote, and how it ended.
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

impl Place {
    /// An empty folder, and nothing configured.
    pub(crate) fn bare() -> Self {
        let folder = tempfile::tempdir().expect("a folder of our own");
        Self { folder, environment: Vec::new(), knowing: Vec::new() }
    }

    /// The same with the canary's token, a channel and a guild in the environment.
    pub(crate) fn with_token() -> Self {
        Self::bare()
            .with("JOURNEYMAN_TOKEN", TOKEN)
            .with("JOURNEYMAN_CHANNEL", CHANNEL)
            .with("JOURNEYMAN_GUILD", GUILD)
    }

    /// Adds a variable.
    pub(crate) fn with(mut self, name: &str, text: impl std::fmt::Display) -> Self {
        self.environment.push((name.to_owned(), text.to_string()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file; one that holds the token is left out of the search.
    pub(crate) fn write(&mut self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(&path, text).expect("a file");
        if text.contains(CANARY) {
            self.knowing.push(path.clone());
        }
        path
    }

    /// The binary with these arguments, in this folder, with logs at their most talkative.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_journeyman"));
        command.args(args);
        self.furnish(&mut command);
        command
    }

    /// Gives a command this place's folder and environment, and nothing of the caller's.
    pub(crate) fn furnish(&self, command: &mut Command) {
        command.current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.env("HOME", self.folder.path()).env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("JOURNEYMAN_LOG", "trace").envs(self.environment.iter().map(|(name, text)| (name, text)));
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.finish(&mut self.command(args))
    }

    /// Runs a command to its end, and searches all that it wrote.
    pub(crate) fn finish(&self, command: &mut Command) -> Ran {
        let output = command.output().expect("the command starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ran =
            Ran { stdout: text(&output.stdout), stderr: text(&output.stderr), code: output.status.code() };
        self.search(&ran);
        ran
    }

    /// Fails when the canary is in the output, or in any file of the folder that the test did not write.
    pub(crate) fn search(&self, ran: &Ran) {
        assert!(!ran.stdout.contains(CANARY), "the token is on stdout: {}", ran.stdout);
        assert!(!ran.stderr.contains(CANARY), "the token is on stderr: {}", ran.stderr);
        for path in files_below(self.folder.path()) {
            let bytes = fs::read(&path).expect("a file that can be read");
            let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
            assert!(!found || self.knowing.contains(&path), "the token is in {}", path.display());
        }
    }

    /// The files in one folder of the place.
    pub(crate) fn files_in(&self, name: &str) -> Vec<PathBuf> {
        files_below(&self.path(name))
    }
}

impl Ran {
    /// The lines of stdout as JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
        self.stdout.lines().map(parse).collect()
    }

    /// The last line of stdout as JSON.
    pub(crate) fn last(&self) -> Value {
        self.json().pop().unwrap_or_else(|| panic!("nothing on stdout; stderr: {}", self.stderr))
    }

    /// Whether stderr has these words, each somewhere.
    pub(crate) fn says(&self, words: &[&str]) {
        for word in words {
            assert!(self.stderr.contains(word), "stderr does not say `{word}`: {}", self.stderr);
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// `journeyman sim` in a process of its own, stopped when dropped.
pub(crate) struct Sim {
    pub(crate) child: Child,
    pub(crate) ready: Value,
    // Held open: a closed pipe would be an error for the simulator.
    _stdout: BufReader<ChildStdout>,
}

impl Sim {
    /// Starts it with these flags; any token is taken, and time runs 50 times as fast.
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::with_flags(&[&["--permissive", "--time-scale", "50"], flags].concat())
    }

    /// Starts it with these flags and no others.
    pub(crate) fn with_flags(flags: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_journeyman"));
        command.arg("sim").args(flags);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the simulator starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("its stdout"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a first line");
        let ready = serde_json::from_str(&line).unwrap_or_else(|why| panic!("{why}: {line}"));
        Self { child, ready, _stdout: stdout }
    }

    /// A place whose commands speak to it with the canary's token.
    pub(crate) fn place(&self) -> Place {
        let origin = self.ready["rest"].as_str().expect("an origin");
        Place::with_token().with("JOURNEYMAN_API_BASE", origin).with("JOURNEYMAN_TIME_SCALE", 50)
    }

    /// What arrived there.
    pub(crate) fn report(&self) -> Value {
        let address = format!("{}/report", self.ready["control"].as_str().expect("an address"));
        get(&address)
    }

    /// The newest message of the channel, as any account reads it.
    pub(crate) fn newest_message(&self) -> Value {
        let origin = self.ready["rest"].as_str().expect("an origin");
        let page = get(&format!("{origin}/api/v10/channels/{CHANNEL}/messages?limit=1"));
        page[0].clone()
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        // It may have been stopped by its test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A GET of a small JSON document on loopback.
fn get(address: &str) -> Value {
    use std::io::{Read as _, Write as _};
    let rest = address.strip_prefix("http://").expect("plain http");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut stream = std::net::TcpStream::connect(host).expect("the simulator listens");
    let head = format!("Host: {host}\r\nAuthorization: {TOKEN}\r\nConnection: close");
    write!(stream, "GET /{path} HTTP/1.1\r\n{head}\r\n\r\n").expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    serde_json::from_str(body).unwrap_or_else(|why| panic!("{why}: {answer}"))
}

#[test]
fn the_search_finds_a_token_on_stdout_and_in_a_file() {
    let mut place = Place::bare();
    let said =
        format!(r#"{{"content": "**{TOKEN}** - <@1> (fast)", "author": {{"id": "936929561302675456"}}}}"#);
    place.write("seen.json", &said);
    let output = place.command(&["explain", "seen.json"]).output().expect("it starts");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let loud = Ran { stdout, stderr: String::new(), code: output.status.code() };
    assert!(finds(&place, &loud), "nothing was found on stdout: {}", loud.stdout);

    let quiet = Ran { stdout: String::new(), stderr: String::new(), code: Some(0) };
    assert!(!finds(&place, &quiet), "what the test wrote itself is not searched");
    fs::write(place.path("left-behind"), TOKEN).expect("a file");
    assert!(finds(&place, &quiet), "nothing was found in the file");
}

fn finds(place: &Place, ran: &Ran) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| place.search(ran))).is_err()
}
