//! `doctor` from outside: what it finds, and that it never prints a token.

use crate::harness::{Place, Sim, TOKEN};

#[test]
fn everything_is_well_against_a_simulator() {
    // Time must not run faster here, or its clocks could not agree.
    let sim = Sim::with_flags(&["--permissive"]);
    let origin = sim.ready["rest"].as_str().expect("an origin").to_owned();
    let ran = Place::with_token().with("JOURNEYMAN_API_BASE", origin).run(&["doctor"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    for line in ["version", "configuration", "token", "channel", "discord", "clock"] {
        assert!(ran.stdout.contains(&format!("ok   {line}")), "{line}: {}", ran.stdout);
    }
}

#[test]
fn without_a_token_nothing_is_asked_and_the_rest_is_told() {
    let ran = Place::bare().run(&["doctor"]);
    assert_eq!(ran.code, Some(3));
    for line in ["bad  token", "bad  channel", "bad  account risk", "--   discord"] {
        assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
    }
    ran.says(&["hint: "]);
}

#[test]
fn an_unreachable_host_gives_its_exit_code() {
    let ran = Place::with_token().with("JOURNEYMAN_API_BASE", "http://127.0.0.1:1").run(&["doctor"]);
    assert_eq!(ran.code, Some(5), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("bad  discord"), "{}", ran.stdout);
}

#[test]
fn a_token_that_is_refused_gives_its_exit_code() {
    let mut place = Place::bare();
    place.write("token", TOKEN);
    // Not permissive: only the simulator's own token is good there.
    let sim = Sim::with_flags(&[]);
    let origin = sim.ready["rest"].as_str().expect("an origin").to_owned();
    let place = place.with("JOURNEYMAN_API_BASE", origin).with("JOURNEYMAN_CHANNEL", "5");
    let ran = place.run(&["doctor", "--token-file", "token"]);
    assert_eq!(ran.code, Some(32), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn drift_is_kept_and_doctor_says_since_when_midjourney_may_have_changed() {
    let sim = Sim::start(&["--scenario", "unknown-title"]);
    let place = sim.place();
    let ran = place.run(&["doctor"]);
    assert!(ran.stdout.contains("ok   midjourney"), "{}", ran.stdout);
    for _ in 0..2 {
        let ran = place.run(&["imagine", "a fox"]);
        assert_eq!(ran.code, Some(19), "{}", ran.stderr);
    }
    let ran = place.run(&["doctor"]);
    assert!(
        ran.stdout.contains("note midjourney     Midjourney may have changed since 20"),
        "{}",
        ran.stdout
    );
    for part in ["2 unknown notices", "journeyman record", "drift.json"] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
}
