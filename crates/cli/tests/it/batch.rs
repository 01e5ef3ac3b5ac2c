//! Batches from outside: what `batch --check` prints, its exit codes, and that it needs no account.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{Place, Ran};

fn check(place: &Place, args: &[&str]) -> Ran {
    place.run(&[&["batch", "--check"], args].concat())
}

fn events<'a>(lines: &'a [Value], event: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["event"] == event).collect()
}

#[test]
fn journeyman_batch_reads_txt_csv_and_jsonl_alike() {
    let mut place = Place::bare();
    place.write("foxes.txt", "# two\na fox --ar 3:2\na cat\n");
    place.write("foxes.csv", "prompt,parameters\na fox,--ar 3:2\na cat,\n");
    place.write(
        "foxes.jsonl",
        "{\"prompt\": \"a fox\", \"parameters\": \"--ar 3:2\"}\n{\"prompt\": \"a cat\"}\n",
    );
    let told: Vec<_> = ["foxes.txt", "foxes.csv", "foxes.jsonl"]
        .iter()
        .map(|file| {
            let ran = check(&place, &[file]);
            assert_eq!(ran.code, Some(0), "{file}: {}{}", ran.stdout, ran.stderr);
            ran.stdout
        })
        .collect();
    assert!(told[0].starts_with("foxes: 2 items, 2 steps, 2 jobs at Midjourney; about "), "{}", told[0]);
    let paths =
        "below the folder of images:\n  foxes/0001-a-fox/imagine-1.png\n  foxes/0002-a-cat/imagine-1.png\n";
    assert!(told[0].ends_with(paths), "{}", told[0]);
    assert_eq!((&told[0], &told[0]), (&told[1], &told[2]));
}

#[test]
fn check_tells_items_steps_jobs_and_first_paths_with_matrix_and_recipe() {
    let mut place = Place::bare();
    place.write("zoom.toml", "[[step]]\npress = [\"U1\", \"U2\"]\n[[step]]\npress = [\"Zoom Out 2x\"]\n");
    place.write("b/set.csv", "prompt,name,recipe\na fox in {{style}},{{style}},../zoom.toml\n");
    let args = ["b/set.csv", "--set", "style=oil,ink", "--output", "{name}/{action}.{ext}", "--name", "n"];
    let ran = check(&place, &args);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.starts_with("n: 2 items, 10 steps, 10 jobs"), "{}", ran.stdout);
    for path in ["oil/imagine.png", "oil/u1.png", "oil/u2-zoom-out-2x.png"] {
        assert!(ran.stdout.contains(&format!("  {path}\n")), "{path}: {}", ran.stdout);
    }
    let ran = check(&place, &[&args[..], &["--json"]].concat());
    let lines = ran.json();
    let items = events(&lines, "item");
    assert_eq!((items.len(), ran.last()["event"].as_str()), (2, Some("checked")));
    let steps = items[1]["steps"].as_array().expect("steps");
    assert_eq!((steps.len(), steps[3]["parent"] == steps[1]["key"]), (5, true), "{}", items[1]);
    assert_eq!(steps[4]["path"], "ink/u2-zoom-out-2x.png");
    assert_eq!(ran.last()["jobs"], 10);
}

#[test]
fn the_example_is_right() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/batch.csv").display().to_string();
    let ran = check(&Place::bare(), &[&example, "--set", "style=oil,ink"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.starts_with("batch: 5 items, 13 steps, 13 jobs"), "{}", ran.stdout);
}

#[test]
fn everything_that_is_wrong_is_told_with_line_column_and_cure() {
    let mut place = Place::bare();
    place.write("bad.csv", "prompt,priority,images\na fox,high,\na cat,1,none.png\na {{x}},,\na dog --arr 3:2,,\n\"a {red, blue} bird\",,\n");
    let ran = check(&place, &["bad.csv"]);
    assert_eq!(ran.code, Some(2));
    for told in [
        "error: bad.csv, line 2, column priority: `high` is no whole number from -128 to 127\nhint: ",
        "error: bad.csv, line 3, column images: there is no file none.png\nhint: ",
        "error: bad.csv, line 4, column prompt: `{{x}}` has no value\nhint: ",
        "bad.csv, line 5 (item 2):\nerror[unknown-parameter]: ",
        "bad.csv, line 6 (item 3):\nerror[several-jobs]: the prompt makes 2 jobs",
        "bad: 3 items, 3 steps, 4 jobs",
    ] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
    ran.says(&["error: check bad.csv: 3 problems, 2 prompts would be refused", "hint: "]);
    let ran = check(&place, &["bad.csv", "--json"]);
    let lines = ran.json();
    let problem = events(&lines, "problem")[0];
    assert_eq!((problem["line"].as_u64(), problem["column"].as_str()), (Some(2), Some("priority")));
    assert_eq!((events(&lines, "problem").len(), ran.last()["refused"].as_u64()), (3, Some(2)));
}

