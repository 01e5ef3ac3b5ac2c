//! Batches that run: what is made, what a crash and a failure cost, what is refused. The file is `batch`'s matter.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{Place, Sim};

const PROMPTS: &str = "a fox\na cat\na dog\nan owl\na hen\n";

/// A place that speaks to this simulator, with five prompts and a recipe of one upscale.
fn place(sim: &Sim) -> Place {
    let mut place = sim.place().with("JOURNEYMAN_LOG", "warn");
    place.write("foxes.txt", PROMPTS);
    place.write("u1.toml", "[[step]]\npress = [\"U1\"]\n");
    place
}

/// The arguments of a batch with its store in the place.
fn args<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["batch", "foxes.txt", "--recipe", "u1.toml", "--out", "images", "--store", "jobs.sqlite3"], more]
        .concat()
}

/// How many jobs the simulator was asked for; each was charged once.
fn charged_once(sim: &Sim) -> usize {
    let report = sim.report();
    let jobs = report["jobs"].as_array().expect("jobs");
    for job in jobs {
        assert_eq!((job["executions"].as_u64(), job["charged"].as_u64()), (Some(1), Some(1)), "{job}");
    }
    jobs.len()
}

fn steps(manifest: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(manifest).expect("a manifest");
    text.lines().skip(1).map(|line| serde_json::from_str(line).expect("a step")).collect()
}

fn states(manifest: &Path) -> Vec<String> {
    let state = |step: &Value| step["state"].as_str().unwrap_or_default().to_owned();
    steps(manifest).iter().map(state).collect()
}

/// The images with names of the template, from the folder of images on.
fn named(place: &Place) -> Vec<String> {
    let images = place.path("images");
    let relative = |path: PathBuf| path.strip_prefix(&images).expect("below").display().to_string();
    place.files_in("images/foxes").into_iter().map(relative).collect()
}

fn expected() -> Vec<String> {
    let folders = ["0001-a-fox", "0002-a-cat", "0003-a-dog", "0004-an-owl", "0005-a-hen"];
    let files = |folder| ["imagine-1", "u1-1"].map(|file| format!("foxes/{folder}/{file}.png"));
    folders.into_iter().flat_map(files).collect()
}

/// Starts the command, reads its lines until the words come so many times, and kills it as the system would.
#[cfg(unix)]
fn killed_after(place: &Place, args: &[&str], words: &str, times: usize) {
    use std::io::{BufRead as _, BufReader};
    let mut command = place.command(args);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let lines = BufReader::new(child.stderr.take().expect("its stderr")).lines();
    let seen = lines.map_while(Result::ok).filter(|line| line.contains(words)).take(times).count();
    child.kill().expect("SIGKILL");
    child.wait().expect("it ends");
    assert_eq!(seen, times, "{words}");
}

