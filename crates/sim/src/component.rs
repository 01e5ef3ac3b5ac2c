//! The buttons and selects under the bot's messages, with their custom ids.
//!
//! What pressing one does is in `bot`.

use serde_json::{Value, json};

/// U1 to U4 and reroll, then V1 to V4 (real: captures of 2023); `new` is a button of the future (inferred: what
/// Midjourney adds follows the form of the others).
pub(crate) fn grid(job: &str, new: Option<&str>) -> Vec<Value> {
    let numbered = |letter: &str, verb: &str| {
        (1..=4)
            .map(|image| button(&format!("{letter}{image}"), 2, &format!("MJ::JOB::{verb}::{image}::{job}")))
            .collect::<Vec<_>>()
    };
    let mut upscales = numbered("U", "upsample");
    upscales.push(emoji("🔄", &format!("MJ::JOB::reroll::0::{job}::SOLO")));
    let new = new.map(|label| row(&[button(label, 2, &format!("MJ::JOB::from_the_future::1::{job}"))]));
    [row(&upscales), row(&numbered("V", "variation"))].into_iter().chain(new).collect()
}

/// What an upscaled picture's buttons depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Upscaled<'a> {
    pub(crate) job: &'a str,
    /// The prompt as the bot repeats it, with its version.
    pub(crate) prompt: &'a str,
    pub(crate) is_square: bool,
}

/// The rows under an upscaled picture.
///
/// Real: the capture of July 2023 has Vary (Strong), Vary (Subtle), the zooms, the pans, the heart and the link. Peer:
/// the upscalers by version, Vary (Region), Make Square and Animate, which came later; they stand here in both eras, and
/// where in the rows is inferred.
pub(crate) fn upscaled(of: Upscaled<'_>) -> Vec<Value> {
    let job = of.job;
    let mut first = upscalers(of.prompt, job);
    first.push(labelled("🎞️", "Animate (High motion)", &format!("MJ::JOB::animate_high::1::{job}::SOLO")));
    first.push(labelled("🎞️", "Animate (Low motion)", &format!("MJ::JOB::animate_low::1::{job}::SOLO")));
    let mut zooms = vec![
        labelled("🔍", "Zoom Out 2x", &format!("MJ::Outpaint::50::1::{job}::SOLO")),
        labelled("🔍", "Zoom Out 1.5x", &format!("MJ::Outpaint::75::1::{job}::SOLO")),
        labelled("🔍", "Custom Zoom", &format!("MJ::CustomZoom::{job}")),
    ];
    if !of.is_square {
        zooms.push(labelled("↔️", "Make Square", &format!("MJ::Outpaint::100::1::{job}::SOLO")));
    }
    let pan = |sign: &str, side: &str| emoji(sign, &format!("MJ::JOB::pan_{side}::1::{job}::SOLO"));
    vec![
        row(&first),
        row(&[
            labelled("🪄", "Vary (Strong)", &format!("MJ::JOB::high_variation::1::{job}::SOLO")),
            labelled("🪄", "Vary (Subtle)", &format!("MJ::JOB::low_variation::1::{job}::SOLO")),
            labelled("🖌️", "Vary (Region)", &format!("MJ::Inpaint::1::{job}::SOLO")),
        ]),
        row(&zooms),
        row(&[pan("⬅️", "left"), pan("➡️", "right"), pan("⬆️", "up"), pan("⬇️", "down")]),
        row(&[heart(job), web(job)]),
    ]
}

/// The upscalers of the prompt's version (peer: trueai and Mutiny; which version has which is their reading).
fn upscalers(prompt: &str, job: &str) -> Vec<Value> {
    let family = family(prompt);
    let (names, what) = match family {
        5 => (["2x", "4x"], ["Upscale (2x)", "Upscale (4x)"]),
        _ => (["2x_subtle", "2x_creative"], ["Upscale (Subtle)", "Upscale (Creative)"]),
    };
    let one = |name: &str, label: &str| {
        labelled("🔍", label, &format!("MJ::JOB::upsample_v{family}_{name}::1::{job}::SOLO"))
    };
    vec![one(names[0], what[0]), one(names[1], what[1])]
}

/// 5, 6 or 7: the family of custom ids; a niji's is that of its number, and what is older is 5.
fn family(prompt: &str) -> u32 {
    let mut words = prompt.split_whitespace().skip_while(|word| !matches!(*word, "--v" | "--niji"));
    let number = words.nth(1).and_then(|version| version.split('.').next()?.parse().ok()).unwrap_or(5_u32);
    number.clamp(5, 7)
}

