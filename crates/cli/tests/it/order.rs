//! Commands and presses from outside, against a simulator in a second process: what is printed, and what arrived there.

use serde_json::Value;

use crate::harness::{Place, Ran, Sim};

/// Writes a small picture, and gives its name.
fn picture(place: &Place, name: &str) -> String {
    // Of another colour for each name: the bot refuses to blend an image with itself.
    let colour = image::Rgb([9, name.as_bytes()[0], 200]);
    let picture = image::RgbImage::from_pixel(32, 32, colour);
    picture.save(place.path(name)).expect("a file");
    name.to_owned()
}

/// Runs a command to its good end.
fn ends_well(place: &Place, args: &[&str]) -> Ran {
    let ran = place.run(args);
    assert_eq!(ran.code, Some(0), "{args:?}: {} {}", ran.stdout, ran.stderr);
    ran
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key}: {value}"))
}

/// A grid: its last line, with the ids of its job and message.
fn grid(place: &Place) -> Value {
    ends_well(place, &["imagine", "--json", "a lighthouse at dawn"]).last()
}

/// The kinds of the jobs that arrived, each executed and charged once.
fn kinds(sim: &Sim) -> Vec<String> {
    let report = sim.report();
    assert_eq!(report["invalid_requests"], 0, "{report}");
    let jobs = report["jobs"].as_array().expect("jobs");
    for job in jobs {
        assert_eq!((job["executions"].as_u64(), job["charged"].as_u64()), (Some(1), Some(1)), "{job}");
    }
    jobs.iter().map(|job| text(job, "kind").to_owned()).collect()
}

/// A command fails with this error and code, and both a person and a program hear the same.
fn fails(place: &Place, args: &[&str], error: &str, code: i32, words: &[&str]) {
    let ran = place.run(&[args, &["--json"]].concat());
    let last = ran.last();
    assert_eq!((text(&last, "error"), ran.code), (error, Some(code)), "{args:?}: {last}");
    ran.says(&["error: ", "hint: "]);
    ran.says(words);
}

#[test]
fn press_job_or_message_label_makes_what_the_button_says() {
    let sim = Sim::start(&[]);
    let place = sim.place();
    let made = grid(&place);
    let (job, message) = (text(&made, "job_id"), text(&made, "message_id"));
    let upscaled = ends_well(&place, &["press", "--json", job, "U2"]).last();
    assert_eq!(upscaled["files"].as_array().map(Vec::len), Some(1), "{upscaled}");
    let ran = ends_well(&place, &["press", message, "v1"]);
    assert!(place.path(ran.stdout.trim()).is_file(), "{}", ran.stdout);
    ends_well(&place, &["press", text(&upscaled, "message_id"), "vary strong"]);
    assert_eq!(kinds(&sim), ["imagine", "upscale", "variation", "vary_strong"]);
}

#[test]
fn press_without_a_label_lists_what_can_be_pressed() {
    let sim = Sim::start(&[]);
    let place = sim.place();
    let made = grid(&place);
    let ran = ends_well(&place, &["press", text(&made, "message_id")]);
    for label in ["U1", "V4"] {
        assert!(
            ran.stdout.lines().any(|line| line.starts_with(label) && line.ends_with("button")),
            "{}",
            ran.stdout
        );
    }
    let listed = ends_well(&place, &["press", "--json", text(&made, "job_id")]).last();
    assert_eq!(text(&listed, "event"), "panel");
    assert!(listed["buttons"].as_array().is_some_and(|buttons| buttons.len() >= 9), "{listed}");
    assert_eq!(kinds(&sim), ["imagine"], "a list presses nothing");
}

#[test]
fn press_chooses_in_a_list_by_its_label_and_by_its_value() {
    let mut place = Place::bare();
    let script = place.write("script.toml", "[bot]\nanswers = \"visible\"\n").display().to_string();
    let sim = Sim::start(&["--script", &script]);
    let place = sim.place();
    let made = ends_well(&place, &["settings", "--json"]).last();
    let message = text(&made, "message_id");
    for (value, shown) in [("Niji Model V6", "Niji Model V6"), ("--v 5.2", "Midjourney Model V5.2")] {
        let args = ["press", "--json", message, "VersionSelector", "--value", value];
        let chosen = ends_well(&place, &args).last();
        assert_eq!(chosen["reply"]["lists"][0]["chosen"], serde_json::json!([shown]), "{chosen}");
    }
    fails(&place, &["press", message, "VersionSelector"], "InvalidRequest", 13, &["choose one of"]);
}

