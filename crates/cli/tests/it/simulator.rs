//! `journeyman sim` as a process: one line when ready, served until stopped.

use std::process::Command;

use crate::harness::{Place, Sim};

#[test]
fn the_ready_line_says_all_that_a_client_needs() {
    let sim = Sim::start(&["--seed", "7"]);
    for key in ["rest", "cdn", "control"] {
        let origin = sim.ready[key].as_str().unwrap_or_default();
        assert!(origin.starts_with("http://127.0.0.1:"), "{}", sim.ready);
    }
    for key in ["token", "guild_id", "channel_id", "user_id"] {
        assert!(sim.ready[key].as_str().is_some_and(|text| !text.is_empty()), "{key}: {}", sim.ready);
    }
    let gateway = sim.ready["gateway"].as_str().unwrap_or_default();
    assert!(gateway.starts_with("ws://127.0.0.1:"), "{}", sim.ready);
    assert_eq!(sim.ready.as_object().map(serde_json::Map::len), Some(8), "{}", sim.ready);
}

#[cfg(unix)]
#[test]
fn it_ends_well_when_it_is_asked_to_stop() {
    for signal in ["-TERM", "-INT"] {
        let mut sim = Sim::start(&[]);
        let asked =
            Command::new("kill").args([signal, &sim.child.id().to_string()]).status().expect("kill runs");
        assert!(asked.success());
        assert_eq!(sim.child.wait().expect("it ends").code(), Some(0), "{signal}");
    }
}

#[test]
fn an_address_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let ran = Place::bare().run(&["sim", "--listen", &address]);
    assert_eq!(ran.code, Some(3));
    ran.says(&[&address, "hint: "]);
}

#[test]
fn localhost_is_an_address_to_listen_on() {
    let sim = Sim::start(&["--listen", "localhost:0"]);
    let origin = sim.ready["rest"].as_str().unwrap_or_default();
    assert!(origin.starts_with("http://127.0.0.1:"), "{}", sim.ready);
}

#[test]
fn a_name_that_is_not_this_machine_points_to_an_address() {
    let ran = Place::bare().run(&["sim", "--listen", "discord.invalid:0"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    ran.says(&["discord.invalid:0", "127.0.0.1", "hint: "]);
}