#[test]
fn a_batch_of_prompts_with_a_recipe_makes_every_image_once_in_order_under_the_templates_paths() {
    let sim = Sim::start(&[]);
    let place = place(&sim);
    let ran = place.run(&args(&["--json"]));
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_eq!((charged_once(&sim), named(&place)), (10, expected()));
    let lines = ran.json();
    let ended: Vec<_> = lines.iter().filter(|line| line["event"] == "step").collect();
    assert_eq!((ended.len(), ran.last()["complete"].as_u64()), (10, Some(5)), "{}", ran.stdout);
    assert!(lines.iter().any(|line| line["event"] == "moved" && line["step"] == "U1"), "{}", ran.stdout);
    let manifest = steps(&place.path("images/foxes.jsonl"));
    let items: Vec<_> = manifest.iter().filter_map(|step| step["item"].as_u64()).collect();
    assert_eq!(items, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    for (step, path) in manifest.iter().zip(expected()) {
        assert_eq!((&step["state"], &step["files"][0]["path"]), (&"finished".into(), &path.into()), "{step}");
        assert!(step["message"].is_string() && step["spent"]["certainty"] == "certain", "{step}");
    }
    let page = std::fs::read_to_string(place.path("images/foxes.html")).expect("a contact sheet");
    assert!(page.contains("data:image/jpeg"), "thumbnails");
    // All is done: going on does nothing.
    let again = place.run(&args(&["--resume"]));
    assert_eq!((again.code, charged_once(&sim)), (Some(0), 10), "{}", again.stderr);
}

#[cfg(unix)]
#[test]
fn a_batch_killed_in_the_middle_and_resumed_is_complete_and_each_job_was_charged_once() {
    let sim = Sim::start(&[]);
    let place = place(&sim);
    // One at a time: whoever is killed while a request leaves cannot know whether it was executed, and says so.
    killed_after(&place, &args(&["--parallel", "1"]), "accepted", 1);
    for times in [2, 4, 1] {
        killed_after(&place, &args(&["--resume", "--parallel", "1"]), "accepted", times);
    }
    let ran = place.run(&args(&["--resume"]));
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_eq!((charged_once(&sim), named(&place)), (10, expected()));
    assert!(states(&place.path("images/foxes.jsonl")).iter().all(|state| state == "finished"));
}

#[test]
fn with_resume_a_failed_upscale_redoes_one_upscale() {
    let mut world = Place::bare();
    // Five images are made before any upscale, so that the sixth request is one.
    let script = "[[fault]]\nkind = \"status-before\"\nstatus = 400\nmethod = \"POST\"\nroute = \"/interactions\"\nafter = 5\ncount = 1\n";
    let script = world.write("script.toml", script).display().to_string();
    let sim = Sim::start(&["--script", &script]);
    let place = place(&sim);
    let images = ["batch", "foxes.txt", "--out", "images", "--store", "jobs.sqlite3"];
    assert_eq!(place.run(&images).code, Some(0));
    let ran = place.run(&args(&["--resume"]));
    assert_eq!(ran.code, Some(13), "{}{}", ran.stdout, ran.stderr);
    let manifest = place.path("images/foxes.jsonl");
    let failed: Vec<_> = steps(&manifest).into_iter().filter(|step| step["state"] != "finished").collect();
    assert_eq!((failed.len(), &failed[0]["step"]), (1, &"U1".into()), "{failed:?}");
    ran.says(&[" > U1: ", "hint: "]);
    let before = sim.report()["jobs"].as_array().map_or(0, Vec::len);
    let ran = place.run(&args(&["--resume"]));
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let report = sim.report();
    let jobs = report["jobs"].as_array().expect("jobs");
    assert_eq!((jobs.len(), jobs[before]["kind"].as_str()), (before + 1, Some("upscale")), "{report}");
    assert_eq!(named(&place), expected());
}

#[test]
fn a_step_whose_parent_failed_does_not_hang_the_batch_and_is_made_after_the_parents_retry() {
    let mut world = Place::bare();
    let script = "[[outcome]]\nprompt = \"a cat\"\nscenario = \"sorry-crash\"\ntimes = 1\n";
    let script = world.write("script.toml", script).display().to_string();
    let sim = Sim::start(&["--script", &script]);
    let place = place(&sim);
    let ran = place.run(&args(&[]));
    assert_eq!(ran.code, Some(16), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("steps that wait: 1, for one that did not finish"), "{}", ran.stdout);
    assert_eq!(states(&place.path("images/foxes.jsonl"))[2..4], ["failed", "waiting_for_slot"]);
    let ran = place.run(&args(&["--resume"]));
    assert_eq!((ran.code, named(&place)), (Some(0), expected()), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_batch_that_was_begun_is_not_begun_again_without_resume_nor_without_its_store() {
    let sim = Sim::start(&[]);
    let place = place(&sim);
    let ran = place.run(&args(&["--max-jobs", "3"]));
    assert_eq!((ran.code, charged_once(&sim)), (Some(0), 3), "{}{}", ran.stdout, ran.stderr);
    ran.says(&["--max-jobs leaves steps for another time, with --resume: 7"]);
    for store in ["jobs.sqlite3", "memory"] {
        let ran = place.run(&["batch", "foxes.txt", "--out", "images", "--store", store]);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        ran.says(&["hint: go on with it with --resume, or give another batch another --name"]);
    }
    let ran = place.run(&args(&["--resume"]));
    assert_eq!((ran.code, charged_once(&sim)), (Some(0), 10), "{}{}", ran.stdout, ran.stderr);
    // The manifest's files are there, whatever became of the store.
    std::fs::remove_file(place.path("jobs.sqlite3")).expect("a store");
    let ran = place.run(&args(&["--resume"]));
    assert_eq!((ran.code, charged_once(&sim)), (Some(0), 10), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(named(&place), expected());
}

#[test]
fn no_file_of_somebody_elses_is_overwritten_by_a_batch() {
    let sim = Sim::start(&[]);
    let mut place = place(&sim);
    let path = "images/foxes/0002-a-cat/u1-1.png";
    place.write(path, "mine");
    let ran = place.run(&args(&[]));
    assert_eq!(ran.code, Some(7), "{}{}", ran.stdout, ran.stderr);
    ran.says(&["u1-1.png: another file has this name", "hint: "]);
    assert_eq!(std::fs::read_to_string(place.path(path)).expect("my file"), "mine");
    std::fs::remove_file(place.path(path)).expect("moved away");
    let ran = place.run(&args(&["--resume"]));
    assert_eq!((ran.code, charged_once(&sim)), (Some(0), 10), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(named(&place), expected());
}

#[test]
fn what_the_check_refuses_is_not_sent_and_the_last_line_tells_why() {
    let sim = Sim::start(&[]);
    let mut place = place(&sim);
    place.write("bad.csv", "prompt,priority\na fox,high\n");
    place.write("refused.txt", "a fox --arr 3:2\n");
    for (file, code, told) in [("bad.csv", 2, "bad.csv, line 2"), ("refused.txt", 4, "arr")] {
        let ran = place.run(&["batch", file, "--json", "--store", "jobs.sqlite3"]);
        assert_eq!(ran.code, Some(code), "{}", ran.stderr);
        assert_eq!(ran.last()["event"], "failed", "{}", ran.stdout);
        ran.says(&[told, "hint: "]);
    }
    assert!(!place.path("jobs.sqlite3").exists());
    assert_eq!(sim.report()["interactions"], 0);
}

#[test]
fn nothing_that_a_batch_keeps_holds_the_token() {
    let sim = Sim::start(&[]);
    let place = place(&sim).with("JOURNEYMAN_LOG", "trace");
    // Every file of the place is searched, and everything that was printed.
    let ran = place.run(&args(&["--max-jobs", "2", "--json"]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for kept in ["jobs.sqlite3", "images/foxes.jsonl", "images/foxes.html"] {
        assert!(place.path(kept).exists(), "{kept}");
    }
}

#[test]
fn an_account_that_a_human_must_see_to_ends_the_batch_with_its_error_and_its_steps_wait() {
    let sim = Sim::start(&["--scenario", "blocked"]);
    let place = place(&sim);
    for again in [&[][..], &["--resume"]] {
        let ran = place.run(&args(again));
        assert_eq!(ran.code, Some(22), "{}{}", ran.stdout, ran.stderr);
        ran.says(&[
            "hint: do what it asks for, then `journeyman jobs resume --account 1077800642086703114` and the same command with --resume",
        ]);
    }
    let report = sim.report();
    assert!(
        report["jobs"].as_array().is_some_and(|jobs| jobs.iter().all(|job| job["charged"] == 0)),
        "{report}"
    );
    assert!(states(&place.path("images/foxes.jsonl")).iter().all(|state| state == "waiting_for_slot"));
}