#[test]
fn settings_presses_a_switch_and_chooses_in_a_list_by_its_label_and_by_its_value() {
    let sim = Sim::start(&[]);
    let place = sim.place();
    let on = |last: &Value, label: &str| {
        let switches = last["reply"]["switches"].as_array().expect("switches");
        switches.iter().any(|switch| switch["label"] == label && switch["on"] == true)
    };
    let pressed = ends_well(&place, &["settings", "--json", "--press", "Stealth mode"]).last();
    assert!(on(&pressed, "Stealth mode") && !on(&pressed, "Public mode"), "{pressed}");
    for (value, shown) in [("Niji Model V6", "Niji Model V6"), ("--v 5.2", "Midjourney Model V5.2")] {
        let chosen =
            ends_well(&place, &["settings", "--json", "--press", "VersionSelector", "--value", value]).last();
        assert_eq!(chosen["reply"]["lists"][0]["chosen"], serde_json::json!([shown]), "{chosen}");
    }
    let made = grid(&place);
    assert!(text(&made, "shown_prompt").contains("--v 5.2"), "the choice counts: {made}");
    let list = ["settings", "--press", "VersionSelector"];
    fails(
        &place,
        &[&list[..], &["--value", "V99"]].concat(),
        "InvalidRequest",
        13,
        &["V99", "Niji Model V6"],
    );
    fails(&place, &list, "InvalidRequest", 13, &["choose one of"]);
}

#[test]
fn seed_tells_the_seed_of_a_job_or_of_a_message() {
    let sim = Sim::start(&[]);
    let place = sim.place();
    let made = ends_well(&place, &["imagine", "--json", "a lighthouse --seed 4711"]).last();
    let ran = ends_well(&place, &["seed", text(&made, "job_id")]);
    assert_eq!(ran.stdout, "4711\n");
    let last = ends_well(&place, &["seed", "--json", text(&made, "message_id")]).last();
    assert_eq!(last, serde_json::json!({"event": "seed", "seed": 4711}));
    fails(&place, &["seed", "1077800642086703999"], "Configuration", 3, &["1077800642086703999"]);
    fails(&place, &["seed", "a-fox"], "Usage", 2, &["a-fox"]);
    assert_eq!(kinds(&sim), ["imagine"], "a seed costs nothing");
}

#[test]
fn press_answers_forms_with_a_prompt_and_a_mask() {
    let sim = Sim::start(&[]);
    let place = sim.place();
    let mask = picture(&place, "mask.png");
    let made = grid(&place);
    let alone = ends_well(&place, &["press", "--json", text(&made, "job_id"), "U1"]).last();
    let message = text(&alone, "message_id");
    ends_well(&place, &["press", message, "Custom Zoom", "--prompt", "a lighthouse at dawn --zoom 1.4"]);
    ends_well(&place, &["press", message, "Vary (Region)", "--prompt", "a red door", "--mask", &mask]);
    assert_eq!(kinds(&sim), ["imagine", "upscale", "custom_zoom", "vary_region"]);
    fails(
        &place,
        &["press", message, "Vary (Region)", "--mask", "none.png"],
        "InvalidRequest",
        13,
        &["none.png"],
    );
}

#[test]
fn a_label_that_is_not_there_or_means_several_and_a_link_are_refused() {
    let sim = Sim::start(&[]);
    let place = sim.place();
    let made = grid(&place);
    let alone = ends_well(&place, &["press", "--json", text(&made, "job_id"), "U1"]).last();
    let (message, single) = (text(&made, "message_id"), text(&alone, "message_id"));
    fails(&place, &["press", message, "Make it better"], "InvalidRequest", 13, &["U1", "V4"]);
    fails(&place, &["press", single, "upscale"], "InvalidRequest", 13, &["upscale"]);
    fails(&place, &["press", single, "Web"], "InvalidRequest", 13, &["link"]);
    fails(&place, &["press", message, "U1", "--value", "x"], "InvalidRequest", 13, &["no values"]);
    fails(&place, &["press", "1077800642086703999", "U1"], "Configuration", 3, &["1077800642086703999"]);
    fails(&place, &["press", "a-fox", "U1"], "Usage", 2, &["a-fox"]);
    assert_eq!(kinds(&sim), ["imagine", "upscale"], "nothing was pressed");
}