#[test]
fn what_is_probably_a_slip_warns_and_is_no_failure() {
    let mut place = Place::bare();
    place.write("b.csv", "prompt,image,name\na fox,x.png,fox\na cat,,fox\n");
    let ran = check(&place, &["b.csv"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for told in [
        "warning: b.csv, column image: no prompt names this column\nhint: rename it to `images`",
        "warning: b.csv, line 3, column name: `fox` is the name of line 2 too\nhint: ",
    ] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
    let lines = check(&place, &["b.csv", "--json"]).json();
    assert_eq!(
        (events(&lines, "warning").len(), lines.last().expect("a line")["warnings"].as_u64()),
        (2, Some(2))
    );
}

#[test]
fn a_limit_is_told_once_with_what_would_be_enough() {
    let mut place = Place::bare();
    place.write("b.txt", "a {{x}}\na cat\na dog\n");
    let ran = check(&place, &["b.txt", "--set", "x=1,2,3", "--limit", "2"]);
    assert_eq!(ran.code, Some(2));
    let told = "error: b.txt, line 1: from here on there are more items than the limit of 2; all are 5\n";
    assert!(ran.stdout.starts_with(told) && ran.stdout.matches("error: ").count() == 1, "{}", ran.stdout);
    assert_eq!(check(&place, &["b.txt", "--set", "x=1,2,3", "--limit", "5"]).code, Some(0));
}

#[test]
fn a_recipe_for_all_lines_lies_where_it_is_named_and_one_of_a_line_beside_the_file() {
    let mut place = Place::bare();
    place.write("r.toml", "[[step]]\npress = [\"U1\"]\n");
    place.write("b/r.toml", "[[step]]\npress = [\"U1\", \"U2\"]\n");
    place.write("b/b.csv", "prompt,recipe\na fox,\na cat,r.toml\n");
    let ran = check(&place, &["b/b.csv", "--recipe", "r.toml"]);
    assert!(ran.stdout.starts_with("b: 2 items, 5 steps"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_mask_that_is_not_there_is_told_and_one_that_is_has_the_same_key_from_any_folder() {
    let mut place = Place::bare();
    place.write("b/r.toml", "[[step]]\npress = [\"Vary (Region)\"]\nmask = \"m.png\"\n");
    place.write("b/b.csv", "prompt,recipe\na fox,r.toml\n");
    let ran = check(&place, &["b/b.csv"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stdout.contains("error: b/b.csv, line 2, column recipe: read the mask b/m.png: "),
        "{}",
        ran.stdout
    );
    image::GrayImage::new(8, 8).save(place.path("b/m.png")).expect("a mask");
    let key = |ran: &Ran| {
        let lines = ran.json();
        events(&lines, "item")[0]["steps"][1]["key"].as_str().map(str::to_owned)
    };
    let here = check(&place, &["b/b.csv", "--json"]);
    let mut command = place.command(&["batch", "--check", "b.csv", "--json"]);
    let there = place.finish(command.current_dir(place.path("b")));
    assert_eq!((here.code, there.code), (Some(0), Some(0)), "{}{}", here.stderr, there.stderr);
    assert!(key(&here).is_some() && key(&here) == key(&there));
}

#[test]
fn prompts_that_would_be_refused_end_in_their_own_code_and_usage_errors_in_theirs() {
    let mut place = Place::bare();
    place.write("a.txt", "a fox --arr 3:2\n");
    place.write("good.txt", "a fox\n");
    place.write("empty.txt", "# nothing\n");
    place.write("m.toml", "[matrix]\nx = []\n");
    for (args, code, told) in [
        (&["a.txt"][..], 4, "1 prompt would be refused"),
        (&["none.txt"], 2, "1 problem"),
        (&["empty.txt"], 2, "1 problem"),
        (&["good.txt", "--output", "{indx}.png"], 2, "`{indx}` is no field of a path"),
        (&["good.txt", "--output", "../{n}.png"], 2, "leaves the folder"),
        (&["good.txt", "--matrix", "m.toml"], 2, "m.toml, line 2: `x` has no values"),
        (&["good.txt", "--set", "x=1"], 2, "1 problem"),
        (&["good.txt", "--recipe", "none.toml"], 2, "read the recipe none.toml"),
    ] {
        let ran = check(&place, args);
        assert_eq!(ran.code, Some(code), "{args:?}: {}{}", ran.stdout, ran.stderr);
        ran.says(&[told, "hint: "]);
    }
}

#[test]
fn lines_that_changed_since_a_manifest_are_told_and_a_check_can_write_one() {
    let mut place = Place::bare();
    place.write("b.txt", "a fox\na cat\na dog\n");
    let written = check(&place, &["b.txt", "--manifest", "out/plan.jsonl"]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    let same = check(&place, &["b.txt", "--against", "out/plan.jsonl"]);
    assert!(same.stdout.contains("since out/plan.jsonl: nothing has changed\n"), "{}", same.stdout);
    place.write("b.txt", "a bear\na fox\na red cat\n");
    let ran = check(&place, &["b.txt", "--against", "out/plan.jsonl"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for told in [
        "since out/plan.jsonl: 1 item as before, 1 of them moved, 1 added, 1 changed, 1 removed\n",
        "  added, item 1: a bear\n",
        "  changed, item 3: a red cat\n       was item 2: a cat\n",
        "  removed, was item 3: a dog\n",
        "stays paid\n",
    ] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
    let lines = check(&place, &["b.txt", "--against", "out/plan.jsonl", "--json"]).json();
    assert_eq!(events(&lines, "changes")[0]["added"][0]["prompt"], "a bear");
    place.write("none.jsonl", "{}\n");
    let ran = check(&place, &["b.txt", "--against", "none.jsonl"]);
    assert_eq!(ran.code, Some(2));
    ran.says(&["none.jsonl: it is no manifest of a batch", "hint: "]);
    place.write("bad.txt", "a {{fox}}\n");
    assert_eq!(check(&place, &["bad.txt", "--manifest", "out/bad.jsonl"]).code, Some(2));
    assert!(!place.path("out/bad.jsonl").exists(), "nothing is written of what is wrong");
}

#[test]
fn a_batch_comes_from_standard_input_too() {
    let place = Place::bare();
    let mut command = place.command(&["batch", "--check", "-", "--format", "csv"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    child.stdin.take().expect("its input").write_all(b"prompt\na fox\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        stdout.contains("batch: 1 item, 1 step, 1 job") && stdout.contains("batch/0001-a-fox/"),
        "{stdout}"
    );
}
