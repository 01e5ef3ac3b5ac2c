//! How JSON and its text are broken, each way from a seed. It knows no messages.

use std::collections::VecDeque;

use serde_json::{Number, Value, json};

/// How many ids are remembered to be swapped in.
const MOST_IDS: usize = 512;

/// Ids that mean something to somebody.
#[derive(Default)]
pub(super) struct Ids(VecDeque<String>);

impl Ids {
    pub(super) fn learn(&mut self, id: &str) {
        if self.0.len() >= MOST_IDS {
            self.0.pop_front();
        }
        self.0.push_back(id.to_owned());
    }

    /// Every id in a value.
    pub(super) fn learn_all(&mut self, value: &Value) {
        match value {
            Value::String(text) if is_id(text) => self.learn(text),
            Value::Array(list) => list.iter().for_each(|one| self.learn_all(one)),
            Value::Object(fields) => fields.values().for_each(|one| self.learn_all(one)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn any(&self, rng: &mut fastrand::Rng) -> String {
        match self.0.len() {
            0 => "0".to_owned(),
            many => self.0[rng.usize(0..many)].clone(),
        }
    }
}

fn is_id(text: &str) -> bool {
    let is_snowflake = text.len() >= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_snowflake || text.len() == 36 && text.bytes().filter(|byte| *byte == b'-').count() == 4
}

/// Odd text: controls, directions, joined and combining marks, surrogates' neighbours, Discord's own syntax.
const ODD: [&str; 18] = [
    "\u{0}",
    "\u{202e}",
    "\u{feff}",
    "e\u{301}\u{301}\u{301}",
    "👩‍👩‍👧‍👦",
    "\u{10ffff}",
    "\u{d7ff}",
    "ﷺ",
    "**",
    "** - <@",
    "<@7>",
    "(100%)",
    "(255%)",
    "(Stopped)",
    "(Waiting to start)",
    "MJ::JOB::upsample::9::x",
    " --ar 99999999999999999999:0 --v 7",
    "https://s.mj.run/\u{1F}",
];

/// Numbers at every edge.
fn number(rng: &mut fastrand::Rng) -> Value {
    let edges = [
        json!(0),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e308),
        json!(-0.0),
        json!(5e-324),
        json!(64),
        json!(1_u64 << 53),
        json!(18),
    ];
    match rng.u8(0..3) {
        0 => Value::from(rng.u64(..)),
        1 => Number::from_f64(f64::from_bits(rng.u64(..))).map_or(Value::Null, Value::Number),
        _ => edges[rng.usize(0..edges.len())].clone(),
    }
}

/// A header that should be a number.
pub(super) fn header(rng: &mut fastrand::Rng) -> &'static str {
    const TEXTS: [&str; 11] =
        ["0", "0.5", "1", "-1", "1e308", "NaN", "inf", "", "٣", "99999999999999999999999", "60, 60"];
    TEXTS[rng.usize(0..TEXTS.len())]
}

/// Any JSON, so deep.
pub(super) fn arbitrary(rng: &mut fastrand::Rng, depth: u8) -> Value {
    const NAMES: [&str; 14] = [
        "op",
        "s",
        "t",
        "d",
        "id",
        "ids",
        "content",
        "channel_id",
        "embeds",
        "components",
        "attachments",
        "nonce",
        "flags",
        "message_reference",
    ];
    match rng.u8(0..if depth == 0 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => Value::Bool(rng.bool()),
        2 => number(rng),
        3 | 4 => Value::String(odd(rng)),
        5 => (0..rng.u8(0..5)).map(|_| arbitrary(rng, depth - 1)).collect(),
        _ => {
            let mut fields = serde_json::Map::new();
            for _ in 0..rng.u8(0..7) {
                let name = if rng.u8(0..8) == 0 { odd(rng) } else { NAMES[rng.usize(0..14)].to_owned() };
                fields.insert(name, arbitrary(rng, depth - 1));
            }
            Value::Object(fields)
        }
    }
}

fn odd(rng: &mut fastrand::Rng) -> String {
    if rng.u16(..) < 32 {
        // A giant.
        return ODD[rng.usize(0..ODD.len())].repeat(rng.usize(1..20_000));
    }
    (0..rng.u8(0..6)).map(|_| ODD[rng.usize(0..ODD.len())]).collect()
}

/// Breaks one place of a value.
pub(super) fn once(value: &mut Value, other: &Value, ids: &Ids, rng: &mut fastrand::Rng) {
    let mut place = rng.usize(0..count(value));
    if let Some(node) = at(value, &mut place) {
        alter(node, other, ids, rng);
    }
}

fn alter(node: &mut Value, other: &Value, ids: &Ids, rng: &mut fastrand::Rng) {
    match (rng.u8(0..10), &mut *node) {
        (0, _) => *node = Value::Null,
        // Another type.
        (1, _) => *node = arbitrary(rng, 2),
        // A part of another message.
        (2, _) => {
            let mut place = rng.usize(0..count(other));
            let mut other = other.clone();
            if let Some(part) = at(&mut other, &mut place) {
                *node = part.take();
            }
        }
        (_, Value::Object(fields)) => alter_fields(fields, rng),
        (_, Value::Array(list)) => alter_list(list, rng),
        (3..=5, Value::String(text)) if is_id(text) => *text = ids.any(rng),
        (_, Value::String(text)) => alter_text(text, rng),
        (_, Value::Null | Value::Bool(_) | Value::Number(_)) => *node = number(rng),
    }
}

fn alter_fields(fields: &mut serde_json::Map<String, Value>, rng: &mut fastrand::Rng) {
    let names: Vec<String> = fields.keys().cloned().collect();
    if names.is_empty() {
        return;
    }
    let name = &names[rng.usize(0..names.len())];
    match rng.u8(0..3) {
        0 => drop(fields.remove(name)),
        // The same value under another name.
        1 => {
            let copy = fields[name].clone();
            fields.insert(names[rng.usize(0..names.len())].clone(), copy);
        }
        _ => {
            let moved = fields.remove(name).unwrap_or_default();
            fields.insert(odd(rng), moved);
        }
    }
}

fn alter_list(list: &mut Vec<Value>, rng: &mut fastrand::Rng) {
    let many = list.len();
    if many == 0 {
        return;
    }
    match rng.u8(0..4) {
        0 => drop(list.swap_remove(rng.usize(0..many))),
        1 => list.push(list[rng.usize(0..many)].clone()),
        2 => list.swap(0, rng.usize(0..many)),
        _ => {
            let copy = list[rng.usize(0..many)].clone();
            list.extend(std::iter::repeat_n(copy, rng.usize(0..60)));
        }
    }
}

fn alter_text(text: &mut String, rng: &mut fastrand::Rng) {
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let place = ends[rng.usize(0..ends.len())];
    match rng.u8(0..4) {
        0 => text.truncate(place),
        1 => drop(text.drain(..place)),
        _ => text.insert_str(place, &odd(rng)),
    }
}

/// Breaks the text of a JSON: what is no JSON any more, or JSON with a name twice.
pub(super) fn scramble(text: &mut String, rng: &mut fastrand::Rng) {
    let mut bytes = std::mem::take(text).into_bytes();
    garble(&mut bytes, rng);
    *text = String::from_utf8_lossy(&bytes).into_owned();
}

pub(super) fn garble(bytes: &mut Vec<u8>, rng: &mut fastrand::Rng) {
    const PIECES: [&str; 8] =
        ["\"op\":0,", "\"d\":{},", "\"s\":-1,", "[[[[[[[[", "}", "\\ud800", "\"id\":\"1\",", "1e999"];
    for _ in 0..rng.u8(1..5) {
        let place = rng.usize(0..=bytes.len());
        match rng.u8(0..6) {
            0 => bytes.truncate(place),
            1 => bytes.insert(place, rng.u8(..)),
            2 => drop(bytes.drain(place..(place + rng.usize(0..9)).min(bytes.len()))),
            3 => {
                let first = bytes.iter().position(|byte| *byte == b'{').map_or(0, |at| at + 1);
                bytes.splice(first..first, PIECES[rng.usize(0..PIECES.len())].bytes());
            }
            4 => drop(bytes.splice(place..place, PIECES[rng.usize(0..PIECES.len())].bytes())),
            _ => bytes.splice(place..place, std::iter::repeat_n(b'[', rng.usize(0..400))).for_each(drop),
        }
    }
}

/// How many values a value has, itself among them.
fn count(value: &Value) -> usize {
    let inner: usize = match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    };
    inner + 1
}

/// The value at a place, counted as [`count`] does.
fn at<'a>(value: &'a mut Value, place: &mut usize) -> Option<&'a mut Value> {
    if *place == 0 {
        return Some(value);
    }
    *place -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|one| at(one, place)),
        Value::Object(fields) => fields.values_mut().find_map(|one| at(one, place)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}