#[test]
fn a_button_for_a_human_is_refused() {
    let sim = Sim::start(&["--scenario", "action-needed-appeal", "--errors", "visible"]);
    let place = sim.place();
    assert_eq!(place.run(&["imagine", "--json", "a fox"]).code, Some(10));
    let notice = sim.newest_message();
    let message = text(&notice, "id");
    let listed = ends_well(&place, &["press", message]);
    assert!(listed.stdout.contains("Appeal"), "{}", listed.stdout);
    fails(&place, &["press", message, "Appeal"], "InvalidRequest", 13, &["owner"]);
    assert_eq!(sim.report()["interactions"], 1, "nothing was pressed");
}

#[test]
fn describe_gives_four_prompts_of_a_file_and_of_a_link() {
    let sim = Sim::start(&[]);
    let place = sim.place();
    let cat = picture(&place, "cat.png");
    let ran = ends_well(&place, &["describe", &cat]);
    assert_eq!(ran.stdout.lines().map(|line| &line[..3]).collect::<Vec<_>>(), ["1  ", "2  ", "3  ", "4  "]);
    let last = ends_well(&place, &["describe", "--json", "https://example.com/cat.png"]).last();
    assert_eq!(last["reply"]["prompts"].as_array().map(Vec::len), Some(4), "{last}");
    fails(&place, &["describe", "none.png"], "InvalidRequest", 13, &["none.png"]);
}

#[test]
fn blend_makes_one_image_of_two_to_five_in_the_shape_that_was_asked_for() {
    let sim = Sim::start(&[]);
    let mut place = sim.place();
    let (one, two) = (picture(&place, "a.png"), picture(&place, "b.png"));
    let last = ends_well(&place, &["blend", "--json", &one, &two, "--dimensions", "portrait"]).last();
    let blended = image::open(place.path(last["files"][0].as_str().expect("a file"))).expect("an image");
    assert!(blended.height() > blended.width(), "2:3");
    fails(&place, &["blend", &one], "InvalidRequest", 13, &["2 to 5"]);
    place.write("text.png", "no picture");
    fails(&place, &["blend", &one, "text.png"], "InvalidRequest", 13, &["text.png"]);
    assert_eq!(kinds(&sim), ["blend"]);
}

#[test]
fn shorten_prints_the_words_with_bars_and_the_shorter_prompts() {
    let sim = Sim::start(&[]);
    let place = sim.place();
    let ran = ends_well(&place, &["shorten", "a very very tall lighthouse at dawn"]);
    assert!(ran.stdout.contains('█') && ran.stdout.contains("\n1  "), "{}", ran.stdout);
    let last = ends_well(&place, &["shorten", "--json", "a very very tall lighthouse at dawn"]).last();
    assert_eq!(text(&last["reply"], "kind"), "shortened");
    assert!(last["reply"]["words"][0]["text"].is_string(), "{last}");
    fails(&place, &["shorten", " "], "InvalidPrompt", 4, &[]);
}

#[test]
fn info_and_settings_are_printed_as_tables_and_typed_with_json() {
    let sim = Sim::start(&[]);
    let place = sim.place();
    let ran = ends_well(&place, &["info"]);
    for name in ["Subscription  ", "Fast time left  ", "Running  "] {
        assert!(ran.stdout.contains(name), "{name}: {}", ran.stdout);
    }
    let last = ends_well(&place, &["info", "--json"]).last();
    assert!(last["reply"]["plan"].is_string() && last["reply"]["fast_left_s"].is_u64(), "{last}");
    let last = ends_well(&place, &["settings", "--json"]).last();
    let switches = last["reply"]["switches"].as_array().expect("switches");
    assert!(switches.iter().any(|switch| switch["on"] == true), "{last}");
    let ran = ends_well(&place, &["settings"]);
    let words = |word: &str| ran.stdout.lines().any(|line| line.ends_with(word));
    assert!(words("  on") && words("  off"), "{}", ran.stdout);
}

#[test]
fn fast_relax_turbo_stealth_public_and_help_midjourney_print_the_answer() {
    let sim = Sim::start(&["--plan", "pro"]);
    let place = sim.place();
    for command in ["relax", "turbo", "fast", "stealth", "public", "help-midjourney"] {
        let ran = ends_well(&place, &[command]);
        assert!(!ran.stdout.trim().is_empty(), "{command}");
        let last = ends_well(&place, &[command, "--json"]).last();
        assert_eq!(text(&last["reply"], "text").trim(), ran.stdout.trim(), "{command}");
    }
    ends_well(&place, &["relax"]);
    let info = ends_well(&place, &["info", "--json"]).last();
    assert_eq!(text(&info["reply"], "mode"), "relaxed", "the bot keeps it");
    assert_eq!(kinds(&sim), Vec::<String>::new());
}

