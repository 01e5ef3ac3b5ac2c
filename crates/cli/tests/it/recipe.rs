//! Recipes from outside: what they print, what they send, what a failure costs.

use std::path::Path;

use serde_json::Value;

use crate::harness::{Place, Sim};

/// The example that the README names.
fn example() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/recipe.toml").display().to_string()
}

fn kinds(report: &Value) -> Vec<&str> {
    let jobs = report["jobs"].as_array().expect("jobs");
    for job in jobs {
        assert_eq!((job["executions"].as_u64(), job["charged"].as_u64()), (Some(1), Some(1)), "{job}");
    }
    let mut kinds: Vec<_> = jobs.iter().filter_map(|job| job["kind"].as_str()).collect();
    kinds.sort_unstable();
    kinds
}

#[test]
fn journeyman_recipe_file_is_a_small_pipeline_per_prompt() {
    let sim = Sim::start(&[]);
    let place = sim.place();
    let ran = place.run(&["recipe", "--out", "images", &example()]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let mut expected = vec!["imagine"; 2];
    expected.extend(["upscale"; 4]);
    expected.extend(["zoom_out"; 4]);
    assert_eq!(kinds(&sim.report()), expected);
    assert_eq!(place.files_in("images").len(), 10);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 10, "{}", ran.stdout);
    for (line, begins) in [(1, "├─ U1  images/"), (2, "│  └─ Zoom Out 2x  images/"), (3, "└─ U2  images/")]
    {
        assert!(lines[line].starts_with(begins), "{}", ran.stdout);
    }
}

#[test]
fn with_json_each_job_is_a_line_with_its_parent_and_parents_come_first() {
    let ran = Place::bare().run(&["recipe", "--sim", "--speed", "50", "--json", &example()]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let lines = ran.json();
    assert_eq!(lines.len(), 10, "{}", ran.stdout);
    for (index, line) in lines.iter().enumerate() {
        let is_parent = |one: &Value| one["id"] == line["parent"];
        assert!(line["parent"].is_null() || lines[..index].iter().any(is_parent), "{line}");
        assert_eq!(line["parent"].is_null(), line["press"].is_null(), "{line}");
    }
}

#[test]
fn a_failed_step_fails_its_branch_only_and_the_exit_code_is_that_of_the_first_failure() {
    let sim = Sim::start(&[]);
    let mut place = sim.place();
    place.write(
        "recipe.toml",
        "prompts = [\"a fox\"]\n[[step]]\npress = [\"U1\", \"Make it better\"]\n[[step]]\npress = [\"Zoom Out 2x\"]\n",
    );
    let ran = place.run(&["recipe", "recipe.toml"]);
    assert_eq!(ran.code, Some(13), "{}", ran.stderr);
    assert!(ran.stdout.contains("└─ Make it better  failed: "), "{}", ran.stdout);
    assert!(ran.stdout.contains("│  └─ Zoom Out 2x  journeyman-images/"), "{}", ran.stdout);
    assert_eq!(kinds(&sim.report()), ["imagine", "upscale", "zoom_out"]);
}

#[test]
fn a_failed_job_of_a_recipe_tells_where_to_look_for_it() {
    let world = ["--errors", "visible", "--progress", "visible", "--scenario", "post-moderation"];
    let sim = Sim::start(&world);
    let mut place = sim.place();
    place.write("recipe.toml", "prompts = [\"a fox\"]\n");
    let ran = place.run(&["recipe", "--json", "recipe.toml"]);
    assert_eq!(ran.code, Some(11), "{}", ran.stderr);
    let last = ran.last();
    assert_eq!(last["job_id"], sim.report()["jobs"][0]["job_ids"][0], "{last}");
    assert!(last["message_id"].as_str().is_some_and(|id| !id.is_empty()), "{last}");
}

#[test]
fn each_imagine_of_a_recipe_is_appended_to_the_operators_outcomes() {
    let mut place = Sim::start(&[]).place();
    let sim = Sim::start(&["--errors", "visible", "--scenario", "pre-moderation"]);
    place = place.with("JOURNEYMAN_SCREEN_OUTCOMES", "outcomes.jsonl");
    place.write("recipe.toml", "prompts = [\"a fox\", \"a hen\"]\n[[step]]\npress = [\"U1\"]\n");
    let origin = sim.ready["rest"].as_str().expect("an origin");
    let ran = place.run(&["recipe", "--parallel", "1", "--api-base", origin, "recipe.toml"]);
    assert_eq!(ran.code, Some(10), "{}", ran.stderr);
    let read = || std::fs::read_to_string(place.path("outcomes.jsonl")).expect("the outcomes");
    let lines = read();
    assert_eq!(lines.matches("\"refused\"").count(), 2, "{lines}");
    assert!(lines.contains("a fox") && lines.contains("a hen"), "{lines}");
    let ran = place.run(&["recipe", "--sim", "--speed", "50", "recipe.toml"]);
    assert_eq!((ran.code, read().lines().count()), (Some(0), 2), "a simulated world teaches nothing");
}

#[test]
fn parallel_is_how_many_jobs_of_a_recipe_run_at_once() {
    let mut place = Place::bare();
    place.write(
        "recipe.toml",
        "prompts = [\"a fox\", \"a hen\", \"a cat\", \"a dog\", \"an owl\"]\nparallel = 2\n",
    );
    for (flags, most) in [(&[][..], 2), (&["--parallel", "1"], 1), (&["--parallel", "4"], 4)] {
        let args = [&["recipe", "--sim", "--speed", "50", "--plan", "pro", "recipe.toml"], flags].concat();
        let ran = place.run(&args);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let (mut running, mut seen) = (0_i32, 0);
        for line in ran.stderr.lines() {
            running += i32::from(line.ends_with(": begun")) - i32::from(line.contains(": finished, "));
            seen = seen.max(running);
        }
        assert_eq!((running, seen), (0, most), "{flags:?}: {}", ran.stderr);
    }
}

#[test]
fn a_dry_run_tells_what_it_would_do_and_how_many_jobs_and_needs_no_account() {
    let ran = Place::bare().run(&["recipe", "--dry-run", &example()]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for told in ["a fox in the snow: 1 job\n", "  then U1, U2: 2 jobs\n", "10 jobs in all\n"] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
}

#[test]
fn an_unknown_key_a_missing_file_and_a_prompt_that_makes_several_jobs_are_told_before_anything_is_sent() {
    let mut place = Place::bare();
    place.write("wrong.toml", "prompts = [\"a fox\"]\n[[step]]\npres = [\"U1\"]\n");
    place.write("several.toml", "prompts = [\"a {red, blue} fox\"]\n");
    place.write("mask.toml", "prompts = [\"a fox\"]\n[[step]]\npress = [\"U1\"]\nmask = \"none.png\"\n");
    for (file, code, told) in [
        ("wrong.toml", 2, "line 3"),
        ("none.toml", 2, "none.toml"),
        ("several.toml", 4, "several jobs"),
        ("mask.toml", 13, "none.png"),
    ] {
        let ran = place.run(&["recipe", "--sim", "--json", file]);
        assert_eq!(ran.code, Some(code), "{file}: {}", ran.stderr);
        assert_eq!(ran.last()["event"], "failed", "{file}");
        ran.says(&[told, "hint: "]);
    }
}
