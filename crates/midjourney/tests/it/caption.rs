//! Captions: every text that peers collected from the wire, and texts that try to mislead.

use journeyman_midjourney::caption::{Caption, State};
use journeyman_midjourney::{Action, Meaning, Mode, classify_message};
use journeyman_model::UserId;
use serde_json::{Value, json};

use crate::fixture;

/// The table's words for a caption.
fn in_the_words_of_the_table(caption: &Caption) -> Value {
    let action = match (caption.verb.as_str(), caption.action) {
        ("", Some(Action::Variation)) => "variation_start",
        ("", _) => "imagine_or_blend",
        (verb, _) => verb,
    };
    let state = match caption.state {
        State::Done => "done",
        State::Waiting => "waiting",
        State::Progress => "progress",
        State::Paused => "paused",
        State::Stopped => "stopped",
    };
    json!({
        "mode": caption.mode.map(Mode::word),
        "stealth": caption.stealth,
        "progress": caption.percent,
        "state": state,
        "action": action,
        "variant": caption.variant,
        "prompt": caption.prompt,
    })
}

#[test]
fn every_line_of_the_content_table_is_read_as_expected() {
    let table = fixture::named("content_lines_table.json");
    let lines = table.as_array().unwrap();
    assert!(lines.len() >= 28, "lines were lost");
    for line in lines {
        let content = line["content"].as_str().unwrap();
        let caption = Caption::parse(content).unwrap_or_else(|| panic!("not a caption: {content}"));
        assert_eq!(in_the_words_of_the_table(&caption), line["expect"], "{content}");
    }
}

fn read(content: &str) -> Caption {
    Caption::parse(content).unwrap_or_else(|| panic!("not a caption: {content}"))
}

#[test]
fn a_prompt_may_hold_the_form_of_a_caption() {
    let caption = read("**a ** - <@5> (Stopped) ** - b (fast)** - <@7> (31%) (turbo, stealth)");
    assert_eq!(caption.prompt, "a ** - <@5> (Stopped) ** - b (fast)");
    assert_eq!((caption.state, caption.percent), (State::Progress, Some(31)));
    assert_eq!((caption.mode, caption.stealth), (Some(Mode::Turbo), true));
    assert_eq!(caption.mentioned, Some(UserId::new(7)));
}

#[test]
fn a_prompt_of_several_lines_may_hold_a_whole_caption() {
    let caption = read("**a** - <@5> (Stopped)\nb** - <@7> (31%) (fast)");
    assert_eq!((caption.prompt.as_str(), caption.state), ("a** - <@5> (Stopped)\nb", State::Progress));
}

#[test]
fn a_second_line_and_a_link_are_not_the_prompt() {
    let caption = read(concat!(
        "**a cat --v 7** - <@7> ",
        "[(Open on website for full quality)](<https://midjourney.com/jobs/875fbd3a-ef43-4134-a4e8-cd853565cbfd>)",
        " (fast)\n-# Create, explore, and **organize** - on the website"
    ));
    assert_eq!(caption.prompt, "a cat --v 7");
    assert_eq!(caption.job_id.as_deref(), Some("875fbd3a-ef43-4134-a4e8-cd853565cbfd"));
    assert_eq!((caption.state, caption.mode), (State::Done, Some(Mode::Fast)));
}

#[test]
fn the_start_of_an_upscale_names_its_image() {
    let caption = read("Upscaling image #2 with **a cat** - <@7> (Waiting to start)");
    assert_eq!((caption.action, caption.image), (Some(Action::Upscale), Some(2)));
    assert_eq!((caption.state, caption.prompt.as_str()), (State::Waiting, "a cat"));
    let caption = read("**a cat** - Image #4 <@!7>");
    assert_eq!((caption.action, caption.image, caption.mode), (Some(Action::Upscale), Some(4), None));
}

#[test]
fn every_verb_has_its_action() {
    for (verb, action) in [
        ("Variations by", Action::Variation),
        ("Variations (Strong) by", Action::Variation),
        ("Variations (Region) by", Action::Region),
        ("Remix by", Action::Remix),
        ("Remix (Subtle) by", Action::Remix),
        ("Upscaled by", Action::Upscale),
        ("Upscaling (Creative) by", Action::Upscale),
        ("Upscaled (Beta) by", Action::Upscale),
        ("Upscaled (Light) by", Action::Upscale),
        ("Upscaled (Max) by", Action::Upscale),
        ("Zoom Out by", Action::Zoom),
        ("Pan Left by", Action::Pan),
        ("Pan Down by", Action::Pan),
        ("Animate (High motion) by", Action::Animate),
        ("Animate (Low motion) by", Action::Animate),
    ] {
        let caption = read(&format!("**a cat** - {verb} <@7> (fast)"));
        assert_eq!(caption.action, Some(action), "{verb}");
    }
    let unknown = read("**a cat** - Dreamt (Deep) by <@7> (fast)");
    assert_eq!((unknown.verb.as_str(), unknown.action), ("Dreamt", None));
}

#[test]
fn old_and_mixed_modes_are_read() {
    for (brackets, mode, percent) in [
        ("(metered, fast)", Some(Mode::Fast), None),
        ("(fast 25%)", Some(Mode::Fast), Some(25)),
        ("(relaxed, stealth)", Some(Mode::Relaxed), None),
        ("(100%) (turbo)", Some(Mode::Turbo), Some(100)),
    ] {
        let caption = read(&format!("**a cat** - <@7> {brackets}"));
        assert_eq!((caption.mode, caption.percent), (mode, percent), "{brackets}");
    }
}

#[test]
fn an_unknown_bracket_is_no_result_until_there_are_images() {
    let mut message = json!({
        "content": "**a cat** - <@7> (Queued) (fast)", "author": {"id": "936929561302675456"},
    });
    assert_eq!(read("**a cat** - <@7> (101%)").others, ["101%"]);
    assert_eq!(classify_message(&message).meaning, Meaning::Unknown);
    message["attachments"] = json!([{"filename": "a.png", "url": "https://cdn.discordapp.com/a.png"}]);
    assert_eq!(classify_message(&message).meaning, Meaning::Finished);
}

#[test]
fn other_text_is_no_caption() {
    for content in [
        "",
        "**",
        "** - <@7> (fast)",
        "a cat - <@7> (fast)",
        "**a cat** - hello <@7>",
        "**a cat** - <@7> said (fast)",
        "**a cat** - <@7 (fast)",
        "**a cat** - <@7> (fast",
        "**a cat**\n - <@7> (fast)",
    ] {
        assert_eq!(Caption::parse(content), None, "{content:?}");
    }
}

#[test]
fn a_long_text_of_false_seams_is_read_in_time() {
    // Quadratic work on this text would take minutes.
    assert_eq!(Caption::parse(&"** - <@".repeat(200_000)), None);
    assert_eq!(Caption::parse(&"** - ".repeat(200_000)), None);
}