#[test]
fn show_saves_the_images_of_a_job_once_more() {
    let sim = Sim::start(&[]);
    let place = sim.place();
    let made = grid(&place);
    let shown = ends_well(&place, &["show", "--json", "--out", "again", text(&made, "job_id")]).last();
    assert_eq!(shown["job_id"], made["job_id"]);
    assert_eq!(place.files_in("again").len(), 1, "{shown}");
    fails(&place, &["show", "a-fox"], "Usage", 2, &["a-fox"]);
    assert_eq!(kinds(&sim), ["imagine"], "showing costs nothing");
}

#[test]
fn prefer_switches_remix_variability_and_auto_dm_and_sets_a_suffix_and_options() {
    let sim = Sim::start(&[]);
    let place = sim.place();
    for args in [
        &["prefer", "remix"][..],
        &["prefer", "remix"],
        &["prefer", "variability"],
        &["prefer", "auto-dm"],
        &["prefer", "option", "mine", "--ar 1:1"],
        &["prefer", "option"],
        &["prefer", "option", "mine"],
        &["prefer", "suffix", "--ar 3:2"],
    ] {
        assert!(!ends_well(&place, args).stdout.trim().is_empty(), "{args:?}");
    }
    let made = grid(&place);
    assert!(text(&made, "shown_prompt").contains("--ar 3:2"), "the suffix counts: {made}");
    ends_well(&place, &["prefer", "suffix"]);
    assert!(!text(&grid(&place), "shown_prompt").contains("--ar"), "and no longer");
    fails(&place, &["prefer", "remix", "on"], "Usage", 2, &["remix"]);
}

#[test]
fn imagine_shares_images_by_local_path_and_puts_their_links_before_the_prompt() {
    let sim = Sim::start(&[]);
    let mut place = sim.place();
    let (one, two) = (picture(&place, "a.png"), picture(&place, "b.png"));
    let last = ends_well(&place, &["imagine", "--json", "--image", &one, "--image", &two, "a cat"]).last();
    let words: Vec<_> = text(&last, "prompt").split(' ').collect();
    assert_eq!((words.len(), &words[2..]), (4, &["a", "cat"][..]), "{last}");
    assert!(words[0].contains("a.png") && words[1].contains("b.png"), "{last}");
    place.write("text.png", "no picture");
    fails(
        &place,
        &["imagine", "--image", &one, "--image", "text.png", "a cat"],
        "InvalidRequest",
        13,
        &["text.png"],
    );
    fails(&place, &["imagine", "--image", "none.png", "a cat"], "InvalidRequest", 13, &["none.png"]);
    assert_eq!(kinds(&sim), ["imagine"]);
}

#[test]
fn signed_cdn_links_are_refreshed_when_expired() {
    let sim = Sim::start(&[]);
    let place = sim.place();
    let cat = picture(&place, "cat.png");
    let made = ends_well(&place, &["imagine", "--json", "--image", &cat, "a cat"]).last();
    let (link, _) = text(&made, "prompt").split_once(' ').expect("a link");
    let (before, after) = link.split_once("ex=").unwrap_or_else(|| panic!("not signed: {link}"));
    let (_, rest) = after.split_once('&').unwrap_or((after, ""));
    let expired = format!("{before}ex=1&{rest}");
    let again = ends_well(&place, &["imagine", "--json", &format!("{expired} a dog")]).last();
    let prompt = text(&again, "prompt");
    assert!(
        prompt.starts_with(before) && !prompt.contains("ex=1&") && prompt.ends_with(" a dog"),
        "{prompt}"
    );
    let asked = &sim.report()["requests"]["POST"]["/attachments/refresh-urls"]["200"];
    assert_eq!(asked, 1, "only the expired link is asked about");
}

#[test]
fn commands_need_no_account_with_sim() {
    let ran = ends_well(&Place::bare(), &["info", "--sim", "--speed", "50"]);
    assert!(ran.stdout.contains("Subscription"), "{}", ran.stdout);
    let ran = Place::bare().run(&["info", "--json"]);
    assert_eq!((ran.code, text(&ran.last(), "error")), (Some(3), "Configuration"));
    let ran = Place::bare().run(&["info", "--scenario", "happy"]);
    assert_eq!(ran.code, Some(2), "a world needs --sim: {}", ran.stderr);
}