/// Under a video: on, and the heart (peer: trueai's list of what a video offers).
pub(crate) fn video(job: &str) -> Vec<Value> {
    vec![
        row(&[
            labelled("🎞️", "Extend (High motion)", &format!("MJ::JOB::animate_high_extend::1::{job}")),
            labelled("🎞️", "Extend (Low motion)", &format!("MJ::JOB::animate_low_extend::1::{job}")),
        ]),
        row(&[heart(job), web(job)]),
    ]
}

/// Under four described prompts (peer: webman and trueai for the ids, keycaps by ihmily).
pub(crate) fn described() -> Vec<Value> {
    let mut choices: Vec<_> = (1..=4)
        .map(|number| {
            labelled(KEYCAPS[number - 1], &number.to_string(), &format!("MJ::Job::PicReader::{number}"))
        })
        .collect();
    choices.push(emoji("🔄", "MJ::Picread::Retry"));
    vec![row(&choices), row(&[labelled("🎉", "Imagine all", "MJ::Job::PicReader::all")])]
}

/// Under shortened prompts (peer: trueai).
pub(crate) fn shortened(prompts: usize) -> Vec<Value> {
    let choices: Vec<_> = (1..=prompts.min(5))
        .map(|number| {
            let id = format!("MJ::Job::PromptAnalyzer::{number}");
            labelled(KEYCAPS[number - 1], &number.to_string(), &id)
        })
        .collect();
    vec![row(&choices)]
}

/// The keycap signs of 1 to 5.
pub(crate) const KEYCAPS: [&str; 5] = ["1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣"];

fn heart(job: &str) -> Value {
    emoji("❤️", &format!("MJ::BOOKMARK::{job}"))
}

fn web(job: &str) -> Value {
    json!({
        "type": 2,
        "style": 5,
        "label": "Web",
        "url": format!("https://www.midjourney.com/app/jobs/{job}/"),
    })
}

pub(crate) fn cancel(job: &str) -> Vec<Value> {
    vec![row(&[button("Cancel Job", 4, &format!("MJ::CancelJob::ByJobid::{job}"))])]
}

pub(crate) fn row(components: &[Value]) -> Value {
    json!({ "type": 1, "components": components })
}

pub(crate) fn button(label: &str, style: u8, custom_id: &str) -> Value {
    json!({ "type": 2, "style": style, "label": label, "custom_id": custom_id })
}

fn labelled(emoji: &str, label: &str, custom_id: &str) -> Value {
    json!({ "type": 2, "style": 2, "label": label, "emoji": { "name": emoji }, "custom_id": custom_id })
}

fn emoji(emoji: &str, custom_id: &str) -> Value {
    json!({ "type": 2, "style": 2, "emoji": { "name": emoji }, "custom_id": custom_id })
}

/// The components of a message with their custom id, one row after the other.
pub(crate) fn all(message: &mut Value) -> impl Iterator<Item = &mut Value> {
    let rows = message.get_mut("components").and_then(Value::as_array_mut).into_iter().flatten();
    rows.flat_map(|row| row.get_mut("components").and_then(Value::as_array_mut).into_iter().flatten())
}

/// The component of a message that has this custom id.
pub(crate) fn find<'a>(message: &'a Value, custom_id: &str) -> Option<&'a Value> {
    let rows = message["components"].as_array().into_iter().flatten();
    rows.filter_map(|row| row["components"].as_array())
        .flatten()
        .find(|component| component["custom_id"] == custom_id)
}

/// Gives a button another style.
pub(crate) fn restyle(message: &mut Value, custom_id: &str, style: u8) {
    for button in all(message).filter(|button| button["custom_id"] == custom_id) {
        button["style"] = json!(style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upscalers_are_those_of_the_version() {
        let ids = |prompt: &str| {
            upscalers(prompt, "J")
                .iter()
                .map(|one| one["custom_id"].to_string())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert!(ids("a cat --v 5.1").contains("upsample_v5_4x::1::J::SOLO"));
        assert!(ids("a cat --v 6.1").contains("upsample_v6_2x_creative::1::J::SOLO"));
        assert!(ids("a cat --v 7.0").contains("upsample_v7_2x_subtle::1::J::SOLO"));
        assert!(ids("a cat --v 8.1").contains("upsample_v7_2x_subtle"), "no family of its own is known");
        assert!(ids("a cat --niji 6").contains("upsample_v6_2x_subtle"));
        assert!(ids("a cat").contains("upsample_v5_2x::1"));
    }
}
