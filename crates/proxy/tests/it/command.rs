//! The binary: what it refuses, and that it serves until it is told to stop.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use crate::process::{Running, command, refused};

#[test]
fn an_unknown_upstream_is_refused_unless_somebody_says_otherwise() {
    let (code, told) = refused(&["--upstream", "https://example.com"]);
    assert_eq!(code, Some(2));
    assert!(told.contains("https://example.com") && told.contains("--allow-any-upstream"), "{told}");
}

#[test]
fn a_senseless_argument_is_told_by_name() {
    let (code, told) = refused(&["--hold", "soon"]);
    assert_eq!(code, Some(2));
    assert!(told.contains("--hold") && told.contains("2.5"), "{told}");
}

#[test]
fn the_settings_that_hold_are_printed_and_can_be_read_again() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().to_str().expect("a path");
    let text = "hold = 3.0\nidle = 7.5\n[[credential]]\ntoken_env = \"BIG_BOT\"\nglobal = 500\n";
    std::fs::write(path, text).expect("written");
    let printed = |arguments: &[&str]| {
        let output = command(arguments).env("BIG_BOT", "canary").output().expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{told}");
        String::from_utf8(output.stdout).expect("text")
    };
    let first = printed(&["--config", path, "--hold", "2", "--allow-any-upstream", "--print-config"]);
    for line in ["hold = 2.0", "idle = 7.5", "drain = 30.0", "allow_any_upstream = true", "global = 500"] {
        assert!(first.lines().any(|found| found == line), "{line} is not in\n{first}");
    }
    assert!(!first.contains("canary"), "{first}");
    std::fs::write(path, &first).expect("written");
    assert_eq!(printed(&["--config", path, "--print-config"]), first);
}

#[test]
fn a_file_that_cannot_be_used_ends_it_with_2() {
    let (code, told) = refused(&["--config", "/nowhere/proxy.toml"]);
    assert_eq!(code, Some(2));
    assert!(told.contains("/nowhere/proxy.toml"), "{told}");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "hodl = 3\n").expect("written");
    let (code, told) = refused(&["--config", file.path().to_str().expect("a path")]);
    assert_eq!(code, Some(2));
    assert!(told.contains("`hodl`") && told.contains("`hold`"), "{told}");
}

#[test]
fn verify_sends_nothing_without_a_token_and_a_yes() {
    let arguments = ["--upstream", "http://127.0.0.1:1", "verify", "--channel", "1001234567890123456"];
    let told = |command: &mut Command| {
        let output = command.output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, text) = told(command(&arguments).env_remove("JOURNEYMAN_BOT_TOKEN"));
    assert_eq!(code, Some(2));
    assert!(text.contains("JOURNEYMAN_BOT_TOKEN"), "{text}");
    let (code, text) = told(command(&arguments).env("JOURNEYMAN_BOT_TOKEN", "canary"));
    assert_eq!(code, Some(2));
    assert!(text.contains("--yes") && text.contains("300") && !text.contains("canary"), "{text}");
    // A report that cannot be written is told before anything is asked.
    let mut nowhere = command(&arguments);
    nowhere.args(["--report", "/nowhere/report.json", "--yes"]).env("JOURNEYMAN_BOT_TOKEN", "canary");
    let (code, text) = told(&mut nowhere);
    assert_eq!(code, Some(1));
    assert!(text.contains("/nowhere/report.json") && !text.contains("canary"), "{text}");
    // Nobody is there to be asked.
    let (code, text) = told(command(&arguments).arg("--yes").env("JOURNEYMAN_BOT_TOKEN", "canary"));
    assert_eq!(code, Some(1));
    assert!(text.contains("read the channel") && !text.contains("canary"), "{text}");
}

#[test]
fn an_address_that_is_taken_ends_it_with_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let (code, told) = refused(&["--listen", &address, "--upstream", "http://127.0.0.1:1"]);
    assert_eq!(code, Some(1));
    assert!(told.contains(&address) && told.contains("--listen"), "{told}");
}

#[cfg(unix)]
#[test]
fn it_listens_on_this_machine_and_ends_well_on_sigterm() {
    let mut running = Running::start(&["--upstream", "http://127.0.0.1:1"]);
    let mut stream = TcpStream::connect(running.address).expect("it listens");
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");

    let id = running.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
    assert_eq!(running.wait(), Some(0));
}
