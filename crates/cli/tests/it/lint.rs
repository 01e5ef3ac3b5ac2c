//! `lint`, and the lint of `imagine`, from outside: what is drawn, what is JSON, exit codes, and that nothing is sent.

use std::io::Write as _;
use std::process::Stdio;

use crate::harness::{Place, Ran, Sim};

fn lint(args: &[&str]) -> Ran {
    Place::bare().run(&[&["lint"], args].concat())
}

#[test]
fn spans_are_drawn_under_the_text_with_a_suggestion() {
    let ran = lint(&["a bird --arr 3:2"]);
    assert_eq!(ran.code, Some(4));
    let drawn = "error[unknown-parameter]: `--arr` is no parameter that is known here\n  |\n  | a bird --arr 3:2\n  |        ^^^^^ did you mean --ar?\n";
    assert!(ran.stdout.starts_with(drawn), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\x1b'), "colours are for terminals");
    ran.says(&["error: the prompt would be refused", "hint: ", "--no-lint"]);
}

#[test]
fn it_tells_how_many_jobs_its_mode_and_a_cost_estimate() {
    let ran = lint(&["a {red, blue} bird --r 3 --turbo --draft --v 7"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    for words in ["6 jobs (v 7, turbo, draft)", "GPU minutes (an estimate: "] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
}

#[test]
fn warnings_alone_are_no_failure() {
    let ran = lint(&["a  bird —ar 3:2"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains("warning[dash]"), "{}", ran.stdout);
}

#[test]
fn json_has_every_finding_with_its_place() {
    let ran = lint(&["--json", "a bird --v5", "a cat"]);
    assert_eq!(ran.code, Some(4));
    let [wrong, right] = &ran.json()[..] else { panic!("two lines: {}", ran.stdout) };
    let finding = &wrong["findings"][0];
    assert_eq!(
        (finding["severity"].as_str(), finding["code"].as_str()),
        (Some("error"), Some("missing-space"))
    );
    assert_eq!((finding["start"].as_u64(), finding["end"].as_u64()), (Some(7), Some(11)));
    assert_eq!(finding["suggestion"]["replacement"], "--v 5");
    assert_eq!((right["errors"].as_u64(), right["jobs"].as_u64()), (Some(0), Some(1)));
    assert_eq!(
        (right["cost"]["estimate"].as_bool(), right["normalised"].as_str()),
        (Some(true), Some("a cat"))
    );
}

#[test]
fn fix_repairs_only_typography() {
    let ran = lint(&["--fix", " a  “quiet” bird —ar 3:2 —v5"]);
    assert_eq!(ran.stdout, "a \"quiet\" bird --ar 3:2 --v5\n");
    assert_eq!(ran.code, Some(4), "a missing space is not repaired");
    ran.says(&["error[missing-space]", "warning[spaces]"]);
}

#[test]
fn prompts_are_read_from_a_file_and_from_standard_input() {
    let mut place = Place::bare();
    place.write("prompts.txt", "a cat\n\na dog --arr 1:1\n");
    let ran = place.run(&["lint", "--json", "--file", "prompts.txt"]);
    assert_eq!((ran.code, ran.json().len()), (Some(4), 2), "{}", ran.stderr);

    let mut command = place.command(&["lint", "--json", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("its stdin").write_all(b"a cat\na dog\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stdout).lines().count()), (Some(0), 2));

    let ran = place.run(&["lint", "--file", "missing.txt"]);
    assert_eq!(ran.code, Some(2));
    ran.says(&["read missing.txt", "hint: "]);
    assert_eq!(place.run(&["lint"]).code, Some(2));
}

#[test]
fn the_accounts_defaults_are_settings() {
    let mut place = Place::bare();
    place.write("journeyman.toml", "prompt_version = 7\nprompt_mode = \"relax\"\n");
    let ran = place.run(&["lint", "--config", "journeyman.toml", "a {red, blue} cat"]);
    assert_eq!(ran.code, Some(4));
    assert!(ran.stdout.contains("error[batch-in-relax]"), "{}", ran.stdout);
    let ran =
        place.run(&["lint", "--config", "journeyman.toml", "--default-mode", "fast", "a {red, blue} cat"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    let ran = place.run(&["lint", "--default-version", "nine", "a cat"]);
    assert_eq!(ran.code, Some(3));
    ran.says(&["prompt_version", "nine", "--default-version", "niji 6"]);
}

#[test]
fn imagine_refuses_what_the_bot_would_refuse_before_anything_is_sent() {
    let sim = Sim::start(&[]);
    let place = sim.place();
    let ran = place.run(&["imagine", "--json", "a fox --v5"]);
    assert_eq!(ran.code, Some(4));
    ran.says(&["error[missing-space]", "error: Midjourney would refuse the prompt", "--no-lint"]);
    assert_eq!(ran.last()["error"], "InvalidPrompt");
    assert_eq!(sim.report()["requests"], serde_json::json!({}), "something was sent");

    // Whatever the bot makes of it, it was sent.
    let place = place.with("JOURNEYMAN_CAP_S", 20);
    place.run(&["imagine", "--json", "--no-lint", "a fox --v5"]);
    let sent = &sim.report()["requests"]["POST"]["/interactions"];
    assert!(sent.as_object().is_some_and(|answers| !answers.is_empty()), "{}", sim.report());
}

#[test]
fn imagine_tells_each_warning_once_on_stderr_and_goes_on() {
    let ran = Place::bare().run(&["imagine", "--sim", "--speed", "200", "--json", "a fox —ar 3:2"]);
    assert_eq!((ran.code, ran.stderr.matches("warning[dash]").count()), (Some(0), 1), "{}", ran.stderr);
    let ran =
        Place::bare().run(&["imagine", "--sim", "--speed", "200", "--json", "--no-lint", "a fox —ar 3:2"]);
    assert!(!ran.stderr.contains("warning["), "{}", ran.stderr);
}
