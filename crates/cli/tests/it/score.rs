//! `journeyman sim score` with clients of a few lines of shell. How limits are counted is the simulator's own subject.

use std::process::Command;

use crate::harness::Place;

/// Sends so many requests, one right after another, and heeds nothing. It is a client of bash alone.
fn heedless(count: u32) -> String {
    format!(
        r#"host="${{JOURNEYMAN_SIM_URL#http://}}"
        for turn in $(seq {count}); do
            exec 3<>"/dev/tcp/${{host%:*}}/${{host#*:}}"
            printf 'GET /api/v10/channels/%s/messages HTTP/1.1\r\nHost: %s\r\nAuthorization: Bot %s\r\nConnection: close\r\n\r\n' \
                "$JOURNEYMAN_SIM_CHANNEL" "$host" "$JOURNEYMAN_SIM_TOKEN" >&3
            cat <&3 >/dev/null
        done
        echo "$JOURNEYMAN_SIM_SCENARIO $DISCORD_API_URL $DISCORD_API_BASE""#
    )
}

#[test]
fn sim_score_runs_anyones_client_and_prints_429s_by_scope_and_bans() {
    let client = heedless(8);
    let ran =
        Place::bare().run(&["sim", "score", "--json", "--scenario", "wide", "--", "bash", "-c", &client]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let score = ran.last();
    assert_eq!(
        (&score["scenario"], &score["requests"], &score["accepted"]),
        (&"wide".into(), &8.into(), &8.into())
    );
    assert_eq!(score["rate_limited"]["user"], 0, "{score}");
    assert_eq!(score["bans"], 0, "{score}");
    assert!(score["goodput_per_s"].is_f64(), "{score}");
    ran.says(&["wide http://127.0.0.1:", "/api http://127.0.0.1:", "/api/v10"]);

    let client = heedless(30);
    let ran =
        Place::bare().run(&["sim", "score", "--json", "--scenario", "ban", "--", "bash", "-c", &client]);
    let score = ran.last();
    assert!(score["bans"].as_u64() >= Some(1), "{score}");
    assert!(score["rate_limited"]["edge"].as_u64() >= Some(1), "{score}");
    assert_eq!(score["requests"], 30, "{score}");
}

#[test]
fn each_scenario_is_scored_for_people_and_in_order() {
    let flags = ["sim", "score", "--scenario", "shared", "--scenario", "fixed", "--", "bash", "-c"];
    let ran = Place::bare().run(&[&flags[..], &[&heedless(7)]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let (fixed, shared) = (ran.stdout.find("fixed: "), ran.stdout.find("shared: "));
    assert!(fixed.is_some() && fixed < shared, "{}", ran.stdout);
    for word in ["429s: user", "bans 0", "efficiency", "goodput"] {
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    }
}

#[test]
fn a_command_that_gives_no_score_has_an_exit_code_that_says_why() {
    for (command, code, words) in [
        (&["/nowhere/to-be-found"][..], 40, "start /nowhere/to-be-found"),
        (&["sh", "-c", "exit 3"], 41, "exit status: 3"),
        (&["true"], 42, "JOURNEYMAN_SIM_URL"),
        (&["sleep", "600"], 43, "--timeout"),
    ] {
        let flags = ["sim", "score", "--scenario", "fixed", "--timeout", "1", "--"];
        let ran = Place::bare().run(&[&flags[..], command].concat());
        assert_eq!(ran.code, Some(code), "{command:?}: {}", ran.stderr);
        ran.says(&[words, "hint: "]);
    }
    let ran = Place::bare().run(&["sim", "score"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn what_the_command_started_ends_with_it() {
    let place = Place::bare();
    let flags = ["sim", "score", "--scenario", "fixed", "--timeout", "1", "--", "sh", "-c"];
    let ran = place.run(&[&flags[..], &["sleep 600 & echo $! > child; wait"]].concat());
    assert_eq!(ran.code, Some(43), "{}", ran.stderr);
    let child = std::fs::read_to_string(place.path("child")).expect("the command ran");
    // Killed, it may still be waiting for its parent to take notice of it.
    let state = Command::new("ps").args(["-o", "stat=", "-p", child.trim()]).output().expect("ps runs");
    let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
    assert!(state.is_empty() || state.starts_with('Z'), "it is still there: {state}");
}
