//! Modals: what they ask, and the payload that answers them.

use journeyman_midjourney::application::MIDJOURNEY;
use journeyman_midjourney::modal::{ModalKind, WrongAnswer};
use journeyman_midjourney::{Action, Meaning, Modal, Place, classify_event};
use journeyman_model::{ChannelId, GuildId, InteractionEvent};
use serde_json::{Value, json};

use crate::fixture;

const JOB: &str = "c11b36f2-5a80-4c8f-b4a3-91801e615cbb";

fn place() -> Place<'static> {
    Place {
        guild: Some(GuildId::new(200_000_000_000_000_001)),
        channel: ChannelId::new(300_000_000_000_000_001),
        session_id: "00000000000000000000000000000000",
    }
}

fn opened(frame: &Value) -> Modal {
    let meaning = classify_event(frame).meaning;
    let Meaning::ModalOpened(modal) = meaning else { panic!("{meaning:?}") };
    modal
}

fn remix() -> Modal {
    opened(&fixture::named("x_interaction_modal_create_remix.json"))
}

fn custom(custom_id: &str, fields: &Value) -> Modal {
    let data = json!({"id": "7", "custom_id": custom_id, "components": [{"type": 1, "components": fields}]});
    Modal::of(&InteractionEvent::from_json(&data))
}

fn zoom(prompt: &str) -> Modal {
    let field = json!([{"type": 4, "custom_id": "MJ::OutpaintCustomZoomModal::prompt", "value": prompt}]);
    custom(&format!("MJ::OutpaintCustomZoomModal::{JOB}"), &field)
}

#[test]
fn a_modal_tells_what_it_asks() {
    let modal = remix();
    assert_eq!(
        (modal.kind, modal.image(), modal.job_id().as_deref()),
        (ModalKind::Remix, Some(4), Some(JOB))
    );
    assert_eq!((modal.prompt(), modal.title.as_deref()), (Some("cat"), Some("Remix Prompt")));
    assert_eq!(modal.application, MIDJOURNEY);
}

#[test]
fn the_answer_of_a_modal_is_the_one_that_was_seen() {
    let mut modal = remix();
    modal.id = Some("1136957307595526194".parse().unwrap());
    let payload = modal.payload(&place(), "1136957315283419136").unwrap();
    let seen = fixture::named("post_interaction_modal_remix_2023_08.json");
    assert_eq!(payload, seen);
}

#[test]
fn every_known_modal_is_told_by_its_custom_id() {
    for (custom_id, kind, action) in [
        (format!("MJ::RemixModal::{JOB}::4::1"), ModalKind::Remix, Some(Action::Remix)),
        (format!("MJ::OutpaintCustomZoomModal::{JOB}"), ModalKind::CustomZoom, Some(Action::Zoom)),
        (format!("MJ::OutpaintModal::-1::1::{JOB}"), ModalKind::Zoom, Some(Action::Zoom)),
        (format!("MJ::PanModal::left::{JOB}"), ModalKind::Pan, Some(Action::Pan)),
        ("MJ::ImagineModal::1083838511947448451".to_owned(), ModalKind::Imagine, Some(Action::Imagine)),
        ("MJ::Picreader::Modal::3".to_owned(), ModalKind::PicReader, Some(Action::Imagine)),
        ("MJ::Brandnew::3".to_owned(), ModalKind::Other, None),
        (String::new(), ModalKind::Other, None),
    ] {
        let kind_read = ModalKind::parse(&custom_id, None);
        assert_eq!((kind_read, kind_read.action()), (kind, action), "{custom_id}");
    }
    let region = opened(&fixture::named("x_vary_region_iframe_modal.json"));
    assert_eq!((region.kind, region.page.is_some()), (ModalKind::Region, true));
    assert_eq!(region.payload(&place(), "1"), Err(WrongAnswer::Page));
}

#[test]
fn fields_that_are_not_filled_keep_their_values() {
    let fields = json!([
        {"type": 4, "custom_id": "MJ::PanModal::prompt", "label": "Prompt", "value": "a cat"},
        {"type": 4, "custom_id": "MJ::PanModal::unheard_of", "label": "Depth", "value": "7"},
    ]);
    let modal = custom(&format!("MJ::PanModal::left::{JOB}"), &fields);
    let sent = modal.clone().with_prompt("a dog").unwrap().payload(&place(), "1").unwrap();
    let values: Vec<_> = sent["data"]["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["components"][0]["value"])
        .collect();
    assert_eq!(values, ["a dog", "7"]);
    let sent = modal.clone().with_value("depth", "8").unwrap().payload(&place(), "1").unwrap();
    assert_eq!(sent["data"]["components"][1]["components"][0]["value"], "8");
    let error = modal.with_value("height", "8").unwrap_err();
    assert_eq!(error.to_string(), "answer the bot's form: it has no field height; it has Prompt, Depth");
}

#[test]
fn a_custom_zoom_needs_a_zoom_from_1_to_2() {
    for prompt in ["a cat --zoom 1", "a cat --zoom 1.4 --v 6", "--zoom 9 a cat --ZOOM 2"] {
        assert!(zoom(prompt).payload(&place(), "1").is_ok(), "{prompt}");
    }
    for prompt in [
        "a cat",
        "a cat --zoom",
        "a cat --zoom 0.9",
        "a cat --zoom 2.1",
        "a cat --zoom NaN",
        "--zoom 1 --zoom 3",
    ] {
        let error = zoom(prompt).payload(&place(), "1").unwrap_err();
        assert!(
            matches!(error, WrongAnswer::Zoom { .. }) && error.to_string().contains("from 1 to 2"),
            "{prompt}"
        );
    }
}

#[test]
fn an_answer_that_discord_would_refuse_is_not_built() {
    let limited = json!([{"type": 4, "custom_id": "p", "label": "Prompt", "min_length": 2, "max_length": 3}]);
    let modal = custom("MJ::RemixModal::x::1::1", &limited);
    let with = |value: &str| modal.clone().with_prompt(value).unwrap().payload(&place(), "1");
    assert!(matches!(with("  "), Err(WrongAnswer::Empty { .. })));
    assert!(matches!(with("a"), Err(WrongAnswer::TooShort { .. })));
    assert!(matches!(with("abcd"), Err(WrongAnswer::TooLong { length: 4, most: 3, .. })));
    assert!(with("abc").is_ok());
    let mut unnamed = modal.clone().with_prompt("abc").unwrap();
    unnamed.id = None;
    assert_eq!(unnamed.payload(&place(), "1"), Err(WrongAnswer::NoId));
    let bare = Modal { fields: Vec::new(), ..modal };
    assert!(matches!(bare.with_prompt("x"), Err(WrongAnswer::NoField { .. })));
}
