//! Nothing panics, whatever the JSON. What it means is tested elsewhere.

use std::time::Duration;

use journeyman_midjourney::{
    Caption, Explanation, classify_any, classify_event, classify_http, classify_message, classify_text,
};
use journeyman_model::{Command, CommandIndex, ErrorBody, Event, Message};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use crate::fixture;

/// For each of the two properties of JSON: a million together in the long run, some thousands otherwise.
fn cases() -> u32 {
    if std::env::var_os("JOURNEYMAN_LONG").is_some() { 500_000 } else { 1_500 }
}

const KEYS: [&str; 44] = [
    "op",
    "t",
    "d",
    "s",
    "id",
    "ids",
    "type",
    "content",
    "author",
    "bot",
    "channel_id",
    "guild_id",
    "flags",
    "nonce",
    "interaction",
    "interaction_metadata",
    "user",
    "name",
    "message_reference",
    "message_id",
    "embeds",
    "title",
    "description",
    "footer",
    "text",
    "color",
    "components",
    "custom_id",
    "label",
    "emoji",
    "style",
    "url",
    "attachments",
    "filename",
    "size",
    "code",
    "message",
    "errors",
    "_errors",
    "retry_after",
    "application_commands",
    "iframe_path",
    "version",
    "application_id",
];

const PIECES: [&str; 40] = [
    "**",
    "** - ",
    "<@",
    "<@7>",
    ">",
    "(",
    ")",
    "[(",
    "](",
    "%",
    "31",
    "fast",
    "stealth",
    "Waiting to start",
    "Image #",
    "image #4",
    " by ",
    "Variations (",
    "\n",
    "\u{0}",
    "é",
    "🔄",
    "MJ::",
    "MJ::JOB::upsample::",
    "MJ::RemixModal::x::",
    "875fbd3a-ef43-4134-a4e8-cd853565cbfd",
    "<t:",
    "<t:1774990054:R>",
    "blocked",
    " for ",
    "1 hour",
    "18446744073709551615",
    "decline-",
    "/imagine ",
    "/",
    "**Job ID**: ",
    "**seed** ",
    "Banned prompt",
    "936929561302675456",
    "--ar ",
];

const NAMES: [&str; 11] = [
    "MESSAGE_CREATE",
    "MESSAGE_UPDATE",
    "MESSAGE_DELETE",
    "MESSAGE_DELETE_BULK",
    "INTERACTION_CREATE",
    "INTERACTION_SUCCESS",
    "INTERACTION_FAILURE",
    "INTERACTION_MODAL_CREATE",
    "INTERACTION_IFRAME_MODAL_CREATE",
    "READY",
    "banned",
];

fn any_string() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::collection::vec(select(PIECES.to_vec()), 0..9).prop_map(|pieces| pieces.concat()),
        2 => select(NAMES.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
    ]
}

fn any_number() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0_u64..70).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(vec![10_008_u64, 50_035, 936_929_561_302_675_456, 16_711_680]).prop_map(Value::from),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        2 => any_number(),
        5 => any_string().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        let key = prop_oneof![15 => select(KEYS.to_vec()).prop_map(str::to_owned), 1 => any_string()];
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            3 => prop::collection::vec((key, inner), 0..9).prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// How many values a JSON has, itself included.
fn count(value: &Value) -> usize {
    let inner: usize = match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    };
    inner + 1
}

/// Puts `new` in the place of one of the values, counted as [`count`] does.
fn replace(value: &mut Value, mut place: usize, new: &Value) {
    if place == 0 {
        *value = new.clone();
        return;
    }
    place -= 1;
    let inner: Vec<&mut Value> = match value {
        Value::Array(list) => list.iter_mut().collect(),
        Value::Object(fields) => fields.values_mut().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for one in inner {
        let size = count(one);
        if place < size {
            return replace(one, place, new);
        }
        place -= size;
    }
}

/// Everything that reads JSON or text from outside.
fn read_everything(value: &Value) {
    let _ = (Message::from_json(value), Event::from_json(value), ErrorBody::from_json(value));
    let _ = (Command::from_json(value), CommandIndex::from_json(value));
    let single = [classify_message(value), classify_event(value)];
    for sighting in classify_any(value).iter().chain(&single) {
        let shown = Explanation::of(sighting);
        assert!(shown.percent.is_none_or(|percent| percent <= 100));
        assert!(shown.image.is_none_or(|image| (1..=4).contains(&image)));
        assert!(shown.error.is_some() || !shown.retryable);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn any_json_is_read_without_a_panic(value in any_json(), status in any::<u16>(), wait in any::<Option<u32>>()) {
        read_everything(&value);
        let wait = wait.map(|seconds| Duration::from_secs(u64::from(seconds)));
        Explanation::of(&classify_http(status, wait, value.to_string().as_bytes()));
    }

    #[test]
    fn a_broken_fixture_is_read_without_a_panic(
        which in any::<Index>(),
        places in prop::collection::vec((any::<Index>(), any_json()), 1..4),
    ) {
        let fixtures = FIXTURES.with(Clone::clone);
        let mut value = which.get(&fixtures).clone();
        for (place, new) in places {
            let place = place.index(count(&value));
            replace(&mut value, place, &new);
        }
        read_everything(&value);
    }

    #[test]
    fn any_text_is_read_without_a_panic(content in any_string(), bytes in any::<Vec<u8>>(), status in any::<u16>()) {
        if let Some(caption) = Caption::parse(&content) {
            prop_assert!(content.contains(&caption.prompt));
        }
        Explanation::of(&classify_http(status, None, &bytes));
        let _ = (classify_text(&bytes), classify_text(content.as_bytes()));
    }
}

thread_local! {
    static FIXTURES: std::rc::Rc<Vec<Value>> = std::rc::Rc::new(fixture::all().into_values().collect());
}
